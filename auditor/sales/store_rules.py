"""What the rules of its store give for each row of a table."""

from collections.abc import Callable, Mapping
from datetime import date

import numpy as np
import pyarrow as pa

from auditor.clock.local_time import Microseconds
from auditor.policy import Rules
from auditor.sales.codes import Codes, coded


def of_stores(rows: pa.Table, value: Callable[[str], int]) -> Codes:
    """The number of each row's store; ``value`` gives that of a ``store_id``."""
    store = coded(rows["store_id"])
    values = np.array([value(store_id) for store_id in store.distinct], np.int64)
    return values[store.codes]


def windows(
    rows: pa.Table, day: date, rules: Mapping[str, Rules]
) -> tuple[Microseconds, Microseconds]:
    """When the business day begins and ends in each row's store, microseconds since 1970 UTC."""
    store = coded(rows["store_id"])
    bounds = np.array([rules[store_id].window(day) for store_id in store.distinct], np.int64)
    start, end = bounds.reshape(-1, 2)[store.codes].T
    return start, end
