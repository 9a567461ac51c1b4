"""Which faces the detector finds, by their size, the frame's size and where in it they are.

    python -m benchmarks.recall PICTURES... [--faces 200] [--empty 5000] [--write PAGE]

PICTURES are folders with an ``ages.csv`` (of those with a column ``part``, only ``choose``) or
Parquet files with a column ``image``. No picture is kept. The face of each, with the head as far as
the picture has it, is laid into an empty till scene of the demo, enlarged or reduced to the frame's
size: whole in the middle, whole at an edge, and cut there by a quarter. A large frame holds several
faces, far apart. A face is found if the audit's detector, at the audit's confidence and for the
model's smallest face, has one whose middle is nearer than half the face's size.

A false face is one in an empty scene, of any camera of the demo's kind in any light.
"""

import argparse
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from PIL import Image
from scipy.stats import beta

from auditor.demo.scene import Light, Scene, draw
from auditor.faces.detector import Detector
from auditor.faces.frames import Pixels, decode
from auditor.faces.model import Card
from auditor.policy import ChainRules, Rules
from benchmarks.pages import filled, table

FRAMES = ((320, 240), (640, 480), (1280, 720), (1920, 1080), (3840, 2160))
SIZES = (34, 50, 70, 100, 130, 200, 300)  # longer side of the detector's box, pixels
POSITIONS = ("middle", "edge", "cut")
CUT = 0.25  # of the face's width or height

_HEAD = 1.0  # of the face's size is kept on each side of its middle
_APART = 2.5  # middles of faces of one frame, times their size
_MOST = 12  # faces in one frame
_SIGHT = 320  # pixels of a picture's longer side in which its own face is looked for
_LOOKS = 24  # scenes that faces are laid into


@dataclass(frozen=True, slots=True)
class Head:
    """A head cut out of a picture."""

    pixels: Pixels
    x: float  # middle of the face
    y: float
    width: float  # of the face
    height: float

    def scaled(self, size: float) -> "Head":
        """The head whose face has so many pixels."""
        scale = size / max(self.width, self.height)
        side = [max(1, round(length * scale)) for length in self.pixels.shape[1::-1]]
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        pixels = np.asarray(cv2.resize(self.pixels, side, interpolation=how), np.uint8)
        across, down = side[0] / self.pixels.shape[1], side[1] / self.pixels.shape[0]
        return Head(pixels, self.x * across, self.y * down, self.width * across, self.height * down)


