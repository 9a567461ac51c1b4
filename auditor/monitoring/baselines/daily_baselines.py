"""What is put in place of a day for the days to come: its figures, and its tables of counts."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import pyarrow as pa

from auditor.monitoring.baselines import day_figures
from auditor.monitoring.baselines.daily_counts import AGGREGATES
from auditor.policy import Policy
from auditor.storage.daily import write_daily
from auditor.storage.place import Place
from auditor.tables import DAILY


class DailyBaselines:
    """Taken store by store, written for all of them at once."""

    def __init__(
        self, day: date, policy: Policy, model: str, counts: Collection[str] = tuple(AGGREGATES)
    ) -> None:
        """Start a day.

        Args:
            day: the business day.
            policy: in force.
            model: name and version of the age model.
            counts: which tables of aggregates.AGGREGATES are made, beside the figures.
        """
        self._day, self._policy, self._model = day, policy, model
        self._figures: list[dict[str, Any]] = []
        self._counts: dict[str, list[pa.Table]] = {name: [] for name in counts}

    def add(self, store_day: Mapping[str, Any], ledger: pa.Table) -> None:
        """Take a store's row of STORE_DAYS and its LEDGER."""
        rules = self._policy.rules(self._day, store_day["store_id"])
        self._figures.append(
            day_figures.of_store(
                self._day,
                store_day,
                ledger,
                challenge_age=rules.challenge_age,
                model=self._model,
            )
        )
        for name, found in self._counts.items():
            found.append(AGGREGATES[name](ledger, rules, self._model))

    def write(self, out: Place, *, of_stores: Collection[str] = ()) -> None:
        """Put all of it in place: of the whole day, or of some stores beside the others'."""
        for name, found in self._counts.items():
            whole = pa.concat_tables([DAILY[name].empty(), *found])
            write_daily(out, name, self._day, whole, of_stores=of_stores)
        figures = day_figures.table(self._figures)
        write_daily(out, "figures", self._day, figures, of_stores=of_stores)
