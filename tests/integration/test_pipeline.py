"""The line as a whole, on real inputs, with the real model."""

import dataclasses
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zlib
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor import pipeline
from auditor.errors import ConfigurationError, ContractError, OvertakenError, SourceError
from auditor.pipeline import (
    Day,
    Job,
    check_limits,
    divide_evenly,
    finalise_day,
    plan_day,
    run_day,
    score_batch,
)
from auditor.policy import ChainRules, Policy
from auditor.sales import collecting, control_sample, purchases
from auditor.sales.identity import SALE_KEY, SaleKey
from auditor.sales.outcomes import assign_outcomes
from auditor.storage import revisions, spool
from auditor.storage.parquet import read_table, write_table
from auditor.storage.partitions import read_day
from auditor.storage.place import Place
from auditor.tables import (
    FRAME_SCORES,
    LEDGER,
    OUTCOMES,
    POSTERIORS,
    UNKNOWN_STORE,
)
from tests.support import report_day


def _job(chain: Path, out: Path, day: date = date(2026, 3, 27), **changes: object) -> Job:
    job = Job(
        day=day,
        sales=str(chain / "sales"),
        snapshots=str(chain / "snapshots"),
        out=str(out),
        policy=str(chain / "policy.toml"),
    )
    return dataclasses.replace(job, **changes)  # type: ignore[arg-type]


def _bytes(out: Path) -> dict[str, str]:
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


def _table(out: Path, name: str) -> pd.DataFrame:
    return ds.dataset(out / name, format="parquet", partitioning=None).to_table().to_pandas()


def test_the_ledger_holds_what_the_demos_truth_says(audited_demo: Path, demo_chain: Path) -> None:
    truth = pd.read_parquet(demo_chain / "truth.parquet")
    truth = truth[truth["day"].astype(str) == "2026-03-27"]
    both = truth.merge(
        _table(audited_demo, "ledger"),
        on=["store_id", "transaction_id"],
        how="outer",
        suffixes=("_true", ""),
        indicator=True,
        validate="one_to_one",
    )
    assert set(both["_merge"]) == {"both"}
    assert (both["id_check"] == both["id_check_true"]).all()
    assert both["snapshot_id"].equals(both["snapshot_id_true"].astype(both["snapshot_id"].dtype))

    known = both.dropna(subset="expected_outcome")
    assert len(known) > 100
    assert (known["outcome"] == known["expected_outcome"]).all()
    troubled = known.dropna(subset="expected_reason")
    found = troubled["reason"].where(troubled["trouble"] != "face_too_small", "face_too_small")
    assert found.tolist() == troubled["expected_reason"].tolist()

    judged = both[both["expected_outcome"].isna()]
    assert set(judged["outcome"]) == {"flagged", "over_threshold"}
    assert (judged["outcome"] == "flagged").equals(judged["age"] < judged["challenge_age"])


def test_the_cashier_who_hardly_asks_stands_out(audited_demo: Path) -> None:
    flagged = _table(audited_demo, "ledger").query("outcome == 'flagged'")
    assert flagged["cashier_id"].value_counts().idxmax() == "E1043"


def test_every_store_has_its_partitions_and_page(audited_demo: Path) -> None:
    for store_id in ("S001", "S002", "S003", "S004"):
        for name in ("ledger", "rejects", "coverage", "provenance"):
            folder = audited_demo / name / "day=2026-03-27" / f"store={store_id}"
            assert [p.name for p in folder.iterdir()] == ["part-0.parquet"]
        assert (audited_demo / f"reports/2026-03-27/store-{store_id}.html").is_file()
    assert (audited_demo / f"rejects/day=2026-03-27/store={UNKNOWN_STORE}").is_dir()
    assert not list((audited_demo / "unfinished").glob("*"))


def test_a_partition_conforms_when_read_by_itself(audited_demo: Path) -> None:
    path = audited_demo / "ledger/day=2026-03-27/store=S001/part-0.parquet"
    assert LEDGER.conform(pq.read_table(path, partitioning=None)).num_rows > 50


