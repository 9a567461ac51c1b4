"""What the judged frame of a sale with several frames changes, and what is kept of the others."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.policy import Rules
from auditor.sales.frames import looked_at
from auditor.sales.frozen import without_faces
from auditor.sales.outcomes import assign_outcomes, sales_of
from auditor.tables import FRAME_SCORES, LEDGER, SALES
from tests.support.samples import row

Row = dict[str, Any]
Interval = tuple[float, float] | None  # of the age, 80 %; none where no age could be estimated

RULES = {"S1": Rules()}


def shot(number: int, *, by_time: bool = False) -> Row:
    return {
        "snapshot_id": f"F{number}",
        "path": f"{number}.jpg",
        "matched_by": "till_and_time" if by_time else "transaction",
        "offset_s": float(number),
    }


def sale(shots: list[Row]) -> Row:
    """A row of SALES as it is collected with these frames."""
    nearest, marks = shots[0], ["several_snapshots"] if shots[1:] else []
    by_time = ["matched_by_time"] if nearest["matched_by"] == "till_and_time" else []
    return row(
        SALES,
        legal_age=18,
        challenge_age=25,
        basket=[],
        marks=by_time + marks,
        snapshot_id=nearest["snapshot_id"],
        snapshot_path=nearest["path"],
        matched_by=nearest["matched_by"],
        snapshot_offset_s=nearest["offset_s"],
        frames=shots if shots[1:] else None,
    )


def seen(number: int, interval: Interval) -> Row:
    told = {"age": sum(interval) / 2} if interval else {}
    ends = dict(zip(("age_low", "age_high"), interval or (), strict=False))
    return {"sha256": f"{number}" * 64} | told | ends


def scored(intervals: list[Interval], chosen: int) -> pa.Table:
    """The one row of FRAME_SCORES of a sale, of whose frames one was chosen."""
    own, all_of_them = seen(chosen, intervals[chosen]), [seen(*i) for i in enumerate(intervals)]
    score = {"frame": 0, "snapshot_sha256": own.pop("sha256"), **own}
    score |= {} if "age" in own else {"reason": "no_face", "detail": "none"}
    several = {"chosen": chosen, "seen": all_of_them} if intervals[1:] else {}
    return FRAME_SCORES.from_rows([score | several])


def decided(
    intervals: list[Interval], chosen: int, *, by_time: tuple[int, ...] = ()
) -> tuple[pa.Table, Row]:
    """SALES of a sale, and its row of LEDGER."""
    shots = [shot(number, by_time=number in by_time) for number in range(len(intervals))]
    sales = SALES.from_rows([sale(shots)])
    ledger = assign_outcomes(sales, scored(intervals, chosen), RULES)
    assert sales_of(ledger).equals(sales)
    return sales, ledger.to_pylist()[0]


def test_the_judged_frame_stands_for_the_sale() -> None:
    _, found = decided([(20, 30), (22, 34), None], chosen=1)
    assert found["snapshot_id"] == "F1"
    assert found["snapshot_path"] == "1.jpg"
    assert found["snapshot_offset_s"] == 1.0
    assert found["snapshot_sha256"] == "1" * 64
    assert found["marks"] == ["several_snapshots"]
    assert [frame["snapshot_id"] for frame in found["frames"]] == ["F0", "F1", "F2"]
    assert [frame["age"] for frame in found["frames"]] == [25.0, 28.0, None]


@pytest.mark.parametrize(
    ("by_time", "chosen", "matched_by", "marked"),
    [((1,), 0, "transaction", False), ((1,), 1, "till_and_time", True)],
)
def test_how_the_frame_was_matched_is_said_of_the_judged_one(
    by_time: tuple[int, ...], chosen: int, matched_by: str, *, marked: bool
) -> None:
    _, found = decided([(20, 30), (20, 30)], chosen, by_time=by_time)
    assert found["matched_by"] == matched_by
    assert ("matched_by_time" in found["marks"]) == marked


@pytest.mark.parametrize(
    ("intervals", "chosen", "marked"),
    [
        ([(20, 30), (30, 40)], 0, False),  # they touch
        ([(20, 30), (30.5, 40)], 0, True),
        ([(20, 30), (30.5, 40)], 1, True),
        ([(20, 30), (25, 40), (30.5, 50)], 1, False),  # each overlaps the judged one
        ([(20, 30), (25, 40), (30.5, 50)], 0, True),
        ([(20, 30), None], 0, False),
        ([None, None], 0, False),
    ],
)
def test_frames_disagree_where_an_interval_lies_beside_the_judged_one(
    intervals: list[Interval], chosen: int, *, marked: bool
) -> None:
    _, found = decided(intervals, chosen)
    assert ("frames_disagree" in found["marks"]) == marked


INTERVALS = st.one_of(st.none(), st.tuples(st.floats(1, 50, width=32), st.floats(50, 99, width=32)))


@given(st.lists(INTERVALS, min_size=1, max_size=5), st.data())
def test_from_the_ledger_come_the_sales_that_were_collected(
    intervals: list[Interval], data: st.DataObject
) -> None:
    """Else a day beside an audited one would be audited again every night."""
    places = st.integers(0, len(intervals) - 1)
    sales, found = decided(intervals, data.draw(places), by_time=tuple(data.draw(st.sets(places))))
    ledger = LEDGER.from_rows([found])
    frozen = without_faces(ledger, pa.array([True]).to_numpy(zero_copy_only=False))
    assert sales_of(frozen).equals(sales)


def test_a_sale_with_one_frame_and_one_without_are_as_they_were() -> None:
    _, found = decided([(20, 30)], chosen=0)
    assert found["frames"] is None
    assert found["marks"] == []
    assert list(looked_at(LEDGER.from_rows([found]))) == [("0.jpg", "0" * 64)]
    none = SALES.from_rows([row(SALES, legal_age=18, challenge_age=25, basket=[], marks=[])])
    ledger = assign_outcomes(none, FRAME_SCORES.empty(), RULES)
    assert sales_of(ledger).equals(none)
    assert list(looked_at(ledger)) == []


def test_every_frame_that_was_read_is_named_once() -> None:
    _, found = decided([(20, 30), (22, 34)], chosen=1)
    found["frames"].append(shot(2) | {"sha256": None, "age": None})  # it was not there
    expected = [("0.jpg", "0" * 64), ("1.jpg", "1" * 64)]
    assert list(looked_at(LEDGER.from_rows([found]))) == expected


def test_of_a_frozen_camera_no_frame_tells_an_age() -> None:
    _, found = decided([(20, 30), (40, 50)], chosen=0)
    assert "frames_disagree" in found["marks"]
    is_frozen = pa.array([True]).to_numpy(zero_copy_only=False)
    (row_,) = without_faces(LEDGER.from_rows([found]), is_frozen).to_pylist()
    assert row_["marks"] == ["camera_frozen", "several_snapshots"]
    assert [frame["age"] for frame in row_["frames"]] == [None, None]
    assert [frame["sha256"] for frame in row_["frames"]] == ["0" * 64, "1" * 64]
