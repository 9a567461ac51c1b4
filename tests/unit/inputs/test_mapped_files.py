"""Files of other tills and cameras, read by a mapping: the rows, the rejects and the notes."""

import csv
import io
import random
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import inputs
from auditor.inputs import Reading
from auditor.mapping import Mapping, MappingOfDay
from auditor.policy import Policy
from auditor.storage.place import Place
from auditor.tables import INPUT_NOTES, REJECTS, SNAPSHOT_INDEX, TILL_LINES
from tests.support.formats import Cell, xlsx_bytes
from tests.support.paths import ROOT
from tests.support.samples import DAY, NOON, csv_bytes, header, policy, put, sales_csv, texts

HEAD = [
    "Nr",
    "Filiale",
    "Kasse",
    "Bediener",
    "Datum",
    "Zeit",
    "Artikel",
    "Menge",
    "Betrag",
    "Alter",
]
LINE = ["4711", "S1", "01", "Jürgen", "02.03.2026", "12:00", "0100", "1,000", "1.299,50", "geprüft"]
COLUMNS = """
[mapping.sales.columns]
transaction_id = "Nr"
store_id = "Filiale"
till_id = "Kasse"
cashier_id = "Bediener"
sold_at = { join = ["Datum", "Zeit"], time = "%d.%m.%Y %H:%M" }
sku = "Artikel"
quantity = "Menge"
amount = "Betrag"
id_check = { column = "Alter", values = { "geprüft" = "id_viewed", "" = "none" } }
"""
NUMBERS = 'decimal = ","\nthousands = "."\n'


def mapping(keys: str, columns: str = COLUMNS, files: str = "{day:%Y%m%d}.csv") -> MappingOfDay:
    text = (
        "[[mapping]]\neffective_from = 2026-01-01\n[[mapping.sales]]\n"
        f'files = "{files}"\n{keys}\n{columns}'
    )
    return Mapping.from_toml(text.encode(), origin="mapping.toml").on(DAY)


def of_snapshots(text: str) -> MappingOfDay:
    whole = f"[[mapping]]\neffective_from = 2026-01-01\n[[mapping.snapshots]]\n{text}"
    return Mapping.from_toml(whole.encode(), origin="mapping.toml").on(DAY)


def written(*lines: Sequence[str], delimiter: str = ";", head: bool = True) -> str:
    out = io.StringIO(newline="")
    rows = csv.writer(out, delimiter=delimiter)
    rows.writerows([HEAD, *lines] if head else lines)
    return out.getvalue()


def whole(readings: Iterable[Reading], schema: Any = TILL_LINES) -> Reading:
    parts = list(readings)
    return Reading(
        table=pa.concat_tables([schema.empty(), *(part.table for part in parts)]),
        rejects=pa.concat_tables([REJECTS.empty(), *(part.rejects for part in parts)]),
        counts={},
        files=tuple(file for part in parts for file in part.files),
        notes=pa.concat_tables([INPUT_NOTES.empty(), *(part.notes for part in parts)]),
        unusable=next((part.unusable for part in parts if part.unusable), None),
    )


def read(
    folder: Path, content: bytes, by: MappingOfDay | None, rules: Policy | None = None,
    path: str = "20260302.csv",
) -> Reading:  # fmt: skip
    put(folder, path, content)
    rules = rules or policy(time_zone="Europe/Berlin")
    return whole(inputs.read_sales(Place(str(folder)), DAY, rules, mapping=by))


def line(**cells: str) -> list[str]:
    return [cells.get(name, text) for name, text in zip(HEAD, LINE, strict=True)]


def of(reading: Reading, kind: str) -> list[tuple[str | None, str | None, int]]:
    """The notes of a kind: column, value and rows."""
    notes = [note for note in reading.notes.to_pylist() if note["kind"] == kind]
    return sorted((note["column"], note["value"], note["rows"]) for note in notes)


@pytest.mark.parametrize(
    ("keys", "amount", "said"),
    [
        ('decimal = ","', "1.299", 'add thousands = "."'),
        ('decimal = ","', "1.299,99", 'add thousands = "."'),
        ('decimal = ","', "12.99", 'write decimal = "."'),
        ('decimal = ","\nthousands = "."', "12.99", "is no plain number"),
        ("", "1,299.99", 'add thousands = ","'),
        ("", "12,99", 'write decimal = ","'),
        (NUMBERS, "kr 8,00", 'write currency = "kr"'),
    ],
)
def test_a_number_with_the_other_sign_is_not_guessed(
    tmp_path: Path, keys: str, amount: str, said: str
) -> None:
    content = written(line(Menge="1", Betrag=amount)).encode()
    (reject,) = read(tmp_path, content, mapping(f'delimiter = ";"\n{keys}')).rejects.to_pylist()
    assert (reject["reason"], reject["value"]) == ("bad_number", amount)
    assert said in reject["detail"]


def test_rows_that_are_no_lines_are_left_out_and_counted(tmp_path: Path) -> None:
    total = line(Artikel="SUMME Markt", Nr="", Kasse="", Datum="", Zeit="", Betrag="1.299,00")
    content = written(line(), line(Artikel="  "), line(Artikel="Pils Summer"), total).encode()
    keys = f'delimiter = ";"\n{NUMBERS}\nleave_out = {{ Artikel = ["summe *", ""] }}'

    reading = read(tmp_path, content, mapping(keys))

    assert reading.table["row"].to_pylist() == [2, 4]
    assert reading.rejects.num_rows == 0
    assert of(reading, "left_out") == [(None, None, 2)]


