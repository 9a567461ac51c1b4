"""What a day costs as the chain grows: time and memory of each step for more and more sales.

    python -m benchmarks.growth [--sales 1000,10000,100000] [--challenge-age 22]
    python -m benchmarks.growth --sales 5000000 --simulated-scores

A chain of as many sales is made of copies of the demo's stores, which share its frames. Every size
runs in a process of its own, whose peak memory is told. With ``--simulated-scores`` no frame is
looked at: ages are drawn at random, and what is left are reading, matching, deciding and storing.
The report is rendered in either case. Prints a table, and writes its rows
as JSON with ``--json``; benchmarks/growth.json (simulated) and scoring.json (not) are what
docs/capacity.md is reckoned from.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from auditor import pipeline, store
from auditor.decide import decide
from auditor.demo import write_demo
from auditor.files import Place
from auditor.pipeline import Job
from auditor.tables import FRAME_SCORES, LEDGER, SALES

DAY = date(2026, 3, 27)
STEPS = ("collect", "score", "settle", "report")

_COPIED = "S001"


def main() -> None:
    """Measure each size in its own process."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sales", default="1000,10000,100000")
    parser.add_argument("--challenge-age", type=int, default=22, help="Fewer flags: lower.")
    parser.add_argument("--simulated-scores", action="store_true")
    parser.add_argument("--json", type=Path, help="Write the rows here too.")
    parser.add_argument("--of", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.of:
        print(json.dumps(measured(Path(given.of), simulated=given.simulated_scores)))
        return
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        demo = Path(scratch) / "demo"
        write_demo(demo)
        for wanted in map(int, given.sales.split(",")):
            chain = Path(scratch) / str(wanted)
            write_chain(demo, chain, wanted, given.challenge_age)
            command = [sys.executable, "-m", "benchmarks.growth", "--of", str(chain)]
            command += ["--simulated-scores"] * given.simulated_scores
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
            rows.append(json.loads(done.stdout))
            print(f"{wanted:,} sales done", file=sys.stderr)
    if given.json:
        today = datetime.now(UTC).date().isoformat()
        record = {"measured": today, "simulated": given.simulated_scores, "rows": rows}
        given.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print("| sales | flagged | " + " | ".join(f"{step}, s" for step in STEPS), end="")
    print(" | ms a sale | peak memory, MB | largest page, MB |")
    print("|---" * (len(STEPS) + 5) + "|")
    for row in rows:
        steps = " | ".join(f"{row['seconds'][step]:.1f}" for step in STEPS)
        each = 1e3 * sum(row["seconds"].values()) / row["sales"]
        print(f"| {row['sales']:,} | {row['flagged']:,} | {steps} | {each:.2f}", end="")
        print(f" | {row['peak_mb']:.0f} | {row['largest_page_mb']:.2f} |")


def write_chain(demo: Path, chain: Path, sales: int, challenge_age: int) -> None:
    """Copies of one store of the demo, each a store, until there are so many alcohol sales."""
    lines = pd.read_csv(demo / f"sales/{DAY}/{_COPIED}.csv", dtype=str, on_bad_lines="skip")
    index = pd.read_csv(demo / f"snapshots/index/{DAY}/{_COPIED}.csv", dtype=str)
    policy = f"[[policy]]\neffective_from = 2026-01-01\nchallenge_age = {challenge_age}\n"
    policy += "max_inconclusive_share = 1\nmax_rejected_share = 1\n"
    for part in ("sales", "snapshots/index"):
        (chain / part / str(DAY)).mkdir(parents=True)
    (chain / "policy.toml").write_text(policy, encoding="utf-8")
    (chain / "snapshots/frames").symlink_to(demo / "snapshots/frames")
    own = Job(DAY, f"{demo}/sales", f"{demo}/snapshots", "", None, (_COPIED,))
    a_store = pipeline.collect_day(own, pipeline.load_policy(None))[2].sales.num_rows
    for number in range(-(-sales // a_store)):
        name = f"G{number:05d}"
        for part, table in (("sales", lines), ("snapshots/index", index)):
            renamed = table.assign(
                store_id=name,
                transaction_id=table["transaction_id"].str.replace(_COPIED, name),
            )
            if part != "sales":
                renamed["snapshot_id"] = table["snapshot_id"].str.replace(_COPIED, name)
            renamed.to_parquet(chain / part / str(DAY) / f"{name}.parquet", index=False)


def measured(chain: Path, *, simulated: bool) -> dict[str, Any]:
    """Seconds of each step of a chain's day, peak memory, and what came out."""
    inputs = f"{chain}/sales", f"{chain}/snapshots"
    with tempfile.TemporaryDirectory() as out:
        job = Job(DAY, *inputs, out, f"{chain}/policy.toml")
        seconds: dict[str, float] = {}

        def timed(step: str, started: float) -> None:
            seconds[step] = time.perf_counter() - started

        started = time.perf_counter()
        batches = pipeline.plan_day(job)
        timed("collect", started)
        started = time.perf_counter()
        for batch in batches:
            _simulate(job, batch) if simulated else pipeline.score_batch(job, batch)
        timed("score", started)
        started = time.perf_counter()
        pipeline.settle_day(job)
        timed("settle", started)
        started = time.perf_counter()
        pipeline.report_day(job)
        timed("report", started)
        outcomes = store.read_day(Place(out), "ledger", DAY, ())["outcome"].to_pandas()
        pages = [page.stat().st_size for page in Path(out, "reports").rglob("*.html")]
        return {
            "sales": len(outcomes),
            "flagged": int((outcomes == "flagged").sum()),
            "seconds": seconds,
            "peak_mb": _peak_mb(),
            "largest_page_mb": max(pages) / 1e6,
        }


def _peak_mb() -> float:
    """The most memory of this process so far, MB (Linux; getrusage would tell its parent's)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


def _simulate(job: Job, batch: str) -> None:
    """Decide a batch on ages drawn at random, and store it as ``pipeline.score_batch`` does."""
    policy, out = pipeline.load_policy(job.policy), Place(job.out)
    sales = store.read_table(out, batch, SALES)
    rules = {s: policy.rules(job.day, s) for s in sales["store_id"].unique().to_pylist()}
    rng = np.random.default_rng(sales.num_rows)
    ages = rng.gamma(9, 5, sales.num_rows)
    columns: dict[str, Any] = {"frame": np.arange(sales.num_rows), "age": ages, "age_sd": 5.0}
    columns |= {"age_low": ages - 6, "age_high": ages + 6}
    columns |= {"age_low_95": ages - 11, "age_high_95": ages + 11}
    columns |= {"p_under_legal": ages < 15, "p_under_challenge": ages < 22}
    columns |= {"faces": 1, "face_confidence": 0.99, "face_px": 120.0, "sharpness": 90.0}
    frame = pd.DataFrame(columns).astype({"p_under_legal": float, "p_under_challenge": float})
    scores = FRAME_SCORES.from_rows(frame.to_dict("records"))
    ledger = decide(sales, scores, rules)
    store.write_table(out, pipeline._scored(batch), ledger, LEDGER)  # noqa: SLF001


if __name__ == "__main__":
    pa.set_memory_pool(pa.system_memory_pool())
    main()
