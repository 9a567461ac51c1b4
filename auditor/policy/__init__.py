"""What the chain has decided: the policy file, and the rules in force on a day."""

from auditor.policy.file import load_policy
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
    "STORE_ID_PATTERN",
    "Baskets",
    "ChainRules",
    "InsightRules",
    "Policy",
    "Rules",
    "Runtime",
    "StoreListing",
    "load_policy",
]
