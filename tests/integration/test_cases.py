"""Days small enough to know the right answer by heart: `auditor run` on each folder of tests/cases.

A folder holds a day's inputs and a README.txt, which says what is right. A new case is a folder and
a test named after it.
"""

import csv
import hashlib
import importlib.util
import json
import re
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main
from auditor.errors import ExitCode
from auditor.faces import decoder
from auditor.mapping import load_mapping
from auditor.storage import revisions
from auditor.storage.daily import read_daily
from auditor.storage.partitions import read_day
from auditor.storage.place import Place
from tests.support.extra_frames import tiff
from tests.support.page_reader import Reader
from tests.support.paths import ROOT

CASES = ROOT / "tests" / "cases"
DAY = "2026-03-27"
NEXT_DAY = "2026-03-28"


class Case:
    """A copy of a case's folder, in which the audit may do its worst."""

    def __init__(self, name: str, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(CASES / name, folder)

    def run(self, *more: str, out: str = "out", day: str = DAY, **changes: str) -> Result:
        """Run the audit of a day; ``changes`` are files and folders other than usual."""
        options = {"sales": "sales", "snapshots": "snapshots", "policy": "policy.toml", "out": out}
        addresses = [f"--{k}={self.folder / v}" for k, v in (options | changes).items()]
        return CliRunner().invoke(main, ["run", "--day", day, *addresses, *more])

    def auditor(self, *arguments: str) -> Result:
        """Run any command; an argument with @ before it is a path of the folder."""
        paths = (a.replace("@", f"{self.folder}/") for a in arguments)
        return CliRunner().invoke(main, list(paths))

    def page(self, name: str = "index.html") -> str:
        """The text of a page, with every white space made one blank."""
        page = self.folder / "out" / "reports" / DAY / name
        return " ".join(Reader(page.read_bytes()).text.split())

    def flags(self) -> list[dict[str, str]]:
        """The flagged sales as the report lists them, the first first."""
        path = self.folder / "out" / "reports" / DAY / "flags.csv"
        with path.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    def table(self, name: str, day: str = DAY) -> list[dict[str, Any]]:
        """The stored rows of a table of a day."""
        place = Place(str(self.folder / "out"))
        rows: list[dict[str, Any]] = read_day(place, name, date.fromisoformat(day)).to_pylist()
        return rows

    def table_of_day(self, name: str) -> list[dict[str, Any]]:
        """The rows of a table that has one file a day."""
        place = Place(str(self.folder / "out"))
        ((_, _, table),) = read_daily(place, name, [date.fromisoformat(DAY)])
        rows: list[dict[str, Any]] = table.to_pylist()
        return rows

    def ledger(self) -> dict[str, dict[str, Any]]:
        """The alcohol sales of the day, by transaction."""
        return {row["transaction_id"]: row for row in self.table("ledger")}

    def sales(self, day: str = DAY) -> list[dict[str, Any]]:
        """The alcohol sales of a day in the order of their starts."""
        return sorted(self.table("ledger", day), key=lambda row: row["started_at"])

    def coverage(self, day: str = DAY) -> dict[str, Any]:
        """What is counted of the day's only store."""
        (row,) = self.table("coverage", day)
        return row

    def rewrite(self, path: str, old: str, new: str) -> None:
        """Replace a text of a file, which has it."""
        file = self.folder / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    def files(self) -> dict[str, str]:
        """Every file of the folder with its hash."""
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.folder.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    """The case that the test names."""
    return Case(request.param, tmp_path / "case")


def of(name: str) -> pytest.MarkDecorator:
    """Run a test on this case."""
    return pytest.mark.parametrize("case", [name], indirect=True)


def test_every_case_is_run() -> None:
    folders = {folder.name for folder in CASES.iterdir()}
    source = Path(__file__).read_text(encoding="utf-8")
    assert {name for name in folders if f'@of("{name}")' not in source} == set()


@of("01-birth-date-under-18")
def test_a_recorded_birth_date_under_the_legal_age_is_flagged_first(case: Case) -> None:
    done = case.run()
    assert done.exit_code == ExitCode.DONE, done.output
    found = [(row["rank"], row["transaction_id"], row["reason"]) for row in case.flags()[:2]]
    assert found == [("1", "T1", "recorded_underage"), ("2", "T2", "recorded_underage")]
    assert "id_checked" not in done.output


@of("02-out-is-a-file")
def test_an_out_that_is_a_file_is_refused_and_left_alone(case: Case) -> None:
    before = case.files()
    done = case.run(out="notes.txt")
    assert done.exit_code == ExitCode.WRONG_USE, done.output
    assert "notes.txt" in done.stderr
    assert case.files() == before


@of("35-german-csv")
def test_a_german_tills_csv_is_read_by_the_mapping_that_comes_with_the_program(case: Case) -> None:
    done = case.run("--mapping", "german-csv")
    assert done.exit_code == ExitCode.DONE, done.output
    (sale,) = case.table("ledger")
    found = (sale["transaction_id"], sale["outcome"], sale["id_check"], sale["cashier_id"])
    assert found == ("4711", "id_checked", "id_viewed", "Müller, J.")
    (alcohol,) = [line for line in sale["basket"] if line["alcohol"]]
    assert (alcohol["description"], alcohol["amount"]) == ("Weißbier 0,5l", Decimal("1.29"))
    assert case.table("rejects") == []
    mapping = load_mapping("german-csv")
    assert mapping is not None
    assert [row["mapping_sha256"] for row in case.table("provenance")] == [mapping.sha256]
    kept = case.folder / "out" / "mappings" / f"{mapping.sha256}.json"
    assert kept.read_bytes() == mapping.canonical


@of("35-german-csv")
def test_without_a_mapping_the_terminal_says_what_the_file_looks_like(
    case: Case,
) -> None:
    done = case.run()
    assert "Bondaten_20260327.csv: this looks semicolon-separated" in _plain(done.stderr)
    assert "auditor mapping suggest" in _plain(done.stderr)


@of("41-no-index")
def test_frames_without_an_index_are_found_by_their_names(case: Case) -> None:
    done = case.run(mapping="mapping.toml")
    assert done.exit_code == ExitCode.DONE, done.output
    (sale,) = case.table("ledger")
    assert (sale["transaction_id"], sale["snapshot_id"]) == ("T1", "S001_T03_20260327_181502.jpg")
    assert sale["reason"] != "snapshot_missing"
    assert case.table("rejects") == []


@of("41-no-index")
def test_a_mapping_is_named_by_the_environment_too(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDITOR_MAPPING", "german-csc")
    done = case.run()
    assert done.exit_code == ExitCode.WRONG_USE
    assert "the nearest is german-csv" in done.stderr


@of("08-check-on-another-line")
def test_a_check_on_another_line_of_the_transaction_counts(case: Case) -> None:
    done = case.run()
    assert done.exit_code == ExitCode.DONE, done.output
    found = {t: (row["outcome"], row["id_check"]) for t, row in case.ledger().items()}
    assert found == {"C1": ("id_checked", "id_scanned"), "C2": ("id_checked", "dob_entered")}


@of("16-discount-line-of-the-article")
def test_a_discount_line_of_the_article_makes_a_cheaper_sale(case: Case) -> None:
    done = case.run()
    assert done.exit_code == ExitCode.DONE, done.output
    assert {t: row["amount"] for t, row in case.ledger().items()} == {"R3": Decimal("1.80")}


@of("32-self-checkout-without-cashier")
def test_a_sale_without_a_cashier_is_flagged_like_any_other(case: Case) -> None:
    done = case.run()
    assert done.exit_code == ExitCode.DONE, done.output
    found = [(row["transaction_id"], row["cashier_id"], row["reason"]) for row in case.flags()]
    assert found == [("K1", "", "none")]
    page = (case.folder / "out" / "reports" / DAY / "index.html").read_text(encoding="utf-8")
    assert "<dt>Cashier</dt><dd>no cashier</dd>" in page


@of("01-birth-date-under-18")
def test_birth_dates_and_check_times_that_cannot_be_read_are_told_and_count(case: Case) -> None:
    sales, policy = case.folder / "sales" / f"{DAY}.csv", case.folder / "policy.toml"
    rows = list(csv.DictReader(sales.read_text().splitlines()))
    rows[0] |= {"birth_date": "01.01.2010"}
    rows[1] |= {"id_check_at": "27/03/2026 06:00"}
    with sales.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, [*rows[0]])
        writer.writeheader()
        writer.writerows(rows)
    done = case.run()
    assert done.exit_code == ExitCode.DONE, done.output  # the policy allows any share
    assert "Cells left out: 1 birth_date, 1 id_check_at" in done.stderr
    policy.write_text(policy.read_text().replace("max_rejected_share = 1", ""))
    done = case.run()
    assert done.exit_code == ExitCode.ABOVE_LIMITS, done.output
    assert "input rows were set aside or lack what their age check needs" in _plain(done.stderr)
    found = case.auditor(
        *("check", "--day", DAY, "--sales", "@sales", "--snapshots", "@snapshots"),
        *("--policy", "@policy.toml", "--out", "@out"),
    )
    said = "rows 2 can be read, without some of their cells (1 birth_date, 1 id_check_at)"
    assert said in _plain(found.output)


@of("37-poslog-xml")
def test_a_poslog_is_read_by_the_mapping_that_comes_with_the_program(case: Case) -> None:
    done = case.run("--mapping", "poslog-6")
    assert done.exit_code == ExitCode.DONE, done.output
    (sale,) = case.table("ledger")
    assert (sale["id_check"], sale["birth_date"]) == ("dob_entered", date(1990, 1, 2))
    assert case.table("rejects") == []


@of("37-poslog-xml")
def test_without_a_mapping_the_terminal_names_those_that_come_with_the_program(
    case: Case,
) -> None:
    done = case.run()
    assert done.exit_code == ExitCode.ABOVE_LIMITS
    assert "POSLog_20260327.xml: it is XML, and no mapping names it" in _plain(done.stderr)
    assert "--mapping poslog-6 or ncr-acs" in _plain(done.stderr)


@of("38-xlsx")
def test_a_workbook_with_our_columns_is_read(case: Case) -> None:
    done = case.run()
    assert done.exit_code == ExitCode.DONE, done.output
    assert [sale["transaction_id"] for sale in case.table("ledger")] == ["4711"]


@of("39-jsonl")
def test_json_lines_with_our_columns_are_read(case: Case) -> None:
    done = case.run()
    assert done.exit_code == ExitCode.DONE, done.output
    assert [sale["transaction_id"] for sale in case.table("ledger")] == ["4711"]


@of("40-sqlite")
def test_a_database_file_is_read_by_a_mapping(case: Case) -> None:
    done = case.run(mapping="mapping.toml")
    assert done.exit_code == ExitCode.DONE, done.output
    assert [sale["transaction_id"] for sale in case.table("ledger")] == ["4711"]
    assert [row["reason"] for row in case.table("rejects")] == []


@of("40-sqlite")
def test_a_database_file_that_no_mapping_names_is_named(
    case: Case,
) -> None:
    done = case.run()
    assert done.exit_code == ExitCode.ABOVE_LIMITS
    assert "tills-2026-03-27.db: it is a SQLite database, and no mapping names it" in _plain(
        done.stderr
    )


@of("03-category-not-in-policy")
def test_an_export_without_known_alcohol_but_with_id_checks_is_not_a_day_without_alcohol(
    case: Case,
) -> None:
    check = (
        *("check", "--day", DAY, "--sales", "@sales", "--snapshots", "@snapshots"),
        *("--policy", "@policy.toml", "--out", "@out"),
    )
    before = _plain(case.auditor(*check).output)
    assert "is alcohol by the policy, and it has “Wein” (1 line, 1 with an ID check)" in before
    done = case.run()
    assert done.exit_code == ExitCode.ABOVE_LIMITS, done.output
    named = "“Wein” (1 line, 1 with an ID check), “Bier” (1 line)"
    assert named in _plain(done.stderr)
    assert "No alcohol was sold" not in case.page()
    assert named in case.page()
    found = case.auditor(*check)
    assert found.exit_code == ExitCode.ABOVE_LIMITS
    assert named in _plain(found.output)


@of("03-category-not-in-policy")
@pytest.mark.parametrize(
    ("key", "code"), [("alcohol_categories", "flagged"), ("other_categories", "0 alcohol sales")]
)
def test_a_category_that_the_policy_names_is_known(case: Case, key: str, code: str) -> None:
    policy = case.folder / "policy.toml"
    policy.write_text(f'{policy.read_text()}{key} = ["bier", "WEIN"]\n')
    done = case.run()
    assert done.exit_code == ExitCode.DONE, done.output
    assert code in done.output


@of("14-note-of-another-officer")
def test_a_note_stands_under_who_wrote_it(case: Case) -> None:
    assert case.run().exit_code == ExitCode.DONE
    decide = ("decide", "--out", "@out", "--day", DAY, "--sale", "S001/T1")
    case.auditor(*decide, "--decision", "looks_older", "--by", "A. Officer")
    case.auditor(*decide, "--decision", "note", "--by", "B. Other", "--note", "I do not agree")
    (row,) = case.flags()
    assert (row["decided_by"], row["decision_note"]) == ("A. Officer", "")
    assert (row["last_note_by"], row["last_note"]) == ("B. Other", "I do not agree")
    assert "by A. Officer, " in case.page()
    assert re.search(r"Note by B\. Other, [^:]*:\d\d UTC: I do not agree", case.page())


@of("17-empty-address")
@pytest.mark.parametrize("given", ["option", "variable", "policy"])
def test_an_empty_address_is_refused_and_nothing_written(
    case: Case, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.chdir(case.folder)
    before = case.files()
    options = {"--sales": "sales", "--snapshots": "snapshots", "--out": "out"}
    if given == "option":
        options |= {"--sales": "", "--out": ""}
    elif given == "variable":
        del options["--out"]
        monkeypatch.setenv("AUDITOR_OUT", "")
    else:
        monkeypatch.setenv("AUDITOR_POLICY", " ")
    done = case.auditor("run", "--day", DAY, *(part for pair in options.items() for part in pair))
    assert done.exit_code == ExitCode.WRONG_USE, done.output
    assert "is empty" in done.stderr
    assert case.files() == before


@of("18-expire-of-no-folder")
@pytest.mark.parametrize("out", ["@outt", "@sales"])
@pytest.mark.parametrize(
    "command",
    [
        ("expire", "--policy", "@policy.toml", "--as-of", "2026-11-30"),
        ("diff", "--from", DAY, "--to", DAY),
        ("decisions", "--day", DAY),
        ("decide", "--day", DAY, "--sale", "S001/T1", "--decision", "cannot_tell", "--by", "A"),
        ("pack", "--week", "2026-W13"),
        ("insights", "--from", DAY, "--to", DAY),
    ],
    ids=lambda command: command[0],
)
def test_a_folder_without_results_is_an_error(
    case: Case, command: tuple[str, ...], out: str
) -> None:
    before = case.files()
    done = case.auditor(*command, "--out", out)
    assert done.exit_code == ExitCode.WRONG_USE, done.output
    assert "there are no results at" in done.stderr
    assert case.files() == before


@of("18-expire-of-no-folder")
def test_faces_of_a_result_expire(case: Case) -> None:
    assert case.run().exit_code == ExitCode.DONE
    done = case.auditor(
        "expire", "--out", "@out", "--policy", "@policy.toml", "--as-of", "2026-11-30"
    )
    assert (done.exit_code, done.output) == (ExitCode.DONE, f"Removed crops/day={DAY}\n")


@of("06-numbers-by-till")
def test_numbers_counted_by_till_never_mix(case: Case) -> None:
    done = case.run()
    assert done.exit_code == ExitCode.DONE, done.output
    first, second = case.sales()
    assert (first["cashier_id"], first["outcome"], first["snapshot_id"]) == (
        "E1",
        "inconclusive",
        None,
    )
    assert (second["cashier_id"], second["outcome"], second["snapshot_id"]) == (
        "E2",
        "id_checked",
        "F1",
    )
    assert case.coverage()["duplicate_transactions"] == 0


@of("09-midnight")
def test_a_sale_over_midnight_is_one_sale_with_its_check(case: Case) -> None:
    done = case.run()
    assert done.exit_code == ExitCode.DONE, done.output
    (sale,) = case.sales()
    assert (sale["outcome"], len(sale["basket"]), sale["snapshot_id"]) == ("id_checked", 2, "F1")
    assert case.coverage()["lines_of_other_days"] == 1
    assert case.coverage()["lines_rejected"] == 0


@of("09-midnight")
@pytest.mark.parametrize("days", [(DAY, NEXT_DAY), (NEXT_DAY, DAY)])
@pytest.mark.parametrize("files", ["all", "each its own", "the next day's"])
def test_a_sale_over_midnight_is_counted_once_whatever_is_audited_first(
    case: Case, days: tuple[str, str], files: str
) -> None:
    sales = case.folder / "sales"
    own, following = sales / f"{DAY}.csv", sales / f"{NEXT_DAY}.csv"
    head, first, second = own.read_text(encoding="utf-8").splitlines(keepends=True)
    if files == "all":
        own.rename(sales / "all.csv")
    elif files == "each its own":
        own.write_text(head + first, encoding="utf-8")
        following.write_text(head + second, encoding="utf-8")
    else:
        own.write_text(head, encoding="utf-8")
        following.write_text(head + first + second, encoding="utf-8")
    for day in days:
        case.run(day=day)
    (sale,) = case.sales()
    assert (sale["outcome"], len(sale["basket"])) == ("id_checked", 2)
    assert case.coverage(NEXT_DAY)["transactions_from_before"] == 1
    assert case.sales(NEXT_DAY) == []


@of("09-midnight")
def test_a_sale_is_completed_when_the_next_file_arrives(case: Case) -> None:
    own = case.folder / "sales" / f"{DAY}.csv"
    head, first, second = own.read_text(encoding="utf-8").splitlines(keepends=True)
    own.write_text(head + first, encoding="utf-8")
    case.run()
    (before,) = case.sales()
    assert len(before["basket"]) == 1
    later, out = case.folder / "sales" / f"{NEXT_DAY}.csv", Place(str(case.folder / "out"))

    # What the next day sells by itself is not this day's matter: the day rests on its own file.
    later.write_text(head + second.replace("M1,", "M7,"), encoding="utf-8")
    case.run()
    assert case.sales() == [before]
    assert revisions.count(out, date.fromisoformat(DAY), "S001") == 0

    later.write_text(head + second, encoding="utf-8")
    done = case.run(day=NEXT_DAY)
    assert f"Completed: 1 alcohol sales of {DAY}" in _plain(done.stderr)
    (after,) = case.sales()
    assert (len(after["basket"]), after["outcome"]) == (2, "id_checked")
    assert after["started_at"] == before["started_at"]
    assert revisions.count(out, date.fromisoformat(DAY), "S001") == 1

    completed = case.files()
    assert "Completed" not in case.run(day=NEXT_DAY).stderr
    case.run()
    assert case.files() == completed


@of("19-training-and-void-columns")
def test_columns_that_nobody_reads_are_named_once_on_the_page_and_by_the_check(case: Case) -> None:
    case.run()
    assert case.page().count("Columns that nobody read: training, voided.") == 1
    found = case.auditor(
        *("check", "--day", DAY, "--sales", "@sales", "--snapshots", "@snapshots"),
        *("--policy", "@policy.toml", "--out", "@out"),
    )
    assert re.search(r"warning +sales .*nobody read: training, voided", found.output)


@of("19-training-and-void-columns")
@pytest.mark.parametrize("is_set", [True, False])
def test_times_without_an_offset_and_a_time_zone_are_warned_of(case: Case, *, is_set: bool) -> None:
    if not is_set:
        case.rewrite("policy.toml", 'time_zone = "Europe/London"\n', "")
    case.run()
    assert ("the policy sets no time zone" in case.page()) is not is_set
    found = case.auditor("check", "--day", DAY, "--sales", "@sales", "--policy", "@policy.toml")
    assert ("the policy sets no time zone" in _plain(found.output)) is not is_set


@of("19-training-and-void-columns")
def test_training_and_voided_transactions_are_no_sales(case: Case) -> None:
    path = f"sales/{DAY}.csv"
    case.rewrite(path, "training,voided", "transaction_state")
    case.rewrite(path, ",1,0\n", ",training\n")
    case.rewrite(path, ",0,1\n", ",voided\n")
    done = case.run()
    assert done.exit_code == ExitCode.DONE, done.output
    assert case.sales() == []
    counts = case.coverage()
    assert (counts["training_transactions"], counts["voided_transactions"]) == (1, 1)
    page = (case.folder / "out/reports" / DAY / "index.html").read_text(encoding="utf-8")
    assert "rung up for practice" in page
    assert "voided after payment" in page


@of("33-till-day-to-0400")
@pytest.mark.parametrize("file", [f"{DAY}.csv", "all.csv"])
@pytest.mark.parametrize("days", [(DAY, NEXT_DAY), (NEXT_DAY, DAY)])
def test_a_day_that_ends_at_four_has_the_sales_of_the_night(
    case: Case, file: str, days: tuple[str, str]
) -> None:
    case.rewrite("policy.toml", "[[policy]]\n", '[[policy]]\nday_ends_at = "04:00"\n')
    (case.folder / "sales" / f"{DAY}.csv").rename(case.folder / "sales" / file)
    for day in days:
        done = case.run(day=day)
        if day == DAY:
            assert done.exit_code == ExitCode.DONE, done.output
    assert [(s["transaction_id"], s["snapshot_id"]) for s in case.sales()] == [
        ("M2", "F2"),
        ("M3", None),
    ]
    assert case.sales(NEXT_DAY) == []
    assert case.coverage()["lines_rejected"] == 0


@of("04-camera-clock-45-s-fast")
def test_frames_of_a_camera_whose_clock_is_fast_find_their_own_sales(case: Case) -> None:
    done = case.run()
    assert done.exit_code == ExitCode.DONE, done.output
    found = {number: row["snapshot_id"] for number, row in case.ledger().items()}
    assert found == {number: number.replace("T", "F") for number in found}
    (camera,) = case.table_of_day("camera_days")
    assert (camera["basis"], camera["offset_s"], camera["ambiguous"]) == ("pattern", 47, 0)
    said = "Its clock is 47 seconds ahead of the till's, give or take 1 second, by the pattern"
    assert said in case.page().replace("\u00a0", " ")
    report = json.loads((case.folder / "out/reports" / DAY / "report.json").read_bytes())
    assert [each["offset_s"] for each in report["cameras"]["on_day"]] == [47]


@of("11-frozen-camera")
def test_a_frozen_camera_shows_nobodys_face(case: Case) -> None:
    done = case.run()
    assert done.exit_code == ExitCode.DONE, done.output  # the policy allows any share
    sales = case.sales()
    assert {(sale["outcome"], sale["reason"], sale["age"]) for sale in sales} == {
        ("inconclusive", "camera_frozen", None)
    }
    assert not [*(case.folder / "out" / "crops").rglob("*.jpg")]
    (camera,) = case.table_of_day("camera_days")
    assert camera["frozen"] == len(sales) == 60
    assert "It was frozen: 60 sales have the same picture" in case.page().replace("\u00a0", " ")


@of("11-frozen-camera")
def test_two_sales_with_one_picture_are_not_frozen(case: Case) -> None:
    path = f"sales/{DAY}.csv"
    lines = (case.folder / path).read_text(encoding="utf-8").splitlines(keepends=True)
    (case.folder / path).write_text("".join(lines[:3]), encoding="utf-8")
    case.run()
    assert [sale["outcome"] for sale in case.sales()] == ["over_threshold"] * 2


@of("20-masked-faces")
def test_a_masked_face_is_given_no_age_or_one_that_may_be_right(case: Case) -> None:
    done = case.auditor("estimate", "--format", "json", "@.")
    assert done.exit_code == ExitCode.DONE, done.output
    rows = {Path(row["path"]).stem: row for row in json.loads(done.stdout)}
    masked = {name.removeprefix("mask__"): row for name, row in rows.items() if "mask" in name}
    assert len(masked) == 6
    for name, row in masked.items():
        plain = rows[f"plain__{name}"]
        assert plain["age"] is not None, name
        if row["reason"] != "face_covered":
            assert row["age_low"] <= plain["age"] <= row["age_high"], name
    assert sum(row["reason"] == "face_covered" for row in masked.values()) >= 4


@of("31-face-in-full-hd")
def test_a_face_in_a_large_frame_is_found(case: Case) -> None:
    case.run()
    (sale,) = case.sales()
    assert sale["outcome"] == "over_threshold"
    assert sale["age"] > 25
    assert sale["face_px"] == pytest.approx(103, abs=10)


@of("42-webp-heic")
def test_webp_is_read_and_a_format_that_is_not_is_named(case: Case) -> None:
    done = case.run()
    assert done.exit_code == ExitCode.DONE, done.output
    webp, heic = case.sales()
    convert = "have the camera write JPEG, PNG, WebP or BMP, or name heic in the policy's"
    assert webp["reason"] not in ("snapshot_missing", "snapshot_unreadable")
    assert (heic["reason"], heic["detail"]) == (
        "snapshot_unreadable",
        f"it is HEIC, which is not read: {convert} extra_frame_formats",
    )
    told = f"1 frame could not be read: {heic['detail']}."
    assert f"Till {heic['till_id']} of {heic['store_id']}: {told}" in _plain(done.stderr)
    for page in ("index.html", f"store-{heic['store_id']}.html"):
        text = case.page(page)
        assert text.count(heic["detail"]) == 2, page  # at the camera, and at the sale
        assert told in text
    case.rewrite("policy.toml", "time_zone", 'extra_frame_formats = ["heic"]\ntime_zone')
    assert case.run().exit_code == ExitCode.DONE
    _, heic = case.sales()
    assert (heic["reason"], heic["detail"]) == (
        "snapshot_unreadable",
        "the file is damaged or cut off: it does not say how many pixels it has",
    )


@of("43-extra-frame-formats")
def test_heic_avif_and_tiff_are_read_if_the_policy_names_them(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoder, "MOST_SECONDS", 1)
    deadly = tiff(1, 1_000_000, strips=1_000_000)
    (case.folder / "snapshots" / "deadly.tiff").write_bytes(deadly)
    done = case.run()
    assert done.exit_code == ExitCode.DONE, done.output
    webp, heic, dead, *others = case.sales()
    for sale in (heic, *others):
        assert sale["reason"] == webp["reason"]
        assert sale["age"] == pytest.approx(webp["age"], abs=1.5)
        assert sale["face_px"] == pytest.approx(webp["face_px"], abs=2)
        assert sale["snapshot_sha256"] != webp["snapshot_sha256"]
    assert len(others) == 2
    assert (dead["reason"], dead["detail"]) == (
        "snapshot_unreadable",
        "decoding it took more than 1 seconds of processor time",
    )
    assert dead["detail"] in case.page()
    crops = {path.name: path.read_bytes() for path in (case.folder / "out/crops").rglob("*.jpg")}
    assert len(crops) == 4
    first = case.files()
    assert case.run(out="again").exit_code == ExitCode.DONE
    second = case.files()
    same = [name for name in first if name.startswith("out/ledger")]
    assert same
    assert all(second[name.replace("out/", "again/", 1)] == first[name] for name in same)
    case.rewrite("policy.toml", 'extra_frame_formats = ["heic", "avif", "tiff"]\n', "")
    assert case.run().exit_code == ExitCode.DONE
    webp, *others = case.sales()
    named = [
        re.findall("name (.*) in the policy's extra_frame_formats", s["detail"]) for s in others
    ]
    assert (webp["detail"], named) == (None, [["heic"], ["tiff"], ["avif"], ["tiff"]])


@of("43-extra-frame-formats")
def test_a_format_without_a_decoder_ends_the_run_before_anything_is_written(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "pillow_heif" else found(name)
    )
    done = case.run()
    assert done.exit_code == ExitCode.WRONG_USE
    assert 'extra_frame_formats: heic needs the extra "images": install auditor[images]' in _plain(
        done.stderr
    )
    assert not (case.folder / "out").exists()


def _plain(text: str) -> str:
    return " ".join(text.split())
