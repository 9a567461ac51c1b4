"""What became of a store's lines and frames."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SaleCounts:
    """What one store's lines and frames became."""

    transactions: int = 0
    duplicate_transactions: int = 0
    alcohol_sales: int = 0
    alcohol_returns: int = 0
    snapshots_matched: int = 0
    snapshots_of_other_sales: int = 0
    snapshots_unclaimed: int = 0
