"""Checks of the last audited day: every store reported, every sale counted, limits kept."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from auditor.faces.model import Card
from auditor.monitoring import completeness
from auditor.monitoring.limits import without_rows
from auditor.operations.health.result import HealthResult, State, failed, ok, warning
from auditor.pipeline import (
    Day,
    Job,
    empty_exports,
    exceeded_limits,
    stored_summary,
    unfinished,
)
from auditor.policy import Policy
from auditor.report.text import completeness as texts
from auditor.report.text import words
from auditor.sales.camera_tills import unknown_till
from auditor.storage.daily import read_daily
from auditor.storage.layout import report_page
from auditor.storage.partitions import read_day
from auditor.storage.place import Place
from auditor.storage.retention import days_of
from auditor.tables import OUTCOMES


def check(job: Job, today: date, policy: Policy) -> Iterator[HealthResult]:
    """Check the stored results of a day that should have been audited by now.

    ``policy`` is the job's; retention counts from ``today``.
    """
    day = job.day
    again = f"run the day again (clear the run in Airflow, or auditor run --day {day})"
    try:
        opened = Day.open(job, policy)
        out = opened.out
        yield _retention(out, policy, today)
        days = read_day(out, "coverage", day)
        if not days.num_rows:
            if unfinished(out, day):
                said, todo = "was begun and is not finished", "wait for it, or"
            else:
                said, todo = "was not audited", "if a run of it failed, see why;"
            yield failed("results", f"{day} {said}", f"{todo} {again}")
            return
        yield _stores(days, policy, day, again, empty_exports(opened))
        yield _counts(
            days, read_day(out, "ledger", day, columns=("store_id", "outcome")), day, again
        )
        yield _limits(exceeded_limits(opened), day)
        yield _report(out, day, again)
        yield from _cameras(out, day)
        yield _tills(out, day)
        yield _missing(out, day, policy)
        yield _provenance(read_day(out, "provenance", day), policy, day, again)
    # A damaged file, or whatever a storage library raises.
    except Exception as error:  # noqa: BLE001
        yield failed("results", f"{day} cannot be read: {error}", again)


def _stores(
    days: pa.Table, policy: Policy, day: date, again: str, empty: Sequence[str]
) -> HealthResult:
    status = _by_store(days, "export_status")
    if unreported := sorted(set(policy.stores) - set(status)):
        return failed(
            "stores",
            f"{len(unreported)} stores of the policy are not in the results of {day}: "
            + words.some(unreported),
            again,
        )
    if missing := sorted(s for s, state in status.items() if state != "read"):
        return warning(
            "stores",
            f"no usable till export of {day} from {len(missing)} of {len(status)} stores: "
            + words.some(missing)
            + (f"; {without_rows(empty)}" if empty else ""),
            f"get the exports, then {again}",
        )
    return ok("stores", f"all {len(status)} reported for {day}")


def _by_store(days: pa.Table, column: str) -> dict[str, Any]:
    return dict(zip(days["store_id"].to_pylist(), days[column].to_pylist(), strict=True))


def _counts(days: pa.Table, ledger: pa.Table, day: date, again: str) -> HealthResult:
    sold = _by_store(days, "alcohol_sales")
    found = Counter(ledger["store_id"].to_pylist())
    wrong = sorted(s for s in {*sold, *found} if sold.get(s, 0) != found.get(s, 0))
    if wrong:
        return failed(
            "counts",
            f"sales counted and sales in the ledger of {day} differ in {words.some(wrong)}",
            f"a defect: keep the ledger of {day} for the engineer, then {again}",
        )
    outcomes = Counter(ledger["outcome"].to_pylist())
    if unknown := sorted(set(outcomes) - set(OUTCOMES)):
        return failed("counts", f"{day}: unknown outcomes {words.some(unknown)}", again)
    parts = ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items()))
    return ok("counts", f"{ledger.num_rows} alcohol sales, each in one outcome: {parts or 'none'}")


def _limits(exceeded: list[str], day: date) -> HealthResult:
    if not exceeded:
        return ok("limits", f"{day} is within the policy's limits")
    return HealthResult(
        "limits",
        State.ABOVE_LIMITS,
        f"{day}: " + "; ".join(exceeded),
        "get what is missing and run the day again, or tell the compliance officer what the "
        "report did not see",
    )


def _report(out: Place, day: date, again: str) -> HealthResult:
    page = report_page(day)
    if not out.exists(page):
        return failed("report", f"there is no {page}", again)
    if unfinished(out, day):
        return warning(
            "report",
            f"{page} is there, and {day} was begun once more and is not finished",
            f"wait for it, or {again}",
        )
    return ok("report", f"{page} is there")


def _cameras(out: Place, day: date) -> Iterator[HealthResult]:
    summary = stored_summary(out, day)
    if summary is None:
        return
    if changed := summary.cameras_to_look_at:
        yield warning(
            "cameras",
            f"{changed} changed on {day} against their own days before",
            f"see #cameras in {report_page(day)} for what to ask the stores",
        )
    else:
        yield ok("cameras", f"none is known to have changed on {day}")


def _tills(out: Place, day: date) -> HealthResult:
    """Whether the exports have the tills that the frames name; stores without an export aside."""
    exported, named = (_tills_of(out, name, day) for name in ("tills", "camera_days"))
    unknown = [
        f"{words.visible(till, 40)} of {store} ({unknown_till(till, exported[store])})"
        for store in named.keys() & exported.keys()
        for till in named[store] - exported[store]
    ]
    if unknown:
        return warning(
            "tills",
            f"the frames of {day} name tills of which it has no transaction: "
            + words.some(sorted(unknown)),
            "if the camera calls a till otherwise than the export, correct it, or map the one to"
            " the other (till_id): no sale gets these frames",
        )
    return ok("tills", f"the exports of {day} have all tills that the frames name")


def _tills_of(out: Place, name: str, day: date) -> dict[str, set[str]]:
    tills: dict[str, set[str]] = defaultdict(set)
    for _, _, table in read_daily(out, name, [day]):
        for row in table.select(["store_id", "till_id"]).to_pylist():
            tills[row["store_id"]].add(row["till_id"])
    return dict(tills)


def _missing(out: Place, day: date, policy: Policy) -> HealthResult:
    found = completeness.compare(out, day, policy)
    if signs := texts.signs(found, day):
        return warning(
            "missing",
            f"signs of sales that the exports of {day} lack: " + "; ".join(signs),
            f"see #missing in {report_page(day)}, and ask whoever exports the tills' data",
        )
    return ok("missing", f"no sign of sales that the exports of {day} lack")


def _provenance(found: pa.Table, policy: Policy, day: date, again: str) -> HealthResult:
    rules = policy.chain_rules(day)
    card = Card.read(rules.model)
    now = {"policy": policy.sha256, "model": card.sha256(rules.runtime)}
    other = [what for what, sha in now.items() if set(found[f"{what}_sha256"].to_pylist()) != {sha}]
    if other:
        return warning(
            "provenance",
            f"{day} was audited with another {' and another '.join(other)} than now holds for it",
            f"if that is not meant, {again}",
        )
    return ok("provenance", f"{day} was audited with the policy and model that hold for it")


def _retention(out: Place, policy: Policy, today: date) -> HealthResult:
    # As the nightly run counts: from the morning on which it runs.
    oldest = today - timedelta(days=policy.chain_rules(today).retention_days)
    late = [d for d in days_of(out, "crops") if d < oldest]
    if late:
        return failed(
            "retention",
            f"faces of {len(late)} days before {oldest} are still there, the oldest of {late[0]}",
            f"delete them today: auditor expire --out OUT --policy FILE --as-of {today}",
        )
    return ok("retention", f"no face is older than {oldest}")
