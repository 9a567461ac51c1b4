"""The day of each camera, and of each store, against its own days before.

A day is summarised by its mean on a quantity's scale, and compared with the median of the camera's
own days and their spread, by an estimator that half of them may upset. So days that are outliers
themselves do not become the reference at once, and a camera that was turned a week ago is still
reported. The sales of which no age could be estimated are a share: its tail is exact, by the
beta-binomial distribution. Over all cameras, stores and quantities, Benjamini and Hochberg.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from auditor.monitoring.cameras.change_tests import ChangeTests, Moments, summed
from auditor.monitoring.cameras.drift import NOTHING, WINDOW, Camera, Drift
from auditor.monitoring.cameras.quantities import CAUSES, MEASURED, UNSEEN
from auditor.monitoring.statistics import Codes, Flags, Floats
from auditor.monitoring.statistics.discovery import adjusted
from auditor.tables import CAMERA_COUNTS, CAMERA_QUANTITIES

Days = Iterable[tuple[date, str, pa.Table]]


def days_before(day: date) -> list[date]:
    """The days that a day is compared with, the oldest first."""
    return [day - timedelta(days=back) for back in range(WINDOW, 0, -1)]


def compare(day: date, stored: Days) -> Drift:
    """Compare a day with the days before.

    Args:
        day: the business day.
        stored: CAMERA_COUNTS of the day and of days before it, each with its date and the hash of
            its file, the day itself first: its cameras are those that are compared.

    Raises:
        ContractError: a table is not CAMERA_COUNTS.
    """
    days = iter(stored)
    first, sha256, today = next(days, (None, "", CAMERA_COUNTS.empty()))
    if first != day:
        return NOTHING
    if not today.num_rows:  # no alcohol was sold, so there is no camera to compare
        return replace(NOTHING, sha256=sha256)
    hashes = [(day.isoformat(), sha256)]
    series = _Series(CAMERA_COUNTS.conform(today))
    for earlier, sha256, counts in days:
        series.add(CAMERA_COUNTS.conform(counts))
        hashes.append((earlier.isoformat(), sha256))
    cameras, stores = series.compared()
    return Drift(
        days=WINDOW,
        on_record=len(hashes) - 1,
        sha256=hashlib.sha256(json.dumps(hashes).encode()).hexdigest(),
        cameras=cameras,
        stores=stores,
    )


class _Series:
    """The cameras of a day through the days, as sums: some kilobytes a camera."""

    def __init__(self, today: pa.Table) -> None:
        rows = zip(*(today[n].to_pylist() for n in ("store_id", "till_id", "basis")), strict=True)
        basis = {(store_id, till_id): basis for store_id, till_id, basis in rows}
        self._keys = sorted(basis)
        self._place = {key: place for place, key in enumerate(self._keys)}
        self._basis = np.array([basis[key] for key in self._keys], object)
        self._today = self._moments(today)
        self._causes = self._caused(today)
        self._past: list[Moments] = []

    def add(self, counts: pa.Table) -> None:
        """Take a day before."""
        self._past.append(self._moments(counts))

    def compared(self) -> tuple[tuple[Camera, ...], tuple[Camera, ...]]:
        """The cameras, and the stores of several that changed as a whole."""
        names = sorted({store_id for store_id, _ in self._keys})
        place = {name: number for number, name in enumerate(names)}
        store_of = np.array([place[store_id] for store_id, _ in self._keys], np.int64)
        several = np.bincount(store_of, minlength=len(names)) > 1
        cameras = ChangeTests(self._today, self._past, self._causes)
        stores = ChangeTests(
            self._today.by_store(store_of),
            [past.by_store(store_of) for past in self._past],
            summed(self._causes, store_of),
            several,
        )
        q = adjusted(np.concatenate([cameras.p[cameras.tested], stores.p[stores.tested]]))
        split = int(cameras.tested.sum())
        of_cameras = cameras.changed(self._keys, q[:split])
        reported = {(c.store_id, change.quantity) for c in of_cameras for change in c.changes}
        of_stores = []
        for store in stores.changed([(name, None) for name in names], q[split:]):
            changes = (c for c in store.changes if (store.store_id, c.quantity) not in reported)
            of_stores.append(replace(store, changes=tuple(changes)))
        return of_cameras, tuple(store for store in of_stores if store.changes)

    def _moments(self, counts: pa.Table) -> Moments:
        unit, quantity, alike = self._placed(counts)
        shape = len(self._keys), len(CAMERA_QUANTITIES)
        classes, sales = counts["bin"].to_numpy(), counts["sales"].to_numpy().astype(float)
        score = np.zeros(len(classes))
        kept = unit >= 0
        for place, name in enumerate(CAMERA_QUANTITIES):
            own, measured = quantity == place, MEASURED.get(name)
            score[own] = measured.middles(classes[own]) if measured else classes[own] < len(CAUSES)
            if not measured or measured.by_gates:
                kept &= ~own | alike
        cell = (unit * shape[1] + quantity)[kept]
        sums = (
            np.bincount(cell, (sales * score**power)[kept], shape[0] * shape[1])
            for power in (0, 1, 2)
        )
        return Moments(*(np.asarray(part, np.float64).reshape(shape) for part in sums))

    def _caused(self, today: pa.Table) -> Floats:
        """How many sales of each camera are unseen for each of CAUSES."""
        unit, quantity, _ = self._placed(today)
        classes, sales = today["bin"].to_numpy(), today["sales"].to_numpy()
        own = (quantity == CAMERA_QUANTITIES.index(UNSEEN)) & (classes < len(CAUSES))
        caused = np.zeros((len(self._keys), len(CAUSES)))
        np.add.at(caused, (unit[own], classes[own]), sales[own])
        return caused

    def _placed(self, counts: pa.Table) -> tuple[Codes, Codes, Flags]:
        """Camera and quantity of each row, and whether the model and gates are the day's.

        A camera that is not of the day is -1.
        """
        stores, store_of = _coded(counts["store_id"])
        tills, till_of = _coded(counts["till_id"])
        pairs, pair_of = np.unique(store_of * (len(tills) or 1) + till_of, return_inverse=True)
        keys = (divmod(pair, len(tills)) for pair in pairs.tolist())
        places = [self._place.get((stores[store], tills[till]), -1) for store, till in keys]
        unit = np.array(places, np.int64)[pair_of]
        quantities, quantity_of = _coded(counts["quantity"])
        quantity = np.array([CAMERA_QUANTITIES.index(n) for n in quantities], np.int64)[quantity_of]
        bases, basis_of = _coded(counts["basis"])
        alike = np.zeros(len(unit), np.bool_)
        for code, basis in enumerate(bases):
            alike |= (basis_of == code) & (self._basis == basis)[unit]
        return unit, quantity, alike


def _coded(column: pa.ChunkedArray) -> tuple[list[str], Codes]:
    """The different texts of a column, and which of them each row has."""
    encoded = column.combine_chunks().dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return encoded.dictionary.to_pylist(), codes
