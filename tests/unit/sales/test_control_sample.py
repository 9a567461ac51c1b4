"""The control sample: drawn by lot, the same every time, whoever draws which part of the day."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, chisquare

from auditor.errors import ContractError
from auditor.monitoring.statistics.rates import at_most
from auditor.report.pages import Control
from auditor.sales.control_sample import drawn, may_be_drawn
from auditor.sales.identity import SaleKey
from tests.support.report_day import crop, estimate, render_sales, sale

DAY = date(2026, 3, 27)
NOON = datetime(2026, 3, 27, 12, tzinfo=UTC)
KEYS = [SaleKey(f"S{n % 7:03}", "1", f"T{n:06}", NOON) for n in range(2000)]


@settings(max_examples=30)
@given(st.integers(1, 30), st.integers(1, 100))
def test_batches_that_decide_alone_hold_the_whole_sample(size: int, batch: int) -> None:
    keys = KEYS[:400]
    batches = [keys[start : start + batch] for start in range(0, len(keys), batch)]
    kept = [may_be_drawn(DAY, part, size=size, sales=len(keys)) for part in batches]
    assert drawn(DAY, set().union(*kept), size=size) == drawn(DAY, keys, size=size)


def test_a_batch_keeps_few_faces_more_than_are_drawn() -> None:
    batches = [KEYS[start : start + 250] for start in range(0, len(KEYS), 250)]
    kept = [may_be_drawn(DAY, keys, size=20, sales=len(KEYS)) for keys in batches]
    assert 20 <= sum(map(len, kept)) <= 200


def test_the_lot_falls_evenly_and_anew_every_day() -> None:
    times = [0] * 50
    for back in range(400):
        for key in drawn(DAY - timedelta(days=back), KEYS[:50], size=5):
            times[KEYS.index(key)] += 1
    assert sum(times) == 2000
    assert chisquare(times).pvalue > 0.001


def test_a_sale_that_turns_up_later_moves_no_more_than_one_out_of_the_sample() -> None:
    before, after = drawn(DAY, KEYS[:-1], size=20), drawn(DAY, KEYS, size=20)
    assert len(before & after) >= 19


def test_fewer_sales_than_asked_are_all_drawn_and_none_when_none_is_asked() -> None:
    assert drawn(DAY, KEYS[:3], size=20) == set(KEYS[:3])
    assert not drawn(DAY, KEYS, size=0)
    assert not may_be_drawn(DAY, KEYS, size=0, sales=2000)
    assert not may_be_drawn(DAY, [], size=20, sales=0)


@pytest.mark.parametrize(("found", "size"), [(0, 20), (1, 20), (3, 59), (19, 20)])
def test_the_upper_limit_is_where_so_few_would_be_rare(found: int, size: int) -> None:
    share = at_most(found, size)
    assert binom(size, share).cdf(found) == pytest.approx(0.05, abs=1e-9)


def test_none_of_59_is_the_known_rule_and_all_say_nothing() -> None:
    assert at_most(0, 59) == pytest.approx(0.05, abs=5e-4)  # none of 59: 95 % sure of under 5 %
    assert at_most(4, 4) == 1.0


def test_conclusions_speak_of_sales() -> None:
    one = Control.of((), drawn_from=100, asked=20)
    assert [(c.found, c.share, c.sales) for c in one.conclusions] == [(0, 1.0, 100)]


def test_the_page_shows_the_sample_and_nothing_else_unflagged() -> None:
    rows = [
        sale(1, "over_threshold", **estimate(44.0, 0.01, 0.03), crop=crop(1)),
        sale(2, "over_threshold", **estimate(45.0, 0.01, 0.03)),
        sale(3, "id_checked", **estimate(19.0, 0.4, 0.9), id_check="id_scanned", crop=crop(3)),
    ]
    files = render_sales(rows)
    text = files["control.html"].decode()
    assert text.count('class="drawn"') == 2
    assert "drawn by lot from 3 that show a face" in text
    assert "T002" not in text
    order = [text.index(name) for name in ("T001", "T003")]
    assert render_sales(rows[::-1])["control.html"] == files["control.html"]
    assert order != [-1, -1]
    # What the audit made of a sale stands inside a closed element, after the picture.
    for part in text.split('class="drawn"')[1:]:
        before, _, after = part.partition("<details")
        assert "<img" in before
        assert "interval" not in before
        assert "interval" in after
    assert '<details class="answer">' in text


def test_a_drawn_sale_without_an_estimate_is_refused() -> None:
    rows = [sale(1, "over_threshold", **estimate(44.0, 0.01, 0.03) | {"p_under_legal": None})]
    with pytest.raises(ContractError, match="without"):
        render_sales([rows[0] | {"crop": crop(1)}])
