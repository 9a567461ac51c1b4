"""Reads a day's exports and indexes, and collects its sales, some stores at a time.

Files are read once, part by part, into spools. What comes out of the spools is worked on bucket by
bucket, each with all rows of its stores. So neither the number of stores nor the size or layout of
files decides how much memory a day takes.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from auditor.errors import ConfigurationError, SourceError
from auditor.inputs import FileHash, Reading, distinct_frames, read_sales, read_snapshot_index
from auditor.inputs.counts import SourceCounts
from auditor.pipeline.coverage import store_days
from auditor.pipeline.day import Day
from auditor.sales import collect
from auditor.sales.counts import SaleCounts
from auditor.storage import spool
from auditor.storage.spool import Spool
from auditor.tables import REJECTS, SNAPSHOT_INDEX, TILL_LINES

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CollectedBucket:
    """What the lines and frames of some stores became: SALES, REJECTS and PURCHASES."""

    number: int
    sales: pa.Table
    rejects: pa.Table
    purchases: pa.Table


class CollectedDay:
    """The sales of a day, some stores at a time, each with the frame that belongs to it."""

    def __init__(self, day: Day, folder: str) -> None:
        """Read all exports and indexes; arguments and errors as for :func:`collect_day`."""
        self._day = day
        self._lines = Spool(TILL_LINES, day.out, f"{folder}/lines")
        self._frames = Spool(SNAPSHOT_INDEX, day.out, f"{folder}/frames")
        self._rejects = Spool(REJECTS, day.out, f"{folder}/rejects")
        self._sale_counts: dict[str, SaleCounts] = {}
        stores = day.job.stores
        exports = read_sales(day.sales, day.date, day.policy, stores=stores)
        self._exports = self._spool(exports, self._lines)
        indexes = read_snapshot_index(day.snapshots, day.date, day.policy, stores=stores)
        self._indexes = self._spool(indexes, self._frames)

    @property
    def exports(self) -> tuple[FileHash, ...]:
        """The till exports that were read."""
        return tuple(self._exports.files)

    @property
    def indexes(self) -> tuple[FileHash, ...]:
        """The snapshot indexes that were read."""
        return tuple(self._indexes.files)

    def buckets(self) -> Iterator[CollectedBucket]:
        """Match frames and collect sales, bucket by bucket; buckets without rows are left out."""
        for number in range(spool.BUCKETS):
            lines, frames = self._lines.bucket(number), self._frames.bucket(number)
            rejects = self._rejects.bucket(number)
            if not lines.num_rows + frames.num_rows + rejects.num_rows:
                continue
            distinct = distinct_frames(frames)
            self._indexes.add(distinct)
            collected = collect(lines, distinct.table, self._day.date, self._day.policy)
            self._sale_counts |= collected.counts
            rejects = pa.concat_tables([rejects, distinct.rejects, collected.rejects])
            yield CollectedBucket(number, collected.sales, rejects, collected.purchases)

    def store_days(self) -> pa.Table:
        """tables.STORE_DAYS, once all buckets have been taken."""
        return store_days(
            self._day.date,
            self._day.policy,
            sales=self._exports.counts,
            index=self._indexes.counts,
            collected=self._sale_counts,
            stores=self._day.job.stores,
        )

    def _spool(self, readings: Iterable[Reading], rows: Spool) -> "_SourcesRead":
        read = _SourcesRead()
        for reading in readings:
            rows.add(reading.table)
            self._rejects.add(reading.rejects)
            read.add(reading)
        return read


def collect_day(day: Day, folder: str) -> CollectedDay:
    """Read and validate the day's exports and indexes, to match frames to alcohol sales.

    Args:
        day: the day.
        folder: where rows wait that do not fit in memory, relative to OUT; the caller removes it.

    Raises:
        SourceError: there is no till export of the day, and the policy lists no store to miss it.
        ConfigurationError: an address is wrong, or the policy does not list a store of the job.
    """
    job, listed = day.job, day.policy.stores
    if unknown := [store_id for store_id in job.stores if listed and store_id not in listed]:
        raise ConfigurationError(
            f"store {unknown[0]} is not in the policy, which lists {', '.join(listed)}"
        )
    collected = CollectedDay(day, folder)
    if not collected.exports and not listed and not job.stores:
        raise SourceError(
            f"there is no till export of {job.day} below {job.sales}: a file's path has to contain "
            f"{job.day}, or no date at all"
        )
    for what, files, url in (
        ("till export", collected.exports, job.sales),
        ("snapshot index", collected.indexes, f"{job.snapshots}/index"),
    ):
        if not files:
            log.warning("there is no %s of %s below %s", what, job.day, url)
    return collected


@dataclass(slots=True)
class _SourcesRead:
    """The files of one kind that were read, and the counts of their rows by store."""

    counts: dict[str, SourceCounts] = field(default_factory=dict)
    files: list[FileHash] = field(default_factory=list)

    def add(self, reading: Reading) -> None:
        for store_id, counts in reading.counts.items():
            self.counts[store_id] = self.counts.get(store_id, SourceCounts()) + counts
        self.files += reading.files
