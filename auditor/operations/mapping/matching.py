"""Finds which column of a file is which of ours, by its name and by what stands in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from auditor.operations.mapping.names import (
    is_of_staff,
    is_private,
    likeness,
    priced_line,
    tells_void_of_line,
)
from auditor.operations.mapping.traits import Traits, by_content
from auditor.operations.mapping.words import Meaning, is_code, line_word, state_word

SALES = (
    *("sold_at", "sale_date", "sale_time", "transaction_id", "store_id", "till_id", "cashier_id"),
    *("sku", "description", "category", "quantity", "amount", "id_check", "id_check_at"),
    *("id_check_by", "birth_date", "line_type", "transaction_state", "business_date", "resumes"),
    "required_age",
)
SNAPSHOTS = (
    *("captured_at", "sale_date", "sale_time", "snapshot_id", "store_id", "till_id"),
    *("transaction_id", "path"),
)
#: Columns of a customer may tell an age; nothing else is taken from one.
_OF_BUYERS = ("birth_date", "id_check", "required_age")
#: Roles whose content is told from any other, whatever the name.
_TOLD_BY_CONTENT = ("sold_at", "captured_at", "birth_date", "id_check", "path", "category")
#: Roles that each line needs: a column with gaps suits them less.
_EVERY = ("transaction_id", "store_id", "till_id", "sold_at", "sku", "quantity", "amount", "path")
#: Roles of articles: they stand in the records, where a file has lists of them; never with staff.
_OF_ARTICLES = ("sku", "description", "category")
_OF_RECORDS = (*_OF_ARTICLES, "quantity", "amount", "line_type")
_OUTSIDE = 0.8  # what a column outside of the records is worth there
_GAPS = 0.7  # what a column is worth that is nearly empty
_LEAST = 0.45  # a score that is taken where columns have names
_SURE = 0.75  # one that needs no second look


@dataclass(frozen=True)
class Match:
    """The column of a file that is taken for one of ours, and whether that is certain."""

    column: str
    sure: bool


def match_columns(
    traits: Mapping[str, Traits], roles: tuple[str, ...], *, named: bool, records: str = ""
) -> dict[str, Match]:
    """The file's column of each role that has one.

    Args:
        traits: of the file's columns, by name.
        roles: what is looked for.
        named: whether the columns have names of the till's own.
        records: the list that the records are in, where they are inside of other objects.
    """
    scores = []
    for order, role in enumerate(roles):
        for place, (name, own) in enumerate(traits.items()):
            if not _may_be_named(name, role):
                continue
            fits = suits(role, own) * (_GAPS + (1 - _GAPS) * own.filled if role in _EVERY else 1)
            if not fits:
                continue
            alike = likeness(name, role) if named else 0.0
            if records and role in _OF_RECORDS and not name.startswith(f"{records}."):
                fits *= _OUTSIDE
            score = alike * fits
            if not alike and (not named or role in _TOLD_BY_CONTENT):
                score = by_content(role, own, named=named)
            least = _LEAST if named and alike else 0.1
            if score >= least:
                rank = score + _rather(name, role, records)
                scores.append((rank, -order, -place, role, name, score))
    found: dict[str, Match] = {}
    taken: set[str] = set()
    for *_, role, name, score in sorted(scores, reverse=True):
        if role not in found and name not in taken:
            found[role] = Match(name, score >= _SURE)
            taken.add(name)
    return _one_time(found, "captured_at" if "captured_at" in roles else "sold_at")


def _rather(name: str, role: str, records: str) -> float:
    """What is added to a column's score where several may be the price of a line."""
    if role != "amount":
        return 0.0
    # What stands outside of the lines is the price of all of them.
    outside = records and not name.startswith(f"{records}.")
    return priced_line(name) - (1 if outside else 0)


def _may_be_named(name: str, role: str) -> bool:
    """Whether a column's name does not forbid a role."""
    if is_private(name) and role not in _OF_BUYERS:
        return False
    if is_of_staff(name) and role in _OF_ARTICLES:
        return False
    return role != "transaction_state" or not tells_void_of_line(name)


