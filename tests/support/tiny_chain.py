"""Two stores' day of a dozen alcohol sales, and a stand-in for the scorer, which takes no time.

A frame's bytes decide the age that the stand-in sees in it: a run gives the same bytes each time.
"""

import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from auditor.faces.score import Frame, Score
from auditor.pipeline import Job, score
from auditor.tables import FRAME_SCORES, SNAPSHOT_INDEX, TILL_LINES
from auditor.telemetry import Stopwatch
from tests.support import report_day, samples

DAY = date(2026, 3, 27)
STORES = ("S001", "S002")
SALES = 6  # alcohol sales of each store
BATCH_SIZE = 5


def write(folder: Path, *, challenge_age: int = 25) -> Job:
    """Write exports, index, frames and policy below a folder; the job to audit them."""
    noon = datetime(2026, 3, 27, 12)  # noqa: DTZ001  # the store's own time
    for store_id in STORES:
        lines, frames = [], []
        for number in range(SALES + 1):  # the last without alcohol
            sale = {"store_id": store_id, "transaction_id": f"T{number}"}
            at = (noon + timedelta(minutes=number)).isoformat()
            what = {"category": "wine" if number < SALES else "bread", "sold_at": at}
            lines.append(samples.texts(TILL_LINES, **sale, **what, cashier_id=f"C{number % 2}"))
            path = f"frames/{store_id}-{number}.jpg"
            frames.append(
                samples.texts(
                    SNAPSHOT_INDEX, **sale, snapshot_id=f"F{number}", captured_at=at, path=path
                )
            )
            _put(folder / "snapshots" / path, f"frame {number} of {store_id}".encode())
        lines.append(lines[0] | {"transaction_id": "T9", "quantity": "many"})  # is rejected
        _put(
            folder / f"sales/{DAY}/{store_id}.csv",
            samples.csv_bytes(lines, samples.header(TILL_LINES)),
        )
        _put(
            folder / f"snapshots/index/{DAY}/{store_id}.csv",
            samples.csv_bytes(frames, samples.header(SNAPSHOT_INDEX)),
        )
    policy = (
        "[stores.S001]\n[stores.S002]\n[[policy]]\neffective_from = 2026-01-01\n"
        f"max_rejected_share = 1\ncontrol_sample = 3\nchallenge_age = {challenge_age}\n"
        "[insights]\nenabled = true\nlawful_basis = 'consent'\neffective_from = 2026-01-01\n"
        "baskets = 'all'\n"
    )
    _put(folder / "policy.toml", policy.encode())
    return Job(
        day=DAY,
        sales=str(folder / "sales"),
        snapshots=str(folder / "snapshots"),
        out=str(folder / "out"),
        policy=str(folder / "policy.toml"),
        batch_size=BATCH_SIZE,
    )


def bytes_below(out: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too, by its path."""
    found = (path for path in sorted(out.rglob("*")) if path.is_file())
    return {str(path.relative_to(out)): path.read_bytes() for path in found}


class StandIn:
    """Scores frames that are no pictures."""

    def __init__(self) -> None:
        self.watch = Stopwatch()

    def score(self, frames: Iterable[Frame]) -> Iterator[Score]:
        """One score a frame; the age follows from the frame's bytes."""
        for frame in frames:
            assert frame.content is not None
            drawn = zlib.crc32(frame.content)
            estimated = report_day.estimate(16 + drawn % 200 / 10, drawn % 97 / 97, drawn % 89 / 89)
            row: dict[str, Any] = {k: v for k, v in estimated.items() if k in FRAME_SCORES.names}
            row |= {"frame": frame.number}
            row |= {"snapshot_sha256": hashlib.sha256(frame.content).hexdigest()}
            groups = len(frame.group_starts) + 1
            row |= {"groups": [1 / groups] * groups} if frame.group_starts else {}
            yield Score(row, np.full((8, 8, 3), drawn % 256, np.uint8))


def stand_in(setattr_: Callable[[Any, str, Any], None], scorer: StandIn | None = None) -> None:
    """Let the pipeline of this process score with the stand-in."""
    setattr_(score, "load_scorer", lambda _rules: scorer or StandIn())


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
