"""Drafts how the paths of frames that have no index are written."""

import os
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath

from auditor.mapping.patterns import PLACEHOLDERS
from auditor.operations.mapping.draft import Draft, Drafted
from auditor.operations.mapping.paths import PathGuess, guess_pattern

_PLACES = ("store", "till")


def draft_frames(
    pictures: Sequence[Path], folder: Path, others: Sequence[Draft], *, anywhere: bool
) -> Draft | None:
    """The entry of frames without an index; None if their names have no time.

    Args:
        pictures: below the folder.
        folder: the address, or the folder that they share.
        others: what else was drafted, with stores and tills that are known.
        anywhere: whether the address is not known: it may be a folder above.
    """
    stores = {store for draft in others for store in draft.stores}
    tills = {till for draft in others for till in draft.tills}
    guess = _guess(pictures, folder, stores, tills, anywhere=anywhere)
    if "{time" not in guess.pattern:
        return None
    columns = [
        Drafted(
            f"{what}_id",
            {"constant": "unknown"},
            f"no {what} was found in its name: put {{{what}}} there and remove this line",
        )
        for what in _PLACES
        if f"{{{what}}}" not in guess.pattern
    ]
    if guess.epoch:
        check = f"the number in its name is taken for {guess.epoch} since 1970"
        columns.append(Drafted("captured_at", {"path": "time", "epoch": guess.epoch}, check))
    keys = {"frames": guess.pattern}
    return Draft(
        "snapshots", keys, {"frames": guess.remarks}, columns, read_from=[pictures[0].name]
    )


def _guess(
    pictures: Sequence[Path],
    folder: Path,
    stores: Collection[str],
    tills: Collection[str],
    *,
    anywhere: bool,
) -> PathGuess:
    """The pattern; if the address may be above, with the folders that name a store, till or day."""
    best = guess_pattern(_below(pictures, folder), stores=stores, tills=tills, frames=True)
    if not anywhere:
        return best
    while _named(best) != {*_PLACES, "time"} and folder != folder.parent:
        folder = folder.parent
        wider = guess_pattern(_below(pictures, folder), stores=stores, tills=tills, frames=True)
        if len(_named(wider)) <= len(_named(best)):
            break
        best = wider
    if "/" in best.pattern and not best.pattern.startswith("**"):
        best.pattern = f"**/{best.pattern}"
    return best


def _named(guess: PathGuess) -> set[str]:
    """What a pattern names, of store, till, day and time; a time with a date needs no day."""
    named = {name for name in PLACEHOLDERS if f"{{{name}" in guess.pattern}
    return named - {"day"} if "time" in named else named


def _below(paths: Sequence[Path], folder: Path) -> list[str]:
    return [path.resolve().relative_to(folder.resolve()).as_posix() for path in paths]


def shared_folder(paths: Sequence[Path]) -> Path:
    """The folder that files lie in, or the nearest above that all of them share."""
    return Path(os.path.commonpath([path.resolve().parent for path in paths]))


def named_by(texts: Collection[str], pictures: Sequence[Path]) -> list[Path]:
    """The pictures whose paths an index names, with one sign between folders or the other."""
    names = {PurePosixPath(text.strip().replace("\\", "/")).parts for text in texts}
    longest = max(map(len, names), default=0)
    return [
        path
        for path in pictures
        if any(path.resolve().parts[-length:] in names for length in range(1, longest + 1))
    ]
