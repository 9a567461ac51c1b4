"""Signs of sales that an export lacks: what is found, and what is left alone."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from auditor.monitoring.completeness import Completeness, compare
from auditor.monitoring.completeness.categories import UnknownCategory, unknown_categories
from auditor.monitoring.completeness.counting import control_totals, count_tills
from auditor.monitoring.completeness.number_runs import count_numbers
from auditor.monitoring.completeness.numbers import missing_numbers
from auditor.monitoring.completeness.tills import silent_tills, totals_that_differ
from auditor.policy import Policy, Rules
from auditor.storage.daily import write_daily
from auditor.storage.place import Place
from auditor.tables import (
    CATEGORY_COUNTS,
    EXPORTED,
    NUMBER_RUNS,
    REJECTS,
    TILL_DAYS,
    TILL_LINES,
    TRANSACTIONS,
)
from tests.support import samples

DAY = date(2026, 3, 27)
NINE = datetime(2026, 3, 27, 9, tzinfo=UTC)


def transactions(*rows: tuple[str, str, str]) -> pa.Table:
    """TRANSACTIONS a minute apart, of store, till and number."""
    return TRANSACTIONS.from_rows(
        {
            "store_id": store_id,
            "till_id": till_id,
            "transaction_id": number,
            "started_at": NINE + timedelta(minutes=minute),
            "completed": True,
            "amount": 1,
        }
        for minute, (store_id, till_id, number) in enumerate(rows)
    )


def runs(
    *rows: tuple[str, str, str],
    rejected: Sequence[str] = (),
    lines: Sequence[tuple[str, str, str]] = (),
) -> list[dict[str, Any]]:
    """NUMBER_RUNS; ``lines`` are of no transaction, such as a till's totals."""
    names = ("store_id", "till_id", "transaction_id")
    others = TILL_LINES.from_rows(
        samples.line(**dict(zip(names, row, strict=True))) for row in (*rows, *lines)
    )
    lost = REJECTS.from_rows(
        {"stage": "inputs", "reason": "bad_amount", "source": "a", "row": 2, "detail": ""}
        | {"store_id": "S1", "transaction_id": number}
        for number in rejected
    )
    return list(count_numbers(transactions(*rows), others, lost).to_pylist())


def test_numbers_by_till_that_two_tills_share_are_looked_at_by_till() -> None:
    numbers = [n for n in range(100, 140) if n != 120]
    found = runs(*(("S1", till, f"{n:04}") for till in "12" for n in numbers))
    assert [(r["till_id"], r["numbers"], r["missing"]) for r in found] == [
        ("1", 39, 1),
        ("2", 39, 1),
    ]
    (gap,) = found[0]["gaps"]
    assert (gap["after"], gap["before"], gap["missing"]) == ("0119", "0121", 1)


def test_numbers_that_a_store_counts_over_all_tills_have_no_gaps_by_till() -> None:
    found = runs(*(("S1", f"{n % 3}", f"T{n}") for n in range(1, 60) if n not in (30, 31)))
    assert [(r["till_id"], r["missing"], r["steps_of_one"]) for r in found] == [(None, 2, 55)]


def test_tills_with_ranges_of_their_own_have_no_gap_between_them() -> None:
    found = runs(*(("S1", t, f"{b + n}") for t, b in (("1", 0), ("2", 70)) for n in range(60)))
    assert [(r["till_id"], r["missing"]) for r in found] == [("1", 0), ("2", 0)]


def test_a_till_that_begins_anew_has_no_gap() -> None:
    found = runs(*(("S1", "1", f"A{n}") for n in [*range(9990, 10000), *range(1, 50)]))
    assert [(r["numbers"], r["steps_of_one"], r["missing"]) for r in found] == [(59, 57, 0)]


def test_a_rejected_transaction_is_not_missing() -> None:
    rows = [("S1", "1", f"{n}") for n in range(50) if n not in (20, 21, 40)]
    assert runs(*rows)[0]["missing"] == 3
    assert runs(*rows, rejected=["20", "40", "99x"])[0]["missing"] == 1


