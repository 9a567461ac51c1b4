"""The sign of what was sold and given back, which tills write in different ways."""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.policy import Rules
from auditor.sales.alcohol import Alcohol
from auditor.sales.codes import coded
from auditor.sales.line_types import of_type
from auditor.sales.transactions import Transactions

#: Alcohol returns without a check below which it says nothing that there are more than sales.
LEAST_RETURNS = 3


def returns_negative(lines: pa.Table) -> pa.Table:
    """TILL_LINES with a minus before quantity and amount of each line of the type ``return``."""
    returned = pa.array(of_type(lines, "return"))
    if not pc.any(returned).as_py():
        return lines
    for name in ("quantity", "amount"):
        values = lines[name]
        negative = pc.negate(pc.abs(values)).cast(values.type)
        column = lines.column_names.index(name)
        field = lines.schema.field(column)
        lines = lines.set_column(column, field, pc.if_else(returned, negative, values))
    return lines


def maybe_sold(
    divided: Transactions, alcohol: Alcohol, rules: Mapping[str, Rules]
) -> dict[str, int]:
    """By store, the alcohol returns of a day on which these may be sales written with a minus.

    Few bring back what many buy, and mostly nobody is asked for ID to give something back. So it is
    a day with more returns than sales, if one of them carries a counting check or they are several.
    """
    stores = divided.heads["store_id"]
    store, check = (coded(divided.lines[name]) for name in ("store_id", "id_check"))
    counts = np.zeros((len(store.distinct), len(check.distinct)), np.bool_)
    for at, name in enumerate(store.distinct):
        counts[at] = [c in rules[name].counting_checks for c in check.distinct]
    checked = np.zeros(len(divided.starts), np.bool_)
    checked[divided.owner[counts[store.codes, check.codes]]] = True
    returns, asked, sales = (
        Counter(stores.filter(pa.array(which)).to_pylist())
        for which in (alcohol.returned, alcohol.returned & checked, alcohol.sale)
    )
    return {
        name: number
        for name, number in sorted(returns.items())
        if number > sales[name] and (asked[name] or number >= LEAST_RETURNS)
    }
