"""How long a user waits before anything happens: the command, the DAG file, the first estimate."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from auditor.demo import write_demo

_ROOT = Path(__file__).parent.parent

# What Airflow's processor does anew for each parse, with Airflow itself imported already.
_PARSE = """
import os, runpy, time
os.environ.update({f"AUDITOR_{name}": "file:///none" for name in ("SALES", "SNAPSHOTS", "OUT")})
import airflow.sdk
started = time.perf_counter()
runpy.run_path("dags/nightly_audit.py")
print(time.perf_counter() - started)
"""

_FIRST = """
import sys
from pathlib import Path
from auditor.operations.estimate import estimate
print(next(estimate([Path(sys.argv[1])], legal_age=18, challenge_age=25))["age"])
"""


def measured(repeats: int) -> dict[str, list[float]]:
    """Seconds, one a repeat; of processes that are started each time."""
    python = sys.executable
    with tempfile.TemporaryDirectory() as scratch:
        write_demo(Path(scratch) / "demo")
        frames = (Path(scratch) / "demo/snapshots").rglob("*.jpg")
        frame = str(max(frames, key=lambda path: path.stat().st_size))
        found: dict[str, list[float]] = {}
        for _ in range(repeats):
            for name, took in (
                ("`auditor --help`", _run(python, "-m", "auditor", "--help")[0]),
                ("the DAG file is parsed", float(_run(python, "-c", _PARSE)[1].split()[-1])),
                (
                    "from the start of a process to its first estimate",
                    _run(python, "-c", _FIRST, frame)[0],
                ),
            ):
                found.setdefault(name, []).append(took)
    return found


def _run(*command: str) -> tuple[float, str]:
    started = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=_ROOT)  # noqa: S603
    return time.perf_counter() - started, done.stdout
