"""Pictures on which an age can be seen: the older, the brighter."""

import contextlib
import io
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from models.training import checkpoint, loop
from models.training.config import (
    Augmentation,
    Batches,
    Change,
    Experiment,
    Labels,
    Optimiser,
    Schedule,
)
from models.training.loop import Trained
from models.training.parts import Part

EXPERIMENT = Experiment(
    architecture="tiny",
    input_size=32,
    optimiser=Optimiser(learning_rate=0.02, weight_decay=0.01, ema=0.8, clip_norm=10),
    schedule=Schedule(epochs=2, warm_up=0.1),
    batches=Batches(size=16, rarity=0.2),
    labels=Labels(sigma=3, l1_weight=0.1),
    augmentation=Augmentation(
        horizontal_flip=0.5,
        shift=Change(probability=0.5, strength=0.1),
        noise=Change(probability=0.5, strength=5),
        mixup=0.2,
    ),
)


def ages_and_pictures(seed: int, count: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    ages = draw.integers(1, 90, count)
    noise = draw.normal(0, 8, (count, side, side, 3))
    return ages, np.clip(ages[:, None, None, None] * 2.5 + noise, 0, 255).astype(np.uint8)


def part(seed: int, count: int = 192) -> Part:
    ages, pixels = ages_and_pictures(seed, count, 32)
    return Part(pixels, ages.astype(float))


def broken_and_resumed(folder: Path, run: dict[str, str]) -> Trained:
    """A run that breaks off at its first checkpoint, and goes on from there."""
    save, parts = checkpoint.save, (part(1), part(2))

    def save_and_break(*arguments: Any) -> None:
        save(*arguments)
        raise KeyboardInterrupt

    with (
        mock.patch.object(checkpoint, "save", save_and_break),
        contextlib.suppress(KeyboardInterrupt),
    ):
        loop.train(EXPERIMENT, parts, folder, run)
    return loop.train(EXPERIMENT, parts, folder, run, resume=True)


def write_crops(folder: Path) -> None:
    """A labelled set of 64 + 16 crops; one of the former has no possible age."""
    for name, seed, count in (("train", 1, 65), ("val", 2, 16)):
        ages, pixels = ages_and_pictures(seed, count, 192)
        if name == "train":
            ages[0] = 200
        contents = []
        for picture in pixels // 8 * 8:
            file = io.BytesIO()
            Image.fromarray(picture).save(file, "PNG", compress_level=1)
            contents.append(file.getvalue())
        rows = {"id": [f"{name}{n}" for n in range(count)], "age": ages, "image": contents}
        pq.write_table(pa.table(rows), folder / f"{name}-0.parquet")
