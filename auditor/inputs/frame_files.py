"""Frames without an index: their paths say which till they show, and when."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice

import numpy as np
import pyarrow as pa

from auditor.inputs.day_files import dates_named
from auditor.inputs.formats import base
from auditor.inputs.formats.base import Records
from auditor.mapping import Entry
from auditor.storage.place import Place


def named_frames(
    place: Place, entry: Entry, day: date
) -> Iterator[tuple[Records, dict[str, pa.Array]]]:
    """Yield the frames whose paths fit an entry's pattern, and what the paths say by placeholder.

    The records have the columns ``snapshot_id``, ``path`` and ``captured_at`` of the index, and are
    numbered in the order of their paths. Folders that name only days other than ``day`` and its
    neighbours are not entered.
    """
    near = {day + timedelta(days=days) for days in (-1, 0, 1)}
    pattern = entry.pattern

    def may_hold(folder: str) -> bool:
        dates = dates_named(folder)
        return not dates or not dates.isdisjoint(near)

    found = place.files(pattern.folder, enter=may_hold)
    fitting = ((path, said) for path in found if (said := pattern.match(path)) is not None)
    number = base.FIRST_RECORD
    while some := list(islice(fitting, base.PART_ROWS)):
        paths = pa.array([path.encode(errors="replace").decode() for path, _ in some])
        values = {name: pa.array([said[name] for _, said in some]) for name in pattern.placeholders}
        if "time" in values:
            values["time"] = pattern.joined_time(values)
        if "day" in values:
            values["day"] = pattern.iso("day", values["day"])
        columns = {"snapshot_id": paths, "path": paths, "captured_at": values.get("time")}
        cells = pa.table({name: text for name, text in columns.items() if text is not None})
        yield Records(cells, np.arange(number, number + len(some), dtype=np.int64)), values
        number += len(some)
