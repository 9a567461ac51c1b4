"""Which stores a finalised day has, table by table: ``OUT/finalised/day=YYYY-MM-DD/stores.json``.

Readers go by this file and list nothing: a listing may lag behind, and while a day is being
finalised it would show old and new results side by side.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Self

from auditor.errors import SourceError
from auditor.storage.layout import day_folder
from auditor.storage.place import Place
from auditor.tables import UNKNOWN_STORE

# The tables of tables.STORED in the file. Baskets by age group are not: they expire by themselves.
_TABLES = ("ledger", "rejects", "coverage", "provenance")


def begin(out: Place, day: date, stores: Collection[str]) -> list[str]:
    """Record that these stores' partitions are being replaced; until :func:`end` no one reads them.

    Returns:
        The stores that the day had.
    """
    recorded = _DayStores.read(out, day)
    _DayStores({*recorded.unfinished, *stores}, recorded.by_table).write(out, day)
    return recorded.by_table["ledger"]


def end(out: Place, day: date, stores: Collection[str], *, whole: bool) -> None:
    """Record that these stores' partitions are in place.

    A day that is ``whole`` has no other stores; otherwise the others stay as they were.
    """
    if whole:
        recorded = _DayStores(set(), {name: list(stores) for name in _TABLES})
        recorded.by_table["rejects"].append(UNKNOWN_STORE)
    else:
        before = _DayStores.read(out, day)
        recorded = _DayStores(
            before.unfinished.difference(stores),
            {name: [*{*present, *stores}] for name, present in before.by_table.items()},
        )
    recorded.write(out, day)


def stores_of(out: Place, table: str, day: date) -> list[str]:
    """The stores that have a partition of a table, sorted.

    Raises:
        SourceError: the day is being finalised, or finalising it was interrupted.
    """
    if table not in _TABLES:
        return _listed(out, table, day)
    recorded = _DayStores.read(out, day)
    if recorded.unfinished:
        raise SourceError(
            f"{day} is not wholly finalised below {out}: finalising it goes on, or was interrupted;"
            " wait for it, or run the day again"
        )
    return recorded.by_table[table]


@dataclass(frozen=True, slots=True)
class _DayStores:
    """The content of the file: stores not finalised yet, and the stores of each table."""

    unfinished: set[str]
    by_table: dict[str, list[str]]

    @classmethod
    def read(cls, out: Place, day: date) -> Self:
        """Read the file; without one, list the partitions."""
        try:
            content = json.loads(out.read(_path(day)))
        except FileNotFoundError:
            return cls(set(), {name: _listed(out, name, day) for name in _TABLES})
        return cls(set(content["unfinished_stores"]), content["stores"])

    def write(self, out: Place, day: date) -> None:
        """Replace the file."""
        stores = {name: sorted(present) for name, present in self.by_table.items()}
        content = {"stores": stores, "unfinished_stores": sorted(self.unfinished)}
        out.write(_path(day), json.dumps(content, sort_keys=True, indent=1).encode())


def _listed(out: Place, table: str, day: date) -> list[str]:
    return [folder.removeprefix("store=") for folder in out.folders(day_folder(table, day))]


def _path(day: date) -> str:
    return f"{day_folder('finalised', day)}/stores.json"
