"""Locks on files, which a process that ends loses by itself, however it ends.

They are advisory and the operating system's own (``flock``): they hold between the processes of a
machine, and between machines where their shared file system says so.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: What file systems say that know no locks; those who write there are not kept apart.
_UNKNOWN = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}


@contextmanager
def locked(path: Path, *, shared: bool = False, wait: bool = True) -> Iterator[int]:
    """Hold the lock of a file, which is made if it is not there, for its owner only.

    Args:
        path: the file. Whoever holds its lock alone may rename or remove it.
        shared: together with others that share it too, rather than alone.
        wait: for whoever holds it.

    Yields:
        The file's descriptor, to read and write.

    Raises:
        BlockingIOError: somebody holds it and is not to be waited for.
        OSError: the file cannot be made.
    """
    operation = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, operation)
            except OSError as error:
                if error.errno not in _UNKNOWN:
                    raise
            if _is(path, descriptor):
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _is(path: Path, descriptor: int) -> bool:
    """Whether a path still is the file that was opened: its last holder may have moved it."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
