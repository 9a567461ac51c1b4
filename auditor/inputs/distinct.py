"""Flags and verdicts on the distinct texts of a column."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import Flags
from auditor.inputs.faults import Fault

Verdicts = npt.NDArray[np.int8]

_REPLACEMENT = "\ufffd"  # stands for bytes that are not of the file's encoding


def first_faults(unique: pa.Array, verdicts: npt.NDArray[Any], *, damaged: bool) -> Any:
    """The verdicts, with NOT_UTF8 where U+FFFD stands for bytes; ``damaged``: whether it may."""
    if not damaged:
        return verdicts
    return np.where(flags_of(pc.match_substring(unique, _REPLACEMENT)), Fault.NOT_UTF8, verdicts)


def matches(text: pa.Array, pattern: str) -> Flags:
    """Which texts match."""
    return flags_of(pc.match_substring_regex(text, pattern))


def flags_of(flags: pa.Array) -> Flags:
    """An array of booleans in numpy."""
    array: Flags = flags.to_numpy(zero_copy_only=False)
    return array


def only(text: pa.Array, keep: Flags) -> pa.Array:
    """The texts to keep; null instead of the others."""
    return pc.if_else(pa.array(keep), text, None)
