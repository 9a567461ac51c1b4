"""The gate between the audit and the analysis by age group: what it lets through, and what not.

Inside it, baskets still have their transaction, by which they find the probabilities that their
frame was given. What comes out is tables.INSIGHTS: no transaction, till, cashier, frame, face, ID
check, outcome, or minute; probabilities over the policy's age groups in hundredths, so that they
are not the ledger's numbers; rows in an order that is not that of time.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.faces.ages import in_hundredths
from auditor.sales.identity import SALE_KEY
from auditor.tables import INSIGHTS, POSTERIORS, PURCHASES


def unscored(purchases: pa.Table) -> pa.Table:
    """The baskets whose frames the audit itself does not score: those that are no alcohol sale."""
    return purchases.filter(pc.invert(purchases["alcohol_sale"]))


def posteriors(keys: pa.Table, rows: Iterable[dict[str, Any]]) -> pa.Table:
    """What was said of the age groups of some sales' buyers.

    Args:
        keys: ``store_id, transaction_id`` of the sales that were scored, in their order.
        rows: of tables.FRAME_SCORES; ``frame`` is the position of the sale. Those without
            ``groups`` are left out.

    Returns:
        tables.POSTERIORS.
    """
    told = [(row["frame"], row["groups"]) for row in rows if row.get("groups") is not None]
    at = pa.array([number for number, _ in told], pa.int64())
    table = keys.select(SALE_KEY).take(at)
    return POSTERIORS.conform(
        table.append_column("groups", pa.array([groups for _, groups in told], _GROUPS))
    )


def let_through(
    purchases: pa.Table, told: pa.Table, *, model: str, group_starts: Sequence[int]
) -> pa.Table:
    """The baskets of which an age group can be said, without what would tell whose they are.

    Args:
        purchases: tables.PURCHASES.
        told: tables.POSTERIORS of these and perhaps of others.
        model: name and version of the age model.
        group_starts: ages at which the groups begin.

    Returns:
        tables.INSIGHTS, a row a basket with an estimate, sorted by what is in it.
    """
    wanted: pd.DataFrame = purchases.select(SALE_KEY).to_pandas()
    known: pd.DataFrame = told.select(SALE_KEY).to_pandas().assign(row=np.arange(told.num_rows))
    found = wanted.merge(known, on=list(SALE_KEY), how="left", validate="one_to_one")["row"]
    has = found.notna().to_numpy()
    kept = purchases.filter(pa.array(has))
    groups = told["groups"].take(pa.array(found[has], pa.int64()))
    said = np.array(groups.to_pylist(), np.float64).reshape(-1, len(group_starts) + 1)
    columns = {name: kept[name] for name in PURCHASES.names if name in INSIGHTS.names}
    columns |= {
        "model": pa.array([model] * kept.num_rows, pa.string()),
        "group_starts": pa.array([",".join(map(str, group_starts))] * kept.num_rows, pa.string()),
        "groups": pa.array(in_hundredths(said).tolist(), _GROUPS),
    }
    table = INSIGHTS.conform(pa.table({name: columns[name] for name in INSIGHTS.names}))
    order = sorted(range(table.num_rows), key=_content(table).__getitem__)
    return table.take(pa.array(order, pa.int64()))


_GROUPS = POSTERIORS.arrow.field("groups").type


def _content(table: pa.Table) -> list[tuple[str, ...]]:
    """What a row holds, as something that sorts: the order in which baskets came is not kept."""
    names = ("hour", "lines", "groups")
    return list(zip(*(map(repr, table[name].to_pylist()) for name in names), strict=True))
