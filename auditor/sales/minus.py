"""The sign of what was sold and given back, which tills write in different ways."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import Flags
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


class GivenBack(NamedTuple):
    """Where alcohol was given back more often than sold: a store, or one of its tills.

    ``typed`` says that all of these lines are of the type ``return``.
    """

    store_id: str
    till_id: str | None
    typed: bool

    @property
    def place(self) -> str:
        """The store, or the till and its store, in words."""
        return self.store_id if self.till_id is None else f"till {self.till_id} of {self.store_id}"


def maybe_sold(
    divided: Transactions, alcohol: Alcohol, rules: Mapping[str, Rules]
) -> dict[GivenBack, int]:
    """The alcohol returns of a day on which these may be sales written with a minus, by place.

    Few bring back what many buy, and mostly nobody is asked for ID to give something back. So it is
    a store's day with more returns than sales, if one of them carries a counting check or they are
    several. Of other stores it is that of a till, by the returns that are of no type: a desk for
    returns may have them only.
    """
    store, check = (coded(divided.lines[name]) for name in ("store_id", "id_check"))
    counts = np.zeros((len(store.distinct), len(check.distinct)), np.bool_)
    for at, name in enumerate(store.distinct):
        counts[at] = [c in rules[name].counting_checks for c in check.distinct]
    checked, typed = np.zeros((2, len(divided.starts)), np.bool_)
    checked[divided.owner[counts[store.codes, check.codes]]] = True
    typed[divided.owner[alcohol.lines & of_type(divided.lines, "return")]] = True

    def doubtful(returned: Flags, *names: str) -> dict[tuple[str, ...], int]:
        places = divided.heads.select(names)
        returns, asked, sales = (
            Counter(tuple(row.values()) for row in places.filter(pa.array(which)).to_pylist())
            for which in (returned, returned & checked, alcohol.sale)
        )
        return {
            place: number
            for place, number in sorted(returns.items())
            if number > sales[place] and (asked[place] or number >= LEAST_RETURNS)
        }

    of_stores = doubtful(alcohol.returned, "store_id")
    untyped = set(divided.heads["store_id"].filter(pa.array(alcohol.returned & ~typed)).to_pylist())
    found = {GivenBack(name, None, name not in untyped): n for (name,), n in of_stores.items()}
    for (name, till), number in doubtful(alcohol.returned & ~typed, "store_id", "till_id").items():
        if (name,) not in of_stores:
            found[GivenBack(name, till, typed=False)] = number
    return found
