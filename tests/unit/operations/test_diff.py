"""`auditor diff`: what changed of days audited again, and why; nothing decided is lost."""

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main
from auditor.decisions.log import Judgement, read_decisions
from auditor.errors import ConfigurationError, ExitCode
from auditor.operations.diff import DayChange, SaleResult, StoreChange, changes, diff_schema
from auditor.operations.record_decision import record_decision
from auditor.storage.place import Place
from tests.support.report_day import DAY, estimate, key, ledger_rows, sale
from tests.support.stored_days import store_day, write_policy

NEXT = DAY + timedelta(days=1)
NEVER = DAY + timedelta(days=2)
OFFICER = "A. Officer"
OTHER_MODEL: dict[str, Any] = {"model": "age_resnet50/3", "model_sha256": "4d" * 32}


def again() -> list[dict[str, Any]]:
    """The day with another model: T001 over the threshold, T008 flagged, T009 gone, T050 come."""
    rows = {row["transaction_id"]: row for row in ledger_rows()}
    over = {"outcome": "over_threshold", "reason": None, "crop": None}
    rows["T001"] |= over | estimate(27.0, 0.05, 0.4)
    rows["T008"] |= {"outcome": "flagged", "reason": "none"} | estimate(23.2, 0.15, 0.7)
    rows["T007"] |= estimate(45.5, 0.0, 0.01)
    del rows["T009"]
    rows["T050"] = sale(50, "inconclusive", reason="no_face")
    return list(rows.values())


