"""Counts of past days, added up: what people and checks are measured by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pyarrow as pa


@dataclass(frozen=True)
class Window:
    """What is on record of the days up to and with the one reported.

    Attributes:
        days: how many it looks back on.
        on_record: those of them that have counts.
        sha256: hash over the files of counts it rests on, 64 hexadecimal digits.
        counts: each table of tables.COUNTED, added up over the days.
    """

    days: int
    on_record: tuple[date, ...]
    sha256: str
    counts: Mapping[str, pa.Table]
