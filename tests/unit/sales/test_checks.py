"""One check holds for all that a transaction has, if it was made at its time."""

from datetime import date, timedelta
from operator import itemgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.tables import ID_CHECKS
from tests.support.samples import NOON, after
from tests.support.till_receipts import (
    Row,
    bread,
    check_line,
    collected,
    is_sale,
    item,
    sale_of,
    sales_of_each,
    tobacco,
)

MINUTE = 60


def told(*lines: Row, **rules: Any) -> tuple[str, list[str]]:
    sale = sale_of(*lines, **rules)
    return sale["id_check"], sale["marks"]


@pytest.mark.parametrize(
    ("lines", "check", "marks"),
    [
        ([tobacco("id_scanned"), item()], "id_scanned", []),
        ([item(), tobacco("id_scanned")], "id_scanned", []),
        ([check_line("dob_entered"), item()], "dob_entered", []),
        ([check_line("dob_entered", line_type="id_check"), item()], "dob_entered", []),
        ([tobacco("looks_over"), item()], "looks_over", []),
        ([tobacco("id_viewed"), item(check="looks_over")], "id_viewed", ["mixed_id_check"]),
        ([bread("none"), item(check="id_viewed")], "id_viewed", []),
        ([bread("not_recorded"), item(check="id_viewed")], "id_viewed", []),
        ([bread("none"), item(check="not_recorded")], "not_recorded", []),
        # Who was refused tobacco is not refused the beer that was sold; nor is it a check.
        ([tobacco("refused"), item()], "none", ["mixed_id_check"]),
        ([tobacco("refused"), item(check="not_recorded")], "none", ["mixed_id_check"]),
        ([tobacco("refused"), item(check="id_viewed")], "id_viewed", ["mixed_id_check"]),
        ([tobacco("id_scanned"), item(check="refused")], "refused", []),
        ([item("wine", check="refused"), item()], "none", ["mixed_id_check"]),
        ([item("wine", check="refused"), item(check="refused")], "refused", []),
        # A refusal of its own beside alcohol that was sold all the same.
        ([check_line("refused"), item(check="not_recorded")], "none", ["mixed_id_check"]),
    ],
)
def test_the_strongest_check_of_the_transaction_counts(
    lines: list[Row], check: str, marks: list[str]
) -> None:
    assert told(*lines) == (check, marks)


def test_who_checked_and_when_come_from_where_the_check_was() -> None:
    born = date(1990, 3, 4)
    check: Row = {"id_check_by": "Ann", "id_check_at": after(3), "birth_date": born}

    sale = sale_of(tobacco("id_scanned", **check), item(sold_at=after(20), id_check_by="Bob"))

    assert (sale["id_check_by"], sale["id_check_at"]) == ("Ann", after(3))
    assert sale["birth_date"] == born


@pytest.mark.parametrize(
    ("seconds", "counts"),
    [
        (-15 * MINUTE, True),
        (-15 * MINUTE - 0.001, False),
        (60 + 5 * MINUTE, True),
        (60 + 5 * MINUTE + 0.001, False),
        (-86400, False),
        (7200, False),
    ],
)
@pytest.mark.parametrize("where", ["alcohol", "another", "own"])
def test_a_check_counts_at_the_time_of_its_transaction(
    seconds: float, where: str, *, counts: bool
) -> None:
    at = after(seconds)
    lines = {
        "alcohol": [item(check="id_viewed", id_check_at=at), bread(sold_at=after(60))],
        "another": [tobacco("id_viewed", id_check_at=at), item(sold_at=after(60))],
        "own": [check_line("id_viewed", at), item(), bread(sold_at=after(60))],
    }

    sale = sale_of(*lines[where])

    assert sale["id_check"] == ("id_viewed" if counts else "none")
    # A line of its own so far away is of another transaction.
    apart = where == "own" and abs(seconds) > 120 * MINUTE
    assert sale["marks"] == ([] if counts or apart else ["check_out_of_time"])


def test_the_end_of_a_transaction_is_its_payment() -> None:
    late = item(check="id_viewed", id_check_at=after(10 * MINUTE))
    paid = item("cash", category=None, line_type="tender", sold_at=after(6 * MINUTE))

    assert told(late) == ("none", ["check_out_of_time"])
    assert told(late, paid) == ("id_viewed", [])


def test_the_policy_says_how_far_a_check_may_be() -> None:
    early = item(check="id_viewed", id_check_at=after(-MINUTE))
    late = item(check="id_viewed", id_check_at=after(MINUTE))

    assert told(early, check_before_minutes=0.5)[0] == "none"
    assert told(late, check_after_minutes=0.5)[0] == "none"
    assert told(early, check_after_minutes=0)[0] == "id_viewed"
    override = [{"stores": ["S2"], "check_before_minutes": 0}]
    assert told(early, override=override)[0] == "id_viewed"
    assert told({**early, "store_id": "S2"}, override=override)[0] == "none"


def test_beside_a_check_at_another_time_the_strongest_in_time_is_told() -> None:
    yesterday: Row = {"id_check_at": NOON - timedelta(days=1), "id_check_by": "Ann"}

    sale = sale_of(
        tobacco("id_scanned", **yesterday), item(check="looks_over", id_check_at=after(5))
    )

    assert (sale["id_check"], sale["id_check_at"]) == ("looks_over", after(5))
    assert sale["marks"] == ["check_out_of_time"]
    assert sale["id_check_by"] is None


