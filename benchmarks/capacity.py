"""How many machines a chain needs: the tables of docs/capacity.md, from measured figures.

    python -m benchmarks.capacity [--write docs/capacity.md] [--stores 100,1000,10000]
        [--sales-a-store 1000] [--hours 1.5] [--storage-ms 20]

Reads results.json (scoring), growth.json (plan, finalise and report), scoring.json (memory) and
object_store.json (requests). What is not measured is an option, or a constant below.
"""

import argparse
import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from benchmarks.pages import filled, table

HERE = Path(__file__).parent

#: Steps that run as one task each, whatever the number of slots.
SERIAL = ("plan", "finalise", "report")

#: Share of the hours that a plan may use; the rest is for retries, slow machines and lost ones.
USED = 0.8

#: Share of the hours that the serial steps may take before a chain is divided.
SERIAL_SHARE = 0.5

#: Assumed, seconds from a free slot to the start of a task's work, seen with SQLite on two cores.
TASK_START_S = 5.0

BATCH_SIZE = 4096

_FIRST_ESTIMATE = "from the start of a process to its first estimate"
_SIZE = "640 x 480"


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of one slot (``cores`` cores) on a local disk, and of an object store's requests."""

    cores: int
    sale_s: dict[str, float]  # to score a sale, by size of frame
    start_s: float  # from the start of a process to its first estimate
    step_s: dict[str, float]  # a sale, by serial step
    requests_a_store: dict[str, int]  # by serial step
    requests_a_day: dict[str, int]  # by serial step
    flagged: float  # share of sales; each has its crop written
    base_gb: float  # of a serial step, without any sale
    gb_a_sale: float
    scoring_gb: float

    @classmethod
    def read(cls, folder: Path = HERE) -> Self:
        """Read the committed measurements.

        Raises:
            OSError: a file is missing.
            KeyError, ValueError: a file does not hold what its command writes.
        """
        results, growth, scoring, store = (
            json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
            for name in ("results", "growth", "scoring", "object_store")
        )
        lines = {
            size: next(row["milliseconds"] for row in rows if row["name"] == "whole line")
            for size, rows in results["line"].items()
        }
        middle, large = sorted(growth["rows"], key=lambda row: int(row["sales"]))[-2:]
        slope = (large["peak_mb"] - middle["peak_mb"]) / (large["sales"] - middle["sales"]) / 1e3
        steps = store["steps"]
        return cls(
            cores=results["machine"]["cores"],
            sale_s={size: statistics.median(took) / 1e3 for size, took in lines.items()},
            start_s=statistics.median(results["start"][_FIRST_ESTIMATE]),
            step_s={step: large["seconds"][step] / large["sales"] for step in SERIAL},
            requests_a_store={step: sum(steps[step]["a_store"].values()) for step in SERIAL},
            requests_a_day={step: sum(steps[step]["a_day"].values()) for step in SERIAL},
            flagged=store["flagged"],
            base_gb=middle["peak_mb"] / 1e3 - slope * middle["sales"],
            gb_a_sale=slope,
            scoring_gb=max(row["peak_mb"] for row in scoring["rows"]) / 1e3,
        )


