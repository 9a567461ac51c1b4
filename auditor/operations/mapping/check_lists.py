"""Drafts the ID checks of receipts that hold them in a list of their own, beside the articles."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from auditor.mapping.models import WORDS
from auditor.operations.mapping.draft import Drafted, Value
from auditor.operations.mapping.found import Found
from auditor.operations.mapping.json_lists import certain_checks
from auditor.operations.mapping.matching import match_columns
from auditor.operations.mapping.traits import Traits, traits_of
from auditor.operations.mapping.values import drafted_words

_DETAILS = ("id_check_at", "id_check_by", "birth_date", "required_age")


def with_checks(columns: Iterable[Drafted], found: Found) -> list[Drafted]:
    """The drafted columns, with what the sample's list of ID checks adds to them."""
    checks = {name: traits_of(cells) for name, cells in found.sample.checks.items()}
    column = max(checks, key=lambda name: certain_checks(name, checks[name]), default=None)
    if column is None:
        return list(columns)
    rest = {name: own for name, own in checks.items() if name != column}
    matches = match_columns(rest, _DETAILS, named=True)
    times = {name: own.times for name, own in rest.items() if own.times is not None}
    of_list = replace(found, traits=rest, matches=matches, times=times)
    ours = {drafted.column: drafted for drafted in columns}
    ours["id_check"] = _id_check(column, checks[column], ours.get("id_check"), found)
    ours["line_type"] = _line_type(column, ours.get("line_type"), found)
    for role in matches:
        source = of_list.source(role)
        if role in ours and (before := ours[role].source):
            source = {"first_of": [source, _inline(ours[role], before, found)]}
        ours[role] = Drafted(role, source, of_list.unsure(role))
    used = {column, *(match.column for match in matches.values())}
    if unread := [name for name in checks if name not in used]:
        check = f"{', '.join(unread)}: not read; does it say that a check failed?"
        drafted = ours["id_check"]
        ours["id_check"] = replace(drafted, check="; ".join(filter(None, (drafted.check, check))))
    return list(ours.values())


def _id_check(column: str, own: Traits, before: Drafted | None, found: Found) -> Drafted:
    """What the list says; for other lines what a column of theirs says, if there is one."""
    drafted = drafted_words("id_check", column, own)
    if before is not None and before.source and before.assumed is None:
        here = replace(found, traits={**found.traits, column: own})
        sources = [_inline(each, each.source or {}, here) for each in (drafted, before)]
        unknown = [v.text for v in (*drafted.values, *before.values) if v.word is None]
        check = f"what do these mean: {', '.join(unknown)}?" if unknown else before.check
        return Drafted("id_check", {"first_of": sources}, check)
    nothing = Value("", "none", "on a line that is no check")
    return replace(drafted, values=(*drafted.values, nothing)) if drafted.values else drafted


def _line_type(column: str, before: Drafted | None, found: Found) -> Drafted:
    """A line is a check if it has one; the others are what they were."""
    is_check = {"column": column, "values": {"?*": "id_check"}}
    others = [] if before is None or not before.source else [_inline(before, before.source, found)]
    unsure = [v.text for v in before.values if v.check] if before else []
    checks = [before.check] if before and before.check else []
    checks += [f"do these mean what stands there: {', '.join(unsure)}?"] if unsure else []
    return Drafted("line_type", {"first_of": [is_check, *others]}, "; ".join(checks))


def _inline(drafted: Drafted, source: Mapping[str, Any], found: Found) -> dict[str, Any]:
    """A source with its words in it, as one of several."""
    words = {value.text: value.word for value in drafted.values if value.word and value.text}
    if words and (own := found.traits.get(source.get("column", ""))):
        # As one of several it passes over the words that it does not name, also the audit's own.
        known = WORDS.get(drafted.column, ())
        words |= {text: text.casefold() for text in own.texts if text.casefold() in known}
    return {**source, "values": words} if words else dict(source)
