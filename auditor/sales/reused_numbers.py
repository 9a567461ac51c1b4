"""A number on both sides of a long pause: one transaction, or a till that gave the number again.

At any hour, the till's totals in the pause, a payment before it and another cashier behind it, or
numbers that begin anew in it (begun_anew.py) show two, unless the till writes payments and has none
before the pause. Over the end of a day, where the till writes
no business day, a payment before the pause does too, and another cashier if the till writes no
payments. Where that leaves it open, the lines stay one transaction, in parts of which no check,
face or return counts for another.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from auditor.clock.local_time import SECOND, Flags, Microseconds, day_window
from auditor.policy import Rules
from auditor.sales.begun_anew import INTERRUPTED, SHOWN, Numbers, StepsBack
from auditor.sales.codes import Codes, coded, combined, combined_columns
from auditor.sales.line_types import of_type
from auditor.sales.matching import times
from auditor.sales.states import put_aside
from auditor.sales.store_rules import of_stores, windows

#: Nobody pauses for longer between two articles of one receipt that is not put aside.
PAUSE = 10 * 60 * SECOND

_TILL = ("store_id", "till_id")
_ALL_TIMES = (np.iinfo(np.int64).min, np.iinfo(np.int64).max)


def tell_apart(  # noqa: PLR0913  # what tells the transactions of a till apart
    lines: pa.Table,
    transaction: Codes,
    *,
    counter: Codes,
    by_time: Flags,
    totals: pa.Table,
    day: date,
    rules: Mapping[str, Rules],
) -> tuple[Codes, Codes]:
    """Part transactions at long pauses where the export shows that there are two.

    Args:
        lines: TILL_LINES without control totals.
        transaction: of each line, by store, till, number and time.
        counter: of each line, the till or the store that counts its number.
        by_time: of which lines time is part of what identifies their transaction.
        totals: the TILL_LINES of type ``control``.
        day: the business day.
        rules: of each store on the day.

    Returns:
        The transaction of each line, and the part of it: 0, or how many pauses before the line may
        lie between two transactions.
    """
    part = np.zeros(lines.num_rows, np.int64)
    found = _find(lines, transaction, by_time, day, rules)
    if found is None:
        return transaction, part
    signs = _signs(lines, transaction, counter, found)
    pauses = list(_pauses(lines, found, signs, day, rules))
    if not pauses:
        return transaction, part
    time = times(lines["sold_at"])
    evidence = _Evidence(lines, time, totals)
    transaction, next_free = transaction.copy(), int(transaction.max()) + 1
    for pause in pauses:
        # The pauses of one transaction come in the order of time.
        later = pause.owned[time[pause.owned] >= pause.end]
        if evidence.shows_two(pause):
            transaction[later], part[later] = next_free, 0
            next_free += 1
        elif evidence.leaves_open(pause):
            part[later] += 1
    return combined(transaction), part


@dataclass(frozen=True, slots=True)
class _Found:
    """Places where transactions are interrupted, by transaction and time, and what tells of them.

    Attributes:
        order: the lines by transaction and time.
        line: the line before each.
        start: its time, microseconds.
        end: time of the line after each.
        first: where its transaction begins in ``order``.
        stop: where it ends there (exclusive).
        since: from when on lines tell of it.
        until: until when, exclusive.
    """

    order: Codes
    line: Codes
    start: Microseconds
    end: Microseconds
    first: Codes
    stop: Codes
    since: Microseconds
    until: Microseconds


def _find(
    lines: pa.Table, transaction: Codes, by_time: Flags, day: date, rules: Mapping[str, Rules]
) -> _Found | None:
    """Find those of transactions that were not put aside."""
    time = times(lines["sold_at"])
    order = np.lexsort((time, transaction))
    ordered, when = transaction[order], time[order]
    kept = by_time & ~put_aside(lines, transaction)[transaction]
    at = np.flatnonzero((np.diff(ordered) == 0) & (np.diff(when) > INTERRUPTED) & kept[order[1:]])
    if not len(at):
        return None
    line, start, end = order[at], when[at], when[at + 1]
    first, stop = (np.searchsorted(ordered, ordered[at], side) for side in ("left", "right"))
    since, until = (np.full(len(at), bound) for bound in _ALL_TIMES)
    gap = of_stores(lines, lambda name: rules[name].transaction_gap)[line]
    # Of a transaction over a day's end the day before and the day after read these lines, and have
    # to come to the same result.
    for turn in (bounds[line] for bounds in windows(lines, day, rules)):
        over = (when[first] < turn) & (turn <= when[stop - 1])
        over &= (turn - gap <= start) & (end < turn + gap)
        since[over], until[over] = (turn - gap)[over], (turn + gap)[over]
    return _Found(order, line, start, end, first, stop, since, until)


def _signs(lines: pa.Table, transaction: Codes, counter: Codes, found: _Found) -> Codes:
    """How much shows, for each place, that the till's numbers begin anew there."""
    time, aside = times(lines["sold_at"]), put_aside(lines, transaction)[transaction]
    numbers = Numbers.of(lines, counter)
    signs = np.zeros(len(found.line), np.int64)
    for since, until in {*zip(found.since.tolist(), found.until.tolist(), strict=True)}:
        seen = (since <= time) & (time < until) & ~aside
        steps = StepsBack.find(numbers, transaction, time, seen)
        of = (found.since == since) & (found.until == until)
        series = numbers.series[found.line[of]]
        signs[of] = steps.most_within(series, found.start[of], found.end[of])
    return signs


