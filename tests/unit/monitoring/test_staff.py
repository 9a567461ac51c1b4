"""Who was due a check: what is counted, what is expected, and of whom something is said."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.monitoring.staff.exposure import CLASSES, FIRST_DUE, count_checks
from auditor.monitoring.staff.peers import PeerResult, Peers, at_usual, cashiers, stores
from auditor.tables import CHECK_COUNTS, LEDGER
from benchmarks.people import Scenario, measure
from tests.support.report_day import NOON, estimate, flag, sale

LONDON = ZoneInfo("Europe/London")
HOW: dict[str, Any] = {"min_exposure": 10, "false_lead_share": 0.05}


def count(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return count_checks(LEDGER.from_rows(rows), LONDON).to_pylist()


def counts(
    *units: tuple[str, str, int, int], likelihood: int = FIRST_DUE, hour: int = 12
) -> pa.Table:
    """Store, cashier, sales due a check and sales handled."""
    return CHECK_COUNTS.from_rows(
        {
            "store_id": store,
            "cashier_id": cashier,
            "from_hour": hour,
            "likelihood": likelihood,
            "sales": due,
            "handled": handled,
            "refused": 0,
            "unrecorded": 0,
        }
        for store, cashier, due, handled in units
    )


def crowd(number: int = 18, due: int = 100, handled: int = 87) -> list[tuple[str, str, int, int]]:
    """Cashiers who do as is usual, in as many stores as two can share."""
    return [(f"S{n // 2:02}", f"C{n:02}", due, handled + n % 3 - 1) for n in range(number)]


def unit(peers: Peers, cashier: str) -> PeerResult:
    return next(unit for unit in peers.units if unit.cashier_id == cashier)


def test_a_sale_counts_in_the_class_of_its_probability_and_only_where_checks_are_recorded() -> None:
    rows = [
        flag(1, 20, 0.3, 0.9),
        sale(2, "id_checked", **estimate(19.0, 0.4, 0.96)),
        sale(3, "refused", **estimate(17.0, 0.6, 0.97), id_check="refused"),
        sale(4, "over_threshold", **estimate(44.0, 0.01, 0.03)),
        sale(5, "inconclusive"),
        flag(6, 20, 0.3, 0.6, id_check="not_recorded"),
    ]
    found = {row["likelihood"]: row for row in count(rows) if not row["unrecorded"]}
    told = {k: (row["sales"], row["handled"], row["refused"]) for k, row in found.items()}
    assert told == {5: (1, 0, 0), 6: (2, 2, 1), 0: (1, 0, 0), None: (1, 0, 0)}
    apart = [(row["sales"], row["unrecorded"]) for row in count(rows) if row["unrecorded"]]
    assert apart == [(0, 1)]


@pytest.mark.parametrize(
    ("at", "from_hour"),
    [
        (datetime(2026, 3, 27, 11, 59, tzinfo=UTC), 0),
        (datetime(2026, 3, 27, 12, 0, tzinfo=UTC), 12),
        (datetime(2026, 3, 29, 16, 0, tzinfo=UTC), 17),  # the clocks went forward that night
        (datetime(2026, 3, 27, 23, 30, tzinfo=UTC), 20),
    ],
)
def test_the_part_of_the_day_is_the_store_clocks(at: datetime, from_hour: int) -> None:
    (row,) = count([sale(1, "over_threshold", sold_at=at, **estimate(44.0, 0.01, 0.03))])
    assert row["from_hour"] == from_hour


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["flagged", "id_checked", "refused", "over_threshold", "inconclusive"]),
            st.floats(0, 1, width=32),
            st.integers(0, 23),
            st.sampled_from(["C1", "C2"]),
        ),
        max_size=25,
    ),
    st.integers(0, 25),
)
def test_counts_of_parts_add_up_to_the_counts_of_the_whole(
    sales: list[tuple[str, float, int, str]], cut: int
) -> None:
    rows = []
    for number, (outcome, p, hour, cashier) in enumerate(sales):
        seen = {} if outcome == "inconclusive" else estimate(20.0, p / 2, p)
        at = NOON + timedelta(hours=hour - 12)
        rows.append(sale(number, outcome, **seen, sold_at=at, cashier_id=cashier))
    whole = count_checks(LEDGER.from_rows(rows), LONDON)
    parts = [count_checks(LEDGER.from_rows(part), LONDON) for part in (rows[:cut], rows[cut:])]
    assert CHECK_COUNTS.add_up(parts).equals(whole)
    assert sum(whole["sales"].to_pylist()) == len(rows)


def test_nothing_is_said_below_the_least_exposure() -> None:
    few = ("S00", "few", 9, 0)
    peers = cashiers(counts(*crowd(), few), **HOW)
    told = unit(peers, "few")
    assert (told.due, told.handled, told.outlier, told.rate, told.q_below) == (
        9,
        0,
        None,
        None,
        None,
    )
    assert unit(cashiers(counts(*crowd(), few), **HOW | {"min_exposure": 9}), "few").outlier
    nobody = cashiers(counts(few), **HOW)
    assert (nobody.target, nobody.tested, nobody.units[0].outlier) == (None, 0, None)
    assert cashiers(CHECK_COUNTS.empty(), **HOW).units == ()


def test_who_strays_stands_out_to_the_side_of_it_and_nobody_else_does() -> None:
    peers = cashiers(counts(*crowd(), ("S01", "low", 120, 40), ("S02", "high", 400, 399)), **HOW)
    assert [u.cashier_id for u in peers.outliers("below")] == ["low"]
    assert [u.cashier_id for u in peers.outliers("above")] == ["high"]
    low = unit(peers, "low")
    assert low.rate is not None
    assert low.adjusted is not None
    assert low.rate.share == 40 / 120
    assert low.rate.share < low.adjusted.share < 0.6  # drawn towards the crowd
    assert [u.key for u in peers.units] == sorted(u.key for u in peers.units)


def test_the_order_of_rows_and_the_names_of_people_change_nothing() -> None:
    units = [*crowd(), ("S01", "low", 120, 40)]
    table = counts(*units)
    shuffled = table.take(pa.array(np.random.default_rng(1).permutation(len(units))))
    assert cashiers(shuffled, **HOW) == cashiers(table, **HOW)
    renamed = counts(*((f"T{s}", f"Z{c}", due, done) for s, c, due, done in units))
    others = cashiers(renamed, **HOW)
    for before, after in zip(cashiers(table, **HOW).units, others.units, strict=True):
        assert (before.outlier, before.p_below) == (after.outlier, after.p_below)


def test_whose_buyers_stand_on_the_edge_is_measured_against_others_of_that_kind() -> None:
    """All do as is usual in each class; one has nearly only buyers whom hardly anybody asks."""
    clear, edge = [], []
    for number in range(20):
        shares = (20, 80) if number == 0 else (80, 20)
        clear.append((f"S{number:02}", f"C{number:02}", shares[0], round(shares[0] * 0.95)))
        edge.append((f"S{number:02}", f"C{number:02}", shares[1], round(shares[1] * 0.45)))
    table = pa.concat_tables([counts(*clear, likelihood=6), counts(*edge, likelihood=FIRST_DUE)])
    peers = cashiers(table, **HOW)
    first = unit(peers, "C00")
    assert first.rate is not None
    assert first.rate.share < 0.6  # of the others 0.85
    assert first.expected == pytest.approx(first.handled, abs=3)
    assert first.outlier is None
    assert at_usual(first.handled / first.due, first.expected / first.due, 0.85) == pytest.approx(
        0.85, abs=0.03
    )


def test_who_does_as_colleagues_in_a_lax_store_is_not_held_against_the_chain() -> None:
    rng = np.random.default_rng(4)
    habits = enumerate(rng.beta(17, 3, 30))
    units = [
        (f"S{shop:02}", f"C{shop:02}{n}", 100, int(rng.binomial(100, share)))
        for shop, share in habits
        for n in range(4)
    ]
    lax = [("S99", f"L{n}", 100, 50 + n) for n in range(4)]
    peers = cashiers(counts(*units, *lax), **HOW)
    for number in range(4):
        told = unit(peers, f"L{number}")
        assert told.q_below is not None
        assert told.q_below > 0.5  # against the chain alone it is 0.06
        assert told.expected < 75


def test_a_lax_store_stands_out_as_a_store() -> None:
    units = [(f"S{n // 4:02}", f"C{n:02}", 100, 87 + n % 3 - 1) for n in range(120)]
    lax = [("S99", f"L{n}", 100, 40 + n) for n in range(4)]
    peers = stores(counts(*units, *lax), **HOW)
    assert [u.store_id for u in peers.outliers("below")] == ["S99"]


def test_classes_rise_from_0_and_the_first_due_is_a_half() -> None:
    assert CLASSES[0] == 0
    assert sorted(set(CLASSES)) == list(CLASSES)
    assert CLASSES[FIRST_DUE] == 0.5


#: What people do without the method; `estimate` is the method with estimates for probabilities.
NAIVE = ("flags", "ranking", "limits")


@pytest.fixture(scope="module")
def accused() -> dict[str, dict[str, Any]]:
    """Whom each method names in simulated chains with known truth (benchmarks/people.py)."""
    scenarios = (
        Scenario("heavy", stores=30, youth=1.2, between_cashiers=0.3, between_stores=0.2),
        Scenario("honest", stores=30, careless=0.0),
    )
    return {scenario.name: measure(scenario, chains=4, seed=7) for scenario in scenarios}


def test_a_teenager_heavy_store_does_not_make_its_cashiers_look_guilty(
    accused: dict[str, dict[str, Any]],
) -> None:
    audit, flags = accused["heavy"]["audit"], accused["heavy"]["flags"]
    assert audit.of_honest_in_heavy > 80
    assert audit.honest_in_heavy == 0
    assert flags.honest_in_heavy >= 3


def test_few_of_those_named_are_honest_and_most_of_the_careless_are_found(
    accused: dict[str, dict[str, Any]],
) -> None:
    found = accused["heavy"]
    assert found["audit"].false_share < 0.15
    assert all(found[m].false_share > 2 * found["audit"].false_share for m in NAIVE)
    assert found["audit"].careless > 0.7 * found["audit"].of_careless


def test_where_nobody_is_careless_hardly_anybody_is_named(
    accused: dict[str, dict[str, Any]],
) -> None:
    found = accused["honest"]
    assert found["audit"].honest <= 0.005 * found["audit"].of_honest
    assert all(found[m].honest >= 0.04 * found[m].of_honest for m in NAIVE)


def test_sales_without_a_cashier_count_for_the_store_and_for_nobody() -> None:
    rows = [flag(n, 20, 0.3, 0.9, cashier_id=None if n < 12 else "C07") for n in range(24)]
    table = count_checks(LEDGER.from_rows(rows), LONDON)
    assert [unit.cashier_id for unit in cashiers(table, **HOW).units] == ["C07"]
    assert [unit.due for unit in stores(table, **HOW).units] == [24]
