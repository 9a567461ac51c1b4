"""Rules of hollow checks: what each looks at and finds, what chance gives, and who is told of."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.clock.birthdays import completed_years
from auditor.monitoring.id_check_quality.counting import count_ages, count_quality, find
from auditor.monitoring.id_check_quality.leads import RuleResult, find_leads, heaps, of_store
from auditor.monitoring.id_check_quality.rules import RULES
from auditor.policy import Policy, Rules
from auditor.report.text.id_check_quality import QUALITY_RULE_TEXTS as WORDS
from auditor.tables import LEDGER, QUALITY_COUNTS, QUALITY_RULES, RECORDED_AGES
from tests.support.report_day import NOON, estimate, sale

RULES_IN_FORCE = Rules(time_zone="Europe/London")
HOW: dict[str, Any] = {"min_exposure": 10, "false_lead_share": 0.05}
DAY = NOON.date()


def check(number: int, born: date | None = None, **other: Any) -> dict[str, Any]:
    """A sale with an ID check on record, keyed unless said otherwise."""
    state = {"id_check": "dob_entered", "id_check_by": "C07", "birth_date": born}
    return sale(number, "id_checked", **(state | other))


def by_rule(rows: list[dict[str, Any]], rules: Rules = RULES_IN_FORCE) -> dict[str, Any]:
    """What each rule looked at and found, the scanned apart."""
    found: dict[str, Any] = {}
    for row in count_quality(LEDGER.from_rows(rows), rules).to_pylist():
        name = row["rule"] + (" scanned" if row["scanned"] else "")
        found[name] = (row["looked_at"], row["found"], row["chance"])
    return found


def hits(rows: list[dict[str, Any]], rules: Rules = RULES_IN_FORCE) -> set[tuple[str, int]]:
    return {(f.rule, f.row) for f in find(LEDGER.from_rows(rows), rules)}


def drink(at: datetime | None) -> dict[str, Any]:
    line = {"sku": "1", "quantity": Decimal(1), "amount": Decimal("7.50"), "alcohol": True}
    return {"basket": [line | {"sold_at": at}]}


def test_there_is_one_rule_for_each_name_and_words_for_each() -> None:
    assert tuple(RULES) == QUALITY_RULES == tuple(WORDS)


@pytest.mark.parametrize(
    ("born", "found"),
    [
        (date(1970, 1, 1), True),
        (date(1977, 7, 7), True),
        (date(2008, 3, 27), True),  # 18 on the very day
        (date(2008, 3, 26), False),
        (date(1985, 5, 17), False),
    ],
)
def test_made_up_birth_dates(born: date, found: bool) -> None:  # noqa: FBT001
    looked, hit, chance = by_rule([check(1, born)])["sentinel_birth_date"]
    assert (looked, hit) == (1, int(found))
    assert chance == pytest.approx(2 * 1.2 / 365)


def test_the_policy_says_which_birth_dates_are_made_up() -> None:
    policy = Policy(
        {"policy": [{"effective_from": DAY, "sentinel_birth_dates": [date(1985, 5, 17)]}]}
    )
    rules = policy.rules(DAY, "S001")
    assert by_rule([check(1, date(1985, 5, 17))], rules)["sentinel_birth_date"][1] == 1
    assert by_rule([check(1, date(1970, 1, 1))], rules)["sentinel_birth_date"][1] == 0


def test_what_a_machine_read_is_counted_apart_and_is_nobodys_finding() -> None:
    rows = [check(1, date(1970, 1, 1), id_check="id_scanned")]
    assert by_rule(rows)["sentinel_birth_date scanned"][:2] == (1, 1)
    assert ("sentinel_birth_date", 0) not in hits(rows)


def test_round_dates_and_years() -> None:
    rows = [
        check(n, born)
        for n, born in enumerate(
            (
                date(1990, 5, 1),
                date(1991, 4, 4),
                date(1992, 4, 5),
                date(1995, 4, 5),
                date(2006, 1, 5),
            )
        )
    ]
    found = by_rule(rows)
    assert found["round_birth_date"][:2] == (5, 2)
    assert found["round_birth_date"][2] == pytest.approx(5 * 23 * 1.2 / 365)
    assert found["round_birth_year"] == pytest.approx((4, 2, 0.8))  # one is 20, out of the range


def test_one_birth_date_counts_for_the_same_person_within_an_hour() -> None:
    born = date(1985, 5, 17)
    rows = [check(n, born) for n in (0, 10, 69, 200)]  # minutes
    rows += [check(11, born, id_check_by="C08"), check(12, born, store_id="S002")]
    assert {row for rule, row in hits(rows) if rule == "one_birth_date"} == {1, 2}
    table = count_quality(LEDGER.from_rows(rows), RULES_IN_FORCE).to_pylist()
    own = [
        r
        for r in table
        if (r["rule"], r["cashier_id"], r["store_id"]) == ("one_birth_date", "C07", "S001")
    ]
    assert own[0]["chance"] == pytest.approx(2 * 1.2 / 365)  # one date seen before, twice


@pytest.mark.parametrize(
    ("born", "other", "looked", "found"),
    [
        (date(1977, 7, 7), {}, 1, 1),
        (date(2006, 1, 5), {}, 1, 0),
        (date(1977, 7, 7), {"faces": 2}, 0, 0),  # the estimate may be another's
        (date(1977, 7, 7), {"id_check": "id_viewed"}, 0, 0),
        (None, {}, 0, 0),
    ],
)
def test_birth_dates_against_the_face(
    born: date | None, other: dict[str, Any], looked: int, found: int
) -> None:
    rows = [check(1, born, **(estimate(21.0, 0.2, 0.8) | other))]
    result = by_rule(rows).get("birth_date_against_face", (0, 0, 0))
    assert result == pytest.approx((looked, found, 0.05 * looked))


@pytest.mark.parametrize(
    ("seconds", "looked", "found"),
    [(0.5, 1, 1), (1.9, 1, 1), (2, 1, 0), (8, 1, 0), (-3, 0, 0)],
)
def test_fast_checks(seconds: float, looked: int, found: int) -> None:
    rows = [check(1, id_check_at=NOON + timedelta(seconds=seconds), **drink(NOON))]
    assert by_rule(rows).get("fast_check", (0, 0, 0))[:2] == (looked, found)
    assert "fast_check" not in by_rule([check(1, id_check_at=NOON, **drink(None))])
    scanned = check(1, id_check_at=NOON, id_check="id_scanned", **drink(NOON))
    assert "fast_check" not in by_rule([scanned])


def test_judged_by_eye_looks_at_very_young_faces_only() -> None:
    young, older = estimate(17.0, 0.5, 0.9), estimate(24.0, 0.1, 0.6)
    rows = [
        sale(1, "flagged", id_check="looks_over", **young),
        sale(2, "flagged", **young),
        sale(3, "flagged", id_check="looks_over", **older),
        sale(4, "flagged", id_check="not_recorded", **young),
        sale(5, "inconclusive", id_check="looks_over"),
    ]
    assert by_rule(rows)["judged_by_eye"] == (2, 1, 0)


def test_age_is_completed_years() -> None:
    born = np.array(["2000-02-29", "2000-03-01", "2027-01-01", "NaT"], "datetime64[D]")
    on = np.full(4, np.datetime64("2026-02-28"))
    assert completed_years(born, on)[:3].tolist() == [25, 25, -1]
    assert np.isnan(completed_years(born, on)[3])


def test_ages_on_record_leave_out_what_nobody_is() -> None:
    rows = [
        check(1, date(2000, 3, 27)),
        check(2, date(2000, 3, 28), id_check="id_scanned"),
        check(3, date(1890, 1, 1)),
        check(4, date(2027, 1, 1)),
    ]
    found = count_ages(LEDGER.from_rows(rows), RULES_IN_FORCE).to_pylist()
    assert [(r["scanned"], r["age"], r["checks"]) for r in found] == [(False, 26, 1), (True, 25, 1)]
    measured = heaps(RECORDED_AGES.from_rows(found))
    assert (measured.keyed.faces, measured.scanned.faces) == (1, 1)
    assert heaps(RECORDED_AGES.empty()).keyed.whipple is None


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.dates(date(1930, 1, 1), date(2008, 1, 1)) | st.just(date(1977, 7, 7)),
            st.sampled_from(["dob_entered", "id_scanned", "id_viewed", "looks_over", "none"]),
            st.integers(0, 600),
        ),
        max_size=20,
    )
)
def test_nothing_is_found_where_nothing_is_looked_at(
    sales: list[tuple[date, str, int]],
) -> None:
    rows = [check(n, born, id_check=state) for born, state, n in sales]
    table = count_quality(LEDGER.from_rows(rows), RULES_IN_FORCE)
    for row in table.to_pylist():
        assert 0 <= row["found"] <= row["looked_at"]
        assert 0 <= row["chance"] <= row["looked_at"]
    assert QUALITY_COUNTS.add_up([table, QUALITY_COUNTS.empty()]).equals(table)


def hollow(
    *people: tuple[str, int, int], rule: str = "sentinel_birth_date", **other: Any
) -> pa.Table:
    """Who, checks looked at, checks found."""
    same = {"store_id": "S001", "rule": rule, "scanned": False, "chance": 0.0}
    return QUALITY_COUNTS.from_rows(
        same | {"cashier_id": who, "looked_at": looked, "found": found} | other
        for who, looked, found in people
    )


def leads(table: pa.Table, rule: str = "sentinel_birth_date") -> dict[str, Any]:
    return {lead.cashier_id: lead for lead in find_leads(table, **HOW)[rule].leads}


CROWD = tuple((f"C{n}", 60, n % 2) for n in range(10))


def test_a_lead_is_who_shows_it_more_often_than_chance_and_than_the_others() -> None:
    assert list(leads(hollow(*CROWD, ("one", 60, 50)))) == ["one"]
    assert leads(hollow(*CROWD)) == {}
    assert leads(hollow(*CROWD, ("one", 9, 9))) == {}  # below the least exposure
    assert leads(hollow(*CROWD, ("one", 400, 1))) == {}  # once is no habit


def test_what_chance_explains_is_no_lead_even_of_one_alone() -> None:
    chance: dict[str, Any] = {"chance": 30.0}
    assert leads(hollow(("C1", 60, 35), **chance)) == {}
    assert list(leads(hollow(("C1", 60, 58), **chance))) == ["C1"]


def test_what_most_do_is_no_lead() -> None:
    """Where everybody's records show it, the rule says something of the tills, not of people."""
    assert leads(hollow(*((f"C{n}", 60, 50 + n % 3) for n in range(12)))) == {}


