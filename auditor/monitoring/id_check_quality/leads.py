"""Whose ID checks match a rule more often than chance, and than other people's checks, explain."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.monitoring.statistics import Flags, Floats
from auditor.monitoring.statistics.beta_binomial import upper_tail
from auditor.monitoring.statistics.discovery import adjusted
from auditor.monitoring.statistics.funnel import overdispersion_of
from auditor.monitoring.statistics.heaping import Heaping
from auditor.monitoring.statistics.rates import Rate, wilson
from auditor.monitoring.statistics.reference import without_outliers
from auditor.tables import QUALITY_COUNTS, QUALITY_RULES, RECORDED_AGES

#: Once is no habit, whatever the odds.
_LEAST_FOUND = 2
_AGES = 121


@dataclass(frozen=True, slots=True)
class Lead:
    """A person whose checks match a rule more often than expected.

    Attributes:
        store_id: the store.
        cashier_id: who did the checks, or the cashier where that is not known.
        examined: checks that the rule applies to.
        found: of these, those that match the rule.
        rate: found of examined, with its Wilson interval.
        expected_share: the share by chance, or that of others' checks if it is larger.
        p: chance of this many or more, if the expected share is right.
        q: the same after Benjamini and Hochberg over all people with enough checks.
    """

    store_id: str
    cashier_id: str
    examined: int
    found: int
    rate: Rate
    expected_share: float
    p: float
    q: float


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What a rule found in a chain or a store over a window of days.

    Attributes:
        rule: its name.
        examined: checks that it applies to.
        found: of these, those that match it.
        expected_by_chance: how many would match by chance alone, at most; None where unknown.
        scans_examined, scans_found: the same of documents that a machine read, where the rule
            compares with them; else 0.
        people: those with enough checks to be tested.
        leads: the outliers among them, by store and id.
    """

    rule: str
    examined: int
    found: int
    expected_by_chance: float | None
    scans_examined: int
    scans_found: int
    people: int
    leads: tuple[Lead, ...]


@dataclass(frozen=True, slots=True)
class Heaps:
    """How far the ages on record heap: those keyed by hand, and those a machine read."""

    keyed: Heaping
    scanned: Heaping


def find_leads(
    counts: pa.Table, *, min_exposure: int, false_lead_share: float
) -> Mapping[str, RuleResult]:
    """Test everybody who checks IDs in the chain by each rule, in the order of QUALITY_RULES.

    Args:
        counts: QUALITY_COUNTS of the whole chain, a window of days added up.
        min_exposure: checks below which a person is not tested.
        false_lead_share: share of the leads that may be there by chance.
    """
    counts = QUALITY_COUNTS.conform(counts)
    return {
        rule: _test_people(rule, _of_rule(counts, rule), min_exposure, false_lead_share)
        for rule in QUALITY_RULES
    }


def of_store(results: Mapping[str, RuleResult], counts: pa.Table) -> Mapping[str, RuleResult]:
    """The results of one store, from the chain's and the store's QUALITY_COUNTS: its own leads."""
    store_ids = set(counts["store_id"].to_pylist())
    return {
        rule: RuleResult(
            **_totals(rule, _of_rule(counts, rule)),
            people=result.people,
            leads=tuple(lead for lead in result.leads if lead.store_id in store_ids),
        )
        for rule, result in results.items()
    }


def heaps(ages: pa.Table) -> Heaps:
    """How far ages heap; ``ages`` are rows of RECORDED_AGES."""
    ages = RECORDED_AGES.conform(ages)
    scanned, age, checks = (ages[name].to_numpy() for name in ("scanned", "age", "checks"))
    keyed, read = (
        np.bincount(age[rows], checks[rows], _AGES).astype(np.int64) for rows in (~scanned, scanned)
    )
    return Heaps(Heaping.of_counts(keyed), Heaping.of_counts(read))


def _test_people(
    rule: str, counts: pa.Table, min_exposure: int, false_lead_share: float
) -> RuleResult:
    own = counts.filter(pc.invert(counts["scanned"]))
    examined, found, by_chance = (own[n].to_numpy() for n in ("looked_at", "found", "chance"))
    totals = _totals(rule, counts)
    # The share among scans is no better known than their number allows.
    scans_share = totals["scans_found"] / (totals["scans_examined"] + 1)
    tested = np.flatnonzero(examined >= min_exposure)

    def measure(kept: Flags) -> tuple[Floats, Floats]:
        """The expected share and p-value of each, by what the people kept show."""
        usual = np.ones(len(examined), np.bool_)
        usual[tested[~kept]] = False
        all_found, all_examined = found * usual, examined * usual
        others = (all_found.sum() - all_found + 0.5) / (all_examined.sum() - all_examined + 1)
        largest = np.maximum(by_chance / np.maximum(examined, 1), others).clip(scans_share)
        expected = largest[tested]
        outliers = float(np.mean(~kept)) if len(kept) else 0.0
        counts_of = found[tested], examined[tested], expected
        return expected, upper_tail(*counts_of, overdispersion_of(*counts_of, outliers=outliers))

    kept = without_outliers(lambda k: adjusted(measure(k)[1]), len(tested), false_lead_share)
    expected, p = measure(kept)
    leads = [
        Lead(
            store_id=own["store_id"][row].as_py(),
            cashier_id=own["cashier_id"][row].as_py(),
            examined=int(examined[row]),
            found=int(found[row]),
            rate=wilson(int(found[row]), int(examined[row])),
            expected_share=float(share),
            p=float(p_value),
            q=float(q_value),
        )
        for row, share, p_value, q_value in zip(
            tested.tolist(), expected, p, adjusted(p), strict=True
        )
        if q_value <= false_lead_share and found[row] >= _LEAST_FOUND
    ]
    leads.sort(key=lambda lead: (lead.store_id, lead.cashier_id))
    return RuleResult(**totals, people=len(tested), leads=tuple(leads))


def _of_rule(counts: pa.Table, rule: str) -> pa.Table:
    return counts.filter(pc.equal(counts["rule"], rule))


def _totals(rule: str, counts: pa.Table) -> dict[str, Any]:
    """The counts of a :class:`RuleResult`, of QUALITY_COUNTS of one rule."""
    scanned = counts["scanned"]
    own, scans = counts.filter(pc.invert(scanned)), counts.filter(scanned)
    return {
        "rule": rule,
        "examined": int(_sum(own, "looked_at")),
        "found": int(_sum(own, "found")),
        "expected_by_chance": _sum(own, "chance") or None,
        "scans_examined": int(_sum(scans, "looked_at")),
        "scans_found": int(_sum(scans, "found")),
    }


def _sum(counts: pa.Table, name: str) -> float:
    return float(pc.sum(counts[name]).as_py() or 0)
