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

from auditor.faces import formats
from auditor.faces.frames import Picture, Turn, UnreadableFrameError, decode, size

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
        _encoded(_rgb(), "WEBP"),
        _encoded(_rgb().convert("RGBA"), "WEBP", lossless=True),
        _encoded(_rgb(), "BMP"),
        _encoded(_rgb().quantize(256), "BMP"),
    ],
    ids=[
        *("jpeg", "png", "greyscale", "cmyk", "palette", "alpha", "16 bit"),
        *("webp", "webp lossless", "bmp", "bmp palette"),
    ],
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
        _encoded(_rgb(), "PNG")[:20],
        _encoded(_rgb(), "GIF"),
        _bomb(20_000, 20_000),
    ],
    ids=["empty", "text", "truncated jpeg", "truncated png", "start of a png", "gif", "bomb"],
)
def test_what_is_no_whole_picture_is_refused_with_a_reason(content: bytes) -> None:
    with pytest.raises(UnreadableFrameError, match=r"\w") as found:
        decode(content)
    assert "0x" not in str(found.value)  # no address in memory: the same words each time


@given(st.integers(0, 600), st.binary(min_size=1, max_size=8))
def test_damage_anywhere_is_a_picture_or_a_reason(place: int, damage: bytes) -> None:
    content = _encoded(_rgb(), "JPEG")
    place = min(place, len(content))
    with contextlib.suppress(UnreadableFrameError):
        assert decode(content[:place] + damage + content[place + len(damage) :]).ndim == 3


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"\x00\x00\x00\x18ftypheic", "HEIC"),
        (b"\x00\x00\x00\x1cftypavif", "AVIF"),
        (b"\x00\x00\x00\x18ftypisom", "MP4 family"),
        (b"II*\x00", "TIFF"),
        (_encoded(_rgb(), "TIFF"), "TIFF"),
        (_encoded(_rgb(), "TIFF", big_tiff=True), "TIFF"),
        (_encoded(_rgb(), "GIF"), "GIF"),
        (b"once upon a time", "no picture"),
    ],
)
def test_a_format_that_is_not_read_is_named(start: bytes, name: str) -> None:
    with pytest.raises(UnreadableFrameError, match=f"it is .*{name}, which is not read: have the"):
        decode(start + bytes(64))


_NOISE = Image.fromarray(np.random.default_rng(1).integers(0, 255, (480, 640, 3), np.uint8))
_JPEGS = {
    "grey": _encoded(_NOISE.convert("L"), "JPEG"),
    "colour": _encoded(_NOISE, "JPEG"),
    "progressive": _encoded(_NOISE, "JPEG", progressive=True),
    "cmyk": _encoded(_NOISE.convert("CMYK"), "JPEG"),
    "on its side": _encoded(
        _NOISE,
        "JPEG",
        exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06" + bytes(6),
    ),
    "restarting": _encoded(_NOISE, "JPEG", restart_marker_rows=2),
}


@pytest.mark.parametrize("kind", _JPEGS)
@pytest.mark.parametrize("marker", [b"", b"\xff\xd9"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.97])
def test_a_jpeg_that_is_cut_off_is_found_out(kind: str, marker: bytes, share: float) -> None:
    content = _JPEGS[kind]
    for read in (decode, Picture.read):
        with pytest.raises(UnreadableFrameError, match="cut off"):
            read(content[: int(len(content) * share)] + marker)


@pytest.mark.parametrize("kind", _JPEGS)
def test_a_whole_jpeg_is_read_with_and_without_its_end_marker(kind: str) -> None:
    content = _JPEGS[kind]
    assert content.endswith(b"\xff\xd9")
    whole = decode(content)
    assert (decode(content[:-2]) == whole).all()
    assert (decode(content + b"of the camera's maker") == whole).all()


def test_a_picture_that_is_grey_at_its_end_is_whole() -> None:
    grey = np.full((64, 64, 3), 128, np.uint8)
    grey[:32] = 7
    assert decode(_encoded(Image.fromarray(grey), "JPEG"))[-1, -1].tolist() == [128] * 3


@pytest.mark.parametrize(
    "head",
    [
        b"VP8X" + bytes(8) + b"\xff\xff\x00\xff\xff\x00",
        b"VP8L" + bytes(4) + b"\x2f\xff\xff\xff\x0f" + bytes(8),
        b"VP8 " + bytes(4) + b"\0\0\0\x9d\x01\x2a\xff\x3f\xff\x3f",
    ],
)
def test_a_webp_of_too_many_pixels_is_refused_before_it_takes_memory(head: bytes) -> None:
    content = b"RIFF" + bytes(4) + b"WEBP" + head
    assert size(content) == 0
    with pytest.raises(UnreadableFrameError, match="more than 50000000 pixels"):
        decode(content)


