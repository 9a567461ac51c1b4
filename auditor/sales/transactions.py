"""Till lines to transactions: which lines belong together, and which came twice."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import Flags, Microseconds
from auditor.policy import Rules
from auditor.sales.claims import NONE
from auditor.sales.codes import Codes, coded, combined, last_digits, ranks
from auditor.sales.line_types import are_totals, of_type
from auditor.sales.matching import times
from auditor.sales.repeats import find_repeats, pieces
from auditor.sales.reused_numbers import tell_apart
from auditor.sales.states import (
    Heads,
    find_states,
    listed_again,
    put_aside,
    with_line_voids,
    without_resumed,
)
from auditor.sales.store_rules import of_stores, windows
from auditor.tables import MONEY, QUANTITY, TRANSACTION_STATES

#: What tells the transactions of a store apart, besides the store.
KEY_PARTS = frozenset({"till", "number", "time"})
KeyParts = frozenset[str]

_EPOCH = date(1970, 1, 1)
_NO_DAY = np.iinfo(np.int32).max
#: The order of lines of one time, so that it does not depend on how the export is sorted.
_SAME_TIME = (
    *("sku", "line_type", "id_check", "id_check_at", "id_check_by", "birth_date"),
    *("category", "description"),
)


@dataclass(frozen=True)
class Transactions:
    """Till lines divided into transactions, and the rejected lines.

    Lines of one store, till and number belong together while no two neighbours in time lie further
    apart than the store's ``transaction_gap_minutes``, whatever file they stand in.

    Attributes:
        lines: of TILL_LINES; the lines of a transaction are consecutive, in the order of time.
            A till's own totals are left out.
        part: of each line: 0, or a further part of its transaction, behind a pause in which the
            till may have been reset: it may be another customer's (``sales/reused_numbers.py``).
        starts: the position in ``lines`` at which each transaction starts.
        heads: a row each: the columns of a sale's key, ``cashier_id``, and ``sold_at``, the time of
            its last line.
        state: of each, what became of it: its place in TRANSACTION_STATES.
        of_day: which begin on the business day. The others are of the days beside it.
        duplicates: positions among the lines given of those that stand there before.
        conflicts: positions among the lines given of those that contradict their transaction.
        before: of each line given, if it is one of these, the one that it repeats or contradicts.
        overlong: positions among the lines given of those that continue a transaction of the day
            before for so long that that day does not see them.
        rejected_runs: the store of each stretch of lines that was rejected as a whole.
    """

    lines: pa.Table
    part: Codes
    starts: Codes
    heads: pa.Table
    state: Codes
    of_day: Flags
    duplicates: Codes
    conflicts: Codes
    before: Codes
    overlong: Codes
    rejected_runs: list[str]

    @property
    def ends(self) -> Codes:
        """The position in ``lines`` at which each transaction ends (exclusive)."""
        return np.append(self.starts[1:], self.lines.num_rows)[: len(self.starts)]

    @property
    def owner(self) -> Codes:
        """Of each line, the number of its transaction."""
        return np.repeat(np.arange(len(self.starts)), self.ends - self.starts)

    @property
    def in_parts(self) -> Flags:
        """Which transactions may be two, with one number on both sides of a pause."""
        found = np.zeros(len(self.starts), np.bool_)
        found[self.owner[self.part > 0]] = True
        return found

    @property
    def sold(self) -> Flags:
        """Which transactions are of the day and were completed."""
        return self.of_day & self.are("completed")

    def are(self, *states: str) -> Flags:
        """Which transactions are in one of these states."""
        return np.isin(self.state, [TRANSACTION_STATES.index(state) for state in states])


def divide(
    lines: pa.Table,
    day: date,
    rules: Mapping[str, Rules],
    keys: Mapping[str, KeyParts] | None = None,
) -> Transactions:
    """Divide TILL_LINES, of a day and of the hours around it, into transactions.

    Args:
        lines: file by file in record order.
        day: the business day.
        rules: of each store on the day.
        keys: by file (``source``), what identifies its transactions; KEY_PARTS unless it is there.
    """
    is_total = are_totals(lines)
    given, totals = np.flatnonzero(~is_total), lines.filter(pa.array(is_total))
    if totals.num_rows:
        lines = lines.take(pa.array(given))
    by_till, by_time = _key_parts(lines, keys or {})
    counter = _counters(lines, by_till)
    transaction, part = tell_apart(
        lines,
        _grouped(lines, rules, counter, by_time),
        counter=counter,
        by_time=by_time,
        totals=totals,
        day=day,
        rules=rules,
    )
    transaction = without_resumed(lines, transaction)
    lines = with_line_voids(lines, transaction)
    piece = pieces(lines, transaction)
    run = _runs(piece, transaction)
    again, conflicting, before = find_repeats(lines, transaction, piece, run)
    kept = ~(again | conflicting)
    cashier_at = _cashiers(lines, transaction, kept)

    time = times(lines["sold_at"])
    first_at, last_at = _bounds(time, transaction, kept)
    heads = _heads(lines, first_at, last_at, cashier_at)
    states = find_states(lines.filter(pa.array(kept)), transaction[kept], Heads.of(heads))
    relisted = kept & listed_again(lines, transaction, states.into)
    if relisted.any():  # of these only the checks still count
        kind = pc.if_else(pa.array(relisted), "id_check", lines["line_type"])
        lines = lines.set_column(lines.column_names.index("line_type"), "line_type", kind)

    is_root = states.into == np.arange(heads.num_rows)
    roots, heads = np.flatnonzero(is_root), heads.filter(pa.array(is_root))
    belongs = (np.cumsum(is_root) - 1)[states.into[transaction]]
    void = of_type(lines, "void")
    emptied = np.bincount(belongs[kept & ~void], minlength=len(roots)) == 0
    at = np.flatnonzero(kept)
    at = at[_order(lines, belongs, time, at)]
    state = np.where(emptied, TRANSACTION_STATES.index("cancelled"), states.state[roots])
    own = transaction == roots[belongs]
    days = _Days(heads, day, rules)
    of_day = days.begin(lines["business_date"], belongs, own)
    reported = of_day[belongs]
    rejected_run = (np.bincount(run, weights=kept | ~reported) == 0)[run] & _starts(run)
    return Transactions(
        lines=lines if np.array_equal(at, np.arange(lines.num_rows)) else lines.take(pa.array(at)),
        part=part[at],
        starts=np.flatnonzero(np.diff(belongs[at], prepend=-1)),
        heads=heads,
        state=state,
        of_day=of_day,
        duplicates=given[again & reported],
        conflicts=given[conflicting & reported],
        before=_among(given, before, len(is_total)),
        overlong=given[kept & ~reported & days.unseen_before(time, belongs)],
        rejected_runs=lines["store_id"].filter(pa.array(rejected_run)).to_pylist(),
    )


def _among(given: Codes, positions: Codes, count: int) -> Codes:
    """Positions among some of ``count`` lines as positions among all."""
    found = np.arange(count)
    found[given] = given[positions]
    return found


def _key_parts(lines: pa.Table, keys: Mapping[str, KeyParts]) -> tuple[Flags, Flags]:
    """For each line, whether till and time are parts of what identifies its transaction."""
    source = coded(lines["source"])
    parts = [keys.get(name, KEY_PARTS) for name in source.distinct]
    by_till, by_time = (
        np.array([part in own for own in parts], np.bool_)[source.codes]
        for part in ("till", "time")
    )
    return by_till, by_time


def _counters(lines: pa.Table, by_till: Flags) -> Codes:
    """What counts the number of each line: its till, or its store."""
    till = np.where(by_till, coded(lines["till_id"]).codes + 1, 0)
    return combined(coded(lines["store_id"]).codes, till)


def _grouped(lines: pa.Table, rules: Mapping[str, Rules], counter: Codes, by_time: Flags) -> Codes:
    """The transaction of each line, numbered in the order in which they first occur."""
    # Two days of a till never have a transaction in common, whatever its numbers.
    day = coded(lines["business_date"]).codes
    of_number = combined(counter, coded(lines["transaction_id"]).codes, day)
    gap = of_stores(lines, lambda name: rules[name].transaction_gap)
    time = times(lines["sold_at"])
    order = np.lexsort((time, of_number))
    new = np.ones(len(order), np.bool_)
    apart = np.diff(time[order]) > gap[order[1:]]
    new[1:] = (np.diff(of_number[order]) != 0) | (apart & by_time[order[1:]])
    transaction = np.empty(len(order), np.int64)
    transaction[order] = np.cumsum(new)
    return combined(transaction)


def _runs(piece: Codes, transaction: Codes) -> Codes:
    """The stretch of consecutive lines of one piece and transaction that each line is in."""
    new = (np.diff(transaction, prepend=-1) != 0) | (np.diff(piece, prepend=-1) != 0)
    runs: Codes = np.cumsum(new) - 1
    return runs


def _starts(run: Codes) -> Flags:
    first: Flags = np.diff(run, prepend=-1) != 0
    return first


def _cashiers(lines: pa.Table, transaction: Codes, kept: Flags) -> Codes:
    """The line that names the cashier of each transaction, or NONE: of its first article.

    One that was put aside is the cashier's who completed it. Others may have rung up articles too:
    an attendant, a supervisor, who took over. Behind a long pause they are another receipt's
    (reused_numbers.py).
    """
    time = times(lines["sold_at"])
    named = kept & pc.is_valid(lines["cashier_id"]).to_numpy(zero_copy_only=False)
    count = transaction.max(initial=-1) + 1
    order = np.where(put_aside(lines, transaction)[transaction], -time, time)
    line_at = np.full(count, NONE, np.int64)
    for which in (named, named & of_type(lines, "item")):  # an item's before that of another line
        at = np.flatnonzero(which)
        at = at[np.lexsort((order[at], transaction[at]))]
        owners, first = np.unique(transaction[at], return_index=True)
        line_at[owners] = at[first]
    return line_at


def _bounds(time: Microseconds, transaction: Codes, kept: Flags) -> tuple[Codes, Codes]:
    """The positions of each transaction's first and last line in time."""
    at = np.flatnonzero(kept)
    at = at[np.lexsort((time[at], transaction[at]))]
    changes = np.diff(transaction[at], prepend=-1, append=-1) != 0
    return at[changes[:-1]], at[changes[1:]]


