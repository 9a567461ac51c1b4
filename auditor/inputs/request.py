"""Which rows of which day are wanted, and when the days of their stores begin."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple

from auditor.clock.local_time import SECOND
from auditor.policy import Policy
from auditor.tables import ORIGIN, Schema


class Clock(NamedTuple):
    """When a store's business days begin; instants in microseconds since 1970 UTC."""

    zone: str  # IANA
    starts: tuple[int, int, int, int]  # of the day before, of the day, of the two after it
    margin: int  # how far outside the day a row may lie and belong to a sale of it


@dataclass(frozen=True)
class Request:
    """Which rows are wanted."""

    schema: Schema  # of the table that they become
    time_column: str  # the column that decides a row's day
    day: date
    policy: Policy  # gives each store's time zone and matching tolerance
    stores: frozenset[str] = frozenset()  # empty for all
    _clocks: dict[str, Clock] = field(default_factory=dict, repr=False)

    @cached_property
    def wanted(self) -> Schema:
        """The columns of the schema that come from a file."""
        columns = tuple(c for c in self.schema.columns if c.name not in ORIGIN)
        return Schema(self.schema.name, columns)

    def wants_store(self, store: str | None) -> bool:
        """Whether rows of this store are wanted; those of an unknown store always are."""
        return not self.stores or store is None or store in self.stores

    def has_zone(self, store: str) -> bool:
        """Whether the policy says in which time zone a store is."""
        return "time_zone" in self.policy.rules(self.day, store).model_fields_set

    def decimals(self, store: str) -> int:
        """How many decimals amounts of a store have, by the currency that its rules name."""
        return self.policy.rules(self.day, store).decimals

    def clock(self, store: str) -> Clock:
        """When the days of a store begin, by its rules on the day."""
        if store not in self._clocks:
            rules = self.policy.rules(self.day, store)
            before, after = (self.day + timedelta(days=n) for n in (-1, 1))
            # A frame may lie off its sale by the tolerance, and a sale over the end by the gap.
            tolerance = round(rules.match_tolerance_seconds * SECOND)
            self._clocks[store] = Clock(
                zone=rules.time_zone,
                starts=(*rules.window(before), *rules.window(after)),
                margin=max(rules.transaction_gap, tolerance),
            )
        return self._clocks[store]
