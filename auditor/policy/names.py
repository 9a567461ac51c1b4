"""Names without characters that nobody sees, as a policy and an export may both have them."""

import re

#: What is seen as a blank, and what is not seen at all, inside of a class of a regular expression.
BLANKS = "\u00a0\u2007\u202f"
UNSEEN = "\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff"


def plain_name(name: str) -> str:
    """The name as it is seen: no-break spaces are blanks, and what is not seen is left out."""
    return re.sub(f"[{UNSEEN}]", "", re.sub(f"[{BLANKS}]", " ", name)).strip()
