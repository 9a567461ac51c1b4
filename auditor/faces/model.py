"""The age model: ResNet50 (He et al. 2016, doi 10.1109/CVPR.2016.90) with a softmax over ages.

A version is a folder ``models/age_resnet50/<version>/``:

- ``card.toml``: what it is, what it was trained on and under which terms, how well it does;
- ``weights.npz``: arrays named ``<keras layer>/<variable>``; it is another version's if the card
  names one;
- ``int8.npz``, unless the card names none: the same network with 8-bit weights and activations, for
  OpenVINO, with golden predictions of its own;
- ``calibration.json``, unless the card names none: see :mod:`auditor.faces.calibration`;
- ``covered.npz``, unless the card names none: see :mod:`auditor.faces.covered`;
- ``clarity.json``, unless the card names none: see :mod:`auditor.faces.clarity`;
- ``golden.npz``: crops of faces that exist nowhere, with the expectation and standard deviation
  that this version's network gives them; they are predicted on loading, so that a damaged model
  never scores.
"""

import hashlib
import io
import re
import tomllib
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Self, get_args

import numpy as np
from numpy.typing import NDArray

from auditor import resources
from auditor.errors import ModelError, NoModelError
from auditor.faces.ages import AGES, AgeDistributions, Decoding
from auditor.faces.alignment import scaled
from auditor.faces.calibration import Calibration
from auditor.faces.clarity import Clarity
from auditor.faces.covered import Probe
from auditor.faces.engines import Network, age_network, yunet
from auditor.faces.frames import Pixels
from auditor.policy import Runtime

NAME = "age_resnet50"

#: Largest difference from the golden predictions, years.
GOLDEN_TOLERANCE = 0.05
#: The same of int8 from its own, years: processors round its sums differently.
INT8_TOLERANCE = 0.3


@dataclass(frozen=True, slots=True)
class Card:
    """What a version of the model says of itself."""

    version: str
    input_size: int  # side of the network's input, pixels
    crop_size: int  # side of the aligned crop that is averaged down to it, pixels
    detail: int | None  # side to which the crop is averaged down first, pixels; None: none
    mirrored: bool  # whether its prediction is the mean over a crop and its mirror image
    decoding: Decoding  # what of its distribution is the estimate
    weights_sha256: str
    weights_of: str  # the version whose weights these are
    calibration_sha256: str | None  # None: the network's own probabilities
    int8_sha256: str | None  # None: single precision on every runtime
    covered_sha256: str | None  # None: it does not tell whether a face is covered
    clarity_sha256: str | None  # None: intervals are as wide for unclear faces
    mae_years: float  # on the validation set that the card names
    min_face_px: float  # longer side of a face, px, below which no age is estimated
    min_sharpness: float  # the same of the sharpness, gates.laplacian_variance
    max_covered: float  # P(a mask or sunglasses cover the face) above which none is
    min_clarity: float  # clarity below which none is
    limits: tuple[str, ...]  # what a reader of its estimates has to know

    @classmethod
    def read(cls, version: str) -> Self:
        """Read the card of a version that is shipped with the package.

        Raises:
            ModelError: no such version, or its card lacks an entry.
        """
        path = folder(version) / "card.toml"
        if not path.parent.is_dir():
            there = sorted(p.parent.name for p in path.parents[1].glob("*/card.toml"))
            raise NoModelError(
                f"there is no version {version!r} of the age model: those that are there are"
                f" {', '.join(there) or 'none'}"
            )
        try:
            entries = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise ModelError(f"model version {version!r}: cannot read its card: {error}") from error
        try:
            decoding = entries["decoding"].split()[0]
            if decoding not in get_args(Decoding):
                raise ModelError(
                    f"{path.name} of version {version!r}: unknown decoding {decoding!r}"
                )
            return cls(
                version=entries["version"],
                input_size=entries["input_size"],
                crop_size=entries["crop_size"],
                detail=entries.get("detail"),
                mirrored=entries["mirrored"],
                decoding=decoding,
                weights_sha256=entries["weights_sha256"],
                weights_of=entries.get("weights_of", entries["version"]),
                calibration_sha256=entries.get("calibration_sha256"),
                int8_sha256=entries.get("int8_sha256"),
                covered_sha256=entries.get("covered_sha256"),
                clarity_sha256=entries.get("clarity_sha256"),
                mae_years=entries["validation"]["mae_years"],
                min_face_px=entries["gates"]["min_face_px"],
                min_sharpness=entries["gates"]["min_sharpness"],
                max_covered=entries["gates"].get("max_covered", 1.0),
                min_clarity=entries["gates"].get("min_clarity", 0.0),
                limits=tuple(entries["limits"]),
            )
        except KeyError as error:
            raise ModelError(f"{path.name} of version {version!r} lacks {error}") from error

    @property
    def view(self) -> "View":
        """How its network sees a crop."""
        return View(self.input_size, self.mirrored, self.decoding, self.detail)

    @property
    def calibrated(self) -> bool:
        """Whether its probabilities were made to hold on labelled faces."""
        return self.calibration_sha256 is not None

    def sha256(self, runtime: Runtime) -> str:
        """Hash of what gives the estimates on a runtime: detector, network and calibration."""
        whole = self.weights_sha256
        network = (self.int8_sha256 or whole) if runtime == "openvino" else whole
        parts = f"{runtime} {yunet.SHA256} {network} {self.calibration_sha256}"
        if self.detail is not None:
            parts += f" {self.detail}"
        if self.covered_sha256 is not None:
            parts += f" {self.covered_sha256} {self.max_covered}"
        if self.clarity_sha256 is not None:
            parts += f" {self.clarity_sha256} {self.min_clarity}"
        return hashlib.sha256(parts.encode()).hexdigest()

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
        raise NoModelError(f"{version!r} is no version of the age model: name one such as 4")
    return resources.folder(f"models/{NAME}") / version


