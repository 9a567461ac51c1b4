"""Sales around two midnights, in files by the date of each line, and a chain's folder of them."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from auditor.pipeline import Job
from auditor.tables import SNAPSHOT_INDEX, TILL_LINES
from tests.support.samples import csv_bytes, header, put, texts

DAYS = tuple(date(2026, 3, day) for day in (26, 27, 28))
STORES = ("S001", "S002")
STATES = ("transaction_state", "resumes")


@dataclass(frozen=True)
class Rung:
    """A transaction, its lines in minutes after its start, and the frame of its customer."""

    number: int
    day: date
    minute: int  # of its start, from 00:00 UTC of the day
    lines: tuple[int, ...] = (0,)
    checks: tuple[str, ...] = ("none",)  # of the lines, the last of all further ones
    goods: tuple[str, ...] = ("wine",)  # their categories, likewise
    store: str = "S001"
    frame_after: int | None = 0  # seconds after the last line
    frame_names_it: bool = True
    state: str = ""
    resumes: int | None = None

    def cells(self) -> Iterator[tuple[date, dict[str, str]]]:
        """Each line as it stands in a file, with its date."""
        start = datetime.combine(self.day, datetime.min.time(), UTC)
        for nth, after in enumerate(self.lines):
            at = start + timedelta(minutes=self.minute + after)
            check, category = (
                of_lines[min(nth, len(of_lines) - 1)] for of_lines in (self.checks, self.goods)
            )
            cells = texts(
                TILL_LINES,
                store_id=self.store,
                transaction_id=f"T{self.number}",
                sold_at=at.isoformat(),
                sku=f"{self.number}-{nth}",
                category=category,
                id_check=check,
                id_check_at="" if check == "none" else at.isoformat(),
            )
            resumes = "" if self.resumes is None else f"T{self.resumes}"
            yield at.date(), cells | {"transaction_state": self.state, "resumes": resumes}

    def frame(self) -> tuple[date, dict[str, str]] | None:
        """The frame's row of the index, with its date."""
        if self.frame_after is None:
            return None
        last = datetime.combine(self.day, datetime.min.time(), UTC) + timedelta(
            minutes=self.minute + max(self.lines), seconds=self.frame_after
        )
        named = f"T{self.number}" if self.frame_names_it else ""
        return last.date(), texts(
            SNAPSHOT_INDEX,
            store_id=self.store,
            snapshot_id=f"F{self.number}",
            transaction_id=named,
            captured_at=last.isoformat(),
            path=f"frames/{self.store}-{self.number}.jpg",
        )


@dataclass
class Chain:
    """A folder that the files of a day come into one day at a time, with its results beside."""

    folder: Path
    rung: tuple[Rung, ...]
    policy: str = ""
    arrived: set[date] = field(default_factory=set)

    def __post_init__(self) -> None:
        stores = "".join(f"[stores.{store}]\n" for store in STORES)
        keys = (
            "[[policy]]\neffective_from = 2026-01-01\nmax_rejected_share = 1\n"
            "max_inconclusive_share = 1\nmax_missing_stores = 9\ncontrol_sample = 2\n"
        )
        put(self.folder, "policy.toml", f"{stores}{keys}{self.policy}".encode())
        for kind in ("sales", "snapshots/index"):
            (self.folder / kind).mkdir(parents=True)

    def arrive(self, day: date) -> None:
        """Let the exports, indexes and frames of a date come."""
        self.arrived.add(day)
        lines = [cells for sale in self.rung for at, cells in sale.cells() if at == day]
        shot = [found for sale in self.rung if (found := sale.frame()) and found[0] == day]
        for store in STORES:
            own = [cells for cells in lines if cells["store_id"] == store]
            columns = [*header(TILL_LINES), *STATES]
            put(self.folder, f"sales/{day}/{store}.csv", csv_bytes(own, columns))
            frames = [cells for _, cells in shot if cells["store_id"] == store]
            index = csv_bytes(frames, header(SNAPSHOT_INDEX))
            put(self.folder, f"snapshots/index/{day}/{store}.csv", index)
        for _, cells in shot:
            put(self.folder, f"snapshots/{cells['path']}", cells["path"].encode())

    def forget(self) -> None:
        """Remove all files that came, and all results."""
        self.arrived.clear()
        for kind in ("sales", "snapshots", "out"):
            shutil.rmtree(self.folder / kind, ignore_errors=True)
        for kind in ("sales", "snapshots/index"):
            (self.folder / kind).mkdir(parents=True)

    def job(self, day: date, out: str = "out", stores: Iterable[str] = ()) -> Job:
        """The job of a day."""
        return Job(
            day,
            sales=str(self.folder / "sales"),
            snapshots=str(self.folder / "snapshots"),
            out=str(self.folder / out),
            policy=str(self.folder / "policy.toml"),
            stores=tuple(stores),
        )