def _one_time(found: dict[str, Match], role: str) -> dict[str, Match]:
    """Either one column with date and time, or one of each."""
    apart = ("sale_date", "sale_time")
    drop: tuple[str, ...] = ()
    if role in found:
        # A date and a time of their own may stand beside it: the better named are right.
        surer = all(part in found and found[part].sure for part in apart)
        drop = (role,) if surer and not found[role].sure else apart
    return {name: match for name, match in found.items() if name not in drop}


def suits(role: str, own: Traits) -> float:  # noqa: C901, PLR0911, PLR0912  # one rule a role
    """How well a column's content suits a role: 0 if it cannot be meant, 1 if it may."""
    if not own.distinct:
        # An empty column proves nothing: its name has to be enough.
        return 0.9 if role not in ("sold_at", "sale_date", "sale_time", "amount", "quantity") else 0
    times = own.times
    is_time = times is not None and times.is_certain
    if role in ("sold_at", "captured_at", "id_check_at"):
        if times is None or not times.has_date or own.born > 0.5:
            return 0
        return 1 if times.has_clock else 0
    if role in ("sale_date", "business_date"):
        dated = times is not None and times.has_date and not times.has_clock
        return 1 if dated and own.born < 0.5 else 0
    if role == "sale_time":
        return 1 if times is not None and times.has_clock and not times.has_date else 0
    if role == "birth_date":
        if times is None or not times.has_date:
            return 0
        return 1 if own.born > 0.6 or times.short_year else 0
    if role in ("quantity", "amount"):
        if own.number < 0.95 or is_time or own.ean > 0.5 or own.length > 14:
            return 0
        return 1 if role == "quantity" or own.decimals > 0.3 else 0.85
    if role == "id_check":
        return _of_checks(own)
    if role == "path":
        return 1 if own.frames > 0.9 else 0
    if role == "required_age":
        return 1 if own.whole == 1 and own.length <= 2 else 0
    if is_time and role not in ("transaction_state", "id_check_by"):
        return 0
    if role == "transaction_id":
        return 1 if own.identifier > 0.6 and own.decimals < 0.5 else 0
    if role == "sku":
        if own.identifier > 0.95 and own.decimals < 0.5:
            return 1 if own.ean > 0.5 or own.length > 3 else 0.8
        return 0.5 if own.words > 0.5 and " " not in own.texts[0] else 0
    if role == "description":
        return 1 if own.words > 0.8 and not own.flag else 0
    if role == "category":
        return (
            1
            if own.distinct <= 300 and own.decimals < 0.5 and own.length < 40 and not own.flag
            else 0
        )
    if role in ("store_id", "till_id"):
        return 1 if own.distinct <= 500 and own.decimals < 0.5 and own.length < 40 else 0
    if role == "line_type":
        return 1 if own.distinct <= 30 and _known(own, line_word) > 0.4 else 0
    if role == "transaction_state":
        codes = own.distinct <= 30 and (_known(own, state_word) > 0.4 or _are_codes(own))
        return 1 if is_time or codes else 0
    if role == "resumes":
        return 1 if own.identifier > 0.9 and not own.flag else 0
    return 1


def _known(own: Traits, meaning: Callable[[str], Meaning | None]) -> float:
    """Which share of a column's words has a meaning; all of a flag's."""
    if own.flag:
        return 1
    return sum(meaning(text) is not None for text in own.texts) / max(len(own.texts), 1)


def _are_codes(own: Traits) -> bool:
    """Whether all of a column's words are single letters or digits."""
    return all(map(is_code, own.texts))


def _of_checks(own: Traits) -> float:
    if own.distinct > 60 or own.decimals > 0.2 or own.ean:
        return 0
    if own.times is not None and own.times.has_date:
        return 0
    if own.checks > 0.6:
        return 1
    codes = own.whole == 1 and own.length <= 2
    return 0.8 if own.distinct <= 20 and (codes or own.words > 0.5) else 0
