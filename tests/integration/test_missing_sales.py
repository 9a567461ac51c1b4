"""Sales that an export lacks show on the page: by numbers, by hours, by the tills' own totals."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from auditor.cli.main import main
from auditor.errors import ExitCode
from tests.support.page_reader import Reader

DAY = date(2026, 3, 27)
WEEKDAYS = [DAY - timedelta(weeks=back) for back in (4, 3, 2, 1, 0)]
FIRST_HOUR, LAST_HOUR, EACH = 8, 20, 4  # four receipts an hour at each till, 2.00 each
SOLD = (LAST_HOUR - FIRST_HOUR) * EACH
TILLS = ("01", "02")

CSV_MAPPING = """
[[mapping]]
effective_from = 2020-01-01
[[mapping.sales]]
files = "{day}.csv"
delimiter = ";"
decimal = ","
[mapping.sales.columns]
transaction_id = "Bon"
store_id = "Filiale"
till_id = "Kasse"
sold_at = "Zeit"
sku = "Artikel"
category = "Gruppe"
quantity = "Menge"
amount = "Betrag"
id_check = { constant = "none" }
line_type = { column = "Art", values = { V = "item", Z = "control" } }
"""
HEADER = "Bon;Filiale;Kasse;Zeit;Artikel;Gruppe;Menge;Betrag;Art"


@dataclass(frozen=True)
class Receipt:
    """A receipt of one bottle, or the till's totals of the day."""

    till: str
    number: int
    at: datetime
    count: int = 1
    amount: str = "2.00"
    is_total: bool = False


def as_csv(receipts: list[Receipt]) -> str:
    rows = (
        f"{r.number:04};S001;{r.till};{r.at.isoformat()};{'' if r.is_total else '4711'};"
        f"{'' if r.is_total else 'wine'};{r.count};{r.amount.replace('.', ',')};"
        f"{'Z' if r.is_total else 'V'}"
        for r in receipts
    )
    return "\n".join([HEADER, *rows])


def as_poslog(receipts: list[Receipt]) -> str:
    found = []
    for r in receipts:
        head = (
            "<BusinessUnit><UnitID>S001</UnitID></BusinessUnit>"
            f"<WorkstationID>{r.till}</WorkstationID><SequenceNumber>{r.number:04}</SequenceNumber>"
            f"<BusinessDayDate>{r.at.date()}</BusinessDayDate>"
            f"<EndDateTime>{r.at.isoformat()}+00:00</EndDateTime><OperatorID>E1</OperatorID>"
        )
        body = (
            "<TenderControlTransaction><TillSettle>"
            f"<TransactionCount>{r.count}</TransactionCount>"
            f"<TotalNetSalesAmount>{r.amount}</TotalNetSalesAmount>"
            "</TillSettle></TenderControlTransaction>"
            if r.is_total
            else "<RetailTransaction><LineItem><Sale><ItemID>4711</ItemID>"
            '<MerchandiseHierarchy Level="Department">wine</MerchandiseHierarchy>'
            f"<ExtendedAmount>{r.amount}</ExtendedAmount><Quantity>{r.count}</Quantity>"
            "</Sale></LineItem></RetailTransaction>"
        )
        found.append(f"<Transaction>{head}{body}</Transaction>")
    return f'<POSLog xmlns="http://www.nrf-arts.org/IXRetail/namespace/">{"".join(found)}</POSLog>'


def a_day(day: date, *, begin: int) -> list[Receipt]:
    """What the tills did: they count on from day to day, and write their totals twice a day."""
    receipts = []
    for till in TILLS:
        number = begin
        for hour in range(FIRST_HOUR, LAST_HOUR):
            for quarter in range(EACH):
                at = datetime(day.year, day.month, day.day, hour, quarter * 15)  # noqa: DTZ001  # local
                receipts.append(Receipt(till, number, at))
                number += 1
            if hour in (13, LAST_HOUR - 1):  # the first shift ends, and the second
                shift = SOLD // 2
                at = datetime(day.year, day.month, day.day, hour, 50)  # noqa: DTZ001  # local
                receipts.append(Receipt(till, number, at, shift, f"{2 * shift}.00", is_total=True))
                number += 1
    return receipts


