"""Till exports and snapshot indexes: what is read, and that nothing is lost without a word."""

import gzip
import hashlib
import io
import re
import secrets
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import inputs
from auditor.errors import SourceError
from auditor.inputs import Reading, distinct_frames, records, validation
from auditor.inputs import content as file_content
from auditor.inputs.counts import SourceCounts
from auditor.inputs.formats import base, csv_text
from auditor.mapping import Mapping as MappingFile
from auditor.policy import Policy
from auditor.storage.place import Place
from auditor.tables import ID_CHECKS, REJECTS, SNAPSHOT_INDEX, TILL_LINES, Schema
from tests.support.samples import (
    DATED,
    DAY,
    NOON,
    csv_bytes,
    header,
    policy,
    put,
    sales_csv,
    shot,
    texts,
)

UNDATED = "sales.csv"
LONDON = policy(time_zone="Europe/London")


def whole(readings: Iterable[Reading], schema: Schema) -> Reading:
    """What is read in parts, in one."""
    parts = list(readings)
    counts: dict[str, SourceCounts] = {}
    for store, counted in (item for part in parts for item in part.counts.items()):
        counts[store] = counts[store] + counted if store in counts else counted
    return Reading(
        table=pa.concat_tables([schema.empty(), *(part.table for part in parts)]),
        rejects=pa.concat_tables([REJECTS.empty(), *(part.rejects for part in parts)]),
        counts=counts,
        files=tuple(file for part in parts for file in part.files),
        unplaced_rows=sum(part.unplaced_rows for part in parts),
    )


def read_sales(place: Place, day: date, rules: Policy, *, stores: Sequence[str] = ()) -> Reading:
    return whole(inputs.read_sales(place, day, rules, stores=stores), TILL_LINES)


def read_snapshot_index(place: Place, day: date, rules: Policy) -> Reading:
    read = whole(inputs.read_snapshot_index(place, day, rules), SNAPSHOT_INDEX)
    distinct = distinct_frames(read.table, day, rules)
    counts = {s: c + distinct.counts.get(s, SourceCounts()) for s, c in read.counts.items()}
    rejects = pa.concat_tables([read.rejects, distinct.rejects])
    return replace(read, table=distinct.table, rejects=rejects, counts=counts)


def index_csv(*rows: Mapping[str, str]) -> bytes:
    return csv_bytes(rows, header(SNAPSHOT_INDEX))


def sale(**cells: str) -> dict[str, str]:
    return texts(TILL_LINES, **cells)


def read(
    folder: Path, *rows: Mapping[str, str], path: str = DATED, rules: Policy | None = None
) -> Reading:
    put(folder, path, sales_csv(*rows))
    return read_sales(Place(str(folder)), DAY, rules or policy())


def read_index(folder: Path, *rows: Mapping[str, str], path: str = DATED) -> Reading:
    put(folder, f"index/{path}", index_csv(*rows))
    return read_snapshot_index(Place(str(folder)), DAY, policy())


def reasons(reading: Reading) -> list[tuple[str, int | None, str | None]]:
    return [(r["reason"], r["row"], r["column"]) for r in reading.rejects.to_pylist()]


def column(reading: Reading, name: str) -> list[Any]:
    values: list[Any] = reading.table[name].to_pylist()
    return values


# Rows as they should be


def test_a_row_is_read_into_the_contract(tmp_path: Path) -> None:
    reading = read(tmp_path, sale(sold_at="2026-03-02T12:00:00.5+01:00", cashier_id="  Ann "))

    (row,) = reading.table.to_pylist()
    assert reading.table.schema == TILL_LINES.arrow
    assert row["sold_at"] == NOON - timedelta(hours=1) + timedelta(seconds=0.5)
    assert row["cashier_id"] == "Ann"
    assert row["quantity"] == Decimal("1.000")
    assert row["birth_date"] == date(1990, 12, 31)
    assert (row["source"], row["row"]) == (DATED, 2)
    assert reading.rejects.num_rows == 0
    assert reading.counts == {"S1": SourceCounts(files=1, usable_files=1, rows_read=1)}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("cashier_id", "<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("cashier_id", "Zoë, 'the \"one\"'", "Zoë, 'the \"one\"'"),
        ("cashier_id", "x" * 128, "x" * 128),
        ("store_id", "a.B-c_9", "a.B-c_9"),
        ("description", "", None),
        ("description", "é" * 500, "é" * 500),
        ("category", "  ", None),
        ("quantity", "+2", Decimal(2)),
        ("quantity", "-0.125", Decimal("-0.125")),
        ("quantity", "1.5000", Decimal("1.5")),
        ("amount", ".50", Decimal("0.50")),
        ("amount", "-99999999.99", Decimal("-99999999.99")),
        ("amount", "00012.9", Decimal("12.90")),
        ("id_check", " ID_Scanned ", "id_scanned"),
        ("id_check", "", "not_recorded"),
        ("id_check_at", "", None),
        ("id_check_at", "2026-03-02T12:00", NOON),
        ("id_check_by", "", None),
        ("cashier_id", "", None),
        ("till_id", "1E5", "1E5"),
        ("quantity", "0.7541", Decimal("0.754")),
        ("amount", "0.30000000000000004", Decimal("0.30")),
        ("amount", "1.295", Decimal("1.30")),  # half to even, as 1.285 is
        ("amount", "1.285", Decimal("1.28")),
        ("amount", "-2.220446049250313e-16", Decimal("0.00")),
        ("birth_date", "", None),
        ("birth_date", "2026-03-01", date(2026, 3, 1)),
        ("birth_date", "1900-01-01", date(1900, 1, 1)),
        ("category", "be\u200ber\ufeff", "beer"),
        ("category", "\u200b Rot\u00a0wein \u200b", "Rot wein"),
        ("category", "\u200b", None),
        ("birth_date", "20100101", date(2010, 1, 1)),
        ("birth_date", "2010-01-01Z", date(2010, 1, 1)),
        ("birth_date", "2010-01-01+00:00", date(2010, 1, 1)),
        ("birth_date", "2010-01-01-0500", date(2010, 1, 1)),
        ("birth_date", "2010-01-01T00:00:00Z", date(2010, 1, 1)),
        ("birth_date", "2010-01-01 00:00:00+02:00", date(2010, 1, 1)),
        ("birth_date", "20100101T000000Z", date(2010, 1, 1)),
        ("sold_at", "2026-03-02 12:00", NOON),
        ("sold_at", "2026-03-02T12:00:00Z", NOON),
        ("sold_at", "2026-03-02 12:00:00+00", NOON),
        ("sold_at", "2026-03-02T13:00:00+0100", NOON),
        ("sold_at", "2026-03-02T07:00-05:00", NOON),
        ("sold_at", "2026-03-02 12:00:00 +0000", NOON),
        ("sold_at", "2026-03-02 12:00:00 UTC", NOON),
        ("sold_at", "2026-03-02t12:00z", NOON),
        ("sold_at", "20260302T120000", NOON),
        ("sold_at", "20260302 120000", NOON),
        ("sold_at", "20260302T1200Z", NOON),
        ("sold_at", "20260302T130000.0+0100", NOON),
        ("sold_at", "2026-03-02 12:00:00,25", NOON.replace(microsecond=250_000)),
        ("sold_at", "2026-03-01T24:00:00", NOON.replace(hour=0)),
        ("sold_at", "2026-03-01 24:00Z", NOON.replace(hour=0)),
        ("sold_at", "2026-03-02T12:00:00.123456789Z", NOON.replace(microsecond=123456)),
    ],
)
def test_a_cell_is_accepted(tmp_path: Path, name: str, text: str, value: object) -> None:
    reading = read(tmp_path, sale(**{name: text}))

    assert column(reading, name) == [value]
    assert reading.rejects.num_rows == 0


