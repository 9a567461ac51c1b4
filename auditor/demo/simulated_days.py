"""The days before the demo's first, simulated: the daily baselines that nightly runs would keep."""

from collections.abc import Callable, Collection
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from auditor.demo.catalogue import DAYS, STORES
from auditor.demo.simulated_sales import simulate_sales
from auditor.faces.model import Card
from auditor.monitoring.baselines import day_figures
from auditor.monitoring.baselines.daily_baselines import AGGREGATES, DailyBaselines
from auditor.policy import Policy
from auditor.sales.outcomes import assign_outcomes
from auditor.storage.place import Place
from auditor.tables import ByStore

#: Called with the number of days written, and of all.
Progress = Callable[[int, int], None]


def write_days(
    out: Place, policy: Policy, *, seed: int = 1, progress: Progress | None = None
) -> list[date]:
    """Write what a report of the demo's first day looks back on.

    The figures of the same weekdays before, and the counts of people and their checks of every day
    of the policy's window, for all stores of the demo.

    Returns:
        The days, the oldest first.

    Raises:
        ConfigurationError: no policy was in force on one of the days.
        OSError: they cannot be written.
    """
    recent = counted_days(policy)
    days = sorted({*recent, *day_figures.days_before(DAYS[0])})
    for done, day in enumerate(days, start=1):
        write_day(out, policy, day, names=tuple(AGGREGATES) if day in recent else (), seed=seed)
        if progress:
            progress(done, len(days))
    return days


def counted_days(policy: Policy) -> list[date]:
    """The days before the demo's first that its counts of people look back on, oldest first."""
    window = policy.chain_rules(DAYS[0]).people_window_days
    return [DAYS[0] - timedelta(days=back) for back in range(window - 1, 0, -1)]


def write_day(
    out: Place, policy: Policy, day: date, *, names: Collection[str], seed: int = 1
) -> None:
    """Write a day's figures, and the tables of counts named ``names``; see :func:`write_days`."""
    ledgers = ledger(day, policy, seed=seed)
    model = Card.read(policy.chain_rules(day).model).full_name
    kept = DailyBaselines(day, policy, model, names)
    for store_id, own in ledgers.items():
        kept.add({"store_id": store_id, "export_status": "read"}, own)
    kept.write(out)


def ledger(day: date, policy: Policy, *, seed: int = 1) -> dict[str, pa.Table]:
    """The simulated LEDGER of each of the demo's stores on a day, by store id.

    Raises:
        ConfigurationError: no policy was in force on the day.
    """
    rules = {shop.store_id: policy.rules(day, shop.store_id) for shop in STORES}
    sales, scores, rows = [], [], 0
    for shop in STORES:
        own = rules[shop.store_id]
        sold, scored = simulate_sales(shop, day, rules=own, seed=seed)
        place = scored.schema.get_field_index("frame")
        moved = pc.add(scored["frame"], rows)  # a score names its sale by its row
        sales.append(sold)
        scores.append(scored.set_column(place, scored.schema.field("frame"), moved))
        rows += sold.num_rows
    whole = ByStore(assign_outcomes(pa.concat_tables(sales), pa.concat_tables(scores), rules))
    return {store_id: whole.of(store_id) for store_id in rules}