def test_a_number_that_totals_or_a_resumed_receipt_have_is_not_missing() -> None:
    rows = [("S1", till, f"{n}") for till in "12" for n in range(50) if n not in (20, 30)]
    found = runs(*rows, lines=[("S1", "1", "20"), ("S1", "2", "x"), ("S2", "2", "30")])
    assert {row["till_id"]: row["missing"] for row in found} == {"1": 1, "2": 2}
    (gap,) = found[0]["gaps"]
    assert (gap["after"], gap["before"]) == ("29", "31")


def test_numbers_without_digits_at_their_end_are_no_numbers() -> None:
    assert runs(("S1", "1", "a-b"), ("S1", "1", "x")) == []
    assert runs() == []


def run_of(missing: int = 0, numbers: int = 100, of_one: int | None = None) -> pa.Table:
    of_one = numbers - 1 - missing if of_one is None else of_one
    counts = {"numbers": numbers, "steps": numbers - 1, "steps_of_one": of_one}
    row = {"store_id": "S1", "till_id": "1", "missing": missing, "gaps": []}
    return NUMBER_RUNS.from_rows([row | counts])


@pytest.mark.parametrize(
    ("today", "past", "found"),
    [
        (run_of(1), [], True),  # the day itself shows that its numbers run on
        (run_of(1), [run_of()] * 20, True),
        (run_of(3), [run_of(n % 5) for n in range(20)], False),  # as usual at this till
        (run_of(9), [run_of(n % 5) for n in range(20)], True),
        (run_of(40, of_one=10), [], False),  # numbers that never run on
        (run_of(5, numbers=12, of_one=6), [], False),
        (run_of(5, numbers=12, of_one=6), [run_of(numbers=30)] * 5, True),  # its past shows it
        (run_of(), [run_of(4)] * 20, False),
    ],
)
def test_numbers_are_missing_against_a_tills_own_past(
    today: pa.Table, past: list[pa.Table], *, found: bool
) -> None:
    assert bool(missing_numbers(today, past)) is found


def till_day(by_hour: dict[int, int], store_id: str = "S1", till_id: str = "1") -> dict[str, Any]:
    hours = [by_hour.get(hour, 0) for hour in range(24)]
    count = sum(hours)
    own = {"store_id": store_id, "till_id": till_id, "transactions": count, "by_hour": hours}
    return own | {"completed": count, "turnover": Decimal(10 * count)}


def till_days(*rows: dict[str, Any]) -> pa.Table:
    return TILL_DAYS.from_rows(rows)


USUAL = dict.fromkeys(range(8, 20), 12)


def test_a_till_silent_in_hours_in_which_it_always_sold_is_named_with_its_usual_count() -> None:
    before = [till_days(till_day(USUAL), till_day(USUAL, till_id="2"))] * 4
    today = till_days(till_day(USUAL | {14: 0, 15: 0}), till_day(USUAL, till_id="2"))
    (found,) = silent_tills(today, before)
    assert (found.tills, found.all_tills, found.expected) == (("1",), False, 24)
    assert (found.from_hour, found.to_hour, found.weeks) == (14, 16, 4)


def test_a_till_that_is_gone_and_tills_silent_together_are_named_once() -> None:
    before = [till_days(*(till_day({9: 20}, till_id=t) for t in "123"))] * 3
    (gone,) = silent_tills(till_days(till_day({9: 1}, till_id="3")), before)
    assert (gone.tills, gone.all_tills) == (("1", "2"), False)
    (closed,) = silent_tills(till_days(*(till_day({12: 1}, till_id=t) for t in "123")), before)
    assert (closed.tills, closed.all_tills, closed.expected) == (("1", "2", "3"), True, 60)


@pytest.mark.parametrize(
    "past",
    [
        [USUAL, USUAL],  # too few weeks
        [USUAL | {14: 90}, USUAL, USUAL | {14: 0}],  # not always
        [USUAL | {14: 3}] * 4,  # too few sales to exclude chance
    ],
)
def test_a_silence_that_says_little_is_left_alone(past: list[dict[int, int]]) -> None:
    before = [till_days(till_day(hours)) for hours in past]
    assert silent_tills(till_days(till_day(USUAL | {14: 0})), before) == ()


def test_a_store_without_any_transaction_is_said_elsewhere() -> None:
    before = [till_days(till_day(USUAL))] * 4
    assert silent_tills(till_days(till_day({})), before) == ()
    assert silent_tills(till_days(), before) == ()


