"""Till lines and frames become alcohol sales, each once, each with its own frame or none."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.inputs.counts import SourceCounts
from auditor.pipeline.collect import store_days
from auditor.policy import Policy
from auditor.sales import MARKS, Collected, SaleCounts, collect, collecting
from auditor.sales.frames import MOST
from auditor.tables import REJECTS, SALES, SNAPSHOT_INDEX, STORE_DAYS, TILL_LINES
from tests.support.samples import DAY, NOON, after, frame, line, policy

Row = dict[str, Any]


def collected(lines: list[Row], frames: list[Row] | None = None, **rules: Any) -> Collected:
    return collected_by(policy(**rules), lines, frames)


def collected_by(rules: Policy, lines: list[Row], frames: list[Row] | None = None) -> Collected:
    """Collect, with record numbers in the order given where a row has none of its own."""
    sold, shot = (
        schema.from_rows({**row, "row": number} for number, row in enumerate(rows, start=2))
        for schema, rows in ((TILL_LINES, lines), (SNAPSHOT_INDEX, frames or []))
    )
    result = collect(sold, shot, DAY, rules)
    assert result.sales.schema == SALES.arrow
    assert result.rejects.schema == REJECTS.arrow
    return result


def only_sale(result: Collected) -> Row:
    (sale,) = result.sales.to_pylist()
    return dict(sale)


def reasons(result: Collected) -> list[tuple[str, int]]:
    return [(r["reason"], r["row"]) for r in result.rejects.to_pylist()]


def transactions(result: Collected) -> list[str]:
    numbers: list[str] = result.sales["transaction_id"].to_pylist()
    return numbers


def frames_of(result: Collected) -> dict[str, str | None]:
    return {s["transaction_id"]: s["snapshot_id"] for s in result.sales.to_pylist()}


def of_sale(sale: Row) -> list[Row]:
    """The frames of a sale."""
    return sale["frames"] or ([sale] if sale["snapshot_id"] else [])


def counts(result: Collected, **expected: int) -> None:
    """Assert one store's counts; what is not named is 0."""
    assert result.counts == {"S1": SaleCounts(**expected)}


def bread(**values: Any) -> Row:
    return line(**{"category": "bread", "sku": "bread", **values})


# What is an alcohol sale


def test_a_sale_carries_its_basket_its_price_and_the_rules_of_the_day() -> None:
    lines = [
        bread(amount=Decimal("0.80"), description="Loaf"),
        line(sku="wine", amount=Decimal("9.99"), quantity=Decimal(2), sold_at=after(7)),
        bread(sku="bag", amount=Decimal("-0.10"), quantity=Decimal(-1)),
    ]

    sale = only_sale(collected(lines, legal_age=16, challenge_age=30))

    assert sale["amount"] == Decimal("10.69")
    assert (sale["started_at"], sale["sold_at"]) == (NOON, after(7))
    assert (sale["legal_age"], sale["challenge_age"]) == (16, 30)
    assert [(b["sku"], b["alcohol"]) for b in sale["basket"]] == [
        ("bag", False),  # lines of one time are in the order of their articles
        ("bread", False),
        ("wine", True),
    ]
    assert sale["basket"][1]["description"] == "Loaf"
    assert sale["basket"][2]["quantity"] == 2
    assert sale["marks"] == []
    assert sale["snapshot_id"] is sale["matched_by"] is sale["snapshot_offset_s"] is None


@pytest.mark.parametrize(
    ("cells", "is_sale"),
    [
        ({"category": "beer"}, True),
        ({"category": "BEER"}, True),
        ({"category": "soft drinks"}, False),
        ({"category": None}, False),
        ({"category": None, "sku": "trifle"}, True),
        ({"category": "beer", "sku": "zero"}, False),
        ({"category": None, "sku": "both"}, False),
        ({"category": "tonic", "store_id": "S2"}, True),
        ({"category": "tonic"}, False),
        ({"category": "beer", "store_id": "S2"}, False),
    ],
)
def test_what_is_alcohol_is_decided_by_the_stores_rules(cells: Row, *, is_sale: bool) -> None:
    result = collected(
        [line(**cells), bread(transaction_id="other", store_id="S1")],
        alcohol_categories=["Beer"],
        alcohol_skus=["trifle", "both"],
        alcohol_free_skus=["zero", "both"],
        override=[{"stores": ["S2"], "alcohol_categories": ["tonic"]}],
    )

    assert result.sales.num_rows == is_sale


@pytest.mark.parametrize(
    ("drinks", "outcome"),
    [
        ([("wine", 1, "none")], "sale"),
        ([("wine", 1, "none"), ("wine", -1, "none")], "neither"),  # taken off the receipt again
        ([("wine", -1, "none"), ("beer", 1, "none"), ("beer", -1, "none")], "return"),
        ([("wine", -1, "none")], "return"),
        ([("wine", 2, "none"), ("wine", -1, "none")], "sale"),
        ([("wine", -3, "none"), ("beer", 1, "none")], "sale"),
        ([("wine", 0, "refused")], "sale"),
        ([("wine", 1, "refused")], "sale"),
        ([("wine", 0, "refused"), ("beer", -1, "none")], "sale"),
        ([("wine", 1, "refused"), ("wine", -1, "none")], "sale"),
        ([("wine", 1, "none"), ("wine", -1, "refused")], "sale"),
        ([("wine", 0.001, "none")], "sale"),
        ([], "neither"),
    ],
)
def test_what_is_sold_and_what_is_given_back(
    drinks: list[tuple[str, float, str]], outcome: str
) -> None:
    lines = [
        line(sku=sku, quantity=Decimal(str(quantity)), id_check=check)
        for sku, quantity, check in drinks
    ]

    result = collected([bread(), *lines])

    assert result.sales.num_rows == (outcome == "sale")
    counts(
        result,
        transactions=1,
        alcohol_sales=int(outcome == "sale"),
        alcohol_returns=int(outcome == "return"),
    )


