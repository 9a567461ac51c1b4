"""The mail about a day: what it says, and that it names no person."""

import json
import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from auditor.operations.notification import Notification, Run, of_day, of_no_day
from auditor.storage import revisions
from auditor.storage.place import Place
from tests.support.report_day import DAY, FORMULA, SCRIPT, flag, ledger_rows, sale
from tests.support.stored_days import store_day, write_policy

DONE = Run(failed=False, name="run 1")
FAILED = Run(failed=True, name="run 1", link="https://airflow.example/dags/x/runs/1")
URL = "https://audit.example/reports/"


def text_of(notification: Notification) -> str:
    """What a reader sees of a mail, each cell and paragraph on one line."""
    lines = notification.html.replace("</th><td>", ": ")
    return unescape(re.sub("<[^>]*>", "", lines))


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return write_policy(tmp_path, max_inconclusive_share=0.9)


def notification_of(
    out: Path, run: Run, policy: Path | None, *, url: str | None = URL
) -> Notification:
    return of_day(DAY, run, out=str(out), policy=str(policy) if policy else None, reports_url=url)


def test_a_day_that_went_well_is_reported_in_counts(out: Path, policy: Path) -> None:
    notification = notification_of(out, DONE, policy)
    assert notification.subject == (
        "Audit of Friday, 27 March 2026: report is there, 4 of 4 stores audited, 6 flagged"
    )
    for said in (
        "Corner & Sons",
        "Stores audited: 4 of 4\u00a0stores",
        "Could be judged: 11 of 25\u00a0alcohol sales (44\u00a0%)",
        "Could not be judged: 14",
        "Flagged for a person to look at: 6",
        "https://audit.example/reports/2026-03-27/index.html",
        "A flag is a lead for a person to look at, not a finding.",
    ):
        assert said in text_of(notification)
    assert "Corner &amp; Sons" in notification.html
    assert '<a href="https://audit.example/reports/2026-03-27/index.html">' in notification.html
    assert "<img" not in notification.html
    assert "<strong>" not in notification.html


def test_cameras_that_changed_are_counted(out: Path, policy: Path) -> None:
    assert "Cameras to look at" not in text_of(notification_of(out, DONE, policy))
    summary = out / f"reports/{DAY}/summary.json"
    text = summary.read_text()
    assert '"cameras_to_look_at": 0' in text
    summary.write_text(text.replace('"cameras_to_look_at": 0', '"cameras_to_look_at": 2'))
    notification = notification_of(out, DONE, policy)
    assert "Cameras to look at: 2; see in the report what changed" in text_of(notification)


def test_sales_that_it_completed_of_the_day_before_are_told(out: Path, policy: Path) -> None:
    assert "Completed" not in text_of(notification_of(out, DONE, policy))
    before, store = DAY - timedelta(days=1), Place(str(out))
    revisions.note_completion(store, before, DAY, ["S001"], 1)
    revisions.note_completion(store, before, DAY, ["S002"], 2)
    revisions.note_completion(store, before, DAY - timedelta(days=2), ["S001"], 5)
    notification = notification_of(out, DONE, policy)
    said = "Completed in the report of Thursday, 26 March 2026: 3\u00a0alcohol sales over the end"
    assert said in text_of(notification)
    assert "low coverage" not in notification.subject


def test_no_flag_is_no_praise(tmp_path: Path, policy: Path) -> None:
    store_day(tmp_path / "quiet", policy, rows=[sale(1, "id_checked", id_check="id_scanned")])
    notification = notification_of(tmp_path / "quiet", DONE, policy)
    assert "no flag is no proof that every check was made" in text_of(notification)
    assert "low coverage" not in notification.subject


def test_nobody_is_in_it(out: Path, policy: Path) -> None:
    notification = notification_of(out, FAILED, policy)
    for row in ledger_rows():
        for name in ("transaction_id", "cashier_id", "id_check_by", "snapshot_id", "birth_date"):
            value = str(row.get(name) or SCRIPT)
            assert value not in text_of(notification) + notification.html + notification.subject
    assert FORMULA not in text_of(notification)


