"""Landmarks of crops that another detector found, and crops cut anew by them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from auditor.errors import ConfigurationError
from auditor.faces.alignment import align

_POINTS = (5, 2)  # as auditor.faces.alignment takes landmarks


def read_landmarks(path: Path, ids: pd.Series) -> NDArray[np.float32]:
    """Landmarks in the crops' pixels by ``id``, shape (n, 5, 2); NaN where there are none.

    Raises:
        ConfigurationError: the file cannot be read, names an id twice, or knows none of the crops.
    """
    try:
        table = pq.read_table(path, columns=["id", "landmarks"]).to_pandas()
    except (OSError, pa.ArrowException) as error:
        raise ConfigurationError(f"cannot read the landmarks {path}: {error}") from error
    twice = table["id"][table["id"].duplicated()]
    if len(twice):
        raise ConfigurationError(f"{path.name} names {twice.iloc[0]!r} {len(twice) + 1} times")
    found = table.set_index("id")["landmarks"].reindex(ids)
    if not found.notna().any():
        raise ConfigurationError(f"{path.name} has landmarks of none of the crops")
    points = np.full((len(ids), *_POINTS), np.nan, np.float32)
    for place, values in enumerate(found):
        if values is None or np.isscalar(values):
            continue
        if np.shape(values) != (10,):
            raise ConfigurationError(
                f"{path.name}: the landmarks of {ids.iloc[place]!r} are not five pairs x, y"
            )
        points[place] = np.reshape(values, _POINTS)
    return points


def realign(crop: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Cut a crop anew by other landmarks in it; as it is where they are none or no face."""
    try:
        return align(crop, landmarks, crop.shape[0])
    except ValueError:
        return crop
