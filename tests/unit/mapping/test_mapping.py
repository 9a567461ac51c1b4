"""The mapping: what it may say, and what becomes of a file's columns."""

import json
import re
from collections.abc import Mapping as Document
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import ConfigurationError
from auditor.mapping import Applied, Mapping, apply, load_mapping, shipped_names
from auditor.mapping.patterns import Pattern
from tests.support.paths import ROOT

DAY = date(2026, 3, 27)

ENTRY = """
[[mapping]]
effective_from = 2026-01-01
[[mapping.sales]]
files = "Bon_{store}_{day:%d%m%Y}.csv"
delimiter = ";"
decimal = ","
[mapping.sales.columns]
transaction_id = "Nr"
sold_at = { join = ["Datum", "Zeit"], time = "%d.%m.%Y %H:%M" }
amount = "Betrag"
id_check = { column = "P", values = { "OK" = "id_viewed", "" = "none" } }
"""


def mapping(text: str = ENTRY) -> Mapping:
    return Mapping.from_toml(text.encode(), origin="mapping.toml")


def applied(
    columns: str, cells: Document[str, list[str]], *names: str, keys: str = "", **more: Any
) -> Applied:
    """Some columns of a file's cells, by a mapping with these columns and keys."""
    text = (
        '[[mapping]]\neffective_from = 2026-01-01\n[[mapping.sales]]\nfiles = "*.csv"\n'
        f"{keys}\n[mapping.sales.columns]\n{columns}"
    )
    (entry,) = mapping(text).on(DAY).sales
    table = pa.table({name: pa.array(texts) for name, texts in cells.items()})
    return apply(entry, names, table, path={}, day=DAY, **more)


def texts(columns: str, cells: Document[str, list[str]], name: str, **more: Any) -> list[str]:
    found: list[str] = applied(columns, cells, name, **more).cells[name].to_pylist()
    return found


def test_the_newest_entry_that_has_begun_holds_whole() -> None:
    later = ENTRY.replace("2026-01-01", "2026-03-27").replace("Bon_", "Neu_")
    whole = mapping(ENTRY + later)
    assert whole.on(date(2026, 3, 26)).sales[0].files == "Bon_{store}_{day:%d%m%Y}.csv"
    assert [entry.files for entry in whole.on(DAY).sales] == ["Neu_{store}_{day:%d%m%Y}.csv"]
    with pytest.raises(ConfigurationError, match="the first begins on 2026-01-01"):
        whole.on(date(2025, 12, 31))


def test_two_entries_for_the_same_files_are_an_error() -> None:
    again = ENTRY[ENTRY.index("[[mapping.sales]]") :]
    for files in ("Bon_{store}_{day:%d%m%Y}.csv", "bon_{store}_{day:%d%m%Y}.CSV"):
        second = again.replace("Bon_{store}_{day:%d%m%Y}.csv", files)
        with pytest.raises(ConfigurationError, match="is for the same files, so this one is never"):
            mapping(ENTRY + second)
    assert mapping(ENTRY + again.replace("Bon_", "Neu_"))
    assert mapping(ENTRY + ENTRY.replace("2026-01-01", "2026-03-01"))


def test_records_are_of_one_list_or_of_several() -> None:
    for written, lists in (('"a.b"', ("a.b",)), ('["a", "b"]', ("a", "b"))):
        entry = ENTRY.replace('delimiter = ";"', f"records = {written}")
        assert mapping(entry).on(DAY).sales[0].records == lists
    with pytest.raises(ConfigurationError, match="records"):
        mapping(ENTRY.replace('delimiter = ";"', "records = [1]"))


def test_the_hash_is_of_the_content_and_not_of_its_layout() -> None:
    commented = mapping("# a comment\n" + ENTRY.replace(" = ", "  =  "))
    assert commented.sha256 == mapping().sha256
    assert commented.sha256 != mapping(ENTRY.replace('"Nr"', '"No"')).sha256
    assert json.loads(mapping().canonical)["mapping"][0]["effective_from"] == "2026-01-01"


