"""Whether the policy knows the alcohol of an export, before any day was audited."""

from collections import Counter
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from auditor.policy import Policy
from auditor.report.text import words
from auditor.sales.goods import alcohol_lines, named_lines
from auditor.sales.line_types import of_type
from auditor.tables import NO_CHECK


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
    asked = ~pc.is_in(lines["id_check"], pa.array(NO_CHECK)).to_numpy()
    of_selling = pc.is_in(lines["store_id"], pa.array(selling, pa.string())).to_numpy()
    unnamed = of_type(lines, "item") & asked & of_selling & ~named_lines(lines, rules)
    counts = Counter(lines["category"].filter(pa.array(unnamed)).fill_null("").to_pylist())
    return [
        f"{f'“{words.visible(name, 60)}”' if name else 'lines without a category'} ({count})"
        for name, count in counts.most_common()
    ]
