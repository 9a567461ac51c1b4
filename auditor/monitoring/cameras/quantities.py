"""What is compared with a camera's own past: in which classes, and which change matters.

Counts of classes can be added up over sales, tills and days, and a class stands for its middle.
Classes are of equal width on a scale on which changes are alike: grey levels, years and seconds as
they are, sizes and sharpness by their logarithm, the detector's confidence by that of its doubt.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auditor.monitoring.statistics import Floats

_LEAST_DOUBT = 1e-5


@dataclass(frozen=True, slots=True)
class Measured:
    """A quantity with a value for each sale.

    What lies beyond the classes is in the first or the last. A quantity is ``by_gates`` if it
    depends on the model, or on the gates by which it takes a face: days under others are left out.
    """

    column: str  # of LEDGER
    low: float  # where the first class begins, on the scale
    width: float  # of each class, on the scale
    classes: int
    least: float  # change of the mean on the scale below which nothing is said, however sure it is
    by_gates: bool
    to_scale: Callable[[Floats], Floats]  # from the column's unit
    from_scale: Callable[[float], float]

    def classify(self, values: Floats) -> NDArray[np.int16]:
        """The class of each value; values in the column's unit."""
        place = np.floor((self.to_scale(values) - self.low) / self.width)
        return np.clip(place, 0, self.classes - 1).astype(np.int16)

    def middles(self, classes: NDArray[np.int16]) -> Floats:
        """The middle of each class, on the scale."""
        return np.asarray(self.low + (classes + 0.5) * self.width, np.float64)


def _log2(values: Floats) -> Floats:
    return np.asarray(np.log2(np.maximum(values, 1)))


def _certainty(confidence: Floats) -> Floats:
    return np.asarray(-np.log10(np.maximum(1 - confidence, _LEAST_DOUBT)))


_Scale = tuple[Callable[[Floats], Floats], Callable[[float], float]]  # from a unit, and back
_LINEAR: _Scale = (lambda values: values, float)
_LOG2: _Scale = (_log2, lambda scaled: float(2**scaled))
_DOUBT: _Scale = (_certainty, lambda scaled: float(1 - 10**-scaled))

#: By their names in tables.CAMERA_QUANTITIES. The least changes: 20 grey levels; a quarter larger;
#: half as sharp again; 1.4 times the doubt; ten seconds; four years.
MEASURED: Mapping[str, Measured] = {
    "light": Measured("light", 0, 8, 32, 20, False, *_LINEAR),
    "face_px": Measured("face_px", 4, 0.125, 56, 0.32, False, *_LOG2),
    "sharpness": Measured("sharpness", 0, 0.25, 56, 0.6, True, *_LOG2),
    "face_confidence": Measured("face_confidence", 0, 0.025, 80, 0.15, True, *_DOUBT),
    "clock": Measured("snapshot_offset_s", -300, 5, 120, 10, False, *_LINEAR),
    "age": Measured("age", 0, 5, 21, 4, True, *_LINEAR),
}

#: The other quantity: whether an age could be estimated, and if not, why. Its classes in order; a
#: frame that is only named by the index counts as not readable.
UNSEEN = "unseen"
CAUSES = ("no_frame", "frame_unreadable", "no_face", "face_unusable")

#: Share of the sales by which more than before are unseen, below which nothing is said.
LEAST_UNSEEN = 0.1
