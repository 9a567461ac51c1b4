"""Reads a day's exports and indexes, and collects its sales, some stores at a time.

Files are read once, part by part, into spools. What comes out of the spools is worked on bucket by
bucket, each with all rows of its stores. So neither the number of stores nor the size or layout of
files decides how much memory a day takes.
"""

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from auditor.errors import SourceError
from auditor.inputs import (
    FileHash,
    Reading,
    distinct_frames,
    keys_of,
    read_sales,
    read_snapshot_index,
)
from auditor.inputs.counts import SourceCounts
from auditor.monitoring.completeness.counting import control_totals, count_tills
from auditor.monitoring.completeness.number_runs import count_numbers
from auditor.pipeline.day import Day
from auditor.policy import Policy
from auditor.sales import Collected, SaleCounts, collect
from auditor.sales.rejected import LOST_LINES
from auditor.storage.spool import Spool
from auditor.tables import (
    CAMERA_DAYS,
    EXPORTED,
    INPUT_NOTES,
    REJECTS,
    SNAPSHOT_INDEX,
    STORE_DAYS,
    TILL_LINES,
)

_AND_FIT = ", and has to fit an entry of the mapping"

log = logging.getLogger(__name__)


@dataclass(slots=True)
class SourcesRead:
    """The files of one kind that were read, and the counts of their rows by store."""

    counts: dict[str, SourceCounts] = field(default_factory=dict)
    files: list[FileHash] = field(default_factory=list)  # of the day
    beside: list[FileHash] = field(default_factory=list)  # of the days beside it, that gave rows
    unusable: list[str] = field(default_factory=list)  # files, each with the reason
    before: set[str] = field(default_factory=set)  # the stores of auditor.inputs.Reading.reach
    after: set[str] = field(default_factory=set)

    def add(self, reading: Reading) -> None:
        """Add what was read of a file."""
        for store_id, counts in reading.counts.items():
            self.counts[store_id] = self.counts.get(store_id, SourceCounts()) + counts
        for file in reading.files:
            (self.files if file.own else self.beside).append(file)
        if reading.unusable is not None:
            self.unusable.append(reading.unusable)
        self.before |= reading.reach.before
        self.after |= reading.reach.after


