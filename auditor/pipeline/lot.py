"""Draws the control sample of a day over all its stores, of which maybe only some are audited."""

from collections.abc import Iterable

import pyarrow as pa

from auditor.pipeline.completeness import ScoredSales
from auditor.pipeline.day import Day
from auditor.sales import control_sample
from auditor.sales.identity import SALE_KEY, SaleKey
from auditor.storage.layout import partition_path
from auditor.storage.parquet import read_table
from auditor.storage.partitions import read_day
from auditor.tables import LEDGER

_READ = (*SALE_KEY, "outcome", "age", "crop")


def draw(day: Day, scored: ScoredSales, beside: Iterable[str]) -> set[SaleKey]:
    """The sample among the sales that were scored, and those of ``beside``.

    These are stores of the day that keep their results. Where another sale of theirs is drawn than
    before, :func:`stores_off_sample` has them afterwards.
    """
    paths = (partition_path("ledger", day.date, store_id) for store_id in beside)
    ledgers = [read_table(day.out, path, LEDGER, _READ) for path in paths]
    drawable = [*scored.with_crop, *(key for ledger in ledgers for key in _drawable(ledger))]
    sales = scored.by_store.total() + sum(ledger.num_rows for ledger in ledgers)
    return _drawn(day, drawable, sales)


def stores_off_sample(day: Day) -> tuple[str, ...]:
    """The stores of a finalised day whose faces are not those of the day's sample, sorted.

    Raises:
        SourceError: the day is not wholly finalised.
    """
    ledger = read_day(day.out, "ledger", day.date, (), _READ)
    drawn = _drawn(day, _drawable(ledger), ledger.num_rows)
    kept = set(map(SaleKey.of, control_sample.of_ledger(ledger).to_pylist()))
    return tuple(sorted({key.store_id for key in kept ^ drawn}))


def _drawable(ledger: pa.Table) -> list[SaleKey]:
    return [SaleKey.of(row) for row in control_sample.drawable(ledger).to_pylist()]


def _drawn(day: Day, keys: Iterable[SaleKey], sales: int) -> set[SaleKey]:
    # As each batch of a whole day draws: what exceeds a multiple of the share has no crop.
    size = day.rules.control_sample
    return control_sample.may_be_drawn(day.date, keys, size=size, sales=sales)