def test_amounts_are_rounded_to_the_smallest_unit_of_the_currency_of_their_store(
    tmp_path: Path,
) -> None:
    stores = {"S1": "JPY", "S2": "KWD", "S3": "EUR"}
    overrides = [{"stores": [name], "currency": stores[name]} for name in ("S1", "S2")]
    texts = ("100.5", "1.2555", "101.5", "0.30000000000000004")
    rows = [sale(store_id=store, amount=text) for text in texts for store in stores]
    put(tmp_path, DATED, sales_csv(*rows))

    reading = read_sales(Place(str(tmp_path)), DAY, policy(currency="EUR", override=overrides))

    read_of: dict[str, tuple[str, ...]] = dict.fromkeys(stores, ())
    for row in reading.table.to_pylist():
        read_of[row["store_id"]] += (f"{row['amount'].normalize():f}",)
    assert read_of == {
        "S1": ("100", "1", "102", "0"),  # half to even
        "S2": ("100.5", "1.256", "101.5", "0.3"),
        "S3": ("100.5", "1.26", "101.5", "0.3"),
    }


@given(
    st.decimals(-(10**9), 10**9, places=5),
    st.sampled_from([("JPY", 0), ("GBP", 2), ("KWD", 3)]),
)
@settings(max_examples=50)
def test_an_amount_moves_by_half_a_unit_at_most(amount: Decimal, currency: tuple[str, int]) -> None:
    code, decimals = currency
    with tempfile.TemporaryDirectory() as folder:
        put(Path(folder), DATED, sales_csv(sale(amount=f"{amount:f}")))
        reading = read_sales(Place(folder), DAY, policy(currency=code))
    (read_as,) = column(reading, "amount")
    unit = Decimal(1).scaleb(-decimals)
    assert abs(read_as - amount) <= unit / 2
    assert read_as % unit == 0


@pytest.mark.parametrize(("text", "age"), [("18", 18), ("0", None), ("00", None), ("", None)])
def test_a_till_writes_no_age_or_0_where_it_asks_for_none(
    tmp_path: Path, text: str, age: int | None
) -> None:
    columns = [*header(TILL_LINES), "required_age"]
    put(tmp_path, DATED, sales_csv(sale() | {"required_age": text}, columns=columns))
    reading = read_sales(Place(str(tmp_path)), DAY, policy())
    assert column(reading, "required_age") == [age]
    assert reading.rejects.num_rows == 0


def test_every_state_of_the_id_check_is_accepted(tmp_path: Path) -> None:
    reading = read(tmp_path, *(sale(id_check=state.upper()) for state in ID_CHECKS))

    assert column(reading, "id_check") == list(ID_CHECKS)


def test_columns_that_may_be_null_may_be_absent_and_others_are_ignored(tmp_path: Path) -> None:
    needed = [c.name for c in TILL_LINES.columns if not c.nullable and c.name in sale()]
    content = sales_csv(sale() | {"extra": "x"}, columns=["extra", *reversed(needed)])
    put(tmp_path, DATED, content)

    (row,) = read_sales(Place(str(tmp_path)), DAY, policy()).table.to_pylist()

    assert {name for name in sale() if row[name] is None} == set(sale()) - set(needed)


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (DATED, lambda content: b"\xef\xbb\xbf" + content),
        (DATED, lambda content: content.replace(b"\n", b"\r\n")),
        (DATED, lambda content: content.rstrip(b"\n")),
        (DATED + ".gz", gzip.compress),
        ("S1_2026-03-02.CSV", lambda content: content),
        (DATED, lambda content: content.replace(b"sku", b" sku ", 1)),
    ],
)
def test_the_same_file_otherwise_written_holds_the_same(
    tmp_path: Path, path: str, change: Any
) -> None:
    put(tmp_path, path, change(sales_csv(sale())))

    reading = read_sales(Place(str(tmp_path)), DAY, policy())

    assert column(reading, "transaction_id") == ["transaction_id-1"]
    assert reading.rejects.num_rows == 0


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        ({}, []),
        ({"quantity": "0", "amount": "0.00"}, []),
        ({"id_check": "none"}, ["amount", "quantity", "sku"]),
        ({"id_check": ""}, ["amount", "quantity", "sku"]),
        ({"quantity": "-1"}, ["amount", "sku"]),  # an article is voided, and nobody knows which
        ({"amount": "-2.00"}, ["quantity", "sku"]),
        ({"line_type": "item"}, ["amount", "quantity", "sku"]),
    ],
)
def test_a_cancelled_check_needs_no_article(
    tmp_path: Path, cells: dict[str, str], wanted: list[str]
) -> None:
    void = {"line_type": "void", "id_check": "id_scanned", "sku": "", "quantity": "", "amount": ""}
    put(
        tmp_path,
        DATED,
        sales_csv(sale() | void | cells, columns=[*header(TILL_LINES), "line_type"]),
    )

    reading = read_sales(Place(str(tmp_path)), DAY, policy())

    assert sorted(str(name) for _, _, name in reasons(reading)) == wanted
    assert reading.table.num_rows == (not wanted)


# Cells that are not


@pytest.mark.parametrize(
    ("name", "text", "reason", "said"),
    [
        ("transaction_id", " ", "empty_cell", "is empty"),
        ("till_id", "x" * 129, "bad_id", "128 characters"),
        ("cashier_id", "a\tb", "bad_id", "control characters"),
        ("sku", "a\u0085b", "bad_id", "control characters"),
        ("store_id", "", "empty_cell", "is empty"),
        ("store_id", "../S1", "bad_id", "store id"),
        ("store_id", "S" * 65, "bad_id", "store id"),
        ("category", "x" * 501, "bad_text", "500 characters"),
        ("category", "a\nb", "bad_text", "control characters"),
        ("category", "caf\udce9", "not_utf8", "UTF-8"),
        ("quantity", "", "empty_cell", "a payment, a check or a total, needs a line_type"),
        ("amount", "1,234.50", "bad_number", "thousands commas"),
        ("amount", "1e5", "bad_number", "exponents"),
        ("amount", "NaN", "bad_number", "NaN"),
        ("amount", "inf", "bad_number", "infinity"),
        ("amount", "10000000000", "bad_number", "10 digits"),
        ("quantity", "100000000", "bad_number", "8 digits"),
        ("amount", "٣", "bad_number", "plain number"),
        ("transaction_id", "5.000112637922e+12", "rewritten_id", "spreadsheet"),
        ("transaction_id", "2.03E+13", "rewritten_id", "spreadsheet"),
        ("sku", "5000.0", "rewritten_id", "spreadsheet"),
        ("till_id", "12.1", "rewritten_id", "spreadsheet"),
        ("sku", '="5000"', "rewritten_id", "spreadsheet"),
        ("sku", "'05000", "rewritten_id", "spreadsheet"),
        ("store_id", "1.0", "rewritten_id", "spreadsheet"),
        ("cashier_id", "nan", "rewritten_id", "table of numbers"),
        ("transaction_id", "#REF!", "rewritten_id", "spreadsheet"),
        ("transaction_id", "########", "rewritten_id", "spreadsheet"),
        ("sku", "#N/A", "rewritten_id", "spreadsheet"),
        ("sku", "#DIV/0!", "rewritten_id", "spreadsheet"),
        ("cashier_id", "#¡VALOR!", "rewritten_id", "spreadsheet"),
        ("till_id", "#NAME?", "rewritten_id", "spreadsheet"),
        ("store_id", "#NV", "rewritten_id", "spreadsheet"),
        ("transaction_id", "50\u200b00", "hidden_in_id", "zero-width"),
        ("transaction_id", "\ufeff5000", "hidden_in_id", "byte-order mark"),
        ("sku", "50\u00a000", "hidden_in_id", "no-break space"),
        ("transaction_id", "\uff11\uff12", "foreign_digits", "full-width"),
        ("sku", "50\u0660", "foreign_digits", "plain digits"),
        ("cashier_id", "E\u0967", "foreign_digits", "plain digits"),
        ("store_id", "S\uff11", "foreign_digits", "plain digits"),
        ("id_check", "maybe", "unknown_id_check", "id_scanned, dob_entered"),
        ("sold_at", "", "empty_cell", "is empty"),
        ("sold_at", "2026-02-29T12:00", "bad_time", "ISO 8601"),
        ("sold_at", "2026-03-02", "bad_time", "ISO 8601"),
        ("sold_at", "2026-03-02T24:01", "bad_time", "ISO 8601"),
        ("sold_at", "02/03/2026 12:00", "bad_time", "ISO 8601"),
        ("sold_at", "1969-12-31T23:59:59", "bad_time", "1970"),
        ("sold_at", "2101-01-01T00:00", "bad_time", "2100"),
        ("sold_at", "2026-03-02T12:00 BST", "bad_time", "ISO 8601"),
        ("sold_at", "2026-03-04T00:00", "other_day", "more than a day away"),
        ("sold_at", "2026-02-28T23:59", "other_day", "more than a day away"),
    ],
)
def test_a_bad_cell_rejects_its_row(
    tmp_path: Path, name: str, text: str, reason: str, said: str
) -> None:
    reading = read(tmp_path, sale(transaction_id="good"), sale(**{name: text}))

    (reject,) = reading.rejects.to_pylist()
    assert column(reading, "transaction_id") == ["good"]
    assert (reject["reason"], reject["row"], reject["column"]) == (reason, 3, name)
    assert said in reject["detail"]
    assert reject["detail"].startswith(f"{DATED}, row 3: {name} ")
    assert reject["store_id"] == "S1"
    assert reject["transaction_id"] == (None if name == "transaction_id" else "transaction_id-1")
    assert reading.counts["S1"].rows_read == 2
    assert reading.counts["S1"].rows_rejected == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("birth_date", "1990-02-30"),
        ("birth_date", "1899-12-31"),
        ("birth_date", DAY.isoformat()),
        ("birth_date", "31/12/1990"),
        ("birth_date", "01.01.2010"),
        ("birth_date", "2010-1-1"),
        ("birth_date", "2010-01-01T10:00:00Z"),
        ("birth_date", "19901331"),
        ("birth_date", "\udcff"),
        ("id_check_at", "noon"),
        ("id_check_by", "a\u2028b"),
        ("description", "x" * 501),
    ],
)
def test_a_bad_optional_cell_costs_the_cell_only(tmp_path: Path, name: str, text: str) -> None:
    reading = read(tmp_path, sale(**{name: text}))

    assert column(reading, name) == [None]
    assert reasons(reading) == [("bad_optional_cell", 2, name)]
    assert reading.counts["S1"].rows_rejected == 0


