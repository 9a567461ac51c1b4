"""A mapping is drafted from exports of unknown tills, and checked, as a data engineer would."""

import json
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.cli.main import main
from auditor.errors import ConfigurationError, ExitCode
from auditor.mapping import Mapping
from auditor.mapping.patterns import compiled
from auditor.operations.mapping.draft import Draft
from auditor.operations.mapping.names import likeness
from auditor.operations.mapping.numbers import guess_numbers
from auditor.operations.mapping.paths import guess_pattern
from auditor.operations.mapping.suggesting import suggest_mapping
from auditor.operations.mapping.text_encoding import guess_encoding
from auditor.operations.mapping.times import decided_by, how_written
from auditor.operations.mapping.words import check_word, line_word, state_word
from auditor.sales.drinks import drink_of
from tests.support.formats import Cell, xlsx_bytes
from tests.support.till_exports import EXPORTS, Export

DAY = "2026-03-27"
POLICY = (
    '[stores]\nS001 = {{}}\n12 = {{}}\n[[policy]]\neffective_from = 2020-01-01\ntime_zone = "{}"\n'
)
YES = ("true", "yes", "y", "t")  # and 1
every_export = pytest.mark.parametrize("make", EXPORTS, ids=lambda make: make.__name__)


def put(folder: Path, export: Export) -> Path:
    path = folder / "sales" / export.path
    path.parent.mkdir(parents=True)
    path.write_bytes(export.content)
    return path


def drafted(path: Path, root: Path | None = None) -> dict[str, Any]:
    """The only entry that is suggested for a file."""
    text, _ = suggest_mapping([path], root=root)
    document = tomllib.loads(text)["mapping"][0]
    entries = [*document.get("sales", []), *document.get("snapshots", [])]
    assert len(entries) == 1
    return entries[0]


def of_csv(folder: Path, text: str, name: str = "sales_2026-03-27.csv") -> dict[str, Any]:
    path = folder / name
    path.write_text(text, "utf-8")
    return drafted(path)


def draft_of(folder: Path, text: str, name: str = "x.csv") -> tuple[str, Draft]:
    """The mapping that is suggested for a file, and its only entry."""
    mapping, [draft] = suggest_mapping([put_text(folder, text, name)])
    return mapping, draft


def put_text(folder: Path, text: str, name: str = "x.csv") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def command(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["mapping", *map(str, arguments)])


def corrected(folder: Path, export: Export) -> list[str]:
    """Suggest a mapping and correct it by hand; the options of the commands that follow."""
    path, out = put(folder, export), folder / "mapping.toml"
    result = command("suggest", path, "--sales", folder / "sales", "--out", out)
    assert result.exit_code == ExitCode.DONE, result.output
    text = out.read_text("utf-8")
    for line, instead in export.corrections.items():
        assert line in text
        text = text.replace(line, instead)
    out.write_text(text, "utf-8")
    (folder / "policy.toml").write_text(POLICY.format(export.time_zone))
    return [
        *("--mapping", str(out), "--sales", str(folder / "sales"), "--day", DAY),
        *("--policy", str(folder / "policy.toml")),
    ]


@every_export
def test_format_dialect_and_columns_of_an_unknown_export_are_recognised(
    make: Callable[[], Export], tmp_path: Path
) -> None:
    export = make()
    entry = drafted(put(tmp_path, export), tmp_path / "sales")
    assert {key: entry.get(key) for key in export.keys} == export.keys
    assert {name: entry["columns"].get(name) for name in export.columns} == export.columns


@every_export
def test_a_corrected_draft_gives_the_alcohol_sales_with_their_checks(
    make: Callable[[], Export], tmp_path: Path
) -> None:
    export = make()
    result = command("check", *corrected(tmp_path, export), "--json")
    understood = json.loads(result.stdout)
    assert understood["by"]["ID checks of the alcohol sales"] == export.checks
    assert understood["understood"]
    assert result.exit_code == ExitCode.DONE


def test_a_corrected_draft_is_what_a_run_reads_with(tmp_path: Path) -> None:
    export = EXPORTS[0]()
    options = corrected(tmp_path, export)
    (tmp_path / "snapshots").mkdir()
    result = CliRunner().invoke(
        main,
        ["run", *options, "--snapshots", str(tmp_path / "snapshots"), "--out", str(tmp_path / "o")],
    )
    assert f"{DAY}: 2 alcohol sales" in result.output


@pytest.mark.parametrize(
    ("name", "days", "pattern", "holds"),
    [
        ("sales_2026-03-01_2026-03-31.csv", ["2026-03-27"], "sales_*_{day}.csv", [-30, 0]),
        ("export_20260331.csv", ["2026-03-03", "2026-03-30"], "export_{day}.csv", [-28, 0]),
        ("week_2026-03-23.csv", ["2026-03-23", "2026-03-29"], "week_{day}.csv", [0, 6]),
        ("sales_2026-03-27.csv", ["2026-03-27", "2026-03-28"], "sales_{day}.csv", None),
        ("sales_2026-03-27_at_2026-03-30.csv", ["2026-03-27"], "sales_{day}_at_*.csv", None),
    ],
)
def test_a_file_of_several_days_is_drafted_as_one(
    name: str, days: list[str], pattern: str, holds: list[int] | None, tmp_path: Path
) -> None:
    rows = [f"{n};S1;1;{day}T18:00:00Z;b{n};beer;1;2.00" for n, day in enumerate(days)]
    head = "transaction_id;store_id;till_id;sold_at;sku;category;quantity;amount"
    entry = of_csv(tmp_path, "\n".join([head, *rows]), name)
    assert (entry["files"], entry.get("holds_days")) == (f"**/{pattern}", holds)


def test_a_delimiter_that_ends_each_record_changes_nothing_of_a_draft(tmp_path: Path) -> None:
    head = "Bon;Datum;Uhrzeit;Kasse;Filiale;Artikel;Warengruppe;Menge;Betrag"
    records = [
        "1001;27.03.2026;17:02:11;3;0412;Pils;Bier;1;0,99",
        "1002;27.03.2026;17:05:40;3;0412;Merlot;Wein;1;4,99",
    ]
    usual = of_csv(tmp_path, "\n".join([head, *records]))
    assert "header" not in usual
    for end in ("", ";"):
        ended = [head + end, *(record + ";" for record in records)]
        assert of_csv(tmp_path, "\n".join(ended)) == usual


def test_what_a_person_has_to_look_at_is_marked_and_said(tmp_path: Path) -> None:
    path, out = put(tmp_path, EXPORTS[0]()), tmp_path / "mapping.toml"
    result = command("suggest", path, "--out", out)
    text = out.read_text("utf-8")
    assert 'encoding = "cp1252"  # CHECK: not UTF-8' in text
    assert '"" = "none"  # CHECK:' in text
    assert result.output.count("  CHECK ") == 3
    assert "found: transaction_id, store_id" in result.output


