"""Which pictures each step sees: the same for the same seed, wherever a run is taken up again."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditor.faces import backend
from models.training.config import Experiment
from models.training.parts import Part

keras = backend.keras()
PyDataset: Any = keras.utils.PyDataset

_SMOOTHING = 2.0  # years, of the density of ages

# First words of the seeds, so that no two uses share a sequence.
_ORDER, _MIXING, _CUTTING = 1, 2, 3

_ANEW = 0.5  # of the pictures are cut by the other landmarks


class Stream(PyDataset):
    """An endless stream of batches, from the first of an epoch on."""

    def __init__(self, part: Part, experiment: Experiment, first_epoch: int) -> None:
        """Keep what is learnt from; epochs count from 0."""
        super().__init__(workers=1, use_multiprocessing=False)
        self._part = part
        self._ages = part.ages.astype(np.float32)
        self._experiment = experiment
        settings = experiment.batches
        self._weights = sampling_weights(part.ages, settings.rarity)
        if settings.favoured:
            self._weights = favouring(self._weights, part.ages, settings.favoured, settings.favour)
        wanted = settings.epoch_size or len(part.ages)
        self.size = min(experiment.batches.size, wanted)
        self.steps = wanted // self.size
        self._first = first_epoch * self.steps
        self._drawn = (-1, np.arange(0))

    @property
    def num_batches(self) -> None:
        """None: endless."""
        return

    def __getitem__(self, index: int) -> tuple[dict[str, Any], NDArray[np.float32]]:
        """The inputs of ``networks.for_training`` and the targets of ``losses``."""
        step = self._first + index
        chosen = self._order(step // self.steps)[step % self.steps * self.size :][: self.size]
        inputs: dict[str, Any] = {"pixels": self._cut(chosen, step)}
        ages = self._ages[chosen]
        taught = None if self._part.taught is None else self._part.taught[chosen].astype(np.float32)
        others, share = ages, np.ones(len(chosen), np.float32)
        if alpha := self._experiment.augmentation.mixup:
            draw = np.random.default_rng((self._experiment.seed, _MIXING, step))
            partner = draw.permutation(len(chosen)).astype(np.int32)
            share = draw.beta(alpha, alpha, len(chosen)).astype(np.float32)
            inputs |= {"partner": partner, "share": share}
            others = ages[partner]
            if taught is not None:
                taught = share[:, None] * taught + (1 - share[:, None]) * taught[partner]
        target = np.stack([ages, others, share], axis=1)
        return inputs, target if taught is None else np.concatenate([target, taught], axis=1)

    def _cut(self, chosen: NDArray[np.intp], step: int) -> NDArray[np.uint8]:
        """The pictures, half of them by the other detector's landmarks where there are any."""
        pixels = self._part.pixels[chosen]
        if self._part.realigned is not None:
            draw = np.random.default_rng((self._experiment.seed, _CUTTING, step))
            anew = np.flatnonzero(draw.random(len(chosen)) < _ANEW)
            pixels[anew] = self._part.realigned[chosen[anew]]
        return pixels

    def _order(self, epoch: int) -> NDArray[np.intp]:
        if self._drawn[0] != epoch:
            draw = np.random.default_rng((self._experiment.seed, _ORDER, epoch))
            self._drawn = (epoch, sample(self._weights, self.steps * self.size, draw))
        return self._drawn[1]


def sampling_weights(ages: NDArray[np.float64], rarity: float) -> NDArray[np.float64]:
    """How often each picture is drawn, summing to 1: density of its age to the power -rarity."""
    span = np.arange(np.ceil(ages.max()) + 1)
    kernel = np.exp(-0.5 * ((span[:, None] - span) / _SMOOTHING) ** 2)
    kernel /= kernel.sum(axis=1, keepdims=True)
    counts = np.bincount(np.rint(ages).astype(int), minlength=len(span))
    weights = (kernel @ counts)[np.rint(ages).astype(int)] ** -rarity
    return np.asarray(weights / weights.sum())


def favouring(
    weights: NDArray[np.float64], ages: NDArray[np.float64], span: tuple[float, float], times: float
) -> NDArray[np.float64]:
    """The weights, summing to 1, with ages in a span (ends included) drawn ``times`` as often."""
    first, last = span
    favoured = np.where((ages >= first) & (ages <= last), times, 1.0) * weights
    return np.asarray(favoured / favoured.sum())


def sample(weights: NDArray[np.float64], count: int, draw: np.random.Generator) -> NDArray[np.intp]:
    """Draw ``count`` places: each as often as its weight says, rounded up or down, in any order.

    Equal weights and as many places as there are give every place once.
    """
    shuffled = draw.permutation(len(weights))
    ends = np.cumsum(weights[shuffled])
    at = (draw.random() + np.arange(count)) / count * ends[-1]
    places = shuffled[np.minimum(np.searchsorted(ends, at, side="right"), len(weights) - 1)]
    return np.asarray(draw.permutation(places))
