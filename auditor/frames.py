"""From the bytes of a camera's frame to pixels."""

import io
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

#: A frame of more pixels is refused before it is decoded: no till camera makes one.
MAX_PIXELS = 100_000_000
_FORMATS = ("JPEG", "PNG")


class UnreadableFrameError(ValueError):
    """The bytes are no whole JPEG or PNG picture; the message says what is wrong with them."""


def decode(content: bytes) -> NDArray[np.uint8]:
    """Decode a JPEG or PNG frame, upright as its EXIF says, whatever its colour model and depth.

    Args:
        content: the file's bytes.

    Returns:
        RGB, uint8, shape (height, width, 3).

    Raises:
        UnreadableFrameError: empty, truncated, damaged, too large, or another format.
    """
    if not content:
        raise UnreadableFrameError("the file is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
                too_large = picture.width * picture.height > MAX_PIXELS
                if not too_large:
                    picture.load()
                    return _as_rgb(ImageOps.exif_transpose(picture))
    except Exception as error:  # decoders raise anything on damaged bytes
        raise UnreadableFrameError(f"{type(error).__name__}: {error}") from error
    raise UnreadableFrameError(f"more than {MAX_PIXELS} pixels")


def _as_rgb(picture: Image.Image) -> NDArray[np.uint8]:
    if picture.mode.startswith("I"):  # 16 bits of grey: convert() would clip them to white
        picture = Image.fromarray((np.asarray(picture).astype(np.uint32) >> 8).astype(np.uint8))
    return np.asarray(picture.convert("RGB"), np.uint8)
