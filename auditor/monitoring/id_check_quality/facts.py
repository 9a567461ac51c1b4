"""What the rules look at, as arrays, one element a sale of a store's day."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Self
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.clock.birthdays import completed_years
from auditor.policy import Rules

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

#: States of the ID check that leave a birth date on record: keyed by hand, read by a machine.
KEYED, SCANNED = "dob_entered", "id_scanned"

_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Facts:
    """A store's day.

    Attributes:
        keys: store and checker of each sale; the cashier where nobody is named as checker.
        check: what the till recorded of the ID check.
        sold_at: seconds since 1970 UTC.
        sold_on: day of the sale by the store's clock, datetime64[D].
        check_after_s: seconds from the first alcohol line to the ID check; NaN where unknown.
        born: birth date on record, datetime64[D], NaT for none.
        years: completed years on the day of the sale, by the birth date; NaN for none.
        estimated: whether an age is estimated, of the only face in the frame.
        low, high: ends of its 95 % interval, years; NaN for none.
        p_under_legal: P(under the legal age); NaN for none.
        latest_legal: the birth date of somebody who comes of age on the day of the sale.
        sentinels: the policy's made-up birth dates.
        min_check_seconds: below which no hand checks, by the policy.
    """

    keys: tuple[NDArray[np.object_], NDArray[np.object_]]
    check: NDArray[np.object_]
    sold_at: Floats
    sold_on: NDArray[np.datetime64]
    check_after_s: Floats
    born: NDArray[np.datetime64]
    years: Floats
    estimated: Flags
    low: Floats
    high: Floats
    p_under_legal: Floats
    latest_legal: NDArray[np.datetime64]
    sentinels: frozenset[date]
    min_check_seconds: float

    @classmethod
    def of(cls, ledger: pa.Table, rules: Rules) -> Self:
        """Take them from rows of LEDGER of stores under the same rules."""
        sold = pd.DatetimeIndex(ledger["sold_at"].to_pandas())
        local = sold.tz_convert(ZoneInfo(rules.time_zone)).tz_localize(None)
        sold_on = local.to_numpy().astype("datetime64[D]")
        born = ledger["birth_date"].to_numpy().astype("datetime64[D]")
        checked_at = _seconds(ledger["id_check_at"])
        checker = pc.coalesce(ledger["id_check_by"], ledger["cashier_id"])
        return cls(
            keys=(_objects(ledger["store_id"]), _objects(checker)),
            check=_objects(ledger["id_check"]),
            sold_at=_seconds(ledger["sold_at"]),
            sold_on=sold_on,
            check_after_s=checked_at - _first_alcohol(ledger["basket"]),
            born=born,
            years=completed_years(born, sold_on),
            estimated=(_floats(ledger["faces"]) == 1) & ~np.isnan(_floats(ledger["age"])),
            low=_floats(ledger["age_low_95"]),
            high=_floats(ledger["age_high_95"]),
            p_under_legal=_floats(ledger["p_under_legal"]),
            latest_legal=_years_before(sold_on, ledger["legal_age"].to_numpy()),
            sentinels=rules.sentinel_birth_dates,
            min_check_seconds=rules.min_check_seconds,
        )

    @property
    def keyed(self) -> Flags:
        """Whether a hand keyed the birth date on record."""
        return np.asarray(self.check == KEYED) & ~np.isnat(self.born)

    @property
    def scanned(self) -> Flags:
        """Whether a machine read the birth date on record."""
        return np.asarray(self.check == SCANNED) & ~np.isnat(self.born)


def _years_before(days: NDArray[np.datetime64], years: NDArray[Any]) -> NDArray[np.datetime64]:
    """The same day of the month so many years before; of 29 February the last of the month."""
    months = days.astype("datetime64[M]")
    earlier = months - (years.astype(int) * 12).astype("timedelta64[M]")
    last = (earlier + np.timedelta64(1, "M")).astype("datetime64[D]") - _DAY
    same = earlier.astype("datetime64[D]") + (days - months.astype("datetime64[D]"))
    earlier_days: NDArray[np.datetime64] = np.minimum(same, last)
    return earlier_days


def _first_alcohol(baskets: pa.ChunkedArray) -> Floats:
    """When each basket's first alcohol line was scanned, seconds since 1970; NaN if unknown."""
    lists = baskets.combine_chunks()
    lines, basket = lists.flatten(), pc.list_parent_indices(lists).to_numpy()
    at = np.where(
        lines.field("alcohol").to_numpy(zero_copy_only=False),
        _seconds(lines.field("sold_at")),
        np.nan,
    )
    first = np.full(len(lists), np.inf)
    np.fmin.at(first, basket, at)
    return np.where(np.isinf(first), np.nan, first)


def _seconds(times: pa.ChunkedArray | pa.Array) -> Floats:
    return np.asarray(_floats(pc.cast(times, pa.int64())) / 1e6)


def _floats(column: pa.ChunkedArray | pa.Array) -> Floats:
    values = pc.fill_null(pc.cast(column, pa.float64(), safe=False), float("nan"))
    return np.asarray(values.to_pandas(), np.float64)


def _objects(column: pa.ChunkedArray) -> NDArray[np.object_]:
    return np.array(column.to_pylist(), dtype=object)
