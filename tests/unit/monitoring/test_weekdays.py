"""The day against earlier days: which are comparable, and which shares are signals."""

from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from auditor.monitoring.baselines.day_figures import WEEKS, days_before
from auditor.monitoring.weekdays import PastComparison, WeekdayHistory, hash_figures
from auditor.tables import DAY_FIGURES
from tests.support.report_day import DAY, figures

BASES = {"S001": ("age_resnet50/1", 25), "S002": ("age_resnet50/1", 25)}
TODAY = {"flagged": 2, "inconclusive": 1, "id_checked": 10}


def table(rows: list[dict[str, Any]]) -> pa.Table:
    return DAY_FIGURES.from_rows(rows)


def weeks(count: int, store_id: str = "S001", **other: Any) -> list[dict[str, Any]]:
    return [figures(store_id, day, **other) for day in days_before(DAY)[-count:]]


def compare(
    rows: list[dict[str, Any]], store_id: str | None = "S001", **today: int
) -> PastComparison:
    found = WeekdayHistory(table(rows), BASES).compare(store_id, 40, TODAY | today)
    assert found is not None
    return found


def test_the_days_before_are_the_same_weekdays_of_28_weeks() -> None:
    days = days_before(DAY)
    assert len(days) == WEEKS == 28
    assert {day.weekday() for day in days} == {DAY.weekday()}
    assert days[-1] == DAY - timedelta(days=7)
    assert days == sorted(days)


def test_with_few_days_no_limits_are_given() -> None:
    past = compare(weeks(7))
    assert not past.is_sufficient
    assert {c.limits for c in past.shares} == {None}
    assert compare(weeks(8)).is_sufficient


def test_a_day_of_another_model_or_challenge_age_is_left_out_and_counted() -> None:
    rows = weeks(20)
    rows[0] |= {"model": "age_resnet50/0"}
    rows[1] |= {"challenge_age": 30}
    past = compare(rows)
    assert (len(past.days), past.left_out) == (18, 2)


def test_a_day_without_sales_and_a_store_that_is_gone_say_nothing() -> None:
    empty = dict.fromkeys(("flagged", "id_checked", "over_threshold", "refused", "inconclusive"), 0)
    rows = [*weeks(10), *weeks(10, "S009"), figures("S001", date(2025, 10, 3), **empty)]
    assert [len(compare(rows, store).days) for store in ("S001", None)] == [10, 10]


def test_the_chain_is_the_sum_of_its_stores() -> None:
    past = compare([*weeks(9), *weeks(9, "S002", flagged=4)], None)
    assert {day.counts["flagged"] for day in past.days} == {5}
    assert past.days[0].sales == 14 + 17


def test_a_share_far_out_is_a_signal_and_one_like_the_past_is_none() -> None:
    rows = weeks(28, over_threshold=300, id_checked=120)
    sales = 300 + 120 + 3
    like = WeekdayHistory(table(rows), BASES).compare(
        "S001", sales, {"flagged": 1, "inconclusive": 2, "id_checked": 125}
    )
    assert like is not None
    assert not like.signals
    far = WeekdayHistory(table(rows), BASES).compare(
        "S001", sales, {"flagged": 30, "inconclusive": 1, "id_checked": 30}
    )
    assert far is not None
    assert [(c.outcome, c.side) for c in far.signals] == [("flagged", 1), ("id_checked", -1)]


def test_a_day_without_sales_is_not_compared() -> None:
    assert WeekdayHistory(table(weeks(9)), BASES).compare("S001", 0, TODAY) is None


def test_the_hash_covers_every_figure_whatever_the_order() -> None:
    rows = weeks(5)
    assert hash_figures(table(rows)) == hash_figures(table(rows[::-1]))
    assert hash_figures(table(rows)) != hash_figures(table([rows[0] | {"refused": 9}, *rows[1:]]))
    assert hash_figures(DAY_FIGURES.empty()) is None
