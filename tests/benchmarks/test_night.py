"""The simulated night: against queueing theory, against nights made by hand; the page it writes."""

import math
import random
import statistics
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.pipeline.score import READ_AHEAD
from benchmarks import cluster, limits, night, plans
from benchmarks.cluster import Batch, Fleet, Rules, Troubles
from benchmarks.money import money
from benchmarks.pages import filled
from benchmarks.plans import Choice, Nights, Plan
from benchmarks.sizing import SIZE, Assumed, Day, Measured
from tests.support.paths import ROOT

PAGE = ROOT / "docs/capacity.md"


def erlang_c(servers: int, load: float) -> float:
    """The probability that an arrival waits in an M/M/c queue (Erlang 1917).

    Args:
        servers: c.
        load: arrivals a service time, below c.
    """
    blocked = 1.0  # Erlang B, by its recursion over servers
    for number in range(1, servers + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked / (1 - load / servers * (1 - blocked))


@given(st.integers(1, 40), st.floats(0.01, 0.99))
def test_erlang_c_is_the_sum_over_states_of_the_textbooks(servers: int, busy: float) -> None:
    load = servers * busy
    waiting = load**servers / math.factorial(servers) / (1 - busy)
    states = sum(load**k / math.factorial(k) for k in range(servers))
    assert erlang_c(servers, load) == pytest.approx(waiting / (states + waiting))


def test_erlang_c_gives_a_published_figure() -> None:
    # An exercise: 120 customers an hour, 3 minutes each, 10 servers; "about 0.10" from the curve.
    assert erlang_c(10, 120 / 60 * 3) == pytest.approx(0.10, abs=0.005)


@pytest.mark.parametrize(("servers", "busy"), [(1, 0.6), (3, 0.7), (8, 0.7)])
def test_waits_are_those_of_an_m_m_c_queue(servers: int, busy: float) -> None:
    load, runs = servers * busy, 16
    waited, means = zip(*(_m_m_c(servers, load, seed) for seed in range(runs)), strict=True)
    probability = erlang_c(servers, load)
    for found, expected in ((waited, probability), (means, probability / (servers - load))):
        error = statistics.stdev(found) / math.sqrt(runs)
        assert error < 0.1 * expected
        assert statistics.fmean(found) == pytest.approx(expected, abs=3.5 * error)


def _m_m_c(servers: int, load: float, seed: int) -> tuple[float, float]:
    """The share of arrivals that waited, and the mean wait, in service times."""
    rng, clock, batches = random.Random(seed), 0.0, []
    for _ in range(4_000):
        clock += rng.expovariate(load)
        batches.append(Batch(rng.expovariate(1.0), clock))
    waits = cluster.run(batches, Fleet(servers), rng).waits[400:]
    return sum(wait > 0 for wait in waits) / len(waits), statistics.fmean(waits)


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=60), st.integers(1, 12))
@settings(max_examples=150, deadline=None)
def test_the_end_keeps_the_bounds_of_list_scheduling(works: list[float], slots: int) -> None:
    """Graham 1966: at least the mean load and the longest; at most (2 - 1/m) times the best."""
    finished = cluster.run([Batch(w) for w in works], Fleet(slots), random.Random(1)).finished
    least = max(sum(works) / slots, *works)
    assert least <= finished * (1 + 1e-9)
    assert finished <= sum(works) / slots + (1 - 1 / slots) * max(works) + 1e-6


def test_batches_start_in_the_order_of_their_number_one_gap_apart() -> None:
    outcome = cluster.run([Batch(5.0)] * 4, Fleet(2), random.Random(1), rules=Rules(gap=1.0))
    assert outcome.waits == [0, 1, 5, 6]
    assert outcome.ends == [5, 6, 10, 11]
    assert outcome.busy == 21  # the second slot waited a second for its first batch


def test_a_dead_machine_s_batch_is_missed_and_done_by_another() -> None:
    troubles = Troubles(deaths=(50.0,), replaced_after=math.inf)
    rules = Rules(delays=(100.0, 170.0), noticed_after=300.0)
    outcome = cluster.run([Batch(100.0)] * 3, Fleet(2), random.Random(1), troubles, rules)
    assert outcome.ends == [50 + 300 + 100 + 100, 100, 200]
    assert outcome.attempts == 4


