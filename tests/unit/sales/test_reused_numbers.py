"""A number that a till writes on both sides of a pause: one customer's, or two customers'."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from auditor.policy import Policy
from auditor.sales import Collected, collect
from auditor.tables import SNAPSHOT_INDEX, TILL_LINES
from tests.support.samples import DAY, frame, line, policy

Row = dict[str, Any]
MIDNIGHT = datetime(2026, 3, 3, tzinfo=UTC)
NEXT_DAY = DAY + timedelta(days=1)
TWO = "maybe_two_sales"


def at(minutes: float) -> datetime:
    """So many minutes after the end of the day."""
    return MIDNIGHT + timedelta(minutes=minutes)


def rung(number: str, minutes: float, sku: str = "wine", **cells: Any) -> Row:
    return line(transaction_id=number, sold_at=at(minutes), sku=sku, **cells)


def collected(
    lines: Sequence[Row], frames: Sequence[Row] = (), day: date = DAY, rules: Policy | None = None
) -> Collected:
    sold, shot = (
        schema.from_rows({**row, "row": number} for number, row in enumerate(rows, start=2))
        for schema, rows in ((TILL_LINES, lines), (SNAPSHOT_INDEX, frames))
    )
    return collect(sold, shot, day, rules or policy())


def audited(lines: Sequence[Row], rules: Policy | None = None) -> list[Collected]:
    """What is collected of the two days."""
    return [collected(lines, (), day, rules) for day in (DAY, NEXT_DAY)]


def baskets(days: Sequence[Collected], store: str = "S1") -> list[list[str]]:
    """The articles of each sale of a store on the two days, and no sale on both."""
    sales = [s for day in days for s in day.sales.to_pylist() if s["store_id"] == store]
    assert len({(s["till_id"], s["transaction_id"], s["started_at"]) for s in sales}) == len(sales)
    return [[item["sku"] for item in sale["basket"]] for sale in sales]


def two(**second: Any) -> list[Row]:
    """Number 17 at ten to midnight, and again ten minutes past it."""
    return [rung("17", -10, "first"), rung("17", 10, "second", **second)]


def cash(minutes: float) -> Row:
    return rung("17", minutes, "cash", line_type="tender", category=None)


PAID = cash(-9)
TOTALS = rung("Z", 0, "totals", line_type="control", category=None)


@pytest.mark.parametrize(
    "lines",
    [
        [*two(), PAID],
        [*two(), TOTALS],
        two(cashier_id="Bob"),
        [*two(), *(rung(str(n), n / 2, f"n{n}") for n in range(1, 17))],  # counted anew
        [*two(), rung("15", 3, "x"), rung("16", 4, "x")],
    ],
    ids=["paid before", "totals between", "another cashier", "from one", "up to it"],
)
def test_what_the_export_has_beside_them_shows_two_customers(lines: list[Row]) -> None:
    found = [basket for basket in baskets(audited(lines)) if {"first", "second"} & set(basket)]

    assert [[sku for sku in basket if sku != "cash"] for basket in found] == [["first"], ["second"]]
    assert collected(lines).rejects.num_rows == 0
    assert collected(lines).sales["marks"].to_pylist()[0] == []


@pytest.mark.parametrize(
    ("second", "beside"),
    [({"cashier_id": "Bob"}, cash(-499)), ({}, {**TOTALS, "sold_at": at(-470)})],
    ids=["paid before, and another cashier", "totals"],
)
def test_at_any_hour_it_shows_in_what_stands_between_that_there_are_two(
    second: Row, beside: Row
) -> None:
    """Nothing of the one goes into the other, nor is the other rejected."""
    lines = [rung("17", -500, "first"), rung("17", -450, "second", id_check="id_scanned", **second)]
    result = collected([*lines, beside])
    assert result.sales["id_check"].to_pylist() == ["none", "id_scanned"]
    assert result.rejects.num_rows == 0


@pytest.mark.parametrize(
    ("second", "marks"),
    [({}, []), ({"cashier_id": "Bob"}, [TWO])],
    ids=["the same cashier", "another"],
)
def test_the_totals_of_a_till_part_no_receipt_that_is_not_paid_yet(
    second: Row, marks: list[str]
) -> None:
    """A control line may be of the drawer alone."""
    lines = [
        rung("17", -500, "first"),
        {**TOTALS, "sold_at": at(-490)},
        rung("17", -480, "second", id_check="id_scanned", **second),
        cash(-479),
    ]
    (sale,) = collected(lines).sales.to_pylist()
    assert [item["sku"] for item in sale["basket"]][:2] == ["first", "second"]
    assert (sale["id_check"], sale["marks"]) == ("none" if marks else "id_scanned", marks)


@pytest.mark.parametrize(
    ("beside", "marks"), [([cash(-479)], []), ([], [TWO])], ids=["one payment", "no payments"]
)
def test_a_cashier_who_takes_a_receipt_over_rings_up_the_same_sale(
    beside: list[Row], marks: list[str]
) -> None:
    lines = [rung("17", -500, "first"), rung("17", -480, "second", cashier_id="Bob"), *beside]
    (sale,) = collected(lines).sales.to_pylist()
    assert [item["sku"] for item in sale["basket"]][:2] == ["first", "second"]
    assert sale["marks"] == marks


@pytest.mark.parametrize("other", ["0002R", "9f1c-ab", "A"])
def test_numbers_that_end_in_no_digit_are_of_no_sequence(other: str) -> None:
    lines = [rung("17", -500, "first"), rung("17", -480, "second"), rung(other, -490, "x")]
    sales = collected(lines).sales.to_pylist()
    assert {s["transaction_id"]: len(s["basket"]) for s in sales} == {"17": 2, other: 1}


@pytest.mark.parametrize(
    "lines",
    [
        two(),
        [*two(), rung("17", 11, "cash", line_type="tender", category=None)],
        [*two(), {**TOTALS, "till_id": "2"}, {**TOTALS, "sold_at": at(-30)}],
        two(cashier_id=None),
        [*two(), rung("18", -5, "x"), rung("19", 5, "x")],  # it counts on: 17 is a tab
        [*two(), rung("A3", 3, "x"), rung("A16", 4, "x")],  # of another series
    ],
    ids=["nothing", "paid after", "totals elsewhere", "no cashier", "on", "series"],
)
def test_where_nothing_tells_it_is_one_sale_with_a_mark(lines: list[Row]) -> None:
    (sale,) = (
        sale for sale in collected(lines).sales.to_pylist() if sale["transaction_id"] == "17"
    )

    assert [item["sku"] for item in sale["basket"]][:2] == ["first", "second"]
    assert sale["marks"] == [TWO]


def test_numbers_that_all_begin_anew_around_midnight_are_each_two_sales() -> None:
    first, second = (
        [rung(str(n), start + 5 * n, f"{name}{n}", id_check=check) for n in range(1, 6)]
        for start, name, check in ((-27, "first", "id_scanned"), (-2, "second", "none"))
    )
    result = collected([*first, *second])
    assert result.sales["id_check"].to_pylist() == ["id_scanned"] * 5
    assert result.sales["marks"].to_pylist() == [[]] * 5
    following = collected([*first, *second], day=NEXT_DAY)
    assert following.sales["id_check"].to_pylist() == ["none"] * 5


def sequence(
    *numbers: int, start: float = -540, apart: float = 4, pays: bool = False, **cells: Any
) -> list[Row]:
    """Receipts with these numbers one after the other, in the afternoon."""
    rows = []
    for place, number in enumerate(numbers):
        minute = start + apart * place
        rows.append(rung(str(number), minute, f"a{place}", **cells))
        if pays:
            cash = {"line_type": "tender", "category": None}
            rows.append(rung(str(number), minute + 0.5, f"cash{place}", **cells, **cash))
    return rows


def places(lines: Sequence[Row]) -> list[list[str]]:
    """The articles of each sale, and no payments."""
    return articles(audited(lines))


def articles(days: Sequence[Collected]) -> list[list[str]]:
    """As :func:`places`, of what was collected."""
    sold = [[sku for sku in basket if sku.startswith("a")] for basket in baskets(days)]
    return sorted(sold)


@pytest.mark.parametrize(
    "numbers",
    [
        [1, 2, 3, 1, 2],
        [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 6, 7],
        [1, 2, 3, 1, 2, 3, 1, 2, 3, 4],  # restarted twice
        [1, 2, 3, 4, 5, 1, 2, 4, 5],  # 3 is in no export
        [1, 2, 3, 4, 5, 2, 3, 4],  # the first is in no export
        [4711, 4712, 4713, 4711, 4712],
    ],
)
@pytest.mark.parametrize("apart", [3, 4, 15])
@pytest.mark.parametrize("cells", [{}, {"business_date": DAY}, {"pays": True}])
def test_a_till_that_begins_anew_at_any_hour_gives_each_number_to_two_customers(
    numbers: list[int], apart: float, cells: Row
) -> None:
    days = audited(sequence(*numbers, apart=apart, **cells))
    assert articles(days) == sorted([f"a{place}"] for place in range(len(numbers)))
    assert days[0].rejects.num_rows == 0
    assert {mark for marks in days[0].sales["marks"].to_pylist() for mark in marks} == set()


@pytest.mark.parametrize(
    ("numbers", "several"),
    [
        ([1, 2, 3, 4, 2, 5], {2}),  # it counts on from where it was
        ([1, 2, 3, 4, 5, 6, 2, 3, 7, 8], {2, 3}),
        ([1, 2, 3, 4, 5, 1, 2, 6], {1, 2}),
        ([7, 8, 9, 10, 9, 8, 11], {8, 9}),
        ([1, 2, 3, 4, 5, 6, 2, 4, 6], {2, 4, 6}),  # at the end of the evening
    ],
)
def test_a_receipt_that_is_rung_up_again_stays_one_sale(
    numbers: list[int], several: set[int]
) -> None:
    sales = collected(sequence(*numbers, apart=12)).sales.to_pylist()
    assert sorted(int(s["transaction_id"]) for s in sales) == sorted(set(numbers))
    assert {int(s["transaction_id"]) for s in sales if len(s["basket"]) > 1} == several
    assert [s["marks"] for s in sales] == [[]] * len(sales)


@pytest.mark.parametrize(
    ("lines", "marked"),
    [
        (sequence(1, 2, 3, 1), {"1"}),  # and nothing after it
        (sequence(1, 2, 3, 4, 5, 1, 3, 5), {"1", "3", "5"}),
        (sequence(5, 6, 7, 8, 9, 6, 7), {"6", "7"}),
        ([*sequence(1, 2, 3, 1, 2), *sequence(50, start=-539, pays=True)], {"1", "2"}),  # unpaid
    ],
)
def test_where_numbers_leave_it_open_it_is_one_sale_with_a_mark(
    lines: list[Row], marked: set[str]
) -> None:
    sales = collected(lines).sales.to_pylist()
    assert len({s["transaction_id"] for s in sales}) == len(sales)
    assert {s["transaction_id"] for s in sales if s["marks"] == [TWO]} == marked


@pytest.mark.parametrize("apart", [0, 0.5])
def test_receipts_rung_up_side_by_side_under_one_till_s_name_stay_whole(apart: float) -> None:
    both = [*sequence(1, 2, 3, apart=apart), *sequence(1, 2, 3, start=-536.5 - apart, apart=apart)]
    sales = collected(both).sales.to_pylist()
    assert [(len(s["basket"]), s["marks"]) for s in sales] == [(2, [])] * 3


def test_a_cancelled_receipt_does_not_take_the_one_with_its_number_with_it() -> None:
    lines = sequence(1, 2, 3, 1, 2)
    lines[0]["transaction_state"] = "cancelled"
    assert places(lines) == [["a1"], ["a2"], ["a3"], ["a4"]]


@settings(max_examples=40, deadline=None)
@given(
    runs=st.lists(st.integers(2, 9), min_size=1, max_size=4),
    apart=st.sampled_from([3, 5, 11]),
    start=st.sampled_from([-540, -30, -5]),
    random=st.randoms(use_true_random=False),
)
def test_however_often_a_till_begins_anew_each_receipt_is_one_sale(
    runs: list[int], apart: int, start: int, random: Any
) -> None:
    """A run of one receipt, and a shorter pause, would leave it open.

    So does a run whose second receipt is rung up more than the gap of two hours after midnight, and
    its first before: the day before, which has to come to the same result, does not see it.
    """
    numbers = [number for length in runs for number in range(1, length + 1)]
    begins = [start + apart * place for place, number in enumerate(numbers) if number == 1]
    gap = 120  # minutes, as the policy has it by default
    assume(not any(begin < gap <= begin + apart for begin in begins))
    lines = sequence(*numbers, apart=apart, start=start)
    random.shuffle(lines)
    assert places(lines) == sorted([f"a{place}"] for place in range(len(numbers)))


def read_for(day: date, lines: Sequence[Row]) -> list[Row]:
    """The lines that a day's run reads: its own, and those of the two hours around it."""
    start, end = MIDNIGHT - timedelta(hours=26), MIDNIGHT + timedelta(hours=2)
    return [row for row in lines if start <= row["sold_at"] - (day - DAY) < end]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-240, 240),
            st.integers(1, 5),
            st.sampled_from(["Ann", "Bob", None]),
            st.sampled_from([None, None, "tender", "control"]),
        ),
        min_size=1,
        max_size=16,
    )
)
# Only the first day reads that the till had a lower number before.
@example(
    [(m, n, None, None) for m, n in ((-240, 1), (-20, 3), (-16, 4), (-12, 5), (10, 3), (14, 4))]
)
# Only the second day reads what the till did two hours after midnight.
@example([(m, n, None, None) for m, n in ((-20, 1), (60, 2), (80, 3), (90, 1), (125, 2), (140, 3))])
@example([(-70, 1, "Bob", None), (-1, 1, None, None), (112, 1, "Ann", None), (121, 1, "Bob", None)])
def test_two_days_that_read_different_lines_count_no_article_twice(
    lines: list[tuple[int, int, str | None, str | None]],
) -> None:
    rows = [
        rung(str(number), minutes, f"a{place}", cashier_id=cashier, line_type=kind)
        for place, (minutes, number, cashier, kind) in enumerate(lines)
    ]
    sold, lost = list[str](), set[str]()
    for day in (DAY, NEXT_DAY):
        read = read_for(day, rows)
        result = collected(read, (), day)
        sold += [i["sku"] for sale in result.sales.to_pylist() for i in sale["basket"]]
        lost |= {read[reject["row"] - 2]["sku"] for reject in result.rejects.to_pylist()}
    assert len(sold) == len(set(sold))
    assert {row["sku"] for row in rows if row["line_type"] is None} - lost <= set(sold)


