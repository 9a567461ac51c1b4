"""What a cell may hold: rules that turn text into values, and the messages about bad cells.

A column's rule is applied to its distinct texts only. Tills, cashiers, articles and prices repeat,
so a day costs little more than a look-up.
"""

from collections.abc import Callable
from datetime import date
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.policy import STORE_ID_PATTERN
from auditor.tables import (
    ID_CHECKS,
    LINE_TYPES,
    MONEY,
    QUANTITY,
    TRANSACTION_STATES,
    Column,
)

MAX_ID_LENGTH = 128
MAX_TEXT_LENGTH = 500
MAX_PATH_LENGTH = 1024
SHOWN_LENGTH = 80

_REPLACEMENT = "\ufffd"  # stands for bytes that are not UTF-8

Verdicts = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]


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


#: For each fault: the reason code, and the problem with its remedy.
REASONS = {
    Fault.EMPTY: ("empty_cell", "is empty; every row needs one"),
    Fault.NOT_UTF8: ("not_utf8", "is not UTF-8; export the file in that encoding"),
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
            "is no plain number with up to 8 digits and 3 decimals, such as 1 or 0.750: "
            "no thousands commas, exponents, NaN or infinity"
        ),
    ),
    Fault.BAD_AMOUNT: (
        "bad_number",
        (
            "is no plain number with up to 8 digits and 2 decimals, such as 12.90: "
            "no thousands commas, exponents, NaN or infinity"
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

# Exactly the dates from 1900 to 2100: text that matches always converts.
_LEAP_YEAR = r"(?:19(?:0[48]|[2468][048]|[13579][26])|20(?:[02468][048]|[13579][26]))"
_DATE = (
    r"(?:(?:(?:19|20)\d\d|2100)-"
    r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)"
    rf"|02-(?:0[1-9]|1\d|2[0-8]))|{_LEAP_YEAR}-02-29)"
)
_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?"
_OFFSET = r"(?:Z|[+-](?:0\d|1[0-5])(?::?[0-5]\d)?)"
_TIME = rf"\A{_DATE}[T ]{_CLOCK}{_OFFSET}?\z"
_FIRST_TIME = "1970"
_CONTROL = r"[\p{Cc}\p{Zl}\p{Zp}]"
_ADDRESS = r"://|\A[A-Za-z][A-Za-z0-9+.-]*:/|\A[A-Za-z]:"
_PATH_OUT = rf"\A[/~]|\A[./]*\z|\\|{_ADDRESS}|(?:\A|/)\.\.(?:/|\z)|{_CONTROL}"


class Cells(NamedTuple):
    """A column's values, null where the cell is empty or at fault, and each cell's verdict."""

    values: pa.Array
    verdicts: Verdicts


class TimeCells(NamedTuple):
    """A column of times, in microseconds since 1970.

    They are UTC or, where ``local`` is set, the store's wall clock. Where ``given`` is not set the
    cell is empty. The time of an empty cell or a cell at fault is 0.
    """

    microseconds: npt.NDArray[np.int64]
    local: Flags
    given: Flags
    verdicts: Verdicts


def read_cells(column: Column, text: pa.Array, *, day: date, damaged: bool) -> Cells:
    """Apply a column's rule to its cells; for times there is :func:`read_times`.

    Args:
        column: which column, and whether a cell may be empty.
        text: the cells, without nulls.
        day: the business day, before which everyone was born.
        damaged: whether U+FFFD stands for bytes that were not UTF-8.
    """
    encoded = text.dictionary_encode()
    unique = pc.utf8_trim_whitespace(encoded.dictionary)
    values, verdicts = _RULES[column.name](unique, day)
    verdicts = _first_faults(unique, verdicts, damaged=damaged)
    if column.name != "id_check":  # where an empty cell is a state
        empty = _flags(pc.equal(unique, ""))
        verdicts = np.where(empty, Fault.NONE if column.nullable else Fault.EMPTY, verdicts)
        values = pc.if_else(pa.array(empty), None, values)
    values = pc.if_else(pa.array(verdicts == Fault.NONE), values, None)
    codes = encoded.indices.to_numpy()
    return Cells(values.take(encoded.indices), verdicts.astype(np.int8)[codes])


def read_times(column: Column, text: pa.Array, *, damaged: bool) -> TimeCells:
    """Read a column of times; arguments as of :func:`read_cells`."""
    encoded = text.dictionary_encode()
    unique = pc.utf8_trim_whitespace(encoded.dictionary)
    good = _matches(unique, _TIME) & _flags(pc.greater_equal(unique, _FIRST_TIME))
    verdicts = np.where(good, Fault.NONE, Fault.BAD_TIME)
    verdicts = _first_faults(unique, verdicts, damaged=damaged)
    empty = _flags(pc.equal(unique, ""))
    verdicts = np.where(empty, Fault.NONE if column.nullable else Fault.EMPTY, verdicts)
    has_offset = good & _matches(unique, _OFFSET + r"\z")
    short = pc.replace_substring_regex(unique, r"(\.\d{6})\d+", r"\1")
    with_offset = _only(short, has_offset).cast(pa.timestamp("us", "UTC"))
    without = _only(short, good & ~has_offset).cast(pa.timestamp("us"))
    both = pc.coalesce(with_offset.cast(pa.int64()), without.cast(pa.int64()))
    codes = encoded.indices.to_numpy()
    return TimeCells(
        both.fill_null(0).to_numpy(zero_copy_only=False)[codes],
        (good & ~has_offset)[codes],
        ~empty[codes],
        verdicts.astype(np.int8)[codes],
    )


def shown(text: str) -> str:
    """A cell's text for a message: shortened, with control characters escaped."""
    escaped = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[: SHOWN_LENGTH + 1])
    return escaped if len(escaped) <= SHOWN_LENGTH else escaped[: SHOWN_LENGTH - 1] + "…"