def test_a_bracket_in_a_word_of_rows_to_leave_out_stands_for_itself(tmp_path: Path) -> None:
    names = ("Smirnoff", "[Summe] Tag", "Merlot", "[!A] Ende", "Bier")
    content = written(*(line(Artikel=name) for name in names)).encode()
    keys = f'delimiter = ";"\n{NUMBERS}\nleave_out = {{ Artikel = ["[Summe]*", "[!a]*"] }}'
    assert read(tmp_path, content, mapping(keys)).table["row"].to_pylist() == [2, 4, 6]


def test_a_column_by_which_rows_are_left_out_may_be_missing_and_is_named(tmp_path: Path) -> None:
    keys = f'delimiter = ";"\n{NUMBERS}\nleave_out = {{ Zeilenart = ["S"] }}'
    reading = read(tmp_path, written(line()).encode(), mapping(keys))
    assert (reading.table.num_rows, of(reading, "left_out")) == (1, [])
    assert of(reading, "missing_column") == [("Zeilenart", None, 1)]


def test_columns_that_the_mapping_names_and_a_file_lacks_are_the_mappings_to_correct(
    tmp_path: Path,
) -> None:
    content = b"Nr;Laden\n1;S1\n"
    said = read(tmp_path, content, mapping('delimiter = ";"')).unusable or ""
    assert said.startswith("20260302.csv: it lacks the columns Filiale, Kasse, Datum")
    assert said.endswith('correct the mapping\'s entry with files = "{day:%Y%m%d}.csv"')
    assert "suggest" not in said
    assert "mapping suggest" in (read(tmp_path, content, None).unusable or "")


def test_another_delimiter_than_the_mappings_is_the_mappings_to_correct(tmp_path: Path) -> None:
    said = read(tmp_path, written(LINE).encode(), mapping("")).unusable or ""
    assert "looks semicolon-separated, and is read as comma-separated; correct the mapping" in said


# Dialects


@pytest.mark.parametrize(
    ("keys", "content"),
    [
        ('delimiter = ";"', written(LINE).encode()),
        ('delimiter = ";"', b"\xef\xbb\xbf" + written(LINE).encode()),
        ('delimiter = ";"\nencoding = "cp1252"', written(LINE).encode("cp1252")),
        ('delimiter = ";"\nencoding = "cp1252"', b"\xef\xbb\xbf" + written(LINE).encode()),
        ('delimiter = ";"\nencoding = "latin-1"', written(LINE).encode("latin-1")),
        ('delimiter = ";"', written(LINE).encode("utf-16")),
        ('delimiter = ";"', b"\xfe\xff" + written(LINE).encode("utf-16-be")),
        ('delimiter = ";"', written(LINE).encode("utf-16-le")),
        ('delimiter = ";"\nencoding = "utf-16-be"', written(LINE).encode("utf-16-be")),
        ('delimiter = "\\t"', written(LINE, delimiter="\t").encode()),
        ('delimiter = "|"', written(LINE, delimiter="|").encode()),
        ("", written(LINE, delimiter=",").encode()),
        ('delimiter = ";"\nskip_lines = 2', ('Journal "1\r\n\r\n' + written(LINE)).encode()),
        (
            f'delimiter = ";"\nheader = {HEAD}\nskip_lines = 1',
            ("Journal\n" + written(LINE, head=False)).encode(),
        ),
        ('delimiter = ";"\nquote = "\'"', written(LINE).replace("Jürgen", "'Jürgen'").encode()),
    ],
)
def test_every_dialect_holds_the_same(tmp_path: Path, keys: str, content: bytes) -> None:
    reading = read(tmp_path, content, mapping(f"{NUMBERS}{keys}"))

    assert reading.rejects.to_pylist() == []
    (row,) = reading.table.to_pylist()
    assert row["transaction_id"] == "4711"
    assert row["cashier_id"] == "Jürgen"
    assert (row["quantity"], row["amount"]) == (Decimal(1), Decimal("1299.50"))
    assert row["sold_at"] == datetime.fromisoformat("2026-03-02T12:00+01:00")
    assert row["id_check"] == "id_viewed"


def test_inches_are_no_quotation_marks_where_there_are_none(tmp_path: Path) -> None:
    content = written(line(Artikel="A"), LINE).replace(";A;", ';12";')
    reading = read(tmp_path, content.encode(), mapping(f'{NUMBERS}delimiter = ";"\nquote = ""'))
    assert reading.table["sku"].to_pylist() == ['12"', "0100"]


@pytest.mark.parametrize(
    ("keys", "before", "head", "row"),
    [
        ("", "", True, 3),
        ("skip_lines = 2", "a\nb\n", True, 5),
        (f"skip_lines = 2\nheader = {HEAD}", "a\nb\n", False, 4),
    ],
)
def test_rows_are_numbered_as_an_editor_numbers_them(
    *,
    tmp_path: Path,
    keys: str,
    before: str,
    head: bool,
    row: int,
) -> None:
    content = before + written(LINE, line(Menge="viel"), LINE[:3], head=head)
    reading = read(tmp_path, content.encode(), mapping(f'{NUMBERS}delimiter = ";"\n{keys}'))

    found = [(reject["reason"], reject["row"]) for reject in reading.rejects.to_pylist()]
    assert sorted(found) == [("bad_number", row), ("malformed_row", row + 1)]


def test_fewer_lines_than_are_to_be_skipped_make_a_file_unusable(tmp_path: Path) -> None:
    reading = read(tmp_path, b"a;b\n", mapping("skip_lines = 3"))
    assert "fewer than 3 lines" in reading.rejects["detail"][0].as_py()


# Which file is whose


def test_the_day_and_the_store_come_from_the_pattern(tmp_path: Path) -> None:
    columns = COLUMNS.replace('store_id = "Filiale"\n', 'business_date = { path = "day" }\n')
    by = mapping(f'{NUMBERS}delimiter = ";"', columns, files="{store}/{day:%d%m%Y}_x20260303.csv")
    put(tmp_path, "S2/03032026_x20260303.csv", written(LINE).encode())

    reading = read(tmp_path, written(LINE).encode(), by, path="S2/02032026_x20260303.csv")

    (row,) = (row for row in reading.table.to_pylist() if row["business_date"] == DAY)
    assert row["store_id"] == "S2"
    assert reading.rejects.num_rows == 0


