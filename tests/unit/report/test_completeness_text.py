"""What is said of sales that the audit does not see."""

from auditor.monitoring.completeness import Completeness, UnknownCategory
from auditor.report.text.completeness import unaudited


def test_lines_without_a_category_are_said_apart_from_what_the_policy_does_not_name() -> None:
    found = Completeness(
        categories=(
            UnknownCategory("checked", "S001", "Wein", 2, 1),
            UnknownCategory("checked", "S001", None, 1, 1),
            UnknownCategory("checked", "S002", None, 2, 1),
            UnknownCategory("sounds_so", "S001", "Beers", 4, 0),
        )
    )
    assert [clause.replace("\u00a0", " ") for clause in unaudited(found)] == [
        "the policy does not name “Wein” (2 lines, 1 with an ID check)",
        "3 lines without a category, 2 with an ID check",
        "the policy does not name “Beers” (4 lines), and the name sounds like alcohol",
    ]
