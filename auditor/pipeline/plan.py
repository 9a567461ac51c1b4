"""Plans a day: what there is to audit, and the batches in which it is scored.

Files are read once, part by part, into spools; what comes out of these is worked on share by share,
each with all that there is of its stores. So neither the number of stores nor the size or layout of
files decides how much memory a day takes.
"""

import hashlib
import json
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version

import pyarrow as pa

from auditor.errors import ConfigurationError, SourceError
from auditor.faces.model import Card
from auditor.inputs import FileHash, Reading, distinct_frames, read_sales, read_snapshot_index
from auditor.inputs.counts import SourceCounts
from auditor.pipeline.coverage import store_days
from auditor.pipeline.job import Job, find_plan, plan_path, workspace
from auditor.pipeline.score import OTHERS, balanced
from auditor.policy import Policy, load_policy
from auditor.sales import collect, purchases
from auditor.sales.counts import SaleCounts
from auditor.storage import spool
from auditor.storage.parquet import write_table
from auditor.storage.place import Place, results_at
from auditor.storage.spool import Spool
from auditor.tables import (
    PURCHASES,
    REJECTS,
    SALES,
    SNAPSHOT_INDEX,
    STORE_DAYS,
    TILL_LINES,
    Schema,
)
from auditor.telemetry import emit

log = logging.getLogger(__name__)

#: Folders in a day's workspace for what waits while the day is planned: each run has its own.
_SPOOLS = "spool"


@dataclass(frozen=True, slots=True)
class CollectedBucket:
    """What some stores' lines and frames became: SALES, REJECTS and PURCHASES of all of them."""

    number: int
    sales: pa.Table
    rejects: pa.Table
    purchases: pa.Table


class CollectedDay:
    """The sales of a day, some stores at a time, each with the frame that belongs to it.

    Attributes:
        exports: the till exports read.
        indexes: the snapshot indexes read.
    """

    def __init__(self, job: Job, policy: Policy, scratch: Place, folder: str) -> None:
        """Read all exports and indexes; arguments and errors as for :func:`collect_day`."""
        self._job, self._policy = job, policy
        self._lines = Spool(TILL_LINES, scratch, f"{folder}/lines")
        self._frames = Spool(SNAPSHOT_INDEX, scratch, f"{folder}/frames")
        self._rejects = Spool(REJECTS, scratch, f"{folder}/rejects")
        self._collected: dict[str, SaleCounts] = {}
        stores = job.stores
        exports = read_sales(Place(job.sales), job.day, policy, stores=stores)
        self._of_sales = self._pour(exports, self._lines)
        index = read_snapshot_index(Place(job.snapshots), job.day, policy, stores=stores)
        self._of_frames = self._pour(index, self._frames)

    @property
    def exports(self) -> tuple[FileHash, ...]:
        """The till exports that were read."""
        return tuple(self._of_sales.files)

    @property
    def indexes(self) -> tuple[FileHash, ...]:
        """The snapshot indexes that were read."""
        return tuple(self._of_frames.files)

    def shares(self) -> Iterator[CollectedBucket]:
        """Match frames and collect sales, share by share; those without any row are left out."""
        for number in range(spool.BUCKETS):
            lines, frames = self._lines.bucket(number), self._frames.bucket(number)
            rejects = self._rejects.bucket(number)
            if not lines.num_rows + frames.num_rows + rejects.num_rows:
                continue
            distinct = distinct_frames(frames)
            self._of_frames.add(distinct)
            collected = collect(lines, distinct.table, self._job.day, self._policy)
            self._collected |= collected.counts
            rejects = pa.concat_tables([rejects, distinct.rejects, collected.rejects])
            yield CollectedBucket(number, collected.sales, rejects, collected.purchases)

    def store_days(self) -> pa.Table:
        """tables.STORE_DAYS, once all shares have been taken."""
        return store_days(
            self._job.day,
            self._policy,
            sales=self._of_sales.counts,
            index=self._of_frames.counts,
            collected=self._collected,
            stores=self._job.stores,
        )

    def _pour(self, readings: Iterable[Reading], rows: Spool) -> "_SourcesRead":
        told = _SourcesRead()
        for reading in readings:
            rows.add(reading.table)
            self._rejects.add(reading.rejects)
            told.add(reading)
        return told


def collect_day(job: Job, policy: Policy, scratch: Place, folder: str) -> CollectedDay:
    """Read and validate the day's exports and index, to match frames to alcohol sales.

    Args:
        job: the day; its ``out`` is not used.
        policy: in force.
        scratch: where rows wait that do not fit in memory.
        folder: the folder for them there; it is left to the caller to remove.

    Raises:
        SourceError, ConfigurationError: as :func:`plan_day`.
    """
    _known_stores(job, policy)
    collected = CollectedDay(job, policy, scratch, folder)
    if not collected.exports and not policy.stores and not job.stores:
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