@pytest.mark.parametrize(
    ("folder", "holds", "read_for"),
    [
        ("", "[0, 0]", [2]),
        ("", "[-1, 0]", [1, 2]),
        ("", "[-30, 0]", [1, 2]),
        ("", "[0, 6]", [2, 3, 8]),
        ("20260302", "[-30, 0]", [1, 2]),
        ("20260302", "[0, 6]", [2, 3, 8]),
    ],
)
def test_a_file_is_read_for_the_days_that_it_may_hold(
    tmp_path: Path, folder: str, holds: str, read_for: list[int]
) -> None:
    days = [1, 2, 3, 8]
    rows = [
        [f"{day}", *LINE[1:4], f"{day:02}.03.2026", *LINE[5:]] for day in days if day in read_for
    ]
    name = f"{folder}/x.csv" if folder else "20260302.csv"
    put(tmp_path, name, csv_bytes([dict(zip(HEAD, row, strict=True)) for row in rows], HEAD))
    pattern = "{day:%Y%m%d}/x.csv" if folder else "{day:%Y%m%d}.csv"
    rules = mapping(f"{NUMBERS}holds_days = {holds}", files=pattern)
    found = []
    for day in days:
        readings = inputs.read_sales(
            Place(str(tmp_path)), date(2026, 3, day), policy(), mapping=rules
        )
        reading = whole(readings, TILL_LINES)
        own = [n for n in reading.table["transaction_id"].to_pylist() if n == f"{day}"]
        assert own == [f"{day}"] * (day in read_for)
        assert reading.rejects.num_rows == 0
        found += [day] * any(file.own for file in reading.files)
    assert found == read_for


def test_the_first_entry_that_fits_reads_a_file(tmp_path: Path) -> None:
    text = (
        "[[mapping]]\neffective_from = 2026-01-01\n"
        '[[mapping.sales]]\nfiles = "own/*.csv"\n'
        '[[mapping.sales]]\nfiles = "**/stock_*"\nignore = true\n'
        f'[[mapping.sales]]\nfiles = "**/*.csv"\ndelimiter = ";"\n{NUMBERS}{COLUMNS}'
    )
    by = Mapping.from_toml(text.encode(), origin="m").on(DAY)
    put(tmp_path, "own/20260302.csv", sales_csv(texts(TILL_LINES, transaction_id="own")))
    put(tmp_path, "stock_20260302.csv", b"nonsense")

    reading = read(tmp_path, written(LINE).encode(), by, path="x/20260302.csv")

    assert reading.table["transaction_id"].to_pylist() == ["own", "4711"]
    assert reading.rejects.num_rows == 0


@pytest.mark.parametrize("name", ["20260302.csv", "2026-03-02.xlsx.bz2", "S1/2026-03-02.txt"])
def test_a_file_of_the_day_that_no_entry_fits_is_named(tmp_path: Path, name: str) -> None:
    reading = read(tmp_path, b"x", mapping("", files="other_{day}.csv"), path=name)

    (reject,) = reading.rejects.to_pylist()
    assert (reject["source"], reject["reason"]) == (name, "unreadable_file")
    assert "no entry of the mapping fits" in reject["detail"]
    assert "write **/" not in reject["detail"]
    assert reading.unusable is not None


@pytest.mark.parametrize(
    ("files", "path"),
    [
        ("{day}.csv", "K07/20260302.csv"),
        ("{day}.dat", "K07/20260302.dat"),
        ("{store}/{day}.csv", "20260302.csv"),
        ("sales/{day}.csv", "till/20260302.csv"),
    ],
)
def test_a_file_whose_name_an_entry_fits_says_what_its_folder_needs(
    tmp_path: Path, files: str, path: str
) -> None:
    reading = read(tmp_path, b"x", mapping("", files=files), path=path)

    (reject,) = reading.rejects.to_pylist()
    assert f"the pattern {files} fits its name but not its folders: write **/" in reject["detail"]


@pytest.mark.parametrize(
    ("name", "named"),
    [("2026-03-02.dbf", True), ("2026-03-02.txt", True), ("2026-03-03.txt", False),
     ("notes.txt", False), ("2026-03-02.md5", False)],
)  # fmt: skip
def test_without_a_mapping_a_file_of_the_day_that_nothing_reads_is_named(
    tmp_path: Path,
    name: str,
    named: bool,  # noqa: FBT001
) -> None:
    reading = read(tmp_path, b"x", None, path=name)
    details = reading.rejects["detail"].to_pylist()
    assert [f"{name}: no mapping names it; auditor mapping suggest" in d for d in details] == (
        [True] if named else []
    )


def test_of_a_json_document_it_is_said_what_makes_lines_of_it(tmp_path: Path) -> None:
    (reject,) = read(tmp_path, b"[{}]", None, path="2026-03-02.json").rejects.to_pylist()
    assert "if it is one JSON document" in reject["detail"]
    assert "jq -c '.[]'" in reject["detail"]


def test_a_file_that_is_pointed_to_is_of_the_only_entry(tmp_path: Path) -> None:
    path = put(tmp_path, "whatever.csv", written(LINE).encode())
    by = mapping(f'{NUMBERS}delimiter = ";"')
    reading = whole(inputs.read_sales(Place(str(path)), DAY, policy(), mapping=by))
    assert reading.table.num_rows == 1


# What is wrong with a row


