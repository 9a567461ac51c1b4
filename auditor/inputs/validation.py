"""Validates a file's records: rows that conform to their table, rejected rows, other days' rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import SECOND, Flags, Microseconds, day_window, to_utc
from auditor.inputs.cells import read_cells
from auditor.inputs.counts import SourceCounts
from auditor.inputs.day_files import SourceFile
from auditor.inputs.distinct import Verdicts
from auditor.inputs.faults import Fault
from auditor.inputs.formats.base import Records
from auditor.inputs.rejects import KEPT_WITHOUT, BadCell
from auditor.inputs.times import TimeCells, read_times
from auditor.policy import Policy
from auditor.tables import LINES_WITHOUT_ARTICLE, TIME, Schema

#: In one part of a file: above this many bad cells, only the first of each row is reported.
MANY_BAD_CELLS = 50_000

_ORIGIN = ("source", "row")
_IDS = ("store_id", "transaction_id", "snapshot_id")


@dataclass(frozen=True)
class Request:
    """Which rows are wanted."""

    schema: Schema  # of the table that they become
    time_column: str  # the column that decides a row's day
    day: date
    policy: Policy  # gives each store's time zone and matching tolerance
    stores: frozenset[str] = frozenset()  # empty for all
    margin: bool = False  # whether rows outside the day by the matching tolerance are wanted too
    _clocks: dict[str, tuple[str, int, int]] = field(default_factory=dict, repr=False)

    @cached_property
    def wanted(self) -> Schema:
        """The columns of the schema that come from a file."""
        columns = tuple(c for c in self.schema.columns if c.name not in _ORIGIN)
        return Schema(self.schema.name, columns)

    def wants_store(self, store: str | None) -> bool:
        """Whether rows of this store are wanted; those of an unknown store always are."""
        return not self.stores or store is None or store in self.stores

    def has_zone(self, store: str) -> bool:
        """Whether the policy says in which time zone a store is."""
        return "time_zone" in self.policy.rules(self.day, store).model_fields_set

    def clock(self, store: str) -> tuple[str, int, int]:
        """A store's time zone, and the window of wanted instants in microseconds: [start, end)."""
        if store not in self._clocks:
            rules = self.policy.rules(self.day, store)
            start, end = day_window(self.day, rules.time_zone)
            spare = round(rules.match_tolerance_seconds * SECOND) if self.margin else 0
            self._clocks[store] = (rules.time_zone, start - spare, end + spare)
        return self._clocks[store]


