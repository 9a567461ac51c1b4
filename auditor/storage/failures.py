"""Storage errors in plain words: what failed, where, and what can be done."""

import errno
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import BinaryIO

from auditor.errors import StorageError
from auditor.storage.addresses import shown
from auditor.storage.s3 import retried

_REMEDIES = {
    "make room there": {errno.ENOSPC, errno.EDQUOT, errno.EFBIG},
    "let the user that runs the audit write there": {errno.EACCES, errno.EPERM, errno.EROFS},
}

# Errors of a single local file; any other concerns the disk that it lies on.
_OF_ONE_FILE = frozenset(
    {
        *(errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR),
        *(errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT, errno.EINVAL),
    }
)


def concerns_the_file(error: OSError) -> bool:
    """Whether an error concerns one file, rather than the storage that it lies on."""
    return isinstance(error, FileNotFoundError) or (
        not isinstance(error, StorageError) and error.errno in _OF_ONE_FILE
    )


@contextmanager
def local_failures(verb: str, path: str) -> Iterator[None]:
    """Turn the system's refusal to ``verb`` (such as "write") a local file into a StorageError."""
    try:
        yield
    except (BlockingIOError, StorageError):
        raise
    except OSError as error:
        remedies = (remedy for remedy, of in _REMEDIES.items() if error.errno in of)
        raise StorageError(
            f"cannot {verb} {path}: {error.strerror or error};"
            f" {next(remedies, 'see to the storage')}, then run again"
        ) from error


@contextmanager
def remote_failures(where: str) -> Iterator[None]:
    """Turn whatever an object store's library raises into a StorageError; missing files stay so.

    Storage libraries raise what they like, down to plain exceptions of their transports. Access
    rights that expire in the middle of a night are no fault of the file that was asked for.
    ``where`` names the file in the error.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except Exception as error:  # noqa: BLE001  # transports raise any type
        cause = shown(f"{type(error).__name__}: {error}")
        # Without its cause, which may repeat an address with a password in it.
        raise StorageError(f"{where}: the storage failed ({cause}); try again") from None


class TranslatedStream(io.RawIOBase):
    """A stream to read from, whose errors are translated."""

    def __init__(
        self, stream: BinaryIO, translation: Callable[[], AbstractContextManager[None]]
    ) -> None:
        """Read ``stream``, each time inside the context that ``translation`` makes."""
        self._stream, self._translation = stream, translation

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a position in the file."""
        return self._stream.seek(offset, whence)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer, or as much of it as there is."""
        with self._translation():
            content = retried(lambda: self._stream.read(len(buffer)))
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        """Close the underlying stream too."""
        self._stream.close()
        super().close()
