"""Counts of past days, added up: what people and checks are measured by."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa

from auditor.storage.daily import read_daily
from auditor.storage.place import Place
from auditor.tables import COUNTED


@dataclass(frozen=True)
class Window:
    """What is on record of the days up to and with the one reported."""

    days: int  # that it looks back on
    on_record: tuple[date, ...]  # those of them that have counts
    sha256: str  # over the files of counts that it rests on, 64 hexadecimal digits
    counts: Mapping[str, pa.Table]  # each table of tables.COUNTED, added up over the days


def read_window(out: Place, day: date, days: int) -> Window:
    """The counts of the days up to and with ``day``, added up one day at a time.

    Raises:
        ContractError: a file is not of its schema.
    """
    dates = [day - timedelta(days=back) for back in range(days - 1, -1, -1)]
    hashes: list[tuple[str, str, str]] = []

    def stored(name: str) -> Iterator[pa.Table]:
        for recorded, sha256, table in read_daily(out, name, dates):
            hashes.append((name, recorded.isoformat(), sha256))
            yield table

    counts = {name: schema.add_up(stored(name)) for name, schema in COUNTED.items()}
    return Window(
        days=days,
        on_record=tuple(sorted({date.fromisoformat(recorded) for _, recorded, _ in hashes})),
        sha256=hashlib.sha256(json.dumps(hashes).encode()).hexdigest(),
        counts=counts,
    )
