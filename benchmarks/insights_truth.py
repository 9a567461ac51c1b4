"""How near purchases by age group come to the truth, on simulated chains: bias and coverage.

    python -m benchmarks.insights_truth [--chains 60]

Three ways to count: by the point estimate (a basket counts in the group that its estimated age is
in), by probabilities alone, and corrected for the errors, as `auditor insights` does. Of each: the
mean error of a group's shares of baskets with an article, in points; its root mean square; and, of
the corrected, how often the 95 % interval holds the truth, and how many differences are told where
there are none.
"""

import argparse

import numpy as np

from auditor.faces.ages import Floats
from auditor.insights.affinity import Estimates, affinity, ratio
from auditor.insights.groups import age_groups
from auditor.insights.tallies import Features, Tally, deconvolved
from benchmarks.pages import table
from benchmarks.simulated_baskets import STARTS, Chain, Error, Tastes, confusion

ARTICLES = 24
SHARES = (0.06, 0.14, 0.22, 0.28, 0.2, 0.1)


def main() -> None:
    """Simulate, count, compare."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--chains", type=int, default=60)
    count = parser.parse_args().chains
    size = {"stores": 10, "days": 7, "baskets": 300}
    chains = [one(seed, **size, alike=False) for seed in range(count)]
    names = [group.name for group in age_groups(STARTS)]
    print(f"{count} chains, {ARTICLES} articles, {size}")
    ways = ("point", "soft", "corrected")
    rows: dict[str, Floats] = {}
    for way in ways:
        slopes = [_slopes(c["true"], c[way]) for c in chains]
        rows[f"share of true differences left, {way}"] = np.mean(slopes, axis=0)
    for way in ways:
        error = np.array([c[way] - c["true"] for c in chains])
        rms = 100 * np.sqrt((error**2).mean(axis=(0, 1)))
        rows[f"root mean square error, points, {way}"] = rms
    for what in ("held", "index_held", "size_held"):
        held = np.mean([c[what] for c in chains], axis=(0, 1) if what != "size_held" else 0)
        rows[f"{what} by the 95 % interval"] = held
    print(table(["", *names], [[name, *map("{:.2f}".format, row)] for name, row in rows.items()]))
    told = np.mean([c["told"] for c in chains])
    alike = [one(1000 + seed, **size, alike=True) for seed in range(count)]
    false = np.mean([c["told"].any() for c in alike])
    print(f"differences told: {told:.1%} of cells; chains without any in which one is: {false:.1%}")


def one(seed: int, stores: int, days: int, baskets: int, *, alike: bool) -> dict[str, Floats]:
    """One simulated chain, counted in all ways."""
    rng = np.random.default_rng(seed)
    base = rng.uniform(0.03, 0.3, ARTICLES)
    taste = np.zeros((ARTICLES, 6)) if alike else rng.normal(size=(ARTICLES, 6)) * 0.6
    share = 1 / (1 + np.exp(-(np.log(base / (1 - base))[:, None] + taste)))
    tastes = Tastes(share, store_spread=0.3, day_spread=0.2)
    chain = Chain(stores, days, baskets, SHARES, tastes, Error())
    known = confusion(chain.error, rng).between(STARTS)
    skus = tuple(a.sku for a in tastes.articles)
    categories = tuple(sorted({a.category for a in tastes.articles}))
    features = Features(("GBP",), categories, skus)
    tally = Tally(len(features), 6, features.counter())
    true, size, point, points, alone = np.zeros((5, ARTICLES, 6))
    for cell, group in chain.cells(rng):
        tally.add(cell)
        bought = np.zeros((ARTICLES, len(group)))
        bought[cell.article, cell.basket] = 1
        one_hot = np.eye(6)[group]
        true += bought @ one_hot
        size += one_hot.sum(axis=0)
        # By the point estimate: the group of the expected age, here the middle of its groups.
        middle = cell.groups @ np.array([15, 21, 29.5, 42, 57, 75])
        guessed = np.eye(6)[np.searchsorted(STARTS, middle, side="right")]
        point += bought @ guessed
        points += guessed.sum(axis=0)
        alone += bought.mean(axis=1)[:, None] * one_hot.sum(axis=0)
    counts = deconvolved(tally.closed(), {"simulated/1": known})
    rows = slice(features.at_skus, features.at_sets)
    found = affinity(counts, rows)
    soft = tally.observed["simulated/1"][0]
    truth, index = true / size, 100 * true / alone
    of_groups = Estimates.of(ratio(counts.observed[:, 0], counts.observed[:, 0].sum(1)[:, None]))
    true_size = size[0] / size[0].sum()
    return {
        "true": truth,
        "point": point / np.maximum(points, 1),
        "soft": soft[rows] / soft[0],
        "corrected": found.share.value,
        "held": _holds(found.share, truth),
        "index_held": _holds(found.same_days, index),
        "size_held": _holds(of_groups, true_size),
        "told": found.differs,
    }


def _holds(ranged: Estimates, truth: Floats) -> Floats:
    return np.asarray((ranged.low <= truth) & (truth <= ranged.high), float)


def _slopes(true: Floats, found: Floats) -> Floats:
    """Of each group: how much of its differences from all groups' mean is found, by regression."""
    t, f = (x - x.mean(axis=1, keepdims=True) for x in (true, found))
    return np.asarray((t * f).sum(axis=0) / (t * t).sum(axis=0))


if __name__ == "__main__":
    main()
