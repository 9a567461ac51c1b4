"""The earlier results of a day that is audited again are kept: once, whole and unchanged."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from auditor.pipeline import Job, run_day
from auditor.storage import revisions
from auditor.storage.partitions import read_day
from auditor.storage.place import Place
from auditor.tables import LEDGER, PROVENANCE
from tests.support.report_day import DAY, ledger_rows
from tests.support.stored_days import store_day

OTHER_MODEL: dict[str, Any] = {"model": "age_resnet50/3", "model_sha256": "4d" * 32}
FIRST = f"revisions/day={DAY}/store=S001/revision=0001"


def tree(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def kept(out: Path) -> list[str]:
    return sorted(str(p.relative_to(out)) for p in (out / "revisions").rglob("*") if p.is_file())


def changed(number: int = 0) -> list[dict[str, Any]]:
    """The day with one of its flags over the threshold."""
    rows = ledger_rows()
    rows[number] |= {"outcome": "over_threshold", "reason": None, "crop": None, "age": 31.0}
    return rows


def test_a_day_that_says_the_same_again_leaves_no_trace(out: Path, policy: Path) -> None:
    before = tree(out)
    store_day(out, policy)
    assert tree(out) == before


def test_what_is_replaced_is_kept_byte_for_byte(out: Path, policy: Path) -> None:
    before = tree(out)
    store_day(out, policy, rows=changed(), **OTHER_MODEL)
    for name in ("ledger", "provenance"):
        was = before[f"{name}/day={DAY}/store=S001/part-0.parquet"]
        assert (out / f"{FIRST}/{name}.parquet").read_bytes() == was
        assert (out / f"{name}/day={DAY}/store=S001/part-0.parquet").read_bytes() != was
    revision = revisions.before(Place(str(out)), DAY, "S001")
    assert revision is not None
    assert revision.ledger["outcome"].to_pylist()[0] == "flagged"
    assert revision.provenance["model"] == "age_resnet50/1"
    # And once only.
    after = tree(out)
    store_day(out, policy, rows=changed(), **OTHER_MODEL)
    assert tree(out) == after


def test_a_ledger_that_stays_is_not_kept_twice(out: Path, policy: Path) -> None:
    store_day(out, policy, **OTHER_MODEL)
    assert kept(out) == [
        f"revisions/day={DAY}/store={store_id}/revision=0001/provenance.parquet"
        for store_id in ("S001", "S002", "S003", "S004")
    ]
    store_day(out, policy, rows=changed(), **OTHER_MODEL, auditor_version="0.2.0")
    place = Place(str(out))
    assert revisions.count(place, DAY, "S001") == 2
    ledgers = [path for path in kept(out) if path.endswith("ledger.parquet")]
    assert ledgers == [f"revisions/day={DAY}/store=S001/revision=0002/ledger.parquet"]
    # Revision 1 has the ledger of revision 2.
    shutil.rmtree(out / f"ledger/day={DAY}")
    (out / ledgers[0]).with_name("provenance.parquet").unlink()
    revision = revisions.before(place, DAY, "S001")
    assert revision is not None
    assert revision.provenance["model"] == "age_resnet50/1"
    assert revision.ledger["outcome"].to_pylist()[0] == "flagged"


def test_going_back_and_forth_is_one_revision_each_time(out: Path, policy: Path) -> None:
    for times in range(1, 4):
        store_day(out, policy, rows=changed() if times % 2 else None)
        assert revisions.count(Place(str(out)), DAY, "S001") == times
    assert revisions.count(Place(str(out)), DAY, "S002") == 0


class _Killed(BaseException):
    """Ends a run as abruptly as a signal would."""


def _dying(fatal: int, own: Callable[..., Any]) -> Callable[..., Any]:
    count = 0

    def dies(*arguments: Any) -> Any:
        nonlocal count
        count += 1
        if count == fatal:
            raise _Killed
        return own(*arguments)

    return dies


def _tables(rows: list[dict[str, Any]], **rests_on: str) -> dict[str, pa.Table]:
    hashes = dict.fromkeys(PROVENANCE.names, "1a" * 32) | {"store_id": "S001"} | rests_on
    return {"ledger": LEDGER.from_rows(rows), "provenance": PROVENANCE.from_rows([hashes])}


@pytest.mark.parametrize("next_run", ["does the same", "returns to the earlier result"])
@pytest.mark.parametrize("step", ["write", "remove"])
def test_a_run_killed_at_any_step_keeps_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, next_run: str
) -> None:
    old, new = _tables(ledger_rows()), _tables(changed(), **OTHER_MODEL)
    last = new if next_run == "does the same" else old
    whole = tmp_path / "whole"
    for tables in (old, last):
        revisions.replace(Place(str(whole)), DAY, "S001", tables)
    deaths = 0
    for fatal in range(1, 20):
        out = Place(str(tmp_path / str(fatal)))
        revisions.replace(out, DAY, "S001", old)
        with monkeypatch.context() as patch:
            patch.setattr(Place, step, _dying(fatal, getattr(Place, step)))
            try:
                revisions.replace(out, DAY, "S001", new)
            except _Killed:
                deaths += 1
            else:
                break
        revisions.replace(out, DAY, "S001", last)
        if last is new:
            assert tree(Path(str(out))) == tree(whole), f"killed at {step} {fatal}"
            continue
        files = tree(Path(str(out)))
        present = {n: c for n, c in files.items() if not n.startswith("revisions/")}
        assert present == tree(whole), f"killed at {step} {fatal}"
        # The other revision was never whole: it does not count, nor does the day as audited again.
        assert revisions.before(out, DAY, "S001") is None
    assert deaths == {"write": 4, "remove": 1}[step]


def _shop(folder: Path, *stores: str) -> None:
    """Stores of two sales each, without any frame: no model is needed."""
    (folder / "snapshots").mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / "sales", ignore_errors=True)
    (folder / "sales").mkdir()
    head = (
        "transaction_id,store_id,till_id,cashier_id,sold_at,sku,category,quantity,amount,id_check"
    )
    for store_id in stores:
        rows = [
            f"{number},{store_id},1,C1,{DAY}T12:0{number}:00Z,77,wine,1,8.50,{check}"
            for number, check in enumerate(("id_viewed", "none"))
        ]
        (folder / f"sales/{DAY}-{store_id}.csv").write_text("\n".join([head, *rows]) + "\n")


def _run(folder: Path, policy: str) -> None:
    (folder / "policy.toml").write_text(f"[[policy]]\neffective_from = 2026-01-01\n{policy}\n")
    sales, snapshots, out = (str(folder / name) for name in ("sales", "snapshots", "out"))
    run_day(Job(DAY, sales, snapshots, out, str(folder / "policy.toml")))


def test_a_run_of_a_day_keeps_what_it_replaces_and_what_it_drops(tmp_path: Path) -> None:
    out, place = tmp_path / "out", Place(str(tmp_path / "out"))
    _shop(tmp_path, "S001", "S002")
    _run(tmp_path, "")
    _run(tmp_path, "")
    assert not (out / "revisions").exists()

    _run(tmp_path, "counting_checks = []")
    assert revisions.stores(place, DAY) == ["S001", "S002"]
    before, after = (read(place, DAY, "S001") for read in (revisions.before, revisions.present))
    assert before is not None
    assert after is not None
    assert before.ledger["outcome"].to_pylist() == ["id_checked", "inconclusive"]
    assert after.ledger["outcome"].to_pylist() == ["inconclusive", "inconclusive"]
    assert before.provenance["policy_sha256"] != after.provenance["policy_sha256"]
    assert before.provenance["inputs_sha256"] == after.provenance["inputs_sha256"]

    _shop(tmp_path, "S001")
    _run(tmp_path, "counting_checks = []")
    assert read_day(place, "ledger", DAY)["store_id"].unique().to_pylist() == ["S001"]
    assert revisions.present(place, DAY, "S002") is None
    dropped = revisions.before(place, DAY, "S002")
    assert dropped is not None
    assert dropped.ledger["outcome"].to_pylist() == ["inconclusive", "inconclusive"]
    whole = tree(out)
    _run(tmp_path, "counting_checks = []")
    assert tree(out) == whole


def test_no_face_is_kept_for_an_earlier_revision(out: Path, policy: Path) -> None:
    faces = {n: c for n, c in tree(out).items() if n.endswith(".jpg")}
    assert len(faces) == 6
    store_day(out, policy, rows=changed(), **OTHER_MODEL)
    content = b"".join((out / path).read_bytes() for path in kept(out))
    assert all(face[-160:-100] not in content for face in faces.values())
    assert {Path(path).name for path in kept(out)} == {"ledger.parquet", "provenance.parquet"}
