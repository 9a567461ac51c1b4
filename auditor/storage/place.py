"""Folders at a URL (a local path, ``s3://``, ``gs://``, ``abfs://``), through fsspec.

Every path below a place is relative to it and may not leave it. A file appears whole or not at
all, and stays: locally it is written under a temporary name, flushed and renamed, and its folder is
flushed too; object stores put it in one piece.
"""

import errno
import io
import logging
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import fsspec
from fsspec.implementations.local import LocalFileSystem

from auditor.errors import ConfigurationError, StorageError
from auditor.storage.addresses import shown, without_credentials
from auditor.storage.locks import locked

#: Names that start so are unfinished; no reader looks at them.
PARTIAL_PREFIX = ".partial-"

#: What can be done about a file that cannot be changed.
_TODO = {
    "make room there": {errno.ENOSPC, errno.EDQUOT, errno.EFBIG},
    "let the user that runs the audit write there": {errno.EACCES, errno.EPERM, errno.EROFS},
}

#: How s3:// is asked, by the names of s3fs and botocore: docs/operations.md says what comes of it.
#: What fsspec is configured with (FSSPEC_S3) goes before.
S3_OPTIONS: dict[str, Any] = {
    "use_listings_cache": False,  # a listing of a moment ago is no answer to what is there now
    "config_kwargs": {
        "connect_timeout": 5,
        "read_timeout": 15,  # seconds without a byte
        "retries": {"mode": "standard", "total_max_attempts": 5},
    },
}
_S3_TRIES = 2  # of s3fs, each with botocore's attempts: for answers that break off in the middle
_PAUSES = (0.1, 0.5, 2.0)  # seconds, before such an answer is asked for anew by s3fs

# At the level DEBUG these log whole requests, session tokens included.
_TELL_SECRETS = ("aiobotocore", "botocore", "boto3", "s3transfer")

# Errors of a local file by itself; any other is of the disk that it lies on.
_OF_THE_FILE = frozenset(
    {
        *(errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR),
        *(errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT, errno.EINVAL),
    }
)


def _configure() -> None:
    given = fsspec.config.conf.setdefault("s3", {})
    requests = given.get("config_kwargs", {})
    fsspec.config.conf["s3"] = (
        S3_OPTIONS | given | {"config_kwargs": S3_OPTIONS["config_kwargs"] | requests}
    )
    for name in _TELL_SECRETS:
        logging.getLogger(name).setLevel(logging.INFO)


_configure()


class OutsideError(ValueError):
    """A path is absolute, is a URL, or climbs out of its place."""


class TooLargeError(ValueError):
    """A file has more bytes than were asked for at most."""


def results_at(url: str) -> "Place":
    """Open the folder below which results are written and read.

    Raises:
        ConfigurationError: ``url`` is a file, or as of :class:`Place`.
    """
    place = Place(url)
    if place.single_file is not None:
        raise ConfigurationError(
            f"{place} is a file, and results need a folder: name a folder, or a new one, with --out"
        )
    return place


