"""Clarity: from what makes a face unclear to how wide its interval becomes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import ModelError
from auditor.faces.ages import AGES, AgeDistributions
from auditor.faces.calibration import Calibration
from auditor.faces.clarity import SIGNALS, Clarity

CLARITY = Clarity((4.0, 3.0, 10.0, 1.5), -2.5, 0.1)
PLAIN = Calibration(1.0, (0.0, 1.0), (0.0, 1.0), (), 100)
SEEN = st.lists(st.floats(0, 1), min_size=len(SIGNALS), max_size=len(SIGNALS))


def ages(age: float, sd: float = 4) -> AgeDistributions:
    return AgeDistributions.from_scores(np.exp(-(((AGES[None] - age) / sd) ** 2) / 2))


def test_a_face_without_faults_is_clear() -> None:
    assert CLARITY(np.zeros((2, 4))) == pytest.approx([1, 1])


@given(SEEN, st.integers(0, 3), st.floats(0, 1))
def test_more_of_a_fault_makes_no_face_clearer(seen: list[float], which: int, more: float) -> None:
    less, worse = np.array([seen, seen])
    worse[which] += more
    before, after = CLARITY(np.stack([less, worse]))
    assert 0 < after <= before <= 1


@pytest.mark.parametrize("signal", SIGNALS)
def test_what_weighs_most_is_the_cause(signal: str) -> None:
    seen = np.where(np.array(SIGNALS) == signal, 0.45, 0.02)
    assert CLARITY.cause(seen) == signal


@given(st.floats(5, 80), st.floats(0.2, 1), st.floats(0.2, 1))
def test_the_less_clear_the_wider_the_interval(age: float, one: float, other: float) -> None:
    widths = []
    for clarity in sorted((one, other)):
        low, high = PLAIN.apply(ages(age), np.array([clarity])).interval(0.8)
        widths.append(float((high - low)[0]))
    assert widths[0] >= widths[1] - 1e-9


def test_each_face_has_its_own_clarity() -> None:
    both = AgeDistributions.joined([ages(20), ages(40)])
    mixed = PLAIN.apply(both, np.array([1.0, 0.5]))
    assert mixed.probabilities[0] == pytest.approx(PLAIN.apply(ages(20)).probabilities[0])
    assert mixed.sd[1] > 1.3 * mixed.sd[0]


def test_it_is_read_back() -> None:
    assert Clarity.from_bytes(CLARITY.as_bytes()) == CLARITY


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"weights": {}}', CLARITY.as_bytes().replace(b"3.0", b"-3.0")]
)
def test_what_is_no_clarity_is_refused(content: bytes) -> None:
    with pytest.raises(ModelError, match=r"clarity\.json"):
        Clarity.from_bytes(content)
