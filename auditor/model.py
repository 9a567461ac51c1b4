"""The age model: ResNet50 (He et al. 2016, doi 10.1109/CVPR.2016.90) with a softmax over ages.

A version is a folder ``models/age_resnet50/<version>/``:

- ``card.toml``: what it is, what it was trained on and under which terms, how well it does;
- ``weights.npz``: arrays named ``<keras layer>/<variable>``;
- ``calibration.json``, unless the card names none: see :mod:`auditor.calibration`;
- ``golden.npz``: crops of faces that exist nowhere, with the age and standard deviation that this
  version's network gives them; they are predicted on loading, so that a damaged model never scores.
"""

import hashlib
import io
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from auditor import backend, resources
from auditor.ages import AGES, AgeDistributions
from auditor.alignment import Image
from auditor.calibration import Calibration
from auditor.errors import ModelError

NAME = "age_resnet50"

#: Crops a call of the network: always so many, padded with blanks, so that the numbers of a face do
#: not depend on what shares its batch. (TensorFlow picks its kernels by shape.)
BATCH = 32

#: Largest difference from the golden predictions, years.
GOLDEN_TOLERANCE = 0.05

# Means of the ImageNet training pictures, blue, green, red: as keras.applications.resnet has them.
_MEANS_BGR = (103.939, 116.779, 123.68)


@dataclass(frozen=True, slots=True)
class Card:
    """What a version of the model says of itself."""

    version: str
    input_size: int  # side of the network's input, pixels
    crop_size: int  # side of the aligned crop that is averaged down to it, pixels
    mirrored: bool  # whether its prediction is the mean over a crop and its mirror image
    weights_sha256: str
    calibration_sha256: str | None  # None: the network's own probabilities
    mae_years: float  # on the validation set that the card names
    min_face_px: float  # width of a face below which its estimates are no good, see tables.LEDGER
    min_sharpness: float  # the same of the sharpness, score.laplacian_variance
    limits: tuple[str, ...]  # what a reader of its estimates has to know

    @classmethod
    def read(cls, version: str) -> Self:
        """Read the card of a version that is shipped with the package.

        Raises:
            ModelError: no such version, or its card lacks an entry.
        """
        path = folder(version) / "card.toml"
        try:
            entries = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise ModelError(f"model version {version!r}: cannot read its card: {error}") from error
        try:
            return cls(
                version=entries["version"],
                input_size=entries["input_size"],
                crop_size=entries["crop_size"],
                mirrored=entries["mirrored"],
                weights_sha256=entries["weights_sha256"],
                calibration_sha256=entries.get("calibration_sha256"),
                mae_years=entries["validation"]["mae_years"],
                min_face_px=entries["gates"]["min_face_px"],
                min_sharpness=entries["gates"]["min_sharpness"],
                limits=tuple(entries["limits"]),
            )
        except KeyError as error:
            raise ModelError(f"{path.name} of version {version!r} lacks {error}") from error

    @property
    def calibrated(self) -> bool:
        """Whether its probabilities were made to hold on labelled faces."""
        return self.calibration_sha256 is not None

    @property
    def full_name(self) -> str:
        """Name and version, as pages and tables show them."""
        return f"{NAME}/{self.version}"


