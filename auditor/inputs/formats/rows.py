"""Python values as the text that a CSV file would hold, for readers that do not use Arrow."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import pyarrow as pa

from auditor.clock.local_time import Flags

_WHOLE_BELOW = 2.0**53  # from here on, a float may stand for several whole numbers


class Number(str):
    """A number as the text that it is written as in its file."""

    __slots__ = ()


#: The types of numbers that a reader may give.
_NUMBERS = frozenset((Number, int, float, Decimal))
_DATES = frozenset((dt.datetime, dt.date, dt.time, dt.timedelta))


class Cells(NamedTuple):
    """Columns of text, and which cells of those that hold numbers are numbers."""

    table: pa.Table
    numeric: Mapping[str, Flags]


class NotPlainError(Exception):
    """A value that no cell of a CSV file could hold, such as a list."""


def plain(value: Any) -> str:
    """A value as the text that a CSV file would hold.

    Raises:
        NotPlainError: it is no plain value.
    """
    as_text = _AS_TEXT.get(type(value))
    if as_text is None:
        raise NotPlainError
    return as_text(value)


def texts(values: Sequence[Any]) -> pa.Array:
    """Values as text; in place of a lone surrogate, which no file can hold, stands U+FFFD.

    Raises:
        NotPlainError: one of them is no plain value.
    """
    if not set(map(type, values)) <= {str, Number}:
        values = [plain(value) for value in values]
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        return pa.array([_without_surrogates(text) for text in values], pa.string())


def cells_of(columns: Mapping[str, Sequence[Any]]) -> Cells:
    """Columns of values, by name; raises what :func:`texts` does.

    Names may share a list, as the thousands do that only later rows have: it is looked at once.
    """
    lists = {id(values): values for values in columns.values()}
    arrays = {at: texts(values) for at, values in lists.items()}
    numbers = {at: flags for at, values in lists.items() if (flags := numbers_in(values)).any()}
    return Cells(
        pa.table({name: arrays[id(values)] for name, values in columns.items()}),
        {name: numbers[at] for name, values in columns.items() if (at := id(values)) in numbers},
    )


def numbers_in(values: Sequence[Any]) -> Flags:
    """Which values were numbers in their file: a column may hold texts beside them."""
    return np.fromiter(map(_NUMBERS.__contains__, map(type, values)), np.bool_, len(values))


def dates_in(values: Sequence[Any]) -> Flags:
    """Which values were dates or times in their file."""
    return np.fromiter(map(_DATES.__contains__, map(type, values)), np.bool_, len(values))


def _without_surrogates(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _float(value: float) -> str:
    whole = value.is_integer() and abs(value) < _WHOLE_BELOW
    return str(int(value)) if whole else repr(value)


def _duration(value: dt.timedelta) -> str:
    minutes, seconds = divmod(round(value.total_seconds()), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


_AS_TEXT: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "",
    str: str,
    Number: str,
    bool: lambda value: str(value).lower(),
    int: str,
    float: _float,
    Decimal: lambda value: format(value, "f"),
    dt.datetime: dt.datetime.isoformat,
    dt.date: dt.date.isoformat,
    dt.time: dt.time.isoformat,
    dt.timedelta: _duration,
    bytes: lambda value: value.decode(errors="replace"),
    memoryview: lambda value: bytes(value).decode(errors="replace"),
    UUID: str,
}
