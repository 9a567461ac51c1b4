"""Guesses a CSV file's encoding, delimiter, preamble and header from its first bytes."""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from auditor.inputs.formats.base import BYTE_ORDER_MARKS, encoding_of
from auditor.operations.mapping.text_encoding import guess_encoding

_DELIMITERS = ";\t|,"
_LINES = 200  # that are looked at
_MOST_PREAMBLE = 30
_FEW_CELLS = 3  # a line of a wide table has as many
_APOSTROPHES = re.compile(r"(?:^|[;,|\t])'[^']*'(?:[;,|\t]|$)", re.MULTILINE)
_VALUE = re.compile(
    r"[-+(]?[€$£]?\s*\d[\d.,' ]*\)?\s*%?|\d{1,4}[-./]\d{1,2}[-./]\d{1,4}.*|\d{1,2}:\d\d.*|"
    r"true|false|null",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class CsvGuess:
    """Keys of a mapping's entry, where they differ from the usual, and what is not certain."""

    keys: dict[str, Any]
    remarks: tuple[str, ...]


def guess_csv(head: bytes) -> CsvGuess:
    """How a CSV file with this start is written."""
    keys: dict[str, Any] = {}
    remarks: list[str] = []
    encoding, note = _encoding(head)
    if encoding:
        keys["encoding"] = encoding
    if note:
        remarks.append(note)
    name, mark = encoding_of(head, encoding)
    text = head.removeprefix(mark).decode(name, errors="replace")
    lines = text.splitlines()[:_LINES]
    delimiter, quote = _delimiter(lines)
    if delimiter != ",":
        keys["delimiter"] = delimiter
    if quote != '"':
        keys["quote"] = quote
    rows = list(islice(csv.reader(lines, delimiter=delimiter, quotechar=quote), _LINES))
    width = Counter(len(row) for row in rows if len(row) > 1).most_common(1)
    columns = width[0][0] if width else 1
    if columns > 1 and not any("".join(row[columns - 1 :]).strip() for row in rows):
        columns -= 1  # a delimiter ends each record: the reader passes over it
        rows = [row[:columns] for row in rows]
    start = _first_row(rows, columns)
    if start:
        keys["skip_lines"] = start
        remarks.append(f"skip_lines: {start} lines stand before the table")
    if header_row([row for row in rows[start:] if row]) != 0:
        keys["header"] = unnamed(columns)
        remarks.append("header: its first line holds values; give the columns names of your own")
    return CsvGuess(keys, tuple(remarks))


def _first_row(rows: Sequence[Sequence[str]], columns: int) -> int:
    """Where a table of so many columns begins; lines before it may be filled up with delimiters."""
    for at, row in enumerate(rows[:_MOST_PREAMBLE]):
        filled = sum(bool(cell.strip()) for cell in row)
        if len(row) >= columns and (filled >= _FEW_CELLS or columns <= _FEW_CELLS):
            return at
    return 0


def header_row(rows: Sequence[Sequence[str]]) -> int | None:
    """Which row holds the names of the columns; None if there is none.

    It is the first that is as wide as the table, and names no values.
    """
    widths = Counter(sum(bool(cell.strip()) for cell in row) for row in rows)
    widest = max((w for w, count in widths.items() if count > 1 or len(rows) < 3), default=0)
    for at, row in enumerate(rows[:_MOST_PREAMBLE]):
        given = [cell.strip() for cell in row if cell.strip()]
        if len(given) < max(2, 0.7 * widest) and widest > 1:
            continue
        if any(_VALUE.fullmatch(cell) for cell in given) or len(set(given)) < len(given):
            return None
        return at if given else None
    return None


def unnamed(count: int) -> tuple[str, ...]:
    """Names for columns that have none: as a sheet names them, A to Z, AA and so on."""
    return tuple(_letters(number) for number in range(count))


def _letters(number: int) -> str:
    return (_letters(number // 26 - 1) if number >= 26 else "") + chr(ord("A") + number % 26)


def _encoding(head: bytes) -> tuple[str | None, str | None]:
    """The encoding, None where the reader finds it by itself; and what is not certain."""
    if head.startswith(tuple(BYTE_ORDER_MARKS)):
        return None, None
    even, odd = head[0:4096:2].count(0), head[1:4096:2].count(0)
    size = len(head[:4096]) // 2
    if size and max(even, odd) > 0.3 * size:
        return ("utf-16-le" if odd > even else "utf-16-be"), None
    try:
        codecs.utf_8_decode(head, "strict", False)
    except UnicodeDecodeError:
        name, said = guess_encoding(head)
        return name, f"encoding: {said}"
    return None, None


def _delimiter(lines: Sequence[str]) -> tuple[str, str]:
    text = "\n".join(lines)
    quote = "'" if '"' not in text and _APOSTROPHES.search(text) else '"'
    best = (0.0, ",")
    for delimiter in _DELIMITERS:
        rows = [row for row in csv.reader(lines, delimiter=delimiter, quotechar=quote) if row]
        widths = Counter(len(row) for row in rows)
        width, count = widths.most_common(1)[0] if widths else (1, 0)
        if width > 1:
            # Decimal commas split evenly as well, but a table has more columns with its own sign.
            best = max(best, (count / len(rows) * (width - 0.5), delimiter))
    return best[1], quote
