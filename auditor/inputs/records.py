"""A file's records, whatever its format and compression.

Files are read in parts, so that their size does not matter. Each is read from end to end before its
first part is yielded, so that nothing is taken from a file that cannot be used.
"""

import pickle
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import IO, BinaryIO

import pyarrow as pa

from auditor.inputs.filling import Filling
from auditor.inputs.formats import FORMATS
from auditor.inputs.formats.base import Format, Records, Wanted, unreadable
from auditor.inputs.formats.compression import (
    GZIP_ERRORS,
    most_bytes,
    seekable,
    too_large,
    unpacked,
)

#: Bytes up to which a file's records wait in memory; those of a larger one wait on disk.
KEPT_BYTES = 32 << 20
_HEAD = max(len(known.magic) for known in FORMATS)


def read_records(
    path: str, reopen: Callable[[], BinaryIO], wanted: Wanted, form: str | None = None
) -> Iterator[Records]:
    """Yield a file's records part by part; none of a file that cannot be used.

    Args:
        path: names the format where the first bytes do not.
        reopen: opens the same content each time.
        wanted: the columns to read; others are ignored.
        form: name of the format; None for what path and first bytes say.

    Raises:
        UnusableError: the file cannot be parsed, or lacks a column; before the first part.
    """
    count, damaged = 0, False
    with tempfile.SpooledTemporaryFile(KEPT_BYTES) as kept:
        for part in parse(path, reopen, wanted, form):
            damaged |= part.damaged
            _put(part, kept)
            count += 1
        kept.seek(0)
        for _ in range(count):
            yield replace(_taken(kept), damaged=damaged)


def _put(part: Records, kept: IO[bytes]) -> None:
    """Write a part; by itself, Arrow would pickle all of a block of which its cells are a slice."""
    with pa.ipc.new_stream(kept, part.cells.schema) as cells:
        cells.write_table(part.cells)
    pickle.dump(replace(part, cells=None), kept)


def _taken(kept: IO[bytes]) -> Records:
    """Read the next part that :func:`_put` wrote."""
    with pa.ipc.open_stream(kept) as stream:
        cells = stream.read_all()
    part: Records = pickle.load(kept)  # noqa: S301  # our own
    return replace(part, cells=cells.combine_chunks())


def parse(
    path: str, reopen: Callable[[], BinaryIO], wanted: Wanted, form: str | None = None
) -> Iterator[Records]:
    """Yield a file's records part by part, in one pass; arguments as for :func:`read_records`.

    Whether bytes had to be replaced is known of each part as far as the file was read by then.

    Raises:
        UnusableError: the file cannot be parsed, or lacks a column; maybe after some parts.
    """
    with reopen() as file:
        most = most_bytes(file)
    size = 0
    for part in _parts(path, reopen, wanted, form):
        size += part.cells.nbytes
        if size > most:
            raise too_large()
        yield part


def _parts(
    path: str, reopen: Callable[[], BinaryIO], wanted: Wanted, form: str | None
) -> Iterator[Records]:
    with ExitStack() as opened:
        try:
            content = opened.enter_context(unpacked(opened.enter_context(reopen())))
            head = content.read(_HEAD)
            content.seek(0)
            if not head:
                raise unreadable("it is empty")  # the errors below are others
            reader = next((f for f in FORMATS if _reads(f, form, path, head)), FORMATS[-1])
            if reader.random_access:
                content = opened.enter_context(seekable(content))
            filling = Filling(wanted.filled)
            yield from map(filling.fill, reader.read(content, wanted))
        except GZIP_ERRORS as error:
            raise unreadable(f"its compression is broken ({error})") from error
        except (pa.ArrowException, OSError, UnicodeError) as error:
            raise unreadable(f"it cannot be parsed ({error})") from error


def _reads(known: Format, form: str | None, path: str, head: bytes) -> bool:
    return known.recognises(path, head) if form is None else known.name == form
