"""Titles, descriptions and table heads of the charts."""

from collections.abc import Mapping

from auditor.report.text.words import NO_BREAK, counted, percent

#: The heads of the table of a funnel's numbers.
FUNNEL_COLUMNS = (
    *("Who", "Store", "Due a check", "Checked or refused", "Against what was expected"),
)
FUNNEL_X = "sales due a check"
STORE_FUNNEL = "Stores: how many of the sales due a check were checked or refused"
CASHIER_FUNNEL = "Cashiers: how many of the sales due a check were checked or refused"

#: How a cashier or a store compares with what was expected, by the side on which it is an outlier.
SIDES: Mapping[str | None, str] = {
    "below": "fewer than expected",
    "above": "more than expected",
    None: "within what chance and ordinary differences explain",
}


def funnel(target: float, overdispersion: float, tested: int) -> str:
    """What a funnel plot shows."""
    band = (
        " The shaded band is what is left of the wider limits when ordinary differences between "
        "people or shops are allowed for."
        if overdispersion > 0
        else ""
    )
    return (
        f"{counted(tested, 'point')} to measure against the usual share of {percent(target)}. The "
        "further to the right, the more sales were due a check, and the less chance can move a "
        f"point. 95{NO_BREAK}% of those who do as is usual lie between the solid lines, "
        f"99.8{NO_BREAK}% between the dashed ones.{band}"
    )


def past_title(share: str) -> str:
    """The title of the chart of a share over the past weeks."""
    return f"{share}, % of alcohol sales"


def past_description(sentence: str, days: int) -> str:
    """What the chart of a share shows."""
    return f"{sentence} Before it, {counted(days, 'day')}."


def past_columns(weekday: str, share: str) -> tuple[str, ...]:
    """The heads of the table of a share over the past weeks."""
    return weekday, "Sales", share, "Share", "Limits"


# Of the pages of purchases by age group.

BASKETS_AXIS = "% of baskets"

SHARES_TITLE = "Whose baskets these are, by age group"
SHARES_DESCRIPTION = "Estimated share of the baskets of each age group, with its 95 % interval."
SHARES_COLUMNS = ("Age group", "Share, %", "From", "To")

CATEGORIES_DESCRIPTION = (
    "Index of each category with its 95 % interval; 100 is what everybody buys in the same stores "
    "on the same days. Filled points are told apart from chance."
)
CATEGORIES_COLUMNS = ("Category", "Index", "From", "To")

HOURS_DESCRIPTION = (
    "Share of the group's baskets in each hour of the day (points), and of all baskets (bars). "
    "Hours with few baskets are left out."
)
HOURS_COLUMNS = ("Hour", "The group, %", "Everybody, %")


def categories_title(group: str) -> str:
    """The title of the chart of a group's categories."""
    return f"What {group} buyers buy, beside everybody on the same days"


def hours_title(group: str) -> str:
    """The title of the chart of a group's hours."""
    return f"When {group} buyers come: bars are everybody"
