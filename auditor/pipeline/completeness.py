"""Checks that every planned sale comes out of scoring exactly once."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from auditor.errors import ContractError
from auditor.pipeline.batches import Batch
from auditor.sales import control_sample
from auditor.sales.identity import SALE_KEY, SaleKey
from auditor.storage.parquet import read_table
from auditor.storage.place import Place
from auditor.tables import LEDGER, POSTERIORS, SALES


@dataclass(slots=True)
class ScoredSales:
    """The sales of all batches: how many each store has, and which the control sample may take."""

    by_store: Counter[str] = field(default_factory=Counter)
    with_crop: list[SaleKey] = field(default_factory=list)


def check_sales(out: Place, batches: Iterable[Batch]) -> ScoredSales:
    """Compare what was planned with what was scored, before any result is put in place.

    Args:
        out: the folder of the results.
        batches: all of the plan's that hold alcohol sales, in order.

    Raises:
        ContractError: a batch lacks a sale or has one too many, or two batches have the same sale.
        OSError: a batch is not scored.
    """
    scored = ScoredSales()
    store_id, known = "", set[SaleKey]()  # the store whose sales are read, and those read so far
    for batch in batches:
        planned = read_table(out, batch.path, SALES, SALE_KEY)
        ledger = read_table(out, batch.ledger_path, LEDGER, (*SALE_KEY, "outcome", "crop"))
        before, after = _keys(planned), _keys(ledger)
        there = set(after)
        lost = [key for key in before if key not in there]
        if lost or not len(before) == len(after) == len(there):
            names = [f"{key.store_id} {key.sale_id}" for key in lost[:3]]
            raise ContractError(
                f"{batch.path}: {len(before)} sales were planned, {len(after)} finalised;"
                f" lost: {names}"
            )
        for key in after:
            comes_again = key.store_id != store_id and key.store_id in scored.by_store
            if key.store_id != store_id:
                store_id, known = key.store_id, set()
            if comes_again or key in known:
                raise ContractError(f"{batch.path}: {key.sale_id} of {key.store_id} stands twice")
            known.add(key)
            scored.by_store[key.store_id] += 1
        scored.with_crop.extend(_keys(control_sample.of_ledger(ledger)))
    return scored


def check_posteriors(out: Place, batches: Iterable[Batch]) -> None:
    """Raise an OSError if a batch has no file of its buyers' age groups."""
    for batch in batches:
        read_table(out, batch.posteriors_path, POSTERIORS, ["store_id"])


def _keys(table: pa.Table) -> list[SaleKey]:
    columns = (table[name].to_pylist() for name in SALE_KEY)
    return list(map(SaleKey._make, zip(*columns, strict=True)))
