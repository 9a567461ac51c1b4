"""The pages of the training tools: one file each, in the report's style, without scripts."""

from pathlib import Path
from typing import Any

from markupsafe import Markup

from auditor import resources
from auditor.report.environment import template_environment

TEMPLATES = Path(__file__).parent / "templates"

_SHEETS = (resources.folder("reports/templates") / "style.css", TEMPLATES / "page.css")


def render(template: str, **shown: Any) -> str:
    """A page, which opens from a file.

    Args:
        template: its file in ``TEMPLATES``.
        shown: what it shows.
    """
    style = "".join(sheet.read_text(encoding="utf-8") for sheet in _SHEETS)
    page = template_environment(TEMPLATES).get_template(template)
    return page.render(style=Markup(style), **shown)  # noqa: S704  ours
