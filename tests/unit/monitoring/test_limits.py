"""What exceeds the policy's limits, and how it is said."""

import pytest

from auditor.inputs import LOST_SHEET
from auditor.monitoring.limits import exceeded, input_rows
from auditor.policy import ChainRules
from auditor.tables import REJECTS, STORE_DAYS


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (LOST_SHEET, "sheets that look like the others were not read, in workbooks: 2 (a, b)"),
        ("unreadable_file", "2 input files could not be used (a, b)"),
    ],
)
def test_a_file_or_sheet_that_is_not_read_exceeds_any_limit(reason: str, said: str) -> None:
    whole = {"stage": "inputs", "reason": reason, "detail": "", "row": None}
    rejects = [REJECTS.from_rows([whole | {"source": name}]) for name in ("b", "a", "a")]
    most = ChainRules(max_rejected_share=1, max_missing_stores=9)
    (found,) = exceeded(most, store_days=STORE_DAYS.empty(), outcomes={}, rejects=rejects)
    assert found.startswith(said)
    assert "not audited" in found
    # Nobody knows whether a sheet has rows; a file counts as one.
    rows = 0 if reason == LOST_SHEET else len(rejects)
    assert input_rows(STORE_DAYS.empty(), rejects) == (rows, rows)
