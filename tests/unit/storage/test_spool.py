"""What is spooled comes back whole, store by store in the order it came, wherever it waited."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.storage import spool
from auditor.storage.place import Place
from auditor.storage.spool import Spool, bucket_of
from auditor.tables import REJECTS
from tests.support.samples import row

STORES = [None, "S1", "S2", "S10", "G00001"]


def rejects(first: int, stores: list[str | None]) -> pa.Table:
    """Rows of these stores, numbered from ``first`` on."""
    numbered = enumerate(stores, start=first)
    return REJECTS.from_rows(row(REJECTS, store_id=s, row=n) for n, s in numbered)


def rows_by_bucket(
    buckets: int, waiting: int, parts: list[list[str | None]]
) -> dict[int, pa.Table]:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(spool, "BUCKETS", buckets)
        patch.setattr(spool, "WAITING", waiting)
        filled, first = Spool(REJECTS, Place(folder), "rejects"), 0
        for stores in parts:
            filled.add(rejects(first, stores))
            first += len(stores)
        assert bool(list(Path(folder).rglob("*.arrow"))) == (first >= waiting)
        return {number: filled.bucket(number) for number in range(buckets)}


@settings(max_examples=60)
@given(
    st.lists(st.lists(st.sampled_from(STORES), max_size=9), max_size=6),
    st.sampled_from([1, 2, 7, 64]),
    st.sampled_from([1, 4, 10**6]),
)
def test_every_row_comes_back_once_and_in_its_store_s_order(
    parts: list[list[str | None]], buckets: int, waiting: int
) -> None:
    given_rows = [s for part in parts for s in part]
    found = rows_by_bucket(buckets, waiting, parts)
    for store_id in STORES:
        wanted = [n for n, s in enumerate(given_rows) if s == store_id]
        homes = [n for n, t in found.items() if store_id in t["store_id"].to_pylist()]
        assert len(homes) == bool(wanted)
        back = [r["row"] for n in homes for r in found[n].to_pylist() if r["store_id"] == store_id]
        assert back == wanted
    assert all(table.schema == REJECTS.arrow for table in found.values())


def test_the_bucket_of_a_store_is_the_same_in_every_process() -> None:
    # python -c "import zlib; print(zlib.crc32(b'S001') % 64, zlib.crc32(b'') % 64)"
    assert (bucket_of("S001"), bucket_of(None)) == (9, 0)
