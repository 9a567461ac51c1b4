"""Frames that could not be read, by till: how many, and why."""

import pytest

from auditor.report.text.cameras import unreadable
from auditor.report.unreadable import unreadable_frames
from auditor.tables import LEDGER
from tests.support.report_day import sale

UNREADABLE = "snapshot_unreadable"


@pytest.mark.parametrize(
    ("details", "said"),
    [
        ([None, None], "2 frames could not be read."),
        (["it is HEIC"], "1 frame could not be read: it is HEIC."),
        (["b", "a", "b"], "3 frames could not be read: b (2); a (1)."),
        (
            ["a", "b", "c", "d", None],
            "5 frames could not be read: a (1); b (1); c (1); something else (2).",
        ),
        (["a", None], "2 frames could not be read: a (1); something else (1)."),
        (["a\x1b[2J"], "1 frame could not be read: a\ufffd[2J."),
    ],
)
def test_the_reasons_of_a_till_are_counted(details: list[str | None], said: str) -> None:
    rows = [
        sale(number, "inconclusive", reason=UNREADABLE, detail=detail)
        for number, detail in enumerate(details)
    ]
    others = [sale(20, "inconclusive", reason="no_face"), sale(21, "flagged", reason="none")]
    (camera,) = unreadable_frames(LEDGER.from_rows([*others, *rows]))
    assert unreadable(camera).replace("\xa0", " ") == said


def test_each_till_has_its_own_count() -> None:
    rows = [
        sale(number, "inconclusive", reason=UNREADABLE, detail="x", till_id=till, store_id=store)
        for number, (store, till) in enumerate([("S2", "1"), ("S1", "2"), ("S1", "1"), ("S1", "2")])
    ]
    found = unreadable_frames(LEDGER.from_rows(rows))
    assert [(f.store_id, f.till_id, f.frames) for f in found] == [
        ("S1", "1", 1),
        ("S1", "2", 2),
        ("S2", "1", 1),
    ]
