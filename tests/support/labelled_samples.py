"""Generated labelled sets: crops of nobody, in the layouts that training reads."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from models.training import labels
from models.training.labelled import COLUMNS, SIDE, LabelledSet


def picture(seed: int, side: int = SIDE) -> np.ndarray:
    """Soft coloured blots, others for every seed."""
    noise = np.random.default_rng(seed).integers(0, 256, (12, 12, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)


def encoded(pixels: np.ndarray, kind: str = "PNG", **options: Any) -> bytes:
    """A picture as a file; PNG by its quickest compression."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **({"compress_level": 1} | options))
    return stream.getvalue()


def write_crops(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """A Parquet file of rows; an absent image is the picture of the row's number."""
    full = [
        row if "image" in row else {"image": encoded(picture(number))} | row
        for number, row in enumerate(rows)
    ]
    pq.write_table(pa.Table.from_pylist(full), path)
    return path


def set_of(rows: Sequence[dict[str, Any]], images: Sequence[bytes] | None = None) -> LabelledSet:
    """A set in memory; an absent id is the row's number."""
    full = [{"id": f"{number:05}"} | row for number, row in enumerate(rows)]
    table = pd.DataFrame(full, columns=list(COLUMNS)).astype({"age": float, "faces": "Int64"})
    texts = [name for name in COLUMNS if name not in ("age", "faces")]
    contents = images if images is not None else [b""] * len(rows)
    return LabelledSet(
        "made",
        table.astype(dict.fromkeys(texts, "string")),
        labels.no_faults(),
        pa.array(contents, pa.large_binary()),
    )
