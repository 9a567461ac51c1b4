"""What a cell may hold: rules that turn text into values.

A column's rule is applied to its distinct texts only. Tills, cashiers, articles and prices repeat,
so a day costs little more than a look-up.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.iso8601 import DATE, OFFSET
from auditor.clock.local_time import Flags
from auditor.inputs.distinct import Verdicts, first_faults, flags_of, matches, only
from auditor.inputs.faults import MAX_ID_LENGTH, MAX_TEXT_LENGTH, Fault
from auditor.policy import BLANKS, STORE_ID_PATTERN, UNSEEN
from auditor.tables import (
    ID_CHECKS,
    LINE_TYPES,
    MONEY,
    QUANTITY,
    TRANSACTION_STATES,
    Column,
)

MAX_PATH_LENGTH = 1024

# Typed columns of dates are often columns of times, and a date of XML may have a zone.
_AROUND_A_DATE = rf"(?:[Tt ]00:?00(?::?00(?:[.,]0+)?)?)?(?: ?{OFFSET})?"
_CONTROL = r"[\p{Cc}\p{Zl}\p{Zp}]"
_ADDRESS = r"://|\A[A-Za-z][A-Za-z0-9+.-]*:/|\A[A-Za-z]:"
# What programs make of an identifier that they take for a number. All of them write a point or a
# plus sign with an exponent, so 1E5 is the name of a till. A fraction is never left as it is: 12.10
# and 12.1 would be one number.
_REWRITTEN = (
    r"\A[+-]?(?:\d+[.,]\d*[eE][+-]?\d+|\d+[eE]\+\d+|\d+\.\d+|\d+,0+)\z"
    r"|\A['=]|\A(?:nan|NaN|inf)\z"
    # A formula's error, in whatever language, and a number that was wider than its column.
    r"|\A#(?:N/[A-Z]|NV|\p{Po}?\p{Lu}[\p{Lu}_]+(?:/0)?[!?])\z|\A#{2,}\z"
)
_FOREIGN_DIGIT = r"[^\P{Nd}0-9]"  # a digit of Unicode that is none of ASCII
_HIDDEN = f"[{BLANKS}{UNSEEN}]"
_PATH_OUT = rf"\A[/~]|\A[./]*\z|\\|{_ADDRESS}|(?:\A|/)\.\.(?:/|\z)|{_CONTROL}"


class Cells(NamedTuple):
    """A column's values, null where the cell is empty or at fault, and each cell's verdict."""

    values: pa.Array
    verdicts: Verdicts


def read_cells(  # noqa: PLR0913  # what a cell's meaning depends on
    column: Column,
    text: pa.Array,
    *,
    day: date,
    damaged: bool,
    dates: Flags | None = None,
    decimals: int = 2,
) -> Cells:
    """Apply a column's rule to its cells; for times there is another: inputs/times.py.

    Args:
        column: which column, and whether a cell may be empty.
        text: the cells, without nulls.
        day: the business day, before which everyone was born.
        damaged: whether U+FFFD stands for bytes that were not UTF-8.
        dates: which cells a spreadsheet holds as dates or times: no identifier is one.
        decimals: how many the currency has, to which amounts are rounded, half to even.
    """
    encoded = text.dictionary_encode()
    unique = pc.utf8_trim_whitespace(encoded.dictionary)
    rule = _amount(decimals) if column.type == MONEY else _RULES[column.name]
    values, verdicts = rule(unique, day)
    verdicts = first_faults(unique, verdicts, damaged=damaged)
    if column.name != "id_check":  # where an empty cell is a state
        empty = flags_of(pc.equal(unique, ""))
        verdicts = np.where(empty, Fault.NONE if column.nullable else Fault.EMPTY, verdicts)
        values = pc.if_else(pa.array(empty), None, values)
    values = pc.if_else(pa.array(verdicts == Fault.NONE), values, None)
    codes = encoded.indices.to_numpy()
    values, verdicts = values.take(encoded.indices), verdicts.astype(np.int8)[codes]
    if dates is not None and rule in _OF_IDS:
        values = pc.if_else(pa.array(dates), None, values)
        verdicts[dates] = Fault.DATE_IN_ID
    return Cells(values, verdicts)


def _text(most: int, forbidden: str, fault: Fault) -> "_Rule":
    """The rule of texts of at most so many characters, in which a pattern does not occur."""

    def rule(unique: pa.Array, _: date) -> tuple[pa.Array, Verdicts]:
        bad = flags_of(pc.greater(pc.utf8_length(unique), most)) | matches(unique, forbidden)
        return unique, np.where(bad, fault, Fault.NONE)

    return rule


def _identifier(unique: pa.Array, _: date) -> tuple[pa.Array, Verdicts]:
    too_long = flags_of(pc.greater(pc.utf8_length(unique), MAX_ID_LENGTH))
    bad = too_long | matches(unique, _CONTROL)
    return unique, _id_faults(unique, np.where(bad, Fault.BAD_ID, Fault.NONE))


def _store_id(unique: pa.Array, _: date) -> tuple[pa.Array, Verdicts]:
    good = matches(unique, rf"\A(?:{STORE_ID_PATTERN})\z")
    return unique, _id_faults(unique, np.where(good, Fault.NONE, Fault.BAD_STORE))


def _id_faults(unique: pa.Array, verdicts: Verdicts) -> Verdicts:
    verdicts = np.where(matches(unique, _FOREIGN_DIGIT), Fault.FOREIGN_DIGITS, verdicts)
    verdicts = np.where(matches(unique, _HIDDEN), Fault.HIDDEN_IN_ID, verdicts)
    return np.where(matches(unique, _REWRITTEN), Fault.REWRITTEN_ID, verdicts)


def _amount(decimals: int) -> "_Rule":
    """The rule of money in a currency with so many decimals."""

    def rule(unique: pa.Array, _: date) -> tuple[pa.Array, Verdicts]:
        # A hundred lines of ten digits before the point add up to what MONEY holds.
        return _numbers(unique, MONEY, (10, decimals), Fault.BAD_AMOUNT)

    return rule


def _quantity(unique: pa.Array, _: date) -> tuple[pa.Array, Verdicts]:
    return _numbers(unique, QUANTITY, (8, QUANTITY.scale), Fault.BAD_QUANTITY)


def _numbers(
    unique: pa.Array, kind: pa.Decimal128Type, most: tuple[int, int], fault: Fault
) -> tuple[pa.Array, Verdicts]:
    """Numbers of at most so many digits before the point, rounded to so many after it."""
    digits, decimals = most
    # What a float made of 0 may have an exponent.
    pattern = rf"\A[+-]?(?:\d{{1,{digits}}}(?:\.\d*)?|\.\d+|\d(?:\.\d+)?[eE]-\d+)\z"
    good = matches(unique, pattern)
    verdicts = np.where(good, Fault.NONE, fault)
    fits = good & matches(unique, rf"\A[+-]?\d*(?:\.\d{{0,{decimals}}})?\z")
    if fits.all():
        return unique.cast(kind), verdicts
    rounded = [_rounded(text, decimals) for text in only(unique, good & ~fits).to_pylist()]
    texts = pc.if_else(pa.array(good & ~fits), pa.array(rounded, pa.string()), only(unique, fits))
    return texts.cast(kind), verdicts


def _rounded(text: str | None, decimals: int) -> str | None:
    """A number with so many decimals, half to even: the smallest unit of a price or a weight."""
    return None if text is None else f"{round(Decimal(text), decimals):f}"


def _id_check(unique: pa.Array, _: date) -> tuple[pa.Array, Verdicts]:
    states = pc.utf8_lower(unique)
    states = pc.if_else(pc.equal(states, ""), "not_recorded", states)
    known = flags_of(pc.is_in(states, pa.array(ID_CHECKS)))
    return states, np.where(known, Fault.NONE, Fault.UNKNOWN_ID_CHECK)


def _one_of(known: tuple[str, ...], fault: Fault) -> "_Rule":
    def rule(unique: pa.Array, _: date) -> tuple[pa.Array, Verdicts]:
        values = pc.utf8_lower(unique)
        good = flags_of(pc.is_in(values, pa.array(known)))
        return values, np.where(good, Fault.NONE, fault)

    return rule


def _date(unique: pa.Array, _: date) -> tuple[pa.Array, Verdicts]:
    unique = pc.replace_substring_regex(unique, r"\A(\d{4})(\d\d)(\d\d)", r"\1-\2-\3")
    good = matches(unique, rf"\A{DATE}{_AROUND_A_DATE}\z")
    return only(pc.utf8_slice_codeunits(unique, 0, 10), good).cast(pa.date32()), np.where(
        good, Fault.NONE, Fault.BAD_DATE
    )


def _age(unique: pa.Array, _: date) -> tuple[pa.Array, Verdicts]:
    good = matches(unique, r"\A\d{1,2}\z")
    years = only(unique, good).cast(pa.int16())
    # Tills write 0 for an article that asks for none.
    asked = pc.if_else(pc.equal(years, 0), None, years)
    return asked, np.where(good, Fault.NONE, Fault.BAD_AGE)


def _birth_date(unique: pa.Array, day: date) -> tuple[pa.Array, Verdicts]:
    values, _ = _date(unique, day)
    born_before = flags_of(pc.less(values, pa.scalar(day)).fill_null(fill_value=False))
    return values, np.where(born_before, Fault.NONE, Fault.BAD_BIRTH_DATE)


def _category(unique: pa.Array, day: date) -> tuple[pa.Array, Verdicts]:
    """As a text; hidden characters, which no reader of the policy sees, make no other category."""
    unique = pc.replace_substring_regex(unique, f"[{BLANKS}]", " ")
    unique = pc.utf8_trim_whitespace(pc.replace_substring_regex(unique, f"[{UNSEEN}]", ""))
    values, verdicts = _free_text(unique, day)
    return pc.if_else(pc.equal(values, ""), None, values), verdicts


_Rule = Callable[[pa.Array, date], tuple[pa.Array, Verdicts]]

_OF_IDS: tuple[_Rule, ...] = (_identifier, _store_id)
_free_text = _text(MAX_TEXT_LENGTH, _CONTROL, Fault.BAD_TEXT)

_RULES: dict[str, _Rule] = {
    "transaction_id": _identifier,
    "snapshot_id": _identifier,
    "store_id": _store_id,
    "till_id": _identifier,
    "cashier_id": _identifier,
    "sku": _identifier,
    "description": _free_text,
    "category": _category,
    "id_check_by": _free_text,
    "quantity": _quantity,
    "id_check": _id_check,
    "birth_date": _birth_date,
    "line_type": _one_of(LINE_TYPES, Fault.UNKNOWN_LINE_TYPE),
    "transaction_state": _one_of(TRANSACTION_STATES, Fault.UNKNOWN_STATE),
    "business_date": _date,
    "resumes": _identifier,
    "resumes_till": _identifier,
    "resumes_date": _date,
    "required_age": _age,
    "path": _text(MAX_PATH_LENGTH, _PATH_OUT, Fault.PATH_OUTSIDE),
}
