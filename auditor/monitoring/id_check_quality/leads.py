"""Whose checks show something more often than chance, and than other people's checks, would."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.monitoring.statistics.beta_binomial import upper_tail
from auditor.monitoring.statistics.discovery import adjusted
from auditor.monitoring.statistics.funnel import overdispersion_of
from auditor.monitoring.statistics.heaping import Heaping
from auditor.monitoring.statistics.rates import Rate, wilson
from auditor.monitoring.statistics.reference import Flags, Floats, without_outliers
from auditor.tables import QUALITY_COUNTS, QUALITY_RULES, RECORDED_AGES

#: Once is no habit, whatever the odds.
_LEAST_FOUND = 2
_AGES = 121


@dataclass(frozen=True, slots=True)
class Lead:
    """A person whose checks show something more often than was to be expected.

    Attributes:
        store_id: the store.
        cashier_id: who did the checks, or the cashier where that is not known.
        looked_at: checks that the rule could say something of.
        found: of these, those it found something in.
        rate: found of looked at, with its Wilson interval.
        base: the share that was to be expected: by chance, or what others' checks show if that
            is more.
        p: probability of so many, if the base is right.
        q: the same after Benjamini and Hochberg over all whom the rule looked at.
    """

    store_id: str
    cashier_id: str
    looked_at: int
    found: int
    rate: Rate
    base: float
    p: float
    q: float


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What a rule found in a chain or a store over a window of days.

    Attributes:
        rule: its name.
        looked_at: checks that it could say something of.
        found: of these, those it found something in.
        chance: how many of these chance alone would find, at most; None where nothing is known.
        scans_looked_at, scans_found: the same of documents that a machine read, where they are
            something to compare with; else 0.
        people: whose checks it looked at, at or above the least exposure.
        leads: those who stand out, by store and id.
    """

    rule: str
    looked_at: int
    found: int
    chance: float | None
    scans_looked_at: int
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
    """Look at every checker of the chain, rule by rule, in the order of HOLLOW_RULES.

    Args:
        counts: HOLLOW_COUNTS of the whole chain, a window of days added up.
        min_exposure: checks looked at below which nothing is said of a person.
        false_lead_share: of the leads, the share that may be there by chance.
    """
    counts = QUALITY_COUNTS.conform(counts)
    return {
        rule: _finding(
            rule, counts.filter(pc.equal(counts["rule"], rule)), min_exposure, false_lead_share
        )
        for rule in QUALITY_RULES
    }


def of_store(findings: Mapping[str, RuleResult], counts: pa.Table) -> Mapping[str, RuleResult]:
    """The findings of one store: its counts, and those of the chain's leads that are its own.

    Args:
        findings: of the chain.
        counts: HOLLOW_COUNTS of the store.
    """
    store_ids = set(counts["store_id"].to_pylist())
    return {
        rule: RuleResult(
            **_totals(rule, counts.filter(pc.equal(counts["rule"], rule))),
            people=finding.people,
            leads=tuple(lead for lead in finding.leads if lead.store_id in store_ids),
        )
        for rule, finding in findings.items()
    }


def heaps(ages: pa.Table) -> Heaps:
    """How far ages heap; ``ages`` are rows of RECORDED_AGES."""
    ages = RECORDED_AGES.conform(ages)
    scanned, age, checks = (ages[name].to_numpy() for name in ("scanned", "age", "checks"))
    keyed, read = (
        np.bincount(age[rows], checks[rows], _AGES).astype(np.int64) for rows in (~scanned, scanned)
    )
    return Heaps(Heaping.of_counts(keyed), Heaping.of_counts(read))


def _finding(rule: str, counts: pa.Table, min_exposure: int, false_lead_share: float) -> RuleResult:
    own = counts.filter(pc.invert(counts["scanned"]))
    looked, found, chance = (own[name].to_numpy() for name in ("looked_at", "found", "chance"))
    scans = _totals(rule, counts)
    # What a machine read is no better known than by as many documents as there were.
    read = scans["scans_found"] / (scans["scans_looked_at"] + 1)
    told = np.flatnonzero(looked >= min_exposure)

    def measure(kept: Flags) -> tuple[Floats, Floats]:
        """The base of each, and the probability of so many, by what those kept show."""
        usual = np.ones(len(looked), np.bool_)
        usual[told[~kept]] = False
        others = found * usual, looked * usual
        rest = (others[0].sum() - others[0] + 0.5) / (others[1].sum() - others[1] + 1)
        by_chance = chance / np.maximum(looked, 1)
        base = np.maximum.reduce([by_chance, rest, np.full(len(looked), read)])[told]
        outliers = float(np.mean(~kept)) if len(kept) else 0.0
        overdispersion = overdispersion_of(found[told], looked[told], base, outliers=outliers)
        return base, upper_tail(found[told], looked[told], base, overdispersion)

    kept = without_outliers(lambda k: adjusted(measure(k)[1]), len(told), false_lead_share)
    base, p = measure(kept)
    leads = [
        Lead(
            store_id=own["store_id"][row].as_py(),
            cashier_id=own["cashier_id"][row].as_py(),
            looked_at=int(looked[row]),
            found=int(found[row]),
            rate=wilson(int(found[row]), int(looked[row])),
            base=float(expected),
            p=float(p_value),
            q=float(q_value),
        )
        for row, expected, p_value, q_value in zip(told.tolist(), base, p, adjusted(p), strict=True)
        if q_value <= false_lead_share and found[row] >= _LEAST_FOUND
    ]
    leads.sort(key=lambda lead: (lead.store_id, lead.cashier_id))
    return RuleResult(**scans, people=len(told), leads=tuple(leads))


def _totals(rule: str, counts: pa.Table) -> dict[str, Any]:
    """The counts of a finding, of rows of one rule."""
    scanned = counts["scanned"]
    own, scans = counts.filter(pc.invert(scanned)), counts.filter(scanned)
    chance = _sum(own, "chance")
    return {
        "rule": rule,
        "looked_at": int(_sum(own, "looked_at")),
        "found": int(_sum(own, "found")),
        "chance": chance or None,
        "scans_looked_at": int(_sum(scans, "looked_at")),
        "scans_found": int(_sum(scans, "found")),
    }


def _sum(counts: pa.Table, name: str) -> float:
    return float(pc.sum(counts[name]).as_py() or 0)
