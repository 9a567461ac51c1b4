"""Which pictures each step sees: the same for the same seed, wherever a run is taken up again."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditor.faces import backend
from models.training.config import Experiment

keras = backend.keras()
PyDataset: Any = keras.utils.PyDataset

_SMOOTHING = 2.0  # years, of the density of ages

# First words of the seeds, so that no two uses share a sequence.
_ORDER, _MIXING = 1, 2


class Stream(PyDataset):
    """An endless stream of batches, from the first of an epoch on."""

    def __init__(
        self,
        pixels: NDArray[np.uint8],
        ages: NDArray[np.float64],
        experiment: Experiment,
        first_epoch: int,
    ) -> None:
        """Keep pictures (n, side, side, 3) and ages (n,); epochs count from 0."""
        super().__init__(workers=1, use_multiprocessing=False)
        self._pixels = pixels
        self._ages = ages.astype(np.float32)
        self._experiment = experiment
        self._weights = sampling_weights(ages, experiment.batches.rarity)
        wanted = experiment.batches.epoch_size or len(ages)
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
        inputs: dict[str, Any] = {"pixels": self._pixels[chosen]}
        ages = self._ages[chosen]
        others, share = ages, np.ones(len(chosen), np.float32)
        if alpha := self._experiment.augmentation.mixup:
            draw = np.random.default_rng((self._experiment.seed, _MIXING, step))
            partner = draw.permutation(len(chosen)).astype(np.int32)
            share = draw.beta(alpha, alpha, len(chosen)).astype(np.float32)
            inputs |= {"partner": partner, "share": share}
            others = ages[partner]
        return inputs, np.stack([ages, others, share], axis=1)

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


def sample(weights: NDArray[np.float64], count: int, draw: np.random.Generator) -> NDArray[np.intp]:
    """Draw ``count`` places: each as often as its weight says, rounded up or down, in any order.

    Equal weights and as many places as there are give every place once.
    """
    shuffled = draw.permutation(len(weights))
    ends = np.cumsum(weights[shuffled])
    at = (draw.random() + np.arange(count)) / count * ends[-1]
    places = shuffled[np.minimum(np.searchsorted(ends, at, side="right"), len(weights) - 1)]
    return np.asarray(draw.permutation(places))