def minus(sold: Row) -> Row:
    """The line that takes an article off again."""
    return {**sold, "quantity": -sold["quantity"], "amount": -sold["amount"]}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([line(), minus(line())], {"voided_transactions": 1}),
        ([bread(), line(), minus(bread()), minus(line())], {"voided_transactions": 1}),
        ([bread(), minus(bread())], {"voided_transactions": 1}),
        ([minus(line())], {"transactions": 1, "alcohol_returns": 1}),
        ([bread(), minus(bread()), minus(line())], {"transactions": 1, "alcohol_returns": 1}),
        ([line(), minus(bread())], {"transactions": 1, "alcohol_sales": 1}),
        (
            [line(), minus({**line(), "amount": Decimal("0.20")})],
            {"transactions": 1, "alcohol_sales": 1},
        ),
        ([bread(quantity=Decimal(0))], {"transactions": 1}),
    ],
)
def test_a_receipt_that_is_taken_off_as_a_whole_is_no_return(
    rows: list[Row], expected: dict[str, int]
) -> None:
    pay = line(line_type="tender", sku="", quantity=Decimal(0), amount=Decimal(0))
    counts(collected([*rows, pay]), **expected)


def test_a_line_of_another_type_sells_nothing_and_is_part_of_the_price() -> None:
    order = line(line_type="other", amount=Decimal(3))
    counts(collected([order]), transactions=1)
    assert only_sale(collected([line(sku="beer"), order]))["amount"] == 4
    refused = only_sale(collected([bread(), line(line_type="other", id_check="refused")]))
    assert refused["id_check"] == "refused"


REFUSAL = line(line_type="id_check", sku="", quantity=Decimal(0), amount=Decimal(0))


@pytest.mark.parametrize(
    "rows",
    [
        [line(id_check="refused", line_type="void"), bread(line_type="void")],
        [
            line(id_check="refused", transaction_state="cancelled"),
            bread(transaction_state="cancelled"),
        ],
        [
            {**row, "transaction_state": "voided"}
            for row in (bread(), line(), {**REFUSAL, "id_check": "refused"})
        ],
        [line(id_check="refused", transaction_state="cancelled"), bread(line_type="void")],
        [
            line(id_check="id_viewed"),
            bread(),
            minus(line()),
            minus(bread()),
            {**REFUSAL, "id_check": "refused"},
        ],
    ],
)
def test_a_basket_that_is_taken_off_after_a_refusal_is_a_refused_sale(rows: list[Row]) -> None:
    result = collected(rows, [frame(transaction_id="transaction_id-1")])
    sale = only_sale(result)
    assert (sale["id_check"], sale["amount"], sale["snapshot_id"]) == (
        "refused",
        0,
        "snapshot_id-1",
    )
    counts(result, transactions=1, alcohol_sales=1, snapshots_matched=1)


@pytest.mark.parametrize(
    ("state", "counted"),
    [
        *(("cancelled", "cancelled"), ("voided", "voided"), ("void", "voided")),
        *(("training", "training"), ("suspended", "suspended")),
    ],
)
@pytest.mark.parametrize("refused", ["wine", "bread", None])
def test_only_refused_alcohol_of_a_basket_that_was_taken_off_is_a_sale(
    refused: str | None, state: str, counted: str
) -> None:
    rows = [
        make(id_check="refused" if refused == name else "none", transaction_state=state)
        for name, make in (("wine", line), ("bread", bread))
    ]
    is_sale = refused == "wine" and state in ("cancelled", "voided")
    expected = (
        {"transactions": 1, "alcohol_sales": 1} if is_sale else {f"{counted}_transactions": 1}
    )
    counts(collected(rows), **expected)


@pytest.mark.parametrize(
    ("checks", "told", "mixed"),
    [
        (["none"], "none", False),
        (["refused", "refused"], "refused", False),
        (["refused", "none"], "none", True),
        (["none", "id_viewed", "looks_over"], "id_viewed", True),
        (["not_recorded", "prompt_suppressed"], "prompt_suppressed", False),
        (["none", "id_scanned", "not_recorded"], "id_scanned", False),
        (["dob_entered", "id_scanned"], "id_scanned", True),
    ],
)
def test_the_strongest_check_of_the_alcohol_lines_is_told(
    checks: list[str], told: str, *, mixed: bool
) -> None:
    lines = [line(sku=f"wine {n}", id_check=check) for n, check in enumerate(checks)]

    sale = only_sale(collected([*lines, bread()]))

    assert sale["id_check"] == told
    assert sale["marks"] == (["mixed_id_check"] if mixed else [])


def test_who_checked_and_when_are_told_by_the_line_of_the_check() -> None:
    lines = [
        line(sku="a", id_check_by="Bob", id_check_at=after(1)),
        line(sku="b", id_check="id_viewed", id_check_by="Ann", id_check_at=after(2)),
        line(sku="c", id_check="id_viewed", id_check_by="Cy"),
    ]

    sale = only_sale(collected(lines))

    assert (sale["id_check_by"], sale["id_check_at"]) == ("Ann", after(2))


def test_the_latest_birth_date_of_any_line_is_on_record() -> None:
    """A till asks once for all that is bought: what it keyed for tobacco is the buyer's."""
    older, younger = (NOON.date().replace(year=year) for year in (1990, 2009))
    lines = [
        line(sku="a", id_check="id_scanned"),
        line(sku="b", id_check="dob_entered", birth_date=older),
        bread(sku="tobacco", id_check="dob_entered", birth_date=younger),
    ]

    assert only_sale(collected(lines))["birth_date"] == younger
    assert only_sale(collected(lines[:1]))["birth_date"] is None


def test_a_price_beyond_the_column_is_capped_and_marked() -> None:
    lines = [line(amount=Decimal("999999999999.99"), sku=str(n)) for n in range(2)]

    sale = only_sale(collected(lines))

    assert sale["amount"] == Decimal("999999999999.999")
    assert sale["marks"] == ["amount_capped"]


