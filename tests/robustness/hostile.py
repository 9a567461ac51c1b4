"""The corpus of hostile inputs, made anew from its seed and put through the readers.

    python -m tests.robustness.hostile --inputs 2400 --days 12     # what `make hostile` does

Each input goes to the reader it is for, in a process that is ended after ten seconds on one input;
then some of them together through whole days. No input may raise, take longer, or more than 2 GiB
of memory: it is accepted, or rejected with a reason.
"""

import argparse
import contextlib
import functools
import json
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from auditor import inputs
from auditor.errors import ConfigurationError
from auditor.faces.frames import MAX_BYTES, UnreadableFrameError
from auditor.faces.reader import FrameReader
from auditor.faces.score import _batches
from auditor.mapping import Mapping, MappingOfDay, load_mapping
from auditor.pipeline import Job, frames_of, run_day
from auditor.policy import Policy
from auditor.storage.partitions import read_day
from auditor.storage.place import Place
from tests.support.extra_frames import FORMS
from tests.support.hostile_formats import MAPPING
from tests.support.hostile_inputs import Input, hostile
from tests.support.samples import DAY, policy

SEED = 20_261_127
PATIENCE_S = 10.0  # of processor time: the machine may have others to serve
WAITING_S = 120.0
MOST_MEMORY = 2 << 30


@dataclass(frozen=True)
class Verdict:
    """What became of an input: ``accepted``, reasons for which it was rejected, or a failure."""

    number: int
    reader: str
    name: str
    reasons: tuple[str, ...]
    failure: str = ""
    seconds: float = 0.0
    peak: int = 0  # bytes of memory, of the whole process


def put_through(number: int, given: Input, folder: Path) -> Verdict:
    """Put one input through its reader, here."""
    at = folder / str(number)
    _forget_peak()
    start = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, PATIENCE_S)  # ends the process
    try:
        reasons, failure = READERS[given.reader](given, at), ""
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001  # that is what is looked for
        reasons, failure = (), f"{type(error).__name__}: {str(error)[:300]}"
    signal.setitimer(signal.ITIMER_PROF, 0)
    seconds = time.process_time() - start
    return Verdict(number, given.reader, given.name, reasons, failure, seconds, _peak())


def _read_table(given: Input, at: Path) -> tuple[str, ...]:
    at = at / ("index" if given.reader == "index" else "")
    with contextlib.suppress(OSError):  # a name that the disk itself refuses is no input
        target = at / given.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(given.content)
    read: Any = inputs.read_sales
    if given.reader == "index":
        read = inputs.read_snapshot_index
    elif given.reader == "mapped":
        read = functools.partial(inputs.read_sales, mapping=_mapping(given.path))
    place = Place(str(at.parent if given.reader == "index" else at))
    at.mkdir(parents=True, exist_ok=True)
    reasons: set[str] = set()
    rows = 0
    for reading in read(place, DAY, policy()):
        rows += reading.table.num_rows
        reasons.update(reading.rejects["reason"].unique().to_pylist())
    return tuple(sorted(reasons))


@functools.cache
def _mapping(path: str) -> MappingOfDay:
    """That of the recipes; of a POSLog, the one that comes with the program."""
    if path.endswith(".xml") and (shipped := load_mapping("poslog-6")):
        return shipped.on(DAY)
    return Mapping.from_toml(MAPPING.encode(), origin="mapping.toml").on(DAY)


def _read_frame(given: Input, at: Path) -> tuple[str, ...]:
    at.mkdir(parents=True, exist_ok=True)
    (at / "x.jpg").write_bytes(given.content)
    sales = pa.table({"store_id": ["S1"], "till_id": ["1"], "snapshot_path": ["x.jpg"]})
    rules = {"S1": policy().rules(DAY, "S1")}
    reader = _reader(given.reader)
    ((frame,),) = _batches(frames_of(Place(str(at)), sales, rules), MAX_BYTES, reader.size)
    if frame.content is None:
        return (frame.reason,)
    try:
        reader.picture(frame.content).at(1)  # as finely as it may be asked for
    except UnreadableFrameError:
        return ("snapshot_unreadable",)
    return ()


@functools.cache
def _reader(name: str) -> FrameReader:
    """A reader of all formats for the frames of those that a policy may add."""
    return FrameReader(FORMS if name == "extra_frame" else ())


def _read_policy(given: Input, _: Path) -> tuple[str, ...]:
    try:
        found = Policy.from_toml(given.content, origin="policy.toml")
        found.rules(date(2026, 3, 2), "S1")
        found.chain_rules(date(2026, 3, 2))
        assert found.sha256
    except ConfigurationError:
        return ("configuration_error",)
    return ()


READERS = {
    "sales": _read_table,
    "index": _read_table,
    "mapped": _read_table,
    "frame": _read_frame,
    "extra_frame": _read_frame,
    "policy": _read_policy,
}


def _forget_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


# ---- Many of them, in processes that may be ended -----------------------------------------------


def run_all(seed: int, numbers: Iterable[int]) -> Iterator[Verdict]:
    """Put inputs through, in a process that is started anew when one takes too long or ends it."""
    waiting = list(numbers)
    while waiting:
        last = waiting[:250]
        done = 0
        for verdict in _worker(seed, last):
            yield verdict
            done += 1
        if done < len(last):  # the process is gone, with this one in its hands
            given = hostile(seed, last[done])
            yield Verdict(last[done], given.reader, given.name, (), "ended or too slow", PATIENCE_S)
            done += 1
        waiting = waiting[done:]


