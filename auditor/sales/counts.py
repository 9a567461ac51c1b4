"""Counts of a store's transactions and frames, by how they were used."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SaleCounts:
    """One store's transactions and frames, by how they were used."""

    transactions: int = 0
    duplicate_transactions: int = 0
    alcohol_sales: int = 0
    alcohol_returns: int = 0
    snapshots_matched: int = 0
    snapshots_of_other_sales: int = 0
    snapshots_unclaimed: int = 0