def exported(receipts: list[Receipt]) -> list[Receipt]:
    """The day's export as it came: till 01 lacks three receipts, till 02 an afternoon."""
    lost = {r.number for r in receipts if r.till == "01" and r.at.hour == 10} & set(
        range(receipts[9].number, receipts[9].number + 3)
    )
    return [
        r
        for r in receipts
        if r.is_total
        or not ((r.till == "01" and r.number in lost) or (r.till == "02" and 14 <= r.at.hour < 18))
    ]


@pytest.fixture(scope="module", params=["csv", "poslog"])
def audited(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five Fridays, audited one after the other; of the last the export lacks sales."""
    folder = tmp_path_factory.mktemp(request.param)
    write: Callable[[list[Receipt]], str] = as_csv if request.param == "csv" else as_poslog
    suffix = "csv" if request.param == "csv" else "xml"
    for name in ("sales", "snapshots"):
        (folder / name).mkdir()
    (folder / "policy.toml").write_text(
        "[stores.S001]\n[[policy]]\neffective_from = 2020-01-01\ntime_zone = 'Europe/London'\n"
        "max_inconclusive_share = 1\n"
    )
    mapping = "poslog-6"
    if request.param == "csv":
        (folder / "mapping.toml").write_text(CSV_MAPPING)
        mapping = str(folder / "mapping.toml")
    for week, day in enumerate(WEEKDAYS):
        receipts = a_day(day, begin=100 * week + 1)
        content = write(exported(receipts) if day == DAY else receipts)
        (folder / f"sales/{day}.{suffix}").write_text(content, "utf-8")
        options = {"sales": "sales", "snapshots": "snapshots", "policy": "policy.toml"}
        given = [f"--{name}={folder / path}" for name, path in (options | {"out": "out"}).items()]
        done = CliRunner().invoke(main, ["run", f"--day={day}", f"--mapping={mapping}", *given])
        assert done.exit_code == ExitCode.DONE, done.output
    return folder


def report(folder: Path, day: date = DAY) -> dict[str, Any]:
    path = folder / f"out/reports/{day}/report.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["completeness"]
    return found


def test_a_day_that_is_whole_shows_nothing(audited: Path) -> None:
    whole = report(audited, WEEKDAYS[-2])
    assert {name: whole[name] for name in ("categories", "numbers", "silent", "totals")} == {
        "categories": [],
        "numbers": [],
        "silent": [],
        "totals": [],
    }


def test_numbers_that_are_missing_are_found_where_they_are(audited: Path) -> None:
    numbers = {row["till_id"]: row for row in report(audited)["numbers"]}
    assert {till: row["missing"] for till, row in numbers.items()} == {"01": 3, "02": 16}
    (gap,) = numbers["01"]["gaps"]
    assert (gap["after"], gap["before"], gap["missing"]) == ("0409", "0413", 3)


def test_the_hours_in_which_a_till_was_silent_are_found(audited: Path) -> None:
    (silent,) = report(audited)["silent"]
    assert (silent["tills"], silent["from_hour"], silent["to_hour"]) == (["02"], 14, 18)
    assert (silent["expected"], silent["all_tills"]) == (16.0, False)


def test_what_the_till_counted_itself_is_compared_with_its_lines(audited: Path) -> None:
    totals = {row["till_id"]: row for row in report(audited)["totals"]}
    assert {
        till: (row["transactions"], row["control_transactions"], float(row["control_turnover"]))
        for till, row in totals.items()
    } == {"01": (SOLD - 3, SOLD, 2.0 * SOLD), "02": (SOLD - 16, SOLD, 2.0 * SOLD)}


def test_the_page_says_so(audited: Path) -> None:
    page = Reader((audited / f"out/reports/{DAY}/index.html").read_bytes()).text
    text = " ".join(page.split())
    assert "Is anything missing?" in text
    assert "3 between 0409" in text
    assert "Till 02 of S001 without a transaction from 14:00 to 18:00" in text
    for total in ("90.00", "64.00", "96.00"):
        assert total in text
