"""What a day costs as the chain grows: time and memory of each step for more and more sales.

    python -m benchmarks.growth [--sales 1000,10000,100000] [--challenge-age 22]
    python -m benchmarks.growth --simulated-scores --flags 3000
    python -m benchmarks.growth --sales 5000000 --sales-a-store 1000 --simulated-scores \
        --until finalise

A chain of as many sales is made of copies of a store of the demo, which share its frames; a store
of more sales than that one is several copies with tills of their own. Every size runs in a process
of its own, whose peak memory is told. With ``--simulated-scores`` no frame is looked at: ages are
drawn at random, and what is left are reading, matching, deciding and storing. Seconds are of the
processor, not of the clock on the wall: what else the machine does weighs less on them. Prints a
table, and writes its rows as JSON, with both kinds of seconds, with ``--json``: growth.json
(simulated) and scoring.json (not) are what docs/capacity.md is reckoned from.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditor.demo import write_demo
from auditor.pipeline import (
    Batch,
    Day,
    Job,
    collect_day,
    finalise_day,
    plan_day,
    report_day,
    score_batch,
)
from auditor.sales import purchases
from auditor.sales.outcomes import assign_outcomes
from auditor.storage.parquet import read_table, write_table
from auditor.storage.partitions import read_day
from auditor.storage.place import Place
from auditor.tables import FRAME_SCORES, LEDGER, POSTERIORS, SALES
from benchmarks.machine import peak_mb
from benchmarks.pages import table

DAY = date(2026, 3, 27)
STEPS = ("plan", "score", "finalise", "report")

_COPIED = "S001"


def main() -> None:
    """Measure each size in its own process."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sales", default="1000,10000,100000")
    parser.add_argument("--sales-a-store", type=int, default=1, help="At least so many.")
    parser.add_argument("--challenge-age", type=int, default=22, help="Fewer flags: lower.")
    parser.add_argument("--simulated-scores", action="store_true")
    parser.add_argument("--flags", type=int, help="With simulated scores: about so many.")
    parser.add_argument("--until", choices=STEPS[2:], default=STEPS[-1])
    parser.add_argument("--scratch", type=Path, help="Where chains and results are put meanwhile.")
    parser.add_argument("--json", type=Path, help="Write the rows here too.")
    parser.add_argument("--of", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.of:
        print(json.dumps(measured(given.of, given)))
        return
    rows = []
    with tempfile.TemporaryDirectory(dir=given.scratch) as scratch:
        demo = Path(scratch) / "demo"
        write_demo(demo)
        for wanted in map(int, given.sales.split(",")):
            chain = Path(scratch) / str(wanted)
            write_chain(demo, chain, wanted, given.challenge_age, given.sales_a_store)
            print(f"{wanted:,} sales written", file=sys.stderr)
            command = [sys.executable, "-m", "benchmarks.growth", *sys.argv[1:], "--of", str(chain)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
            rows.append(json.loads(done.stdout))
            print(f"{wanted:,} sales done", file=sys.stderr)
    if given.json:
        today = datetime.now(UTC).date().isoformat()
        record = {"measured": today, "simulated": given.simulated_scores, "rows": rows}
        given.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    steps = STEPS[: STEPS.index(given.until) + 1]
    head = ["stores", "rows read", "sales", "flagged", *(f"{step}, s" for step in steps)]
    head += ["ms a sale", "peak memory, MB", "largest page, MB", "report.json, MB"]
    cells = [
        [
            *(f"{row[name]:,}" for name in ("stores", "rows", "sales", "flagged")),
            *(f"{row['seconds'][step]:.1f}" for step in steps),
            f"{1e3 * sum(row['seconds'].values()) / row['sales']:.2f}",
            f"{row['peak_mb']:.0f}",
            f"{row['largest_page_mb']:.2f}",
            f"{row['json_mb']:.1f}",
        ]
        for row in rows
    ]
    print(table(head, cells))


def _renamed(table: pa.Table, numbered: Sequence[str], store_id: str, copy: int) -> pa.Table:
    """The rows of one store as another's, with tills and ids (``numbered``) of their own."""
    name = f"{store_id}.{copy}"
    changed = {column: pc.replace_substring(table[column], _COPIED, name) for column in numbered}
    changed["store_id"] = pa.repeat(store_id, table.num_rows)
    changed["till_id"] = pc.binary_join_element_wise(table["till_id"], str(copy), "-")
    for column, values in changed.items():
        table = table.set_column(table.column_names.index(column), column, values)
    return table


def write_chain(
    demo: Path, chain: Path, sales: int, challenge_age: int, sales_a_store: int = 1
) -> None:
    """Write copies of one store of the demo until there are so many alcohol sales.

    Each store has at least ``sales_a_store`` of them, by several copies.
    """
    lines = pd.read_csv(demo / f"sales/{DAY}/{_COPIED}.csv", dtype=str, on_bad_lines="skip")
    index = pd.read_csv(demo / f"snapshots/index/{DAY}/{_COPIED}.csv", dtype=str)
    policy = f"[[policy]]\neffective_from = 2026-01-01\nchallenge_age = {challenge_age}\n"
    policy += "max_inconclusive_share = 1\nmax_rejected_share = 1\n"
    a_copy = sales_of_a_copy(demo)
    copies = -(-sales_a_store // a_copy)
    stores = [f"G{number:05d}" for number in range(-(-sales // (a_copy * copies)))]
    kinds = {
        "sales": (lines, ["transaction_id"]),
        "snapshots/index": (index, ["transaction_id", "snapshot_id"]),
    }
    for part, (frame, numbered) in kinds.items():
        copied = pa.table({name: pa.array(frame[name].fillna(""), pa.string()) for name in frame})
        folder = chain / part / str(DAY)
        folder.mkdir(parents=True)
        for store_id in stores:
            own = pa.concat_tables(_renamed(copied, numbered, store_id, n) for n in range(copies))
            pq.write_table(own, folder / f"{store_id}.parquet")
    (chain / "policy.toml").write_text(policy, encoding="utf-8")
    # Not a symbolic link: one that leads out of the snapshots is not followed.
    frames = demo / "snapshots/frames", chain / "snapshots/frames"
    shutil.copytree(*frames, copy_function=os.link)


def sales_of_a_copy(demo: Path) -> int:
    """The alcohol sales of the store of the demo that chains are made of."""
    with tempfile.TemporaryDirectory() as scratch:
        own = Job(DAY, f"{demo}/sales", f"{demo}/snapshots", scratch, stores=(_COPIED,))
        collected = collect_day(Day.open(own), "one")
        return sum(bucket.sales.num_rows for _, bucket in collected.buckets())


def measured(chain: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Seconds of each step of a chain's day, peak memory, and what came out."""
    with tempfile.TemporaryDirectory(dir=given.scratch) as out:
        job = Job(DAY, f"{chain}/sales", f"{chain}/snapshots", out, f"{chain}/policy.toml")
        seconds: dict[str, tuple[float, float]] = {}
        batches = _timed(seconds, "plan", lambda: plan_day(job))
        share = given.flags and given.flags / int(chain.name)
        score = _simulation(job, share) if given.simulated_scores else score_batch
        _timed(seconds, "score", lambda: [score(job, batch) for batch in batches])
        _timed(seconds, "finalise", lambda: finalise_day(job))
        if given.until == "report":
            _timed(seconds, "report", lambda: report_day(job))
        peak = peak_mb()
        ledger = read_day(Place(out), "ledger", DAY, columns=("outcome",))
        outcomes = ledger["outcome"].to_pandas().value_counts()
        days = read_day(Place(out), "coverage", DAY).to_pandas()
        sizes = {f: f.stat().st_size for f in Path(out, "reports").rglob("*") if f.is_file()}
        pages = [size for file, size in sizes.items() if file.suffix == ".html"]
        return {
            "stores": len(days),
            "rows": int(days["lines_read"].sum() + days["snapshots_indexed"].sum()),
            "sales": int(outcomes.sum()),
            "flagged": int(outcomes.get("flagged", 0)),
            "seconds": {step: both[0] for step, both in seconds.items()},
            "seconds_on_the_wall": {step: both[1] for step, both in seconds.items()},
            "peak_mb": peak,
            "largest_page_mb": max(pages, default=0) / 1e6,
            "json_mb": sum(s for file, s in sizes.items() if file.suffix == ".json") / 1e6,
        }


def _timed(seconds: dict[str, tuple[float, float]], step: str, work: Callable[[], Any]) -> Any:
    clocks = time.process_time, time.perf_counter
    started = [clock() for clock in clocks]
    result = work()
    processor, wall = (clock() - start for clock, start in zip(clocks, started, strict=True))
    seconds[step] = processor, wall
    print(f"{step}: {processor:.1f} s, {wall:.1f} on the wall, {peak_mb():.0f} MB", file=sys.stderr)
    return result


def _simulation(job: Job, share: float | None) -> Callable[[Job, Batch], None]:
    """What decides a batch on ages drawn at random, and stores it as ``score_batch`` does.

    A ``share`` of the sales is flagged; None leaves it to the ages.
    """
    day = Day.open(job)
    rng = np.random.default_rng(1)

    def simulate(_: Job, batch: Batch) -> None:
        sales = read_table(day.out, batch.path, SALES)
        rules = {s: day.policy.rules(day.date, s) for s in sales["store_id"].unique().to_pylist()}
        ages = rng.gamma(9, 5, sales.num_rows)
        if share is not None:
            some = next(iter(rules.values()))
            checked = pa.array([*some.counting_checks, "refused"])
            unchecked = np.flatnonzero(~pc.is_in(sales["id_check"], checked).to_numpy())
            wanted = rng.random(len(unchecked)) < share * sales.num_rows / max(len(unchecked), 1)
            ages = np.maximum(ages, some.challenge_age)
            ages[unchecked[wanted]] = some.challenge_age - 2
        columns: dict[str, Any] = {"frame": np.arange(sales.num_rows), "age": ages, "age_sd": 5.0}
        columns |= {"age_low": ages - 6, "age_high": ages + 6}
        columns |= {"age_low_95": ages - 11, "age_high_95": ages + 11}
        columns |= {"p_under_legal": ages < 15, "p_under_challenge": ages < 22}
        columns |= {"faces": 1, "face_confidence": 0.99, "face_px": 120.0, "sharpness": 90.0}
        frame = pd.DataFrame(columns).astype({"p_under_legal": float, "p_under_challenge": float})
        scores = FRAME_SCORES.from_rows(pa.Table.from_pandas(frame).to_pylist())
        posteriors = purchases.posteriors(sales, [])
        write_table(day.out, batch.posteriors_path, posteriors, POSTERIORS)
        ledger = assign_outcomes(sales, scores, rules)
        write_table(day.out, batch.ledger_path, ledger, LEDGER)

    return simulate


if __name__ == "__main__":
    pa.set_memory_pool(pa.system_memory_pool())
    main()
