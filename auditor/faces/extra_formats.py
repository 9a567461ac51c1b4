"""Frames of HEIC, AVIF and TIFF by their heads: how many pixels they have, and what reads them.

Nothing here decodes: heads are read by these few lines, and not by the decoders of the formats.
"""

import importlib.util
import re
from collections.abc import Collection, Iterator
from itertools import islice

from auditor.errors import ConfigurationError
from auditor.faces import formats

#: Of a HEIC or AVIF frame: boxes of the file, and sizes among its properties; of a TIFF: tags.
MAX_PARTS = 4096

# ImageSpatialExtentsProperty of ISO/IEC 23008-12: version and flags, width, height.
_ISPE = re.compile(rb"ispe.{4}(.{4})(.{4})", re.DOTALL)

# Tags of a TIFF (revision 6.0, section 8), and how many bytes numbers of a type have: BYTE, SHORT,
# LONG, and LONG8 of BigTIFF.
_SIDES = (256, 257)
_BYTES = {1: 1, 3: 2, 4: 4, 16: 8}


def check_installed(words: Collection[str]) -> None:
    """Check that there is a decoder for each of some formats.

    Raises:
        ConfigurationError: there is none; the message says what to install.
    """
    if "heic" in words and importlib.util.find_spec("pillow_heif") is None:
        raise ConfigurationError(
            'extra_frame_formats: heic needs the extra "images": install auditor[images]'
        )
    if "avif" in words and importlib.util.find_spec("PIL._avif") is None:
        raise ConfigurationError(
            "extra_frame_formats: avif needs a Pillow that was built with AVIF: install the wheel"
            " that the Pillow project publishes"
        )


def pixels(content: bytes) -> int:
    """Pixels that a frame of such a format says it has; 0 if it does not say.

    Of HEIC and AVIF those of the largest picture in the file: others are its tiles and previews. Of
    TIFF those of the first.
    """
    if formats.extra_word(content) == "tiff":
        return _tiff_pixels(content)
    sizes = list(islice(_ISPE.finditer(_meta(content)), MAX_PARTS + 1))
    if len(sizes) > MAX_PARTS:
        return 0
    sides = ((int.from_bytes(side) for side in size.groups()) for size in sizes)
    return max((width * height for width, height in sides), default=0)


def _meta(content: bytes) -> bytes:
    """The box of a HEIC or AVIF file that describes its pictures (ISO/IEC 14496-12, 8.11.1)."""
    at = 0
    for _ in range(MAX_PARTS):
        size, kind = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8]
        if size == 1:  # it is longer than 32 bits could say
            size = int.from_bytes(content[at + 8 : at + 16])
        if kind == b"meta":
            return content[at : at + size if size else None]
        if size < 8:  # the last box, which reaches to the end of the file; or damage
            break
        at += size
    return b""


def _tiff_pixels(content: bytes) -> int:
    sides = dict.fromkeys(_SIDES, 0)
    for tag, number in _tags(content):
        if tag in sides:
            sides[tag] = max(sides[tag], number)
    width, height = sides.values()
    return width * height


def _tags(content: bytes) -> Iterator[tuple[int, int]]:
    """The tags of a TIFF's first picture, each with its first number as far as that is inline."""
    order = "little" if content.startswith(b"II") else "big"

    def number(at: int, length: int) -> int:
        return int.from_bytes(content[at : at + length], order)  # type: ignore[arg-type]

    is_big = number(2, 2) == 43
    wide = 8 if is_big else 4
    first = number(wide, wide)
    count = number(first, 8 if is_big else 2)
    start, each = (first + 8, 20) if is_big else (first + 2, 12)
    if count <= MAX_PARTS:
        for at in range(start, start + count * each, each):
            yield number(at, 2), number(at + 4 + wide, _BYTES.get(number(at + 2, 2), 0))
