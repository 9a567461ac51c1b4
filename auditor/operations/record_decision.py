"""Records a decision about a sale, and renders the day's report again."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from auditor.decisions.log import (
    Judgement,
    append_decision,
    new_entry,
    read_decisions,
    without_sale,
)
from auditor.decisions.status import case_statuses
from auditor.errors import ConfigurationError, ContractError
from auditor.pipeline import render_again
from auditor.report.environment import store_page
from auditor.sales.identity import SALE_KEY, SaleKey
from auditor.storage.partitions import Partitions, read_day
from auditor.storage.place import Place, results_in

#: The day of a page's address, which the report's folder is named by.
_DAY_OF_LINK = re.compile(r"(?:\A|[/\\])(\d{4}-\d{2}-\d{2})[/\\][^/\\]*\Z")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded, and how many entries the sale has now.

    ``path`` is that of the entry, relative to OUT. ``in_report`` says whether the day's report was
    rendered again; if not, there is none, or a run is at work on the day and will render it.
    """

    store_id: str
    transaction_id: str
    outcome: str
    path: str
    entries: int
    in_report: bool


def record_decision(out: str, day: date, sale: str, says: Judgement) -> Recorded:
    """Add a judgement to the log of a day, then render its report and the list of days again.

    The log lies outside of what a run of the day writes: auditing it again changes no entry.

    Args:
        out: URL of the results.
        day: business day of the sale.
        sale: ``STORE/NUMBER`` or ``STORE/TILL/NUMBER``, where one sale of the day has that name;
            or the sale's anchor on the report's pages (``sale-...``), or a link that ends with it.
        says: the judgement.

    Raises:
        ConfigurationError: there is no such sale on that day, or several, the link is to another
            day's report, the decision is unknown, or the name is missing.
        ContractError: the log was changed by hand, or the store's day is not finalised. Or the
            report could not be rendered again: the judgement is recorded then.
    """
    place = results_in(out)
    row = _find(place, day, sale)
    provenance = read_day(place, "provenance", day, [row["store_id"]]).to_pylist()
    if not provenance:  # its finalising goes on, or broke off
        raise ContractError(
            f"{row['store_id']} is not finalised on {day}: wait for the run, or audit the day again"
        )
    log = read_decisions(place, day)
    path = append_decision(place, new_entry(log, day, row, provenance[0], says))

    try:
        in_report = render_again(place, day)
    except ContractError as error:
        raise ContractError(
            f"the decision is recorded ({path}), and the report of {day} could not be rendered "
            f"again: {error}; audit the day again (auditor run --day {day}), which renders it"
        ) from error
    status = case_statuses(read_decisions(place, day))[SaleKey.of(row)]
    return Recorded(
        row["store_id"], row["transaction_id"], row["outcome"], path, status.entries, in_report
    )


def decisions_and_zones(
    out: str, day: date
) -> tuple[list[dict[str, Any]], dict[str, str], list[str]]:
    """The decisions of a day in the order of recording, and the IANA time zone of each store.

    And the names of those sales of which an entry does not tell which it is.

    Raises:
        ContractError: the log was changed by hand.
    """
    place, columns = results_in(out), ("store_id", "time_zone")
    stores = read_day(place, "coverage", day, columns=columns)
    zones = dict(zip(*(stores[name].to_pylist() for name in columns), strict=True))
    log = read_decisions(place, day)
    return log.to_pylist(), zones, without_sale(log)


def _find(place: Place, day: date, sale: str) -> dict[str, Any]:
    before, _, link = sale.rpartition("#")
    if (named := _DAY_OF_LINK.search(before)) and named[1] != str(day):
        raise ConfigurationError(
            f"the link is to a sale in the report of {named[1]}, and --day is {day}: give the day"
            " of the report"
        )
    if link.startswith("sale-"):
        ledgers = Partitions(place, "ledger", day)
        for store_id in ledgers.stores:
            ledger = ledgers.of(store_id)
            for row, key in enumerate(ledger.select(SALE_KEY).to_pylist()):
                if SaleKey.of(key).sale_id == link:
                    _check_page(before, store_id)
                    return dict(ledger.slice(row, 1).to_pylist()[0])
    else:
        store_id, slash, number = sale.partition("/")
        if not slash:
            raise ConfigurationError(
                f"{sale!r} names no sale: write STORE/NUMBER or STORE/TILL/NUMBER, or the part of"
                " the sale's link in the report that begins with sale-"
            )
        ledger = read_day(place, "ledger", day, [store_id])
        names = [
            (row["transaction_id"], f"{row['till_id']}/{row['transaction_id']}")
            for row in ledger.select(SALE_KEY).to_pylist()
        ]
        found = [row for row, own in enumerate(names) if number in own]
        if len(found) == 1:
            return dict(ledger.slice(found[0], 1).to_pylist()[0])
        if found:
            raise ConfigurationError(_candidates(place, day, sale, ledger.take(found)))
    raise ConfigurationError(f"{sale!r} is no alcohol sale of {day} below {place}")


def _check_page(page: str, store_id: str) -> None:
    """Refuse a link to a sale on the page of a store that it is not of."""
    name = re.split(r"[/\\]", page)[-1]
    if name.startswith("store-") and name != store_page(store_id):
        raise ConfigurationError(
            f"the link is to {name}, and the sale is of {store_id}: copy the link of the sale again"
        )


def _candidates(place: Place, day: date, sale: str, found: pa.Table) -> str:
    """What to write instead of a name that several sales have."""
    (store_id,) = set(found["store_id"].to_pylist())
    coverage = read_day(place, "coverage", day, [store_id], ["time_zone"])
    zone = ZoneInfo(coverage["time_zone"][0].as_py())
    told = ", ".join(
        f"till {row['till_id']} at {row['started_at'].astimezone(zone):%H:%M:%S}"
        f" ({SaleKey.of(row).sale_id})"
        for row in found.select(SALE_KEY).to_pylist()
    )
    return (
        f"{sale!r} is the name of {found.num_rows} sales of {day}: {told}; name one by its"
        " STORE/TILL/NUMBER, or by what stands in brackets"
    )
