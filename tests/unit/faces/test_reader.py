"""Frames of HEIC, AVIF and TIFF: read apart from everything else, if the policy names them."""

import contextlib
import io
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from auditor.errors import AuditorError, ConfigurationError
from auditor.faces import decoder, decoder_process, extra_formats
from auditor.faces.frames import Picture, Pixels, Turn, UnreadableFrameError, decode
from auditor.faces.reader import FrameReader
from tests.support.extra_frames import FORMS, encoded, tiff, with_size

_RAMP = np.tile(np.linspace(0, 255, 96).astype(np.uint8), (64, 1))  # dark left, bright right
_RGB = Image.fromarray(np.stack([_RAMP, _RAMP // 2, 255 - _RAMP], axis=2))
_NOISE = Image.fromarray(np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8))
_GREY = Image.fromarray(_RAMP)
_DEADLY = tiff(1, 1_000_000, strips=1_000_000)


@pytest.fixture(scope="module")
def reader() -> FrameReader:
    """A reader of all formats."""
    return FrameReader(FORMS)


def _png(picture: Image.Image) -> Pixels:
    """The pixels that the picture has as a PNG frame."""
    return decode(encoded(picture, "PNG"))


def _ten_bit() -> bytes:
    deep = (np.asarray(_RGB).astype(np.uint16) * 257).tobytes()
    buffer = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", _RGB.size, deep).save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "as_png"),
    [
        (encoded(_RGB, "HEIF"), _RGB),
        (encoded(_GREY, "HEIF"), _GREY),
        (encoded(_RGB.convert("RGBA"), "HEIF"), _RGB),
        (encoded(_NOISE, "HEIF", quality=-1, chroma=444, tile_size=128), _NOISE),
        (_ten_bit(), _RGB),
        (encoded(_RGB, "AVIF"), _RGB),
        (encoded(_GREY, "AVIF"), _GREY),
        (encoded(_RGB.convert("RGBA"), "AVIF"), _RGB),
        (encoded(_RGB, "TIFF"), _RGB),
        (encoded(_RGB, "TIFF", big_tiff=True), _RGB),
        (encoded(_GREY, "TIFF", compression="tiff_lzw"), _GREY),
        (encoded(_RGB, "TIFF", compression="tiff_deflate"), _RGB),
        (encoded(_RGB, "TIFF", compression="jpeg", quality=95), _RGB),
        (encoded(_RGB.convert("CMYK"), "TIFF"), _RGB),
        (encoded(_RGB.quantize(256), "TIFF"), _RGB),
        (encoded(Image.fromarray(_RAMP.astype(np.uint16) * 256 + 99), "TIFF"), _GREY),
        (encoded(Image.fromarray(_RAMP.astype(">u2") * 256 + 99), "TIFF"), _GREY),
    ],
    ids=[
        *("heic", "heic grey", "heic alpha", "heic of tiles", "heic 10 bit"),
        *("avif", "avif grey", "avif alpha"),
        *("tiff", "tiff of 64 bits", "tiff lzw grey", "tiff deflate", "tiff jpeg", "tiff cmyk"),
        *("tiff palette", "tiff 16 bit", "tiff 16 bit big-endian"),
    ],
)
def test_a_frame_has_the_pixels_that_it_has_as_a_png(
    reader: FrameReader, content: bytes, as_png: Image.Image
) -> None:
    picture = reader.picture(content)
    pixels = picture.at(1).pixels
    expected = _png(as_png)
    assert (picture.width, picture.height) == as_png.size
    assert (pixels.shape, pixels.dtype) == (expected.shape, np.uint8)
    assert np.abs(pixels.astype(int) - expected).mean() < 4
    assert picture.at(0.1).scale == 1  # it was decoded whole
    assert reader.size(content) >= as_png.width * as_png.height


@pytest.mark.parametrize("form", FORMS.values())
@pytest.mark.parametrize(("turned", "dark"), [(3, "right"), (6, "top"), (8, "bottom")])
def test_a_frame_that_says_how_the_camera_was_held_is_upright(
    reader: FrameReader, form: str, turned: int, dark: str
) -> None:
    picture = reader.picture(encoded(_GREY, form, turned=turned))
    pixels = picture.at(1).pixels.astype(int)
    assert (picture.width, picture.height) == ((96, 64) if turned == 3 else (64, 96))
    edges = {"right": pixels[:, -1], "top": pixels[0], "bottom": pixels[-1], "left": pixels[:, 0]}
    assert min(edges, key=lambda name: edges[name].mean()) == dark


@pytest.mark.parametrize(("turned", "corner"), [(0, 0), (90, 1), (180, 2), (270, 3)])
def test_a_frame_is_turned_as_the_policy_says(
    reader: FrameReader, turned: Turn, corner: int
) -> None:
    marked = Image.new("RGB", (96, 64))
    marked.paste((255, 255, 255), (0, 0, 24, 16))  # left above
    pixels = reader.picture(encoded(marked, "TIFF"), turned=turned).at(1).pixels
    corners = (pixels[0, 0], pixels[0, -1], pixels[-1, -1], pixels[-1, 0])
    assert int(np.argmax([each.mean() for each in corners])) == corner


def test_of_several_pictures_the_main_one_or_the_first_is_read(reader: FrameReader) -> None:
    black, white = Image.new("RGB", (64, 64)), Image.new("RGB", (96, 64), "white")
    both = pillow_heif.from_pillow(black)
    both.add_from_pillow(white)
    buffer = io.BytesIO()
    both.save(buffer, primary_index=1)
    of_white = reader.picture(buffer.getvalue())
    assert (of_white.width, of_white.at(1).pixels.min()) == (96, 255)
    of_black = reader.picture(encoded(black, "TIFF", save_all=True, append_images=[white]))
    assert (of_black.width, of_black.at(1).pixels.max()) == (64, 0)


@pytest.mark.parametrize("word", FORMS)
def test_a_format_that_the_policy_does_not_name_is_named_with_what_to_do(word: str) -> None:
    content = encoded(_RGB, FORMS[word])
    others = FrameReader(set(FORMS) - {word})
    for read in (FrameReader().picture, others.picture, Picture.read):
        with pytest.raises(UnreadableFrameError) as found:
            read(content)
        assert str(found.value) == (
            f"it is {word.upper()}, which is not read: have the camera write JPEG, PNG, WebP or"
            f" BMP, or name {word} in the policy's extra_frame_formats"
        )
    assert others.size(content) == 0


def test_the_usual_formats_start_no_process(processes: list[subprocess.Popen[bytes]]) -> None:
    reader = FrameReader(FORMS)
    assert reader.picture(encoded(_RGB, "PNG")).width == 96
    assert reader.size(encoded(_RGB, "PNG")) == 96 * 64
    with pytest.raises(UnreadableFrameError, match="it is GIF, which is not read"):
        reader.picture(encoded(_RGB, "GIF"))
    assert processes == []


def test_a_picture_that_does_not_say_how_it_is_coded_is_of_what_its_brands_say() -> None:
    avif = encoded(_RGB, "AVIF")
    assert avif[8:12] == b"avif"
    reader = FrameReader(["avif"])
    assert reader.picture(avif[:8] + b"mif1" + avif[12:]).width == 96


# ---- What is refused before it is decoded --------------------------------------------------------


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The processes that were started for decoding."""
    started: list[subprocess.Popen[bytes]] = []

    class Noted(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    return started


@pytest.mark.parametrize(
    "content",
    [
        with_size(encoded(_RGB, "HEIF"), 30_000, 30_000),
        with_size(encoded(_RGB, "AVIF"), 7_000, 7_200),
        tiff(100_000, 100_000),
    ],
    ids=FORMS,
)
def test_a_bomb_is_refused_before_it_is_decoded(
    content: bytes, processes: list[subprocess.Popen[bytes]]
) -> None:
    reader = FrameReader(FORMS)
    assert reader.size(content) == 0
    with pytest.raises(UnreadableFrameError, match="more than 50000000 pixels"):
        reader.picture(content)
    assert processes == []


@pytest.mark.parametrize(
    "content",
    [
        b"\0\0\0\x18ftypheic" + bytes(500),
        b"\0\0\0\x18ftypheic" + bytes(12) + b"\0\0\0\x08mdat" * 5_000,
        encoded(_RGB, "HEIF").replace(b"ispe", b"skip"),
        b"\0\0\0\x10ftypavif\0\0\0\0\0\1\x86\xa8meta"
        + b"\0\0\0\x14ispe\0\0\0\0\0\0\0\1\0\0\0\1" * 5_000,
        encoded(_RGB, "TIFF", compression="tiff_lzw")[:-600],  # without the directory at its end
        b"II*\0\x08\0\0\0\xff\xff" + tiff(64, 48)[10:34] + bytes(12) * 65_533,
        b"II*\0",
    ],
    ids=["head", "boxes", "no size", "sizes", "cut off tiff", "tags", "start"],
)
def test_a_frame_that_does_not_say_how_large_it_is_is_refused(
    content: bytes, processes: list[subprocess.Popen[bytes]]
) -> None:
    reader = FrameReader(FORMS)
    assert reader.size(content) == 0
    with pytest.raises(UnreadableFrameError, match="does not say how many pixels it has"):
        reader.picture(content)
    assert processes == []


def test_pixels_that_a_frame_does_not_own_up_to_are_not_taken(
    reader: FrameReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extra_formats, "pixels", lambda _: 96 * 64 - 1)
    with pytest.raises(UnreadableFrameError, match="more pixels than it says"):
        reader.picture(encoded(_RGB, "TIFF"))
    monkeypatch.undo()
    assert reader.picture(encoded(_RGB, "TIFF")).width == 96


# ---- What decoding finds -------------------------------------------------------------------------


@pytest.mark.parametrize("word", FORMS)
@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.97, 0.999])
def test_a_frame_that_is_cut_off_is_not_read(reader: FrameReader, word: str, share: float) -> None:
    content = encoded(_NOISE, FORMS[word])
    with pytest.raises(UnreadableFrameError, match=r"\w") as found:
        reader.picture(content[: int(len(content) * share)])
    assert "0x" not in str(found.value)  # no address in memory: the same words each time
    assert str(found.value) == str(found.value).strip()


@given(st.sampled_from(sorted(FORMS)), st.integers(0, 600), st.binary(min_size=1, max_size=8))
@settings(max_examples=200)
def test_damage_anywhere_is_a_picture_or_a_reason(word: str, place: int, damage: bytes) -> None:
    content = encoded(_RGB, FORMS[word])
    damaged = content[:place] + damage + content[place + len(damage) :]
    with contextlib.suppress(UnreadableFrameError):
        assert _SHARED.picture(damaged).at(1).pixels.ndim == 3


_SHARED = FrameReader(FORMS)  # hypothesis takes no fixture of a module


# ---- What ends the process -----------------------------------------------------------------------


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame may take a second of processor time."""
    monkeypatch.setattr(decoder, "MOST_SECONDS", 1)


@pytest.mark.usefixtures("impatient")
def test_a_frame_that_takes_too_much_processor_time_costs_no_other(
    processes: list[subprocess.Popen[bytes]],
) -> None:
    reader = FrameReader(FORMS)
    good = encoded(_RGB, "HEIF")
    assert reader.picture(good).width == 96
    with pytest.raises(UnreadableFrameError, match="more than 1 seconds of processor time"):
        reader.picture(_DEADLY)
    assert reader.picture(good).width == 96
    assert [process.poll() for process in processes] == [-signal.SIGXCPU, None]


def test_a_frame_that_takes_too_long_costs_no_other(
    processes: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = FrameReader(FORMS)
    good = encoded(_RGB, "HEIF")
    assert reader.picture(good).width == 96
    monkeypatch.setattr(decoder, "PATIENCE_S", 0.5)
    start = time.monotonic()
    with pytest.raises(UnreadableFrameError, match=r"took more than 0\.5 seconds"):
        reader.picture(_DEADLY)
    assert time.monotonic() - start < 5
    monkeypatch.undo()
    assert reader.picture(good).width == 96
    assert processes[0].poll() == -signal.SIGKILL


def test_a_frame_that_takes_too_much_memory_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "MOST_MEMORY", 400 << 20)
    reader = FrameReader(FORMS)
    large = encoded(Image.new("RGB", (7_000, 7_000)), "TIFF", compression="tiff_lzw")
    with pytest.raises(UnreadableFrameError, match="takes more memory than a frame may"):
        reader.picture(large)
    assert reader.picture(encoded(_RGB, "TIFF")).width == 96
    monkeypatch.undo()
    assert FrameReader(FORMS).picture(large).width == 7_000


def test_a_frame_that_crashes_the_decoder_costs_no_other(
    processes: list[subprocess.Popen[bytes]],
) -> None:
    reader = FrameReader(FORMS)
    good = encoded(_RGB, "HEIF")
    assert reader.picture(good).width == 96
    crash = threading.Timer(0.3, lambda: processes[0].send_signal(signal.SIGSEGV))
    crash.start()
    with pytest.raises(UnreadableFrameError, match=r"ended the process that decodes \(SIGSEGV\)"):
        reader.picture(_DEADLY)
    crash.join()
    assert reader.picture(good).width == 96
    assert len(processes) == 2


def test_a_process_that_ended_between_two_frames_costs_none(
    processes: list[subprocess.Popen[bytes]],
) -> None:
    reader = FrameReader(FORMS)
    for started in (1, 2, 2):
        assert reader.picture(encoded(_RGB, "AVIF")).width == 96
        assert len(processes) == started
        if started == 1:
            processes[0].kill()
            processes[0].wait()


def test_threads_decode_at_once_and_reuse_their_processes(
    processes: list[subprocess.Popen[bytes]],
) -> None:
    reader = FrameReader(FORMS)
    contents = [encoded(Image.new("RGB", (96, 64), (n, n, n)), "TIFF") for n in range(60)]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(reader.picture, contents))
    assert [int(each.at(1).pixels[0, 0, 0]) for each in found] == list(range(60))
    assert len(processes) <= 3


