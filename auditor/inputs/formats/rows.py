"""Rows of Python values as records: what the readers share that do not read with Arrow."""

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from auditor.inputs.formats.base import Malformed, Records

_WHOLE_BELOW = 2.0**53  # from here on, a float may stand for several whole numbers


class NotPlainError(Exception):
    """A value that no cell of a CSV file could hold, such as a list."""


def plain(value: Any) -> str:
    """A value as the text that a CSV file would hold.

    Raises:
        NotPlainError: it is no plain value.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < _WHOLE_BELOW
        return str(int(value)) if whole else repr(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, int):
        return str(value)
    raise NotPlainError


def records(
    names: Sequence[str],
    columns: Iterable[Sequence[str]],
    numbers: Sequence[int],
    *,
    malformed: Sequence[Malformed] = (),
    damaged: bool = False,
    unread: Sequence[str] = (),
) -> Records:
    """Records of columns of text; a lone surrogate becomes U+FFFD, and the records damaged."""
    cells = {}
    for name, texts in zip(names, columns, strict=True):
        try:
            cells[name] = pa.array(texts, pa.string())
        except UnicodeEncodeError:
            damaged = True
            cells[name] = pa.array([_without_surrogates(text) for text in texts], pa.string())
    return Records(
        pa.table(cells), np.array(numbers, np.int64), tuple(malformed), damaged, tuple(unread)
    )


def _without_surrogates(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
