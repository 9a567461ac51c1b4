"""The bytes of an input, and their hash."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from auditor.errors import SourceError
from auditor.inputs.formats.base import UnusableError
from auditor.storage.failures import TranslatedStream, concerns_the_file
from auditor.storage.place import OutsideError, Place

#: Bytes up to which a file is fetched once and kept while it is read.
KEPT_BYTES = 32 << 20
_CHUNK = 1 << 20


class Content:
    """A file's bytes: kept if they are few, else fetched again on each :meth:`open`."""

    def __init__(self, place: Place, path: str) -> None:
        """Fetch and hash the file.

        Raises:
            UnusableError: it cannot be opened.
            SourceError: the storage failed.
        """
        self._place, self._path = place, path
        with self._fetched() as stream:
            head = stream.read(KEPT_BYTES + 1)
            self._kept = head if len(head) <= KEPT_BYTES else None
            self._state = place.state(path) if self._kept is None else ""
            digest = hashlib.sha256(head)
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
        self.sha256 = digest.hexdigest()

    def open(self) -> BinaryIO:
        """The content, from its start."""
        return self._fetched() if self._kept is None else io.BytesIO(self._kept)

    def check_unchanged(self) -> None:
        """Check that the file did not change after it was hashed.

        Raises:
            SourceError: it did.
        """
        if self._kept is None and self._place.state(self._path) != self._state:
            raise SourceError(f"{self._path}: the file changed while it was read; run again")

    def _fetched(self) -> BinaryIO:
        try:
            stream = self._place.open(self._path)
            return io.BufferedReader(TranslatedStream(stream, lambda: _reading(self._path)), _CHUNK)
        except (OSError, OutsideError) as error:
            if isinstance(error, OSError) and not concerns_the_file(error):
                raise _storage_failed(self._path, error) from error
            raise UnusableError(
                "unreadable_file", f"it cannot be opened ({error}); check it, and the rights"
            ) from error


@contextmanager
def _reading(path: str) -> Iterator[None]:
    """Turn storage errors into SourceError, so that other OSErrors are the content's fault."""
    try:
        yield
    except OSError as error:
        raise _storage_failed(path, error) from error


def _storage_failed(path: str, error: OSError) -> SourceError:
    # Not a reject: the storage failed, and a day with gaps must not look like a finished one.
    return SourceError(f"{path}: reading failed ({error}); run again")