def test_several_bad_cells_are_all_reported_and_their_row_counted_once(tmp_path: Path) -> None:
    reading = read(tmp_path, sale(amount="x", quantity="y", birth_date="z"))

    assert reasons(reading) == [
        ("bad_number", 2, "quantity"),
        ("bad_number", 2, "amount"),
        ("bad_optional_cell", 2, "birth_date"),
    ]
    assert reading.counts["S1"].rows_rejected == 1


def test_what_stood_there_is_shortened_and_escaped(tmp_path: Path) -> None:
    reading = read(tmp_path, sale(sku="a\x1b[31m\n" + "b" * 500))

    assert reading.rejects["value"].to_pylist() == ["a\\x1b[31m\\n" + "b" * 68 + "…"]


def test_a_birth_date_is_never_repeated(tmp_path: Path) -> None:
    born = "1990-13-31"
    content = sales_csv(sale(birth_date=born), sale(birth_date=born))
    put(tmp_path, DATED, content.replace(b"\n", b",one too many\n").replace(b",one", b"", 1))

    reading = read_sales(Place(str(tmp_path)), DAY, policy())

    assert {r for r, *_ in reasons(reading)} <= {"malformed_row", "bad_optional_cell"}
    assert born not in str(reading.rejects.to_pylist())


def test_a_bad_birth_date_is_withheld(tmp_path: Path) -> None:
    reading = read(tmp_path, sale(birth_date="1990-13-31"))

    assert reading.rejects["value"].to_pylist() == ["(withheld)"]


def test_every_date_of_the_calendar_and_no_other_is_a_time(tmp_path: Path) -> None:
    years = (1969, 1970, 1999, 2000, 2023, 2024, 2099, 2100, 2101)
    tried = [(y, m, d) for y in years for m in range(14) for d in range(33)]
    rows = [sale(id_check_at=f"{y:04d}-{m:02d}-{d:02d}T12:00Z") for y, m, d in tried]

    told = column(read(tmp_path, *rows), "id_check_at")

    assert told == [moment(*parts) for parts in tried]


def moment(year: int, month: int, day: int) -> datetime | None:
    try:
        found = datetime(year, month, day, 12, tzinfo=UTC)
    except ValueError:
        return None
    return found if 1970 <= year <= 2100 else None


# Records


def test_malformed_records_are_rejected_and_the_numbers_stay_exact(tmp_path: Path) -> None:
    head, good = sales_csv(sale()).splitlines()
    bad = good.replace(b"transaction_id-1", b"T").replace(b"sku-1", b"")
    lines = [head, b"too,few", good, b"\xff,too,few", b"", good + b",too,many", b"  ", bad]
    put(tmp_path, DATED, b"\n".join(lines) + b"\n")

    reading = read_sales(Place(str(tmp_path)), DAY, policy())

    assert column(reading, "row") == [3]
    assert reasons(reading) == [
        ("malformed_row", 2, None),
        ("malformed_row", 4, None),
        ("malformed_row", 6, None),
        ("empty_cell", 8, "sku"),
    ]
    assert "has 2 cells where the header has 14" in reading.rejects["detail"][0].as_py()
    assert reading.counts["S1"] == SourceCounts(1, 1, rows_read=5, rows_rejected=4)


def test_record_numbers_hold_across_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "BLOCK_BYTES", 4096)
    monkeypatch.setattr(base, "PART_ROWS", 7)
    head, good = sales_csv(sale()).splitlines()
    lines = [head] + [good if n % 3 else b"x" for n in range(2, 300)]
    put(tmp_path, DATED, b"\n".join(lines))

    reading = read_sales(Place(str(tmp_path)), DAY, policy())

    assert column(reading, "row") == [n for n in range(2, 300) if n % 3]
    assert [r for _, r, _ in reasons(reading)] == [n for n in range(2, 300) if not n % 3]


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet"])
def test_a_file_that_is_too_large_to_keep_is_read_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    amounts = {70: "x"}
    rows = [
        sale(transaction_id=f"T{n}", description="€" * 99, amount=amounts.get(n, "1"))
        for n in range(600)  # more than the parser reads ahead
    ]
    rows[5]["description"] = "\ufffd"  # suspicious in a file with other damage
    content = sales_csv(*rows).replace(b"T40,", b"T40,too,many,").replace(b"T590", b"T\xff")
    if kind == "csv.gz":
        content = gzip.compress(content)
    if kind == "parquet":
        table = pa.table({name: [r[name] for r in rows] for name in rows[0]})
        sink = io.BytesIO()
        pq.write_table(table, sink, row_group_size=30)
        content = sink.getvalue()
    put(tmp_path, f"S1_2026-03-02.{kind}", content)
    kept = read_sales(Place(str(tmp_path)), DAY, policy())
    assert kept.rejects.num_rows == (1 if kind == "parquet" else 4)

    monkeypatch.setattr(file_content, "KEPT_BYTES", 100)
    monkeypatch.setattr(records, "KEPT_BYTES", 100)
    monkeypatch.setattr(base, "BLOCK_BYTES", 4096)
    monkeypatch.setattr(csv_text, "HEADER_BYTES", 301)  # so that characters are cut in two
    monkeypatch.setattr(base, "PART_ROWS", 17)
    assert read_sales(Place(str(tmp_path)), DAY, policy()) == kept


