"""The day of each camera, and of each store, against its own days before.

A day is summarised by its mean on a quantity's scale, and compared with the median of the camera's
own days and their spread, by an estimator that half of them may upset. So days that are outliers
themselves do not become the reference at once, and a camera that was turned a week ago is still
reported. The sales of which no age could be estimated are a share: its tail is exact, by the
beta-binomial distribution. Over all cameras, stores and quantities, Benjamini and Hochberg.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from auditor.monitoring.cameras.quantities import CAUSES, LEAST_UNSEEN, MEASURED, UNSEEN, Measured
from auditor.monitoring.statistics.beta_binomial import upper_tail
from auditor.monitoring.statistics.discovery import adjusted
from auditor.monitoring.statistics.funnel import overdispersion_of
from auditor.monitoring.statistics.robust import by_chance, spread
from auditor.tables import CAMERA_COUNTS, CAMERA_QUANTITIES

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Days = Iterable[tuple[date, str, pa.Table]]

#: Days before the day that it is held against.
WINDOW = 28
#: Past days that are needed, sales that make a past day count, and sales that the day itself needs.
LEAST_DAYS, LEAST_BEFORE, LEAST_SALES = 10, 5, 8
#: Share of the changes reported that may be by chance; with nothing wrong, of nights with one.
LEVEL = 0.05
# Shares of past days further from their median than so many deviations are no measure.
_OUTLIERS = 3.0


@dataclass(frozen=True, slots=True)
class Change:
    """A quantity that is otherwise than in the days before.

    Attributes:
        quantity: one of tables.CAMERA_QUANTITIES.
        now: mean of the day in the quantity's unit; of ``unseen``, the share.
        before: the same of the days before: the median of their means; of ``unseen``, their share.
        sales: that ``now`` rests on.
        days: that ``before`` rests on.
        unseen: of ``unseen``, how many; None otherwise.
        cause: of ``unseen``, the one of CAUSES that there is most of; None otherwise.
        q: probability by chance after Benjamini and Hochberg.
    """

    quantity: str
    now: float
    before: float
    sales: int
    days: int
    q: float
    unseen: int | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera, or (``till_id`` None) all of a store.

    Attributes:
        store_id: the store.
        till_id: the till that the camera looks at.
        sales: alcohol sales of the day.
        compared: the quantities of which enough is on record.
        changes: of these, those that changed.
    """

    store_id: str
    till_id: str | None
    sales: int
    compared: tuple[str, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Drift:
    """What the cameras of a day look like against their past.

    Attributes:
        days: days before the day that are looked back on.
        on_record: those of them that have counts.
        sha256: hash over the files of counts it rests on; None without counts of the day itself.
        cameras: all that sold alcohol on the day, by store and till.
        stores: those that changed as a whole, beyond what their cameras explain.
    """

    days: int
    on_record: int
    sha256: str | None
    cameras: tuple[Camera, ...]
    stores: tuple[Camera, ...]

    @property
    def changed(self) -> tuple[Camera, ...]:
        """The cameras that changed, and then the stores."""
        return (*(camera for camera in self.cameras if camera.changes), *self.stores)

    def of_store(self, store_id: str) -> "Drift":
        """The same of one store."""
        cameras, stores = (
            tuple(unit for unit in units if unit.store_id == store_id)
            for units in (self.cameras, self.stores)
        )
        return replace(self, cameras=cameras, stores=stores)


#: For a day without counts.
NOTHING = Drift(WINDOW, 0, None, (), ())


def days_before(day: date) -> list[date]:
    """The days that a day is held against, the oldest first."""
    return [day - timedelta(days=back) for back in range(WINDOW, 0, -1)]


def compare(day: date, stored: Days) -> Drift:
    """Hold a day against the days before.

    Args:
        day: the business day.
        stored: CAMERA_COUNTS of the day and of days before it, each with its date and the hash of
            its file, the day itself first: its cameras are those that are looked at.

    Raises:
        ContractError: a table is not CAMERA_COUNTS.
    """
    hashes: list[tuple[str, str]] = []
    series: _Series | None = None
    for of_day, sha256, table in stored:
        counts = CAMERA_COUNTS.conform(table)
        if series is None:
            if of_day != day:
                return NOTHING
            if not counts.num_rows:  # no alcohol was sold, so there is no camera to look at
                return replace(NOTHING, sha256=sha256)
            series = _Series(counts)
        else:
            series.add(counts)
        hashes.append((of_day.isoformat(), sha256))
    if series is None:
        return NOTHING
    cameras, stores = series.compared()
    return Drift(
        days=WINDOW,
        on_record=len(hashes) - 1,
        sha256=hashlib.sha256(json.dumps(hashes).encode()).hexdigest(),
        cameras=cameras,
        stores=stores,
    )


@dataclass(frozen=True)
class _Moments:
    """Sales, their sum and sum of squares on the scale; each of shape (units, quantities)."""

    sales: Floats
    total: Floats
    squares: Floats

    def by_store(self, stores: NDArray[np.int64]) -> "_Moments":
        """The units of each store added up."""
        return _Moments(*(_summed(part, stores) for part in vars(self).values()))


class _Series:
    """The cameras of a day through the days, as sums: some kilobytes a camera."""

    def __init__(self, today: pa.Table) -> None:
        keys = zip(*(today[n].to_pylist() for n in ("store_id", "till_id", "basis")), strict=True)
        basis = {(store_id, till_id): basis for store_id, till_id, basis in keys}
        self._keys = sorted(basis)
        self._place = {key: place for place, key in enumerate(self._keys)}
        self._basis = np.array([basis[key] for key in self._keys], object)
        self._today = self._moments(today)
        self._causes = self._caused(today)
        self._past: list[_Moments] = []

    def add(self, counts: pa.Table) -> None:
        """Take a day before."""
        self._past.append(self._moments(counts))

    def compared(self) -> tuple[tuple[Camera, ...], tuple[Camera, ...]]:
        """The cameras, and the stores of several that changed as a whole."""
        names = sorted({store_id for store_id, _ in self._keys})
        place = {name: number for number, name in enumerate(names)}
        store_of = np.array([place[store_id] for store_id, _ in self._keys], np.int64)
        several = np.bincount(store_of, minlength=len(names)) > 1
        cameras = _Tests(self._today, self._past, self._causes)
        stores = _Tests(
            self._today.by_store(store_of),
            [past.by_store(store_of) for past in self._past],
            _summed(self._causes, store_of),
            several,
        )
        q = adjusted(np.concatenate([cameras.p[cameras.tested], stores.p[stores.tested]]))
        split = int(cameras.tested.sum())
        of_cameras = cameras.changed([(s, t) for s, t in self._keys], q[:split])
        of_stores = stores.changed([(name, None) for name in names], q[split:])
        said = {(c.store_id, change.quantity) for c in of_cameras for change in c.changes}
        beyond = (
            replace(s, changes=tuple(c for c in s.changes if (s.store_id, c.quantity) not in said))
            for s in of_stores
        )
        return of_cameras, tuple(unit for unit in beyond if unit.changes)

    def _moments(self, counts: pa.Table) -> _Moments:
        unit, quantity, alike = self._placed(counts)
        shape = len(self._keys), len(CAMERA_QUANTITIES)
        classes, sales = counts["bin"].to_numpy(), counts["sales"].to_numpy().astype(float)
        score = np.zeros(len(classes))
        kept = unit >= 0
        for place, name in enumerate(CAMERA_QUANTITIES):
            own = quantity == place
            if name == UNSEEN:
                score[own] = classes[own] < len(CAUSES)
                kept &= ~own | alike
            else:
                score[own] = MEASURED[name].middles(classes[own])
                kept &= ~own | alike | (not MEASURED[name].by_gates)
        cell = (unit * shape[1] + quantity)[kept]
        sums = (
            np.bincount(cell, (sales * score**power)[kept], shape[0] * shape[1])
            for power in (0, 1, 2)
        )
        return _Moments(*(np.asarray(part, np.float64).reshape(shape) for part in sums))

    def _caused(self, today: pa.Table) -> Floats:
        """How many sales of each camera are unseen for each of CAUSES."""
        unit, quantity, _ = self._placed(today)
        classes, sales = today["bin"].to_numpy(), today["sales"].to_numpy()
        own = (quantity == CAMERA_QUANTITIES.index(UNSEEN)) & (classes < len(CAUSES))
        caused = np.zeros((len(self._keys), len(CAUSES)))
        np.add.at(caused, (unit[own], classes[own]), sales[own])
        return caused

    def _placed(self, counts: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.int64], Flags]:
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


