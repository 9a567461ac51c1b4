"""`auditor check`: everything that is wrong is found, with what to do, and nobody is named."""

import contextlib
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import fsspec
import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from PIL import Image, ImageOps
from s3fs import S3FileSystem

from auditor import resources
from auditor.cli.main import main
from auditor.errors import ExitCode
from auditor.operations.health import HealthResult, State, pool, worst
from auditor.operations.health.configuration import CLI_VARIABLES, VARIABLES
from auditor.pipeline import Job, run_day
from auditor.policy import ChainRules
from auditor.sales.identity import SaleKey
from auditor.storage.layout import crop_path
from auditor.storage.s3 import S3_OPTIONS
from tests.support.airflow_home import environment
from tests.support.paths import ROOT

DAY = "2026-03-27"


@pytest.fixture(scope="module")
def audited(small_chain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chain whose day was audited, in `out`. Read only."""
    chain = tmp_path_factory.mktemp("audited") / "chain"
    shutil.copytree(small_chain, chain)
    policy = (chain / "policy.toml").read_text()
    # The day lies in the past, and its faces are kept all the same.
    (chain / "policy.toml").write_text(policy + "retention_days = 36500\n")
    run_day(_job(chain))
    return chain


@pytest.fixture
def chain(audited: Path, tmp_path: Path) -> Path:
    """A copy of it, to break."""
    copy = tmp_path / "chain"
    shutil.copytree(audited, copy)
    return copy


@pytest.fixture
def without_heif(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine without the extra `images`."""
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "pillow_heif" else found(name)
    )


def _job(chain: Path) -> Job:
    sales, snapshots, out, policy = _addresses(chain).values()
    return Job(date.fromisoformat(DAY), sales, snapshots, out, policy)


def _addresses(chain: Path) -> dict[str, str]:
    names = {"sales": "sales", "snapshots": "snapshots", "out": "out", "policy": "policy.toml"}
    return {option: str(chain / name) for option, name in names.items()}


