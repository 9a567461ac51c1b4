"""What became of each transaction, and which are one because the till says so.

A transaction that was put aside, and no other, becomes a part of the one that resumes it: by the
number that the till names, or by its own number, rung up again at the same till. A return may name
its sale in the same way, and that stays a sale. A resumed sale is that of whoever completed it,
with that transaction's number, till and start: the day on which the customer paid holds all of it,
while the day on which it was put aside may be audited before anybody resumes it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import DAY, Flags
from auditor.sales.codes import Codes, coded, combined
from auditor.sales.line_types import of_type
from auditor.sales.matching import times
from auditor.tables import TRANSACTION_STATES

#: A transaction whose lines say nothing; then what they may say, of which the last holds.
_UNSTATED = "unstated"
_WEAKEST_FIRST = (
    *(_UNSTATED, "suspended", "completed", "cancelled", "voided", "void", "training"),
)


class Heads(NamedTuple):
    """The store, till, number and start of some transactions."""

    store: list[str]
    till: list[str]
    number: list[str]
    started: list[int]  # microseconds since 1970 UTC

    @classmethod
    def of(cls, table: pa.Table) -> Self:
        """Those of a table with a sale's key."""
        names = ("store_id", "till_id", "transaction_id")
        store, till, number = (table[name].to_pylist() for name in names)
        return cls(store, till, number, times(table["started_at"]).tolist())


@dataclass(frozen=True)
class States:
    """What became of some transactions."""

    state: Codes  # of each, its place in TRANSACTION_STATES
    into: Codes  # of each, the one that it is a part of; itself unless another resumed it


def put_aside(lines: pa.Table, transaction: Codes) -> Flags:
    """Which transactions have a suspended line; ``transaction`` is that of each of TILL_LINES."""
    flags = np.zeros(transaction.max(initial=-1) + 1, np.bool_)
    flags[transaction[_suspended(lines)]] = True
    return flags


def _suspended(lines: pa.Table) -> Flags:
    flags: Flags = pc.equal(lines["transaction_state"], "suspended").fill_null(False).to_numpy()
    return flags


def without_resumed(lines: pa.Table, transaction: Codes) -> Codes:
    """The transaction of each line; articles that follow on those put aside begin another one.

    Tills that go on under the same number soon after give one transaction both; then
    :func:`find_states` joins the two, and :func:`listed_again` sees what stands twice.
    """
    suspended = _suspended(lines)
    item = of_type(lines, "item")
    aside = suspended & item
    if not aside.any():
        return transaction
    time, count = times(lines["sold_at"]), transaction.max() + 1
    last = np.full(count, np.iinfo(np.int64).min)
    np.maximum.at(last, transaction[aside], time[aside])
    has_aside = np.bincount(transaction, aside, count) > 0
    later = has_aside[transaction] & ~suspended & (time > last[transaction])
    rung_up = np.bincount(transaction, later & item, count) > 0
    return combined(transaction, (later & rung_up[transaction]).astype(np.int64))


def find_states(lines: pa.Table, transaction: Codes, heads: Heads) -> States:
    """Find the state of each transaction from what its lines say, and join those resumed.

    Args:
        lines: TILL_LINES.
        transaction: of each line.
        heads: of each transaction.
    """
    stated = coded(lines["transaction_state"])
    strength = [_WEAKEST_FIRST.index(state or _UNSTATED) for state in stated.distinct]
    strongest = np.zeros(len(heads.store), np.int64)
    np.maximum.at(strongest, transaction, np.array(strength, np.int64)[stated.codes])
    states = [_WEAKEST_FIRST[place] for place in strongest.tolist()]
    into = list(range(len(states)))
    links = _links(lines, transaction)
    if links or "suspended" in states:
        _Joining(heads, states, into, links, _business_days(lines, transaction)).join()
    known = {state: place for place, state in enumerate(TRANSACTION_STATES)}
    known[_UNSTATED] = known["completed"]
    return States(np.array([known[state] for state in states], np.int64), np.array(into, np.int64))


def with_line_voids(lines: pa.Table, transaction: Codes) -> pa.Table:
    """TILL_LINES in which an item that alone is cancelled or voided is a line of the type ``void``.

    Some tills write the state of each line. Only where all items of a transaction are void is the
    transaction.
    """
    stated = lines["transaction_state"]
    void = pc.is_in(stated, pa.array(("cancelled", "voided"))).to_numpy()
    if not void.any():
        return lines
    items = of_type(lines, "item")
    alive = items & pc.is_in(stated, pa.array((None, "completed"), pa.string())).to_numpy()
    has_alive = np.bincount(transaction, alive, transaction.max() + 1) > 0
    alone = pa.array(void & items & has_alive[transaction])
    for name, text in (("line_type", "void"), ("transaction_state", None)):
        column = pc.if_else(alone, pa.scalar(text, pa.string()), lines[name])
        lines = lines.set_column(lines.column_names.index(name), lines.schema.field(name), column)
    return lines


