"""Estimates for pictures that belong to no sale, to try the model or to examine a case."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from auditor.faces.score import Frame, load_scorer
from auditor.policy import ChainRules, Rules


def estimate(
    pictures: Sequence[Path],
    *,
    legal_age: int,
    challenge_age: int,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[dict[str, Any]]:
    """Estimate the age of the buyer in each picture, as the audit would.

    A file that holds no picture gets a reason instead of an estimate. Ages are in years.
    ``progress`` is called after each picture with the number done so far, and of all pictures.

    Yields:
        A row of tables.FRAME_SCORES a picture, in order.
    """
    rules = Rules(legal_age=legal_age, challenge_age=challenge_age)
    scorer = load_scorer(ChainRules())
    frames = (_picture(number, path, rules) for number, path in enumerate(pictures))
    for done, score in enumerate(scorer.score(frames), start=1):
        if progress:
            progress(done, len(pictures))
        yield score.row


def _picture(number: int, path: Path, rules: Rules) -> Frame:
    try:
        return Frame(number, rules, path.read_bytes())
    except OSError as error:
        return Frame(number, rules, None, detail=f"{type(error).__name__}: {error.strerror}")
