"""Sheets of a set's own crops: a few of every age, and those at the edges of each property.

They show people: a sheet belongs where the set may be kept, and nowhere else.
"""

import base64
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.training.summary import BANDS, Summary, band_name, differences, in_band

_PICTURES = 12
_PAIRS = 6
_SIDE = 88
_SEED = 1


#: A title, a note and thumbnails, each with a data URI, the age and what else is known.
Sheet = dict[str, Any]


def by_age(summary: Summary) -> list[Sheet]:
    """A few crops of each band of age, drawn at random with a fixed seed, youngest first."""
    random = np.random.default_rng(_SEED)
    sheets = []
    for band in BANDS:
        members = np.flatnonzero(in_band(summary.measured["age"], band).to_numpy())
        chosen = random.permutation(members)[:_PICTURES]
        chosen = chosen[np.argsort(summary.measured["age"].to_numpy()[chosen], kind="stable")]
        title, note = f"Ages {band_name(band)}", f"of {len(members):,}"
        if len(members):
            sheets.append(_sheet(summary, title, note, chosen))
    return sheets


def edges(summary: Summary) -> Iterator[Sheet]:
    """The darkest, brightest, least sharp and most bordered crops; copies that disagree most."""
    for title, column, sign in (
        ("Darkest", "brightness", 1),
        ("Brightest", "brightness", -1),
        ("Least sharp", "sharpness", 1),
        ("Most border", "border", -1),
    ):
        values = summary.measured[column].to_numpy()
        chosen = np.argsort(sign * values, kind="stable")[:_PICTURES]
        yield _sheet(summary, title, column, chosen)
    apart = differences(summary.measured, summary.near)
    worst = np.argsort(-apart, kind="stable")[:_PAIRS]
    if len(worst) and apart[worst[0]] > 0:
        note = "near-duplicates in pairs, with the label of each"
        yield _sheet(summary, "Labels that disagree most", note, summary.near[worst].ravel())


def _sheet(summary: Summary, title: str, note: str, chosen: NDArray[np.integer]) -> Sheet:
    crops = summary.labelled.crops(chosen)
    thumbnails = []
    for crop, (_, row) in zip(crops, summary.measured.iloc[chosen].iterrows(), strict=True):
        known = [str(row[name]) for name in ("id", "sex", "group", "source") if pd.notna(row[name])]
        words = ", ".join(known)
        thumbnails.append({"uri": _uri(crop), "age": f"{row['age']:g}", "words": words})
    return {"title": title, "note": note, "thumbnails": thumbnails}


def _uri(crop: NDArray[np.uint8]) -> str:
    small = cv2.resize(crop, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    bgr = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    _, content = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return "data:image/jpeg;base64," + base64.b64encode(content.tobytes()).decode()
