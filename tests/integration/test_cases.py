"""Days small enough to know the right answer by heart: `auditor run` on each folder of tests/cases.

A folder holds a day's inputs and a README.txt, which says what is right. A new case is a folder and
a test named after it.
"""

import csv
import hashlib
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main
from auditor.errors import ExitCode
from auditor.storage.partitions import Partitions
from auditor.storage.place import Place
from tests.support.paths import ROOT

CASES = ROOT / "tests" / "cases"
DAY = "2026-03-27"


class Case:
    """A copy of a case's folder, in which the audit may do its worst."""

    def __init__(self, name: str, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(CASES / name, folder)

    def run(self, out: str = "out", **changes: str) -> Result:
        """Run the audit of the day; ``changes`` are options other than usual."""
        options = {"sales": "sales", "snapshots": "snapshots", "policy": "policy.toml", "out": out}
        addresses = [f"--{k}={self.folder / v}" for k, v in (options | changes).items()]
        return CliRunner().invoke(main, ["run", "--day", DAY, *addresses])

    def flags(self) -> list[dict[str, str]]:
        """The flagged sales as the report lists them, the first first."""
        path = self.folder / "out" / "reports" / DAY / "flags.csv"
        with path.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    def ledger(self) -> dict[str, dict[str, Any]]:
        """The alcohol sales of the day, by transaction."""
        out = Place(str(self.folder / "out"))
        kept = Partitions(out, "ledger", date.fromisoformat(DAY))
        rows = (row for store_id in kept.stores for row in kept.of(store_id).to_pylist())
        return {row["transaction_id"]: row for row in rows}

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