class Place:
    """A folder at a URL, or the folder around a single file."""

    def __init__(self, url: str) -> None:
        """Open ``url``; nothing is created.

        Raises:
            ConfigurationError: the URL's scheme is unknown, its library is not installed, or there
                is a key or password in it.
            StorageError: the storage does not answer, as of every method that asks it.
        """
        without_credentials(url)
        try:
            self._fs, root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise ConfigurationError(f"cannot open {shown(url)}: {error}") from error
        self.is_local = isinstance(self._fs, LocalFileSystem)
        if "s3" in self._fs.protocol:
            self._fs.retries = _S3_TRIES
        self._root = root.rstrip("/") or "/"
        self.single_file: str | None = None
        with self._asked():
            is_file = self._fs.isfile(self._root)
        if is_file:
            self._root, _, self.single_file = self._root.rpartition("/")

    def __str__(self) -> str:
        """The address without its scheme and options, which may hold credentials."""
        return f"{self._root}/{self.single_file or ''}"

    def exists(self, path: str = "") -> bool:
        """Whether there is a file or folder at ``path``."""
        full = self._full(path) if path else self._root
        with self._asked(path):
            return bool(self._fs.exists(full))

    def read(self, path: str, *, most: int | None = None) -> bytes:
        """The bytes of a file.

        Args:
            path: where.
            most: how many there may be; no more are fetched to find that out.

        Raises:
            OutsideError: ``path`` leaves the place.
            TooLargeError: there are more than ``most``.
            OSError: there is no such file, or it cannot be read.
        """
        full = self._regular(path, most)
        if self.is_local:
            return Path(full).read_bytes()
        # Where a range is asked for, no size has to be asked for first.
        end = None if most is None else most + 1
        with self._asked(path):
            try:
                content = _whole(lambda: self._fs.cat_file(full, start=0, end=end))
            except OSError as error:
                if error.errno != errno.EINVAL or self._fs.size(full):
                    raise
                content = b""  # of which there is no range
        if len(content) == end:
            raise _too_large(path, most)
        return content

    def open(self, path: str) -> BinaryIO:
        """A file to be read piece by piece, in any order; raises what :meth:`read` does."""
        full = self._regular(path)
        with self._asked(path):
            stream: BinaryIO = self._fs.open(full, "rb")
        if self.is_local:
            return stream
        return _TranslatedStream(stream, lambda: self._asked(path))  # type: ignore[return-value]

    def state(self, path: str) -> str:
        """What stays the same only while a file does: its size, its time, its version.

        Raises:
            OSError: there is no such file.
        """
        full = self._full(path)
        with self._asked(path):
            return str(self._fs.ukey(full))

    def write(self, path: str, content: bytes | Iterable[bytes], *, lasting: bool = True) -> None:
        """Put a file in place as a whole, readable by its owner only.

        Args:
            path: where.
            content: its bytes, or pieces of them, of which one at a time is in memory.
            lasting: it is there whatever happens once this returns, a power cut included.

        Raises:
            OutsideError: ``path`` leaves the place.
            StorageError: it cannot be written; what was there before is untouched.
        """
        full = self._full(path)
        if not self.is_local:
            with self._asked(path):
                self._put(full, content)
            return
        with _told("write", full):
            pieces = [content] if isinstance(content, bytes) else content
            _replace(Path(full), pieces, lasting=lasting)

    def remove(self, path: str) -> None:
        """Delete a file or a folder with all below it; nothing happens if it is not there.

        Raises:
            OutsideError: ``path`` leaves the place.
            StorageError: it cannot be deleted, or something below it cannot.
        """
        full = self._full(path)
        if self.is_local:
            if self._fs.exists(full):
                with _told("delete", full):
                    self._fs.rm(full, recursive=True)
                    _flush_folder(Path(full).parent)
            return
        with self._asked(path):
            if not self._fs.exists(full):
                return
            self._fs.rm(full, recursive=True)
            # An object store says of each of many files whether it is gone, which s3fs passes over.
            # A listing that lags behind may still show some that are.
            left = [file for file in self._fs.find(full) if self._fs.exists(file)]
            if left:
                raise PermissionError(f"{len(left)} files are still there, such as {left[0]}")

    def sweep(self, folder: str) -> None:
        """Delete what killed processes left half-written in a folder that nobody writes to now."""
        if self.is_local:
            for partial in Path(self._full(folder)).glob(f"{PARTIAL_PREFIX}*"):
                with _told("delete", str(partial)):
                    partial.unlink()

    @contextmanager
    def lock(self, path: str, *, shared: bool = False, wait: bool = False) -> Iterator[None]:
        """Hold the lock of a file that is there for that only; object stores have no locks.

        Args:
            path: of the file; it is removed by whoever held it alone.
            shared: together with others that share it too, rather than alone.
            wait: for whoever holds it.

        Raises:
            BlockingIOError: somebody holds it and is not to be waited for.
            StorageError: the file cannot be made.
        """
        if not self.is_local:
            yield
            return
        file = Path(self._full(path))
        with ExitStack() as held:
            with _told("make", str(file)):
                _make_private(file.parent)
                held.enter_context(locked(file, shared=shared, wait=wait))
            try:
                yield
            finally:
                if not shared:
                    with _told("delete", str(file)):
                        file.unlink(missing_ok=True)

    def files(
        self, under: str = "", *, enter: Callable[[str], bool] | None = None
    ) -> Iterator[str]:
        """Yield the files below ``under``, in the order of their names, relative to the place.

        Args:
            under: a folder; one that does not exist has no files.
            enter: asked with the name of each folder; False leaves it unlisted.
        """
        if self.single_file is not None:
            yield self.single_file
            return
        top = self._full(under) if under else self._root
        for entry in sorted(self._listed(top), key=lambda e: str(e["name"])):
            full = str(entry["name"]).rstrip("/")
            name = full.rpartition("/")[2]
            if full == top or name.startswith("."):
                continue
            path = f"{under}/{name}" if under else name
            if entry["type"] == "directory":
                if enter is None or enter(name):
                    yield from self.files(path, enter=enter)
            else:
                yield path

    def folders(self, under: str) -> list[str]:
        """The names of the folders right below ``under``, sorted; none if it does not exist."""
        top = self._full(under)
        found = (e for e in self._listed(top) if e["type"] == "directory")
        names = (str(e["name"]).rstrip("/") for e in found)
        return sorted(name.rpartition("/")[2] for name in names if name != top)

    def _listed(self, top: str) -> list[dict[str, Any]]:
        """What is right below a folder, as the storage tells it now; nothing if it is not there."""
        with self._asked(top):
            try:
                entries: list[dict[str, Any]] = self._fs.ls(top, detail=True, refresh=True)
            except (FileNotFoundError, NotADirectoryError):
                return []
        return entries

    @contextmanager
    def _asked(self, path: str = "") -> Iterator[None]:
        """Tell what the storage raises from what is wrong with a path.

        Storage libraries raise what they like, down to plain exceptions of their transports; rights
        that end in the middle of a night are no fault of the file that was asked for.
        """
        try:
            yield
        except FileNotFoundError:
            raise
        except Exception as error:
            if self.is_local:
                raise
            told = shown(f"{type(error).__name__}: {error}")
            where = f"{self}{'' if path.startswith(self._root) else path}"
            # Without its cause, which may repeat an address with a password in it.
            raise StorageError(f"{where}: the storage failed ({told}); try again") from None

    def _regular(self, path: str, most: int | None = None) -> str:
        """The full path of a file to read: opening a pipe would wait for ever."""
        full = self._full(path)
        if self.is_local:
            found = os.stat(full)  # noqa: PTH116  # once a frame: as fast as can be
            if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
                raise PermissionError(errno.EPERM, "it is a pipe or a device, no file")
            if most is not None and found.st_size > most:
                raise _too_large(path, most)
        return full

    def _put(self, full: str, content: bytes | Iterable[bytes]) -> None:
        """Write to an object store, where nothing is seen of a file before all of it is there."""
        if isinstance(content, bytes):
            self._fs.pipe_file(full, content)
            return
        with tempfile.NamedTemporaryFile() as whole:
            whole.writelines(content)
            whole.flush()
            self._fs.put_file(whole.name, full)

    def _full(self, path: str) -> str:
        parts = PurePosixPath(path).parts
        if (
            not parts
            or path.startswith(("/", "~"))
            or ".." in parts
            or "://" in path
            or "\\" in path
            or any(ord(character) < 32 for character in path)
        ):
            raise OutsideError(f"{path!r} is not a path below {self._root}")
        full = f"{self._root.rstrip('/')}/{path}"
        if self.is_local:
            root = os.path.realpath(self._root)
            if os.path.commonpath([root, os.path.realpath(full)]) != root:
                raise OutsideError(f"{path!r} is a link that leads out of {self._root}")
        return full


