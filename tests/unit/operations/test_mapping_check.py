"""What `auditor mapping check` says of a day's files, and which exit code it ends with."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main
from auditor.errors import ExitCode
from tests.support.formats import sqlite_bytes, xlsx_bytes

DAY = "2026-03-27"
HEADER = "nr;store;till;clerk;at;sku;dept;qty;price;check;by;dob;state"
LINES = (
    f"1;S001;3;Mary Major;{DAY}T18:00:00Z;b1;beer;1;1.95;Y;John Roe;1990-02-03;",
    f"2;S001;3;Mary Major;{DAY}T19:00:00Z;w1;wine;1;9.00;N;;;",
    f"3;S002;4;Mary Major;{DAY}T20:00:00Z;w1;wine;1;9.00;N;;;T",
)
MAPPING = """
[[mapping]]
effective_from = 2020-01-01
[[mapping.sales]]
files = "{day}.csv"
format = "csv"
delimiter = ";"
[mapping.sales.columns]
transaction_id = "nr"
store_id = "store"
till_id = "till"
cashier_id = "clerk"
sold_at = "at"
category = "dept"
quantity = "qty"
amount = "price"
id_check = { column = "check", values = { Y = "id_viewed", N = "none" } }
id_check_by = "by"
birth_date = "dob"
transaction_state = { column = "state", values = { T = "training" } }
"""
FRAMES = '[[mapping.snapshots]]\nframes = "{store}_{till}_{time:%Y%m%d_%H%M%S}.jpg"\n'

INDEX = """
[[mapping.snapshots]]
files = "cam/index.csv"
delimiter = ";"
[mapping.snapshots.columns]
snapshot_id = "id"
store_id = "store"
till_id = "till"
captured_at = "at"
"""


def check(folder: Path, *lines: str, mapping: str = MAPPING, **more: str) -> Result:
    """Check a mapping on a day of these lines."""
    (folder / "sales").mkdir(exist_ok=True)
    (folder / f"sales/{DAY}.csv").write_text("\n".join((HEADER, *lines)), "utf-8")
    return check_as_is(folder, mapping, **more)


def check_as_is(folder: Path, mapping: str, **more: str) -> Result:
    """Check a mapping on the exports that lie in the folder."""
    (folder / "mapping.toml").write_text(mapping, "utf-8")
    options = {"mapping": "mapping.toml", "sales": "sales"} | more
    addresses = [f"--{name}={folder / value}" for name, value in options.items()]
    return CliRunner().invoke(main, ["mapping", "check", "--day", DAY, "--json", *addresses])


def of(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_counts_are_those_of_the_day(tmp_path: Path) -> None:
    result = check(tmp_path, *LINES)
    assert result.exit_code == ExitCode.DONE
    found = of(result)
    assert found["counts"]["lines"] == 3
    assert found["by"]["stores"] == {"S001": 2, "S002": 1}
    assert found["by"]["tills"] == {"3": 2, "4": 1}
    assert found["by"]["states of transactions"] == {"completed": 2, "training": 1}
    assert (found["first"], found["last"]) == (f"{DAY} 18:00:00+00:00", f"{DAY} 20:00:00+00:00")


def test_names_and_birth_dates_are_masked(tmp_path: Path) -> None:
    result = check(tmp_path, *LINES)
    line = of(result)["lines"][0]
    assert (line["cashier_id"], line["id_check_by"]) == ("****", "****")
    assert line["birth_date"] == "1990-**-**"
    assert not any(secret in result.output for secret in ("Mary", "Roe", "02-03"))


def test_ten_lines_are_shown_of_which_some_are_alcohol(tmp_path: Path) -> None:
    bread = [f"{n};S001;3;c;{DAY}T18:00:00Z;x;bread;1;1;N;;;" for n in range(10, 60)]
    shown = of(check(tmp_path, *bread, LINES[1]))["lines"]
    assert len(shown) == 10
    assert "wine" in [line["category"] for line in shown]


@pytest.mark.parametrize(
    ("line", "what", "example"),
    [
        ("5;S001;3;c;2026-03-27T18:00:00Z;b;beer;1;1;Z;;;", "unmapped_value in id_check", "row 3"),
        ("5;S001;3;c;2026-03-27T18:00:00Z;b;beer;1;x;Y;;;", "bad_number in amount", "seen: x"),
        ("5;S001;3;c;2026-03-27T18:00:00Z;b;Bier;1;1;N;;;", "sounds like alcohol", "Bier"),
        ("5;S001;3;c;2026-03-27T18:00:00Z;b;solvents;1;1;Y;;;", "has ID checks on 1 l", "solvents"),
    ],
)
def test_what_is_not_understood_is_named_with_an_example_and_exit_code_3(
    line: str, what: str, example: str, tmp_path: Path
) -> None:
    result = check(tmp_path, LINES[0], line)
    assert result.exit_code == ExitCode.ABOVE_LIMITS
    [unclear] = of(result)["unclear"]
    assert what in unclear["what"]
    assert example in unclear["example"]
    assert unclear["rows"] == 1


def test_words_that_a_source_of_several_does_not_name_are_not_understood(tmp_path: Path) -> None:
    state = 'transaction_state = { column = "state", values = { T = "training" } }'
    assert state in MAPPING
    several = (
        'transaction_state = { first_of = [ { column = "check", values = { Z = "voided", Y = "" }'
        ' }, { column = "state", values = { T = "training" } } ] }'
    )
    result = check(tmp_path, *LINES, f"{LINES[2][:-1]}Yes", mapping=MAPPING.replace(state, several))
    assert result.exit_code == ExitCode.ABOVE_LIMITS
    [unclear] = [each for each in of(result)["unclear"] if not each["harmless"]]
    assert unclear["what"] == "a value that the mapping does not name"
    assert unclear["example"].endswith("column transaction_state, value Yes")


def test_a_birth_date_that_nothing_names_is_withheld(tmp_path: Path) -> None:
    checked = 'id_check = { column = "check", values = { Y = "id_viewed", N = "none" } }'
    assert checked in MAPPING
    born = 'id_check = { column = "dob", values = { "" = "none" }, otherwise = "dob_entered" }'
    result = check(tmp_path, *LINES, mapping=MAPPING.replace(checked, born))
    assert of(result)["by"]["ID checks of the alcohol sales"]["dob_entered"] == 1
    assert "value (withheld)" in result.stdout
    assert "1990-02" not in result.output


def test_articles_that_sound_like_alcohol_are_named_with_their_category(tmp_path: Path) -> None:
    gin = f"5;S001;3;c;{DAY}T18:00:00Z;Gin;misc;1;1;N;;;"
    mapping = MAPPING.replace('category = "dept"', 'category = "dept"\ndescription = "sku"')
    result = check(tmp_path, LINES[0], gin, mapping=mapping)
    assert result.exit_code == ExitCode.ABOVE_LIMITS
    [unclear] = of(result)["unclear"]
    assert "sound like it; if they are alcohol" in unclear["what"]
    assert (unclear["rows"], unclear["example"]) == (1, "misc: Gin")


def test_articles_that_say_that_they_have_no_alcohol_are_named_and_may_stay(tmp_path: Path) -> None:
    free = [
        f"{number};S001;3;c;{DAY}T18:00:00Z;{name};beer;1;1;N;;;"
        for number, name in enumerate(
            ("Pils alkoholfrei", "Lager 0,0 %", "Bière sans alcool", "Stout")
        )
    ]
    mapping = MAPPING.replace('category = "dept"', 'category = "dept"\ndescription = "sku"')
    result = check(tmp_path, *free, mapping=mapping)
    assert result.exit_code == ExitCode.DONE
    [unclear] = of(result)["unclear"]
    assert "alcohol_free_names" in unclear["what"]
    assert unclear["rows"] == 3
    assert unclear["example"] == "Pils alkoholfrei, Lager 0,0 %, Bière sans alcool"


AGE_LINE = f"1;S001;3;c;{DAY}T18:00:00Z;;;;;{{check}};;{{dob}};A"
TYPED = MAPPING.replace(
    'transaction_state = { column = "state", values = { T = "training" } }',
    'line_type = { column = "state", values = { A = "id_check", "" = "item" } }',
)


def test_a_line_of_an_id_check_that_says_nothing_is_not_understood(tmp_path: Path) -> None:
    silent = AGE_LINE.format(check="", dob="")
    mapping = TYPED.replace('N = "none"', 'N = "none", "" = "not_recorded"')
    result = check(tmp_path, *LINES[:2], silent, silent, mapping=mapping)
    assert result.exit_code == ExitCode.ABOVE_LIMITS
    [unclear] = of(result)["unclear"]
    assert "map the column that says how the check ended to id_check" in unclear["what"]
    assert unclear["rows"] == 2
    assert unclear["example"] == f"{DAY}.csv, row 4"


@pytest.mark.parametrize(
    ("check_word", "dob", "age"),
    [("Y", "", ""), ("", "1990-02-03", ""), ("", "", "18"), ("N", "", "")],
)
def test_a_line_of_an_id_check_that_says_something_is_understood(
    check_word: str, dob: str, age: str, tmp_path: Path
) -> None:
    said = AGE_LINE.format(check=check_word, dob=dob)
    required = f'required_age = {{ constant = "{age}" }}\n' if age else ""
    mapping = TYPED.replace('N = "none"', 'N = "none", "" = "not_recorded"')
    result = check(tmp_path, *LINES[:2], said, mapping=mapping + required)
    assert of(result)["unclear"] == []
    assert result.exit_code == ExitCode.DONE


def test_what_is_bought_beside_alcohol_is_explained_by_it(tmp_path: Path) -> None:
    beside = [
        f"1;S001;3;c;{DAY}T18:00:00Z;x;{name};1;1;Y;;;" for name in ("bread", "tobacco products")
    ]
    result = check(tmp_path, *LINES, *beside)
    assert of(result)["unclear"] == []
    assert result.exit_code == ExitCode.DONE


def test_numbers_of_differing_widths_are_named_and_may_stay(tmp_path: Path) -> None:
    (tmp_path / "sales").mkdir()
    row = dict(zip(HEADER.split(";"), LINES[0].split(";"), strict=True))
    rows = [json.dumps(row | {"nr": str(sku), "sku": sku}) for sku in (123, 1234)]
    (tmp_path / f"sales/{DAY}.jsonl").write_text("\n".join(rows), "utf-8")
    numbers = MAPPING.replace("{day}.csv", "{day}.jsonl").replace('format = "csv"\n', "")
    ignored = '[[mapping.sales]]\nfiles = "*.csv"\nignore = true\n'
    result = check(tmp_path, mapping=numbers.replace('delimiter = ";"\n', "") + ignored)
    assert result.exit_code == ExitCode.DONE
    [zeros] = of(result)["unclear"]
    assert zeros["harmless"]
    assert "leading zeros" in zeros["what"]


def test_a_column_that_nothing_reads_is_named_and_may_stay(tmp_path: Path) -> None:
    without = MAPPING.replace('id_check_by = "by"\n', "")
    result = check(tmp_path, *LINES, mapping=without)
    assert result.exit_code == ExitCode.DONE
    [unused] = of(result)["unclear"]
    assert unused["harmless"]
    assert "column by" in unused["example"]


@pytest.mark.parametrize(
    ("column", "told"),
    [("state", ""), ("Training", "training"), ("RETURN_FLAG", "given back"), ("Birth date", "age")],
)
def test_a_column_whose_name_tells_of_the_sale_is_to_be_read(
    column: str, told: str, tmp_path: Path
) -> None:
    without = MAPPING[: MAPPING.index("transaction_state")]
    header = HEADER.replace("state", column)
    (tmp_path / "sales").mkdir()
    (tmp_path / f"sales/{DAY}.csv").write_text("\n".join((header, *LINES)), "utf-8")
    result = check_as_is(tmp_path, without)
    assert result.exit_code == (ExitCode.ABOVE_LIMITS if told else ExitCode.DONE)
    [unread] = of(result)["unclear"]
    assert column in unread["example"]
    assert told in unread["what"]
    passed_over = f'[{{ column = "{column}", values = {{ "*" = "" }} }}, {{ constant = "item" }}]'
    result = check_as_is(tmp_path, f"{without}line_type = {{ first_of = {passed_over} }}\n")
    assert result.exit_code == ExitCode.DONE


def test_an_export_without_rows_is_named(tmp_path: Path) -> None:
    result = check(tmp_path)
    assert result.exit_code == ExitCode.ABOVE_LIMITS
    unclear = {each["what"]: each["rows"] for each in of(result)["unclear"]}
    assert unclear["a till export with a header and no rows"] is None


def test_a_sheet_that_may_hold_sales_and_is_not_read_is_not_understood(tmp_path: Path) -> None:
    head, *lines = ([*row.split(";")] for row in (HEADER, *LINES))
    without = [row[:-4] for row in (head, *lines)]  # and so without the ID check
    sheets = {"Cover": [["Sales"]], "1": [head, *lines], "2": without}
    (tmp_path / "sales").mkdir()
    (tmp_path / f"sales/{DAY}.xlsx").write_bytes(xlsx_bytes(sheets))
    by = MAPPING.replace("csv", "xlsx").replace('delimiter = ";"\n', "")
    (tmp_path / "mapping.toml").write_text(by, "utf-8")
    addresses = [f"--mapping={tmp_path / 'mapping.toml'}", f"--sales={tmp_path / 'sales'}"]
    result = CliRunner().invoke(main, ["mapping", "check", "--day", DAY, "--json", *addresses])
    assert result.exit_code == ExitCode.ABOVE_LIMITS
    lost, cover = of(result)["unclear"]
    assert "sheet" in lost["what"]
    assert "its sheet 2 was not read" in lost["example"]
    assert (lost["harmless"], cover["harmless"]) == (False, True)


def test_a_day_without_alcohol_is_not_understood(tmp_path: Path) -> None:
    result = check(tmp_path, f"1;S001;3;c;{DAY}T18:00:00Z;b1;food;1;1.95;N;;;")
    assert result.exit_code == ExitCode.ABOVE_LIMITS
    assert "no alcohol sale" in of(result)["unclear"][0]["what"]


def test_a_wrong_mapping_is_exit_code_2_and_a_day_without_files_1(tmp_path: Path) -> None:
    wrong = check(tmp_path, *LINES, mapping=MAPPING.replace("delimiter", "delimeter"))
    assert wrong.exit_code == ExitCode.WRONG_USE
    assert "delimiter" in wrong.output
    nothing = check(tmp_path, *LINES, mapping=MAPPING, sales="mapping.toml")
    assert nothing.exit_code == ExitCode.ABOVE_LIMITS  # the file is there, and is no export
    (tmp_path / "empty").mkdir()
    missing = check(tmp_path, *LINES, sales="empty")
    assert missing.exit_code == ExitCode.FAILED
    assert "no file below" in missing.output


def test_frames_are_counted_and_matched(tmp_path: Path) -> None:
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots/S001_3_20260327_180005.jpg").write_bytes(b"")
    options = {"mapping": MAPPING + FRAMES, "snapshots": "snapshots"}
    # By a clock that is an hour off, as in summer, it would be the other sale's.
    found = of(check(tmp_path, *LINES, **options))
    assert (found["snapshots"]["frames"], found["snapshots"]["matched"]) == (1, 0)
    (tmp_path / "snapshots/S001_3_20260327_190005.jpg").write_bytes(b"")
    found = of(check(tmp_path, *LINES, **options))
    assert (found["snapshots"]["frames"], found["snapshots"]["matched"]) == (2, 2)
    assert found["snapshots"]["example"]["till_id"] == "3"


def test_frames_of_a_till_that_the_export_lacks_are_named(tmp_path: Path) -> None:
    (tmp_path / "snapshots").mkdir()
    for till in ("03", "3"):
        (tmp_path / f"snapshots/S001_{till}_20260327_190005.jpg").write_bytes(b"")
    result = check(tmp_path, *LINES, mapping=MAPPING + FRAMES, snapshots="snapshots")
    assert result.exit_code == ExitCode.ABOVE_LIMITS
    (found,) = (each for each in of(result)["unclear"] if "frames" in each["what"])
    assert found["rows"] == 1
    assert found["example"] == "till 03 of store S001: the export has 3; did you mean 3?"


def test_frames_that_an_index_names_and_that_are_not_there_are_named(tmp_path: Path) -> None:
    index = tmp_path / "snapshots/cam/index.csv"
    index.parent.mkdir(parents=True)
    index.write_text(f"id;store;till;at;image\n1;S001;3;{DAY}T18:00:05Z;a.jpg\n", "utf-8")
    (index.parent / "a.jpg").write_bytes(b"")
    joined = '{ join = [{ constant = "cam/" }, "image"], separator = "" }'
    for path, there in (('"image"', False), (joined, True)):
        mapping = f"{MAPPING}{INDEX}path = {path}\n"
        result = check(tmp_path, *LINES, mapping=mapping, snapshots="snapshots")
        assert (result.exit_code == ExitCode.DONE) == there
        assert any("not there" in what for what in unclear(result)) != there


CHECKS = """
[[mapping.sales]]
files = "checks_{day}.csv"
[mapping.sales.columns]
transaction_id = "nr"
store_id = "store"
till_id = "till"
sold_at = "at"
line_type = { constant = "id_check" }
id_check = { column = "r", values = { OK = "id_viewed" } }
"""


def unclear(result: Result) -> list[str]:
    return [each["what"] for each in of(result)["unclear"] if not each["harmless"]]


def test_sales_with_a_minus_are_named(tmp_path: Path) -> None:
    minus = [line.replace(";1;", ";-1;").replace(";1.95;", ";-1.95;") for line in LINES[:1]]
    result = check(tmp_path, *minus)
    assert result.exit_code == ExitCode.ABOVE_LIMITS
    assert any("set divide = -1" in what for what in unclear(result))

    divided = MAPPING
    for name in ("qty", "price"):
        divided = divided.replace(f'"{name}"', f'{{ column = "{name}", divide = -1 }}')
    assert check(tmp_path, *minus, mapping=divided).exit_code == ExitCode.DONE


def test_an_entry_without_a_file_is_named_unless_it_is_optional(tmp_path: Path) -> None:
    result = check(tmp_path, *LINES[:1], mapping=MAPPING + CHECKS)
    assert result.exit_code == ExitCode.ABOVE_LIMITS
    (found,) = (each for each in of(result)["unclear"] if not each["harmless"])
    assert "optional = true" in found["what"]
    assert found["example"] == "value checks_{day}.csv"

    optional = CHECKS.replace("[mapping.sales.columns]", "optional = true\n[mapping.sales.columns]")
    assert check(tmp_path, *LINES[:1], mapping=MAPPING + optional).exit_code == ExitCode.DONE


def test_a_file_of_checks_only_needs_no_article(tmp_path: Path) -> None:
    (tmp_path / "sales").mkdir()
    checks = f"nr,store,till,at,r\n2,S001,3,{DAY}T19:00:00Z,OK\n"
    (tmp_path / f"sales/checks_{DAY}.csv").write_text(checks, "utf-8")

    result = check(tmp_path, *LINES, mapping=MAPPING + CHECKS)

    assert result.exit_code == ExitCode.DONE
    assert of(result)["by"]["ID checks of the alcohol sales"] == {"id_viewed": 2}


@pytest.mark.parametrize(
    ("names", "frames", "code"),
    [
        (["cams/S001/3/180005.jpg"], 0, ExitCode.ABOVE_LIMITS),
        (["cams/S001/3/180005.jpg", "a/1.png", "S001_3_20260327_190005.jpg"], 1, ExitCode.DONE),
        (["S001_3_20260327_190005.jpg", "readme.txt"], 1, ExitCode.DONE),
        ([], 0, ExitCode.DONE),
    ],
)
def test_pictures_that_no_pattern_fits_are_named(
    names: list[str], frames: int, code: ExitCode, tmp_path: Path
) -> None:
    (tmp_path / "snapshots").mkdir()
    for name in names:
        (tmp_path / "snapshots" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "snapshots" / name).write_bytes(b"")

    result = check(tmp_path, *LINES, mapping=MAPPING + FRAMES, snapshots="snapshots")

    assert (of(result)["snapshots"]["frames"], result.exit_code) == (frames, code)
    noted = [each for each in of(result)["unclear"] if each["what"].startswith("pictures")]
    left_out = [name for name in names if "/" in name]
    assert [each["rows"] for each in noted] == ([len(left_out)] if left_out else [])
    assert all("180005.jpg" in each["example"] or "1.png" in each["example"] for each in noted)


@pytest.mark.parametrize(
    ("number", "unit"), [("1774634405", "seconds"), ("1774634405123", "milliseconds")]
)
def test_frames_whose_names_count_from_1970_are_matched(
    number: str, unit: str, tmp_path: Path
) -> None:
    (tmp_path / "snapshots").mkdir()
    (tmp_path / f"snapshots/S001_3_{number}.jpg").write_bytes(b"")
    (tmp_path / f"snapshots/S001_3_{number.replace('634405', '638005')}.jpg").write_bytes(b"")
    frames = (
        '[[mapping.snapshots]]\nframes = "{store}_{till}_{time}.jpg"\n'
        f'[mapping.snapshots.columns]\ncaptured_at = {{ path = "time", epoch = "{unit}" }}\n'
    )
    found = of(check(tmp_path, *LINES, mapping=MAPPING + frames, snapshots="snapshots"))
    assert (found["snapshots"]["frames"], found["snapshots"]["matched"]) == (2, 2)
    assert found["snapshots"]["example"]["captured_at"].startswith(f"{DAY} 18:00:05")


def test_nothing_is_written(tmp_path: Path) -> None:
    check(tmp_path, *LINES)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    arguments = ["--mapping", str(tmp_path / "mapping.toml"), "--sales", str(tmp_path / "sales")]
    CliRunner().invoke(main, ["mapping", "check", "--day", DAY, *arguments])
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def asking(database: Path, query: str) -> str:
    """The mapping of a database."""
    entry = f"query = {json.dumps(query)}\ndatabase = 'sqlite:///{database}'"
    files = 'files = "{day}.csv"\nformat = "csv"\ndelimiter = ";"'
    return MAPPING.replace(files, f'format = "sql"\n{entry}')


def test_a_database_is_asked_without_an_extract_being_kept(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy")
    row = dict(zip(HEADER.split(";"), LINES[0].split(";"), strict=True))
    (tmp_path / "till.db").write_bytes(sqlite_bytes([row]))
    result = check(tmp_path, mapping=asking(tmp_path / "till.db", "SELECT * FROM lines"))
    assert of(result)["counts"]["alcohol_sales"] == 1, result.output
    assert of(result)["lines"][0]["birth_date"] == "1990-**-**"
    assert not list(tmp_path.rglob("extracts"))


def test_of_a_database_only_so_many_rows_are_looked_at(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy")
    columns = HEADER.split(";")
    row = ", ".join(
        f"'{value}' AS \"{name}\"" for name, value in zip(columns, LINES[0].split(";"), strict=True)
    )
    (tmp_path / "till.db").write_bytes(sqlite_bytes([dict.fromkeys(columns, "")]))
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
    mapping = asking(tmp_path / "till.db", f"{endless} SELECT x, {row} FROM n")  # noqa: S608  # our own
    found = of(check(tmp_path, mapping=mapping))
    assert (found["counts"]["lines"], len(found["lines"])) == (100_000, 10)
    (beyond,) = (each for each in found["unclear"] if "query" in each["what"])
    assert beyond["harmless"]
    assert "100,000" in beyond["what"]
