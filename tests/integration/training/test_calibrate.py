"""Calibration on simulated faces whose truth is known."""

import json
from typing import Any

import numpy as np
import pytest

from auditor.errors import ModelError
from auditor.faces.ages import AGES, AgeDistributions, Level
from auditor.faces.calibration import Calibration
from models.training import calibrate
from models.training.calibrate import Judged
from models.training.calibration import fit


def _simulated(
    count: int, seed: int, stated_sd: float, bias: float = 0
) -> tuple[AgeDistributions, np.ndarray]:
    """Faces whose estimate is 6 years off (standard deviation), stated as ``stated_sd``."""
    rng = np.random.default_rng(seed)
    age = rng.integers(15, 75, count).astype(float)
    centre = age + rng.normal(bias, 6, count)
    return AgeDistributions.from_scores(
        np.exp(-0.5 * ((AGES - centre[:, None]) / stated_sd) ** 2) + 1e-12
    ), age


@pytest.mark.parametrize(("stated_sd", "bias"), [(2.5, 0), (2.5, 4), (12, 0), (6, -5)], ids=str)
def test_intervals_hold_what_they_claim_on_faces_not_fitted(stated_sd: float, bias: float) -> None:
    calibration = fit(*_simulated(6000, 1, stated_sd, bias))
    ages, age = _simulated(6000, 2, stated_sd, bias)
    before = calibrate.measure("before", [Judged(ages, age)])
    after = calibrate.measure("after", [Judged(calibration.apply(ages), age)])
    assert abs(before.coverages[0.80].value - 0.80) > 0.05
    for wanted in (0.80, 0.95):
        assert after.coverages[wanted].value == pytest.approx(wanted, abs=0.015)
    assert abs(after.bias) < 0.5
    for limit in (18, 25):
        assert after.errors[limit] < max(0.02, before.errors[limit])


def test_intervals_hold_in_every_band_of_age_and_of_estimate() -> None:
    """Simulated: the network does not say that it errs twice as much on the young."""

    def faces(seed: int) -> tuple[AgeDistributions, np.ndarray]:
        rng = np.random.default_rng(seed)
        age = rng.integers(15, 75, 8000).astype(float)
        centre = age + rng.normal(np.where(age < 25, 5, 0), np.where(age < 35, 8, 4))
        scores = np.exp(-0.5 * ((AGES - centre[:, None]) / 6) ** 2) + 1e-12
        return AgeDistributions.from_scores(scores), age

    after = []
    for seed in range(6):
        calibration = fit(*faces(seed))
        ages, age = faces(100 + seed)
        after.append(calibrate.measure("after", [Judged(calibration.apply(ages), age)]))
    one_level = Level(0.8, ((0, -np.log(0.2)),), ((0, 0.0),))
    alike = AgeDistributions(calibration.apply(ages).probabilities, (one_level,))
    low, high = alike.interval(0.8)
    young = (age >= 18) & (age < 25)
    assert ((low <= age) & (age <= high))[young].mean() < 0.7
    on_average = calibrate.mean("after", after)
    for held in (*on_average.by_age.values(), *on_average.by_estimate.values()):
        for wanted, measured in held.items():
            if measured.count > 300:
                assert measured.value == pytest.approx(wanted, abs=0.02)


def test_bands_without_faces_have_no_knot() -> None:
    ages, age = _simulated(3000, 1, 6)
    adults = age >= 30
    level = fit(ages[adults], age[adults]).levels[0]
    assert [knot for knot, _ in level.by_age] == [25, 34, 35, 49, 50, 64, 65, 100]


def test_what_is_calibrated_stays_so() -> None:
    ages, age = _simulated(6000, 1, 6)
    mapped = fit(ages, age).apply(ages)
    assert np.abs(mapped.mean - ages.mean).mean() < 0.3
    assert np.abs(mapped.under(25) - ages.under(25)).max() < 0.05


def test_calibrated_distributions_are_distributions() -> None:
    ages, age = _simulated(500, 1, 2.5, 4)
    mapped = fit(ages, age).apply(ages)
    assert mapped.probabilities.sum(axis=1) == pytest.approx(1)
    assert (mapped.under(18) <= mapped.under(25) + 1e-12).all()


