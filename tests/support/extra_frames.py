"""Frames of HEIC, AVIF and TIFF, good and bad."""

import io
import struct
from typing import Any

import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()

#: Pillow's names, by the policy's words.
FORMS = {"heic": "HEIF", "avif": "AVIF", "tiff": "TIFF"}
_TURNED = 0x0112  # EXIF and TIFF


def encoded(picture: Image.Image, form: str, *, turned: int = 1, **options: Any) -> bytes:
    """A picture in a format, turned as an EXIF orientation says."""
    picture = picture.copy()
    if turned != 1:
        exif = Image.Exif()
        exif[_TURNED] = turned
        picture.info["exif"] = exif.tobytes()
        if form != "HEIF":  # there the encoder takes it from the picture
            options["exif"] = exif
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def with_size(content: bytes, width: int, height: int) -> bytes:
    """A HEIC or AVIF frame that says it is of another size."""
    at = content.index(b"ispe") + 8
    return content[:at] + struct.pack(">II", width, height) + content[at + 8 :]


def tiff(width: int, height: int, strips: int = 1) -> bytes:
    """A grey TIFF that says it has some strips of one row each; each is its own first bytes.

    A million of them, in 4 MB, keep the decoder busy for longer than a frame may.
    """
    at = 8 + 2 + 12 * 9 + 4
    where = (8, 8) if strips == 1 else (at, at)  # of their places and of their lengths
    tags = [
        *((256, 1, width), (257, 1, height), (258, 1, 8), (259, 1, 1), (262, 1, 1)),
        *((273, strips, where[0]), (277, 1, 1), (278, 1, 1), (279, strips, where[1])),
    ]
    directory = b"".join(struct.pack("<HHII", tag, 4, *rest) for tag, *rest in tags)
    head = b"II*\0" + struct.pack("<IH", 8, len(tags))
    return head + directory + bytes(4) + struct.pack("<I", 8) * strips
