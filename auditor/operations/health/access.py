"""Checks of the addresses: inputs can be read, results be written, and there is disk space."""

import os
import secrets
import shutil
import stat
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

import pyarrow.compute as pc

from auditor.errors import ConfigurationError, SourceError
from auditor.inputs import INDEX_FOLDER, files_of_day, sample_sales
from auditor.inputs.files import named_frames
from auditor.inputs.sampling import Sample
from auditor.mapping import Entry, MappingOfDay
from auditor.monitoring.completeness import Completeness, UnknownCategory
from auditor.monitoring.completeness.categories import unknown_categories
from auditor.monitoring.limits import too_many
from auditor.operations.health.result import HealthResult, failed, ok, skipped, warning
from auditor.policy import Policy
from auditor.report.noticed import Noticed
from auditor.report.text import completeness as texts
from auditor.report.text import words
from auditor.report.text.completeness import NAME_ARTICLES, NAME_IT
from auditor.report.text.rejected import first
from auditor.sales import collect
from auditor.storage.layout import folders_of_day, report_folder
from auditor.storage.place import Place
from auditor.storage.separation import check_apart
from auditor.tables import SNAPSHOT_INDEX

#: Nights for which there has to be space, each taking as much as the checked day.
NIGHTS_TO_WARN, NIGHTS_TO_FAIL = 14, 2

#: Bytes that have to be free if there is no audited day to estimate from.
LEAST_FREE = 2**30

#: Files that cannot be used of which the reason is given.
_REASONS = 3

_RETRY = "see that the address is right, the storage is up and its credentials may read there"


def sales(
    url: str | None, day: date, policy: Policy | None, mapping: MappingOfDay | None = None
) -> HealthResult:
    """Whether the day's till exports are there, and a run can read the first of them."""

    def look(place: Place) -> HealthResult:
        entries = mapping.sales if mapping else ()
        of_files = [entry for entry in entries if entry.format != "sql"]
        queries = len(entries) - len(of_files)
        stores = policy.stores if policy else ()
        files = () if queries and not of_files else files_of_day(place, "", day, stores, of_files)
        found = [file.path for file in files if file.own]
        if not found and not queries:
            return failed(
                "sales",
                f"no till export of {day} below {place}",
                f"get the exports; a file's path has to contain {day}, or no date at all",
            )
        said = f"{len(found)} till exports of {day}"
        if queries:
            said = f"{words.counted(queries, 'query', 'queries')} and {said}"
        return _sampled(said, place, day, policy or Policy(), mapping)

    return at("sales", url, look)


def _sampled(
    said: str, place: Place, day: date, policy: Policy, mapping: MappingOfDay | None
) -> HealthResult:
    """What a run would make of the exports, by those of their rows that are read here."""
    sample = sample_sales(place, day, policy, mapping)
    lost = sample.lost
    rejected = lost.rows.total()
    counts, cells = (
        ", ".join(f"{count} {name}" for name, count in each.most_common())
        for each in (lost.rows, lost.cells)
    )
    read = f"{said}; of {'all' if sample.whole else 'the first'} rows {sample.rows} can be read"
    if cells:
        read += f", without some of their cells ({cells})"
    if rejected:
        read += f", {rejected} cannot ({counts})"
    if lost.unusable:
        why = "; ".join(lost.unusable[:_REASONS])
        more = len(lost.unusable) - _REASONS
        read += f", {len(lost.unusable)} files cannot: {why}" + (f"; {more} more" * (more > 0))
    for name, _ in (*lost.rows.most_common(), *lost.cells.most_common()):
        read += f". First {name}: {first(lost.first[name])}"
    todo = "correct the export, or give a mapping that reads it"
    most = policy.chain_rules(day).max_rejected_share
    if lost.unusable or too_many(rejected + lost.incomplete, rejected + sample.rows, most):
        return failed("sales", read, todo)
    unknown = Completeness(categories=_unknown_categories(sample, day, policy))
    unaudited = [(said, NAME_IT) for said in texts.unaudited(unknown)]
    unaudited += [(said, NAME_ARTICLES) for said in texts.unaudited_articles(unknown)]
    if unaudited:
        said, todo = ("; ".join(dict.fromkeys(parts)) for parts in zip(*unaudited, strict=True))
        return warning("sales", f"{read}; {said}", todo)
    if noted := Noticed.of(Completeness(), sample.notes, {}, None).sentences:
        return warning("sales", f"{read}. {' '.join(noted)}", "see that nothing is lost by it")
    return ok("sales", read)


def _unknown_categories(sample: Sample, day: date, policy: Policy) -> tuple[UnknownCategory, ...]:
    """Categories that may be alcohol, by what was read of the day.

    It may be a part of it: that a store sold no alcohol is a sign only where no store did.
    """
    counts = collect(sample.lines, SNAPSHOT_INDEX.empty(), day, policy, sample.keys).categories
    rules = {store: policy.rules(day, store) for store in counts["store_id"].unique().to_pylist()}
    some = bool(pc.sum(counts["alcohol"]).as_py())
    return unknown_categories(counts, (), rules, none_is_a_sign=not some)