@pytest.mark.parametrize(
    ("was", "instead", "said"),
    [
        ("delimiter", "delimter", "unknown key mapping.sales.delimter; the nearest is delimiter"),
        ("transaction_id", "transacton_id", "the nearest is transaction_id"),
        ("column =", "colum =", "columns.id_check.colum; the nearest is column"),
        ('delimiter = ";"', 'delimiter = ";;"', "delimiter: must be one character"),
        ('delimiter = ";"', 'sheet = "x"\nformat = "csv"', "sheet is for the format xlsx"),
        ('delimiter = ";"', 'encoding = "cp125x"', "an encoding that Python knows"),
        ('delimiter = ";"', 'time_zone = "Berlin"', "an IANA time zone"),
        ('delimiter = ";"', 'frames = "x"', "frames is for [[mapping.snapshots]]"),
        ('delimiter = ";"', 'thousands = ","', "decimal and thousands must differ"),
        ("{day:%d%m%Y}", "{dya}", "the placeholders {day}, {store}"),
        ("{day:%d%m%Y}", "{day:%H}", "{day} has a whole date"),
        ("{day:%d%m%Y}", "{time:%H}", "or that has a {day} too"),
        ("{day:%d%m%Y}", "{day:%Q}", "a format of %Y"),
        ("{day:%d%m%Y}", "{day:%Y}/{day:%m}/{day:%d}", "one {day}, here {day:%Y/%m/%d}"),
        ("%d.%m.%Y %H:%M", "%d.%m.%Y", "time must have a date and an hour"),
        ("%d.%m.%Y %H:%M", "%d.%m.%Y %I:%M", "time has %I, an hour of twelve, which needs %p"),
        ("%d.%m.%Y %H:%M", "%d.%m.%Q", "a format of %Y"),
        ('"id_viewed"', '"id_vewed"', "id_vewed is none of ours; the nearest is id_viewed"),
        ('"Nr"', '{ column = "Nr", time = "%d.%m.%Y %H:%M" }', "time is not for this column"),
        ('"Nr"', '{ column = "Nr", constant = "1" }', "give exactly one of column"),
        ('"Nr"', '{ column = "Nr", otherwise = "1" }', "otherwise needs values"),
        ('"Betrag"', '{ constant = "1", each = true }', "each needs column"),
        ('"Nr"', '{ column = "Nr", each = true }', "each is not for this column"),
        ('"Nr"', '{ path = "till" }', "the pattern has no {till}"),
        ('"Nr"', "1", "must be a table of keys and values, not 1"),
        ('"Nr"', "{ constant = 1 }", "must be a text in quotation marks, not 1"),
        ("effective_from = 2026-01-01", "", "effective_from: is required"),
        ("[[mapping]]", "[[maping]]", "the nearest is mapping"),
    ],
)
def test_what_is_wrong_is_said_with_its_key(was: str, instead: str, said: str) -> None:
    assert was in ENTRY
    with pytest.raises(ConfigurationError, match=re.escape(said)) as caught:
        mapping(ENTRY.replace(was, instead, 1))
    assert "mapping.toml" in str(caught.value)


def test_a_mapping_may_leave_out_what_is_as_usual() -> None:
    (entry,) = mapping(ENTRY[: ENTRY.index("[mapping.sales.columns]")]).on(DAY).sales
    assert entry.source("amount").column == "amount"
    assert entry.source("store_id").path == "store"


def test_every_mapping_that_comes_with_the_program_is_valid() -> None:
    assert "german-csv" in shipped_names()
    for name in shipped_names():
        loaded = load_mapping(name)
        assert loaded is not None
        assert loaded.on(DAY).sales


