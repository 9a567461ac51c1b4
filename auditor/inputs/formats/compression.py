"""Gzip, around a file of any format, and the limit on what a file may unpack to."""

import gzip
import io
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from auditor.inputs.formats.base import UnusableError, unreadable

GZIP_ERRORS = (EOFError, zlib.error, gzip.BadGzipFile)

_MAGIC = b"\x1f\x8b"
_IN_MEMORY = 32 << 20  # bytes of unpacked content; more go to a temporary file
# A file that unpacks to more than both of these is taken for an attack, not for an export.
_MOST_BYTES, _MOST_TIMES = 64 << 20, 100


@contextmanager
def unpacked(file: BinaryIO) -> Iterator[BinaryIO]:
    """The file's content, unpacked if its first bytes are those of gzip.

    Raises:
        UnusableError: it unpacks to too much.
    """
    magic = file.read(len(_MAGIC))
    file.seek(0)
    if magic != _MAGIC:
        yield file
        return
    most = most_bytes(file)
    with gzip.GzipFile(fileobj=file) as packed:
        yield _Bounded(packed, most)  # type: ignore[arg-type,misc]  # both are streams of bytes


@contextmanager
def seekable(content: BinaryIO) -> Iterator[BinaryIO]:
    """The same content, from its start, with random access."""
    if not isinstance(content, _Bounded):
        yield content
        return
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as whole:
        shutil.copyfileobj(content, whole)
        whole.seek(0)
        yield whole  # type: ignore[misc]


def most_bytes(file: BinaryIO) -> int:
    """How many bytes a file may unpack to; the file is then at its start."""
    most = max(_MOST_BYTES, _MOST_TIMES * file.seek(0, io.SEEK_END))
    file.seek(0)
    return most


def too_large() -> UnusableError:
    """The error of a file that unpacks to too much."""
    return unreadable(f"it unpacks to more than {_MOST_TIMES} times its size")


class _Bounded(io.RawIOBase):
    """Unpacked content that refuses to yield more than ``most`` bytes."""

    def __init__(self, packed: BinaryIO, most: int) -> None:
        self._packed, self._left = packed, most

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._packed.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        some = self._packed.read(min(size, self._left + 1) if size >= 0 else self._left + 1)
        self._left -= len(some)
        if self._left < 0:
            raise too_large()
        return some
