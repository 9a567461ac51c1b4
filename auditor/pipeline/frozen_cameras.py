"""Frozen cameras of a scored day (sales/frozen.py): found before anything is drawn or written."""

from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter

import numpy as np
import pyarrow as pa

from auditor.clock.local_time import Flags
from auditor.pipeline.batches import Batch
from auditor.sales.frozen import NEEDED, frozen, without_faces
from auditor.sales.identity import SALE_KEY, SaleKey
from auditor.storage.parquet import read_table
from auditor.storage.place import Place
from auditor.tables import CAMERA_DAYS, LEDGER, ByStore


class FrozenCameras:
    """The sales of a day whose frames frozen cameras took."""

    def __init__(self, out: Place, batches: Iterable[Batch]) -> None:
        """Find them in the ledgers of all batches with sales, in order.

        Raises:
            OSError: a batch is not scored.
        """
        self._sales: set[SaleKey] = set()
        divided = (ByStore(read_table(out, b.ledger_path, LEDGER, NEEDED)) for b in batches)
        parts = ((store, table.of(store)) for table in divided for store in table.in_order)
        for _, of_store in groupby(parts, key=lambda part: part[0]):
            ledger = pa.concat_tables(part for _, part in of_store)
            rows = ledger.filter(pa.array(frozen(ledger))).select(SALE_KEY)
            self._sales.update(map(SaleKey.of, rows.to_pylist()))

    def others(self, keys: Iterable[SaleKey]) -> list[SaleKey]:
        """Those of some sales that are none of them."""
        return [key for key in keys if key not in self._sales]

    def judged(self, ledger: pa.Table) -> pa.Table:
        """LEDGER without what frozen frames seemed to tell."""
        return without_faces(ledger, self._are(ledger))

    def without(self, posteriors: pa.Table) -> pa.Table:
        """POSTERIORS of the other sales."""
        return posteriors.filter(pa.array(~self._are(posteriors)))

    def counted(self, camera_days: pa.Table) -> pa.Table:
        """CAMERA_DAYS that say of how many sales each camera was frozen."""
        sales = Counter(map(attrgetter("store_id", "till_id"), self._sales))
        cameras = zip(*(camera_days[n].to_pylist() for n in ("store_id", "till_id")), strict=True)
        counts = pa.array([sales[camera] for camera in cameras], pa.int32())
        place = camera_days.column_names.index("frozen")
        return camera_days.set_column(place, CAMERA_DAYS.arrow.field("frozen"), counts)

    def _are(self, sales: pa.Table) -> Flags:
        if not self._sales:
            return np.zeros(sales.num_rows, np.bool_)
        keys = map(SaleKey.of, sales.select(SALE_KEY).to_pylist())
        return np.array([key in self._sales for key in keys], np.bool_)
