"""The process that decodes frames for decoder.py: what it may take is limited, so are its rights.

    python -m auditor.faces.decoder_process MEMORY SECONDS FORMAT...

MEMORY is the most address space in bytes, SECONDS the most processor time a frame, FORMAT a word of
``formats.EXTRA``. It reads frames from standard input and writes their pixels to standard output,
until the input ends.
"""

import os
import resource
import struct
import sys
import time
import warnings
from typing import BinaryIO

import numpy as np
from PIL import Image

from auditor.faces.frames import Pixels, UnreadableFrameError, fault, whole

#: What the process writes when it can decode.
READY = b"ready\n"
#: Before the bytes of a frame: its format, one of EXTRA, and how many bytes there are.
REQUEST = struct.Struct(">4sQ")
#: Before an answer: width and height of the pixels, which follow as RGB; or 0 and the number of
#: bytes of the reason for which there are none.
ANSWER = struct.Struct(">II")
#: Bytes of a reason.
LONGEST_REASON = 300

# Pillow's names.
_DECODERS = {"heic": "HEIF", "avif": "AVIF", "tiff": "TIFF"}


def main() -> None:
    """Answer requests, until there are no more."""
    memory, seconds, *words = sys.argv[1:]
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    _load(words)
    _give_up_rights(int(memory))
    answers.write(READY)
    answers.flush()
    warnings.simplefilter("ignore")
    while head := requests.read(REQUEST.size):
        word, length = REQUEST.unpack(head)
        _limit_time(int(seconds))
        _answer(requests.read(length), word.decode(), answers)


def _load(words: list[str]) -> None:
    """Import the decoders with all that they would import later: no file can be opened then."""
    Image.init()
    if "heic" in words:
        import pillow_heif  # noqa: PLC0415  # an extra

        pillow_heif.register_heif_opener(
            decode_threads=1, thumbnails=False, depth_images=False, aux_images=False
        )
    if "avif" in words:
        from PIL import AvifImagePlugin  # noqa: PLC0415

        AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def _give_up_rights(memory: int) -> None:
    """No file, no connection, no memory dump that would hold a face, no more than ``memory``."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for output in (1, 2):  # native decoders write their warnings there
        os.dup2(nothing, output)
    os.close(nothing)
    for limit, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 0),  # what is open stays open, and nothing can be opened
    ):
        resource.setrlimit(limit, (most, most))


def _limit_time(seconds: int) -> None:
    """The system ends this process when it has taken so much processor time from now on."""
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + 1 + seconds, most))


def _answer(content: bytes, word: str, answers: BinaryIO) -> None:
    found = _decoded(content, word)
    if isinstance(found, str):
        reason = found.encode(errors="replace")[:LONGEST_REASON]
        answers.write(ANSWER.pack(0, len(reason)) + reason)
    else:
        height, width = found.shape[:2]
        answers.write(ANSWER.pack(width, height))
        answers.write(np.ascontiguousarray(found).data)
    answers.flush()


def _decoded(content: bytes, word: str) -> Pixels | str:
    """The pixels of a frame, or why there are none."""
    try:
        return whole(content, _DECODERS[word])
    except UnreadableFrameError as error:
        return str(error)
    except MemoryError:
        return "decoding it takes more memory than a frame may"
    except Exception as error:  # noqa: BLE001  # decoders raise anything on damaged bytes
        return fault(error)


if __name__ == "__main__":
    main()