def test_what_is_assumed_is_not_said_to_be_found(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("receipt,sold_at,amount\n1,2026-03-27T18:00:00Z,1.95\n")
    said = command("suggest", path, "--out", tmp_path / "mapping.toml").output
    assert "  found: transaction_id, sold_at, amount\n" in said
    assumed = "as no column was found: quantity is 1, id_check is not_recorded\n"
    assert f"  assumed of every line, {assumed}" in said


def test_nothing_of_a_person_stands_in_a_draft_or_its_summary(tmp_path: Path) -> None:
    for make in EXPORTS:
        folder = tmp_path / make.__name__
        path, out = put(folder, make()), folder / "mapping.toml"
        said = command("suggest", path, "--out", out).output + out.read_text("utf-8")
        for secret in ("Müller", "Groß", "1990", "Léa", "9250012345678", "Doe", "example.org"):
            assert secret not in said


def test_columns_of_customers_cards_and_accounts_are_never_taken(tmp_path: Path) -> None:
    header = "Receipt No,Customer No,Card No,Loyalty Account,Sold at,Customer Name,Amount\n"
    row = "1,77,4111111111111111,99,2026-03-27T18:00:00Z,Doe,1.95\n"
    columns = of_csv(tmp_path, header + row)["columns"]
    assert columns["transaction_id"] == "Receipt No"
    used = json.dumps(columns)
    assert not any(word in used for word in ("Customer", "Card", "Loyalty"))


def test_an_export_is_never_replaced_by_its_draft(tmp_path: Path) -> None:
    export = EXPORTS[0]()
    path = put(tmp_path, export)
    for source in (path, path.parent):
        result = command("suggest", source, "--out", path, "--force")
        assert result.exit_code == ExitCode.WRONG_USE
        assert "is one of the files to look at" in result.output
    assert path.read_bytes() == export.content
    draft = path.parent / "mapping.toml"
    for _ in range(2):  # a draft in the folder is no export of it
        result = command("suggest", path.parent, "--out", draft, "--force")
        assert result.exit_code == ExitCode.DONE, result.output


def test_files_of_two_kinds_with_one_pattern_are_named(tmp_path: Path) -> None:
    put_text(tmp_path, "receipt;sold_at;amount\n1;2026-03-27T18:00:00Z;1.95\n", "s_2026-03-27.csv")
    put_text(tmp_path, "nr,at,price,x\n1,2026-03-28T18:00:00Z,1.95,y\n", "s_2026-03-28.csv")
    result = command("suggest", tmp_path, "--out", tmp_path / "m.toml")
    assert result.exit_code == ExitCode.WRONG_USE
    assert "s_2026-03-27.csv and s_2026-03-28.csv are written in different ways" in result.output


def test_the_number_of_a_customer_is_no_birth_date(tmp_path: Path) -> None:
    text = "receipt,sold_at,amount,Customer ID\n1,2026-03-27T18:00:00Z,1.95,\n"
    assert "birth_date" not in of_csv(tmp_path, text)["columns"]
    assert likeness("Customer DOB", "birth_date") > 0.9


def test_a_file_that_is_there_is_kept_unless_forced(tmp_path: Path) -> None:
    path, out = put(tmp_path, EXPORTS[0]()), tmp_path / "mapping.toml"
    out.write_text("mine")
    refused = command("suggest", path, "--out", out)
    assert refused.exit_code == ExitCode.WRONG_USE
    assert "--force" in refused.output
    assert out.read_text() == "mine"
    assert command("suggest", path, "--out", out, "--force").exit_code == ExitCode.DONE
    assert "[[mapping]]" in out.read_text("utf-8")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"%PDF-1.4", "it is a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "Excel 97"),
        (b'[{"a": 1}]', "one JSON list"),
        (b'{"a":\n1}', "not one object a line"),
        (b"<html><body>", "XML"),
        (b"SQLite format 3\0broken", "SQLite"),
        (b"PK\x03\x04broken", "no .xlsx"),
        (b"\x1f\x8bbroken", "compression is broken"),
    ],
)
def test_a_file_that_is_no_export_is_refused_with_a_remedy(
    content: bytes, said: str, tmp_path: Path
) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(ConfigurationError, match="x: ") as refused:
        suggest_mapping([tmp_path / "x"])
    assert said in str(refused.value)


def test_files_of_one_kind_make_one_entry_and_of_two_kinds_two(tmp_path: Path) -> None:
    text = "receipt,sold_at,amount\n1,{}T18:00:00Z,1.95\n"
    for store in ("S001", "S002"):
        (tmp_path / f"{store}_2026-03-27.csv").write_text(text.format(DAY))
    (tmp_path / "other_2026-03-27.jsonl").write_text('{"receipt": 1, "amount": 2}\n')
    _, drafts = suggest_mapping(sorted(tmp_path.iterdir()))
    assert [draft.keys["files"] for draft in drafts] == [
        *("**/{store}_{day}.csv", "**/other_{day}.jsonl")
    ]


@pytest.mark.parametrize("export", EXPORTS[:2] + EXPORTS[-1:], ids=lambda make: make.__name__)
@pytest.mark.parametrize("address", ["sales/K07/till", "sales/K07", "sales"])
def test_a_draft_fits_its_file_below_any_folder(
    export: Callable[[], Export], address: str, tmp_path: Path
) -> None:
    made = export()
    file = tmp_path / "sales/K07/till" / Path(made.path).name
    file.parent.mkdir(parents=True)
    file.write_bytes(made.content)
    entry = drafted(file)
    assert entry["files"].startswith("**/")
    below = file.relative_to(tmp_path / address).as_posix()
    assert compiled(entry["files"]).match(below) is not None


def test_a_store_that_only_the_folder_names_stays_in_the_pattern(tmp_path: Path) -> None:
    files = [tmp_path / f"sales/S00{n}/2026-03-27.csv" for n in (1, 2)]
    for file in files:
        file.parent.mkdir(parents=True)
        file.write_text("receipt,sold_at,amount\n1,2026-03-27T18:00:00Z,1.95\n")
    text, [draft] = suggest_mapping(files)
    assert draft.keys["files"] == "**/{store}/{day}.csv"
    assert "# In paths, **/ stands for any folders" in text


@pytest.mark.parametrize(
    ("name", "day", "form"),
    [
        ("x_2026-04-03.csv", "03/04/2026", "%d/%m/%Y"),
        ("x_2026-03-04.csv", "03/04/2026", "%m/%d/%Y"),
        ("x.csv", "13/04/2026", "%d/%m/%Y"),
        ("x.csv", "04/13/2026", "%m/%d/%Y"),
    ],
)
def test_day_and_month_are_told_apart_by_the_data_or_the_name(
    name: str, day: str, form: str, tmp_path: Path
) -> None:
    entry = of_csv(tmp_path, f"receipt,date,time,amount\n1,{day},18:00,1.95\n", name)
    assert entry["columns"]["sold_at"] == {"join": ["date", "time"], "time": f"{form} %H:%M"}


