"""The pages of purchases by age group: HTML, CSV and JSON of what an analysis may publish.

What is withheld is withheld in all of them alike: cells that are None are empty.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np

from auditor.insights.backtest import Figure
from auditor.insights.reading import Article
from auditor.insights.results import Cell, GroupFigures, Insights, Row
from auditor.insights.suggestions import Association, Taste
from auditor.report import spreadsheet
from auditor.report.environment import assets, environment
from auditor.report.fragments import JSON_OPTIONS, plain
from auditor.report.insight_charts import group_plots, shares_plot
from auditor.report.spreadsheet import csv_text

#: Version of insights.json: raised when a key is renamed, removed or changes its meaning.
SCHEMA_VERSION = 1

#: The columns of categories.csv and articles.csv. Shares from 0 to 1; indexes with 100 = average;
#: ``_low`` and ``_high`` end a 95 % interval; empty where the baskets are too few to publish.
COLUMNS: dict[str, str] = {
    "group": "age group",
    "category": "category",
    "sku": "article number, in articles.csv",
    "name": "category or article",
    "all_baskets": "baskets of all groups with it",
    "all_share": "share of all baskets with it",
    "baskets": "estimated baskets of the group with it",
    "share": "share of the group's baskets with it",
    "share_low": "",
    "share_high": "",
    "index": "100 times share over all_share: affinity index, lift",
    "index_low": "",
    "index_high": "",
    "same_days_index": "100 times what was bought over what the same stores and days explain",
    "same_days_index_low": "",
    "same_days_index_high": "",
    "relative_risk": "share over the share of all other groups",
    "relative_risk_low": "",
    "relative_risk_high": "",
    "differs": "told apart from chance on the same days, false discoveries held at 5 %",
    "change": "share over the share of the weeks before; categories only",
    "change_low": "",
    "change_high": "",
    "changed": "told apart from chance, likewise",
}

_HEAT = (50, 71, 90, 111, 141, 200)  # where an index changes its colour


def render_insights(found: Insights) -> dict[str, bytes]:
    """Render what was found; the same argument gives the same bytes.

    Returns:
        File contents by name: ``index.html``, a page a group, ``categories.csv``,
        ``articles.csv``, ``suggestions.csv``, ``insights.json``, and what the pages load.
    """
    jinja = environment()
    jinja.filters |= {"heat": heat, "index_words": index_words, "group_page": group_page}
    main = jinja.get_template("insights.html.jinja")
    of_group = jinja.get_template("insights_group.html.jinja")
    pages = {"index.html": main.render(found=found, shares=shares_plot(found))}
    for number, group in enumerate(found.groups):
        pages[group_page(group)] = of_group.render(
            found=found,
            group=group,
            at=number,
            plots=[] if group.share is None else group_plots(found, group, number),
        )
    return {
        **{name: page.encode() for name, page in pages.items()},
        "categories.csv": _table(found, found.categories).encode(),
        "articles.csv": _table(found, found.articles).encode(),
        "suggestions.csv": _suggestions(found).encode(),
        "insights.json": _json(found).encode(),
        **assets(),
    }


def group_page(group: GroupFigures) -> str:
    """The file name of a group's page."""
    return f"group-{group.group.slug}.html"


def heat(index: float) -> int:
    """The step of colour of an index, from 0 (half or less) to 6 (double or more)."""
    return int(np.searchsorted(_HEAT, index, side="right"))


def index_words(figure: Figure) -> str:
    """An index with its interval."""
    return f"{figure.value:.0f} ({figure.low:.0f}\u2013{figure.high:.0f})"


def _table(found: Insights, rows: Iterable[Row]) -> str:
    return csv_text(
        list(COLUMNS),
        (
            {
                **dict.fromkeys(COLUMNS),
                "group": group.group.name,
                "category": row.category or row.name,
                "sku": row.sku,
                "name": row.name,
                "all_baskets": row.baskets,
                "all_share": row.share,
                **_cell_columns(cell),
            }
            for row in rows
            for group, cell in zip(found.groups, row.cells, strict=True)
        ),
    )


def _cell_columns(cell: Cell | None) -> dict[str, spreadsheet.Cell]:
    if cell is None:
        return {}
    columns: dict[str, spreadsheet.Cell] = {"baskets": cell.baskets, "differs": cell.differs}
    figures = {name: getattr(cell, name) for name in ("share", "index", "relative_risk", "change")}
    for name, figure in (figures | {"same_days_index": cell.same_days}).items():
        if figure is not None:
            columns |= {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
    return columns | ({} if cell.change is None else {"changed": cell.changed})


def _suggestions(found: Insights) -> str:
    names = (
        *("group", "kind", "rank", "sku", "description", "category", "with"),
        *("index", "low", "high", "share", "why"),
    )
    rows: list[dict[str, spreadsheet.Cell]] = []
    for group in found.groups:
        for rank, taste in enumerate(group.tastes, start=1):
            own = {"kind": "taste", "with": None, "index": taste.index, "share": taste.share}
            rows.append(_suggestion(group, rank, taste, taste.article) | own)
        for rank, rule in enumerate(group.associations, start=1):
            given = " + ".join(article.description for article in rule.given)
            own = {"kind": "goes with", "with": given}
            own |= {"index": 100 * rule.lift, "share": rule.confidence}
            rows.append(_suggestion(group, rank, rule, rule.also) | own)
    return csv_text(names, rows)


def _suggestion(
    group: GroupFigures, rank: int, found: Taste | Association, article: Article
) -> dict[str, spreadsheet.Cell]:
    return {
        "group": group.group.name,
        "rank": rank,
        **{name: getattr(found, name) for name in ("low", "high", "why")},
        **{name: getattr(article, name) for name in ("sku", "description", "category")},
    }


def _json(found: Insights) -> str:
    document = {"schema_version": SCHEMA_VERSION, **asdict(found)}
    document["groups"] = [{"name": group.group.name, **asdict(group)} for group in found.groups]
    document["columns"] = COLUMNS
    return json.dumps(plain(_finite(document)), **JSON_OPTIONS) + "\n"


def _finite(value: Any) -> Any:
    """The same with None for what is no number: JSON has no word for it."""
    match value:
        case dict():
            return {key: _finite(item) for key, item in value.items()}
        case list() | tuple():
            return [_finite(item) for item in value]
        case float() if not math.isfinite(value):
            return None
    return value
