"""Local files that appear whole or not at all, survive a power cut, and are their owner's only."""

import errno
import os
from collections.abc import Iterable
from pathlib import Path

from auditor.storage.locks import locked

#: The prefix of unfinished files' names; no reader looks at them.
PARTIAL_PREFIX = ".partial-"


def replace_file(target: Path, pieces: Iterable[bytes], *, lasting: bool) -> None:
    """Write a file under a temporary name beside it, and rename it.

    Every writer of the file uses the same temporary name, so that the next one overwrites what a
    killed one left; its lock keeps two from writing at once. With ``lasting``, the file survives a
    power cut once this returns.
    """
    make_private_folder(target.parent)
    partial = target.with_name(PARTIAL_PREFIX + target.name)
    with locked(partial) as descriptor:
        try:
            os.ftruncate(descriptor, 0)
            with os.fdopen(descriptor, "wb", closefd=False) as stream:
                stream.writelines(pieces)
            if lasting:
                os.fsync(descriptor)
            partial.replace(target)
        except OSError:
            partial.unlink(missing_ok=True)  # it may take up the last free space
            raise
    if lasting:
        flush_folder(target.parent)


def flush_folder(folder: Path) -> None:
    """Put a folder's list of files on disk, where the file system supports it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


def make_private_folder(folder: Path) -> None:
    """Create a folder and its missing parents, for their owner only.

    ``mkdir(mode, parents=True)`` would apply the mode to the innermost folder alone.
    """
    if not folder.is_dir():
        make_private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        flush_folder(folder.parent)
