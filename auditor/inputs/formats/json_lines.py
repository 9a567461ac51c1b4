"""One JSON line: its object, with numbers as they are written."""

import json
from collections import Counter
from typing import Any

from auditor.inputs.formats import base
from auditor.inputs.formats.rows import Number
from auditor.inputs.showing import shown


class LineError(Exception):
    """Why a line is no record; says nothing of its values."""


def parsed(line: str) -> dict[str, Any]:
    """A line's object; its numbers are :class:`Number`.

    Raises:
        LineError: it holds none, or one that is not plain to read.
    """
    if len(line) > base.BLOCK_BYTES:
        raise LineError("is longer than 16 MiB")
    try:
        item = _DECODER.decode(line)
    except json.JSONDecodeError as error:
        raise LineError(f"is no JSON ({error.msg} at character {error.pos + 1})") from None
    except RecursionError:
        raise LineError("is nested too deeply") from None
    if not isinstance(item, dict):
        raise LineError("is no JSON object: each line has to hold one, without commas between")
    return item


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    item = dict(pairs)
    if len(item) < len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise LineError(f"has the name {shown(twice)} twice")
    return item


def _constant(text: str) -> Any:
    raise LineError(f"holds {text}, which is no JSON")


def _number(text: str) -> Number:
    """A number with a point or an exponent; a whole one without its point."""
    whole, _, decimals = text.partition(".")
    return Number(whole if not decimals.strip("0") and "e" not in text.lower() else text)


_DECODER = json.JSONDecoder(
    parse_int=Number, parse_float=_number, parse_constant=_constant, object_pairs_hook=_object
)