def test_what_was_put_aside_before_midnight_is_the_sale_of_the_day_that_completes_it() -> None:
    lines = [
        rung("17", -10, "first", transaction_state="suspended"),
        rung("17", 10, "second", transaction_state="completed"),
    ]
    sold = [collected(read_for(day, lines), (), day).sales for day in (DAY, NEXT_DAY)]
    assert sold[0].num_rows == 0
    (basket,) = sold[1]["basket"].to_pylist()
    assert [item["sku"] for item in basket] == ["first", "second"]


@pytest.mark.parametrize(
    "lines",
    [
        [rung("17", -2, "first"), rung("17", 3, "second")],
        [rung("17", -40, "first"), rung("17", -10, "second")],  # of one day
        [
            rung("17", -40, "first"),
            rung("17", -39, "cash", line_type="tender", category=None),
            rung("17", -10, "second"),  # another round of the tab
        ],
        [rung("17", m, s, business_date=DAY) for m, s in ((-10, "first"), (10, "second"))],
        [
            rung("17", -40, "first", transaction_state="suspended"),
            rung("17", -10, "second", transaction_state="completed"),
        ],
    ],
    ids=["no pause", "one day", "a round", "the till's own day", "put aside"],
)
def test_what_is_surely_one_sale_has_no_mark(lines: list[Row]) -> None:
    ((first, *_, second),) = baskets(audited(lines))
    assert (first, second) == ("first", "second")
    assert collected(lines).sales["marks"].to_pylist() == [[]]


