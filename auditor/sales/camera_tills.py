"""Tills that frames name and exports do not: often the same till, written otherwise."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

_MOST = 5  # tills of the export that are named
_ALIKE = 0.6  # of two names, from which one may be meant by the other; as in difflib


def unknown_till(till: str, known: Iterable[str]) -> str:
    """Which tills the export has instead, in words; ``known`` are those of the store, at least one.

    The nearest come first: those of the same number (``3``, ``T03`` and ``03``), then those that
    are written most alike.
    """
    number = _number(till)
    alike = {each: _ratio(till, each) for each in set(known)}
    same = {each for each in alike if _number(each) == number != ""}
    ordered = sorted(alike, key=lambda each: (each not in same, -alike[each], each))
    first = ordered[0]
    is_meant = len(same) == 1 or (not same and alike[first] >= _ALIKE)
    named = f"{', '.join(ordered[:_MOST])}{', ...' if len(ordered) > _MOST else ''}"
    return f"the export has {named}{f'; did you mean {first}?' if is_meant else ''}"


def _number(till: str) -> str:
    """The digits at the end of a till's name, without leading zeros."""
    found = re.search(r"(\d+)\D*\Z", till)
    return found[1].lstrip("0") or "0" if found else ""


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one.casefold(), other.casefold()).ratio()