def test_sales_are_sorted_by_store_time_till_and_transaction() -> None:
    keys = [("S2", 0, "1", "e"), ("S1", 1, "1", "d"), ("S1", 0, "2", "c"), ("S1", 0, "1", "b")]
    keys.append(("S1", 0, "1", "a"))
    lines = [
        line(store_id=s, sold_at=after(t), till_id=till, transaction_id=number)
        for s, t, till, number in keys
    ]

    assert transactions(collected(lines)) == ["a", "b", "c", "d", "e"]


def test_the_marks_are_in_their_order() -> None:
    assert list(MARKS) == sorted(MARKS)


# Transactions that come twice


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, "duplicate_transaction"),
        ({"cashier_id": "Bob"}, "conflicting_transaction"),
        ({"amount": Decimal(2)}, "conflicting_transaction"),
        ({"birth_date": DAY}, "conflicting_transaction"),
        ({"category": "bread"}, "conflicting_transaction"),
    ],
)
def test_a_transaction_that_comes_again_is_set_aside(change: Row, reason: str) -> None:
    first = [line(sku="a"), line(sku="b")]
    again = [line(sku="b", source="again.csv"), line(sku="a", source="again.csv", **change)]

    result = collected([*first, *again])

    assert len(only_sale(result)["basket"]) == 2
    assert reasons(result) == [(reason, 4), (reason, 5)]
    assert result.rejects["source"].to_pylist() == ["again.csv"] * 2
    assert result.rejects["transaction_id"].to_pylist() == ["transaction_id-1"] * 2
    where = f"the transaction stands in {first[0]['source']} before, with "
    assert all(where in detail for detail in result.rejects["detail"].to_pylist())
    counts(result, transactions=1, duplicate_transactions=1, alcohol_sales=1)


def test_a_repetition_names_the_file_that_has_the_line_if_it_is_another() -> None:
    total = line(line_type="control", source="a.csv")  # lines before it, that are left out
    parts = [line(sku="a", source="b.csv"), line(sku="b", sold_at=after(60), source="c.csv")]
    again = [line(sku="b", sold_at=after(60), source="d.csv"), line(sku="a", source="d.csv")]
    details = collected([total, *parts, *again]).rejects["detail"].to_pylist()
    assert [detail.partition(", with")[0] for detail in details] == [
        "d.csv, row 5: the transaction stands in c.csv before",
        "d.csv, row 6: the transaction stands in b.csv before",
    ]
    once = collected(of_receipts([line()], [line()])).rejects["detail"].to_pylist()
    assert [": the transaction stands in the export before," in detail for detail in once] == [True]


def of_receipts(*receipts: list[Row]) -> list[Row]:
    """The lines of receipts of one file that holds each of them in one piece."""
    return [row | {"receipt": n} for n, rows in enumerate(receipts, 1) for row in rows]


def test_a_receipt_that_is_written_again_directly_is_a_duplicate() -> None:
    bottles = [line(), line()]  # two of an article are no repetition
    once, thrice = (collected(of_receipts(*[bottles] * times)) for times in (1, 3))

    assert thrice.sales.equals(once.sales)
    assert reasons(thrice) == [("duplicate_transaction", row) for row in (4, 5, 6, 7)]
    counts(thrice, transactions=1, duplicate_transactions=2, alcohol_sales=1)


def test_a_receipt_that_is_written_again_otherwise_is_an_error() -> None:
    twice = collected(of_receipts([line()], [line(quantity=Decimal(2))]))
    assert reasons(twice) == [("conflicting_transaction", 3)]
    assert "row 3" in twice.rejects["detail"][0].as_py()
    assert only_sale(twice)["basket"][0]["quantity"] == 1


def test_a_receipt_may_go_on_in_another_piece_of_the_file() -> None:
    parts = of_receipts([line(sku="a")], [line(sku="b", sold_at=after(60))])
    result = collected(parts)
    assert [item["sku"] for item in only_sale(result)["basket"]] == ["a", "b"]
    assert result.rejects.num_rows == 0


def test_a_receipt_that_is_resumed_with_the_same_lines_is_no_other_version() -> None:
    suspended, resumed = (line(transaction_state=s) for s in ("suspended", "completed"))
    result = collected(of_receipts([suspended], [resumed]))
    assert (result.sales.num_rows, result.rejects.num_rows) == (1, 0)


def test_a_line_twice_is_not_the_same_as_the_line_once() -> None:
    result = collected([line(), line(), line(source="again.csv")])

    assert reasons(result) == [("duplicate_transaction", 4)]
    assert only_sale(result)["amount"] == 2
    assert collected([line(), line(source="b.csv"), line(source="b.csv")]).sales.num_rows == 1


def test_tills_may_be_interleaved_in_an_export() -> None:
    apart = [line(sku="a"), line(sku="b"), line(sku="c")]
    others = [bread(transaction_id=f"T{n}", till_id="till-2") for n in range(2)]

    result = collected([apart[0], others[0], apart[1], others[1], apart[2]])

    assert [item["sku"] for item in only_sale(result)["basket"]] == ["a", "b", "c"]
    assert reasons(result) == []
    counts(result, transactions=3, alcohol_sales=1)


def test_later_runs_are_counted_one_by_one() -> None:
    runs = [[line()], [bread(transaction_id="T2")]] * 3

    result = collected([row for run in runs for row in run])

    assert Counter(reason for reason, _ in reasons(result)) == {"duplicate_transaction": 4}
    counts(result, transactions=2, duplicate_transactions=4, alcohol_sales=1)


def test_the_same_number_in_another_store_is_another_transaction() -> None:
    result = collected([line(), line(store_id="S2"), line(store_id="S3")])

    assert result.sales["store_id"].to_pylist() == ["S1", "S2", "S3"]
    assert reasons(result) == []


