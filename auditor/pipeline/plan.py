"""Plans a day: collects what there is to audit, and cuts it into batches."""

import hashlib
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version

from auditor.errors import ContractError
from auditor.pipeline.batches import BatchWriter
from auditor.pipeline.collect import collect_day
from auditor.pipeline.day import Day, workspace
from auditor.pipeline.plans import Plan, find_plan, plan_path
from auditor.sales import purchases
from auditor.storage.parquet import write_table
from auditor.storage.place import Place
from auditor.tables import DAILY, PURCHASES, REJECTS, STORE_DAYS
from auditor.telemetry import emit

#: Beginning of the names of the folders in a day's workspace where rows wait during planning.
_SPOOLS = "spool"


def plan(day: Day, *, again: bool = False) -> Plan:
    """Read, validate and collect the day's sales, and divide them into balanced batches.

    ``again``: another day's run completes the day, whose own run told what it lacks.

    Raises:
        SourceError: there is no till export of the day, and the policy lists no store to miss it.
        ConfigurationError: an address is wrong, or the policy does not list a store of the job.
        ModelError: the policy's version of the age model is not there.
    """
    start, out, work = time.perf_counter(), day.out, workspace(day.date)
    _ = day.model_card  # a version that is not there fails before anything is written
    spools = f"{_SPOOLS}-{secrets.token_hex(4)}"  # another run may be planning the day
    if out.is_local:  # there the lock is held, and these folders are a killed run's
        _clear(out, work, lambda name: name.startswith(_SPOOLS))
    collected = collect_day(day, f"{work}/{spools}")
    if not again:
        collected.warn()
    files = collected.files()
    plan_id = _plan_id(day, files)
    try:
        before = find_plan(out, day.date)
    except ContractError:  # of another version of the program
        before = None
    if before is None or before.id != plan_id:
        out.remove(plan_path(day.date))
        _clear(out, work, lambda name: name != plan_id and not name.startswith(_SPOOLS))
    size = day.job.batch_size
    sales = BatchWriter(out, day.date, plan_id, "sales", size)
    baskets = BatchWriter(out, day.date, plan_id, "baskets", size)
    rejected, rejects, bought = 0, list[int](), list[int]()
    planned = Plan(day.date, plan_id, (), files, day.policy.sha256, day.mapping_sha256, 0, (), ())
    for number, bucket in collected.buckets():
        sales.add(bucket.sales)
        baskets.add(purchases.unscored(bucket.purchases))
        rejected += bucket.rejects.num_rows
        for name, table, schema, buckets in (
            ("purchases", bucket.purchases, PURCHASES, bought),
            ("rejects", bucket.rejects, REJECTS, rejects),
        ):
            if table.num_rows:
                buckets.append(number)
                write_table(out, planned.bucket_path(name, number), table, schema)
    sales.close()
    baskets.close()
    store_days = collected.store_days()
    write_table(out, planned.coverage_path, store_days, STORE_DAYS)
    told = {"camera_days": collected.camera_days(), "input_notes": collected.notes()}
    for name, table in {**collected.exported(), **told}.items():
        write_table(out, planned.exported_path(name), table, DAILY[name])
    planned = replace(
        planned,
        batches=(*sales.batches, *baskets.batches),
        files=collected.files(used=True),
        sales=sales.rows,
        rejects=tuple(rejects),
        purchases=tuple(bought),
        reach=collected.reach(),
    )
    out.write(plan_path(day.date), planned.to_json())
    out.remove(f"{work}/{spools}")
    emit(
        "planned",
        day.date,
        stores=store_days.num_rows,
        sales=planned.sales,
        batches=len(planned.batches),
        rejects=rejected,
        seconds=time.perf_counter() - start,
    )
    return planned


def _plan_id(day: Day, files: tuple[tuple[str, str], ...]) -> str:
    """The hash of all that the results of the steps depend on."""
    basis = {
        "auditor_version": version("auditor"),
        "batch_size": day.job.batch_size,
        "files": files,
        "mapping_sha256": day.mapping_sha256,
        "model_sha256": day.model_card.sha256(day.rules.runtime),
        "policy_sha256": day.policy.sha256,
        "snapshots": day.job.snapshots,
        "stores": day.job.stores,
    }
    return hashlib.sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest()[:12]


def _clear(out: Place, folder: str, which: Callable[[str], bool]) -> None:
    for name in filter(which, out.folders(folder)):
        out.remove(f"{folder}/{name}")