def test_a_pause_over_the_hour_at_which_the_policy_ends_the_day_is_one_too() -> None:
    night = policy(day_ends_at="04:00")
    lines = [rung("17", 230, "first"), rung("17", 250, "second")]
    assert collected(lines, rules=night).sales["marks"].to_pylist() == [[TWO]]
    assert collected(two(), rules=night).sales["marks"].to_pylist() == [[TWO]]  # tills at midnight


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ({}, {"id_check": "id_scanned"}, "none"),
        ({"id_check": "id_scanned"}, {}, "none"),
        ({"id_check": "id_viewed"}, {"id_check": "id_scanned"}, "id_viewed"),
        ({"id_check": "looks_over"}, {"id_check": "id_scanned"}, "looks_over"),
        ({"category": "bread"}, {"id_check": "id_scanned"}, "id_scanned"),
        ({"category": "tobacco", "id_check": "id_scanned"}, {}, "none"),
    ],
)
def test_the_check_of_one_part_counts_for_no_other(first: Row, second: Row, told: str) -> None:
    lines = [rung("17", -10, "a", **first), rung("17", 10, "b", **second)]
    (sale,) = collected(lines).sales.to_pylist()
    assert (sale["id_check"], TWO in sale["marks"]) == (told, True)


def test_the_birth_date_of_one_part_counts_for_no_other() -> None:
    born = {"birth_date": date(2015, 1, 1), "category": "tobacco", "id_check": "dob_entered"}
    (sale,) = collected([rung("17", -10, "a", **born), rung("17", 10)]).sales.to_pylist()
    assert sale["birth_date"] is None


