"""What a run learns from: crops at the network's side, cut in one way or two, and a teacher's word.

Cutting and asking take longer than an epoch, so both are kept in a folder, if one is given, as
arrays that are mapped into memory. Their names hold a hash of all that they follow from.
"""

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditor.faces.alignment import scaled
from auditor.faces.engines.on_openvino import cores
from auditor.faces.model import AgeModel, AgeNetwork, folder
from models.training import quantise
from models.training.config import Experiment
from models.training.labelled import LabelledSet
from models.training.landmarks import read_landmarks, realign

Pictures = NDArray[np.uint8]  # shape (n, side, side, 3)

_BATCH = 256


@dataclass(frozen=True, eq=False)
class Part:
    """Pictures and their ages."""

    pixels: Pictures
    ages: NDArray[np.float64]  # years
    realigned: Pictures | None = None  # the same faces, cut by another detector's landmarks
    taught: NDArray[np.float16] | None = None  # a teacher's distributions of them, (n, 101)
    sources: NDArray[np.str_] | None = None  # where each is from


@dataclass(frozen=True, slots=True)
class Cache:
    """Arrays by what they follow from: made once if there is a folder, else whenever asked for."""

    folder: Path | None

    def array(
        self, name: str, follows_from: list[str], make: Callable[[], NDArray[Any]]
    ) -> NDArray[Any]:
        """The array of that name, made if it is not there yet."""
        if self.folder is None:
            return make()
        digest = hashlib.sha256(json.dumps(follows_from).encode()).hexdigest()
        path = self.folder / f"{name}-{digest[:16]}.npy"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary = path.with_suffix(".part.npy")
            np.save(temporary, make())
            temporary.replace(path)
        return np.asarray(np.load(path, mmap_mode="r"))


def to_validate(labelled: LabelledSet, experiment: Experiment, cache: Cache) -> Part:
    """The crops as they are, at the side of the experiment."""
    side = experiment.input_size
    pixels = cache.array(
        f"crops-{side}", [_content(labelled), str(side)], lambda: labelled.array(side)
    )
    sources = labelled.table["source"]
    return Part(
        pixels,
        labelled.table["age"].to_numpy(float),
        sources=None if sources.isna().any() else sources.to_numpy(str),
    )


def to_learn(labelled: LabelledSet, experiment: Experiment, data: Path, cache: Cache) -> Part:
    """The same with all that the experiment asks for beside it.

    Args:
        labelled: the crops.
        experiment: names the file of landmarks and the teacher, if any.
        data: the folder with that file.
        cache: where the arrays are kept.

    Raises:
        ConfigurationError: no such file, or it does not fit the crops.
        ModelError: no such teacher.
    """
    plain = to_validate(labelled, experiment, cache)
    side, content = experiment.input_size, _content(labelled)
    landmarks = realigned = taught = None
    origin = [content]
    if name := experiment.batches.landmarks:
        landmarks = read_landmarks(data / name, labelled.table["id"])
        origin.append(hashlib.sha256(landmarks.tobytes()).hexdigest())
        points = landmarks  # for the function below, which may not see None
        realigned = cache.array(
            f"realigned-{side}", [*origin, str(side)], lambda: _realigned(labelled, points, side)
        )
    if version := experiment.labels.teacher:
        model = AgeModel(version)
        origin.append(model.card.weights_sha256)
        taught = cache.array(
            f"taught-by-{version}", origin, lambda: _taught(model, labelled, landmarks)
        )
    return Part(plain.pixels, plain.ages, realigned, taught)


def _realigned(labelled: LabelledSet, landmarks: NDArray[np.float32], side: int) -> Pictures:
    pixels = np.empty((len(labelled), side, side, 3), np.uint8)
    place = 0
    for batch in labelled.batches():
        for crop in batch:
            pixels[place] = scaled(realign(crop, landmarks[place]), side)
            place += 1
    return pixels


def _taught(
    model: AgeModel, labelled: LabelledSet, landmarks: NDArray[np.float32] | None
) -> NDArray[np.float16]:
    """The mean of what the teacher says of a crop and of its mirror image, which is cut anew.

    In 8 bits: they cost the teacher's error nothing, and halve its time.
    """
    network = model.network if model.quantised else _in_8_bits(model, labelled)

    def taught(start: int) -> NDArray[np.float16]:
        places = range(start, min(start + _BATCH, len(labelled)))
        crops = labelled.crops(places)
        other = (
            crops
            if landmarks is None
            else np.stack(
                [realign(crop, landmarks[place]) for crop, place in zip(crops, places, strict=True)]
            )
        )
        both = network.predict(crops), network.predict(other[:, :, ::-1])
        mean = (both[0].probabilities + both[1].probabilities) / 2
        return np.asarray(mean, np.float16)

    with ThreadPoolExecutor(cores()) as pool:
        return np.concatenate(list(pool.map(taught, range(0, len(labelled), _BATCH))))


def _in_8_bits(model: AgeModel, labelled: LabelledSet) -> AgeNetwork:
    weights = (folder(model.card.weights_of) / "weights.npz").read_bytes()
    crops = labelled.crops(range(min(quantise.PICTURES, len(labelled))))
    view = replace(model.card.view, mirrored=False)
    return AgeNetwork.of_int8(quantise.quantised(weights, view, crops, crops[:8]), view)


def _content(labelled: LabelledSet) -> str:
    whole = hashlib.sha256(np.ascontiguousarray(labelled.hashes()).tobytes())
    return whole.hexdigest()
