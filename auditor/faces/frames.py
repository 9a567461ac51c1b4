"""From the bytes of a camera's frame to pixels, no more of them than are needed."""

import io
import warnings
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from auditor.faces import formats

#: A frame of more pixels is refused before it is decoded: no till camera makes one.
MAX_PIXELS = 50_000_000
#: A file of more bytes is not read: a good picture of so many pixels has fewer.
MAX_BYTES = 64 << 20
#: Of a JPEG: parts before its picture, and scans of it, each of which may cost the decoder a pass
#: over the whole picture; cameras write some tens. Of a PNG: chunks.
MAX_PARTS = 4096
MAX_SCANS = 64
MAX_CHUNKS = 65_536
_BARE = {0xC8, *range(0xD0, 0xDA), *range(0xF0, 0xFE)}  # markers of a JPEG without a length
_ORIENTATION, _ON_ITS_SIDE = 0x0112, (5, 6, 7, 8)  # of EXIF

# A JPEG holds frequencies of blocks: leaving out the higher ones gives a picture of half the side
# for a third of the time. Frames of at least so many pixels a side are read so where that suffices.
_SHRUNK_FROM = 1280

# The corners of a picture, of which one is its end, whichever way it is turned.
_BORDERS = (slice(0, 2), slice(-2, None))

Pixels = NDArray[np.uint8]

#: Degrees clockwise.
Turn = Literal[0, 90, 180, 270]


class UnreadableFrameError(ValueError):
    """The bytes are no whole picture of a format that is read; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Pixels of a frame, perhaps fewer than it has."""

    pixels: Pixels  # RGB, shape (height, width, 3)
    width: int  # of the whole frame, pixels
    height: int

    @property
    def scale(self) -> float:
        """Pixels a pixel of the frame, at most 1."""
        return float(max(self.pixels.shape[:2]) / max(self.width, self.height))


class Picture:
    """A frame, decoded at the finest resolution asked for so far."""

    def __init__(self, first: Decoded, content: bytes | None = None, turned: Turn = 0) -> None:
        """Start with a decoded frame; without its content, that is all there is.

        Args:
            first: the frame as it was decoded.
            content: its bytes.
            turned: degrees clockwise that make the picture upright.
        """
        self._finest, self._content, self._turned = _upright(first, turned), content, turned
        self.width, self.height = self._finest.width, self._finest.height

    @classmethod
    def read(cls, content: bytes, scale: float = 1, turned: Turn = 0) -> Self:
        """Decode a frame with at least ``scale`` of its pixels a side, and turn it upright.

        Raises:
            UnreadableFrameError: see :func:`decode`.
        """
        return cls(_read(content, scale), content, turned)

    @classmethod
    def of(cls, given: "Pixels | Picture") -> "Picture":
        """A picture as it is, or one that is decoded already, RGB, shape (height, width, 3)."""
        if isinstance(given, Picture):
            return given
        height, width = given.shape[:2]
        return cls(Decoded(given, width, height))

    def at(self, scale: float) -> Decoded:
        """The picture with at least ``scale`` of its pixels a side, or all it has."""
        if self._finest.scale < min(scale, 1) and self._content is not None:
            self._finest = _upright(_read(self._content), self._turned)
            self._content = None
        return self._finest


