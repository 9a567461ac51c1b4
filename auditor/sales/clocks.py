"""How far a camera's clock is from its till's, from one day of both.

Frames that name their transaction say it themselves. Otherwise the pattern does: at the right
offset nearly every frame has a sale beside it, at any other only as many as chance puts there. An
offset is judged by the likelihood of the frames' times if each is, with probability 1 -
``_NOBODYS``, within some seconds of one of the sales, and anywhere otherwise. All offsets that are
not far less likely than the best one stay possible. Of sales in a regular rhythm several do, a
period apart; only the names of frames can tell these apart.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from auditor.clock.local_time import Flags
from auditor.sales.codes import spans

Seconds = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

#: A camera's clock is looked for so far from its till's, seconds: an hour of summer time, and some.
REACH = 3900
#: Frames of one camera no further apart than so many seconds are one burst, of one buyer.
BURST = 5.0

_WINDOWS = (1, 2, 4, 8, 16)  # seconds between a frame and its sale, at most, once corrected
_NOBODYS = 0.05  # share of the frames that may be of no sale
# Of the logarithm of the likelihood: offsets that fall short of the best by more are ruled out.
_RULED_OUT = 12.0
# Likewise, what an offset within the policy's tolerance has over any other. If seven of ten cameras
# were within 30 s, and the others anywhere within the reach, it would be 5.7.
_EXPECTED = 5.0
_LEAST_NAMED = 3  # frames that name their sale and agree
_LEAST_BURSTS = 2  # of the pattern: one has a sale beside it at many offsets
_DRIFT = 4.0  # seconds an hour by which a clock may gain or lose, at the most
_PARTS = 12  # of a day, of equally many frames: within one, a clock does not drift
_MOST_BURSTS = 400  # that the pattern is searched with; more make it no surer
_SPREAD = 0.5  # seconds of the times' rounding: no clock is known better


@dataclass(frozen=True, slots=True)
class Clock:
    """What is known of a camera's clock. Times are seconds on the camera's and the till's clock.

    Attributes:
        basis: what it was found by; ``unknown`` if several offsets are possible.
        by_start: whether frames are taken at the start of a sale, and not at its end.
        bursts: of frames that it rests on.
        offset: of the camera's clock, less the till's, at ``at``; seconds.
        drift: by which the offset grows, seconds a second.
        spread: standard deviation of what is left; where unknown, the most that is; seconds.
        possible: where unknown, which offsets of -REACH to REACH are, by the ends of sales, and by
            their starts if these are other times.
    """

    basis: Literal["named", "pattern", "unknown"]
    bursts: int
    by_start: bool = False
    offset: float = 0.0
    drift: float = 0.0
    at: float = 0.0
    spread: float = 0.0
    possible: tuple[Flags, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether there is one offset that all others fall far behind."""
        return self.basis != "unknown"

    def corrected(self, captured: Seconds) -> Seconds:
        """The times of frames by the till's clock."""
        return captured - self.offset - self.drift * (captured - self.at)


def by_names(away: Seconds, captured: Seconds, tolerance: float) -> Clock | None:
    """The clock by frames that name their sales; None if too few agree.

    Args:
        away: each frame's time less its sale's, seconds; a frame a sale.
        captured: the times of the frames.
        tolerance: by how much they may differ, seconds.
    """
    if len(away) < _LEAST_NAMED:
        return None
    agree = np.abs(away - np.median(away)) <= tolerance
    if agree.sum() < max(_LEAST_NAMED, len(away) / 2):
        return None
    return _fitted("named", captured[agree], away[agree], by_start=False)