def test_a_mapping_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    assert load_mapping(None) is None
    with pytest.raises(ConfigurationError, match="the nearest is german-csv"):
        load_mapping("german_csv")
    with pytest.raises(ConfigurationError, match="cannot read the mapping"):
        load_mapping(str(tmp_path / "none.toml"))


@pytest.mark.parametrize(
    ("pattern", "path", "found"),
    [
        ("Bon_{day:%d%m%Y}.csv", "Bon_27032026.csv", {"day": "27032026"}),
        ("Bon_{day:%d%m%Y}.csv", "bon_27032026.CSV", {"day": "27032026"}),
        ("Bon_{day}.csv", "Bon_2026-03-27.csv", {"day": "2026-03-27"}),
        ("Bon_{day}.csv", "Bon_20260327.csv", {"day": "20260327"}),
        ("Bon_{day}.csv", "x/Bon_20260327.csv", None),
        ("**/Bon_{day}.csv", "x/y/Bon_20260327.csv", {"day": "20260327"}),
        ("**/Bon_{day}.csv", "Bon_20260327.csv", {"day": "20260327"}),
        ("*/{store}.csv", "x/S1.csv", {"store": "S1"}),
        ("*/{store}.csv", "x/y/S1.csv", None),
        ("a?c.csv", "abc.csv", {}),
        ("a?c.csv", "a/c.csv", None),
        ("a.c", "abc", None),
        (
            "{store}_{till}_{time:%Y%m%d_%H%M%S}.jpg",
            "S_1_T03_20260327_181502.jpg",
            {"store": "S_1", "till": "T03", "time": "20260327_181502"},
        ),
    ],
)
def test_a_pattern_finds_what_a_path_says(
    pattern: str, path: str, found: dict[str, str] | None
) -> None:
    assert Pattern(pattern).match(path) == found


def test_a_time_without_a_date_takes_the_day_of_the_path() -> None:
    pattern = Pattern("{day}/{till}/{time:%H%M%S}.jpg")
    found = pattern.match("20260327/3/181502.jpg")
    assert found is not None
    arrays = {name: pa.array([text]) for name, text in found.items()}
    assert pattern.joined_time(arrays).to_pylist() == ["2026-03-27T18:15:02"]


def test_values_compare_without_case_and_blanks_and_known_words_stay() -> None:
    columns = 'id_check = { column = "P", values = { "Ausweis OK" = "id_viewed", "" = "none" } }'
    cells = {"P": [" AUSWEIS ok", "", "id_scanned", "what?"]}
    found = applied(columns, cells, "id_check")
    assert found.cells["id_check"].to_pylist() == ["id_viewed", "none", "id_scanned", "what?"]
    assert not found.noticed  # the last one is rejected where cells are checked


def test_what_a_value_becomes_otherwise_is_noticed() -> None:
    columns = 'id_check = { column = "P", values = { "1" = "id_viewed" }, otherwise = "none" }'
    found = applied(columns, {"P": ["1", "2", "2", ""]}, "id_check")
    assert found.cells["id_check"].to_pylist() == ["id_viewed", "none", "none", ""]
    assert found.noticed == {("id_check", "2", ("P",), False): 2}


def test_a_value_of_a_free_column_stays_and_is_noticed() -> None:
    columns = 'category = { column = "W", values = { "Bier" = "beer", "*alkoholfrei*" = "soft" } }'
    found = applied(columns, {"W": ["bier", "Radler alkoholfrei", "Wein"]}, "category")
    assert found.cells["category"].to_pylist() == ["beer", "soft", "Wein"]
    assert found.noticed == {("category", "Wein", ("W",), True): 1}


def test_of_the_signs_in_a_word_only_asterisk_and_question_mark_stand_for_others() -> None:
    columns = 'category = { column = "W", values = { "[A-C]*" = "spirits", "w?in*" = "wine" } }'
    words = ["[a-c] Rum", "Ale", "Wein rot", "W?in", "Win rot"]
    found = applied(columns, {"W": words}, "category")
    assert found.cells["category"].to_pylist() == ["spirits", "Ale", "wine", "wine", "Win rot"]
    assert {unnamed.text for unnamed in found.noticed} == {"Ale", "Win rot"}


