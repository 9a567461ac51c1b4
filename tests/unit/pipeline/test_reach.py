"""Which stores have rows that sales of the days beside the audited one may reach."""

from datetime import timedelta
from pathlib import Path

import pytest

from auditor.pipeline.collect import collect_day
from auditor.pipeline.day import Day, Job
from auditor.tables import TILL_LINES
from tests.support.samples import DAY, header, put, sales_csv, texts

DAY_BEFORE, DAY_AFTER = (DAY + timedelta(days=n) for n in (-1, 1))
NEITHER, BEFORE, AFTER, BOTH = ((), ()), (("S1",), ()), ((), ("S1",)), (("S1",), ("S1",))


def reach(folder: Path, file: str, **cells: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    columns = [*header(TILL_LINES), "transaction_state", "business_date"]
    empty = dict.fromkeys(("transaction_state", "business_date"), "")
    row = empty | texts(TILL_LINES, **cells)
    put(folder, f"sales/{file}.csv", sales_csv(row, columns=columns))
    put(folder, f"sales/{DAY}-other.csv", sales_csv(texts(TILL_LINES, store_id="S2")))
    (folder / "snapshots").mkdir()
    job = Job(DAY, f"{folder}/sales", f"{folder}/snapshots", f"{folder}/out")
    return collect_day(Day.open(job), "unfinished/spool").reach()


@pytest.mark.parametrize(
    ("file", "sold_at", "expected"),
    [
        (DAY, f"{DAY}T01:59:59Z", BEFORE),  # within the usual gap of two hours
        (DAY, f"{DAY}T02:00Z", NEITHER),
        (DAY, f"{DAY}T21:59:59Z", NEITHER),
        (DAY, f"{DAY}T22:00Z", AFTER),
        (DAY, f"{DAY_BEFORE}T12:00Z", BEFORE),  # a file that is named by the morning after
        (DAY, f"{DAY_AFTER}T12:00Z", AFTER),
        ("all", f"{DAY}T00:30Z", BEFORE),
        ("all", f"{DAY_BEFORE}T12:00Z", NEITHER),  # of a file that is each day's own
        (DAY_BEFORE, f"{DAY_BEFORE}T23:00Z", BEFORE),
        (DAY_BEFORE, f"{DAY_BEFORE}T12:00Z", NEITHER),
    ],
)
def test_rows_near_an_end_reach_over_it(
    file: object, sold_at: str, expected: object, tmp_path: Path
) -> None:
    assert reach(tmp_path, str(file), sold_at=sold_at) == expected


def test_a_transaction_that_was_put_aside_may_be_of_both_days_beside(tmp_path: Path) -> None:
    found = reach(tmp_path, str(DAY), sold_at=f"{DAY}T12:00Z", transaction_state="suspended")
    assert found == BOTH


def test_the_day_that_the_till_wrote_counts(tmp_path: Path) -> None:
    found = reach(tmp_path, str(DAY), sold_at=f"{DAY}T12:00Z", business_date=str(DAY_BEFORE))
    assert found == BEFORE
