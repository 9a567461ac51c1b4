"""Locks on files, released by the operating system however a process ends.

They are advisory (``flock``): they hold between the processes of a machine, and between machines
where their shared file system supports it.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Errors of file systems without locks, where writers are not kept apart.
_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}


@contextmanager
def locked(path: Path, *, shared: bool = False, wait: bool = True) -> Iterator[int]:
    """Hold the lock of a file, which is created, for its owner only, if it is missing.

    An exclusive holder may rename or remove the file. Holders with ``shared`` share it; ``wait``
    waits for the present holder.

    Yields:
        The file's descriptor, open for reading and writing.

    Raises:
        BlockingIOError: the lock is held, and ``wait`` is false.
        OSError: the file cannot be created.
    """
    operation = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, operation)
            except OSError as error:
                if error.errno not in _UNSUPPORTED:
                    raise
            if _is_still(path, descriptor):
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether the path is still the file that was opened: its last holder may have moved it."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