def _heads(lines: pa.Table, first_at: Codes, last_at: Codes, cashier_at: Codes) -> pa.Table:
    first = lines.take(pa.array(first_at))
    cashiers = lines["cashier_id"].take(pa.array(cashier_at, mask=cashier_at == NONE))
    return pa.table(
        {
            **{name: first[name] for name in ("store_id", "till_id", "transaction_id")},
            "cashier_id": cashiers,
            "started_at": first["sold_at"],
            "sold_at": lines["sold_at"].take(pa.array(last_at)),
        }
    )


def _order(lines: pa.Table, belongs: Codes, time: Microseconds, at: Codes) -> Codes:
    """The order of the lines ``at`` some positions: by transaction, time and content."""
    belongs, time = belongs[at], time[at]
    order = np.lexsort((time, belongs))
    together = (np.diff(belongs[order]) == 0) & (np.diff(time[order]) == 0)
    alike = np.zeros(len(at), np.bool_)
    alike[order[1:][together]] = alike[order[:-1][together]] = True
    tied = np.flatnonzero(alike)
    if not len(tied):
        return order
    part = lines.take(pa.array(at[tied]))
    content = [ranks(part[name]) for name in _SAME_TIME]
    content += [last_digits(part["quantity"], QUANTITY), last_digits(part["amount"], MONEY)]
    place = np.zeros(len(at), np.int64)
    place[tied[np.lexsort(content[::-1])]] = np.arange(len(tied))
    return np.lexsort((place, time, belongs))


