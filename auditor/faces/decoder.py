"""Decodes frames of HEIC, AVIF and TIFF in processes of their own.

Their decoders are large native programs, and the frames are strangers' bytes: what crashes, hangs
or fills the memory there costs one frame. decoder_process.py says what such a process may do.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Collection, Iterator, Mapping
from io import BufferedReader, BufferedWriter
from typing import cast

import numpy as np

from auditor.errors import AuditorError
from auditor.faces import decoder_process, extra_formats
from auditor.faces.decoder_process import ANSWER, READY, REQUEST
from auditor.faces.frames import MAX_PIXELS, Decoded, UnreadableFrameError

#: Address space of a process, bytes. A frame of MAX_PIXELS took up to 0.8 GB of it.
MOST_MEMORY = 2 << 30
#: Seconds a frame may take: of processor time, and in all. The largest took 2.
MOST_SECONDS, PATIENCE_S = 10, 60


class Decoder:
    """Processes that decode, one for each thread that asks at the same time."""

    def __init__(self, words: Collection[str]) -> None:
        """Name the formats, by the words of formats.EXTRA; nothing is started yet."""
        self._words = sorted(words)
        self._idle: list[_Process] = []
        weakref.finalize(self, _end, self._idle)

    def decode(self, content: bytes, word: str) -> Decoded:
        """Decode a frame of a format, and turn it upright.

        Raises:
            UnreadableFrameError: it is damaged, has more pixels than it says or than are
                allowed, or decoding it took too much time or memory, or ended the process.
            AuditorError: no process can be started.
        """
        claimed = extra_formats.pixels(content)
        if not claimed:
            raise UnreadableFrameError(
                "the file is damaged or cut off: it does not say how many pixels it has"
            )
        if claimed > MAX_PIXELS:
            raise UnreadableFrameError(f"more than {MAX_PIXELS} pixels")
        process = self._free()
        try:
            decoded = process.decode(content, word, claimed)
        except _EndedError as error:
            process.end()
            raise UnreadableFrameError(str(error)) from error
        except UnreadableFrameError:
            self._idle.append(process)
            raise
        except BaseException:
            process.end()
            raise
        self._idle.append(process)
        return decoded

    def _free(self) -> "_Process":
        with contextlib.suppress(IndexError):  # none is idle
            while not (process := self._idle.pop()).is_alive():
                process.end()
            return process
        return _Process(self._words)


class _EndedError(Exception):
    """The process can decode no more: it has ended, or has to."""


class _Process:
    """One process that decodes, and what is said to it."""

    def __init__(self, words: list[str]) -> None:
        limits = (str(MOST_MEMORY), str(MOST_SECONDS))
        self._process = subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-P", "-m", decoder_process.__name__, *limits, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
            cwd="/",
        )
        pipes = (self._process.stdin, self._process.stdout, self._process.stderr)
        self._requests = cast("BufferedWriter", pipes[0])
        self._answers, errors = (cast("BufferedReader", pipe) for pipe in pipes[1:])
        with _stopping(self._process):
            started = self._answers.read(len(READY)) == READY
        if not started:
            told = errors.read().decode(errors="replace").splitlines()
            self.end()
            raise AuditorError(
                f"the process that decodes {', '.join(words)} frames cannot be started:"
                f" {told[-1] if told else 'it does not say why'}"
            )

    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def end(self) -> None:
        """Kill it and wait for its end."""
        self._process.kill()
        # What it has not read of a frame cannot be written any more.
        with contextlib.suppress(BrokenPipeError), self._process:
            pass

    def decode(self, content: bytes, word: str, most_pixels: int) -> Decoded:
        """Decode a frame of at most so many pixels.

        Raises:
            UnreadableFrameError: the decoder says why not.
            _EndedError: the process has to be ended, or has ended by itself.
        """
        with _stopping(self._process) as was_late:
            found = self._exchanged(content, word, most_pixels)
        if was_late.is_set():
            raise _EndedError(f"decoding it took more than {PATIENCE_S} seconds")
        if found is None:
            raise _EndedError(_end_of(self._process.wait()))
        if isinstance(found, str):
            raise UnreadableFrameError(found)
        return found

    def _exchanged(self, content: bytes, word: str, most_pixels: int) -> Decoded | str | None:
        """The answer to a request: pixels, or a reason; None if the process ends instead."""
        with contextlib.suppress(BrokenPipeError):
            self._requests.write(REQUEST.pack(word.encode(), len(content)))
            self._requests.write(content)
            self._requests.flush()
        head = self._answers.read(ANSWER.size)
        if len(head) < ANSWER.size:
            return None
        width, height = ANSWER.unpack(head)
        if not width:
            return self._answers.read(min(height, decoder_process.LONGEST_REASON)).decode()
        if width * height > most_pixels:
            raise _EndedError("it has more pixels than it says")
        pixels = np.empty((height, width, 3), np.uint8)
        if self._answers.readinto(pixels.data.cast("B")) < pixels.nbytes:
            return None
        return Decoded(pixels, width, height)


@contextlib.contextmanager
def _stopping(process: subprocess.Popen[bytes]) -> Iterator[threading.Event]:
    """Kill a process that is not done after PATIENCE_S; the event tells whether it came to that."""
    late = threading.Event()

    def stop() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(PATIENCE_S, stop)
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()
        timer.join()


def _environment() -> Mapping[str, str]:
    """What the process needs of this one's environment: where Python's packages and libraries are.

    No key of a storage is in it.
    """
    kept = {n: os.environ[n] for n in ("LD_LIBRARY_PATH",) if n in os.environ}
    path = os.pathsep.join(map(os.path.abspath, sys.path))
    return kept | {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def _end_of(code: int) -> str:
    if code == -signal.SIGXCPU:
        return f"decoding it took more than {MOST_SECONDS} seconds of processor time"
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return f"decoding it ended the process that decodes ({how})"


def _end(idle: list[_Process]) -> None:
    for process in idle:
        process.end()
