"""Nobody but its owner reads what is written: walked over, however generous the umask."""

import os
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor.cli.main import main
from auditor.demo import catalogue, write_demo
from auditor.pipeline import Job, plan_day, score_batch
from tests.support.permissions import open_to_others

DAY = "2026-03-27"

pytestmark = pytest.mark.usefixtures("generous")


@pytest.fixture
def generous() -> Iterator[None]:
    """Whatever this process creates, everybody may have, unless it says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_whatever_a_run_writes_is_for_its_owner_only(small_chain: Path, tmp_path: Path) -> None:
    out = tmp_path / "results" / "out"  # neither is there yet
    urls = {"sales": "sales", "snapshots": "snapshots", "policy": "policy.toml"}
    inputs = [part for name, at in urls.items() for part in (f"--{name}", str(small_chain / at))]
    for command in ("run", "check"):
        done = CliRunner().invoke(main, [command, "--day", DAY, "--out", str(out), *inputs])
        assert re.search(r"\b[1-9]\d* alcohol sales", done.stdout), done.output
    written = {path.relative_to(out).parts[0] for path in out.rglob("*") if path.is_file()}
    assert written >= {"ledger", "rejects", "coverage", "provenance", "crops", "reports"}
    assert open_to_others(tmp_path / "results") == {}


def test_what_lies_there_between_the_steps_of_a_run_does_too(
    small_chain: Path, tmp_path: Path
) -> None:
    """A run may be killed there, and leave it."""
    job = Job(
        day=date.fromisoformat(DAY),
        sales=str(small_chain / "sales"),
        snapshots=str(small_chain / "snapshots"),
        out=str(tmp_path / "out"),
        policy=str(small_chain / "policy.toml"),
    )
    for batch in plan_day(job):
        score_batch(job, batch)
    assert list((tmp_path / "out/unfinished").rglob("ledger-*"))
    assert open_to_others(tmp_path / "out") == {}


def test_the_demo_is_as_private_as_a_real_chain(tmp_path: Path) -> None:
    write_demo(tmp_path / "chain", days=catalogue.DAYS[2:3], stores=catalogue.STORES[2:3])
    assert (tmp_path / "chain/policy.toml").is_file()
    assert list((tmp_path / "chain/snapshots").rglob("*.*"))
    assert open_to_others(tmp_path / "chain") == {}


def test_what_others_may_read_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o750)
    (tmp_path / "a/b").touch(mode=0o604)
    (tmp_path / "link").symlink_to(tmp_path / "a")  # of no mode of its own
    assert open_to_others(tmp_path) == {"a": "750", "a/b": "604"}