def folder(version: str) -> Path:
    """The folder of a version.

    Raises:
        ModelError: the version is not a plain name.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", version):
        raise ModelError(f"{version!r} is no model version")
    return resources.folder(f"models/{NAME}") / version


def build_network(input_size: int, head: str = "distribution", backbone: Any = None) -> Any:
    """Build the network with random weights; pre-processing is inside.

    Args:
        input_size: side of the uint8 RGB input, pixels.
        head: "distribution", or "regression": one number, the age.
        backbone: from centred BGR pictures to features, named "backbone"; without it, ResNet50.

    Returns:
        A ``keras.Model`` from (n, input_size, input_size, 3) to (n, 101), rows summing to 1, or to
        (n, 1), years.
    """
    keras = backend.keras()
    pixels = keras.Input((input_size, input_size, 3), dtype="uint8", name="pixels")
    means = np.array(_MEANS_BGR, np.float32)
    centred = keras.ops.flip(keras.ops.cast(pixels, "float32"), axis=-1) - means
    backbone = backbone or keras.applications.ResNet50(
        include_top=False,
        weights=None,
        pooling="avg",
        input_shape=(input_size, input_size, 3),
        name="backbone",
    )
    units, activation = (1, None) if head == "regression" else (AGES.size, "softmax")
    dense = keras.layers.Dense(units, activation=activation, name="age", dtype="float32")
    return keras.Model(pixels, dense(backbone(centred)), name=NAME)


def assign_weights(network: Any, arrays: Any) -> None:
    """Put named arrays into a network of :func:`build_network`; absent biases are zero.

    Args:
        network: the ``keras.Model``.
        arrays: mapping from ``<layer>/<variable>`` to an array of any float type.

    Raises:
        ModelError: an array is missing, left over, or of another shape.
    """
    left = set(arrays)
    for layer in (*network.get_layer("backbone").layers, network.get_layer("age")):
        for variable in layer.weights:
            name = f"{layer.name}/{variable.name}"
            if name in left:
                values = np.asarray(arrays[name], np.float32)
                left.remove(name)
            elif variable.name == "bias":
                values = np.zeros(variable.shape, np.float32)
            else:
                raise ModelError(f"the weights lack {name}")
            if values.shape != tuple(variable.shape):
                raise ModelError(f"{name} is {values.shape}, the network wants {variable.shape}")
            variable.assign(values)
    if left:
        raise ModelError(f"the weights have arrays of no layer: {sorted(left)[:3]}")


class AgeNetwork:
    """A network with its weights, as it is; :class:`AgeModel` is what may be relied on."""

    def __init__(self, weights: bytes, input_size: int, *, mirrored: bool) -> None:
        """Build the network around its weights; imports TensorFlow.

        Args:
            weights: the content of a weights.npz.
            input_size: side of the network's input, pixels.
            mirrored: predict the mean over a crop and its mirror image: half of what the network
                takes for age in the one and not in the other is gone, for twice the time.

        Raises:
            ModelError: they are not the weights of this network.
        """
        self._input_size = input_size
        network = build_network(input_size)
        try:
            with np.load(io.BytesIO(weights), allow_pickle=False) as arrays:
                assign_weights(network, dict(arrays))
        except (OSError, ValueError) as error:
            raise ModelError(f"cannot read the weights: {error}") from error
        self._predict = _compiled(network, mirrored=mirrored)

    def predict(self, crops: NDArray[np.uint8]) -> AgeDistributions:
        """Predict the ages of aligned faces, not calibrated.

        Args:
            crops: uint8 RGB, shape (n, side, side, 3), from alignment.align.

        Returns:
            n distributions, in the same order.
        """
        side = self._input_size
        pixels = np.zeros((len(crops), side, side, 3), np.uint8)
        for number, crop in enumerate(crops):
            pixels[number] = self.as_seen(crop)
        scores = np.empty((len(crops), AGES.size), np.float32)
        for start in range(0, len(crops), BATCH):
            part = pixels[start : start + BATCH]
            padded = np.zeros((BATCH, *part.shape[1:]), np.uint8)
            padded[: len(part)] = part
            scores[start : start + BATCH] = self._predict(padded)[: len(part)]
        return AgeDistributions.from_scores(scores)

    def as_seen(self, crop: Image) -> Image:
        """The crop averaged down to the network's input size."""
        size = (self._input_size, self._input_size)
        return np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)


class AgeModel:
    """A version of the model, loaded and checked."""

    def __init__(self, version: str) -> None:
        """Load a shipped version; imports TensorFlow.

        Raises:
            ModelError: files are missing or changed, or the golden predictions are not met.
        """
        self.card = Card.read(version)
        weights, golden = self._bytes("weights.npz"), self._bytes("golden.npz")
        self._refuse_other("weights.npz", weights, self.card.weights_sha256)
        self.calibration: Calibration | None = None
        if self.card.calibration_sha256 is not None:
            calibration = self._bytes("calibration.json")
            self._refuse_other("calibration.json", calibration, self.card.calibration_sha256)
            self.calibration = Calibration.from_json(calibration.decode())
        self.network = AgeNetwork(weights, self.card.input_size, mirrored=self.card.mirrored)
        self._check(golden)

    def predict(self, crops: NDArray[np.uint8]) -> AgeDistributions:
        """Predict the ages of aligned faces, calibrated if the version is.

        Args:
            crops: uint8 RGB, shape (n, card.crop_size, card.crop_size, 3), from alignment.align.

        Returns:
            n distributions, in the same order.
        """
        ages = self.network.predict(crops)
        return ages if self.calibration is None else self.calibration.apply(ages)

    def as_seen(self, crop: Image) -> Image:
        """The crop averaged down to the network's input size."""
        return self.network.as_seen(crop)

    def _bytes(self, name: str) -> bytes:
        try:
            return (folder(self.card.version) / name).read_bytes()
        except OSError as error:
            raise ModelError(f"{self.card.full_name}: cannot read {name}: {error}") from error

    def _refuse_other(self, name: str, content: bytes, sha256: str) -> None:
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ModelError(f"{self.card.full_name}: {name} is not the file of its card")

    def _check(self, golden: bytes) -> None:
        with np.load(io.BytesIO(golden), allow_pickle=False) as arrays:
            ages = self.network.predict(arrays["crops"])
            worst = max(
                float(np.abs(ages.mean - arrays["age"]).max()),
                float(np.abs(ages.sd - arrays["age_sd"]).max()),
            )
        if worst > GOLDEN_TOLERANCE:
            raise ModelError(
                f"{self.card.full_name} differs from its golden predictions by {worst:.2f} years: "
                "another TensorFlow or damaged weights; do not use its estimates"
            )


def _compiled(network: Any, *, mirrored: bool) -> Any:
    tf = backend.tensorflow()

    def predict(pixels: Any) -> Any:
        scores = network(pixels, training=False)
        if mirrored:
            scores = (scores + network(pixels[:, :, ::-1], training=False)) / 2
        return scores

    graph = tf.function(predict)
    return lambda pixels: graph(tf.constant(pixels)).numpy()
