"""The command line, as a user calls it."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main
from auditor.errors import ExitCode
from tests.support.paths import ROOT


def _auditor(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


def _run(chain: Path, out: Path, *more: str | Path, day: str = "2026-03-27") -> Result:
    urls = ("--sales", chain / "sales", "--snapshots", chain / "snapshots", "--out", out)
    return _auditor("run", "--day", day, *urls, *more)


def test_a_day_is_audited_and_the_report_named(small_chain: Path, tmp_path: Path) -> None:
    result = _run(small_chain, tmp_path, "--policy", small_chain / "policy.toml")
    assert result.exit_code == ExitCode.DONE, result.output
    assert "19 alcohol sales" in result.output
    assert f"{tmp_path}/reports/2026-03-27/index.html" in result.output


def test_above_the_limits_is_its_own_exit_code(small_chain: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text((small_chain / "policy.toml").read_text() + "[stores.S002]\n")
    result = _run(small_chain, tmp_path / "out", "--policy", policy)
    assert result.exit_code == ExitCode.ABOVE_LIMITS
    assert "S002" in result.stderr
    assert (tmp_path / "out/reports/2026-03-27/index.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run"], "--day"),
        (["run", "--day", "27.03.2026"], "27.03.2026"),
        (["run", "--day", "2026-02-30"], "2026-02-30"),
        (["estimate"], "PATH"),
        (["estimate", "nowhere.jpg"], "nowhere.jpg"),
        (["estimate", ".", "--ages", "25,18"], "ages"),
        (["estimate", ".", "--ages", "x"], "18,25"),
        (["estimate", ".", "--format", "xml"], "xml"),
    ],
)
def test_wrong_use_is_said_in_words(arguments: list[str], said: str) -> None:
    result = _auditor(*arguments)
    assert result.exit_code == ExitCode.WRONG_USE
    assert said in result.stderr


@pytest.mark.parametrize("policy", ["nowhere.toml", "broken.toml"])
def test_an_unreadable_policy_is_wrong_use(small_chain: Path, tmp_path: Path, policy: str) -> None:
    (tmp_path / "broken.toml").write_text("[[policy]]\nlegal_aeg = 3")
    result = _run(small_chain, tmp_path / "out", "--policy", tmp_path / policy)
    assert result.exit_code == ExitCode.WRONG_USE
    assert policy in result.stderr
    assert "Traceback" not in result.stderr


def test_no_such_inputs_is_a_failed_run(tmp_path: Path) -> None:
    result = _run(tmp_path / "nowhere", tmp_path / "out")
    assert result.exit_code == ExitCode.FAILED
    assert "nowhere" in result.stderr


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with a face, a wall, and something that is no picture."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    faces = ROOT / "auditor/demo/faces"
    shutil.copy(faces / "face_100.jpg", folder / "b.jpg")
    (folder / "a.png").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("not looked at")
    return folder


def test_estimates_as_csv(pictures: Path) -> None:
    result = _auditor("estimate", pictures, "--format", "csv")
    assert result.exit_code == ExitCode.DONE, result.output
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert ",".join(rows[0]) == (
        "path,faces,age,age_sd,age_low,age_high,p_under_18,p_under_25,reason"
    )
    unreadable, face = rows
    assert unreadable["path"].endswith("a.png")
    assert (unreadable["reason"], unreadable["age"]) == ("snapshot_unreadable", "")
    assert face["reason"] == ""
    assert float(face["age_low"]) < float(face["age"]) < float(face["age_high"])


def test_the_two_ages_are_named_by_the_caller(pictures: Path) -> None:
    result = _auditor("estimate", pictures / "b.jpg", "--format", "json", "--ages", "16,30")
    (row,) = json.loads(result.stdout)
    assert row["p_under_16"] <= row["p_under_30"]
    assert "p_under_18" not in row


def test_estimates_as_a_table(pictures: Path) -> None:
    """Whole names, however long the folders that lead to them are."""
    far = pictures / ("a" * 120) / ("b" * 120)
    far.mkdir(parents=True)
    shutil.copy(pictures / "b.jpg", far)
    result = _auditor("estimate", pictures, far)
    assert str(pictures / "b.jpg") in result.stdout
    assert str(far / "b.jpg") in result.stdout
    assert "snapshot_unreadable" in result.stdout


def test_crops_expire(tmp_path: Path) -> None:
    (tmp_path / "crops/day=2026-01-01/store=S001").mkdir(parents=True)
    (tmp_path / "crops/day=2026-01-01/store=S001/a.jpg").write_bytes(b"")
    assert "Removed" not in _auditor("expire", "--out", tmp_path, "--as-of", "2026-02-01").output
    assert "Removed" in _auditor("expire", "--out", tmp_path, "--as-of", "2026-02-02").output
    assert not list(tmp_path.rglob("*.jpg"))


@pytest.mark.parametrize(
    "command",
    [
        *([], ["run"], ["estimate"], ["demo"], ["expire"], ["check"]),
        *(["decide"], ["decisions"], ["pack"], ["insights"]),
    ],
)
def test_help_answers_without_heavy_imports(command: list[str]) -> None:
    heavy = "{'tensorflow', 'keras', 'pandas', 'pyarrow', 'airflow', 'cv2'}"
    code = (
        "import sys; from auditor.cli.main import main\n"
        f"try: main({[*command, '--help']!r})\n"
        f"finally: print('HEAVY', sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage:" in done.stdout
    assert "HEAVY []" in done.stdout


def test_nothing_but_the_estimates_is_printed(pictures: Path) -> None:
    """TensorFlow announces itself on standard error, whatever it is told."""
    command = [sys.executable, "-m", "auditor", "estimate", str(pictures), "--format", "csv"]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TF_")}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.startswith("path,faces,age")
    assert done.stderr == ""