def test_a_machine_of_several_slots_dies_with_all_of_them_and_comes_back() -> None:
    troubles = Troubles(deaths=(50.0,), replaced_after=600.0)
    fleet = Fleet(4, slots_a_node=4)
    outcome = cluster.run([Batch(100.0)] * 4, fleet, random.Random(1), troubles, Rules())
    assert outcome.ends == [750.0] * 4
    assert Fleet(10, slots_a_node=4).nodes == [4, 4, 2]


def test_a_fleet_that_is_gone_never_ends() -> None:
    troubles = Troubles(deaths=(50.0,), replaced_after=math.inf)
    assert cluster.run([Batch(100.0)], Fleet(1), random.Random(1), troubles).finished == math.inf


def test_a_broken_batch_is_tried_three_times_and_once_more_when_it_is_mended() -> None:
    rules = Rules(delays=(100.0, 170.0), mended_after=1800.0)
    outcome = cluster.run([Batch(10.0, broken=True)], Fleet(1), random.Random(1), rules=rules)
    assert (outcome.attempts, outcome.calls) == (4, 1)
    assert 100 + 170 + 1800 + 10 < outcome.finished < 100 + 170 + 1800 + 10 + 3 * 10


def test_a_batch_comes_to_a_person_as_often_as_three_failures_in_a_row_do() -> None:
    failure, number = 0.3, 8_000
    outcome = cluster.run(
        [Batch(1.0)] * number, Fleet(50), random.Random(1), Troubles(failure=failure)
    )
    # One that is cleared can fail three times again: a geometric series.
    expected = failure**3 / (1 - failure**3)
    assert outcome.calls / number == pytest.approx(expected, abs=4 * math.sqrt(expected / number))


@given(
    st.lists(st.floats(1, 500), max_size=40),
    st.tuples(st.integers(1, 9), st.integers(1, 4)),
    st.floats(0, 0.5),
    st.floats(200, 5000),
    st.integers(0, 10_000),
)
@settings(max_examples=100, deadline=None)
def test_every_batch_ends_once_whatever_happens(
    works: list[float], fleet: tuple[int, int], failure: float, life: float, seed: int
) -> None:
    troubles = Troubles(failure=failure, node_life=life, slow_share=0.3, slow_factor=2, spread=0.2)
    quick = Rules(delays=(1.0, 2.0), noticed_after=3.0, mended_after=5.0)
    batches = [Batch(work) for work in works]
    outcome = cluster.run(batches, Fleet(*fleet), random.Random(seed), troubles, quick)
    assert len(outcome.ends) == len(works)
    spans = zip(outcome.waits, outcome.ends, strict=True)
    assert all(0 <= wait < end < math.inf for wait, end in spans)
    assert outcome.attempts >= len(works)
    assert outcome.busy <= fleet[0] * outcome.finished + 1e-6
    again = cluster.run(batches, Fleet(*fleet), random.Random(seed), troubles, quick)
    assert again == outcome


@pytest.fixture(scope="module")
def known() -> tuple[Measured, Assumed]:
    return Measured.read(), Assumed.read()


def test_the_page_is_what_the_command_writes_from_the_committed_results(
    known: tuple[Measured, Assumed],
) -> None:
    page = PAGE.read_text(encoding="utf-8")
    found, fleets = night.parts(*known)
    assert filled(page, found) == page, "python -m benchmarks.night --write docs/capacity.md"
    assert f"]({night.PLOT})" in page
    plot = PAGE.with_name(night.PLOT).read_text(encoding="utf-8")
    assert [own.name for own in fleets if f"<!-- {own.name} -->" not in plot] == []


