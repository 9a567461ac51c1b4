"""The ID-check trail of a sale: what was recorded, in order of time."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from auditor.clock.birthdays import completed_years
from auditor.report.sales import Step
from auditor.report.text import words
from auditor.sales.checks import CHECK_OUT_OF_TIME

_KINDS = ("scan", "frame", "check", "sale", "birth_date")


def trail_of(row: Mapping[str, Any], zone: ZoneInfo) -> tuple[tuple[Step, ...], tuple[float, ...]]:
    """The events recorded of a sale in LEDGER, and where on their time line lines were scanned.

    Returns:
        The steps, those without a time last, and the scans, from 0 (first event) to 1 (last).
    """
    sold_at: datetime = row["sold_at"]
    check_at = row["id_check_at"].astimezone(zone) if row["id_check_at"] else None
    said = words.other_check if is_other_check(row) else partial(words.till_record, row["id_check"])
    steps = [
        Step(sold_at.astimezone(zone), words.SALE_COMPLETED, "sale"),
        Step(check_at, said(row["id_check_by"]), "check"),
    ]
    lines = [line for line in row["basket"] if line["sold_at"]]
    scanned = [line["sold_at"] for line in lines]
    if alcohol := [line for line in lines if line["alcohol"]]:
        first = min(alcohol, key=lambda line: line["sold_at"])
        text = words.scanned(first["description"] or first["sku"], limit=40)
        steps.append(Step(first["sold_at"].astimezone(zone), text, "scan"))
    if row["snapshot_offset_s"] is not None:
        frame_at = sold_at + timedelta(seconds=row["snapshot_offset_s"])
        steps.append(Step(frame_at.astimezone(zone), words.CAMERA_FRAME, "frame"))
    if row["birth_date"]:
        years = recorded_years(row["birth_date"], sold_at.astimezone(zone).date())
        steps.append(Step(None, words.recorded_birth_date(years), "birth_date"))
    # A check at another time, days away perhaps, would leave no room on the line for the sale.
    away = check_at if is_other_check(row) else None
    times = [t for t in (*scanned, *(step.at for step in steps)) if t and t != away]
    start, seconds = min(times), (max(times) - min(times)).total_seconds()

    def along(at: datetime) -> float:
        return (at - start).total_seconds() / seconds if seconds else 0.0

    placed = [
        replace(step, along=along(step.at)) if step.at and step.at != away else step
        for step in steps
    ]
    return tuple(sorted(placed, key=_by_time)), tuple(sorted(along(at) for at in scanned))


def is_other_check(row: Mapping[str, Any]) -> bool:
    """Whether the only ID check on record of a row of LEDGER was made at another time."""
    return row["id_check"] == "none" and CHECK_OUT_OF_TIME in row["marks"]


def recorded_years(birth_date: date | None, day: date) -> int | None:
    """Age in completed years on a day, by a birth date on record; None without one."""
    if birth_date is None:
        return None
    days = (np.array([value], "datetime64[D]") for value in (birth_date, day))
    return int(completed_years(*days)[0])


def _by_time(step: Step) -> tuple[float, int]:
    """Order steps by time; steps of one moment in the order in which they happen at a till."""
    return step.at.timestamp() if step.at else float("inf"), _KINDS.index(step.kind)