def test_of_a_large_file_that_breaks_off_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "KEPT_BYTES", 100)
    monkeypatch.setattr(base, "PART_ROWS", 17)
    rows = [sale(transaction_id=secrets.token_hex(20)) for n in range(400)]
    packed = gzip.compress(sales_csv(*rows))
    put(tmp_path, "S1_2026-03-02.csv.gz", packed[: len(packed) * 2 // 3])

    reading = read_sales(Place(str(tmp_path)), DAY, policy())

    assert reading.table.num_rows == 0
    assert reasons(reading) == [("unreadable_file", None, None)]
    assert reading.counts == {"S1": SourceCounts(files=1)}


def test_a_large_file_that_changes_while_it_is_read_stops_the_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_content, "KEPT_BYTES", 100)
    path = put(tmp_path, DATED, sales_csv(sale(), sale()))
    parts = inputs.read_sales(Place(str(tmp_path)), DAY, policy())
    next(parts)
    path.write_bytes(sales_csv(sale()))

    with pytest.raises(SourceError, match="changed while it was read"):
        list(parts)


def test_a_line_without_content_is_no_row_but_has_a_number(tmp_path: Path) -> None:
    nothing = dict.fromkeys(sale(), "")
    reading = read(tmp_path, sale(), nothing, sale())

    assert column(reading, "row") == [2, 4]
    assert reading.rejects.num_rows == 0
    assert reading.counts["S1"].rows_read == 2


def test_a_quoted_line_break_belongs_to_its_cell(tmp_path: Path) -> None:
    columns = [*header(TILL_LINES), "comment"]
    rows = (sale() | {"comment": "two\nlines"}, sale(sku=""))
    put(tmp_path, DATED, sales_csv(*rows, columns=columns))

    reading = read_sales(Place(str(tmp_path)), DAY, policy())

    assert column(reading, "row") == [2]
    assert reasons(reading) == [("empty_cell", 3, "sku")]


@pytest.mark.parametrize("size", [1, 50, 1 << 20])
def test_blanks_before_quotation_marks_are_no_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    rows = [sale(description='Rum, "old"', category=""), sale(transaction_id="T2")]
    head = ", ".join(f'"{name}"' for name in rows[0])
    cells = [[text.replace('"', '""') for text in row.values()] for row in rows]
    lines = [", ".join(f'"{text}"' for text in row) for row in cells]
    monkeypatch.setattr(csv_text, "HEADER_BYTES", len(head) + size)
    put(tmp_path, DATED, "\r\n".join([head, *lines]).encode())

    reading = read_sales(Place(str(tmp_path)), DAY, policy())

    assert reasons(reading) == []
    assert column(reading, "description")[0] == 'Rum, "old"'
    assert column(reading, "transaction_id") == [rows[0]["transaction_id"], "T2"]


@pytest.mark.parametrize("opened", [b'"', b'x,"'])
def test_a_quotation_mark_that_is_never_closed_is_reported(tmp_path: Path, opened: bytes) -> None:
    columns = [*header(TILL_LINES), "comment"]
    head, good, *_ = sales_csv(sale() | {"comment": ""}, columns=columns).splitlines()
    put(tmp_path, DATED, b"\n".join([head, good, good + opened, good, good]) + b"\n")

    reading = read_sales(Place(str(tmp_path)), DAY, policy())

    assert column(reading, "row") == [2]
    assert reasons(reading) == [("malformed_row", row, None) for row in (3, 4, 5)]
    assert "spans 3 lines" in reading.rejects["detail"][0].as_py()


# Files


def test_an_unusable_file_is_rejected_and_the_others_are_read(tmp_path: Path) -> None:
    put(tmp_path, "S1_2026-03-02.csv", b"")
    put(tmp_path, "S2_2026-03-02.csv", sales_csv(sale(store_id="S2")))

    reading = read_sales(Place(str(tmp_path)), DAY, policy())

    assert column(reading, "store_id") == ["S2"]
    assert reasons(reading) == [("unreadable_file", None, None)]
    assert reading.rejects["store_id"].to_pylist() == ["S1"]
    assert reading.counts["S1"].status == "unreadable"
    assert reading.counts["S2"].status == "read"
    assert len(reading.files) == 2


@pytest.mark.parametrize(
    ("path", "content", "reason", "said"),
    [
        (DATED, b"", "unreadable_file", "it is empty"),
        (DATED, b"\n\n", "missing_column", "transaction_id"),
        (DATED, b"a;b\n1;2\n", "missing_column", "this looks semicolon-separated"),
        (DATED, sales_csv(columns=[*header(TILL_LINES), "sku"]), "unreadable_file", "column sku"),
        (DATED + ".gz", gzip.compress(sales_csv())[:-9], "unreadable_file", "compression"),
        ("2026-03-02.parquet", b"PAR1 no more", "unreadable_file", "cannot be parsed"),
        ("2026-03-02.parquet", b"", "unreadable_file", "it is empty"),
    ],
)
def test_why_a_file_is_unusable_is_reported(
    tmp_path: Path, path: str, content: bytes, reason: str, said: str
) -> None:
    put(tmp_path, path, content)

    reading = read_sales(Place(str(tmp_path)), DAY, policy())

    (reject,) = reading.rejects.to_pylist()
    assert (reject["reason"], reject["row"]) == (reason, None)
    assert said in reject["detail"]
    assert reject["detail"].startswith(path)


@pytest.mark.parametrize(
    "missing", [c.name for c in TILL_LINES.columns if not c.nullable and c.name in sale()]
)
def test_a_column_that_is_missing_is_named(tmp_path: Path, missing: str) -> None:
    put(tmp_path, DATED, sales_csv(sale(), columns=[c for c in sale() if c != missing]))

    reading = read_sales(Place(str(tmp_path)), DAY, policy())

    assert reasons(reading) == [("missing_column", None, missing)]


def test_a_file_with_a_header_only_is_read(tmp_path: Path) -> None:
    put(tmp_path, DATED, sales_csv())
    put(tmp_path, "S2_2026-03-02.csv", sales_csv().rstrip(b"\n"))

    reading = read_sales(Place(str(tmp_path)), DAY, policy())

    read_once = SourceCounts(files=1, usable_files=1)
    assert reading.counts == {"S1": read_once, "S2": read_once}
    assert reading.rejects.num_rows == 0
    parts = inputs.read_sales(Place(str(tmp_path)), DAY, policy())
    noted = [(note["kind"], note["value"]) for part in parts for note in part.notes.to_pylist()]
    assert noted == [("empty_export", DATED), ("empty_export", "S2_2026-03-02.csv")]


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        ("a/2026-03-02/x.csv", True),
        ("day=2026-03-02/x.csv", True),
        ("x_20260302T235959.csv", True),
        ("2026-03-02_written_2026-03-03.csv", True),
        ("x.csv", True),
        ("2026/03/x.csv", True),
        ("x_20261302.csv", True),  # no date
        ("x_2026-03-03.csv", False),
        ("x_20260303.csv", False),
        ("2026-03-03/x_2026-03-02.csv", True),
        ("2026-03-09/x_2026-03-02.csv", True),
        ("2026-03-10/x_2026-03-02.csv", False),  # delivered too late
        ("2026-03-02/x_20260309T0410.csv", True),
        ("x_2026-03-01_2026-03-31.csv", True),
        ("S20260101/2026-03-02.csv", True),
        ("20260101/2026-03-02.csv", False),
        ("x_2026-03-03_2026-03-31.csv", False),
        ("2026-03-03/x_2026-03-04.csv", False),
        ("day=20260303/x.csv", False),
        ("2026-03-02.txt", False),
        (".hidden.csv", False),
    ],
)
def test_which_files_are_of_the_day(tmp_path: Path, path: str, taken: bool) -> None:  # noqa: FBT001
    reading = read(tmp_path, sale(), path=path)

    assert [f.path for f in reading.files if f.own] == ([path] if taken else [])


