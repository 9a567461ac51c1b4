"""What unclear faces cost is learnt from faces made worse, and measured on others."""

import numpy as np
import pandas as pd
import pytest

from auditor.faces.ages import AGES, AgeDistributions
from auditor.faces.calibration import Calibration
from auditor.faces.clarity import SIGNALS
from models.training import clarity
from models.training.clarity import STRENGTHS, Looks

PLAIN = Calibration(1.0, (0.0, 1.0), (0.0, 1.0), (), 100)


def looks(seed: int, of_one: int = 60) -> Looks:
    """A network that says a spread of 4 years, and errs by 4, or by 12 where faces are dark."""
    draw = np.random.default_rng(seed)
    rows = pd.DataFrame(
        [(kind, s) for kind, all_of in STRENGTHS.items() for s in all_of for _ in range(of_one)],
        columns=["kind", "strength"],
    )
    rows["age"] = draw.integers(20, 60, len(rows)).astype(float)
    rows["found"] = draw.random(len(rows)) > 0.1
    found = rows[rows["found"]]
    signals = np.zeros((len(found), len(SIGNALS)))
    dark = (found["kind"] == "brightness").to_numpy() & (found["strength"] < 0.3).to_numpy()
    signals[:, 0] = np.where(dark, 0.7, 0) + 0.02 * draw.random(len(found))
    middle = found["age"].to_numpy() + draw.normal(size=len(found)) * np.where(dark, 12, 4)
    scores = np.exp(-(((AGES - middle[:, None]) / 4) ** 2) / 2) + 1e-9
    refused = (found["kind"] == "blur").to_numpy() & (found["strength"] > 3).to_numpy()
    return Looks(rows, refused, signals, AgeDistributions.from_scores(scores))


@pytest.fixture(scope="module")
def fitted() -> clarity.Fitted:
    return clarity.measure(looks(2), PLAIN, *clarity.fit(looks(1), PLAIN))


def row(fitted: clarity.Fitted, kind: str, strength: float) -> clarity.Row:
    return next(r for r in fitted.rows if (r.kind, r.strength) == (kind, strength))


def test_what_leads_astray_is_found_and_nothing_else(fitted: clarity.Fitted) -> None:
    dark, *others = np.eye(len(SIGNALS)) * 0.7
    clear = fitted.clarity(np.stack([np.zeros(4), dark, *others]))
    assert clear[0] == 1
    assert 0.08 < clear[1] < 0.3  # three times the spread is nine times the temperature
    assert clear[2:] == pytest.approx(1, abs=0.05)


def test_intervals_of_unclear_faces_hold_as_often(fitted: clarity.Fitted) -> None:
    at_all = clarity.measure(looks(2), PLAIN, fitted.clarity, 0)
    assert row(at_all, "brightness", 0.2).held_80.value > 0.7
    assert row(at_all, "nothing", 0).held_80.value == pytest.approx(0.8, abs=0.12)


def test_what_is_off_too_far_is_refused_and_what_is_untouched_is_not(
    fitted: clarity.Fitted,
) -> None:
    assert row(fitted, "nothing", 0).judged.value > 0.8  # of a tenth no face is found
    assert row(fitted, "brightness", 0.1).judged.value == 0
    assert row(fitted, "blur", 6).judged.value == 0  # by another gate
    assert np.isnan(row(fitted, "blur", 6).mae)


def test_the_worst_is_named(fitted: clarity.Fitted) -> None:
    half = [r for r in fitted.rows if r.judged.value >= 0.5]
    worst = min(half, key=lambda r: r.held_80.value)
    assert f"{worst.held_80.value:.1%}, with {worst.kind}" in fitted.in_words[0]