def test_the_first_that_is_not_empty_is_taken() -> None:
    columns = (
        'transaction_state = { first_of = [ { column = "t", values = { "1" = "training" } },'
        ' { column = "v", values = { "1" = "voided" } } ] }'
    )
    cells = {"t": ["1", "0", "0"], "v": ["1", "1", "0"]}
    assert texts(columns, cells, "transaction_state") == ["training", "voided", ""]
    assert texts(columns, {"v": ["1"]}, "transaction_state") == ["voided"]


def test_otherwise_holds_within_first_of() -> None:
    columns = (
        'id_check = { first_of = [ { column = "a", values = { Y = "id_viewed" }, otherwise ='
        ' "refused" }, { column = "b", values = { "" = "none" }, otherwise = "dob_entered" } ] }'
    )
    cells = {"a": ["y", "x", "", "none", ""], "b": ["", "1", "1", "1", ""]}
    found = applied(columns, cells, "id_check")
    words = ["id_viewed", "refused", "dob_entered", "none", "none"]
    assert found.cells["id_check"].to_pylist() == words
    assert found.noticed == {
        ("id_check", "x", ("a",), False): 1,
        ("id_check", "1", ("b",), False): 1,
    }


TWO = (
    'transaction_state = { first_of = [ { column = "t", values = { Y = "training", N = "",'
    ' OFF = "" } }, { column = "v", values = { Y = "voided" }%s } ] }'
)


def test_a_word_that_a_source_does_not_name_goes_on_and_is_noticed() -> None:
    cells = {"t": ["N", "N", "what", "Y", "n"], "v": ["Yes", "yes", "Y", "Yes", "no"]}
    found = applied(TWO % "", cells, "transaction_state")
    assert found.cells["transaction_state"].to_pylist() == ["", "", "voided", "training", ""]
    # Of the fourth row the second column is not asked.
    assert found.noticed == {
        ("transaction_state", "Yes", ("v",), False): 1,
        ("transaction_state", "yes", ("v",), False): 1,
        ("transaction_state", "what", ("t",), False): 1,
    }


@pytest.mark.parametrize(
    ("text", "more"),
    [
        *((no, "") for no in ("0", "false", "FALSE", "No", " n ", "Nein", "n\u00e3o", "-", "off")),
        ("closed", ', otherwise = ""'),
        ("completed", ""),  # a word of the audit's own
        ("", ""),
    ],
)
def test_a_plain_no_and_what_is_said_to_mean_nothing_are_not_noticed(text: str, more: str) -> None:
    found = applied(TWO % more, {"t": ["N"], "v": [text]}, "transaction_state")
    assert found.cells["transaction_state"].to_pylist() in (["completed"], [""])
    assert not found.noticed


def test_a_part_of_a_joined_text_that_is_not_named_is_noticed() -> None:
    columns = 'till_id = { join = [ { column = "a", values = { "1" = "A" } }, "b" ] }'
    found = applied(columns, {"a": ["1", "2"], "b": ["7", "7"]}, "till_id")
    assert found.cells["till_id"].to_pylist() == ["A 7", "7"]
    assert found.noticed == {("till_id", "2", ("a",), False): 1}


def test_an_age_needs_no_name_beside_a_tills_words_for_others() -> None:
    columns = 'required_age = { column = "A", values = { "adult" = "18", "-" = "" } }'
    found = applied(columns, {"A": ["16", "adult", "-", "old"]}, "required_age")
    assert found.cells["required_age"].to_pylist() == ["16", "18", "", "old"]
    assert [unnamed.text for unnamed in found.noticed] == ["old"]


