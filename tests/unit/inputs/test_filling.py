"""Cells that are left blank where they repeat the row above."""

import io
from collections.abc import Callable, Sequence
from datetime import date
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


TILLS = """n,till,t,sku,a,who,chk,state,dob
1,01,10:00,beer,2,amy,ID,training,2001-01-01
,,,wine,2,,,,
1,02,10:01,beer,2,,,,
,,,wine,2,,,,
1,02,15:02,beer,2,,,,
,,,wine,2,bob,,,
"""
OF_TILLS = f"""
[mapping.sales.columns]
transaction_id = "n"
store_id = {{ constant = "S1" }}
till_id = "till"
sold_at = {{ join = [{{ constant = "{DAY}" }}, "t"], time = "%Y-%m-%d %H:%M" }}
sku = "sku"
quantity = {{ constant = "1" }}
amount = "a"
cashier_id = "who"
id_check = {{ column = "chk", values = {{ ID = "id_viewed", "" = "none" }} }}
transaction_state = "state"
birth_date = "dob"
"""
FIRST = ("amy", "id_viewed", "training", date(2001, 1, 1))
NOTHING = (None, "none", None, None)


def of_receipts(tmp_path: Path, keys: str, columns: str = OF_TILLS) -> list[tuple[object, ...]]:
    """What the rows that are read say of their receipts."""
    by = mapping(keys, columns)
    parts = inputs.read_sales(Place(str(tmp_path)), DAY, policy(), mapping=by)
    names = ("cashier_id", "id_check", "transaction_state", "birth_date")
    return [tuple(row[n] for n in names) for p in parts for row in p.table.to_pylist()]


@pytest.mark.parametrize("in_every_row", ["", "n", "n,till,t"])
def test_a_number_that_comes_again_is_another_receipt(in_every_row: str, tmp_path: Path) -> None:
    head, *rows = [line.split(",") for line in TILLS.splitlines()]
    for name in filter(None, in_every_row.split(",")):
        at, above = head.index(name), ""
        for row in rows:
            above = row[at] = row[at] or above
    put(tmp_path, f"{DAY}.csv", "\n".join(",".join(row) for row in (head, *rows)).encode())
    filled = [name for name in head if name not in ("sku", "a", *in_every_row.split(","))]
    found = of_receipts(tmp_path, f"fill_down = {filled}")
    assert found == [FIRST, FIRST, NOTHING, NOTHING, NOTHING, ("bob", *NOTHING[1:])]


def test_a_column_that_also_says_something_of_an_article_is_filled_within_a_receipt(
    tmp_path: Path,
) -> None:
    columns = OF_TILLS + 'description = "chk"\n'
    put(tmp_path, f"{DAY}.csv", TILLS.encode())
    found = of_receipts(tmp_path, 'fill_down = ["n", "till", "t", "chk"]', columns)
    assert [check for _, check, *_ in found] == ["id_viewed"] * 2 + ["none"] * 4


def test_nothing_is_carried_from_one_sheet_to_the_next(tmp_path: Path) -> None:
    head, *rows = [line.split(",") for line in TILLS.splitlines()]
    sheets = {"A": [head, *rows[:2]], "B": [head, rows[1], *rows[2:4]]}
    put(tmp_path, f"{DAY}.xlsx", xlsx_bytes(sheets))
    keys = 'fill_down = ["n", "till", "t", "who", "chk", "state", "dob"]'
    # The first row of the second sheet has no number of its own: it is rejected.
    assert of_receipts(tmp_path, keys) == [FIRST, FIRST, NOTHING, NOTHING]


_CELLS = st.sampled_from(("", "", " ", "a", "b"))


@example(rows=[("a", "1", "b"), ("", "", ""), ("", "", "")], bad={1}, cuts={2})  # it ends a part
@example(rows=[("a", "1", "b"), ("a", "1", "")], bad=set(), cuts={1})  # written anew
@given(
    rows=st.lists(st.tuples(_CELLS, _CELLS, _CELLS), max_size=12),
    bad=st.sets(st.integers(0, 12)),
    cuts=st.sets(st.integers(0, 12)),
)
def test_parts_are_filled_as_the_whole_is(
    rows: list[tuple[str, str, str]], bad: set[int], cuts: set[int]
) -> None:
    names = ("number", "till", "state")
    filled = Filled(("number", "till"), ("state",), ("number",), ("till",))
    expected: list[tuple[str, ...]] = []
    number = till = state = ""
    for at, (own_number, own_till, own_state) in enumerate(rows):
        if at in bad:
            number = till = state = ""
            continue
        same = not own_number.strip() and (not own_till.strip() or own_till == till)
        number = own_number if own_number.strip() else number
        till = own_till if own_till.strip() else till
        state = own_state if own_state.strip() else state if same else ""
        expected.append((number, till, state))
    ends = sorted({0, *(cut for cut in cuts if cut < len(rows)), len(rows)})
    filling, found = Filling(filled), []
    for start, end in pairwise(ends):
        kept = [at for at in range(start, end) if at not in bad]
        cells = {name: [rows[at][n] for at in kept] for n, name in enumerate(names)}
        part = Records(
            pa.table({name: pa.array(texts, pa.string()) for name, texts in cells.items()}),
            np.array(kept, np.int64),
            tuple(Malformed(at, "") for at in range(start, end) if at in bad),
        )
        table = filling.fill(part).cells
        found += list(zip(*(table[name].to_pylist() for name in names), strict=True))
    assert [tuple(text.strip() for text in row) for row in found] == [
        tuple(text.strip() for text in row) for row in expected
    ]


_RECEIPT = st.tuples(
    st.sampled_from("12"),  # number
    st.sampled_from(("01", "02")),  # till
    st.sampled_from((("who", "chk", "state", "dob"), ("chk",), ())),  # what it says of itself
    st.integers(1, 3),  # lines
)


@given(
    receipts=st.lists(_RECEIPT, max_size=6),
    every=st.sets(st.sampled_from(("n", "till", "t"))),
    cuts=st.sets(st.integers(0, 18)),
)
def test_no_receipt_gets_what_another_says(
    receipts: list[tuple[str, str, tuple[str, ...], int]], every: set[str], cuts: set[int]
) -> None:
    """Whichever columns stand in every row; each receipt has a time of its own."""
    of_one = ("who", "chk", "state", "dob")
    rows: list[dict[str, str]] = []
    for at, (number, till, says, lines) in enumerate(receipts):
        first = {"n": number, "till": till, "t": f"{at:02}:00"}
        later = {name: first[name] if name in every else "" for name in first}
        blank = {"receipt": str(at)} | dict.fromkeys(of_one, "")
        rows.append(blank | first | {name: str(at) for name in says})
        rows += [blank | later] * (lines - 1)
    filled = Filled(
        tuple(name for name in ("n", "till", "t") if name not in every),
        of_one,
        ("n",),
        ("till", "t"),
    )
    filling = Filling(filled)
    for start, end in pairwise(sorted({0, *(cut for cut in cuts if cut < len(rows)), len(rows)})):
        names = tuple(rows[0])
        texts = {n: pa.array([row[n] for row in rows[start:end]], pa.string()) for n in names}
        for row in filling.fill(Records(pa.table(texts), np.arange(start, end))).cells.to_pylist():
            assert {row[name] for name in of_one} <= {"", row["receipt"]}