def _upright(decoded: Decoded, turned: Turn) -> Decoded:
    if not turned:
        return decoded
    pixels = np.ascontiguousarray(np.rot90(decoded.pixels, -turned // 90))
    width, height = decoded.width, decoded.height
    return Decoded(pixels, *((height, width) if turned % 180 else (width, height)))


def size(content: bytes) -> int:
    """Pixels that the frame has decoded; 0 if its head cannot be read or says that it is a bomb."""
    if _endless(content) or formats.webp_pixels(content) > MAX_PIXELS:
        return 0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=formats.READ) as picture:
                return picture.width * picture.height
    except Exception:  # noqa: BLE001  # decoders raise anything on damaged bytes
        return 0


def decode(content: bytes) -> Pixels:
    """Decode a frame of formats.READ, upright as its EXIF says, whatever its colours and depth.

    Returns:
        RGB, uint8, shape (height, width, 3).

    Raises:
        UnreadableFrameError: empty, truncated, damaged, too large, or another format.
    """
    return _read(content).pixels


def _read(content: bytes, scale: float = 1) -> Decoded:
    """Decode; a large frame with fewer pixels, but at least ``scale`` of them a side, if it can."""
    if not content:
        raise UnreadableFrameError("the file is empty")
    if (other := formats.unread(content)) is not None:
        todo = "have the camera write JPEG, PNG, WebP or BMP"
        if (word := formats.extra_word(content)) is not None:
            todo += f", or name {word} in the policy's extra_frame_formats"
        raise UnreadableFrameError(f"it is {other}, which is not read: {todo}")
    if _endless(content):
        raise UnreadableFrameError("more parts than a camera writes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _opened(content, scale)
    except UnreadableFrameError:
        raise
    except Exception as error:  # decoders raise anything on damaged bytes
        raise UnreadableFrameError(fault(error)) from error


def fault(error: Exception) -> str:
    """What a decoder found, in words that are the same each time."""
    if isinstance(error, UnidentifiedImageError):  # its message has an address in memory
        return "the file is damaged or cut off: its beginning makes no sense"
    return f"{type(error).__name__}: {error}".strip()


def whole(content: bytes, form: str) -> Pixels:
    """Decode a frame with one of Pillow's decoders, which ``form`` names, in this process.

    Returns:
        All its pixels, upright, as :func:`decode` returns them.

    Raises:
        UnreadableFrameError: it has too many pixels.
        Exception: whatever the decoder raises.
    """
    with Image.open(io.BytesIO(content), formats=[form]) as picture:
        _check_size(picture)
        return _loaded(picture, 1).pixels


def _check_size(picture: Image.Image) -> None:
    if picture.width * picture.height > MAX_PIXELS:
        raise UnreadableFrameError(f"more than {MAX_PIXELS} pixels")


def _opened(content: bytes, scale: float) -> Decoded:
    if formats.webp_pixels(content) > MAX_PIXELS:
        raise UnreadableFrameError(f"more than {MAX_PIXELS} pixels")
    ended = formats.ended(content) if formats.is_jpeg(content) else content
    with Image.open(io.BytesIO(ended), formats=formats.READ) as picture:
        _check_size(picture)
        # Where an end that is missing may be of any colour.
        may_be_cut = "progressive" in picture.info or picture.mode == "CMYK"
        decoded = _loaded(picture, scale)
    if formats.is_jpeg(content) and (may_be_cut or _ends_grey(decoded.pixels)):
        with Image.open(io.BytesIO(formats.with_more(ended)), formats=formats.READ) as picture:
            if not np.array_equal(_loaded(picture, scale).pixels, decoded.pixels):
                raise UnreadableFrameError("part of the picture is missing: the file is cut off")
    return decoded


def _ends_grey(pixels: Pixels) -> bool:
    """Whether a corner is of the grey that a JPEG's decoder puts where the picture is missing."""
    corners = (pixels[rows, columns] for rows in _BORDERS for columns in _BORDERS)
    return any(np.ptp(corner) == 0 and abs(int(corner.flat[0]) - 128) <= 1 for corner in corners)


def _endless(content: bytes) -> bool:
    """Whether a file is made of so many parts that decoding it would hardly end."""
    if formats.is_png(content):
        at = 8
        for _ in range(MAX_CHUNKS):
            if at + 12 > len(content):
                return False
            at += 12 + int.from_bytes(content[at : at + 4])
        return True
    if not formats.is_jpeg(content):
        return False
    if content.count(b"\xff\xda") > MAX_SCANS:  # elsewhere in a picture, 0 follows on 255
        return True
    at = 2
    for _ in range(MAX_PARTS):  # as Pillow goes on from part to part, junk byte by byte
        marker = content[at : at + 2]
        if len(marker) < 2 or marker == b"\xff\xda":
            return False
        has_length = marker[0] == 0xFF and 0xC0 <= marker[1] < 0xFF and marker[1] not in _BARE
        if has_length:
            at += 2 + int.from_bytes(content[at + 2 : at + 4])
        else:
            at += 1 + (marker[1] != 0xFF)
    return True


def _loaded(picture: Image.Image, scale: float) -> Decoded:
    width, height = picture.size
    if scale < 1 and max(width, height) >= _SHRUNK_FROM:
        picture.draft(None, (int(width * scale), int(height * scale)))
    picture.load()
    if picture.getexif().get(_ORIENTATION, 1) in _ON_ITS_SIDE:
        width, height = height, width
    ImageOps.exif_transpose(picture, in_place=True)  # of a large frame, each copy is 400 MB
    return Decoded(_as_rgb(picture), width, height)


def _as_rgb(picture: Image.Image) -> Pixels:
    if picture.mode.startswith("I"):  # 16 bits of grey: convert() would clip them to white
        picture = Image.fromarray((np.asarray(picture).astype(np.uint32) >> 8).astype(np.uint8))
    return np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB"), np.uint8)
