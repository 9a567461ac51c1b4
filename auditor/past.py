"""The counts that nightly runs would have stored before the demo's first day; simulated."""

from collections.abc import Iterable
from datetime import date, timedelta

import pyarrow as pa

from auditor import store
from auditor.aggregates import AGGREGATES
from auditor.decide import decide
from auditor.demo.catalogue import DAYS, STORES
from auditor.demo.past import simulate
from auditor.files import Place
from auditor.model import Card
from auditor.policy import Policy
from auditor.tables import COUNTED, LEDGER


def ledger(day: date, policy: Policy, *, seed: int = 1) -> dict[str, pa.Table]:
    """The simulated LEDGER of each of the demo's stores on a day, by store id.

    Raises:
        ConfigurationError: no policy was in force on the day.
    """
    mae_years = Card.read(policy.chain_rules(day).model).mae_years
    ledgers = {}
    for shop in STORES:
        rules = policy.rules(day, shop.store_id)
        sales, scores = simulate(shop, day, rules=rules, mae_years=mae_years, seed=seed)
        ledgers[shop.store_id] = LEDGER.conform(decide(sales, scores, {shop.store_id: rules}))
    return ledgers


def days_before(policy: Policy) -> list[date]:
    """The days that a page of the demo's first day looks back on, the oldest first."""
    window = policy.chain_rules(DAYS[0]).people_window_days
    return [DAYS[0] - timedelta(days=back) for back in range(window - 1, 0, -1)]


def write_past(out: Place, policy: Policy, days: Iterable[date], *, seed: int = 1) -> None:
    """Write the counts of days, all stores of the demo.

    Raises:
        ConfigurationError: no policy was in force on a day.
        OSError: they cannot be written.
    """
    for day in days:
        ledgers = ledger(day, policy, seed=seed)
        for name, aggregate in AGGREGATES.items():
            parts = [aggregate(own, policy.rules(day, s)) for s, own in ledgers.items()]
            counts = pa.concat_tables([COUNTED[name].empty(), *parts])
            store.write_counts(out, name, day, counts)
