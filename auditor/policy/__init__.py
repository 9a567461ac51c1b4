"""What the chain has decided: the policy file, and the rules in force on a day."""

from auditor.policy.currencies import decimals_of
from auditor.policy.file import load_policy
from auditor.policy.names import BLANKS, UNSEEN
from auditor.policy.policy import Policy
from auditor.policy.rules import (
    STORE_ID_PATTERN,
    Baskets,
    ChainRules,
    InsightRules,
    Rules,
    Runtime,
    StoreListing,
)

__all__ = [
    "BLANKS",
    "STORE_ID_PATTERN",
    "UNSEEN",
    "Baskets",
    "ChainRules",
    "InsightRules",
    "Policy",
    "Rules",
    "Runtime",
    "StoreListing",
    "decimals_of",
    "load_policy",
]