def main() -> None:
    """Measure, and print or write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--faces", type=int, default=200, help="In each cell.")
    parser.add_argument("--empty", type=int, default=5000, help="Empty scenes.")
    parser.add_argument("--write", type=Path, help="The page whose tables are replaced.")
    given = parser.parse_args()
    detector = Detector()
    heads = [list(_heads(path, detector)) for path in given.pictures]
    parts = {
        "recall": recall(heads, given.faces, detector),
        "false faces": false_faces(given.empty, detector),
    }
    print("\n\n".join(parts.values()))
    if given.write:
        page = given.write.read_text(encoding="utf-8")
        given.write.write_text(filled(page, parts), encoding="utf-8")


def recall(sources: list[list[Head]], faces: int, detector: Detector) -> str:
    """The table of faces found, in per cent, of ``faces`` a cell, the sources in turn."""
    heads = [own[n % len(own)] for n in range(faces) for own in sources][:faces]
    rows = []
    for frame in FRAMES:
        for position in POSITIONS:
            found = [_share(heads, frame, size, position, detector) for size in SIZES]
            rows.append([f"{frame[0]} x {frame[1]}", position, *found])
            print(rows[-1], flush=True)
    return table(["frame", "position", *(f"{size} px" for size in SIZES)], rows)


def _share(
    heads: list[Head], frame: tuple[int, int], size: int, position: str, detector: Detector
) -> str:
    if size > min(frame):
        return "-"
    rng = np.random.default_rng(size)
    left, hits = [head.scaled(size) for head in heads], 0
    count = len(left)
    while left:
        picture = _empty(int(rng.integers(_LOOKS)), frame)
        places = []
        for x, y in _places(frame, size, position, rng):
            if left:
                places.append(_lay(picture, left.pop(), x, y, position))
        hits += _found(picture, places, size, detector)
    return f"{100 * hits / count:.1f}"


def _found(
    picture: Pixels, places: list[tuple[float, float]], size: float, detector: Detector
) -> int:
    rules = Rules()
    smallest = Card.read(ChainRules().model).min_face_px
    (faces,) = detector.detect([picture], smallest, rules.min_face_confidence)
    middles = np.array([(f.x + f.width / 2, f.y + f.height / 2) for f in faces]).reshape(-1, 2)
    off = np.hypot(*(middles[:, None] - np.array(places)[None]).transpose(2, 0, 1))
    return int((off < size / 2).any(axis=0).sum())


def _places(
    frame: tuple[int, int], size: int, position: str, rng: np.random.Generator
) -> list[tuple[float, float]]:
    """Middles of faces, in shares of what the frame leaves for them; -1 or 1 is an edge."""
    if position == "middle":
        free = [max(1, int((length - size) // (_APART * size)) + 1) for length in frame]
        grid = [(x, y) for x in _steps(free[0]) for y in _steps(free[1])]
        inner = [(0.9 * x, 0.9 * y) for x, y in grid]
        return [inner[n] for n in rng.permutation(len(inner))[:_MOST]]
    sides = []
    for axis in (0, 1):
        count = max(1, int((frame[axis] - size) // (_APART * size)) - 1)
        for along in _steps(count):
            for edge in (-1.0, 1.0):
                place = (0.6 * along, edge) if axis == 0 else (edge, 0.6 * along)
                sides.append(place)
    # Faces at two edges of a small frame would overlap.
    most = _MOST if min(frame) >= 2 * _APART * size else 1
    return [sides[n] for n in rng.permutation(len(sides))[:most]]


def _steps(count: int) -> list[float]:
    return [0.0] if count == 1 else np.linspace(-1, 1, count).tolist()


def _lay(picture: Pixels, head: Head, x: float, y: float, position: str) -> tuple[float, float]:
    """Put a head into a picture; the middle of its face there."""
    height, width = picture.shape[:2]
    beyond = CUT if position == "cut" else 0
    middle = []
    for at, length, size in ((x, width, head.width), (y, height, head.height)):
        room = (length - size) / 2 + (beyond * size if abs(at) == 1 else 0)
        middle.append(length / 2 + at * room)
    left, top = round(middle[0] - head.x), round(middle[1] - head.y)
    x0, y0 = max(left, 0), max(top, 0)
    x1 = min(left + head.pixels.shape[1], width)
    y1 = min(top + head.pixels.shape[0], height)
    picture[y0:y1, x0:x1] = head.pixels[y0 - top : y1 - top, x0 - left : x1 - left]
    return left + head.x, top + head.y


def _empty(look: int, frame: tuple[int, int]) -> Pixels:
    rng = np.random.default_rng(look)
    light = Light(
        exposure=float(rng.uniform(0.5, 1.4)),
        warmth=float(rng.normal(0, 0.08)),
        side=float(rng.uniform(-0.5, 0.5)),
        blur=float(rng.choice([0, 0, 0.6, 1.2])),
    )
    scene = draw(Scene(look, look, (), light, f"TILL {look % 100:02}"))
    return np.asarray(cv2.resize(scene, frame, interpolation=cv2.INTER_AREA), np.uint8).copy()


def false_faces(count: int, detector: Detector) -> str:
    """How many faces are found in empty scenes, each of another till and light."""
    rules = Rules()
    smallest = Card.read(ChainRules().model).min_face_px
    rows = []
    levels = sorted({0.5, 0.6, 0.7, 0.8, rules.min_face_confidence})
    frames = dict.fromkeys(levels, 0)
    for look in range(count):
        frame = FRAMES[1] if look % 8 else FRAMES[3]
        (faces,) = detector.detect([_empty(1000 + look, frame)], smallest, levels[0])
        best = max((face.confidence for face in faces), default=0.0)
        for level in levels:
            frames[level] += best >= level
    for level, found in frames.items():
        upper = float(beta.ppf(0.975, found + 1, count - found)) if found < count else 1.0
        rows.append([f"{level:g}", f"{found} of {count:,}", f"{100 * upper:.2f} %"])
    return table(["confidence", "empty scenes with a face", "at most (95 %)"], rows)


def _heads(path: Path, detector: Detector) -> Iterator[Head]:
    for picture in _pictures(path):
        scale = _SIGHT / max(picture.shape[:2])
        small = [max(1, round(length * scale)) for length in picture.shape[1::-1]]
        seen = np.asarray(cv2.resize(picture, small, interpolation=cv2.INTER_AREA), np.uint8)
        margin = _SIGHT // 4  # a face that fills its picture is measured with room around it
        around = cv2.copyMakeBorder(seen, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
        (faces,) = detector.detect([np.asarray(around, np.uint8)], 24, 0.5)
        if not faces:
            continue
        face = faces[0]
        x, y = (
            (face.x + face.width / 2 - margin) / scale,
            (face.y + face.height / 2 - margin) / scale,
        )
        reach = face.size * _HEAD / scale
        left, top = max(0, int(x - reach)), max(0, int(y - reach))
        pixels = picture[top : int(y + reach) + 1, left : int(x + reach) + 1]
        yield Head(pixels, x - left, y - top, face.width / scale, face.height / scale)


def _pictures(path: Path) -> Iterator[Pixels]:
    if path.is_dir():
        ages = pd.read_csv(path / "ages.csv")
        chosen = ages[ages["part"] == "choose"] if "part" in ages else ages
        for name in chosen["file_name"]:
            found = next(path.rglob(Path(name).name))
            yield decode(found.read_bytes())
    else:
        for content in pd.read_parquet(path, columns=["image"])["image"]:
            with Image.open(io.BytesIO(content)) as picture:
                yield np.asarray(picture.convert("RGB"), np.uint8)


if __name__ == "__main__":
    main()