class Rows:
    """Those of a part of a file's records that are wanted, validated cell by cell."""

    def __init__(self, request: Request, file: SourceFile, records: Records) -> None:
        self._request, self._file = request, file
        self._values: dict[str, pa.Array] = {}
        self._verdicts: dict[str, Verdicts] = {}
        self._place(records)
        wanted = self._wanted()
        if not wanted.all():
            self._place(records.filter(wanted))
        for name in self._records.cells.column_names:
            if name not in self._verdicts:
                self._read(name)
        self._excuse_lines_without_article()
        self._bad = np.zeros(len(self._records.numbers), np.bool_)
        for name, verdicts in self._verdicts.items():
            if name not in KEPT_WITHOUT:
                self._bad |= verdicts != Fault.NONE

    def conforming(self) -> pa.Table:
        """The rows without a fault, in the schema of the request."""
        count = len(self._records.numbers)
        columns = {}
        for column in self._request.wanted.columns:
            values = self._values.get(column.name)
            columns[column.name] = pa.nulls(count, column.type) if values is None else values
        columns["source"] = pa.repeat(self._file.path, count)
        columns["row"] = pa.array(self._records.numbers)
        table = pa.table(columns)
        if self._bad.any():
            table = table.filter(pa.array(~self._bad))
        return self._request.schema.conform(table)

    def bad_cells(self) -> Iterator[BadCell]:
        """Every cell at fault; if there are very many, the first of each row."""
        names = list(enumerate(self._request.wanted.names))
        many = sum(np.count_nonzero(v) for v in self._verdicts.values()) > MANY_BAD_CELLS
        reported = np.zeros(len(self._records.numbers), np.bool_)
        # Cells that cost the row come first, so that each rejected row has its reason.
        for order, name in sorted(names, key=lambda column: column[1] in KEPT_WITHOUT):
            verdicts = self._verdicts.get(name)
            if verdicts is None or not verdicts.any():
                continue
            at = np.flatnonzero(verdicts != Fault.NONE)
            if many:
                at = at[~reported[at]]
                reported[at] = True
            ids = {i: self._ids(i, at) for i in _IDS}
            texts = self._records.cells[name].take(pa.array(at)).to_pylist()
            for number, position in enumerate(at.tolist()):
                yield BadCell(
                    row=int(self._records.numbers[position]),
                    order=order,
                    column=name,
                    text=texts[number],
                    fault=Fault(int(verdicts[position])),
                    ids={i: known[number] for i, known in ids.items()},
                )

    def counts(self) -> dict[str | None, SourceCounts]:
        """The counts of each store; None has the rows whose store is unknown."""
        counts = {}
        size = len(self._stores)
        every = np.ones(len(self._codes))
        flags = (every, self._bad, self._local, self._ambiguous, self._nonexistent)
        sums = [np.bincount(self._codes, weights=f, minlength=size) for f in flags]
        totals = np.stack(sums, axis=1).astype(np.int64).tolist()
        for store, total in zip(self._stores, totals, strict=True):
            rows, rejected, local, ambiguous, nonexistent = total
            if rows:
                counts[store or None] = SourceCounts(
                    rows_read=rows,
                    rows_rejected=rejected,
                    times_read_as_local=local,
                    times_ambiguous=ambiguous,
                    times_nonexistent=nonexistent,
                )
        return counts

    def has_zone(self, store: str | None) -> bool:
        """Whether the mapping or the policy says in which time zone these rows of a store are."""
        entry = self._file.entry
        return bool(entry and entry.time_zone) or self._request.has_zone(store or "")

    def _place(self, records: Records) -> None:
        """Find each row's store and day; the path names the store where the cell does not."""
        count = len(records.numbers)
        self._records = records
        self._local = np.zeros(count, np.int64)
        self._ambiguous, self._nonexistent = self._local.copy(), self._local.copy()
        self._read("store_id")
        stores = self._values["store_id"].fill_null(self._file.store or "").dictionary_encode()
        self._stores: list[str] = stores.dictionary.to_pylist()
        self._codes = stores.indices.to_numpy()
        self._read(self._request.time_column)

    def _wanted(self) -> Flags:
        asked = [self._request.wants_store(store or None) for store in self._stores]
        wanted: Flags = np.array(asked, np.bool_)[self._codes]
        if not self._file.dated:
            wanted &= self._verdicts[self._request.time_column] != Fault.OTHER_DAY
        return wanted

    def _read(self, name: str) -> None:
        column = next(c for c in self._request.wanted.columns if c.name == name)
        text = self._records.cells[name].combine_chunks()
        damaged = self._records.damaged
        if column.type != TIME:
            day = self._request.day
            self._values[name], self._verdicts[name] = read_cells(
                column, text, day=day, damaged=damaged
            )
            return
        times = read_times(column, text, damaged=damaged)
        clocks = [self._request.clock(store) for store in self._stores]
        entry = self._file.entry
        stated = entry.time_zone if entry else None  # by the mapping, whatever the store's own is
        instants = self._instants(times, [stated or zone for zone, *_ in clocks])
        verdicts = times.verdicts.copy()
        if name == self._request.time_column:
            window = np.array([(start, end) for _, start, end in clocks], np.int64).reshape(-1, 2)
            start, end = window[self._codes].T
            other = (instants < start) | (instants >= end)
            verdicts[other & (verdicts == Fault.NONE)] = Fault.OTHER_DAY
        values = pa.array(instants, mask=~times.given | (verdicts != Fault.NONE))
        self._values[name], self._verdicts[name] = values.cast(TIME), verdicts

    def _instants(self, times: TimeCells, zones: list[str]) -> Microseconds:
        instants = times.microseconds.copy()
        for zone in dict.fromkeys(zones):
            in_zone = np.array([z == zone for z in zones], np.bool_)[self._codes]
            at = np.flatnonzero(times.local & in_zone)
            if len(at):
                converted = to_utc(times.microseconds[at], zone)
                instants[at] = converted.utc
                self._local[at] += 1
                self._ambiguous[at] += converted.ambiguous
                self._nonexistent[at] += converted.nonexistent
        return instants

    def _excuse_lines_without_article(self) -> None:
        """Fill what a line that names no article, such as a payment, need not have."""
        types = self._values.get("line_type")
        if types is None or not types.null_count < len(types):
            return
        excused = pc.is_in(types, pa.array(LINES_WITHOUT_ARTICLE)).to_numpy(zero_copy_only=False)
        for name, instead in (("sku", ""), ("quantity", Decimal(0)), ("amount", Decimal(0))):
            verdicts, values = self._verdicts[name], self._values[name]
            empty = excused & (verdicts == Fault.EMPTY)
            self._verdicts[name] = np.where(empty, Fault.NONE, verdicts).astype(np.int8)
            filler = pa.scalar(instead, values.type)
            self._values[name] = pc.if_else(pa.array(empty), filler, values)

    def _ids(self, name: str, at: npt.NDArray[np.int64]) -> list[str | None]:
        values = self._values.get(name)
        ids = [None] * len(at) if values is None else values.take(pa.array(at)).to_pylist()
        return [i or self._file.store for i in ids] if name == "store_id" else ids
