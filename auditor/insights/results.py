"""The results of an analysis, as pages, CSV and JSON publish them; nothing withheld is in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from auditor.insights.backtest import Backtest, Figure
from auditor.insights.groups import AgeGroup
from auditor.insights.suggestions import Association, Taste


@dataclass(frozen=True, slots=True)
class Cell:
    """One group's share of a row's baskets. ``change`` is against the weeks before, if any."""

    baskets: int  # estimated
    share: Figure
    index: Figure  # 100 = average
    same_days: Figure  # the same, without what its stores and days explain
    relative_risk: Figure
    differs: bool  # on the same days; significant, with the false-discovery rate at 5 %
    change: Figure | None = None  # share now over share before
    changed: bool = False  # likewise


@dataclass(frozen=True, slots=True)
class Row:
    """A category or an article; a withheld cell is None."""

    name: str
    sku: str | None  # of an article
    category: str | None  # of an article
    baskets: int
    share: float  # everybody's
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """An age group as a whole; figures are None if the group is withheld."""

    group: AgeGroup
    faces: int  # labelled faces that its confusion was measured on
    effective: int | None  # baskets of known age that would give estimates as precise
    baskets: Figure | None
    share: Figure | None
    naive_share: float | None  # by the probabilities alone, without the correction
    articles: Figure | None  # a basket
    values: Mapping[str, Figure | None]  # a basket, by currency
    hours: tuple[float | None, ...]  # share of its baskets in each hour of the day
    tastes: tuple[Taste, ...]
    associations: tuple[Association, ...]


@dataclass(frozen=True, slots=True)
class Population:
    """Whose baskets these are, and whose not: counts of the period."""

    days: tuple[date, ...]  # with baskets
    missing_days: tuple[date, ...]  # of the period, without any
    stores: int
    transactions: int  # in these stores and days
    alcohol_sales: int
    baskets_of_alcohol: int  # of them, with an estimate and something bought
    baskets_of_others: int
    nothing_bought: int


@dataclass(frozen=True, slots=True)
class Insights:
    """The results of a period."""

    first: date
    last: date
    chain: str
    lawful_basis: str
    models: tuple[str, ...]
    policy_sha256: str
    auditor_version: str
    min_cell: int
    challenge_age: int
    population: Population
    store_days: int
    resamples: int
    baskets: int
    overall_hours: tuple[float | None, ...]
    overall_articles: float
    groups: tuple[GroupFigures, ...]
    confusion: tuple[tuple[float, ...], ...]  # by true group, the shares estimated as each group
    categories: tuple[Row, ...]
    articles: tuple[Row, ...]
    articles_left_out: int  # in too few baskets, or beyond the most that are counted
    withheld: int  # cells
    misfit: tuple[str, ...]  # groups far below zero: the confusion does not fit
    before: tuple[date, date] | None  # what the changes are against
    before_days: int
    backtest: Backtest | None
    held_out_days: tuple[date, ...]
