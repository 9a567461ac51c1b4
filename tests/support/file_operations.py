"""What a run does to its files, call by call, and what a power cut would leave of it.

``Watched`` stands between the program and the system's calls that change files. ``Disk`` is a file
system that keeps no more than it has to, in the manner of ALICE (Pillai 2014) and CrashMonkey
(Mohan 2018): a name is kept once its folder was flushed, bytes once their file was, and of all
else any part may be there or not.
"""

import os
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Self
from unittest import mock

Tree = dict[str, bytes | None]  # by path: a file's bytes, or None for a folder


@dataclass(frozen=True)
class Operation:
    """One call, which is about to be made."""

    kind: str  # create, truncate, write, flush, rename, unlink; make_, flush_, remove_folder
    path: str  # relative to the folder that is watched
    target: str = ""  # of a rename
    content: bytes = b""  # that is written


@contextmanager
def watched(root: Path, about_to: Callable[[Operation], None]) -> Iterator[None]:
    """Tell of every call that changes a file below ``root``, before it is made."""
    with mock.patch.multiple(os, **_Calls(root.resolve(), about_to).by_name()):
        yield


class _Calls:
    """The system's calls that change files, each told of before it is made."""

    def __init__(self, root: Path, about_to: Callable[[Operation], None]) -> None:
        self._root, self._about_to = root, about_to
        self._open, self._fsync, self._fdopen = os.open, os.fsync, os.fdopen

    def by_name(self) -> dict[str, Any]:
        """What to put in the place of functions of ``os``."""
        return {
            "open": self.open,
            "fsync": self.fsync,
            "fdopen": self.fdopen,
            "replace": self._renamed(os.replace),
            "rename": self._renamed(os.rename),
            "ftruncate": self._named("truncate", os.ftruncate),
            "mkdir": self._named("make_folder", os.mkdir),
            "unlink": self._named("unlink", os.unlink),
            "remove": self._named("unlink", os.remove),
            "rmdir": self._named("remove_folder", os.rmdir),
        }

    def open(self, path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
        if flags & os.O_CREAT and not os.path.lexists(path):
            self._tell("create", path)
        return self._open(path, flags, *args, **kwargs)

    def fsync(self, descriptor: int) -> None:
        folder = _opened(descriptor).is_dir()
        self._tell("flush_folder" if folder else "flush", descriptor)
        self._fsync(descriptor)

    def fdopen(self, descriptor: int, *args: Any, **kwargs: Any) -> Any:
        if self._below(descriptor) is None:
            return self._fdopen(descriptor, *args, **kwargs)
        return _Halves(descriptor, lambda piece: self._tell("write", descriptor, content=piece))

    def _renamed(self, call: Callable[..., None]) -> Callable[..., None]:
        def rename(source: Any, target: Any) -> None:
            self._tell("rename", source, target=self._below(target))
            call(source, target)

        return rename

    def _named(self, kind: str, call: Callable[..., None]) -> Callable[..., None]:
        def change(path: Any, *args: Any, **kwargs: Any) -> None:
            self._tell(kind, path, dir_fd=kwargs.get("dir_fd"))
            call(path, *args, **kwargs)

        return change

    def _tell(self, kind: str, path: Any, *, dir_fd: int | None = None, **more: Any) -> None:
        if (own := self._below(path, dir_fd)) is not None:
            self._about_to(Operation(kind, own, **more))

    def _below(self, path: Any, dir_fd: int | None = None) -> str | None:
        if isinstance(path, int):
            full = _opened(path)
        else:
            full = (Path() if dir_fd is None else _opened(dir_fd)).absolute() / path
        return str(full.relative_to(self._root)) if full.is_relative_to(self._root) else None


def _opened(descriptor: int) -> Path:
    return Path(f"/proc/self/fd/{descriptor}").readlink()


class _Halves:
    """Writes each piece in two halves, so that a process can die between them."""

    def __init__(self, descriptor: int, tell: Callable[[bytes], None]) -> None:
        self._descriptor, self._tell = descriptor, tell

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def writelines(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            half = len(piece) // 2
            for part in (piece[:half], piece[half:]):
                self._tell(part)
                assert os.write(self._descriptor, part) == len(part)


@dataclass(eq=False)
class _File:
    content: bytes = b""
    flushed: bytes = b""


@dataclass(frozen=True)
class _Change:
    """Names of one folder that change together: to a file, to a folder (None), or to nothing."""

    folder: str
    names: dict[str, "_File | str | None"]


_GONE = "gone"


@dataclass
class Disk:
    """What the system shows of files, what of it is safe, and the changes of names in between."""

    shown: dict[str, _File | None] = field(default_factory=dict)
    safe: dict[str, _File | None] = field(default_factory=dict)
    pending: list[_Change] = field(default_factory=list)

    @classmethod
    def of(cls, tree: Tree) -> "Disk":
        """A disk on which all of a tree is safe."""
        files = {p: None if c is None else _File(c, c) for p, c in tree.items()}
        return cls(dict(files), dict(files))

    def apply(self, operation: Operation) -> None:
        """Do what a call does."""
        path, target = operation.path, operation.target
        match operation.kind:
            case "create":
                self._change({path: _File()})
            case "make_folder":
                self._change({path: None})
            case "unlink" | "remove_folder":
                self._change({path: _GONE})
            case "rename":
                assert PurePosixPath(path).parent == PurePosixPath(target).parent
                self._change({path: _GONE, target: self.shown[path]})
            case "truncate":
                self._file(path).content = b""
            case "write":
                self._file(path).content += operation.content
            case "flush":
                self._file(path).flushed = self._file(path).content
            case "flush_folder":
                for change in [c for c in self.pending if c.folder == path]:
                    self.pending.remove(change)
                    _put(self.safe, change.names)
            case _:
                raise ValueError(operation.kind)

    def after_a_power_cut(self, rng: random.Random) -> Iterator[Tree]:
        """States that may be found: no name kept that needs not be, all of them, or some."""
        yield self.at_worst()
        every = self._with(self.pending)
        yield self._tree(every, lambda file: file.flushed)
        yield self._tree(every, lambda file: file.content)
        for _ in range(3):
            some = self._with(change for change in self.pending if rng.random() < 0.5)
            yield self._tree(some, lambda file: _some_of(file, rng))

    def after_a_kill(self) -> Tree:
        """What is found when the process dies and the system lives on."""
        return self._tree(self.shown, lambda file: file.content)

    def at_worst(self) -> Tree:
        """What is found when nothing is kept that needs not be."""
        return self._tree(self.safe, lambda file: file.flushed)

    def _with(self, changes: Iterable[_Change]) -> dict[str, _File | None]:
        names = dict(self.safe)
        for change in changes:
            _put(names, change.names)
        return names

    def _file(self, path: str) -> _File:
        file = self.shown[path]
        assert file is not None
        return file

    def _change(self, names: dict[str, _File | str | None]) -> None:
        (folder,) = {str(PurePosixPath(name).parent) for name in names}
        self.pending.append(_Change(folder, names))
        _put(self.shown, names)

    def _tree(self, names: dict[str, _File | None], content: Callable[[_File], bytes]) -> Tree:
        tree: Tree = {}
        for path in sorted(names):
            parent = str(PurePosixPath(path).parent)
            if parent == "." or (parent in names and names[parent] is None and parent in tree):
                file = names[path]
                tree[path] = None if file is None else content(file)
        return tree


def _put(names: dict[str, _File | None], changed: dict[str, _File | str | None]) -> None:
    for path, what in changed.items():
        if isinstance(what, str):
            names.pop(path, None)
            for below in [name for name in names if name.startswith(f"{path}/")]:
                del names[below]
        else:
            names[path] = what


def _some_of(file: _File, rng: random.Random) -> bytes:
    """The bytes of a file whose last ones may not have come to the disk."""
    if file.content == file.flushed:
        return file.content
    return rng.choice([file.flushed, file.content, file.content[: len(file.content) // 2]])


def write_tree(folder: Path, tree: Tree) -> None:
    """Lay a tree out below a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in sorted(tree.items()):
        if content is None:
            (folder / path).mkdir()
        else:
            (folder / path).write_bytes(content)


def read_tree(folder: Path) -> Tree:
    """The tree below a folder."""
    paths = sorted(folder.rglob("*"))
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in paths}


def seen_by_readers(tree: Tree) -> dict[str, bytes]:
    """The files that are not hidden, by their path."""
    return {
        path: content
        for path, content in tree.items()
        if content is not None and not PurePosixPath(path).name.startswith(".")
    }
