"""The log of what people decided: append-only, and untouched by a run of the day."""

import csv
import io
import json
import re
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from auditor.cli.main import main
from auditor.decisions.log import Judgement, read_decisions, without_sale
from auditor.decisions.status import case_statuses
from auditor.errors import ConfigurationError, ContractError, ExitCode
from auditor.operations.record_decision import Recorded, record_decision
from auditor.pipeline import Job, report, report_day
from auditor.pipeline.day import day_lock
from auditor.pipeline.plans import Plan, plan_path
from auditor.policy import load_policy
from auditor.report import render_day
from auditor.sales.identity import SaleKey
from auditor.storage.parquet import read_table, write_table
from auditor.storage.place import Place
from auditor.tables import DECISION_LOG, DECISIONS
from tests.support.paths import ROOT
from tests.support.report_day import DAY, key, ledger_rows, sale
from tests.support.stored_days import store_day

NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)


def says(decision: str, minutes: int = 0, note: str | None = None) -> Judgement:
    return Judgement(decision, "A. Officer", NOON + timedelta(minutes=minutes), note)


def flags(out: Path, day: date = DAY) -> dict[str, dict[str, str]]:
    text = (out / f"reports/{day}/flags.csv").read_bytes().decode()
    return {row["transaction_id"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}


def log(out: Path) -> pa.Table:
    return read_decisions(Place(str(out)), DAY)


#: The list of the sales that nobody has reviewed.
FIRST = re.compile(r'<nav class="first".*?</nav>', re.DOTALL)


def test_a_sale_of_a_day_that_is_not_finalised_cannot_be_decided(out: Path) -> None:
    shutil.rmtree(out / f"provenance/day={DAY}/store=S001")
    with pytest.raises(ContractError, match="S001 is not finalised"):
        record_decision(str(out), DAY, "S001/T002", says("looks_older"))
    assert not (out / "decisions").exists()


def test_a_decision_is_in_the_files_of_the_day(out: Path) -> None:
    before = flags(out)
    record_decision(str(out), DAY, "S001/T002", says("no_check_seen", note="-> area manager"))
    row = flags(out)["T002"]
    assert row["decision"] == "no_check_seen"
    assert row["decided_by"] == "A. Officer"
    assert row["decided_at"] == "2026-03-28T12:00:00+00:00"
    assert row["decision_note"] == "'-> area manager"  # no formula
    decided = ("deci", "last_note")
    assert {n: c for n, c in row.items() if not n.startswith(decided)} == {
        n: c for n, c in before["T002"].items() if not n.startswith(decided)
    }
    assert {t: r for t, r in flags(out).items() if t != "T002"} == {
        t: r for t, r in before.items() if t != "T002"
    }
    (entry,) = json.loads((out / f"reports/{DAY}/report.json").read_text())["decisions"]
    assert entry["note"] == "-> area manager"
    assert entry["outcome_then"] == "flagged"


def test_a_decision_stands_on_the_pages_of_the_sale(out: Path) -> None:
    pages = {name: out / f"reports/{DAY}/{name}" for name in ("index.html", "store-S001.html")}
    before = {name: page.read_text() for name, page in pages.items()}
    record_decision(str(out), DAY, "S001/T002", says("no_check_seen", note="<b>asked</b>"))
    record_decision(str(out), DAY, "S001/T002", says("note", 1, "</div> asked again"))
    for name, page in pages.items():
        text = page.read_text()
        start, end = '<div class="decided">', "</div>\n"
        (_, shown, after) = text.partition(start)
        decided = shown + after.partition(end)[0] + end
        assert "Nothing shows a check: taken up with the store</strong>, by A. Officer" in decided
        assert "28 March 2026, 12:00 UTC" in decided
        assert "&lt;/div&gt; asked again" in decided
        card = text.partition('<article class="case" id="sale-d9357db29e68efbf"')[2]
        assert decided in card.partition("</article>")[0]
        rest = text.replace(decided, "")
        assert FIRST.sub("", rest) == FIRST.sub("", before[name])


def test_a_reviewed_sale_is_none_of_those_to_look_at_first_until_it_is_reopened(out: Path) -> None:
    def named() -> list[str]:
        page = out.joinpath(f"reports/{DAY}/index.html").read_text(encoding="utf-8")
        return re.findall(r'href="#(sale-[0-9a-f]+)"', FIRST.findall(page)[0])

    before = named()
    record_decision(str(out), DAY, before[0], says("looks_older"))
    assert named()[:4] == before[1:]
    assert before[0] not in named()
    record_decision(str(out), DAY, before[0], says("reopened", 1))
    assert named() == before


def test_a_note_stands_under_its_author_and_with_no_other_decision(out: Path) -> None:
    others = (
        Judgement("looks_older", "A. Officer", NOON, "grey hair"),
        Judgement("note", "B. Other", NOON + timedelta(minutes=1), "I do not agree"),
        Judgement("reopened", "C. Third", NOON + timedelta(minutes=2)),
        Judgement("note", "A. Officer", NOON + timedelta(minutes=3), "=agreed"),
    )
    for each in others:
        record_decision(str(out), DAY, "S001/T002", each)
    row = flags(out)["T002"]
    assert (row["decided_by"], row["decision"], row["decision_note"]) == (
        "C. Third",
        "reopened",
        "",
    )
    assert (row["last_note"], row["last_note_by"]) == ("'=agreed", "A. Officer")
    assert row["last_note_at"] == "2026-03-28T12:03:00+00:00"
    page = (out / f"reports/{DAY}/store-S001.html").read_text()
    decided = page.partition('<div class="decided">')[2].partition("</div>")[0]
    told = [" ".join(part.split()) for part in re.sub("<[^>]*>", "", decided).split("\n") if part]
    first, older = "28 March 2026, 12:00 UTC", "clearly looks over the challenge age"
    assert told[1:] == [
        "Reopened, by C. Third, 28 March 2026, 12:02 UTC. 4 entries in the log.",
        f"Note by A. Officer, {first}, with an earlier decision ({older}): grey hair",
        "Note by B. Other, 28 March 2026, 12:01 UTC: I do not agree",
        "Note by A. Officer, 28 March 2026, 12:03 UTC: =agreed",
    ]


@pytest.mark.parametrize(
    "link",
    [
        "https://audit.example/reports/2026-03-26/store-S001.html#{sale}",
        "file:///out/reports/2026-03-26/index.html#{sale}",
        "2026-03-26/index.html#{sale}",
        r"C:\out\reports\2026-03-26\index.html#{sale}",
    ],
)
def test_a_link_to_another_days_report_is_refused(out: Path, link: str) -> None:
    sale_id = key("T002").sale_id
    with pytest.raises(ConfigurationError, match=r"report of 2026-03-26, and --day is 2026-03-27"):
        record_decision(str(out), DAY, link.format(sale=sale_id), says("looks_older"))
    assert log(out).num_rows == 0
    same_day = link.replace("2026-03-26", str(DAY)).format(sale=sale_id)
    assert record_decision(str(out), DAY, same_day, says("looks_older")).transaction_id == "T002"


def test_a_link_to_another_stores_page_is_refused(out: Path) -> None:
    sale_id = key("T002").sale_id
    with pytest.raises(ConfigurationError, match=r"store-S002\.html, and the sale is of S001"):
        record_decision(str(out), DAY, f"store-S002.html#{sale_id}", says("looks_older"))
    assert log(out).num_rows == 0


def test_a_decision_is_recorded_even_if_the_report_cannot_be_rendered_again(out: Path) -> None:
    (kept,) = (out / "policies").iterdir()
    kept.unlink()
    with pytest.raises(ContractError, match=f"is recorded.*auditor run --day {DAY}"):
        record_decision(str(out), DAY, "S001/T002", says("looks_older"))
    assert log(out).num_rows == 1
    kept.write_bytes(b"{}")
    with pytest.raises(ContractError, match="was changed"):
        record_decision(str(out), DAY, "S001/T002", says("looks_older", 1))


def test_a_day_that_a_run_is_at_work_on_is_rendered_by_that_run(out: Path) -> None:
    before = {p: p.read_bytes() for p in (out / f"reports/{DAY}").iterdir()}
    with day_lock(Place(str(out)), DAY):
        assert not record_decision(str(out), DAY, "S001/T002", says("looks_older")).in_report
    assert {p: p.read_bytes() for p in (out / f"reports/{DAY}").iterdir()} == before
    plan = Plan(DAY, "p1", (), (), "", None, 0, (), ())
    for path, content in ((plan_path(DAY), plan.to_json()), (plan.finalised_path, b"")):
        Place(str(out)).write(path, content)
    assert not record_decision(str(out), DAY, "S001/T002", says("reopened", 1)).in_report
    assert {p: p.read_bytes() for p in (out / f"reports/{DAY}").iterdir()} == before


def test_a_decision_recorded_while_the_report_is_rendered_is_in_it(
    out: Path, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    render = render_day
    rendered: list[Recorded] = []

    def slow(*args: Any, **given: Any) -> Any:
        if not rendered:
            rendered.append(record_decision(str(out), DAY, "S001/T002", says("looks_older")))
        return render(*args, **given)

    monkeypatch.setattr(report, "render_day", slow)
    report_day(Job(DAY, "", "", str(out), str(policy)))
    assert not rendered[0].in_report
    assert flags(out)["T002"]["decision"] == "looks_older"


def test_the_list_of_days_says_how_much_is_decided(out: Path, policy: Path) -> None:
    record_decision(str(out), DAY, "S001/T002", says("no_check_seen"))
    listed = (out / "reports/index.html").read_text()
    assert re.search(r'data-sort="1">1 <span class="of">of \d', listed)
    assert "nobody has recorded what the control sample shows" in listed
    (drawn, *_) = json.loads((out / f"reports/{DAY}/report.json").read_text())["control_sample"][
        "sales"
    ]
    named = f"{drawn['store_id']}/{drawn['transaction_id']}"
    record_decision(str(out), DAY, named, says("looks_older", 1))
    listed = (out / "reports/index.html").read_text()
    assert "people looked at 1 of" in listed
    report_day(Job(DAY, "", "", str(out), str(policy)))
    assert (out / "reports/index.html").read_text() == listed


def test_a_review_result_stands_until_the_case_is_reopened(out: Path) -> None:
    for minute, (decision, result) in enumerate(
        [
            ("no_check_seen", "no_check_seen"),
            ("followed_up", "no_check_seen"),
            ("reopened", None),
            ("cannot_tell", "cannot_tell"),
        ]
    ):
        record_decision(str(out), DAY, "S001/2/T002", says(decision, minute))
        assert case_statuses(log(out))[key("T002")].review_result == result


@pytest.mark.parametrize(
    "named",
    [
        "S001/T002",
        "S001/2/T002",
        "sale-d9357db29e68efbf",
        "file:///r/store-S001.html#sale-d9357db29e68efbf",
    ],
)
def test_a_sale_is_named_by_number_or_by_its_place_in_the_report(out: Path, named: str) -> None:
    assert record_decision(str(out), DAY, named, says("cannot_tell")).transaction_id == "T002"


def test_the_last_decision_stands_and_every_entry_stays(out: Path) -> None:
    record_decision(str(out), DAY, "S001/T002", says("looks_older"))
    first = {p: p.read_bytes() for p in (out / f"decisions/day={DAY}").iterdir()}
    record_decision(str(out), DAY, "S001/T002", says("reopened", 1, "wrong picture"))
    record_decision(str(out), DAY, "S001/T002", says("note", 2, "asked the store"))
    assert {p: p.read_bytes() for p in first} == first
    status = case_statuses(log(out))[key("T002")]
    assert (status.decision, status.note, status.entries) == ("reopened", "wrong picture", 3)
    assert [note.text for note in status.notes] == ["wrong picture", "asked the store"]
    assert flags(out)["T002"]["decision"] == "reopened"


def test_a_run_of_the_day_changes_no_entry_and_tells_of_all(out: Path, policy: Path) -> None:
    record_decision(str(out), DAY, "S001/T002", says("no_check_seen"))
    record_decision(
        str(out), DAY, "S001/T006", says("check_made", 1)
    )  # of a sale that is not flagged
    kept = {p: p.read_bytes() for p in (out / f"decisions/day={DAY}").iterdir()}
    reported = {p: p.read_bytes() for p in (out / f"reports/{DAY}").iterdir()}
    report_day(Job(DAY, "", "", str(out), str(policy)))
    assert {p: p.read_bytes() for p in (out / f"reports/{DAY}").iterdir()} == reported

    # Audited again with other results: T002 is no flag any more, and what was said of it stays.
    rows = [row for row in ledger_rows() if row["transaction_id"] != "T002"]
    store_day(out, policy, rows=[*rows, sale(2, "id_checked", id_check="id_scanned")])
    assert {p: p.read_bytes() for p in kept} == kept
    assert "T002" not in flags(out)
    told = json.loads((out / f"reports/{DAY}/report.json").read_text())["decisions"]
    assert [(d["transaction_id"], d["outcome_then"]) for d in told] == [
        ("T002", "flagged"),
        ("T006", "refused"),
    ]


def test_an_entry_says_what_the_result_rested_on(out: Path, policy: Path) -> None:
    record_decision(str(out), DAY, "S001/T002", says("no_check_seen"))
    (row,) = log(out).to_pylist()
    assert row["policy_sha256"] == load_policy(str(policy)).sha256
    assert (row["model_sha256"], row["inputs_sha256"]) == ("3c" * 32, "1a" * 32)


def test_a_log_that_was_written_before_can_still_be_read() -> None:
    """``written_log/`` was made once, by format 1, and is never made again."""
    found = read_decisions(Place(str(ROOT / "tests/unit/decisions/written_log")), DAY)
    rows = found.to_pylist()
    assert [(row["decision"], row["note"]) for row in rows] == [
        ("no_check_seen", "-> area manager"),
        ("note", "Zoë asked the store"),
        ("followed_up", None),
    ]
    assert {row["decided_by"] for row in rows} == {"A. Officer"}
    assert [row["decided_at"] for row in rows] == [NOON + timedelta(minutes=n) for n in range(3)]
    assert rows[0]["previous_id"] is None
    assert [row["previous_id"] for row in rows[1:]] == [row["decision_id"] for row in rows[:-1]]
    assert set(case_statuses(found)) == {SaleKey("S001", None, "T002", None)}
    assert without_sale(found) == ["S001/T002"]  # there is no ledger beside it


def _with_written_log(out: Path) -> None:
    folder = f"decisions/day={DAY}"
    shutil.copytree(ROOT / "tests/unit/decisions/written_log" / folder, out / folder)


def test_an_entry_of_format_1_is_about_the_only_sale_of_its_number(out: Path) -> None:
    _with_written_log(out)
    assert case_statuses(log(out))[key("T002")].review_result == "no_check_seen"
    assert without_sale(log(out)) == []
    record_decision(str(out), DAY, "S001/T002", says("reopened", 9))
    assert case_statuses(log(out))[key("T002")].entries == 4


def test_an_entry_of_format_1_is_about_none_of_several_sales(out: Path, policy: Path) -> None:
    _with_written_log(out)
    other = sale(2, "id_checked", id_check="id_scanned", till_id="9")
    store_day(out, policy, rows=[*ledger_rows(), other])
    assert without_sale(log(out)) == ["S001/T002"]
    assert key("T002") not in case_statuses(log(out))
    said = _auditor("decisions", "--out", out, "--day", DAY)
    assert "S001/T002" in said.stderr
    assert "about none of them" in said.stderr


def test_a_name_that_several_sales_have_is_refused_with_those_that_it_may_mean(
    out: Path, policy: Path
) -> None:
    other = sale(2, "id_checked", id_check="id_scanned", till_id="9")
    again = sale(50, "id_checked", id_check="id_scanned", till_id="9", transaction_id="T002")
    store_day(out, policy, rows=[*ledger_rows(), other, again])
    for named, tills in (("S001/T002", ["2", "9", "9"]), ("S001/9/T002", ["9", "9"])):
        with pytest.raises(ConfigurationError) as refused:
            record_decision(str(out), DAY, named, says("cannot_tell"))
        assert re.findall(r"till (\w+) at", str(refused.value)) == tills
        assert "till 9 at 12:50:00 (sale-" in str(refused.value)
    assert record_decision(str(out), DAY, "S001/2/T002", says("cannot_tell")).outcome == "flagged"
    named = SaleKey.of(again).sale_id
    assert record_decision(str(out), DAY, named, says("cannot_tell", 1)).entries == 1


def test_a_changed_entry_and_a_missing_one_are_found(out: Path) -> None:
    for minute in range(3):
        record_decision(str(out), DAY, "S001/T002", says("note", minute, f"{minute}"))
    first, second, _ = sorted((out / f"decisions/day={DAY}").iterdir())
    whole = second.read_bytes()
    (row,) = read_table(Place(str(out)), str(second.relative_to(out)), DECISION_LOG).to_pylist()
    changed = DECISION_LOG.from_rows([row | {"note": "something else"}])
    write_table(Place(str(out)), str(second.relative_to(out)), changed, DECISION_LOG)
    with pytest.raises(ContractError, match="not as it was written"):
        log(out)
    second.write_bytes(whole)
    first.unlink()
    with pytest.raises(ContractError, match="before that of 2026-03-28 12:01:00 is gone"):
        log(out)


@pytest.mark.parametrize(
    ("sale_named", "judgement", "said"),
    [
        ("S001/T999", says("note", note="x"), "no alcohol sale of 2026-03-27"),
        ("S009/T002", says("note", note="x"), "no alcohol sale"),
        ("sale-0000000000000000", says("note", note="x"), "no alcohol sale"),
        ("T002", says("note", note="x"), "STORE/TILL/NUMBER"),
        ("S001/T002", says("guilty"), "choose one of check_made"),
        ("S001/T002", says("note"), "needs a text"),
        ("S001/T002", Judgement("note", " ", NOON, "x"), "name of the person"),
        ("S001/T002", Judgement("note", "x\x00", NOON, "x"), "printable"),
        ("S001/T002", says("note", note="x" * 2001), "the note"),
    ],
)
def test_what_cannot_be_recorded_is_said(
    out: Path, sale_named: str, judgement: Judgement, said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        record_decision(str(out), DAY, sale_named, judgement)
    assert log(out).num_rows == 0


def test_no_decision_is_called_a_verdict() -> None:
    assert not {d for d in DECISIONS for w in ("guilty", "offence", "violation") if w in d}


def _auditor(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


def test_on_the_command_line(out: Path) -> None:
    where = ("--out", out, "--day", DAY)
    decision = ("--decision", "followed_up", "--by", "A. Officer", "--note", "=1+1")
    done = _auditor("decide", *where, "--sale", "S001/T002", *decision)
    assert done.exit_code == ExitCode.DONE, done.output
    assert "S001/T002 (flagged): followed_up, entry 1" in done.output
    (row,) = json.loads(_auditor("decisions", *where, "--format", "json").stdout)
    assert row["decision"] == "followed_up"
    assert abs(datetime.fromisoformat(row["decided_at"]) - datetime.now(UTC)) < timedelta(hours=1)
    assert "'=1+1" in _auditor("decisions", *where, "--format", "csv").stdout
    assert "followed_up" in _auditor("decisions", *where).stdout
    wrong = _auditor("decide", *where, "--sale", "S001/T9", *decision)
    assert wrong.exit_code == ExitCode.WRONG_USE
    assert "no alcohol sale" in wrong.stderr