@dataclass(frozen=True, slots=True)
class Night:
    """A chain's night, or that of one of its installations."""

    measured: Measured
    stores: float
    sales_a_store: float = 1000
    hours: float = 1.5  # from the start of the run to the deadline
    storage_ms: float = 20.0  # a request to the object store

    @property
    def sales(self) -> float:
        """Alcohol sales, each with one frame."""
        return self.stores * self.sales_a_store

    @property
    def sale_s(self) -> float:
        """Seconds of a slot for a sale: frames are read ahead, crops of flags are not."""
        return self.measured.sale_s[_SIZE] + self.measured.flagged * self.storage_ms / 1e3

    @property
    def scoring_s(self) -> float:
        """Seconds of all slots together."""
        batches = math.ceil(self.sales / BATCH_SIZE)
        return self.sales * self.sale_s + batches * (TASK_START_S + self.measured.start_s)

    def step_s(self, step: str) -> float:
        """Seconds of a serial step."""
        asked = self.measured.requests_a_day[step] + (
            self.stores * self.measured.requests_a_store[step]
        )
        work = self.sales * self.measured.step_s[step]
        return TASK_START_S + work + asked * self.storage_ms / 1e3

    @property
    def serial_s(self) -> float:
        """Seconds that no number of slots shortens."""
        return sum(map(self.step_s, SERIAL))

    @property
    def serial_gb(self) -> float:
        """Peak memory of a serial step."""
        return self.measured.base_gb + self.measured.gb_a_sale * self.sales

    @property
    def installations(self) -> int:
        """The fewest equal parts whose serial steps leave enough of the hours for scoring.

        Raises:
            ValueError: the hours are too short, however the chain is divided.
        """
        for parts in range(1, max(1, math.ceil(self.stores)) + 1):
            if self.part(parts).serial_s <= SERIAL_SHARE * self.hours * 3600:
                return parts
        raise ValueError(f"{self.hours:g} hours are too short for a single store")

    def part(self, parts: int) -> "Night":
        """One of so many equal installations."""
        return replace(self, stores=self.stores / parts)

    @property
    def slots(self) -> int:
        """The slots of an installation: scoring divided by what the serial steps leave.

        Raises:
            ValueError: they leave nothing; divide the chain.
        """
        left = USED * self.hours * 3600 - self.serial_s
        if left <= 0:
            raise ValueError("plan, finalise and report leave no time to score: divide the chain")
        return math.ceil(self.scoring_s / left)


def parts(measured: Measured, nights: Sequence[Night]) -> dict[str, str]:
    """The tables of the page, by their places."""
    return {"measured": _measured(measured), "machines": _machines(nights)}


def _measured(measured: Measured) -> str:
    line, start = "`results.json`, whole line", "`results.json`, start"
    grown, store = "`growth.json`", "`object_store.json`"
    rows = [
        [
            f"sales of {size} frames, scored by one core in an hour",
            f"{3600 / seconds / measured.cores:,.0f} ({1e3 * seconds:.1f} ms a sale on two cores)",
            line,
        ]
        for size, seconds in measured.sale_s.items()
    ]
    rows.append(["start of a scoring process", f"{measured.start_s:.1f} s", start])
    for step, seconds in measured.step_s.items():
        found = f"{1e3 * seconds:.3f} ms and {measured.requests_a_store[step]} requests"
        rows.append([f"{step}, a sale and a store", found, f"{grown}, {store}"])
    serial = f"{measured.base_gb:.2f} GB and {1e6 * measured.gb_a_sale:.2f} kB a sale"
    rows += [
        ["flagged sales of the demo, each with a crop to write", f"{measured.flagged:.1%}", store],
        ["memory of a scoring process", f"{measured.scoring_gb:.2f} GB", "`scoring.json`"],
        ["memory of plan, finalise and report", serial, grown],
    ]
    return table(["what", "measured", "in `benchmarks/`"], rows)


def _machines(nights: Sequence[Night]) -> str:
    rows = []
    for night in nights:
        installations = night.installations
        part = night.part(installations)
        end = (part.serial_s + part.scoring_s / part.slots) / 60
        row = {
            "stores": f"{night.stores:,.0f}",
            "alcohol sales": f"{night.sales:,.0f}",
            "installations": f"{installations}",
            "serial steps, min": f"{part.serial_s / 60:.1f}",
            "scoring, slot-hours": f"{part.scoring_s / 3600:.1f}",
            "slots in each": f"{part.slots}",
            "cores for scoring, all": f"{installations * part.slots * night.measured.cores}",
            "done after, min": f"{end:.0f}",
            "GB for serial steps": f"{part.serial_gb:.1f}",
        }
        rows.append(row)
    return table([*rows[0]], [[*row.values()] for row in rows])


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables, or write them into the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", type=Path, metavar="PAGE", help="docs/capacity.md")
    parser.add_argument("--stores", default="100,1000,10000", help="Sizes of chains.")
    for name in ("sales_a_store", "hours", "storage_ms"):
        default = Night.__dataclass_fields__[name].default
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=default)
    given: Any = parser.parse_args(arguments)
    measured = Measured.read()
    options = given.sales_a_store, given.hours, given.storage_ms
    tables = parts(measured, [Night(measured, float(n), *options) for n in given.stores.split(",")])
    if given.write:
        page = given.write.read_text(encoding="utf-8")
        given.write.write_text(filled(page, tables), encoding="utf-8")
    print("\n\n".join(tables.values()))


if __name__ == "__main__":
    main()