def test_whoever_rings_it_up_an_article_is_of_its_transaction() -> None:
    """An attendant at a self-checkout, or who takes over: nothing of the receipt is lost."""
    lines = [
        line(sku="a"),
        line(sku="b", cashier_id="Bob", sold_at=after(20), id_check="id_viewed"),
    ]
    lines.append(line(sku="check", cashier_id="Bob", line_type="id_check"))

    result = collected(lines)

    sale = only_sale(result)
    assert [b["sku"] for b in sale["basket"]] == ["a", "b"]
    assert (sale["cashier_id"], sale["id_check"]) == ("cashier_id-1", "id_viewed")
    assert reasons(result) == []
    counts(result, transactions=1, alcohol_sales=1)


def test_what_was_put_aside_is_the_sale_of_who_completed_it() -> None:
    first = line(sku="a", transaction_state="suspended")
    rest = {"sold_at": after(1200), "cashier_id": "Bob", "transaction_state": "completed"}
    sale = only_sale(collected([first, bread(**rest)]))
    assert [b["sku"] for b in sale["basket"]] == ["a", "bread"]
    assert sale["cashier_id"] == "Bob"


# Frames


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (
            {"till_id": "9"},
            "of till 9, and the transaction transaction_id-1 that it names is of till till_id-1;",
        ),
        ({"captured_at": after(-7201)}, "taken at 2026-03-02 09:59 UTC"),
        ({"captured_at": after(7201)}, "ended at 2026-03-02 12:00 UTC, further away than"),
        ({"till_id": "9", "captured_at": after(7201)}, "no usable row was exported"),
        ({"transaction_id": "T9"}, "no usable row was exported"),
    ],
)
def test_a_frame_of_another_till_or_of_hours_away_is_not_the_sales_that_it_names(
    other: dict[str, Any], said: str
) -> None:
    named = frame(**{"transaction_id": "transaction_id-1", **other})

    result = collected([line()], [named])

    assert only_sale(result)["snapshot_id"] is None
    assert [reason for reason, _ in reasons(result)] == ["snapshot_of_unknown_transaction"]
    (detail,) = result.rejects["detail"].to_pylist()
    assert said in detail
    assert detail.startswith("source-1, row 2: ")


def test_a_frame_belongs_to_the_sale_that_it_names_beyond_the_tolerance() -> None:
    named = frame(transaction_id="transaction_id-1", captured_at=after(-4000))

    result = collected([line()], [named])

    sale = only_sale(result)
    assert (sale["snapshot_id"], sale["snapshot_path"]) == ("snapshot_id-1", "frames/1.jpg")
    assert (sale["matched_by"], sale["snapshot_offset_s"]) == ("transaction", -4000.0)
    assert sale["marks"] == []
    counts(result, transactions=1, alcohol_sales=1, snapshots_matched=1)


@pytest.mark.parametrize(
    ("offsets", "taken"),
    [([9, -5, 6], "F1"), ([5, -5], "F0"), ([7, 7, 2], "F2")],
)
def test_frames_that_name_one_sale_are_all_its_and_the_nearest_stands_for_it(
    offsets: list[int], taken: str
) -> None:
    frames = [
        frame(snapshot_id=f"F{n}", transaction_id="transaction_id-1", captured_at=after(s))
        for n, s in enumerate(offsets)
    ]

    result = collected([line()], frames[::-1])

    sale = only_sale(result)
    assert sale["snapshot_id"] == taken
    assert sale["frames"][0]["snapshot_id"] == taken
    assert sorted(f["offset_s"] for f in sale["frames"]) == sorted(offsets)
    assert sale["marks"] == ["several_snapshots"]
    assert reasons(result) == []
    counts(result, transactions=1, alcohol_sales=1, snapshots_matched=len(offsets))


def test_frames_are_in_the_order_named_first_then_nearest_and_at_most_five() -> None:
    named = frame(snapshot_id="N", transaction_id="A", captured_at=after(4))

    result = collected(wines(A=0), [*shots(F3=3, F1=1, F2=2, F6=6, F0=0), named])

    frames = only_sale(result)["frames"]
    assert [f["snapshot_id"] for f in frames] == ["N", "F0", "F1", "F2", "F3"]
    assert [f["matched_by"] for f in frames] == ["transaction"] + ["till_and_time"] * 4
    assert [f["offset_s"] for f in frames] == [4.0, 0.0, 1.0, 2.0, 3.0]
    counts(result, transactions=1, alcohol_sales=1, snapshots_matched=6)


def test_a_sale_with_one_frame_has_no_list_of_frames() -> None:
    assert only_sale(collected(wines(A=0), shots(F=1)))["frames"] is None


def test_a_frame_of_a_sale_without_alcohol_is_counted_as_such() -> None:
    frames = [frame(transaction_id="transaction_id-1"), frame(snapshot_id="F2")]

    result = collected([bread(), line(transaction_id="T2", till_id="2")], frames[:1])

    assert frames_of(result) == {"T2": None}
    counts(result, transactions=2, alcohol_sales=1, snapshots_of_other_sales=1)


def test_a_frame_of_an_unknown_transaction_is_set_aside_not_matched_by_time() -> None:
    elsewhere = line(transaction_id="T2", store_id="S2")

    result = collected([line(), elsewhere], [frame(transaction_id="T2")])

    assert result.sales["snapshot_id"].to_pylist() == [None, None]
    assert reasons(result) == [("snapshot_of_unknown_transaction", 2)]
    assert result.rejects["snapshot_id"].to_pylist() == ["snapshot_id-1"]
    assert result.counts["S1"].snapshots_unclaimed == 1


