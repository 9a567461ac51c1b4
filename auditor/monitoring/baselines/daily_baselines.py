"""What is stored of a day for later days: its figures, and tables of counts made of its ledger."""

from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from auditor.monitoring.baselines import day_figures
from auditor.monitoring.cameras.counting import count_cameras
from auditor.monitoring.id_check_quality.counting import count_ages, count_quality
from auditor.monitoring.staff.exposure import count_checks
from auditor.policy import Policy, Rules
from auditor.storage.daily import write_daily
from auditor.storage.place import Place
from auditor.tables import DAILY, DAY_FIGURES

#: By the names of tables.DAILY, the figures aside: from the LEDGER of a store, its rules, and the
#: age model's name and version to a table of counts.
AGGREGATES: Mapping[str, Callable[[pa.Table, Rules, str], pa.Table]] = {
    "checks": lambda ledger, rules, _: count_checks(ledger, ZoneInfo(rules.time_zone)),
    "id_check_quality": lambda ledger, rules, _: count_quality(ledger, rules),
    "recorded_ages": lambda ledger, rules, _: count_ages(ledger, rules),
    "cameras": count_cameras,
}


class DailyBaselines:
    """Taken store by store, written for all of them at once."""

    def __init__(
        self, day: date, policy: Policy, model: str, counts: Collection[str] = tuple(AGGREGATES)
    ) -> None:
        """Start a day.

        ``model`` is the name and version of the age model; ``counts`` names the tables of
        ``AGGREGATES`` that are made beside the figures.
        """
        self._day, self._policy, self._model = day, policy, model
        self._figures: list[dict[str, Any]] = []
        self._counts: dict[str, list[pa.Table]] = {name: [] for name in counts}

    def add(self, store_day: Mapping[str, Any], ledger: pa.Table) -> None:
        """Take a store's row of STORE_DAYS and its LEDGER."""
        rules = self._policy.rules(self._day, store_day["store_id"])
        basis = {"day": self._day, "model": self._model, "challenge_age": rules.challenge_age}
        self._figures.append(basis | day_figures.count(store_day, ledger))
        for name, found in self._counts.items():
            found.append(AGGREGATES[name](ledger, rules, self._model))

    def write(self, out: Place, *, of_stores: Collection[str] = ()) -> None:
        """Write all of it: of the whole day, or of some stores beside the others'."""
        tables = {"figures": DAY_FIGURES.from_rows(self._figures)}
        for name, found in self._counts.items():
            tables[name] = pa.concat_tables([DAILY[name].empty(), *found])
        for name, rows in tables.items():
            write_daily(out, name, self._day, rows, of_stores=of_stores)
