"""The streaming pass, with the real detector and model, on the demo's frames."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from auditor.faces import decoder
from auditor.faces import score as score_module
from auditor.faces.detector import Face
from auditor.faces.engines.on_openvino import cores
from auditor.faces.frames import Picture, Turn, decode
from auditor.faces.reader import FrameReader
from auditor.faces.score import BATCH, Frame, Score, Scorer, _batches, _buyer_first
from auditor.policy import Rules
from auditor.tables import FRAME_SCORES, INCONCLUSIVE_REASONS
from tests.support.extra_frames import FORMS, encoded, tiff

_RULES = Rules()


@pytest.fixture(scope="module")
def truth(demo_chain: Path) -> pd.DataFrame:
    """The first day's sales that have a frame of their own, with its bytes."""
    truth = pd.read_parquet(demo_chain / "truth.parquet").dropna(subset="snapshot_id")
    truth = truth[truth["day"].astype(str) == "2026-03-27"].reset_index(drop=True)
    paths = {p.stem: p for p in (demo_chain / "snapshots/frames/2026-03-27").rglob("*.*")}
    found = truth["snapshot_id"].map(paths)
    return truth[found.notna()].assign(content=[p.read_bytes() for p in found.dropna()])


def _frames(contents: Sequence[bytes | None], rules: Rules = _RULES) -> Iterator[Frame]:
    return (Frame(number, rules, content) for number, content in enumerate(contents))


def _of(truth: pd.DataFrame, trouble: str | None, count: int) -> list[bytes]:
    kind = truth["trouble"].isna() if trouble is None else truth["trouble"] == trouble
    return list(truth.loc[kind, "content"].head(count))


def _encoded(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("trouble", "reasons"),
    [
        (None, {None}),
        ("empty_frame", {"no_face"}),
        ("truncated_file", {"snapshot_unreadable"}),
        ("empty_file", {"snapshot_unreadable"}),
        ("face_blurred", {"face_blurred"}),
        ("face_too_small", {"face_too_small", "no_face"}),
        ("exif_rotated", {None}),
        ("greyscale", {None}),
        ("png", {None}),
        ("png_16_bit", {None}),
        ("cmyk", {None}),
        ("two_faces", {None}),
        ("companion", {None}),
    ],
)
def test_each_trouble_gets_its_reason(
    truth: pd.DataFrame, scorer: Scorer, trouble: str | None, reasons: set[str | None]
) -> None:
    contents = _of(truth, trouble, 12)
    assert contents, f"the demo has no {trouble}"
    scores = list(scorer.score(_frames(contents)))
    assert {s.row.get("reason") for s in scores} <= reasons
    assert all((s.crop is None) == ("reason" in s.row) for s in scores)