def by_pattern(bursts: Seconds, started: Seconds, sold: Seconds, tolerance: float) -> Clock:
    """The clock by the pattern of bursts of frames against a till's transactions.

    Args:
        bursts: when each begins, sorted.
        started: when each transaction of the till begins, in the order of ``sold``.
        sold: when each ends, sorted.
        tolerance: within which offsets are expected, seconds.
    """
    count = len(bursts)
    some = bursts[:: max(1, -(-count // _MOST_BURSTS))]
    unknown = Clock("unknown", count)
    if not len(some) or not len(sold):
        return unknown
    anchors = [sold] if (started == sold).all() else [sold, np.sort(started)]
    found = [_Search(some, times, tolerance) for times in anchors]
    best = max(found, key=lambda search: search.best)
    least = best.best - _RULED_OUT
    alike = [search for search in found if search.best >= least]
    # Sales that all last equally long are told as well by their starts as by their ends.
    lasts = float(np.median(sold - started))
    told_by = [search.offset + lasts * (search is not found[0]) for search in alike]
    several = any(search.differ(least) for search in alike) or best.bursts < _LEAST_BURSTS
    if several or np.ptp(told_by) > sum(search.window for search in alike):
        possible = tuple(search.possible(least) for search in found)
        return Clock("unknown", count, spread=best.window, possible=possible)
    times = anchors[found.index(best)]
    corrected = bursts - best.offset - best.drift * (bursts - best.at)
    away = corrected - times[nearest(times, corrected)]
    near = np.abs(away) <= 2 * best.window + 1
    return _fitted(
        "pattern",
        bursts[near],
        (bursts - times[nearest(times, corrected)])[near],
        by_start=best is not found[0],
    )


def nearest(times: Seconds, at: Seconds) -> Counts:
    """The place of the nearest of some sorted times."""
    after = np.clip(np.searchsorted(times, at), 1, max(len(times) - 1, 1))
    before = after - 1
    after = np.minimum(after, len(times) - 1)
    places: Counts = np.where(at - times[before] <= times[after] - at, before, after)
    return places


def _fitted(
    basis: Literal["named", "pattern"], captured: Seconds, away: Seconds, *, by_start: bool
) -> Clock:
    """The clock whose offset is the median; it drifts by the median slope of parts of the day."""
    at, drift = float(np.median(captured)), 0.0
    parts = [part for part in np.array_split(np.argsort(captured), _PARTS) if len(part) >= 3]
    if len(parts) >= 3:
        time, middle = (np.array([np.median(v[p]) for p in parts]) for v in (captured, away))
        one, other = np.triu_indices(len(parts), 1)
        apart = time[other] - time[one]
        slopes = (middle[other] - middle[one])[apart > 0] / apart[apart > 0]
        drift = float(np.median(slopes)) if len(slopes) else 0.0
    left = away - drift * (captured - at)
    offset = float(np.median(left))
    # Not the median deviation itself, which of times in whole seconds is a whole number.
    usual = 1.4826 * float(np.median(np.abs(left - offset)))  # of a normal distribution
    inner = left[np.abs(left - offset) <= 4 * max(usual, _SPREAD)] - offset
    deviation = float(np.sqrt(np.mean(inner**2)))
    spread = max(deviation, _SPREAD) * (1 + 2 / np.sqrt(len(away)))  # few may agree by chance
    return Clock(
        basis, len(away), by_start=by_start, offset=offset, drift=drift, at=at, spread=float(spread)
    )


class _Search:
    """The likelihood of each offset and drift, for times of sales that frames are taken at.

    Attributes:
        best: the largest logarithm of the likelihood, with what is expected.
        offset, drift, window: where it is; seconds, seconds a second, seconds.
        bursts: which have a sale beside them there.
        at: the time at which the offset holds.
    """

    def __init__(self, bursts: Seconds, times: Seconds, tolerance: float) -> None:
        parts = np.array_split(bursts, min(_PARTS, len(bursts)))
        centres = np.array([part.mean() for part in parts])
        self.at = float(centres.mean())
        half = max(float(np.abs(centres - self.at).max()), 1.0)
        most = min(int(_DRIFT / 3600 * half), REACH)
        # Drifts by what they move the ends of the day, in whole seconds.
        ends = np.arange(-most, most + 1, 2) if most > 1 else np.zeros(1)
        self._drifts = ends / half
        self._shifts = np.rint(np.outer(self._drifts, centres - self.at)).astype(np.int64)
        pad = int(np.abs(self._shifts).max())
        span = 2 * REACH + 1
        apart = np.diff(np.unique(times))
        typical = float(np.median(apart)) if len(apart) else 2.0 * REACH
        expected = np.where(
            np.abs(np.arange(-REACH, REACH + 1)) <= tolerance, _EXPECTED, 0.0
        ).astype(np.float32)
        explains = np.zeros((len(ends), span), np.int16)
        self._levels = np.full((len(ends), span), -np.inf, np.float32)
        self._windows = np.zeros((len(ends), span), np.int16)
        for window in _WINDOWS:
            explained = _explained(parts, times, window, REACH + pad)
            total = np.zeros((len(ends), span), np.int16)
            for row, shifts in enumerate(self._shifts):
                for part, shift in zip(explained, shifts + pad, strict=True):
                    total[row] += part[shift : shift + span]
            beside = float(np.log(_NOBODYS + (1 - _NOBODYS) * typical / (2 * window)))
            # No more bursts than sales are explained.
            total = np.minimum(total, len(times))
            level = total.astype(np.float32) * (beside - float(np.log(_NOBODYS))) + expected
            better = level > self._levels
            self._levels[better], self._windows[better] = level[better], window
            explains[better] = total[better]
        row, column = divmod(int(self._levels.argmax()), span)
        self.best = float(self._levels[row, column])
        self.offset, self.drift = float(column - REACH), float(self._drifts[row])
        self.window, self.bursts = int(self._windows[row, column]), int(explains[row, column])

    def differ(self, least: float) -> bool:
        """Whether an offset reaches a level that the window around the best one does not touch."""
        row, column = np.nonzero(self._levels >= least)
        apart = np.abs(column - REACH - self.offset)
        return bool((apart > self._windows[row, column] + self.window).any())

    def possible(self, least: float) -> Flags:
        """The offsets that reach a level in any part of the day."""
        found = np.zeros(self._levels.shape[1], np.bool_)
        for row, shifts in enumerate(self._shifts):
            at = np.flatnonzero(self._levels[row] >= least)
            for shift in np.unique(shifts):
                found[np.clip(at + shift, 0, len(found) - 1)] = True
        return found


def _explained(
    parts: list[Seconds], times: Seconds, window: int, reach: int
) -> npt.NDArray[np.int16]:
    """How many bursts of each part have a sale within the window, at each offset within reach."""
    bursts = np.concatenate(parts)
    part_of = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    first = np.searchsorted(times, bursts - reach - window)
    last = np.searchsorted(times, bursts + reach + window, side="right")
    burst, sale = np.repeat(np.arange(len(bursts)), last - first), spans(first, last)
    away = bursts[burst] - times[sale]  # falling, within a burst
    low = np.maximum(np.ceil(away - window), -reach).astype(np.int64) + reach
    high = np.minimum(np.floor(away + window), reach).astype(np.int64) + reach
    # A burst counts once, however many sales are near.
    follows = np.flatnonzero(np.diff(burst) == 0) + 1
    high[follows] = np.minimum(high[follows], low[follows - 1] - 1)
    kept = low <= high
    width = 2 * reach + 2
    row = part_of[burst[kept]] * width
    size = len(parts) * width
    begins, ends = (
        np.bincount(row + at, minlength=size)[:size] for at in (low[kept], high[kept] + 1)
    )
    steps = (begins - ends).astype(np.int16).reshape(-1, width)
    return np.asarray(np.cumsum(steps, axis=1, dtype=np.int16)[:, :-1])
