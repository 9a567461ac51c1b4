"""What kind of line each line of an export is."""

import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import Flags


def of_type(lines: pa.Table, *types: str) -> Flags:
    """Which of TILL_LINES are of one of these LINE_TYPES.

    A line that does not say is an item, and so is a return.
    """
    if "item" in types:
        types = (*types, "return")
    flags: Flags = pc.is_in(lines["line_type"].fill_null("item"), pa.array(types)).to_numpy()
    return flags


def are_totals(lines: pa.Table) -> Flags:
    """Which of TILL_LINES are a till's own totals: of the type ``control``, and of no receipt.

    One that says what became of a receipt, such as a post-void, is no total: it names the receipt
    in ``resumes``, or has a state other than ``completed``, which tills write of totals too.
    """
    state = lines["transaction_state"].fill_null("completed")
    of_receipt = pc.or_(pc.is_valid(lines["resumes"]), pc.not_equal(state, "completed"))
    flags: Flags = of_type(lines, "control") & ~of_receipt.to_numpy()
    return flags
