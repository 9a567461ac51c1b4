"""Voids in a POSLog: what remains of an article is sold, however a till writes its voids."""

import io
import time
from collections.abc import Iterable
from decimal import Decimal
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.inputs.formats.base import Wanted
from auditor.inputs.formats.poslog_voids import mark_voids
from auditor.inputs.records import read_records
from tests.support.formats import poslog_bytes


class Line(NamedTuple):
    """A line of a receipt; its number is its place, from 1."""

    quantity: str = "1"
    amount: str = "2.00"
    item: str = "Lager"
    flag: str = ""  # VoidFlag or CancelFlag
    link: int = 0  # number of the line that it names


def void(
    quantity: str = "1",
    amount: str = "2.00",
    link: int = 0,
    *,
    item: str = "Lager",
    flag: str = "VoidFlag",
) -> Line:
    return Line(quantity, amount, item, flag, link)


def back(quantity: str = "-1", amount: str = "-2.00", link: int = 0) -> Line:
    """A line with a minus and without a flag."""
    return Line(quantity, amount, link=link)


LAGER = Line()
BACK = void("-1", "-2.00")


def read(lines: Iterable[Line]) -> list[dict[str, str]]:
    found = []
    for number, line in enumerate(lines, 1):
        quantity = f"<Quantity>{line.quantity}</Quantity>" if line.quantity else ""
        amount = f"<ExtendedAmount>{line.amount}</ExtendedAmount>" if line.amount else ""
        link = f"<ItemLink>{line.link}</ItemLink>" if line.link else ""
        item = f"<ItemID>{line.item}</ItemID>" if line.item else ""
        found.append(
            f"<LineItem {line.flag or 'VoidFlag'}='{str(bool(line.flag)).lower()}'>"
            f"<SequenceNumber>{number}</SequenceNumber>"
            f"<Sale>{item}{quantity}{amount}{link}</Sale></LineItem>"
        )
    receipt = f"<RetailTransaction>{''.join(found)}</RetailTransaction>"
    content = poslog_bytes(f"<Transaction>{receipt}</Transaction>")
    wanted = Wanted((), every=True)
    parts = read_records("x.xml", lambda: io.BytesIO(content), wanted, "poslog")
    return [row for part in parts for row in part.cells.to_pylist()]


def sold(rows: Iterable[dict[str, str]], item: str = "Lager") -> Decimal:
    """How many of an article remain of the lines that are not void."""
    return sum(
        (Decimal(r["quantity"]) for r in rows if r["void"] != "true" and r["item_id"] == item),
        Decimal(),
    )


TABLE = {
    # The flag stands on the voided article alone.
    "article": ([LAGER, void()], 1),
    "article, cancelled": ([LAGER, void(flag="CancelFlag")], 1),
    "articles": ([LAGER, void(), LAGER, void()], 2),
    "a part is no article of the line": ([Line("2", "4.00"), void()], 2),
    # ... and on nothing else, though a line takes it back.
    "article, reversed without a flag": ([LAGER, void(), back()], 1),
    "article, reversed by link without a flag": ([LAGER, void(), back(link=2)], 1),
    "an unflagged minus beside no void": ([LAGER, LAGER, back()], 1),
    "an unflagged minus at another price": ([LAGER, void(amount="3.00"), back()], 0),
    "a discount of a void article": ([LAGER, void(), back("0", "-2.00")], 1),
    # It stands on the line that reverses it alone.
    "reversal": ([LAGER, LAGER, BACK], 1),
    "reversal of the only one": ([LAGER, BACK], 0),
    "reversal by amount": ([LAGER, LAGER, void("1", "-2.00")], 1),
    "reversal by quantity": ([LAGER, LAGER, void("-1", "2.00")], 1),
    "reversals": ([LAGER, LAGER, LAGER, BACK, BACK], 1),
    "reversal of a part": ([Line("2", "4.00"), BACK], 1),
    "reversal of all of several": ([Line("2", "4.00"), void("-2", "-4.00")], 0),
    # ... and names it.
    "link": ([LAGER, LAGER, void(link=1)], 1),
    "link, cancelled": ([LAGER, LAGER, void(link=1, flag="CancelFlag")], 1),
    "link and minus": ([LAGER, LAGER, void("-1", "-2.00", 1)], 1),
    "links out of order": ([LAGER, LAGER, void(link=2), void(link=1), LAGER], 1),
    "a link twice": ([LAGER, LAGER, void(link=1), void(link=1)], 1),
    "link without item": ([LAGER, LAGER, void(link=1, item="")], 1),
    "link of another article": ([LAGER, void(link=1, item="deposit")], 1),
    "link of a part": ([Line("2", "4.00"), void(link=1)], 1),
    "link of a part, cancelled": ([Line("2", "4.00"), void(link=1, flag="CancelFlag")], 1),
    "link of a part with a minus": ([Line("2", "4.00"), void("-1", "-2.00", 1)], 1),
    "link of a part without item": ([Line("2", "4.00"), void(link=1, item="")], 1),
    "links of parts": ([Line("6", "12.00"), void("2", "4.00", 1), void(link=1)], 3),
    "links of all parts": ([Line("2", "4.00"), void(link=1), void(link=1)], 0),
    "links of more than all": ([Line("2", "4.00"), void("1", "", 1), void("3", "", 1)], 0),
    "link without quantity and amount": ([LAGER, Line("2", "4.00"), void("", "", 2)], 1),
    "link without quantity": ([Line("2", "4.00"), void("", "4.00", 1)], 0),
    "link without quantity, of a part": ([Line("2", "4.00"), void("", "2.00", 1)], 1),
    "link with a quantity of 0": ([LAGER, Line("2", "4.00"), void("0", "0.00", 2)], 1),
    # It stands on both.
    "both": ([LAGER, void(), BACK], 1),
    "both, cancelled": (
        [LAGER, void(flag="CancelFlag"), void("-1", "-2.00", flag="CancelFlag")],
        1,
    ),
    "both, voided first": ([void(), LAGER, BACK], 1),
    "both, at once": ([void(), BACK, LAGER], 1),
    "both, twice": ([LAGER, void(), void(), BACK, BACK], 1),
    "both, and one reversed": ([LAGER, LAGER, void(), BACK, BACK], 1),
    "both by link": ([LAGER, void(), void(link=2)], 1),
    "both by link and minus": ([LAGER, void(), void("-1", "-2.00", 2)], 1),
    "both by link, then without": ([LAGER, LAGER, void(), void("-1", "-2.00", 3), BACK], 1),
    "both of several": ([LAGER, void("2", "4.00"), void("-2", "-4.00")], 1),
    "both in parts": ([LAGER, void("2", "4.00"), BACK, BACK], 1),
    "both in parts by link": ([LAGER, void("2", "4.00"), void(link=2), void(link=2)], 1),
}