def _worker(seed: int, numbers: list[int]) -> Iterator[Verdict]:
    command = [sys.executable, __file__, "--seed", str(seed), "--worker", *map(str, numbers)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdout
        try:
            for line in _lines(process.stdout.fileno()):
                answer = json.loads(line)
                yield Verdict(**answer | {"reasons": tuple(answer["reasons"])})
        finally:
            process.kill()


def _lines(descriptor: int) -> Iterator[str]:
    """Lines as they come, until one lets itself be waited for."""
    rest = b""
    while select.select([descriptor], [], [], WAITING_S)[0]:
        some = os.read(descriptor, 1 << 16)
        if not some:
            return
        *whole, rest = (rest + some).split(b"\n")
        yield from (line.decode() for line in whole)


def _be_worker(seed: int, numbers: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        # A guard for the machine; what counts is what is measured.
        resource.setrlimit(resource.RLIMIT_AS, (12 << 30, 12 << 30))
        for number in numbers:
            given = hostile(seed, number)
            print(json.dumps(asdict(put_through(number, given, Path(folder)))), flush=True)


# ---- Whole days ---------------------------------------------------------------------------------


def write_day(seed: int, numbers: range, folder: Path) -> int:
    """A chain of one good store, with inputs around it: exports, indexes, frames of its sales.

    Returns:
        How many alcohol sales the good store has.
    """
    inputs = [hostile(seed, number) for number in numbers]
    frames = [given for given in inputs if given.reader in {"frame", "extra_frame"}]
    sold, shown = [], []
    from auditor.tables import SNAPSHOT_INDEX, TILL_LINES
    from tests.support.samples import csv_bytes, header, texts

    for number, given in enumerate(frames):
        path = f"frames/{number}.jpg"
        (folder / "snapshots/frames").mkdir(parents=True, exist_ok=True)
        (folder / "snapshots" / path).write_bytes(given.content)
        sold.append(texts(TILL_LINES, store_id="GOOD", transaction_id=f"T{number}"))
        own = {"store_id": "GOOD", "transaction_id": f"T{number}", "snapshot_id": f"F{number}"}
        shown.append(texts(SNAPSHOT_INDEX, **own, path=path))
    files = {
        f"sales/{DAY}/good.csv": csv_bytes(sold, header(TILL_LINES)),
        f"snapshots/index/{DAY}/good.csv": csv_bytes(shown, header(SNAPSHOT_INDEX)),
        "policy.toml": b"[stores.GOOD]\n[[policy]]\neffective_from = 2020-01-01\n"
        b'extra_frame_formats = ["heic", "avif", "tiff"]\n',
    }
    for number, given in enumerate(inputs):
        if given.reader in {"sales", "index"}:
            root = "sales" if given.reader == "sales" else "snapshots/index"
            files[f"{root}/{number}-{given.path}"] = given.content
    for path, content in files.items():
        with contextlib.suppress(OSError):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
    return len(sold)


def run_hostile_day(seed: int, numbers: range, folder: Path) -> dict[str, Any]:
    """Audit such a day; return how its good store's sales ended, and what was rejected."""
    sold = write_day(seed, numbers, folder)
    addresses = (str(folder / name) for name in ("sales", "snapshots", "out", "policy.toml"))
    sales, snapshots, results, rules = addresses
    start = time.monotonic()
    run_day(Job(DAY, sales, snapshots, results, rules))
    out = Place(results)
    ledger = read_day(out, "ledger", DAY, ["GOOD"])
    rejects = read_day(out, "rejects", DAY, columns=["reason"])["reason"].to_pylist()
    return {
        "sold": sold,
        "finalised": ledger.num_rows,
        "outcomes": Counter(ledger["outcome"].to_pylist()),
        "rejects": Counter(rejects),
        "seconds": time.monotonic() - start,
        "peak": _peak(),
    }


# ---- Figures ------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--inputs", type=int, default=2400)
    parser.add_argument("--days", type=int, default=12)
    parser.add_argument("--worker", type=int, nargs="*")
    given = parser.parse_args()
    if given.worker:
        _be_worker(given.seed, given.worker)
        return
    verdicts = []
    for verdict in run_all(given.seed, range(given.inputs)):
        verdicts.append(verdict)
        if verdict.failure or verdict.peak > MOST_MEMORY or verdict.seconds > PATIENCE_S:
            print(verdict, flush=True)
    failed = [v for v in verdicts if v.failure]
    counted = Counter(reason for v in verdicts for reason in v.reasons or ("accepted",))
    summary = {
        "seed": given.seed,
        "inputs": len(verdicts),
        "by_reader": Counter(v.reader for v in verdicts),
        "accepted": sum(not v.reasons and not v.failure for v in verdicts),
        "rejected": sum(bool(v.reasons) for v in verdicts),
        "reasons": counted,
        "failed": len(failed),
        "slowest": [(v.name, round(v.seconds, 1)) for v in sorted(verdicts, key=_seconds)[-5:]],
        "largest": [(v.name, v.peak >> 20) for v in sorted(verdicts, key=lambda v: v.peak)[-5:]],
    }
    print(json.dumps(summary, indent=1, default=str))
    for number in range(given.days):
        with tempfile.TemporaryDirectory() as folder:
            size = given.inputs // max(given.days, 1)
            part = range(number * size, min((number + 1) * size, number * size + 80))
            day = run_hostile_day(given.seed, part, Path(folder))
            print(json.dumps({"day": number, "inputs": len(part)} | day, default=str), flush=True)
            assert day["sold"] == day["finalised"], "a sale is lost"
    sys.exit(bool(failed))


def _seconds(verdict: Verdict) -> float:
    return verdict.seconds


if __name__ == "__main__":
    main()
