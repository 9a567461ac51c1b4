"""The frames of a batch, each with the rules by which it is scored."""

from pathlib import Path

from auditor.pipeline import frames_of
from auditor.pipeline.score import number_of_frames
from auditor.policy import Rules
from auditor.storage.place import Place
from auditor.tables import PURCHASES, SALES
from tests.support.samples import row

RULES = {"S1": Rules(legal_age=18, challenge_age=25)}


def test_a_frame_is_scored_by_the_ages_of_its_own_sale(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"frame")
    ages = [(16, 25), (18, 25), (21, 25), (30, 30)]
    sales = SALES.from_rows(
        row(
            SALES,
            snapshot_path="1.jpg",
            legal_age=legal,
            challenge_age=challenge,
            basket=[],
            marks=[],
        )
        for legal, challenge in ages
    )
    rules = [frame.rules for frame in frames_of(Place(str(tmp_path)), sales, RULES)]
    assert [(own.legal_age, own.challenge_age) for own in rules] == ages
    assert [own.min_face_confidence for own in rules] == [0.6] * 4


def test_the_frames_of_a_sale_come_one_after_another(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"{number}.jpg").write_bytes(f"frame {number}".encode())
    matched = {"matched_by": "transaction", "offset_s": 0.0}
    several = [{"snapshot_id": f"F{n}", "path": f"{n}.jpg", **matched} for n in (2, 0, 1)]
    given = [("3.jpg", None), ("2.jpg", several), (None, None), ("3.jpg", None)]
    sales = SALES.from_rows(
        row(SALES, legal_age=18, challenge_age=25, basket=[], marks=[])
        | {"snapshot_path": path, "frames": frames}
        for path, frames in given
    )
    frames = frames_of(Place(str(tmp_path)), sales, RULES)
    assert [(f.number, f.content) for f in frames] == [
        (0, b"frame 3"),
        (1, b"frame 2"),
        (1, b"frame 0"),
        (1, b"frame 1"),
        (3, b"frame 3"),
    ]
    assert number_of_frames(sales) == 5


def test_a_basket_without_alcohol_is_scored_by_the_rules_of_its_store(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"frame")
    values = {"snapshot_path": "1.jpg", "hour": 1, "alcohol_sale": False, "lines": []}
    bought = PURCHASES.from_rows([row(PURCHASES, **values)])
    (frame,) = frames_of(Place(str(tmp_path)), bought, RULES)
    assert frame.rules is RULES["S1"]


def test_a_frame_is_turned_as_the_policy_says_of_its_till(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"frame")
    tills = ("01", "02", "03")
    sales = SALES.from_rows(
        row(SALES, legal_age=18, challenge_age=25, basket=[], marks=[])
        | {"till_id": till, "snapshot_path": "1.jpg"}
        for till in tills
    )
    rules = {"S1": Rules(camera_turns={"02": 90, "03": 180})}
    frames = frames_of(Place(str(tmp_path)), sales, rules)
    assert [frame.turned for frame in frames] == [0, 90, 180]
