"""Who was due an ID check: a store's day as counts, small however many sales there were.

A sale counts by its buyer's probability to be under the challenge age, in classes of it: a flat
limit on the estimate would count a buyer of 24.9 like one of 15, and miss one of 25.1. What the
till could not have recorded, and whom the camera did not show, is in no class.
"""

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.sales.challenge import CHECK_DUE_FROM
from auditor.tables import CHECK_COUNTS

#: Lower ends of the classes of P(under the challenge age).
CLASSES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.85, 0.95)

#: The first class in which an ID check was due.
FIRST_DUE = CLASSES.index(CHECK_DUE_FROM)

#: Hours of the store's clock at which the parts of its day begin.
PARTS_OF_DAY = (0, 12, 17, 20)

_HANDLED = pa.array(["id_checked", "refused"])
_COUNTED = ("sales", "handled", "refused", "unrecorded")


def count_checks(ledger: pa.Table, zone: ZoneInfo) -> pa.Table:
    """Count one store's day: rows of LEDGER of stores in one zone, in any order.

    Returns:
        CHECK_COUNTS, sorted by its key.
    """
    is_recorded = pc.not_equal(ledger["id_check"], "not_recorded")
    handled = pc.is_in(ledger["outcome"], _HANDLED)
    refused = pc.equal(ledger["outcome"], "refused")
    hours = pd.DatetimeIndex(ledger["sold_at"].to_pandas()).tz_convert(zone).hour
    parts = np.array(PARTS_OF_DAY)[np.searchsorted(PARTS_OF_DAY, hours, side="right") - 1]
    classes = np.searchsorted(CLASSES, ledger["p_under_challenge"].to_numpy(), side="right") - 1
    seen = pc.is_valid(ledger["age"]).to_numpy()
    flags = zip(_COUNTED, (is_recorded, handled, refused, pc.invert(is_recorded)), strict=True)
    rows = pa.table(
        {
            "store_id": ledger["store_id"],
            "cashier_id": ledger["cashier_id"],
            "from_hour": pa.array(parts, pa.int8()),
            "likelihood": pa.array(classes.astype(np.int8), mask=~seen),
            **{name: flag.cast(pa.int32()) for name, flag in flags},
        }
    )
    return CHECK_COUNTS.add_up([rows])
