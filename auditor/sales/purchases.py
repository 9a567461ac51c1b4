"""The border between the audit and the analysis by age group.

On this side baskets still have their sale's key, by which each finds the probabilities of its
buyer's age groups. What crosses is tables.INSIGHTS: no transaction, till, cashier, frame, face, ID
check, outcome or minute. Its probabilities are rounded to hundredths, so that they are not the
ledger's numbers, and its rows are not in the order of time.
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
    """The probabilities of the age groups of some sales' buyers.

    ``keys`` has the sales that were scored, in their order. ``rows`` are of tables.FRAME_SCORES,
    whose ``frame`` is the position of the sale; those without ``groups`` are left out.

    Returns:
        tables.POSTERIORS.
    """
    known = [(row["frame"], row["groups"]) for row in rows if row.get("groups") is not None]
    at = pa.array([number for number, _ in known], pa.int64())
    table = keys.select(SALE_KEY).take(at)
    return POSTERIORS.conform(
        table.append_column("groups", pa.array([groups for _, groups in known], _GROUPS))
    )


def let_through(
    purchases: pa.Table, posteriors: pa.Table, *, model: str, group_starts: Sequence[int]
) -> pa.Table:
    """The baskets with an estimate, without anything that identifies the buyer or the sale.

    Args:
        purchases: tables.PURCHASES.
        posteriors: tables.POSTERIORS of these and perhaps of others.
        model: name and version of the age model.
        group_starts: ages at which the groups begin.

    Returns:
        tables.INSIGHTS, a row a basket with an estimate, sorted by what is in it.
    """
    wanted: pd.DataFrame = purchases.select(SALE_KEY).to_pandas()
    known: pd.DataFrame = posteriors.select(SALE_KEY).to_pandas()
    known["row"] = np.arange(posteriors.num_rows)
    found = wanted.merge(known, on=list(SALE_KEY), how="left", validate="one_to_one")["row"]
    has = found.notna().to_numpy()
    kept = purchases.filter(pa.array(has))
    groups = posteriors["groups"].take(pa.array(found[has], pa.int64()))
    shares = np.array(groups.to_pylist(), np.float64).reshape(-1, len(group_starts) + 1)
    columns = {name: kept[name] for name in PURCHASES.names if name in INSIGHTS.names}
    columns |= {
        "model": pa.array([model] * kept.num_rows, pa.string()),
        "group_starts": pa.array([",".join(map(str, group_starts))] * kept.num_rows, pa.string()),
        "groups": pa.array(in_hundredths(shares).tolist(), _GROUPS),
    }
    table = INSIGHTS.conform(pa.table({name: columns[name] for name in INSIGHTS.names}))
    # Sorted by the content, so that the order of the sales is not kept.
    sorted_by = (map(repr, table[name].to_pylist()) for name in ("hour", "lines", "groups"))
    content = list(zip(*sorted_by, strict=True))
    order = sorted(range(table.num_rows), key=content.__getitem__)
    return table.take(pa.array(order, pa.int64()))


_GROUPS = POSTERIORS.arrow.field("groups").type