@pytest.fixture(scope="module")
def upright(truth: pd.DataFrame, scorer: Scorer) -> list[Score]:
    """The scores of some frames that show a face well."""
    return list(scorer.score(_frames(_of(truth, None, 24))))


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_face_that_is_not_upright_has_no_estimate_until_it_is_turned(
    truth: pd.DataFrame, scorer: Scorer, upright: list[Score], turned: Turn
) -> None:
    contents = _of(truth, None, 24)
    askew = [_encoded(np.rot90(decode(content), turned // 90)) for content in contents]
    reasons = [s.row.get("reason") for s in scorer.score(_frames(askew))]
    assert set(reasons) <= {"face_turned", "no_face", "face_blurred"}
    assert reasons.count("face_turned") >= 12
    turns = (Frame(n, _RULES, content, turned=turned) for n, content in enumerate(askew))
    for before, after in zip(upright, scorer.score(turns), strict=True):
        assert after.row["age"] == before.row["age"]


def test_somebody_beside_the_buyer_who_is_not_upright_is_given_no_age(
    truth: pd.DataFrame, scorer: Scorer
) -> None:
    (content,) = _of(truth, None, 1)
    picture = Image.fromarray(decode(content))
    both = Image.new("RGB", (picture.width * 2, picture.height))
    both.paste(picture)
    both.paste(picture.rotate(180).resize((512, 384)), (picture.width, 0))
    (score,) = scorer.score(_frames([_encoded(np.asarray(both))]))
    assert score.row["faces"] == 2
    assert score.row["other_faces"] == []


def test_two_faces_are_both_scored(truth: pd.DataFrame, scorer: Scorer) -> None:
    scores = list(scorer.score(_frames(_of(truth, "two_faces", 4))))
    assert all(s.row["faces"] >= 2 for s in scores)
    assert all(len(s.row["other_faces"]) == s.row["faces"] - 1 for s in scores)


def test_one_bad_frame_costs_nobody_else_their_score(truth: pd.DataFrame, scorer: Scorer) -> None:
    good = _of(truth, None, 5)
    alone = [s.row for s in scorer.score(_frames(good))]
    bad: list[bytes | None] = [b"", None, b"junk", *_of(truth, "truncated_file", 1)]
    mixed = [s.row for s in scorer.score(_frames([*bad[:2], *good, *bad[2:]]))]
    assert [r["frame"] for r in mixed] == list(range(9))
    assert [r | {"frame": 0} for r in mixed[2:7]] == [r | {"frame": 0} for r in alone]
    for row in (*mixed[:2], *mixed[7:]):
        assert row["reason"] == "snapshot_unreadable"
        assert row["detail"]


def test_neither_order_nor_batch_changes_a_score(truth: pd.DataFrame, scorer: Scorer) -> None:
    contents = _of(truth, None, 40) + _of(truth, "two_faces", 2)
    together = [s.row | {"frame": 0} for s in scorer.score(_frames(contents))]
    backwards = [s.row | {"frame": 0} for s in scorer.score(_frames(contents[::-1]))][::-1]
    alone = [next(iter(scorer.score(_frames([c])))).row for c in (*contents[:4], *contents[-2:])]
    assert together == backwards
    assert [*together[:4], *together[-2:]] == alone


def test_a_large_frame_gives_the_same_face(truth: pd.DataFrame, scorer: Scorer) -> None:
    small = decode(_of(truth, None, 1)[0])
    large = np.asarray(Image.fromarray(small).resize((2560, 1920), Image.Resampling.BICUBIC))
    (a,), (b,) = (list(scorer.score(_frames([_encoded(p)]))) for p in (small, large))
    assert b.row["face_px"] == pytest.approx(4 * a.row["face_px"], rel=0.05)
    assert b.row["age"] == pytest.approx(a.row["age"], abs=3)


@pytest.mark.parametrize("shape", [(1, 1), (1, 2000), (3000, 3), (12, 12)])
def test_odd_shapes_have_no_face_and_raise_nothing(scorer: Scorer, shape: tuple[int, int]) -> None:
    (score,) = scorer.score(_frames([_encoded(np.full((*shape, 3), 128, np.uint8))]))
    assert score.row["reason"] == "no_face"


def test_no_frames_no_scores(scorer: Scorer) -> None:
    assert list(scorer.score(iter(()))) == []


def test_the_gates_are_the_policys(truth: pd.DataFrame, scorer: Scorer) -> None:
    contents = _of(truth, None, 1)

    def reason(rules: Rules) -> str | None:
        (score,) = scorer.score(_frames(contents, rules))
        return score.row.get("reason")

    assert reason(_RULES) is None
    assert reason(Rules(min_face_px=1000)) == "face_too_small"
    assert reason(Rules(min_sharpness=1e6)) == "face_blurred"
    assert reason(Rules(min_face_confidence=1)) == "no_face"


def test_scores_fit_their_table_and_hold_together(truth: pd.DataFrame, scorer: Scorer) -> None:
    scores: list[Score] = list(scorer.score(_frames(list(truth["content"].head(64)))))
    frame = FRAME_SCORES.from_rows(s.row for s in scores).to_pandas()
    assert set(frame["reason"].dropna()) <= set(INCONCLUSIVE_REASONS)
    assert (frame["age"].isna() == frame["reason"].notna()).all()
    aged = frame.dropna(subset="age")
    assert (aged["age_low_95"] <= aged["age_low"]).all()
    assert (aged["age_low"] < aged["age_high"]).all()
    assert (aged["age_high"] <= aged["age_high_95"]).all()
    assert (aged["p_under_legal"] <= aged["p_under_challenge"]).all()
    assert (aged["face_confidence"] >= _RULES.min_face_confidence).all()


def test_clear_frames_show_the_age_of_their_face(truth: pd.DataFrame, scorer: Scorer) -> None:
    """That faces are not mixed up; blending makes them look younger, so it is no measure."""
    clear = truth[truth["trouble"].isna()].head(96)
    scores = FRAME_SCORES.from_rows(s.row for s in scorer.score(_frames(list(clear["content"]))))
    ages = scores.to_pandas()["age"].to_numpy()
    assert np.corrcoef(ages, clear["true_age"])[0, 1] > 0.85
    assert np.abs(ages - clear["true_age"]).mean() < 8


def _face(x: float, y: float, size: float) -> Face:
    return Face(x - size / 2, y - size / 2, size, size, 0.99, np.zeros((5, 2)))


@pytest.mark.parametrize(
    ("faces", "buyer"),
    [
        ([_face(320, 240, 100), _face(330, 240, 60)], 0),  # the larger of two near the middle
        ([_face(60, 60, 110), _face(320, 240, 100)], 1),  # the nearer of two of like size
        ([_face(320, 240, 40), _face(500, 240, 120)], 1),  # a small face behind, however central
        # Half the size of the largest is the border between somebody behind and the buyer.
        ([_face(320, 240, 49), _face(590, 430, 100)], 1),
        ([_face(320, 240, 51), _face(590, 430, 100)], 0),
    ],
)
def test_the_buyer_is_the_largest_face_near_the_middle(faces: list[Face], buyer: int) -> None:
    picture = Picture.of(np.zeros((480, 640, 3), np.uint8))
    for given in (faces, faces[::-1]):
        assert _buyer_first(given, picture)[0] is faces[buyer]


def test_a_companion_is_not_taken_for_the_buyer(truth: pd.DataFrame, scorer: Scorer) -> None:
    companions = truth[truth["trouble"] == "companion"]
    scores = scorer.score(_frames(list(companions["content"])))
    ages = np.array([s.row["age"] for s in scores])
    assert np.abs(ages - companions["true_age"]).max() < 20


def test_frames_are_drawn_a_few_batches_at_a_time(scorer: Scorer) -> None:
    drawn, at_once = 0, cores() + 3  # those being worked on, one that waits, one begun

    def frames() -> Iterator[Frame]:
        nonlocal drawn
        for frame in _frames([b""] * (3 * at_once * BATCH)):
            drawn += 1
            yield frame

    next(iter(scorer.score(frames())))
    assert drawn <= at_once * BATCH


def test_a_deadly_frame_costs_no_other_of_its_batch(
    truth: pd.DataFrame, scorer: Scorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoder, "MOST_SECONDS", 1)
    own = Scorer(scorer._model, scorer._detector, 2, FrameReader(FORMS))
    contents = _of(truth, None, 6)
    pictures = [Image.fromarray(decode(content)) for content in contents]
    forms = ["HEIF", "TIFF", "AVIF", "HEIF", "TIFF", "AVIF"]
    others: list[bytes | None] = [
        encoded(picture, form) for picture, form in zip(pictures, forms, strict=True)
    ]
    deadly = [tiff(1, 1_000_000, strips=1_000_000), b"\0\0\0\x18ftypheic" + bytes(99)]
    mixed = [*others[:2], deadly[0], *others[2:4], deadly[1], *others[4:]]
    scores = list(own.score(_frames(mixed)))
    assert [s.row["frame"] for s in scores] == list(range(8))
    reasons = [s.row.get("reason") for s in scores]
    assert [reasons[2], reasons[5]] == ["snapshot_unreadable"] * 2
    assert "1 seconds of processor time" in scores[2].row["detail"]
    good = [s for n, s in enumerate(scores) if n not in (2, 5)]
    for expected, found in zip(own.score(_frames(contents)), good, strict=True):
        assert found.row.get("reason") == expected.row.get("reason")
        assert found.row["age"] == pytest.approx(expected.row["age"], abs=2)


def test_few_large_frames_of_an_extra_format_are_held_at_once() -> None:
    for form in FORMS.values():
        content = encoded(Image.new("RGB", (640, 480)), form)
        frames = [Frame(n, _RULES, content) for n in range(5)]
        batches = _batches(frames, int(2.5 * 640 * 480), FrameReader(FORMS).size)
        assert [len(batch) for batch in batches] == [2, 2, 1], form


def test_few_large_frames_are_held_at_once(scorer: Scorer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score_module, "_PIXELS_AT_ONCE", 100)
    content = _encoded(np.zeros((8, 8, 3), np.uint8))
    scores = scorer.score(iter([Frame(n, _RULES, content) for n in range(5)]))
    assert [s.row["frame"] for s in scores] == [0, 1, 2, 3, 4]
