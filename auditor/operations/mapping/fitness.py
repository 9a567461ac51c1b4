"""Which of a till's words a draft may write out: none that may concern a person."""

import re

LONGEST = 60  # characters of a value that is written out
_DIGITS = re.compile(r"\d{9,}")  # may be the number of a card or an account
_SOME_DIGITS, _LONGEST_CODE = 4, 5


def is_unfit(text: str) -> bool:
    """Whether a text may concern a person, whatever column it stands in."""
    return len(text) > LONGEST or _DIGITS.search(text) is not None or "@" in text


def may_tell_of_person(text: str) -> bool:
    """Whether a word may name somebody or a date: with four digits or more it may, unless a code.

    Codes of five digits at most are no dates.
    """
    is_code = text.isdigit() and len(text) <= _LONGEST_CODE
    return is_unfit(text) or (sum(map(str.isdigit, text)) >= _SOME_DIGITS and not is_code)