def test_totals_of_a_till_are_compared_with_what_was_read_and_with_its_past() -> None:
    def totals(count: int, turnover: int) -> pa.Table:
        own = {"control_transactions": count, "control_turnover": Decimal(turnover)}
        return till_days(till_day({9: 10}) | own)

    assert totals_that_differ(totals(10, 100), []) == ()
    (more,) = totals_that_differ(totals(12, 130), [])
    assert (more.transactions, more.control_transactions, more.usual_transactions) == (10, 12, None)
    assert totals_that_differ(totals(12, 130), [totals(12, 130)]) == ()  # it always does
    (found,) = totals_that_differ(totals(13, 130), [totals(12, 130)])
    assert (found.usual_transactions, found.usual_turnover) == (2, 30)
    assert totals_that_differ(till_days(till_day(USUAL)), []) == ()  # it writes none


def test_tills_are_counted_by_the_hour_of_their_stores_clock() -> None:
    policy = Policy({"policy": [{"effective_from": DAY, "time_zone": "America/New_York"}]})
    total = {"store_id": "S1", "till_id": "1", "line_type": "control"}
    control = TILL_LINES.from_rows([samples.line(**total, quantity=Decimal(5), amount=Decimal(70))])
    counted = count_tills(transactions(("S1", "1", "A"), ("S1", "2", "B")), control, DAY, policy)
    first, second = counted.to_pylist()
    assert [hour for hour, count in enumerate(first["by_hour"]) if count] == [5]
    assert (first["transactions"], first["turnover"], first["control_turnover"]) == (1, 1, 70)
    assert (first["control_transactions"], second["control_transactions"]) == (5, None)


def test_a_total_is_of_the_day_that_its_till_wrote_or_else_of_the_one_it_was_taken_on() -> None:
    policy = Policy({"policy": [{"effective_from": DAY, "day_ends_at": "04:00"}]})
    times = [
        (datetime(2026, 3, 28, 2, tzinfo=UTC), None),  # before the day's end
        (datetime(2026, 3, 27, 2, tzinfo=UTC), None),  # the day before
        (datetime(2026, 3, 28, 9, tzinfo=UTC), DAY),
        (datetime(2026, 3, 27, 9, tzinfo=UTC), date(2026, 3, 26)),
    ]
    lines = TILL_LINES.from_rows(
        samples.line(line_type=kind, sold_at=at, business_date=own, till_id=f"{number}")
        for kind in ("control", "item")
        for number, (at, own) in enumerate(times)
    )
    void = samples.line(line_type="control", sold_at=times[0][0], resumes="1", till_id="void")
    lines = pa.concat_tables([lines, TILL_LINES.from_rows([void])])
    assert control_totals(lines, DAY, policy)["till_id"].to_pylist() == ["0", "2"]


def category(name: str | None, store_id: str = "S1", **counts: Any) -> dict[str, Any]:
    usual = {"lines": 10, "alcohol": 0, "unexplained": 10, "checked": 0, "sounding": 0}
    return {"store_id": store_id, "category": name} | usual | counts


def unknown(
    *today: dict[str, Any], past: Sequence[Sequence[dict[str, Any]]] = (), **rules: Any
) -> list[tuple[str, str | None]]:
    found = unknown_categories(
        CATEGORY_COUNTS.from_rows(today),
        [CATEGORY_COUNTS.from_rows(rows) for rows in past],
        {row["store_id"]: Rules(**rules) for row in today},
    )
    return [(each.kind, each.category) for each in found]


BEER = category("Beer", alcohol=10, unexplained=0)


def test_no_alcohol_at_all_and_categories_that_nobody_knows_may_be_alcohol() -> None:
    assert unknown(category("Wein", checked=4), category("Bier")) == [
        ("nothing_sold", "Wein"),
        ("nothing_sold", "Bier"),
    ]
    assert unknown(category(None)) == [("nothing_sold", None)]


def test_a_store_that_sold_alcohol_before_in_the_same_categories_sold_none_today() -> None:
    assert unknown(category("bread"), past=[[BEER, category("Bread")]]) == []
    assert unknown(category("bread"), past=[[category("Bread")]]) == [("nothing_sold", "bread")]
    new = unknown(category("Bier"), category("bread"), past=[[BEER, category("bread")]])
    assert new == [("nothing_sold", "Bier"), ("nothing_sold", "bread")]


