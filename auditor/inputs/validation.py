"""Validates a file's records: rows that conform to their table, rejected rows, other days' rows.

A row belongs to the business day that the till wrote, or else to that of its time by the store's
clock. Only rows of the day that is read are counted and rejected. Rows of the days beside it are
passed on where a sale of the day could reach them: near its ends, or suspended there to be resumed.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import DAY, Flags, Microseconds, to_utc
from auditor.inputs.cells import Cells, read_cells
from auditor.inputs.counts import SourceCounts
from auditor.inputs.day_files import SourceFile
from auditor.inputs.distinct import Verdicts
from auditor.inputs.faults import Fault
from auditor.inputs.formats.base import Records
from auditor.inputs.rejects import KEPT_WITHOUT, OF_A_CHECK, OF_AN_ARTICLE, BadCell
from auditor.inputs.request import Clock, Request
from auditor.inputs.times import TimeCells, read_times
from auditor.tables import LINES_WITHOUT_ARTICLE, MONEY, NO_CHECK, TIME, Column

#: In one part of a file: above this many bad cells, only the first of each row is reported.
MANY_BAD_CELLS = 50_000

_EPOCH = date(1970, 1, 1)
_UNKNOWN = 1 << 20  # in place of a row's day
#: Cells by which a row of the day before or after may concern a sale of the day, however far off:
#: the word that they hold, or any.
_REACHING = {"transaction_state": "suspended", "resumes": ""}
_IDS = ("store_id", "transaction_id", "snapshot_id")
_COUNTS = (
    *("rows_read", "rows_rejected"),
    *("times_read_as_local", "times_ambiguous", "times_nonexistent"),
)


class Reach(NamedTuple):
    """The stores that have rows by which a sale of the day before, or after, may be another."""

    before: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()


class Rows:
    """Those of a part of a file's records that are wanted, validated cell by cell."""

    def __init__(self, request: Request, file: SourceFile, records: Records) -> None:
        self._request, self._file = request, file
        self._values: dict[str, pa.Array] = {}
        self._verdicts: dict[str, Verdicts] = {}
        self._moments: Microseconds = np.empty(0, np.int64)  # of the column that decides the day
        self._day_given: Flags = np.empty(0, np.bool_)  # where business_date decides it
        self._place(records)
        asked = np.array([request.wants_store(s or None) for s in self._stores], np.bool_)
        every = np.bincount(self._codes, minlength=len(self._stores)).tolist()
        #: How many records of each store the part has, of whatever day.
        self.records_of = Counter(dict(zip(self._stores, every, strict=True)))
        counted, near = self._sorted()
        others = asked[self._codes] & self._of_neighbours() & file.own
        totals = np.bincount(self._codes[others], minlength=len(self._stores)).tolist()
        self._elsewhere = {s or None: n for s, n in zip(self._stores, totals, strict=True) if n}
        self.reach = self._reach(near, others, asked[self._codes])
        wanted = (counted | near) & asked[self._codes]
        if not wanted.all():
            self._place(records.filter(wanted))
        self._counted = counted[wanted]
        for name in self._records.cells.column_names:
            if name not in self._verdicts:
                self._read(name)
        self._excuse_lines_without_article()
        faulty = np.zeros(len(self._records.numbers), np.bool_)
        for name, verdicts in self._verdicts.items():
            if name not in KEPT_WITHOUT:
                faulty |= verdicts != Fault.NONE
        self._good, self._bad = ~faulty, faulty & self._counted

    @property
    def records(self) -> Records:
        """The records that count for the day or concern it, as they were read."""
        return self._records

    def conforming(self) -> pa.Table:
        """The rows without a fault, in the schema of the request."""
        count = len(self._records.numbers)
        columns = {}
        for column in self._request.wanted.columns:
            values = self._values.get(column.name)
            columns[column.name] = pa.nulls(count, column.type) if values is None else values
        columns["source"] = pa.repeat(self._file.path, count)
        columns["row"] = pa.array(self._records.numbers)
        if "receipt" in self._request.schema.names:
            receipts = self._records.receipts
            columns["receipt"] = pa.nulls(count) if receipts is None else pa.array(receipts)
        table = pa.table(columns)
        if not self._good.all():
            table = table.filter(pa.array(self._good))
        return self._request.schema.conform(table)

    def bad_cells(self) -> Iterator[BadCell]:
        """Every cell at fault; if there are very many, the first of each row."""
        names = list(enumerate(self._request.wanted.names))
        found = {name: (v != Fault.NONE) & self._counted for name, v in self._verdicts.items()}
        many = sum(np.count_nonzero(at_fault) for at_fault in found.values()) > MANY_BAD_CELLS
        reported = np.zeros(len(self._records.numbers), np.bool_)
        # Cells that cost the row come first, so that each rejected row has its reason.
        for order, name in sorted(names, key=lambda column: _harm(column[1])):
            if name not in found or not found[name].any():
                continue
            at, verdicts = np.flatnonzero(found[name]), self._verdicts[name]
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
        counts: dict[str | None, SourceCounts] = {
            store: SourceCounts(rows_of_other_days=rows) for store, rows in self._elsewhere.items()
        }
        size = len(self._stores)
        flags = (self._bad, self._local, self._ambiguous, self._nonexistent)
        counted = [self._counted, *(flag * self._counted for flag in flags)]
        sums = [np.bincount(self._codes, weights=f, minlength=size) for f in counted]
        totals = np.stack(sums, axis=1).astype(np.int64).tolist()
        for store, total in zip(self._stores, totals, strict=True):
            if total[0]:
                own = SourceCounts(**dict(zip(_COUNTS, total, strict=True)))
                counts[store or None] = counts.get(store or None, SourceCounts()) + own
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
        for name in ("store_id", "business_date"):
            if name in records.cells.column_names:
                self._read(name)
        stores = self._values["store_id"].fill_null(self._file.store or "").dictionary_encode()
        self._stores: list[str] = stores.dictionary.to_pylist()
        self._codes = stores.indices.to_numpy()
        self._read(self._request.time_column)

    def _sorted(self) -> tuple[Flags, Flags]:
        """Which rows count for the day, with those at fault; which of the others sales may reach.

        A row whose day cannot be told, or lies too far away, is its file's own fault.
        """
        of_day = self._days == 0
        own = (self._days == _UNKNOWN) | self._far
        counted = of_day | (own & self._file.own)
        near = (self._near | self._reaching()) & (np.abs(self._days) == 1)
        return counted, near

    def _reaching(self) -> Flags:
        """Which rows say that they concern another transaction, maybe of another day."""
        reaching = np.zeros(len(self._days), np.bool_)
        for name, word in _REACHING.items():
            if name in self._records.cells.column_names:
                cells = self._records.cells[name].cast(pa.string())
                text = pc.utf8_lower(pc.utf8_trim_whitespace(cells))
                said = pc.equal(text, word) if word else pc.not_equal(text, "")
                reaching |= said.to_numpy(zero_copy_only=False)
        return reaching

    def _reach(self, near: Flags, others: Flags, asked: Flags) -> Reach:
        """The stores of the rows that sales of the day before, and of the day after, may reach."""
        shared, of_day, reaching = near | others, self._days == 0, self._reaching()
        before = (shared & (self._days == -1)) | (of_day & (self._early | reaching))
        after = (shared & (self._days == 1)) | (of_day & (self._late | reaching))
        return Reach(*(self._stores_of(flags & asked) for flags in (before, after)))

    def _stores_of(self, rows: Flags) -> frozenset[str]:
        return frozenset(self._stores[code] for code in np.unique(self._codes[rows])) - {""}

    def _read(self, name: str) -> None:
        column = next(c for c in self._request.wanted.columns if c.name == name)
        text = self._records.cells[name].combine_chunks()
        damaged = self._records.damaged
        if column.type != TIME:
            self._values[name], self._verdicts[name] = self._cells(column, text)
            return
        times = read_times(column, text, damaged=damaged)
        clocks = [self._request.clock(store) for store in self._stores]
        entry = self._file.entry
        stated = entry.time_zone if entry else None  # by the mapping, whatever the store's own is
        decides = name == self._request.time_column
        near = None if decides else self._moments
        instants = self._instants(times, [stated or clock.zone for clock in clocks], near)
        verdicts = times.verdicts.copy()
        if decides:
            self._moments = instants
            self._place_in_time(instants, verdicts, clocks)
            self._far = self._too_far(instants)
            verdicts[self._far & ~self._day_given] = Fault.OTHER_DAY
            if self._day_given.any():
                self._verdicts["business_date"][self._far & self._day_given] = Fault.OTHER_DAY
        values = pa.array(instants, mask=~times.given | (verdicts != Fault.NONE))
        self._values[name], self._verdicts[name] = values.cast(TIME), verdicts

    def _cells(self, column: Column, text: pa.Array) -> Cells:
        read = partial(
            read_cells,
            column,
            text,
            day=self._request.day,
            damaged=self._records.damaged,
            dates=self._records.dates.get(column.name),
        )
        if column.type != MONEY:
            return read()
        of_store = np.array([self._request.decimals(s) for s in self._stores], np.int8)
        first, *others = sorted(set(of_store.tolist())) or [0]
        cells = read(decimals=first)
        for decimals in others:
            at, other = (of_store == decimals)[self._codes], read(decimals=decimals)
            cells = Cells(
                pc.if_else(pa.array(at), other.values, cells.values),
                np.where(at, other.verdicts, cells.verdicts),
            )
        return cells

    def _place_in_time(
        self, instants: Microseconds, verdicts: Verdicts, clocks: list[Clock]
    ) -> None:
        """Find each row's day, as days from the one that is read, and whether it lies near it."""
        starts = np.array([c.starts for c in clocks], np.int64).reshape(-1, 4)[self._codes]
        margin = np.array([c.margin for c in clocks], np.int64)[self._codes]
        self._days = (instants[:, None] >= starts).sum(axis=1) - 2
        written = self._values.get("business_date")
        if written is None:
            self._day_given = np.zeros(len(self._days), np.bool_)
        else:
            ordinal = (self._request.day - _EPOCH).days
            self._day_given = written.is_valid().to_numpy(zero_copy_only=False)
            by_till = written.cast(pa.int32()).fill_null(ordinal).to_numpy() - ordinal
            self._days = np.where(self._day_given, by_till, self._days)
        self._days[verdicts != Fault.NONE] = _UNKNOWN
        self._near = (instants >= starts[:, 1] - margin) & (instants < starts[:, 2] + margin)
        self._early = instants < starts[:, 1] + margin
        self._late = instants >= starts[:, 2] - margin

    def _too_far(self, instants: Microseconds) -> Flags:
        """Which rows are of a day that is no neighbour of those that the file's path names."""
        far: Flags = (np.abs(self._days) > 1) & (self._days != _UNKNOWN)
        if self._file.span is None:
            return np.zeros_like(far)
        first, last = ((day - _EPOCH).days for day in self._file.span)
        if first < last:
            by_time = np.floor_divide(instants, DAY)
            ordinal = (self._request.day - _EPOCH).days
            days = np.where(self._day_given, self._days + ordinal, by_time)
            far &= (days < first - 1) | (days > last + 1)
        return far

    def _of_neighbours(self) -> Flags:
        """Which rows are of the day before or after, of which the file is not as well."""
        if self._file.span is None:
            return np.zeros(len(self._days), np.bool_)
        first, last = self._file.span
        before, after = first == self._request.day, last == self._request.day
        flags: Flags = (before & (self._days == -1)) | (after & (self._days == 1))
        return flags

    def _instants(
        self, times: TimeCells, zones: list[str], near: Microseconds | None
    ) -> Microseconds:
        """The times in UTC; of an ambiguous one the first, or the one closer to those ``near``."""
        instants = times.microseconds.copy()
        for zone in dict.fromkeys(zones):
            in_zone = np.array([z == zone for z in zones], np.bool_)[self._codes]
            at = np.flatnonzero(times.local & in_zone)
            if len(at):
                converted = to_utc(times.microseconds[at], zone)
                instants[at] = converted.utc
                if near is not None:
                    gaps = (np.abs(t - near[at]) for t in (converted.utc, converted.later))
                    instants[at] = np.where(np.less(*gaps), converted.utc, converted.later)
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
        excused |= self._cancelled_checks(types)
        for name, instead in zip(OF_AN_ARTICLE, ("", Decimal(0), Decimal(0)), strict=True):
            verdicts, values = self._verdicts[name], self._values[name]
            empty = excused & (verdicts == Fault.EMPTY)
            self._verdicts[name] = np.where(empty, Fault.NONE, verdicts).astype(np.int8)
            filler = pa.scalar(instead, values.type)
            self._values[name] = pc.if_else(pa.array(empty), filler, values)

    def _cancelled_checks(self, types: pa.Array) -> Flags:
        """Which lines are of the type ``void``, carry an ID check, and take nothing off."""
        found: Flags = pc.fill_null(pc.equal(types, "void"), False).to_numpy(zero_copy_only=False)
        check = self._values.get("id_check")
        if check is None or not found.any():
            return np.zeros_like(found)
        said = pc.invert(pc.is_in(check, pa.array([*NO_CHECK, None], pa.string())))
        found = found & said.to_numpy(zero_copy_only=False)
        for name in ("quantity", "amount"):
            zero = pc.fill_null(pc.equal(self._values[name], Decimal(0)), False)
            found &= (self._verdicts[name] == Fault.EMPTY) | zero.to_numpy(zero_copy_only=False)
        return found

    def _ids(self, name: str, at: npt.NDArray[np.int64]) -> list[str | None]:
        values = self._values.get(name)
        ids = [None] * len(at) if values is None else values.take(pa.array(at)).to_pylist()
        return [i or self._file.store for i in ids] if name == "store_id" else ids


def _harm(name: str) -> int:
    """The place of a column among those at fault, by what a bad cell of it costs."""
    return (name in KEPT_WITHOUT) + (name in KEPT_WITHOUT and name not in OF_A_CHECK)
