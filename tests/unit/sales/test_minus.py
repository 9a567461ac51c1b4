"""What was sold and given back, whichever sign the till writes."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sales import Collected
from auditor.sales.minus import GivenBack
from tests.support.till_receipts import Row, bread, collected, is_sale, item, sale_of


def at_noon(*lines: Row, receipts: int = 1) -> Collected:
    """What is collected of receipts that are the same but for their numbers."""
    return collected(
        *({**line, "transaction_id": f"T{number}"} for number in range(receipts) for line in lines)
    )


@given(
    sold=st.lists(st.integers(1, 4), max_size=3),
    back=st.lists(st.integers(1, 4), max_size=3),
    signs=st.tuples(st.sampled_from((1, -1)), st.sampled_from((1, -1))),
)
def test_a_return_is_an_item_with_a_minus(
    sold: list[int], back: list[int], signs: tuple[int, int]
) -> None:
    bought = [item(quantity=str(n), amount=f"{2 * n}.00") for n in sold]
    minus = [item(quantity=str(-n), amount=f"{-2 * n}.00") for n in back]
    typed = [
        item(
            quantity=str(signs[0] * n),
            amount=str(Decimal(signs[1] * 2 * n)),
            line_type="return",
        )
        for n in back
    ]

    one, other = (collected(bread(), *bought, *lines) for lines in (minus, typed))

    assert one.counts == other.counts
    names = [name for name in one.sales.column_names if name != "basket"]
    assert one.sales.select(names).equals(other.sales.select(names))
    assert one.sales["basket"].to_pylist() == other.sales["basket"].to_pylist()


def test_a_return_makes_nothing_cheaper() -> None:
    result = collected(item(), item(amount="0.50", line_type="return"))

    assert result.sales.num_rows == 0


def test_what_is_returned_is_off_the_price() -> None:
    sale = sale_of(item(quantity="2", amount="4.00"), item(line_type="return"))

    assert sale["amount"] == Decimal("2.00")


@pytest.mark.parametrize(
    ("check", "receipts", "doubtful"),
    [
        ("id_scanned", 1, {"S1": 1}),
        ("looks_over", 2, {}),  # is no counting check
        ("none", 2, {}),
        ("none", 3, {"S1": 3}),
    ],
)
def test_a_day_of_returns_may_be_one_of_sales(
    check: str, receipts: int, doubtful: dict[str, int]
) -> None:
    found = at_noon(item(quantity="-1", amount="-2.00", check=check), receipts=receipts)

    assert {back.store_id: number for back, number in found.maybe_sold.items()} == doubtful


def test_as_many_returns_as_sales_are_believed() -> None:
    returns = [
        item(quantity="-1", amount="-2.00", transaction_id=f"R{number}") for number in range(4)
    ]
    sales = [item(transaction_id=f"T{number}") for number in range(4)]

    assert collected(*returns, *sales).maybe_sold == {}
    checked = item(quantity="-1", amount="-2.00", check="id_scanned", transaction_id="R")
    assert collected(checked, *sales).maybe_sold == {}
    assert collected(*returns, *sales[1:]).maybe_sold == {GivenBack("S1", None, typed=False): 4}


@pytest.mark.parametrize(
    ("check", "count", "told"), [("id_viewed", 1, True), ("none", 2, False), ("none", 3, True)]
)
def test_one_till_that_writes_sales_with_a_minus_among_others_is_told(
    check: str, count: int, *, told: bool
) -> None:
    sales = [item(transaction_id=f"T{number}") for number in range(9)]
    minus = [
        item(quantity="-1", amount="-2.00", check=check, transaction_id=f"M{number}", till_id="SCO")
        for number in range(count)
    ]
    typed = [line | {"line_type": "return"} for line in minus]

    expected = {GivenBack("S1", "SCO", typed=False): count} if told else {}
    assert collected(*sales, *minus).maybe_sold == expected
    assert collected(*sales, *typed).maybe_sold == {}


def test_returns_by_their_type_are_told_as_such() -> None:
    returns = at_noon(item(line_type="return"), receipts=3)
    assert returns.maybe_sold == {GivenBack("S1", None, typed=True): 3}


def test_a_return_that_is_refused_is_no_refused_sale() -> None:
    returned = item(check="refused", line_type="return")
    assert at_noon(returned).sales.num_rows == 0
    assert at_noon(returned).counts["S1"].alcohol_returns == 1
    taken_off = item(quantity="-1", amount="-2.00", check="refused")
    for receipt in ((item(), returned), (item(), taken_off), (taken_off,)):
        assert is_sale(*receipt)