def test_what_the_policy_names_is_known() -> None:
    assert unknown(category("tobacco", checked=9), BEER) == []  # by default
    for key in ("other_categories", "alcohol_free_categories"):
        rules: Any = {key: {"TABAK"}}
        assert unknown(category(" Tabak", checked=9), BEER, **rules) == []
    assert unknown(category("Bier", checked=1), alcohol_categories=set(), alcohol_skus=set()) == []


def test_a_category_with_id_checks_that_nothing_explains_is_named_every_day() -> None:
    tobacco = category("Tabak", lines=40, unexplained=40, checked=20)
    assert unknown(tobacco, BEER) == [("checked", "Tabak")]
    assert unknown(tobacco, BEER, past=[[tobacco]] * 9) == [("checked", "Tabak")]


def test_what_is_bought_together_with_it_is_not() -> None:
    bread = category("bread", lines=900, unexplained=500, checked=9)
    assert unknown(bread, BEER, past=[[bread]]) == []
    few = category("bread", lines=1, unexplained=1, checked=1)  # a share of one line says nothing
    assert unknown(few, BEER, past=[[bread]] * 3) == []


def test_a_new_category_among_known_ones_is_named_once_there_is_a_past() -> None:
    assert unknown(category("garden"), BEER) == []
    assert unknown(category("garden"), BEER, past=[[BEER]]) == [("new", "garden")]
    elsewhere = [[BEER, category("GARDEN", store_id="S2")]]
    assert unknown(category("garden"), BEER, past=elsewhere) == []


def test_a_category_that_sounds_like_alcohol_is_named_every_day_until_the_policy_does() -> None:
    beers = category("Beers")
    for past in ([], [[BEER, beers]] * 5):
        assert unknown(beers, BEER, past=past) == [("sounds_so", "Beers")]
    assert unknown(category("Beers", checked=5), BEER) == [("checked", "Beers")]
    assert unknown(beers, BEER, other_categories={"beers"}) == []
    assert unknown(beers, alcohol_categories=set(), alcohol_skus=set()) == []
    assert unknown(category("SAKÉ 0,7"), BEER, alcohol_categories={"Sake", "Beer"}) == [
        ("sounds_so", "SAKÉ 0,7")
    ]


@pytest.mark.parametrize("name", [None, "misc"])
def test_articles_that_sound_like_alcohol_are_named_every_day_with_their_category(
    name: str | None,
) -> None:
    vodka = category(name, sounding=2, example="Vodka")
    for past in ([], [[BEER, vodka]] * 5):
        assert unknown(vodka, BEER, past=past) == [("articles", name)]
    assert unknown(vodka) == [("nothing_sold", name)]
    assert unknown(vodka, past=[[BEER, vodka]]) == [("nothing_sold", name)]
    assert unknown(category(name, checked=5, sounding=2), BEER) == [("checked", name)]
    assert unknown(category("Beers", sounding=2), BEER) == [("sounds_so", "Beers")]
    assert unknown(category(name, sounding=None), BEER) == []  # by an earlier version


def test_a_day_is_compared_with_the_28_before_and_of_some_stores_only(tmp_path: Path) -> None:
    out, rows = (
        Place(str(tmp_path)),
        [category("Wein", store_id=s, checked=4) for s in ("S1", "S2")],
    )
    tables = {
        "categories": CATEGORY_COUNTS.from_rows(rows),
        "tills": till_days(),
        "number_runs": NUMBER_RUNS.empty(),
    }
    assert set(tables) == set(EXPORTED)
    assert compare(out, DAY, Policy()) == Completeness()  # of a day without any of them
    for name, table in tables.items():
        write_daily(out, name, DAY, table)
        for back in (28, 29):
            write_daily(out, name, DAY - timedelta(days=back), table)
    found = compare(out, DAY, Policy())
    assert (found.days, len(found.nothing_sold)) == (1, 2)
    assert compare(out, DAY, Policy(), ["S2"]).categories == (
        UnknownCategory("nothing_sold", "S2", "Wein", 10, 4),
    )
