"""What purchases by age group cost as a chain grows: seconds and memory, a store-day at a time.

    python -m benchmarks.insights_growth [--lines 500000,5000000,50000000] [--json FILE]

A store-day has 2,740 lines in 550 baskets, as a year of 1,000 stores has a thousand million lines;
20,000 articles in 200 categories, a few of them in most baskets (Zipf). A hundred store-days are
drawn, and every size is made of copies of them under other stores and days, in the files that the
nightly runs write. Every size runs in a process of its own, whose peak memory is told; the share of
the reading, of which two thirds can be spared to nobody, is told too.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from auditor.faces.ages import in_hundredths
from auditor.faces.confusion import Confusion
from auditor.insights.analysis import analyse
from auditor.policy import Policy
from auditor.storage.partitions import write_partition
from auditor.storage.place import Place
from auditor.storage.retention import days_of
from auditor.tables import INSIGHTS, STORE_DAYS
from benchmarks.machine import peak_mb
from benchmarks.pages import table
from benchmarks.simulated_baskets import MODEL, STARTS, Error, ages_in, confusion, said_of

FIRST = date(2026, 1, 5)
BASKETS, LINES, ARTICLES, CATEGORIES, STORES = 550, 2_740, 20_000, 200, 1_000
_DRAWN = 100


def main() -> None:
    """Measure each size in its own process."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", default="500000,5000000,50000000")
    parser.add_argument("--json", type=Path, help="Write the rows here too.")
    parser.add_argument("--of", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.of:
        print(json.dumps(measured(Path(given.of))))
        return
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        drawn = [drawn_store_day(np.random.default_rng(n)) for n in range(_DRAWN)]
        for wanted in map(int, given.lines.split(",")):
            out = Path(scratch) / str(wanted)
            write(out, drawn, -(-wanted // LINES))
            command = [sys.executable, "-m", "benchmarks.insights_growth", "--of", str(out)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
            rows.append(json.loads(done.stdout))
            print(f"{wanted:,} lines done: {rows[-1]}", file=sys.stderr)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    head = ["lines", "baskets", "store-days", "seconds", "of the processor", "lines a second"]
    cells = [
        [f"{row[name]:,.0f}" for name in ("lines", "baskets", "store_days", "seconds")]
        + [f"{row['cpu_seconds']:.0f}", f"{row['lines'] / row['seconds']:,.0f}"]
        + [f"{row['peak_mb']:.0f}"]
        for row in rows
    ]
    print(table([*head, "peak memory, MB"], cells))


def drawn_store_day(rng: np.random.Generator) -> pa.Table:
    """Draw the baskets of a store and day, as tables.INSIGHTS."""
    group = rng.choice(6, BASKETS, p=(0.06, 0.14, 0.22, 0.28, 0.2, 0.1))
    said = said_of(ages_in(group, rng), Error(), rng).over_groups(STARTS)
    popularity = 1 / (10 + np.arange(ARTICLES)) ** 0.9
    article = rng.choice(ARTICLES, LINES, p=popularity / popularity.sum())
    # An article is to the taste of one group, which takes it for another one more often.
    basket = np.sort(rng.integers(BASKETS, size=LINES))
    liked = article % 6 == group[basket]
    article = np.where(liked | (rng.random(LINES) < 0.6), article, rng.permutation(article))
    kind = INSIGHTS.arrow.field("lines").type
    fields = {field.name: field.type for field in kind.value_type}
    amount = pa.array(np.full(LINES, 250)).cast(pa.decimal128(19, 0))
    lines = pa.StructArray.from_arrays(
        [
            pa.array([f"{a:06}" for a in article]),
            pa.array([f"Article {a}" for a in article]),
            pa.array([f"category {a % CATEGORIES}" for a in article]),
            pa.array(np.ones(LINES, np.int64)).cast(pa.decimal128(19, 0)).cast(fields["quantity"]),
            amount.cast(fields["amount"]),
            pa.array(np.zeros(LINES, bool)),
        ],
        fields=list(kind.value_type),
    )
    ends = np.searchsorted(basket, np.arange(BASKETS + 1)).astype(np.int32)
    columns = {
        "store_id": pa.array(["S"] * BASKETS),
        "hour": pa.array(rng.integers(8, 22, BASKETS).astype(np.int8)),
        "alcohol_sale": pa.array(np.zeros(BASKETS, bool)),
        "currency": pa.array(["GBP"] * BASKETS),
        "lines": pa.ListArray.from_arrays(pa.array(ends), lines, type=kind),
        "model": pa.array([MODEL] * BASKETS),
        "group_starts": pa.array([",".join(map(str, STARTS))] * BASKETS),
        "groups": pa.array(in_hundredths(said).tolist(), INSIGHTS.arrow.field("groups").type),
    }
    return INSIGHTS.conform(pa.table(columns))


def write(out: Path, drawn: list[pa.Table], store_days: int) -> None:
    """Write so many store-days, and how the model that they name confuses ages."""
    place = Place(str(out))
    names = ("store_id", "store_name", "time_zone", "export_status")
    zeros = {c.name: 0 for c in STORE_DAYS.columns if c.name not in names}
    counts = zeros | {"transactions": BASKETS, "time_zone": "UTC", "export_status": "read"}
    for number in range(store_days):
        name, day = f"S{number % STORES:04}", FIRST + timedelta(days=number // STORES)
        baskets = drawn[(number * 7) % len(drawn)]
        column = pa.array([name] * baskets.num_rows, pa.string())
        folder = out / f"insights/day={day}/store={name}"
        folder.mkdir(parents=True)
        own = baskets.set_column(0, INSIGHTS.arrow.field("store_id"), column)
        pq.write_table(own, folder / "part-0.parquet", compression="zstd")
        row = STORE_DAYS.from_rows([counts | {"store_id": name}])
        write_partition(place, "coverage", day, name, row)
    known = confusion(Error(), np.random.default_rng(0))
    place.write("confusion.json", known.as_json().encode())


def measured(out: Path) -> dict[str, Any]:
    """Seconds and peak memory of looking at everything below ``out``."""
    place = Place(str(out))
    days = days_of(place, "insights")
    rules = {"enabled": True, "lawful_basis": "simulated", "effective_from": date(2020, 1, 1)}
    policy = Policy({"insights": rules})
    known = Confusion.from_json(place.read("confusion.json").decode())
    started, used = time.perf_counter(), time.process_time()
    found = analyse(place, days[0], days[-1], policy, confusion_of=lambda _: known)
    return {
        "lines": found.store_days * LINES,
        "baskets": found.baskets,
        "store_days": found.store_days,
        "articles": len(found.articles),
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - used,
        "peak_mb": peak_mb(),
    }


if __name__ == "__main__":
    main()
