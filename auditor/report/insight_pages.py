"""The pages of purchases by age group: HTML, CSV and JSON of what an analysis may tell.

What is withheld is withheld in all of them alike: cells that are None are empty.
"""

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from auditor.insights.backtest import Figure
from auditor.insights.results import Cell, GroupFigures, Insights, Row
from auditor.report import spreadsheet
from auditor.report.environment import assets, environment
from auditor.report.fragments import plain
from auditor.report.plots import COLOURS, Plot, plot
from auditor.report.spreadsheet import csv_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Version of insights.json: raised when a key is renamed, removed or changes its meaning.
SCHEMA_VERSION = 1

#: The columns of categories.csv and articles.csv. Shares from 0 to 1; indexes with 100 = average;
#: ``_low`` and ``_high`` end a 95 % interval; empty where few baskets must not be told.
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
_FOREST_ROWS = 14
_LOWEST, _HIGHEST = 20, 500  # ends of the axis of indexes; intervals beyond are cut


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
    pages = {"index.html": main.render(found=found, shares=_shares_plot(found))}
    for number, group in enumerate(found.groups):
        pages[group_page(group)] = of_group.render(
            found=found,
            group=group,
            at=number,
            plots=[] if group.share is None else _group_plots(found, group, number),
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


def _shares_plot(found: Insights) -> Plot:
    told = [g for g in found.groups if g.share is not None]

    def draw(axes: "Axes") -> None:
        for y, group in enumerate(reversed(told)):
            share = group.share
            if share is not None:
                _whisker(axes, y, Figure(100 * share.value, 100 * share.low, 100 * share.high))
        axes.set_yticks(range(len(told)), [g.group.name for g in reversed(told)])
        axes.set_ylim(-0.6, len(told) - 0.4)
        axes.set_xlim(0, 100 * max((g.share.high for g in told if g.share), default=1) * 1.05)
        axes.set_xlabel("% of baskets")
        axes.tick_params(length=0)

    return plot(
        "groups",
        draw,
        title="Whose baskets these are, by age group",
        description="Estimated share of the baskets of each age group, with its 95 % interval.",
        columns=("Age group", "Share, %", "From", "To"),
        rows=tuple(
            (g.group.name, *(f"{100 * v:.1f}" for v in (g.share.value, g.share.low, g.share.high)))
            for g in told
            if g.share is not None
        ),
        size=(420, 40 + 26 * max(len(told), 1)),
        margins=(6, 10, 36, 62),
    )


def _group_plots(found: Insights, group: GroupFigures, at: int) -> list[Plot]:
    cells = [(row.name, row.cells[at]) for row in found.categories]
    told = [(name, cell) for name, cell in cells if cell is not None]
    told.sort(key=lambda pair: (-pair[1].same_days.value, pair[0]))
    if len(told) > _FOREST_ROWS:
        half = _FOREST_ROWS // 2
        told = [*told[:half], *told[-half:]]
    plots = [_hours_plot(found, group)]
    return [_forest(group, told), *plots] if told else plots


def _forest(group: GroupFigures, told: list[tuple[str, Cell]]) -> Plot:
    def draw(axes: "Axes") -> None:
        axes.axvline(100, color=COLOURS["hatch-line"], linewidth=1)
        for y, (_, cell) in enumerate(reversed(told)):
            _whisker(axes, y, _cut(cell.same_days), sure=cell.differs)
        axes.set_xscale("log")
        axes.set_xlim(_LOWEST, _HIGHEST)
        axes.set_xticks([25, 50, 100, 200, 400], ["25", "50", "100", "200", "400"])
        axes.set_xticks([], minor=True)
        axes.set_yticks(range(len(told)), [_short(name) for name, _ in reversed(told)])
        axes.set_ylim(-0.6, len(told) - 0.4)
        axes.tick_params(length=0)

    return plot(
        "categories",
        draw,
        title=f"What {group.group.name} buyers buy, beside everybody on the same days",
        description="Index of each category with its 95 % interval; 100 is what everybody buys in "
        "the same stores on the same days. Filled points are told apart from chance.",
        columns=("Category", "Index", "From", "To"),
        rows=tuple(
            (name, *(f"{v:.0f}" for v in (c.same_days.value, c.same_days.low, c.same_days.high)))
            for name, c in told
        ),
        size=(420, 34 + 22 * len(told)),
        margins=(6, 12, 24, 110),
    )


def _hours_plot(found: Insights, group: GroupFigures) -> Plot:
    hours = [h for h in range(24) if found.overall_hours[h] is not None]
    shown = range(min(hours, default=0), max(hours, default=23) + 1)
    own = [np.nan if (share := group.hours[h]) is None else 100 * share for h in shown]
    everybody = [100 * (found.overall_hours[h] or 0) for h in shown]

    def draw(axes: "Axes") -> None:
        axes.bar(list(shown), everybody, width=0.8, color=COLOURS["hatch-ground"])
        axes.plot(list(shown), own, marker="o", markersize=4, color=COLOURS["interval"])
        axes.set_ylim(0, None)
        axes.set_xticks(list(shown)[::2])
        axes.set_ylabel("% of baskets")
        axes.tick_params(length=0)

    return plot(
        "hours",
        draw,
        title=f"When {group.group.name} buyers come: bars are everybody",
        description="Share of the group's baskets in each hour of the day (points), and of all "
        "baskets (bars). Hours with few baskets are left out.",
        columns=("Hour", "The group, %", "Everybody, %"),
        rows=tuple(
            (f"{h}:00", "\u2013" if np.isnan(mine) else f"{mine:.1f}", f"{all_:.1f}")
            for h, mine, all_ in zip(shown, own, everybody, strict=True)
        ),
        size=(420, 200),
    )


def _whisker(axes: "Axes", y: float, figure: Figure, *, sure: bool = True) -> None:
    axes.plot([figure.low, figure.high], [y, y], color=COLOURS["interval"], linewidth=1.5)
    filled = COLOURS["interval"] if sure else COLOURS["card"]
    axes.plot(
        [figure.value], [y], marker="o", markersize=6, markerfacecolor=filled,
        markeredgecolor=COLOURS["interval"],
    )  # fmt: skip


def _cut(figure: Figure) -> Figure:
    return Figure(*(min(max(v, _LOWEST), _HIGHEST) for v in asdict(figure).values()))


def _short(name: str) -> str:
    return name if len(name) <= 16 else f"{name[:15]}…"


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
    figures = {
        "share": cell.share,
        "index": cell.index,
        "same_days_index": cell.same_days,
        "relative_risk": cell.relative_risk,
        "change": cell.change,
    }
    columns: dict[str, spreadsheet.Cell] = {"baskets": cell.baskets, "differs": cell.differs}
    for name, figure in figures.items():
        if figure is not None:
            columns |= {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
    return columns | ({} if cell.change is None else {"changed": cell.changed})


_SUGGESTED: dict[str, Callable[[Any], object]] = {
    "sku": lambda s: s.sku,
    "description": lambda s: s.description,
    "category": lambda s: s.category,
}


def _suggestions(found: Insights) -> str:
    names = ("group", "kind", "rank", *_SUGGESTED, "with", "index", "low", "high", "share", "why")
    rows: list[dict[str, spreadsheet.Cell]] = []
    for group in found.groups:
        for rank, taste in enumerate(group.tastes, start=1):
            rows.append(
                {
                    "kind": "taste",
                    "with": None,
                    "index": taste.index,
                    "share": taste.share,
                    **_common(group, rank, taste, taste.article),
                }
            )
        for rank, rule in enumerate(group.associations, start=1):
            rows.append(
                {
                    "kind": "goes with",
                    "with": " + ".join(article.description for article in rule.given),
                    "index": 100 * rule.lift,
                    "share": rule.confidence,
                    **_common(group, rank, rule, rule.also),
                }
            )
    return csv_text(names, rows)


def _common(
    group: GroupFigures, rank: int, suggestion: Any, article: Any
) -> dict[str, spreadsheet.Cell]:
    return {
        "group": group.group.name,
        "rank": rank,
        "low": suggestion.low,
        "high": suggestion.high,
        "why": suggestion.why,
        **{name: of(article) for name, of in _SUGGESTED.items()},
    }


def _json(found: Insights) -> str:
    document = {"schema_version": SCHEMA_VERSION, **asdict(found)}
    document["groups"] = [{"name": group.group.name, **asdict(group)} for group in found.groups]
    document["columns"] = COLUMNS
    return (
        json.dumps(
            plain(_finite(document)), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False
        )
        + "\n"
    )


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
