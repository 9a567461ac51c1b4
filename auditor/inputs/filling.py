"""Fills empty cells that repeat the one above, as reports of orders and pivot tables leave them."""

from dataclasses import astuple, replace
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import Flags
from auditor.inputs.formats.base import Filled, Records


class Filling:
    """Fills the parts of one file, in their order.

    What stands above a malformed record is not carried past it: it may have begun another receipt.
    Nor is anything carried from one table of a file to the next, such as from sheet to sheet.
    """

    def __init__(self, filled: Filled) -> None:
        self._filled = filled
        self._above: dict[str, str] = {}  # the last cell of each column, as filled
        self._cut = False  # whether a malformed record stands behind the last part

    def fill(self, part: Records) -> Records:
        """A part of the file with its cells filled."""
        if not (self._filled.columns or self._filled.within):
            return part
        if part.begins_table:
            self._above, self._cut = {}, False
        cells, cut = part.cells, self._behind_malformed(part)
        begun = self._numbered(cells) | cut
        for name in self._filled.columns:
            cells = self._with(cells, name, cut)
        begun |= self._changed(cells)
        for name in self._filled.within:
            cells = self._with(cells, name, begun)
        for name in dict.fromkeys(chain(*astuple(self._filled))):
            if name in cells.column_names and cells.num_rows:
                self._above[name] = cells[name][-1].as_py()
        return replace(part, cells=cells)

    def _with(self, cells: pa.Table, name: str, anew: Flags) -> pa.Table:
        """The cells with a column filled; rows that begin ``anew`` take nothing from above."""
        if name not in cells.column_names:
            return cells
        text = cells[name].combine_chunks()
        source = np.where(_written(text) | anew, np.arange(1, len(text) + 1), 0)
        above = pa.concat_arrays([pa.array([self._above.get(name, "")], text.type), text])
        taken = above.take(pa.array(np.maximum.accumulate(source)))
        return cells.set_column(cells.column_names.index(name), name, taken)

    def _behind_malformed(self, part: Records) -> Flags:
        """The rows directly behind a malformed record."""
        count = len(part.numbers)
        bad = np.array([record.number for record in part.malformed], np.int64)
        places = np.searchsorted(part.numbers, bad)
        behind = np.zeros(count + 1, np.bool_)
        behind[places] = True
        behind[0] |= self._cut
        self._cut = bool(behind[count])
        return behind[:count]

    def _numbered(self, cells: pa.Table) -> Flags:
        """The rows in which a number that is blank in the other lines of a receipt is written.

        It may be the same as above: another till's, or another day's.
        """
        found = np.zeros(cells.num_rows, np.bool_)
        for name in self._filled.number:
            if name in self._filled.columns and name in cells.column_names:
                found |= _written(cells[name].combine_chunks())
        return found

    def _changed(self, cells: pa.Table) -> Flags:
        """The rows whose number, store, till or time is another than in the row above."""
        names = [name for name in self._filled.number if name in cells.column_names]
        # Without a number nothing tells the receipts apart.
        found = np.full(cells.num_rows, not names)
        if cells.num_rows:
            for name in (*names, *self._filled.place):
                if name not in cells.column_names:
                    continue
                text = cells[name].combine_chunks()
                first = pa.array([self._above.get(name, "")], text.type)
                above = pa.concat_arrays([first, text.slice(0, len(text) - 1)])
                found |= pc.not_equal(text, above).to_numpy(zero_copy_only=False)
        return found


def _written(text: pa.Array) -> Flags:
    flags: Flags = pc.not_equal(pc.utf8_trim_whitespace(text), "").to_numpy(zero_copy_only=False)
    return flags
