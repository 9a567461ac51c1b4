"""A night's queue of batches on slots that fail: a discrete-event simulation (SimPy).

A slot works on one batch at a time, as a slot of Airflow's pool does. Batches start in the order of
their number, those that are tried again before later ones, as Airflow's scheduler orders them
(priority, then map index). Times are seconds from the beginning.

What it can be checked against: waiting times of an M/M/c queue (Erlang 1917), the bounds of list
scheduling (Graham 1966), and hand-made nights: tests/test_night.py.
"""

import heapq
import math
import random
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import simpy


@dataclass(frozen=True, slots=True)
class Batch:
    """Work that is handed out whole."""

    work: float  # seconds on a slot of ordinary speed
    released: float = 0.0
    broken: bool = False  # fails until a person mends it


@dataclass(frozen=True, slots=True)
class Fleet:
    """The slots, and the machines that they live and die with."""

    slots: int
    slots_a_node: int = 1

    @property
    def nodes(self) -> list[int]:
        """How many slots each node has."""
        full, rest = divmod(self.slots, self.slots_a_node)
        return [self.slots_a_node] * full + [rest] * (rest > 0)


@dataclass(frozen=True, slots=True)
class Troubles:
    """What goes wrong. The defaults: nothing does."""

    failure: float = 0.0  # probability that an attempt fails, at any point of its time
    node_life: float = math.inf  # mean seconds until a node dies, exponential
    deaths: tuple[float, ...] = ()  # when the first nodes die besides, one a node
    replaced_after: float = 300.0  # seconds until a dead node's slots are back
    slow_share: float = 0.0  # probability that a node is slow, all night
    slow_factor: float = 1.0  # its batches take so many times as long
    spread: float = 0.0  # coefficient of variation of a batch's time, log-normal


@dataclass(frozen=True, slots=True)
class Rules:
    """What the scheduler does about it."""

    gap: float = 0.0  # least seconds between two dispatches: the scheduler's throughput
    delays: tuple[float, ...] = (100.0, 170.0)  # before the second try, the third, ...
    noticed_after: float = 300.0  # until a batch of a dead node counts as failed
    mended_after: float = 1800.0  # from the last failure to a person's clearing of the batch


@dataclass(slots=True)
class Outcome:
    """How the queue went."""

    ends: list[float]  # of each batch
    waits: list[float]  # of each batch, from its release to its first start
    busy: float = 0.0  # seconds that slots were held, all together
    attempts: int = 0
    calls: int = 0  # batches that a person had to clear

    @property
    def finished(self) -> float:
        """When the last batch ended; 0 without any."""
        return max(self.ends, default=0.0)


def run(
    batches: Sequence[Batch],
    fleet: Fleet,
    rng: random.Random,
    troubles: Troubles = Troubles(),
    rules: Rules = Rules(),
) -> Outcome:
    """Work all batches off.

    Returns:
        When each ended and waited; every batch ends exactly once.
    """
    return _Night(batches, fleet, rng, troubles, rules).run()


