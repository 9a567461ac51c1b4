"""What is said beside a case: doubts where there are any, and steps that accuse nobody."""

from datetime import date
from typing import Any

import pytest

from auditor.report.text.guidance import keep_in_mind, kept_until, next_steps
from auditor.report.text.words import NO_BREAK
from auditor.tables import ID_CHECKS, RECORDED_UNDERAGE
from tests.support.report_day import DAY, NOON, flag, line, render_sales
from tests.support.report_model import report_of

CLEAR: dict[str, Any] = {
    "p_under_challenge": 0.95,
    "challenge_age": 25,
    "interval_years": 9.0,
    "face_px": 96.0,
    "min_face_px": 34.0,
    "sharpness": 80.0,
    "min_sharpness": 27.0,
    "face_confidence": 0.99,
    "snapshot_offset_s": -4.0,
}


def test_a_clear_picture_raises_no_doubt_and_each_doubt_is_said_once() -> None:
    assert keep_in_mind(**CLEAR) == ()
    for change, said in (
        ({"p_under_challenge": 0.55}, "a close call: 45\u00a0% of such buyers are 25 or over"),
        ({"interval_years": 24.0}, "wide interval"),
        ({"face_px": 40.0}, "40 pixels; below 34 no age"),
        ({"sharpness": 30.0}, "not sharp"),
        ({"face_confidence": 0.72}, "only 72\u00a0% sure"),
        ({"snapshot_offset_s": 21.0}, "21 seconds after the sale"),
        ({"snapshot_offset_s": -21.0}, "21 seconds before the sale"),
    ):
        (doubt,) = keep_in_mind(**CLEAR | change)
        assert said in doubt


def test_what_is_not_known_raises_no_doubt() -> None:
    unknown = ("face_px", "sharpness", "face_confidence", "snapshot_offset_s")
    assert keep_in_mind(**CLEAR | dict.fromkeys(unknown)) == ()


@pytest.mark.parametrize("reason", [*ID_CHECKS, RECORDED_UNDERAGE])
def test_every_reason_has_a_next_step_and_none_speaks_of_guilt(reason: str) -> None:
    steps = next_steps(reason=reason, challenge_age=25, marks=(), kept_until=DAY)
    text = " ".join(steps).lower()
    assert len(steps) == 3
    assert ("25 or over to you, this lead ends here" in text) == (reason != RECORDED_UNDERAGE)
    for verdict in ("offence", "violation", "guilty", "illegal", "fault", "failed"):
        assert verdict not in text


def test_frames_that_disagree_are_looked_at_and_said_to() -> None:
    matched = {"matched_by": "transaction", "offset_s": 0.0}
    ages = {"F1": (20, 14.9, 25.1), "F2": (24, 20, 28), "F3": (52.2, 43, 58), "F4": None}
    frames = [
        {"snapshot_id": name, "path": f"{name}.jpg", **matched}
        | dict(zip(("age", "age_low", "age_high"), interval or (), strict=False))
        for name, interval in ages.items()
    ]
    marks = ["frames_disagree", "several_snapshots"]
    case = flag(1, 20, 0.3, 0.9, marks=marks, frames=frames)
    page = render_sales([case])["store-S001.html"].decode()
    assert f"frame F3 of this sale gives 52 years (80{NO_BREAK}% 43\u201358)" in page
    assert "frame F2" not in page
    assert "frame F4" not in page
    assert "another frame of this sale gives another age" in page
    assert "Look at the other frames of this sale: they may show another person." in page


def test_the_steps_say_until_when_the_picture_is_there() -> None:
    assert kept_until(date(2026, 3, 27), 31) == date(2026, 4, 27)
    steps = next_steps(
        reason="none",
        challenge_age=25,
        marks=("several_faces", "matched_by_time"),
        kept_until=None,
    )
    assert len(steps) == 5
    assert "No picture was kept" in " ".join(steps)


def test_the_time_line_has_every_scan_in_its_place() -> None:
    basket = [
        line("Crisps", "1.20", alcohol=False, at=0),
        line("Merlot", "7.30", alcohol=True, at=30),
        line("Bag", "0.10", alcohol=False, at=60),
    ]
    row = flag(1, 20, 0.3, 0.9, basket=basket, sold_at=NOON.replace(minute=1))
    (case,) = report_of([row]).cases
    assert case.scans == (0.0, 0.5, 1.0)
    assert [(s.kind, s.along) for s in case.trail] == [
        ("scan", 0.5),
        ("frame", pytest.approx(56 / 60)),
        ("sale", 1.0),
        ("check", None),
    ]
    assert len(case.timed) == 3


def test_a_moment_is_no_time_line() -> None:
    (case,) = report_of([flag(1, 20, 0.3, 0.9, snapshot_offset_s=None)]).cases
    assert case.timed == ()


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("S001/a b.jpg", "https://frames.example/till-cameras/S001/a%20b.jpg"),
        ("a/../../b.jpg", None),
        ('"onload=x', "https://frames.example/till-cameras/%22onload%3Dx"),
    ],
)
def test_the_frame_is_linked_where_the_policy_says_and_never_outside(
    path: str, address: str | None
) -> None:
    rows = [flag(1, 20, 0.3, 0.9, snapshot_path=path)]
    (case,) = report_of(rows).cases
    assert case.frame == address
    page = render_sales(rows)["store-S001.html"].decode()
    assert ("https://frames.example" in page) == (address is not None)
    assert '"onload' not in page
