"""Partitions and crops."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from auditor.errors import ContractError, SourceError
from auditor.storage import settled, store
from auditor.storage.files import Place
from auditor.storage.layout import crop_path
from auditor.tables import REJECTS, UNKNOWN_STORE

_DAY = date(2026, 3, 27)


@pytest.fixture
def out(tmp_path: Path) -> Place:
    return Place(str(tmp_path))


def _reject(store_id: str) -> pa.Table:
    row = {"stage": "sources", "reason": "r", "source": "s", "detail": "d", "store_id": store_id}
    return REJECTS.from_rows([row])


def test_a_day_is_read_back_in_the_order_of_its_stores(out: Place) -> None:
    for store_id in ("S002", "S001"):
        store.write_partition(out, "rejects", _DAY, store_id, _reject(store_id))
    assert store.read_day(out, "rejects", _DAY)["store_id"].to_pylist() == ["S001", "S002"]
    assert store.read_day(out, "rejects", _DAY, ["S002"])["store_id"].to_pylist() == ["S002"]
    assert store.read_day(out, "rejects", date(2026, 3, 28)) == REJECTS.empty()


def test_the_same_table_gives_the_same_bytes(out: Place) -> None:
    path = f"rejects/day={_DAY}/store=S001/part-0.parquet"
    store.write_partition(out, "rejects", _DAY, "S001", _reject("S001"))
    first = out.read(path)
    store.write_partition(out, "rejects", _DAY, "S001", _reject("S001"))
    assert out.read(path) == first


def test_a_table_of_another_schema_is_refused_on_writing_and_on_reading(out: Place) -> None:
    with pytest.raises(ContractError, match="missing"):
        store.write_partition(out, "ledger", _DAY, "S001", _reject("S001"))
    store.write_table(out, f"ledger/day={_DAY}/store=S001/part-0.parquet", _reject("S"), REJECTS)
    with pytest.raises(ContractError, match="missing"):
        store.read_day(out, "ledger", _DAY)


def test_stores_that_are_gone_leave_no_partition(out: Place) -> None:
    for store_id in ("S001", "S002"):
        store.write_partition(out, "rejects", _DAY, store_id, _reject(store_id))
    store.remove_other_stores(out, "rejects", _DAY, ["S001"])
    assert out.folders(f"rejects/day={_DAY}") == ["store=S001"]


def test_a_day_that_is_not_wholly_settled_is_not_read(out: Place) -> None:
    stores = ["S001", "S002"]
    settled.begin(out, _DAY, stores)
    store.write_partition(out, "rejects", _DAY, "S001", _reject("S001"))
    with pytest.raises(SourceError, match="not wholly settled"):
        store.read_day(out, "rejects", _DAY)
    settled.begin(out, _DAY, ["S001"])  # one store alone does not make the day whole
    settled.end(out, _DAY, ["S001"], whole=False)
    with pytest.raises(SourceError, match="not wholly settled"):
        store.read_day(out, "rejects", _DAY)
    for store_id in ("S002", UNKNOWN_STORE):
        store.write_partition(out, "rejects", _DAY, store_id, _reject(store_id))
    settled.end(out, _DAY, stores, whole=True)
    assert store.read_day(out, "rejects", _DAY).num_rows == 3


def test_a_partition_that_is_gone_is_an_error_and_no_day_without_it(out: Place) -> None:
    settled.begin(out, _DAY, ["S001"])
    settled.end(out, _DAY, ["S001"], whole=True)
    with pytest.raises(SourceError, match=r"store=S001/part-0\.parquet is not there"):
        store.read_day(out, "rejects", _DAY)


def test_a_day_of_an_earlier_version_is_read_by_a_listing(out: Place) -> None:
    for store_id in ("S001", "S002"):
        store.write_partition(out, "rejects", _DAY, store_id, _reject(store_id))
    settled.begin(out, _DAY, ["S002"])  # a store of it is audited again
    settled.end(out, _DAY, ["S002"], whole=False)
    assert store.read_day(out, "rejects", _DAY)["store_id"].to_pylist() == ["S001", "S002"]


def test_a_crop_is_named_by_nothing_that_a_till_wrote() -> None:
    path = crop_path(_DAY, "S001", "../../etc/passwd\n<script>")
    assert path.startswith("crops/day=2026-03-27/store=S001/")
    assert path.rpartition("/")[2].removesuffix(".jpg").isalnum()


def test_crops_that_nobody_has_to_look_at_are_removed(out: Place) -> None:
    kept, gone = (crop_path(_DAY, "S001", t) for t in ("kept", "gone"))
    out.write(kept, b"")
    out.write(gone, b"")
    store.remove_crops(out, _DAY, "S001", [kept])
    assert list(out.files("crops")) == [kept]


def test_crops_expire_after_their_days_and_not_before(out: Place) -> None:
    for day in (1, 2, 3):
        out.write(crop_path(date(2026, 3, day), "S001", "T"), b"")
    out.write("crops/notes/kept.txt", b"")
    assert store.expire_days(out, "crops", date(2026, 3, 2)) == ["crops/day=2026-03-01"]
    assert out.folders("crops") == ["day=2026-03-02", "day=2026-03-03", "notes"]
    assert store.expire_days(out, "crops", date(2026, 3, 2)) == []
