"""Applies a mapping's entry: the columns of a file become the audit's own, still as text.

Work is done on the distinct texts of a column: tills, articles and prices repeat.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import translate
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.iso8601 import CLOCK, DATE, OFFSET
from auditor.clock.local_time import Flags
from auditor.mapping import epochs
from auditor.mapping.formats import time_format
from auditor.mapping.models import NUMBERS, WORDS, Entry, Source
from auditor.mapping.numbers import MISREAD, NumberFormat, times_quantity
from auditor.mapping.yes_no import says_no

_POSSIBLE = rf"\A{DATE}(?:T(?:{CLOCK}|24:00:00(?:\.0+)?){OFFSET}?)?\z"


class Unnamed(NamedTuple):
    """A value that the mapping does not name.

    Attributes:
        column: ours.
        text: the value.
        origin: the file's columns that it may be from.
        kept: whether it stays as it is.
    """

    column: str
    text: str
    origin: tuple[str, ...]
    kept: bool


@dataclass(frozen=True)
class Applied:
    """The audit's columns of some records, as text.

    ``noticed`` counts the rows of each value that the mapping does not name, and that was kept,
    became what ``otherwise`` says, or was passed over by a part of ``first_of`` or ``join``.
    """

    cells: pa.Table
    noticed: Counter[Unnamed]


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
        if text is not None and name == "path" and entry.files:
            # As Windows writes it in an index; what leads out of the folder still does, with '/'.
            text = pc.replace_substring(text.cast(pa.string()), "\\", "/")
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
    noticed: Counter[Unnamed] = field(default_factory=Counter)

    def column(
        self, name: str, source: Source, *, last: bool = True, asked: Flags | None = None
    ) -> pa.Array | None:
        """The text of a column; None if the file has nothing of it.

        Unless it is the ``last`` resort, a value that ``values`` does not name counts as empty.
        ``asked`` are the rows in which the source is looked at; None for all.
        """
        text = self._origin(name, source, asked)
        if text is None:
            return None
        is_number = name in NUMBERS and source.column is not None
        if not (source.values or source.time or source.date or source.epoch or is_number):
            return text
        encoded = text.dictionary_encode()
        unique = pc.utf8_trim_whitespace(encoded.dictionary)
        if source.values:
            rows = _rows_of(encoded, asked)
            unique = self._named(name, source, unique, rows, last=last)
        if source.time:
            unique = _possible(unique, time_format(source.time).to_iso(unique))
        if source.date:
            unique = self._dates(name, source.date, unique)
        if source.epoch == epochs.EXCEL:
            unique = epochs.from_excel(unique, is_part=not last)
        elif source.epoch == epochs.OF_DAY:
            unique = epochs.from_seconds_of_day(unique)
        elif source.epoch:
            unique = epochs.to_iso(unique, source.epoch)
        found = pa.DictionaryArray.from_arrays(encoded.indices, unique)
        if is_number:
            found = self._plain(source, found)
        return self._of_all(found) if source.each else found

    def _plain(self, source: Source, text: pa.DictionaryArray) -> pa.DictionaryArray:
        """Numbers as the audit writes them."""
        unique = text.dictionary
        written = self._entry.numbers.to_plain(unique, source.divide)
        texts = pa.DictionaryArray.from_arrays(text.indices, written)
        numbers = self._numeric.get(source.column or "")
        if numbers is None or written.equals(unique):
            return texts
        # A number is what it is, beside texts in the till's notation too.
        plain = NumberFormat().to_plain(unique, source.divide).take(text.indices)
        mixed = pc.if_else(pa.array(numbers), plain, texts.cast(pa.string()))
        return mixed.dictionary_encode()

    def _of_all(self, price: pa.DictionaryArray) -> pa.Array:
        """The price of one times the quantity of each row."""
        # What is noticed of the quantity counts once, where that column is made.
        others = replace(self, noticed=Counter())
        quantity = others.column("quantity", self._entry.source("quantity"))
        return price if quantity is None else times_quantity(price, quantity)

    def _origin(self, name: str, source: Source, asked: Flags | None) -> pa.Array | None:
        if source.column is not None:
            known = source.column in self._cells.column_names
            return self._cells[source.column].combine_chunks() if known else None
        if source.constant is not None:
            return self._repeated(source.constant)
        if source.path is not None:
            text = self._path.get(source.path, "")
            return self._repeated(text) if isinstance(text, str) else text
        if source.first_of:
            return self._first(name, source.first_of, asked)
        parts = [self.column(name, each, last=False, asked=asked) for each in source.join]
        given = [part.cast(pa.string()) for part in parts if part is not None]
        if not given:
            return None
        joined = pc.binary_join_element_wise(*given, source.separator)
        return pc.utf8_trim_whitespace(joined)

    def _first(self, name: str, sources: Sequence[Source], asked: Flags | None) -> pa.Array | None:
        """The first text of each row that is not empty; the rest is not looked at."""
        first = None
        for source in sources:
            part = self.column(name, source, last=False, asked=asked)
            if part is None:
                continue
            part = part.cast(pa.string())
            first = part if first is None else pc.if_else(_is_empty(first), part, first)
            waiting: Flags = _is_empty(first).to_numpy(zero_copy_only=False)
            asked = waiting if asked is None else asked & waiting
        return first

    def _repeated(self, text: str) -> pa.Array:
        indices = pa.array(np.zeros(self._cells.num_rows, np.int32))
        return pa.DictionaryArray.from_arrays(indices, pa.array([text], pa.string()))

    def _named(
        self, name: str, source: Source, unique: pa.Array, rows: Sequence[int], *, last: bool
    ) -> pa.Array:
        """What each distinct text becomes; ``rows`` is how often it was asked for."""
        find, known = _Values(source.values), WORDS.get(name, ())
        became = []
        for text, count in zip(unique.to_pylist(), rows, strict=True):
            word, silent = find(text), True
            if word is None:
                word = text
                is_age = name == "required_age" and text.isdecimal()
                if text and text.casefold() not in known and not is_age:
                    word, silent = _instead(text, source.otherwise, known, last=last)
            became.append(word)
            if count and not silent:
                unnamed = Unnamed(name, text, source.all_columns, kept=word == text)
                self.noticed[unnamed] += count
        return pa.array(became, pa.string())

    def _dates(self, name: str, form: str, unique: pa.Array) -> pa.Array:
        found = time_format(form)
        dates = _possible(unique, found.to_iso(unique, date_only=True))
        if name != "birth_date" or "y" not in found.parts:
            return dates
        # Of a year in two digits, the last before the sale is meant.
        earlier = pc.replace_substring_regex(dates, r"\A20(\d\d-)", r"19\1")
        return pc.if_else(pc.greater_equal(dates, str(self._day)), earlier, dates)


def _possible(text: pa.Array, iso: pa.Array) -> pa.Array:
    """Times in ISO 8601; where there is no such time, the file's text, marked so as to be none."""
    kept = pc.or_(pc.equal(text, iso), pc.match_substring_regex(iso, _POSSIBLE))
    return pc.if_else(kept, iso, pc.binary_join_element_wise(text, MISREAD, ""))


