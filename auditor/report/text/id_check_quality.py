"""The title of each rule of ID-check quality, and what it looks for, with the innocent causes."""

from collections.abc import Mapping
from typing import NamedTuple


class Words(NamedTuple):
    """A rule's title, and what it looks for in a sentence or two."""

    title: str
    meaning: str


#: By rule, in the order of tables.QUALITY_RULES.
QUALITY_RULE_TEXTS: Mapping[str, Words] = {
    "sentinel_birth_date": Words(
        "Made-up birth dates",
        "The birth date on record is one that is often keyed in place of reading a document, such "
        "as 1 January 1970 or 7 July 1977, or the very date from which on a sale is legal. A few "
        "people were born on these days, and 1 January stands on the documents of many whose "
        "birthday is not known.",
    ),
    "round_birth_date": Words(
        "Round birth dates",
        "The birth date on record is the first of a month, or its day and its month are the same "
        "number. Some 23 days of a year are like that.",
    ),
    "round_birth_year": Words(
        "Round years of birth",
        "The year of birth on record ends in 0 or 5, of customers from 23 to 62. A fifth of all "
        "years do.",
    ),
    "one_birth_date": Words(
        "One birth date for several customers",
        "The same person recorded the same birth date for another sale within the hour before. One "
        "customer who pays twice looks the same.",
    ),
    "birth_date_against_face": Words(
        "Birth dates that contradict the face",
        "The age on record lies outside the 95 % interval of the estimate, of the only face in "
        "the frame. Estimates can be wrong, and a customer may show the document of somebody else.",
    ),
    "fast_check": Words(
        "Checks faster than a hand",
        "The check was put on record sooner after the first alcoholic article than the policy says "
        "a hand needs. A document that was held out while scanning may look the same.",
    ),
    "judged_by_eye": Words(
        "Judged by eye, of very young faces",
        "The till recorded that the cashier judged by looks, and by the model the buyer was under "
        "the legal age with a probability of one in four or more. They may have been older, or "
        "known to the cashier.",
    ),
    "check_out_of_time": Words(
        "Checks at another time",
        "The till recorded an ID check hours or days away from the sale. Such a check does not "
        "count, and every sale of the day with one is listed. A clock that is wrong, or a sale "
        "that was set aside and paid later, looks the same.",
    ),
}
