"""What a day asks of an object store: requests and bytes, by step, of a server that speaks S3.

    python -m benchmarks.object_store

Chains of one store and of two equal ones are audited over ``s3://`` against a server on the
loopback, which counts. What the second store adds is what a store asks; the rest is the day's own.
A store of the demo is one batch; its sales are counted apart. Counts do not depend on the machine.
Writes object_store.json beside this file.
"""

import json
import logging
import os
import re
import tempfile
from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import fsspec
import pandas as pd
from moto.server import ThreadedMotoServer

from auditor.demo import write_demo
from auditor.pipeline import Job, finalise_day, plan_day, report_day, score_batch
from auditor.storage.partitions import read_day
from auditor.storage.place import Place
from benchmarks.growth import DAY, sales_of_a_copy, write_chain

HERE = Path(__file__).parent
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
STEPS = ("plan", "score", "finalise", "report")
KINDS = ("read", "write")


class Counting(logging.Handler):
    """Counts the requests that the server logs, by step, kind and whether it is of one sale."""

    def __init__(self) -> None:
        super().__init__()
        self.step = ""
        self.seen: Counter[tuple[str, str, bool]] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line such as ``127.0.0.1 - - [...] "GET /audits/... HTTP/1.1" 200 -``."""
        line = _COLOURS.sub("", record.getMessage())  # of answers that are errors
        method, _, path = line.partition('"')[2].partition(" ")
        if method in {"GET", "HEAD", "PUT", "POST", "DELETE"} and self.step:
            of_a_sale = "/frames/" in path or (method == "PUT" and "/crops/" in path)
            kind = "read" if method in {"GET", "HEAD"} and "list-type" not in path else "write"
            self.seen[self.step, kind, of_a_sale] += 1


def main() -> None:
    """Measure and write."""
    counting = Counting()
    log = logging.getLogger("werkzeug")
    log.addHandler(counting)
    log.propagate = False
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=True)
    server.start()
    log.setLevel(logging.INFO)
    host, port = server.get_host_and_port()
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    fsspec.filesystem("s3").mkdir("audits")
    try:
        with tempfile.TemporaryDirectory() as scratch:
            record = measured(Path(scratch), counting)
    finally:
        server.stop()
    (HERE / "object_store.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(record, indent=1))


def measured(scratch: Path, counting: Counting) -> dict[str, Any]:
    """Audit one store and two; tell what the day, each store and each sale asks for."""
    demo = scratch / "demo"
    write_demo(demo)
    a_store = sales_of_a_copy(demo)
    one, two = (_day(scratch, demo, number, a_store, counting) for number in (1, 2))
    steps = {}
    for step in STEPS:
        shared = {kind: (one[step, kind, False], two[step, kind, False]) for kind in KINDS}
        steps[step] = {
            "a_store": {kind: large - small for kind, (small, large) in shared.items()},
            "a_day": {kind: 2 * small - large for kind, (small, large) in shared.items()},
        }
    out = Place("s3://audits/2/out")
    ledger = read_day(out, "ledger", DAY)
    flagged = pd.Series(ledger["outcome"].to_pylist()).eq("flagged").sum()
    frames = [path.stat().st_size for path in (demo / "snapshots/frames").rglob("*.jpg")]

    def stored(folder: str) -> int:
        return sum(len(out.read(path)) for path in out.files(folder))

    return {
        "measured": datetime.now(UTC).date().isoformat(),
        "packages": {name: version(name) for name in ("s3fs", "moto")},
        "sales_a_store": a_store,
        "steps": steps,
        "reads_a_sale": two["score", "read", True] / len(ledger),
        "writes_a_flag": two["score", "write", True] / int(flagged),
        "flagged": int(flagged) / len(ledger),
        "bytes": {
            "a_frame": sum(frames) / len(frames),
            "a_flag": stored("crops") / int(flagged),
            "a_sale": sum(stored(name) for name in ("ledger", "rejects", "coverage")) / len(ledger),
            "report_a_sale": stored("reports") / len(ledger),
        },
    }


def _day(scratch: Path, demo: Path, stores: int, a_store: int, counting: Counting) -> Counter[Any]:
    chain = scratch / str(stores)
    write_chain(demo, chain, stores * a_store, 25)
    url = f"s3://audits/{stores}"
    there = Place(url)
    counting.step = ""
    for part in ("sales", "snapshots/index", "snapshots/frames"):
        for path in (chain / part).resolve().rglob("*"):
            if path.is_file():
                below = path.relative_to((chain / part).resolve())
                if part != "snapshots/frames" or str(DAY) in below.parts:
                    there.write(f"{part}/{below}", path.read_bytes())
    there.write("policy.toml", (chain / "policy.toml").read_bytes())
    job = Job(DAY, f"{url}/sales", f"{url}/snapshots", f"{url}/out", f"{url}/policy.toml")
    counting.seen.clear()
    counting.step = "plan"
    batches = plan_day(job)
    counting.step = "score"
    for batch in batches:
        score_batch(job, batch)
    counting.step = "finalise"
    finalise_day(job)
    counting.step = "report"
    report_day(job)
    counting.step = ""
    return Counter(counting.seen)


if __name__ == "__main__":
    main()
