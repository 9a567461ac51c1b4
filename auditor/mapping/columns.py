"""Applies a mapping's entry: the columns of a file become the audit's own, still as text.

Work is done on the distinct texts of a column: tills, articles and prices repeat.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from fnmatch import translate

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import Flags
from auditor.mapping import epochs
from auditor.mapping.formats import time_format
from auditor.mapping.models import NUMBERS, WORDS, Entry, Source
from auditor.mapping.numbers import NumberFormat


@dataclass(frozen=True)
class Applied:
    """The audit's columns of some records, as text.

    ``noticed`` counts the rows of each column and value that the mapping does not name, and that
    was kept, or became what ``otherwise`` says.
    """

    cells: pa.Table
    noticed: Counter[tuple[str, str]]


def apply(  # noqa: PLR0913  # what is known of a file
    entry: Entry,
    names: Collection[str],
    cells: pa.Table,
    *,
    path: Mapping[str, str | pa.Array],
    day: date,
    numeric: Mapping[str, Flags] | None = None,
) -> Applied:
    """The audit's columns ``names`` of a file's records, as far as they are given.

    Args:
        entry: of the file.
        names: the columns asked for; one that the entry does not name is taken as it is.
        cells: the file's columns, text.
        path: what the path says, by placeholder: one text for all records, or one for each.
        day: the business day, before which everyone was born.
        numeric: of columns of the file, which cells were numbers, not text.
    """
    work = _Work(entry, cells, path, day, numeric or {})
    columns = {}
    for name in names:
        text = work.column(name, entry.source(name))
        if text is not None:
            columns[name] = text
    return Applied(pa.table(columns), work.noticed)


@dataclass
class _Work:
    """The arguments of :func:`apply`, and what was noticed so far."""

    _entry: Entry
    _cells: pa.Table
    _path: Mapping[str, str | pa.Array]
    _day: date
    _numeric: Mapping[str, Flags]
    noticed: Counter[tuple[str, str]] = field(default_factory=Counter)

    def column(self, name: str, source: Source, *, last: bool = True) -> pa.Array | None:
        """The text of a column; None if the file has nothing of it.

        Unless it is the ``last`` resort, a value that ``values`` does not name counts as empty.
        """
        text = self._origin(name, source)
        if text is None:
            return None
        is_number = name in NUMBERS and source.column is not None
        if not (source.values or source.time or source.date or source.epoch or is_number):
            return text
        encoded = text.dictionary_encode()
        unique = pc.utf8_trim_whitespace(encoded.dictionary)
        if source.values:
            unique = self._named(name, source, unique, encoded.indices, last=last)
        if source.time:
            unique = time_format(source.time).to_iso(unique)
        if source.date:
            unique = self._dates(name, source.date, unique)
        if source.epoch == epochs.EXCEL:
            unique = epochs.from_excel(unique, is_part=not last)
        elif source.epoch:
            unique = epochs.to_iso(unique, source.epoch)
        if not is_number:
            return pa.DictionaryArray.from_arrays(encoded.indices, unique)
        written = self._entry.numbers.to_plain(unique, source.divide)
        texts = pa.DictionaryArray.from_arrays(encoded.indices, written)
        numbers = self._numeric.get(source.column or "")
        if numbers is None or written.equals(unique):
            return texts
        # A number is what it is, beside texts in the till's notation too.
        plain = NumberFormat().to_plain(unique, source.divide)
        return pc.if_else(pa.array(numbers), plain.take(encoded.indices), texts.cast(pa.string()))

    def _origin(self, name: str, source: Source) -> pa.Array | None:
        if source.column is not None:
            known = source.column in self._cells.column_names
            return self._cells[source.column].combine_chunks() if known else None
        if source.constant is not None:
            return self._repeated(source.constant)
        if source.path is not None:
            text = self._path.get(source.path, "")
            return self._repeated(text) if isinstance(text, str) else text
        parts = [self.column(name, each, last=False) for each in source.join or source.first_of]
        given = [part.cast(pa.string()) for part in parts if part is not None]
        if not given:
            return None
        if source.join:
            joined = pc.binary_join_element_wise(*given, source.separator)
            return pc.utf8_trim_whitespace(joined)
        first = given[0]
        for other in given[1:]:
            empty = pc.equal(pc.utf8_trim_whitespace(first), "")
            first = pc.if_else(empty, other, first)
        return first

    def _repeated(self, text: str) -> pa.Array:
        indices = pa.array(np.zeros(self._cells.num_rows, np.int32))
        return pa.DictionaryArray.from_arrays(indices, pa.array([text], pa.string()))

    def _named(
        self, name: str, source: Source, unique: pa.Array, codes: pa.Array, *, last: bool
    ) -> pa.Array:
        find, known = _Values(source.values), WORDS.get(name, ())
        became, others = [], {}
        for number, text in enumerate(unique.to_pylist()):
            word = find(text)
            if word is None:
                word = text
                if not text or text.casefold() in known:
                    pass
                elif not last:
                    word = ""
                elif source.otherwise is not None or not known:
                    others[number] = text
                    word = text if source.otherwise is None else source.otherwise
            became.append(word)
        if others:
            rows = np.bincount(codes.to_numpy(), minlength=len(became)).tolist()
            for number, text in others.items():
                self.noticed[name, text] += rows[number]
        return pa.array(became, pa.string())

    def _dates(self, name: str, form: str, unique: pa.Array) -> pa.Array:
        found = time_format(form)
        dates = found.to_iso(unique, date_only=True)
        if name != "birth_date" or "y" not in found.parts:
            return dates
        # Of a year in two digits, the last before the sale is meant.
        earlier = pc.replace_substring_regex(dates, r"\A20(\d\d-)", r"19\1")
        return pc.if_else(pc.greater(dates, str(self._day)), earlier, dates)


class _Values:
    """What the values of a mapping become: exact ones first, then those with an asterisk."""

    def __init__(self, values: Mapping[str, str]) -> None:
        folded = {_folded(text): word for text, word in values.items()}
        self._exact = folded
        self._like = [(re.compile(translate(t)), word) for t, word in folded.items() if "*" in t]

    def __call__(self, text: str) -> str | None:
        """What a text becomes; None if it is not named."""
        text = _folded(text)
        if (word := self._exact.get(text)) is not None:
            return word
        return next((word for pattern, word in self._like if pattern.match(text)), None)


def _folded(text: str) -> str:
    return text.strip().casefold()
