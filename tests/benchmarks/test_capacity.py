"""The formula for machines, by hand; the page has the figures of the committed measurements."""

from dataclasses import replace

import pytest

from benchmarks import capacity
from benchmarks.capacity import Measured, Night
from benchmarks.pages import filled
from tests.support.paths import ROOT

PAGE = ROOT / "docs/capacity.md"


@pytest.fixture
def night() -> Night:
    """1,000 stores: 10 s a serial step for the sales, 20 s for requests."""
    measured = Measured(
        cores=2,
        sale_s={"640 x 480": 0.05},
        start_s=5.0,
        step_s=dict.fromkeys(capacity.SERIAL, 1e-5),
        requests_a_store=dict.fromkeys(capacity.SERIAL, 1),
        requests_a_day=dict.fromkeys(capacity.SERIAL, 0),
        flagged=0.1,
        base_gb=0.5,
        gb_a_sale=1e-7,
        scoring_gb=1.0,
    )
    return Night(measured, stores=1000, sales_a_store=1000, hours=1.5, storage_ms=20)


def test_slots_by_hand(night: Night) -> None:
    assert night.sale_s == pytest.approx(0.052)
    assert night.serial_s == pytest.approx(3 * (5 + 10 + 20))
    assert night.scoring_s == pytest.approx(52_000 + 245 * 10)  # 1,000,000 / 4,096 batches
    assert night.slots == 13  # 54,450 s in 0.8 x 5,400 - 105 s: 12.9
    assert night.serial_gb == pytest.approx(0.6)


def test_a_chain_is_divided_where_serial_steps_take_more_than_half_of_the_hours(
    night: Night,
) -> None:
    assert night.installations == 1
    large = replace(night, stores=150_000)  # 3 x (5 + 1,500 + 3,000) s, where 2,700 s are allowed
    assert large.installations == 6
    with pytest.raises(ValueError, match="divide the chain"):
        _ = large.slots
    with pytest.raises(ValueError, match="too short"):
        _ = replace(night, hours=0.001).installations


def test_more_sales_fewer_hours_or_slower_storage_never_need_fewer_slots(night: Night) -> None:
    changed = [replace(night, stores=2000), replace(night, hours=1), replace(night, storage_ms=50)]
    assert all(each.slots > night.slots for each in changed)


def test_the_page_has_the_figures_that_the_command_writes() -> None:
    measured = Measured.read()
    nights = [Night(measured, stores) for stores in (100, 1000, 10_000)]
    page = PAGE.read_text(encoding="utf-8")
    assert filled(page, capacity.parts(measured, nights)) == page, (
        "python -m benchmarks.capacity --write docs/capacity.md"
    )
