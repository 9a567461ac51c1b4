"""The due-diligence pack of a week: what a chain hands to a regulator, and how it is checked.

A folder, and a zip of it: the audit's coverage, the flagged and refused sales, the decisions, the
policy and models in force, and a signed manifest of all files. It leaves the company, so cashiers
have pseudonyms in it, small counts are withheld, and it holds no face.
"""

from auditor.operations.pack.checking import Verification, verify
from auditor.operations.pack.making import Order, Pack, make_pack
from auditor.operations.pack.signing import Key
from auditor.operations.pack.week import Week

__all__ = ["Key", "Order", "Pack", "Verification", "Week", "make_pack", "verify"]