def test_a_date_that_may_be_two_days_is_said_to_be_unclear(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("receipt,date,time,amount\n1,03/04/2026,18:00,1.95\n")
    _, [draft] = suggest_mapping([path])
    assert any("day and month" in said for said in draft.to_look_at)


def test_a_till_with_am_and_pm_writes_the_month_first(tmp_path: Path) -> None:
    entry = of_csv(tmp_path, "receipt,sold at,amount\n1,3/4/2026 6:00 PM,1.95\n", "x.csv")
    assert entry["columns"]["sold_at"]["time"] == "%m/%d/%Y %I:%M %p"


def test_flags_of_receipts_and_of_lines_are_told_apart(tmp_path: Path) -> None:
    entry = of_csv(
        tmp_path,
        "receipt,sold_at,amount,training,void\n"
        "1,2026-03-27T18:00:00Z,1.95,N,N\n1,2026-03-27T18:00:00Z,1.95,N,Y\n"
        "2,2026-03-27T18:05:00Z,1.95,Y,N\n",
    )
    ways = ("Y", "J", "true", "yes", "t", "1")
    training, voided = (dict.fromkeys(ways, word) for word in ("training", "void"))
    assert entry["columns"]["transaction_state"]["values"] == {"N": "completed", **training}
    assert entry["columns"]["line_type"]["values"] == {"N": "item", **voided}


VOIDED_LINE = """\
Transaction Number;Shop;Register;Cashier;Timestamp;PLU;Text;Group;Qty;Value;Age;{void};{state}
10;S001;01;Ann;2026-03-27 09:00:00;1;Lager;Beer;1;2.00;;0;SALE
10;S001;01;Ann;2026-03-27 09:00:05;2;Merlot;Wine;1;8.00;;1;SALE
11;S001;01;Ann;2026-03-27 09:10:00;2;Merlot;Wine;1;8.00;ID OK;0;SALE
12;S001;01;Ann;2026-03-27 09:20:00;2;Merlot;Wine;1;8.00;;0;TRAINING
13;S001;01;Ann;2026-03-27 09:30:00;2;Merlot;Wine;-1;-8.00;;0;REFUND
"""


@pytest.mark.parametrize("void", ["Line Void", "Item Cancelled", "Positionsstorno"])
@pytest.mark.parametrize("state", ["Trx Type", "Kind", "Transaction Type"])
def test_a_void_of_a_line_stands_beside_the_state_of_the_receipt(
    void: str, state: str, tmp_path: Path
) -> None:
    columns = of_csv(tmp_path, VOIDED_LINE.format(void=void, state=state))["columns"]
    yes = dict.fromkeys(("1", *YES), "void")
    assert columns["line_type"] == {"column": void, "values": {"0": "item", **yes}}
    assert columns["transaction_state"] == {
        "column": state,
        "values": {"SALE": "completed", "REFUND": "completed"},  # training is our own word
    }


def test_a_void_of_a_line_stands_beside_a_training_flag_and_a_type(tmp_path: Path) -> None:
    columns = of_csv(
        tmp_path,
        "receipt,sold_at,amount,training,line type,line void\n"
        "1,2026-03-27T18:00:00Z,1.95,N,Sale,N\n1,2026-03-27T18:00:00Z,1.95,N,Tender,N\n"
        "2,2026-03-27T18:05:00Z,1.95,Y,Sale,Y\n",
    )["columns"]
    yes = dict.fromkeys(("Y", "J", "true", "yes", "t", "1"), "training")
    assert columns["transaction_state"]["values"] == {"N": "completed", **yes}
    assert columns["line_type"]["first_of"] == [
        {"column": "line void", "values": dict.fromkeys(yes, "void")},
        {"column": "line type", "values": {"Sale": "", "Tender": "tender"}},
    ]


def test_flags_of_a_state_are_drafted_in_every_way_that_tills_write_yes(tmp_path: Path) -> None:
    columns = of_csv(
        tmp_path,
        "receipt,sold_at,amount,training,void\n1,2026-03-27T18:00:00Z,1.95,N,N\n"
        "2,2026-03-27T18:05:00Z,1.95,N,Yes\n3,2026-03-27T18:06:00Z,1.95,Y,N\n",
    )["columns"]
    training, voided = columns["transaction_state"]["first_of"]
    ways = {"1", "j", *YES}
    assert {text.casefold() for text in training["values"]} == ways
    assert {text.casefold() for text in voided["values"]} == ways
    assert set(training["values"].values()) == {"training"}
    assert set(voided["values"].values()) == {"voided"}


def test_a_word_of_several_columns_without_a_meaning_is_asked_about(tmp_path: Path) -> None:
    text, draft = draft_of(
        tmp_path,
        "receipt,sold_at,amount,order status,cancelled\n1,2026-03-27T18:00:00Z,1.95,paid,no\n"
        "2,2026-03-27T18:05:00Z,1.95,zzz,no\n3,2026-03-27T18:06:00Z,1.95,suspended,yes\n",
    )
    [asked] = [said for said in draft.to_look_at if said.startswith("transaction_state: ")]
    assert "order status: what do its values mean? Those not named: zzz" in asked
    assert 'paid = "", suspended = "suspended"' in text  # a completed sale may still be cancelled


@pytest.mark.parametrize(
    ("births", "form"),
    [
        (("02.01.90", "23.11.85", "14.06.10"), "%d.%m.%y"),
        (("01/02/90", "11/23/85", "06/14/10"), "%m/%d/%y"),
    ],
)
def test_a_birth_date_with_two_digits_of_the_year_is_drafted_and_to_look_at(
    births: tuple[str, ...], form: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.csv"
    rows = [f"{at},2026-03-27T18:00:0{at}Z,1.95,{born}" for at, born in enumerate((*births, ""))]
    path.write_text("\n".join(["receipt,sold_at,amount,dob", *rows]))
    text, [draft] = suggest_mapping([path])
    assert f'birth_date = {{ column = "dob", date = "{form}" }}  # CHECK: ' in text
    assert any("the last before the sale" in said for said in draft.to_look_at)
    assert births[0] not in text


@pytest.mark.parametrize(
    ("name", "each"),
    [
        *(("Unit Price", True), ("Price each", True), ("Einzelpreis", True)),
        *(("Prix unitaire", True), ("Lineitem price", True), ("à pris", True)),
        *(("Line total", False), ("Price", False), ("Betrag", False)),
    ],
)
def test_the_price_of_one_is_multiplied_and_to_look_at(
    name: str,
    each: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    _, draft = draft_of(
        tmp_path, f"receipt,sold_at,quantity,{name}\n1,2026-03-27T18:00:00Z,2,1.95\n"
    )
    [amount] = [column for column in draft.columns if column.column == "amount"]
    assert amount.source == ({"column": name, "each": True} if each else {"column": name})
    assert ("the price of one" in amount.check) == each


@pytest.mark.parametrize("sign", ["", "-"])
def test_sales_with_a_minus_are_turned_and_to_look_at(sign: str, tmp_path: Path) -> None:
    rows = [f"{n},2026-03-27T18:0{n}:00Z,{sign}2,{sign}1.95" for n in range(3)]
    _, draft = draft_of(
        tmp_path, "\n".join(["receipt,sold_at,quantity,line total", *rows, "9,,1,1.95"]) + "\n"
    )
    for name in ("quantity", "amount"):
        (drafted,) = (column for column in draft.columns if column.column == name)
        assert drafted.source is not None
        assert drafted.source.get("divide", 1) == (-1 if sign else 1)
        assert ("are these sales?" in drafted.check) == bool(sign)


RECEIPTS = (
    '{"receipt": 11, "store": "S1", "till": "1", "time": "2026-03-27T18:00:00Z", "status": "paid",'
    ' "lines": [{"sku": "100", "qty": 2, "base_price": {"amount": 1.95},'
    ' "total": {"amount": 3.9}, "state": "ok"}, {"sku": "200", "qty": 1, "base_price":'
    ' {"amount": 9.5}, "total": {"amount": 9.5}, "state": "void"}], "notes": [{"n": "x"}]}\n'
    '{"receipt": 12, "store": "S1", "till": "1", "time": "2026-03-27T18:10:00Z", "status":'
    ' "canceled", "lines": [{"sku": "100", "qty": 1, "base_price": {"amount": 1.95},'
    ' "total": {"amount": 1.95}, "state": "ok"}], "notes": null}\n'
)


def test_what_a_line_of_an_object_says_is_of_the_line(tmp_path: Path) -> None:
    text, _ = draft_of(tmp_path, RECEIPTS, name="2026-03-27.jsonl")
    keys = tomllib.loads(text)["mapping"][0]["sales"][0]["columns"]
    assert keys["amount"] == "lines.total.amount"
    assert keys["transaction_state"]["column"] == "status"
    assert keys["transaction_state"]["values"]["canceled"] == "cancelled"
    # "void" is the audit's own word.
    assert keys["line_type"] == {"column": "lines.state", "values": {"ok": "item"}}


def test_frames_in_the_folder_of_their_store_name_it(tmp_path: Path) -> None:
    pictures = [tmp_path / f"S001/lane0{till}/20260327/18000{till}.jpg" for till in (1, 2)]
    for picture in pictures:
        picture.parent.mkdir(parents=True)
        picture.write_bytes(b"")
    sales = put_text(tmp_path, "receipt,store,till,sold_at\n11,S001,01,2026-03-27T18:00:00Z\n")
    text, _ = suggest_mapping([sales, *pictures])
    (entry,) = tomllib.loads(text)["mapping"][0]["snapshots"]
    assert entry["frames"] == "**/{store}/lane{till}/{day}/{time:%H%M%S}.jpg"
    assert "store_id" not in entry.get("columns", {})


ORDERS = (
    "Order Ref,Date,Cashier,Status,Product,Quantity,Subtotal\n"
    "A/1,2026-03-27 18:15:02,Amy,paid,Lager,2,10.00\n{0},,,,Crisps,1,4.00\n"
    "A/2,2026-03-27 18:25:02,Amy,cancelled,Rioja,1,9.00\n"
)


@pytest.mark.parametrize(
    ("number", "filled"),
    [
        ("", ["Order Ref", "Date", "Cashier", "Status"]),
        ("A/1", ["Date", "Cashier", "Status"]),
    ],
)
def test_columns_that_are_blank_where_they_repeat_the_row_above_are_filled_down(
    number: str, filled: list[str], tmp_path: Path
) -> None:
    text, draft = draft_of(tmp_path, ORDERS.format(number))
    assert tomllib.loads(text)["mapping"][0]["sales"][0]["fill_down"] == filled
    assert any(said.startswith("fill_down: ") for said in draft.to_look_at)


def test_gaps_of_other_kinds_are_not_filled_down(tmp_path: Path) -> None:
    gaps = ORDERS.format("A/1").replace(",,,,Crisps", ",2026-03-27 18:15:02,Amy,paid,Crisps")
    assert "fill_down" not in of_csv(tmp_path, gaps.replace("A/2,2026-03-27 18:25:02,Amy", "A/2,,"))
    assert "fill_down" not in of_csv(tmp_path, gaps)


@pytest.mark.parametrize(
    ("seen", "source"),
    [
        ("Void", "line void"),
        ("VOIDED", {"column": "line void", "values": {"VOIDED": "void", "": "item"}}),
        ("", "line void"),  # a word that comes later and has no meaning is rejected
    ],
)
def test_a_void_of_a_line_may_be_a_word_or_empty_in_the_sample(
    seen: str, source: str | dict[str, Any], tmp_path: Path
) -> None:
    columns = of_csv(
        tmp_path,
        "receipt,sold_at,amount,status,line void\n"
        f"1,2026-03-27T18:00:00Z,1.95,paid,{seen}\n1,2026-03-27T18:00:00Z,1.95,paid,\n",
    )["columns"]
    assert columns["line_type"] == source
    assert columns["transaction_state"]["column"] == "status"


def test_a_column_that_may_tell_of_voids_and_is_not_read_is_to_look_at(tmp_path: Path) -> None:
    _, draft = draft_of(
        tmp_path,
        "receipt,sold_at,amount,status,line void code\n"
        "1,2026-03-27T18:00:00Z,1.95,paid,17\n1,2026-03-27T18:00:00Z,1.95,paid,\n",
    )
    assert any(said.startswith("columns: line void code is not read") for said in draft.to_look_at)


@pytest.mark.parametrize("person", ["cashier", "operator", "employee", "customer"])
@pytest.mark.parametrize("article", ["name", "zzz"])
def test_the_name_of_a_person_is_never_taken_for_an_article(
    person: str, article: str, tmp_path: Path
) -> None:
    receipt = {
        "receipt": 12345678901,
        "shop": {"id": "S001", "name": "Main Street"},
        "till": 1,
        person: {"id": "E1", "name": "Bob"},
        "ts": 1774602000000,
        "lines": [{"sku": 100101, article: "Lager", "cat": "beer", "qty": 1, "price": 2.0}],
        "age": {"method": "scanned"},
    }
    path = tmp_path / "sales_2026-03-27.jsonl"
    path.write_text(json.dumps(receipt) + "\n")
    text, [draft] = suggest_mapping([path])
    columns = tomllib.loads(text)["mapping"][0]["sales"][0]["columns"]
    if article == "name":
        assert columns["description"] == "lines.name"
    else:  # the shop's name lies outside of the records
        assert columns.get("description") in (None, "shop.name")
        assert any(said.startswith("description: is shop.name") for said in draft.to_look_at)
    assert columns["sku"] == "lines.sku"


@pytest.mark.parametrize(
    ("sold_at", "amount", "name", "time"),
    [
        ("03/05/2026 09:15 AM", "4.20", "sales_03052026.csv", "%m/%d/%Y %I:%M %p"),
        ("03/05/2026 09:15", "$4.20", "sales_03052026.csv", "%m/%d/%Y %H:%M"),
        ("03/05/2026 09:15", "4.20", "ventas_03052026.csv", "%d/%m/%Y %H:%M"),
    ],
)
def test_day_and_month_that_nothing_tells_apart_are_to_look_at_everywhere(
    sold_at: str, amount: str, name: str, time: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(f"receipt,sold_at,amount,birth date\n1,{sold_at},{amount},02/03/1990\n")
    text, [draft] = suggest_mapping([path])
    entry = tomllib.loads(text)["mapping"][0]["sales"][0]
    assert entry["columns"]["sold_at"]["time"] == time
    assert f"{{day:{time[:8].replace('/', '')}}}" in entry["files"]
    said = "\n".join(draft.to_look_at)
    assert "files: the day in its name may be" in said
    for column in ("sold_at", "birth_date"):
        assert f"{column}: day and month may be the other way round" in said


def test_a_flag_that_the_sample_never_sets_is_drafted_set_as_well(tmp_path: Path) -> None:
    entry = of_csv(tmp_path, "receipt,sold_at,training\n1,2026-03-27T18:00:00Z,0\n")
    yes = dict.fromkeys(("1", *YES), "training")
    assert entry["columns"]["transaction_state"]["values"] == {"0": "completed", **yes}


def test_birth_dates_alone_stand_for_checks(tmp_path: Path) -> None:
    entry = of_csv(
        tmp_path,
        "receipt,sold_at,amount,dob\n1,2026-03-27T18:00:00Z,1.95,1990-01-02\n"
        "2,2026-03-27T18:00:00Z,1.95,\n",
    )
    assert entry["columns"]["id_check"]["values"] == {"?*": "dob_entered", "": "none"}
    assert entry["columns"]["birth_date"] == "dob"


def test_numbered_categories_are_told_by_what_is_sold_after_id_checks(tmp_path: Path) -> None:
    entry = of_csv(
        tmp_path,
        "receipt,sold_at,item,dept,id check\n"
        "1,2026-03-27T18:00:00Z,LAGER 6PK,52,ID viewed\n1,2026-03-27T18:00:00Z,NOVELTY X,52,none\n"
        "2,2026-03-27T18:00:00Z,BREAD,7,none\n",
    )
    assert entry["columns"]["category"]["values"] == {"52": "beer", "7": "7"}


def test_a_word_without_a_meaning_is_left_for_a_person(tmp_path: Path) -> None:
    text, draft = draft_of(
        tmp_path, "receipt,sold_at,id check\n1,2026-03-27T18:00:00Z,ID seen\n2,,Zork\n"
    )
    assert '# Zork = "..."  # CHECK: one of id_scanned' in text
    assert "id_check: a value without a meaning" in draft.to_look_at


SECONDS_OF_DAY = (
    '{ join = ["Date", { column = "Time", epoch = "seconds of day" }], time = "%m/%d/%Y %H:%M:%S" }'
)


@pytest.mark.parametrize(
    ("times", "choice"),
    [
        (("181502", "91502"), '{ join = ["Date", "Time"], time = "%m/%d/%Y %H%M%S" }'),
        (("1815", "915"), '{ join = ["Date", "Time"], time = "%m/%d/%Y %H%M" }'),
        (("36000", "86000"), SECONDS_OF_DAY),
    ],
)
def test_times_that_are_numbers_are_choices_beside_the_date(
    times: tuple[str, str], choice: str, tmp_path: Path
) -> None:
    rows = [f"{at},03/27/2026,{time},1.95" for at, time in enumerate(times)]
    text, draft = draft_of(tmp_path, "\n".join(["receipt,Date,Time,amount", *rows]))
    assert f"# sold_at = {choice}\n" in text
    assert "sold_at: Date has the day only: which column has the time?" in draft.to_look_at
    chosen = text.replace(f"# sold_at = {choice}", f"sold_at = {choice}")
    assert Mapping.from_toml(chosen.encode(), origin="the draft")


def test_times_of_a_workbook_with_a_fraction_stand_beside_the_date(tmp_path: Path) -> None:
    entry = of_csv(
        tmp_path,
        "Receipt No,Date,Time,Amount\n"
        "1,2026-03-27,18:00:00,1.95\n2,2026-03-27,18:15:07.200000,1.95\n",
    )
    assert entry["columns"]["sold_at"] == {"join": ["Date", "Time"]}


LANGUAGES = {
    "pl": "Numer paragonu;Sklep;Kasa;Data;Godzina;Kod kreskowy;Nazwa;Kategoria;Ilość;Cena;"
    "Kontrola wieku;Data urodzenia",
    "cs": "Číslo účtenky;Prodejna;Pokladna;Datum;Čas;Čárový kód;Název zboží;Skupina zboží;Množství;"
    "Částka;Ověření věku;Datum narození",
    "it": "N. scontrino;Punto vendita;Cassa;Data;Ora;Codice articolo;Descrizione;Reparto;Q.tà;"
    "Importo;Verifica età;Data di nascita",
    "pt": "Nº talão;Loja;Caixa;Data;Hora;Código de barras;Descrição;Família;Quantidade;Valor;"
    "Verificação de idade;Data de nascimento",
    "da": "Bonnummer;Butiksnr;Kasse;Dato;Klokkeslæt;Varenummer;Varetekst;Varegruppe;Mængde;Beløb;"
    "Alderskontrol;Fødselsdato",
    "nb": "Kvitteringsnr;Butikk;Kasse;Dato;Klokkeslett;Varenr;Varenavn;Varegruppe;Antall;Beløp;"
    "Alderskontroll;Fødselsdato",
    "sv": "Kvittonr;Butik;Kassa;Datum;Klockslag;Artikelnr;Benämning;Varugrupp;Antal;Belopp;"
    "Ålderskontroll;Födelsedatum",
    "fi": "Kuittinumero;Myymälä;Kassa;Päivämäärä;Kellonaika;Viivakoodi;Tuotenimi;Tuoteryhmä;Määrä;"
    "Summa;Iän tarkistus;Syntymäaika",
    "nl": "Bonnummer;Winkel;Kassa;Datum;Tijd;Artikelnummer;Omschrijving;Artikelgroep;Aantal;Bedrag;"
    "Leeftijdscontrole;Geboortedatum",
    "de": "Belegnr;Filiale;Kasse;Datum;Uhrzeit;Artikelnr;Bezeichnung;Warengruppe;Menge;Betrag;"
    "Alterskontrolle;Geburtsdatum",
    "fr": "N° ticket;Magasin;Caisse;Date;Heure;Code article;Libellé;Rayon;Qté;Montant;"
    "Contrôle d'âge;Date de naissance",
    "es": "Nº ticket;Tienda;Caja;Fecha;Hora;Código de barras;Descripción;Familia;Cantidad;Importe;"
    "Control de edad;Fecha de nacimiento",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_columns_of_a_till_are_found_in_its_language(language: str, tmp_path: Path) -> None:
    line = "{};S001;3;2026-03-27;18:15;5901359000{:03};Lager {};Food;{};1.95;ok;1990-0{}-02\n"
    lines = [line.format(n, n, n, n, n) for n in range(1, 9)]
    columns = of_csv(tmp_path, "".join([LANGUAGES[language], "\n", *lines]))["columns"]
    number, store, till, day, time, *rest, check, born = LANGUAGES[language].split(";")
    found = {name: c if isinstance(c, str) else c.get("column") for name, c in columns.items()}
    assert columns["sold_at"] == {"join": [day, time]}
    roles = ("sku", "description", "category", "quantity", "amount")
    assert found == dict(zip(roles, rest, strict=True)) | {
        "transaction_id": number,
        "store_id": store,
        "till_id": till,
        "sold_at": None,
        "id_check": check,
        "birth_date": born,
    }


@pytest.mark.parametrize(
    ("text", "encodings"),
    [
        ("Ilość;Wartość;Łukasz Ż.;Wódka", "cp1250 iso-8859-2 cp852"),
        ("Účtenka;Množství;Částka;Ověření věku", "cp1250 iso-8859-2 cp852"),
        ("Nyugta;Üzlet;Pénztár;Időpont;Összeg", "cp1250"),
        ("Altersprüfung;Äpfel;Weißbier;Brötchen", "cp1252 cp850"),
        ("Libellé;Qté;Contrôle d\u2019âge;Crème fraîche", "cp1252"),
        ("Libellé;Qté;Contrôle d'âge;Crème fraîche", "cp1252 cp850"),
        ("Quantità;Caffè;Controllo età", "cp1252 cp850"),
        ("Descrição;Preço;Talão", "cp1252 cp850"),
        ("Beløb;Mængde;Æble;Søren", "cp1252 cp850"),
        ("Määrä;Päivämäärä;Myymälä", "cp1252 cp850"),
        ("„Pils“ 1,20 €;Bier \u2013 frisch", "cp1252"),
    ],
)
def test_an_encoding_is_told_by_the_letters_that_come_out(text: str, encodings: str) -> None:
    for encoding in encodings.split():
        guess, said = guess_encoding(text.encode(encoding))
        assert (guess, text.encode(encoding).decode(guess)) == (encoding, text)
        assert "look at letters" in said.casefold()


def test_an_encoding_that_its_letters_do_not_tell_is_said_to_be_unclear() -> None:
    # The Danish ø and the Czech ř are one byte.
    guess, said = guess_encoding("Beløb;Rødvin".encode("cp1252"))
    assert (guess, said.partition("?")[0]) == (
        "cp1252",
        "not UTF-8: cp1252 or cp1250 or iso-8859-2",
    )


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("ageChecks", {"kind": "A", "at": f"{DAY}T17:59:50Z"}),
        ("events", {"kind": "ID_SCAN", "birthDate": "1990-12-31"}),
    ],
)
def test_a_list_of_id_checks_beside_the_articles_is_drafted(
    name: str, check: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / f"tlog-{DAY}.jsonl"
    receipt = {"receiptId": "R1", "store": "S001", "till": "01", "time": f"{DAY}T18:00:00Z"}
    lines = [
        {"ean": "5000112637922", "name": "Lager", "dept": "Beer", "qty": 1, "total": 2.5},
        {"ean": "5000112637939", "name": "Bread", "dept": "Bakery", "qty": 1, "total": 1.5},
    ]
    receipts = [
        receipt | {"items": lines, name: []},
        receipt | {"receiptId": "R2", "items": lines[:1], name: [check]},
        receipt | {"receiptId": "R3", "items": lines[:1], "payments": [{"kind": "CARD"}]},
    ]
    path.write_text("".join(json.dumps(each) + "\n" for each in receipts))
    entry = drafted(path)
    assert entry["records"] == ["items", name]
    columns = entry["columns"]
    assert columns["sku"] == "items.ean"
    assert columns["id_check"]["column"] == f"{name}.kind"
    assert columns["line_type"]["first_of"][0] == {
        "column": f"{name}.kind",
        "values": {"?*": "id_check"},
    }
    if "at" in check:
        assert columns["id_check_at"] == f"{name}.at"
        return
    assert columns["birth_date"] == f"{name}.birthDate"
    text, _ = suggest_mapping([path])
    (tmp_path / "mapping.toml").write_text(text, "utf-8")
    given = ("--mapping", tmp_path / "mapping.toml", "--sales", path, "--day", DAY)
    result = command("check", *given)
    assert f"{DAY}: 1 files; 5 lines, 3 transactions, 3 alcohol sales" in result.output
    assert "ID checks of the alcohol sales: none 2, id_scanned 1" in result.output
    assert "Types of lines: item 4, id_check 1" in result.output


def test_the_sheet_with_the_lines_is_chosen(tmp_path: Path) -> None:
    path = tmp_path / "two.xlsx"
    lines: list[list[Cell]] = [["Ticket", "Till", "Amount"], ["1", "3", 1.95], ["2", "3", 2.95]]
    path.write_bytes(xlsx_bytes({"Info": [["Report", "2026"], ["By", "x"]], "Lines": lines}))
    assert drafted(path)["sheet"] == "Lines"


@pytest.mark.parametrize("cover", [{}, {"Cover": [["Report", "2026"], ["By", "x"]]}])
def test_sheets_with_the_same_columns_are_all_read(
    cover: dict[str, list[list[Cell]]], tmp_path: Path
) -> None:
    path = tmp_path / "tills_2026-03-27.xlsx"
    head: list[Cell] = ["Store", "Ticket", "Date", "Time", "Till", "Article", "Qty", "Amount"]
    shouted: list[Cell] = [str(name).upper() for name in head]
    tills: dict[str, list[list[Cell]]] = {
        f"Till {till}": [names, ["S001", "1", DAY, "18:00:00", till, "beer", 1, 1.95]]
        for till, names in (("01", head), ("02", shouted))
    }
    path.write_bytes(xlsx_bytes({**cover, **tills}))
    text, [draft] = suggest_mapping([path])
    assert "sheet" not in draft.keys
    assert "sheet: Till 01, Till 02 have the same columns, and are read" in draft.to_look_at
    assert draft.tills == {"01", "02"}
    assert any("Cover" in said for said in draft.to_look_at) == bool(cover)
    (tmp_path / "mapping.toml").write_text(text, "utf-8")
    given = ("--mapping", tmp_path / "mapping.toml", "--sales", path, "--day", DAY)
    result = command("check", *given)
    assert f"{DAY}: 1 files; 2 lines, 2 transactions" in result.output
    assert ("a sheet of a workbook that nothing reads" in result.output) == bool(cover)


def test_an_index_and_frames_become_entries_of_snapshots(tmp_path: Path) -> None:
    (tmp_path / "2026-03-27.csv").write_text(
        "Bild;Filiale;Kasse;Zeitpunkt;Datei\nF1;S001;03;27.03.2026 18:15:02;a/b.jpg\n"
    )
    frame = tmp_path / "S001_T03_20260327_181502.jpg"
    frame.write_bytes(b"")
    text, _ = suggest_mapping([tmp_path / "2026-03-27.csv", frame])
    index, frames = tomllib.loads(text)["mapping"][0]["snapshots"]
    assert index["columns"] == {
        "snapshot_id": "Bild",
        "store_id": "Filiale",
        "till_id": "Kasse",
        "captured_at": {"column": "Zeitpunkt", "time": "%d.%m.%Y %H:%M:%S"},
        "path": "Datei",
    }
    assert frames["frames"] == "{store}_T{till}_{time:%Y%m%d_%H%M%S}.jpg"


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("Bondaten_20260327.csv", "Bondaten_{day}.csv"),
        ("store=S001/2026-03-27.csv", "store={store}/{day}.csv"),
        ("S001/2026/03/27/tlog.xml", "{store}/{day:%Y/%m/%d}/tlog.xml"),
        ("Filiale_12/Kasse03_270326.txt", "Filiale_{store}/Kasse{till}_{day:%d%m%y}.txt"),
        ("20260327181500_pos.csv", "{day:%Y%m%d}*_pos.csv"),
        ("items-2026-03-27-2026-03-28.csv", "items-{day}-*.csv"),
        ("a{b}*_27.03.2026.csv", "a?b??_{day:%d.%m.%Y}.csv"),
        ("items_03-27-26.csv", "items_{day:%m-%d-%y}.csv"),
        ("S001_26_03_27.csv", "{store}_{day:%y_%m_%d}.csv"),
        ("sklep12/kasa03/27.03.26.csv", "sklep{store}/kasa{till}/{day:%d.%m.%y}.csv"),
        ("items_11-22-33.csv", "items_*-*-*.csv"),
    ],
)
def test_day_store_and_till_are_found_in_a_path(path: str, pattern: str) -> None:
    assert guess_pattern([path], days=[date(2026, 3, 27)]).pattern == pattern


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        (
            "2026/03/27/S001/lane03/cam_181502.JPG",
            "{day:%Y/%m/%d}/{store}/lane{till}/cam_{time:%H%M%S}.JPG",
        ),
        ("20260327_S001_T03_18-15-02.jpg", "{day}_{store}_T{till}_{time:%H-%M-%S}.jpg"),
        ("2026-03-27/S001/cam03.jpg", "{day}/{store}/cam{till}.jpg"),
        ("2026-03-27/S001/cam0042.jpg", "{day}/{store}/cam{till}.jpg"),
        ("S001/till03/1774635302.jpg", "{store}/till{till}/{time}.jpg"),
        ("2026-03-27/S001/till03/x_1774635302123.jpg", "{day}/{store}/till{till}/x_{time}.jpg"),
        ("2026-03-27/S001/till03/999999.jpg", "{day}/{store}/till{till}/*.jpg"),
    ],
)
def test_a_time_that_stands_apart_from_its_day_is_found_in_a_frames_path(
    path: str, pattern: str
) -> None:
    guess = guess_pattern([path], stores=["S001"], tills=["03"], frames=True)
    assert guess.pattern == pattern


