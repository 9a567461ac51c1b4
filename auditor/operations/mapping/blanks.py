"""Finds columns that are blank where they repeat the row above, and fills the sample's."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pyarrow as pa

from auditor.inputs.filling import Filling
from auditor.inputs.formats.base import Filled, Records
from auditor.inputs.mapped import OF_A_RECEIPT
from auditor.operations.mapping.matching import Match
from auditor.operations.mapping.sampling import Sample

_FORMS = ("csv", "xlsx", "parquet", "jsonl")  # those whose rows have an order
_ROLES = (
    *("transaction_id", "store_id", "till_id", "sold_at", "sale_date", "sale_time"),
    *("business_date", "cashier_id", "transaction_state"),
)
_SOME = 0.05  # share of rows that go on with the receipt above, from which it is looked at
_MOSTLY = 0.9  # share of such rows that are blank, and of the others that are not
_OFTEN = 0.5  # of the others, where the next receipt need not have any


def filled_down(sample: Sample, matches: Mapping[str, Match]) -> Filled:
    """The columns of a sample that are blank in rows that go on with the receipt above."""
    if sample.form not in _FORMS or "transaction_id" not in matches or sample.rows < 2:
        return Filled()
    number = matches["transaction_id"].column
    cells = [cell.strip() for cell in sample.columns[number]]
    goes_on = [False, *(not cell or cell == above for above, cell in pairwise(cells))]
    if not cells[0] or sum(goes_on) < _SOME * len(cells):
        return Filled()
    roles = [
        role
        for role in _ROLES
        if role in matches
        and _is_blank(sample.columns[matches[role].column], goes_on, _least(role))
    ]
    columns = [matches[role].column for role in roles if role not in OF_A_RECEIPT]
    within = [matches[role].column for role in roles if role in OF_A_RECEIPT]
    return Filled(tuple(columns), tuple(within), (number,))


def with_filled(sample: Sample, filled: Filled) -> Sample:
    """The sample with its cells as a run would read them."""
    texts = {name: pa.array(cells, pa.string()) for name, cells in sample.columns.items()}
    records = Records(pa.table(texts), np.arange(sample.rows))
    cells = Filling(filled).fill(records).cells
    changed = {name: cells[name].to_pylist() for name in (*filled.columns, *filled.within)}
    return replace(sample, columns={**sample.columns, **changed})


def _least(role: str) -> float:
    return _OFTEN if role in OF_A_RECEIPT else _MOSTLY


def _is_blank(cells: Sequence[str], goes_on: Sequence[bool], least: float) -> bool:
    """Whether a column is blank in the rows that go on, and filled in ``least`` of the others."""
    blank = {True: 0, False: 0}
    for cell, more in zip(cells, goes_on, strict=True):
        blank[more] += not cell.strip()
    going_on = sum(goes_on)
    others = len(goes_on) - going_on
    return blank[True] >= _MOSTLY * going_on and others - blank[False] >= least * others
