"""JSON lines many at a time: how they are taken from a file, and read where values are plain."""

import codecs
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from auditor.inputs.formats import base
from auditor.inputs.formats.rows import Cells

_CHUNK = 1 << 22
_SAMPLE = 20  # lines that show of which kind each name's values are
# Wide enough for any amount or identifier; a number that does not fit takes the slow way.
_NUMBER = pa.decimal128(38, 10)
_MAYBE_EXPONENT = re.compile(r"\d[eE][+-]?\d")


class Blocks:
    """A file's lines, some at a time, with the first's number; one that is too long is cut off."""

    def __init__(self, content: BinaryIO, encoding: str | None) -> None:
        self._content, self._encoding = content, encoding
        self.damaged = False  # whether U+FFFD stands in the lines so far

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        chunk = self._content.read(_CHUNK)
        encoding, mark = base.encoding_of(chunk, self._encoding)
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        chunk = chunk.removeprefix(mark)
        number, rest = 1, ""
        while chunk:
            text = decoder.decode(chunk)
            self.damaged |= "\ufffd" in text
            lines = text.split("\n")
            lines[0] = rest + lines[0]
            rest = lines.pop()[: base.BLOCK_BYTES + 1]
            if lines:
                yield number, lines
                number += len(lines)
            chunk = self._content.read(_CHUNK)
        yield number, [rest + decoder.decode(b"", final=True)]


def sample(lines: Sequence[str]) -> list[dict[str, object]]:
    """The first of the lines as objects; none if one of them is something else."""
    try:
        found = [json.loads(line) for line in lines[:_SAMPLE]]
    except (ValueError, RecursionError):
        return []
    return found if all(isinstance(item, dict) for item in found) else []


def plain_cells(
    lines: Sequence[str], objects: Iterable[dict[str, object]], names: Iterable[str]
) -> Cells | None:
    """The values of ``names``, as text; None if the lines have to be looked at one by one.

    A number is the text that it is written as, without zeros at the end of its decimals.

    Args:
        lines: one JSON object each, as far as is known.
        objects: a :func:`sample` of them.
        names: names at the outermost level.
    """
    kinds: dict[str, pa.DataType] = dict.fromkeys(names, pa.string())
    for item in objects:
        for name, value in item.items():
            if name in kinds and type(value) in (int, float):
                kinds[name] = _NUMBER
    content = "\n".join(lines)
    if not all(lines) or (_NUMBER in kinds.values() and _MAYBE_EXPONENT.search(content)):
        return None
    encoded = content.encode()
    try:
        table = pyarrow.json.read_json(
            io.BytesIO(encoded),
            read_options=pyarrow.json.ReadOptions(use_threads=False, block_size=len(encoded) + 1),
            parse_options=pyarrow.json.ParseOptions(
                explicit_schema=pa.schema(kinds.items()), unexpected_field_behavior="ignore"
            ),
        )
    except pa.ArrowException:
        return None
    if table.num_rows != len(lines):
        return None
    cells = {name: _text(table[name].combine_chunks()) for name in kinds}
    if any(column is None for column in cells.values()):
        return None
    numbers = np.ones(len(lines), np.bool_)
    return Cells(pa.table(cells), {n: numbers for n, kind in kinds.items() if kind == _NUMBER})


def _text(column: pa.Array) -> pa.Array | None:
    """A column as text; None if a number is so small that Arrow writes it with an exponent."""
    if column.type == _NUMBER:
        text = pc.utf8_rtrim(pc.utf8_rtrim(column.cast(pa.string()), "0"), ".")
        column = pc.if_else(pc.equal(column, pa.scalar(0, _NUMBER)), "0", text)
        if pc.any(pc.match_substring(column, "E")).as_py():
            return None
    return column.fill_null("")