class _Tests:
    """Every unit and quantity against its past.

    Attributes:
        tested: of which enough is on record, shape (units, quantities).
        p: probability by chance, likewise; 1 where the change is a trifle.
    """

    def __init__(
        self,
        today: _Moments,
        past: Sequence[_Moments],
        causes: Floats,
        looked_at: Flags | None = None,
    ) -> None:
        self._today, self._causes = today, causes
        units = today.sales.shape
        self._sales = np.array([m.sales for m in past]).reshape(-1, *units)
        self._total = np.array([m.total for m in past]).reshape(-1, *units)
        self._squares = np.array([m.squares for m in past]).reshape(-1, *units)
        self._counts = self._sales >= LEAST_BEFORE
        self._days = self._counts.sum(axis=0)
        self.tested = (self._days >= LEAST_DAYS) & (today.sales >= LEAST_SALES)
        if looked_at is not None:
            self.tested &= looked_at[:, None]
        self.p = np.ones(units)
        self._before = np.zeros(units)
        for column, name in enumerate(CAMERA_QUANTITIES):
            for days in np.unique(self._days[self.tested[:, column], column]):
                rows = np.flatnonzero(self.tested[:, column] & (self._days[:, column] == days))
                if name == UNSEEN:
                    for row in rows.tolist():
                        self._test_share(row, column)
                else:
                    self._test_means(rows, column, MEASURED[name])

    def changed(self, keys: Sequence[tuple[str, str | None]], q: Floats) -> tuple[Camera, ...]:
        """Each unit with its changes; ``q`` are the adjusted p-values of the tests, in order."""
        least = np.ones(self.p.shape)
        least[self.tested] = q
        return tuple(
            Camera(
                store_id=store_id,
                till_id=till_id,
                sales=int(self._today.sales[row, CAMERA_QUANTITIES.index(UNSEEN)]),
                compared=tuple(
                    CAMERA_QUANTITIES[column] for column in np.flatnonzero(self.tested[row])
                ),
                changes=tuple(
                    self._change(row, column, float(least[row, column]))
                    for column in np.flatnonzero(least[row] <= LEVEL).tolist()
                ),
            )
            for row, (store_id, till_id) in enumerate(keys)
        )  # fmt: skip

    def _test_means(self, rows: NDArray[np.int64], column: int, measured: Measured) -> None:
        """Test units with equally many past days."""
        counted = self._counts[:, rows, column].T
        shape = len(rows), -1
        sales, total, squares = (
            part[:, rows, column].T[counted].reshape(shape)
            for part in (self._sales, self._total, self._squares)
        )
        means = total / sales
        self._before[rows, column] = np.median(means, axis=1)
        now = self._today.total[rows, column] / self._today.sales[rows, column]
        away = now - self._before[rows, column]
        far = np.abs(away) >= measured.least
        if not far.any():
            return
        # The extra sampling variance of a day with fewer sales than usual comes on top.
        within = (squares - total * means).sum(axis=1) / sales.sum(axis=1)
        by_sampling = within / np.median(sales, axis=1)
        fewer = np.maximum(within / self._today.sales[rows, column] - by_sampling, 0)
        variance = np.maximum(spread(means) ** 2, by_sampling) + fewer
        class_alone = (measured.width / 2) ** 2 / self._today.sales[rows, column]
        deviation = np.sqrt(np.maximum(variance, class_alone))
        p = by_chance(away, deviation, sales.shape[1])
        self.p[rows, column] = np.where(far, p, 1.0)

    def _test_share(self, row: int, column: int) -> None:
        counted = self._counts[:, row, column]
        sales, unseen = self._sales[counted, row, column], self._total[counted, row, column]
        # On the arcsine scale a share's variance by chance hardly depends on the share.
        turned = np.arcsin(np.sqrt((unseen + 3 / 8) / (sales + 3 / 4)))
        median = np.median(turned)
        deviation = max(float(spread(turned[None])[0]), float((0.25 / np.median(sales)) ** 0.5))
        usual = np.abs(turned - median) <= _OUTLIERS * deviation
        sales, unseen = sales[usual], unseen[usual]
        share = float((unseen.sum() + 0.5) / (sales.sum() + 1))
        self._before[row, column] = unseen.sum() / sales.sum()
        trials, found = self._today.sales[row, column], self._today.total[row, column]
        if found / trials - share >= LEAST_UNSEEN:
            overdispersion = overdispersion_of(unseen, sales, np.full(len(sales), share))
            self.p[row, column] = upper_tail([found], [trials], share, overdispersion)[0]

    def _change(self, row: int, column: int, q: float) -> Change:
        name = CAMERA_QUANTITIES[column]
        sales, total = self._today.sales[row, column], self._today.total[row, column]
        change = Change(
            quantity=name,
            now=float(total / sales),
            before=float(self._before[row, column]),
            sales=int(sales),
            days=int(self._days[row, column]),
            q=q,
        )
        if name == UNSEEN:
            cause = CAUSES[int(np.argmax(self._causes[row]))]
            return replace(change, unseen=int(total), cause=cause)
        back = MEASURED[name].from_scale
        return replace(change, now=back(change.now), before=back(change.before))


def _coded(column: pa.ChunkedArray) -> tuple[list[str], NDArray[np.int64]]:
    """The different texts of a column, and which of them each row has."""
    encoded = column.combine_chunks().dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return encoded.dictionary.to_pylist(), codes


def _summed(values: Floats, groups: NDArray[np.int64]) -> Floats:
    """Rows added up by their group, from 0."""
    summed = np.zeros((int(groups.max(initial=-1)) + 1, values.shape[1]))
    np.add.at(summed, groups, values)
    return summed