def _check(chain: Path, *options: str, **addresses: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit code, and the findings by what was checked."""
    urls = _addresses(chain) | addresses
    given = [part for name, url in urls.items() for part in (f"--{name}", url)]
    done = CliRunner(env=dict.fromkeys(VARIABLES)).invoke(
        main, ["check", "--day", DAY, "--json", *given, *options]
    )
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    answer = json.loads(done.stdout)
    assert answer["day"] == DAY
    assert answer["state"] == max((f["state"] for f in answer["findings"]), key=list(State).index)
    return done.exit_code, {finding["check"]: finding for finding in answer["findings"]}


def _policy(chain: Path, old: str, new: str) -> None:
    path = chain / "policy.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_a_good_night_is_all_well(audited: Path) -> None:
    code, found = _check(audited, "--deep")
    assert {f["check"]: f["state"] for f in found.values() if f["state"] != "ok"} == {}
    assert code == ExitCode.DONE
    assert "golden predictions met" in found["model"]["said"]
    (ledger,) = (audited / "out/ledger").rglob("*.parquet")
    sales = pq.read_metadata(ledger).num_rows
    assert sales > 15
    assert f"{sales} alcohol sales" in found["counts"]["said"]


def test_for_a_person_every_line_has_its_state_and_what_to_do(chain: Path) -> None:
    shutil.rmtree(chain / "out/reports")
    urls = [part for name, url in _addresses(chain).items() for part in (f"--{name}", url)]
    done = CliRunner().invoke(main, ["check", "--day", DAY, *urls])
    assert done.exit_code == ExitCode.FAILED
    lines = done.stdout.splitlines()
    (broken,) = (n for n, line in enumerate(lines) if line.startswith("failed"))
    assert "report" in lines[broken]
    assert "-> run the day again" in lines[broken + 1]
    shape = re.compile(r"(ok|warning|failed|skipped) +\w+ +\S| +-> \w")
    assert [line for line in lines if not shape.match(line)] == []


def test_nobody_is_named(chain: Path) -> None:
    sales = pd.read_csv(next((chain / "sales").rglob("*.csv")), dtype=str)
    shutil.rmtree(chain / "out/coverage")  # something to say
    text = json.dumps([_check(chain), _check(chain, out=str(chain / "new"))])
    for column in ("transaction_id", "cashier_id", "birth_date"):
        named = {str(value) for value in sales[column].dropna()}
        assert named
        assert {value for value in named if value in text} == set()


def test_nothing_is_left_behind_and_nothing_of_the_results_changes(chain: Path) -> None:
    before = {p: p.read_bytes() for p in chain.rglob("*") if p.is_file()}
    _check(chain)
    assert {p: p.read_bytes() for p in chain.rglob("*") if p.is_file()} == before


# ---- Each thing that can be wrong, and by what it is found ---------------------------------------


def _no_day(chain: Path) -> None:
    shutil.rmtree(chain / "out")


def _begun_only(chain: Path) -> None:
    _no_day(chain)
    (chain / f"out/unfinished/day={DAY}").mkdir(parents=True)
    (chain / f"out/unfinished/day={DAY}/plan.json").touch()


def _a_lost_sale(chain: Path) -> None:
    (part,) = (chain / "out/ledger").rglob("*.parquet")
    table = pq.read_table(part, partitioning=None)
    pq.write_table(table.slice(1), part)


def _a_damaged_ledger(chain: Path) -> None:
    (part,) = (chain / "out/ledger").rglob("*.parquet")
    part.write_bytes(part.read_bytes()[:100])


def _a_store_without_results(chain: Path) -> None:
    _policy(chain, "[stores.S001]", "[stores.S001]\n[stores.S002]")


def _no_page(chain: Path) -> None:
    (chain / f"out/reports/{DAY}/index.html").unlink()


def _an_old_face(chain: Path) -> None:
    _policy(chain, "retention_days = 36500", "retention_days = 31")
    old = date.today() - timedelta(days=40)  # noqa: DTZ011  # a day more or less is no matter
    path = (
        chain
        / "out"
        / crop_path(
            old, "S001", SaleKey("S001", "1", "1", datetime(2026, 1, 1, tzinfo=UTC)).sale_id
        )
    )
    path.parent.mkdir(parents=True)
    path.touch()


def _a_misspelt_policy(chain: Path) -> None:
    _policy(chain, "retention_days", "retention_dais")


def _a_model_that_is_not_there_next_week(chain: Path) -> None:
    soon = date.today() + timedelta(days=7)  # noqa: DTZ011  # likewise
    path = chain / "policy.toml"
    entry = f"[[policy]]\neffective_from = {soon}\nmodel = '99'\n"
    path.write_text(path.read_text() + entry)


def _a_format_without_a_decoder(chain: Path) -> None:
    _policy(chain, "time_zone =", 'extra_frame_formats = ["heic"]\ntime_zone =')


def _no_exports(chain: Path) -> None:
    shutil.rmtree(chain / "sales")


def _no_index(chain: Path) -> None:
    shutil.rmtree(chain / "snapshots/index")


def _out_is_a_file(chain: Path) -> None:
    shutil.rmtree(chain / "out")
    (chain / "out").touch()


@pytest.mark.parametrize(
    ("breaks", "check", "said", "todo"),
    [
        (_no_day, "results", "was not audited", "run the day again"),
        (_begun_only, "results", "not finished", "wait for it, or run the day again"),
        (_a_lost_sale, "counts", "S001", "for the engineer"),
        (_a_damaged_ledger, "results", "cannot be read", "run the day again"),
        (_a_store_without_results, "stores", "S002", "run the day again"),
        (_no_page, "report", "index.html", "run the day again"),
        (_an_old_face, "retention", "faces of 2 days", "auditor expire"),
        (_a_misspelt_policy, "policy", "retention_dais", "correct it"),
        (_a_model_that_is_not_there_next_week, "model", "99", "the policy's model"),
        (_a_format_without_a_decoder, "formats", "install auditor[images]", "or leave the format"),
        (_no_exports, "sales", "no till export", "get the exports"),
        (_no_index, "snapshots", "no snapshot index", "get the indexes"),
        (_out_is_a_file, "out", "is a file", "name a folder"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
@pytest.mark.usefixtures("without_heif")
def test_what_is_wrong_is_found(chain: Path, breaks: Any, check: str, said: str, todo: str) -> None:
    breaks(chain)
    code, found = _check(chain)
    assert code == ExitCode.FAILED
    assert found[check]["state"] == State.FAILED
    assert said in found[check]["said"]
    assert todo in found[check]["todo"]


def test_a_day_above_the_limits_is_its_own_exit_code(chain: Path) -> None:
    _policy(chain, "max_inconclusive_share = 0.9", "max_inconclusive_share = 0.01")
    code, found = _check(chain)
    assert code == ExitCode.ABOVE_LIMITS
    assert found["limits"]["state"] == State.ABOVE_LIMITS
    assert "could not be judged" in found["limits"]["said"]
    # And the policy is another than the day was audited with.
    assert found["provenance"]["state"] == State.WARNING
    assert "another policy" in found["provenance"]["said"]


def test_frames_that_are_gone_are_noticed(chain: Path) -> None:
    for frame in (chain / "snapshots").rglob("*"):
        if frame.is_file() and frame.parts[-3] != "index":
            frame.unlink()
    code, found = _check(chain)
    assert (code, found["frames"]["state"]) == (ExitCode.DONE, State.WARNING)
    assert "see that the frames are where the index says" in found["frames"]["todo"]


def _turn_frames(chain: Path, degrees: int, form: str = "PNG") -> None:
    """Turn a day's frames anticlockwise, as a camera that hangs askew has them."""
    for path in (chain / "snapshots/frames").rglob("*.*"):
        with contextlib.suppress(OSError), Image.open(path) as picture:
            turned = ImageOps.exif_transpose(picture).rotate(degrees, expand=True)
            turned.convert("RGB").save(path, form, compress_level=1)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_camera_that_hangs_askew_is_named_with_the_key_that_mends_it(
    chain: Path, audited: Path, degrees: int
) -> None:
    _turn_frames(chain, degrees)
    code, found = _check(chain)
    assert (code, found["frames"]["state"]) == (ExitCode.DONE, State.WARNING)
    assert f"upright only if turned {degrees} degrees clockwise" in found["frames"]["said"]
    (key,) = re.findall(r"camera_turns = {.*?}", found["frames"]["todo"])
    _policy(chain, "time_zone =", f"{key}\ntime_zone =")
    assert _check(chain)[1]["frames"]["state"] == State.OK
    run_day(_job(chain))
    columns = ["store_id", "transaction_id", "age", "age_low", "faces", "outcome"]
    ledgers = (
        pq.read_table(c / f"out/ledger/day={DAY}", columns=columns) for c in (chain, audited)
    )
    assert next(ledgers) == next(ledgers)


def test_frames_of_an_extra_format_are_looked_at_if_the_policy_names_it(chain: Path) -> None:
    _turn_frames(chain, 90, "TIFF")
    _, found = _check(chain)
    assert found["frames"]["state"] == State.OK  # none can be looked at
    assert "formats" not in found
    _policy(chain, "time_zone =", 'extra_frame_formats = ["tiff", "heic"]\ntime_zone =')
    _, found = _check(chain)
    assert (found["formats"]["state"], found["formats"]["said"]) == (
        State.OK,
        "heic, tiff frames can be read",
    )
    assert "upright only if turned 90 degrees clockwise" in found["frames"]["said"]


def test_results_that_others_may_enter_are_noticed(chain: Path) -> None:
    (chain / "out").chmod(0o755)
    code, found = _check(chain)
    assert (code, found["out"]["state"]) == (ExitCode.DONE, State.WARNING)
    assert "chmod 700" in found["out"]["todo"]


def test_a_policy_change_of_the_coming_days_is_told(chain: Path) -> None:
    soon = date.today() + timedelta(days=7)  # noqa: DTZ011
    path = chain / "policy.toml"
    path.write_text(path.read_text() + f"[[policy]]\neffective_from = {soon}\nchallenge_age = 30\n")
    _, found = _check(chain)
    assert found["policy"]["state"] == State.OK
    assert str(soon) in found["policy"]["said"]


def test_changed_model_files_are_found_without_loading_it(
    audited: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "models"
    shutil.copytree(resources.folder("models/age_resnet50"), copy)
    with (copy / ChainRules().model / "int8.npz").open("ab") as network:
        network.write(b" ")
    real = resources.folder
    monkeypatch.setattr(
        resources, "folder", lambda name: copy if name.startswith("models/") else real(name)
    )
    code, found = _check(audited)
    assert (code, found["model"]["state"]) == (ExitCode.FAILED, State.FAILED)
    assert "int8.npz is not the file of its card" in found["model"]["said"]


def test_a_broken_template_is_found(
    audited: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "templates"
    shutil.copytree(resources.folder("reports/templates"), copy)
    (copy / "page.html.jinja").write_text("{% if %}")
    real = resources.folder
    monkeypatch.setattr(
        resources, "folder", lambda name: copy if name.startswith("reports/") else real(name)
    )
    code, found = _check(audited)
    assert (code, found["templates"]["state"]) == (ExitCode.FAILED, State.FAILED)
    assert "page.html.jinja" in found["templates"]["said"]


@pytest.mark.parametrize(("days_of_room", "state"), [(0.5, "failed"), (5, "warning"), (50, "ok")])
def test_room_is_told_in_nights(
    audited: Path, monkeypatch: pytest.MonkeyPatch, days_of_room: float, state: str
) -> None:
    kept = [p for p in (audited / "out").rglob("*") if p.is_file() and DAY in str(p)]
    room = int(days_of_room * sum(p.stat().st_size for p in kept))
    usage = shutil.disk_usage(audited)._replace(free=room)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    _, found = _check(audited)
    assert found["space"]["state"] == state
    assert f"some {int(days_of_room)} more days" in found["space"]["said"]


def test_storage_that_does_not_answer_is_a_finding_and_no_crash(
    audited: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:  # bound and never listened on: every connection is refused
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{taken.getsockname()[1]}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDNOBODY")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrSECRET")
        once = S3_OPTIONS["config_kwargs"] | {"retries": {"total_max_attempts": 1}}
        monkeypatch.setitem(fsspec.config.conf, "s3", S3_OPTIONS | {"config_kwargs": once})
        S3FileSystem.clear_instance_cache()
        names = ("sales", "snapshots", "out")
        code, found = _check(audited, **{name: f"s3://bucket/{name}" for name in names})
        _, without = _check(audited, policy="s3://bucket/policy.toml")
    assert code == ExitCode.FAILED
    assert found["space"]["state"] == "skipped"  # object storage tells no limit
    states = {name: found[name]["state"] for name in (*names, "results")}
    assert set(states.values()) == {"failed"}
    assert without["policy"]["state"] == "failed"
    assert "SECRET" not in json.dumps([found, without])


def test_a_misspelt_variable_is_noticed(audited: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDITOR_SNAPSHOT", "/frames")
    _, found = _check(audited)
    assert found["environment"]["state"] == State.WARNING
    assert "AUDITOR_SNAPSHOT" in found["environment"]["said"]


def test_the_variables_that_are_known_are_those_that_are_read() -> None:
    read = re.compile(r"(?<!_)AUDITOR_[A-Z_]*[A-Z]")
    code = [*(ROOT / "dags").glob("*.py"), *(ROOT / "auditor/cli").glob("*.py")]
    used = {name for path in code for name in read.findall(path.read_text(encoding="utf-8"))}
    assert used <= VARIABLES | CLI_VARIABLES


def test_without_any_setting_each_thing_that_is_missing_is_named(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AUDITOR_")}
    done = subprocess.run(
        [sys.executable, "-m", "auditor", "check"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        check=False,
    )
    assert done.returncode == ExitCode.FAILED
    for variable in ("AUDITOR_SALES", "AUDITOR_SNAPSHOTS", "AUDITOR_OUT", "AUDITOR_POLICY"):
        assert variable in done.stdout
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_time_zone_is_wrong_use() -> None:
    done = CliRunner().invoke(main, ["check", "--time-zone", "Mars/Olympus"])
    assert done.exit_code == ExitCode.WRONG_USE
    assert "Mars/Olympus" in done.stderr


def test_an_airflow_without_a_database_is_found(audited: Path, tmp_path: Path) -> None:
    """One that is ready is asked in test_backfill.py."""
    urls = [part for name, url in _addresses(audited).items() for part in (f"--{name}", url)]
    done = subprocess.run(
        [sys.executable, "-m", "auditor", "check", "--day", DAY, "--airflow", "--json", *urls],
        capture_output=True,
        text=True,
        env=environment(tmp_path),
        check=False,
    )
    assert done.returncode == ExitCode.FAILED
    found = {f["check"]: f for f in json.loads(done.stdout)["findings"]}
    assert (found["pool"]["state"], found["dag"]["state"]) == ("failed", "skipped")
    assert "migrated" in found["pool"]["todo"]


def test_the_whole_is_as_bad_as_its_worst_part() -> None:
    states = list(State)
    findings = [HealthResult("a", state, "said") for state in states]
    assert worst([]) == State.OK
    for n, state in enumerate(states):
        assert worst(findings[: n + 1]) == worst(findings[n::-1]) == state


@pytest.mark.parametrize(
    ("pools", "dags", "states"),
    [
        ([], [], ["failed", "failed"]),
        ([{"pool": "auditor_scoring", "slots": "0"}], [], ["failed", "failed"]),
        (
            [{"pool": "auditor_scoring", "slots": "2"}],
            [{"dag_id": "nightly_audit", "is_paused": "True"}],
            ["ok", "warning"],
        ),
    ],
)
def test_what_airflow_answers_is_judged(
    monkeypatch: pytest.MonkeyPatch, pools: Any, dags: Any, states: list[str]
) -> None:
    answers = {"pools": pools, "dags": dags}
    monkeypatch.setattr(pool, "_ask", lambda _airflow, what, _list: answers[what])
    assert [finding.state for finding in pool.check()] == states
