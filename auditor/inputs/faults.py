"""What may be wrong with a cell, and how it is said."""

from enum import IntEnum, unique
from typing import Self

from auditor.tables import ID_CHECKS, LINE_TYPES, TRANSACTION_STATES

MAX_ID_LENGTH = 128
MAX_TEXT_LENGTH = 500


@unique
class Fault(IntEnum):
    """Why a cell, and its row unless it can do without, is rejected; 0 is no fault.

    Each has its reason code, and the problem with its remedy.
    """

    reason: str
    problem: str

    def __new__(cls, value: int, reason: str = "", *problem: str) -> Self:
        """Take a number, and with it what is said of it."""
        fault = int.__new__(cls, value)
        fault._value_ = value
        fault.reason, fault.problem = reason, "".join(problem)
        return fault

    NONE = 0
    EMPTY = (1, "empty_cell", "is empty; every row needs one")
    NOT_UTF8 = (
        *(2, "not_utf8"),
        "holds bytes that are not of the file's encoding, UTF-8 unless a mapping names another",
    )
    BAD_ID = (
        *(3, "bad_id"),
        f"is longer than {MAX_ID_LENGTH} characters or holds control characters; ",
        "a shifted column or a broken quotation is likely",
    )
    BAD_STORE = (
        *(4, "bad_id"),
        "is no store id: up to 64 letters, digits, '.', '_' and '-', not starting with a mark",
    )
    BAD_TEXT = (
        *(5, "bad_text"),
        f"is longer than {MAX_TEXT_LENGTH} characters or holds control characters; ",
        "shorten it to one line, or leave it empty",
    )
    BAD_TIME = (
        *(6, "bad_time"),
        "is no ISO 8601 date and time between 1970 and 2100, such as 2026-03-01T18:05:00+01:00; ",
        "a mapping can name another format",
    )
    BAD_QUANTITY = (
        *(7, "bad_number"),
        "is no plain number with up to 8 digits before the point, such as 1 or 0.750: no ",
        "thousands commas, units, exponents, NaN or infinity; a mapping can name other signs",
    )
    BAD_AMOUNT = (
        *(8, "bad_number"),
        "is no plain number with up to 10 digits before the point, such as 12.90: no thousands ",
        "commas, currencies, exponents, NaN or infinity; a mapping can name other signs",
    )
    UNKNOWN_ID_CHECK = (
        *(9, "unknown_id_check"),
        f"is no known state; known are {', '.join(ID_CHECKS)}",
    )
    BAD_BIRTH_DATE = (
        *(10, "bad_birth_date"),
        "is no ISO date, such as 1990-12-31, from 1900 on and before the sale",
    )
    PATH_OUTSIDE = (
        *(11, "path_outside_snapshots"),
        "is no relative path below the snapshots' address; write it with '/', without '..', ",
        "a leading '/' or '~', backslashes or an address",
    )
    OTHER_DAY = (
        *(12, "other_day"),
        "lies more than a day away from the date in the file's name; ",
        "export the row with its own day, or take the date out of the file's name",
    )
    DUPLICATE = (
        *(13, "duplicate_snapshot"),
        "stands in the index before; the first is kept, give every frame its own number",
    )
    UNKNOWN_LINE_TYPE = (
        *(14, "unknown_line_type"),
        f"is no known type of line; known are {', '.join(LINE_TYPES)}",
    )
    UNKNOWN_STATE = (
        *(15, "unknown_state"),
        f"is no known state of a transaction; known are {', '.join(TRANSACTION_STATES)}",
    )
    BAD_DATE = (16, "bad_date", "is no ISO date, such as 2026-03-27")
    BAD_AGE = (17, "bad_number", "is no age in whole years from 1 to 99, nor 0 for none")
    REWRITTEN_ID = (
        *(18, "rewritten_id"),
        "is an identifier that was turned into a number, a formula or its error: the file was ",
        "probably opened and saved in a spreadsheet, or made from a table of numbers, and the ",
        "true identifier may be lost; export it anew, with this column as text",
    )
    DATE_IN_ID = (
        *(20, "rewritten_id"),
        "is a date or time in the workbook: a spreadsheet took an identifier for one, and the ",
        "true identifier may be lost; export it anew, with this column as text",
    )
    HIDDEN_IN_ID = (
        *(19, "hidden_in_id"),
        "holds invisible characters (a zero-width or no-break space, or a byte-order mark), ",
        "so it would equal no other identifier; remove them where they are entered",
    )
    FOREIGN_DIGITS = (
        *(21, "foreign_digits"),
        "holds digits other than 0 to 9, such as full-width ones, so it would equal no other ",
        "identifier; export it with plain digits",
    )
