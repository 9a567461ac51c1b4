"""Which of a till's transactions each frame of its camera belongs to: the only one that it can."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from auditor.clock.local_time import Flags
from auditor.sales.clocks import (
    BURST,
    REACH,
    Clock,
    Seconds,
    by_names,
    by_pattern,
    nearest,
)
from auditor.sales.codes import spans

Places = npt.NDArray[np.int64]

#: Stands for no transaction.
NONE = -1

# How far a frame may be from its sale by its camera's clock, and how much further any other sale
# has to be, in standard deviations; a second for the times' rounding comes on top. Of normal
# deviations one in 16,000 is beyond the first; the second is 270,000 times less likely.
_OWN, _OTHERS, _ROUNDING = 4.0, 5.0, 1.0
# A frame further than that, within the tolerance, is delayed by who knows what: the next sale has
# to be so many times as far.
_DELAYED = 3.0
# Where several offsets are possible, a frame is so far from one of them at most, in windows.
_POSSIBLE = 4.0
# Of so many bursts around one, that share may be further from any sale than frames usually are.
_AROUND, _ASTRAY = 31, 0.2
_AT_A_TIME = 1000  # bursts, each with all the sales of two hours


@dataclass(frozen=True)
class CameraDay:
    """The frames of a camera and the transactions of its till, each in the order of time, seconds.

    ``target`` is the place of the transaction that each frame names, or NONE; ``unnamed`` are the
    frames that name none at all.
    """

    captured: Seconds
    started: Seconds
    sold: Seconds
    target: Places
    unnamed: Flags


@dataclass(frozen=True)
class Claims:
    """What belongs together, and what may.

    Attributes:
        clock: the camera's.
        owner: of each frame, the place of its transaction or NONE.
        away: of each frame with an owner, how far from it by the camera's clock, seconds.
        ambiguous: which frames may be of several transactions.
        contradicting: which frames name a transaction at another time.
        doubtful: which transactions an ambiguous frame may be of.
    """

    clock: Clock
    owner: Places
    away: Seconds
    ambiguous: Flags
    contradicting: Flags
    doubtful: Flags

    @classmethod
    def none(cls, clock: Clock, frames: int, sales: int) -> Self:
        """No frame belongs to any transaction."""
        return cls(
            clock=clock,
            owner=np.full(frames, NONE, np.int64),
            away=np.zeros(frames),
            ambiguous=np.zeros(frames, np.bool_),
            contradicting=np.zeros(frames, np.bool_),
            doubtful=np.zeros(sales, np.bool_),
        )


def claim(day: CameraDay, tolerance: float) -> Claims:
    """Find the transaction of each frame; ``tolerance`` is the policy's, seconds."""
    clock = _clock(day, tolerance)
    claims = Claims.none(clock, len(day.captured), len(day.sold))
    if not len(day.sold):
        return claims
    at = clock.corrected(day.captured)
    _by_name(day, at, tolerance, claims)
    if day.unnamed.any():
        _by_time(day, at, tolerance, claims)
    return claims


def _clock(day: CameraDay, tolerance: float) -> Clock:
    naming = day.target != NONE
    named, first = np.unique(day.target[naming], return_index=True)
    captured = day.captured[naming][first]
    clock = by_names(captured - day.sold[named], captured, tolerance)
    if clock is not None:
        return clock
    if not day.unnamed.any():
        return Clock("unknown", 0)
    usable = day.captured[day.unnamed | naming]
    return by_pattern(usable[_begins(usable)], day.started, day.sold, tolerance)


def _begins(captured: Seconds) -> Flags:
    """Which frames begin a burst."""
    flags: Flags = np.diff(captured, prepend=-np.inf) > BURST
    return flags


def _by_name(day: CameraDay, at: Seconds, tolerance: float, claims: Claims) -> None:
    """Give each frame the transaction that it names, unless the time says otherwise."""
    naming = np.flatnonzero(day.target != NONE)
    target, when = day.target[naming], at[naming]
    outside = np.maximum(np.maximum(day.started[target] - when, when - day.sold[target]), 0)
    contradicts = outside > tolerance
    if not claims.clock.is_known:
        after = np.searchsorted(day.sold, when)
        beside = np.clip(np.stack([after - 1, after]), 0, len(day.sold) - 1)
        contradicts &= (np.abs(day.sold[beside] - when) < outside).any(axis=0)
    claims.contradicting[naming[contradicts]] = True
    kept = naming[~contradicts]
    claims.owner[kept] = day.target[kept]
    claims.away[kept] = outside[~contradicts]


