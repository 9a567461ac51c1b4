"""The clock of a run: pauses do not count, and its end is kept."""

from datetime import UTC, datetime, timedelta

import pytest

from models.training import clock
from models.training.clock import Clock


class _Time:
    """Both of Python's clocks, moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.passed = 0.0
        self.start = datetime(2026, 11, 30, 15, tzinfo=UTC)
        start, time = self.start, self

        class Wall(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
                assert tz is UTC
                return start + timedelta(seconds=time.passed)

        monkeypatch.setattr("time.monotonic", lambda: self.passed)
        monkeypatch.setattr(clock, "datetime", Wall)


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> _Time:
    return _Time(monkeypatch)


def test_a_pause_is_no_time_at_work(moved: _Time) -> None:
    run = Clock(seconds=100, _seen=0.0)
    for _ in range(10):
        moved.passed += 20
        run.look()
    moved.passed += 3600  # stopped
    assert run.look() == 100 + 200 + 60
    assert run.done(minutes=60) == pytest.approx(360 / 3600)


def test_a_run_with_an_end_is_over_then_however_long_it_was_paused(moved: _Time) -> None:
    run = Clock(until=moved.start + timedelta(minutes=60), _seen=0.0)
    shares = []
    for minute in range(1, 61):
        moved.passed += 60 if minute != 20 else 60 * 20  # one pause of 19 minutes
        shares.append(run.done(minutes=None))
        if moved.passed >= 3600:
            break
    assert shares[9] == pytest.approx(1 / 6)  # nothing else known, it goes by the clock
    assert shares == sorted(shares)
    assert shares[-2] < 1
    assert shares[-1] == 1


def test_minutes_and_an_end_whichever_is_first(moved: _Time) -> None:
    run = Clock(until=moved.start + timedelta(minutes=60), _seen=0.0)
    moved.passed = 30
    assert run.done(minutes=2) == pytest.approx(0.25)
    assert run.done(minutes=600) == pytest.approx(30 / 3600)
    assert run.done(minutes=None) == pytest.approx(30 / 3600)
    assert Clock(_seen=30.0).done(minutes=None) == 0  # counted in epochs alone