@pytest.mark.parametrize(
    ("number", "unit"), [("1774635302", "seconds"), ("1774635302123", "milli")]
)
def test_a_number_since_1970_in_a_frames_name_is_drafted_with_its_unit(
    number: str, unit: str, tmp_path: Path
) -> None:
    frame = tmp_path / f"store1/till03/{number}.jpg"
    frame.parent.mkdir(parents=True)
    frame.write_bytes(b"")
    text, [draft] = suggest_mapping([frame], root=tmp_path)
    [entry] = tomllib.loads(text)["mapping"][0]["snapshots"]
    assert entry["columns"]["captured_at"]["path"] == "time"
    assert entry["columns"]["captured_at"]["epoch"].startswith(unit)
    assert any("since 1970" in said for said in draft.to_look_at)


@pytest.mark.parametrize(
    ("texts", "decimal", "thousands"),
    [
        (["1,29", "0,754"], ",", ""),
        (["1.013,98", "1,40"], ",", "."),
        (["$1,013.90", "-$12.00"], ".", ","),
        (["1\u202f013,90 €"], ",", " "),
        (["1'013.90"], ".", "'"),
        (["0,754"], ",", ""),
        (["5", "7"], ".", ""),
        (["1.234.567"], ",", "."),
    ],
)
def test_the_signs_of_numbers_are_found(texts: list[str], decimal: str, thousands: str) -> None:
    guess = guess_numbers(texts)
    assert (guess.decimal, guess.thousands) == (decimal, thousands)


