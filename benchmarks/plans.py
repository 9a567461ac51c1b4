"""Simulated nights of a plan, and the fewest slots that are done in time often enough."""

import functools
import math
import random
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, replace

from benchmarks import cluster
from benchmarks.cluster import Batch, Fleet, Rules, Troubles
from benchmarks.sizing import Assumed, Day

_COARSE = 30  # nights that a first look takes
_MOST_SLOTS = 512
_MOST_PARTS = 64


@dataclass(frozen=True, slots=True)
class Plan:
    """How a day is run."""

    day: Day
    slots: int
    batch: int  # sales
    broken: int | None = None  # the batch that fails three times; -1 is the last
    deaths: tuple[float, ...] = ()  # of machines, seconds after scoring began
    replaced: bool = True
    late: str = ""  # "wait", "again" or "only": what is done about stores that come late
    late_s: float = 1800.0
    late_share: float = 0.1


@dataclass(frozen=True, slots=True)
class Nights:
    """Many nights of one plan; seconds after the start, sorted."""

    done: tuple[float, ...]
    busy: float  # slot-seconds of scoring, mean
    calls: float  # batches a night that a person cleared, mean

    def share_by(self, seconds: float) -> float:
        """The part of the nights that were done by then."""
        return sum(each <= seconds for each in self.done) / len(self.done)

    def quantile(self, share: float) -> float:
        """The time by which this share of the nights was done."""
        return self.done[math.ceil(share * len(self.done)) - 1]


@dataclass(frozen=True, slots=True)
class Choice:
    """What a chain is advised to have: so many equal installations of so many slots each."""

    parts: int
    plan: Plan  # of one part
    nights: Nights

    @property
    def share(self) -> float:
        """Probability that all parts are done by the deadline."""
        return self.nights.share_by(window(self.plan.day.assumed)) ** self.parts


def window(assumed: Assumed) -> float:
    """Seconds from the nightly start to the deadline."""
    return since_midnight(assumed.file["night"]["deadline"]) - since_midnight(
        assumed.file["night"]["start"]
    )


@functools.cache
def _simulated(key: "_Key", number: int) -> Nights:
    return _nights(key.plan, number)