@pytest.fixture(scope="module")
def out(reported_day: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days; the first with two decisions, and audited again with another model. Read only."""
    folder = tmp_path_factory.mktemp("again")
    policy, out = write_policy(folder), folder / "out"
    shutil.copytree(reported_day / "out", out)
    for minute, number in enumerate(("T001", "T002")):
        at = datetime(2026, 3, 28, 12, minute, tzinfo=UTC)
        record_decision(str(out), DAY, f"S001/{number}", Judgement("looks_older", OFFICER, at))
    decided = _tree(out / "decisions")
    store_day(out, policy, rows=again(), **OTHER_MODEL)
    store_day(out, policy, NEXT)
    assert _tree(out / "decisions") == decided
    return out


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def _of(out: Path, day: date = DAY) -> DayChange:
    (change,) = changes(str(out), day, day)
    return change


def _store(out: Path, store_id: str = "S001") -> StoreChange:
    return next(store for store in _of(out).stores if store.store_id == store_id)


def test_a_day_is_told_as_done_again_as_unchanged_or_as_not_audited(out: Path) -> None:
    states = {change.day: change.state for change in changes(str(out), DAY, NEVER)}
    assert states == {DAY: "audited again", NEXT: "unchanged", NEVER: "not audited"}


def test_why_a_day_changed_is_told_by_hash(out: Path) -> None:
    for store_id in ("S001", "S002"):
        (cause,) = _store(out, store_id).causes
        assert (cause.what, cause.before, cause.after) == ("model", "3c" * 32, "4d" * 32)


def test_every_sale_that_came_out_otherwise_is_told_with_its_intervals(out: Path) -> None:
    change = _store(out)
    told = {sale.sale: sale for sale in change.sales}
    numbers = ("T008", "T001", "T009", "T050")
    assert list(told)[:2] == [key(n).sale_id for n in numbers[:2]]  # new flags, then gone ones
    new, over, gone, come = (told.pop(key(number).sale_id) for number in numbers)
    assert not told
    assert (new.before and new.before.outcome, new.after and new.after.outcome) == (
        "over_threshold",
        "flagged",
    )
    assert isinstance(over.before, SaleResult)
    assert over.before.estimate is not None
    one = over.before.estimate
    assert [one.age_low, one.age, one.age_high] == pytest.approx([17.3, 22.4, 27.5])
    assert over.after is not None
    assert over.after.outcome == "over_threshold"
    assert (gone.after, come.before) == (None, None)
    assert [sale.picture_kept for sale in (new, over)] == [True, False]
    assert (change.flags_new, change.flags_gone) == (1, 1)
    assert (change.estimates_moved, change.largest_move_years) == (3, pytest.approx(4.6))


def test_counts_add_up_before_and_after(out: Path) -> None:
    change = _store(out)
    assert change.outcomes_before is not None
    assert change.outcomes_after is not None
    assert sum(change.outcomes_before.values()) == len(ledger_rows())
    assert sum(change.outcomes_after.values()) == len(again())
    assert (change.outcomes_before["id_checked"], change.outcomes_after["id_checked"]) == (2, 1)


def test_decisions_about_sales_that_came_out_otherwise_are_listed_and_kept(out: Path) -> None:
    (decided,) = _of(out).decided_otherwise
    assert decided.sale == key("T001").sale_id
    assert (decided.outcome_then, decided.outcome_now) == ("flagged", "over_threshold")
    log = read_decisions(Place(str(out)), DAY)
    assert log["transaction_id"].to_pylist() == ["T001", "T002"]
    report = json.loads((out / f"reports/{DAY}/report.json").read_bytes())
    assert [entry["transaction_id"] for entry in report["decisions"]] == ["T001", "T002"]


def _auditor(out: Path, *more: str, to: date = NEVER) -> Result:
    days = ["--from", str(DAY), "--to", str(to)]
    return CliRunner().invoke(main, ["diff", "--out", str(out), *days, *more])


def test_the_command_tells_an_officer_and_names_nobody(out: Path) -> None:
    before = _tree(out)
    done = _auditor(out)
    assert done.exit_code == ExitCode.DONE, done.output
    assert _tree(out) == before
    lines = done.stdout.splitlines()
    assert lines[0] == f"{DAY}: audited again"
    assert f"{NEXT}: unchanged" in lines
    assert f"{NEVER}: not audited" in lines
    assert "  S001: model 3c3c3c3c3c3c -> 4d4d4d4d4d4d" in lines
    assert "    flags: 1 new, 1 gone" in lines
    (over,) = [line for line in lines if key("T001").sale_id in line and "decided" not in line]
    assert over.endswith(
        "flagged: 22.4 (17 to 28) -> over_threshold: 27.0 (22 to 32);"
        " its picture is not kept any more"
    )
    (decided,) = [line for line in lines if "decided when the outcome was another" in line]
    assert key("T001").sale_id in decided
    assert "flagged then, over_threshold now" in decided
    quiet = "S002, S003, S004: every sale came out as before"
    assert [line for line in lines if quiet in line]
    for person in (OFFICER, "C07", "C08", "T001"):
        assert person not in done.output


def test_the_json_keeps_to_its_schema(out: Path) -> None:
    document = json.loads(_auditor(out, "--json").stdout)
    jsonschema.validate(document, diff_schema(), cls=jsonschema.Draft202012Validator)
    assert [day["state"] for day in document["days"]] == [
        "audited again",
        "unchanged",
        "not audited",
    ]


def test_a_version_that_cannot_be_read_is_said_and_the_others_are_told(
    out: Path, tmp_path: Path
) -> None:
    shutil.copytree(out, tmp_path / "out")
    path = tmp_path / f"out/revisions/day={DAY}/store=S001/revision=0001/ledger.parquet"
    path.write_bytes(path.read_bytes()[:100])
    done = _auditor(tmp_path / "out")
    assert "S001: cannot be compared: the ledger of revision 1 of S001" in done.stdout
    assert "S002, S003, S004: every sale came out as before" in done.stdout
    (tmp_path / f"out/provenance/day={DAY}/store=S002/part-0.parquet").unlink()
    assert "its finalising broke off" in _auditor(tmp_path / "out").stdout


def test_a_store_that_is_in_the_day_no_more_is_told(out: Path, tmp_path: Path) -> None:
    shutil.copytree(out, tmp_path / "out")
    for name in ("ledger", "provenance"):
        shutil.rmtree(tmp_path / f"out/{name}/day={DAY}/store=S001")
    # As finalising leaves it: the last version is kept too.
    kept = tmp_path / f"out/revisions/day={DAY}/store=S001/revision=0002"
    kept.mkdir()
    for name in ("ledger", "provenance"):
        source = out / f"{name}/day={DAY}/store=S001/part-0.parquet"
        shutil.copy(source, kept / f"{name}.parquet")
    change = _store(tmp_path / "out")
    assert change.outcomes_after is None
    assert len(change.sales) == len(again())
    assert "S001: in the day no more" in _auditor(tmp_path / "out").stdout
    assert {entry.outcome_now for entry in _of(tmp_path / "out").decided_otherwise} == {None}


def test_days_in_the_wrong_order_are_refused(out: Path) -> None:
    with pytest.raises(ConfigurationError, match="is before the first"):
        list(changes(str(out), NEXT, DAY))
    assert _auditor(out, to=DAY - timedelta(days=1)).exit_code == ExitCode.WRONG_USE