def _text(most: int, forbidden: str, fault: Fault) -> "_Rule":
    """The rule of texts of at most so many characters, in which a pattern does not occur."""

    def rule(unique: pa.Array, _: date) -> tuple[pa.Array, Verdicts]:
        bad = _flags(pc.greater(pc.utf8_length(unique), most)) | _matches(unique, forbidden)
        return unique, np.where(bad, fault, Fault.NONE)

    return rule


def _store_id(unique: pa.Array, _: date) -> tuple[pa.Array, Verdicts]:
    good = _matches(unique, rf"\A(?:{STORE_ID_PATTERN})\z")
    return unique, np.where(good, Fault.NONE, Fault.BAD_STORE)


def _decimal(kind: pa.Decimal128Type, fault: Fault) -> "_Rule":
    # Eight digits: a sum of lines then fits the column of sums, short of a hundred such lines.
    pattern = rf"\A[+-]?(?:\d{{1,8}}(?:\.\d{{1,{kind.scale}}}0*)?|\.\d{{1,{kind.scale}}}0*)\z"

    def rule(unique: pa.Array, _: date) -> tuple[pa.Array, Verdicts]:
        good = _matches(unique, pattern)
        short = pc.replace_substring_regex(unique, rf"(\.\d{{{kind.scale}}})0+\z", r"\1")
        return _only(short, good).cast(kind), np.where(good, Fault.NONE, fault)

    return rule


def _id_check(unique: pa.Array, _: date) -> tuple[pa.Array, Verdicts]:
    states = pc.utf8_lower(unique)
    states = pc.if_else(pc.equal(states, ""), "not_recorded", states)
    known = _flags(pc.is_in(states, pa.array(ID_CHECKS)))
    return states, np.where(known, Fault.NONE, Fault.UNKNOWN_ID_CHECK)


def _one_of(known: tuple[str, ...], fault: Fault) -> "_Rule":
    def rule(unique: pa.Array, _: date) -> tuple[pa.Array, Verdicts]:
        values = pc.utf8_lower(unique)
        good = _flags(pc.is_in(values, pa.array(known)))
        return values, np.where(good, Fault.NONE, fault)

    return rule


def _date(unique: pa.Array, _: date) -> tuple[pa.Array, Verdicts]:
    good = _matches(unique, rf"\A{_DATE}\z")
    return _only(unique, good).cast(pa.date32()), np.where(good, Fault.NONE, Fault.BAD_DATE)


def _age(unique: pa.Array, _: date) -> tuple[pa.Array, Verdicts]:
    good = _matches(unique, r"\A[1-9]\d?\z")
    return _only(unique, good).cast(pa.int16()), np.where(good, Fault.NONE, Fault.BAD_AGE)


def _birth_date(unique: pa.Array, day: date) -> tuple[pa.Array, Verdicts]:
    good = _matches(unique, rf"\A{_DATE}\z") & _flags(pc.less(unique, day.isoformat()))
    return _only(unique, good).cast(pa.date32()), np.where(good, Fault.NONE, Fault.BAD_BIRTH_DATE)


_Rule = Callable[[pa.Array, date], tuple[pa.Array, Verdicts]]

_identifier = _text(MAX_ID_LENGTH, _CONTROL, Fault.BAD_ID)
_free_text = _text(MAX_TEXT_LENGTH, _CONTROL, Fault.BAD_TEXT)

_RULES: dict[str, _Rule] = {
    "transaction_id": _identifier,
    "snapshot_id": _identifier,
    "store_id": _store_id,
    "till_id": _identifier,
    "cashier_id": _identifier,
    "sku": _identifier,
    "description": _free_text,
    "category": _free_text,
    "id_check_by": _free_text,
    "quantity": _decimal(QUANTITY, Fault.BAD_QUANTITY),
    "amount": _decimal(MONEY, Fault.BAD_AMOUNT),
    "id_check": _id_check,
    "birth_date": _birth_date,
    "line_type": _one_of(LINE_TYPES, Fault.UNKNOWN_LINE_TYPE),
    "transaction_state": _one_of(TRANSACTION_STATES, Fault.UNKNOWN_STATE),
    "business_date": _date,
    "resumes": _identifier,
    "required_age": _age,
    "path": _text(MAX_PATH_LENGTH, _PATH_OUT, Fault.PATH_OUTSIDE),
}


def _first_faults(unique: pa.Array, verdicts: npt.NDArray[Any], *, damaged: bool) -> Any:
    if not damaged:
        return verdicts
    return np.where(_flags(pc.match_substring(unique, _REPLACEMENT)), Fault.NOT_UTF8, verdicts)


def _matches(text: pa.Array, pattern: str) -> Flags:
    return _flags(pc.match_substring_regex(text, pattern))


def _flags(flags: pa.Array) -> Flags:
    array: Flags = flags.to_numpy(zero_copy_only=False)
    return array


def _only(text: pa.Array, keep: Flags) -> pa.Array:
    return pc.if_else(pa.array(keep), text, None)
