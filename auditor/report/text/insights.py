"""Titles, descriptions and table heads of the charts of purchases by age group."""

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