def test_words_compare_however_their_accents_are_composed() -> None:
    columns = 'id_check = { column = "P", values = { "gepr\u00fcft" = "id_viewed" } }'
    assert texts(columns, {"P": ["GEPRU\u0308FT"]}, "id_check") == ["id_viewed"]


def test_an_amount_may_be_the_price_of_one() -> None:
    columns = (
        'quantity = "Menge"\namount = { first_of = [ "Summe",'
        ' { column = "Einzelpreis", each = true, divide = 100 } ] }'
    )
    keys = 'decimal = ","\nthousands = "."'
    cells = {
        "Menge": ["2,000", "0,754", "-1", "3", "x"],
        "Einzelpreis": ["1.000", "199", "299", "5", "7"],
        "Summe": ["", "", "", "9,99", ""],
    }
    found = texts(columns, cells, "amount", keys=keys)
    assert found == ["20.000", "1.50046", "-2.99", "9.99", "0.07"]


def test_columns_are_joined_and_constants_repeated() -> None:
    cells = {"D": ["27.03.2026", ""], "Z": ["18:15", ""]}
    joined = 'sold_at = { join = ["D", "Z"], time = "%d.%m.%Y %H:%M" }'
    assert texts(joined, cells, "sold_at") == ["2026-03-27T18:15:00", ""]
    number = 'transaction_id = { join = [{ constant = "A" }, "Z"], separator = "-" }'
    assert texts(number, cells, "transaction_id") == ["A-18:15", "A-"]
    assert texts('till_id = { constant = "01" }', cells, "till_id") == ["01", "01"]


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("seconds", "1774634400.5"),
        ("milliseconds", "1774634400500"),
        ("microseconds", "1774634400500000"),
    ],
)
def test_a_time_since_1970_is_read(unit: str, text: str) -> None:
    columns = f'sold_at = {{ column = "ts", epoch = "{unit}" }}'
    assert texts(columns, {"ts": [text, "x"]}, "sold_at") == ["2026-03-27T18:00:00.500000Z", "x"]


def test_a_birth_year_of_two_digits_is_the_last_before_the_sale() -> None:
    columns = 'birth_date = { column = "B", date = "%d.%m.%y" }'
    cells = {"B": ["01.02.45", "01.02.05", "28.03.26", ""]}
    found = texts(columns, cells, "birth_date")
    assert found == ["1945-02-01", "2005-02-01", "1926-03-28", ""]


@given(
    sale=st.dates(date(2000, 1, 1), date(2068, 12, 31)),
    before=st.integers(1, 99 * 365),
)
def test_a_birth_date_of_two_digits_lies_in_the_hundred_years_before_the_sale(
    sale: date, before: int
) -> None:
    born = sale - timedelta(days=before)
    (entry,) = (
        mapping(
            '[[mapping]]\neffective_from = 2000-01-01\n[[mapping.sales]]\nfiles = "*.csv"\n'
            '[mapping.sales.columns]\nbirth_date = { column = "B", date = "%d%m%y" }'
        )
        .on(sale)
        .sales
    )
    cells = pa.table({"B": pa.array([born.strftime("%d%m%y"), sale.strftime("%d%m%y")])})
    found = apply(entry, ["birth_date"], cells, path={}, day=sale).cells["birth_date"]
    # Nobody is born on the day of the sale: a hundred years before.
    assert found.to_pylist() == [str(born), f"{sale.year - 100}{sale:-%m-%d}"]


def test_numbers_that_were_numbers_in_the_file_have_a_point() -> None:
    keys = 'decimal = ","\nthousands = "."'
    cells = {"amount": ["1.299"]}
    assert texts("", cells, "amount", keys=keys) == ["1299"]
    assert texts("", cells, "amount", keys=keys, numeric={"amount": np.ones(1, np.bool_)}) == [
        "1.299"
    ]