def test_a_value_that_is_not_mapped_is_rejected_with_the_nearest(tmp_path: Path) -> None:
    content = written(LINE, line(Alter="gepruft"))
    reading = read(tmp_path, content.encode(), mapping(f'{NUMBERS}delimiter = ";"'))

    (reject,) = reading.rejects.to_pylist()
    assert (reject["reason"], reject["row"], reject["value"]) == ("unmapped_value", 3, "gepruft")
    assert "id_check (Alter) is a value that the mapping does not name" in reject["detail"]
    assert "the nearest is geprüft" in reject["detail"]


def test_a_time_in_another_format_is_rejected_with_the_mappings(tmp_path: Path) -> None:
    content = written(LINE, line(Datum="03/02/2026"), line(Datum="31.02.2026"))
    reading = read(tmp_path, content.encode(), mapping(f'{NUMBERS}delimiter = ";"'))

    first, second = reading.rejects.to_pylist()
    assert (first["reason"], first["value"]) == ("bad_time", "03/02/2026 12:00")
    assert "sold_at (Datum and Zeit)" in first["detail"]
    assert "%d.%m.%Y %H:%M, as the mapping says" in first["detail"]
    assert second["row"] == 4


NOON_AS = {"seconds": "1772452800", "milliseconds": "1772452800000"}
NOON_AS["microseconds"] = f"{NOON_AS['milliseconds']}000"


@pytest.mark.parametrize("path", [f"{DAY}.csv", "all.csv"])
@pytest.mark.parametrize("written_as", NOON_AS)
@pytest.mark.parametrize("mapped_as", [*NOON_AS, None])
def test_a_time_since_1970_in_another_unit_is_rejected_and_the_unit_named(
    mapped_as: str | None, written_as: str, path: str, tmp_path: Path
) -> None:
    epoch = f', epoch = "{mapped_as}"' if mapped_as else ""
    by = mapping("", f'[mapping.sales.columns]\nsold_at = {{ column = "t"{epoch} }}', "*.csv")
    row = texts(TILL_LINES) | {"t": NOON_AS[written_as]}
    reading = read(tmp_path, csv_bytes([row], list(row)), by, path=path)

    if mapped_as == written_as:
        assert reading.table["sold_at"].to_pylist() == [NOON]
        return
    (reject,) = reading.rejects.to_pylist()
    assert (reject["reason"], reject["row"], reject["column"]) == ("bad_time", 2, "sold_at")
    assert f"looks like {written_as} since 1970" in reject["detail"]
    assert f'epoch = "{written_as}"' in reject["detail"]
    assert (f"mapped as {mapped_as}" in reject["detail"]) == bool(mapped_as)


@pytest.mark.parametrize("cells", [("46083.5", ""), ("46083", "0.5")])
def test_unformatted_times_of_a_workbook_are_named_and_can_be_mapped(
    cells: tuple[str, str], tmp_path: Path
) -> None:
    row = texts(TILL_LINES) | {"d": cells[0], "t": cells[1]}
    content = csv_bytes([row], list(row))
    plain = '[mapping.sales.columns]\nsold_at = { join = ["d", "t"] }'
    (detail,) = read(tmp_path, content, mapping("", plain, "*.csv")).rejects["detail"].to_pylist()
    assert "looks like a date and time of Excel: format the cells" in detail
    parts = '{ column = "d", epoch = "excel" }, { column = "t", epoch = "excel" }'
    by = mapping("", f"[mapping.sales.columns]\nsold_at = {{ join = [{parts}] }}", "*.csv")
    table = read(tmp_path, content, by, policy(time_zone="UTC")).table
    assert table["sold_at"].to_pylist() == [NOON]


@pytest.mark.parametrize("cell", ["20260302", "0", "x"])
def test_what_does_not_count_from_1970_is_rejected(cell: str, tmp_path: Path) -> None:
    epoch = '[mapping.sales.columns]\nsold_at = { column = "t", epoch = "seconds" }'
    row = texts(TILL_LINES) | {"t": cell}
    reading = read(tmp_path, csv_bytes([row], list(row)), mapping("", epoch, "*.csv"))
    (detail,) = reading.rejects["detail"].to_pylist()
    assert "nor is it seconds since 1970, as the mapping says" in detail


def test_missing_columns_are_said_with_what_is_there(tmp_path: Path) -> None:
    content = written(LINE).replace("Betrag", "Betrag EUR")
    reading = read(tmp_path, content.encode(), mapping(f'{NUMBERS}delimiter = ";"'))

    (reject,) = reading.rejects.to_pylist()
    assert (reject["reason"], reject["column"]) == ("missing_column", "Betrag")
    assert "the columns are Nr, Filiale," in reject["detail"]
    assert "nearest to Betrag is Betrag EUR" in reject["detail"]


def test_a_first_line_of_values_is_not_repeated(tmp_path: Path) -> None:
    content = b"4711,Meier,1990-12-31\n4712,Kunz,1991-12-31\n"
    reading = read(tmp_path, content, None)
    (reject,) = reading.rejects.to_pylist()
    assert "holds values, not names" in reject["detail"]
    assert "1990" not in str(reject)
    assert "Meier" not in str(reject)


@pytest.mark.parametrize("sign", ["semicolon", "tab", "pipe"])
def test_another_delimiter_is_recognised(tmp_path: Path, sign: str) -> None:
    character = {"semicolon": ";", "tab": "\t", "pipe": "|"}[sign]
    reading = read(tmp_path, written(LINE, delimiter=character).encode(), None)
    assert f"this looks {sign}-separated" in reading.rejects["detail"][0].as_py()


