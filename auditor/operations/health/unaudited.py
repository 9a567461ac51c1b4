"""Whether the policy knows the alcohol of an export, before any day was audited."""

from collections import Counter
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from auditor.policy import Policy
from auditor.report.text import words
from auditor.sales.alcohol import alcohol_lines
from auditor.sales.categories import NOT_ASKED, folded_name, named_categories


def checked_categories(lines: pa.Table, day: date, policy: Policy) -> list[str]:
    """Categories with ID checks that the policy does not name, where no line is alcohol by it.

    Args:
        lines: columns of TILL_LINES that say what was sold.
        day: the day by whose rules.
        policy: a store of which no alcohol is named says that it sells none.

    Returns:
        Those with most checks first, each with its number of them, to be shown.
    """
    rules = {store: policy.rules(day, store) for store in pc.unique(lines["store_id"]).to_pylist()}
    if alcohol_lines(lines, rules).any():
        return []
    selling = [s for s, own in rules.items() if own.alcohol_categories or own.alcohol_skus]
    named = {store: named_categories(rules[store]) for store in selling}
    is_item = pc.equal(pc.fill_null(lines["line_type"], "item"), "item")
    asked = pc.invert(pc.is_in(lines["id_check"], pa.array(NOT_ASKED)))
    of_selling = pc.is_in(lines["store_id"], pa.array(selling, pa.string()))
    rows = lines.filter(pc.and_(pc.and_(is_item, asked), of_selling))
    counts = Counter[str]()
    by_category = rows.group_by(["store_id", "category"]).aggregate([([], "count_all")])
    for row in by_category.to_pylist():
        if folded_name(row["category"]) not in named[row["store_id"]]:
            counts[row["category"] or ""] += row["count_all"]
    return [
        f"{f'“{words.visible(name, 60)}”' if name else 'lines without a category'} ({count})"
        for name, count in counts.most_common()
    ]