def test_nothing_is_left_of_a_reader_that_is_gone(
    processes: list[subprocess.Popen[bytes]],
) -> None:
    reader = FrameReader(FORMS)
    reader.picture(encoded(_RGB, "TIFF"))
    del reader
    assert [process.poll() for process in processes] == [-signal.SIGKILL]


def test_a_process_whose_parent_is_gone_ends(processes: list[subprocess.Popen[bytes]]) -> None:
    reader = FrameReader(FORMS)
    reader.picture(encoded(_RGB, "TIFF"))
    (process,) = processes
    assert process.stdin
    process.stdin.close()  # as the system does it then
    assert process.wait(timeout=20) == 0


# ---- What the process may do ---------------------------------------------------------------------


@pytest.fixture
def own(processes: list[subprocess.Popen[bytes]]) -> Iterator[Path]:
    """What the system tells of the process that decodes, of one that has decoded."""
    reader = FrameReader(FORMS)
    reader.picture(encoded(_RGB, "HEIF"))
    yield Path(f"/proc/{processes[0].pid}")
    assert reader


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="Linux tells it")
def test_the_process_may_open_nothing_and_take_little(own: Path) -> None:
    limits = {
        line[:26].strip(): line[26:].split()[:2]
        for line in (own / "limits").read_text(encoding="ascii").splitlines()[1:]
    }
    assert limits["Max open files"] == ["0", "0"]
    assert limits["Max core file size"] == ["0", "0"]
    assert limits["Max address space"] == [str(decoder.MOST_MEMORY)] * 2
    assert int(limits["Max cpu time"][0]) <= decoder.MOST_SECONDS + 5
    opened = {str(each.readlink()).partition(":")[0] for each in (own / "fd").iterdir()}
    assert opened == {"pipe", "/dev/null"}


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="Linux tells it")
def test_the_process_inherits_no_key(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "MARKED")
    own: Path = request.getfixturevalue("own")
    names = {
        entry.partition("=")[0]
        for entry in (own / "environ").read_text("utf-8").split("\0")
        if entry
    }
    assert names <= {"PYTHONPATH", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "LD_LIBRARY_PATH"}
    assert (own / "cwd").readlink() == Path("/")


# ---- What cannot be started ----------------------------------------------------------------------


def test_a_decoder_that_is_not_installed_is_named_with_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    for word, todo in (("heic", r"install auditor\[images\]"), ("avif", "built with AVIF")):
        with pytest.raises(ConfigurationError, match=todo):
            FrameReader([word])
    FrameReader(["tiff"])


def test_a_process_that_cannot_start_is_no_fault_of_the_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken: Mapping[str, str] = {"PYTHONPATH": "/nowhere"}
    monkeypatch.setattr(decoder, "_environment", lambda: broken)
    monkeypatch.setattr(decoder_process, "__name__", "auditor.no_such_module")
    with pytest.raises(AuditorError, match=r"heic frames cannot be started: .*No module named"):
        FrameReader(["heic"]).picture(encoded(_RGB, "HEIF"))


def test_a_process_that_does_not_start_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decoder, "PATIENCE_S", 0.01)
    start = time.monotonic()
    with pytest.raises(AuditorError, match="cannot be started: it does not say why"):
        FrameReader(["tiff"]).picture(encoded(_RGB, "TIFF"))
    assert time.monotonic() - start < 10