@pytest.mark.parametrize("name", ["Kundenkarte", "CARD_NO", "PAN", "IBAN", "Loyalty Id"])
def test_cells_of_cards_and_accounts_are_never_repeated(tmp_path: Path, name: str) -> None:
    columns = COLUMNS + f'resumes = "{name}"\n'
    secret = "9" * 129
    content = written(LINE).replace("Alter", f"Alter;{name}").replace("geprüft", f"x;{secret}")
    reading = read(tmp_path, content.encode(), mapping(f'{NUMBERS}delimiter = ";"', columns))

    values = {reject["column"]: reject["value"] for reject in reading.rejects.to_pylist()}
    assert values == {"id_check": "x", "resumes": "(withheld)"}
    assert "9999" not in str(reading.rejects.to_pylist())


@pytest.mark.parametrize(
    ("number", "masked"),
    [("4111111111111111", True), ("4111 1111-1111 1111", True), ("4111111111111112", False)],
)
def test_a_card_number_is_masked_wherever_it_stands(
    tmp_path: Path,
    number: str,
    masked: bool,  # noqa: FBT001
) -> None:
    content = written(line(Menge=f"no {number}"))
    reading = read(tmp_path, content.encode(), mapping(f'{NUMBERS}delimiter = ";"'))
    (reject,) = reading.rejects.to_pylist()
    assert (number in str(reject)) is not masked


@pytest.mark.parametrize(
    ("form", "day", "clock"),
    [
        ("%d.%m.%Y %H:%M", "02.03.2026", "30:00"),
        ("%d.%m.%Y %H:%M", "31.02.2026", "10:00"),
        ("%m%d%Y %H%M%S", "3022026", "246100"),
        ("%Y%d%m %H:%M", "20260327", "10:00"),  # though it is ISO 8601 of 27 March
    ],
)
def test_a_time_that_does_not_exist_is_shown_as_the_file_has_it(
    tmp_path: Path, form: str, day: str, clock: str
) -> None:
    columns = COLUMNS.replace("%d.%m.%Y %H:%M", form)
    content = written(line(Datum=day, Zeit=clock)).encode()
    reading = read(tmp_path, content, mapping(f'{NUMBERS}delimiter = ";"', columns))
    (reject,) = reading.rejects.to_pylist()
    assert (reject["reason"], reject["value"]) == ("bad_time", f"{day} {clock}")


@pytest.mark.parametrize("kind", ["id_check", "tender", "discount", "control", "other"])
def test_a_line_without_an_article_needs_no_sku_quantity_or_amount(
    tmp_path: Path, kind: str
) -> None:
    columns = COLUMNS + 'line_type = "Art"\n'
    bare = line(Artikel="", Menge="", Betrag="", Bediener="")
    head, first, second = written(bare, LINE).splitlines()
    content = "\n".join([f"{head};Art", f"{first};{kind}", f"{first};item", f"{second};item"])
    reading = read(tmp_path, content.encode(), mapping(f'{NUMBERS}delimiter = ";"', columns))

    kept = reading.table.select(["row", "sku", "quantity", "amount", "cashier_id"]).to_pylist()
    assert kept[0] == {"row": 2, "sku": "", "quantity": 0, "amount": 0, "cashier_id": None}
    assert [row["row"] for row in kept] == [2, 4]
    rejected = {(reject["row"], reject["column"]) for reject in reading.rejects.to_pylist()}
    assert rejected == {(3, "sku"), (3, "quantity"), (3, "amount")}


PRIVATE = COLUMNS.replace(
    'id_check = { column = "Alter", values = { "geprüft" = "id_viewed", "" = "none" } }',
    'birth_date = { column = "Geb", date = "%d.%m.%y" }\nid_check = { FROM }',
)


@pytest.mark.parametrize(
    ("column", "word", "shown"),
    [
        ("Alter", "born 2.1.90", "(withheld)"),
        ("Alter", "karte 4711", "(withheld)"),
        ("Alter", "look 18", "look 18"),
        ("Geb", "unbekannt", "(withheld)"),
        ("Bediener", "Jürgen", "(withheld)"),
    ],
)
@pytest.mark.parametrize("passed_over", [False, True])
def test_a_word_that_may_tell_of_a_person_is_never_repeated(
    tmp_path: Path,
    column: str,
    word: str,
    shown: str,
    passed_over: bool,  # noqa: FBT001
) -> None:
    source = f'column = "{column}", values = {{ x = "none" }}'
    source = f"first_of = [ {{ {source} }} ]" if passed_over else source
    cells = {"Alter": "x", "Geb": "", "Bediener": "B7"} | {column: word}
    head, row = written(line(**cells)).splitlines()
    content = f"{head};Geb\n{row};{cells['Geb']}\n"
    by = mapping(f'{NUMBERS}delimiter = ";"', PRIVATE.replace("FROM", source))
    reading = read(tmp_path, content.encode(), by)

    rejected = [r["value"] for r in reading.rejects.to_pylist() if r["column"] == "id_check"]
    noted = [value for _, value, _ in of(reading, "unmapped_value")]
    assert (rejected, noted) == (([], [shown]) if passed_over else ([shown], []))
    said = str(reading.rejects.to_pylist() + reading.notes.to_pylist())
    assert (word in said) == (shown == word)


def test_a_word_with_a_date_is_withheld_without_a_mapping(tmp_path: Path) -> None:
    content = sales_csv(texts(TILL_LINES, id_check="born 2.1.90"))
    reading = read(tmp_path, content, None)
    assert reading.rejects["value"].to_pylist() == ["(withheld)"]


def test_withheld_words_are_counted_together_and_a_category_is_shown(tmp_path: Path) -> None:
    columns = COLUMNS.replace('"" = "none" }', '"" = "none" }, otherwise = "none"')
    columns += 'category = { column = "WG", values = { "10" = "beer" } }\n'
    head, *rows = written(*(line(Alter=f"geb {year}") for year in (1990, 1991))).splitlines()
    content = "\n".join([f"{head};WG", *(f"{row};50100" for row in rows)])
    reading = read(tmp_path, content.encode(), mapping(f'{NUMBERS}delimiter = ";"', columns))
    # A category stands in the tables and on the page anyway.
    assert of(reading, "unmapped_value") == [
        ("category", "50100", 2),
        ("id_check", "(withheld)", 2),
    ]


