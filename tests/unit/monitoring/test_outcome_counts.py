"""Counts and rates of cashiers and stores."""

import pytest

from auditor.errors import ContractError
from auditor.monitoring.staff.outcome_counts import Counts, count_cashiers, count_stores
from auditor.monitoring.statistics.rates import wilson
from auditor.tables import LEDGER, OUTCOMES
from tests.support.report_day import estimate, flag, sale


def counts_of(rows: list[dict[str, object]], min_exposure: int = 1) -> tuple[Counts, ...]:
    return count_cashiers(LEDGER.from_rows(rows), min_exposure=min_exposure)


def test_the_same_id_in_two_stores_is_two_cashiers() -> None:
    rows = [sale(1, "over_threshold"), sale(2, "over_threshold", store_id="S000")]
    assert [(c.store_id, c.cashier_id, c.sales) for c in counts_of(rows)] == [
        ("S000", "C07", 1),
        ("S001", "C07", 1),
    ]


def test_cashiers_stand_by_id_and_not_by_what_is_counted_of_them() -> None:
    rows = [flag(n, 20, 0.3, 0.9, cashier_id="C09") for n in range(5)]
    rows.append(sale(9, "over_threshold", cashier_id="C01"))
    assert [c.cashier_id for c in counts_of(rows)] == ["C01", "C09"]
    assert [c.cashier_id for c in counts_of(rows[::-1])] == ["C01", "C09"]


def test_every_sale_is_counted_in_one_outcome() -> None:
    rows = [sale(n, outcome) for n, outcome in enumerate(OUTCOMES * 2)]
    (counts,) = counts_of(rows)
    assert [getattr(counts, outcome) for outcome in OUTCOMES] == [2] * len(OUTCOMES)
    assert counts.sales == len(rows)


def test_a_young_looking_sale_is_handled_when_checked_or_refused() -> None:
    young, old = estimate(24.9, 0.1, 0.6), estimate(25.0, 0.1, 0.5)
    rows = [
        flag(1, 20, 0.3, 0.9),
        sale(2, "id_checked", **young),
        sale(3, "refused", **young),
        sale(4, "id_checked", **old),
        sale(5, "id_checked"),
        sale(6, "inconclusive"),
    ]
    (counts,) = counts_of(rows)
    assert (counts.young, counts.young_handled) == (3, 2)
    assert counts.rate == wilson(2, 3)


def test_no_rate_is_given_below_the_least_exposure() -> None:
    rows = [flag(n, 20, 0.3, 0.9) for n in range(4)]
    assert counts_of(rows, min_exposure=5)[0].rate is None
    assert counts_of(rows, min_exposure=4)[0].rate == wilson(0, 4)
    assert counts_of([sale(1, "over_threshold")], min_exposure=1)[0].rate is None


def test_a_store_without_sales_is_counted_with_zeros() -> None:
    stores = count_stores(
        LEDGER.from_rows([flag(1, 20, 0.3, 0.9)]), ["S002", "S001"], min_exposure=1
    )
    assert [(c.store_id, c.cashier_id, c.sales) for c in stores] == [
        ("S001", None, 1),
        ("S002", None, 0),
    ]
    assert stores[1].rate is None


def test_an_unknown_outcome_is_refused() -> None:
    with pytest.raises(ContractError, match="cleared"):
        counts_of([sale(1, "cleared")])


def test_sales_without_a_cashier_are_the_stores_and_nobodys() -> None:
    rows = [sale(1, "over_threshold"), sale(2, "over_threshold", cashier_id=None)]
    assert [(c.cashier_id, c.sales) for c in counts_of(rows)] == [("C07", 1)]
    (store,) = count_stores(LEDGER.from_rows(rows), ["S001"], min_exposure=1)
    assert store.sales == 2
