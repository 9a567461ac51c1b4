"""Which stores a finalised day has: ``OUT/finalised/day=YYYY-MM-DD/stores.json``, table by table.

Where it is there a reader goes by it and lists nothing: a listing may lag behind, and between two
stores of a day that is being finalised old and new would stand side by side.
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

# Of tables.STORED, those that it tells the stores of. Baskets by age group go with their retention.
_TOLD = ("ledger", "rejects", "coverage", "provenance")


def begin(out: Place, day: date, stores: Collection[str]) -> list[str]:
    """Say that the partitions of these stores are being replaced; none of the day is read then.

    Returns:
        The stores that the day had.
    """
    told = _Completion.of(out, day)
    _Completion({*told.unfinished_stores, *stores}, told.stores).write(out, day)
    return told.stores["ledger"]


def end(out: Place, day: date, stores: Collection[str], *, whole: bool) -> None:
    """Say that these stores have their partitions.

    Args:
        out: where.
        day: the business day.
        stores: those that were finalised.
        whole: the day has no others; else, others are as they were.
    """
    if whole:
        told = _Completion(set(), {name: list(stores) for name in _TOLD})
        told.stores["rejects"].append(UNKNOWN_STORE)
    else:
        before = _Completion.of(out, day)
        told = _Completion(
            before.unfinished_stores.difference(stores),
            {name: [*{*there, *stores}] for name, there in before.stores.items()},
        )
    told.write(out, day)


def stores_of(out: Place, name: str, day: date) -> list[str]:
    """The stores that have a partition of a table, in their order.

    Raises:
        SourceError: the day is being finalised, or finalising it broke off.
    """
    if name not in _TOLD:
        return _listed(out, name, day)
    told = _Completion.of(out, day)
    if told.unfinished_stores:
        raise SourceError(
            f"{day} is not wholly finalised below {out}: finalising it goes on, or broke off; wait"
            " for it, or run the day again"
        )
    return told.stores[name]


@dataclass(slots=True)
class _Completion:
    """The stores of each table, and those that are not finalised yet."""

    unfinished_stores: set[str]
    stores: dict[str, list[str]]

    @classmethod
    def of(cls, out: Place, day: date) -> Self:
        """What is said; where nothing is, as of earlier versions, what a listing shows."""
        try:
            told = json.loads(out.read(_path(day)))
        except FileNotFoundError:
            return cls(set(), {name: _listed(out, name, day) for name in _TOLD})
        return cls(set(told["unfinished_stores"]), told["stores"])

    def write(self, out: Place, day: date) -> None:
        stores = {name: sorted(there) for name, there in self.stores.items()}
        told = {"stores": stores, "unfinished_stores": sorted(self.unfinished_stores)}
        out.write(_path(day), json.dumps(told, sort_keys=True, indent=1).encode())


def _listed(out: Place, name: str, day: date) -> list[str]:
    return [folder.removeprefix("store=") for folder in out.folders(day_folder(name, day))]


def _path(day: date) -> str:
    return f"{day_folder('finalised', day)}/stores.json"