@pytest.mark.parametrize(
    ("word", "column", "meaning"),
    [
        ("Ausweis geprüft", "Altersprüfung", "id_viewed"),
        ("kein Ausweis", "Altersprüfung", "none"),
        ("Y", "ID scanned", "id_scanned"),
        ("Y", "age ok", "id_viewed"),
        ("N", "age ok", "none"),
        ("not checked", "", "none"),
        ("Looks over 25", "", "looks_over"),
        ("Sichtprüfung", "", "looks_over"),
        ("Pièce d'identité vérifiée", "", "id_viewed"),
        ("DNI comprobado", "", "id_viewed"),
        ("legitimatie gezien", "", "id_viewed"),
        ("DOB keyed", "", "dob_entered"),
        ("Verkauf abgelehnt", "", "refused"),
        ("override", "", "prompt_suppressed"),
        ("Odmowa sprzedaży", "", "refused"),
        ("Brak dowodu", "", "none"),
        ("Zeskanowano dowód", "", "id_scanned"),
        ("Wygląda na pełnoletniego", "", "looks_over"),
        ("Prodej odmítnut", "", "refused"),
        ("Doklad nepředložen", "", "none"),
        ("Průkaz ověřen", "", "id_viewed"),
        ("rifiutato", "", "refused"),
        ("documento non esibito", "", "none"),
        ("documento esibito", "", "id_viewed"),
        ("maggiorenne evidente", "", "looks_over"),
        ("Venda recusada", "", "refused"),
        ("sem documento", "", "none"),
        ("não solicitado", "", "none"),
        ("Afvist", "", "refused"),
        ("Legitimation ikke vist", "", "none"),
        ("ID skannet", "", "id_scanned"),
        ("Salg nektet", "", "refused"),
        ("Nekad", "", "refused"),
        ("leg ej visad", "", "none"),
        ("Legitimation visad", "", "id_viewed"),
        ("Myynti evätty", "", "refused"),
        ("Henkilöllisyys tarkistettu", "", "id_viewed"),
        ("Ei tarkistettu", "", "none"),
        ("fødselsdato indtastet", "", "dob_entered"),
        ("tak", "dowód", "id_viewed"),
        ("Zork", "", None),
    ],
)
def test_words_of_id_checks_have_meanings(word: str, column: str, meaning: str | None) -> None:
    found = check_word(word, column)
    assert (found.word if found else None) == meaning


