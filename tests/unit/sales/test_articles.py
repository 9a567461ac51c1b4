"""What a line of a receipt is: an article sold, given back or refused, a discount, a check."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.sales.goods import gtin
from tests.support.till_receipts import bread, check_line, collected, is_sale, item, sale_of

Receipt = list[tuple[str, str]]  # quantity and amount of lines of one lager


def lagers(receipt: Receipt) -> list[dict[str, Any]]:
    return [item(quantity=quantity, amount=amount) for quantity, amount in receipt]


@pytest.mark.parametrize(
    ("receipt", "price"),
    [
        ([("1", "2.00"), ("-1", "-0.20")], "1.80"),
        ([("1", "2.00"), ("-1", "-1.50")], "0.50"),  # 75 % off
        ([("1", "2.00"), ("-1", "-0.20"), ("-1", "-0.50")], "1.30"),
        ([("2", "4.00"), ("-2", "-0.40")], "3.60"),
        ([("6", "12.00"), ("-1", "-1.20")], "10.80"),
        ([("1", "2.00"), ("1", "-0.20")], "1.80"),  # the sign stands with the money only
        ([("1", "2.00"), ("0", "-0.20")], "1.80"),
        ([("-1", "-0.20"), ("1", "2.00")], "1.80"),  # before the article
        ([("0.754", "9.05"), ("-1", "-0.90")], "8.15"),
        ([("0", "2.00")], "2.00"),  # paid for, whatever the quantity says
        ([("1", "2.00"), ("0", "-2.00")], "0.00"),  # no quantity is given back
    ],
)
def test_a_discount_makes_a_cheaper_sale(receipt: Receipt, price: str) -> None:
    sale = sale_of(*lagers(receipt))

    assert sale["amount"] == Decimal(price)
    discounts = [line for line in sale["basket"] if line["amount"] < 0]
    assert all(line["quantity"] == 0 and not line["alcohol"] for line in discounts)


@pytest.mark.parametrize(
    "receipt",
    [
        [("-1", "-2.00")],
        [("1", "2.00"), ("-1", "-2.50")],
        [("1", "2.00"), ("-2", "-2.40")],  # two of last week's offer come back for one
        [("1", "-2.00")],
    ],
)
def test_what_is_given_back_is_no_discount(receipt: Receipt) -> None:
    result = collected(*lagers(receipt))

    assert result.sales.num_rows == 0
    assert result.counts["S1"].alcohol_returns == 1


@pytest.mark.parametrize(
    ("receipt", "voided"),
    [
        ([("1", "2.00"), ("-1", "-2.00")], 1),
        ([("1", "2.00"), ("1", "-2.00")], 1),
        ([("1", "2.00"), ("-1", "2.00")], 1),
        ([("2", "4.00"), ("-1", "-2.00"), ("-1", "-2.00")], 1),
        ([("0", "0.00")], 0),
    ],
)
def test_what_is_taken_off_the_receipt_again_is_neither_sold_nor_given_back(
    receipt: Receipt, voided: int
) -> None:
    result = collected(*lagers(receipt))

    assert result.sales.num_rows == 0
    counts = result.counts["S1"]
    assert (counts.alcohol_returns, counts.voided_transactions) == (0, voided)
    beside = collected(*lagers(receipt), bread()).counts["S1"]
    assert (beside.transactions, beside.alcohol_returns, beside.voided_transactions) == (1, 0, 0)


@pytest.mark.parametrize(
    ("receipt", "units"),
    [
        ([("2", "4.00"), ("-1", "-2.00")], ["2.000", "-1.000"]),
        ([("2", "4.00"), ("-2", "-0.80"), ("-1", "-1.80")], ["2.000", "0.000", "-1.000"]),
    ],
)
def test_a_part_of_what_was_bought_can_be_given_back(receipt: Receipt, units: list[str]) -> None:
    basket = sale_of(*lagers(receipt))["basket"]

    assert sorted(str(line["quantity"]) for line in basket) == sorted(units)


@pytest.mark.parametrize(
    ("receipt", "price"),
    [
        ([("1", "2.00"), ("-1", "-1.80")], "0.20"),  # or an exchange after the price rose
        ([("1", "2.00"), ("-1", "-1.99")], "0.01"),
        ([("1", "2.00"), ("1", "-1.95")], "0.05"),  # the sign stands with the money only
        ([("1", "2.00"), ("-1", "-0.40"), ("-1", "-1.60")], "0.00"),  # or given back as reduced
        ([("2", "4.00"), ("-1", "-2.00"), ("-1", "-1.90")], "0.10"),
        ([("1", "2.00"), ("-1", "0.00")], "2.00"),  # a void without its money
        ([("0.754", "9.05"), ("-0.754", "-9.00")], "0.05"),
    ],
)
def test_what_may_have_been_given_back_stays_a_sale_with_a_mark(
    receipt: Receipt, price: str
) -> None:
    sale = sale_of(*lagers(receipt))

    assert (sale["amount"], sale["marks"]) == (Decimal(price), ["maybe_returned"])
    assert collected(*lagers(receipt)).counts["S1"].alcohol_returns == 0


@pytest.mark.parametrize(
    ("name", "sold"),
    [
        ("LAGER ", False),
        (None, False),
        ("", False),
        ("VOID Lager", False),
        ("Lager, returned", False),
        ("STORNO", False),
        ("Staff discount 100%", True),
        ("Loyalty: one free", True),
        ("Lager -100%", True),
        ("Avoidable stock", True),
    ],
)
def test_the_whole_price_is_given_back_under_the_name_of_the_article(
    name: str | None, *, sold: bool
) -> None:
    """Under another name it may be a free article, and the sale says so."""
    result = collected(
        item(description="Lager"), item(quantity="-1", amount="-2.00", description=name)
    )

    assert result.sales["marks"].to_pylist() == ([["maybe_returned"]] if sold else [])
    assert result.counts["S1"].voided_transactions == (not sold)


def test_a_sale_that_is_one_either_way_has_no_mark() -> None:
    assert sale_of(*lagers([("2", "4.00"), ("-1", "-1.90")]))["marks"] == []
    assert sale_of(item("wine"), *lagers([("1", "2.00"), ("-1", "-1.90")]))["marks"] == []


@pytest.mark.parametrize(
    ("currency", "marks"),
    [("JPY", []), ("GBP", [["maybe_returned"]]), ("KWD", [["maybe_returned"]])],
)
def test_one_of_three_for_100_is_given_back_for_33_where_there_is_no_smaller_unit(
    currency: str, marks: list[list[str]]
) -> None:
    lines = lagers([("3", "100"), ("-1", "-33"), ("-1", "-33"), ("-1", "-34")])

    assert collected(*lines, currency=currency).sales["marks"].to_pylist() == marks


def test_the_return_of_another_article_is_no_discount() -> None:
    sale = sale_of(item(), item("old", "-1", "-0.20"))

    assert [line["quantity"] for line in sale["basket"]] == [1, -1]


def test_a_line_of_the_type_is_always_a_discount() -> None:
    free = item(quantity="-1", amount="-2.00", line_type="discount")

    assert sale_of(item(), free)["amount"] == Decimal(0)
    assert collected(bread(), free).counts["S1"].alcohol_returns == 0


@pytest.mark.parametrize(
    ("lines", "sold"),
    [
        ([item(line_type="void")], False),
        ([item(), item(line_type="void")], True),
        ([item(), item(quantity="-1", amount="-2.00", line_type="void")], False),
        (
            [
                item(),
                item(line_type="void"),
                item(quantity="-1", amount="-2.00", line_type="void"),
            ],
            True,
        ),
    ],
)
def test_a_void_takes_its_own_article_back_or_that_of_another_line(
    lines: list[dict[str, Any]], *, sold: bool
) -> None:
    assert is_sale(bread(), *lines) is sold
    if sold:
        assert sale_of(bread(), *lines)["amount"] == Decimal("3.00")


def test_payments_and_checks_are_not_in_the_basket_or_its_price() -> None:
    sale = sale_of(
        bread(),
        item(),
        check_line("id_viewed", line_type="id_check"),
        item("cash", "1", "3.00", category=None, line_type="tender"),
    )

    assert [line["sku"] for line in sale["basket"]] == ["bread", "lager"]
    assert sale["amount"] == Decimal("3.00")


@pytest.mark.parametrize(
    ("lines", "price", "check"),
    [
        ([item(check="refused")], "0.00", "refused"),
        ([bread(), item(check="refused")], "1.00", "refused"),
        ([item("wine", amount="9.00", check="refused"), item()], "2.00", "none"),
        # Refused, taken off the receipt, and sold after all when the passport was found.
        (
            [item(check="refused"), item(quantity="-1", amount="-2.00"), item(check="id_viewed")],
            "2.00",
            "id_viewed",
        ),
        ([item(check="refused"), item(quantity="-1", amount="-2.00")], "0.00", "refused"),
        ([item(), item(quantity="-1", amount="-2.00", check="refused")], "0.00", "refused"),
        ([item(check="refused"), item(quantity="-1", amount="-0.20")], "0.00", "refused"),
    ],
)
def test_what_was_refused_is_not_in_the_price(
    lines: list[dict[str, Any]], price: str, check: str
) -> None:
    sale = sale_of(*lines)

    assert (sale["amount"], sale["id_check"]) == (Decimal(price), check)


def test_the_basket_says_what_was_refused() -> None:
    sale = sale_of(item("wine", check="refused"), item())

    assert {line["sku"]: line["refused"] for line in sale["basket"]} == {
        "wine": True,
        "lager": False,
    }


@pytest.mark.parametrize(
    ("sku", "compared"),
    [
        ("4006381333931", "04006381333931"),  # GTIN-13
        ("04006381333931", "04006381333931"),
        ("036000291452", "00036000291452"),  # GTIN-12, and without its zero
        ("36000291452", "00036000291452"),
        ("96385074", "00000096385074"),  # GTIN-8
        ("4006381333932", "4006381333932"),  # a wrong check digit
        ("0100101", "0100101"),  # a shop's own number
        ("4011", "4011"),
        ("001236", "001236"),  # too short for a GTIN, though the digit would fit
        ("096385074x", "096385074x"),
        ("٩٦٣٨٥٠٧٤", "٩٦٣٨٥٠٧٤"),  # other digits are other text
        ("", ""),
    ],
)
def test_a_gtin_is_compared_by_its_fourteen_digits(sku: str, compared: str) -> None:
    assert gtin(sku) == compared


@given(st.integers(10**6, 10**13 - 1), st.integers(0, 6), st.integers(1, 9))
def test_zeros_before_a_gtin_say_nothing_and_its_digits_everything(
    number: int, zeros: int, change: int
) -> None:
    digits = str(number)
    weights = (3 if place % 2 == 0 else 1 for place in range(len(digits)))
    total = sum(int(d) * w for d, w in zip(reversed(digits), weights, strict=True))
    whole = f"{digits}{-total % 10}"
    wrong = f"{digits}{(-total + change) % 10}"

    assert gtin("0" * zeros + whole) == gtin(whole) == whole.zfill(14)
    assert gtin(wrong) == wrong


def test_zeros_of_a_gtin_do_not_part_an_article_or_its_rules() -> None:
    bought, back = "036000291452", "36000291452"
    exchange = [item(bought), item(back, "-1", "-2.00")]

    assert not is_sale(*exchange)
    assert not is_sale(item(back), alcohol_free_skus=[bought])
    assert is_sale(item(back, category=None), alcohol_skus=["00036000291452"])
    assert is_sale(item(back[:-1] + "3"), alcohol_free_skus=[bought[:-1] + "3"])


CENTS = st.integers(0, 300)
LINES = st.tuples(st.sampled_from(["lager", "wine"]), st.integers(-2, 3), CENTS)


def drawn(lines: list[tuple[str, int, int]]) -> list[dict[str, Any]]:
    """Lines whose money has the sign of their quantity."""
    return [
        item(sku, str(units), str(Decimal(cents if units >= 0 else -cents) / 100))
        for sku, units, cents in lines
    ]


@given(st.lists(LINES, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_the_lines_does_not_matter(
    lines: list[tuple[str, int, int]], random: Any
) -> None:
    receipt = drawn(lines)
    shuffled = random.sample(receipt, len(receipt))

    before, after = collected(*receipt), collected(*shuffled)

    assert before.counts == after.counts
    assert before.sales["amount"].to_pylist() == after.sales["amount"].to_pylist()


@given(
    st.integers(1, 6),
    st.integers(10, 2000),
    st.lists(st.floats(0.001, 1), min_size=1, max_size=4),
    st.floats(0.01, 0.89),
)
def test_discounts_of_less_than_nine_tenths_never_make_a_sale_disappear(
    units: int, cents: int, parts: list[float], share: float
) -> None:
    """However the discount is split over lines, each of quantity -1."""
    of_unit = [int(cents * share * part / sum(parts)) for part in parts]
    discounts = [item(quantity="-1", amount=str(Decimal(-off) / 100)) for off in of_unit if off]
    price = Decimal(units * cents) / 100

    sale = sale_of(item(quantity=str(units), amount=str(price)), *discounts)

    assert sale["amount"] == price - Decimal(sum(of_unit)) / 100


OFF = st.lists(st.tuples(st.integers(1, 2), st.integers(0, 400)), min_size=1, max_size=4)
NAMES = st.sampled_from(["Lager", "", None, "Loyalty", "Storno"])


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3), st.integers(100, 400), OFF, st.lists(NAMES, min_size=4, max_size=4))
def test_only_what_takes_a_whole_price_or_more_off_makes_a_sale_a_return(
    units: int, cents: int, off: list[tuple[int, int]], names: list[str | None]
) -> None:
    """Whatever else is taken off, the sale is there; and what it is otherwise, is counted."""
    lines = [
        item(quantity=str(-count), amount=str(Decimal(-count * each) / 100), description=name)
        for (count, each), name in zip(off, names, strict=False)
    ]
    price = str(Decimal(units * cents) / 100)
    paid_out = sum(count * each for count, each in off) > units * cents
    back = sum(
        count
        for (count, each), name in zip(off, names, strict=False)
        if paid_out or each > cents or (each == cents and name != "Loyalty")
    )

    result = collected(item(quantity=str(units), amount=price, description="Lager"), *lines)

    assert result.sales.num_rows == (back < units)
    counts, is_return = result.counts["S1"], back >= units and (back > units or paid_out)
    assert counts.alcohol_returns == is_return
    assert counts.voided_transactions == (back == units and not paid_out)


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 500))
def test_what_comes_back_at_its_price_is_counted_and_never_marked(
    bought: int, back: int, cents: int
) -> None:
    price = Decimal(cents) / 100
    returned = item(quantity=str(-back), amount=str(-back * price))

    result = collected(item(quantity=str(bought), amount=str(bought * price)), returned)

    assert result.sales["marks"].to_pylist() == [[]] * (bought > back)
    assert result.counts["S1"].alcohol_returns == (bought < back)
    assert result.counts["S1"].voided_transactions == (bought == back)
