"""Partitions and crops."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from auditor.errors import ContractError, SourceError
from auditor.sales.identity import SaleKey
from auditor.storage import finalised
from auditor.storage.layout import crop_path
from auditor.storage.parquet import write_table
from auditor.storage.partitions import read_day, remove_other_stores, write_partition
from auditor.storage.place import Place
from auditor.storage.retention import expire_days, remove_crops
from auditor.tables import LEDGER, REJECTS, UNKNOWN_STORE

_DAY = date(2026, 3, 27)


@pytest.fixture
def out(tmp_path: Path) -> Place:
    return Place(str(tmp_path))


def _reject(store_id: str) -> pa.Table:
    row = {"stage": "inputs", "reason": "r", "source": "s", "detail": "d", "store_id": store_id}
    return REJECTS.from_rows([row])


def test_a_day_is_read_back_in_the_order_of_its_stores(out: Place) -> None:
    for store_id in ("S002", "S001"):
        write_partition(out, "rejects", _DAY, store_id, _reject(store_id))
    assert read_day(out, "rejects", _DAY)["store_id"].to_pylist() == ["S001", "S002"]
    assert read_day(out, "rejects", _DAY, ["S002"])["store_id"].to_pylist() == ["S002"]
    assert read_day(out, "rejects", date(2026, 3, 28)) == REJECTS.empty()


def test_the_same_table_gives_the_same_bytes(out: Place) -> None:
    path = f"rejects/day={_DAY}/store=S001/part-0.parquet"
    write_partition(out, "rejects", _DAY, "S001", _reject("S001"))
    first = out.read(path)
    write_partition(out, "rejects", _DAY, "S001", _reject("S001"))
    assert out.read(path) == first


def test_a_table_of_another_schema_is_refused_on_writing_and_on_reading(out: Place) -> None:
    with pytest.raises(ContractError, match="missing"):
        write_partition(out, "ledger", _DAY, "S001", _reject("S001"))
    other = replace(REJECTS, version=LEDGER.version)
    write_table(out, f"ledger/day={_DAY}/store=S001/part-0.parquet", _reject("S"), other)
    with pytest.raises(ContractError, match="missing"):
        read_day(out, "ledger", _DAY)


def test_stores_that_are_gone_leave_no_partition(out: Place) -> None:
    for store_id in ("S001", "S002"):
        write_partition(out, "rejects", _DAY, store_id, _reject(store_id))
    remove_other_stores(out, "rejects", _DAY, ["S001"])
    assert out.folders(f"rejects/day={_DAY}") == ["store=S001"]


def test_a_day_that_is_not_wholly_finalised_is_not_read(out: Place) -> None:
    stores = ["S001", "S002"]
    finalised.begin(out, _DAY, stores)
    write_partition(out, "rejects", _DAY, "S001", _reject("S001"))
    with pytest.raises(SourceError, match="not wholly finalised"):
        read_day(out, "rejects", _DAY)
    finalised.begin(out, _DAY, ["S001"])  # one store alone does not make the day whole
    finalised.end(out, _DAY, ["S001"], whole=False)
    with pytest.raises(SourceError, match="not wholly finalised"):
        read_day(out, "rejects", _DAY)
    for store_id in ("S002", UNKNOWN_STORE):
        write_partition(out, "rejects", _DAY, store_id, _reject(store_id))
    finalised.end(out, _DAY, stores, whole=True)
    assert read_day(out, "rejects", _DAY).num_rows == 3


def test_a_partition_that_is_gone_is_an_error_and_no_day_without_it(out: Place) -> None:
    finalised.begin(out, _DAY, ["S001"])
    finalised.end(out, _DAY, ["S001"], whole=True)
    with pytest.raises(SourceError, match=r"store=S001/part-0\.parquet is not there"):
        read_day(out, "rejects", _DAY)


def test_without_its_list_of_stores_a_day_is_read_by_a_listing(out: Place) -> None:
    for store_id in ("S001", "S002"):
        write_partition(out, "rejects", _DAY, store_id, _reject(store_id))
    finalised.begin(out, _DAY, ["S002"])  # a store of it is audited again
    finalised.end(out, _DAY, ["S002"], whole=False)
    assert read_day(out, "rejects", _DAY)["store_id"].to_pylist() == ["S001", "S002"]


def _sale_id(number: str) -> str:
    return SaleKey("S001", "../1", number, datetime(2026, 3, 27, 12, tzinfo=UTC)).sale_id


def test_a_crop_is_named_by_nothing_that_a_till_wrote() -> None:
    path = crop_path(_DAY, "S001", _sale_id("../../etc/passwd\n<script>"))
    assert path.startswith("crops/day=2026-03-27/store=S001/")
    assert re.fullmatch(r"sale-[0-9a-f]{16}\.jpg", path.rpartition("/")[2])


def test_crops_that_need_no_review_are_removed(out: Place) -> None:
    kept, gone = (crop_path(_DAY, "S001", _sale_id(t)) for t in ("kept", "gone"))
    out.write(kept, b"")
    out.write(gone, b"")
    remove_crops(out, _DAY, "S001", [kept])
    assert list(out.files("crops")) == [kept]


def test_crops_expire_after_their_days_and_not_before(out: Place) -> None:
    for day in (1, 2, 3):
        out.write(crop_path(date(2026, 3, day), "S001", _sale_id("T")), b"")
    out.write("crops/notes/kept.txt", b"")
    assert expire_days(out, "crops", date(2026, 3, 2)) == ["crops/day=2026-03-01"]
    assert out.folders("crops") == ["day=2026-03-02", "day=2026-03-03", "notes"]
    assert expire_days(out, "crops", date(2026, 3, 2)) == []