@dataclass(frozen=True, slots=True)
class _Key:
    """A plan as a key of the cache: Day holds dictionaries, so it is compared by its text."""

    text: str
    plan: Plan

    def __hash__(self) -> int:
        return hash(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.text == other.text


def simulated(plan: Plan, number: int | None = None) -> Nights:
    """Simulate nights of a plan; the same plan gives the same nights."""
    return _simulated(_key(plan), number or plan.day.assumed.file["night"]["nights"])


def _key(plan: Plan) -> _Key:
    return _Key(repr(plan), plan)


def _chances(plan: Plan, number: int) -> Iterator[random.Random]:
    """The chance of each night: every plan has the same nights."""
    seed = plan.day.assumed.file["night"]["seed"]
    return (random.Random(f"{seed}/{each}") for each in range(number))


def _nights(plan: Plan, number: int) -> Nights:
    nights = [night(plan, rng) for rng in _chances(plan, number)]
    return Nights(
        tuple(sorted(done for done, _, _ in nights)),
        statistics.fmean(busy for _, busy, _ in nights),
        statistics.fmean(calls for _, _, calls in nights),
    )


def night(plan: Plan, rng: random.Random) -> tuple[float, float, int]:
    """Simulate one night.

    Returns:
        Seconds from the start until the report of all stores is there, slot-seconds of scoring, and
        how often a person had to clear a batch.
    """
    if plan.late == "wait":
        done, busy, calls = _once(plan, rng, 1.0, 1.0)
        return plan.late_s + done, busy, calls
    if not plan.late:
        return _once(plan, rng, 1.0, 1.0)
    first = _once(plan, rng, 1 - plan.late_share, 1 - plan.late_share)
    share = 1.0 if plan.late == "again" else plan.late_share
    second = _once(replace(plan, deaths=(), broken=None), rng, share, 1.0)
    done = max(first[0], plan.late_s) + second[0]
    return done, first[1] + second[1], first[2] + second[2]


def _once(
    plan: Plan, rng: random.Random, share: float, reported: float
) -> tuple[float, float, int]:
    """A run of the DAG over a share of the stores."""
    day, troubles, rules = plan.day, _troubles(plan.day.assumed), _rules(plan.day.assumed)
    alone = replace(troubles, deaths=())

    def serial(seconds: float) -> float:
        return cluster.run([Batch(seconds)], Fleet(1), rng, alone, rules).finished

    before = serial(day.resolve_s) + serial(day.step_s("plan", share))
    sales = day.sales * share
    number = math.ceil(sales / plan.batch)
    work = day.task_s + sales / number * day.sale_s
    batches = [Batch(work)] * number
    if plan.broken is not None:
        batches[plan.broken] = Batch(work, broken=True)
    if plan.deaths:
        troubles = replace(troubles, deaths=plan.deaths)
    if not plan.replaced:
        troubles = replace(troubles, replaced_after=math.inf, node_life=math.inf)
    fleet = Fleet(plan.slots, int(day.assumed.slots_a_node))
    scored = cluster.run(batches, fleet, rng, troubles, rules)
    after = serial(day.step_s("finalise", share)) + serial(day.step_s("report", reported))
    return before + scored.finished + after, scored.busy, scored.calls


def _troubles(assumed: Assumed) -> Troubles:
    return Troubles(
        failure=assumed.failure,
        node_life=assumed.node_life_h * 3600,
        replaced_after=assumed.replaced_min * 60,
        slow_share=assumed.slow_share,
        slow_factor=assumed.slow_factor,
        spread=assumed.spread,
    )


def _rules(assumed: Assumed) -> Rules:
    airflow = assumed.file["airflow"]
    return Rules(
        gap=1 / assumed.dispatch_a_s,
        delays=tuple(map(float, airflow["retry_delays_s"])),
        noticed_after=float(airflow["heartbeat_timeout_s"]),
        mended_after=assumed.mended_min * 60,
    )


def choose(day: Day) -> Choice:
    """The fewest slots that are done in time often enough, and the batch size they are best with.

    Where the steps that no slot shortens would take too much of the time, the chain is divided into
    the fewest equal installations that leave enough for scoring.

    Raises:
        ValueError: not even a small part of the chain can be done in time.
    """
    file = day.assumed.file["night"]
    for parts in range(1, _MOST_PARTS + 1):
        part = replace(day, stores=day.stores / parts)
        if part.serial_s > file["serial_share"] * window(day.assumed):
            continue
        wanted = file["wanted"] ** (1 / parts)
        plans = [
            Plan(part, slots, batch)
            for batch in _batch_sizes(part)
            if (slots := fewest(part, batch, wanted, _COARSE))
        ]
        if plans:
            best = min(plans, key=_rank)
            if slots := fewest(part, best.batch, wanted, None, best.slots):
                plan = replace(best, slots=slots)
                return Choice(parts, plan, simulated(plan))
    raise ValueError(f"{day.stores:,.0f} stores are not done in time, however they are divided")


def _rank(plan: Plan) -> tuple[int, int, int]:
    """Fewer slots are better, then an earlier end, then smaller batches, which lose less."""
    return plan.slots, round(simulated(plan, _COARSE).quantile(0.95) / 60), plan.batch


def _batch_sizes(day: Day) -> list[int]:
    file = day.assumed.file
    return [
        size
        for size in file["night"]["batch_sizes"]
        if day.sales / size <= file["airflow"]["max_map_length"]
    ]


def fewest(day: Day, batch: int, wanted: float, nights: int | None, least: int = 1) -> int | None:
    """The fewest slots, from ``least`` on, with which the wanted share of nights is in time."""
    number = nights or day.assumed.file["night"]["nights"]

    def enough(slots: int) -> bool:
        return _reaches(_key(Plan(day, slots, batch)), number, wanted)

    left = window(day.assumed) - day.serial_s
    low = max(least, math.ceil(day.slots_within(left)) if left > 0 else _MOST_SLOTS + 1)
    most = min(_MOST_SLOTS, math.ceil(day.sales / batch))  # more than batches are of no use
    if low > most:
        return None
    high = low
    while not enough(high):
        if high == most:
            return None
        low, high = high + 1, min(most, max(high + 1, math.ceil(high * 1.25)))
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return high


@functools.cache
def _reaches(key: "_Key", number: int, wanted: float) -> bool:
    """Whether the wanted share of nights is in time; ends as soon as it cannot be."""
    plan, missed = key.plan, 0
    for rng in _chances(plan, number):
        missed += night(plan, rng)[0] > window(plan.day.assumed)
        if missed > (1 - wanted) * number:
            return False
    return True


def since_midnight(clock: str) -> int:
    """Seconds since midnight, of ``06:00``."""
    hours, minutes = clock.split(":")
    return 3600 * int(hours) + 60 * int(minutes)
