"""Expected share of a cashier's sales handled: what others do under the same circumstances.

Circumstances are how likely the buyer was under the challenge age, the part of the day, and the
store. Without them a cashier with many buyers on the edge, or a rushed evening, looks careless.
"""

import numpy as np
from scipy.special import expit, logit

from auditor.monitoring.statistics import Codes, Floats
from auditor.monitoring.statistics.funnel import overdispersion_of

#: Sales that a cell's own rate needs to weigh as much as the rate of the wider group around it.
_BACKED_BY = 20
_EDGE = 1e-3


def by_circumstances(classes: Codes, hours: Codes, sales: Floats, handled: Floats) -> Floats:
    """The chain's rate for each row's class and part of the day.

    Where a cell has few sales, its rate is drawn towards that of its class, and that of a class
    towards the chain's. Everybody's sales are in it, the cashier's own too: in a small chain this
    makes an outlier look a little less extreme.

    ``classes`` are classes of P(under the challenge age) and ``hours`` parts of the day, as any
    whole numbers from 0; ``handled`` of the ``sales`` were checked or refused. All, and the
    expected shares returned, have one element a row.
    """
    whole = (handled.sum() + 0.5) / (sales.sum() + 1)
    of_class = _backed(classes, sales, handled, np.full(len(sales), whole))
    cells = classes * (hours.max(initial=0) + 1) + hours
    return np.clip(_backed(cells, sales, handled, of_class), _EDGE, 1 - _EDGE)


def by_store(  # noqa: PLR0913  # two groupings of the same rows
    stores: Codes,
    units: Codes,
    sales: Floats,
    handled: Floats,
    expected: Floats,
    *,
    overdispersion: float,
) -> Floats:
    """The expected shares after what the cashier's colleagues in the store do.

    The store's share without the cashier's own sales is drawn towards what was expected of it,
    as far as stores differ (winsorised, :func:`statistics.funnel.overdispersion_of`) and as few
    colleagues as it rests on; the odds of every row are then moved equally.

    ``stores`` and ``units``, the cashiers, are numbers from 0; a cashier is in one store only.
    ``expected`` is :func:`by_circumstances`; ``overdispersion`` says how far cashiers differ, as in
    statistics.beta_binomial. All else as there.
    """
    if not len(stores):
        return expected
    weights = sales, handled, sales * expected, sales * expected * (1 - expected)
    of_stores = [np.bincount(stores, weight) for weight in weights]
    n, done, due, _ = of_stores
    differ = overdispersion_of(done, n, due / np.maximum(n, 1))
    if differ <= 0:
        return expected
    store_of = np.zeros(units.max() + 1, np.int64)
    store_of[units] = stores
    n, done, due, spread = (
        whole[store_of] - np.bincount(units, weight)
        for whole, weight in zip(of_stores, weights, strict=True)
    )
    colleagues = np.bincount(store_of)[store_of] - 1
    # Sales of one cashier are correlated, so they say less of the store than as many of several.
    effective = n / (1 + (n / np.maximum(colleagues, 1) - 1).clip(0) * overdispersion)
    mean = np.divide(due, n, out=np.full(len(n), 0.5), where=n > 0)
    share = np.divide(done, n, out=mean.copy(), where=n > 0)
    drawn = (effective * share + (1 / differ - 1) * mean) / (effective + 1 / differ - 1)
    # Odds of a mixture move less than those of its parts: by the ratio of the two variances.
    mixed = np.divide(n * mean * (1 - mean), spread, out=np.ones(len(n)), where=spread > 0)
    moved = (logit(drawn.clip(_EDGE, 1 - _EDGE)) - logit(mean.clip(_EDGE, 1 - _EDGE))) * mixed
    return np.asarray(expit(logit(expected) + moved[units]), np.float64)


def _backed(groups: Codes, sales: Floats, handled: Floats, wider: Floats) -> Floats:
    """Each row's rate within its group, drawn towards the rate of the wider group around it."""
    n, done = np.bincount(groups, sales), np.bincount(groups, handled)
    around = np.bincount(groups, wider) / np.maximum(np.bincount(groups), 1)
    return np.asarray(((done + _BACKED_BY * around) / (n + _BACKED_BY))[groups], np.float64)
