"""The baskets that may be analysed by age group: with a frame, where the policy has a basis."""

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from auditor.clock.local_time import wall_clock
from auditor.policy import Policy, Rules
from auditor.sales.alcohol import Alcohol
from auditor.sales.claims import NONE
from auditor.sales.codes import coded, spans
from auditor.sales.identity import SALE_KEY
from auditor.sales.matching import Matches
from auditor.sales.transactions import Transactions
from auditor.tables import PURCHASES


def baskets(  # noqa: PLR0913  # where all of a transaction comes together, as for a sale
    divided: Transactions,
    heads: pa.Table,
    alcohol: Alcohol,
    *,
    index: pa.Table,
    matches: Matches,
    rules: dict[str, Rules],
    policy: Policy,
    day: date,
) -> pa.Table:
    """Choose the baskets that the policy lets be analysed by age group.

    ``heads`` has a row a transaction, with the time of its sale, ``index`` the
    frames, ``rules`` those of each store.

    Returns:
        tables.PURCHASES, in the order of the transactions.
    """
    store = coded(heads["store_id"])
    held = np.array([policy.insights.hold(day, name) for name in store.distinct], np.bool_)
    if not held.any():
        return PURCHASES.empty()
    wanted = held[store.codes] & divided.sold & (matches.frame_of != NONE)
    if policy.insights.baskets == "alcohol":
        wanted &= alcohol.sale
    at = np.flatnonzero(wanted)
    chosen = heads.take(pa.array(at))
    stores: list[str] = chosen["store_id"].to_pylist()
    sold_at = pd.DatetimeIndex(chosen["sold_at"].to_pandas())
    clock = wall_clock(sold_at, [rules[name].time_zone for name in stores])
    since_midnight = clock - clock.astype("datetime64[D]")
    columns = {name: chosen[name] for name in SALE_KEY}
    columns |= {
        # The nearest of several frames: a basket that is no alcohol sale is not judged by anybody,
        # so that its other frames are not worth their time.
        "snapshot_path": index["path"].take(pa.array(matches.frame_of[at])),
        "hour": pa.array(since_midnight // np.timedelta64(1, "h"), pa.int8()),
        "alcohol_sale": pa.array(alcohol.sale[at]),
        "currency": pa.array([rules[name].currency for name in stores], pa.string()),
        "lines": lines_of(divided, alcohol, at, PURCHASES.arrow.field("lines").type),
    }
    return PURCHASES.conform(pa.table(columns))


def lines_of(
    divided: Transactions, alcohol: Alcohol, at: npt.NDArray[np.int64], kind: pa.ListType
) -> pa.Array:
    """The lines in the baskets of the transactions ``at`` some positions, one list per transaction.

    ``kind`` is the type of the lists; their structs have fields of TILL_LINES, ``alcohol`` and
    ``refused``.
    """
    starts, ends = divided.starts[at], divided.ends[at]
    where = spans(starts, ends)
    basket = np.repeat(np.arange(len(at)), ends - starts)
    within = alcohol.articles.in_basket[where]
    where, basket = where[within], basket[within]
    lines = divided.lines.take(pa.array(where))
    for name, flags in (("alcohol", alcohol.lines), ("refused", alcohol.articles.refused)):
        lines = lines.append_column(name, pa.array(flags[where]))
    fields = list(kind.value_type)
    children = [lines[field.name].combine_chunks() for field in fields]
    lengths = np.bincount(basket, minlength=len(at))
    offsets = np.append(0, np.cumsum(lengths)).astype(np.int32)
    structs = pa.StructArray.from_arrays(children, fields=fields)
    return pa.ListArray.from_arrays(pa.array(offsets), structs, type=kind)
