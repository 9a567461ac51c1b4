"""Eight-bit weights and activations for the age network: two to three times as fast.

Quantised after training by NNCF, from pictures that show how large activations get. Weights use
seven of the eight bits: without VNNI, processors add pairs of products in 16 bits, which eight
would overflow. The network that comes out is one of its own: it is calibrated and measured itself.
"""

import importlib
import io
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditor.faces.ages import AgeDistributions
from auditor.faces.engines import on_openvino, resnet50
from auditor.faces.model import AgeNetwork, View

#: Pictures that the ranges of activations are taken from.
PICTURES = 512

# Left in single precision: three hundredths of the multiplications, and on its weights alone half
# of what eight bits for all weights would change.
_FIRST = "conv1_conv"

#: The most that eight bits may cost: years, and shares of the errors at a challenge age of 25.
MOST_MAE, MOST_ERRORS = 0.05, 0.005


@dataclass(frozen=True, slots=True)
class Loss:
    """What eight bits change, on labelled faces: estimates with them and without."""

    faces: int
    mae_years: float
    mae_years_before: float
    adults_taken_for_younger: float  # than 25, share
    adults_taken_for_younger_before: float
    minors_taken_for_older: float  # under 18, for 25 or older, share
    minors_taken_for_older_before: float
    median_difference: float  # of single faces, years
    difference_of_99_percent: float

    @property
    def too_large(self) -> bool:
        """Whether it is more than the audit is to take for being faster."""
        return (
            self.mae_years - self.mae_years_before > MOST_MAE
            or self.adults_taken_for_younger - self.adults_taken_for_younger_before > MOST_ERRORS
            or self.minors_taken_for_older - self.minors_taken_for_older_before > MOST_ERRORS
        )

    @property
    def in_words(self) -> str:
        """The same as a sentence."""
        adults = self.adults_taken_for_younger - self.adults_taken_for_younger_before
        minors = self.minors_taken_for_older - self.minors_taken_for_older_before
        return (
            f"With eight bits it is {self.mae_years - self.mae_years_before:+.3f} years further "
            f"off, takes {100 * adults:+.2f} points more of the adults for younger than 25 and "
            f"{100 * minors:+.2f} points more of the minors for 25 or older, and estimates half of "
            f"the faces within {self.median_difference:.2f} years, 99 % within "
            f"{self.difference_of_99_percent:.2f} years, of what single precision gives."
        )


def loss(before: AgeDistributions, after: AgeDistributions, age: NDArray[np.float64]) -> Loss:
    """Compare estimates of the same faces, whose ages are known."""
    was, now = before.estimate, after.estimate
    adults, minors = age >= 18, age < 18
    median, most = np.quantile(np.abs(now - was), [0.5, 0.99])
    return Loss(
        len(age),
        float(np.abs(now - age).mean()),
        float(np.abs(was - age).mean()),
        float((now[adults] < 25).mean()),
        float((was[adults] < 25).mean()),
        float((now[minors] >= 25).mean()),
        float((was[minors] >= 25).mean()),
        float(median),
        float(most),
    )


def quantised(
    weights: bytes, view: View, pictures: NDArray[np.uint8], crops: NDArray[np.uint8]
) -> bytes:
    """The content of int8.npz, see ``auditor.faces.model``.

    Args:
        weights: the content of weights.npz.
        view: how it sees a crop.
        pictures: crops to take the ranges from, shape (n, side, side, 3) of any side.
        crops: of the golden predictions.
    """
    with np.load(io.BytesIO(weights), allow_pickle=False) as stored:
        network = resnet50.build(dict(stored), view.input_size)
    seen = np.stack([view.of(picture) for picture in pictures])
    graph, constants = _serialised(_quantise(network, seen))
    golden = AgeNetwork(resnet50.quantised(graph, constants), view).predict(crops)
    stream = io.BytesIO()
    np.savez_compressed(
        stream,
        graph=np.frombuffer(graph, np.uint8),
        constants=np.frombuffer(constants, np.uint8),
        age=golden.mean,
        age_sd=golden.sd,
    )
    return stream.getvalue()


def _quantise(network: Any, pictures: NDArray[np.uint8]) -> Any:
    on_openvino.module()  # before NNCF is imported
    nncf = importlib.import_module("nncf")
    advanced = importlib.import_module("nncf.quantization.advanced_parameters")
    ranges = importlib.import_module("nncf.quantization.range_estimator")

    def end(kind: str) -> Any:
        """No picture's activations are cut off: that costs more than a coarser step."""
        return ranges.StatisticsCollectorParameters(
            statistics_type=getattr(ranges.StatisticsType, kind),
            aggregator_type=getattr(ranges.AggregatorType, kind),
        )

    rows = resnet50.ROWS
    batches = [pictures[n : n + rows] for n in range(0, len(pictures) - rows + 1, rows)]
    return nncf.quantize(
        network,
        nncf.Dataset(batches),
        subset_size=len(batches),
        preset=nncf.QuantizationPreset.MIXED,
        ignored_scope=nncf.IgnoredScope(names=[_FIRST]),
        advanced_parameters=advanced.AdvancedQuantizationParameters(
            overflow_fix=advanced.OverflowFix.ENABLE,
            activations_range_estimator_params=ranges.RangeEstimatorParameters(
                min=end("MIN"), max=end("MAX")
            ),
        ),
    )


def _serialised(network: Any) -> tuple[bytes, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "int8.xml"
        on_openvino.module().serialize(network, str(path))
        return path.read_bytes(), path.with_suffix(".bin").read_bytes()