@pytest.mark.parametrize(
    ("text", "drink"),
    [
        ("Bières", "beer"),
        ("Rioja", "wine"),
        ("Spirituosen", "spirits"),
        ("Cidre brut", "cider"),
        ("Schwein", None),
        ("Insekten", None),
        ("Brause", None),
        ("Bier alkoholfrei", None),
        ("Ginger Ale", None),
        ("Weinessig", None),
        ("Weingläser", None),
    ],
)
def test_drinks_are_told_from_what_sounds_like_them(text: str, drink: str | None) -> None:
    assert drink_of(text) == drink


def test_states_and_types_of_lines_have_meanings() -> None:
    assert [w.word for w in map(state_word, ("parked", "Storno", "Paid")) if w] == [
        *("suspended", "voided", "completed")
    ]
    assert [w.word for w in map(line_word, ("Rabatt", "Zahlung", "Exchange")) if w] == [
        *("discount", "tender", "item")
    ] or line_word("Exchange") is None


@pytest.mark.parametrize(
    ("text", "state"),
    [
        *[(text, "training") for text in ("Szkolenie", "Školení", "Formazione", "Træning")],
        *[(text, "training") for text in ("Övning", "Opplæring", "Harjoitus", "Treino")],
        *[(text, "voided") for text in ("Anulowany", "Stornováno", "Annullato", "Annulleret")],
        *[(text, "voided") for text in ("Makulerad", "Mitätöity", "Anulada", "Unieważniony")],
        *[(text, "cancelled") for text in ("Przerwana", "Zrušeno", "Interrotta", "Avbruten")],
        *[(text, "suspended") for text in ("Zawieszony", "Odloženo", "Sospeso", "Parkerad")],
    ],
)
def test_states_have_meanings_in_other_languages(text: str, state: str) -> None:
    found = state_word(text)
    assert found is not None
    assert found.word == state


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *[(text, "discount") for text in ("Zniżka", "Sleva", "Sconto", "Rabat", "Alennus")],
        *[(text, "tender") for text in ("Gotówka", "Platba", "Contanti", "Betalning", "Maksu")],
        *[(text, "item") for text in ("Towar", "Zboží", "Articolo", "Vare", "Vara", "Tuote")],
        *[(text, "void") for text in ("Korekta", "Annullata", "Makulerad", "Mitätöinti")],
    ],
)
def test_types_of_lines_have_meanings_in_other_languages(text: str, kind: str) -> None:
    found = line_word(text)
    assert found is not None
    assert found.word == kind


