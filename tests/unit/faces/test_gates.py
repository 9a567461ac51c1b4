"""Gates: which faces are given no age, and the reason by name."""

from typing import Any

import cv2
import numpy as np
import pytest

from auditor.faces.alignment import TEMPLATE
from auditor.faces.clarity import SIGNALS, Clarity
from auditor.faces.detector import Face
from auditor.faces.gates import Limits, Shown, refusal, shown
from auditor.tables import INCONCLUSIVE_REASONS

LIMITS = Limits(min_face_px=34, min_sharpness=7, min_clarity=0.6, max_covered=0.5)
CLARITY = Clarity((4.0, 3.0, 10.0, 1.5), -2.5, 0.1)
GOOD: dict[str, Any] = {
    "face_px": 80, "turn": 0, "sharpness": 60.0, "signals": np.zeros(4),
}  # fmt: skip


def reason(clearness: float = 1, covered: float = 0, **changes: Any) -> str | None:
    said = refusal(LIMITS, Shown(**GOOD | changes), clearness, covered, CLARITY)
    assert said is None or said[0] in INCONCLUSIVE_REASONS
    return said and said[0]


def at(signal: str) -> dict[str, Any]:
    return {"signals": np.where(np.array(SIGNALS) == signal, 0.45, 0), "clearness": 0.5}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"face_px": 33.9}, "face_too_small"),
        ({"turn": 180}, "face_turned"),
        ({"sharpness": 6.9}, "face_blurred"),
        ({"covered": 0.51}, "face_covered"),
        ({"clearness": 0.6}, None),
        *((at(signal), f"face_{signal}") for signal in SIGNALS),
        ({"turn": 90} | at("distorted"), "face_turned"),
        ({"sharpness": 2.0} | at("dark"), "face_dark"),
        ({"sharpness": 2.0, "covered": 0.9}, "face_blurred"),
    ],
)
def test_each_fault_has_its_reason(changes: dict[str, Any], expected: str | None) -> None:
    assert reason(**changes) == expected


def test_without_a_fitted_clarity_none_is_asked_for() -> None:
    assert refusal(LIMITS, Shown(**GOOD), 0.1, 0, None) is None


def face(width: float = 79, height: float = 100, nose: float = 0) -> Face:
    landmarks = TEMPLATE.copy()
    landmarks[2, 0] += nose
    return Face(10, 10, width, height, 0.9, landmarks)


PIXELS = np.full((128, 128, 3), 140, np.uint8)


@pytest.mark.parametrize(
    ("signal", "of", "pixels"),
    [
        ("dark", face(), PIXELS // 3),
        ("overexposed", face(), cv2.convertScaleAbs(PIXELS, alpha=1.8)),
        ("distorted", face(width=50), PIXELS),
        ("distorted", face(width=120), PIXELS),
        ("aside", face(nose=30), PIXELS),
    ],
)
def test_what_the_picture_shows_is_measured(signal: str, of: Face, pixels: np.ndarray) -> None:
    usual = shown(face(), 0, PIXELS).signals
    assert usual == pytest.approx([0, 0, 0, 0], abs=0.05)
    found = shown(of, 0, np.asarray(pixels, np.uint8)).signals
    assert SIGNALS[int(np.argmax(found - usual))] == signal
