"""Whose face is shown where a camera's clock is wrong: simulated tills, matched as a night is.

``python -m benchmarks.clocks`` prints the table of benchmarks/README.md. A cell has so many sales,
in days of eight hours at one till each, and frames that name no sale. A frame is taken at the end
of its sale, give or take a second (standard deviation), by a camera's clock that is ahead of the
till's; both write whole seconds. A frame is missing by chance. Sales are in a regular rhythm; or
irregular: no two nearer than 0.3 of the mean distance, and exponential beyond; or at random
(Poisson), which no till can do that has to scan an article in between.

For each cell: the share of the sales with a frame that got none since it may be another's, and of
all sales those that got another sale's frame.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import click
import numpy as np
import pyarrow as pa

from auditor.clock.local_time import SECOND
from auditor.policy import Rules
from auditor.sales.claims import NONE
from auditor.sales.matching import match
from auditor.tables import SNAPSHOT_INDEX
from benchmarks.pages import table

_DAY_SECONDS = 8 * 3600
_JITTER = 1.0  # standard deviation of a frame's delay, seconds
_NOON = 1_774_612_800  # of 2026-03-27, seconds since 1970


@dataclass(frozen=True)
class Cell:
    """A kind of till."""

    a_minute: int
    rhythm: str = "irregular"  # regular, irregular or random
    offset: int = 0  # of the camera's clock, seconds
    missing: float = 0.05  # share of the sales without a frame
    drift: float = 0.0  # what the camera's clock gains a day, seconds
    burst: int = 1  # frames of a sale, a second apart
    late: float = 0.0  # share of the frames that are up to 20 s late
    named: float = 0.0  # share of the frames that name their sale


@dataclass(frozen=True)
class Found:
    """What came of a cell's sales."""

    sales: int
    with_frame: int  # a frame of theirs was taken
    none: int  # of these, without a frame since it may be another's
    wrong: int  # with a frame of another sale
    known: float  # share of the days on which the clock was found


def cells() -> Iterator[Cell]:
    """Yield all cells, the issue's grid first."""
    for a_minute in (1, 2, 4, 6):
        for rhythm in ("irregular", "regular"):
            for offset in (0, 120, 3600):
                for missing in (0.0, 0.05, 0.3):
                    yield Cell(a_minute, rhythm, offset, missing)
        usual = Cell(a_minute, offset=120)
        yield replace(usual, drift=20)
        yield replace(usual, drift=60)
        yield replace(usual, burst=3)
        yield replace(usual, burst=3, missing=0.3, drift=20)
        yield replace(usual, rhythm="regular", burst=3)
        yield replace(usual, rhythm="regular", named=0.1)
        yield replace(usual, rhythm="random")
        yield replace(usual, late=0.01)
        yield replace(usual, late=0.01, missing=0.3)


def simulate(cell: Cell, sales: int, rng: np.random.Generator) -> Found:
    """Match the days of a cell, at least ``sales`` sales in all."""
    total = with_frame = none = wrong = known = days = 0
    while total < sales:
        sold = _sold(cell, rng)
        frames, of_sale = _frames(cell, sold, rng)
        numbers = np.arange(len(sold))
        heads = pa.table(
            {
                "store_id": ["S1"] * len(sold),
                "till_id": ["1"] * len(sold),
                "transaction_id": [f"T{n}" for n in numbers.tolist()],
                "started_at": _times(sold),
                "sold_at": _times(sold),
            }
        )
        found = match(frames, heads, {"S1": Rules()})
        got = np.where(found.frame_of == NONE, NONE, of_sale[found.frame_of])
        seen = np.isin(numbers, of_sale)
        total, days = total + len(sold), days + 1
        with_frame += int(seen.sum())
        none += int((seen & (got == NONE)).sum())
        wrong += int(((got != NONE) & (got != numbers)).sum())
        known += found.clocks["basis"][0].as_py() != "unknown"
    return Found(total, with_frame, none, wrong, known / days)


def _sold(cell: Cell, rng: np.random.Generator) -> np.ndarray:
    """When each sale of a day ends, whole seconds."""
    apart, count = 60 / cell.a_minute, cell.a_minute * _DAY_SECONDS // 60
    least = {"regular": 1.0, "irregular": 0.3, "random": 0.0}[cell.rhythm]
    distances = apart * (least + (1 - least) * rng.exponential(size=count))
    return np.rint(np.cumsum(distances)) + _NOON


def _frames(cell: Cell, sold: np.ndarray, rng: np.random.Generator) -> tuple[pa.Table, np.ndarray]:
    """The frames of a day, SNAPSHOT_INDEX, and the sale of each."""
    of_sale = np.repeat(np.flatnonzero(rng.random(len(sold)) >= cell.missing), cell.burst)
    delay = rng.normal(0, _JITTER, len(sold))
    delay += (rng.random(len(sold)) < cell.late) * rng.uniform(0, 20, len(sold))
    at = sold[of_sale] + delay[of_sale] + np.arange(len(of_sale)) % cell.burst
    at += cell.offset + cell.drift / 86400 * (at - at[0])
    is_named = rng.random(len(of_sale)) < cell.named
    names = [f"T{n}" if named else None for n, named in zip(of_sale, is_named, strict=True)]
    count = len(of_sale)
    frames = pa.table(
        {
            "snapshot_id": [f"F{n}" for n in range(count)],
            "store_id": ["S1"] * count,
            "till_id": ["1"] * count,
            "captured_at": _times(np.rint(at)),
            "transaction_id": pa.array(names, pa.string()),
            "path": ["x.jpg"] * count,
            "source": ["index.csv"] * count,
            "row": range(count),
        }
    )
    return SNAPSHOT_INDEX.conform(frames), of_sale


def _times(seconds: np.ndarray) -> pa.Array:
    return pa.array((seconds * SECOND).astype(np.int64)).cast(pa.timestamp("us", tz="UTC"))


def _row(cell: Cell, found: Found) -> list[str]:
    also = {
        "gains": f"{cell.drift:g} s a day" if cell.drift else "",
        "bursts of": str(cell.burst) if cell.burst > 1 else "",
        "late": f"{cell.late:.0%}" if cell.late else "",
        "named": f"{cell.named:.0%}" if cell.named else "",
    }
    return [
        f"{cell.a_minute}",
        cell.rhythm,
        f"{cell.offset}",
        f"{cell.missing:.0%}",
        ", ".join(f"{what} {value}" for what, value in also.items() if value),
        f"{found.known:.0%}",
        f"{found.none / found.with_frame:.1%}",
        f"{10_000 * found.wrong / found.sales:.2f}",
    ]


@click.command()
@click.option("--sales", default=100_000, help="Of each cell.")
@click.option("--seed", default=1)
def main(sales: int, seed: int) -> None:
    """Simulate every cell and print the table."""
    heads = ["sales a minute", "rhythm", "offset, s", "missing", "also", "clock found"]
    rows = []
    for number, cell in enumerate(cells()):
        found = simulate(cell, sales, np.random.default_rng([seed, number]))
        rows.append(_row(cell, found))
        click.echo(" | ".join(rows[-1]), err=True)
    click.echo(table([*heads, "inconclusive for it", "wrong faces in 10,000 sales"], rows))


if __name__ == "__main__":
    main()
