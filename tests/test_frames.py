"""Bytes to pixels."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from auditor.frames import UnreadableFrameError, decode

_RAMP = np.tile(np.linspace(0, 255, 48).astype(np.uint8), (32, 1))  # dark left, bright right


def _encoded(picture: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def _rgb() -> Image.Image:
    return Image.fromarray(np.stack([_RAMP, _RAMP, _RAMP], axis=2))


@pytest.mark.parametrize(
    "content",
    [
        _encoded(_rgb(), "JPEG"),
        _encoded(_rgb(), "PNG"),
        _encoded(Image.fromarray(_RAMP), "JPEG"),
        _encoded(_rgb().convert("CMYK"), "JPEG"),
        _encoded(_rgb().quantize(256), "PNG"),
        _encoded(_rgb().convert("RGBA"), "PNG"),
        _encoded(Image.fromarray(_RAMP.astype(np.uint16) * 256 + 99), "PNG"),
    ],
    ids=["jpeg", "png", "greyscale", "cmyk", "palette", "alpha", "16 bit"],
)
def test_colour_models_and_depths_all_come_out_as_rgb(content: bytes) -> None:
    pixels = decode(content)
    assert pixels.shape == (32, 48, 3)
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - _RAMP[..., None]).mean() < 8


def test_a_rotated_frame_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 270 degrees to see it upright
    pixels = decode(_encoded(_rgb(), "JPEG", exif=exif))
    assert pixels.shape == (48, 32, 3)
    assert pixels[0].mean() < 30
    assert pixels[-1].mean() > 220


def _bomb(width: int, height: int) -> bytes:
    """A PNG that says it is enormous."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checked

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b""))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no picture",
        _encoded(_rgb(), "JPEG")[:-200],
        _encoded(_rgb(), "PNG")[:60],
        _encoded(_rgb(), "GIF"),
        _bomb(20_000, 20_000),
    ],
    ids=["empty", "text", "truncated jpeg", "truncated png", "gif", "bomb"],
)
def test_what_is_no_whole_picture_is_refused_with_a_reason(content: bytes) -> None:
    with pytest.raises(UnreadableFrameError, match=r"\w"):
        decode(content)


@given(st.integers(0, 600), st.binary(min_size=1, max_size=8))
def test_damage_anywhere_is_a_picture_or_a_reason(place: int, damage: bytes) -> None:
    content = _encoded(_rgb(), "JPEG")
    place = min(place, len(content))
    with contextlib.suppress(UnreadableFrameError):
        assert decode(content[:place] + damage + content[place + len(damage) :]).ndim == 3


def test_a_frame_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(UnreadableFrameError, match="more than"):
        decode(_bomb(12_000, 10_000))