# Notes


def test_what_nothing_reads_and_what_is_not_there_is_noted(tmp_path: Path) -> None:
    columns = COLUMNS + 'birth_date = "Geburtstag"\ncategory = { column = "WG", values = {} }\n'
    columns = columns.replace("values = {} ", 'values = { "Bier" = "beer" } ')
    content = written(LINE, LINE).replace("Alter", "Alter;WG;Trinkgeld")
    content = content.replace("geprüft", "geprüft;Wein;0")
    reading = read(tmp_path, content.encode(), mapping(f'{NUMBERS}delimiter = ";"', columns))

    assert of(reading, "unread_column") == [("Trinkgeld", None, 2)]
    assert of(reading, "missing_column") == [("Geburtstag", None, 2)]
    assert of(reading, "unmapped_value") == [("category", "Wein", 2)]
    assert of(reading, "local_time") == []


def test_checks_in_a_list_of_their_own_are_lines_of_their_receipt(tmp_path: Path) -> None:
    documentation = (ROOT / "docs/mapping.md").read_text("utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", documentation, re.DOTALL)
    (entry,) = re.findall(r"```toml\n([^`]*ageChecks[^`]*)```", documentation)
    whole_mapping = f"[[mapping]]\neffective_from = 2026-01-01\n{entry}"
    by = Mapping.from_toml(whole_mapping.encode(), origin="mapping.toml").on(DAY)
    content = "".join(example.splitlines()).replace("2026-03-27", str(DAY))
    reading = read(tmp_path, content.encode(), by, path=f"receipts-{DAY}.jsonl")
    assert reading.rejects.num_rows == 0
    columns = ("transaction_id", "line_type", "sku", "id_check")
    assert [tuple(row[name] for name in columns) for row in reading.table.to_pylist()] == [
        ("R1", None, "100", "none"),
        ("R1", None, "200", "none"),
        ("R1", "id_check", "", "id_scanned"),
    ]
    (at,) = [time for time in reading.table["id_check_at"].to_pylist() if time]
    assert at == datetime.fromisoformat(f"{DAY}T17:59:50Z")


def test_sheets_that_nothing_reads_are_noted(tmp_path: Path) -> None:
    sheets = {"Kasse 1": [HEAD, LINE], "Summe": [["x"]], "Kasse 2": [HEAD, line(Nr="4712")]}
    by = mapping(NUMBERS, files="{day:%Y%m%d}.xlsx")
    reading = read(tmp_path, xlsx_bytes(sheets), by, path="20260302.xlsx")
    assert reading.table["transaction_id"].to_pylist() == ["4711", "4712"]
    assert reading.table["row"].to_pylist() == [2, 4]
    assert of(reading, "unread_sheet") == [(None, "Summe", 0)]
    assert of(reading, "missing_column") == of(reading, "unread_column") == []


def test_a_sheet_that_may_hold_sales_and_is_not_read_is_a_reject(tmp_path: Path) -> None:
    at = HEAD.index("Alter")
    other = [HEAD[:at] + HEAD[at + 1 :], LINE[:at] + LINE[at + 1 :]]
    by = mapping(NUMBERS, files="{day:%Y%m%d}.xlsx")
    content = xlsx_bytes({"Kasse 1": [HEAD, LINE], "Kasse 2": other})
    reading = read(tmp_path, content, by, path="20260302.xlsx")
    (reject,) = reading.rejects.to_pylist()
    assert (reject["reason"], reject["row"]) == (inputs.LOST_SHEET, None)
    said = "20260302.xlsx: its sheet Kasse 2 was not read, though it looks like the sheet Kasse 1"
    assert reject["detail"].startswith(f"{said}: it lacks the columns Alter;")
    assert reading.unusable == reject["detail"]
    assert (reading.table.num_rows, reading.notes.num_rows) == (1, 0)


def test_identifiers_that_a_spreadsheet_holds_as_dates_are_errors(tmp_path: Path) -> None:
    date_cell, time_cell = (46083, 1), (46083.5, 2)
    lines: list[list[Cell]] = [
        ["1", "S1", "01", "", date_cell, "12:00", "0100", "1", "1", ""],
        ["2", "S1", "01", "", date_cell, "12:00", date_cell, "1", "1", ""],
        [date_cell, "S1", time_cell, "", date_cell, "12:00", "0100", "1", "1", ""],
        ["2026-03-02", "S1", "01", "", date_cell, "12:00", "0100", "1", "1", ""],
    ]
    content = xlsx_bytes({"x": [HEAD, *lines]})
    columns = COLUMNS.replace(', time = "%d.%m.%Y %H:%M"', "")
    columns = columns.replace('sku = "Artikel"', 'sku = { first_of = ["SKU", "Artikel"] }')
    by = mapping("", columns, files="{day:%Y%m%d}.xlsx")
    reading = read(tmp_path, content, by, path="20260302.xlsx")
    # Without a mark of the workbook a text may be an identifier that looks like a date.
    assert reading.table["transaction_id"].to_pylist() == ["1", "2026-03-02"]
    rejects = reading.rejects.to_pylist()
    assert [(each["row"], each["column"], each["value"]) for each in rejects] == [
        (3, "sku", "2026-03-02"),
        (4, "transaction_id", "2026-03-02"),
        (4, "till_id", "2026-03-02T12:00:00"),
    ]
    assert "row 3: sku (SKU and Artikel) is a date or time in the workbook" in rejects[0]["detail"]
    joined = columns.replace('"Nr"', '{ join = ["Datum", "Nr"] }')
    again = read(tmp_path, content, mapping("", joined, files="*.xlsx"), path="20260302.xlsx")
    assert "2026-03-02 1" in again.table["transaction_id"].to_pylist()


