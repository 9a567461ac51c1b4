"""The settings of one experiment: a TOML file, in which an unknown key is an error."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from auditor.errors import ConfigurationError

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Weight = Annotated[float, Field(ge=0)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Change(_Settings):
    """How many of the pictures a change is made to, and how large it is at most."""

    probability: Share
    strength: Weight


_OFF = Change(probability=0, strength=0)


class Augmentation(_Settings):
    """Random changes of the training pictures. Everything is off unless it is named."""

    horizontal_flip: Share = 0  # of the pictures
    mask: Share = 0  # of the pictures; so are the other coverings
    glasses: Share = 0
    sunglasses: Share = 0
    cap: Share = 0
    hand: Share = 0
    rotation: Change = _OFF  # up to so many degrees, either way
    shift: Change = _OFF  # up to so large a share of the side, either way
    zoom: Change = _OFF  # up to 1 + strength times larger or smaller
    light: Change = _OFF  # from one side: times 1 - strength to 1 + strength at the edges
    brightness: Change = _OFF  # up to so large a share of the range, either way
    gamma: Change = _OFF  # to the power of 1 / (1 + strength) to 1 + strength
    contrast: Change = _OFF  # times 1 - strength to 1 + strength
    saturation: Change = _OFF  # distance from grey times 1 - strength to 1 + strength
    white_balance: Change = _OFF  # each channel times 1 - strength to 1 + strength
    greyscale: Share = 0  # of the pictures
    blur: Change = _OFF  # Gaussian, of a standard deviation up to strength, pixels of the input
    resolution: Change = _OFF  # averaged down by a factor from 1 to strength, and back up
    noise: Change = _OFF  # Gaussian, of a standard deviation up to strength
    sharpening: Change = _OFF  # up to strength times what a blur of one pixel takes away
    jpeg: Change = _OFF  # JPEG quality from strength to 95
    erasing: Change = _OFF  # a rectangle of up to so large a share of the picture
    mixup: Weight = 0  # alpha of the beta distribution of the shares

    @model_validator(mode="after")
    def _within_range(self) -> Self:
        for name, smallest, largest in (
            ("rotation", 0, 180),
            ("shift", 0, 0.5),
            ("light", 0, 1),
            ("brightness", 0, 1),
            ("contrast", 0, 1),
            ("saturation", 0, 1),
            ("white_balance", 0, 1),
            ("resolution", 1, 16),
            ("jpeg", 1, 95),
            ("erasing", 0, 1),
        ):
            change: Change = getattr(self, name)
            if change.probability and not smallest <= change.strength <= largest:
                raise ValueError(f"the strength of {name} has to be from {smallest} to {largest}")
        return self

    @property
    def moves(self) -> bool:
        """Whether pictures are resampled at other places."""
        changes = (self.rotation, self.shift, self.zoom)
        return self.horizontal_flip > 0 or any(change.probability for change in changes)


class Optimiser(_Settings):
    """How weights follow gradients."""

    name: Literal["adamw", "sgd"] = "adamw"  # SGD with Nesterov's momentum of 0.9
    learning_rate: Positive = 1e-3  # the peak
    weight_decay: Weight = 0.0  # decoupled (times the learning rate); none on vectors
    clip_norm: Positive | None = None  # of all gradients together
    ema: Annotated[float, Field(ge=0, lt=1)] = 0  # momentum of the weights' moving average; 0: none


class Schedule(_Settings):
    """How long, and how fast when: a linear warm-up, then a cosine down to 0."""

    epochs: Annotated[int, Field(ge=1)] | None = None  # either so many epochs,
    minutes: Positive | None = None  # or so many minutes of wall-clock
    warm_up: Annotated[float, Field(ge=0, lt=1)] = 0.05  # share of the whole
    checkpoint_minutes: Weight = 0  # a checkpoint at the first end of an epoch after so long
    validate_every: Annotated[int, Field(ge=1)] = 1  # epochs

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if (self.epochs is None) == (self.minutes is None):
            raise ValueError("give either epochs or minutes")
        return self


class Batches(_Settings):
    """Which pictures an epoch shows."""

    size: Annotated[int, Field(ge=1)] = 128
    epoch_size: Annotated[int, Field(ge=1)] | None = None  # pictures; without it, as many as are
    rarity: Share = 0.0  # pictures are drawn in proportion to density of their age ^ -rarity
    favoured: tuple[Weight, Weight] | None = None  # years, from and to: faces of these ages
    favour: Positive = 1.0  # are drawn so many times as often as without
    landmarks: str | None = None  # a file beside the crops: half of them are cut anew by it


class Labels(_Settings):
    """What the distribution head learns from a label."""

    sigma: Positive = 2.0  # years, of the Gaussian around the label
    l1_weight: Weight = 0.05  # of the absolute error of the expectation, beside the cross-entropy
    teacher: str | None = None  # a version of the model, whose distributions are learnt as well
    teacher_weight: Share = 0.5  # their share beside the labels


class Experiment(_Settings):
    """All that decides what a training run does, besides its data."""

    seed: Annotated[int, Field(ge=0)] = 1
    architecture: Literal["resnet50", "tiny"] = "resnet50"  # tiny: for tests
    input_size: Annotated[int, Field(ge=32, multiple_of=8)]
    head: Literal["distribution", "regression"] = "distribution"
    weights: str = "none"  # "none", "imagenet", or the path of a weights.npz
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    optimiser: Optimiser = Optimiser()
    schedule: Schedule
    batches: Batches = Batches()
    labels: Labels = Labels()
    augmentation: Augmentation = Augmentation()

    @model_validator(mode="after")
    def _weights_that_exist(self) -> Self:
        if self.weights == "imagenet" and self.architecture != "resnet50":
            raise ValueError("weights from ImageNet are those of resnet50")
        return self


def read(path: Path) -> Experiment:
    """Read an experiment.

    Raises:
        ConfigurationError: the file cannot be read, or a key or value in it is wrong.
    """
    try:
        return Experiment.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"cannot read {path}: {error}") from error
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, part['loc'])) or 'the file'}: {part['msg']}"
            for part in error.errors()
        )
        raise ConfigurationError(f"{path.name}: {wrong}") from error