def test_a_file_that_names_several_days_gives_each_of_them_its_rows(tmp_path: Path) -> None:
    days = [date(2026, 3, day) for day in range(27, 31)]
    rows = [sale(transaction_id=f"T{day.day}", sold_at=f"{day}T12:00Z") for day in days]
    put(tmp_path, "2026-03-30/S1_2026-03-27.csv", sales_csv(*rows))
    for day, row in zip(days, rows, strict=True):
        reading = read_sales(Place(str(tmp_path)), day, policy())
        counted = [n for n in column(reading, "transaction_id") if n == row["transaction_id"]]
        assert counted == [row["transaction_id"]]
        assert reading.counts["S1"].rows_read == 1
        assert reading.rejects.num_rows == 0


@pytest.mark.parametrize("sold_at", ["2026-02-20T12:00Z", "2026-04-05T12:00Z"])
def test_a_row_of_none_of_the_days_that_a_file_may_hold_is_rejected(
    tmp_path: Path, sold_at: str
) -> None:
    rows = [sale(), sale(sold_at="2026-03-20T12:00Z"), sale(sold_at=sold_at)]
    reading = read(tmp_path, *rows, path="x_2026-03-01_2026-03-31.csv")
    assert [(r, row) for r, row, *_ in reasons(reading)] == [("other_day", 4)]


@pytest.mark.parametrize(
    "name",
    [
        f"~${DAY}.csv",
        f"{DAY}/~$sales.xlsx",
        f".~lock.{DAY}.csv#",
        f"#{DAY}.csv#",
        f"{DAY}.csv~",
        f".{DAY}.csv.swp",
    ],
)
def test_what_an_open_program_leaves_beside_a_file_is_no_export(name: str, tmp_path: Path) -> None:
    put(tmp_path, name, b"locked")
    put(tmp_path, f"{DAY}.csv", sales_csv(sale()))
    everything = "[[mapping]]\neffective_from = 2020-01-01\n[[mapping.sales]]\nfiles = '**/*'"
    for mapping in (None, MappingFile.from_toml(everything.encode(), origin="m").on(DAY)):
        readings = inputs.read_sales(Place(str(tmp_path)), DAY, policy(), mapping=mapping)
        reading = whole(readings, TILL_LINES)
        assert (len(reading.table), reasons(reading)) == (1, [])
        assert [file.path for file in reading.files] == [f"{DAY}.csv"]


def test_files_are_read_in_the_order_of_their_paths_and_hashed(tmp_path: Path) -> None:
    contents = {"b.csv": sales_csv(sale()), "a/z.csv": sales_csv(sale()), "a.csv": sales_csv()}
    for path, content in contents.items():
        put(tmp_path, path, content)

    reading = read_sales(Place(str(tmp_path)), DAY, policy())

    assert [f.path for f in reading.files] == sorted(contents)
    assert column(reading, "source") == ["a/z.csv", "b.csv"]
    for file in reading.files:
        assert file.sha256 == hashlib.sha256(contents[file.path]).hexdigest()


def test_rows_of_other_days_are_passed_over_where_no_day_is_promised(tmp_path: Path) -> None:
    other = sale(sold_at="2026-03-01T12:00Z", sku="")
    reading = read(tmp_path, other, sale(), other, path=UNDATED)

    assert column(reading, "row") == [3]
    assert reading.rejects.num_rows == 0
    assert reading.counts["S1"].rows_read == 1


def test_a_file_that_is_pointed_to_is_read_whatever_its_name(tmp_path: Path) -> None:
    other = sale(sold_at="2026-03-01T12:00Z")
    target = put(tmp_path, "export 1999-01-01.dat", sales_csv(other, sale()))

    reading = read_sales(Place(str(target)), DAY, policy())

    assert column(reading, "row") == [3]
    assert reading.rejects.num_rows == 0


def test_other_stores_are_passed_over_where_stores_are_asked_for(tmp_path: Path) -> None:
    put(tmp_path, DATED, sales_csv(sale(), sale(store_id="S2"), sale(store_id="S2", sku="")))
    put(tmp_path, "S3_2026-03-02.csv", b"")

    both = read_sales(Place(str(tmp_path)), DAY, policy())
    one = read_sales(Place(str(tmp_path)), DAY, policy(), stores=["S2"])

    assert column(both, "store_id") == ["S1", "S2"]
    assert column(one, "store_id") == ["S2"]
    assert one.counts == {"S2": SourceCounts(1, 1, rows_read=2, rows_rejected=1)}
    assert "unreadable_file" in {r for r, *_ in reasons(both)}


@pytest.mark.parametrize(
    ("path", "store"),
    [
        ("S1/2026-03-02.csv", "S1"),
        ("2026-03-02/S1.csv", "S1"),
        ("store=S9/2026-03-02.csv", "S9"),
        ("till-S1_20260302.csv.gz", "S1"),
        ("S2/S1-2026-03-02.csv", None),  # of two stores neither
        ("XS1_2026-03-02.csv", None),
        ("02/2026-03-02.csv", "02"),
        ("S1-north/2026-03-02.csv", "S1-north"),
        ("2026-03-02.csv", None),
    ],
)
def test_the_store_of_an_unusable_file_is_read_off_its_path(
    tmp_path: Path, path: str, store: str | None
) -> None:
    known = Policy({"stores": {"S1": {}, "S2": {}, "02": {}, "S1-north": {}}})
    put(tmp_path, path, b"no table")

    reading = read_sales(Place(str(tmp_path)), DAY, known)

    assert reading.rejects["store_id"].to_pylist() == [store]
    assert reading.counts == ({store: SourceCounts(files=1)} if store else {})


def test_rows_of_no_known_store_are_counted_apart(tmp_path: Path) -> None:
    reading = read(tmp_path, sale(store_id="?"), sale(), path="2026-03-02.csv")

    assert reading.unplaced_rows == 1
    assert reading.counts["S1"].rows_read == 1
    assert reading.rejects["store_id"].to_pylist() == [None]


def test_a_link_out_of_the_place_is_not_followed(tmp_path: Path) -> None:
    outside = put(tmp_path, "outside.csv", sales_csv(sale()))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "2026-03-02.csv").symlink_to(outside)

    reading = read_sales(Place(str(tmp_path / "in")), DAY, policy())

    assert reasons(reading) == [("unreadable_file", None, None)]
    assert reading.files == ()


def test_a_place_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nothing at .*nowhere"):
        read_sales(Place(str(tmp_path / "nowhere")), DAY, policy())


def test_storage_that_fails_stops_the_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Place, path: str) -> bytes:
        raise ConnectionResetError(path)

    put(tmp_path, DATED, sales_csv(sale()))
    monkeypatch.setattr(Place, "open", fail)

    with pytest.raises(SourceError, match="run again"):
        read_sales(Place(str(tmp_path)), DAY, policy())


# Times


def test_local_times_are_read_in_the_stores_zone_and_counted(tmp_path: Path) -> None:
    put(
        tmp_path,
        UNDATED,
        sales_csv(
            sale(sold_at="2026-10-25T01:30"),  # twice: the first, in summer time
            sale(sold_at="2026-10-25T12:00"),
            sale(sold_at="2026-10-25T12:00+00:00"),
            sale(sold_at="2026-10-25T12:00", id_check_at="2026-10-25 01:10"),
        ),
    )
    reading = read_sales(Place(str(tmp_path)), date(2026, 10, 25), LONDON)

    told = [t.astimezone(UTC).strftime("%H:%M") for t in column(reading, "sold_at")]
    assert told == ["00:30", "12:00", "12:00", "12:00"]
    counts = reading.counts["S1"]
    assert (counts.times_read_as_local, counts.times_ambiguous) == (4, 2)
    assert counts.times_nonexistent == 0


def test_an_ambiguous_check_time_is_the_one_near_its_sale(tmp_path: Path) -> None:
    rows = (
        sale(sold_at="2026-10-25T02:00:10", id_check_at="2026-10-25T01:59:50"),
        sale(sold_at="2026-10-25T00:59:50", id_check_at="2026-10-25T01:00:10"),
    )
    put(tmp_path, UNDATED, sales_csv(*rows))
    reading = read_sales(Place(str(tmp_path)), date(2026, 10, 25), LONDON)
    told = [t.astimezone(UTC).strftime("%H:%M:%S") for t in column(reading, "id_check_at")]
    assert told == ["01:59:50", "00:00:10"]


