"""Pages with measured parts: what is between ``<!-- name -->`` and ``<!-- end -->`` is replaced."""

import re
from collections.abc import Mapping


def filled(page: str, parts: Mapping[str, str]) -> str:
    """The page with each part in its place.

    Raises:
        ValueError: the page has no place for a part, or a place for none.
    """
    places = re.findall(r"<!-- (.+?) -->\n(?:(?!<!-- ).*\n)*?<!-- end -->", page)
    if wrong := {*places} ^ {*parts}:
        raise ValueError(f"the page's places and what was measured differ: {sorted(wrong)}")
    for name, part in parts.items():
        before, start, rest = page.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition("<!-- end -->")
        page = f"{before}{start}{part}\n{end}{after}"
    return page


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
