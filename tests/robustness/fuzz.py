"""Fuzzing of what reads other people's files: atheris changes inputs as the code's paths lead it.

    python tests/robustness/fuzz.py --seconds 120   # what `make fuzz` does, a reader

It starts from the corpus of hostile inputs. An input that raises, takes ten seconds or 2 GiB ends
the reader's run and stays in the folder that is printed, to become a test.
"""

import argparse
import contextlib
import functools
import io
import subprocess
import sys
import tempfile
from itertools import count, islice
from pathlib import Path

import atheris

# Instrumenting takes long, so only the process that fuzzes does it, and not the one that starts it.
with (
    contextlib.redirect_stderr(io.StringIO()),  # a line for each module
    atheris.instrument_imports(include=["auditor", "PIL"], enable_loader_override=False)
    if "--be" in sys.argv
    else contextlib.nullcontext(),
):
    from tests.robustness.hostile import MOST_MEMORY, PATIENCE_S, READERS, SEED
    from tests.support.hostile_inputs import Input, hostile, is_heavy

KNOWN = 120  # inputs to start from
ENDS = {b"PK": "xlsx", b"SQLite": "db", b"<": "xml"}
LONGEST = 1 << 16  # bytes: what is larger is for `make hostile`


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=120, help="For each reader.")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--readers", nargs="+", choices=READERS, default=list(READERS))
    parser.add_argument("--found", type=Path, default=Path(".cache/fuzz"))
    parser.add_argument("--be", choices=READERS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.be:
        _be(given.be, given.seed, given.seconds, given.found)
        return
    failed = []
    for reader in given.readers:
        found = given.found / reader
        found.mkdir(parents=True, exist_ok=True)
        # libFuzzer ends the process that it runs in.
        options = ["--seconds", str(given.seconds), "--seed", str(given.seed)]
        command = [sys.executable, __file__, "--be", reader, "--found", str(found), *options]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
        figures = [line for line in done.stderr.splitlines() if "stat::" in line]
        print(f"{reader}: {'; '.join(line.removeprefix('stat::') for line in figures)}", flush=True)
        if done.returncode:
            print(done.stderr[-4000:], f"\nthe input is in {found}", flush=True)
            failed.append(reader)
    sys.exit(bool(failed))


def _be(reader: str, seed: int, seconds: int, found: Path) -> None:
    """Fuzz one reader, and end this process."""
    numbers = (n for n in count() if not is_heavy(seed, n))
    inputs = (given for given in (hostile(seed, n) for n in numbers) if given.reader == reader)
    with tempfile.TemporaryDirectory() as folder:
        known = Path(folder) / "known"
        known.mkdir()
        for number, given in enumerate(islice(inputs, KNOWN)):
            if len(given.content) <= LONGEST:
                (known / f"{number}").write_bytes(given.content)
        options = [
            *(f"-max_total_time={seconds}", f"-seed={seed % 2**32}", f"-max_len={LONGEST}"),
            *(f"-timeout={PATIENCE_S:.0f}", f"-rss_limit_mb={MOST_MEMORY >> 20}"),
            *(f"-artifact_prefix={found}/", "-print_final_stats=1"),
        ]
        one = functools.partial(_one, reader, Path(folder) / "at")
        atheris.Setup([sys.argv[0], *options, str(known)], one)
        atheris.Fuzz()


def _one(reader: str, at: Path, content: bytes) -> None:
    marks = ENDS if reader == "mapped" else {b"PAR1": "parquet"}
    end = next((end for mark, end in marks.items() if content.startswith(mark)), "csv")
    if reader == "mapped" and end == "csv":
        end = "jsonl"
    path = f"2026-03-02/x.{end}"
    READERS[reader](Input(reader, "fuzzed", content, path), at)


if __name__ == "__main__":
    main()