def test_a_local_time_that_never_was_is_moved_forward(tmp_path: Path) -> None:
    put(tmp_path, UNDATED, sales_csv(sale(sold_at="2026-03-29T01:30", id_check_at="")))

    reading = read_sales(Place(str(tmp_path)), date(2026, 3, 29), LONDON)

    assert column(reading, "sold_at") == [datetime(2026, 3, 29, 1, 30, tzinfo=UTC)]
    assert reading.counts["S1"].times_nonexistent == 1


def test_the_business_day_is_the_stores_own(tmp_path: Path) -> None:
    overrides = [{"stores": ["S2"], "time_zone": "America/New_York"}]
    rules = policy(time_zone="Europe/London", override=overrides)
    late = "2026-03-03T02:00Z"

    reading = read(
        tmp_path, sale(sold_at=late), sale(sold_at=late, store_id="S2"), path=UNDATED, rules=rules
    )

    assert column(reading, "store_id") == ["S2"]


def test_a_day_is_from_midnight_to_before_midnight(tmp_path: Path) -> None:
    times = ["2026-03-01T23:59:59.999999", "2026-03-02T00:00", "2026-03-02T23:59:59.999999"]
    times.append("2026-03-03T00:00")

    reading = read(tmp_path, *(sale(sold_at=at) for at in times), path=UNDATED)

    assert column(reading, "row") == [2, 3, 4, 5]  # sales may run over its ends
    assert reading.counts["S1"].rows_read == 2


@pytest.mark.parametrize(
    ("rules", "of_day"),
    [
        ({}, ["00:00", "03:59", "04:00", "23:00"]),
        ({"day_ends_at": "04:00"}, ["04:00", "23:00", "+ 00:00", "+ 03:59"]),
    ],
)
def test_a_day_ends_when_the_policy_says(
    tmp_path: Path, rules: dict[str, str], of_day: list[str]
) -> None:
    own = ["00:00", "03:59", "04:00", "23:00"]
    times = [f"2026-03-02T{at}" for at in own] + [f"2026-03-03T{at}" for at in own]
    names = [*own, *(f"+ {at}" for at in own)]
    rows = [sale(sold_at=at, sku=name) for at, name in zip(times, names, strict=True)]

    reading = read(tmp_path, *rows, rules=policy(transaction_gap_minutes=0.01, **rules))

    assert [sku for sku in column(reading, "sku") if sku in of_day] == of_day
    assert reading.counts["S1"].rows_read == len(of_day)
    assert reading.counts["S1"].rows_of_other_days == len(names) - len(of_day)
    assert reasons(reading) == []


def test_the_clock_of_a_day_that_ends_at_four_follows_summer_time(tmp_path: Path) -> None:
    """In the night to 29 March 2026 London's clock skips the hour from one to two."""
    rules = policy(time_zone="Europe/London", day_ends_at="04:00")
    utc = ["2026-03-28T03:59Z", "2026-03-28T04:00Z", "2026-03-29T02:59Z", "2026-03-29T03:00Z"]
    put(tmp_path, UNDATED, sales_csv(*(sale(sold_at=at) for at in utc)))

    reading = read_sales(Place(str(tmp_path)), date(2026, 3, 28), rules)

    assert reading.counts["S1"].rows_read == 2


def test_a_business_date_that_the_till_wrote_says_the_day(tmp_path: Path) -> None:
    columns = [*header(TILL_LINES), "business_date"]
    written = {"2": "2026-03-02", "3": "2026-03-03", "4": "", "5": "2026-03-05", "6": "soon"}
    rows = [
        sale(sold_at="2026-03-03T09:00", transaction_id=number) | {"business_date": day}
        for number, day in written.items()
    ]
    put(tmp_path, DATED, sales_csv(*rows, columns=columns))

    reading = read_sales(Place(str(tmp_path)), DAY, policy())

    assert column(reading, "transaction_id") == ["2"]
    assert reasons(reading) == [("other_day", 5, "business_date")]
    assert "business_date lies more than a day away" in reading.rejects["detail"][0].as_py()
    assert reading.counts["S1"].rows_of_other_days == 3


def test_files_of_the_days_beside_give_what_concerns_the_day(tmp_path: Path) -> None:
    late, day_after = "S1_2026-03-03.csv", "2026-03-03T01:00"
    put(tmp_path, DATED, sales_csv(sale(sku="own")))
    put(
        tmp_path,
        late,
        sales_csv(
            sale(sku="of the day"),
            sale(sku="near", sold_at=day_after),
            sale(sku="far", sold_at="2026-03-03T09:00"),
            sale(sku="bad", amount="much"),
            sale(sku="", sold_at=day_after),
            sale(sold_at="soon"),
            sale(sku="later", sold_at="2026-03-03T10:00"),
        ),
    )
    put(tmp_path, "S1_2026-03-01.csv", sales_csv(sale(sold_at="2026-03-01T12:00")))
    put(tmp_path, "S1_2026-03-04.csv", sales_csv(sale(sku="two days later")))

    reading = read_sales(Place(str(tmp_path)), DAY, policy())

    assert column(reading, "sku") == ["own", "of the day", "near"]
    assert [(f.path, f.own) for f in reading.files] == [(DATED, True), (late, False)]
    assert reasons(reading) == [("bad_number", 5, "amount")]
    assert reading.counts == {
        "S1": SourceCounts(files=1, usable_files=1, rows_read=3, rows_rejected=1)
    }


@pytest.mark.parametrize(("others", "status"), [(1, "read"), (2, "missing")])
def test_a_file_named_by_the_morning_after_is_the_days_export(
    tmp_path: Path, others: int, status: str
) -> None:
    other = sale(sold_at="2026-03-03T12:00", store_id="S2")
    put(tmp_path, "2026-03-03.csv", sales_csv(*[sale(store_id="S2")] * 2, *[other] * others))

    reading = read_sales(Place(str(tmp_path)), DAY, policy())

    assert reading.counts["S2"].rows_read == 2
    assert reading.counts["S2"].status == status


def test_a_file_of_another_day_that_cannot_be_used_is_its_own_days_matter(tmp_path: Path) -> None:
    put(tmp_path, DATED, sales_csv(sale()))
    put(tmp_path, "S1_2026-03-03.csv", b"")
    put(tmp_path, "S1_2026-03-01.csv", sales_csv(columns=["sku"]))

    reading = read_sales(Place(str(tmp_path)), DAY, policy())

    assert reading.rejects.num_rows == 0
    assert [f.path for f in reading.files] == [DATED]


def test_what_was_put_aside_or_is_resumed_a_day_off_is_read(tmp_path: Path) -> None:
    columns = [*header(TILL_LINES), "transaction_state", "resumes"]
    put(tmp_path, DATED, sales_csv(sale()))
    for day, extra in (("01", {"transaction_state": "Suspended"}), ("03", {"resumes": "T1"})):
        far = sale(sold_at=f"2026-03-{day}T12:00", sku=day)
        row = {"transaction_state": "", "resumes": "", **far, **extra}
        other = {"transaction_state": "", "resumes": "", **far, "sku": "other"}
        put(tmp_path, f"S1_2026-03-{day}.csv", sales_csv(row, other, columns=columns))

    reading = read_sales(Place(str(tmp_path)), DAY, policy())

    assert column(reading, "sku") == ["01", "sku-1", "03"]


def test_a_link_counts_without_a_till_or_a_day_that_cannot_be_read(tmp_path: Path) -> None:
    bad = {"resumes_till": "x" * 129, "resumes_date": "31.12.2026"}
    columns = [*header(TILL_LINES), "resumes", *bad]
    put(tmp_path, DATED, sales_csv({**sale(), "resumes": "T0", **bad}, columns=columns))
    reading = read_sales(Place(str(tmp_path)), DAY, policy())
    assert [column(reading, name) for name in ("resumes", *bad)] == [["T0"], [None], [None]]
    assert reasons(reading) == [("bad_optional_cell", 2, name) for name in bad]


