"""Who is accused wrongly: cashiers of simulated chains, of whom it is known who is careless.

``python -m benchmarks.people`` prints the table of docs/people.md. A chain has stores with more and
with fewer young customers, cashiers who work more or less in the evening rush, and honest cashiers
who differ in what they ask. A careless one asks fewer of those whom the others would. Buyers are
seen through an age model that errs by 5 years in the mean, whose probabilities are calibrated on
the whole chain and not on the store. Compared are four ways to name cashiers:

- flags: the twentieth of the cashiers with the most flags a sale;
- ranking: the twentieth with the lowest raw rate of checks, of buyers estimated under 25;
- limits: whoever's raw rate lies below the binomial 95 % limit around the chain's rate;
- audit: what auditor.monitoring.staff.peers says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, sqrt

import click
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import norm

from auditor.demo.catalogue import AGE_BANDS
from auditor.monitoring.staff.exposure import CLASSES
from auditor.monitoring.staff.peers import cashiers
from auditor.monitoring.statistics.funnel import limits
from auditor.tables import CHECK_COUNTS
from benchmarks.pages import table

METHODS = ("flags", "ranking", "limits", "audit")

_SPREAD = 5.07 * sqrt(pi / 2)  # of a normal error with the model's mean absolute error
_STARTS = np.array([start for start, _ in AGE_BANDS])
_WEIGHTS = np.array([weight for _, weight in AGE_BANDS])
_ENDS = np.array([*_STARTS[1:], 85])
_CHALLENGE = 25
_EVENING = 17
_HEAVIEST = 0.1  # of the stores, by young customers


@dataclass(frozen=True)
class Scenario:
    """A kind of chain; ``between`` and ``youth`` are standard deviations."""

    name: str  # what is special about it
    stores: int = 60
    cashiers: int = 8  # of each store
    sales: int = 300  # alcohol sales of a cashier in the window, in the median
    careless: float = 0.03  # share of the cashiers
    asks: float = 0.6  # share that a careless one asks of those whom others would ask
    between_cashiers: float = 0.4  # honest ones, in the logarithm of the odds of asking
    between_stores: float = 0.3  # likewise
    youth: float = 0.6  # between stores, in the logarithm of the share of young customers


SCENARIOS = (
    Scenario("as described"),
    Scenario("honest cashiers all alike", between_cashiers=0.0, between_stores=0.0),
    Scenario("nobody careless", careless=0.0),
    Scenario("stores differ much in young customers", youth=1.2),
    Scenario("four stores, 20 cashiers", stores=4, cashiers=5, careless=0.05, sales=500),
    Scenario("half the sales", sales=150),
    Scenario("careless ones ask hardly anybody", asks=0.2),
)


@dataclass(frozen=True)
class Chain:
    """A simulated window: one element a sale, or by cashier where said."""

    owner: NDArray[np.int64]  # cashier of each sale
    store: NDArray[np.int64]  # by cashier
    careless: NDArray[np.bool_]  # by cashier
    heavy: NDArray[np.bool_]  # by cashier: in a store of the tenth with the most young customers
    hour: NDArray[np.int64]
    p_under: NDArray[np.float64]
    estimate: NDArray[np.float64]
    handled: NDArray[np.bool_]


@dataclass(frozen=True)
class Named:
    """How many a method named, over many chains, and of how many."""

    honest: int
    honest_in_heavy: int
    careless: int
    of_honest: int
    of_honest_in_heavy: int
    of_careless: int
    false_share: float  # of those named, the honest: mean over the chains, 0 where nobody is named


def simulate(scenario: Scenario, rng: np.random.Generator) -> Chain:
    """Simulate a window of a chain."""
    stores, count = scenario.stores, scenario.stores * scenario.cashiers
    youth = np.exp(rng.normal(0, scenario.youth, stores))
    store = np.repeat(np.arange(stores), scenario.cashiers)
    sales = rng.poisson(scenario.sales * np.exp(rng.normal(0, 0.5, count)))
    shift = rng.normal(0, scenario.between_cashiers, count)
    shift += rng.normal(0, scenario.between_stores, stores)[store]
    careless = rng.random(count) < scenario.careless
    owner = np.repeat(np.arange(count), sales)
    age = _ages(youth[store[owner]], rng)
    hour = np.where(rng.random(len(owner)) < rng.random(count)[owner], _EVENING, 12)
    looks = age + rng.normal(0, 2.5, len(age))
    asks = np.interp(looks, [25, 28, 32, 40], [0.94, 0.5, 0.18, 0.02])
    asks = expit(logit(asks) + shift[owner] - 0.4 * (hour == _EVENING))
    asks = np.where(careless[owner], asks * scenario.asks, asks)
    p_under, estimate = _seen(age + rng.normal(0, _SPREAD, len(age)))
    heaviest = np.argsort(-youth)[: max(1, round(stores * _HEAVIEST))]
    return Chain(
        owner=owner,
        store=store,
        careless=careless,
        heavy=np.isin(store, heaviest),
        hour=hour,
        p_under=p_under,
        estimate=estimate,
        handled=rng.random(len(asks)) < asks,
    )


def named(chain: Chain, method: str) -> NDArray[np.bool_]:
    """Whom a method names, by cashier."""
    count = len(chain.store)
    young = chain.estimate < _CHALLENGE
    if method == "audit":
        peers = cashiers(_check_counts(chain), min_exposure=10, false_lead_share=0.05)
        names = {unit.cashier_id for unit in peers.outliers("below")}
        return np.array([_cashier(number) in names for number in range(count)])
    sales = np.bincount(chain.owner, minlength=count)
    due = np.bincount(chain.owner, young, count)
    flags = np.bincount(chain.owner, young & ~chain.handled, count)
    rate = 1 - flags / np.maximum(due, 1)
    if method == "limits":
        lower = limits(1 - flags.sum() / due.sum(), np.maximum(due, 1), 0.95)[:, 0]
        return np.asarray((due >= 10) & (rate < lower))
    score = flags / np.maximum(sales, 1) if method == "flags" else -rate
    worst = np.argsort(-score, kind="stable")[: round(count / 20)]
    return np.isin(np.arange(count), worst)


def _check_counts(chain: Chain) -> pa.Table:
    likelihood = np.searchsorted(CLASSES, chain.p_under, side="right") - 1
    cells, cell = np.unique(
        np.stack([chain.owner, chain.hour, likelihood]), axis=1, return_inverse=True
    )
    owner, hour, classes = cells
    sales = np.bincount(cell)
    return CHECK_COUNTS.conform(
        pa.table(
            {
                "store_id": [f"S{chain.store[number]:05}" for number in owner],
                "cashier_id": [_cashier(number) for number in owner],
                "from_hour": hour,
                "likelihood": classes,
                "sales": sales,
                "handled": np.bincount(cell, chain.handled).astype(int),
                "refused": np.zeros(len(sales), int),
                "unrecorded": np.zeros(len(sales), int),
            }
        )
    )


def measure(scenario: Scenario, chains: int, seed: int = 1) -> dict[str, Named]:
    """Whom each method names over so many chains."""
    rngs = (np.random.default_rng([seed, number]) for number in range(chains))
    simulated = [simulate(scenario, rng) for rng in rngs]
    return {method: _over_all(simulated, method) for method in METHODS}


def _over_all(chains: Sequence[Chain], method: str) -> Named:
    counts = []
    for chain in chains:
        found, honest = named(chain, method), ~chain.careless
        groups = honest, honest & chain.heavy, chain.careless
        counts.append([*((found & group).sum() for group in groups), *map(np.sum, groups)])
    honest_named, _, careless_named, *_ = np.array(counts).T
    false_shares = honest_named / np.maximum(honest_named + careless_named, 1)
    return Named(*[*np.sum(counts, axis=0).tolist(), float(false_shares.mean())])


def _cashier(number: int) -> str:
    return f"C{number:05}"


def _ages(youth: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    weights = np.where(_STARTS < _CHALLENGE, _WEIGHTS * youth[:, None], _WEIGHTS)
    cumulative = np.cumsum(weights, axis=1)
    band = (rng.random(len(youth))[:, None] * cumulative[:, -1:] > cumulative).sum(axis=1)
    return np.asarray(_STARTS[band] + rng.random(len(youth)) * (_ENDS - _STARTS)[band])


def _seen(seen: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """P(under the challenge age) and estimate of buyers who look so old to the model."""
    at = np.linspace(-20, 120, 1401)
    ages = np.arange(14, 85)
    band = np.searchsorted(_STARTS, ages, side="right") - 1
    prior = (_WEIGHTS / (_ENDS - _STARTS))[band]
    posterior = prior * norm.pdf(at[:, None], ages + 0.5, _SPREAD)
    posterior /= posterior.sum(axis=1, keepdims=True)
    under, mean = posterior[:, ages < _CHALLENGE].sum(axis=1), posterior @ ages
    return np.interp(seen, at, under), np.interp(seen, at, mean)


@click.command()
@click.option("--chains", default=20, show_default=True, help="Simulated a scenario.")
@click.option("--seed", default=1, show_default=True)
def main(*, chains: int, seed: int) -> None:
    """Print whom each method names, scenario by scenario."""
    head = ["chain", "method", "honest named", "in the most youthful stores", "careless found"]
    print(table([*head, "honest of those named"], []))
    for scenario in SCENARIOS:
        print(*_rows(scenario, measure(scenario, chains, seed)), sep="\n", flush=True)


def _rows(scenario: Scenario, totals: dict[str, Named]) -> Sequence[str]:
    def share(part: int, whole: int) -> str:
        return f"{part / whole:.1%} ({part} of {whole})" if whole else "none"

    return [
        f"| {scenario.name} | {method} | {share(n.honest, n.of_honest)} "
        f"| {share(n.honest_in_heavy, n.of_honest_in_heavy)} "
        f"| {share(n.careless, n.of_careless)} | {n.false_share:.0%} |"
        for method, n in totals.items()
    ]


if __name__ == "__main__":
    main()
