"""Tests of each camera, and of each store, against its own days before."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from auditor.monitoring.cameras.drift import Camera, Change
from auditor.monitoring.cameras.quantities import CAUSES, LEAST_UNSEEN, MEASURED, UNSEEN, Measured
from auditor.monitoring.statistics import Codes, Flags, Floats
from auditor.monitoring.statistics.beta_binomial import upper_tail
from auditor.monitoring.statistics.funnel import overdispersion_of
from auditor.monitoring.statistics.robust import by_chance, spread
from auditor.tables import CAMERA_QUANTITIES

#: Past days that are needed, sales that make a past day count, and sales that the day itself needs.
LEAST_DAYS, LEAST_BEFORE, LEAST_SALES = 10, 5, 8
#: Share of the changes reported that may be by chance; with nothing wrong, of nights with one.
LEVEL = 0.05


@dataclass(frozen=True)
class Moments:
    """Sales, their sum and sum of squares on the scale; each of shape (units, quantities)."""

    sales: Floats
    total: Floats
    squares: Floats

    def by_store(self, stores: Codes) -> "Moments":
        """The units of each store added up."""
        return Moments(*(summed(part, stores) for part in vars(self).values()))


class ChangeTests:
    """Every unit and quantity against its past.

    Attributes:
        tested: of which enough is on record, shape (units, quantities).
        p: probability by chance, likewise; 1 where the change is a trifle.
    """

    def __init__(
        self,
        today: Moments,
        past: Sequence[Moments],
        causes: Floats,
        looked_at: Flags | None = None,
    ) -> None:
        self._today, self._causes = today, causes
        units = today.sales.shape
        self._sales, self._total, self._squares = (
            np.array([getattr(day, part) for day in past]).reshape(-1, *units)
            for part in ("sales", "total", "squares")
        )
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
                *key,
                sales=int(self._today.sales[row, CAMERA_QUANTITIES.index(UNSEEN)]),
                compared=tuple(CAMERA_QUANTITIES[n] for n in np.flatnonzero(self.tested[row])),
                changes=tuple(
                    self._change(row, column, float(least[row, column]))
                    for column in np.flatnonzero(least[row] <= LEVEL).tolist()
                ),
            )
            for row, key in enumerate(keys)
        )

    def _test_means(self, rows: Codes, column: int, measured: Measured) -> None:
        """Test units with equally many past days."""
        counted = self._counts[:, rows, column].T
        sales, total, squares = (
            part[:, rows, column].T[counted].reshape(len(rows), -1)
            for part in (self._sales, self._total, self._squares)
        )
        means, sales_now = total / sales, self._today.sales[rows, column]
        self._before[rows, column] = np.median(means, axis=1)
        away = self._today.total[rows, column] / sales_now - self._before[rows, column]
        far = np.abs(away) >= measured.least
        if not far.any():
            return
        # The extra sampling variance of a day with fewer sales than usual comes on top.
        within = (squares - total * means).sum(axis=1) / sales.sum(axis=1)
        by_sampling = within / np.median(sales, axis=1)
        fewer = np.maximum(within / sales_now - by_sampling, 0)
        variance = np.maximum(spread(means) ** 2, by_sampling) + fewer
        class_alone = (measured.width / 2) ** 2 / sales_now
        deviation = np.sqrt(np.maximum(variance, class_alone))
        self.p[rows, column] = np.where(far, by_chance(away, deviation, sales.shape[1]), 1.0)

    def _test_share(self, row: int, column: int) -> None:
        counted = self._counts[:, row, column]
        sales, unseen = self._sales[counted, row, column], self._total[counted, row, column]
        # On the arcsine scale a share's variance by chance hardly depends on the share.
        turned = np.arcsin(np.sqrt((unseen + 3 / 8) / (sales + 3 / 4)))
        deviation = max(float(spread(turned[None])[0]), float((0.25 / np.median(sales)) ** 0.5))
        usual = np.abs(turned - np.median(turned)) <= 3 * deviation  # the others are outliers
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


def summed(values: Floats, groups: Codes) -> Floats:
    """Rows added up by their group, from 0."""
    summed = np.zeros((int(groups.max(initial=-1)) + 1, values.shape[1]))
    np.add.at(summed, groups, values)
    return summed
