"""What each crop is like as a picture: light, sharpness, colour, and how much of it is border."""

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from auditor.faces.alignment import scaled
from models.training.duplicates import Fingerprints
from models.training.labelled import LabelledSet

#: A crop whose channels differ by less than this on average (of 255) is grey.
GREY = 2.0

# Neighbouring lines that differ less are the same line repeated; re-encoding alone makes up to 1.
_REPEATED = 1.0


def measure(labelled: LabelledSet, input_size: int) -> tuple[pd.DataFrame, Fingerprints]:
    """Measure all crops in one pass.

    Args:
        labelled: the set.
        input_size: side of the model's input, pixels: sharpness is measured there, since that is
            what the model sees and what the audit's ``min_sharpness`` is about.

    Returns:
        A row a crop, in the order of the set, and the crops' fingerprints.
    """
    prints = Fingerprints.empty(len(labelled))
    rows: list[dict[str, float]] = []
    for crop in (crop for batch in labelled.batches() for crop in batch):
        grey = np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), np.uint8)
        prints.put(len(rows), grey)
        rows.append(_of_one(crop, grey, input_size))
    stored_kb = [len(image.as_py()) / 1000 for image in labelled.images]
    return pd.DataFrame(rows).assign(stored_kb=stored_kb), prints


def _of_one(crop: NDArray[np.uint8], grey: NDArray[np.uint8], input_size: int) -> dict[str, float]:
    seen = cv2.cvtColor(scaled(crop, input_size), cv2.COLOR_RGB2GRAY)
    small = scaled(crop, 48).astype(np.int16)
    mean, deviation = cv2.meanStdDev(grey)
    return {
        "brightness": float(mean[0, 0]),
        "contrast": float(deviation[0, 0]),
        "sharpness": float(cv2.Laplacian(seen, cv2.CV_64F).var()),
        "colour": float((small.max(axis=2) - small.min(axis=2)).mean()),
        "border": border_share(grey),
    }


def border_share(grey: NDArray[np.uint8]) -> float:
    """Share of a crop that repeats its edge: beyond the photograph, or a plain background.

    Lines from an edge inwards count while each is like the next. A tilted border is missed, so this
    is a lower bound for crops of tilted heads.
    """
    height, width = grey.shape
    pixels = grey.astype(np.int16)
    rows = np.abs(np.diff(pixels, axis=0)).mean(axis=1) < _REPEATED
    columns = np.abs(np.diff(pixels, axis=1)).mean(axis=0) < _REPEATED
    inside_height = max(0, height - _leading(rows) - _leading(rows[::-1]))
    inside_width = max(0, width - _leading(columns) - _leading(columns[::-1]))
    return float(1 - inside_height * inside_width / (height * width))


def _leading(flags: NDArray[np.bool_]) -> int:
    return int(np.argmin(flags)) if not flags.all() else len(flags)