class _Days:
    """Which transactions begin on the business day; ``heads`` has a row each."""

    def __init__(self, heads: pa.Table, day: date, rules: Mapping[str, Rules]) -> None:
        self._start, self._end = windows(heads, day, rules)
        self._gap = of_stores(heads, lambda name: rules[name].transaction_gap)
        self._began = times(heads["started_at"])
        self._day = (day - _EPOCH).days

    def begin(self, business_date: pa.ChunkedArray, belongs: Codes, own: Flags) -> Flags:
        """By the first business date that the till wrote, else by the time of the first line.

        Args:
            business_date: of each line.
            belongs: the transaction of each line.
            own: which lines are not those of a transaction that was resumed.
        """
        by_clock = (self._start <= self._began) & (self._began < self._end)
        written = business_date.cast(pa.int32()).fill_null(_NO_DAY).to_numpy()
        earliest = np.full(len(by_clock), _NO_DAY, np.int64)
        at = np.flatnonzero(own & (written != _NO_DAY))
        np.minimum.at(earliest, belongs[at], written[at])
        of_day: Flags = np.where(earliest == _NO_DAY, by_clock, earliest == self._day)
        return of_day

    def unseen_before(self, time: Microseconds, belongs: Codes) -> Flags:
        """Which lines of the day the day before does not see, though their transaction is its."""
        began_before = self._began < self._start
        late = time >= (self._start + self._gap)[belongs]
        flags: Flags = began_before[belongs] & late & (time < self._end[belongs])
        return flags