def plan_day(job: Job) -> list[str]:
    """Read, validate and collect the day's sales, and divide them into balanced batches.

    Returns:
        The batches, relative to OUT: alcohol sales, then what else the policy wants looked at by
        age group; none on a day without any.

    Raises:
        SourceError: there is no till export of the day, and the policy lists no store to miss it.
        ConfigurationError: the policy or an address is wrong.
    """
    start, policy = time.perf_counter(), load_policy(job.policy)
    card = Card.read(policy.chain_rules(job.day).model)  # a version that is not there fails now
    out, work = results_at(job.out), workspace(job.day)
    spools = f"{_SPOOLS}-{secrets.token_hex(4)}"  # another run may be planning the day
    if out.is_local:  # there the day is this run's alone, and these are a killed one's
        _clear(out, work, lambda name: name.startswith(_SPOOLS))
    collected = collect_day(job, policy, out, f"{work}/{spools}")
    files = [[f.path, f.sha256] for f in (*collected.exports, *collected.indexes)]
    plan_id = _identity(job, policy, card, files)
    before = find_plan(out, job.day)
    if before is None or before.get("id") != plan_id:
        out.remove(plan_path(job.day))
        _clear(out, work, lambda name: name != plan_id and not name.startswith(_SPOOLS))
    folder = f"{work}/{plan_id}"
    batches = _Batches(out, f"{folder}/sales", job.batch_size, SALES)
    others = _Batches(out, f"{folder}/{OTHERS}", job.batch_size, PURCHASES)
    rejects: dict[int, str] = {}
    bought: dict[int, str] = {}
    rejected = 0
    for share in collected.shares():
        batches.add(share.sales)
        others.add(purchases.unscored(share.purchases))
        if share.purchases.num_rows:
            bought[share.number] = f"{folder}/purchases-{share.number:02d}.parquet"
            write_table(out, bought[share.number], share.purchases, PURCHASES)
        if share.rejects.num_rows:
            rejects[share.number] = f"{folder}/rejects-{share.number:02d}.parquet"
            write_table(out, rejects[share.number], share.rejects, REJECTS)
            rejected += share.rejects.num_rows
    batches.close()
    others.close()
    days = collected.store_days()
    write_table(out, f"{folder}/coverage.parquet", days, STORE_DAYS)
    plan = {
        "id": plan_id,
        "batches": batches.paths,
        "others": others.paths,
        "purchases": bought,
        "files": files,
        "policy_sha256": policy.sha256,
        "rejects": rejects,
        "sales": batches.sales,
    }
    out.write(plan_path(job.day), json.dumps(plan, sort_keys=True, indent=1).encode())
    out.remove(f"{work}/{spools}")
    planned = [*batches.paths, *others.paths]
    emit(
        "planned",
        job.day,
        stores=days.num_rows,
        sales=batches.sales,
        batches=len(planned),
        rejects=rejected,
        seconds=time.perf_counter() - start,
    )
    return planned


def _identity(job: Job, policy: Policy, card: Card, files: list[list[str]]) -> str:
    """What names a plan: the same for runs whose steps write the same, and for no others."""
    basis = {
        "auditor_version": version("auditor"),
        "batch_size": job.batch_size,
        "files": files,
        "model_sha256": card.sha256(policy.chain_rules(job.day).runtime),
        "policy_sha256": policy.sha256,
        "snapshots": job.snapshots,
        "stores": job.stores,
    }
    return hashlib.sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest()[:12]


def _clear(out: Place, folder: str, which: Callable[[str], bool]) -> None:
    for name in filter(which, out.folders(folder)):
        out.remove(f"{folder}/{name}")


@dataclass(slots=True)
class _SourcesRead:
    """What is told of one kind of source while it is read."""

    counts: dict[str, SourceCounts] = field(default_factory=dict)
    files: list[FileHash] = field(default_factory=list)

    def add(self, reading: Reading) -> None:
        for store_id, counts in reading.counts.items():
            self.counts[store_id] = self.counts.get(store_id, SourceCounts()) + counts
        self.files += reading.files


class _Batches:
    """Cuts sales into batches as they come: each full, the last two of equal size."""

    def __init__(self, out: Place, name: str, size: int, schema: Schema) -> None:
        self._out, self._name, self._size, self._schema = out, name, size, schema
        self._waiting = schema.empty()
        self.paths: list[str] = []
        self.sales = 0

    def add(self, sales: pa.Table) -> None:
        """Take sales, and write what is more than two batches of them."""
        self.sales += sales.num_rows
        waiting = pa.concat_tables([self._waiting, sales])
        full = max(0, waiting.num_rows // self._size - 1) * self._size
        for start in range(0, full, self._size):
            self._write(waiting.slice(start, self._size))
        self._waiting = waiting.slice(full).combine_chunks()

    def close(self) -> None:
        """Write what is left."""
        for part in balanced(self._waiting, self._size):
            self._write(part)

    def _write(self, part: pa.Table) -> None:
        self.paths.append(f"{self._name}-{len(self.paths):05d}.parquet")
        write_table(self._out, self.paths[-1], part, self._schema)


def _known_stores(job: Job, policy: Policy) -> None:
    unknown = [s for s in job.stores if policy.stores and s not in policy.stores]
    if unknown:
        raise ConfigurationError(
            f"store {unknown[0]} is not in the policy, which lists {', '.join(policy.stores)}"
        )