def snapshots(
    url: str | None, day: date, policy: Policy | None, entries: Sequence[Entry] = ()
) -> HealthResult:
    """Whether the day's snapshot indexes are there, or frames that the mapping names."""

    def look(place: Place) -> HealthResult:
        if entries:
            return _mapped_snapshots(place, day, entries)
        stores = policy.stores if policy else ()
        files = files_of_day(place, INDEX_FOLDER, day, stores)
        found = [file.path for file in files if file.own and file.problem is None]
        if not found:
            return failed(
                "snapshots",
                f"no snapshot index of {day} below {place}{INDEX_FOLDER}",
                "get the indexes: without a frame only what the till recorded can be judged",
            )
        return ok("snapshots", f"{len(found)} snapshot indexes of {day}")

    return at("snapshots", url, look)


def _mapped_snapshots(place: Place, day: date, entries: Sequence[Entry]) -> HealthResult:
    for entry in entries:
        if entry.frames is not None:
            found = [p for part, _ in named_frames(place, entry, day) for p in part.cells["path"]]
        else:
            files = files_of_day(place, entry.pattern.folder, day, (), [entry])
            found = [file.path for file in files if file.problem is None]
        if found:
            return ok("snapshots", f"{len(found)} files fit {entry.pattern.text} on or about {day}")
    return failed(
        "snapshots",
        f"no file below {place} fits the mapping on {day}",
        "correct the patterns, or get the frames: without them every sale is inconclusive",
    )


def out(url: str | None, inputs: Mapping[str, str | None]) -> HealthResult:
    """Whether results can be written: a temporary probe file is written, read and removed.

    ``inputs`` are the addresses of the inputs, by the options that give them.
    """

    def look(place: Place) -> HealthResult:
        if place.single_file is not None:
            return failed("out", f"{place} is a file", "name a folder for the results")
        try:
            check_apart(place, {name: Place(given) for name, given in inputs.items() if given})
        except ConfigurationError as error:
            return failed("out", str(error), "name another folder with --out")
        # The name starts with a dot, so that no reader opens the file should it be left behind.
        probe, content = f".check-{secrets.token_hex(8)}", secrets.token_bytes(64)
        place.write(probe, content)
        came_back = place.read(probe)
        place.remove(probe)
        if came_back != content:
            return failed("out", f"{place} gives back other bytes than were written", _RETRY)
        if place.is_local and (mode := stat.S_IMODE(Path(str(place)).stat().st_mode)) & 0o077:
            return warning(
                "out",
                f"{place} can be written, but others than its owner may enter (mode {mode:o})",
                f"chmod 700 {place}: reports and faces are for those who have to see them",
            )
        return ok("out", f"{place} can be written and read")

    return at("out", url, look)


def space(url: str, day: date) -> HealthResult:
    """Whether there is space for the coming nights, estimated from what the checked day takes."""

    def look(place: Place) -> HealthResult:
        if not place.is_local:
            return skipped("space", "object storage reports no capacity")
        root = Path(str(place))
        while not root.exists():
            root = root.parent
        files, taken = _size_of_day(Path(str(place)), day)
        room, inodes = shutil.disk_usage(root).free, os.statvfs(root).f_favail
        said = f"{room / 2**30:.1f} GiB free"
        todo = "make room, or keep fewer days"
        if not files:
            short = room < LEAST_FREE
            return failed("space", said, todo) if short else ok("space", said)
        nights = int(min(room // max(taken, 1), inodes // files if inodes else room))
        said += f", for some {min(nights, 9999)} more days like {day} ({taken / 2**20:.1f} MiB)"
        if nights < NIGHTS_TO_FAIL:
            return failed("space", said, todo)
        return warning("space", said, todo) if nights < NIGHTS_TO_WARN else ok("space", said)

    return at("space", url, look)


def _size_of_day(out: Path, day: date) -> tuple[int, int]:
    folders = [out / name for name in (*folders_of_day(day), report_folder(day))]
    sizes = [p.stat().st_size for f in folders for p in f.rglob("*") if p.is_file()]
    return len(sizes), sum(sizes)


def at(check: str, url: str | None, look: Callable[[Place], HealthResult]) -> HealthResult:
    """Make a check at a place; whatever its storage raises becomes a failed result."""
    if url is None:
        return failed(check, "no address is set", f"set AUDITOR_{check.upper()}, or give --{check}")
    try:
        return look(Place(url))
    except (ConfigurationError, SourceError) as error:
        return failed(check, str(error), _RETRY)
    # Storage libraries raise what they like, down to plain exceptions of their transports.
    except Exception as error:  # noqa: BLE001
        place = url.partition("://")[0] if "://" in url else url
        return failed(check, f"{place}: {type(error).__name__}: {error}", _RETRY)