# Parquet


def parquet(columns: Mapping[str, Any]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), out)
    return out.getvalue()


def test_a_parquet_file_holds_the_same_as_the_csv_file(tmp_path: Path) -> None:
    rows = [
        sale(id_check_at="2026-03-02T11:59:30", category="wine", amount="-1.5"),
        sale(id_check_at="", category="", birth_date="", quantity="2", store_id="S2"),
    ]
    put(tmp_path / "csv", "2026-03-02.csv", sales_csv(*rows))
    columns: dict[str, Any] = {n: pa.array([r[n] for r in rows]) for n in header(TILL_LINES)}
    for name in ("category", "store_id", "id_check"):
        columns[name] = pa.array([r[name] or None for r in rows]).dictionary_encode()
    columns["sold_at"] = pa.array([NOON, NOON], pa.timestamp("ns", "America/New_York"))
    noon = NOON.replace(tzinfo=None)
    columns["id_check_at"] = pa.array([noon - timedelta(seconds=30), None], pa.timestamp("ms"))
    columns["quantity"] = pa.array([1, 2], pa.int32())
    columns["amount"] = pa.array([Decimal("-1.5000"), Decimal(1)], pa.decimal128(10, 4))
    columns["birth_date"] = pa.array([datetime(1990, 12, 31), None], pa.timestamp("ns"))  # noqa: DTZ001
    columns["sku"] = columns["sku"].cast(pa.large_string())
    put(tmp_path / "parquet", "2026-03-02.parquet", parquet(columns))

    expected, actual = (
        read_sales(Place(str(tmp_path / kind)), DAY, policy()) for kind in ("csv", "parquet")
    )

    assert expected.table.num_rows == 2
    assert actual.rejects.to_pylist() == expected.rejects.to_pylist() == []
    assert actual.counts == expected.counts
    assert actual.table.drop(["source"]).equals(expected.table.drop(["source"]))


def test_parquet_cells_are_checked_like_any_other(tmp_path: Path) -> None:
    columns: dict[str, Any] = {name: pa.array([text] * 3) for name, text in sale().items()}
    broken = pa.array([b"caf\xe9", b"ok", b"ok"], pa.binary())
    columns["category"] = pa.Array.from_buffers(pa.string(), 3, broken.buffers())
    columns["amount"] = pa.array([1.5, float("nan"), 1e10])
    put(tmp_path, "2026-03-02.parquet", parquet(columns))

    reading = read_sales(Place(str(tmp_path)), DAY, policy())

    assert reading.table.num_rows == 0
    assert reasons(reading) == [
        ("not_utf8", 2, "category"),
        ("empty_cell", 3, "amount"),
        ("bad_number", 4, "amount"),
    ]


def test_a_parquet_column_of_lists_makes_the_file_unusable(tmp_path: Path) -> None:
    columns: dict[str, Any] = {name: pa.array([text]) for name, text in sale().items()}
    columns["sku"] = pa.array([["a"]])
    put(tmp_path, "S1_2026-03-02.parquet", parquet(columns))

    reading = read_sales(Place(str(tmp_path)), DAY, policy())

    assert reasons(reading) == [("unreadable_file", None, None)]
    assert "column sku" in reading.rejects["detail"][0].as_py()


# The snapshot index


def test_a_frame_is_read_into_the_contract(tmp_path: Path) -> None:
    reading = read_index(tmp_path, shot(transaction_id=""))

    assert reading.table.schema == SNAPSHOT_INDEX.arrow
    (row,) = reading.table.to_pylist()
    assert (row["transaction_id"], row["path"]) == (None, "frames/1.jpg")
    assert (row["source"], row["row"]) == (f"index/{DATED}", 2)


def test_only_the_index_folder_is_read(tmp_path: Path) -> None:
    put(tmp_path, DATED, index_csv(shot()))

    assert read_snapshot_index(Place(str(tmp_path)), DAY, policy()).files == ()


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd",
        "a/../../b.jpg",
        "a/..",
        "/etc/passwd",
        "~root/a.jpg",
        "a\\b.jpg",
        "s3://bucket/a.jpg",
        "file:/etc/passwd",
        "C:a.jpg",
        "a\x00.jpg",
        "a\nb.jpg",
        ".",
        "./",
        "x" * 1025,
    ],
)
def test_a_path_out_of_the_snapshots_is_rejected(tmp_path: Path, path: str) -> None:
    reading = read_index(tmp_path, shot(path=path))

    assert reading.table.num_rows == 0
    (reject,) = reading.rejects.to_pylist()
    assert (reject["reason"], reject["column"]) == ("path_outside_snapshots", "path")
    assert reject["snapshot_id"] == "snapshot_id-1"
    assert reject["transaction_id"] == "transaction_id-1"


@pytest.mark.parametrize("path", ["a..b/c.jpg", "~a.jpg"[1:], "t1:frame.jpg", "é ü/1.jpg", "./a"])
def test_a_path_below_the_snapshots_is_taken(tmp_path: Path, path: str) -> None:
    assert column(read_index(tmp_path, shot(path=path)), "path") == [path]


def test_a_frame_may_lie_outside_the_day_as_far_as_its_sale_may(tmp_path: Path) -> None:
    captured = ["2026-03-01T22:00:00", "2026-03-01T23:59:30", "2026-03-03T01:59:59"]
    captured.append("2026-03-03T02:00:00")
    rows = [shot(snapshot_id=f"F{n}", captured_at=at) for n, at in enumerate(captured)]

    dated = read_index(tmp_path / "dated", *rows)
    undated = read_index(tmp_path / "undated", *rows, path=UNDATED)

    assert column(dated, "snapshot_id") == column(undated, "snapshot_id") == ["F0", "F1", "F2"]
    assert reasons(dated) == reasons(undated) == []
    assert dated.counts["S1"].rows_of_other_days == 4
    assert undated.counts == {}


def test_of_frames_of_one_number_the_first_is_kept(tmp_path: Path) -> None:
    put(tmp_path, "index/a.csv", index_csv(shot(), shot(store_id="S2"), shot(snapshot_id="")))
    put(tmp_path, "index/b.csv", index_csv(shot(path="other.jpg")))

    reading = read_snapshot_index(Place(str(tmp_path)), DAY, policy())

    assert column(reading, "path") == ["frames/1.jpg", "frames/1.jpg"]
    reject = reading.rejects.to_pylist()[-1]
    assert (reject["reason"], reject["source"], reject["row"]) == (
        "duplicate_snapshot",
        "index/b.csv",
        2,
    )
    assert reading.counts["S1"] == SourceCounts(2, 2, rows_read=3, rows_rejected=2)


def test_a_frames_number_may_come_again_on_the_next_day(tmp_path: Path) -> None:
    at = "2026-03-03T00:01"
    put(tmp_path, f"index/{DATED}", index_csv(shot()))
    put(tmp_path, "index/S1_2026-03-03.csv", index_csv(shot(captured_at=at), shot(captured_at=at)))

    reading = read_snapshot_index(Place(str(tmp_path)), DAY, policy())

    assert column(reading, "row") == [2, 2]
    assert reading.rejects.num_rows == 0


# Properties


CELLS = {
    "store_id": ["S1", "S2", "../x", ""],
    "sold_at": ["2026-03-02T12:00Z", "2026-03-02 09:00", "2026-03-01T12:00Z", "soon", ""],
    "quantity": ["1", "-2.5", "1e5", ""],
    "id_check": ["none", "", "perhaps"],
    "birth_date": ["", "1990-01-01", "2990-01-01"],
    "cashier_id": ["Ann", "", "\udcff", "a,b\n\"c'"],
}
ROWS = st.fixed_dictionaries({name: st.sampled_from(pool) for name, pool in CELLS.items()})


