"""Batches: the parts of a planned day that are scored one by one, in any process."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal, Self, TypeVar

import pyarrow as pa

from auditor.pipeline.day import workspace
from auditor.storage.parquet import write_table
from auditor.storage.place import Place
from auditor.tables import PURCHASES, SALES, Schema

#: ``sales`` are alcohol sales, whose outcome is decided. ``baskets`` are purchases without alcohol,
#: which are scored for the buyer's age group only.
Kind = Literal["sales", "baskets"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch of a plan. Its paths are relative to OUT."""

    day: date
    plan_id: str
    kind: Kind
    number: int  # its position among the plan's batches of its kind, from 0

    @property
    def name(self) -> str:
        """Its kind and number, such as ``sales-00012``."""
        return f"{self.kind}-{self.number:05d}"

    @property
    def schema(self) -> Schema:
        """The table that it holds: SALES or PURCHASES."""
        return SALES if self.kind == "sales" else PURCHASES

    @property
    def path(self) -> str:
        """Where its rows are, of :attr:`schema`."""
        return f"{self._folder}/{self.name}.parquet"

    @property
    def ledger_path(self) -> str:
        """Where its LEDGER is written; batches of baskets have none."""
        return f"{self._folder}/ledger-{self.number:05d}.parquet"

    @property
    def posteriors_path(self) -> str:
        """Where the POSTERIORS of its buyers' age groups are written."""
        return f"{self._folder}/posteriors-{self.name}.parquet"

    @property
    def files(self) -> list[str]:
        """Every file that it may have."""
        decided = [self.ledger_path] if self.kind == "sales" else []
        return [self.path, self.posteriors_path, *decided]

    @property
    def _folder(self) -> str:
        return f"{workspace(self.day)}/{self.plan_id}"

    def to_dict(self) -> dict[str, str | int]:
        """It as JSON holds it."""
        return asdict(self) | {"day": self.day.isoformat()}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """The batch of a :meth:`to_dict`."""
        return cls(**{**content, "day": date.fromisoformat(content["day"])})


class BatchWriter:
    """Cuts rows into batches as they come: each full, the last two of equal size."""

    def __init__(self, out: Place, day: date, plan_id: str, kind: Kind, size: int) -> None:
        """Start without rows; ``size`` is the most rows of a batch."""
        self._out, self._day, self._plan_id, self._kind = out, day, plan_id, kind
        self._size = size
        self._waiting = Batch(day, plan_id, kind, 0).schema.empty()
        self.batches: list[Batch] = []
        self.rows = 0

    def add(self, rows: pa.Table) -> None:
        """Take rows, and write what exceeds two batches."""
        self.rows += rows.num_rows
        waiting = pa.concat_tables([self._waiting, rows])
        full = max(0, waiting.num_rows // self._size - 1) * self._size
        for start in range(0, full, self._size):
            self._write(waiting.slice(start, self._size))
        self._waiting = waiting.slice(full).combine_chunks()

    def close(self) -> None:
        """Write the rows that are left."""
        for part in balanced(self._waiting, self._size):
            self._write(part)

    def _write(self, rows: pa.Table) -> None:
        batch = Batch(self._day, self._plan_id, self._kind, len(self.batches))
        write_table(self._out, batch.path, rows, batch.schema)
        self.batches.append(batch)


def balanced(rows: pa.Table, most: int) -> Iterator[pa.Table]:
    """Cut a table into as few parts of at most ``most`` rows as possible, of equal size."""
    for start, end in _spans(rows.num_rows, math.ceil(rows.num_rows / most)):
        yield rows.slice(start, end - start)


def divide_evenly(items: Sequence[_T], most: int) -> list[list[_T]]:
    """Divide items in their order into at most ``most`` lists of equal length."""
    return [list(items[start:end]) for start, end in _spans(len(items), min(most, len(items)))]


def _spans(length: int, parts: int) -> Iterator[tuple[int, int]]:
    """Start and end of each part of a sequence that is cut as evenly as possible."""
    return ((length * part // parts, length * (part + 1) // parts) for part in range(parts))
