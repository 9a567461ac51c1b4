"""A store's day of checks as counts, by rule and checker: small however many sales there were."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from auditor.monitoring.id_check_quality.facts import Facts
from auditor.monitoring.id_check_quality.rules import RULES, compared
from auditor.policy import Rules
from auditor.tables import LEDGER, QUALITY_COUNTS, RECORDED_AGES


@dataclass(frozen=True, slots=True)
class Match:
    """A sale in which a rule found something: its row in the ledger given, and who checked.

    ``cashier_id`` is None where neither who checked nor a cashier is on record.
    """

    rule: str
    row: int
    cashier_id: str | None


def count_quality(ledger: pa.Table, rules: Rules) -> pa.Table:
    """Count the checks that each rule examined, and those in which it found something.

    Checks that are in nobody's name, as at a self-checkout without an attendant, are left out.

    ``ledger`` are rows of LEDGER of stores under the same rules, in any order.

    Returns:
        QUALITY_COUNTS, sorted by its key.
    """
    facts = Facts.of(LEDGER.conform(ledger), rules)
    is_known = np.array([who is not None for who in facts.keys[1]], np.bool_)
    parts = []
    for name, rule in RULES.items():
        output = rule(facts)
        rows = np.flatnonzero(output.examined & is_known)
        columns = {
            "store_id": pa.array(facts.keys[0][rows], pa.string()),
            "cashier_id": pa.array(facts.keys[1][rows], pa.string()),
            "rule": pa.repeat(name, len(rows)),
            "scanned": pa.array(compared(name, facts)[rows]),
            "looked_at": pa.repeat(1, len(rows)),
            "found": pa.array(output.found[rows].astype(np.int32)),
            "chance": pa.array(output.probability[rows]),
        }
        parts.append(pa.table(columns))
    return QUALITY_COUNTS.add_up([pa.concat_tables(parts)])


def count_ages(ledger: pa.Table, rules: Rules) -> pa.Table:
    """Count the ages that the birth dates on record give; otherwise as :func:`count_quality`.

    Returns:
        RECORDED_AGES, sorted by its key. A birth date after the sale, or more than 120 years
        before it, is in none.
    """
    facts = Facts.of(LEDGER.conform(ledger), rules)
    sensible = (facts.years >= 0) & (facts.years <= 120)  # else the year was keyed wrong
    rows = np.flatnonzero((facts.keyed | facts.scanned) & sensible)
    columns = {
        "store_id": pa.array(facts.keys[0][rows], pa.string()),
        "scanned": pa.array(facts.scanned[rows]),
        "age": pa.array(facts.years[rows].astype(np.int16)),
        "checks": pa.repeat(1, len(rows)),
    }
    return RECORDED_AGES.add_up([pa.table(columns)])


def find(ledger: pa.Table, rules: Rules) -> Iterator[Match]:
    """The sales in which a rule found something, by rule and row; arguments as above."""
    facts = Facts.of(LEDGER.conform(ledger), rules)
    for name, rule in RULES.items():
        for row in np.flatnonzero(rule(facts).found & ~compared(name, facts)).tolist():
            yield Match(name, row, facts.keys[1][row])
