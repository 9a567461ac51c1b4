"""An Airflow of a test's own: its database, its settings, its processes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT

CHILD = Path(__file__).with_name("airflow_child.py")
AIRFLOW = Path(sys.executable).with_name("airflow")


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of an Airflow in ``home``, without anything of an Airflow around it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "AUDITOR_"))}
    own = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    return kept | own | more


def in_airflow(home: Path, command: str, *arguments: str, **more: str) -> dict[str, Any]:
    """Run airflow_child.py in the Airflow of ``home``; return its answer."""
    output = home / "answer.json"
    call([sys.executable, str(CHILD), command, str(output), *arguments], home, **more)
    answer: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    return answer


def call(command: list[str], home: Path, **more: str) -> None:
    """Run a command to its end in the Airflow of ``home``; what it prints goes to output.log."""
    done = subprocess.run(
        command,
        env=environment(home, **more),
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    with (home / "output.log").open("a", encoding="utf-8") as log:
        log.write(done.stdout + done.stderr)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
