"""The same rows in every format that tills write: the same till lines."""

import json
import tempfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import inputs
from auditor.mapping import Mapping, MappingOfDay, load_mapping
from auditor.storage.place import Place
from auditor.tables import ORIGIN, TILL_LINES
from tests.support.formats import (
    jsonl_bytes,
    poslog_bytes,
    poslog_transaction,
    sqlite_bytes,
    xlsx_bytes,
)
from tests.support.samples import DAY, csv_bytes, header, policy, put

_HEAD = header(TILL_LINES)
# No text that XML or a cell would trim or may not hold: what is odd has tests of its own.
_TEXT = st.text(
    st.characters(categories=["L", "N"], max_codepoint=0x2FF), min_size=1, max_size=8
).filter(lambda text: text.lower() not in {"nan", "inf"})  # what a lost number looks like
_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "transaction_id": _TEXT,
            "store_id": st.sampled_from(("S1", "S2")),
            "till_id": _TEXT,
            "cashier_id": _TEXT,
            "sold_at": st.integers(0, 86_399).map(
                lambda s: f"{DAY}T{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}+00:00"
            ),
            "sku": _TEXT,
            "description": _TEXT,
            "category": _TEXT,
            "quantity": st.sampled_from(("1", "2", "-1", "0.754")),
            "amount": st.integers(1, 9999).map(lambda cents: f"{cents / 100:.2f}"),
            "id_check": st.sampled_from(("dob_entered", "id_viewed", "refused", "not_recorded")),
        }
    ),
    min_size=1,
    max_size=6,
)


def _whole(row: dict[str, str]) -> dict[str, str]:
    """A row with what follows from it."""
    entered = row["id_check"] == "dob_entered"
    amount = f"-{row['amount']}" if row["quantity"].startswith("-") else row["amount"]
    birth_date = "1990-12-31" if entered else ""
    rest = {"id_check_at": "", "id_check_by": "", "birth_date": birth_date}
    whole = row | {"amount": amount} | rest
    return {name: whole[name] for name in _HEAD}  # Hypothesis shuffles the keys


def _typed(row: dict[str, str]) -> dict[str, object]:
    """A row whose numbers are numbers."""
    numbers = {"quantity": float(row["quantity"]), "amount": float(row["amount"])}
    return {**row, **numbers, "id_check_at": None}


def _worksheet_row(row: dict[str, str]) -> list[Any]:
    return [value or "" for value in _typed(row).values()]


def _nested(rows: Sequence[dict[str, str]]) -> bytes:
    return jsonl_bytes([{"till": {"lines": [row]}, "number": n} for n, row in enumerate(rows)])


def _mapping(keys: str, columns: str = "") -> MappingOfDay:
    text = f"[[mapping]]\neffective_from = 2026-01-01\n[[mapping.sales]]\n{keys}\n{columns}"
    return Mapping.from_toml(text.encode(), origin="mapping.toml").on(DAY)


def _poslog() -> MappingOfDay | None:
    found = load_mapping("poslog-6")
    return found.on(DAY) if found else None


_NESTED = "[mapping.sales.columns]\n" + "\n".join(f'{n} = "till.lines.{n}"' for n in _HEAD)
_FORMATS: dict[str, tuple[str, Callable[[list[dict[str, str]]], bytes], Any]] = {
    "jsonl": ("jsonl", jsonl_bytes, None),
    "jsonl of numbers": ("jsonl", lambda rows: jsonl_bytes([_typed(r) for r in rows]), None),
    "nested jsonl": (
        "jsonl",
        _nested,
        _mapping('files = "*.jsonl"\nformat = "jsonl"\nrecords = "till.lines"', _NESTED),
    ),
    "utf-16 jsonl": (
        "jsonl",
        lambda rows: "\n".join(json.dumps(row) for row in rows).encode("utf-16-le"),
        _mapping('files = "*.jsonl"\nformat = "jsonl"\nencoding = "utf-16-le"'),
    ),
    "xlsx": (
        "xlsx",
        lambda rows: xlsx_bytes({"x": [_HEAD, *(list(row.values()) for row in rows)]}),
        None,
    ),
    "xlsx of numbers": (
        "xlsx",
        lambda rows: xlsx_bytes({"x": [_HEAD, *map(_worksheet_row, rows)]}),
        None,
    ),
    "sqlite": (
        "db",
        lambda rows: sqlite_bytes([_typed(row) for row in rows]),
        _mapping('files = "*.db"\nformat = "sqlite"\ntable = "lines"'),
    ),
    "poslog": (
        "xml",
        lambda rows: poslog_bytes(*(poslog_transaction(row) for row in rows)),
        _poslog(),
    ),
}