def test_a_check_at_another_time_is_shown_with_its_time_but_is_none() -> None:
    yesterday: Row = {"id_check_at": NOON - timedelta(days=1), "id_check_by": "Ann"}

    sale = sale_of(bread(), item(check="id_scanned", **yesterday))

    assert sale["id_check"] == "none"
    assert (sale["id_check_at"], sale["id_check_by"]) == (NOON - timedelta(days=1), "Ann")


def test_a_refusal_holds_whenever_it_was_recorded() -> None:
    assert told(item(check="refused", id_check_at=after(86400))) == ("refused", [])


CHECKS = st.sampled_from(ID_CHECKS)
TIMES = st.one_of(st.none(), st.integers(-86400, 86400).map(after))
ALCOHOL = st.builds(
    item,
    st.sampled_from(["lager", "wine"]),
    check=CHECKS,
    id_check_at=TIMES,
    birth_date=st.one_of(st.none(), st.just(date(1990, 1, 2))),
)
RECEIPTS = st.lists(
    st.one_of(ALCOHOL, st.builds(tobacco, CHECKS, id_check_at=TIMES)), min_size=1, max_size=4
).filter(lambda lines: any(line["category"] == "beer" for line in lines))
SAME = ("id_check", "id_check_at", "id_check_by", "birth_date", "marks", "legal_age")


@given(RECEIPTS, st.sampled_from(["none", "not_recorded"]), st.integers(0, 5))
def test_a_loaf_changes_nothing_but_the_price(lines: list[Row], check: str, at: int) -> None:
    without, beside = sales_of_each(lines, [*lines[:at], bread(check), *lines[at:]])

    assert {name: beside[name] for name in SAME} == {name: without[name] for name in SAME}


@given(RECEIPTS, st.randoms(use_true_random=False))
def test_the_order_of_the_lines_changes_no_check(lines: list[Row], random: Any) -> None:
    """Of equal checks the first is told, and when and by whom it was made."""
    given_order, shuffled = sales_of_each(lines, random.sample(lines, len(lines)))

    for name in ("id_check", "birth_date", "marks", "legal_age", "amount"):
        assert shuffled[name] == given_order[name]


@given(
    st.sampled_from([c for c in ID_CHECKS if c not in ("refused", "none", "not_recorded")]),
    st.one_of(st.none(), st.integers(-3600, 3600).map(after)),
)
def test_a_check_may_stand_on_any_line(check: str, at: Any) -> None:
    """On the alcohol, on another article, on a line of its own: the same sale."""
    own: Row = {"id_check_at": at, "id_check_by": "Ann"}
    receipts = (
        [bread(), item(check=check, **own)],
        [tobacco(check, **own), item()],
        [check_line(check, **own), item()],
        [item(), check_line(check, line_type="id_check", **own)],
    )

    first, *others = map(itemgetter(*SAME), sales_of_each(*receipts))

    assert all(other == first for other in others)


def _dated(born: str, **values: Any) -> dict[str, Any]:
    return check_line("dob_entered", NOON, birth_date=date.fromisoformat(born), **values)


def test_a_birth_date_that_was_cancelled_counts_for_nothing() -> None:
    slip = _dated("2010-01-01", line_type="void")
    sale = sale_of(slip, _dated("1990-01-01", line_type="id_check"), item())
    assert (sale["id_check"], sale["birth_date"]) == ("dob_entered", date(1990, 1, 1))
    only = sale_of(_dated("1990-01-01", line_type="void"), item())
    assert (only["id_check"], only["birth_date"]) == ("none", None)


def test_the_birth_date_of_a_cancelled_article_counts_where_there_is_no_other() -> None:
    young = date(2010, 1, 1)
    slip = item("wine", line_type="void", check="dob_entered", birth_date=young)
    assert sale_of(slip, item())["birth_date"] == young
    right = item(check="dob_entered", birth_date=date(1990, 1, 1))
    assert sale_of(slip, right)["birth_date"] == date(1990, 1, 1)


def test_a_birth_date_recorded_at_another_time_is_another_buyers() -> None:
    sale = sale_of(
        item(check="dob_entered", birth_date=date(2010, 1, 1), id_check_at=after(-3 * 3600))
    )
    assert (sale["marks"], sale["birth_date"]) == (["check_out_of_time"], None)


VOID: Row = {"line_type": "void"}


@pytest.mark.parametrize(
    "receipt",
    [
        [check_line("refused"), item(), item(quantity="-1", amount="-2.00", **VOID)],
        [check_line("refused"), item(), item(quantity="-1", amount="-2.00")],
        [check_line("refused", line_type="id_check"), item(**VOID)],
        [item(check="refused", **VOID)],
        [item(), item(quantity="-1", amount="-2.00", check="refused", **VOID)],
    ],
)
def test_a_refusal_on_a_line_of_its_own_is_of_the_alcohol_that_was_not_sold(
    receipt: list[Row],
) -> None:
    for lines in ([*receipt, bread()], [bread(), *receipt[::-1]]):
        result = collected(*lines)
        (sale,) = result.sales.to_pylist()
        assert (sale["id_check"], sale["legal_age"]) == ("refused", 18)
        assert result.counts["S1"].alcohol_returns == 0


def test_a_refusal_on_a_line_of_its_own_without_alcohol_is_no_sale_of_it() -> None:
    assert not is_sale(check_line("refused"), tobacco())