@pytest.mark.parametrize(("lines", "remain"), TABLE.values(), ids=TABLE)
def test_what_is_not_void_is_sold(lines: list[Line], remain: int) -> None:
    rows = read([*lines, Line(item="Bread")])
    assert (sold(rows), sold(rows, "Bread")) == (remain, 1)


def test_a_part_that_is_taken_back_is_an_article_with_a_minus() -> None:
    rows = read([Line("3", "6.00"), void(link=1, item="")])
    assert [(r["item_id"], r["quantity"], r["amount"], r["void"]) for r in rows] == [
        ("Lager", "3", "6.00", "false"),
        ("Lager", "-1", "-2.00", "unmatched"),
    ]
    rows = read([Line("3", "6.00"), void(link=1), void("-2", "-4.00", 1)])
    assert [r["void"] for r in rows] == ["true"] * 3


@pytest.mark.parametrize("number", ["x", "NaN", "sNaN", "Infinity", "1e999999", "1e9999999"])
def test_what_is_no_number_takes_no_other_article_back(number: str) -> None:
    for odd in (void(f"-{number}", f"-{number}"), void(amount=number), void("-1", number)):
        assert read([LAGER, odd])[0]["void"] == "false"
    assert read([Line(number, number), void(link=1)])


def fields(quantity: str, amount: str, void: str = "true", link: str = "") -> dict[str, str]:
    line = {"line_type": "Sale", "item_id": "Lager", "quantity": quantity, "amount": amount}
    return line | {"void": void, "line": "1", "voids_line": link}


@pytest.mark.parametrize(
    ("article", "reversal"),
    [
        (("1", "2.00"), ("-2", "-4.00")),
        (("2", "4.00"), ("-1", "-2.00")),
        (("60000", "2.00"), ("-1", "-2.00", "false", "1")),
        (("60000", "2.00", "false"), ("-1", "-2.00", "true", "1")),
    ],
)
def test_many_voids_are_told_in_a_single_pass(
    article: tuple[str, ...], reversal: tuple[str, ...]
) -> None:
    lines = [fields(*article) for _ in range(30_000)] + [fields(*reversal) for _ in range(60_000)]
    started = time.process_time()
    mark_voids(lines)
    assert time.process_time() - started < 20  # half a second; quadratic, minutes


#: How a till may write that units of an article rung up in a line are void.
LINKED = ("article", "link", "link and minus", "both", "both and minus", "both, second unflagged")


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(1, 4), st.integers(0, 4)),
        min_size=1,
        max_size=6,
    ),
    st.data(),
)
def test_what_remains_is_what_was_rung_up_without_what_was_voided(
    rung: list[tuple[str, int, int]], data: st.DataObject
) -> None:
    """A till that names the line may write each void in its own way."""
    lines: list[Line] = []
    later: list[Line] = []
    for number, (item, units, voids) in enumerate(rung, 1):
        voided = min(units, voids)
        way = data.draw(st.sampled_from(LINKED)) if voided == units else "link and minus"
        own = "VoidFlag" if way.startswith(("article", "both")) else ""
        lines.append(Line(str(units), f"{2 * units}.00", item, own))
        if way == "article" or not voided:
            continue
        minus = "" if way in ("link", "both") else "-"
        flag = "" if way.endswith("unflagged") else "VoidFlag"
        in_parts = voided > 1 and data.draw(st.booleans())
        parts = [1, voided - 1] if in_parts else [voided]
        later += [Line(f"{minus}{n}", f"{minus}{2 * n}.00", item, flag, number) for n in parts]
    rows = read([*lines, *data.draw(st.permutations(later))])
    for item in "ab":
        remain = sum(units - min(units, voids) for own, units, voids in rung if own == item)
        assert sold(rows, item) == remain


@given(
    st.lists(st.booleans(), min_size=1, max_size=8),
    st.sampled_from(["article", "reversal", "both", "second unflagged"]),
    st.randoms(use_true_random=False),
)
def test_without_links_a_till_that_writes_voids_in_one_way_is_understood(
    voids: list[bool], way: str, random: Random
) -> None:
    lines: list[Line] = []
    waiting = 0
    for is_void in voids:
        lines.append(void() if is_void and way != "reversal" else LAGER)
        waiting += is_void and way != "article"
        while waiting and random.random() < 0.5:
            lines.append(back() if way == "second unflagged" else BACK)
            waiting -= 1
    lines += [back() if way == "second unflagged" else BACK] * waiting
    assert sold(read(lines)) == voids.count(False)
