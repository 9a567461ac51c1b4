"""Days small enough to know the right answer by heart: `auditor run` on each folder of tests/cases.

A folder holds a day's inputs and a README.txt, which says what is right. A new case is a folder and
a test named after it.
"""

import csv
import hashlib
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main
from auditor.errors import ExitCode
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
