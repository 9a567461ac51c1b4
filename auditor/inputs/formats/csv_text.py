"""The bytes of a CSV file as its parser takes them: valid UTF-8, without what would mislead it."""

import codecs
import io
import re
from typing import BinaryIO

from auditor.inputs.formats import base
from auditor.inputs.formats.base import Dialect, encoding_of, unreadable

#: Bytes within which the header has to end; also the least that is read at a time.
HEADER_BYTES = 1 << 20
_REPLACED = "\ufffd".encode()
_MOST_EMPTY = 1 << 19  # empty lines: the parser makes room for a record for each


class Utf8Text(io.RawIOBase):
    """A file's bytes as valid UTF-8, without a byte-order mark, ending in a line break.

    Bytes that are not of its encoding are replaced by U+FFFD: the parser's handler of malformed
    records cannot take them, and one bad cell would cost the whole file.
    """

    def __init__(self, raw: BinaryIO, dialect: Dialect) -> None:
        self._raw = raw
        self._cut = b""  # the start of a character whose end is not read yet
        self._ready = raw.read(HEADER_BYTES)
        encoding, mark = encoding_of(self._ready, dialect.encoding)
        self._decoder = None
        if encoding != "utf-8":
            self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._quote = dialect.quote.encode()
        self._blank_line = _blank_line(dialect.delimiter)
        self._blanks: _BlanksBeforeQuotes | None = None
        self.damaged = False
        self.quotes = self._empty = 0
        self.malformed = 0  # lines of it that its parser has rejected
        self._ended = False
        self._ready = self._repaired(self._ready.removeprefix(mark))

    def readable(self) -> bool:
        """True."""
        return True

    def head(self) -> str:
        """The text of the first ``HEADER_BYTES``; they stay to be read."""
        return self._ready.decode(errors="replace")

    def skip_lines(self, count: int) -> None:
        """Pass over lines at the start.

        Raises:
            UnusableError: there are fewer.
        """
        for _ in range(count):
            line, self._ready = _first_line(self._ready)
            if not line:
                raise unreadable(f"it has fewer than {count} lines before its header")
            self.quotes -= self._count_quotes(line)

    def skip_blanks(self, dialect: Dialect) -> None:
        """Leave out blanks before quotation marks, if the first line has some."""
        blanks = _BlanksBeforeQuotes(dialect.delimiter, dialect.quote)
        if blanks.are_in(_first_line(self._ready)[0]):  # a file of one line has no rows
            self._blanks = blanks
            self._ready = blanks.left_out(self._ready)

    def read(self, size: int = -1) -> bytes:
        """The next bytes, all of them if ``size`` is negative."""
        while not self._ended and (size < 0 or len(self._ready) < size):
            more = self._raw.read(max(size - len(self._ready), HEADER_BYTES))
            self._ended = not more
            more = self._repaired(more) if more else self._repaired(b"", last=True) + b"\n"
            self._ready += self._blanks.left_out(more, last=self._ended) if self._blanks else more
        end = len(self._ready) if size < 0 else size
        some, self._ready = self._ready[:end], self._ready[end:]
        return some

    def _repaired(self, more: bytes, *, last: bool = False) -> bytes:
        if self._decoder is not None:
            text = self._decoder.decode(more, last)
            more = text.encode()
            self.damaged |= _REPLACED in more
        self.quotes += self._count_quotes(more)
        if any(start in more for start in (b"\n ", b"\n\t", b"\r ", b"\r\t")):  # else much slower
            more = self._blank_line.sub(b"", more)
        self._empty += sum(more.count(pair) for pair in (b"\n\n", b"\r\r", b"\n\r\n"))
        if self._empty > _MOST_EMPTY:
            raise unreadable(f"it has more than {_MOST_EMPTY:,} empty lines")
        if self._decoder is not None or (more.isascii() and not self._cut):
            return more
        content = self._cut + more
        try:
            _, used = codecs.utf_8_decode(content, "strict", last)
            repaired = content[:used]
        except UnicodeDecodeError:
            text, used = codecs.utf_8_decode(content, "replace", last)
            repaired, self.damaged = text.encode(), True
        self._cut = content[used:]
        return repaired

    def _count_quotes(self, some: bytes) -> int:
        return some.count(self._quote) if self._quote else 0


def _blank_line(delimiter: str) -> re.Pattern[bytes]:
    """Finds the blanks of a line that has nothing else: the parser is slow to pass over one."""
    blanks = b"".join({b" ", b"\t"} - {delimiter.encode()})
    return re.compile(rb"(?<=[\r\n])[%b]+(?=[\r\n])" % blanks)


def _first_line(some: bytes) -> tuple[bytes, bytes]:
    """The first line with its end, and what follows."""
    line = some[: some.find(b"\n") + 1]
    if b"\r" in (line or some) and not line.endswith(b"\r\n"):
        line = some[: some.find(b"\r") + 1]
    return line, some[len(line) :]


class _BlanksBeforeQuotes:
    """Leaves out blanks before quotation marks (``"a", "b"``), part by part; there may be no mark.

    A parser of CSV takes them for a cell's text, and the marks with them.
    """

    def __init__(self, delimiter: str, quote: str) -> None:
        sign, mark = (re.escape(each.encode()) for each in (delimiter, quote))
        # Two marks are an empty cell before a delimiter, else one mark inside of a cell.
        self._pattern = re.compile(rb"(?<=%b) +(?=%b(?!%b[^%b%b\r\n]))" % (sign, *[mark] * 3, sign))
        self._possible = bool(quote) and delimiter != " "
        self._held = b""  # a line whose end is not read yet

    def are_in(self, line: bytes) -> bool:
        """Whether a line has some."""
        return self._possible and self._pattern.search(line) is not None

    def left_out(self, more: bytes, *, last: bool = False) -> bytes:
        """What can be passed on, now that there is more."""
        some = self._held + more
        line_end = max(some.rfind(b"\n"), some.rfind(b"\r")) + 1
        end = len(some) if last or len(some) > base.BLOCK_BYTES else line_end
        self._held = some[end:]
        return self._pattern.sub(b"", some[:end])
