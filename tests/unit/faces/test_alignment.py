"""Landmarks to crop."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.faces.alignment import TEMPLATE, TEMPLATE_SIDE, align, similarity


@given(
    angle=st.floats(-3, 3),
    scale=st.floats(0.05, 20),
    shift=st.tuples(st.floats(-500, 500), st.floats(-500, 500)),
)
def test_a_similarity_is_found_again(
    angle: float, scale: float, shift: tuple[float, float]
) -> None:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = similarity(TEMPLATE, scale * TEMPLATE @ turn.T + shift)
    assert found == pytest.approx(np.column_stack([scale * turn, shift]), abs=1e-6)


def test_a_mirrored_face_is_not_mirrored_back() -> None:
    matrix = similarity(TEMPLATE * (-1, 1), TEMPLATE)
    assert np.linalg.det(matrix[:, :2]) > 0


def test_the_fit_is_the_least_squares_one() -> None:
    rng = np.random.default_rng(0)
    source, target = TEMPLATE + rng.normal(0, 6, (5, 2)), TEMPLATE * 0.96

    def error(matrix: np.ndarray) -> float:
        return float(((source @ matrix[:, :2].T + matrix[:, 2] - target) ** 2).sum())

    best = similarity(source, target)
    for _ in range(200):
        a, b = best[0, 0] + rng.normal(0, 1e-3), best[1, 0] + rng.normal(0, 1e-3)
        shift = best[:, 2] + rng.normal(0, 0.1, 2)
        assert error(best) <= error(np.array([[a, -b, shift[0]], [b, a, shift[1]]]))


@pytest.mark.parametrize("landmarks", [np.zeros((5, 2)), np.full((5, 2), np.nan)])
def test_landmarks_without_extent_are_refused(landmarks: np.ndarray) -> None:
    with pytest.raises(ValueError, match="landmarks"):
        similarity(landmarks, TEMPLATE)


def _dotted(scale: float, side: int) -> tuple[np.ndarray, np.ndarray]:
    """A grey picture with a white dot on each landmark, and the landmarks."""
    picture = np.full((side, side, 3), 60, np.uint8)
    landmarks = TEMPLATE * scale + side * 0.2
    for x, y in landmarks:
        radius = max(3, round(4 * scale))
        cv2.circle(picture, (round(x * 16), round(y * 16)), radius * 16, (255,) * 3, -1, shift=4)
    return picture, landmarks


@pytest.mark.parametrize("scale", [0.5, 1, 2, 6])  # 6 is shrunk before it is warped
def test_the_landmarks_land_on_the_template(scale: float) -> None:
    picture, landmarks = _dotted(scale, round(400 * scale))
    crop = align(picture, landmarks, 192)
    assert crop.shape == (192, 192, 3)
    for x, y in TEMPLATE * (192 / TEMPLATE_SIDE):
        around = crop[round(y) - 6 : round(y) + 7, round(x) - 6 : round(x) + 7, 0].astype(float)
        weight = np.clip(around - 60, 0, None)
        ys, xs = np.mgrid[-6:7, -6:7]
        centre = (
            (weight * xs).sum() / weight.sum() + round(x),
            ((weight * ys).sum() / weight.sum() + round(y)),
        )
        assert centre == pytest.approx((x, y), abs=0.5)


def test_beyond_the_edge_the_border_is_repeated() -> None:
    picture = np.full((50, 50, 3), 200, np.uint8)
    assert (align(picture, TEMPLATE / 10, 64) == 200).all()


def test_a_shrunk_face_is_averaged_and_not_sampled() -> None:
    stripes = np.zeros((1200, 1200, 3), np.uint8)
    stripes[:, ::2] = 255  # finer than a crop of a sixth of the size can show
    crop = align(stripes, TEMPLATE * 6, 192)
    assert crop.std() < 10
    assert crop.mean() == pytest.approx(127.5, abs=5)


@pytest.mark.parametrize(("scale", "averaged"), [(0.58, True), (0.62, False), (1.5, False)])
def test_a_face_is_averaged_where_a_warp_would_skip_pixels(scale: float, *, averaged: bool) -> None:
    """Below 0.6: two in five pixels would not be looked at."""
    noise = np.random.default_rng(7).integers(0, 256, (600, 600, 3), np.uint8)
    landmarks = TEMPLATE * (192 / TEMPLATE_SIDE / scale) + 20
    matrix = similarity(landmarks, TEMPLATE * (192 / TEMPLATE_SIDE))
    warped = cv2.warpAffine(
        noise, matrix, (192, 192), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    crop = align(noise, landmarks, 192)
    assert np.array_equal(crop, warped) is not averaged
    if averaged:
        assert crop.std() < 0.9 * warped.std()
