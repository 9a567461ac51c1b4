"""Blanks before quotation marks (``"a", "b"``), which a parser of CSV takes for a cell's text."""

import re

from auditor.inputs.formats import base


class BlanksBeforeQuotes:
    """Leaves them out of a file's bytes, part by part; ``quote`` may be empty."""

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