def test_a_page_with_a_place_too_many_or_too_few_is_refused() -> None:
    page = "a\n<!-- x -->\nold\nrows\n<!-- end -->\nb\n<!-- y -->\n<!-- end -->\n"
    wanted = "a\n<!-- x -->\n1\n<!-- end -->\nb\n<!-- y -->\n2\n<!-- end -->\n"
    assert filled(page, {"x": "1", "y": "2"}) == wanted
    for parts in ({"x": "1"}, {"x": "1", "y": "2", "z": "3"}):
        with pytest.raises(ValueError, match="places"):
            filled(page, parts)


def test_frames_are_waited_for_where_storage_is_slower_than_the_cores(
    known: tuple[Measured, Assumed],
) -> None:
    measured = replace(known[0], score_s={SIZE: 0.010}, reads_a_sale=2.0, flagged=0.1)
    near, far = (Day(measured, known[1].but(storage_ms=ms), 1) for ms in (1, 80))
    assert near.sale_s == pytest.approx(0.010 + 0.1 * 0.001)
    assert far.sale_s == pytest.approx(2 * 0.080 / READ_AHEAD + 0.1 * 0.080)
    faster = Day(measured, known[1].but(storage_ms=1, core_speed=2), 1)
    assert faster.sale_s == pytest.approx(0.005 + 0.1 * 0.001)


def test_limits_are_reached_where_arithmetic_says(known: tuple[Measured, Assumed]) -> None:
    day = Day(known[0], known[1].but(sales_a_store=1000), 1)
    by_name = {limit.name: limit for limit in limits.limits(day.assumed)}
    memory = by_name["memory of plan, finalise and report"]
    stores = limits.reached_at(memory, day)
    assert replace(day, stores=stores).memory_gb == pytest.approx(8.0, rel=2e-3)
    flat = replace(known[0], memory_gb_a_sale=0.0)
    assert limits.reached_at(memory, replace(day, measured=flat)) == math.inf


def test_airflow_maps_a_task_only_so_often(known: tuple[Measured, Assumed]) -> None:
    day = Day(known[0], known[1].but(sales_a_store=1000), 1)
    assert replace(day, stores=262).sales_a_task(256) == 256  # 1,024 times 256 sales
    assert replace(day, stores=1024).sales_a_task(256) == 1000


def test_late_stores_cost_what_is_done_about_them(known: tuple[Measured, Assumed]) -> None:
    quiet = known[1].but(failure=0, node_life_h=math.inf, slow_share=0, spread=0)
    plan = Plan(Day(known[0], quiet, 50), slots=4, batch=1024)

    def done(late: str) -> float:
        return plans.night(replace(plan, late=late), random.Random(1))[0]

    whole = done("")
    assert done("wait") == pytest.approx(1800 + whole)
    assert done("again") == pytest.approx(1800 + whole)  # the first run is over before they come
    assert 1800 < done("only") < done("again")


def test_more_slots_and_fewer_troubles_are_never_worse(known: tuple[Measured, Assumed]) -> None:
    day = Day(known[0], known[1], 300)
    fleets = [Plan(day, slots, 2048) for slots in (2, 4, 8)]
    ends = [plans.simulated(plan, 40).quantile(0.5) for plan in fleets]
    assert ends == sorted(ends, reverse=True)
    worse = replace(day, assumed=known[1].but(failure=0.2))
    assert plans.simulated(replace(fleets[1], day=worse), 40).quantile(0.5) > ends[1]


def test_money_is_hours_times_price_and_storage_and_requests(
    known: tuple[Measured, Assumed],
) -> None:
    day = Day(known[0], known[1], 100)
    prices = known[1].file["prices"]
    choice = Choice(2, Plan(replace(day, stores=50), 3, 1024), Nights((1800.0, 5400.0), 0.0, 0.0))
    cost = money(choice, 100)
    hours = 2 * (3 * known[0].cores * 1.0 + 24 * prices["service_cores"])
    assert cost.core_hours == pytest.approx(hours)
    assert cost.machines == pytest.approx(hours * prices["core_hour"])
    assert cost.month == pytest.approx(30 * (cost.machines + cost.requests) + cost.storage)
    assert choice.share == 1.0


def test_an_unknown_assumption_is_named() -> None:
    with pytest.raises(KeyError, match="latency"):
        Assumed.read().but(latency=3)