@given(st.lists(st.tuples(st.integers(-9_999_999, 9_999_999), st.booleans()), min_size=1))
def test_numbers_beside_texts_in_the_tills_notation_are_what_they_are(
    written: list[tuple[int, bool]],
) -> None:
    keys = 'decimal = ","\nthousands = "."'
    plain = [f"{thousandths / 1000:.3f}" for thousandths, _ in written]
    of_till = [
        f"{thousandths / 1000:,.3f}".translate({44: 46, 46: 44}) for thousandths, _ in written
    ]
    is_number = np.array([flag for _, flag in written], np.bool_)
    mixed = [a if flag else b for a, b, flag in zip(plain, of_till, is_number, strict=True)]

    def amounts(cells: list[str], numbers: list[bool]) -> list[str]:
        numeric = {"amount": np.array(numbers, np.bool_)}
        return texts("", {"amount": cells}, "amount", keys=keys, numeric=numeric)

    count = len(written)
    assert amounts(mixed, is_number.tolist()) == amounts(of_till, [False] * count) == plain
    assert amounts(plain, [True] * count) == plain


def test_dates_and_times_of_excel_are_read_as_it_shows_them() -> None:
    one = 'sold_at = { column = "at", epoch = "excel" }'
    cells = {"at": ["46108.7", "46108", "46108.999999", "2026-03-27T18:00:00", "7", "99999", ""]}
    assert texts(one, cells, "sold_at") == [
        *("2026-03-27T16:48:00", "2026-03-27T00:00:00", "2026-03-27T23:59:59.914"),
        *("2026-03-27T18:00:00", "7", "99999", ""),
    ]
    parts = '[{ column = "d", epoch = "excel" }, { column = "t", epoch = "excel" }]'
    apart = {"d": ["46108", "46108", "46108"], "t": ["0.7", "0", "6.9e-05"]}
    assert texts(f"sold_at = {{ join = {parts} }}", apart, "sold_at") == [
        *("2026-03-27 16:48:00", "2026-03-27 00:00:00", "2026-03-27 00:00:05.962"),
    ]
    born = 'birth_date = { column = "born", epoch = "excel" }'
    assert texts(born, {"born": ["32874"]}, "birth_date") == ["1990-01-01T00:00:00"]
    with pytest.raises(ConfigurationError, match="epoch is not for this column"):
        mapping(ENTRY + born.replace("excel", "seconds"))
    with pytest.raises(ConfigurationError, match="epoch is not for this column"):
        mapping(ENTRY + 'sku = { column = "A", epoch = "excel" }')


def test_the_mappings_of_the_documentation_are_valid() -> None:
    text = (ROOT / "docs" / "mapping.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 6
    for block in blocks:
        before = "" if "[[mapping]]" in block else "[[mapping]]\neffective_from = 2026-01-01\n"
        if "[[mapping." not in block:
            before += '[[mapping.snapshots]]\nframes = "{store}/{till}/{time:%Y%m%d_%H%M%S}.jpg"\n'
        assert mapping(before + block).on(DAY)


def test_frames_whose_paths_do_not_say_enough_are_refused_when_the_mapping_is_loaded() -> None:
    entry = (
        '[[mapping]]\neffective_from = 2026-01-01\n[[mapping.snapshots]]\nframes = "{store}.jpg"'
    )
    with pytest.raises(ConfigurationError, match=r"nothing says till_id: put \{till\}"):
        mapping(entry)


def test_a_number_since_1970_in_the_path_of_frames_needs_its_unit() -> None:
    entry = "[[mapping]]\neffective_from = 2026-01-01\n[[mapping.snapshots]]\n"
    entry += 'frames = "{store}/{till}/{time}.jpg"\n'
    with pytest.raises(ConfigurationError, match="is a number since 1970: give captured_at"):
        mapping(entry)
    columns = "[mapping.snapshots.columns]\n"
    assert mapping(f'{entry}{columns}captured_at = {{ path = "time", epoch = "seconds" }}').on(DAY)
