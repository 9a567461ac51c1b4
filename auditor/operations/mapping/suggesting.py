"""Drafts a mapping from files of a till or a camera that nobody has described yet."""

from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from auditor.errors import ConfigurationError
from auditor.mapping import Mapping
from auditor.operations.mapping.blanks import filled_down, with_filled
from auditor.operations.mapping.check_lists import with_checks
from auditor.operations.mapping.columns import draft_sales, draft_snapshots, used_columns
from auditor.operations.mapping.dates import days_of, times_of
from auditor.operations.mapping.draft import Draft, Drafted
from auditor.operations.mapping.entry_keys import add_free_names, add_numbers, add_zone
from auditor.operations.mapping.found import Found
from auditor.operations.mapping.matching import SALES, SNAPSHOTS, match_columns
from auditor.operations.mapping.paths import guess_pattern
from auditor.operations.mapping.poslog import draft_poslog
from auditor.operations.mapping.sampling import Sample, take_sample
from auditor.operations.mapping.traits import traits_of
from auditor.operations.mapping.unread import unread_to_look_at
from auditor.operations.mapping.values import distinct_ids

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".heic")
_MOST_FILES = 50


def suggest_mapping(files: Sequence[Path], *, root: Path | None = None) -> tuple[str, list[Draft]]:
    """A mapping for these files, as TOML with comments, and its entries.

    Args:
        files: exports, indexes or frames; files of one kind make one entry.
        root: the folder that will be the address; without one, where the files lie.

    Raises:
        ConfigurationError: a file cannot be read, or is of no known format.
    """
    pictures = [path for path in files if path.suffix.lower() in PICTURES]
    exports = [path for path in files if path not in pictures][:_MOST_FILES]
    kinds: list[tuple[Sample, list[Path]]] = []
    for path in exports:
        sample = take_sample(path)
        for number, (known, paths) in enumerate(kinds):
            if known.is_of_kind(sample):
                kinds[number] = known.joined(sample), [*paths, path]
                break
        else:
            kinds.append((sample, [path]))
    anywhere = root is None
    drafts = [
        _drafted(sample, _relative(paths, root), anywhere=anywhere) for sample, paths in kinds
    ]
    if pictures:
        stores = {store for draft in drafts for store in draft.stores}
        drafts.append(_frames(_relative(pictures, root, stores), drafts))
    text = _as_toml(drafts)
    Mapping.from_toml(text.encode(), origin="the suggested mapping")
    return text, drafts


def _as_toml(drafts: Sequence[Draft]) -> str:
    head = (
        "# A draft of a mapping. Look at each line with CHECK, and delete the mark; then run\n"
        "#   auditor mapping check --mapping THIS_FILE --sales URL --day YYYY-MM-DD\n"
        "# docs/mapping.md says what each key means.\n"
        "# In paths, **/ stands for any folders below the address, or none.\n\n"
        "[[mapping]]\n"
        "effective_from = 2000-01-01  # the first day whose files are written so\n"
    )
    entries = sorted(drafts, key=lambda draft: draft.kind)
    return "\n".join([head, *(draft.as_toml() for draft in entries)])


def _relative(paths: Sequence[Path], root: Path | None, stores: Collection[str] = ()) -> list[str]:
    """The paths below the root; without one, below the folder that they share.

    A folder that is called as one of ``stores`` is the store's, and not the one that is meant.
    """
    if root is None:
        root = paths[0].resolve().parent
        while not all(path.resolve().is_relative_to(root) for path in paths):
            root = root.parent
        if root.name in stores or (root.name.casefold() == "index" and len(paths) == 1):
            root = root.parent
    try:
        return [path.resolve().relative_to(root.resolve()).as_posix() for path in paths]
    except ValueError as error:
        raise ConfigurationError(f"{paths[0]} does not lie below {root}") from error


def _frames(paths: Sequence[str], others: Sequence[Draft]) -> Draft:
    stores = {store for draft in others for store in draft.stores}
    tills = {till for draft in others for till in draft.tills}
    guess = guess_pattern(paths, stores=stores, tills=tills, frames=True)
    checks = list(guess.remarks)
    if "{time" not in guess.pattern:
        checks.append("no time was found in its name: frames without an index need one")
    columns = [
        Drafted(
            f"{what}_id",
            {"constant": "unknown"},
            f"no {what} was found in its name: put {{{what}}} there and remove this line",
        )
        for what in ("store", "till")
        if f"{{{what}}}" not in guess.pattern
    ]
    if guess.epoch and "{time}" in guess.pattern:
        check = f"the number in its name is taken for {guess.epoch} since 1970"
        columns.append(Drafted("captured_at", {"path": "time", "epoch": guess.epoch}, check))
    read_from = [PurePosixPath(paths[0]).name]
    keys = {"frames": guess.pattern}
    return Draft("snapshots", keys, {"frames": checks}, columns, read_from=read_from)


def _drafted(sample: Sample, paths: list[str], *, anywhere: bool) -> Draft:
    names = [PurePosixPath(path).name for path in paths][:3]
    if sample.form == "poslog":
        return draft_poslog(sample, guess_pattern(paths, anywhere=anywhere), names)
    traits = {name: traits_of(cells) for name, cells in sample.columns.items()}
    is_index = any(own.frames > 0.9 for own in traits.values())
    named = "header" not in sample.dialect
    roles, records = SNAPSHOTS if is_index else SALES, sample.dialect.get("records", "")
    records = records if isinstance(records, str) else records[0]
    matches = match_columns(traits, roles, named=named, records=records)
    filled = filled_down(sample, matches)
    if names_filled := (*filled.columns, *filled.within):
        sample = with_filled(sample, filled)
        traits |= {name: traits_of(sample.columns[name]) for name in names_filled}
    times = times_of(matches, traits, paths)
    days, swapped = days_of(matches, traits, times)
    stores, tills = (
        distinct_ids(sample.columns[matches[role].column]) if role in matches else frozenset()
        for role in ("store_id", "till_id")
    )
    # An index lies in a folder of its own, so that the frames need not be listed to find it.
    anywhere = anywhere and not is_index
    path = guess_pattern(
        paths, days=days, swapped=swapped, stores=stores, tills=tills, anywhere=anywhere
    )
    found = Found(sample, traits, matches, times, path)
    columns = list(draft_snapshots(found)) if is_index else with_checks(draft_sales(found), found)
    keys: dict[str, Any] = {"files": path.pattern, "format": sample.form, **sample.dialect}
    checks = {"files": path.remarks}
    for remark in sample.remarks:
        key, _, said = remark.partition(": ")
        checks.setdefault(key, []).append(said)
    draft = Draft("snapshots" if is_index else "sales", keys, checks, columns, read_from=names)
    add_numbers(draft, found)
    add_zone(draft, found)
    add_free_names(draft, found)
    draft.stores, draft.tills = stores, tills
    read = {name for drafted in columns for name in used_columns(drafted)}
    unread = [name for name in traits if name not in read]
    draft.unread = [*unread, *(name for name in sample.checks if name not in read)]
    if path.holds_days != (0, 0):
        draft.keys["holds_days"] = list(path.holds_days)
        draft.checks["holds_days"] = ["which days, from the one its path names, may a file hold?"]
    if blank := [name for name in names_filled if name in read]:
        draft.keys["fill_down"] = blank
        draft.checks["fill_down"] = ["are they blank where they repeat the row above?"]
    if not is_index and (asked := list(unread_to_look_at(found, unread))):
        draft.checks["columns"] = asked
    return draft
