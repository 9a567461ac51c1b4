"""The rules of ID-check quality: one named function a rule.

A rule applies to some sales, matches some of these, and gives for each the largest probability that
it matches by chance. Where a rule gives no probability, a person is compared with others only.
Every match has innocent explanations; only an unusual number of them by one person is a lead.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from auditor.monitoring.id_check_quality.facts import Facts
from auditor.monitoring.statistics import Flags, Floats
from auditor.tables import NO_CHECK, QUALITY_RULES

#: The largest share of births that a day of the year has: 1.2 times its own. In England and Wales
#: the busiest has 1.1 to 1.2 times.
_A_DAY = 1.2 / 365

#: Within so many seconds the same birth date is noticed again.
SHORT_TIME_S = 3600

#: P(under the legal age) from which on nobody should be judged by looks: one in four. Higher ones
#: are rare, for an estimate of 17 with an error of several years is also one of 20.
FAIR_CHANCE = 0.25


@dataclass(frozen=True)
class RuleOutput:
    """The output of a rule for a store's day, one element a sale."""

    examined: Flags  # whether the rule applies to the sale
    found: Flags  # whether it applies and matches
    probability: Floats  # the largest one of a match by chance; 0 if unknown or not examined

    @classmethod
    def of(cls, examined: Flags, found: Flags, probability: float | Floats) -> "RuleOutput":
        """Restrict matches and probabilities to the sales examined."""
        return cls(examined, examined & found, np.where(examined, probability, 0.0))


QualityRule = Callable[[Facts], RuleOutput]


def sentinel_birth_date(facts: Facts) -> RuleOutput:
    """A birth date on record is one of the policy's made-up ones, or the latest that is legal.

    By chance: if all customers were born in the year that holds most of these dates.
    """
    made_up = np.isin(facts.born, np.array(sorted(facts.sentinels), "datetime64[D]"))
    a_year = Counter(day.year for day in facts.sentinels)
    probability = (max(a_year.values(), default=0) + 1) * _A_DAY
    found = made_up | (facts.born == facts.latest_legal)
    return RuleOutput.of(facts.keyed | facts.scanned, found, probability)


def round_birth_date(facts: Facts) -> RuleOutput:
    """A birth date on record is the first of a month, or day and month are the same number."""
    months = facts.born.astype("datetime64[M]")
    day = (facts.born - months.astype("datetime64[D]")).astype(float) + 1
    month = (months - months.astype("datetime64[Y]").astype("datetime64[M]")).astype(float) + 1
    days = 12 + 12 - 1  # the 1st of January is both
    return RuleOutput.of(facts.keyed | facts.scanned, (day == 1) | (day == month), days * _A_DAY)


def round_birth_year(facts: Facts) -> RuleOutput:
    """A year of birth on record ends in 0 or 5, of the ages 23 to 62 that Whipple's index is of."""
    inside = (facts.years >= 23) & (facts.years <= 62) & (facts.keyed | facts.scanned)
    year = facts.born.astype("datetime64[Y]").astype(float) + 1970
    return RuleOutput.of(inside, year % 5 == 0, 0.2)


def one_birth_date(facts: Facts) -> RuleOutput:
    """The same person recorded the same birth date for another sale within the hour before.

    By chance: if all customers of that hour were born in one year.
    """
    examined = facts.keyed | facts.scanned
    found, probability = np.zeros(len(examined), np.bool_), np.zeros(len(examined))
    recent: dict[tuple[object, object], list[tuple[float, object]]] = {}
    rows = np.flatnonzero(examined)
    for row in rows[np.argsort(facts.sold_at[rows], kind="stable")].tolist():
        now, born = facts.sold_at[row], facts.born[row]
        seen = recent.setdefault((facts.keys[0][row], facts.keys[1][row]), [])
        seen[:] = [(then, date) for then, date in seen if now - then <= SHORT_TIME_S]
        dates = {date for _, date in seen}
        found[row], probability[row] = born in dates, min(1.0, len(dates) * _A_DAY)
        seen.append((now, born))
    return RuleOutput.of(examined, found, probability)


def birth_date_against_face(facts: Facts) -> RuleOutput:
    """The age on record lies outside the 95 % interval of the only face in the frame."""
    examined = (facts.keyed | facts.scanned) & facts.estimated & ~np.isnan(facts.low)
    outside = (facts.years < np.floor(facts.low)) | (facts.years > np.ceil(facts.high))
    return RuleOutput.of(examined, outside, 0.05)  # what a calibrated interval leaves out


def fast_check(facts: Facts) -> RuleOutput:
    """The check is on record sooner after the first alcohol line than a hand can make one.

    A check before that line was asked for earlier, and says nothing.
    """
    by_hand = np.isin(facts.check, ("dob_entered", "id_viewed"))
    examined = by_hand & (facts.check_after_s >= 0)
    return RuleOutput.of(examined, facts.check_after_s < facts.min_check_seconds, 0.0)


def judged_by_eye(facts: Facts) -> RuleOutput:
    """The cashier judged by looks a buyer with a fair chance to be under the legal age."""
    examined = (facts.p_under_legal >= FAIR_CHANCE) & (facts.check != "not_recorded")
    return RuleOutput.of(examined, np.asarray(facts.check == "looks_over"), 0.0)


def check_out_of_time(facts: Facts) -> RuleOutput:
    """A check is on record at another time than its sale: hours or days away, or long after it."""
    recorded = ~np.isin(facts.check, (*NO_CHECK, "refused"))
    return RuleOutput.of(recorded | facts.out_of_time, facts.out_of_time, 0.0)


_RULES = (
    *(sentinel_birth_date, round_birth_date, round_birth_year, one_birth_date),
    *(birth_date_against_face, fast_check, judged_by_eye, check_out_of_time),
)

#: By name, in the order of QUALITY_RULES.
RULES: Mapping[str, QualityRule] = dict(zip(QUALITY_RULES, _RULES, strict=True))

#: Rules that say of each sale alone that its check does not count: every match is told of.
ALWAYS_TOLD = frozenset({"check_out_of_time"})

#: Rules on dates that a hand may make up: those a machine read are what to compare with. The
#: others are about either, and have nothing to compare with but each other.
COMPARED_WITH_SCANS = frozenset({"sentinel_birth_date", "round_birth_date", "round_birth_year"})


def compared(name: str, facts: Facts) -> Flags:
    """Whether each sale is only there to compare with."""
    return facts.scanned if name in COMPARED_WITH_SCANS else np.zeros(len(facts.check), np.bool_)