def listed_again(lines: pa.Table, transaction: Codes, into: Codes) -> Flags:
    """Which lines of resumed transactions stand among those of the resuming one once more.

    Some tills list all articles anew when a transaction is resumed, others only what is added.
    """
    again = np.zeros(lines.num_rows, np.bool_)
    joined = np.flatnonzero((into != np.arange(len(into)))[transaction])
    if not len(joined):
        return again
    columns = [lines[name].to_pylist() for name in ("sku", "quantity", "amount")]
    own: dict[int, Counter[tuple[object, ...]]] = defaultdict(Counter)
    target = into[transaction]
    involved = np.flatnonzero(np.isin(target, target[joined]))
    for at in involved.tolist():
        own[int(transaction[at])][tuple(column[at] for column in columns)] += 1
    for resumed in np.unique(transaction[joined]).tolist():
        if own[resumed] <= own[int(into[resumed])]:
            again |= transaction == resumed
    return again


class _Link(NamedTuple):
    """What a transaction names as the one that it resumes or voids; empty is any."""

    number: str
    till: str
    day: str

    def is_to(self, till: str, day: str) -> bool:
        """Whether a transaction of this till and business day (empty if not known) is meant."""
        same_till = self.till.lstrip("0") in ("", till.lstrip("0"))
        return same_till and (not self.day or day in ("", self.day))


def _links(lines: pa.Table, transaction: Codes) -> dict[int, _Link]:
    """What each transaction resumes or voids, where its lines name it."""
    at = np.flatnonzero(pc.is_valid(lines["resumes"]).to_numpy(zero_copy_only=False))
    if not len(at):
        return {}
    named = lines.select(["resumes", "resumes_till", "resumes_date"]).take(pa.array(at))
    columns = [column.cast(pa.string()).fill_null("").to_pylist() for column in named.columns]
    found: dict[int, _Link] = {}
    for owner, number, till, day in sorted(zip(transaction[at].tolist(), *columns, strict=True)):
        found.setdefault(owner, _Link(number, till, day))
    return found


def _business_days(lines: pa.Table, transaction: Codes) -> dict[int, str]:
    """The business day that the till wrote of each transaction, as far as it did."""
    at = np.flatnonzero(pc.is_valid(lines["business_date"]).to_numpy(zero_copy_only=False))
    days = lines["business_date"].take(pa.array(at)).cast(pa.string()).to_pylist()
    return dict(zip(transaction[at].tolist(), days, strict=True))


class _Joining:
    """Joins what was put aside to what resumed it, and voids what a later transaction voids."""

    def __init__(
        self,
        heads: Heads,
        states: list[str],
        into: list[int],
        links: dict[int, _Link],
        days: dict[int, str],
    ) -> None:
        self._heads, self._states, self._into = heads, states, into
        self._links, self._days = links, days
        self._of_number: dict[tuple[str, str], list[int]] = defaultdict(list)
        by_start = sorted(range(len(states)), key=lambda t: (heads.started[t], heads.till[t]))
        for t in by_start:
            self._of_number[heads.store[t], heads.number[t]].append(t)
        self._in_order = [t for t in by_start if t in links or states[t] == "suspended"]

    def join(self) -> None:
        # One that was cancelled itself goes last: what it put back may be resumed once more.
        for t in sorted(self._in_order, key=lambda t: self._states[t] == "cancelled"):
            if t in self._links and self._states[t] not in ("void", "training"):
                self._resume(t)
        for t in self._in_order:
            if self._states[t] == "suspended" and self._into[t] == t:
                self._continue(t)
        for t, _ in enumerate(self._into):
            self._into[t] = self._root(t)
        for t in self._in_order:
            if t in self._links and self._states[t] == "void":
                self._void(t)

    def _resume(self, t: int) -> None:
        waiting = [
            other
            for other in self._before(t)
            if self._into[other] == other and self._states[other] == "suspended"
        ]
        waiting.sort(key=lambda other: self._is_meant(t, other))  # stable: then the last
        if waiting:
            self._into[waiting[-1]] = t

    def _continue(self, t: int) -> None:
        """Join what was put aside to the next of the same number at the same till."""
        heads = self._heads
        for other in self._of_number[heads.store[t], heads.number[t]]:
            later = heads.started[other] - heads.started[t]
            if 0 < later <= DAY and heads.till[other] == heads.till[t]:
                if self._states[other] not in ("void", "training"):
                    self._into[t] = other
                return

    def _void(self, t: int) -> None:
        named = [self._root(other) for other in self._before(t) if self._is_meant(t, other)]
        sold = [other for other in named if self._states[other] in ("completed", _UNSTATED)]
        sold.sort(key=lambda other: self._heads.till[other] == self._heads.till[t])
        if sold:
            self._states[sold[-1]] = "voided"

    def _before(self, t: int) -> Iterator[int]:
        """Transactions with the number that this one names, within a day before it, in order."""
        heads = self._heads
        for other in self._of_number[heads.store[t], self._links[t].number]:
            if other != t and 0 <= heads.started[t] - heads.started[other] <= DAY:
                yield other

    def _is_meant(self, t: int, other: int) -> bool:
        """Whether the till and the day that a transaction names are another's."""
        return self._links[t].is_to(self._heads.till[other], self._days.get(other, ""))

    def _root(self, t: int) -> int:
        while self._into[t] != t:
            t = self._into[t]
        return t