def test_what_machines_read_as_often_is_no_lead() -> None:
    scans = hollow(("C9", 500, 400), scanned=True)
    table = pa.concat_tables([hollow(*CROWD, ("one", 60, 45)), scans])
    assert leads(table) == {}


def test_a_stores_findings_are_its_own_counts_and_leads() -> None:
    other = hollow(("two", 60, 55), store_id="S002")
    table = pa.concat_tables([hollow(*CROWD, ("one", 60, 50)), other])
    chain = find_leads(table, **HOW)
    own = of_store(chain, other)["sentinel_birth_date"]
    assert isinstance(own, RuleResult)
    assert [lead.cashier_id for lead in own.leads] == ["two"]
    assert (own.examined, own.found) == (60, 55)
    assert chain["sentinel_birth_date"].examined == 720


def test_by_chance_alone_hardly_anybody_is_told_of() -> None:
    rng = np.random.default_rng(5)
    told = 0
    for _ in range(20):
        people = [(f"C{n}", 80, int(k)) for n, k in enumerate(rng.binomial(80, 0.06, 200))]
        told += bool(
            leads(
                hollow(*people, rule="birth_date_against_face", chance=4.0),
                "birth_date_against_face",
            )
        )
    assert told <= 3


def test_a_check_at_another_time_is_found_among_the_checks_on_record() -> None:
    away = {"marks": ["check_out_of_time"], "id_check_at": NOON - timedelta(days=1)}
    rows = [
        check(1, date(1985, 5, 17)),
        sale(2, "flagged", id_check="none", id_check_by="C07", **away),
        sale(3, "flagged", id_check="looks_over", id_check_by="C07", **away),
        sale(4, "flagged", id_check="none"),
        sale(5, "refused", id_check="refused"),
    ]
    assert by_rule(rows)["check_out_of_time"] == (3, 2, 0.0)
    assert {row for rule, row in hits(rows) if rule == "check_out_of_time"} == {1, 2}


def test_checks_in_nobodys_name_are_counted_for_nobody_but_found() -> None:
    away = {"marks": ["check_out_of_time"], "cashier_id": None}
    rows = [sale(1, "flagged", id_check="none", **away)]
    assert by_rule(rows) == {}
    (match,) = find(LEDGER.from_rows(rows), RULES_IN_FORCE)
    assert (match.rule, match.cashier_id) == ("check_out_of_time", None)


def test_at_a_self_checkout_the_attendant_who_approved_is_who_checked() -> None:
    rows = [check(1, date(1985, 5, 17), cashier_id=None, id_check_by="A1")]
    found = count_quality(LEDGER.from_rows(rows), RULES_IN_FORCE)
    assert set(found["cashier_id"].to_pylist()) == {"A1"}
