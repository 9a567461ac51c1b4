"""Compares what the tills of a day wrote with the days before it."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Self

import pyarrow as pa

from auditor.monitoring.completeness.categories import UnknownCategory, unknown_categories
from auditor.monitoring.completeness.numbers import MissingNumbers, missing_numbers
from auditor.monitoring.completeness.tills import (
    WEEKS,
    SilentTills,
    TotalsDiffer,
    silent_tills,
    totals_that_differ,
)
from auditor.policy import Policy
from auditor.storage.daily import read_daily
from auditor.storage.place import Place
from auditor.tables import EXPORTED

#: Days before it with which a day is compared.
DAYS = 28


@dataclass(frozen=True, slots=True)
class Completeness:
    """What speaks for sales that the audit does not see. None of it proves one.

    ``days`` of the 28 before are on record, and ``sha256`` is over what was read of them and of the
    day itself; None where the day has none.
    """

    categories: tuple[UnknownCategory, ...] = ()
    numbers: tuple[MissingNumbers, ...] = ()
    silent: tuple[SilentTills, ...] = ()
    totals: tuple[TotalsDiffer, ...] = ()
    days: int = 0
    sha256: str | None = None

    def of(self, stores: Collection[str]) -> Self:
        """What concerns these stores."""
        own: dict[str, Any] = {
            name: tuple(sign for sign in getattr(self, name) if sign.store_id in stores)
            for name in ("categories", "numbers", "silent", "totals")
        }
        return replace(self, **own)

    @property
    def nothing_sold(self) -> tuple[UnknownCategory, ...]:
        """The categories of stores without any alcohol that may have sold some."""
        return tuple(c for c in self.categories if c.kind == "nothing_sold")

    @property
    def to_name(self) -> tuple[UnknownCategory, ...]:
        """The categories that the policy has to name: the audit is not whole without."""
        return tuple(c for c in self.categories if c.kind != "new")


def compare(out: Place, day: date, policy: Policy, stores: Collection[str] = ()) -> Completeness:
    """Compare the day's exports with those of the days before.

    ``out`` has the EXPORTED tables; ``stores`` are those to look at, empty for all.

    Raises:
        ContractError: a table is not of its schema.
    """
    before = [day - timedelta(days=back) for back in range(DAYS, 0, -1)]
    digest = hashlib.sha256()
    tables: Mapping[str, dict[date, pa.Table]] = {name: {} for name in EXPORTED}
    for name, of_day in tables.items():
        for recorded, sha256, table in read_daily(out, name, [*before, day]):
            digest.update(f"{name} {recorded} {sha256}\n".encode())
            of_day[recorded] = table
    if not all(day in of_day for of_day in tables.values()):
        return Completeness()  # of a version of the program that kept none
    now = {name: of_day.pop(day) for name, of_day in tables.items()}
    past = {name: list(of_day.values()) for name, of_day in tables.items()}
    rules = {s: policy.rules(day, s) for s in now["categories"]["store_id"].unique().to_pylist()}
    weekdays = [day - timedelta(weeks=back) for back in range(WEEKS, 0, -1)]
    tills = tables["tills"]
    found = Completeness(
        categories=unknown_categories(now["categories"], past["categories"], rules),
        numbers=missing_numbers(now["number_runs"], past["number_runs"]),
        silent=silent_tills(now["tills"], [tills[d] for d in weekdays if d in tills]),
        totals=totals_that_differ(now["tills"], past["tills"]),
        days=len(past["tills"]),
        sha256=digest.hexdigest(),
    )
    return found.of(stores) if stores else found
