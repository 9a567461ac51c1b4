"""Folders at a URL (a local path, ``s3://``, ``gs://``, ``abfs://``), through fsspec.

Every path below a place is relative to it and may not leave it. A file appears whole or not at
all, and stays: locally it is written under a temporary name, flushed and renamed, and its folder is
flushed too; object stores put it in one piece.
"""

import errno
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import fsspec
from fsspec.implementations.local import LocalFileSystem

from auditor.errors import ConfigurationError, StorageError
from auditor.locks import locked

#: Names that start so are unfinished; no reader looks at them.
PARTIAL_PREFIX = ".partial-"

#: What can be done about a file that cannot be changed.
_TODO = {
    "make room there": {errno.ENOSPC, errno.EDQUOT, errno.EFBIG},
    "let the user that runs the audit write there": {errno.EACCES, errno.EPERM, errno.EROFS},
}


class OutsideError(ValueError):
    """A path is absolute, is a URL, or climbs out of its place."""


class Place:
    """A folder at a URL, or the folder around a single file."""

    def __init__(self, url: str) -> None:
        """Open ``url``; nothing is created.

        Raises:
            ConfigurationError: the URL's scheme is unknown or its library is not installed.
        """
        try:
            self._fs, root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise ConfigurationError(f"cannot open {_shown(url)}: {error}") from error
        self.is_local = isinstance(self._fs, LocalFileSystem)
        self._root = root.rstrip("/") or "/"
        self.single_file: str | None = None
        if self._fs.isfile(self._root):
            self._root, _, self.single_file = self._root.rpartition("/")

    def __str__(self) -> str:
        """The address without its scheme and options, which may hold credentials."""
        return f"{self._root}/{self.single_file or ''}"

    def exists(self, path: str = "") -> bool:
        """Whether there is a file or folder at ``path``."""
        return bool(self._fs.exists(self._full(path) if path else self._root))

    def read(self, path: str) -> bytes:
        """The bytes of a file.

        Raises:
            OutsideError: ``path`` leaves the place.
            OSError: there is no such file, or it cannot be read.
        """
        content: bytes = self._fs.cat_file(self._full(path))
        return content

    def open(self, path: str) -> BinaryIO:
        """A file to be read piece by piece, in any order; raises what :meth:`read` does."""
        stream: BinaryIO = self._fs.open(self._full(path), "rb")
        return stream

    def state(self, path: str) -> str:
        """What stays the same only while a file does: its size, its time, its version.

        Raises:
            OSError: there is no such file.
        """
        return str(self._fs.ukey(self._full(path)))

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
            self._put(full, content)
            return
        with _told("write", full):
            pieces = [content] if isinstance(content, bytes) else content
            _replace(Path(full), pieces, lasting=lasting)

    def remove(self, path: str) -> None:
        """Delete a file or a folder with all below it; nothing happens if it is not there.

        Raises:
            OutsideError: ``path`` leaves the place.
            StorageError: it cannot be deleted.
        """
        full = self._full(path)
        if self._fs.exists(full):
            with _told("delete", full):
                self._fs.rm(full, recursive=True)
                if self.is_local:
                    _flush_folder(Path(full).parent)
            self._fs.invalidate_cache()

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
        try:
            entries = self._fs.ls(top, detail=True, refresh=True) if self._fs.isdir(top) else []
        except FileNotFoundError:
            return
        for entry in sorted(entries, key=lambda e: str(e["name"])):
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
        entries = self._fs.ls(top, detail=True, refresh=True) if self._fs.isdir(top) else []
        names = (str(e["name"]).rstrip("/") for e in entries if e["type"] == "directory")
        return sorted(name.rpartition("/")[2] for name in names if name != top)

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


def _shown(url: str) -> str:
    """A URL without what stands before an @ in it: that may be a key."""
    return re.sub(r"//[^/]*@", "//...@", url)


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