@pytest.mark.parametrize(
    ("till", "exported", "said"),
    [
        ("3", ["1", "03"], "the export has 03, 1; did you mean 03?; correct the till, or map"),
        ("T03", ["13", "03", "x3y"], "the export has 03, x3y, 13; correct"),  # it may be either
        ("kasse-12", ["12"], "the export has 12; did you mean 12?"),
        ("front", ["Fron1", "back"], "the export has Fron1, back; did you mean Fron1?"),
        ("camera", [*"1234567"], "the export has 1, 2, 3, 4, 5, ...; correct"),
    ],
)
@pytest.mark.parametrize("number", [None, "transaction of no row"])
def test_a_frame_of_a_till_that_no_transaction_has_is_told_the_tills_that_there_are(
    till: str, exported: list[str], said: str, number: str | None
) -> None:
    lines = [line(till_id=each, transaction_id=each) for each in exported]
    elsewhere = line(store_id="S2", till_id=till)
    shot = frame(till_id=till, transaction_id=number)
    (detail,) = collected([*lines, elsewhere], [shot]).rejects["detail"].to_pylist()
    assert f"no transaction of the store is of till {till}: {said}" in detail
    assert "clocks" not in detail
    assert ("no usable row was exported" in detail) == (number is not None)


@pytest.mark.parametrize(
    ("change", "matched"),
    [
        ({"captured_at": after(30)}, True),
        ({"captured_at": after(-30)}, True),
        ({"captured_at": after(30.000001)}, False),
        ({"captured_at": after(-30.000001)}, False),
        ({"till_id": "9"}, False),
        ({"store_id": "S2"}, False),
    ],
)
def test_a_frame_without_a_name_is_matched_by_till_and_time(change: Row, *, matched: bool) -> None:
    result = collected([line()], [frame(**change)])

    sale = only_sale(result)
    assert (sale["snapshot_id"] is not None) is matched
    assert sale["matched_by"] == ("till_and_time" if matched else None)
    assert sale["marks"] == (["matched_by_time"] if matched else [])
    assert reasons(result) == ([] if matched else [("snapshot_without_sale", 2)])


def test_the_tolerance_is_the_stores_own() -> None:
    override = [{"stores": ["S2"], "match_tolerance_seconds": 5}]
    frames = [frame(captured_at=after(10)), frame(captured_at=after(10), store_id="S2")]

    result = collected([line(), line(store_id="S2")], frames, override=override)

    assert result.sales["snapshot_id"].to_pylist() == ["snapshot_id-1", None]


def shots(**seconds: float) -> list[Row]:
    return [frame(snapshot_id=name, captured_at=after(s)) for name, s in seconds.items()]


def wines(**seconds: float) -> list[Row]:
    return [line(transaction_id=name, sold_at=after(s)) for name, s in seconds.items()]


@pytest.mark.parametrize(
    ("sales", "frames", "expected"),
    [
        # Nothing else is known of the clock: the frames may be of either sale.
        ({"A": 0, "B": 20}, {"F": 12, "G": 18}, {"A": None, "B": None}),
        ({"A": 0, "B": 40}, {"F": 18, "G": 50}, {"A": None, "B": None}),
        ({"B": 0, "A": 0}, {"F": 10}, {"A": None, "B": None}),
        ({"A": 0, "B": 3600}, {"F": 1}, {"A": None, "B": None}),
        # A single sale: the nearest frame, then the smaller number.
        ({"A": 0}, {"F": 5, "G": 4}, {"A": "G"}),
        ({"A": 0}, {"G": -10, "F": 10}, {"A": "F"}),
        # No clock is so wrong that the other sale could be meant.
        ({"A": 0, "B": 4000}, {"F": 1}, {"A": "F", "B": None}),
        # Two pairs tell enough of a clock that is nearly right; not of one that is not, for which
        # one of the frames may be of neither.
        ({"A": 0, "B": 130}, {"F": 1, "G": 131}, {"A": "F", "B": "G"}),
        ({"A": 0, "B": 130}, {"F": 40, "G": 170}, {"A": None, "B": None}),
        # Three pairs tell of any clock. Of sales within its spread the frame is of neither.
        (
            {"A": 0, "B": 400, "C": 1000, "D": 1002},
            {"F": 100, "G": 500, "H": 1100},
            {"A": "F", "B": "G", "C": None, "D": None},
        ),
    ],
)
def test_a_frame_belongs_to_the_only_sale_that_it_can_be_of(
    sales: dict[str, float], frames: dict[str, float], expected: Mapping[str, str | None]
) -> None:
    result = collected(wines(**sales), shots(**frames))

    assert frames_of(result) == expected
    without = [sale["marks"] for sale in result.sales.to_pylist() if sale["snapshot_id"] is None]
    assert all(marks in ([], ["snapshot_ambiguous"]) for marks in without)
    assert {reason for reason, _ in reasons(result)} <= {"snapshot_ambiguous"}


def test_a_frame_that_may_be_of_two_sales_is_set_aside_and_both_say_so() -> None:
    result = collected(wines(A=0, B=20), shots(F=12))

    assert [sale["marks"] for sale in result.sales.to_pylist()] == [["snapshot_ambiguous"]] * 2
    assert reasons(result) == [("snapshot_ambiguous", 2)]
    counts(result, transactions=2, alcohol_sales=2, snapshots_unclaimed=1)


def test_a_sale_without_alcohol_competes_for_a_frame() -> None:
    other = bread(transaction_id="B", sold_at=after(8))

    result = collected([*wines(A=0), other], shots(F=7))

    assert frames_of(result) == {"A": None}
    assert reasons(result) == [("snapshot_ambiguous", 2)]


def test_a_spare_frame_of_a_sale_is_not_the_next_ones() -> None:
    named = [frame(snapshot_id="N", transaction_id="A", captured_at=after(1))]

    result = collected(wines(A=0, B=12), shots(F=4, G=8) + named)

    assert frames_of(result) == {"A": "N", "B": None}


