"""A labelled set: pictures of faces with ages, read from either of two layouts.

- **Crops**: a Parquet file or a folder of them with the columns ``id``, ``age``,
  ``image`` (an aligned 192 x 192 crop as WebP, PNG or JPEG) and, where known, ``source``, ``sex``,
  ``group`` and ``person``. ``train-0.parquet`` belongs to the split ``train``.
- **Photographs**: a folder of JPEG or PNG pictures and one CSV with ``file_name,real_age`` (or
  ``file,age``), read by :mod:`models.training.photographs`, which finds and aligns the faces.

A row whose picture or label cannot be used is rejected: it is in ``faults``, never in ``table``.
"""

import hashlib
import io
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from auditor.errors import ConfigurationError
from auditor.faces.alignment import scaled
from models.training import labels, photographs
from models.training.landmarks import realign

#: Side of a crop, pixels.
SIDE = 192

#: Columns of a set's table. Only ``id`` and ``age`` (years) are never null.
COLUMNS = ("id", "age", "source", "sex", "group", "person", "split", "faces")

_REQUIRED = ("id", "age", "image")
_FORMATS = ("WEBP", "PNG", "JPEG")
_BATCH = 256
_WORKERS = min(16, os.cpu_count() or 1)


class UnreadableCropError(ValueError):
    """A picture is damaged or no crop; ``reason`` is what its fault is called."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, eq=False)
class LabelledSet:
    """Aligned crops with ages, and the rejected rows."""

    name: str  # where the set came from, without its folders
    table: pd.DataFrame  # a row a crop, numbered from 0, with ``COLUMNS``
    faults: pd.DataFrame  # a row a rejected row, with ``labels.FAULT_COLUMNS``
    images: pa.Array  # the crops as they are stored, in the order of the table
    landmarks: NDArray[np.float32] | None = None  # by which they are cut anew, see read_landmarks

    def __len__(self) -> int:
        return len(self.table)

    @property
    def fault_counts(self) -> dict[str, int]:
        """Number of faults by reason, most first."""
        counts = self.faults["reason"].value_counts()
        return {str(reason): int(count) for reason, count in counts.items()}

    def crops(self, indices: Sequence[int] | NDArray[np.integer]) -> NDArray[np.uint8]:
        """Decode some crops, and cut them anew: RGB, shape (len(indices), SIDE, SIDE, 3)."""
        chosen = [int(index) for index in indices]
        crops = np.empty((len(chosen), SIDE, SIDE, 3), np.uint8)
        contents = (self.images[index].as_py() for index in chosen)
        for place, crop in enumerate(_in_threads(decode, list(contents))):
            points = None if self.landmarks is None else self.landmarks[chosen[place]]
            crops[place] = crop if points is None else realign(crop, points)
        return crops

    def batches(self, size: int = _BATCH) -> Iterator[NDArray[np.uint8]]:
        """Decode all crops, ``size`` at a time, in the order of the table."""
        for start in range(0, len(self), size):
            yield self.crops(range(start, min(start + size, len(self))))

    def array(self, side: int) -> NDArray[np.uint8]:
        """All crops ``scaled`` to a side, pixels, as one array: 110.6 kB a crop at 192 px."""
        pixels = np.empty((len(self), side, side, 3), np.uint8)
        for place, crop in enumerate(crop for batch in self.batches() for crop in batch):
            pixels[place] = scaled(crop, side)
        return pixels

    def digests(self) -> list[bytes]:
        """SHA-256 of each picture as it is stored, in the order of the table."""
        return [hashlib.sha256(image.as_py()).digest() for image in self.images]

    def hashes(self) -> NDArray[np.uint64]:
        """The first 64 bits of each of the digests."""
        return np.frombuffer(b"".join(digest[:8] for digest in self.digests()), "<u8")

    def subset(self, indices: Sequence[int] | NDArray[np.integer] | NDArray[np.bool_]) -> Self:
        """The rows at ``indices`` (or where a mask is true), renumbered; the faults stay."""
        chosen = np.arange(len(self))[np.asarray(indices)] if len(indices) else np.arange(0)
        table = self.table.iloc[chosen].reset_index(drop=True)
        landmarks = None if self.landmarks is None else self.landmarks[chosen]
        images = self.images.take(pa.array(chosen))
        return type(self)(self.name, table, self.faults, images, landmarks)


def read(path: Path, split: str | None = None) -> LabelledSet:
    """Read a folder in either layout or a Parquet file, and reject the rows that cannot be used.

    With a split (``train``, ``val``; crops only), read the files that name it.

    Raises:
        ConfigurationError: nothing there fits either layout, a required column is missing, or no
            file names the split.
    """
    if not path.exists():
        raise ConfigurationError(f"no labelled set at {path}")
    files = [path] if path.suffix == ".parquet" else sorted(path.glob("*.parquet"))
    if files:
        return _read_crops(path.name, files, split)
    if table := photographs.find_table(path):
        if split is not None:
            raise ConfigurationError(
                f"{table.name} names no splits: make a split file (models.training.splits) and "
                "give it with --split-file"
            )
        rows, faults, images = photographs.read(table, SIDE)
        return LabelledSet(path.name, _of_columns(rows), faults, images)
    raise ConfigurationError(
        f"{path} is no labelled set: looked for *.parquet with the columns "
        f"{', '.join(_REQUIRED)}, and for a *.csv with the columns file_name,real_age (or "
        "file,age) beside a folder's pictures; found neither"
    )


def decode(content: bytes) -> NDArray[np.uint8]:
    """Decode one stored crop: RGB, shape (SIDE, SIDE, 3).

    Raises:
        UnreadableCropError: damaged, another format, or not SIDE x SIDE.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
                size = picture.size
                if size == (SIDE, SIDE):  # decided by the header, before anything is decoded
                    return np.asarray(picture.convert("RGB"), np.uint8)
    except Exception as error:  # decoders raise anything on damaged bytes
        raise UnreadableCropError("picture_unreadable", type(error).__name__) from error
    raise UnreadableCropError("wrong_size", f"{size[0]} x {size[1]}, expected {SIDE} x {SIDE}")


