"""Drafts how a file's numbers are written, and hints at its time zone and the policy."""

import re
from zoneinfo import available_timezones

from auditor.operations.mapping.draft import Draft, toml_value
from auditor.operations.mapping.found import Found
from auditor.operations.mapping.names import is_private
from auditor.operations.mapping.numbers import guess_numbers

_OFFSET = re.compile(r"(Z|UTC|[+-]\d\d:?\d\d)$")
#: How names say that a drink has no alcohol; 0,02 l and 10,0 % say nothing of the kind.
_FREE = re.compile(
    r"alcohol[- ]?free|alkohol[- ]?frei|alcohol[- ]?vrij|sin alcohol|sans alcool|"
    r"(?<!\S)0[.,]0(?:0? ?%|(?=$))"
)
_MOST_FREE = 5  # ways to say so that are shown
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
        if (match := found.matches.get(role))
        for text in found.traits[match.column].texts
        if text not in found.sample.numbers.get(match.column, ())
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


def add_free_names(draft: Draft, found: Found) -> None:
    """Add a hint at the policy's key for drinks without alcohol, where names say that."""
    names = (text.casefold().strip() for text in found.texts("description"))
    said = dict.fromkeys(free[0] for name in names if (free := _FREE.search(name)))
    patterns = [f"*{text}*" for text in said][:_MOST_FREE]
    if patterns:
        draft.hints.append(
            f"some names say that there is no alcohol: alcohol_free_names = {toml_value(patterns)}"
            " in the policy"
        )
