"""The data of a pack's cover page: the week at a glance, also on paper."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from auditor.monitoring.expectations import Expected, expect
from auditor.operations.pack.disclosure import CountTable, few_merged, shown, sums, withheld
from auditor.operations.pack.gathering import Gathered
from auditor.operations.pack.week import Week
from auditor.policy import Policy, Rules
from auditor.report.text import words
from auditor.tables import DECISIONS, OUTCOMES, RECORDED_UNDERAGE

_STORES_SHOWN = 100

#: Outcomes whose sales a pack lists one by one.
LISTED = frozenset({"flagged", "refused"})

Shown = Mapping[str, int | str]


@dataclass(frozen=True)
class DayRow:
    """A day of the week; ``counts`` is None if the day has no report."""

    day: date
    stores_read: int
    stores: int
    counts: Shown | None


@dataclass(frozen=True)
class StoreRow:
    """A store's week; it counts the days on which the store's export could be read."""

    store_id: str
    store_name: str | None
    days_read: int
    counts: Shown


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A value that a key of the policy had in the week, with its stores and days."""

    key: str
    value: str
    stores: str
    days: str


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model that was used in the week; ``card`` is None if it is not installed here."""

    name: str
    sha256: str
    days: int
    card: Any


@dataclass(frozen=True, slots=True)
class Cover:
    """Everything that the cover says. Counts are as they are published."""

    week: Week
    chain: str
    days: tuple[DayRow, ...]
    stores: tuple[StoreRow, ...]
    totals: Shown
    reasons: Mapping[str, int] | None  # None: withheld
    flags: int
    wrong_flags: Expected
    refusals: int
    control: int | None
    decisions: Mapping[str, int]
    undecided: int
    policies: Mapping[str, int]  # days by hash
    policy_sha256: str
    rules: tuple[RuleRow, ...]
    models: tuple[ModelRow, ...]
    attachments: tuple[str, ...]
    with_names: bool
    smallest_count: int
    auditor_version: str

    @property
    def missing(self) -> tuple[date, ...]:
        """The days without a report."""
        return tuple(row.day for row in self.days if row.counts is None)

    @property
    def stores_shown(self) -> tuple[StoreRow, ...]:
        """The stores that fit on the cover."""
        return self.stores[:_STORES_SHOWN]

    @property
    def other_policies(self) -> int:
        """Days that were audited by another policy than the one in the pack."""
        return sum(n for sha256, n in self.policies.items() if sha256 != self.policy_sha256)


def count(week: Week, found: Gathered, smallest: int) -> dict[str, Any]:
    """The counts of a cover, the small ones withheld: its days, stores, totals and reasons."""
    by_store = CountTable(found.by_store, OUTCOMES, LISTED)
    by_day = CountTable({str(d): c for d, c in found.by_day.items()}, OUTCOMES, LISTED)
    hidden = [withheld(table, smallest) for table in (by_store, by_day)]
    if None in hidden:  # both have the same column totals
        hidden = [None, None]
    stores = shown(by_store, hidden[0], smallest)
    days = shown(by_day, hidden[1], smallest)
    totals = sums(by_day, hidden[1], smallest)
    open_reasons = isinstance(totals["inconclusive"], int)
    labels = {r: words.label(words.REASONS, str(r)) for r in found.reasons}
    merged = few_merged(found.reasons, smallest, "")
    labels[""] = "reasons with few sales"
    return {
        "days": tuple(
            DayRow(day, *found.read_stores.get(day, (0, 0)), days.get(str(day)))
            for day in week.days
        ),
        "stores": tuple(
            StoreRow(store_id, name, found.read_on[store_id], stores[store_id])
            for store_id, name in sorted(found.stores.items())
        ),
        "totals": totals,
        "reasons": {labels[r]: n for r, n in merged.items()} if open_reasons else None,
    }


def count_decisions(found: Gathered) -> dict[str, Any]:
    """The decisions about the flagged sales of the week."""
    decided = [str(row["decision"] or "") for row in found.flags]
    return {
        "decisions": {d: decided.count(d) for d in DECISIONS if d in decided},
        "undecided": decided.count(""),
    }


def wrong_flags(found: Gathered) -> Expected:
    """How many of the buyers flagged by an estimate to expect at or over the challenge age."""
    by_estimate = (row for row in found.flags if row["reason"] != RECORDED_UNDERAGE)
    return expect(1 - float(str(row["p_under_challenge"])) for row in by_estimate)


def rules_in_force(policy: Policy, days: Sequence[date], stores: Iterable[str]) -> list[RuleRow]:
    """The rules of the stores on the days, a row for each value that a key had.

    Raises:
        ConfigurationError: no policy was in force on one of the days.
    """
    in_force = {(d, s): policy.rules(d, s) for s in stores for d in days}
    rows = []
    for key in Rules.model_fields:
        where: dict[str, list[tuple[date, str]]] = {}
        for at, rules in in_force.items():
            where.setdefault(_value(getattr(rules, key)), []).append(at)
        for value, places in where.items():
            alone = len(where) == 1
            days = sorted({day for day, _ in places})
            rows.append(
                RuleRow(
                    key,
                    value,
                    "all" if alone else words.some(sorted({s for _, s in places})),
                    "all" if alone else words.some([words.short_day(day) for day in days]),
                )
            )
    return rows


def _value(value: Any) -> str:
    if isinstance(value, frozenset):
        return ", ".join(map(str, sorted(value))) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {entry}" for key, entry in sorted(value.items())) or "none"
    return "the model's own" if value is None else str(value)
