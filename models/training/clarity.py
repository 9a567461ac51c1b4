"""Fits what unclear faces cost (auditor/faces/clarity.py), and measures every kind of damage.

Aligned crops of known age are laid into a till camera's frame, and the frame made worse in one of
eleven ways; there the face is found, aligned and judged again as the audit does. On one half of the
faces the signals' weights are fitted, on the other it is measured, by kind and strength of the
damage, how many faces are still given an age and how often their intervals hold it.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from auditor.faces.ages import AgeDistributions
from auditor.faces.alignment import align
from auditor.faces.calibration import Calibration
from auditor.faces.clarity import SIGNALS, Clarity
from auditor.faces.covered import Probe
from auditor.faces.detector import Detector
from auditor.faces.engines.on_openvino import cores
from auditor.faces.frames import Picture, Pixels
from auditor.faces.gates import Limits, refusal, shown
from auditor.faces.model import AgeNetwork
from auditor.faces.turns import face_turns
from auditor.policy import Rules
from models.training import covered, shift
from models.training.coverings import COVERINGS
from models.training.labelled import LabelledSet
from models.training.metrics import Flags, Floats, Measured, coverage, share

#: What is done to frames, and how strongly.
STRENGTHS: dict[str, tuple[float, ...]] = {
    "nothing": (0,),
    "brightness": (0.5, 0.35, 0.2, 0.1),  # share of the light
    "overexposure": (1.3, 1.6, 2, 2.5),  # times the light
    "contrast": (0.6, 0.4, 0.25, 0.15),  # share of it that is left
    "blur": (1, 2, 3, 4, 6),  # px, sigma, on a face of 150 px
    "face size": (100, 70, 50, 40, 34, 28),  # px across the face
    "jpeg": (50, 30, 15, 8),  # quality
    "roll": (15, 30, 45, 60, 180),  # degrees
    "squashing": (0.4, 0.5, 0.65, 0.8, 1.25, 1.5, 2),  # times the width, over times the height
    **dict.fromkeys(COVERINGS, (1,)),  # drawn on
}

#: Share of untouched faces that may be refused as unclear.
MAY_BE_REFUSED = 0.005

_BATCH = 32
_PENALTY = 1e-3  # of the squared weights of standardised signals
_ORDINARY = 8  # untouched faces weigh as many times as those of a kind of damage
_PARTS = 12  # of the faces, by clarity
_SMALLEST = 1e-12
_HALF = 0.5


@dataclass(frozen=True)
class Looks:
    """What the audit's line makes of faces made worse.

    Attributes:
        faces: a row each: kind, strength, age, found.
        refused: of those found, by :func:`auditor.faces.gates.refusal`, clarity apart.
        signals: of those found, shape (found, 4).
        ages: of those found, not calibrated.
    """

    faces: pd.DataFrame
    refused: Flags
    signals: Floats
    ages: AgeDistributions


@dataclass(frozen=True, slots=True)
class Row:
    """What one kind of damage of one strength does."""

    kind: str
    strength: float
    judged: Measured  # share of all faces that are given an age
    held_80: Measured  # of those, whose age the 80 % interval holds
    held_95: Measured
    mae: float  # of those, years; NaN if there are none


@dataclass(frozen=True, slots=True)
class Fitted:
    """The weights, the clarity below which no age is given, and what both do."""

    clarity: Clarity
    least: float
    rows: tuple[Row, ...]

    @property
    def in_words(self) -> list[str]:
        """The worst of what is still judged, in a sentence."""
        half = (row for row in self.rows if row.judged.value >= _HALF)
        worst = min(half, key=lambda row: row.held_80.value)
        said = (
            "Of pictures made worse of which half or more are judged, the 80 % interval holds the"
            f" fewest ages, {worst.held_80.value:.1%}, with {worst.kind} {worst.strength:g}."
        )
        return [said]


def look(
    faces: LabelledSet, network: AgeNetwork, probe: Probe | None, limits: Limits, seed: int
) -> Looks:
    """Make faces worse in every way and look at them as the audit does.

    Args:
        faces: aligned crops of known age.
        network: the age network.
        probe: what tells covered faces, if the version has it.
        limits: the gates; that of clarity is not applied.
        seed: of what is drawn on.
    """
    detector, age = Detector(), faces.table["age"].to_numpy(float)
    crops = faces.crops(np.arange(len(faces)))

    def seen(task: tuple[str, float, int]) -> tuple[pd.DataFrame, list[bool], list[Floats], Floats]:
        kind, strength, start = task
        part = slice(start, start + _BATCH)
        frames = [Picture.of(f) for f in _frames(crops[part], start, kind, strength, seed)]
        smallest, sure = [limits.min_face_px] * len(frames), Rules().min_face_confidence
        found = [faces[:1] for faces in detector.detect(frames, smallest, sure)]
        turns = face_turns(detector, frames, found)
        rows = pd.DataFrame({"kind": kind, "strength": strength, "age": age[part]})
        rows["found"] = [bool(faces) for faces in found]
        if not rows["found"].any():
            return rows, [], [], np.empty((0, 0))
        each = [
            (f, faces[0], t[0]) for f, faces, t in zip(frames, found, turns, strict=True) if faces
        ]
        again = np.stack([align(f, face.landmarks, crops.shape[1]) for f, face, _ in each])
        judged = network.look(again)
        hidden = np.zeros(len(again)) if probe is None else probe(judged.features)
        views = [
            shown(face, turn, network.view.sized(crop))
            for (_, face, turn), crop in zip(each, again, strict=True)
        ]
        refused = [
            refusal(limits, view, 1, float(p), None) is not None
            for view, p in zip(views, hidden, strict=True)
        ]
        return rows, refused, [view.signals for view in views], judged.ages.probabilities

    tasks = [
        (kind, strength, start)
        for kind, strengths in STRENGTHS.items()
        for strength in strengths
        for start in range(0, len(crops), _BATCH)
    ]
    with ThreadPoolExecutor(cores()) as pool:
        rows, refused, signals, ages = zip(*pool.map(seen, tasks), strict=True)
    return Looks(
        pd.concat(rows, ignore_index=True),
        np.concatenate([np.array(part, bool) for part in refused]),
        np.array([one for part in signals for one in part]).reshape(-1, len(SIGNALS)),
        AgeDistributions(
            np.concatenate([part for part in ages if part.size]), decoding=network.view.decoding
        ),
    )


def fit(looks: Looks, calibration: Calibration) -> tuple[Clarity, float]:
    """Fit the signals' weights, and find the clarity below which no age may be given.

    The weights are those of the highest likelihood of the true ages, each kind of damage counting
    alike. The least clarity is where the error exceeds ``shift.TOLERATED`` times that of untouched
    faces, but one that at most ``MAY_BE_REFUSED`` of these fall short of.
    """
    kept, faces = ~looks.refused, looks.faces[looks.faces["found"]][~looks.refused]
    signals, ages, age = looks.signals[kept], looks.ages[kept], faces["age"].to_numpy(float)
    ordinary = faces["kind"].eq("nothing").to_numpy()
    weights, bias = _weights(signals, ages, age, _counting(faces), calibration.temperature)
    clarity = Clarity(tuple(weights.tolist()), bias, 0.0)
    usual = float(np.median(clarity.doubt(signals[ordinary])))
    clarity = Clarity(clarity.weights, clarity.bias, usual)
    clear = clarity(signals)
    error = np.abs(calibration.apply(ages, clear).estimate - age)
    ordered = np.argsort(clear, kind="stable")
    curve = [
        (float(np.median(clear[part])), float(error[part].mean()), len(part))
        for part in np.array_split(ordered[clear[ordered] < 1], _PARTS)
    ]
    gate = shift.gate(curve, shift.TOLERATED * float(error[ordinary].mean()))
    most = float(np.quantile(clear[ordinary], MAY_BE_REFUSED))
    return clarity, most if gate is None else min(gate, most)


def measure(looks: Looks, calibration: Calibration, clarity: Clarity, least: float) -> Fitted:
    """See what damage does to faces that neither weights nor calibration were fitted on."""
    clear = clarity(looks.signals)
    ages = calibration.apply(looks.ages, clear)
    found = looks.faces["found"].to_numpy()
    judged = found.copy()
    judged[found] = ~looks.refused & (clear >= least)
    figures = looks.faces.assign(judged=judged)
    for name, coverage_of in (("80", 0.80), ("95", 0.95)):
        low, high = ages.interval(coverage_of)
        figures.loc[found, f"low_{name}"], figures.loc[found, f"high_{name}"] = low, high
    figures.loc[found, "error"] = np.abs(ages.estimate - looks.faces["age"][found])
    rows = []
    for kind, strengths in STRENGTHS.items():
        for strength in strengths:
            own = figures[figures["kind"].eq(kind) & figures["strength"].eq(strength)]
            left = own[own["judged"]]
            age = left["age"].to_numpy(float)
            held = [
                coverage(left[f"low_{n}"].to_numpy(), left[f"high_{n}"].to_numpy(), age)
                for n in ("80", "95")
            ]
            kept, mae = share(own["judged"].to_numpy()), float(left["error"].mean())
            rows.append(Row(kind, strength, kept, held[0], held[1], mae))
    return Fitted(clarity, least, tuple(rows))


def _frames(
    crops: NDArray[np.uint8], start: int, kind: str, strength: float, seed: int
) -> Iterator[Pixels]:
    """The frames of crops made worse; ``start`` is the number of the first of them."""
    if kind in COVERINGS:
        crops, kind = covered.drawn_on(crops, kind, seed * 100_000 + start), "none"
    kind = "none" if kind == "nothing" else kind
    for number, crop in enumerate(crops, start):
        yield shift.worse_frame(crop, number, kind, strength)


def _counting(faces: pd.DataFrame) -> Floats:
    """Weights that sum to 1: each kind counts alike, each strength of it, and each face of that."""
    of_one = faces.groupby(["kind", "strength"])["age"].transform("size")
    strengths = faces["kind"].map(faces.groupby("kind")["strength"].nunique())
    weights = (1 / (of_one * strengths)).to_numpy(float, copy=True)
    weights[faces["kind"].eq("nothing")] *= _ORDINARY
    return np.asarray(weights / weights.sum())


def _weights(
    signals: Floats, ages: AgeDistributions, age: Floats, counting: Floats, temperature: float
) -> tuple[Floats, float]:
    """The signals' weights, none negative, and the bias, of the highest likelihood of the ages."""
    spread = signals.std(axis=0) + 1e-9
    rows = signals / spread
    logs = np.log(np.maximum(ages.probabilities, _SMALLEST))
    own = logs[np.arange(len(age)), np.clip(age, 0, logs.shape[1] - 1).astype(int)]

    def loss(values: Floats) -> tuple[float, Floats]:
        doubt = rows @ values[:-1] + values[-1]
        colder = np.exp(-np.logaddexp(0, doubt)) / temperature
        scores = logs * colder[:, None]
        top = scores.max(axis=1)
        parts = np.exp(scores - top[:, None])
        total = parts.sum(axis=1)
        expected = (parts * logs).sum(axis=1) / total
        likelihood = colder * own - top - np.log(total)
        slope = counting * (own - expected) * colder * expit(doubt)
        penalty = _PENALTY / 2 * float(values[:-1] @ values[:-1])
        gradient = np.append(rows.T @ slope + _PENALTY * values[:-1], slope.sum())
        return penalty - float(counting @ likelihood), gradient

    start = np.append(np.zeros(rows.shape[1]), -3.0)
    bounds = [(0, None)] * rows.shape[1] + [(None, None)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return np.asarray(found[:-1] / spread), float(found[-1])