@pytest.mark.parametrize("share", [0.55, 0.57])
def test_low_coverage_is_said_first(out: Path, tmp_path: Path, share: float) -> None:
    low = share < 14 / 25
    policy = write_policy(tmp_path, max_inconclusive_share=share)
    notification = notification_of(out, DONE, policy)
    assert ("low coverage" in notification.subject) == low
    assert ("56\u00a0% of the alcohol sales could not be judged" in text_of(notification)) == low


@pytest.mark.parametrize("share", [0.01, 0.02])
def test_too_many_rejected_rows_are_low_coverage(out: Path, tmp_path: Path, share: float) -> None:
    low = share < 3 / 200
    policy = write_policy(tmp_path, max_inconclusive_share=0.9, max_rejected_share=share)
    summary = out / f"reports/{DAY}/summary.json"
    content = json.loads(summary.read_text())
    summary.write_text(json.dumps(content | {"rows_read": 200, "rows_rejected": 3}))
    notification = notification_of(out, DONE, policy)
    assert ("low coverage" in notification.subject) == low
    said = "3 of 200 input rows were rejected; the policy allows 1.0\u00a0%."
    assert (said in text_of(notification)) == low


def test_missing_stores_are_low_coverage(out: Path, policy: Path) -> None:
    summary = out / f"reports/{DAY}/summary.json"
    text = summary.read_text()
    assert '"stores_read": 4' in text
    summary.write_text(text.replace('"stores_read": 4', '"stores_read": 2'))
    notification = notification_of(out, DONE, policy)
    assert "nothing is known about 2 of 4\u00a0stores; the policy allows 0" in text_of(notification)
    assert "low coverage" in notification.subject


def test_a_failed_run_never_reads_like_a_day_that_went_well(out: Path, policy: Path) -> None:
    notification = notification_of(out, FAILED, policy)
    assert notification.subject == "Audit of Friday, 27 March 2026: the run failed"
    assert "may be an earlier run's" in text_of(notification)
    assert "https://airflow.example/dags/x/runs/1" in notification.html
    (out / f"unfinished/day={DAY}").mkdir(parents=True)
    (out / f"unfinished/day={DAY}/plan.json").write_text("{}")
    assert "is of an earlier run of the same day" in text_of(notification_of(out, FAILED, policy))
    missing = of_day(DAY + timedelta(1), FAILED, out=str(out), policy=str(policy), reports_url=URL)
    assert missing.subject == "Audit of Saturday, 28 March 2026: no report"
    assert "nothing is known about this day" in text_of(missing)
    assert "The report:" not in text_of(missing)
    unknown = of_no_day(FAILED)
    assert unknown.subject == "Audit of an unknown day: no report"
    assert "nothing was audited" in text_of(unknown)


def test_an_unreadable_policy_is_no_reason_to_say_nothing(out: Path) -> None:
    notification = notification_of(out, FAILED, out / "nowhere.toml", url=None)
    assert "its limits are left out here" in text_of(notification)
    assert f"{out}/reports/2026-03-27/index.html" in text_of(notification)


def test_a_hostile_chain_name_makes_no_header_and_no_tag(tmp_path: Path) -> None:
    policy = write_policy(tmp_path)
    hostile = policy.read_text().replace('"Corner & Sons"', '"x\\r\\nBcc: a@b.example<script>"')
    policy.write_text(hostile)
    store_day(tmp_path / "out", policy, rows=[flag(1, 20, 0.3, 0.9), sale(2, "id_checked")])
    notification = notification_of(tmp_path / "out", DONE, policy)
    assert "\n" not in notification.subject
    assert "\r\nBcc" not in text_of(notification)
    assert "<script" not in notification.html