@pytest.mark.parametrize(
    "text",
    [
        *("Cerrado", "Cerrada", "closed", "finalizado", "abgeschlossen", "clôturé", "afgesloten"),
        *("complete", "paid", "bezahlt", "payé", "pagado", "cobrado", "sprzedaż", "zapłacono"),
        *("dokončeno", "vendita", "pagato", "betalt", "betald", "salg", "maksettu", "venda"),
    ],
)
def test_a_word_of_a_completed_sale_is_known_and_its_opposite_is_not(text: str) -> None:
    assert state_word(text) == ("completed", True)
    for word in ("not", "no", "nicht", "non", "nie", "ikke", "ej", "ei", "não"):
        assert state_word(f"{word} {text}") is None


@pytest.mark.parametrize(
    "text",
    [
        *("incomplete", "unpaid", "unbezahlt", "unclosed", "niezakończona", "nezaplaceno"),
        *("obetald", "ubetalt"),
    ],
)
def test_a_word_of_a_sale_that_is_not_completed_has_no_meaning(text: str) -> None:
    assert state_word(text) is None


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("Cerveza SIN ALCOHOL 33cl", "*sin alcohol*"),
        ("Pils alkoholfrei", "*alkoholfrei*"),
        ("Lager Alcohol-Free", "*alcohol-free*"),
        ("Bière sans alcool", "*sans alcool*"),
        ("Bier alcoholvrij", "*alcoholvrij*"),
        ("Pils 0,0% 6x33cl", "*0,0%*"),
        ("Pils 0,0", "*0,0*"),
        ("Korn 0,02 l", None),
        ("Rose 10,0% 75cl", None),
        ("Lager", None),
    ],
)
def test_names_without_alcohol_are_hinted_at(
    name: str, pattern: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(
        f"receipt;sold_at;sku;description\n1;2026-03-27T18:00:00Z;1234;{name}\n", "utf-8"
    )
    text, _ = suggest_mapping([path])
    hint = f'alcohol_free_names = ["{pattern}"]'
    assert hint in text if pattern else "alcohol_free_names" not in text


def test_names_are_compared_word_by_word() -> None:
    assert likeness("TxnNo", "transaction_id") > 0.9
    assert likeness("Kassen-Nr.", "till_id") > 0.9
    assert likeness("items.product.sku", "sku") > 0.9
    assert likeness("Check Id", "id_check") < 0.5
    assert likeness("Item #", "sku") > 0.9
    assert likeness("BELØB", "amount") == likeness("Belob", "amount") > 0.9


def test_times_that_are_numbers_and_dates_that_cannot_be_are_no_times() -> None:
    assert how_written(["4711", "4712"]) is None
    assert how_written(["99.99.2026"]) is None
    assert how_written(["1774635300000"]).epoch == "milliseconds"  # type: ignore[union-attr]  # it is one
    swapped = how_written(["03/04/2026"])
    assert swapped is not None
    assert decided_by(swapped, ["03/04/2026"], [date(2026, 3, 4)]).form == "%m/%d/%Y"


_CELLS = st.text(max_size=12) | st.sampled_from(
    ["27.03.2026", "18:15", "1,29", "Y", "0", "beer", "4711", "x.jpg", "1774635300000", "ID ok"]
)
_NAMES = st.text(max_size=12) | st.sampled_from(
    ["Datum", "Uhrzeit", "Menge", "id check", "status", "till", "ts", "amount", "dob", "category"]
)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_a_file_holds_its_draft_is_a_mapping(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("drafts")
    sign = data.draw(st.sampled_from([",", ";", "\t", "|"]))
    header = data.draw(st.lists(_NAMES, min_size=1, max_size=8))
    rows = data.draw(
        st.lists(st.lists(_CELLS, min_size=len(header), max_size=len(header)), max_size=5)
    )
    name = data.draw(st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=20))
    lines = [sign.join(row) for row in (header, *rows)]
    path = folder / f"{name}.csv"
    try:
        path.write_bytes("\n".join(lines).encode(data.draw(st.sampled_from(["utf-8", "utf-16"]))))
    except (OSError, UnicodeError):
        return  # no such name, or no such text
    try:
        text, _ = suggest_mapping([path])
    except ConfigurationError as refused:
        assert str(path) in str(refused)  # noqa: PT017  # either is right
        return
    Mapping.from_toml(text.encode(), origin="draft")
