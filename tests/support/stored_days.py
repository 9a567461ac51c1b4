"""Days below an OUT as an audit leaves them, without running one: rows of report_day.py, stored."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from auditor import pipeline
from auditor.pipeline import Job
from auditor.policy import load_policy
from auditor.sales.identity import SaleKey
from auditor.storage import revisions
from auditor.storage.layout import crop_path
from auditor.storage.place import Place
from auditor.tables import LEDGER, PROVENANCE, STORE_DAYS, ByStore
from tests.support import report_day
from tests.support.report_day import DAY, POLICY


def picture(seed: int) -> bytes:
    """A JPEG of noise: bytes that are nowhere else."""
    pixels = np.random.default_rng(seed).integers(0, 256, (64, 64, 3), np.uint8)
    done, content = cv2.imencode(".jpg", pixels)
    assert done
    return bytes(content)


def write_policy(folder: Path, **keys: Any) -> Path:
    """The policy of report_day.POLICY as a file, with more keys."""
    lines = ['[chain]\nname = "Corner & Sons"', "[stores]"]
    lines += [f'{s} = {{ name = "{d.name}" }}' if d.name else f"{s} = {{}}" for s, d in _stores()]
    lines += ["[[policy]]", "effective_from = 2026-01-01", 'time_zone = "Europe/London"']
    lines += [f"{key} = {value}" for key, value in ({"min_exposure": 4} | keys).items()]
    path = folder / "policy.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _stores() -> Any:
    return POLICY.stores.items()


def store_day(
    out: Path,
    policy: Path,
    day: date = DAY,
    rows: Sequence[dict[str, Any]] | None = None,
    **rests_on: str,
) -> None:
    """Store a day, crops and report included; without rows, the day of report_day.py.

    ``rests_on`` are columns of PROVENANCE that are to be others than usual.
    """
    rows = report_day.ledger_rows() if rows is None else rows
    shift = day - DAY
    moved = [_moved(row, shift, day) for row in rows]
    place = Place(str(out))
    ledger = ByStore(LEDGER.from_rows(moved))
    rules = load_policy(str(policy))
    days = [
        report_day.store_day(
            store_id,
            export_files=1,
            transactions=4 * ledger.of(store_id).num_rows,
            alcohol_sales=ledger.of(store_id).num_rows,
        )
        for store_id in POLICY.stores
    ]
    for row in days:
        store_id = row["store_id"]
        hashes = {
            "store_id": store_id,
            "inputs_sha256": "1a" * 32,
            "policy_sha256": rules.sha256,
            "model": "age_resnet50/1",
            "model_sha256": "3c" * 32,
            "auditor_version": "0.1.0",
        } | rests_on
        tables = {
            "ledger": ledger.of(store_id),
            "rejects": report_day.rejects().slice(0, 0),
            "coverage": STORE_DAYS.from_rows([row]),
            "provenance": PROVENANCE.from_rows([hashes]),
        }
        revisions.replace(place, day, store_id, tables)
    for number, row in enumerate(moved):
        if row.get("crop"):
            place.write(row["crop"], picture(day.toordinal() * 1000 + number))
    pipeline.report_day(Job(day, "", "", str(out), str(policy)))


def _moved(row: dict[str, Any], by: timedelta, day: date) -> dict[str, Any]:
    times = {n: row[n] + by for n in ("started_at", "sold_at", "id_check_at") if row.get(n)}
    moved = row | times
    crop = row.get("crop") and crop_path(day, row["store_id"], SaleKey.of(moved).sale_id)
    return moved | {"crop": crop}
