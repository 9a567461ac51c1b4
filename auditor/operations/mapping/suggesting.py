"""Drafts a mapping from files of a till or a camera that nobody has described yet."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from auditor.errors import ConfigurationError
from auditor.faces.formats import ENDS
from auditor.mapping import Mapping
from auditor.operations.mapping.blanks import filled_down, with_filled
from auditor.operations.mapping.check_lists import with_checks
from auditor.operations.mapping.columns import draft_sales, draft_snapshots, used_columns
from auditor.operations.mapping.dates import days_of, times_of
from auditor.operations.mapping.draft import Draft
from auditor.operations.mapping.entry_keys import add_free_names, add_numbers, add_zone
from auditor.operations.mapping.found import Found
from auditor.operations.mapping.matching import SALES, SNAPSHOTS, match_columns
from auditor.operations.mapping.paths import guess_pattern
from auditor.operations.mapping.pictures import draft_frames, named_by, shared_folder
from auditor.operations.mapping.poslog import draft_poslog
from auditor.operations.mapping.sampling import Sample, take_sample
from auditor.operations.mapping.traits import traits_of
from auditor.operations.mapping.unread import unread_to_look_at
from auditor.operations.mapping.values import distinct_ids

_MOST_FILES = 50


def suggest_mapping(files: Sequence[Path], *, root: Path | None = None) -> tuple[str, list[Draft]]:
    """A mapping for these files, as TOML with comments, and its entries.

    Args:
        files: exports, indexes or frames; files of one kind make one entry.
        root: the folder that will be the address; without one, where the files lie.

    Raises:
        ConfigurationError: none of the files can be read, or is of a known format. One beside
            others is passed over with a note.
    """
    pictures = [path for path in files if path.suffix.lower() in ENDS]
    exports = [path for path in files if path not in pictures][:_MOST_FILES]
    kinds: list[tuple[Sample, list[Path]]] = []
    problems: list[ConfigurationError] = []
    for path in exports:
        try:
            sample = take_sample(path)
        except ConfigurationError as error:
            problems.append(error)
            continue
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
    notes = [f"passed over: {problem}" for problem in problems]
    samples = [sample for sample, _ in kinds]
    if pictures:
        notes += _add_frames(drafts, samples, pictures, root)
    if not drafts:
        raise problems[0] if problems else ConfigurationError(notes[0])
    drafts[0].notes += notes
    _raise_if_alike(drafts)
    text = _as_toml(drafts)
    Mapping.from_toml(text.encode(), origin="the suggested mapping")
    return text, drafts


def _raise_if_alike(drafts: Sequence[Draft]) -> None:
    """Raise where files of two kinds have paths of one pattern: the first entry would read both."""
    seen: dict[tuple[str, Any], Draft] = {}
    for draft in drafts:
        pattern = draft.keys.get("files")
        before = seen.setdefault((draft.kind, pattern), draft)
        if pattern and before is not draft:
            raise ConfigurationError(
                f"{before.read_from[0]} and {draft.read_from[0]} are written in different ways, and"
                f" {pattern} is the pattern of both: give files of one kind at a time, and give"
                " each entry a pattern of its own"
            )


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


def _relative(paths: Sequence[Path], root: Path | None) -> list[str]:
    """The paths below the root; without one, below the folder that they share."""
    if root is None:
        root = shared_folder(paths)
        if root.name.casefold() == "index" and len(paths) == 1:
            root = root.parent
    try:
        return [path.resolve().relative_to(root.resolve()).as_posix() for path in paths]
    except ValueError as error:
        raise ConfigurationError(f"{paths[0]} does not lie below {root}") from error


def _add_frames(
    drafts: list[Draft], samples: Sequence[Sample], pictures: Sequence[Path], root: Path | None
) -> list[str]:
    """Add the entry of pictures that have no index; notes on those that it does not read."""
    indexes = [
        sample.columns[name]
        for sample, draft in zip(samples, drafts, strict=True)
        for column in draft.columns
        if column.column == "path"
        for name in used_columns(column)
    ]
    named = named_by({text for texts in indexes for text in texts}, pictures)
    if named:
        left = [path for path in pictures if path not in named]
        return [f"the index names none of {_several(left)}"] if left else []
    folder = root or shared_folder(pictures)
    _relative(pictures, folder)  # raises where they lie elsewhere
    frames = draft_frames(pictures, folder, drafts, anywhere=root is None)
    if frames is None:
        some = _several(pictures)
        return [f"no time was found in the names of {some}: give their index too"]
    drafts.append(frames)
    return []


def _several(paths: Sequence[Path]) -> str:
    count = "1 picture" if len(paths) == 1 else f"{len(paths)} pictures"
    return f"{count}, such as {paths[0]}"


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
