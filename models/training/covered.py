"""Fits what tells that a mask or sunglasses cover a face (auditor/faces/covered.py).

The network's features of faces with coverings drawn on, and of the same faces without, some of each
made worse as cameras make them, so that it is the covering that is told and not the camera. Glasses
through which eyes are seen, caps and hands count as open: the network's intervals hold for them.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from auditor.faces.ages import AgeDistributions
from auditor.faces.calibration import Calibration
from auditor.faces.covered import Probe
from auditor.faces.engines.on_openvino import cores
from auditor.faces.model import AgeNetwork, Seen
from models.training import augment
from models.training.config import Augmentation, Change
from models.training.coverings import COVERINGS
from models.training.labelled import LabelledSet
from models.training.metrics import Flags, Floats, Measured, coverage, share

COVERED = ("mask", "sunglasses")
#: What may be before a face; "nothing" among it.
KINDS = ("nothing", *COVERINGS)

#: Share of untouched faces that may be taken for covered.
MAY_BE_REFUSED = 0.01

#: Faces to fit on.
FACES = 4000

_BATCH = 128
# Of the squared weights. Of a tenth, more coverings are told on `val`, and untouched strangers (the
# Congress part of 54) are taken for covered; of ten times as much, fewer coverings are told.
_PENALTY = 1e-2
_SOMETIMES = 0.3
_WORSE = Augmentation(
    rotation=Change(probability=_SOMETIMES, strength=10),
    shift=Change(probability=_SOMETIMES, strength=0.05),
    zoom=Change(probability=_SOMETIMES, strength=0.1),
    light=Change(probability=_SOMETIMES, strength=0.4),
    brightness=Change(probability=_SOMETIMES, strength=0.25),
    contrast=Change(probability=_SOMETIMES, strength=0.3),
    white_balance=Change(probability=_SOMETIMES, strength=0.2),
    blur=Change(probability=_SOMETIMES, strength=4),  # pixels of a crop
    resolution=Change(probability=_SOMETIMES, strength=5),
    noise=Change(probability=_SOMETIMES, strength=15),
    jpeg=Change(probability=_SOMETIMES, strength=20),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What is made of faces with one kind of covering."""

    name: str
    refused: Measured  # share taken for covered
    held: Measured  # of all, whose age the 80 % interval holds
    held_of_judged: Measured  # the same of those that are not taken for covered


@dataclass(frozen=True, slots=True)
class Fitted:
    """The probe, the probability above which a face counts as covered, and how well it does."""

    probe: Probe
    limit: float
    kinds: tuple[Kind, ...]

    @property
    def in_words(self) -> list[str]:
        """What was measured, a sentence a kind."""
        return [
            f"With {kind.name} before the face {kind.refused.value:.1%} are taken for covered; the"
            f" 80 % interval holds the ages of {kind.held_of_judged.value:.1%} of the others."
            for kind in self.kinds
        ]


def fit(network: AgeNetwork, faces: LabelledSet, seed: int) -> Probe:
    """Fit the probe on ``FACES`` of the faces, drawn by the seed."""
    some = faces.subset(np.random.default_rng(seed).permutation(len(faces))[:FACES])
    seen = [_seen(network, some, kind, _WORSE, seed).features for kind in KINDS]
    covered = np.repeat([kind in COVERED for kind in KINDS], len(some))
    # Each side weighs the same, and so does each kind within it, nothing as much as the others.
    weights = np.repeat([_weight(kind) for kind in KINDS], len(some)) / len(some)
    return _regression(np.concatenate(seen), covered, weights)


def _weight(kind: str) -> float:
    if kind in COVERED:
        return 0.5 / len(COVERED)
    return 0.25 if kind == "nothing" else 0.25 / (len(KINDS) - len(COVERED) - 1)


def measure(  # noqa: PLR0913  # what a figure depends on
    network: AgeNetwork,
    calibration: Calibration,
    probe: Probe,
    faces: LabelledSet,
    *,
    first: Flags,
    seed: int,
) -> Fitted:
    """Choose the limit on one half of the faces, and see on the other what it does.

    Args:
        network: the one that the probe was fitted for.
        calibration: of its distributions.
        probe: the fitted one.
        faces: of which none served to fit the probe.
        first: which of them choose the limit; those that the calibration was fitted on.
        seed: of what is drawn on.
    """
    untouched = _seen(network, faces.subset(first), "nothing", Augmentation(), seed)
    limit = float(np.quantile(probe(untouched.features), 1 - MAY_BE_REFUSED))
    others = faces.subset(~first)
    age = others.table["age"].to_numpy(float)
    kinds = []
    for kind in KINDS:
        seen = _seen(network, others, kind, Augmentation(), seed)
        refused = probe(seen.features) > limit
        low, high = calibration.apply(seen.ages).interval(0.8)
        held, kept = coverage(low, high, age), ~refused
        judged = coverage(low[kept], high[kept], age[kept])
        kinds.append(Kind(kind, share(refused), held, judged))
    return Fitted(probe, limit, tuple(kinds))


def _seen(
    network: AgeNetwork, faces: LabelledSet, kind: str, changes: Augmentation, seed: int
) -> Seen:
    """What the network sees in faces with one kind of covering, changed otherwise too."""
    settings = changes.model_dump() | ({} if kind == "nothing" else {kind: 1})
    # Another seed for each kind: the coverings and changes of a face are not the same ones.
    layers = augment.layers(Augmentation.model_validate(settings), seed * 100 + KINDS.index(kind))
    with ThreadPoolExecutor(cores()) as pool:
        changed = (_changed(crops, layers) for crops in faces.batches(_BATCH))
        seen = list(pool.map(network.look, changed))
    return Seen(
        AgeDistributions.joined([part.ages for part in seen]),
        np.concatenate([part.features for part in seen]),
    )


def drawn_on(crops: NDArray[np.uint8], kind: str, seed: int) -> NDArray[np.uint8]:
    """Aligned crops with one kind of covering."""
    return _changed(crops, augment.layers(Augmentation.model_validate({kind: 1}), seed))


def _changed(crops: NDArray[np.uint8], layers: Sequence[Any]) -> NDArray[np.uint8]:
    pixels: Any = crops.astype(np.float32)
    for layer in layers:
        pixels = layer(pixels, training=True)
    whole: NDArray[np.uint8] = np.clip(np.rint(np.asarray(pixels)), 0, 255).astype(np.uint8)
    return whole


def _regression(features: NDArray[np.float32], covered: Flags, weights: Floats) -> Probe:
    """Logistic regression with a penalty on the weights of the standardised features."""
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-3
    rows = (features - mean) / spread
    sign = np.where(covered, 1.0, -1.0)

    def loss(values: Floats) -> tuple[float, Floats]:
        kernel, bias = values[:-1].astype(np.float32), values[-1]
        margin = sign * (rows @ kernel + bias)
        pull = -weights * sign * expit(-margin)
        slope = pull.astype(np.float32) @ rows + _PENALTY * kernel
        penalty = _PENALTY / 2 * float(kernel @ kernel)
        total = float(weights @ np.logaddexp(0, -margin)) + penalty
        return total, np.append(slope, pull.sum()).astype(np.float64)

    found = minimize(loss, np.zeros(rows.shape[1] + 1), jac=True, method="L-BFGS-B").x
    kernel = (found[:-1] / spread).astype(np.float32)
    return Probe(kernel, float(found[-1] - kernel @ mean))