class CollectedDay:
    """The sales of a day, some stores at a time, each with the frame that belongs to it.

    ``used`` has, once all buckets have been taken, the files whose lines or frames are in its
    sales, as :attr:`auditor.sales.Collected.used` names them.
    """

    def __init__(self, day: Day, folder: str) -> None:
        """Read all exports and indexes; arguments and errors as for :func:`collect_day`."""
        self._day = day
        self._lines = Spool(TILL_LINES, day.out, f"{folder}/lines")
        self._frames = Spool(SNAPSHOT_INDEX, day.out, f"{folder}/frames")
        self._rejects = Spool(REJECTS, day.out, f"{folder}/rejects")
        self._sale_counts: dict[str, SaleCounts] = {}
        self.used: set[tuple[str, str]] = set()
        self._exported: dict[str, list[pa.Table]] = {name: [] for name in EXPORTED}
        self._notes: list[pa.Table] = []
        self._camera_days = [CAMERA_DAYS.empty()]
        stores = day.job.stores
        mapping = day.mapping.on(day.date) if day.mapping else None
        exports = read_sales(
            day.sales, day.date, day.policy, stores=stores, mapping=mapping, out=day.out
        )
        self.exports = self._spool(exports, self._lines)
        self._keys = keys_of((*self.exports.files, *self.exports.beside))
        indexes = read_snapshot_index(
            day.snapshots, day.date, day.policy, stores=stores, mapping=mapping
        )
        self.indexes = self._spool(indexes, self._frames)

    def warn(self) -> None:
        """Log which kind of files the day has none of."""
        job = self._day.job
        for what, files, url in (
            ("till export", self.exports.files, job.sales),
            ("snapshot index", self.indexes.files, f"{job.snapshots}/index"),
        ):
            if not files:
                log.warning("there is no %s of %s below %s", what, job.day, url)

    def buckets(self) -> Iterator[tuple[int, Collected]]:
        """Match frames and collect sales; the number and content of each bucket that has rows."""
        spools = (self._lines, self._frames, self._rejects)
        for number in sorted(set().union(*(rows.buckets() for rows in spools))):
            lines, frames, rejects = (rows.bucket(number) for rows in spools)
            distinct = distinct_frames(frames, self._day.date, self._day.policy)
            self.indexes.add(distinct)
            collected = collect(lines, distinct.table, self._day.date, self._day.policy, self._keys)
            self._sale_counts |= collected.counts
            self._add_lost(collected.rejects)
            self.used |= collected.used
            self._count(collected, lines, rejects)
            rejects = pa.concat_tables([rejects, distinct.rejects, collected.rejects])
            yield number, replace(collected, rejects=rejects)

    def files(self, *, used: bool = False) -> tuple[tuple[str, str], ...]:
        """Path and hash of the files read: the day's, and those beside it that gave rows.

        ``used``: of those beside it only the ones whose rows are in the day's sales; once all
        buckets have been taken.
        """
        kinds = ((TILL_LINES, self.exports), (SNAPSHOT_INDEX, self.indexes))
        return tuple(
            (file.path, file.sha256)
            for schema, read in kinds
            for file in (*read.files, *read.beside)
            if file.own or not used or (schema.name, file.path) in self.used
        )

    def reach(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The stores whose rows may reach sales of the day before, and of the day after."""
        exports, indexes = self.exports, self.indexes
        return (
            tuple(sorted(exports.before | indexes.before)),
            tuple(sorted(exports.after | indexes.after)),
        )

    def store_days(self) -> pa.Table:
        """tables.STORE_DAYS, once all buckets have been taken."""
        return store_days(
            self._day.date,
            self._day.policy,
            sales=self.exports.counts,
            index=self.indexes.counts,
            collected=self._sale_counts,
            stores=self._day.job.stores,
        )

    def exported(self) -> dict[str, pa.Table]:
        """The tables.EXPORTED of the day, by name, once all buckets have been taken."""
        return {
            name: pa.concat_tables([EXPORTED[name].empty(), *parts])
            for name, parts in self._exported.items()
        }

    def camera_days(self) -> pa.Table:
        """CAMERA_DAYS, once all buckets have been taken."""
        return pa.concat_tables(self._camera_days)

    def notes(self) -> pa.Table:
        """INPUT_NOTES of the day."""
        return INPUT_NOTES.add_up(self._notes)

    def _count(self, collected: Collected, lines: pa.Table, rejects: pa.Table) -> None:
        day, policy = self._day.date, self._day.policy
        made, control = collected.transactions, control_totals(lines, day, policy)
        self._exported["tills"].append(count_tills(made, control, day, policy))
        self._exported["number_runs"].append(count_numbers(made, lines, rejects))
        self._exported["categories"].append(collected.categories)
        self._camera_days.append(collected.clocks)
        doubtful = (
            {
                "store_id": back.store_id,
                "kind": "alcohol_returned",
                "column": "line_type" if back.typed else None,
                "value": back.place,
                "rows": number,
            }
            for back, number in collected.maybe_sold.items()
        )
        unlisted = (
            {"store_id": store, "kind": "unlisted_store", "value": store, "rows": own.transactions}
            for store, own in collected.counts.items()
            if policy.stores and store not in policy.stores
        )
        self._notes.append(INPUT_NOTES.from_rows([*doubtful, *unlisted]))

    def _add_lost(self, rejects: pa.Table) -> None:
        """Count lines that collecting rejected and that are in no sale."""
        lost = rejects.filter(pc.is_in(rejects["reason"], pa.array(LOST_LINES)))
        for store_id, count in Counter(lost["store_id"].to_pylist()).items():
            known = self.exports.counts.get(store_id, SourceCounts())
            self.exports.counts[store_id] = known + SourceCounts(rows_rejected=count)

    def _spool(self, readings: Iterable[Reading], rows: Spool) -> SourcesRead:
        read = SourcesRead()
        for reading in readings:
            rows.add(reading.table)
            self._rejects.add(reading.rejects)
            if reading.notes.num_rows:
                self._notes.append(reading.notes)
            read.add(reading)
        return read


def collect_day(day: Day, folder: str) -> CollectedDay:
    """Read and validate the day's exports and indexes, to match frames to alcohol sales.

    Rows that do not fit in memory wait in ``folder`` below OUT, which the caller removes.

    Raises:
        SourceError: there is no till export of the day, and the policy lists no store to miss it.
        ConfigurationError: an address is wrong.
    """
    job, listed = day.job, day.policy.stores
    collected = CollectedDay(day, folder)
    unusable = [*collected.exports.unusable, *collected.indexes.unusable]
    if not collected.exports.files and not listed and not job.stores:
        if unusable:
            raise SourceError(
                f"no till export of {job.day} below {job.sales} can be read: {'; '.join(unusable)}"
            )
        raise SourceError(
            f"there is no till export of {job.day} below {job.sales}: a file's path has to contain "
            f"{job.day}, or no date at all{'' if day.mapping is None else _AND_FIT}"
        )
    return collected


def store_days(  # noqa: PLR0913  # three counts of three stages, none of which may know the others
    day: date,
    policy: Policy,
    *,
    sales: Mapping[str, SourceCounts],
    index: Mapping[str, SourceCounts],
    collected: Mapping[str, SaleCounts],
    stores: Collection[str] = (),
) -> pa.Table:
    """Assemble STORE_DAYS from counts by store: every listed store and every other, sorted.

    A listed store without an export is ``missing``; ``stores`` are those asked for, none for all.
    """
    listed = set(stores) or set(policy.stores)
    rows = []
    for store_id in sorted(listed | set(sales) | set(index) | set(collected)):
        lines, frames = sales.get(store_id, SourceCounts()), index.get(store_id, SourceCounts())
        made = collected.get(store_id, SaleCounts())
        listing = policy.stores.get(store_id)
        times = lines + frames
        rows.append(
            {
                "store_id": store_id,
                "store_name": listing.name if listing else None,
                "time_zone": policy.rules(day, store_id).time_zone,
                "export_status": lines.status,
                "export_files": lines.files,
                "lines_read": lines.rows_read,
                "lines_rejected": lines.rows_rejected,
                "lines_of_other_days": lines.rows_of_other_days,
                **{name: getattr(made, name) for name in SaleCounts.__slots__},
                "snapshots_indexed": frames.rows_read,
                "snapshots_rejected": frames.rows_rejected,
                "times_read_as_local": times.times_read_as_local,
                "times_ambiguous": times.times_ambiguous,
                "times_nonexistent": times.times_nonexistent,
            }
        )
    return STORE_DAYS.from_rows(rows)