def _is_empty(text: pa.Array) -> pa.Array:
    return pc.equal(pc.utf8_trim_whitespace(text), "")


def _rows_of(encoded: pa.DictionaryArray, asked: Flags | None) -> list[int]:
    """In how many of the rows that are asked for each distinct text stands."""
    codes = encoded.indices.to_numpy()
    codes = codes if asked is None else codes[asked]
    rows: list[int] = np.bincount(codes, minlength=len(encoded.dictionary)).tolist()
    return rows


def _instead(
    text: str, otherwise: str | None, known: Collection[str], *, last: bool
) -> tuple[str, bool]:
    """What a text becomes that is not named, and whether nobody need hear of it."""
    if not last:
        # An empty word goes on to the next source: a no does so by itself.
        return otherwise or "", otherwise == "" or (otherwise is None and says_no(text))
    if otherwise is not None:
        return otherwise, False
    return text, bool(known)  # one of the audit's words is wanted: the cell is rejected


def left_out(entry: Entry, cells: pa.Table) -> Flags:
    """Which rows of a file's cells the entry leaves out, shape (rows,)."""
    flags = np.zeros(cells.num_rows, np.bool_)
    for name, texts in entry.leave_out.items():
        if name not in cells.column_names:
            continue
        named = _Values(dict.fromkeys(texts, ""))
        encoded = cells[name].cast(pa.string()).combine_chunks().dictionary_encode()
        distinct = encoded.dictionary.to_pylist()
        matching = np.array([named(text) is not None for text in distinct], np.bool_)
        flags |= matching[encoded.indices.to_numpy()]
    return flags


class _Values:
    """What the values of a mapping become: exact ones first, then those with an asterisk."""

    def __init__(self, values: Mapping[str, str]) -> None:
        folded = {_folded(text): word for text, word in values.items()}
        self._exact = folded
        self._like = [(_pattern(text), word) for text, word in folded.items() if "*" in text]

    def __call__(self, text: str) -> str | None:
        """What a text becomes; None if it is not named."""
        text = _folded(text)
        if (word := self._exact.get(text)) is not None:
            return word
        return next((word for pattern, word in self._like if pattern.match(text)), None)


def _pattern(text: str) -> re.Pattern[str]:
    """Of a word in which ``*`` stands for any characters and ``?`` for one; brackets are plain."""
    return re.compile(translate(text.replace("[", "[[]")))


def _folded(text: str) -> str:
    """A word as words are compared: without case, and however its accents are composed."""
    return unicodedata.normalize("NFC", text.strip().casefold())
