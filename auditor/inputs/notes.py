"""Notes: what was noticed about a file and costs no row."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.faces.formats import ENDS
from auditor.inputs.counts import SourceCounts
from auditor.inputs.day_files import SourceFile
from auditor.inputs.formats.base import Records
from auditor.inputs.showing import shown, shown_word
from auditor.inputs.validation import Rows
from auditor.mapping import Pattern, Unnamed
from auditor.tables import INPUT_NOTES

#: Of a file's values that the mapping does not name, the commonest are noted.
MOST_VALUES = 100

_IDS = ("transaction_id", "store_id", "till_id", "cashier_id", "sku", "snapshot_id")


def missing_file(pattern: str) -> pa.Table:
    """INPUT_NOTES: that the day has no file of an entry, by its pattern."""
    return INPUT_NOTES.from_rows([{"kind": "missing_file", "value": shown(pattern), "rows": 0}])


@dataclass
class Pictures:
    """The pictures of a folder, by whether a pattern of frames fits them.

    ``pattern`` is the one whose folder it is, and ``others`` are all of the mapping; with none,
    nothing is noted.
    """

    pattern: Pattern
    others: Sequence[Pattern]
    fitting: int = 0
    left_out: int = 0
    example: str = ""

    def fits(self, path: str) -> dict[str, str] | None:
        """What a path says by the pattern; None if it does not fit, and the picture is counted."""
        said = self.pattern.match(path)
        if said is None and not (self.others and path.lower().endswith(ENDS)):
            return None
        if said is not None or any(other.match(path) is not None for other in self.others):
            self.fitting += 1
        else:
            self.left_out += 1
            self.example = self.example or path
        return said

    def notes(self) -> pa.Table:
        """INPUT_NOTES, if most pictures are left out."""
        if self.left_out <= self.fitting:
            return INPUT_NOTES.empty()
        note = {
            "kind": "left_out_frames" if self.fitting else "unmatched_frames",
            "column": shown(self.pattern.text),
            "value": shown(self.example.encode(errors="replace").decode()),
            "rows": self.left_out,
        }
        return INPUT_NOTES.from_rows([note])


class Notes:
    """Collects the notes of a file."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self._rows = 0
        self._left_out = 0
        self._empty = False
        self._columns: dict[str, str] = {}
        self._sheets: dict[str, None] = {}
        self._values: Counter[tuple[str, str]] = Counter()
        self._widths: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._local: Counter[str | None] = Counter()

    def add(self, part: Records, missing: list[str], values: Counter[Unnamed]) -> None:
        """Add what a part of the file shows; ``part`` has the audit's own columns."""
        self._rows += len(part.numbers)
        self._columns |= dict.fromkeys(part.unread, "unread_column")
        self._columns |= dict.fromkeys(missing, "missing_column")
        self._sheets |= dict.fromkeys(part.unread_sheets)
        for unnamed, count in values.items():
            self._values[unnamed.column, self._shown(unnamed)] += count
        for name in part.numeric.keys() & set(_IDS).intersection(part.cells.column_names):
            numbers = part.cells[name].filter(pa.array(part.numeric[name]))
            encoded = numbers.combine_chunks().dictionary_encode()
            rows = np.bincount(encoded.indices.to_numpy(), minlength=len(encoded.dictionary))
            widths = pc.utf8_length(encoded.dictionary).to_pylist()
            for width, count in zip(widths, rows.tolist(), strict=True):
                self._widths[name][width] += count if width else 0

    def add_left_out(self, rows: int) -> None:
        """Add rows that the mapping leaves out."""
        self._left_out += rows

    def add_empty(self) -> None:
        """Add that the file, a till export, has no row at all."""
        self._empty = True

    def add_local(self, rows: Rows, counts: Mapping[str | None, SourceCounts]) -> None:
        """Add times without an offset, of stores whose time zone nothing says."""
        for store, counted in counts.items():
            if counted.times_read_as_local and not rows.has_zone(store):
                self._local[store] += counted.times_read_as_local

    def table(self) -> pa.Table:
        """INPUT_NOTES."""
        notes = [self._note(kind, name, self._rows) for name, kind in self._columns.items()]
        notes += [
            self._note("unread_sheet", None, 0) | {"value": shown(name)} for name in self._sheets
        ]
        for (column, value), rows in self._values.most_common(MOST_VALUES):
            notes.append(self._note("unmapped_value", column, rows) | {"value": value})
        for column, widths in self._widths.items():
            widest = max(widths, default=0)
            if narrower := sum(rows for width, rows in widths.items() if width < widest):
                notes.append(self._note("lost_zeros", column, narrower))
        notes += [
            self._note("local_time", None, rows) | {"store_id": store}
            for store, rows in self._local.items()
        ]
        if self._left_out:
            notes.append(self._note("left_out", None, self._left_out))
        if self._empty:
            notes.append(self._note("empty_export", None, 0) | {"value": shown(self._file.path)})
        return INPUT_NOTES.from_rows(notes)

    def _shown(self, unnamed: Unnamed) -> str:
        """A value that the mapping does not name, or that it is withheld."""
        columns = (unnamed.column, *unnamed.origin)
        personal = self._file.entry.personal if self._file.entry else ()
        return shown_word(unnamed.text, columns, personal, kept=unnamed.kept)

    def _note(self, kind: str, column: str | None, rows: int) -> dict[str, object]:
        return {
            "store_id": self._file.store,
            "kind": kind,
            "source": self._file.path,
            "column": None if column is None else shown(column),
            "rows": rows,
        }
