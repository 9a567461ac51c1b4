"""The day against earlier days: which are comparable, what is said, and the plot of it."""

from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest
from matplotlib.axes import Axes

from auditor.monitoring.baselines.day_figures import WEEKS, days_before
from auditor.report import past as past_module
from auditor.report.past import History, PastComparison, history_hash
from auditor.report.plots import COLOURS, plot
from auditor.tables import DAY_FIGURES
from tests.support.report_day import DAY, SCRIPT, figures

BASES = {"S001": ("age_resnet50/1", 25), "S002": ("age_resnet50/1", 25)}
TODAY = {"flagged": 2, "inconclusive": 1, "id_checked": 10}


def table(rows: list[dict[str, Any]]) -> pa.Table:
    return DAY_FIGURES.from_rows(rows)


def weeks(count: int, store_id: str = "S001", **other: Any) -> list[dict[str, Any]]:
    return [figures(store_id, day, **other) for day in days_before(DAY)[-count:]]


def compare(
    rows: list[dict[str, Any]], store_id: str | None = "S001", **today: int
) -> PastComparison:
    found = History(DAY, table(rows), BASES).compare(store_id, 40, TODAY | today)
    assert found is not None
    return found


def test_the_days_before_are_the_same_weekdays_of_28_weeks() -> None:
    days = days_before(DAY)
    assert len(days) == WEEKS == 28
    assert {day.weekday() for day in days} == {DAY.weekday()}
    assert days[-1] == DAY - timedelta(days=7)
    assert days == sorted(days)


def test_with_few_days_no_limits_are_given_and_it_is_said() -> None:
    past = compare(weeks(7))
    assert not past.enough
    assert {c.limits for c in past.comparisons} == {None}
    assert past.comparisons[0].plot is not None
    assert "too few earlier Fridays" in past.comparisons[0].plot.description
    assert compare(weeks(8)).enough


def test_a_day_of_another_model_or_challenge_age_is_left_out_and_counted() -> None:
    rows = weeks(20)
    rows[0] |= {"model": "age_resnet50/0"}
    rows[1] |= {"challenge_age": 30}
    past = compare(rows)
    assert (len(past.then), past.left_out) == (18, 2)


def test_a_day_without_sales_and_a_store_that_is_gone_say_nothing() -> None:
    empty = dict.fromkeys(("flagged", "id_checked", "over_threshold", "refused", "inconclusive"), 0)
    rows = [*weeks(10), *weeks(10, "S009"), figures("S001", date(2025, 10, 3), **empty)]
    assert [len(compare(rows, store).then) for store in ("S001", None)] == [10, 10]


def test_the_chain_is_the_sum_of_its_stores() -> None:
    past = compare([*weeks(9), *weeks(9, "S002", flagged=4)], None)
    assert {day.counts["flagged"] for day in past.then} == {5}
    assert past.then[0].sales == 14 + 17


def test_a_share_far_out_is_a_signal_and_one_like_the_past_is_none() -> None:
    rows = weeks(28, over_threshold=300, id_checked=120)
    sales = 300 + 120 + 3
    like = History(DAY, table(rows), BASES).compare(
        "S001", sales, {"flagged": 1, "inconclusive": 2, "id_checked": 125}
    )
    assert like is not None
    assert not like.signals
    far = History(DAY, table(rows), BASES).compare(
        "S001", sales, {"flagged": 30, "inconclusive": 1, "id_checked": 30}
    )
    assert far is not None
    assert [(c.code, c.side) for c in far.signals] == [("flagged", 1), ("id_checked", -1)]


def test_a_day_without_sales_is_not_compared() -> None:
    assert History(DAY, table(weeks(9)), BASES).compare("S001", 0, TODAY) is None


def test_no_more_charts_are_drawn_than_a_night_has_time_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(past_module, "CHARTS", 4)
    history = History(DAY, table(weeks(9)), BASES)
    plots = 0
    for store_id in ("S001", "S001", None):  # three are left for the chain, which comes last
        past = history.compare(store_id, 40, TODAY)
        assert past is not None
        plots += sum(c.plot is not None for c in past.comparisons)
        assert all(c.limits for c in past.comparisons)
    assert plots == 4


def test_the_hash_covers_every_figure_whatever_the_order() -> None:
    rows = weeks(5)
    assert history_hash(table(rows)) == history_hash(table(rows[::-1]))
    assert history_hash(table(rows)) != history_hash(table([rows[0] | {"refused": 9}, *rows[1:]]))
    assert history_hash(DAY_FIGURES.empty()) is None


def test_a_plot_has_no_style_of_its_own_and_is_the_same_twice() -> None:
    past = [compare(weeks(20)) for _ in range(2)]
    drawn = [str(p.comparisons[0].plot.svg) for p in past if p.comparisons[0].plot]
    assert drawn[0] == drawn[1]
    for forbidden in ("style", "<script", "<image", "http", "font-family", "#0102"):
        assert forbidden not in drawn[0]
    assert "var(--flagged)" in drawn[0]


def test_text_in_a_plot_stays_text_and_its_numbers_are_there() -> None:
    def draw(axes: Axes) -> None:
        axes.set_xlabel(SCRIPT)
        axes.plot([0, 1], [0, 1], color=COLOURS["ink"])

    made = plot(
        "p",
        draw,
        title=SCRIPT,
        description='"><b>',
        columns=("a",),
        rows=(("1",),),
    )
    assert "<script" not in made.svg
    assert "<b>" not in made.svg
    assert made.svg.count("&lt;script&gt;") == 2
    assert 'aria-labelledby="p-title p-desc"' in made.svg
    with pytest.raises(ValueError, match="no identifier"):
        plot('a"b', lambda _: None, title="", description="", columns=(), rows=())
