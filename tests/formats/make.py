"""Write a small stored day as the program of some commit writes it; README.md has the commands.

It has to run with the code of any commit, so it uses what all of them have and looks for the rest.
The sales are those of the tests' ``report_day.py`` at that commit, made by hand; no file of a face.
"""

import importlib.util
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import report_day

from auditor import tables
from auditor.policy import Policy
from auditor.storage import store
from auditor.storage.files import Place

DAY, STORE = date(2026, 3, 27), "S001"


def main(folder: Path) -> None:
    """Write ``folder/out`` and ``folder/policy.toml``."""
    from auditor.demo.policy import policy_toml

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "policy.toml").write_bytes(policy_toml())
    policy, out = Policy.from_toml(policy_toml(), origin="policy.toml"), Place(str(folder / "out"))
    rows = [_without_script(row) for row in report_day.ledger_rows()]
    ledger = tables.LEDGER.from_rows(rows)
    day = report_day.store_day(STORE, export_files=1, alcohol_sales=len(rows), transactions=40)
    hashes = {"store_id": STORE, "inputs_sha256": "1a" * 32, "policy_sha256": policy.sha256}
    hashes |= {"model": "age_resnet50/1", "model_sha256": "3c" * 32, "auditor_version": "0.1.0"}
    for name, table in {
        "ledger": ledger,
        "rejects": report_day.rejects().slice(1, 1),
        "coverage": tables.STORE_DAYS.from_rows([day]),
        "provenance": tables.PROVENANCE.from_rows([hashes]),
    }.items():
        store.write_partition(out, name, DAY, STORE, table)
    if "insights" in tables.STORED:
        baskets = tables.INSIGHTS.from_rows([_basket()])
        store.write_partition(out, "insights", DAY, STORE, baskets)
    if importlib.util.find_spec("auditor.later_days"):
        from auditor.later_days import ForLaterDays

        kept = ForLaterDays(DAY, policy, "age_resnet50/1")
        kept.add(day, ledger)
        kept.write(out)
    if importlib.util.find_spec("auditor.deciding"):
        from auditor.deciding import decide
        from auditor.decisions import Judgement

        says = Judgement("looks_older", "A. Officer", datetime(2026, 3, 28, 12, tzinfo=UTC))
        decide(str(folder / "out"), DAY, f"{STORE}/T002", says)


def _without_script(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"cashier_id": row["cashier_id"] if row["cashier_id"].isalnum() else "C09"}


def _basket() -> dict[str, Any]:
    line = {"sku": "1", "description": "Merlot 75cl", "category": "wine", "alcohol": True}
    numbers = tables.INSIGHTS.arrow.field("group_starts").type != "string"
    return {
        "store_id": STORE,
        "hour": 12,
        "alcohol_sale": True,
        "currency": "GBP",
        "lines": [line | {"quantity": Decimal(1), "amount": Decimal("8.50")}],
        "model": "age_resnet50/1",
        "group_starts": [18, 25] if numbers else "18,25",
        "groups": [0.25, 0.5, 0.25],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
