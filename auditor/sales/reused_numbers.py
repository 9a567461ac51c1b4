"""A number on both sides of a long pause: one transaction, or a till that gave the number again.

Totals of the till in the pause, or another cashier behind it, show two at any hour. Over the end of
a day, where the till writes no business day, a reset may have given the number again: a payment
before the pause shows it, or numbers that began anew. Where nothing does, the lines stay one
transaction, in parts of which no check, face or return counts for another.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from auditor.clock.local_time import SECOND, Flags, Microseconds, day_window
from auditor.policy import Rules
from auditor.sales.codes import Codes, coded, combined, combined_columns
from auditor.sales.line_types import of_type
from auditor.sales.matching import times
from auditor.sales.states import put_aside

#: Nobody pauses for longer between two articles of one receipt that is not put aside.
PAUSE = 10 * 60 * SECOND

#: The next receipt after one is looked for so long.
_FOLLOWS = 12 * 3600 * SECOND

_NUMBER = re.compile(r"(.*?)([0-9]{1,15})", re.ASCII | re.DOTALL)
_TILL = ("store_id", "till_id")


def tell_apart(  # noqa: PLR0913  # what tells the transactions of a till apart
    lines: pa.Table,
    transaction: Codes,
    *,
    by_time: Flags,
    totals: pa.Table,
    day: date,
    rules: Mapping[str, Rules],
) -> tuple[Codes, Codes]:
    """Part transactions at long pauses where the export shows that there are two.

    Args:
        lines: TILL_LINES without control totals.
        transaction: of each line, by store, till, number and time.
        by_time: of which lines time is part of what identifies their transaction.
        totals: the TILL_LINES of type ``control``.
        day: the business day.
        rules: of each store on the day.

    Returns:
        The transaction of each line, and the part of it: 0, or how many pauses before the line may
        lie between two transactions.
    """
    part = np.zeros(lines.num_rows, np.int64)
    time = times(lines["sold_at"])
    # The till's own business day tells two days of one number apart already.
    candidates = by_time & lines["business_date"].is_null().to_numpy()
    pauses = _pauses(lines, transaction, candidates, day, rules)
    if not pauses:
        return transaction, part
    evidence = _Evidence(lines, time, totals)
    transaction, next_free = transaction.copy(), int(transaction.max()) + 1
    for pause in pauses:
        # The pauses of one transaction come in the order of time.
        later = pause.owned[time[pause.owned] >= pause.end]
        if evidence.shows_two(pause):
            transaction[later], part[later] = next_free, 0
            next_free += 1
        elif pause.turn is not None:
            part[later] += 1
    return combined(transaction), part


@dataclass(frozen=True, slots=True)
class _Pause:
    """A long pause in a transaction.

    Attributes:
        owned: positions of the transaction's lines, in the order of time.
        start: time of the last line before it, microseconds.
        end: time of the first line after it.
        turn: when a day ends in it, if one does.
    """

    owned: Codes
    start: int
    end: int
    turn: int | None


def _pauses(
    lines: pa.Table,
    transaction: Codes,
    candidates: Flags,
    day: date,
    rules: Mapping[str, Rules],
) -> list[_Pause]:
    """The long pauses in transactions that were not put aside.

    ``candidates`` are the lines that may begin another transaction.
    """
    time = times(lines["sold_at"])
    order = np.lexsort((time, transaction))
    ordered = transaction[order]
    long = (np.diff(ordered) == 0) & (np.diff(time[order]) > PAUSE) & candidates[order[1:]]
    long &= ~put_aside(lines, transaction)[ordered[1:]]
    if not long.any():
        return []
    store = coded(lines["store_id"])
    turns = [_turns(rules[store_id], day) for store_id in store.distinct]
    found = []
    for at in np.flatnonzero(long).tolist():
        start, end = (int(time[order[place]]) for place in (at, at + 1))
        over = [turn for turn in turns[store.codes[order[at]]] if start < turn <= end]
        owned = order[slice(*np.searchsorted(ordered, [ordered[at], ordered[at] + 1]))]
        found.append(_Pause(owned, start, end, over[0] if over else None))
    return found


def _turns(rules: Rules, day: date) -> list[int]:
    """When a day may end for a till: at midnight, or when the policy says."""
    turns = {*rules.window(day)}
    for midnight in (day, day + timedelta(days=1)):
        turns |= {*day_window(midnight, rules.time_zone)}
    return sorted(turns)


class _Evidence:
    """What of an export shows that two transactions have the same number."""

    def __init__(self, lines: pa.Table, time: Microseconds, totals: pa.Table) -> None:
        self._numbers = lines["transaction_id"]
        self._time = time
        together = pa.concat_tables([lines.select(_TILL), totals.select(_TILL)])
        till = combined_columns(together, _TILL)
        self._till, self._total_till = till[: lines.num_rows], till[lines.num_rows :]
        self._total_time = times(totals["sold_at"])
        self._order = np.lexsort((time, self._till))
        self._item, self._payment = of_type(lines, "item"), of_type(lines, "tender")
        self._cashier = coded(lines["cashier_id"])

    def shows_two(self, pause: _Pause) -> bool:
        """Whether the lines after a pause are another transaction."""
        time = self._time[pause.owned]
        before = pause.owned[(pause.start - PAUSE <= time) & (time <= pause.start)]
        after = pause.owned[(pause.end <= time) & (time <= pause.end + PAUSE)]
        if self._totals_between(pause) or self._other_cashier(before, after):
            return True
        if pause.turn is None:  # rounds of a tab are paid one by one
            return False
        return bool(self._payment[before].any()) or self._counted_anew(pause, pause.turn)

    def _totals_between(self, pause: _Pause) -> bool:
        """The till wrote its totals: it was closed."""
        own = self._total_till == self._till[pause.owned[0]]
        at = self._total_time[own]
        return bool(((pause.start <= at) & (at <= pause.end)).any())

    def _other_cashier(self, before: Codes, after: Codes) -> bool:
        """Another cashier rings up the articles after it."""
        names = self._cashier.distinct
        own, others = (
            {names[code] for code in self._cashier.codes[at[self._item[at]]].tolist()} - {None}
            for at in (before, after)
        )
        return bool(own and others) and own.isdisjoint(others)

    def _counted_anew(self, pause: _Pause, turn: int) -> bool:
        """The till's numbers lead up to this one again since the day's end, or go on from it.

        A receipt that is only resumed has neither: the till counts on from where it was.
        """
        own = self._number(int(pause.owned[0]))
        if own is None:
            return False
        number = own[1]
        before = self._others(own, self._rung(pause, pause.start, pause.end))
        if not before:
            return False
        line, last = before[-1]
        if last == number - 1:
            return bool(self._time[line] >= turn)
        follows = self._others(own, self._rung(pause, pause.end, pause.end + _FOLLOWS))
        return last > number and bool(follows) and follows[0][1] == number + 1

    def _others(self, own: tuple[str, int], rung: list[int]) -> list[tuple[int, int]]:
        """Lines of other numbers of the same series, each with its number."""
        numbers = ((line, self._number(line)) for line in rung)
        return [(line, n[1]) for line, n in numbers if n and n[0] == own[0] and n[1] != own[1]]

    def _rung(self, pause: _Pause, first: int, last: int) -> list[int]:
        """The till's lines from one time to another, in the order of time."""
        till = self._till[pause.owned[0]]
        own = self._order[slice(*np.searchsorted(self._till, [till, till + 1], sorter=self._order))]
        since, until = np.searchsorted(self._time[own], [first, last])
        found: list[int] = own[since:until].tolist()
        return found

    def _number(self, line: int) -> tuple[str, int] | None:
        """What precedes the last digits of a line's number, and these."""
        parts = _NUMBER.fullmatch(self._numbers[line].as_py())
        return None if parts is None else (parts[1], int(parts[2]))
