"""Receipts as a test writes them: a few lines of one transaction, and what is made of them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from auditor.sales import Collected, collect
from auditor.tables import SNAPSHOT_INDEX, TILL_LINES
from tests.support.samples import DAY, line, policy

Row = dict[str, Any]


def item(
    sku: str = "lager", quantity: str = "1", amount: str = "2.00", check: str = "none", **cells: Any
) -> Row:
    """A line of a receipt: a lager of 2.00 at noon without an ID check, where nothing is said."""
    values = {"quantity": Decimal(quantity), "amount": Decimal(amount), "id_check": check}
    return line(sku=sku, **({"category": "beer"} | values | cells))


def bread(check: str = "none", **cells: Any) -> Row:
    """A loaf."""
    return item("bread", amount="1.00", check=check, **({"category": "bakery"} | cells))


def tobacco(check: str = "none", **cells: Any) -> Row:
    """A packet of cigarettes."""
    return item("700", amount="9.00", check=check, **({"category": "tobacco"} | cells))


def check_line(check: str, at: datetime | None = None, **cells: Any) -> Row:
    """A line that carries nothing but an ID check, made when it was rung up."""
    values = {"category": None, **({} if at is None else {"sold_at": at})}
    return item("AGECHECK", "0", "0.00", check, **(values | cells))


def collected(*lines: Row, **rules: Any) -> Collected:
    """What is collected of the lines, by a policy with these rules."""
    rows = [{**row, "row": number} for number, row in enumerate(lines, start=2)]
    return collect(TILL_LINES.from_rows(rows), SNAPSHOT_INDEX.empty(), DAY, policy(**rules))


def sale_of(*lines: Row, **rules: Any) -> Row:
    """The only alcohol sale of the lines."""
    (sale,) = collected(*lines, **rules).sales.to_pylist()
    return dict(sale)


def sales_of_each(*receipts: Sequence[Row]) -> list[Row]:
    """The only alcohol sale of each receipt, without its store.

    Each is put into a store of its own: stores share nothing, and are collected in one go.
    """
    lines = [
        {**row, "store_id": f"S{number}"} for number, rows in enumerate(receipts) for row in rows
    ]
    sales = collected(*lines).sales.to_pylist()
    assert [sale.pop("store_id") for sale in sales] == [f"S{n}" for n in range(len(receipts))]
    return sales


def is_sale(*lines: Row, **rules: Any) -> bool:
    """Whether the lines, of one transaction, are an alcohol sale; else nothing or a return."""
    return collected(*lines, **rules).sales.num_rows == 1