@dataclass(frozen=True, slots=True)
class View:
    """How a network sees a crop, and what of its answer is the estimate.

    ``mirrored`` predicts the mean over a crop and its mirror image: half of what the network takes
    for age in the one and not in the other is gone, for twice the time. With ``detail`` the crop is
    averaged down to that side, pixels, and interpolated back: what is finer says more of the
    camera that took a picture than of the age of who is in it.
    """

    input_size: int  # side of the network's input, pixels
    mirrored: bool = False
    decoding: Decoding = "median"
    detail: int | None = None

    def of(self, crop: Pixels) -> Pixels:
        """The crop as the network sees it, uint8, shape (input_size, input_size, 3)."""
        return self.sized(crop if self.detail is None else scaled(crop, self.detail))

    def sized(self, crop: Pixels) -> Pixels:
        """The crop at the network's input size with all its detail: sharpness is of that."""
        return scaled(crop, self.input_size)


class Seen(NamedTuple):
    """What a network sees in n crops."""

    ages: AgeDistributions
    features: NDArray[np.float32]  # shape (n, 2048)


@dataclass(frozen=True, slots=True)
class Judged:
    """What a version of the model says of n crops."""

    ages: AgeDistributions
    covered: NDArray[np.float64]  # P(a mask or sunglasses cover the face); 0 if it cannot tell
    clarity: NDArray[np.float64]  # of the faces; 1 if it cannot tell

    def __getitem__(self, rows: slice) -> "Judged":
        """What it says of some of the crops."""
        return Judged(self.ages[rows], self.covered[rows], self.clarity[rows])


class AgeNetwork:
    """A network with its weights, as it is; :class:`AgeModel` is what may be relied on."""

    def __init__(self, network: Network, view: View) -> None:
        """Take a compiled network of ``auditor.faces.engines``."""
        self._network, self.view = network, view

    @classmethod
    def of_weights(cls, content: bytes, view: View, runtime: Runtime = "openvino") -> Self:
        """Build the network around the content of a weights.npz; imports the runtime.

        Raises:
            ModelError: they are not the weights of this network.
        """
        return cls(age_network(runtime, _arrays(content), view.input_size), view)

    @classmethod
    def of_int8(cls, content: bytes, view: View) -> Self:
        """Build the network around the content of an int8.npz; imports OpenVINO.

        Raises:
            ModelError: OpenVINO cannot read it.
        """
        from auditor.faces.engines.resnet50 import quantised  # noqa: PLC0415  # imports OpenVINO

        arrays = _arrays(content)
        return cls(quantised(arrays["graph"].tobytes(), arrays["constants"].tobytes()), view)

    def seeing(self, view: View) -> "AgeNetwork":
        """The same network with another view of the same input size."""
        return AgeNetwork(self._network, view)

    def predict(self, crops: NDArray[np.uint8]) -> AgeDistributions:
        """Predict the ages of aligned faces, not calibrated.

        Args:
            crops: uint8 RGB, shape (n, side, side, 3), from alignment.align.

        Returns:
            n distributions, in the same order.
        """
        if not len(crops):
            return AgeDistributions(np.empty((0, AGES.size)), decoding=self.view.decoding)
        return self.look(crops).ages

    def look(self, crops: NDArray[np.uint8]) -> "Seen":
        """As :meth:`predict`, of one crop or more, with the features that say it."""
        pixels = np.stack([self.view.of(crop) for crop in crops])
        answers = [self._network(pixels)]
        if self.view.mirrored:
            answers.append(self._network(pixels[:, :, ::-1]))
        scores, features = (np.mean(parts, axis=0) for parts in zip(*answers, strict=True))
        ages = replace(AgeDistributions.from_scores(scores), decoding=self.view.decoding)
        return Seen(ages, features)


