"""Near-duplicate pictures: the same photograph again, re-encoded, brighter, or slightly moved.

Two stages, since aligned faces all look alike to a hash: a 64-bit difference hash proposes pairs
(among 33,000 crops 570,000 pairs of different people lie within the distance), and the correlation
of small grey thumbnails decides (it is over 0.95 for the same photograph, under 0.94 for others).
"""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from models.training.labelled import LabelledSet

#: Pairs whose hashes differ in at most so many of 64 bits are compared.
DISTANCE = 6

#: Pairs whose thumbnails correlate more than this are the same photograph.
CORRELATION = 0.95

_THUMB = 32
_BLOCK = 256  # rows of the distance matrix held at once: 33,000 crops make 68 MB


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """What near-duplicates are found by, a row a crop."""

    hashes: NDArray[np.uint64]
    thumbnails: NDArray[np.uint8]  # shape (n, _THUMB, _THUMB)

    @classmethod
    def empty(cls, count: int) -> Self:
        """Room for ``count`` crops, to be filled by :meth:`put`."""
        return cls(np.zeros(count, np.uint64), np.zeros((count, _THUMB, _THUMB), np.uint8))

    @classmethod
    def of(cls, labelled: LabelledSet) -> Self:
        """Fingerprints of all crops of a set."""
        prints = cls.empty(len(labelled))
        for place, crop in enumerate(crop for batch in labelled.batches() for crop in batch):
            prints.put(place, cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY))
        return prints

    def put(self, place: int, grey: NDArray[np.uint8]) -> None:
        """Take the fingerprint of one grey crop."""
        self.hashes[place] = difference_hash(grey)
        self.thumbnails[place] = cv2.resize(grey, (_THUMB, _THUMB), interpolation=cv2.INTER_AREA)


def difference_hash(grey: NDArray[np.uint8]) -> np.uint64:
    """64 bits: whether each of 8 x 9 area averages is brighter than its left neighbour."""
    means = cv2.resize(grey.astype(np.float32), (9, 8), interpolation=cv2.INTER_AREA)
    return np.uint64(np.packbits(means[:, 1:] > means[:, :-1]).view(">u8")[0])


def pairs(prints: Fingerprints) -> NDArray[np.int64]:
    """Near-duplicate pairs, shape (m, 2), the lower row first.

    Compares every hash with every other, in blocks: 3 s for 33,000, growing with the square.
    """
    found = [np.empty((0, 2), np.int64)]
    for start in range(0, len(prints.hashes), _BLOCK):
        block = prints.hashes[start : start + _BLOCK]
        distances = np.bitwise_count(block[:, None] ^ prints.hashes[None, start:])
        near = np.argwhere(distances <= DISTANCE) + start
        near = near[near[:, 0] < near[:, 1]]
        for part in range(0, len(near), 4096):
            some = near[part : part + 4096]
            same = _correlation(prints.thumbnails[some[:, 0]], prints.thumbnails[some[:, 1]])
            found.append(some[same > CORRELATION])
    return np.concatenate(found)


def groups(prints: Fingerprints, near: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """A group number for each crop: those of ``near`` (or :func:`pairs`) share one, in turn."""
    near = pairs(prints) if near is None else near
    return joined(len(prints.hashes), near)


def joined(size: int, pairs_of_rows: NDArray[np.integer]) -> NDArray[np.int64]:
    """A group number for each of ``size`` rows: the rows of a pair, shape (m, 2), share one."""
    one, other = np.asarray(pairs_of_rows).reshape(-1, 2).T
    links = coo_array((np.ones(len(one), bool), (one, other)), shape=(size, size))
    _, group = connected_components(links, directed=False)
    return np.asarray(group, np.int64)


def _correlation(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float32]:
    a, b = _centred(one), _centred(other)
    power = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    # Two blank pictures have no correlation, and are alike.
    blank = power == 0
    return np.where(blank, 1, (a * b).sum(axis=1) / np.where(blank, 1, power)).astype(np.float32)


def _centred(thumbnails: NDArray[np.uint8]) -> NDArray[np.float32]:
    flat = thumbnails.reshape(len(thumbnails), -1).astype(np.float32)
    return np.asarray(flat - flat.mean(axis=1, keepdims=True), np.float32)
