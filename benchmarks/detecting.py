"""What finding faces is spent on: each network's time, and its share of what a core can multiply.

    python -m benchmarks.detecting CHAIN [--frames 128]

On one core, frames of a demo chain (``auditor demo CHAIN``) in batches of 32. A network's patches
are filled up to a call of fixed size; what is multiplied for nothing counts as multiplied.
"""

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from auditor.faces import detector
from auditor.faces.detector import Detector
from auditor.faces.engines import mtcnn
from auditor.faces.engines import mtcnn_networks as networks
from auditor.faces.engines.mtcnn import FINISHED_BOXES, REFINED_BOXES, ROWS
from auditor.faces.frames import Picture
from benchmarks import machine
from benchmarks.line import readable_frames

_BATCH, _REPEATS = 32, 5
_PASSES = (
    (detector._COARSE_SIDE, detector._COARSE_FACE),  # noqa: SLF001  # the stages of the line
    (detector._FINE_SIDE, detector._FINE_FACE),  # noqa: SLF001
)


@dataclass
class _Timed:
    """A part of finding faces, and the time that was spent in it."""

    call: Any
    multiply_adds: int = 0  # of a call
    calls: int = 0
    seconds: float = 0.0

    def __call__(self, *given: Any, **options: Any) -> Any:
        start = time.perf_counter()
        found = self.call(*given, **options)
        self.seconds += time.perf_counter() - start
        self.calls += 1
        return found


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("chain", type=Path)
    parser.add_argument("--frames", type=int, default=128)
    given = parser.parse_args()
    pictures = [Picture.read(f.read_bytes()) for f in readable_frames(given.chain)[: given.frames]]
    found = Detector()
    found.detect(pictures[:_BATCH])
    parts = _watched(found)
    took: list[float] = []
    rows: dict[str, list[float]] = {}
    for _ in range(_REPEATS):
        for part in (each for several in parts.values() for each in several):
            part.seconds = part.calls = 0
        start = time.perf_counter()
        for at in range(0, len(pictures), _BATCH):
            found.detect(pictures[at : at + _BATCH])
        took.append(1e3 * (time.perf_counter() - start) / len(pictures))
        for name, several in parts.items():
            each = 1e3 * sum(part.seconds for part in several) / len(pictures)
            rows.setdefault(name, []).append(each)
    peak = machine.peaks(1)["float32"]
    print(f"A core multiplies {peak / 1e9:.0f} thousand million a second in float32.\n")
    print("| one core | ms a frame | million multiply-adds a frame | share of the core's limit |")
    print("|---|---|---|---|")
    whole = statistics.median(took)
    for name, several in parts.items():
        each = statistics.median(rows[name])
        work = sum(part.multiply_adds * part.calls for part in several) / len(pictures)
        share = f"{work / (each / 1e3) / peak:.0%}" if work else "-"
        print(f"| {name} | {each:.2f} | {work / 1e6:.0f} | {share} |")
        whole -= each
    print(f"| the rest | {whole:.2f} | | |")
    print(f"| **all** | {statistics.median(took):.2f} ({min(took):.2f} to {max(took):.2f}) | | |")


def _watched(found: Detector) -> dict[str, Sequence[_Timed]]:
    """Put watches into a detector that has been used."""
    watches: dict[str, list[_Timed]] = {}
    for side, smallest in _PASSES:
        stages: Any = found._cascade._stages(side, smallest)  # type: ignore[attr-defined]  # noqa: SLF001
        for name, attribute, rows, network in (
            ("P-Net", "_propose", ROWS, networks.proposals(side, smallest, ROWS)),
            ("R-Net", "_refine", REFINED_BOXES, networks.refinement(side, ROWS, REFINED_BOXES)),
            ("O-Net", "_finish", FINISHED_BOXES, networks.landmarks(side, ROWS, FINISHED_BOXES)),
        ):
            watch = _Timed(getattr(stages, attribute), rows * machine.multiply_adds(network))
            setattr(stages, attribute, watch)
            watches.setdefault(f"{name}, {side} px", []).append(watch)
    resize, distinct = _Timed(cv2.resize), _Timed(mtcnn.distinct)
    cv2.resize, mtcnn.distinct = resize, distinct
    return {**watches, "resizing": [resize], "choosing among boxes": [distinct]}


if __name__ == "__main__":
    main()