class _TranslatedStream(io.RawIOBase):
    """A stream whose errors are told in other words than its own."""

    def __init__(
        self, stream: BinaryIO, telling: Callable[[], AbstractContextManager[None]]
    ) -> None:
        """Read ``stream``, each time inside of what ``telling`` makes."""
        self._stream, self._telling = stream, telling

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place in the file."""
        return self._stream.seek(offset, whence)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read into a buffer what fits."""
        with self._telling():
            some = _whole(lambda: self._stream.read(len(buffer)))
        buffer[: len(some)] = some
        return len(some)

    def close(self) -> None:
        """Close the file too."""
        self._stream.close()
        super().close()


def _whole(ask: Callable[[], bytes]) -> bytes:
    """An answer that may break off, asked for again when it did: s3fs itself does so but once."""
    for pause in _PAUSES:
        try:
            return ask()
        except Exception as error:  # of a transport that need not be installed
            if type(error).__name__ != "ClientPayloadError":
                raise
            time.sleep(pause)
    return ask()


def _too_large(path: str, most: int | None) -> TooLargeError:
    return TooLargeError(f"{path} has more than {most:,} bytes")


def concerns_the_file(error: OSError) -> bool:
    """Whether an error is of one file, and not of the storage that it lies on."""
    return isinstance(error, FileNotFoundError) or (
        not isinstance(error, StorageError) and error.errno in _OF_THE_FILE
    )


@contextmanager
def _told(verb: str, path: str) -> Iterator[None]:
    """Say what the system refused to do to which path, why, and what can be done."""
    try:
        yield
    except (BlockingIOError, StorageError):
        raise
    except OSError as error:
        todo = next((todo for todo, of in _TODO.items() if error.errno in of), "see to the storage")
        raise StorageError(
            f"cannot {verb} {path}: {error.strerror or error}; {todo}, then run again"
        ) from error


def _replace(target: Path, pieces: Iterable[bytes], *, lasting: bool) -> None:
    """Write a file beside its place and rename it.

    The name beside it is the same for all who write the file, so that the next one uses up what a
    killed one left; its lock keeps them from doing so at once.
    """
    _make_private(target.parent)
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
            partial.unlink(missing_ok=True)  # it may be what takes the last room
            raise
    if lasting:
        _flush_folder(target.parent)


def _flush_folder(folder: Path) -> None:
    """Put on disk which files a folder has, where the file system knows how."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


def _make_private(folder: Path) -> None:
    """Create what is missing of a folder and of those around it, for their owner only.

    ``mkdir(mode, parents=True)`` would give the mode to the innermost alone.
    """
    if not folder.is_dir():
        _make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        _flush_folder(folder.parent)
