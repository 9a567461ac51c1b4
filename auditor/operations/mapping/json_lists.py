"""What JSON objects have: names of plain values, and lists of objects, maybe of ID checks."""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from auditor.operations.mapping.names import likeness
from auditor.operations.mapping.traits import Traits, traits_of
from auditor.operations.mapping.words import check_word

_ALIKE = 0.6  # likeness of a list's name that is enough
_OF_LINES = ("sku", "description", "category", "quantity", "amount")
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


def lines_within(objects: Sequence[Mapping[str, Any]]) -> tuple[str, str] | None:
    """A list, and the list in its members that seems to hold the lines; None if there is none.

    The lines are the list with the most names of what articles have.
    """
    best = {"": max((_likeness_of_lines(m) for _, m in _members(objects)), default=0.0)}
    inside = {}
    for outer, members in _members(objects):
        for name, inner in _members(members):
            inside[f"{outer}.{name}"] = outer
            best[f"{outer}.{name}"] = _likeness_of_lines(inner)
    found = max(best, key=lambda name: best[name])
    return (inside[found], found) if found else None


def one_object_each(outer: str) -> str:
    """The filter for jq that writes an object for each member of a list."""
    path = "".join(f".{json.dumps(part, ensure_ascii=False)}" for part in outer.split("."))
    return f"{path}[] as $one | {path} = $one"


def plain_names(objects: Iterable[Mapping[str, Any]], records: Sequence[str]) -> tuple[str, ...]:
    """The dotted names of objects, and of the records in them, that have plain values."""
    several = list(objects)
    names = dict.fromkeys(name for each in several for name in _leaves(each, "", records))
    # What is null or a text in one object may be a list in the next.
    return tuple(name for name in names if name not in lists_of(several))


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


def _members(
    objects: Sequence[Mapping[str, Any]],
) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """The members of each list of objects in some objects, by dotted name."""
    for name in lists_of(objects):
        members: list[Mapping[str, Any]] = []
        for each in objects:
            inner: Any = each
            for part in name.split("."):
                inner = inner.get(part) if isinstance(inner, Mapping) else None
            members += [one for one in inner or () if isinstance(one, Mapping)]
        yield name, members


def _likeness_of_lines(members: Sequence[Mapping[str, Any]]) -> float:
    """How many of the columns that articles have are in the members of a list."""
    names = plain_names(members, ())
    alike = (max((likeness(name, role) for name in names), default=0.0) for role in _OF_LINES)
    return sum(each for each in alike if each >= _ALIKE)


def _lists(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, int]]:
    """Each list of objects by dotted name, and how many names its first object has."""
    for name, inner in value.items():
        if isinstance(inner, list) and inner and all(isinstance(each, dict) for each in inner):
            yield f"{prefix}{name}", len(inner[0])
        elif isinstance(inner, dict):
            yield from _lists(inner, f"{prefix}{name}.")
