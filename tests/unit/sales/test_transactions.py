"""Which lines are one transaction: by till, number and time, whatever file they stand in."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.policy import Policy
from auditor.sales import Collected, collect
from auditor.sales.transactions import KEY_PARTS, divide
from auditor.tables import SNAPSHOT_INDEX, TILL_LINES
from tests.support.samples import DAY, after, frame, line, policy

Row = dict[str, Any]
MIDNIGHT = datetime(2026, 3, 3, tzinfo=UTC)
HOUR = 3600


def at(minutes: float) -> datetime:
    """So many minutes after the end of the day."""
    return MIDNIGHT + timedelta(minutes=minutes)


def collected(
    lines: Sequence[Row],
    frames: Sequence[Row] = (),
    day: date = DAY,
    rules: Policy | None = None,
) -> Collected:
    sold, shot = (
        schema.from_rows({**row, "row": number} for number, row in enumerate(rows, start=2))
        for schema, rows in ((TILL_LINES, lines), (SNAPSHOT_INDEX, frames))
    )
    return collect(sold, shot, day, rules or policy())


def baskets(result: Collected) -> list[tuple[str, str, list[str]]]:
    """Till, number and articles of each sale."""
    return [
        (sale["till_id"], sale["transaction_id"], [item["sku"] for item in sale["basket"]])
        for sale in result.sales.to_pylist()
    ]


def reasons(result: Collected) -> list[tuple[str, int]]:
    return [(r["reason"], r["row"]) for r in result.rejects.to_pylist()]


# What tells transactions apart


def test_numbers_counted_by_till_are_different_transactions() -> None:
    lines = [
        line(till_id="1", sku="a", id_check="none"),
        line(till_id="2", sku="b", id_check="id_scanned", cashier_id="Bob"),
    ]
    shot = frame(till_id="2", transaction_id="transaction_id-1", captured_at=after(1))

    result = collected(lines, [shot])

    assert baskets(result) == [
        ("1", "transaction_id-1", ["a"]),
        ("2", "transaction_id-1", ["b"]),
    ]
    assert result.sales["id_check"].to_pylist() == ["none", "id_scanned"]
    assert result.sales["snapshot_id"].to_pylist() == [None, "snapshot_id-1"]
    assert result.rejects.num_rows == 0


@pytest.mark.parametrize(("minutes", "sales"), [(120, 1), (121, 2)])
def test_a_number_used_again_later_is_another_transaction(minutes: int, sales: int) -> None:
    lines = [line(sku="a"), line(sku="b", sold_at=after(minutes * 60), cashier_id="cashier_id-1")]
    assert collected(lines).sales.num_rows == sales
    shorter = policy(transaction_gap_minutes=minutes - 0.5)
    assert collected(lines, rules=shorter).sales.num_rows == 2


def test_a_frame_that_names_a_number_used_twice_is_of_the_nearer() -> None:
    lines = [line(sku="a"), line(sku="b", sold_at=after(5 * HOUR))]
    shots = [
        frame(snapshot_id="late", transaction_id="transaction_id-1", captured_at=after(4 * HOUR)),
        frame(snapshot_id="soon", transaction_id="transaction_id-1", captured_at=after(-9)),
    ]
    result = collected(lines, shots)
    assert result.sales["snapshot_id"].to_pylist() == ["soon", "late"]


def test_a_frame_of_a_till_without_the_number_is_given_to_no_other_till() -> None:
    shot = frame(till_id="camera 7", transaction_id="transaction_id-1")
    assert collected([line(till_id="1")], [shot]).sales["snapshot_id"].to_pylist() == [None]
    both = collected([line(till_id="1"), line(till_id="2")], [shot])
    assert both.sales["snapshot_id"].to_pylist() == [None, None]
    assert [reason for reason, _ in reasons(both)] == ["snapshot_of_unknown_transaction"]


@pytest.mark.parametrize(
    ("parts", "transactions"),
    [
        (KEY_PARTS, [["a"], ["b"], ["c"]]),
        ({"number", "time"}, [["a", "b"], ["c"]]),
        ({"till", "number"}, [["a", "c"], ["b"]]),
        ({"number"}, [["a", "b", "c"]]),
    ],
)
def test_which_parts_make_the_key_can_be_said_of_a_file(
    parts: frozenset[str], transactions: list[list[str]]
) -> None:
    lines = [
        line(sku="a"),
        line(sku="b", till_id="9", sold_at=after(60)),
        line(sku="c", sold_at=after(3 * HOUR)),
    ]
    sold = TILL_LINES.from_rows(lines)
    rules = {"S1": policy().rules(DAY, "S1")}
    divided = divide(sold, DAY, rules, {"source-1": frozenset(parts)})
    skus = divided.lines["sku"].to_pylist()
    bounds = zip(divided.starts.tolist(), divided.ends.tolist(), strict=True)
    assert [skus[start:end] for start, end in bounds] == transactions


# Files


def test_a_transaction_goes_on_in_another_file() -> None:
    lines = [
        line(sku="a", source="a.csv"),
        line(sku="b", source="b.csv", sold_at=after(9), id_check="id_scanned"),
        line(sku="c", source="b.csv"),
    ]
    result = collected(lines)
    assert baskets(result) == [("till_id-1", "transaction_id-1", ["a", "c", "b"])]
    assert reasons(result) == []


def test_a_file_that_overlaps_with_the_one_before_adds_what_is_new() -> None:
    first = [line(sku=sku, source="a.csv") for sku in "ab"]
    second = [line(sku=sku, source="b.csv") for sku in "bc"]
    result = collected([*first, *second])
    assert baskets(result) == [("till_id-1", "transaction_id-1", ["a", "b", "c"])]
    assert reasons(result) == [("duplicate_transaction", 4)]
    assert result.counts["S1"].duplicate_transactions == 0


def test_an_interleaved_transaction_sent_twice_is_counted_once() -> None:
    own = [line(sku="a"), line(transaction_id="T2", sku="x"), line(sku="b")]
    result = collected([*own, line(transaction_id="T3", sku="y"), *own])
    assert [skus for *_, skus in baskets(result)] == [["x"], ["y"], ["a", "b"]]


# States


def counted(result: Collected) -> dict[str, int]:
    counts = result.counts["S1"]
    return {name: getattr(counts, name) for name in counts.__slots__ if "transactions" in name}


@pytest.mark.parametrize("state", ["training", "cancelled", "voided", "suspended"])
def test_what_was_not_completed_is_counted_and_no_sale(state: str) -> None:
    lines = [line(sku=sku, transaction_state=state) for sku in "ab"]
    shot = frame(transaction_id="transaction_id-1")
    result = collected(lines, [shot])
    assert result.sales.num_rows == 0
    assert counted(result) == {
        **dict.fromkeys(counted(result), 0),
        f"{state}_transactions": 1,
    }
    assert result.counts["S1"].snapshots_of_other_sales == 1
    assert reasons(result) == []


def test_a_later_transaction_voids_the_one_that_it_names() -> None:
    lines = [
        line(till_id="2", sku="other till"),
        line(sku="voided", sold_at=after(1)),
        line(transaction_id="T2", sku="kept", sold_at=after(2)),
        line(
            transaction_id="T3",
            sku="voided",
            quantity=Decimal(-1),
            sold_at=after(60),
            transaction_state="void",
            resumes="transaction_id-1",
        ),
    ]
    result = collected(lines)
    assert [skus for *_, skus in baskets(result)] == [["other till"], ["kept"]]
    assert counted(result)["voided_transactions"] == 2
    assert counted(result)["transactions"] == 2


def voiding(**values: Any) -> Row:
    nothing = {"sku": "", "category": None, "quantity": Decimal(0), "amount": Decimal(0)}
    own = {"transaction_id": "V1", "transaction_state": "void", "sold_at": after(600)}
    return line(**{**nothing, "line_type": "other", "resumes": "transaction_id-1", **own, **values})


@pytest.mark.parametrize("state", ["cancelled", "training"])
@pytest.mark.parametrize("line_type", ["other", "control", "item"])
@pytest.mark.parametrize("sold", [None, "completed"])
def test_a_post_void_that_was_itself_cancelled_or_in_training_voids_nothing(
    state: str, line_type: str, sold: str | None
) -> None:
    lines = [line(transaction_state=sold), voiding(transaction_state=state, line_type=line_type)]
    result = collected(lines)
    assert [sale["transaction_id"] for sale in result.sales.to_pylist()] == ["transaction_id-1"]
    assert counted(result)[f"{state}_transactions"] == 1


def test_what_was_put_aside_is_of_who_paid_it_and_not_of_who_cancelled() -> None:
    cancelled = resuming(sku="b", transaction_state="cancelled")
    lines = [suspended(sku="a"), cancelled, resuming(sku="c", transaction_id="R2")]
    assert [skus for *_, skus in baskets(collected(lines))] == [["a", "c"]]
    (refused,) = collected([suspended(id_check="refused"), cancelled]).sales.to_pylist()
    assert refused["transaction_id"] == "R1"


def test_a_return_that_names_its_sale_leaves_it_sold() -> None:
    result = collected([line(sku="a"), resuming(sku="a", line_type="return")])
    assert [skus for *_, skus in baskets(result)] == [["a"]]
    assert result.counts["S1"].alcohol_returns == 1


@pytest.mark.parametrize("till", ["1", "2"])
@pytest.mark.parametrize("zeros", ["", "0"])
def test_a_post_void_voids_the_sale_of_the_till_that_it_names(till: str, zeros: str) -> None:
    lines = [line(sku=own, till_id=own, sold_at=after(int(own))) for own in "12"]
    lines.append(voiding(till_id="1", resumes_till=zeros + till))
    assert [skus for *_, skus in baskets(collected(lines))] == [["2" if till == "1" else "1"]]
    lines[-1]["resumes_till"] = "3"  # maybe another till's export is missing
    assert len(baskets(collected(lines))) == 2


def test_a_post_void_voids_the_sale_of_the_day_that_it_names() -> None:
    days = (DAY - timedelta(1), DAY)
    lines = [
        line(sku=sku, business_date=day, sold_at=after(60 * n))
        for n, (sku, day) in enumerate(zip("ab", days, strict=True))
    ]
    lines.append(voiding(business_date=DAY, resumes_date=days[0]))
    assert [skus for *_, skus in baskets(collected(lines))] == [["b"]]
    lines[-1]["resumes_date"] = DAY
    assert baskets(collected(lines)) == []


def test_what_is_resumed_is_of_the_till_that_the_link_names() -> None:
    lines = [{**suspended(sku=f"s{n}", sold_at=after(n)), "till_id": str(n)} for n in (1, 2)]
    resumed = [
        resuming(transaction_id=f"R{n}", resumes_till=f"{n}", sku=f"r{n}", sold_at=after(600 + n))
        for n in (1, 2)
    ]
    found = [skus for *_, skus in baskets(collected([*lines, *resumed]))]
    assert found == [["s1", "r1"], ["s2", "r2"]]
    # A till of another name: the basket is not lost.
    (own,) = baskets(collected([lines[0], {**resumed[0], "resumes_till": "lane 9"}]))
    assert own[2] == ["s1", "r1"]


@pytest.mark.parametrize("line_type", ["control", "other", "tender"])
def test_a_post_void_voids_whatever_the_type_of_its_line(line_type: str) -> None:
    nothing: Row = {"sku": "", "category": None, "quantity": Decimal(0), "amount": Decimal(0)}
    voiding = line(
        **nothing,
        line_type=line_type,
        transaction_id="T2",
        transaction_state="void",
        resumes="transaction_id-1",
        sold_at=after(60),
    )
    result = collected([line(sku="voided"), voiding])
    assert baskets(result) == []
    assert counted(result)["voided_transactions"] == 2


def test_a_state_on_a_control_line_is_that_of_its_receipt() -> None:
    state = line(sku="", line_type="control", transaction_state="voided", sold_at=after(9))
    result = collected([line(sku="a"), state])
    assert baskets(result) == []
    assert counted(result)["voided_transactions"] == 1


def suspended(**values: Any) -> Row:
    return line(transaction_state="suspended", till_id="1", cashier_id="Ann", **values)


def resuming(**values: Any) -> Row:
    own = {"transaction_id": "R1", "till_id": "2", "cashier_id": "Bob", "sold_at": after(600)}
    return line(**{**own, "resumes": "transaction_id-1", **values})


def test_what_was_put_aside_is_part_of_the_sale_of_who_completed_it() -> None:
    result = collected([suspended(sku="wine"), resuming(sku="bread", category="bread")])
    (sale,) = result.sales.to_pylist()
    assert (sale["till_id"], sale["transaction_id"], sale["cashier_id"]) == ("2", "R1", "Bob")
    assert (sale["started_at"], sale["sold_at"]) == (after(600), after(600))
    assert [item["sku"] for item in sale["basket"]] == ["wine", "bread"]
    assert counted(result)["transactions"] == 1
    assert counted(result)["suspended_transactions"] == 0


def test_articles_listed_again_when_a_sale_is_resumed_are_sold_once() -> None:
    aside = suspended(sku="wine", id_check="id_scanned", amount=Decimal(9))
    result = collected([aside, resuming(sku="wine", amount=Decimal(9)), resuming(sku="b")])
    lines = divide(
        TILL_LINES.from_rows([aside, resuming(sku="wine", amount=Decimal(9))]),
        DAY,
        {"S1": policy().rules(DAY, "S1")},
    ).lines
    assert lines["line_type"].to_pylist() == ["id_check", None]
    assert result.sales.num_rows == 1


def test_of_several_put_aside_the_last_before_is_resumed() -> None:
    lines = [
        {**suspended(sku="a", sold_at=after(-3 * HOUR)), "till_id": "3"},
        suspended(sku="b"),
        resuming(sku="r"),
        suspended(sku="c", sold_at=after(4 * HOUR)),
    ]
    result = collected(lines)
    assert [skus for *_, skus in baskets(result)] == [["b", "r"]]
    assert counted(result)["suspended_transactions"] == 2


def test_put_aside_twice_and_completed_once_is_one_sale() -> None:
    lines = [
        suspended(sku="a"),
        resuming(sku="b", transaction_id="R0", transaction_state="suspended", sold_at=after(300)),
        resuming(sku="c", resumes="R0"),
    ]
    result = collected(lines)
    assert [skus for *_, skus in baskets(result)] == [["a", "b", "c"]]


def test_a_number_rung_up_again_at_the_till_resumes_what_was_put_aside_there() -> None:
    later = line(sku="b", till_id="1", cashier_id="Bob", sold_at=after(5 * HOUR))
    assert [skus for *_, skus in baskets(collected([suspended(sku="a"), later]))] == [["a", "b"]]
    elsewhere = {**later, "till_id": "2"}
    assert [skus for *_, skus in baskets(collected([suspended(sku="a"), elsewhere]))] == [["b"]]


@pytest.mark.parametrize("state", [None, "completed"])
@pytest.mark.parametrize("skus", ["ab", "b"], ids=["listed again", "added"])
def test_a_number_that_goes_on_soon_after_it_was_put_aside_is_one_sale(
    state: str | None, skus: str
) -> None:
    own = {"till_id": "1", "cashier_id": "Bob", "transaction_state": state}
    later = [line(**own, sku=sku, sold_at=after(600)) for sku in skus]
    (sale,) = collected([suspended(sku="a"), *later]).sales.to_pylist()
    assert [item["sku"] for item in sale["basket"]] == ["a", "b"]
    assert sale["cashier_id"] == "Bob"


def test_a_line_behind_those_put_aside_that_sells_nothing_completes_nothing() -> None:
    receipt = line(till_id="1", line_type="other", category=None, sold_at=after(5))
    result = collected([suspended(sku="a"), receipt])
    assert baskets(result) == []
    assert counted(result)["suspended_transactions"] == 1


def test_without_a_link_or_a_state_nothing_is_joined() -> None:
    lines = [line(sku="a", till_id="1"), line(sku="b", till_id="2", sold_at=after(60))]
    assert len(baskets(collected(lines))) == 2
    named = resuming(sku="b")
    for state in (None, "completed"):  # as a return names its sale
        done = line(sku="a", till_id="1", transaction_state=state)
        assert len(baskets(collected([done, named]))) == 2


def test_cancelled_lines_and_control_totals_are_no_lines_of_a_sale() -> None:
    lines = [
        line(sku="a"),
        line(sku="b", line_type="void"),
        line(sku="total", line_type="control", transaction_id="Z1"),
        line(sku="", line_type="control", transaction_id="Z2", transaction_state="completed"),
        line(sku="c", line_type="void", transaction_id="T2"),
    ]
    result = collected(lines)
    assert baskets(result) == [("till_id-1", "transaction_id-1", ["a"])]
    assert counted(result)["transactions"] == 1
    assert counted(result)["cancelled_transactions"] == 1


# Days


def over_midnight() -> list[Row]:
    return [
        line(sku="a", sold_at=at(-2), source="sales.csv"),
        line(sku="b", sold_at=at(1), source="sales.csv", id_check="id_scanned"),
    ]


def test_a_sale_over_midnight_is_one_of_the_day_on_which_it_begins() -> None:
    shot = frame(captured_at=at(1), snapshot_id="F1")
    first = collected(over_midnight(), [shot])
    assert [skus for *_, skus in baskets(first)] == [["a", "b"]]
    assert first.sales["id_check"].to_pylist() == ["id_scanned"]
    assert first.sales["snapshot_id"].to_pylist() == ["F1"]
    second = collected(over_midnight(), [shot], DAY + timedelta(days=1))
    assert second.sales.num_rows == second.rejects.num_rows == 0
    assert second.counts["S1"].snapshots_of_other_sales == 1


def test_what_stands_before_is_told_by_the_day_of_the_sale() -> None:
    lines = [*over_midnight(), line(sku="b", sold_at=at(1), source="x.csv", id_check="id_scanned")]
    assert reasons(collected(lines)) == [("duplicate_transaction", 4)]
    assert reasons(collected(lines, day=DAY + timedelta(days=1))) == []


def test_lines_too_late_for_the_day_before_are_told_and_not_lost() -> None:
    lines = [*over_midnight(), line(sku="c", sold_at=at(119)), line(sku="d", sold_at=at(121))]
    later = collected(lines, day=DAY + timedelta(days=1))
    assert reasons(later) == [("overlong_transaction", 5)]
    assert later.sales.num_rows == 0


def test_a_business_date_that_the_till_wrote_decides_the_day() -> None:
    lines = [line(sku="a", sold_at=at(300), business_date=DAY), line(sku="b", transaction_id="T2")]
    assert [skus for *_, skus in baskets(collected(lines))] == [["b"], ["a"]]
    assert baskets(collected(lines, day=DAY + timedelta(days=1))) == []


def test_a_day_that_ends_at_four_has_the_sales_of_the_night() -> None:
    lines = [line(transaction_id=f"T{n}", sku=str(n), sold_at=at(n)) for n in (90, 239, 240)]
    night = policy(day_ends_at="04:00")
    assert [skus for *_, skus in baskets(collected(lines, rules=night))] == [["90"], ["239"]]
    following = collected(lines, day=DAY + timedelta(days=1), rules=night)
    assert [skus for *_, skus in baskets(following)] == [["240"]]


# Properties

CHECKS = st.sampled_from(["none", "id_scanned", "id_viewed"])
LINE = st.tuples(st.integers(0, 40), CHECKS, st.sampled_from(["wine", "bread"]))
TRANSACTION = st.tuples(
    st.sampled_from(["1", "2"]),  # till
    st.sampled_from(["7", "8"]),  # number
    st.integers(-1500, 1500),  # minutes from midnight
    st.lists(LINE, min_size=1, max_size=4),
)


def drawn(transactions: list[tuple[str, str, int, list[tuple[int, str, str]]]]) -> list[Row]:
    """Lines of a night and the days around it; each with an article of its own."""
    return [
        line(
            till_id=till,
            transaction_id=number,
            sold_at=at(minutes + offset / 10),
            category=category,
            sku=f"{of}-{nth}",
            id_check=check,
            source="sales.csv",
        )
        for of, (till, number, minutes, lines) in enumerate(transactions)
        for nth, (offset, check, category) in enumerate(lines)
    ]


def sales_of(*exports: Sequence[Row]) -> list[list[Row]]:
    """The sales of the days around the night, audited one by one, of each of some exports.

    Each is put into a store of its own: stores share nothing, and are collected in one go.
    """
    lines = [
        {**row, "store_id": f"S{number}"} for number, rows in enumerate(exports) for row in rows
    ]
    found: list[list[Row]] = [[] for _ in exports]
    for offset in (1, -1, 0, 2):
        for sale in collected(lines, day=DAY + timedelta(days=offset)).sales.to_pylist():
            found[int(sale.pop("store_id").removeprefix("S"))].append(sale)
    key = itemgetter("till_id", "transaction_id", "started_at")
    return [sorted(sales, key=key) for sales in found]


@given(st.lists(TRANSACTION, max_size=6), st.randoms(use_true_random=False), st.data())
def test_shuffled_split_and_repeated_lines_make_the_same_sales_once(
    transactions: list[Any], random: Any, data: st.DataObject
) -> None:
    lines = drawn(transactions)
    shuffled = list(lines)
    random.shuffle(shuffled)
    cut = data.draw(st.integers(0, len(lines)))
    parts = [{**row, "source": "a.csv" if n < cut else "b.csv"} for n, row in enumerate(shuffled)]
    again = [{**row, "source": "c.csv"} for row in lines]

    whole, *others = sales_of(lines, shuffled, parts, [*parts, *again])

    assert len({(s["till_id"], s["transaction_id"], s["started_at"]) for s in whole}) == len(whole)
    sold = Counter(item["sku"] for sale in whole for item in sale["basket"])
    assert set(sold.values()) <= {1}
    assert others == [whole] * 3


def test_two_business_days_never_share_a_transaction() -> None:
    lines = [line(sku="a", business_date=DAY), line(sku="b", business_date=DAY + timedelta(days=1))]
    assert [len(basket) for basket in collected(lines).sales["basket"].to_pylist()] == [1]


@pytest.mark.parametrize("state", ["voided", "cancelled"])
def test_an_item_that_alone_is_void_leaves_the_rest_of_the_receipt(state: str) -> None:
    lines = [line(sku="a", transaction_state=state), line(sku="b"), line(sku="c")]
    (sale,) = collected(lines).sales.to_pylist()
    assert [item["sku"] for item in sale["basket"]] == ["b", "c"]
    assert collected([row | {"transaction_state": state} for row in lines]).sales.num_rows == 0
