"""What is alcohol, and from which age on: by category, by what the till required, of what sold."""

from typing import Any

import pytest

from auditor.sales.outcomes import assign_outcomes
from auditor.tables import FRAME_SCORES
from tests.support.samples import DAY, policy
from tests.support.till_receipts import (
    Row,
    bread,
    check_line,
    collected,
    is_sale,
    item,
    sale_of,
    tobacco,
)

GERMAN = {"legal_age_by_category": {"beer": 16, "Wine": 16, "spirits": 18}}


def beer(**cells: Any) -> Row:
    return item("beer", category="beer", **cells)


def spirits(**cells: Any) -> Row:
    return item("gin", category="Spirits", **cells)


@pytest.mark.parametrize(
    ("lines", "age"),
    [
        ([beer()], 16),
        ([item("wine", category="wine")], 16),
        ([spirits()], 18),
        ([beer(), spirits()], 18),
        ([spirits(), beer()], 18),
        ([item("cider", category="cider")], 18),  # no age of its own: the store's
        ([beer(), spirits(check="refused")], 16),
        ([beer(check="refused"), spirits(check="refused")], 18),
        ([beer(), spirits(), spirits(quantity="-1", amount="-2.00")], 16),
        ([beer(), spirits(line_type="void")], 16),
        ([beer(), tobacco(required_age=18)], 16),
        ([beer(required_age=18)], 18),
        ([spirits(required_age=21)], 21),
        ([spirits(required_age=16)], 16),
        ([beer(required_age=18), spirits(required_age=16)], 18),
        ([check_line("id_viewed", required_age=21), beer()], 21),
        ([check_line("id_viewed", required_age=21), beer(), bread()], 21),
        ([check_line("id_viewed", required_age=18), beer(), tobacco()], 16),
        ([check_line("id_viewed", required_age=16), spirits()], 18),
        ([check_line("id_viewed", required_age=21), item("cider", category="cider")], 21),
    ],
)
def test_the_legal_age_is_the_highest_of_the_alcohol_sold(lines: list[Row], age: int) -> None:
    assert sale_of(*lines, **GERMAN)["legal_age"] == age


def test_without_ages_by_category_the_stores_age_holds() -> None:
    assert sale_of(spirits(), legal_age=20)["legal_age"] == 20
    override = [{"stores": ["S2"], "legal_age_by_category": {"spirits": 21}}]
    assert sale_of(spirits(), override=override)["legal_age"] == 18
    assert sale_of({**spirits(), "store_id": "S2"}, override=override)["legal_age"] == 21


def test_a_till_that_requires_more_than_the_challenge_age_raises_it() -> None:
    sale = sale_of(beer(required_age=30), **GERMAN)

    assert (sale["legal_age"], sale["challenge_age"]) == (30, 30)


@pytest.mark.parametrize(
    ("ages", "sold", "years", "underage"),
    [
        ({"beer": 16, "spirits": 18}, beer, 17, False),
        ({"beer": 16, "spirits": 18}, beer, 15, True),
        ({"beer": 16, "spirits": 18}, spirits, 17, True),
        ({"beer": 18, "spirits": 21}, beer, 20, False),
        ({"beer": 18, "spirits": 21}, spirits, 20, True),
        ({"beer": 18, "spirits": 21}, spirits, 21, False),
    ],
)
def test_recorded_underage_is_by_the_age_of_what_was_sold(
    ages: dict[str, int], sold: Any, years: int, *, underage: bool
) -> None:
    rules = policy(legal_age_by_category=ages)
    born = DAY.replace(year=DAY.year - years)
    result = collected(sold(check="id_scanned", birth_date=born), legal_age_by_category=ages)

    decided = assign_outcomes(result.sales, FRAME_SCORES.empty(), {"S1": rules.rules(DAY, "S1")})

    assert decided["outcome"].to_pylist() == ["flagged" if underage else "id_checked"]
    assert decided["reason"].to_pylist() == ["recorded_underage" if underage else None]


@pytest.mark.parametrize(
    ("cells", "alcohol"),
    [
        ({"description": "Jever Fun ALKOHOLFREI 0,5"}, False),
        ({"description": "Lager alcohol free 330ml"}, False),
        ({"description": "Lager 330ml"}, True),
        ({"description": None}, True),
        ({"category": "Beer 0.0"}, False),
        ({"sku": "seltzer", "category": "BEER 0.0"}, True),
        ({"sku": "seltzer", "description": "not alcohol free at all"}, True),
    ],
)
def test_what_is_free_of_alcohol_is_known_by_category_or_name(cells: Row, *, alcohol: bool) -> None:
    """An article that the policy names by its number is alcohol whatever it is called."""
    rules = {
        "alcohol_categories": ["beer"],
        "alcohol_free_categories": ["beer 0.0"],
        "alcohol_free_names": ["*Alkoholfrei*", "*alcohol free*"],
        "alcohol_skus": ["seltzer"],
    }

    assert is_sale(item(**cells), **rules) is alcohol


@pytest.mark.parametrize("category", ["gift cards", "deposit", "tobacco", "knives", None])
def test_what_else_is_restricted_or_paid_for_is_not_alcohol(category: str | None) -> None:
    restricted = item("other", category=category, check="id_scanned", required_age=18)

    assert not is_sale(bread(), restricted)
    assert not is_sale(bread(), restricted, **GERMAN)


def test_a_name_makes_nothing_free_of_alcohol_unless_the_policy_says_so() -> None:
    assert is_sale(item(description="Lager alcohol free"))
