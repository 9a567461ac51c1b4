"""The command line, as a user calls it."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main
from auditor.decisions.log import Judgement
from auditor.errors import ExitCode
from auditor.operations.record_decision import record_decision
from auditor.tables import TILL_LINES
from tests.support.paths import ROOT
from tests.support.report_day import DAY
from tests.support.samples import put, sales_csv, texts


def _auditor(*arguments: str | Path | date) -> Result:
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


def test_no_such_inputs_is_wrong_use_and_nothing_is_written(tmp_path: Path) -> None:
    result = _run(tmp_path / "nowhere", tmp_path / "out")
    assert result.exit_code == ExitCode.WRONG_USE
    assert "--sales" in result.stderr
    assert "nowhere" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_model_that_is_not_there_is_wrong_use_and_those_that_are_are_listed(
    small_chain: Path, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[[policy]]\neffective_from = 2026-01-01\nmodel = 99\n")
    result = _run(small_chain, tmp_path / "out", "--policy", policy)
    assert result.exit_code == ExitCode.WRONG_USE
    assert "those that are there are 1, 3, 4" in result.stderr


@pytest.mark.parametrize("out", ["sales", "sales/new/out", "snapshots/index", "link/out"])
def test_results_among_inputs_are_refused_and_nothing_is_written(
    small_chain: Path, tmp_path: Path, out: str
) -> None:
    chain = tmp_path / "chain"
    shutil.copytree(small_chain, chain, ignore=shutil.ignore_patterns("out"))
    (chain / "link").symlink_to(chain / "sales")
    before = sorted(chain.rglob("*"))
    result = _run(chain, chain / out)
    assert result.exit_code == ExitCode.WRONG_USE, result.output
    assert "the next run would read them as inputs" in result.stderr
    assert sorted(chain.rglob("*")) == before


def test_addresses_come_from_the_variables_too(
    small_chain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {"SALES": "sales", "SNAPSHOTS": "snapshots", "POLICY": "policy.toml"}
    for name, path in names.items():
        monkeypatch.setenv(f"AUDITOR_{name}", str(small_chain / path))
    monkeypatch.setenv("AUDITOR_OUT", str(tmp_path))
    assert _auditor("run", "--day", "2026-03-27").exit_code == ExitCode.DONE
    assert "unchanged" in _auditor("diff", "--from", "2026-03-27", "--to", "2026-03-27").output


def test_a_run_says_which_files_and_rows_it_could_not_use(
    small_chain: Path, tmp_path: Path
) -> None:
    chain = tmp_path / "chain"
    shutil.copytree(small_chain, chain, ignore=shutil.ignore_patterns("out"))
    (chain / "sales/2026-03-27/other.csv").write_text("Bonnr;Zeit\n1;2\n")
    (export,) = (chain / "sales/2026-03-27").glob("S001*")
    lines = export.read_text().splitlines(keepends=True)
    export.write_text("".join([*lines[:-1], lines[-1].replace("2026-03-27", "yesterday")]))
    result = _run(chain, tmp_path / "out", "--policy", chain / "policy.toml")
    assert result.exit_code == ExitCode.ABOVE_LIMITS
    assert "Not read: 2026-03-27/other.csv: " in result.stderr
    assert re.search(r"Rejected rows: (\d+ \w+, )*1 bad_time", result.stderr)
    place = f"2026-03-27/{export.name}, row {len(lines)}, column sold_at: “yesterday"
    assert f"\n  bad_time: {place}" in result.stderr
    page = f"{tmp_path}/out/reports/2026-03-27/index.html#set-aside"
    assert (
        f"The first 50 of them: {page}; all, as Parquet: {tmp_path}/out/rejects/" in result.stderr
    )
    assert "1 input files could not be used (2026-03-27/other.csv)" in result.stderr
    checked = _auditor("check", "--day", "2026-03-27", "--sales", chain / "sales", "--json")
    (sales,) = (f for f in json.loads(checked.output)["findings"] if f["check"] == "sales")
    assert sales["state"] == "failed"
    assert "2026-03-27/other.csv: this looks semicolon-separated" in sales["said"]
    assert f". First bad_time: {place}" in sales["said"]


def test_the_first_row_of_each_reason_is_printed_without_what_is_withheld(tmp_path: Path) -> None:
    """Of all stores and files, in the words of the page; nobody is named."""
    cells = {
        "T1": {"amount": "a lot"},
        "T2": {"amount": "more"},
        "T3": {"birth_date": "2.2.1990"},
        "T4": {"cashier_id": "=CMD()", "sold_at": "noon"},
        "T5": {"cashier_id": "2.03E+13"},
        "T6": {"sku": "\x1b[2Jx", "id_check": "\x1b[2Jx"},
    }
    for store in ("S2", "S1"):
        rows = [
            texts(
                TILL_LINES,
                **{"store_id": store, "transaction_id": t, "sold_at": "2026-03-27T12:00Z", **bad},
            )
            for t, bad in cells.items()
        ]
        put(tmp_path, f"sales/2026-03-27/{store}.csv", sales_csv(*rows))
    (tmp_path / "snapshots").mkdir()
    result = _run(tmp_path, tmp_path / "out")
    told = dict(line[2:].split(": ", 1) for line in result.stderr.splitlines() if line[:2] == "  ")
    assert told["bad_number"].startswith("2026-03-27/S1.csv, row 2, column amount: “a lot”; ")
    assert told["birth_date"].startswith(
        "2026-03-27/S1.csv, row 4, column birth_date: (withheld); "
    )
    assert "2.03E" not in result.stderr
    assert "\x1b" not in result.stderr


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


_DAYS = ("--from", "2026-03-27", "--to", "2026-03-28")
_SALE = ("--sale", "S001/T1", "--decision", "note", "--by", "A", "--note", "b")

#: Arguments of each command that takes --out, or where it writes results.
_WITH_OUT = {
    "run": ("--day", "2026-03-27", "--sales", "s", "--snapshots", "f", "--out"),
    "decide": ("--day", "2026-03-27", *_SALE, "--out"),
    "decisions": ("--day", "2026-03-27", "--out"),
    "diff": (*_DAYS, "--out"),
    "pack": ("--week", "2026-W13", "--out"),
    "expire": ("--as-of", "2026-03-27", "--out"),
    "insights": (*_DAYS, "--out"),
    "demo": ("chain", "--past"),
    "check": ("--json", "--out"),
}


def test_all_commands_that_take_out_are_tested() -> None:
    having = {n for n, c in main.commands.items() if any("--out" in p.opts for p in c.params)}
    assert having == set(_WITH_OUT) - {"demo"}


@pytest.mark.parametrize("command", _WITH_OUT)
def test_results_do_not_go_where_a_file_is(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "results"
    file.write_text("somebody's work")
    result = _auditor(command, *_WITH_OUT[command], file)
    if command == "check":  # whose answer is a result for each problem
        assert result.exit_code == ExitCode.FAILED
        (problem,) = (r for r in json.loads(result.stdout)["findings"] if r["check"] == "out")
        assert problem["todo"] == "name a folder for the results"
    else:
        assert result.exit_code == ExitCode.WRONG_USE, result.output
        assert f"{file} is a file" in result.stderr
    assert file.read_text() == "somebody's work"
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


@pytest.mark.parametrize("command", _WITH_OUT)
@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_address_is_refused(
    command: str, empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = _auditor(command, *_WITH_OUT[command], empty)
    assert result.exit_code == ExitCode.WRONG_USE
    assert "the address is empty" in result.stderr
    assert list(tmp_path.iterdir()) == []


def _decided(out: Path) -> None:
    at = datetime(2026, 7, 1, 12, tzinfo=UTC)
    record_decision(str(out), DAY, "S001/T002", Judgement("looks_older", "A. Officer", at))


def test_decision_times_are_in_the_zone_of_the_store(out: Path) -> None:
    _decided(out)
    listed = _auditor("decisions", "--out", out, "--day", DAY)
    assert "2026-07-01T13:00:00+01:00" in listed.stdout  # London
    assert "UTC" not in listed.stdout


def test_decision_times_are_marked_as_utc_where_no_zone_is_known(out: Path) -> None:
    _decided(out)
    shutil.rmtree(out / f"coverage/day={DAY}/store=S001")
    listed = _auditor("decisions", "--out", out, "--day", DAY)
    assert "decided_at (UTC)" in listed.stdout
    assert "2026-07-01T12:00:00+00:00" in listed.stdout


def test_help_has_a_line_for_each_exit_code_and_tells_of_completion() -> None:
    lines = [line.strip() for line in _auditor("--help").stdout.splitlines()]
    for code in ExitCode:
        assert any(line.startswith(f"{code.value}  ") for line in lines)
    assert 'eval "$(_AUDITOR_COMPLETE=bash_source auditor)"' in lines


def test_a_shell_is_told_how_to_complete() -> None:
    environment = {"_AUDITOR_COMPLETE": "zsh_source"}
    result = CliRunner().invoke(main, [], prog_name="auditor", env=environment)
    assert "#compdef auditor" in result.stdout


def test_the_demo_shows_the_next_command_on_a_line_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor.demo.write_demo", lambda *_, **__: None)
    weeks = (date(2026, 3, 20), date(2026, 3, 26))
    monkeypatch.setattr("auditor.demo.simulated_baskets.write_baskets", lambda *_, **__: weeks)
    lines = _auditor("demo", tmp_path, "--past-weeks", "1").stdout.splitlines()
    assert any(line.startswith("  auditor insights --from 2026-03-20") for line in lines)


@pytest.mark.parametrize(
    "command",
    [
        *([], ["run"], ["estimate"], ["demo"], ["expire"], ["check"]),
        *(["decide"], ["decisions"], ["pack"], ["insights"], ["diff"], ["compare-models"]),
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