def test_the_size_of_a_webp_is_that_of_its_head() -> None:
    for options in ({}, {"lossless": True}, {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0"}):
        assert formats.webp_pixels(_encoded(_rgb(), "WEBP", **options)) == 48 * 32


def test_a_frame_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(UnreadableFrameError, match="more than"):
        decode(_bomb(12_000, 10_000))


def _large(width: int, height: int, form: str = "JPEG", **options: object) -> bytes:
    return _encoded(_rgb().resize((width, height), Image.Resampling.BICUBIC), form, **options)


@pytest.mark.parametrize(
    ("whole_size", "first"),
    [((1920, 1080), (960, 540)), ((1281, 720), (641, 360)), ((640, 480), (640, 480))],
    ids=str,
)
def test_a_large_jpeg_is_decoded_whole_only_when_that_is_asked_for(
    whole_size: tuple[int, int], first: tuple[int, int]
) -> None:
    content = _large(*whole_size)
    picture = Picture.read(content, 0.5)
    assert (picture.width, picture.height) == whole_size
    half = picture.at(0.1)
    assert half.pixels.shape == (*first[::-1], 3)
    assert half.scale == pytest.approx(first[0] / whole_size[0])
    assert picture.at(half.scale) is half
    whole = picture.at(half.scale + 0.01)
    assert whole.pixels.shape == (*whole_size[::-1], 3)
    assert (whole.pixels == decode(content)).all()
    assert picture.at(0.1) is whole
    assert picture.at(3.0) is whole  # more than there is


def test_a_large_png_or_array_is_whole_at_once() -> None:
    content = _large(1920, 1080, "PNG")
    for picture in (Picture.read(content, 0.5), Picture.of(decode(content))):
        assert picture.at(0.1).scale == 1
    assert Picture.of(picture) is picture


def test_a_large_frame_on_its_side_is_upright_at_half_its_size() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = Picture.read(_large(1600, 1200, exif=exif), 0.5)
    assert (picture.width, picture.height) == (1200, 1600)
    assert picture.at(0.5).pixels.shape == (800, 600, 3)
    assert picture.at(1).pixels.shape == (1600, 1200, 3)


def test_the_head_of_a_frame_tells_its_size() -> None:
    assert size(_large(1920, 1080)) == 1920 * 1080
    assert size(_bomb(20_000, 20_000)) == 0  # is not decoded
    assert size(b"no picture") == 0


def _of_many_parts() -> dict[str, bytes]:
    jpeg, png = _encoded(_rgb(), "JPEG", progressive=True), _encoded(_rgb(), "PNG")
    scan, chunk = jpeg.rfind(b"\xff\xda"), struct.pack(">I4sI", 0, b"tEXt", zlib.crc32(b"tEXt"))
    return {
        "scans": jpeg[:scan] + jpeg[scan:-2] * 100 + jpeg[-2:],
        "comments": jpeg[:2] + b"\xff\xfe\x00\x02" * 5_000 + jpeg[2:],
        "fill bytes": jpeg[:2] + b"\xff" * 5_000 + jpeg[2:],
        "junk": jpeg[:2] + b"\xff\xfe\x00\x02" + bytes(10_000) + jpeg[2:],
        "chunks": png[:33] + chunk * 70_000 + png[33:],
    }


@pytest.mark.parametrize("parts", _of_many_parts())
def test_a_frame_of_so_many_parts_that_decoding_it_would_hardly_end_is_refused(parts: str) -> None:
    content = _of_many_parts()[parts]
    with pytest.raises(UnreadableFrameError, match="more parts than a camera writes"):
        decode(content)
    assert size(content) == 0


@pytest.mark.parametrize(("turned", "corner"), [(0, 0), (90, 1), (180, 2), (270, 3)])
@pytest.mark.parametrize("size", [(48, 32), (1600, 1200)], ids=str)
def test_a_frame_is_turned_clockwise_however_finely_it_is_read(
    size: tuple[int, int], turned: Turn, corner: int
) -> None:
    marked = Image.new("RGB", size)
    marked.paste((255, 255, 255), (0, 0, size[0] // 4, size[1] // 4))  # left above
    picture = Picture.read(_encoded(marked, "JPEG"), 0.5, turned)
    assert (picture.width, picture.height) == (size[::-1] if turned % 180 else size)
    for scale in (0.5, 1):
        pixels = picture.at(scale).pixels
        assert pixels.shape[0] * picture.width == pixels.shape[1] * picture.height
        corners = [pixels[2, 2], pixels[2, -3], pixels[-3, -3], pixels[-3, 2]]
        assert [int(each.mean() > 128) for each in corners].index(1) == corner
    assert (picture.width, picture.height) == picture.at(1).pixels.shape[1::-1]
