"""Sales around midnight: each once over the days, however they are written into files."""

import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.pipeline.collect import collect_day
from auditor.pipeline.day import Day, Job
from auditor.tables import TILL_LINES
from tests.support.samples import DAY, header, put, sales_csv, texts

Cells = dict[str, str]
Files = Mapping[str, Sequence[Cells]]
#: The days whose files there are; sales begin on the two in the middle, or near them.
DAYS = [DAY + timedelta(days=n) for n in (-1, 0, 1, 2)]
MIDNIGHT = datetime(2026, 3, 3, tzinfo=UTC)

LINE = st.tuples(st.integers(0, 60), st.sampled_from(["none", "id_scanned"]))
TRANSACTION = st.tuples(
    st.sampled_from(["1", "2"]),  # till
    st.sampled_from(["7", "8"]),  # number
    # Minutes from midnight; in between, a number that is used again is another transaction's.
    st.one_of(st.integers(-400, -300), st.integers(-30, 30), st.integers(250, 300)),
    st.lists(LINE, min_size=1, max_size=3),
)


def written(transactions: Sequence[Any]) -> list[Cells]:
    """The lines, in the order of time, each with an article of its own."""
    lines = [
        texts(
            TILL_LINES,
            till_id=till,
            transaction_id=number,
            sold_at=(MIDNIGHT + timedelta(minutes=minutes + offset)).isoformat(),
            sku=f"{of}-{nth}",
            id_check=check,
        )
        for of, (till, number, minutes, own) in enumerate(transactions)
        for nth, (offset, check) in enumerate(own)
    ]
    return sorted(lines, key=lambda row: row["sold_at"])


def by_date(lines: Sequence[Cells]) -> dict[str, list[Cells]]:
    """A file a day, by the clock."""
    files: dict[str, list[Cells]] = {f"{day}.csv": [] for day in DAYS}
    for row in lines:
        files[f"{row['sold_at'][:10]}.csv"].append(row)
    return files


def sales_of(*exports: Files, days: Sequence[date] = DAYS) -> list[list[Any]]:
    """What the days have of sales, audited one by one in this order, of each of some exports.

    Each is put into a store of its own: stores share nothing, and are audited in one go.
    """
    found: list[list[Any]] = [[] for _ in exports]
    with tempfile.TemporaryDirectory() as folder:
        for number, files in enumerate(exports):
            for path, rows in files.items():
                own = [{**row, "store_id": f"S{number}"} for row in rows]
                content = sales_csv(*own, columns=header(TILL_LINES))
                put(Path(folder), f"sales/{number}/{path}", content)
        (Path(folder) / "snapshots").mkdir()
        for day in days:
            job = Job(day, f"{folder}/sales", f"{folder}/snapshots", f"{folder}/out")
            collected = collect_day(Day.open(job), "unfinished/spool")
            for _, bucket in collected.buckets():
                for sale in bucket.sales.to_pylist():
                    found[int(sale.pop("store_id").removeprefix("S"))].append((day, sale))
    key = itemgetter("till_id", "transaction_id", "started_at")
    return [sorted(sales, key=lambda of_day: key(of_day[1])) for sales in found]


@settings(max_examples=15, deadline=None)
@given(st.lists(TRANSACTION, min_size=1, max_size=5), st.data())
def test_files_may_be_cut_shifted_and_sent_twice_and_days_audited_in_any_order(
    transactions: list[Any], data: st.DataObject
) -> None:
    lines = written(transactions)
    files = by_date(lines)
    # The export of a day is cut anywhere, and its end stands at the beginning of the next day's.
    own, following = (f"{day}.csv" for day in data.draw(st.sampled_from([DAYS[:2], DAYS[1:3]])))
    cut = data.draw(st.integers(0, len(files[own])))
    shifted = {**files, own: files[own][:cut], following: files[own][cut:] + files[following]}
    parts = {**files, own: files[own][:cut], f"more_{own}": files[own][cut:]}
    again = {**parts, f"again_{own}": files[own]}

    expected, *others = sales_of(files, {"all.csv": lines}, shifted, again)

    assert others == [expected] * 3
    assert sales_of(files, days=DAYS[::-1]) == [expected]
    counted = [item["sku"] for _, sale in expected for item in sale["basket"]]
    assert sorted(counted) == sorted(row["sku"] for row in lines)
