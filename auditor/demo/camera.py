"""The till cameras: which frame was taken of a basket, and in which kind of file it is kept."""

import io
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from auditor.demo.catalogue import ZONE, Store, Till
from auditor.demo.chain import Basket
from auditor.demo.portrait import Face, faces
from auditor.demo.scene import Light, Person, Scene, draw

_ZONE = ZoneInfo(ZONE)
#: The light of a frame, and the widths of faces and how often which: least, most frequent, largest.
EXPOSURE, FACE_WIDTHS = (0.68, 1.22), (80, 115, 170)
#: Milliseconds by which a frame is taken after the sale, at the least and at the most.
TAKEN_AFTER = (-9000, 2000)

_JPEG_QUALITY = 80
_EXIF_ORIENTATION = 0x0112

#: Troubles that are a kind of file.
_FORMATS = ("exif_rotated", "greyscale", "cmyk", "png", "png_16_bit")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A row of the index, and the frame's file (None: the row points to nothing of ours)."""

    snapshot_id: str
    till_id: str
    captured_at: datetime  # UTC, by the camera's clock
    transaction_id: str | None
    path: str
    content: bytes | None


@dataclass(frozen=True, slots=True)
class _Shot:
    """Where and when a frame was taken, and which transaction its index row will name."""

    store: Store
    till: Till
    captured_at: datetime
    transaction_id: str | None = None
    trouble: str | None = None


def capture(
    store: Store, basket: Basket, trouble: str | None, rng: np.random.Generator
) -> Snapshot | None:
    """Take the frame of ``basket``; None if none was taken."""
    if trouble == "no_snapshot":
        return None
    shift = timedelta(seconds=store.camera_seconds, milliseconds=int(rng.integers(*TAKEN_AFTER)))
    is_named = trouble not in ("unnamed_frame", "camera_clock_off")
    name = basket.transaction_id if is_named else None
    buyer = basket.buyer or faces()[int(rng.integers(len(faces())))]
    return _take(_Shot(store, basket.till, basket.sold_at + shift, name, trouble), buyer, rng)


def stray(store: Store, till: Till, captured_at: datetime, rng: np.random.Generator) -> Snapshot:
    """Take a frame that belongs to no basket."""
    somebody = faces()[int(rng.integers(len(faces())))]
    return _take(_Shot(store, till, captured_at), somebody, rng)


def place(store: Store, till: Till) -> int:
    """The seed of what the camera of a till always sees."""
    return int(store.store_id[1:]) * 100 + int(till.till_id)


def _take(shot: _Shot, buyer: Face, rng: np.random.Generator) -> Snapshot:
    local = shot.captured_at.astimezone(_ZONE)
    store_id, till_id = shot.store.store_id, shot.till.till_id
    people, blur = _people(buyer, shot.trouble, rng)
    light = Light(
        exposure=float(rng.uniform(*EXPOSURE)) * shot.till.exposure,
        warmth=float(rng.normal(0, 0.045)),
        side=float(rng.uniform(-0.35, 0.35)),
        blur=blur,
    )
    caption = f"{store_id} TILL {till_id}  {local:%Y-%m-%d %H:%M:%S}"
    picture = draw(
        Scene(place(shot.store, shot.till), int(rng.integers(2**32)), people, light, caption)
    )
    form = shot.trouble if shot.trouble in _FORMATS else "jpeg"
    encoded, suffix = encode(picture, form)
    content: bytes | None = encoded
    name = f"{store_id}-{till_id}-{local:%Y%m%dT%H%M%S}"
    path = f"frames/{local:%Y-%m-%d}/{store_id}/{name}.{suffix}"
    match shot.trouble:
        case "truncated_file":
            content = encoded[: len(encoded) * 2 // 5]
        case "empty_file":
            content = b""
        case "path_outside":
            path, content = "../../etc/passwd", None
    return Snapshot(name, till_id, shot.captured_at, shot.transaction_id, path, content)


def _people(
    buyer: Face, trouble: str | None, rng: np.random.Generator
) -> tuple[tuple[Person, ...], float]:
    """Who stands before the camera, from the back to the front, and the blur in pixels."""
    width = float(rng.triangular(*FACE_WIDTHS))
    blur = float(rng.uniform(0, 1.1))
    other = faces()[int(rng.integers(len(faces())))]
    side = 1 if rng.random() < 0.5 else -1
    match trouble:
        case "empty_frame":
            return (), blur
        case "face_too_small":
            small = float(rng.uniform(18, 24))
            return (_person(buyer, 320 + side * 60, 190, small, rng),), blur
        case "face_blurred":
            return (_person(buyer, 320, 230, 125, rng),), 8.8
        case "two_faces":
            width = float(rng.uniform(100, 125))
            x = 320 - side * width * 0.45
            friend = _person(other, x + side * width * 1.65, 225, width * 0.88, rng)
            return (friend, _person(buyer, x, 220, width, rng)), blur
        case "companion":
            behind = _person(other, 320 + side * 205, 150, float(rng.uniform(46, 56)), rng)
            return (behind, _person(buyer, 320, 230, float(rng.uniform(110, 140)), rng)), blur
    x = 320 + float(rng.uniform(-85, 85))
    y = float(rng.uniform(max(150, 1.12 * width + 16), 245))
    return (_person(buyer, x, y, width, rng),), blur


def _person(face: Face, x: float, y: float, width: float, rng: np.random.Generator) -> Person:
    tilt = float(np.clip(rng.normal(0, 5), -12, 12))
    return Person(face, x, y, width, tilt, int(rng.integers(12)))


def encode(picture: npt.NDArray[np.uint8], form: str) -> tuple[bytes, str]:
    """Encode a frame, (height, width, 3) uint8 red-green-blue, as "jpeg" or one of ``_FORMATS``.

    Returns:
        The file's bytes, and its suffix.
    """
    if form == "png_16_bit":
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.uint16) * 257
        return cv2.imencode(".png", grey)[1].tobytes(), "png"
    image = Image.fromarray(picture)
    stream = io.BytesIO()
    if form == "png":
        image.save(stream, "PNG", compress_level=3)
        return stream.getvalue(), "png"
    exif = Image.Exif()
    if form == "exif_rotated":
        exif[_EXIF_ORIENTATION] = 6  # to be turned clockwise by a quarter for viewing
        image = image.transpose(Image.Transpose.ROTATE_90)
    elif form in ("greyscale", "cmyk"):
        image = image.convert({"greyscale": "L", "cmyk": "CMYK"}[form])
    image.save(stream, "JPEG", quality=_JPEG_QUALITY, exif=exif)
    return stream.getvalue(), "jpg"