@dataclass(frozen=True, slots=True)
class _Pause:
    """A pause in a transaction.

    Attributes:
        owned: positions of the transaction's lines, in the order of time.
        start: time of the last line before it, microseconds.
        end: time of the first line after it.
        since: from when on lines tell of it.
        until: until when, exclusive.
        over_turn: whether a day may end in it, as far as the till does not say.
        signs: how much shows that the till's numbers begin anew in it.
    """

    owned: Codes
    start: int
    end: int
    since: int
    until: int
    over_turn: bool
    signs: int

    @property
    def is_long(self) -> bool:
        """Whether nobody pauses for so long between two articles."""
        return self.end - self.start > PAUSE


def _pauses(
    lines: pa.Table, found: _Found, signs: Codes, day: date, rules: Mapping[str, Rules]
) -> Iterator[_Pause]:
    """Yield the long ones, and of the shorter ones those in which numbers begin anew."""
    store = coded(lines["store_id"])
    turns = [_turns(rules[store_id], day) for store_id in store.distinct]
    # The till's own business day tells two days of one number apart already.
    unsaid = lines["business_date"].is_null().to_numpy()
    for n in np.flatnonzero((signs >= SHOWN) | (found.end - found.start > PAUSE)).tolist():
        line, start, end = (int(part[n]) for part in (found.line, found.start, found.end))
        over = any(start < turn <= end for turn in turns[store.codes[line]])
        yield _Pause(
            owned=found.order[found.first[n] : found.stop[n]],
            start=start,
            end=end,
            since=int(found.since[n]),
            until=int(found.until[n]),
            over_turn=over and bool(unsaid[line]),
            signs=int(signs[n]),
        )


def _turns(rules: Rules, day: date) -> list[int]:
    """When a day may end for a till: at midnight, or when the policy says."""
    turns = {*rules.window(day)}
    for midnight in (day, day + timedelta(days=1)):
        turns |= {*day_window(midnight, rules.time_zone)}
    return sorted(turns)


class _Evidence:
    """What of an export shows that two transactions have the same number."""

    def __init__(self, lines: pa.Table, time: Microseconds, totals: pa.Table) -> None:
        self._time = time
        together = pa.concat_tables([lines.select(_TILL), totals.select(_TILL)])
        till = combined_columns(together, _TILL)
        self._till, self._total_till = till[: lines.num_rows], till[lines.num_rows :]
        self._total_time = times(totals["sold_at"])
        self._item, self._payment = of_type(lines, "item"), of_type(lines, "tender")
        self._cashier = coded(lines["cashier_id"])

    def shows_two(self, pause: _Pause) -> bool:
        """Whether the lines after a pause are another transaction."""
        if self._is_unpaid(pause):
            return False
        if pause.signs >= SHOWN:
            return True
        if not pause.is_long:
            return False
        if self._totals_between(pause):
            return True
        if self.other_cashier(pause):
            # Without payments in the export, one may have taken over from the other.
            return pause.over_turn or self._paid_before(pause)
        # At another hour the rounds of a tab are paid one by one.
        return pause.over_turn and self._paid_before(pause, PAUSE)

    def leaves_open(self, pause: _Pause) -> bool:
        """Whether they may be one: nothing shows two, and something speaks for it."""
        if pause.over_turn or pause.signs:
            return True
        closed = self._totals_between(pause) or not self._has_payments(pause)
        return pause.is_long and self.other_cashier(pause) and closed

    def _is_unpaid(self, pause: _Pause) -> bool:
        """Whether it is not paid before the pause, at a till that writes payments."""
        return self._has_payments(pause) and not self._paid_before(pause)

    def _paid_before(self, pause: _Pause, within: int | None = None) -> bool:
        """Whether the transaction has a payment before the pause."""
        since = pause.since if within is None else max(pause.since, pause.start - within)
        return bool(self._payment[self._lines(pause, since, pause.start)].any())

    def _has_payments(self, pause: _Pause) -> bool:
        """Whether the till writes payments: what has none was put aside."""
        own = (self._till == self._till[pause.owned[0]]) & self._payment
        at = self._time[own]
        return bool(((pause.since <= at) & (at < pause.until)).any())

    def _totals_between(self, pause: _Pause) -> bool:
        """The till wrote its totals: it was closed."""
        own = self._total_till == self._till[pause.owned[0]]
        at = self._total_time[own]
        return bool(((pause.start <= at) & (at <= pause.end)).any())

    def other_cashier(self, pause: _Pause) -> bool:
        """Another cashier rings up the articles after it."""
        names = self._cashier.distinct
        own, others = (
            {names[code] for code in self._cashier.codes[at[self._item[at]]].tolist()} - {None}
            for at in (
                self._lines(pause, max(pause.since, pause.start - PAUSE), pause.start),
                self._lines(pause, pause.end, min(pause.until - 1, pause.end + PAUSE)),
            )
        )
        return bool(own and others) and own.isdisjoint(others)

    def _lines(self, pause: _Pause, first: int, last: int) -> Codes:
        """The transaction's lines from one time to another."""
        time = self._time[pause.owned]
        found: Codes = pause.owned[(first <= time) & (time <= last)]
        return found