def test_faces_are_kept_of_flagged_sales_and_of_the_control_sample_only(audited_demo: Path) -> None:
    ledger = _table(audited_demo, "ledger")
    kept = set(ledger["crop"].dropna())
    assert kept == {str(p.relative_to(audited_demo)) for p in audited_demo.rglob("*.jpg")}
    assert ledger.loc[ledger["outcome"] == "flagged", "crop"].notna().all()
    unflagged = ledger[(ledger["outcome"] != "flagged") & ledger["crop"].notna()]
    assert len(unflagged) == ChainRules().control_sample
    assert set(unflagged["outcome"]) <= set(control_sample.DRAWN_FROM)
    could_be = ledger[ledger["outcome"].isin(control_sample.DRAWN_FROM) & ledger["age"].notna()]
    keys = [SaleKey(*key) for key in could_be[[*SALE_KEY]].itertuples(index=False, name=None)]
    drawn = control_sample.drawn(date(2026, 3, 27), keys, size=len(unflagged))
    assert {*unflagged[[*SALE_KEY]].itertuples(index=False, name=None)} == drawn
    page = (audited_demo / "reports/2026-03-27/control.html").read_text()
    assert page.count('class="drawn"') == len(unflagged)


def test_the_day_s_figures_are_there_for_later_days(audited_demo: Path) -> None:
    figures = _table(audited_demo, "figures").set_index("store_id")
    ledger = _table(audited_demo, "ledger")
    assert list(figures.index) == ["S001", "S002", "S003", "S004"]
    for outcome in OUTCOMES:
        counts = ledger[ledger["outcome"] == outcome].groupby("store_id").size()
        assert figures[outcome].to_dict() == counts.reindex(figures.index, fill_value=0).to_dict()


@given(batches=st.lists(st.text(), max_size=50), tasks=st.integers(1, 20))
def test_batches_are_divided_in_their_order_and_evenly(batches: list[str], tasks: int) -> None:
    divided = divide_evenly(batches, tasks)
    assert [batch for some in divided for batch in some] == batches
    assert len(divided) == min(tasks, len(batches))
    sizes = {len(some) for some in divided}
    assert max(sizes, default=1) - min(sizes, default=1) <= 1
    assert 0 not in sizes


def test_neither_batch_size_nor_a_second_run_changes_a_byte(
    small_chain: Path, audited_small: Path, tmp_path: Path
) -> None:
    job = _job(small_chain, tmp_path, batch_size=3)
    assert len(plan_day(job)) > 3
    run_day(job)
    assert _bytes(tmp_path) == _bytes(audited_small)
    run_day(job)
    assert _bytes(tmp_path) == _bytes(audited_small)


def _without_sample(path: Path) -> pa.Table:
    """A partition without the control sample's faces: one store alone draws a sample of its own."""
    table = pq.read_table(path, partitioning=None)
    if "crop" not in table.column_names:
        return table
    flagged = pc.equal(table["outcome"], "flagged")
    place = table.schema.get_field_index("crop")
    return table.set_column(place, "crop", pc.if_else(flagged, table["crop"], None))


def test_one_store_alone_gives_what_it_has_among_all(
    audited_demo: Path, demo_chain: Path, tmp_path: Path
) -> None:
    run_day(_job(demo_chain, tmp_path, stores=("S004",)))
    for name in ("ledger", "coverage", "rejects"):
        part = f"{name}/day=2026-03-27/store=S004/part-0.parquet"
        alone, among = (_without_sample(out / part) for out in (tmp_path, audited_demo))
        assert alone.equals(among)
        assert [p.name for p in (tmp_path / name / "day=2026-03-27").iterdir()] == ["store=S004"]


