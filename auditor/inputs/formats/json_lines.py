"""One JSON line: its object, with numbers as they are written, and the records in it."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from auditor.inputs.formats import base
from auditor.inputs.formats.rows import Number
from auditor.inputs.showing import shown

#: What to do about a list within a list.
FLATTEN = "write an object for each member of the outer list"
_DEEPEST = 16  # objects inside objects


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


def members(parent: dict[str, Any], lists: Sequence[str]) -> list[dict[str, Any]]:
    """The members of an object's lists, list after list, each with what is around the lists.

    Of several lists an object may lack some, as a receipt without a check may have no list of them.
    One object in a list's place is a list of one, as those are written that are made of XML.

    Raises:
        LineError: it has none of the lists, something else in one's place, or too many members.
    """
    if not any(name in parent for name in lists):
        for name in lists:
            outer = next((at for at in _above(name) if isinstance(parent.get(at), list)), None)
            if outer is not None:
                raise LineError(f"has {shown(name)} within the list {shown(outer)}; {FLATTEN}")
        raise LineError(f"has no list {' or '.join(map(shown, lists))}")
    found = {name: parent.pop(name, None) for name in lists}
    rows = []
    for name, inside in found.items():
        if inside in (None, "", {}):
            continue
        if not isinstance(inside, (list, dict)):
            raise LineError(f"holds no list in {shown(name)}")
        several = inside if isinstance(inside, list) else [inside]
        rows += [(name, member) for member in several]
    if len(rows) * length(parent) > base.BLOCK_BYTES:
        raise LineError(f"is too large with its {len(rows):,} members")
    return [parent | flat({name: member}) for name, member in rows]


def _above(name: str) -> list[str]:
    """The dotted names of what a value is in."""
    return [name[: dot.start()] for dot in re.finditer(r"\.", name)]


def flat(
    item: dict[str, Any], lists: Sequence[str] = (), prefix: str = "", depth: int = 1
) -> dict[str, Any]:
    """The same values by dotted names; lists stay, and an object in place of one of ``lists``."""
    if not prefix and dict not in set(map(type, item.values())):
        return item
    if depth > _DEEPEST:
        raise LineError(f"is nested more than {_DEEPEST} deep")
    found: dict[str, Any] = {}
    for name, value in item.items():
        nested = isinstance(value, dict) and prefix + name not in lists
        parts = (
            flat(value, lists, f"{prefix}{name}.", depth + 1) if nested else {prefix + name: value}
        )
        if twice := found.keys() & parts.keys():
            raise LineError(f"has the name {shown(min(twice))} twice")
        found |= parts
    return found


def length(row: dict[str, Any]) -> int:
    """The characters of an object's texts, and the members of its lists."""
    return sum(len(value) for value in row.values() if isinstance(value, (str, list)))


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
