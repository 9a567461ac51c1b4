"""Decides how the times of a file's columns are written, where day and month may be swapped."""

from collections.abc import Mapping, Sequence
from datetime import date

from auditor.operations.mapping.matching import Match
from auditor.operations.mapping.times import Written, day_of, decided_by, month_first
from auditor.operations.mapping.traits import Traits

_OF_SALES = ("sold_at", "captured_at", "sale_date", "business_date")
_MONTH_FIRST = ("%m/", "%m-")
_DAY_FIRST = ("%d/", "%d-")


def days_of(
    matches: Mapping[str, Match], traits: Mapping[str, Traits], times: Mapping[str, Written]
) -> tuple[set[date], set[date]]:
    """The days on which the sample's sales lie, and the other ones if day and month are swapped."""
    days: tuple[set[date], set[date]] = (set(), set())
    for role in _OF_SALES:
        if match := matches.get(role):
            written = times.get(match.column)
            if written is None or written.epoch or not written.has_date:
                continue
            texts = traits[match.column].texts
            days[0].update(day_of(texts, written.form))
            days[1].update(day_of(texts, written.other) if written.other else ())
    return days[0], days[1] - days[0]


def times_of(
    matches: Mapping[str, Match], traits: Mapping[str, Traits], paths: Sequence[str]
) -> dict[str, Written]:
    """How the times of each matched column are written, ambiguities decided where they can be."""
    columns = {match.column: traits[match.column] for match in matches.values()}
    undecided = {name: own.times for name, own in columns.items() if own.times is not None}
    days = set[date]().union(*days_of(matches, traits, undecided))
    named = {day for path in paths for day in _days_in_path(path, days)}
    found = {
        name: decided_by(written, columns[name].texts, sorted(named))
        for name, written in undecided.items()
    }
    certain = [written for written in found.values() if not written.other]
    american = any(w.form.startswith(_MONTH_FIRST) or "%I" in w.form for w in certain)
    american |= any("%I" in written.form for written in found.values())
    american |= any("$" in text for own in traits.values() if own.number for text in own.texts)
    day_first = any(written.form.startswith(_DAY_FIRST) for written in certain)
    if american and not day_first:
        found = {name: month_first(written) for name, written in found.items()}
    return found


def _days_in_path(path: str, days: set[date]) -> set[date]:
    digits = "".join(c if c.isdigit() else " " for c in path)
    packed = digits.replace(" ", "")
    forms = ("%Y%m%d", "%d%m%Y", "%m%d%Y")
    return {day for day in days if any(day.strftime(form) in packed for form in forms)}
