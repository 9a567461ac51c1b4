"""Decides how the times of a file's columns are written, where day and month may be swapped."""

from collections.abc import Mapping, Sequence
from datetime import date

from auditor.operations.mapping.matching import Match
from auditor.operations.mapping.times import Written, day_of, decided_by, month_first
from auditor.operations.mapping.traits import Traits

_OF_SALES = ("sold_at", "captured_at", "sale_date", "business_date")
_MONTH_FIRST = ("%m/", "%m-")
_DAY_FIRST = ("%d/", "%d-")


def days_of(matches: Mapping[str, Match], traits: Mapping[str, Traits]) -> set[date]:
    """The days on which the sample's sales may lie; both, where day and month may be swapped."""
    days: set[date] = set()
    for role in _OF_SALES:
        if match := matches.get(role):
            written = traits[match.column].times
            if written is None or written.epoch or not written.has_date:
                continue
            for form in {written.form, written.other or written.form}:
                days.update(day_of(traits[match.column].texts, form))
    return days


def times_of(
    matches: Mapping[str, Match], traits: Mapping[str, Traits], paths: Sequence[str]
) -> dict[str, Written]:
    """How the times of each matched column are written, ambiguities decided where they can be."""
    days = days_of(matches, traits)
    named = {day for path in paths for day in _days_in_path(path, days)}
    found: dict[str, Written] = {}
    for match in matches.values():
        written = traits[match.column].times
        if written is not None:
            found[match.column] = decided_by(written, traits[match.column].texts, sorted(named))
    certain = [written for written in found.values() if not written.other]
    american = any(w.form.startswith(_MONTH_FIRST) or "%I" in w.form for w in certain)
    american |= any("%I" in written.form for written in found.values())
    day_first = any(written.form.startswith(_DAY_FIRST) for written in certain)
    if american and not day_first:
        found = {name: month_first(written) for name, written in found.items()}
    return found


def _days_in_path(path: str, days: set[date]) -> set[date]:
    """Which of some days a path names."""
    digits = "".join(c if c.isdigit() else " " for c in path)
    packed = digits.replace(" ", "")
    forms = ("%Y%m%d", "%d%m%Y")
    return {day for day in days if any(day.strftime(form) in packed for form in forms)}
