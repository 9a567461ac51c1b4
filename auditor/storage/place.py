"""Folders at a URL (a local path, ``s3://``, ``gs://``, ``abfs://``), through fsspec.

Every path is relative to its place and may not leave it. A file appears whole or not at all, and
stays: locally it is written under a temporary name, flushed and renamed; object stores put it in
one piece.
"""

import errno
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import fsspec
from fsspec.implementations.local import LocalFileSystem

from auditor.errors import ConfigurationError
from auditor.storage.addresses import shown, without_credentials
from auditor.storage.failures import TranslatedStream, local_failures, remote_failures
from auditor.storage.layout import FOLDERS
from auditor.storage.local_files import (
    PARTIAL_PREFIX,
    flush_folder,
    make_private_folder,
    replace_file,
)
from auditor.storage.locks import locked
from auditor.storage.s3 import S3_TRIES, configure_s3, retried

configure_s3()

#: The folder of a day, of a report of one, or of faces until one.
_OF_A_DAY = re.compile(r"(?:\w+=)?\d{4}-\d{2}-\d{2}")


class OutsideError(ValueError):
    """A path is absolute, is a URL, or climbs out of its place."""


class TooLargeError(ValueError):
    """A file has more bytes than the caller allows."""


def results_in(url: str) -> "Place":
    """Open the folder of results that are there.

    Raises:
        ConfigurationError: there are none, so that the address is wrong; or as of
            :func:`results_at`.
    """
    place = results_at(url)
    for name in place.folders(""):
        if name in FOLDERS and any(map(_OF_A_DAY.fullmatch, place.folders(name))):
            return place
    raise ConfigurationError(
        f"there are no results at {place}: "
        + ("no day lies below it" if place.exists() else "there is nothing")
        + "; name the folder that `auditor run` was given, with --out"
    )


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
            StorageError: the storage does not answer, as of every method that accesses it.
        """
        without_credentials(url)
        if not url.strip():
            raise ConfigurationError("an address is empty: name a folder or a URL")
        try:
            self._fs, root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise ConfigurationError(f"cannot open {shown(url)}: {error}") from error
        self.is_local = isinstance(self._fs, LocalFileSystem)
        if "s3" in self._fs.protocol:
            self._fs.retries = S3_TRIES
        self._root = root.rstrip("/") or "/"
        self.single_file: str | None = None
        with self._access():
            is_file = self._fs.isfile(self._root)
        if is_file:
            self._root, _, self.single_file = self._root.rpartition("/")

    def __str__(self) -> str:
        """The address without its scheme and options, which may hold credentials."""
        return f"{self._root}/{self.single_file or ''}"

    @property
    def scheme(self) -> str:
        """What kind of storage it is on: ``file``, ``s3`` and so on."""
        protocol = self._fs.protocol
        return str(protocol if isinstance(protocol, str) else protocol[0])

    @property
    def root(self) -> str:
        """The full path of the folder, in its storage."""
        return self._root

    def exists(self, path: str = "") -> bool:
        """Whether there is a file or folder at ``path``."""
        full = self._full(path) if path else self._root
        with self._access(path):
            return bool(self._fs.exists(full))

    def read(self, path: str, *, most: int | None = None) -> bytes:
        """The bytes of a file, of at most ``most`` bytes; no more are fetched to find that out.

        Raises:
            OutsideError: ``path`` leaves the place.
            TooLargeError: there are more than ``most``.
            OSError: there is no such file, or it cannot be read.
        """
        full = self._regular(path, most)
        if self.is_local:
            return Path(full).read_bytes()
        # Asking for a range saves asking for the size first.
        end = None if most is None else most + 1
        with self._access(path):
            try:
                content = retried(lambda: self._fs.cat_file(full, start=0, end=end))
            except OSError as error:
                if error.errno != errno.EINVAL or self._fs.size(full):
                    raise
                content = b""  # an empty file has no range
        if len(content) == end:
            raise _too_large(path, most)
        return content

    def open(self, path: str) -> BinaryIO:
        """Open a file to read piece by piece, in any order; raises what :meth:`read` does."""
        full = self._regular(path)
        with self._access(path):
            stream: BinaryIO = self._fs.open(full, "rb")
        if self.is_local:
            return stream
        return TranslatedStream(stream, lambda: self._access(path))  # type: ignore[return-value]

    def state(self, path: str) -> str:
        """A value that changes whenever the file does: from its size, its time or its version.

        Raises:
            OSError: there is no such file.
        """
        full = self._full(path)
        with self._access(path):
            return str(self._fs.ukey(full))

    def write(self, path: str, content: bytes | Iterable[bytes], *, lasting: bool = True) -> None:
        """Put a whole file in place, readable by its owner only.

        Of pieces of content, one is in memory at a time. With ``lasting``, the file survives a
        power cut once this returns.

        Raises:
            OutsideError: ``path`` leaves the place.
            StorageError: it cannot be written; what was there before is untouched.
        """
        full = self._full(path)
        if self.is_local:
            with local_failures("write", full):
                pieces = [content] if isinstance(content, bytes) else content
                replace_file(Path(full), pieces, lasting=lasting)
            return
        with self._access(path):
            if isinstance(content, bytes):
                self._fs.pipe_file(full, content)
                return
            with tempfile.NamedTemporaryFile() as whole:
                whole.writelines(content)
                whole.flush()
                self._fs.put_file(whole.name, full)

    def remove(self, path: str) -> None:
        """Delete a file, or a folder with everything below it; do nothing if it is not there.

        Raises:
            OutsideError: ``path`` leaves the place.
            StorageError: it, or something below it, cannot be deleted.
        """
        full = self._full(path)
        if self.is_local:
            if self._fs.exists(full):
                with local_failures("delete", full):
                    self._fs.rm(full, recursive=True)
                    flush_folder(Path(full).parent)
            return
        with self._access(path):
            if not self._fs.exists(full):
                return
            self._fs.rm(full, recursive=True)
            # An object store answers for each of many files whether it is gone, which s3fs
            # ignores. A listing that lags behind may still show some that are.
            left = [file for file in self._fs.find(full) if self._fs.exists(file)]
            if left:
                raise PermissionError(f"{len(left)} files are still there, such as {left[0]}")

    def sweep(self, folder: str) -> None:
        """Delete the unfinished files of killed processes from a folder without a writer."""
        if self.is_local:
            for partial in Path(self._full(folder)).glob(f"{PARTIAL_PREFIX}*"):
                with local_failures("delete", str(partial)):
                    partial.unlink()

    @contextmanager
    def lock(self, path: str, *, shared: bool = False, wait: bool = False) -> Iterator[None]:
        """Hold the lock of a file made for this purpose; object stores have no locks.

        Whoever held the lock alone removes the file. Holders with ``shared`` share it; ``wait``
        waits for the present holder.

        Raises:
            BlockingIOError: the lock is held, and ``wait`` is false.
            StorageError: the file cannot be made.
        """
        if not self.is_local:
            yield
            return
        file = Path(self._full(path))
        with ExitStack() as held:
            with local_failures("make", str(file)):
                make_private_folder(file.parent)
                held.enter_context(locked(file, shared=shared, wait=wait))
            try:
                yield
            finally:
                if not shared:
                    with local_failures("delete", str(file)):
                        file.unlink(missing_ok=True)

    def files(
        self, under: str = "", *, enter: Callable[[str], bool] | None = None
    ) -> Iterator[str]:
        """Yield the files below a folder, which may be missing, sorted, relative to the place.

        ``enter`` says of the name of each folder whether it is listed too.
        """
        if self.single_file is not None:
            yield self.single_file
            return
        for name, is_folder in self._entries(under):
            if name.startswith("."):
                continue
            path = f"{under}/{name}" if under else name
            if not is_folder:
                yield path
            elif enter is None or enter(name):
                yield from self.files(path, enter=enter)

    def folders(self, under: str) -> list[str]:
        """The names of the folders right below ``under``, sorted; none if it does not exist."""
        return [name for name, is_folder in self._entries(under) if is_folder]

    def _entries(self, under: str) -> list[tuple[str, bool]]:
        """The names right below a folder, sorted, each with whether it is a folder."""
        top = self._full(under) if under else self._root
        with self._access(under):
            try:
                found = self._fs.ls(top, detail=True, refresh=True)
            except (FileNotFoundError, NotADirectoryError):
                return []
        entries = ((str(e["name"]).rstrip("/"), e["type"] == "directory") for e in found)
        # Object stores may list the folder itself.
        return sorted((full.rpartition("/")[2], folder) for full, folder in entries if full != top)

    def _access(self, path: str = "") -> AbstractContextManager[None]:
        """The context in which the storage is accessed; local errors are plain enough."""
        return nullcontext() if self.is_local else remote_failures(f"{self}{path}")

    def _regular(self, path: str, most: int | None = None) -> str:
        """The full path of a file to read; a pipe is refused, since opening one would block."""
        full = self._full(path)
        if self.is_local:
            found = os.stat(full)  # noqa: PTH116  # called once a frame; Path is slower
            if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
                raise PermissionError(errno.EPERM, "it is a pipe or a device, no file")
            if most is not None and found.st_size > most:
                raise _too_large(path, most)
        return full

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
        if self.is_local and self._has_link(parts):
            root = os.path.realpath(self._root)
            if os.path.commonpath([root, os.path.realpath(full)]) != root:
                raise OutsideError(f"{path!r} is a link that leads out of {self._root}")
        return full

    def _has_link(self, parts: Iterable[str]) -> bool:
        """Whether a part of a path is a link. A path without one cannot lead out."""
        at = self._root.rstrip("/")
        for part in parts:
            at = f"{at}/{part}"
            if os.path.islink(at):  # noqa: PTH114  # called for every file; Path is slower
                return True
        return False


def _too_large(path: str, most: int | None) -> TooLargeError:
    return TooLargeError(f"{path} has more than {most:,} bytes")
