"""The wheel alone, installed without an extra into an empty environment, does a night's work."""

import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from tests.support.airflow_home import tree
from tests.support.paths import ROOT

DAY = date(2026, 3, 27)

_USE = """
import importlib.util, pathlib
import auditor
from auditor import resources
from auditor.faces.model import AgeModel
from auditor.report.environment import environment
home = pathlib.Path(auditor.__file__).parent
assert home.is_relative_to(pathlib.Path(sys.prefix)), home
assert resources.folder("reports/templates").is_relative_to(home)
environment().get_template("page.html.jinja")
for schema in ("report", "pack-manifest"):
    path = resources.folder("reports/schemas") / f"{schema}.schema.json"
    assert path.is_relative_to(home) and path.stat().st_size, path
assert len(list((home / "demo/faces").glob("*.jpg"))) == 150
AgeModel("3")
for heavy in ("airflow", "tensorflow", "keras", "nncf", "mlxtend", "pytest"):
    assert importlib.util.find_spec(heavy) is None, heavy
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment that has the wheel, and what it requires, from base.lock."""
    folder = tmp_path_factory.mktemp("wheel")
    environment = folder / "environment"
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    lock = ROOT / "requirements" / "base.lock"
    commands: list[list[str | Path]] = [
        ["venv", "--python", sys.executable, environment],
        ["pip", "sync", "--require-hashes", lock],
        ["pip", "install", "--no-deps", wheel],
    ]
    own = {"VIRTUAL_ENV": str(environment)}
    for command in commands:
        done = subprocess.run(
            [Path(sys.executable).with_name("uv"), *command],
            env={"UV_CACHE_DIR": str(ROOT / ".cache/uv")} | os.environ | own,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    return environment / "bin"


def _auditor(installed: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    own = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "AUDITOR_"))}
    return subprocess.run(
        [installed / "auditor", *map(str, arguments)],
        cwd=installed,
        env=own,
        capture_output=True,
        text=True,
        check=False,
    )


def _run(installed: Path, chain: Path, out: Path, policy: Path) -> subprocess.CompletedProcess[str]:
    urls = ("--sales", chain / "sales", "--snapshots", chain / "snapshots", "--out", out)
    return _auditor(installed, "run", "--day", DAY, *urls, "--policy", policy)


def test_the_wheel_holds_templates_schemas_faces_and_models(installed: Path) -> None:
    subprocess.run([installed / "python", "-I", "-c", f"import sys{_USE}"], check=True)


def test_the_wheel_audits_sales_of_the_demos_day_as_the_checkout_does(
    installed: Path, small_chain: Path, audited_small: Path, tmp_path: Path
) -> None:
    done = _run(installed, small_chain, tmp_path / "out", small_chain / "policy.toml")
    assert done.returncode == 0, done.stderr
    # What the demo's day has of rejects and unreadable frames, and no warning of a library.
    said = re.compile("Rejected rows: |  [a-z_]+: |The first [0-9]+ of them: |Till [0-9]+ of S00")
    assert [line for line in done.stderr.splitlines() if not said.match(line)] == []
    ledger = tree(tmp_path / "out" / "ledger")
    assert len(ledger) == 1
    assert ledger == tree(audited_small / "ledger")


def test_the_reference_runtime_names_the_extra_that_it_needs(
    installed: Path, small_chain: Path, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text((small_chain / "policy.toml").read_text() + "runtime = 'tensorflow'\n")
    done = _run(installed, small_chain, tmp_path / "out", policy)
    assert done.returncode == 2, done.stderr
    assert "pip install 'auditor[train]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_insights_name_the_extra_that_they_need(installed: Path, past_baskets: Path) -> None:
    days = ("--from", "2026-03-23", "--to", "2026-03-29")
    addresses = ("--out", past_baskets / "out", "--policy", past_baskets / "policy.toml")
    done = _auditor(installed, "insights", *days, *addresses)
    assert done.returncode == 2, done.stderr
    assert "pip install 'auditor[insights]'" in done.stderr
    assert "Traceback" not in done.stderr