def test_labels_over_the_last_year_count_as_the_last() -> None:
    ages, age = _simulated(200, 1, 6)
    age[:3] = 110
    fit(ages, age)


def test_stored_and_read_back() -> None:
    calibration = fit(*_simulated(300, 1, 2.5))
    assert Calibration.from_json(calibration.as_json()) == calibration


_LEVEL = {"coverage": 0.8, "by_estimate": [[20, 1]], "by_age": [[20, 1]]}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema_version": 9}, "schema 9"),
        ({"happened": [0, 0.5]}, "monotone"),
        ({"stated": [0, 0.5, 0.9, 1], "happened": [0, 0.6, 0.4, 1]}, "monotone"),
        ({"stated": [0, 0.5, 0.9], "happened": [0, 0.6, 1]}, "0 to 1"),
        ({"temperature": 0}, "temperature"),
        ({"levels": None}, "cannot read"),
        ({"levels": [_LEVEL | {"coverage": 1.2}]}, "coverage"),
        ({"levels": [_LEVEL | {"by_age": []}]}, "without knots"),
        ({"levels": [_LEVEL | {"by_age": [[20, 1], [20, 2]]}]}, "rising ages"),
        ({"levels": [_LEVEL | {"by_estimate": [[20, float("nan")]]}]}, "rising ages"),
    ],
    ids=[
        "schema",
        "lengths",
        "falling",
        "ends",
        "temperature",
        "no levels",
        "coverage",
        "no knots",
        "knots",
        "no number",
    ],
)
def test_a_damaged_calibration_is_refused(change: dict[str, Any], says: str) -> None:
    entries = json.loads(fit(*_simulated(300, 1, 2.5)).as_json())
    with pytest.raises(ModelError, match=says):
        Calibration.from_json(json.dumps(entries | change))


def test_too_few_faces_are_refused() -> None:
    with pytest.raises(ModelError, match="99 faces are too few"):
        fit(*_simulated(99, 1, 6))


def test_crossed_figures_come_from_calibrations_of_other_faces() -> None:
    ages, age = _simulated(600, 1, 2.5, 4)
    first = np.arange(600) < 300
    own, other = calibrate.crossed(ages, age, first)
    assert (own.age == age[:300]).all()
    want = fit(ages[300:], age[300:]).apply(ages[:300])
    assert (own.ages.probabilities == want.probabilities).all()
    assert own.ages.levels == want.levels
    assert other.ages.levels == fit(ages[:300], age[:300]).levels
    found = calibrate.measure("crossed", [own, other])
    assert found.faces == 600
    lows = np.concatenate([own.ages.interval(0.8)[0], other.ages.interval(0.8)[0]])
    highs = np.concatenate([own.ages.interval(0.8)[1], other.ages.interval(0.8)[1]])
    assert found.coverages[0.8].value == ((lows <= age) & (age <= highs)).mean()


def test_the_last_report_is_the_mean_over_many_halvings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibrate, "HALVINGS", 12)
    ages, age = _simulated(600, 1, 2.5, 4)
    ids = [f"face-{number}" for number in range(600)]
    first = calibrate.first_half(ids, 1)
    found = calibrate.reports(ages, age, ids, fit(ages[first], age[first]), 1)
    assert [report.name for report in found] == ["before", "after", "crossed", "halvings"]
    held = []
    for seed in range(1, 1 + calibrate.HALVINGS):
        halving = calibrate.crossed(ages, age, calibrate.first_half(ids, seed))
        held.append(calibrate.measure("", halving))
    by_band = [each.by_age["18-24"][0.8].value for each in held]
    assert len(set(by_band)) > 5
    assert found[-1].by_age["18-24"][0.8].value == pytest.approx(np.mean(by_band))
    assert found[-1].mae == pytest.approx(np.mean([each.mae for each in held]))
    assert found[-1].faces == 600


def test_a_face_stays_in_its_half() -> None:
    ids = [f"face-{number}" for number in range(400)]
    whole = calibrate.first_half(ids, 1)
    assert calibrate.first_half(ids[::2], 1).tolist() == whole[::2].tolist()
    assert 150 < whole.sum() < 250
    assert (calibrate.first_half(ids, 2) != whole).any()
