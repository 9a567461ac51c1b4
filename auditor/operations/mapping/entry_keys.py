"""Drafts how a file's numbers are written, and in which time zone its times are."""

import re
from zoneinfo import available_timezones

from auditor.operations.mapping.draft import Draft
from auditor.operations.mapping.found import Found
from auditor.operations.mapping.names import is_private
from auditor.operations.mapping.numbers import guess_numbers

_OFFSET = re.compile(r"(Z|UTC|[+-]\d\d:?\d\d)$")
#: Names of zones that some systems have of their own.
_ZONES = {
    "eastern time (us & canada)": "America/New_York",
    "central time (us & canada)": "America/Chicago",
    "mountain time (us & canada)": "America/Denver",
    "pacific time (us & canada)": "America/Los_Angeles",
    "london": "Europe/London",
    "berlin": "Europe/Berlin",
    "paris": "Europe/Paris",
    "madrid": "Europe/Madrid",
    "amsterdam": "Europe/Amsterdam",
}


def add_numbers(draft: Draft, found: Found) -> None:
    """Add the signs of numbers to an entry, where they differ from the usual."""
    texts = [
        text
        for role in ("quantity", "amount")
        if (match := found.matches.get(role)) and match.column not in found.sample.numeric
        for text in found.traits[match.column].texts
    ]
    guess = guess_numbers(texts)
    if guess.decimal != ".":
        draft.keys["decimal"] = guess.decimal
    if guess.thousands:
        draft.keys["thousands"] = guess.thousands
    if guess.currency:
        draft.keys["currency"] = guess.currency
    if guess.remark:
        draft.checks.setdefault("decimal", []).append(guess.remark)


def add_zone(draft: Draft, found: Found) -> None:
    """Add the time zone that a column names to an entry, or a hint that one may be missing."""
    names = available_timezones()
    for name, own in found.traits.items():
        if own.constant and not is_private(name):
            zone = own.texts[0]
            known = zone if zone in names and "/" in zone else _ZONES.get(zone.casefold())
            if known:
                draft.keys["time_zone"] = known
                return
    match = found.matches.get("sold_at") or found.matches.get("captured_at")
    texts = found.traits[match.column].texts if match else ()
    written = found.times.get(match.column) if match else None
    if not any(_OFFSET.search(text) for text in texts) and not (written and written.epoch):
        draft.hints.append('time_zone = "Europe/Berlin", where it is not the one of the policy')
