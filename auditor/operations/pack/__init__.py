"""The due-diligence pack of a week: what a chain hands to a regulator, and how it is checked.

One folder and a zip of it: what the audit could see, the flagged and the refused sales, what people
decided, the policy and the models in force, and a signed manifest of all files. It leaves the
company, so cashiers stand in it under pseudonyms, small counts are withheld, and no face is in it.
"""

from auditor.operations.pack.checking import Verification, verify
from auditor.operations.pack.making import Order, Pack, make_pack
from auditor.operations.pack.signing import Key
from auditor.operations.pack.week import Week

__all__ = ["Key", "Order", "Pack", "Verification", "Week", "make_pack", "verify"]
