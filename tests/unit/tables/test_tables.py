"""Schemas: what does not conform is refused, not bent."""

import io
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor import tables
from auditor.errors import ContractError
from auditor.storage.parquet import FORMAT_KEY, parsed
from auditor.tables import ByStore
from auditor.tables.__main__ import markdown
from tests.support.paths import ROOT

_ROW = {"stage": "inputs", "reason": "r", "source": "s", "detail": "d"}


def test_a_conforming_table_gets_the_schemas_order_and_nullability() -> None:
    table = tables.REJECTS.from_rows([_ROW])
    shuffled = table.select(sorted(table.column_names))
    assert tables.REJECTS.conform(shuffled).schema == tables.REJECTS.arrow


def test_a_null_where_none_may_be_is_refused() -> None:
    with pytest.raises(ContractError, match="detail"):
        tables.REJECTS.from_rows([_ROW | {"detail": None}])


def test_a_missing_or_unexpected_column_is_named() -> None:
    table = tables.REJECTS.from_rows([_ROW])
    with pytest.raises(ContractError, match="reason"):
        tables.REJECTS.conform(table.drop_columns(["reason"]))
    with pytest.raises(ContractError, match="extra"):
        tables.REJECTS.conform(table.append_column("extra", pa.array(["x"])))
    with pytest.raises(ContractError, match="extra"):
        tables.REJECTS.from_rows([_ROW | {"extra": 1}])


def test_a_lossy_conversion_is_refused() -> None:
    table = tables.REJECTS.from_rows([_ROW]).drop_columns(["row"])
    with pytest.raises(ContractError, match="rejects"):
        tables.REJECTS.conform(table.append_column("row", pa.array([1.5])))


def test_the_ledger_has_the_columns_that_were_promised_in_their_order() -> None:
    promised = """
        transaction_id store_id till_id cashier_id sold_at id_check outcome reason age age_sd
        age_low age_high p_under_legal p_under_challenge legal_age challenge_age snapshot_id
    """.split()  # noqa: SIM905  # as the contract lists them
    assert list(tables.LEDGER.names[: len(promised)]) == promised
    assert {"stage", "reason", "source", "row"} <= set(tables.REJECTS.names)


@pytest.mark.parametrize("schema", [tables.LEDGER, tables.INSIGHTS, tables.TILL_DAYS])
def test_amounts_of_two_decimals_of_an_earlier_format_are_read(schema: tables.Schema) -> None:
    written = schema.from_rows([{c.name: _example(c.type) for c in schema.columns}])
    cents = pa.schema([pa.field(f.name, _in_cents(f.type), f.nullable) for f in written.schema])
    buffer = io.BytesIO()
    metadata = {FORMAT_KEY: str(schema.version - 1)}
    pq.write_table(written.cast(cents).replace_schema_metadata(metadata), buffer)

    assert parsed(buffer.getvalue(), schema, origin="file") == written


def _example(kind: pa.DataType) -> Any:
    if pa.types.is_decimal(kind):
        return Decimal("12.34")
    if pa.types.is_list(kind):
        return [_example(kind.value_type)]
    if pa.types.is_struct(kind):
        return {f.name: _example(f.type) for f in kind}
    if pa.types.is_primitive(kind):
        return pa.scalar(1, pa.int64() if kind.bit_width == 64 else pa.int32()).cast(kind).as_py()
    return "text"


def _in_cents(kind: pa.DataType) -> pa.DataType:
    if kind == tables.MONEY:
        return pa.decimal128(12, 2)
    if pa.types.is_list(kind):
        return pa.list_(_in_cents(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(f.name, _in_cents(f.type), f.nullable) for f in kind])
    return kind


@pytest.mark.parametrize("schema", tables.STORED.values(), ids=tables.STORED)
def test_every_column_says_what_it_means(schema: tables.Schema) -> None:
    assert all(column.meaning for column in schema.columns)
    assert len(set(schema.names)) == len(schema.names)


def test_the_page_of_tables_is_up_to_date() -> None:
    page = (ROOT / "docs/tables.md").read_text(encoding="utf-8")
    assert page == markdown(), "run: python -m auditor.tables > docs/tables.md"


def test_columns_are_picked_in_the_order_asked_for() -> None:
    picked = tables.LEDGER.pick("amount", "store_id")
    assert [column.name for column in picked] == ["amount", "store_id"]
    with pytest.raises(KeyError, match="nothing"):
        tables.LEDGER.pick("nothing")


@given(st.lists(st.sampled_from(["S1", "S2", "", "é"]), max_size=12))
def test_each_stores_rows_come_out_in_their_order(stores: list[str]) -> None:
    table = pa.table({"store_id": pa.array(stores, pa.string()), "row": range(len(stores))})
    divided = ByStore(table)
    for name in (*stores, "another"):
        want = [row for row, store in enumerate(stores) if store == name]
        assert divided.of(name)["row"].to_pylist() == want
    assert divided.stores == sorted(set(stores))
    assert divided.in_order == list(dict.fromkeys(stores))
    assert divided.of("S1", ["row"]).column_names == ["row"]


def test_rows_are_divided_by_other_names_where_these_are_given() -> None:
    table = pa.table({"store_id": pa.array(["S1", None], pa.string())})
    divided = ByStore(table, pa.chunked_array([["S1"], ["unknown"]]))
    assert divided.of("unknown")["store_id"].to_pylist() == [None]