class _Night:
    def __init__(
        self,
        batches: Sequence[Batch],
        fleet: Fleet,
        rng: random.Random,
        troubles: Troubles,
        rules: Rules,
    ) -> None:
        number = len(batches)
        self.batches, self.fleet, self.rng = batches, fleet, rng
        self.troubles, self.rules = troubles, rules
        self.env = simpy.Environment()
        self.queue: list[int] = []  # of batches' numbers, a heap
        self.idle: deque[simpy.Event] = deque()  # one of each slot that waits for a batch
        self.done = self.env.event()
        self.next_dispatch = 0.0
        self.sigma = math.sqrt(math.log1p(troubles.spread**2))  # of the logarithm of a batch's time
        self.outcome = Outcome([math.nan] * number, [math.nan] * number)
        self.tries = [0] * number
        self.mended = [False] * number
        self.left = number

    def run(self) -> Outcome:
        if not self.batches:
            return self.outcome
        for batch, given in enumerate(self.batches):
            self._queue(batch, given.released)
        for node, slots in enumerate(self.fleet.nodes):
            self._start(node, slots)
        try:
            self.env.run(until=self.done)
        except RuntimeError:  # nothing is left to happen, and batches are: no slot is
            ends = self.outcome.ends
            self.outcome.ends = [math.inf if math.isnan(end) else end for end in ends]
        return self.outcome

    def _queue(self, batch: int, after: float) -> None:
        """Put a batch in the queue, after so many seconds."""
        if after > 0:
            self.env.timeout(after).callbacks.append(lambda _: self._queue(batch, 0.0))
            return
        heapq.heappush(self.queue, batch)
        if self.idle:
            self.idle.popleft().succeed()

    def _start(self, node: int, slots: int) -> None:
        slow = self.rng.random() < self.troubles.slow_share
        speed = self.troubles.slow_factor if slow else 1.0
        running = [self.env.process(self._slot(speed)) for _ in range(slots)]
        deaths = self.troubles.deaths[node : node + 1]
        if deaths or self.troubles.node_life < math.inf:
            self.env.process(self._fate(running, deaths))

    def _fate(
        self, slots: list[simpy.Process], deaths: Sequence[float]
    ) -> Generator[simpy.Event, Any, None]:
        """A node's deaths: those that are set, then by chance. A dead node is replaced."""
        for at in deaths:
            yield self.env.timeout(at - self.env.now)
            _kill(slots)
        while self.troubles.node_life < math.inf and any(slot.is_alive for slot in slots):
            yield self.env.timeout(self.rng.expovariate(1 / self.troubles.node_life))
            _kill(slots)

    def _slot(self, speed: float) -> Generator[simpy.Event, Any, None]:
        while True:
            wake: simpy.Event | None = None
            try:
                if not self.queue:
                    wake = self.env.event()
                    self.idle.append(wake)
                    yield wake
                # Woken for a batch that another slot took meanwhile: wait again.
                if self.queue:
                    yield from self._attempt(heapq.heappop(self.queue), speed)
            except simpy.Interrupt:
                self._unwait(wake)
                if math.isinf(self.troubles.replaced_after):
                    return
                yield from self._dead()

    def _unwait(self, wake: simpy.Event | None) -> None:
        """Take a dying slot from the waiting; what it was just woken for, another does."""
        if wake is not None and wake in self.idle:
            self.idle.remove(wake)
        elif self.queue and self.idle:
            self.idle.popleft().succeed()

    def _dead(self) -> Generator[simpy.Event, Any, None]:
        """Wait for the replacement, which may die before it comes."""
        while True:
            try:
                yield self.env.timeout(self.troubles.replaced_after)
            except simpy.Interrupt:
                continue
            return

    def _attempt(self, batch: int, speed: float) -> Generator[simpy.Event, Any, None]:
        given, began = self.batches[batch], self.env.now
        handed = max(began, self.next_dispatch)
        self.next_dispatch = handed + self.rules.gap
        if math.isnan(self.outcome.waits[batch]):
            self.outcome.waits[batch] = handed - given.released
        self.tries[batch] += 1
        self.outcome.attempts += 1
        takes = given.work * speed * self._noise()
        fails = given.broken and not self.mended[batch]
        if fails or self.rng.random() < self.troubles.failure:
            fails, takes = True, takes * self.rng.random()
        try:
            yield self.env.timeout(handed - began + takes)
        except simpy.Interrupt:
            self._again(batch, self.rules.noticed_after)
            raise
        finally:
            self.outcome.busy += self.env.now - began
        if fails:
            self._again(batch, 0.0)
            return
        self.outcome.ends[batch] = self.env.now
        self.left -= 1
        if not self.left:
            self.done.succeed()

    def _again(self, batch: int, noticed: float) -> None:
        """Queue a failed batch: after the scheduler's delay, or once a person has cleared it."""
        tried = self.tries[batch]
        if tried <= len(self.rules.delays):
            self._queue(batch, noticed + self.rules.delays[tried - 1])
        else:
            self.outcome.calls += 1
            self.tries[batch] = 0
            self.mended[batch] = True
            self._queue(batch, noticed + self.rules.mended_after)

    def _noise(self) -> float:
        return math.exp(self.rng.gauss(-(self.sigma**2) / 2, self.sigma)) if self.sigma else 1.0


def _kill(slots: list[simpy.Process]) -> None:
    for slot in slots:
        if slot.is_alive:
            slot.interrupt()