def test_a_day_whose_finalising_broke_off_is_not_reported(
    small_chain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = _job(small_chain, tmp_path)
    for batch in plan_day(job):
        score_batch(job, batch)
    with monkeypatch.context() as broken:
        broken.setattr(revisions, "replace", _full)
        with pytest.raises(OSError, match="full"):
            finalise_day(job)
    with pytest.raises(OvertakenError, match="not finalised"):
        pipeline.report_day(job)
    with pytest.raises(SourceError, match="not wholly finalised"):
        read_day(Place(job.out), "ledger", job.day)
    finalise_day(job)
    pipeline.report_day(job)


def _full(*_: object) -> None:
    raise OSError("the disk is full")


def test_a_process_killed_for_real_is_made_good_by_the_next(
    small_chain: Path, audited_small: Path, tmp_path: Path
) -> None:
    job = _job(small_chain, tmp_path)
    command = [sys.executable, "-m", "auditor", "run", "--day", str(job.day)]
    for name in ("sales", "snapshots", "out", "policy"):
        command += [f"--{name}", getattr(job, name)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    plan = tmp_path / "unfinished/day=2026-03-27/plan.json"
    deadline = time.monotonic() + 120
    while not plan.exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    assert plan.exists()
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "reports").exists()

    run_day(job)
    assert _bytes(tmp_path) == _bytes(audited_small)


def test_a_lost_sale_stops_the_day(small_chain: Path, tmp_path: Path) -> None:
    job = _job(small_chain, tmp_path, batch_size=7)
    batches = plan_day(job)
    for batch in batches:
        score_batch(job, batch)
    scored = tmp_path / batches[0].ledger_path
    pq.write_table(pq.read_table(scored, partitioning=None).slice(1), scored)
    with pytest.raises(ContractError, match="lost"):
        finalise_day(job)
    assert not (tmp_path / "ledger").exists()


def test_a_day_with_an_unscored_batch_is_not_finalised(small_chain: Path, tmp_path: Path) -> None:
    job = _job(small_chain, tmp_path)
    with pytest.raises(SourceError, match="not planned"):
        finalise_day(job)
    plan_day(job)
    with pytest.raises(SourceError, match="not scored"):
        finalise_day(job)


def test_what_an_earlier_run_left_of_a_store_or_a_face_is_cleared(
    small_chain: Path, audited_small: Path, tmp_path: Path
) -> None:
    out = Place(str(tmp_path))
    for path in (
        "ledger/day=2026-03-27/store=S009/part-0.parquet",
        "crops/day=2026-03-27/store=S009/aa.jpg",
        "crops/day=2026-03-27/store=S001/bb.jpg",
        "reports/2026-03-27/store-S009.html",
    ):
        out.write(path, b"old")
    run_day(_job(small_chain, tmp_path))
    assert _bytes(tmp_path) == _bytes(audited_small)


def test_two_files_a_store_without_file_and_a_day_without_sales(
    quiet_demo_chain: Path, tmp_path: Path
) -> None:
    """The demo's second and third day."""
    run_day(_job(quiet_demo_chain, tmp_path, day=date(2026, 3, 28), stores=("S002",)))
    two_files = _table(tmp_path, "coverage").set_index("store_id").loc["S002"]
    assert two_files["export_files"] == 2
    assert two_files["duplicate_transactions"] > 0

    result = run_day(
        _job(quiet_demo_chain, tmp_path, day=date(2026, 3, 29), stores=("S003", "S004"))
    )
    days = _table(tmp_path, "coverage").set_index("store_id")
    assert list(days.loc["S003"][["export_status", "alcohol_sales"]]) == ["read", 0]
    assert list(days.loc["S004"][["export_status", "alcohol_sales"]]) == ["missing", 0]
    assert any("S004" in words for words in result.above_limits)
    page = (tmp_path / "reports/2026-03-29/index.html").read_text()
    assert "S004" in page


def test_no_export_at_all_and_nobody_to_miss_it_is_an_error(tmp_path: Path) -> None:
    for name in ("sales", "snapshots"):
        (tmp_path / name).mkdir()
    job = Job(
        date(2026, 3, 27),
        str(tmp_path / "sales"),
        str(tmp_path / "snapshots"),
        str(tmp_path / "out"),
    )
    with pytest.raises(SourceError, match="2026-03-27"):
        plan_day(job)


def test_a_store_that_the_policy_does_not_list_is_refused(
    small_chain: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match="S999"):
        plan_day(_job(small_chain, tmp_path, stores=("S999",)))


def test_hostile_names_do_no_harm(small_chain: Path, tmp_path: Path) -> None:
    """A cashier who is a script, a frame outside, a frame that is a link out, a missing frame."""
    sales = tmp_path / "sales/2026-03-27/S001.csv"
    sales.parent.mkdir(parents=True)
    lines = pd.read_csv(small_chain / "sales/2026-03-27/S001.csv", dtype=str)
    lines["cashier_id"] = "<script>alert(1)</script>"
    lines["id_check"] = "none"
    lines.to_csv(sales, index=False)
    index = pd.read_csv(small_chain / "snapshots/index/2026-03-27/S001.csv", dtype=str)
    index.loc[0, "path"] = "../../etc/passwd"
    index.loc[1, "path"] = "frames/link.jpg"
    index.loc[2, "path"] = "frames/nowhere.jpg"
    snapshots = tmp_path / "snapshots"
    (snapshots / "frames").mkdir(parents=True)
    (snapshots / "frames/link.jpg").symlink_to("/etc/passwd")
    shutil.copytree(small_chain / "snapshots/frames/2026-03-27", snapshots / "frames/2026-03-27")
    (snapshots / "index/2026-03-27").mkdir(parents=True)
    index.to_csv(snapshots / "index/2026-03-27/S001.csv", index=False)

    out = tmp_path / "out"
    run_day(_job(tmp_path, out, policy=str(small_chain / "policy.toml")))
    ledger = _table(out, "ledger").set_index("transaction_id")
    reasons = ledger.loc[index["transaction_id"].head(3), "reason"].tolist()
    assert reasons == ["snapshot_missing", "snapshot_unreadable", "snapshot_missing"]
    assert "path_outside_snapshots" in set(_table(out, "rejects")["reason"])
    for path in (out / "reports").rglob("*.html"):
        text = path.read_text()
        assert re.findall("<script[^>]*>", text) == ['<script src="site.js" defer>']
        assert "root:" not in text
    assert "&lt;script&gt;" in (out / "reports/2026-03-27/index.html").read_text()


def test_limits_are_those_of_the_policy(
    small_chain: Path, audited_small: Path, tmp_path: Path
) -> None:
    strict = tmp_path / "policy.toml"
    text = (small_chain / "policy.toml").read_text()
    strict.write_text(text.replace("max_inconclusive_share = 0.9", "max_inconclusive_share = 0"))
    (above,) = check_limits(_job(small_chain, audited_small, policy=str(strict)))
    assert "max_inconclusive_share" in above
    assert check_limits(_job(small_chain, audited_small)) == []


def test_rows_of_no_known_store_count_against_the_limit(small_chain: Path, tmp_path: Path) -> None:
    sales = tmp_path / "sales/2026-03-27/export.csv"
    sales.parent.mkdir(parents=True)
    lines = pd.read_csv(small_chain / "sales/2026-03-27/S001.csv", dtype=str)
    lines.loc[lines.index[:5], "store_id"] = "../S001"
    lines.to_csv(sales, index=False)
    job = _job(small_chain, tmp_path / "out", sales=str(tmp_path / "sales"))
    (above,) = run_day(job).above_limits
    assert above.startswith("5 of ")
    assert "max_rejected_share" in above
    summary = json.loads((tmp_path / "out/reports/2026-03-27/summary.json").read_text())
    assert above.startswith(f"{summary['rows_rejected']} of {summary['rows_read']} ")


def test_a_policy_that_changes_under_a_run_stops_it(small_chain: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text((small_chain / "policy.toml").read_text())
    job = _job(small_chain, tmp_path / "out", policy=str(policy))
    for batch in plan_day(job):
        score_batch(job, batch)
    policy.write_text(policy.read_text() + "challenge_age = 30\n")
    with pytest.raises(ConfigurationError, match="changed"):
        finalise_day(job)


def test_a_changed_policy_changes_the_hash_on_the_page(
    small_chain: Path, audited_small: Path, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    text = (small_chain / "policy.toml").read_text()
    policy.write_text(text + "challenge_age = 30\n")
    out = tmp_path / "out"
    run_day(_job(small_chain, out, policy=str(policy)))
    assert _table(out, "provenance")["policy_sha256"].tolist() == [
        Policy.from_toml(policy.read_bytes(), origin="p").sha256
    ]
    flags = [len(_table(o, "ledger").query("outcome == 'flagged'")) for o in (audited_small, out)]
    assert flags[0] <= flags[1]


def test_an_index_that_is_not_there_is_said(
    small_chain: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "snapshots").mkdir()
    job = _job(small_chain, tmp_path / "out", snapshots=str(tmp_path / "snapshots"))
    run_day(job)
    assert "no snapshot index of 2026-03-27" in caplog.text
    assert set(_table(tmp_path / "out", "ledger")["reason"].dropna()) == {"snapshot_missing"}


def _decide_on_ages_told_by_the_number(job: Job) -> None:
    """Plan, decide, finalise and report a day; ages follow from the transactions' numbers."""
    day = Day.open(job)
    for batch in plan_day(job):
        sales = read_table(day.out, batch.path, batch.schema)
        write_table(day.out, batch.posteriors_path, purchases.posteriors(sales, []), POSTERIORS)
        if batch.kind == "baskets":
            continue
        rules = {s: day.policy.rules(day.date, s) for s in sales["store_id"].unique().to_pylist()}
        scores = []
        for frame, number in enumerate(sales["transaction_id"].to_pylist()):
            drawn = zlib.crc32(number.encode())
            age = 15 + drawn % 300 / 6
            estimate = report_day.estimate(age, drawn % 97 / 97, drawn % 89 / 89)
            known = {k: v for k, v in estimate.items() if k in FRAME_SCORES.names}
            scores += [{"frame": frame, **known}] if drawn % 7 else []
        ledger = assign_outcomes(sales, FRAME_SCORES.from_rows(scores), rules)
        write_table(day.out, batch.ledger_path, ledger, LEDGER)
    finalise_day(job)
    pipeline.report_day(job)


@pytest.mark.parametrize("limits", [(1, 10**6, 10**6), (3, 40, 25)])
def test_how_many_stores_are_worked_on_at_a_time_changes_no_byte(
    quiet_demo_chain: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    limits: tuple[int, int, int],
) -> None:
    """All stores at once, or few rows at a time, of which most wait on disk."""
    job = _job(quiet_demo_chain, tmp_path / "usual", day=date(2026, 3, 28))
    _decide_on_ages_told_by_the_number(job)
    shares, waiting, together = limits
    monkeypatch.setattr(spool, "BUCKETS", shares)
    monkeypatch.setattr(spool, "WAITING", waiting)
    monkeypatch.setattr(collecting, "_AT_A_TIME", together)
    other = dataclasses.replace(job, out=str(tmp_path / "other"), batch_size=11)
    _decide_on_ages_told_by_the_number(other)
    usual = _bytes(tmp_path / "usual")
    assert len(usual) > 20
    assert _bytes(tmp_path / "other") == usual


def test_stores_that_share_a_file_have_the_ledgers_of_their_own_files(
    demo_chain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = _job(demo_chain, tmp_path / "apart")
    _decide_on_ages_told_by_the_number(job)
    shutil.copytree(demo_chain / "sales/2026-03-27", tmp_path / "sales")
    one = b""
    for path in sorted((tmp_path / "sales").glob("*.csv")):
        head, _, lines = path.read_bytes().partition(b"\n")
        one += lines if one else head + b"\n" + lines
        path.unlink()
    (tmp_path / "sales/2026-03-27.csv").write_bytes(one)
    monkeypatch.setattr(spool, "WAITING", 300)
    _decide_on_ages_told_by_the_number(
        dataclasses.replace(job, sales=str(tmp_path / "sales"), out=str(tmp_path / "together"))
    )
    apart, together = (_bytes(tmp_path / out / "ledger") for out in ("apart", "together"))
    assert len(apart) == 4
    assert together == apart
