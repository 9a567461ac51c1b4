"""Of a sale's frames the one that shows the face best is judged, whatever the others show."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.faces.alignment import TEMPLATE
from auditor.faces.bursts import best, bursts
from auditor.faces.detector import Face
from auditor.faces.quality import frontal, quality
from auditor.faces.score import Score

SIDE = 128


def face(size: float = 100, confidence: float = 0.9, aside: float = 0) -> Face:
    """A face whose nose is so many eye distances off the middle, to the right."""
    landmarks = TEMPLATE.copy()
    landmarks[:2, 1] = 57.5  # eyes that are level
    landmarks[2, 0] = landmarks[:2, 0].mean() + aside * (landmarks[1, 0] - landmarks[0, 0])
    return Face(0, 0, size, size, confidence, landmarks)


def score(number: int = 0, quality: float = 0.5, **row: Any) -> Score:
    estimate = {"age": 30.0, "age_low": 20.0, "age_high": 40.0}
    told = {"frame": number, "snapshot_sha256": f"{quality}", **(row or estimate)}
    return Score(told, quality=0.0 if "reason" in row else quality)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ((face(size=100), 80), (face(size=60), 80)),
        ((face(confidence=0.9), 80), (face(confidence=0.7), 80)),
        ((face(aside=0.05), 80), (face(aside=0.3), 80)),
        ((face(aside=-0.05), 80), (face(aside=-0.3), 80)),
        ((face(), 80), (face(), 20)),
        ((face(size=90), 80), (face(size=200), 10)),  # blurred, however large
    ],
)
def test_the_better_face_is_larger_sharper_surer_and_from_the_front(
    better: tuple[Face, float], worse: tuple[Face, float]
) -> None:
    assert quality(*better, SIDE) > quality(*worse, SIDE)


def test_what_the_network_does_not_see_is_no_gain() -> None:
    assert quality(face(size=400), 80, SIDE) == quality(face(size=SIDE), 80, SIDE)


@given(
    size=st.floats(1, 5000),
    sharpness=st.floats(0, 1e5),
    confidence=st.floats(0, 1),
    aside=st.floats(-3, 3),
)
def test_quality_is_a_share(size: float, sharpness: float, confidence: float, aside: float) -> None:
    assert 0 <= quality(face(size, confidence, aside), sharpness, SIDE) <= 1


@given(angle=st.floats(-3, 3), aside=st.floats(-0.7, 0.7))
def test_a_tilted_head_is_as_frontal_as_an_upright_one(angle: float, aside: float) -> None:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    upright = face(aside=aside).landmarks
    assert frontal(upright @ turn.T) == pytest.approx(frontal(upright), abs=1e-6)
    assert frontal(upright) == pytest.approx(max(0, 1 - 2 * abs(aside)), abs=1e-6)


def test_eyes_in_one_place_are_no_frontal_face() -> None:
    assert frontal(np.zeros((5, 2))) == 0


def test_the_only_frame_is_judged_as_it_is() -> None:
    only = score(quality=0.0)
    assert best([only]) is only


@pytest.mark.parametrize(
    ("qualities", "chosen"),
    [
        ([0.2, 0.6, 0.4], 1),
        ([0.6, 0.2, 0.6], 0),
        ([None, 0.0], 1),  # a profile has no quality, and an age
        ([None, None], 0),
    ],
)
def test_an_age_goes_before_none_then_the_better_face_then_the_nearer_frame(
    qualities: list[float | None], chosen: int
) -> None:
    burst = [score(reason="no_face") if q is None else score(quality=q) for q in qualities]
    found = best(burst)
    assert found.row["chosen"] == chosen
    assert found.row.get("reason") == burst[chosen].row.get("reason")
    assert [s["age"] for s in found.row["seen"]] == [None if q is None else 30 for q in qualities]


def test_without_an_age_the_reason_of_the_nearest_stands() -> None:
    burst = [score(reason=reason) for reason in ("face_blurred", "no_face", "snapshot_missing")]
    assert best(burst).row["reason"] == "face_blurred"


def test_the_scores_of_one_number_are_one_sale_s() -> None:
    scores = [score(number) for number in (0, 2, 2, 2, 5)]
    sizes = [len(list(burst)) for burst in bursts(scores)]
    assert sizes == [1, 3, 1]