def test_unnamed_frames_of_a_burst_are_of_the_sale_that_its_other_frame_names() -> None:
    rows = [(name, n * 400) for n, name in enumerate("ABCD")]
    named = [frame(snapshot_id=f"N{t}", transaction_id=t, captured_at=after(s)) for t, s in rows]

    result = collected(wines(**dict(rows)), named + shots(F=402))

    assert frames_of(result) == {t: f"N{t}" for t, _ in rows}
    assert [sale["marks"] for sale in result.sales.to_pylist()][1] == ["several_snapshots"]
    assert reasons(result) == []


# The camera's clock


def named_shots(offset: float, *numbers: int, every: float = 300) -> list[Row]:
    return [
        frame(snapshot_id=f"N{n}", transaction_id=f"T{n}", captured_at=after(n * every + offset))
        for n in numbers
    ]


def numbered(count: int, every: float = 300) -> list[Row]:
    return wines(**{f"T{n}": n * every for n in range(count)})


def test_named_frames_set_the_clock_by_which_the_others_are_matched() -> None:
    unnamed = [frame(snapshot_id="F", captured_at=after(900 + 46))]

    result = collected(numbered(4), [*named_shots(45, 0, 1, 2), *unnamed])

    assert frames_of(result)["T3"] == "F"
    (clock,) = result.clocks.to_pylist()
    assert (clock["basis"], clock["offset_s"], clock["frames"]) == ("named", 45, 4)


@pytest.mark.parametrize("away", [31, -31, -900, 1200])
def test_a_named_frame_of_another_time_by_the_cameras_clock_contradicts(away: float) -> None:
    wrong = frame(snapshot_id="N3", transaction_id="T3", captured_at=after(900 + 45 + away))

    result = collected(numbered(6), [*named_shots(45, 0, 1, 2), wrong])

    third = result.sales.to_pylist()[3]
    assert (third["snapshot_id"], third["marks"]) == (None, ["snapshot_contradicts"])
    assert reasons(result) == [("snapshot_contradicts", 5)]
    (clock,) = result.clocks.to_pylist()
    assert (clock["offset_s"], clock["contradicting"]) == (45, 1)


@pytest.mark.parametrize("away", [29, -29])
def test_a_named_frame_within_the_tolerance_of_the_cameras_clock_is_its_sales(away: float) -> None:
    late = frame(snapshot_id="N3", transaction_id="T3", captured_at=after(900 + 45 + away))

    result = collected(numbered(6), [*named_shots(45, 0, 1, 2), late])

    assert frames_of(result)["T3"] == "N3"


def test_a_named_frame_nearer_to_another_sale_contradicts_where_no_clock_is_known() -> None:
    named = frame(transaction_id="T0", captured_at=after(250))

    first, second = collected(numbered(2), [named]).sales.to_pylist()

    assert (first["snapshot_id"], first["marks"]) == (None, ["snapshot_contradicts"])
    assert (second["snapshot_id"], second["marks"]) == (None, [])


def test_a_frame_of_another_till_contradicts_the_sale_that_it_names() -> None:
    named = frame(transaction_id="transaction_id-1", till_id="9")

    sale = only_sale(collected([line()], [named]))

    assert (sale["snapshot_id"], sale["marks"]) == (None, ["snapshot_contradicts"])


def test_the_pattern_of_frames_and_sales_sets_the_clock() -> None:
    starts = dict(zip("ABCDEFG", (0, 57, 116, 174, 214, 269, 316), strict=True))
    late = {f"F{name}": second + 45 for name, second in starts.items()}

    result = collected(wines(**starts), shots(**late))

    assert frames_of(result) == {name: f"F{name}" for name in starts}
    (clock,) = result.clocks.to_pylist()
    assert (clock["basis"], clock["offset_s"]) == ("pattern", 45)


def test_where_a_clock_was_set_on_the_day_its_frames_are_no_ones() -> None:
    random = np.random.default_rng(5)
    starts = np.cumsum(random.integers(20, 60, 200)).tolist()
    sales = {f"T{n:03}": start for n, start in enumerate(starts)}
    late = {f"F{n:03}": start + (0 if n < 120 else 37) for n, start in enumerate(starts)}

    found = frames_of(collected(wines(**sales), shots(**late)))

    assert {shot for number, shot in found.items() if shot != f"F{number[1:]}"} <= {None}
    assert sum(shot is not None for shot in found.values()) > 100


@pytest.mark.parametrize("offset", [0, 20, 60])
def test_sales_in_a_regular_rhythm_leave_the_clock_open(offset: float) -> None:
    sales = {f"T{n:02}": n * 60.0 for n in range(40)}
    late = {f"F{name}": second + offset for name, second in sales.items()}

    result = collected(wines(**sales), shots(**late))

    assert set(frames_of(result).values()) == {None}
    (clock,) = result.clocks.to_pylist()
    assert (clock["basis"], clock["offset_s"], clock["ambiguous"]) == ("unknown", None, 40)


def test_frames_taken_at_the_start_of_sales_are_told_from_those_of_the_sale_before() -> None:
    spans = [(n * 120 + n % 7 * 4, 30 + n % 5 * 15) for n in range(30)]
    lines = [
        line(transaction_id=f"T{n:02}", sold_at=after(at), sku=sku)
        for n, (start, lasts) in enumerate(spans)
        for sku, at in (("a", start), ("b", start + lasts))
    ]
    late = {f"F{n:02}": start + 25.0 for n, (start, _) in enumerate(spans)}

    result = collected(lines, shots(**late))

    assert frames_of(result) == {f"T{n:02}": f"F{n:02}" for n in range(30)}


# The chain


def test_stores_are_collected_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    stores = [f"S{n}" for n in range(7)]
    lines = [line(store_id=s, transaction_id=t) for t in "AB" for s in stores]
    frames = [frame(store_id=s, transaction_id="A") for s in [*stores, "S9"]]
    whole = collected(lines, frames)
    monkeypatch.setattr(collecting, "_AT_A_TIME", 5)

    parts = collected(lines, frames)

    assert parts.sales.equals(whole.sales)
    assert parts.counts == whole.counts
    assert list(parts.counts) == [*stores, "S9"]
    assert parts.rejects.to_pylist() == whole.rejects.to_pylist()


