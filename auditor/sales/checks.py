"""The ID check of a transaction: a till asks once for all that is bought, on whichever line."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import SECOND, Flags, Microseconds
from auditor.policy import Rules
from auditor.sales.alcohol import Alcohol
from auditor.sales.claims import NONE
from auditor.sales.codes import Codes, coded
from auditor.sales.line_types import of_type
from auditor.sales.matching import times
from auditor.sales.store_rules import of_stores
from auditor.sales.transactions import Transactions
from auditor.tables import ID_CHECKS, NO_CHECK

#: Mark of a sale with an ID check on record that was made at another time.
CHECK_OUT_OF_TIME = "check_out_of_time"

_NO_DAY = int(np.iinfo(np.int32).min)
_REFUSED = ID_CHECKS.index("refused")
#: Strengths of what says that nothing was checked, or nothing at all; a larger number is weaker.
_NONE, _NOT_RECORDED = map(ID_CHECKS.index, NO_CHECK)
_LATEST = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Checks:
    """The ID check of each transaction that has alcohol in it; without meaning for the others.

    Attributes:
        birth_date: the latest that a line records.
        state: its place in ID_CHECKS.
        line: the line that records it.
        mixed: whether the lines record different checks, or a refusal beside a sale.
        out_of_time: whether a check is recorded at another time than the transaction's, which
            does not count.
    """

    birth_date: pa.Array
    state: Codes
    line: Codes
    mixed: Flags
    out_of_time: Flags

    def columns(self, lines: pa.Table, at: Codes) -> dict[str, pa.ChunkedArray | pa.Array]:
        """The columns of SALES about the check of the transactions ``at`` some positions.

        ``lines`` are the TILL_LINES that the checks were found in.
        """
        line = pa.array(self.line[at], mask=self.line[at] == NONE)
        return {
            "id_check": pa.array(ID_CHECKS).take(pa.array(self.state[at])),
            **{name: lines[name].take(line) for name in ("id_check_at", "id_check_by")},
            "birth_date": self.birth_date.take(pa.array(at)),
        }


def find_checks(divided: Transactions, alcohol: Alcohol, rules: Mapping[str, Rules]) -> Checks:
    """Find the ID check of each transaction.

    A check on any line counts for the alcohol in the transaction, if it was made at the time of the
    transaction by the rules of the store: ``check_before_minutes`` before its first article at the
    earliest, ``check_after_minutes`` after its end at the latest. The strongest counts. A check
    that was cancelled, a line of its own of the type ``void``, counts for nothing, as does one
    that may be another customer's, where a transaction may be two. That an
    article was not checked, or was refused, says something of that article only: an alcoholic one
    without a check leaves the check of another line standing, and bread adds nothing.
    """
    lines, articles = divided.lines, alcohol.articles
    owner, count, size = articles.owner, len(divided.starts), divided.lines.num_rows
    check = coded(lines["id_check"])
    strength = np.array([ID_CHECKS.index(c) for c in check.distinct], np.int64)[check.codes]
    void = of_type(lines, "void")
    cancelled = void & (articles.price == 0)
    strength[cancelled] = _NOT_RECORDED
    states_a_check = ~np.isin(strength, (_NONE, _NOT_RECORDED, _REFUSED))
    in_time = _in_time(divided, alcohol, rules)
    counts = states_a_check & in_time
    late = states_a_check & ~in_time
    borrowed, elsewhere = _of_another(divided, alcohol, np.where(counts, strength, _LATEST))
    counts &= ~borrowed

    # A sale's lines that state no check in time say so; of a refused one, the refusals do.
    refused_sale = alcohol.refused[owner]
    says_none = alcohol.lines & ~articles.refused & ~refused_sale & ~counts
    rank = np.where(counts & ~refused_sale, strength, len(ID_CHECKS))
    rank = np.where(says_none, np.where(late | borrowed, _NONE, strength), rank)
    refusing = (alcohol.lines & articles.refused) | articles.refusal
    rank = np.where(refused_sale & refusing, _REFUSED, rank)
    place = np.arange(size)
    # Where only a check at another time is on record, that one is shown, as none.
    best = _least(divided, rank * (size + 1) + place)
    state, line = best // (size + 1), best % (size + 1)
    refusals = np.zeros(count, np.bool_)
    refusals[owner[strength == _REFUSED]] = True
    out_of_time = np.zeros(count, np.bool_)
    out_of_time[owner[late]] = True
    out_of_time &= ~alcohol.refused
    # A till that records refusals or checks keeps a record, and records none of this sale.
    unknown = state == _NOT_RECORDED
    state = np.where(unknown & (refusals | out_of_time), _NONE, state)
    nothing = out_of_time & (state == _NONE)
    shown = _least(divided, np.where(late, strength * (size + 1) + place, _LATEST))
    line = np.where(nothing, shown % (size + 1), line)

    strongest = _least(divided, np.where(counts, strength, _LATEST))
    weakest = -_least(divided, np.where(counts, -strength, _LATEST))
    several = (strongest != _LATEST) & (strongest != weakest)
    known = state < len(ID_CHECKS)
    return Checks(
        birth_date=_latest_birth_date(divided, ~(cancelled | late | elsewhere), void),
        state=np.where(known, state, _NOT_RECORDED),
        line=np.where(known, line, NONE),
        mixed=(several | refusals) & ~alcohol.refused,
        out_of_time=out_of_time,
    )


def _of_another(divided: Transactions, alcohol: Alcohol, strength: Codes) -> tuple[Flags, Flags]:
    """Of transactions that may be two: which checks, and which lines, may be another customer's.

    Each part with alcohol needs a check of its own: one that is stronger than the weakest part's
    counts for that part only. A part without alcohol says nothing of the others.

    Args:
        divided: the transactions.
        alcohol: the alcohol of them.
        strength: of each line's check; ``_LATEST`` where it has none that counts.
    """
    if not divided.part.any():
        nothing = np.zeros(divided.lines.num_rows, np.bool_)
        return nothing, nothing
    parts = int(divided.part.max()) + 1
    cell = divided.owner * parts + divided.part
    has_alcohol = np.zeros(len(divided.starts) * parts, np.bool_)
    has_alcohol[cell[alcohol.lines]] = True
    strongest = np.full(len(has_alcohol), _LATEST)
    np.minimum.at(strongest, cell, strength)
    weakest = np.where(has_alcohol, strongest, -1).reshape(-1, parts).max(axis=1)
    doubtful = divided.in_parts[divided.owner]
    elsewhere = doubtful & ~has_alcohol[cell]
    borrowed = doubtful & (elsewhere | (strength < weakest[divided.owner]))
    return borrowed & (strength != _LATEST), elsewhere


def _latest_birth_date(divided: Transactions, counts: Flags, void: Flags) -> pa.Array:
    """The latest birth date that the lines that count record, of each transaction.

    A till asks once for all that a customer buys: a birth date keyed for tobacco is the buyer's.
    That of a cancelled article is taken only where no other is recorded: it may be a slip that was
    put right.
    """
    days = pc.fill_null(divided.lines["birth_date"].cast(pa.int32()), _NO_DAY).to_numpy()
    latest, of_void = (
        -_least(divided, np.where(which, -days.astype(np.int64), -_NO_DAY))
        for which in (counts & ~void, counts & void)
    )
    latest = np.where(latest == _NO_DAY, of_void, latest)
    return pa.array(latest, mask=latest == _NO_DAY).cast(pa.int32()).cast(pa.date32())


def _in_time(divided: Transactions, alcohol: Alcohol, rules: Mapping[str, Rules]) -> Flags:
    """Whether the check of each line would be made at the time of its transaction."""
    lines, articles = divided.lines, alcohol.articles
    owner, count = articles.owner, len(divided.starts)
    sold_at = times(lines["sold_at"])
    checked_at = times(pc.coalesce(lines["id_check_at"], lines["sold_at"]))
    # A line that only carries a check may itself be hours away: it is not where the sale begins.
    bounds = ~articles.only_check
    has_bounds = np.zeros(count, np.bool_)
    has_bounds[owner[bounds]] = True
    bounds |= ~has_bounds[owner]
    first = _least(divided, np.where(bounds, sold_at, _LATEST))
    last = -_least(divided, np.where(bounds, -sold_at, _LATEST))
    before = of_stores(lines, lambda s: _minutes(rules[s].check_before_minutes))
    after = of_stores(lines, lambda s: _minutes(rules[s].check_after_minutes))
    earliest: Microseconds = first[owner] - before
    latest: Microseconds = last[owner] + after
    return (earliest <= checked_at) & (checked_at <= latest)


def _minutes(minutes: float) -> int:
    return round(minutes * 60 * SECOND)


def _least(divided: Transactions, values: Codes) -> Codes:
    """The least value of the lines of each transaction."""
    if not len(divided.starts):
        return np.empty(0, np.int64)
    least: Codes = np.minimum.reduceat(values, divided.starts)
    return least