def test_local_times_are_noted_where_nothing_says_the_zone(tmp_path: Path) -> None:
    content = written(LINE).encode()
    keys = f'{NUMBERS}delimiter = ";"\n'
    unknown = read(tmp_path, content, mapping(keys), policy())
    assert of(unknown, "local_time") == [(None, None, 1)]
    assert unknown.notes["store_id"].to_pylist() == ["S1"]
    stated = read(tmp_path, content, mapping(f'{keys}time_zone = "Europe/Berlin"'), policy())
    assert of(stated, "local_time") == []
    (row,) = stated.table.to_pylist()
    assert row["sold_at"] == datetime.fromisoformat("2026-03-02T12:00+01:00")


def test_the_mappings_zone_keeps_the_rule_for_doubled_hours(tmp_path: Path) -> None:
    keys = f'{NUMBERS}delimiter = ";"\ntime_zone = "Europe/Berlin"'
    day = datetime(2026, 10, 25).date()  # noqa: DTZ001  # a day has no zone
    put(tmp_path, "20261025.csv", written(line(Datum="25.10.2026", Zeit="02:30")).encode())
    parts = list(inputs.read_sales(Place(str(tmp_path)), day, policy(), mapping=mapping(keys)))
    assert sum(counts.times_ambiguous for part in parts for counts in part.counts.values()) == 1


def parquet(**columns: Any) -> bytes:
    cells: dict[str, Any] = {name: [text] * 2 for name, text in texts(TILL_LINES).items()}
    cells["sold_at"] = ["2026-03-02T12:00:00Z"] * 2
    out = io.BytesIO()
    pq.write_table(pa.table(cells | columns), out)
    return out.getvalue()


def test_whole_numbers_are_identifiers_and_lost_zeros_are_noted(tmp_path: Path) -> None:
    content = parquet(
        transaction_id=pa.array([1000000000001.0, 2.0**53 - 1]),
        sku=pa.array([5000112637922, 4011]),
        cashier_id=pa.array([7.0, None]),
        till_id=pa.array([1, 2]),
        amount=pa.array([0.1 + 0.2, 1.295]),
    )
    reading = read(tmp_path, content, None, path="2026-03-02.parquet")

    assert reading.rejects.to_pylist() == []
    assert reading.table["transaction_id"].to_pylist() == ["1000000000001", "9007199254740991"]
    assert reading.table["sku"].to_pylist() == ["5000112637922", "4011"]
    assert reading.table["cashier_id"].to_pylist() == ["7", None]
    assert reading.table["amount"].to_pylist() == [Decimal("0.30"), Decimal("1.30")]
    noted = of(reading, "lost_zeros")
    assert noted == [("sku", None, 1), ("transaction_id", None, 1)]


@pytest.mark.parametrize("number", [2.0**53, 1.5, 2.03e20])
def test_a_number_that_is_no_identifier_is_an_error(tmp_path: Path, number: float) -> None:
    content = parquet(transaction_id=pa.array([number, 1.0]))
    reading = read(tmp_path, content, None, path="2026-03-02.parquet")
    (reject,) = reading.rejects.to_pylist()
    assert (reject["reason"], reject["row"]) == ("rewritten_id", 2)


# Snapshots


def frames(folder: Path, text: str, *paths: str) -> Reading:
    for path in paths:
        put(folder, path, b"jpeg")
    place = Place(str(folder))
    readings = inputs.read_snapshot_index(place, DAY, policy(), mapping=of_snapshots(text))
    return whole(readings, SNAPSHOT_INDEX)


def test_frames_without_an_index_are_named_by_a_pattern(tmp_path: Path) -> None:
    reading = frames(
        tmp_path,
        'frames = "{day}/{store}_{till}_{transaction}_{time:%H%M%S}.jpg"',
        "2026-03-02/S1_3_T9_115959.jpg",
        "2026-03-02/notes.txt",
        "2026-03-01/S1_3_T9_115959.jpg",
        "2026-02-11/S1_3_T9_115959.jpg",
    )
    (row,) = reading.table.to_pylist()
    assert row["captured_at"] == datetime.fromisoformat("2026-03-02T11:59:59Z")
    assert (row["store_id"], row["till_id"], row["transaction_id"]) == ("S1", "3", "T9")
    assert row["snapshot_id"] == row["path"] == "2026-03-02/S1_3_T9_115959.jpg"
    assert reading.rejects.num_rows == 0
    assert len(reading.files) == 1


def test_a_frame_whose_time_is_impossible_is_rejected(tmp_path: Path) -> None:
    text = 'frames = "{store}_{till}_{time:%Y%m%d_%H%M%S}.jpg"'
    reading = frames(tmp_path, text, "S1_3_20260302_256000.jpg", "S1_3_20260302_120000.jpg")
    assert reading.table.num_rows == 1
    assert reading.rejects["reason"].to_pylist() == ["bad_time"]


def test_another_frame_changes_what_the_result_rests_on(tmp_path: Path) -> None:
    text = 'frames = "{store}_{till}_{time:%Y%m%d_%H%M%S}.jpg"'
    before = frames(tmp_path, text, "S1_3_20260302_120000.jpg").files
    assert frames(tmp_path, text).files == before
    assert frames(tmp_path, text, "S1_3_20260302_120001.jpg").files != before