def test_a_table_in_many_chunks_is_the_same_as_in_one() -> None:
    rows = [{**line(transaction_id=str(n // 2)), "row": n} for n in range(9)]
    chunked = pa.concat_tables([TILL_LINES.from_rows([row]) for row in rows])

    result = collect(chunked, SNAPSHOT_INDEX.empty(), DAY, policy())

    assert result.sales.equals(
        collect(TILL_LINES.from_rows(rows), SNAPSHOT_INDEX.empty(), DAY, policy()).sales
    )
    assert result.sales.num_rows == 5


def test_a_day_without_anything_is_empty() -> None:
    result = collected([])

    assert (result.sales.num_rows, result.rejects.num_rows, result.counts) == (0, 0, {})


def test_a_store_day_adds_up_what_was_read_and_made() -> None:
    read = SourceCounts(2, 1, 10, 3, 9, 5, 1, 0)
    index = SourceCounts(1, 1, 4, 1, 0, 2, 0, 1)
    made = SaleCounts(6, 1, 5, 6, 7, 8, 4, 1, 2, 1, 0)

    table = store_days(
        DAY, policy(), sales={"S1": read}, index={"S1": index}, collected={"S1": made}
    )

    listed, missing = table.to_pylist()
    assert table.schema == STORE_DAYS.arrow
    assert listed == {
        "store_id": "S1",
        "store_name": "High Street",
        "time_zone": "UTC",
        "export_status": "read",
        "export_files": 2,
        "lines_read": 10,
        "lines_rejected": 3,
        "lines_of_other_days": 9,
        "transactions": 6,
        "duplicate_transactions": 1,
        "training_transactions": 5,
        "cancelled_transactions": 6,
        "voided_transactions": 7,
        "suspended_transactions": 8,
        "transactions_from_before": 0,
        "alcohol_sales": 4,
        "alcohol_returns": 1,
        "snapshots_indexed": 4,
        "snapshots_rejected": 1,
        "snapshots_matched": 2,
        "snapshots_of_other_sales": 1,
        "snapshots_unclaimed": 0,
        "times_read_as_local": 7,
        "times_ambiguous": 1,
        "times_nonexistent": 1,
    }
    assert missing["store_id"] == "S2"
    assert missing["export_status"] == "missing"
    assert {v for v in missing.values() if isinstance(v, int)} == {0}


@pytest.mark.parametrize(
    ("count", "status"),
    [
        (SourceCounts(), "missing"),
        (SourceCounts(files=1), "unreadable"),
        (SourceCounts(files=2, usable_files=1), "read"),
    ],
)
def test_the_status_of_an_export(count: SourceCounts, status: str) -> None:
    assert count.status == status


def test_a_store_day_is_made_for_the_stores_asked_for_and_those_that_were_read() -> None:
    unlisted = {"S9": SourceCounts(1, 1)}
    table = store_days(DAY, policy(), sales=unlisted, index={}, collected={}, stores=["S2"])

    assert table["store_id"].to_pylist() == ["S2", "S9"]
    assert table["store_name"].to_pylist() == [None, None]


# Properties

TILLS = st.sampled_from(["1", "2"])
SECONDS = st.integers(-90, 90)
BASKETS = st.lists(st.tuples(st.sampled_from(["wine", "bread"]), st.integers(-1, 2)), min_size=1)
SALES_DRAWN = st.lists(st.tuples(TILLS, SECONDS, BASKETS), max_size=8)
NAMES = st.one_of(st.none(), st.none(), st.integers(0, 9))
FRAMES_DRAWN = st.lists(st.tuples(TILLS, SECONDS, NAMES), max_size=10)


def drawn_lines(sales: list[tuple[str, int, list[tuple[str, int]]]]) -> list[list[Row]]:
    return [
        [
            line(
                transaction_id=f"T{number}",
                till_id=till,
                sold_at=after(seconds),
                category=category,
                sku=category,
                quantity=Decimal(quantity),
                amount=Decimal(quantity),
            )
            for category, quantity in basket
        ]
        for number, (till, seconds, basket) in enumerate(sales)
    ]


def drawn_frames(frames: list[tuple[str, int, int | None]]) -> list[Row]:
    return [
        frame(
            snapshot_id=f"F{number}",
            till_id=till,
            captured_at=after(seconds),
            transaction_id=None if name is None else f"T{name}",
        )
        for number, (till, seconds, name) in enumerate(frames)
    ]


@given(SALES_DRAWN, FRAMES_DRAWN, st.randoms(use_true_random=False))
def test_matching_is_one_to_one_within_reach_and_independent_of_order(
    sales: list[tuple[str, int, list[tuple[str, int]]]],
    frames: list[tuple[str, int, int | None]],
    random: Any,
) -> None:
    lines, shots_drawn = drawn_lines(sales), drawn_frames(frames)
    result = collected([row for group in lines for row in group], shots_drawn)

    random.shuffle(lines)
    shuffled = list(shots_drawn)
    random.shuffle(shuffled)
    again = collected([row for group in lines for row in group], shuffled)
    assert again.sales.equals(result.sales)
    assert again.counts == result.counts

    used = [f["snapshot_id"] for s in result.sales.to_pylist() for f in of_sale(s)]
    assert len(used) == len(set(used))
    by_id = {f["snapshot_id"]: f for f in shots_drawn}
    for sale in result.sales.to_pylist():
        names_it = [f["matched_by"] == "transaction" for f in of_sale(sale)]
        for own in of_sale(sale):
            shot = by_id[own["snapshot_id"]]
            assert shot["till_id"] == sale["till_id"]
            if own["matched_by"] == "transaction":
                assert shot["transaction_id"] == sale["transaction_id"]
                continue
            assert shot.get("transaction_id") is None
            # By time, or in a burst with a frame that names the sale.
            away = abs(shot["captured_at"] - sale["sold_at"])
            assert away <= timedelta(seconds=30) or any(names_it)


@given(SALES_DRAWN, FRAMES_DRAWN, st.randoms())
def test_matching_does_not_depend_on_the_order_of_frames(
    sales: list[tuple[str, int, list[tuple[str, int]]]],
    frames: list[tuple[str, int, int | None]],
    random: Random,
) -> None:
    lines, shot = [row for g in drawn_lines(sales) for row in g], drawn_frames(frames)
    first = collected(lines, shot).sales
    random.shuffle(shot)
    assert collected(lines, shot).sales.equals(first)


BURST = st.lists(st.tuples(st.integers(-2, 2), st.booleans()), min_size=2, max_size=7)


@given(BURST, st.randoms(use_true_random=False))
def test_the_frames_of_a_burst_are_the_same_whatever_their_order(
    burst: list[tuple[int, bool]], random: Any
) -> None:
    shot = [
        frame(
            snapshot_id=f"F{number}",
            captured_at=after(seconds),
            transaction_id="A" if is_named else None,
        )
        for number, (seconds, is_named) in enumerate(burst)
    ]
    first = collected(wines(A=0), shot)
    random.shuffle(shot)
    assert collected(wines(A=0), shot).sales.equals(first.sales)
    assert len(of_sale(only_sale(first))) == min(len(burst), MOST)


@given(SALES_DRAWN, FRAMES_DRAWN, st.lists(st.integers(0, 7), max_size=3))
def test_every_transaction_and_every_frame_ends_somewhere(
    sales: list[tuple[str, int, list[tuple[str, int]]]],
    frames: list[tuple[str, int, int | None]],
    sent_again: list[int],
) -> None:
    groups = drawn_lines(sales)
    for number in sent_again:
        if number < len(sales):
            groups.append([{**row, "source": f"again-{len(groups)}"} for row in groups[number]])
    given_lines = [row for group in groups for row in group]

    result = collected(given_lines, drawn_frames(frames))

    net = [Counter[str]() for _ in sales]
    for number, (*_, basket) in enumerate(sales):
        for category, quantity in basket:
            net[number][category] += quantity
    returned = {n for n, counter in enumerate(net) if counter["wine"] < 0}
    voided = {
        n
        for n, (*_, basket) in enumerate(sales)
        if not any(net[n].values()) and any(quantity > 0 for _, quantity in basket)
    }
    sold = {f"T{n}" for n, counter in enumerate(net) if counter["wine"] > 0}
    count = result.counts.get("S1", SaleCounts())
    assert sorted(transactions(result)) == sorted(sold)
    assert count.transactions == len(sales) - len(voided)
    assert count.voided_transactions == len(voided)
    assert count.alcohol_sales == len(sold)
    assert count.alcohol_returns == len(returned)
    assert count.duplicate_transactions == len(groups) - len(sales)
    of_lines = [r for r, _ in reasons(result) if "transaction" in r and "snapshot" not in r]
    assert len(of_lines) == len(given_lines) - sum(len(b) for *_, b in sales)
    assert set(of_lines) <= {"duplicate_transaction"}
    assert len(frames) == (
        count.snapshots_matched + count.snapshots_of_other_sales + count.snapshots_unclaimed
    )
    claimed = [len(of_sale(sale)) for sale in result.sales.to_pylist()]
    assert sum(claimed) <= count.snapshots_matched
    assert sum(claimed) == count.snapshots_matched or MOST in claimed


def categories(result: Collected) -> dict[str | None, tuple[int, ...]]:
    names = ("lines", "alcohol", "unexplained", "checked")
    rows = result.categories.to_pylist()
    return {row["category"]: tuple(row[name] for name in names) for row in rows}


def test_categories_are_counted_with_the_checks_that_nothing_in_the_sale_explains() -> None:
    checked = {"id_check": "id_scanned"}
    lines = [
        line(transaction_id="T1", **checked),  # wine explains it
        line(transaction_id="T1", category="bread", **checked),
        line(transaction_id="T2", category="Bier", **checked),
        line(transaction_id="T2", category=" BREAD"),
        line(transaction_id="T3", category=None),
        line(transaction_id="T4", category="Tobacco", **checked),  # named, not as alcohol
        line(transaction_id="T4", category="bread", **checked),
        line(transaction_id="T5", category="bier"),
        line(transaction_id="T5", category="", line_type="id_check", **checked),
    ]
    assert categories(collected(lines)) == {
        "wine": (1, 1, 0, 0),
        "bread": (3, 0, 1, 0),
        "Bier": (2, 0, 2, 2),
        "Tobacco": (1, 0, 0, 0),
        None: (1, 0, 1, 0),
    }


def test_every_transaction_is_told_whatever_became_of_it() -> None:
    lines = [
        line(transaction_id="T1", category="bread", sold_at=after(5), amount=Decimal(3)),
        line(transaction_id="T1", category="bread", sold_at=after(1), amount=Decimal(4)),
        line(transaction_id="T2", transaction_state="cancelled", sold_at=after(9)),
    ]
    told = collected(lines).transactions.to_pylist()
    assert [(r["transaction_id"], r["started_at"], r["completed"]) for r in told] == [
        ("T1", after(1), True),
        ("T2", after(9), False),
    ]
    assert told[0]["amount"] == 7


def test_categories_and_transactions_of_the_hours_around_the_day_are_another_days() -> None:
    hours = 60 * 60
    lines = [
        line(transaction_id="T1", category="bread", sold_at=after(0)),
        line(transaction_id="T2", category="garden", sold_at=after(13 * hours)),
    ]
    result = collected(lines)
    assert list(categories(result)) == ["bread"]
    assert result.transactions["transaction_id"].to_pylist() == ["T1"]
