"""Tells whether a mask or sunglasses cover a face, from what the age network sees in it.

A logistic regression on the network's features (a linear probe: Alain and Bengio 2016, arXiv
1610.01644), fitted by :mod:`models.training.covered` and kept with the version of the model. The
network answers for a covered face as surely as for any other, and is wrong twice as often.
"""

import io
import zipfile
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from auditor.errors import ModelError


@dataclass(frozen=True, eq=False)
class Probe:
    """A fitted regression."""

    kernel: NDArray[np.float32]  # shape (features,)
    bias: float

    def __call__(self, features: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """P(covered), shape (faces,), of features of shape (faces, features)."""
        return np.asarray(expit(features @ self.kernel + self.bias), np.float64)

    def as_bytes(self) -> bytes:
        """The content of covered.npz."""
        stream = io.BytesIO()
        np.savez(stream, kernel=self.kernel, bias=self.bias)
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read back what :meth:`as_bytes` wrote.

        Raises:
            ModelError: it is no such file.
        """
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                return cls(arrays["kernel"].astype(np.float32), float(arrays["bias"]))
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise ModelError(f"cannot read covered.npz: {error!r}") from error