def test_an_index_of_another_camera_system_is_mapped(tmp_path: Path) -> None:
    text = (
        'files = "lists/{day}.csv"\ndelimiter = ";"\n[mapping.snapshots.columns]\n'
        'snapshot_id = "no"\nstore_id = "shop"\ntill_id = "lane"\npath = "file"\n'
        'captured_at = { column = "t", epoch = "seconds" }\n'
    )
    put(tmp_path, "lists/20260302.csv", b"no;shop;lane;file;t\n1;S1;3;a/b.jpg;1772452800\n")
    reading = frames(tmp_path, text)
    (row,) = reading.table.to_pylist()
    assert row["captured_at"] == datetime.fromisoformat("2026-03-02T12:00:00Z")
    assert (row["path"], row["source"]) == ("a/b.jpg", "lists/20260302.csv")


@pytest.mark.parametrize(
    ("path", "read"),
    [
        (r"img\a.jpg", "img/a.jpg"),
        (r"img\x/a.jpg", "img/x/a.jpg"),
        (r"..\a.jpg", None),
        (r"img\..\..\a.jpg", None),
        (r"img\..", None),
        (r"\a.jpg", None),
        (r"\\host\a.jpg", None),
        (r"C:\a.jpg", None),
        (r"~\a.jpg", None),
        ("\\", None),
    ],
)
def test_a_backslash_in_a_mapped_index_is_read_and_leads_nowhere_else(
    path: str, read: str | None, tmp_path: Path
) -> None:
    text = (
        'files = "{day}.csv"\n[mapping.snapshots.columns]\nsnapshot_id = "no"\nstore_id = "shop"\n'
        'till_id = "lane"\npath = "file"\ncaptured_at = "t"\n'
    )
    row = f"1,S1,3,{path},2026-03-02T12:00:00Z"
    put(tmp_path, "2026-03-02.csv", f"no,shop,lane,file,t\n{row}\n".encode())
    reading = frames(tmp_path, text)
    assert reading.table["path"].to_pylist() == [read] * (read is not None)
    assert reading.rejects["reason"].to_pylist() == ["path_outside_snapshots"] * (read is None)


# Re-written exports

_NAMES = [name for name in header(TILL_LINES) if name != "id_check_at"]
_AMOUNTS = st.decimals(-99999, 99999, places=2)
_CP1252 = set(bytes(range(256)).decode("cp1252", "ignore")) - set("\x00\r\n")
_WORDS = st.text(st.sampled_from(sorted(_CP1252)), max_size=8)


@st.composite
def sale_rows(draw: st.DrawFn) -> dict[str, str]:
    minute = draw(st.integers(0, 1439))
    return texts(
        TILL_LINES,
        transaction_id=f"T{draw(st.integers(0, 99)):04}",
        sold_at=f"2026-03-02T{minute // 60:02}:{minute % 60:02}:00",
        description=draw(_WORDS),
        category=draw(_WORDS),
        quantity=str(draw(st.decimals(-999, 999, places=3))),
        amount=str(draw(_AMOUNTS)),
        id_check=draw(st.sampled_from(["id_viewed", "none", ""])),
        birth_date=draw(st.sampled_from(["1990-12-31", "2007-02-28", ""])),
        cashier_id=draw(st.sampled_from(["E1", ""])),
        id_check_at="",
    )


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(sale_rows(), min_size=1, max_size=8),
    delimiter=st.sampled_from([";", "\t", "|", ","]),
    encoding=st.sampled_from(["cp1252", "utf-8", "utf-8-sig", "utf-16", "utf-16-be"]),
    decimal=st.sampled_from([",", "."]),
    seed=st.integers(0, 99),
)
def test_a_rewritten_export_gives_the_same_lines(
    *,
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[dict[str, str]],
    delimiter: str,
    encoding: str,
    decimal: str,
    seed: int,
) -> None:
    folder = tmp_path_factory.mktemp("rewritten")
    plain = read(folder / "a", csv_bytes(rows, _NAMES), None, path="2026-03-02.csv")
    order = _NAMES.copy()
    random.Random(seed).shuffle(order)
    foreign = [_foreign(row, decimal) for row in rows]
    text = csv_bytes(foreign, order).decode()
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(csv.reader(io.StringIO(text, newline="")))
    keys = f'delimiter = "{delimiter}"\ndecimal = "{decimal}"\n'.replace("\t", "\\t")
    keys += f'thousands = "{"." if decimal == "," else ","}"\n'
    if encoding in ("cp1252", "utf-16-be"):
        keys += f'encoding = "{encoding}"\n'
    columns = (
        "[mapping.sales.columns]\n"
        'sold_at = { column = "sold_at", time = "%d/%m/%Y %I:%M %p" }\n'
        'birth_date = { column = "birth_date", date = "%d.%m.%Y" }\n'
        'id_check = { column = "id_check", values = { "Ja" = "id_viewed", "Nein" = "none" } }\n'
    )

    mapped = read(folder / "b", out.getvalue().encode(encoding), mapping(keys, columns))

    names = [name for name in TILL_LINES.names if name not in ("source", "id_check_at")]
    assert mapped.table.select(names).to_pylist() == plain.table.select(names).to_pylist()
    assert mapped.rejects["row"].to_pylist() == plain.rejects["row"].to_pylist()


def _foreign(row: dict[str, str], decimal: str) -> dict[str, str]:
    """The same row as another till writes it."""
    at = datetime.fromisoformat(row["sold_at"])
    born = row["birth_date"] and f"{datetime.fromisoformat(row['birth_date']):%d.%m.%Y}"
    amount = f"{Decimal(row['amount']):,}"
    if decimal == ",":
        amount = amount.translate(str.maketrans(",.", ".,"))
    return row | {
        "sold_at": f"{at:%d/%m/%Y %I:%M %p}",
        "birth_date": born,
        "amount": f"{amount} €",
        "quantity": row["quantity"].replace(".", decimal),
        "id_check": {"id_viewed": "Ja", "none": "Nein", "": ""}[row["id_check"]],
    }
