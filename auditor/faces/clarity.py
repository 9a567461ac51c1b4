"""How clearly a picture shows a face, 0 to 1: the less clearly, the wider are its intervals.

The network stays sure of itself before a dark, overexposed, distorted or averted face. Four signals
of the picture, weighted by what :mod:`models.training.clarity` found on faces made worse, say how
much more its distribution has to be widened than an ordinary face's: a temperature for each face
(Joy et al. 2023, arXiv 2207.06211), from so few signals that the reason can be named.
"""

import json
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from auditor.errors import ModelError

#: What may make a face unclear (auditor/faces/gates.py measures it).
SIGNALS = ("dark", "overexposed", "distorted", "aside")

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Clarity:
    """Fitted weights: from signals to clarity, by which a distribution's temperature is divided."""

    weights: tuple[float, ...]  # of SIGNALS, none negative
    bias: float
    usual: float  # the doubt of an ordinary face, which its calibration knows of

    def __call__(self, seen: Floats) -> Floats:
        """The clarity of n faces, 0 to 1, shape (n,), by signals of shape (n, 4)."""
        return np.asarray(np.exp(-np.maximum(self.doubt(seen) - self.usual, 0)))

    def doubt(self, seen: Floats) -> Floats:
        """The logarithm of the temperature that faces need, shape (n,)."""
        return np.asarray(np.logaddexp(0, seen @ np.array(self.weights) + self.bias))

    def cause(self, seen: Floats) -> str:
        """The signal that makes a face most unclear, by its signals, shape (4,)."""
        return SIGNALS[int(np.argmax(seen * np.array(self.weights)))]

    def as_bytes(self) -> bytes:
        """The content of clarity.json."""
        weights = dict(zip(SIGNALS, self.weights, strict=True))
        said = {"weights": weights, "bias": self.bias, "usual": self.usual}
        return f"{json.dumps(said, indent=1)}\n".encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read back what :meth:`as_bytes` wrote.

        Raises:
            ModelError: it is no such file.
        """
        try:
            said = json.loads(content)
            weights = tuple(float(said["weights"][name]) for name in SIGNALS)
            found = cls(weights, float(said["bias"]), float(said["usual"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(f"cannot read clarity.json: {error!r}") from error
        if not np.isfinite([*weights, found.bias, found.usual]).all() or min(weights) < 0:
            raise ModelError("clarity.json has a weight that is negative or no number")
        return found
