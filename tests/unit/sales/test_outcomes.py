"""Outcomes: every sale in exactly one, and never a flag more for looking older."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import ContractError
from auditor.monitoring.staff.exposure import CLASSES, FIRST_DUE
from auditor.policy import Rules
from auditor.sales.challenge import CHECK_DUE_FROM, is_under_challenge_age
from auditor.sales.outcomes import assign_outcomes
from auditor.tables import FRAME_SCORES, ID_CHECKS, INCONCLUSIVE_REASONS, OUTCOMES, SALES

_RULES = {"S001": Rules()}


def _sales(
    *id_checks: str, challenge_age: int = 25, births: Sequence[dt.date | None] = ()
) -> pa.Table:
    born = [*births, *[None] * len(id_checks)]
    return SALES.from_rows(
        {
            "transaction_id": f"T{number}",
            "store_id": "S001",
            "till_id": "1",
            "cashier_id": "C",
            "started_at": dt.datetime(2026, 3, 27, 12, tzinfo=dt.UTC),
            "sold_at": dt.datetime(2026, 3, 27, 12, tzinfo=dt.UTC),
            "id_check": check,
            "legal_age": 18,
            "challenge_age": challenge_age,
            "amount": Decimal("1.00"),
            "basket": [],
            "marks": [],
            "birth_date": born[number],
        }
        for number, check in enumerate(id_checks)
    )


def _score(frame: int, age: float) -> dict[str, Any]:
    return {
        "frame": frame,
        "age": age,
        "age_sd": 5.0,
        "age_low": age - 6,
        "age_high": age + 6,
        "p_under_legal": 0.1,
        "p_under_challenge": 0.5,
    }


def _decided(sales: pa.Table, *scores: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = assign_outcomes(
        sales, FRAME_SCORES.from_rows(scores), _RULES
    ).to_pylist()
    return rows


@pytest.mark.parametrize(
    ("check", "age", "outcome", "reason"),
    [
        ("none", 24.9, "flagged", "none"),
        ("not_recorded", 24.9, "flagged", "not_recorded"),
        ("looks_over", 19.0, "flagged", "looks_over"),
        ("dob_on_file", 19.0, "flagged", "dob_on_file"),
        ("none", 25.0, "over_threshold", None),
        ("id_scanned", 19.0, "id_checked", None),
        ("id_viewed", 60.0, "id_checked", None),
        ("refused", 19.0, "refused", None),
        ("refused", 60.0, "refused", None),
    ],
)
def test_the_rules_by_hand(check: str, age: float, outcome: str, reason: str | None) -> None:
    (sale,) = _decided(_sales(check), _score(0, age))
    assert (sale["outcome"], sale["reason"]) == (outcome, reason)
    assert sale["age"] == pytest.approx(age)


@pytest.mark.parametrize(
    ("check", "outcome"),
    [("none", "inconclusive"), ("dob_entered", "id_checked"), ("refused", "refused")],
)
def test_without_a_snapshot_only_the_till_record_decides(check: str, outcome: str) -> None:
    (sale,) = _decided(_sales(check))
    assert sale["outcome"] == outcome
    assert sale["reason"] == ("snapshot_missing" if outcome == "inconclusive" else None)


def test_a_frame_without_an_estimate_gives_its_reason() -> None:
    (sale,) = _decided(_sales("none"), {"frame": 0, "reason": "no_face", "detail": "why"})
    assert (sale["outcome"], sale["reason"], sale["detail"]) == ("inconclusive", "no_face", "why")


@pytest.mark.parametrize(
    ("born", "underage"),
    [
        (dt.date(2010, 3, 27), True),
        (dt.date(2008, 3, 28), True),  # 17 years and 364 days
        (dt.date(2008, 3, 27), False),  # of age on the day itself
        (dt.date(2026, 3, 28), True),  # not yet born: an error that a person has to see
        (dt.date(1990, 1, 1), False),
        (None, False),
    ],
)
@pytest.mark.parametrize("check", ID_CHECKS)
@pytest.mark.parametrize("age", [None, 15.0, 60.0])
def test_a_recorded_birth_date_under_the_legal_age_outranks_check_and_camera(
    born: dt.date | None, check: str, age: float | None, *, underage: bool
) -> None:
    scores = () if age is None else (_score(0, age),)
    (sale,) = _decided(_sales(check, births=[born]), *scores)
    recorded = underage and check != "refused"
    assert (sale["reason"] == "recorded_underage") == recorded
    if recorded:
        assert (sale["outcome"], sale["age"]) == ("flagged", age)
    elif check == "refused":
        assert sale["outcome"] == "refused"


def test_the_birthday_is_that_of_the_stores_own_clock() -> None:
    """At half past eleven in the evening in UTC it is the next day in Athens."""
    sales = _sales("id_scanned", births=[dt.date(2008, 3, 28)])
    late = pa.array([dt.datetime(2026, 3, 27, 23, 30, tzinfo=dt.UTC)], sales["sold_at"].type)
    sales = sales.set_column(sales.column_names.index("sold_at"), "sold_at", late)
    for zone, outcome in (("UTC", "flagged"), ("Europe/Athens", "id_checked")):
        rules = {"S001": Rules(time_zone=zone)}
        decided = assign_outcomes(sales, FRAME_SCORES.empty(), rules)
        assert decided["outcome"].to_pylist() == [outcome]


def test_the_store_says_which_checks_count() -> None:
    sales = _sales("looks_over")
    rules = {"S001": Rules(counting_checks=frozenset({"looks_over"}))}
    decided = assign_outcomes(sales, FRAME_SCORES.from_rows([_score(0, 20)]), rules)
    assert decided["outcome"].to_pylist() == ["id_checked"]


def test_the_sale_says_which_challenge_age_holds() -> None:
    (sale,) = _decided(_sales("none", challenge_age=30), _score(0, 27))
    assert sale["outcome"] == "flagged"


@pytest.mark.parametrize("frames", [(0, 0), (1,), (-1,)])
def test_a_score_of_no_sale_is_refused(frames: tuple[int, ...]) -> None:
    with pytest.raises(ContractError, match="scores"):
        _decided(_sales("none"), *(_score(frame, 20) for frame in frames))


_days = st.lists(
    st.tuples(
        st.sampled_from(ID_CHECKS),
        st.one_of(st.none(), st.sampled_from(INCONCLUSIVE_REASONS), st.floats(0, 100, width=32)),
    ),
    max_size=12,
)


def _day(sales: list[tuple[str, str | float | None]], older: float = 0) -> list[dict[str, Any]]:
    scores = [
        {"frame": n, "reason": found} if isinstance(found, str) else _score(n, found + older)
        for n, (_, found) in enumerate(sales)
        if found is not None
    ]
    return _decided(_sales(*(check for check, _ in sales)), *scores)


@given(_days)
def test_every_sale_ends_in_exactly_one_outcome(
    sales: list[tuple[str, str | float | None]],
) -> None:
    decided = _day(sales)
    assert [s["transaction_id"] for s in decided] == [f"T{n}" for n in range(len(sales))]
    assert all(s["outcome"] in OUTCOMES for s in decided)
    for sale, (_, found) in zip(decided, sales, strict=True):
        if not isinstance(found, float):  # what nobody could judge is never called fine
            assert sale["outcome"] not in ("flagged", "over_threshold")
            assert sale["age"] is None


@given(_days, st.floats(0, 50))
def test_a_raised_estimate_never_adds_a_flag(
    sales: list[tuple[str, str | float | None]], older: float
) -> None:
    for before, after in zip(_day(sales), _day(sales, older), strict=True):
        assert after["outcome"] != "flagged" or before["outcome"] == "flagged"


@given(_days, st.randoms(use_true_random=False))
def test_the_order_of_the_scores_changes_nothing(
    sales: list[tuple[str, str | float | None]], random: Any
) -> None:
    scores = [_score(n, f) for n, (_, f) in enumerate(sales) if isinstance(f, float)]
    table = _sales(*(check for check, _ in sales))
    shuffled = scores.copy()
    random.shuffle(shuffled)
    assert _decided(table, *scores) == _decided(table, *shuffled)


def test_a_sale_whose_frame_shows_several_faces_is_marked() -> None:
    scores = [_score(0, 20) | {"faces": 2}, _score(1, 20) | {"faces": 1}]
    decided = _decided(_sales("none", "none", "none"), *scores)
    assert [s["marks"] for s in decided] == [["several_faces"], [], []]


@pytest.mark.parametrize(("age", "under"), [(24.9, True), (25.0, False), (25.1, False)])
def test_the_challenge_age_itself_is_not_under_it(age: float, *, under: bool) -> None:
    assert is_under_challenge_age(age, 25) is under


def test_a_check_is_due_from_even_chances_on() -> None:
    assert CLASSES[FIRST_DUE] == CHECK_DUE_FROM == 0.5
