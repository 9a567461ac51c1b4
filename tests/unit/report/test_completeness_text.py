"""What is said of sales that the audit does not see."""

from auditor.monitoring.completeness import Completeness, UnknownCategory
from auditor.report.text.completeness import input_note, unaudited, unaudited_articles


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


def test_articles_that_sound_like_alcohol_are_counted_with_an_example_of_each_category() -> None:
    found = Completeness(
        categories=(
            UnknownCategory("articles", "S001", None, 9, 0, sounding=2, example="Cognac"),
            UnknownCategory("articles", "S002", "Misc", 5, 0, sounding=1, example="Vodka"),
            UnknownCategory("articles", "S003", "misc", 1, 0, sounding=1, example="Gin"),
        )
    )
    assert unaudited(found) == []
    (clause,) = unaudited_articles(found)
    assert clause.replace("\u00a0", " ") == (
        "articles that the policy does not name sound like alcohol: 2 of 9 lines without a category"
        " (such as “Cognac”), 2 of 6 lines in “Misc” (such as “Vodka”)"
    )
    assert unaudited_articles(Completeness()) == []


def test_sheets_that_nothing_reads_are_named() -> None:
    assert input_note("unread_sheet", None, ("Cover", "Old"), 0) == (
        "Sheets of Excel workbooks that nobody read: “Cover”, “Old”."
    )


def test_returns_by_their_type_have_a_remedy_of_their_own() -> None:
    by_sign = input_note("alcohol_returned", None, ("S1",), 3)
    by_type = input_note("alcohol_returned", "line_type", ("S1",), 3)
    assert "divide = -1" in by_sign
    assert "divide" not in by_type
    assert "line_type return" in by_type