def _split_of(file: Path) -> str | None:
    name, dash, _ = file.stem.rpartition("-")
    return name if dash else None


def _read_crops(name: str, files: list[Path], split: str | None) -> LabelledSet:
    if split is not None:
        named = sorted({_split_of(file) or "(none)" for file in files})
        files = [file for file in files if _split_of(file) == split]
        if not files:
            raise ConfigurationError(f"no file of the split {split!r}: there is {', '.join(named)}")
    rows, images = [], []
    for file in files:
        content = _read_parquet(file)
        images += content["image"].chunks
        rows.append(
            content.drop_columns(["image"])
            .to_pandas()
            .assign(
                file=file.name,
                row=np.arange(1, len(content) + 1),
                split=_split_of(file),
                content=[hash(image) for image in content["image"].to_pylist()],
            )
        )
    stored = pa.chunked_array(images, pa.large_binary()).combine_chunks()
    good, faults = labels.check(pd.concat(rows, ignore_index=True))
    pictures = stored.take(pa.array(good.index))
    problems = _in_threads(_problem, pictures.to_pylist())
    bad = np.array([problem is not None for problem in problems], bool)
    unreadable = labels.faults(
        good[bad], "image", [p.reason for p in problems if p], [p.detail for p in problems if p]
    )
    return LabelledSet(
        name=name,
        table=_of_columns(good[~bad]),
        faults=pd.concat([faults, unreadable], ignore_index=True),
        images=pictures.filter(pa.array(~bad)),
    )


def _read_parquet(file: Path) -> pa.Table:
    try:
        schema = pq.read_schema(file)
        missing = [name for name in _REQUIRED if name not in schema.names]
        if not missing:
            wanted = {*_REQUIRED, *COLUMNS} - {"split"}
            content = pq.read_table(file, columns=[n for n in schema.names if n in wanted])
            images = content["image"].cast(pa.large_binary())
            return content.drop_columns(["image"]).append_column("image", images)
    except (OSError, pa.ArrowException) as error:
        raise ConfigurationError(f"cannot read {file}: {error}") from error
    raise ConfigurationError(f"{file.name} lacks the columns {', '.join(missing)}")


def _problem(content: bytes | None) -> UnreadableCropError | None:
    if not content:
        return UnreadableCropError("picture_missing", "no bytes")
    try:
        decode(content)
    except UnreadableCropError as error:
        return error
    return None


def _of_columns(table: pd.DataFrame) -> pd.DataFrame:
    plain = table.reindex(columns=list(COLUMNS)).reset_index(drop=True)
    return plain.astype({"id": "string", "age": float, "faces": "Int64"}).astype(
        dict.fromkeys(("source", "sex", "group", "person", "split"), "string")
    )


def _in_threads(call: Callable[[Any], Any], items: list[Any]) -> list[Any]:
    """Decoders release the interpreter's lock."""
    if len(items) < _WORKERS * 4:
        return [call(item) for item in items]
    with ThreadPoolExecutor(_WORKERS) as pool:
        return list(pool.map(call, items))
