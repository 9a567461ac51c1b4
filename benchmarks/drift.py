"""How often a camera is told of wrongly, and how soon one that changed is told of.

``python -m benchmarks.drift`` prints the tables of docs/report.md. A chain has 100 stores of three
tills. A camera has its own light, distance and sharpness; its days differ, by the weather, the day
of the week and who stands at the till, more than the sales of one day do.
The days go through what the audit stores and what compares them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import click
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import expit, logit

from auditor.monitoring.cameras import Camera, compare, count_cameras, days_before
from auditor.monitoring.cameras.drift import WINDOW
from auditor.policy import Rules
from auditor.tables import CAMERA_COUNTS

STORES, TILLS = 100, 3
_CAMERAS = STORES * TILLS
_NIGHTS = 14
_DAY = date(2026, 3, 2)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fault:
    """What happens to a camera."""

    name: str
    light: float = 1.0  # by which factor it changes, like size and sharpness
    size: float = 1.0
    sharpness: float = 1.0
    unseen: float = 0.0  # chance that no face is found any more, beside what it was
    clock: float = 0.0  # seconds that the camera's clock is put off by
    years: float = 0.0  # by which buyers are estimated older


FAULTS = (
    Fault("light halved", light=0.5, sharpness=0.7),
    Fault("light down by a quarter", light=0.75, sharpness=0.85),
    Fault("out of focus", sharpness=0.25, unseen=0.1),
    Fault("a little out of focus", sharpness=0.5),
    Fault("set back, faces two thirds as large", size=0.66, sharpness=0.9),
    Fault("turned away, a third of the faces gone", unseen=0.33),
    Fault("turned away, a fifth of the faces gone", unseen=0.2),
    Fault("clock 40 s off", clock=40.0),
    Fault("buyers estimated 6 years younger", years=-6.0),
)


class Chain:
    """The cameras of a chain, each with its own usual view."""

    def __init__(self, rng: np.random.Generator, world: "World") -> None:
        """Draw them."""
        count = _CAMERAS
        self._rng, self._odd_days = rng, world.odd_days
        self._sales = world.sales * np.exp(rng.normal(0, 0.4, count))
        self._light, self._size = rng.uniform(80, 150, count), rng.uniform(70, 130, count)
        self._sharpness = rng.uniform(100, 300, count)
        self._unseen = rng.beta(2, 38, count)
        self._clock, self._years = rng.normal(0, 3, count), rng.normal(38, 3, count)
        # How far the days of this camera differ.
        self._restless = np.exp(rng.normal(0, 0.4, count)).clip(0.5, 2)
        self._weekend = rng.normal(0, 0.5, count)

    def day(self, day: date, faults: Sequence[Fault | None]) -> pa.Table:
        """CAMERA_COUNTS of a day on which each camera has its fault, or none."""
        rng, count = self._rng, _CAMERAS
        far = np.where(rng.random(count) < self._odd_days, 3.0, 1.0) * self._restless
        weekend = self._weekend * (day.weekday() >= 5)
        off = {
            name: far * (rng.normal(0, 1, count) + weekend)
            for name in ("light", "size", "sharpness", "unseen", "years")
        }
        fault = [f or Fault("") for f in faults]

        def of(name: str) -> Floats:
            return np.array([getattr(f, name) for f in fault])

        sales = rng.poisson(self._sales * np.exp(rng.normal(0, 0.2, count)))
        owner = np.repeat(np.arange(count), sales)
        total = len(owner)
        chance = expit(logit(self._unseen) + 0.4 * off["unseen"]) + of("unseen")
        is_seen = rng.random(total) >= chance.clip(0, 1)[owner]
        light = (self._light + 5 * off["light"]) * of("light")
        size = self._size * np.exp(0.05 * off["size"]) * of("size")
        sharpness = self._sharpness * np.exp(0.1 * off["sharpness"]) * of("sharpness")
        years = self._years + 1.5 * off["years"] + of("years")
        doubt = 10 ** -rng.uniform(2.0, 5.0, total)
        ledger = pa.table(
            {
                "store_id": [f"S{number // TILLS:03}" for number in owner],
                "till_id": [f"{number % TILLS + 1:02}" for number in owner],
                "snapshot_id": ["F"] * total,
                "faces": is_seen.astype(np.int16),
                "light": np.clip(rng.normal(light[owner], 18), 0, 255),
                "face_px": _masked(size[owner] * np.exp(rng.normal(0, 0.25, total)), is_seen),
                "sharpness": _masked(sharpness[owner] * np.exp(rng.normal(0, 0.6, total)), is_seen),
                "face_confidence": _masked(1 - doubt, is_seen),
                "snapshot_offset_s": rng.normal((self._clock + of("clock"))[owner], 3),
                "age": _masked(np.clip(rng.normal(years[owner], 14), 12, 90), is_seen),
            }
        )
        return CAMERA_COUNTS.conform(count_cameras(ledger, Rules(), "model/1"))


def _masked(values: Floats, known: NDArray[np.bool_]) -> pa.Array:
    return pa.array(values, mask=~known)


@dataclass(frozen=True)
class World:
    """How much a till sells a day, and how often a day is three times as far off as usual."""

    sales: float
    odd_days: float


def nights(faults: Sequence[Fault | None], world: World, *, seed: int) -> list[set[int]]:
    """Who is told of in each night after four quiet weeks, from the first of which on faults hold.

    Returns:
        By night the numbers of the cameras; below 0 those of stores as a whole.
    """
    chain = Chain(np.random.default_rng(seed), world)
    stored: dict[date, pa.Table] = {}
    found = []
    for number in range(WINDOW + _NIGHTS):
        day = _DAY + timedelta(days=number)
        stored[day] = chain.day(day, faults if number >= WINDOW else [None] * len(faults))
        if number >= WINDOW:
            days = [day, *days_before(day)[::-1]]
            drift = compare(day, ((d, "", stored[d]) for d in days))
            found.append({_number(camera) for camera in drift.changed})
    return found


def _number(camera: Camera) -> int:
    store = int(camera.store_id[1:])
    return -1 - store if camera.till_id is None else store * TILLS + int(camera.till_id) - 1


@click.command()
@click.option("--chains", default=3, show_default=True, help="Simulated chains a row.")
@click.option("--seed", default=1, show_default=True)
def main(*, chains: int, seed: int) -> None:
    """Print the false notices of quiet chains, and when faulty cameras are told of."""
    seeds = range(seed, seed + chains)
    print("| sales a till and day | odd days | told of a night | nights with any |")
    print("|---|---|---|---|")
    for world in (World(30, 0.0), World(30, 0.02), World(10, 0.0), World(100, 0.0)):
        told = [len(night) for s in seeds for night in nights([None] * _CAMERAS, world, seed=s)]
        rate, any_night = np.mean(told), np.mean(np.array(told) > 0)
        odd = f"{world.odd_days:.0%}" if world.odd_days else "none"
        print(f"| {world.sales:.0f} | {odd} | {rate:.2f} | {any_night:.0%} |", flush=True)
    for world in (World(30, 0.02), World(100, 0.02)):
        head = f"at {world.sales:.0f} sales | first night | by the 3rd | by the 7th | on the 14th"
        print(f"\n| {head} |")
        print("|---|---|---|---|---|")
        for fault in FAULTS:
            print(_row(fault, world, seeds), flush=True)


def _row(fault: Fault, world: World, seeds: Sequence[int]) -> str:
    """Three cameras of the chain have the fault."""
    with_fault = range(0, _CAMERAS, _CAMERAS // 3)
    faults = [fault if unit in with_fault else None for unit in range(_CAMERAS)]
    told = np.array(
        [
            [unit in night for night in found]
            for found in (nights(faults, world, seed=seed) for seed in seeds)
            for unit in with_fault
        ]
    )
    shares = (told[:, 0], told[:, :3].any(axis=1), told[:, :7].any(axis=1), told[:, -1])
    return f"| {fault.name} | " + " | ".join(f"{share.mean():.0%}" for share in shares) + " |"


if __name__ == "__main__":
    main()
