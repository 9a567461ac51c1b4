"""The frames of one sale: the one that shows the buyer best is judged, by what all of them show."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from auditor.faces.score import Score

_ESTIMATE = ("age", "age_low", "age_high")


def bursts(scores: Iterable[Score]) -> Iterator[Iterator[Score]]:
    """The scores of each sale's frames, which have one number and come one after another."""
    return (burst for _, burst in groupby(scores, key=lambda score: score.row["frame"]))


def best(burst: Iterable[Score]) -> Score:
    """The score of the frame that shows the buyer best.

    One with an age goes before one without; then the better face (quality.py) counts, and of equals
    the first. If none has an age, it is the first, with its reason.

    Args:
        burst: the scores of a sale's frames, at least one, the nearest frame first.

    Returns:
        The score, whose row says which of several frames it is of, and what all of them show.
    """
    scores = list(burst)
    ranks = [("reason" not in score.row, score.quality) for score in scores]
    place = ranks.index(max(ranks))
    chosen = scores[place]
    if len(scores) == 1:
        return chosen
    seen = [
        {"sha256": score.row.get("snapshot_sha256")} | {n: score.row.get(n) for n in _ESTIMATE}
        for score in scores
    ]
    return replace(chosen, row=chosen.row | {"chosen": place, "seen": seen})
