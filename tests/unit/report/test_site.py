"""The list of the days: what it holds, what it costs, what it makes of bad summaries."""

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from auditor.errors import ContractError
from auditor.pipeline import list_days
from auditor.report import SUMMARY, Summary, read_summary
from auditor.report.site import as_json, months
from auditor.storage.place import Place
from tests.support.report_day import DAY, SCRIPT, render
from tests.support.summaries import ONE, page


def past(count: int) -> list[Summary]:
    return [replace(ONE, day=DAY - timedelta(days=n)) for n in range(count)]


def test_a_summary_is_what_the_chain_s_page_counts_and_comes_back_as_it_was_written() -> None:
    summary = read_summary(render()[SUMMARY], origin="summary.json")
    counts = summary.flagged + summary.id_checked + summary.over_threshold + summary.refused
    assert counts + summary.inconclusive == summary.alcohol_sales == 25
    assert (summary.stores_read, summary.stores, summary.judged) == (2, 4, 11)
    assert summary.notices == (
        "categories that the policy does not name",
        "no till export from 1\u00a0store",
        "unreadable till export from 1\u00a0store",
        "2\u00a0buyers too young by the record",
        "“flagged” higher than usual",
        "“could not be judged” higher than usual",
        "“id check recorded” lower than usual",
        "3\u00a0cameras to look at",
        "signs of missing sales",
        "3\u00a0rows set aside",
    )
    assert read_summary(as_json(summary), origin="") == summary


def test_days_are_listed_newest_first_by_month() -> None:
    text = page(past(60)[::-1])
    links = re.findall(r'href="(\d{4}-\d{2}-\d{2})/index.html"', text)
    assert links == [str(DAY - timedelta(days=n)) for n in range(60)]
    assert [month.name for month in months(past(60))] == [
        "March 2026",
        "February 2026",
        "January 2026",
    ]


def test_a_day_without_a_report_is_named_and_not_left_out() -> None:
    days = [ONE, replace(ONE, day=DAY - timedelta(days=2))]
    text = page(days)
    assert "Thursday, 26 March 2026" in text
    assert text.count("nothing is known about this day") == 1
    assert "1\u00a0day in between has no report" in text


def test_nothing_audited_yet_is_said() -> None:
    assert "No day has been audited yet." in page([])


def test_one_day_is_no_span_of_days() -> None:
    one, two = (page(past(count)) for count in (1, 2))
    assert "day audited: Friday, 27 March 2026." in one
    assert "days audited, from Thursday, 26 March 2026 to Friday, 27 March 2026." in two


def test_hostile_text_of_a_summary_stays_text() -> None:
    text = page([replace(ONE, chain=SCRIPT, notices=(SCRIPT,))])
    assert SCRIPT not in text
    assert text.count("&lt;script&gt;") == 3


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"day": "2026-03-27"}'])
def test_a_broken_summary_is_named_with_what_to_do(content: bytes) -> None:
    with pytest.raises(ContractError, match=r"reports/x/summary\.json .* audit its day again"):
        read_summary(content, origin="reports/x/summary.json")


def test_adding_a_day_touches_no_page_of_another(tmp_path: Path) -> None:
    out = Place(str(tmp_path))
    for summary in past(3):
        out.write(f"reports/{summary.day}/{SUMMARY}", as_json(summary))
        out.write(f"reports/{summary.day}/index.html", b"as it was")
    out.write("reports/2026-03-01/index.html", b"an old report without a summary")
    list_days(out, DAY)
    before = (tmp_path / "reports/index.html").read_bytes()
    out.write(f"reports/2026-03-28/{SUMMARY}", as_json(replace(ONE, day=date(2026, 3, 28))))
    list_days(out, date(2026, 3, 28))
    after = (tmp_path / "reports/index.html").read_bytes()
    assert b"2026-03-28/index.html" in after
    assert b"2026-03-28/index.html" not in before
    assert (tmp_path / "reports/2026-03-27/index.html").read_bytes() == b"as it was"
    list_days(out, DAY)
    assert (tmp_path / "reports/index.html").read_bytes() == after


def test_a_notice_is_shown_as_it_was_written() -> None:
    text = page([read_summary(render()[SUMMARY], origin="summary.json")])
    assert "3\u00a0rows set aside" in text
    assert "\ufffd" not in text