def _by_time(day: CameraDay, at: Seconds, tolerance: float, claims: Claims) -> None:
    """Give each burst with unnamed frames the only transaction that it can be of."""
    usable = np.flatnonzero(day.unnamed | (claims.owner != NONE))
    burst_of = np.cumsum(_begins(day.captured[usable])) - 1
    is_unnamed = day.unnamed[usable]
    bursts = np.unique(burst_of[is_unnamed])
    starts, ends = (np.searchsorted(burst_of, bursts, side) for side in ("left", "right"))
    begin, end = at[usable[starts]], at[usable[ends - 1]]
    # A burst whose frames name a transaction may be of that one, too.
    named = np.flatnonzero(~is_unnamed & np.isin(burst_of, bursts))
    naming = np.searchsorted(bursts, burst_of[named]), claims.owner[usable[named]]
    candidates = _Candidates(day, claims.clock)
    own = np.full(len(bursts), NONE, np.int64)
    for some in np.array_split(np.arange(len(bursts)), -(-len(bursts) // _AT_A_TIME)):
        burst, sale = candidates.of(begin[some], end[some])
        here = np.isin(naming[0], some)
        burst, sale = (np.append(some[burst], naming[0][here]), np.append(sale, naming[1][here]))
        burst, sale = np.divmod(np.unique(burst * len(day.sold) + sale), len(day.sold))
        several = np.bincount(burst, minlength=len(bursts)) > 1
        claims.doubtful[sale[several[burst]]] = True
        claims.ambiguous[usable[is_unnamed & np.isin(burst_of, bursts[several])]] = True
        only = ~several[burst]
        own[burst[only]] = sale[only]
    away = np.where(own == NONE, np.inf, np.abs(begin - candidates.taken[own]))
    by_name = np.isin(np.arange(len(bursts)), naming[0])
    own[(away > tolerance) & ~by_name] = NONE
    if claims.clock.is_known:
        contested = _contested(own, away, candidates.own)
        contested |= _astray(candidates.away(begin) > candidates.own)
        contested &= ~by_name
        claims.doubtful[own[contested]] = True
        claims.ambiguous[usable[is_unnamed & np.isin(burst_of, bursts[contested])]] = True
        own[contested] = NONE
    owner = np.append(own, NONE)[_places(bursts, burst_of)]
    given = usable[is_unnamed & (owner != NONE)]
    claims.owner[given] = owner[is_unnamed & (owner != NONE)]
    claims.away[given] = np.abs(at[given] - candidates.taken[claims.owner[given]])


def _places(known: Places, sought: Places) -> Places:
    """The place of each of some numbers among those that are known, in order; -1 without one."""
    places = np.minimum(np.searchsorted(known, sought), max(len(known) - 1, 0))
    found: Places = np.where(np.isin(sought, known), places, -1)
    return found


def _astray(away: Flags) -> Flags:
    """Which bursts, in order, have too many among those around them that have no sale at theirs.

    There the clock is not what it is on the rest of the day: somebody has set it.
    """
    around = np.ones(min(_AROUND, len(away)))
    share = np.convolve(away, around, "same") / np.convolve(np.ones(len(away)), around, "same")
    flags: Flags = share > _ASTRAY
    return flags


def _contested(own: Places, away: Seconds, near: float) -> Flags:
    """Which bursts have the same transaction as another one that is as much at its time."""
    has_own = own != NONE
    is_near = has_own & (away <= near)
    count = int(own.max(initial=NONE)) + 1
    bursts, nearby = (np.bincount(own[of], minlength=count) for of in (has_own, is_near))
    flags = np.zeros(len(own), np.bool_)
    flags[has_own] = (bursts[own[has_own]] > 1) & ~(is_near[has_own] & (nearby[own[has_own]] == 1))
    return flags


class _Candidates:
    """The transactions that bursts may be of.

    Attributes:
        taken: when a frame of each transaction is taken, by the till's clock.
        own: how far from it a frame is at most, unless it is delayed; seconds.
    """

    def __init__(self, day: CameraDay, clock: Clock) -> None:
        self.taken = day.started if clock.by_start else day.sold
        self.own = _OWN * clock.spread + _ROUNDING
        self._clock, self._times = clock, (day.sold, day.started)

    def of(self, begin: Seconds, end: Seconds) -> tuple[Places, Places]:
        """Pairs of bursts, by when they begin and end, and the transactions that they may be of."""
        if self._clock.is_known:
            return self._by_clock(begin, end)
        around = _POSSIBLE * self._clock.spread + _ROUNDING
        found = [(np.empty(0, np.int64),) * 2]
        for times, possible in zip(self._times, self._clock.possible, strict=False):
            burst, sale = _within(times, begin - REACH - around, end + REACH + around)
            # From the smallest to the largest offset that the burst would have of the transaction.
            sums = np.append(0, np.cumsum(possible))
            low = np.floor(begin[burst] - times[sale] - around).astype(np.int64) + REACH
            high = np.ceil(end[burst] - times[sale] + around).astype(np.int64) + REACH + 1
            low, high = (np.clip(limit, 0, len(possible)) for limit in (low, high))
            holds = sums[high] > sums[low]
            found.append((burst[holds], sale[holds]))
        burst, sale = (np.concatenate(side) for side in zip(*found, strict=True))
        return burst, sale

    def away(self, begin: Seconds) -> Seconds:
        """How far bursts are from the nearest time at which a frame is taken."""
        ordered = np.sort(self.taken)
        return np.abs(ordered[nearest(ordered, begin)] - begin)

    def _by_clock(self, begin: Seconds, end: Seconds) -> tuple[Places, Places]:
        away = self.away(begin)
        delay = np.maximum(away - self.own, 0)
        apart = away + _OTHERS * self._clock.spread + _ROUNDING + (_DELAYED - 1) * delay
        return _within(self.taken, begin - apart, end + apart)


def _within(times: Seconds, low: Seconds, high: Seconds) -> tuple[Places, Places]:
    """Pairs of spans of time, by their numbers, and the times in them, by their places."""
    order = np.argsort(times, kind="stable")
    first = np.searchsorted(times[order], low)
    last = np.searchsorted(times[order], high, side="right")
    return np.repeat(np.arange(len(low)), last - first), order[spans(first, last)]
