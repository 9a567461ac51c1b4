"""What the pages say, before any HTML."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import sales
from auditor.errors import ConfigurationError, ContractError
from auditor.report.day import Report
from auditor.report.text import words
from auditor.tables import (
    ID_CHECKS,
    INCONCLUSIVE_REASONS,
    LEDGER,
    OUTCOMES,
    REJECTS,
    STORE_DAYS,
)
from tests.support.report_day import NOON, POLICY, estimate, flag, ledger_rows, sale, store_day
from tests.support.report_day import given as given_tables
from tests.support.report_model import report_of, the_day


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from(OUTCOMES), max_size=30), st.data())
def test_outcomes_and_reasons_add_up(outcomes: list[str], data: st.DataObject) -> None:
    rows = []
    for number, outcome in enumerate(outcomes):
        scored = outcome in ("flagged", "over_threshold") or (
            outcome != "inconclusive" and data.draw(st.booleans())
        )
        reason = data.draw(st.sampled_from(INCONCLUSIVE_REASONS))
        rows.append(
            sale(
                number,
                outcome,
                **(estimate(20, 0.3, 0.8) if scored else {}),
                reason=reason if outcome == "inconclusive" else None,
            )
        )
    seen = report_of(rows).chain.coverage
    assert sum(o.count for o in seen.outcomes) == seen.alcohol_sales == len(rows)
    assert sum(r.count for r in seen.inconclusive) == seen.of("inconclusive")
    assert seen.alcohol_sales - seen.scored == seen.of("inconclusive") + seen.unscored_by_record
    assert seen.judged == len(rows) - outcomes.count("inconclusive")


def test_the_chain_is_the_sum_of_its_stores() -> None:
    report = the_day()
    for name in ("alcohol_sales", "scored", "with_snapshot", "snapshots_unclaimed"):
        parts = [getattr(page.coverage, name) for page in report.stores.values()]
        assert getattr(report.chain.coverage, name) == sum(parts)
    assert report.chain.coverage.alcohol_sales == len(ledger_rows())


def test_likeliest_under_the_legal_age_come_first_and_ties_have_an_order() -> None:
    rows = [
        flag(1, 20, 0.3, 0.9),
        flag(2, 20, 0.5, 0.8),
        flag(3, 20, 0.3, 0.95),
        flag(5, 20, 0.3, 0.9, sold_at=NOON),
        flag(4, 20, 0.3, 0.9, sold_at=NOON),
    ]
    for order in (rows, rows[::-1]):
        cases = report_of(order).cases
        assert [c.transaction_id for c in cases] == ["T002", "T003", "T004", "T005", "T001"]
        assert [c.rank for c in cases] == [1, 2, 3, 4, 5]


def test_a_store_page_keeps_the_ranks_of_the_chain() -> None:
    rows = [flag(1, 20, 0.9, 0.9, store_id="S002"), flag(2, 20, 0.3, 0.9)]
    days = [store_day(s, alcohol_sales=1, transactions=1) for s in ("S001", "S002")]
    report = the_day(ledger=LEDGER.from_rows(rows), store_days=STORE_DAYS.from_rows(days))
    assert [(c.rank, c.store_id) for c in report.stores["S001"].cases] == [(2, "S001")]


def test_wrong_flags_and_missed_buyers_come_from_the_probabilities() -> None:
    seen = the_day().chain.coverage
    assert seen.wrong_flags.mean == pytest.approx(0.23 + 0.02 + 0.48 + 0.21)
    assert seen.over_threshold_under_challenge.mean == pytest.approx(0.03 + 0.41)
    assert seen.over_threshold_under_legal.mean == pytest.approx(0.01 + 0.11)


def lede_of(rows: list[dict[str, Any]], **day: Any) -> str:
    report = report_of(rows, **day)
    return " ".join(report.stores["S001"].lede)


DARK = [sale(n, "inconclusive", reason="no_face") for n in range(3)]
SEEN = [sale(n, "over_threshold", **estimate(40, 0.0, 0.1)) for n in range(10, 15)]


@pytest.mark.parametrize(
    ("rows", "day", "words_of_it"),
    [
        ([], {"export_status": "missing"}, "nothing is known about its sales"),
        ([], {"export_status": "unreadable"}, "could not be read: nothing is known"),
        ([], {}, "no transactions: closed, or not recording"),
        ([], {"transactions": 7}, "No alcohol was sold in 7\u00a0transactions"),
        (DARK, {}, "Nothing follows from the absence of flags"),
        (DARK + SEEN, {}, "No flags were raised. 3 of 8\u00a0alcohol sales could not be judged"),
        (SEEN, {}, "so this is no proof"),
        ([flag(1, 20, 0.3, 0.9), *DARK], {}, "1 of 4\u00a0alcohol sales is flagged"),
        ([flag(1, 20, 0.3, 0.9), *SEEN], {}, "1 of 6\u00a0alcohol sales is flagged"),
    ],
)
def test_every_kind_of_day_has_its_honest_sentence(
    rows: list[dict[str, Any]], day: dict[str, Any], words_of_it: str
) -> None:
    assert words_of_it in lede_of(rows, **day)


def test_a_day_without_any_export_says_that_nothing_is_known() -> None:
    days = STORE_DAYS.from_rows([store_day("S001", export_status="missing")])
    report = the_day(ledger=LEDGER.empty(), store_days=days)
    assert "nothing is known about this day's sales" in " ".join(report.chain.lede)
    nothing = the_day(ledger=LEDGER.empty(), store_days=STORE_DAYS.empty())
    assert "nothing was audited" in " ".join(nothing.chain.lede)


def test_a_store_without_export_is_not_counted_with_zeros() -> None:
    assert [c.store_id for c in the_day().chain.stores] == ["S001", "S003"]


def test_the_trail_is_in_order_and_in_the_store_s_time() -> None:
    summer = datetime(2026, 3, 29, 12, tzinfo=UTC)
    row = flag(
        1,
        20,
        0.3,
        0.9,
        sold_at=summer,
        id_check="looks_over",
        id_check_at=summer - timedelta(seconds=20),
        id_check_by="C\u202e99",
        birth_date=date(2000, 3, 30),
    )
    (case,) = report_of([row]).cases
    assert [(f"{s.at:%H:%M:%S}" if s.at else None, s.text) for s in case.trail] == [
        ("12:59:40", "Till record: cashier judged by looks, by C\ufffd99"),
        ("12:59:56", "Camera frame (camera's clock)"),
        ("13:00:00", "Last line of the sale"),
        (None, "Date of birth on record: 25 years old that day"),
    ]


def test_a_check_without_a_time_keeps_none() -> None:
    (case,) = report_of([flag(1, 20, 0.3, 0.9)]).cases
    assert case.trail[-1].at is None
    assert case.trail[-1].text == "Till record: no ID check"


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("1234.5", "GBP", "£1,234.50"),
        ("1234", "JPY", "JPY\xa01,234"),
        ("-1.255", "KWD", "\u2212KWD\xa01.255"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(amount: str, currency: str, shown: str) -> None:
    assert words.money(Decimal(amount), currency) == shown


def test_an_age_is_never_rounded_over_the_challenge_age() -> None:
    (case,) = report_of([flag(1, 24.99, 0.1, 0.51, id_check="looks_over")]).cases
    assert case.why == (
        "Estimated at 24, under the challenge age of 25; the till recorded “cashier judged by "
        "looks”, which the policy does not count as a check."
    )


def test_ages_are_named_by_number_only_where_the_stores_agree() -> None:
    assert the_day().chain.ages.challenge == "25"
    override = {"stores": ["S003"], "challenge_age": 30}
    entry = {"effective_from": date(2026, 1, 1), "override": [override]}
    page = the_day(policy=type(POLICY)({"policy": [entry]})).chain
    assert (page.ages.legal, page.ages.challenge) == ("18", "the challenge age")


def test_rejects_without_a_store_are_on_the_chain_s_page_only() -> None:
    report = the_day()
    assert report.chain.rejected.total == 3
    assert [p.rejected.total for p in report.stores.values()] == [2, 0, 0, 0]
    assert [(r.source, r.row) for r in report.chain.rejected.first] == [
        ("S001/2026-03-27.csv", 12),
        ("S001/index.csv", 4),
        ("S004/2026-03-27.csv", None),
    ]
    assert report.chain.rejected.first[1].detail == "the path leaves the snapshots' address"


def without(name: str) -> list[dict[str, Any]]:
    return [flag(1, 20, 0.3, 0.9) | {name: None}]


@pytest.mark.parametrize(
    ("rows", "day", "message"),
    [
        ([sale(1, "over_threshold")], {}, "over_threshold without age"),
        (without("p_under_legal"), {}, "flagged without p_under_legal"),
        (without("age"), {}, "flagged without age"),
        ([sale(1, "cleared")], {}, "cleared"),
        ([sale(1, "refused")], {"alcohol_sales": 2}, "2 alcohol sales were collected, 1"),
        ([sale(1, "refused", store_id="S009")], {}, "S009"),
        ([flag(1, 20, 0.3, 0.9, crop="../../../etc/passwd")], {}, "no path below OUT"),
        ([flag(1, 20, 0.3, 0.9, crop="/etc/passwd")], {}, "no path below OUT"),
    ],
)
def test_tables_that_contradict_each_other_are_refused(
    rows: list[dict[str, Any]], day: dict[str, Any], message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        report_of(rows, **day)


@pytest.mark.parametrize("store_id", ["../S1", "", "S 1", "S1\n", "<b>"])
def test_a_store_that_cannot_name_a_page_is_refused(store_id: str) -> None:
    with pytest.raises(ContractError, match="cannot name a page"):
        the_day(ledger=LEDGER.empty(), store_days=STORE_DAYS.from_rows([store_day(store_id)]))


def test_a_store_that_stands_there_twice_is_refused() -> None:
    days = STORE_DAYS.from_rows([store_day("S003"), store_day("S003")])
    with pytest.raises(ContractError, match="twice"):
        the_day(ledger=LEDGER.empty(), store_days=days)


def test_a_day_before_the_policy_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="2025-12-31"):
        Report(date(2025, 12, 31), **given_tables(ledger=LEDGER.empty(), rejects=REJECTS.empty()))


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0\u00a0%"),
        (0.004, "<1\u00a0%"),
        (0.005, "1\u00a0%"),
        (0.125, "13\u00a0%"),
        (0.996, ">99\u00a0%"),
        (1, "100\u00a0%"),
    ],
)
def test_a_share_is_0_or_100_percent_only_exactly(share: float, text: str) -> None:
    assert words.percent(share) == text


def test_unprintable_characters_are_shown_as_such_and_long_text_is_cut() -> None:
    assert words.visible("a\u202eb\n\x00") == "a\ufffdb\ufffd\ufffd"
    assert words.visible("x" * 200, 10) == "xxxxxxxxx…"
    assert words.visible("x" * 10, 10) == "x" * 10


def test_none_of_several_hashes_is_hidden_by_shortening() -> None:
    assert words.short_hash("a" * 64) == "a" * 12
    assert words.short_hash(f"{'a' * 64}, {'b' * 64}") == f"{'a' * 12}, {'b' * 12}"


def test_every_code_has_words() -> None:
    assert set(sales.MARKS) < set(words.MARKS)
    assert set(words.ID_CHECKS) == set(ID_CHECKS)
    assert set(words.OUTCOMES) == set(OUTCOMES)
    assert set(words.REASONS) == set(INCONCLUSIVE_REASONS)
