"""Faces go when their days are over, out of every file; numbers, hashes and decisions stay."""

import base64
import gzip
import io
import shutil
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main
from auditor.decisions.log import Judgement, read_decisions
from auditor.operations.pack import Order, Week, make_pack, verify
from auditor.operations.record_decision import record_decision
from auditor.pipeline import Job, expire, report_day
from auditor.storage.partitions import read_day
from auditor.storage.place import Place
from tests.support.finding import holders
from tests.support.page_reader import Reader
from tests.support.report_day import DAY, ledger_rows
from tests.support.stored_days import store_day, write_policy

RETENTION = 31
LAST = DAY + timedelta(days=RETENTION)  # of the faces of DAY
UNTIL = date(2026, 6, 30)
LATER = DAY + timedelta(days=7)
PACK = "packs/2026-W13"


@pytest.fixture(scope="module")
def kept(reported_day: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days with faces, a decision, a pack of the first day's week and one of its faces."""
    folder = tmp_path_factory.mktemp("kept")
    out, policy = folder / "out", write_policy(folder, decision_retention_days=400)
    shutil.copytree(reported_day / "out", out)
    store_day(out, policy, LATER)
    says = Judgement("looks_older", "A. Officer", datetime(2026, 3, 28, tzinfo=UTC))
    record_decision(str(out), DAY, "S001/T002", says)
    make_pack(Order(str(out), Week.of(DAY), str(policy), faces_until=UNTIL))
    return folder


@pytest.fixture
def policy(kept: Path) -> Path:
    return kept / "policy.toml"


@pytest.fixture
def out(tmp_path: Path, kept: Path) -> Path:
    """A copy of the days with everything kept."""
    shutil.copytree(kept / "out", tmp_path / "out")
    return tmp_path / "out"


def pixels(out: Path, day: date) -> list[bytes]:
    """From the pixels of each crop of a day: bytes that no other picture has."""
    return [p.read_bytes()[-160:-100] for p in sorted((out / f"crops/day={day}").rglob("*.jpg"))]


def tree(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def _in_parquet(content: bytes) -> bytes:
    whole = io.BytesIO()
    table = pa.table({"face": pa.array([b"x", content, b"y"], pa.binary())})
    pq.write_table(table, whole, compression="zstd")
    return whole.getvalue()


def _in_zip(content: bytes) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/b.parquet", _in_parquet(content))
    return whole.getvalue()


HIDING = {
    "plain": lambda c: b"<html>" + c,
    "base64-0": lambda c: b'<img src="data:image/jpeg;base64,' + base64.b64encode(c) + b'">',
    "base64-1": lambda c: base64.b64encode(b"x" + c),
    "base64-2": lambda c: base64.urlsafe_b64encode(b"xy" + c),
    "hex": lambda c: b'{"face": "' + c.hex().encode() + b'"}',
    "gzip": gzip.compress,
    "parquet": _in_parquet,
    "parquet in a zip": _in_zip,
}


@pytest.mark.parametrize("how", sorted(HIDING))
def test_the_search_finds_a_face_however_it_is_kept(tmp_path: Path, how: str) -> None:
    face = bytes(range(7, 67))
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/file").write_bytes(HIDING[how](b"before" * 50 + face + b"after" * 50))
    (tmp_path / "other").write_bytes(HIDING[how](bytes(60)))
    assert holders(tmp_path, face) == ["deep/file"]


def test_faces_are_in_no_file_once_their_days_are_over(out: Path, policy: Path) -> None:
    old, new = pixels(out, DAY), pixels(out, LATER)
    assert len(old) == len(new) == 6  # four flagged, two of the control sample
    before = tree(out)
    kept = []
    for face in old:  # as long as they are kept: the crop, and the pack of faces that was asked for
        kept.append([name.partition("/")[0] for name in holders(out, face)])
        assert not any(name.startswith(f"{PACK}/") for name in holders(out, face))

    assert sorted(kept, key=len) == [["crops"]] * 2 + [["crops", *["packs"] * 2]] * 4

    assert expire(str(out), str(policy), LAST) == []
    assert expire(str(out), str(policy), LAST + timedelta(1)) == [f"crops/day={DAY}"]
    for face in old:
        assert all(name.startswith("packs/faces/until=2026-06-30/") for name in holders(out, face))
    assert expire(str(out), str(policy), UNTIL) == [f"crops/day={LATER}"]
    gone = expire(str(out), str(policy), UNTIL + timedelta(days=1))
    assert gone == ["packs/faces/until=2026-06-30"]
    for face in old + new:
        assert holders(out, face) == []

    after = tree(out)
    assert {n: c for n, c in before.items() if not n.startswith(("crops/", "packs/faces"))} == after
    ledger = read_day(Place(str(out)), "ledger", DAY)
    assert ledger.num_rows == len(ledger_rows())
    assert ledger["age"].null_count < ledger.num_rows
    assert ledger["snapshot_sha256"].null_count < ledger.num_rows
    assert read_decisions(Place(str(out)), DAY).num_rows == 1
    assert verify(str(out / f"{PACK}.zip")).problems == ()


def test_pages_say_that_a_picture_is_gone(out: Path, policy: Path) -> None:
    """Nothing is rendered anew: the page says it in the picture's text, and the sheet shows it."""
    expire(str(out), str(policy), UNTIL)
    folder = out / f"reports/{DAY}"
    page = Reader((folder / "index.html").read_bytes())
    pictures = [source for source in page.sources if source.endswith(".jpg")]
    assert len(pictures) == 4
    assert not any((folder / source).exists() for source in pictures)
    alts = [v for t, n, v in page.attributes if (t, n) == ("img", "alt")]
    assert all("the picture was deleted after its 31\u00a0days" in alt for alt in alts)
    sheet = (folder / "style.css").read_text()
    assert '.face img::after { content: "The picture is not kept any more"' in sheet


def test_a_pack_made_later_tells_how_many_pictures_are_gone(out: Path, policy: Path) -> None:
    expire(str(out), str(policy), UNTIL)
    made = make_pack(Order(str(out), Week.of(DAY), str(policy), faces_until=UNTIL))
    assert made.faces == "packs/faces/until=2026-06-30/2026-W13-faces.zip"
    assert made.faces_gone == 6  # of two none was ever kept
    assert not [n for n in zipfile.ZipFile(out / made.faces).namelist() if n.endswith(".jpg")]


def test_a_pack_of_faces_says_until_when_and_whose(out: Path) -> None:
    folder = out / "packs/faces/until=2026-06-30/2026-W13-faces"
    page = Reader((folder / "index.html").read_bytes())
    assert "To be deleted after Tuesday, 30 June 2026" in page.text
    assert {p.name for p in folder.glob("*.jpg")} == set(page.sources) - {"site.js"}
    assert len(list(folder.glob("*.jpg"))) == 4
    assert verify(str(folder)).problems == ()


def test_decisions_have_a_retention_of_their_own(out: Path, policy: Path) -> None:
    last = DAY + timedelta(days=400)
    assert f"decisions/day={DAY}" not in expire(str(out), str(policy), last)
    assert f"decisions/day={DAY}" in expire(str(out), str(policy), last + timedelta(1))
    report_day(Job(DAY, "", "", str(out), str(policy)))  # and the day can be reported


def _auditor(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


def test_on_the_command_line(out: Path, policy: Path) -> None:
    done = _auditor("expire", "--out", out, "--policy", policy, "--as-of", LAST + timedelta(1))
    assert done.output == f"Removed crops/day={DAY}\n"
