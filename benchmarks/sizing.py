"""What a night consists of, from what was measured and what is assumed: seconds, bytes, requests.

Measured: results.json (the line), growth.json (plan, finalise and report as the chain grows),
scoring.json (memory of a process that scores),
object_store.json (requests and bytes). Assumed: night.toml.
"""

import json
import math
import statistics
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from auditor.pipeline.score import READ_AHEAD

HERE = Path(__file__).parent
SIZE = "640 x 480"  # of the frames; night.py tells what the other size changes
SERIAL = ("plan", "finalise", "report")  # steps that are one task each

_FIRST = "from the start of a process to its first estimate"  # as results.json calls it
_GROWN = {"plan": "collect", "finalise": "finalise", "report": "report"}  # as growth.py calls them


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures that were measured, for one slot, and where."""

    cores: int  # of a slot
    processor: str
    dates: dict[str, str]  # of each file
    score_s: dict[str, float]  # a sale, by size of frame
    first_s: float  # from the start of a process to its first estimate
    step_s: dict[str, float]  # a sale, of the serial steps, on a local disk
    memory_gb: float  # of a process that plans a day of hardly any sales
    memory_gb_a_sale: float
    scoring_gb: float
    store_requests: dict[str, float]  # of the serial steps, a store
    day_requests: dict[str, float]  # of the serial steps, a day
    batch_requests: float  # of a scoring task, beside its sales
    reads_a_sale: float
    flagged: float  # share of sales
    frame_bytes: float
    kept_bytes: float  # a sale: tables, report, crops
    reads_a_store: float
    writes_a_store: float

    @classmethod
    def read(cls, folder: Path = HERE) -> Self:
        """Read the four files.

        Raises:
            OSError: one is missing.
            KeyError, ValueError: one is not as its command writes it.
        """
        line, grown, scored, store = (
            json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
            for name in ("results", "growth", "scoring", "object_store")
        )
        score_s = {
            size: statistics.median(_row(rows, "whole line")["milliseconds"]) / 1e3
            for size, rows in line["line"].items()
        }
        middle, large = sorted(grown["rows"], key=lambda row: row["sales"])[-2:]
        slope = max(0.0, large["peak_mb"] - middle["peak_mb"]) / (large["sales"] - middle["sales"])
        steps = store["steps"]
        requests = {step: sum(steps[step]["a_store"].values()) for step in SERIAL}
        return cls(
            cores=line["machine"]["cores"],
            processor=line["machine"]["processor"],
            dates={
                "results": line["measured"],
                "growth": grown["measured"],
                "scoring": scored["measured"],
                "object_store": store["measured"],
            },
            score_s=score_s,
            first_s=statistics.median(line["start"][_FIRST]),
            step_s={step: large["seconds"][_GROWN[step]] / large["sales"] for step in SERIAL},
            memory_gb=middle["peak_mb"] / 1e3 - slope * middle["sales"] / 1e3,
            memory_gb_a_sale=slope / 1e3,
            scoring_gb=max(row["peak_mb"] for row in scored["rows"]) / 1e3,
            store_requests=requests,
            day_requests={step: sum(steps[step]["a_day"].values()) for step in SERIAL},
            batch_requests=sum(steps["score"]["a_store"].values()),  # a store was one batch
            reads_a_sale=store["reads_a_sale"],
            flagged=store["flagged"],
            frame_bytes=store["bytes"]["a_frame"],
            kept_bytes=store["bytes"]["a_sale"]
            + store["bytes"]["report_a_sale"]
            + store["flagged"] * store["bytes"]["a_flag"],
            reads_a_store=sum(step["a_store"]["read"] for step in steps.values()),
            writes_a_store=sum(step["a_store"]["write"] for step in steps.values()),
        )


@dataclass(frozen=True, slots=True)
class Assumed:
    """night.toml: one value for each assumption, and its other tables as they are."""

    values: dict[str, float]
    file: dict[str, Any]

    @classmethod
    def read(cls, path: Path = HERE / "night.toml") -> Self:
        """Read the file."""
        file = tomllib.loads(path.read_text(encoding="utf-8"))
        return cls({name: own["value"] for name, own in file["assumed"].items()}, file)

    def but(self, **values: float) -> Self:
        """The same with other values.

        Raises:
            KeyError: night.toml has no such assumption.
        """
        if unknown := values.keys() - self.values.keys():
            raise KeyError(f"night.toml assumes nothing of the name {min(unknown)}")
        return replace(self, values=self.values | values)

    def __getattr__(self, name: str) -> float:
        try:
            return self.values[name]
        except KeyError as error:
            raise AttributeError(name) from error


@dataclass(frozen=True, slots=True)
class Day:
    """A chain's day: what there is to do, and how long each part of it takes."""

    measured: Measured
    assumed: Assumed
    stores: float
    frames: str = SIZE

    @property
    def sales(self) -> float:
        """Alcohol sales, each with one frame."""
        return self.stores * self.assumed.sales_a_store

    @property
    def sale_s(self) -> float:
        """Seconds of a slot for one sale.

        Frames are read some at once, beside the work on those before them (pipeline.frames_of): the
        slower of the two counts. Crops are written one by one, after it.
        """
        read = self.measured.reads_a_sale * self.assumed.storage_ms / 1e3 / READ_AHEAD
        write = self.measured.flagged * self.assumed.storage_ms / 1e3
        work = self.measured.score_s[self.frames] / self.assumed.core_speed
        return max(work, read) + write

    @property
    def task_s(self) -> float:
        """Seconds of a slot for a scoring task beside its sales."""
        work = self.assumed.task_start_s + self.measured.first_s
        requests = self.measured.batch_requests * self.assumed.storage_ms / 1e3
        return work / self.assumed.core_speed + requests

    def sales_a_task(self, batch: int) -> int:
        """Sales that a scoring task has, with batches of so many.

        Airflow maps a task only so often: beyond that the nightly run gives a task several batches.
        """
        most_tasks = int(self.assumed.file["airflow"]["max_map_length"])
        return max(batch, math.ceil(self.sales / most_tasks))

    @property
    def resolve_s(self) -> float:
        """Seconds of a task that does next to nothing."""
        return self.assumed.task_start_s / self.assumed.core_speed

    def step_s(self, step: str, share: float = 1.0) -> float:
        """Seconds of a serial step over a share of the day's stores."""
        stores = self.stores * share
        requests = self.measured.day_requests[step] + stores * self.measured.store_requests[step]
        work = self.assumed.task_start_s + self.sales * share * self.measured.step_s[step]
        return work / self.assumed.core_speed + requests * self.assumed.storage_ms / 1e3

    @property
    def serial_s(self) -> float:
        """Seconds that no number of slots shortens."""
        return self.resolve_s + sum(self.step_s(step) for step in SERIAL)

    @property
    def memory_gb(self) -> float:
        """Memory of plan, finalise and report."""
        return self.measured.memory_gb + self.measured.memory_gb_a_sale * self.sales

    @property
    def reads(self) -> float:
        """Requests to the object store that read; those of a batch are counted for every store."""
        return self.sales * self.measured.reads_a_sale + self.stores * self.measured.reads_a_store

    @property
    def writes(self) -> float:
        """Requests to the object store that write or list."""
        return self.sales * self.measured.flagged + self.stores * self.measured.writes_a_store

    def slots_within(self, seconds: float) -> float:
        """Slots that get the sales scored in the time, if all of them work all the time."""
        return self.sales * self.sale_s / seconds if seconds > 0 else float("inf")


def _row(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(row for row in rows if row["name"] == name)