@given(
    rows=st.lists(st.one_of(ROWS, st.none()), max_size=12),
    path=st.sampled_from([DATED, UNDATED, "S1.csv"]),
    stores=st.sampled_from([(), ("S1",), ("S2",)]),
)
def test_every_row_is_kept_or_rejected_or_of_another_day_or_store(
    rows: list[dict[str, str] | None], path: str, stores: tuple[str, ...]
) -> None:
    """A None stands for a malformed record; each row carries its number as its transaction."""
    content = sales_csv()
    for number, cells in enumerate(rows, start=2):
        written = sales_csv(sale(**(cells or {}), transaction_id=str(number)))
        content += b"mal,formed\n" if cells is None else written.split(b"\n", 1)[1]
    with tempfile.TemporaryDirectory() as folder:
        put(Path(folder), path, content)
        reading = read_sales(Place(folder), DAY, policy(), stores=stores)

    kept = column(reading, "row")
    fatal = {r for reason, r, _ in reasons(reading) if reason != "bad_optional_cell"}
    in_path = None if path == UNDATED else "S1"
    passed = {
        number
        for number, cells in enumerate(rows, start=2)
        if is_passed_over(cells, in_path=in_path, stores=stores)
    }
    assert [str(row) for row in kept] == column(reading, "transaction_id")
    assert len(set(kept)) == len(kept)
    assert set(kept) & fatal == set(kept) & passed == fatal & passed == set()
    assert set(kept) | fatal | passed == set(range(2, len(rows) + 2))
    counted = reading.counts.values()
    assert sum(c.rows_read for c in counted) + reading.unplaced_rows == len(kept) + len(fatal)
    assert sum(c.rows_rejected for c in counted) + reading.unplaced_rows == len(fatal)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**6), st.sampled_from([b'"', b",", b"\n", b"\r", b"\xff", b"\0"])
        ),
        max_size=6,
    ),
    st.integers(0, 400),
    st.booleans(),
)
def test_a_damaged_file_is_data_not_an_error(
    damage: list[tuple[int, bytes]],
    cut: int,
    is_index: bool,  # noqa: FBT001
) -> None:
    content = index_csv(shot(), shot()) if is_index else sales_csv(sale(), sale())
    for at, inserted in damage:
        at %= len(content)  # noqa: PLW2901
        content = content[:at] + inserted + content[at:]
    content = content[: max(0, len(content) - cut)] if cut % 2 else content
    read_of = read_snapshot_index if is_index else read_sales
    with tempfile.TemporaryDirectory() as folder:
        put(Path(folder), f"index/{DATED}", content)
        reading = read_of(Place(folder), DAY, policy())

    assert len(reading.files) == 1
    assert reading.table.schema == (SNAPSHOT_INDEX if is_index else TILL_LINES).arrow


def is_passed_over(
    cells: dict[str, str] | None, *, in_path: str | None, stores: tuple[str, ...]
) -> bool:
    store = cells["store_id"] if cells and cells["store_id"] in ("S1", "S2") else in_path
    if stores and store is not None and store not in stores:
        return True
    return bool(cells and cells["sold_at"].startswith("2026-03-01"))


@pytest.mark.parametrize("schema", [TILL_LINES, SNAPSHOT_INDEX])
def test_no_files_give_empty_tables(tmp_path: Path, schema: Schema) -> None:
    read_of = read_sales if schema is TILL_LINES else read_snapshot_index
    reading = read_of(Place(str(tmp_path)), DAY, policy())

    assert reading.table.schema == schema.arrow
    assert (reading.table.num_rows, reading.counts, reading.files) == (0, {}, ())


# Files that are made to cost much


def _gigabyte(head: bytes) -> bytes:
    return gzip.compress(head) + gzip.compress(b"\n" * 2**24) * 64


def _equal_rows() -> bytes:
    size, buffer = 1_500_000, io.BytesIO()
    codes = pa.array([0] * size, pa.int8())
    cells = texts(TILL_LINES).items()
    columns = {
        name: pa.DictionaryArray.from_arrays(codes, pa.array([cell])) for name, cell in cells
    }
    pq.write_table(pa.table(columns), buffer, compression="zstd")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("path", "make"),
    [
        (DATED + ".gz", lambda: _gigabyte(sales_csv())),
        (DATED + ".gz", lambda: _gigabyte(b"PAR1")),
        ("2026-03-02.parquet", _equal_rows),
    ],
    ids=["gzip", "gzip around what says that it is Parquet", "run lengths"],
)
def test_a_file_that_unpacks_to_very_much_is_not_read_to_its_end(
    tmp_path: Path, path: str, make: Callable[[], bytes]
) -> None:
    put(tmp_path, path, make())
    reading = read_sales(Place(str(tmp_path)), DAY, policy())
    assert reasons(reading) == [("unreadable_file", None, None)]
    assert re.search("unpacks to more than|empty lines", reading.rejects["detail"][0].as_py())
    assert reading.table.num_rows == 0


def test_a_column_whose_name_is_not_utf_8_is_the_file_s_fault(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"transaction_id": ["T1"], "qqqq": ["x"]}), buffer)
    put(tmp_path, "2026-03-02.parquet", buffer.getvalue().replace(b"qqqq", b"\xff\xff\xff\xff"))
    reading = read_sales(Place(str(tmp_path)), DAY, policy())
    assert [reason for reason, *_ in reasons(reading)] == ["unreadable_file"]


@pytest.mark.parametrize("ending", [b"\n", b"\r", b"\r\n"])
def test_a_file_of_empty_lines_is_not_read_to_its_end(tmp_path: Path, ending: bytes) -> None:
    put(tmp_path, DATED, sales_csv(sale()) + ending * 1_500_000)
    reading = read_sales(Place(str(tmp_path)), DAY, policy())
    assert reasons(reading) == [("unreadable_file", None, None)]
    assert "empty lines" in reading.rejects["detail"][0].as_py()


def test_of_very_many_bad_cells_one_a_row_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validation, "MANY_BAD_CELLS", 5)
    bad = sale(description="\x01", cashier_id="\x01", amount="x")
    reading = read(tmp_path, bad, bad, sale())
    assert reasons(reading) == [("bad_id", 2, "cashier_id"), ("bad_id", 3, "cashier_id")]
    assert reading.counts["S1"].rows_rejected == 2


def test_a_row_without_what_its_age_check_needs_counts_once_and_its_cells_each() -> None:
    def reject(row: int, column: str, reason: str = "bad_optional_cell") -> dict[str, Any]:
        common = {"stage": "inputs", "source": "a.csv", "detail": ""}
        return common | {"row": row, "column": column, "reason": reason}

    found = inputs.reasons(
        REJECTS.from_rows(
            [
                reject(2, "birth_date"),
                reject(2, "id_check_at"),
                reject(3, "birth_date"),
                reject(4, "description"),  # no check needs it
                reject(5, "sku", "bad_id"),  # counts as rejected already
                reject(5, "birth_date"),
            ]
        )
    )
    assert found.rows == {"bad_id": 1}
    assert found.cells == {"birth_date": 3, "id_check_at": 1, "description": 1}
    assert found.incomplete == 2


def test_of_very_many_bad_cells_those_of_a_check_come_before_a_description(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validation, "MANY_BAD_CELLS", 1)
    reading = read(tmp_path, sale(birth_date="x", description="a\tb" * 300))
    assert reasons(reading) == [("bad_optional_cell", 2, "birth_date")]


@pytest.mark.parametrize("text", ["20260302", "2026-03-02T00:00:00Z", "2026-03-02+01:00"])
def test_a_business_date_may_have_a_zone_and_lack_hyphens(tmp_path: Path, text: str) -> None:
    row = sale() | {"business_date": text}
    put(tmp_path, DATED, csv_bytes([row], [*row]))
    reading = read_sales(Place(str(tmp_path)), DAY, policy())
    assert column(reading, "business_date") == [date(2026, 3, 2)]
