"""What kind of line each line of an export is."""

import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import Flags


def of_type(lines: pa.Table, *types: str) -> Flags:
    """Which of TILL_LINES are of one of these LINE_TYPES; a line that does not say is an item."""
    flags: Flags = pc.is_in(lines["line_type"].fill_null("item"), pa.array(types)).to_numpy()
    return flags
