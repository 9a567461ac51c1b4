"""What may be wrong with a cell, and how it is said."""

from enum import IntEnum

from auditor.tables import ID_CHECKS, LINE_TYPES, TRANSACTION_STATES

MAX_ID_LENGTH = 128
MAX_TEXT_LENGTH = 500


class Fault(IntEnum):
    """Why a cell, and its row unless it can do without, is rejected; 0 is no fault."""

    NONE = 0
    EMPTY = 1
    NOT_UTF8 = 2
    BAD_ID = 3
    BAD_STORE = 4
    BAD_TEXT = 5
    BAD_TIME = 6
    BAD_QUANTITY = 7
    BAD_AMOUNT = 8
    UNKNOWN_ID_CHECK = 9
    BAD_BIRTH_DATE = 10
    PATH_OUTSIDE = 11
    OTHER_DAY = 12
    DUPLICATE = 13
    UNKNOWN_LINE_TYPE = 14
    UNKNOWN_STATE = 15
    BAD_DATE = 16
    BAD_AGE = 17
    REWRITTEN_ID = 18
    HIDDEN_IN_ID = 19


#: For each fault: the reason code, and the problem with its remedy.
REASONS = {
    Fault.EMPTY: ("empty_cell", "is empty; every row needs one"),
    Fault.NOT_UTF8: (
        "not_utf8",
        "holds bytes that are not of the file's encoding, UTF-8 unless a mapping names another",
    ),
    Fault.REWRITTEN_ID: (
        "rewritten_id",
        (
            "is an identifier that was turned into a number or formula: the file was probably "
            "opened and saved in a spreadsheet, or made from a table of numbers, and the true "
            "identifier may be lost; export it anew, with this column as text"
        ),
    ),
    Fault.HIDDEN_IN_ID: (
        "hidden_in_id",
        (
            "holds invisible characters (a zero-width or no-break space, or a byte-order mark), "
            "so it would equal no other identifier; remove them where they are entered"
        ),
    ),
    Fault.BAD_ID: (
        "bad_id",
        (
            f"is longer than {MAX_ID_LENGTH} characters or holds control characters; "
            "a shifted column or a broken quotation is likely"
        ),
    ),
    Fault.BAD_STORE: (
        "bad_id",
        "is no store id: up to 64 letters, digits, '.', '_' and '-', not starting with a mark",
    ),
    Fault.BAD_TEXT: (
        "bad_text",
        (
            f"is longer than {MAX_TEXT_LENGTH} characters or holds control characters; "
            "shorten it to one line, or leave it empty"
        ),
    ),
    Fault.BAD_TIME: (
        "bad_time",
        "is no ISO 8601 date and time between 1970 and 2100, such as 2026-03-01T18:05:00+01:00",
    ),
    Fault.BAD_QUANTITY: (
        "bad_number",
        (
            "is no plain number with up to 8 digits before the point, such as 1 or 0.750: no "
            "thousands commas, units, exponents, NaN or infinity; a mapping can name other signs"
        ),
    ),
    Fault.BAD_AMOUNT: (
        "bad_number",
        (
            "is no plain number with up to 8 digits before the point, such as 12.90: no thousands "
            "commas, currencies, exponents, NaN or infinity; a mapping can name other signs"
        ),
    ),
    Fault.UNKNOWN_ID_CHECK: (
        "unknown_id_check",
        f"is no known state; known are {', '.join(ID_CHECKS)}",
    ),
    Fault.UNKNOWN_LINE_TYPE: (
        "unknown_line_type",
        f"is no known type of line; known are {', '.join(LINE_TYPES)}",
    ),
    Fault.UNKNOWN_STATE: (
        "unknown_state",
        f"is no known state of a transaction; known are {', '.join(TRANSACTION_STATES)}",
    ),
    Fault.BAD_DATE: ("bad_date", "is no ISO date, such as 2026-03-27"),
    Fault.BAD_AGE: ("bad_number", "is no age in whole years from 1 to 99"),
    Fault.BAD_BIRTH_DATE: (
        "bad_birth_date",
        "is no ISO date, such as 1990-12-31, from 1900 on and before the sale",
    ),
    Fault.PATH_OUTSIDE: (
        "path_outside_snapshots",
        (
            "is no relative path below the snapshots' address; write it with '/', without '..', "
            "a leading '/' or '~', backslashes or an address"
        ),
    ),
    Fault.OTHER_DAY: (
        "other_day",
        (
            "lies more than a day away from the date in the file's name; "
            "export the row with its own day, or take the date out of the file's name"
        ),
    ),
    Fault.DUPLICATE: (
        "duplicate_snapshot",
        "stands in the index before; the first is kept, give every frame its own number",
    ),
}
