"""Purchases by age group over some days: read what the nightly runs kept, write the pages."""

from dataclasses import dataclass
from datetime import date, timedelta

from auditor.errors import ConfigurationError, ModelError
from auditor.faces.confusion import Confusion
from auditor.insights.analysis import Progress, analyse
from auditor.insights.results import Insights
from auditor.policy import Policy, load_policy
from auditor.report.insight_pages import render_insights
from auditor.storage.place import OutsideError, Place, results_in

#: Where the pages lie: not among the audit's, for others may read them.
FOLDER = "insight-reports"


@dataclass(frozen=True, slots=True)
class Reported:
    """What was found, in short; ``report`` is relative to OUT."""

    report: str
    baskets: int
    groups: list[tuple[str, str]]
    warnings: list[str]


def report_purchases(
    out: str, first: date, last: date, policy_url: str | None, progress: Progress | None = None
) -> Reported:
    """Look at the purchases of a period (both days included) by age group, and write the pages.

    The nightly runs' results are at the URL ``out``, and the pages go below it too.

    Raises:
        ConfigurationError: the policy does not allow it, or the period or the groups do not fit.
        SourceError: no baskets were kept of the period.
        ModelError: it is not known how the model confuses ages.
    """
    policy, place = load_policy(policy_url), results_in(out)
    found = analyse(
        place,
        first,
        last,
        policy,
        confusion_of=lambda model: confusion_of(model, policy, policy_url),
        progress=progress,
    )
    pages = render_insights(found)
    folder = f"{FOLDER}/{first}--{last}"
    for name, content in pages.items():
        place.write(f"{folder}/{name}", content)
    for path in list(place.files(folder)):
        if path.removeprefix(f"{folder}/") not in pages:
            place.remove(path)
    return Reported(f"{folder}/index.html", found.baskets, _in_words(found), _warnings(found))


def week_of(monday: date) -> tuple[date, date]:
    """The first and last day of the week that begins on ``monday``.

    Raises:
        ConfigurationError: it is another day of the week.
    """
    if monday.weekday():
        raise ConfigurationError(f"{monday} is no Monday, and a week begins on one")
    return monday, monday + timedelta(days=6)


def confusion_of(model: str, policy: Policy, policy_url: str | None) -> Confusion:
    """How a model confuses ages: on the chain's own cameras, if the policy names a file of it.

    Raises:
        ConfigurationError: the file cannot be read.
        ModelError: the file, or the version, has none that fits the model.
    """
    name = policy.insights.confusion
    if name is None:
        return Confusion.of_version(model)
    folder = (policy_url or "").rpartition("/")[0] or "."
    try:
        text = Place(folder).read(name).decode()
    except (OSError, OutsideError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"insights.confusion: cannot read {name} beside the policy: {error}"
        ) from error
    try:
        return Confusion.from_json(text).of(model)
    except ModelError as error:
        raise ModelError(f"insights.confusion, {name}: {error}") from error


def _in_words(found: Insights) -> list[tuple[str, str]]:
    words = []
    for group in found.groups:
        said, share = "withheld: too few baskets", group.share
        if share is not None:
            said = f"{share.value:6.1%}  ({share.low:.1%} to {share.high:.1%})"
        words.append((group.group.name, said))
    return words


def _warnings(found: Insights) -> list[str]:
    warnings = []
    if found.misfit:
        warnings.append(
            f"{', '.join(found.misfit)} would come out far below zero: the model does not "
            "confuse ages here as it was measured to. Measure it on pictures of these cameras "
            "(insights.confusion)"
        )
    if missing := found.population.missing_days:
        days = ", ".join(map(str, missing[:10]))
        warnings.append(f"{len(missing)} days have no baskets: {days}")
    return warnings