class AgeModel:
    """A version of the model, loaded and checked."""

    def __init__(self, version: str, runtime: Runtime = "openvino") -> None:
        """Load a shipped version; imports the runtime.

        Raises:
            ModelError: files are missing or changed, or the golden predictions are not met.
        """
        self.card = Card.read(version)
        self.calibration: Calibration | None = None
        if self.card.calibration_sha256 is not None:
            calibration = _file_of(self.card, "calibration.json")
            self.calibration = Calibration.from_json(calibration.decode())
        self.probe: Probe | None = None
        if self.card.covered_sha256 is not None:
            self.probe = Probe.from_bytes(_file_of(self.card, "covered.npz"))
        self.clarity: Clarity | None = None
        if self.card.clarity_sha256 is not None:
            self.clarity = Clarity.from_bytes(_file_of(self.card, "clarity.json"))
        self.quantised = runtime == "openvino" and self.card.int8_sha256 is not None
        golden = _arrays(_file_of(self.card, "golden.npz"))
        if self.quantised:
            content = _file_of(self.card, "int8.npz")
            golden |= {name: values for name, values in _arrays(content).items() if name in golden}
            self.network = AgeNetwork.of_int8(content, self.card.view)
        else:
            content = _file_of(self.card, "weights.npz")
            self.network = AgeNetwork.of_weights(content, self.card.view, runtime)
        self._check(golden)

    def predict(self, crops: NDArray[np.uint8]) -> AgeDistributions:
        """Predict the ages of aligned faces as its network does, calibrated if the version is."""
        ages = self.network.predict(crops)
        return ages if self.calibration is None else self.calibration.apply(ages)

    def judge(self, crops: NDArray[np.uint8], signals: NDArray[np.float64]) -> Judged:
        """As :meth:`predict`, of one crop or more, by how clearly they show uncovered faces.

        ``signals`` are those of the faces (:func:`auditor.faces.clarity.signals`), shape (n, 4).
        """
        ages, features = self.network.look(crops)
        clarity = np.ones(len(crops)) if self.clarity is None else self.clarity(signals)
        return Judged(
            ages if self.calibration is None else self.calibration.apply(ages, clarity),
            np.zeros(len(crops)) if self.probe is None else self.probe(features),
            clarity,
        )

    def _check(self, golden: dict[str, NDArray[Any]]) -> None:
        ages = self.network.predict(golden["crops"])
        worst = np.abs([ages.mean - golden["age"], ages.sd - golden["age_sd"]]).max()
        if worst > (INT8_TOLERANCE if self.quantised else GOLDEN_TOLERANCE):
            raise ModelError(
                f"{self.card.full_name} differs from its golden predictions by {worst:.2f} years: "
                "another runtime or damaged weights; do not use its estimates"
            )


def check_files(version: str) -> Card:
    """Check a version's files against its card, and the detector's, without loading a runtime.

    Raises:
        ModelError: one is missing, or is not the file of the card.
    """
    yunet.content()
    card = Card.read(version)
    named = [name for name, sha256 in _hashes(card).items() if sha256 is not None]
    for name in (*named, "golden.npz"):
        _file_of(card, name)
    return card


def _hashes(card: Card) -> dict[str, str | None]:
    return {
        "weights.npz": card.weights_sha256,
        "calibration.json": card.calibration_sha256,
        "int8.npz": card.int8_sha256,
        "covered.npz": card.covered_sha256,
        "clarity.json": card.clarity_sha256,
    }


def _file_of(card: Card, name: str) -> bytes:
    try:
        owner = card.weights_of if name == "weights.npz" else card.version
        content = (folder(owner) / name).read_bytes()
    except OSError as error:
        raise ModelError(f"{card.full_name}: cannot read {name}: {error}") from error
    sha256 = _hashes(card).get(name)
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise ModelError(f"{card.full_name}: {name} is not the file of its card")
    return content


def _arrays(content: bytes) -> dict[str, NDArray[Any]]:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise ModelError(f"cannot read the network's arrays: {error}") from error
