"""A camera that gives the same picture for sale after sale is frozen; two of a kind are not."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from auditor.sales.frozen import frozen, without_faces
from auditor.tables import LEDGER
from tests.support.report_day import NOON, sale

Row = dict[str, Any]


def seen(number: int, picture: str, minute: float, **other: Any) -> Row:
    at = NOON + timedelta(minutes=minute)
    told = {"age": 20.0, "faces": 1, "snapshot_sha256": picture, "snapshot_offset_s": 1.0}
    return sale(number, "over_threshold", sold_at=at) | told | other


def flags(rows: list[Row]) -> list[bool]:
    found: list[bool] = frozen(LEDGER.from_rows(rows)).tolist()
    return found


@pytest.mark.parametrize(
    ("pictures", "every", "expected"),
    [
        ("aaaaa", 2.5, [True] * 5),
        ("aaaaa", 2.4, [False] * 5),  # less than ten minutes
        ("aaaa", 10, [False] * 4),
        ("aabaaab", 10, [False] * 7),
        ("baaaaac", 10, [False, *[True] * 5, False]),
    ],
)
def test_five_of_a_picture_in_a_row_over_ten_minutes_are_frozen(
    pictures: str, every: float, *, expected: list[bool]
) -> None:
    rows = [seen(n, picture, n * every) for n, picture in enumerate(pictures)]
    order = np.random.default_rng(3).permutation(len(rows)).tolist()

    assert flags(rows) == expected
    assert flags([rows[n] for n in order]) == [expected[n] for n in order]


def test_cameras_are_told_apart_and_sales_without_a_frame_are_no_captures() -> None:
    one = [seen(n, "a", n * 10) for n in range(5)]
    other = [seen(n + 50, "b", n * 10 + 1, till_id="3") for n in range(4)]
    without = seen(99, "", 15, snapshot_sha256=None, snapshot_offset_s=None)

    assert flags([*one, *other, without]) == [True] * 5 + [False] * 5


def test_a_day_without_frames_has_no_frozen_camera() -> None:
    assert flags([]) == []
    assert flags([seen(1, "", 0, snapshot_sha256=None, snapshot_offset_s=None)]) == [False]


def test_of_a_frozen_frame_nothing_is_told_and_only_the_tills_record_decides() -> None:
    rows = [
        seen(1, "a", 0, marks=["matched_by_time", "several_faces"], faces=2),
        seen(2, "a", 1, outcome="flagged", reason="none"),
        seen(3, "a", 2, outcome="flagged", reason="recorded_underage"),
        seen(4, "a", 3, outcome="id_checked", id_check="id_scanned"),
        seen(5, "a", 4, outcome="inconclusive", reason="no_face", age=None, faces=0),
        seen(6, "b", 5),
    ]
    which = np.array([True] * 5 + [False])

    found = without_faces(LEDGER.from_rows(rows), which).to_pylist()

    assert [(row["outcome"], row["reason"]) for row in found] == [
        ("inconclusive", "camera_frozen"),
        ("inconclusive", "camera_frozen"),
        ("flagged", "recorded_underage"),
        ("id_checked", None),
        ("inconclusive", "camera_frozen"),
        ("over_threshold", None),
    ]
    assert [row["age"] for row in found] == [None] * 5 + [20.0]
    assert found[0]["marks"] == ["camera_frozen", "matched_by_time"]
    assert found[0]["snapshot_sha256"] == "a"
