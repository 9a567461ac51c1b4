"""The fast way through JSON lines: many at a time with Arrow, where their values are plain."""

import io
import json
import re
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

_SAMPLE = 20  # lines that show of which kind each name's values are
# Wide enough for any amount or identifier; a number that does not fit takes the slow way.
_NUMBER = pa.decimal128(38, 10)
_MAYBE_EXPONENT = re.compile(r"\d[eE][+-]?\d")


def sample(lines: Sequence[str]) -> list[dict[str, object]]:
    """The first of the lines as objects; none if one of them is something else."""
    try:
        found = [json.loads(line) for line in lines[:_SAMPLE]]
    except (ValueError, RecursionError):
        return []
    return found if all(isinstance(item, dict) for item in found) else []


def plain_cells(
    lines: Sequence[str], objects: Iterable[dict[str, object]], names: Iterable[str]
) -> pa.Table | None:
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
    return None if any(column is None for column in cells.values()) else pa.table(cells)


def _text(column: pa.Array) -> pa.Array | None:
    """A column as text; None if a number is so small that Arrow writes it with an exponent."""
    if column.type == _NUMBER:
        text = pc.utf8_rtrim(pc.utf8_rtrim(column.cast(pa.string()), "0"), ".")
        column = pc.if_else(pc.equal(column, pa.scalar(0, _NUMBER)), "0", text)
        if pc.any(pc.match_substring(column, "E")).as_py():
            return None
    return column.fill_null("")
