"""Cells that are left blank where they repeat the row above."""

import io
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auditor import inputs
from auditor.errors import ConfigurationError
from auditor.inputs.filling import Filling
from auditor.inputs.formats.base import Filled, Malformed, Records
from auditor.mapping import Mapping, MappingOfDay
from auditor.storage.place import Place
from tests.support.formats import jsonl_bytes, xlsx_bytes
from tests.support.samples import DAY, policy, put

HEAD = ("Order", "Date", "Amy", "Status", "Article", "Price")
ROWS = (
    ("A1", f"{DAY}T12:00:00Z", "Amy", "cancelled", "beer", "2.00"),
    ("", "", "", "", "wine", "9.00"),
    ("A2", f"{DAY}T12:05:00Z", "", "", "beer", "2.00"),
    ("", " ", "Bea", "", "crisps", "1.00"),
)
KEYS = 'fill_down = ["Order", "Date", "Amy", "Status"]'
COLUMNS = """
[mapping.sales.columns]
transaction_id = "Order"
store_id = { constant = "S1" }
till_id = { constant = "1" }
cashier_id = "Amy"
sold_at = "Date"
sku = "Article"
quantity = { constant = "1" }
amount = "Price"
id_check = { constant = "none" }
transaction_state = "Status"
"""


def mapping(keys: str = KEYS, columns: str = COLUMNS) -> MappingOfDay:
    text = f'[[mapping]]\neffective_from = 2020-01-01\n[[mapping.sales]]\nfiles = "*"\n{keys}\n'
    return Mapping.from_toml((text + columns).encode(), origin="mapping.toml").on(DAY)


def parquet_bytes(rows: Sequence[Sequence[str]]) -> bytes:
    out = io.BytesIO()
    columns = {name: [row[at] or None for row in rows] for at, name in enumerate(HEAD)}
    pq.write_table(pa.table(columns), out, row_group_size=1)
    return out.getvalue()


FORMATS: dict[str, Callable[[Sequence[Sequence[str]]], bytes]] = {
    "csv": lambda rows: "\n".join(",".join(row) for row in (HEAD, *rows)).encode(),
    "jsonl": lambda rows: jsonl_bytes([dict(zip(HEAD, row, strict=True)) for row in rows]),
    "parquet": parquet_bytes,
    "xlsx": lambda rows: xlsx_bytes({"Orders": [HEAD, *rows]}),
}


@pytest.mark.parametrize("form", FORMATS)
def test_a_blank_cell_repeats_the_one_above_in_every_format(form: str, tmp_path: Path) -> None:
    put(tmp_path, f"{DAY}.{form}", FORMATS[form](ROWS))
    parts = list(inputs.read_sales(Place(str(tmp_path)), DAY, policy(), mapping=mapping()))
    assert [r for part in parts for r in part.rejects.to_pylist()] == []
    rows = [row for part in parts for row in part.table.to_pylist()]
    found = [(row["transaction_id"], f"{row['sold_at']:%H:%M}", row["cashier_id"]) for row in rows]
    # Nobody is named in the second order before its second line.
    assert found == [
        ("A1", "12:00", "Amy"),
        ("A1", "12:00", "Amy"),
        ("A2", "12:05", None),
        ("A2", "12:05", "Bea"),
    ]
    assert [row["transaction_state"] for row in rows] == ["cancelled", "cancelled", None, None]


def test_the_first_row_of_a_file_stays_empty(tmp_path: Path) -> None:
    for name, rows in (("1", ROWS), ("2", ROWS[1:])):
        put(tmp_path, f"{name}_{DAY}.csv", FORMATS["csv"](rows))
    parts = list(inputs.read_sales(Place(str(tmp_path)), DAY, policy(), mapping=mapping()))
    rejects = [reject for part in parts for reject in part.rejects.to_pylist()]
    found = {(r["source"], r["row"], r["column"], r["reason"]) for r in rejects}
    assert found == {
        (f"2_{DAY}.csv", 2, name, "empty_cell") for name in ("transaction_id", "sold_at")
    }


def test_nothing_is_carried_past_a_malformed_row(tmp_path: Path) -> None:
    lines = FORMATS["csv"](ROWS).splitlines()
    lines[3] += b",one,too,many"
    put(tmp_path, f"{DAY}.csv", b"\n".join(lines))
    parts = list(inputs.read_sales(Place(str(tmp_path)), DAY, policy(), mapping=mapping()))
    rejects = [reject for part in parts for reject in part.rejects.to_pylist()]
    assert {(r["row"], r["reason"]) for r in rejects} == {(4, "malformed_row"), (5, "empty_cell")}


def test_a_column_that_nothing_reads_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match=r"from the column Ordr; the nearest is Order"):
        mapping('fill_down = ["Ordr"]')
    with pytest.raises(ConfigurationError, match="fill_down is for the format csv or xlsx"):
        mapping('fill_down = ["Order"]\nformat = "poslog"')


_CELLS = st.sampled_from(("", "", " ", "a", "b"))


@example(rows=[("a", "b"), ("", ""), ("", "")], bad={1}, cuts={2})  # it ends a part
@given(
    rows=st.lists(st.tuples(_CELLS, _CELLS), max_size=12),
    bad=st.sets(st.integers(0, 12)),
    cuts=st.sets(st.integers(0, 12)),
)
def test_parts_are_filled_as_the_whole_is(
    rows: list[tuple[str, str]], bad: set[int], cuts: set[int]
) -> None:
    filled = Filled(("number",), ("state",), ("number",))
    expected: list[tuple[str, str]] = []
    above = receipt = state = ""
    for at, (own_number, own_state) in enumerate(rows):
        if at in bad:
            above = state = ""
            continue
        above = own_number if own_number.strip() else above
        state = own_state if own_state.strip() else state if above == receipt else ""
        receipt = above
        expected.append((above, state))
    ends = sorted({0, *(cut for cut in cuts if cut < len(rows)), len(rows)})
    filling, found = Filling(filled), []
    for start, end in pairwise(ends):
        kept = [at for at in range(start, end) if at not in bad]
        cells = {name: [rows[at][n] for at in kept] for n, name in enumerate(("number", "state"))}
        part = Records(
            pa.table({name: pa.array(texts, pa.string()) for name, texts in cells.items()}),
            np.array(kept, np.int64),
            tuple(Malformed(at, "") for at in range(start, end) if at in bad),
        )
        table = filling.fill(part).cells
        found += list(zip(table["number"].to_pylist(), table["state"].to_pylist(), strict=True))
    assert [tuple(text.strip() for text in row) for row in found] == [
        tuple(text.strip() for text in row) for row in expected
    ]
