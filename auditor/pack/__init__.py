"""The due-diligence pack of a week: what a chain hands to a regulator, and how it is checked.

One folder and a zip of it: what the audit could see, the flagged and the refused sales, what people
decided, the policy and the models in force, and a signed manifest of all files. It leaves the
company, so cashiers stand in it under pseudonyms, small counts are withheld, and no face is in it.
"""

from auditor.pack.checking import Finding, verify
from auditor.pack.making import Order, Pack, make_pack
from auditor.pack.signing import Key
from auditor.pack.week import Week

__all__ = ["Finding", "Key", "Order", "Pack", "Week", "make_pack", "verify"]
