"""The section on earlier days: what it says, and its charts."""

from collections.abc import Iterator

import pytest
from matplotlib.axes import Axes

from auditor.monitoring.baselines.day_figures import days_before
from auditor.monitoring.weekdays import WeekdayHistory
from auditor.report import past as past_module
from auditor.report.past import Past, PastCharts
from auditor.report.plots import COLOURS, plot
from auditor.tables import DAY_FIGURES
from tests.support.report_day import DAY, SCRIPT, figures

BASES = {"S001": ("age_resnet50/1", 25)}
TODAY = {"flagged": 2, "inconclusive": 1, "id_checked": 10}


def sections(weeks: int, *stores: str | None) -> Iterator[Past]:
    """The sections of some pages of a day after so many comparable weeks."""
    rows = [figures("S001", day) for day in days_before(DAY)[-weeks:]]
    history, charts = WeekdayHistory(DAY_FIGURES.from_rows(rows), BASES), PastCharts(DAY)
    for store_id in stores:
        comparison = history.compare(store_id, 40, TODAY)
        assert comparison is not None
        yield charts.section(store_id, comparison)


def test_with_few_days_it_is_said_that_there_are_no_limits() -> None:
    (past,) = sections(7, "S001")
    plotted = past.shares[0].plot
    assert plotted is not None
    assert "too few earlier Fridays" in plotted.description


def test_no_more_charts_are_drawn_than_a_night_has_time_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(past_module, "CHARTS", 4)
    plots = 0
    for past in sections(9, "S001", "S001", None):  # three are left for the chain, the last
        plots += sum(share.plot is not None for share in past.shares)
        assert all(share.comparison.limits for share in past.shares)
    assert plots == 4


def test_a_plot_has_no_style_of_its_own_and_is_the_same_twice() -> None:
    (first,), (second,) = sections(20, "S001"), sections(20, "S001")
    drawn = [str(past.shares[0].plot.svg) for past in (first, second) if past.shares[0].plot]
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
