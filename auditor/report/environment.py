"""The Jinja environment of the report's pages, and the files that every page loads."""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from auditor import resources
from auditor.report.people import cashier_page_name
from auditor.report.text import cameras, completeness, words

TEMPLATES = "reports/templates"

#: What a page may load: what lies beside it and nothing else. Each page says it of itself; a server
#: should send the same as a header.
CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)

#: What the pages load, beside each day's and beside the list's: an old day looks as it did.
_ASSETS = ("style.css", "site.js")

#: The axis of ages on a card: first and last year, and its width in SVG units.
_AXIS_FROM, _AXIS_TO, _AXIS_WIDTH = 5, 65, 300


def template_environment(templates: Path) -> Environment:
    """An environment for a folder's templates: escapes everything, refuses unknown names."""
    return Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def environment() -> Environment:
    """The environment of the report's templates."""
    return _environment(resources.folder(TEMPLATES))


@functools.cache  # compiling the templates takes a second and a half
def _environment(templates: Path) -> Environment:
    jinja = template_environment(templates)
    jinja.filters |= _FILTERS
    jinja.globals["content_policy"] = CONTENT_POLICY
    jinja.globals |= {"axis_start": _AXIS_FROM, "axis_end": _AXIS_TO}
    return jinja


def assets() -> dict[str, bytes]:
    """The files that every page loads, by name."""
    folder = resources.folder(TEMPLATES)
    return {name: (folder / name).read_bytes() for name in _ASSETS}


def store_page(store_id: str) -> str:
    """The file name of a store's page."""
    return f"store-{store_id}.html"


def axis(age: float) -> float:
    """Where an age lies on a card's age axis, in SVG units; held to the axis' two ends."""
    inside = min(max(age, _AXIS_FROM), _AXIS_TO)
    return round((inside - _AXIS_FROM) / (_AXIS_TO - _AXIS_FROM) * _AXIS_WIDTH, 1)


def _store_label(item: Any) -> str:
    named = item.store_name and item.store_name != item.store_id
    return f"{words.visible(item.store_name)} ({item.store_id})" if named else str(item.store_id)


_WORDS: tuple[Callable[..., str], ...] = (
    *(words.cashier, words.clock, words.counted, words.day, words.integer, words.listed),
    *(words.moment, words.money, words.odds, words.one_decimal, words.percent, words.quantity),
    *(words.seconds_to, words.share_of, words.short_day, words.short_hash, words.visible),
    *(words.years, words.years_up),
)
_FILTERS: Mapping[str, Callable[..., Any]] = {
    **{function.__name__: function for function in _WORDS},
    "axis": axis,
    "camera_change": cameras.change,
    "camera_todo": cameras.todo,
    "camera_clock": cameras.clock,
    "camera_doubts": cameras.doubts,
    "camera_unreadable": cameras.unreadable,
    "cashier_page": cashier_page_name,
    # From a page in OUT/reports/<day>/ to a file below OUT.
    "crop_url": lambda crop: f"../../{quote(crop, safe='/=')}",
    "decision": lambda decision: words.label(words.DECISIONS, decision),
    "number_gap": completeness.gap,
    "silence": lambda found, day, with_store: words.capitalised(
        completeness.silent(found, day, with_store=with_store)
    ),
    "usual_numbers": completeness.usual_numbers,
    "usual_totals": completeness.usual_totals,
    "why_category": completeness.why,
    "expected": words.expected_count,
    "stage": lambda stage: words.label(words.REJECT_STAGES, stage),
    "store_label": _store_label,
    "store_page": store_page,
}
