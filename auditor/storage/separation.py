"""Keeps results apart from inputs: results among them would be read as inputs the next time."""

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from auditor.errors import ConfigurationError
from auditor.storage.layout import FOLDERS
from auditor.storage.place import Place


def check_apart(out: Place, inputs: Mapping[str, Place]) -> None:
    """Refuse results that would lie among inputs, or inputs that lie among results.

    Results may lie beside inputs, and in a folder that holds them too, as a demo's do. Links are
    followed. ``inputs`` go by the option that names each.

    Raises:
        ConfigurationError: results would lie in an input's folder, or an input lies in one of the
            folders that results have.
    """
    for name, place in inputs.items():
        if place.single_file is None and _below(out, place) is not None:
            raise ConfigurationError(
                f"the results would go to {out}, which is in {place}, the address of --{name}: the"
                " next run would read them as inputs; name a folder beside it with --out"
            )
        if place.single_file is not None and _below(out, place) == PurePosixPath():
            raise ConfigurationError(
                f"the results would go to {out}, beside {place.single_file}, which --{name} names:"
                " who reads that whole folder later reads them as inputs; name another folder"
                " with --out"
            )
        below = _below(place, out)
        if below is not None and below.parts and below.parts[0] in FOLDERS:
            raise ConfigurationError(
                f"--{name} is {place}, in a folder that the results below {out} have for"
                " themselves: the run would replace what is there; name another with --out"
            )


def _below(inner: Place, outer: Place) -> PurePosixPath | None:
    """The path of a place relative to another that it is, or lies in; None if it does not."""
    if inner.is_local != outer.is_local or inner.scheme != outer.scheme:
        return None
    root = PurePosixPath(outer.root)
    path = PurePosixPath(os.path.realpath(inner.root) if inner.is_local else inner.root)
    for parent in (path, *path.parents) if inner.is_local else ():
        # By the file itself: a folder may have several names without being a link.
        if Path(parent).exists() and Path(root).exists() and Path(parent).samefile(root):
            return path.relative_to(parent)
    return path.relative_to(root) if path.is_relative_to(root) else None
