"""What finding faces is spent on: each network's time, and its share of what a core can multiply.

    python -m benchmarks.detecting CHAIN [--frames 128]

On one core, frames of a demo chain (``auditor demo CHAIN``) in batches of 32. A network's patches
are filled up to a call of fixed size; what is multiplied for nothing counts as multiplied.
"""

import argparse
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from auditor.faces import detector as detecting
from auditor.faces.detector import Detector
from auditor.faces.engines import mtcnn, mtcnn_networks
from auditor.faces.frames import Picture, UnreadableFrameError
from benchmarks import machine

_BATCH, _REPEATS = 32, 5
_PASSES = (
    (detecting._COARSE_SIDE, detecting._COARSE_FACE),  # noqa: SLF001  # the stages of the line
    (detecting._FINE_SIDE, detecting._FINE_FACE),  # noqa: SLF001
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
    pictures = list(_pictures(given.chain, given.frames))
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
    networks: dict[str, list[_Timed]] = {}
    for side, smallest in _PASSES:
        stages: Any = found._cascade._stages(side, smallest)  # type: ignore[attr-defined]  # noqa: SLF001
        for name, attribute, network in (
            ("P-Net", "_propose", mtcnn_networks.proposals(side, smallest, mtcnn.ROWS)),
            (
                "R-Net",
                "_refine",
                mtcnn_networks.refinement(side, mtcnn.ROWS, mtcnn.REFINED_BOXES),
            ),
            (
                "O-Net",
                "_finish",
                mtcnn_networks.landmarks(side, mtcnn.ROWS, mtcnn.FINISHED_BOXES),
            ),
        ):
            watch = _Timed(getattr(stages, attribute), _multiply_adds(network))
            setattr(stages, attribute, watch)
            networks.setdefault(f"{name}, {side} px", []).append(watch)
    resize, distinct = _Timed(cv2.resize), _Timed(mtcnn.distinct)
    cv2.resize, mtcnn.distinct = resize, distinct
    return {**networks, "resizing": [resize], "choosing among boxes": [distinct]}


def _multiply_adds(network: Any) -> int:
    """Of a call."""
    total = 0
    for op in network.get_ops():
        if op.get_type_name() in {"Convolution", "MatMul"}:
            weights = list(op.input(1).get_shape())
            inputs = weights[1:] if op.get_type_name() == "Convolution" else weights[:1]
            total += int(np.prod(list(op.output(0).get_shape()))) * int(np.prod(inputs))
    return total


def _pictures(chain: Path, most: int) -> Iterator[Picture]:
    for path in sorted((chain / "snapshots").rglob("*.jpg")):
        if most:
            try:
                yield Picture.read(path.read_bytes())
            except UnreadableFrameError:
                continue
            most -= 1


if __name__ == "__main__":
    main()
