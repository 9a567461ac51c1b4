"""Eight-bit weights and activations for the age network: three times as fast where they are known.

Quantised after training by NNCF, from pictures that show how large activations get.
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
from auditor.faces.engines import Weights, on_openvino, resnet50
from auditor.faces.model import AgeNetwork
from models.training.labelled import scaled

#: Pictures that the ranges of activations are taken from.
PICTURES = 512

# Left in single precision: three hundredths of the multiplications, and on its weights alone half
# of what eight bits for all weights would change.
_FIRST = "conv1_conv"

# The most that eight bits may change: years, a share, and years.
_MOST_MAE, _MOST_ADULTS, _MOST_OF_99_PERCENT = 0.05, 0.005, 0.3


@dataclass(frozen=True, slots=True)
class Loss:
    """What eight bits change, on labelled faces: estimates with them and without."""

    faces: int
    mae_years: float
    mae_years_before: float
    adults_taken_for_younger: float  # than 25, share
    adults_taken_for_younger_before: float
    median_difference: float  # of single faces, years
    difference_of_99_percent: float

    @property
    def too_large(self) -> bool:
        """Whether it is more than the audit is to take for being faster."""
        adults = abs(self.adults_taken_for_younger - self.adults_taken_for_younger_before)
        return (
            self.mae_years - self.mae_years_before > _MOST_MAE
            or adults > _MOST_ADULTS
            or self.difference_of_99_percent > _MOST_OF_99_PERCENT
        )

    @property
    def in_words(self) -> str:
        """The same as a sentence."""
        adults = self.adults_taken_for_younger - self.adults_taken_for_younger_before
        return (
            f"With eight bits it is {self.mae_years - self.mae_years_before:+.3f} years further "
            f"off, takes {100 * adults:+.2f} points more of the adults for younger than 25, and "
            f"estimates half of the faces within {self.median_difference:.2f} years, 99 % within "
            f"{self.difference_of_99_percent:.2f} years, of what single precision gives."
        )


def loss(before: AgeDistributions, after: AgeDistributions, age: NDArray[np.float64]) -> Loss:
    """Compare estimates of the same faces, whose ages are known."""
    was, now = before.estimate, after.estimate
    adults = age >= 18
    median, most = np.quantile(np.abs(now - was), [0.5, 0.99])
    return Loss(
        len(age),
        float(np.abs(now - age).mean()),
        float(np.abs(was - age).mean()),
        float((now[adults] < 25).mean()),
        float((was[adults] < 25).mean()),
        float(median),
        float(most),
    )


def quantised(
    weights: Weights,
    input_size: int,
    pictures: NDArray[np.uint8],
    crops: NDArray[np.uint8],
    *,
    mirrored: bool,
) -> bytes:
    """The content of int8.npz, see ``auditor.faces.model``.

    Args:
        weights: of the network in single precision.
        input_size: side of its input, pixels.
        pictures: crops to take the ranges from, shape (n, side, side, 3) of any side.
        crops: of the golden predictions.
        mirrored: whether it predicts from the mirror image too.
    """
    seen = np.stack([scaled(picture, input_size) for picture in pictures])
    graph, constants = _serialised(_quantise(resnet50.build(weights, input_size), seen))
    scores = resnet50.quantised(graph, constants)
    golden = AgeNetwork(scores, input_size, mirrored=mirrored).predict(crops)
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
            activations_range_estimator_params=ranges.RangeEstimatorParameters(
                min=end("MIN"), max=end("MAX")
            )
        ),
    )


def _serialised(network: Any) -> tuple[bytes, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "int8.xml"
        on_openvino.module().serialize(network, str(path))
        return path.read_bytes(), path.with_suffix(".bin").read_bytes()
