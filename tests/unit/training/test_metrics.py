"""Figures on tables small enough to do by hand, and intervals that hold what they claim."""

import numpy as np
import pandas as pd
import pytest

from models.training import differences, metrics


def test_figures_of_a_hand_made_table() -> None:
    found = metrics.accuracy(np.array([1.0, -1.0, 4.0, -12.0]))
    values = {name: figure.value for name, figure in found.items()}
    assert values == pytest.approx(
        {
            "mae": 4.5,
            "rmse": np.sqrt(162 / 4),
            "bias": -2.0,
            "within_1": 0.5,
            "within_3": 0.5,
            "within_5": 0.75,
            "within_10": 0.75,
        }
    )
    assert all(figure.low <= figure.value <= figure.high for figure in found.values())
    assert {figure.count for figure in found.values()} == {4}


def test_no_faces_have_no_figures() -> None:
    assert metrics.accuracy(np.empty(0)) == {}
    assert np.isnan(metrics.share(np.empty(0, bool)).value)


def test_the_same_seed_gives_the_same_interval_in_blocks_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error = np.random.default_rng(0).normal(0, 5, 40)
    once = metrics.accuracy(error, repeats=100)
    assert metrics.accuracy(error, repeats=100) == once
    monkeypatch.setattr(metrics, "_DRAWS_AT_ONCE", 400)
    assert metrics.accuracy(error, repeats=100)["mae"] == once["mae"]


def test_the_bootstrap_interval_covers_the_truth() -> None:
    rng = np.random.default_rng(1)
    held = []
    for _ in range(200):
        figures = metrics.accuracy(rng.normal(1.0, 4.0, 120), repeats=200)
        held.append(figures["bias"].low <= 1.0 <= figures["bias"].high)
    assert 0.89 <= np.mean(held) <= 0.99


def test_wilsons_interval_by_hand() -> None:
    # 7 of 12: centre (0.58333 + 3.84146/24) / 1.32012, spread by the formula.
    found = metrics.share(np.arange(12) < 7)
    assert (found.value, found.count) == (pytest.approx(7 / 12), 12)
    assert (found.low, found.high) == pytest.approx((0.3195, 0.8067), abs=1e-3)
    assert metrics.share(np.zeros(10, bool)).low == 0


def test_challenge_25_by_hand() -> None:
    age = np.array([13, 14, 16, 17, 17, 18, 24, 40, 70], float)
    estimate = np.array([30, 24.9, 25.0, 26, 20, 24, 25, 24.99, 80])
    found = next(c for c in metrics.challenges(estimate, age) if c.threshold == 25)
    assert (found.false_positive.value, found.false_positive.count) == (0.5, 4)
    assert (found.false_positive_17.value, found.false_positive_17.count) == (0.5, 2)
    assert (found.false_negative.value, found.false_negative.count) == (0.5, 4)
    assert [c.threshold for c in metrics.challenges(estimate, age)] == list(range(20, 31))


def test_calibration_error_by_hand() -> None:
    stated = np.array([0.05, 0.05, 0.9, 1.0])
    happened = np.array([False, True, True, True])
    # Bins of two: gaps 0.45 and 0.05.
    assert metrics.calibration_error(stated, happened) == pytest.approx(0.25)
    assert [b.happened.value for b in metrics.reliability(stated, happened)] == [0.5, 1.0]


def test_interval_ends_count_as_held() -> None:
    held = metrics.coverage(np.array([1.0, 2, 3]), np.array([5.0, 6, 7]), np.array([5.0, 2, 8]))
    assert held.value == pytest.approx(2 / 3)


def test_bands_and_parts_leave_unknown_ones_out() -> None:
    table = pd.DataFrame(
        {
            "age": [0.0, 17.0, 18.0, 99.0],
            "sex": pd.array(["male", None, "female", "male"], "string"),
            "group": pd.array([None] * 4, "string"),
            "source": pd.array(["a"] * 4, "string"),
        }
    )
    masks = metrics.parts(table)
    assert list(masks["age"]) == ["0-12", "13-17", "18-24", "65+"]
    assert masks["sex"]["male"].tolist() == [True, False, False, True]
    assert masks["group"] == {}


def _people(count: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.integers(0, 80, count).astype(float),
            "sex": rng.choice(["female", "male"], count),
            "group": rng.choice(["x", "y", "z"], count),
            "source": "one",
        }
    )


def test_a_real_difference_is_found_and_an_absent_one_is_not() -> None:
    people = _people(1500, 3)
    error = np.random.default_rng(4).normal(0, 5, 1500)
    assert not any(row.real for row in differences.differences(people, error))
    error[people["sex"] == "female"] += 2
    found = differences.differences(people, error)
    real = [row for row in found if row.real and row.figure == "bias"]
    assert [(row.kind, row.name) for row in real] == [("sex", "female")]
    assert real[0].years == pytest.approx(2, abs=0.6)


def test_a_difference_of_ages_is_no_difference_of_groups() -> None:
    people = _people(2000, 5)
    old = people["age"].to_numpy() >= 40
    rng = np.random.default_rng(6)
    people["sex"] = np.where(rng.random(2000) < np.where(old, 0.8, 0.2), "female", "male")
    error = rng.normal(0, np.where(old, 8, 2))
    raw = np.abs(error)[people["sex"] == "female"].mean() - np.abs(error).mean()
    assert raw > 1
    sex = [row for row in differences.differences(people, error) if row.kind == "sex"]
    assert not any(row.real for row in sex)
    assert all(abs(row.years) < 0.8 for row in sex)


def test_holm_by_hand() -> None:
    corrected = differences.holm(np.array([0.04, 0.01, 0.03]))
    assert corrected.tolist() == pytest.approx([0.06, 0.03, 0.06])
