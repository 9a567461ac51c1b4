"""Sentences about a day as a whole: the lede, the comparison with the past, the list's notices."""

from collections.abc import Sequence

from auditor.monitoring.completeness import Completeness
from auditor.monitoring.weekdays import PastComparison, ShareComparison
from auditor.report.coverage import Coverage
from auditor.report.text import words

#: What the share of an outcome is called where it is compared with the past.
SHARES = {
    "flagged": "Flagged",
    "inconclusive": "Could not be judged",
    "id_checked": "ID check recorded",
}


def lede(coverage: Coverage, completeness: Completeness, *, chain: bool) -> tuple[str, ...]:
    """The day in at most three sentences that never read silence as compliance."""
    sentences = [_about_exports(coverage) if chain else _about_export(coverage)]
    if coverage.with_export("read"):
        sentences += _about_sales(coverage, completeness)
    return tuple(s for s in sentences if s)


def about_past(past: PastComparison | None, weekday: str) -> list[str]:
    """What the earlier days say of the day, in a sentence; nothing where they are too few."""
    if past is None or not past.is_sufficient:
        return []
    before = f"the {words.counted(len(past.days), weekday)} before it"
    if not past.signals:
        return [f"Against {before}, the day is as usual."]
    unusual = []
    for side, how in ((1, "higher"), (-1, "lower")):
        named = [_quoted(share) for share in past.signals if share.side == side]
        if named:
            shares, verb = ("share", "is") if len(named) == 1 else ("shares", "are")
            unusual.append(f"the {shares} {words.listed(named)} {verb} {how} than usual")
    return [f"Against {before}, {words.listed(unusual)}."]


def about_share(share: ShareComparison, weekday: str) -> str:
    """What the past says of a share, in a sentence or two that blame nobody."""
    today = share.today
    text = f"{words.percent_exact(today.share)} of {words.counted(today.sales, 'sale')}"
    if share.limits is None or share.band is None:
        return f"{text}; too few earlier {weekday}s to say whether that is usual."
    centre = words.percent_exact(share.limits.centre)
    usual = words.band(share.band.low, share.band.high)
    where = "as usual"
    if share.side:
        where = f"{'higher' if share.side > 0 else 'lower'} than the days before explain"
    return f"{text}: {where} ({centre} on average, {usual} usual for so many sales)."


def notices(
    coverage: Coverage,
    signals: Sequence[ShareComparison],
    *,
    cameras_changed: int,
    rows_rejected: int,
    completeness: Completeness,
) -> tuple[str, ...]:
    """What makes a day worth a look in the list of days, in short texts."""
    texts = []
    if completeness.to_name:
        texts.append("categories that the policy does not name")
    for status, what in (("missing", "no till export"), ("unreadable", "unreadable till export")):
        if stores := coverage.with_export(status):
            texts.append(f"{what} from {words.counted(len(stores), 'store')}")
    if coverage.recorded_underage:
        buyers = words.counted(coverage.recorded_underage, "buyer")
        texts.append(f"{buyers} too young by the record")
    texts += [f"{_quoted(s)} {'higher' if s.side > 0 else 'lower'} than usual" for s in signals]
    if cameras_changed:
        texts.append(f"{words.counted(cameras_changed, 'camera')} to look at")
    if completeness.numbers or completeness.silent or completeness.totals:
        texts.append("signs of missing sales")
    if rows_rejected:
        texts.append(f"{words.counted(rows_rejected, 'row')} set aside")
    return tuple(texts)


def _quoted(share: ShareComparison) -> str:
    return f"“{SHARES[share.outcome].lower()}”"


def _about_exports(coverage: Coverage) -> str:
    stores, read = len(coverage.stores), len(coverage.with_export("read"))
    if not stores:
        return (
            "No store was expected on this day and no till export names one: nothing was audited."
        )
    if not read:
        return "No store's till export could be read: nothing is known about this day's sales."
    if read < stores:
        return f"{read} of {words.counted(stores, 'store')} could be audited."
    return ""


def _about_export(coverage: Coverage) -> str:
    if coverage.with_export("missing"):
        return "This store sent no till export: nothing is known about its sales on this day."
    if coverage.with_export("unreadable"):
        return "This store's till export could not be read: nothing is known about its sales."
    return ""


def _about_sales(coverage: Coverage, completeness: Completeness) -> list[str]:
    sales, flags = coverage.alcohol_sales, coverage.of("flagged")
    unjudged = coverage.of("inconclusive")
    if not sales:
        if not coverage.transactions:
            return ["The till export holds no transactions: closed, or not recording."]
        transactions = words.counted(coverage.transactions, "transaction")
        if completeness.nothing_sold:
            return [
                f"Nothing in {transactions} is alcohol by the policy.",
                "The policy does not know all that was sold: nothing follows about alcohol.",
            ]
        return [f"No alcohol was sold in {transactions}."]
    of_sales = f"of {words.counted(sales, 'alcohol sale')}"
    if not coverage.scored and not flags:
        return [
            f"No age could be estimated in any {of_sales}.",
            "Only a recorded date of birth could have flagged one.",
            "Nothing follows from the absence of flags.",
        ]
    not_judged = f"{words.integer(unjudged)} {of_sales} could not be judged"
    if not flags:
        doubt = not_judged if unjudged else "Estimates can be wrong"
        return ["No flags were raised.", f"{doubt}, so this is no proof that every check was made."]
    raised = f"{words.integer(flags)} {of_sales} {'is' if flags == 1 else 'are'} flagged"
    judged = f"; {words.integer(unjudged)} could not be judged" if unjudged else ""
    sentences = [f"{raised} for a person to look at{judged}."]
    if underage := coverage.recorded_underage:
        sold = f"{words.counted(underage, 'sale')} {'has' if underage == 1 else 'have'}"
        sentences.append(f"{sold} a date of birth on record that makes the buyer too young.")
    return sentences