def test_what_one_part_gives_back_takes_nothing_from_the_other() -> None:
    back: Row = {"quantity": Decimal(-1), "amount": Decimal(-1)}
    result = collected([rung("17", -10), rung("17", 10, **back)])
    assert result.sales["marks"].to_pylist() == [[TWO]]
    assert result.counts["S1"].alcohol_returns == 0


@pytest.mark.parametrize("number", ["17", None])
def test_no_frame_is_shown_where_it_may_show_the_other(number: str | None) -> None:
    shot = frame(transaction_id=number, captured_at=at(10))
    result = collected(two(), [shot])
    assert result.sales["snapshot_id"].to_pylist() == [None]
    assert result.counts["S1"].snapshots_matched == 0
    following = collected(two(cashier_id="Bob"), [shot], NEXT_DAY)
    # A frame that names nothing, alone on its day, may be of either.
    assert following.sales["snapshot_id"].to_pylist() == ["snapshot_id-1" if number else None]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-110, 110),
            st.sampled_from(["1", "2", "3"]),
            st.sampled_from(["Ann", "Bob", None]),
            st.sampled_from([None, "tender"]),
        ),
        min_size=1,
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
def test_whatever_is_told_apart_each_article_is_of_one_sale(
    lines: list[tuple[int, str, str | None, str | None]], random: Any
) -> None:
    """On the day and the day after together, and in whatever order the export is.

    The other order is another store's: stores share nothing, and are collected in one go.
    """
    rows = [
        rung(number, minutes, f"a{place}", cashier_id=cashier, line_type=kind)
        for place, (minutes, number, cashier, kind) in enumerate(lines)
    ]
    shuffled = random.sample(rows, len(rows))
    items = {row["sku"] for row in rows if row["line_type"] is None}
    days = audited([*rows, *({**row, "store_id": "S2"} for row in shuffled)])
    rejected = {
        rows[reject["row"] - 2]["sku"]
        for day in days
        for reject in day.rejects.to_pylist()
        if reject["store_id"] == "S1"
    }

    sold = baskets(days)

    skus = [sku for basket in sold for sku in basket]
    assert len(skus) == len(set(skus))
    assert items - rejected <= set(skus)
    assert sorted(baskets(days, "S2")) == sorted(sold)
