"""What the policy knows of goods: alcohol and what is named otherwise are told by one rule."""

from fnmatch import fnmatch
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sales.goods import alcohol_lines, freed_lines, named_lines
from auditor.tables import TILL_LINES
from tests.support.samples import DAY, policy
from tests.support.till_receipts import check_line, collected, item

GTIN = "036000291452"
RULES = {
    "alcohol_categories": ["Beer"],
    "alcohol_free_categories": ["Beer 0.0"],
    "alcohol_free_names": ["*alcohol free*"],
    "alcohol_skus": ["trifle"],
    "alcohol_free_skus": [GTIN, "zero"],
    "other_categories": ["tobacco"],
}
SKU = st.sampled_from(["trifle", "zero", GTIN, GTIN.lstrip("0"), f"00{GTIN}", "other"])
CATEGORY = st.sampled_from(
    ["beer", " BEER ", "Beer 0.0", "tobacco", "Tobacco ", "bakery", "", None]
)
NAME = st.sampled_from(["Lager", "Lager Alcohol Free 0,5", "", None])


def told(sku: str, category: str | None, description: str | None) -> tuple[bool, bool]:
    """Whether a line is alcohol, and whether the policy names it."""
    lines = TILL_LINES.from_rows([item(sku, category=category, description=description)])
    rules = {"S1": policy(**RULES).rules(DAY, "S1")}
    return bool(alcohol_lines(lines, rules)[0]), bool(named_lines(lines, rules)[0])


@given(SKU, CATEGORY, NAME)
def test_a_line_is_known_exactly_where_a_rule_decides_that_it_is_alcohol_or_not(
    sku: str, category: str | None, description: str | None
) -> None:
    by_number = {"trifle": True, "zero": False, GTIN.lstrip("0"): False}.get(sku.lstrip("0"))
    by_name = False if fnmatch((description or "").lower(), "*alcohol free*") else None
    by_category = {"beer": True, "beer 0.0": False, "tobacco": False}
    of_category = by_category.get((category or "").strip().lower())
    decided = next((d for d in (by_number, by_name, of_category) if d is not None), None)

    assert told(sku, category, description) == (decided is True, decided is not None)


@pytest.mark.parametrize(
    ("pattern", "name", "free"),
    [
        ("*0,0*", "Pils 0,0 %", True),
        ("*0,0*", "0,0% Pils 0,5l", True),
        ("*0,0*", "Wodka 40,0 % vol", False),
        ("*0,0*", "Starkbier 10,0%", False),
        ("*0,0*", "Rum 80,0%", False),
        ("*0,0*", "Korn 0,02 l", False),
        ("*0.0*", "Rum 1,000.0", False),
        ("*0%*", "Vodka 40%", False),
        ("*0%*", "Lager 0%", True),
        ("*alcohol free*", "Alcohol-free lager", True),
        ("*Alcohol-Free*", "ALCOHOL FREE LAGER", True),
        ("[a-c]*", "Beck's", True),
        ("?0", "20", True),
        ("*a*b", "a\nb", True),
    ],
)
def test_a_number_in_a_pattern_of_names_is_a_whole_number(
    pattern: str, name: str, *, free: bool
) -> None:
    lines = TILL_LINES.from_rows([item("x", category="beer", description=name)])
    rules = {"S1": policy(alcohol_free_names=[pattern]).rules(DAY, "S1")}
    assert bool(alcohol_lines(lines, rules)[0]) is not free
    assert bool(freed_lines(lines, rules)[0]) is free


@pytest.mark.parametrize(
    "known",
    [
        {"description": "Lager alcohol free"},
        {"sku": GTIN.lstrip("0")},
        {"sku": f"00{GTIN}"},
        {"sku": "trifle"},
        {"category": " Tobacco"},
    ],
)
def test_what_the_policy_names_explains_the_check_of_its_transaction(known: dict[str, Any]) -> None:
    lines = [
        item("new", category="Wein", check="id_viewed"),
        item(**({"sku": "x", "category": "other"} | known), check="id_viewed"),
    ]

    counts = {
        r["category"]: r["checked"] for r in collected(*lines, **RULES).categories.to_pylist()
    }

    assert set(counts.values()) == {0}
    assert collected(lines[0], **RULES).categories["checked"].to_pylist() == [1]


@pytest.mark.parametrize(("check", "checked"), [("refused", 0), ("id_viewed", 1)])
def test_a_refusal_on_a_line_of_its_own_is_not_of_what_was_sold(check: str, checked: int) -> None:
    """The till takes the refused beer off the receipt; the milk beside it is sold."""
    milk, asked = item("milk", category="dairy"), check_line(check, line_type="id_check")
    assert collected(milk, asked).categories["checked"].to_pylist() == [checked]
    own = item("x", category="Wein", check="refused")
    assert collected(own).categories["checked"].to_pylist() == [1]