def _read(name: str, content: bytes, mapping: MappingOfDay | None) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        put(Path(folder), name, content)
        parts = list(inputs.read_sales(Place(folder), DAY, policy(), mapping=mapping))
    assert [r for part in parts for r in part.rejects.to_pylist()] == []
    table = pa.concat_tables([TILL_LINES.empty(), *(part.table for part in parts)])
    rows: list[dict[str, Any]] = table.drop_columns(ORIGIN).to_pylist()
    # A mapped POSLog says of every line that it is an item; a plain export need not.
    return [row | {"line_type": row["line_type"] or "item"} for row in rows]


@pytest.mark.parametrize("form", _FORMATS)
@given(rows=_ROWS)
@settings(max_examples=15, deadline=None)
def test_the_same_rows_give_the_same_lines(form: str, rows: list[dict[str, str]]) -> None:
    rows = [_whole(row) for row in rows]
    suffix, write, mapping = _FORMATS[form]
    expected = _read(f"{DAY}.csv", csv_bytes(rows, _HEAD), None)
    assert len(expected) == len(rows)
    assert expected[0]["birth_date"] in (None, date(1990, 12, 31))
    assert _read(f"{DAY}.{suffix}", write(rows), mapping) == expected


_COMMAS = 'decimal = ","\nthousands = "."'
_MIXED: dict[str, tuple[Callable[[list[dict[str, Any]]], bytes], MappingOfDay]] = {
    "xlsx": (
        lambda rows: xlsx_bytes(
            {"x": [_HEAD, *([value or "" for value in row.values()] for row in rows)]}
        ),
        _mapping(f'files = "*.xlsx"\n{_COMMAS}'),
    ),
    "jsonl": (jsonl_bytes, _mapping(f'files = "*.jsonl"\n{_COMMAS}')),
    "db": (
        sqlite_bytes,
        _mapping(f'files = "*.db"\nformat = "sqlite"\ntable = "lines"\n{_COMMAS}'),
    ),
}


@pytest.mark.parametrize("suffix", _MIXED)
@given(rows=_ROWS, which=st.lists(st.booleans(), min_size=6, max_size=6))
@settings(max_examples=15, deadline=None)
def test_numbers_beside_texts_in_the_tills_notation_are_taken_as_they_are(
    suffix: str, rows: list[dict[str, str]], which: list[bool]
) -> None:
    rows = [_whole(row) for row in rows]
    expected = _read(f"{DAY}.csv", csv_bytes(rows, _HEAD), None)
    write, mapping = _MIXED[suffix]
    for numbers in (which, [True] * 6, [False] * 6):
        written: list[dict[str, Any]] = [
            _typed(row)
            if is_number
            else row | {n: _in_text(row[n]) for n in ("quantity", "amount")}
            for row, is_number in zip(rows, numbers, strict=False)
        ]
        assert _read(f"{DAY}.{suffix}", write(written), mapping) == expected


def _in_text(number: str) -> str:
    """A number as a till may write it: with a comma, and three decimals."""
    return f"{float(number):,.3f}".translate({ord(","): ".", ord("."): ","})
