"""What JSON objects have: names of plain values, and lists of objects, maybe of ID checks."""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from auditor.operations.mapping.names import likeness
from auditor.operations.mapping.traits import Traits, traits_of
from auditor.operations.mapping.words import check_word

_ALIKE = 0.6  # likeness of a list's name that is enough
_MOSTLY = 0.5  # share of words of ID checks that is enough


def parsed(line: str) -> dict[str, Any] | None:
    """The object of a line; None if it is none."""
    with contextlib.suppress(ValueError, RecursionError):
        found = json.loads(line)
        return found if isinstance(found, dict) else None
    return None


def lists_of(objects: Iterable[Mapping[str, Any]]) -> list[str]:
    """The lists of objects in some objects, by dotted name, those of the most names first."""
    sizes: dict[str, int] = {}
    for each in objects:
        for name, size in _lists(each):
            sizes[name] = max(size, sizes.get(name, 0))
    return sorted(filter(sizes.get, sizes), key=lambda name: -sizes[name])


def plain_names(objects: Iterable[Mapping[str, Any]], records: Sequence[str]) -> tuple[str, ...]:
    """The dotted names of objects, and of the records in them, that have plain values."""
    several = list(objects)
    names = dict.fromkeys(name for each in several for name in _leaves(each, "", records))
    lists = lists_of(several)  # what is null in one object may be a list in the next
    return tuple(name for name in names if name not in lists)


def is_of_checks(name: str, columns: Mapping[str, Sequence[str]]) -> bool:
    """Whether a list holds ID checks, by its name or by the words in its columns."""
    if likeness(name.rpartition(".")[2], "id_check") >= _ALIKE:
        return True
    return any(certain_checks(own, traits_of(cells)) > _MOSTLY for own, cells in columns.items())


def certain_checks(name: str, own: Traits) -> float:
    """Which share of a column's words can only be those of ID checks."""
    known = [check_word(text, name) for text in own.texts]
    sure = sum(each is not None and each.sure and each.word != "none" for each in known)
    return sure / max(len(known), 1)


def _leaves(value: Any, prefix: str, records: Sequence[str]) -> Iterator[str]:
    for name, inner in value.items() if isinstance(value, Mapping) else ():
        dotted = f"{prefix}{name}"
        if isinstance(inner, dict):
            yield from _leaves(inner, f"{dotted}.", records)
        elif dotted in records and isinstance(inner, list):
            for each in inner:
                yield from _leaves(each, f"{dotted}.", records)
        elif not isinstance(inner, list):
            yield dotted


def _lists(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, int]]:
    """Each list of objects by dotted name, and how many names its first object has."""
    for name, inner in value.items():
        if isinstance(inner, list) and inner and all(isinstance(each, dict) for each in inner):
            yield f"{prefix}{name}", len(inner[0])
        elif isinstance(inner, dict):
            yield from _lists(inner, f"{prefix}{name}.")
