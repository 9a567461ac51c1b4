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
from auditor.monitoring.statistics import Flags, Floats
from auditor.policy import Rules
from auditor.sales.checks import CHECK_OUT_OF_TIME

#: States of the ID check that leave a birth date on record: keyed by hand, read by a machine.
KEYED, SCANNED = "dob_entered", "id_scanned"


@dataclass(frozen=True)
class Facts:
    """A store's day; NaN and NaT stand for what is not known."""

    # Store, and checker or else cashier; None where nobody is named.
    keys: tuple[NDArray[np.object_], NDArray[np.object_]]
    check: NDArray[np.object_]  # what the till recorded of the ID check
    sold_at: Floats  # seconds since 1970 UTC
    check_after_s: Floats  # seconds from the first alcohol line to the ID check
    born: NDArray[np.datetime64]  # birth date on record, a day
    years: Floats  # completed years on the day of the sale, by the birth date
    estimated: Flags  # whether an age is estimated, of the only face in the frame
    low: Floats  # ends of its 95 % interval, years
    high: Floats
    p_under_legal: Floats
    latest_legal: NDArray[np.datetime64]  # birth date of who comes of age on the day of the sale
    out_of_time: Flags  # whether a check is on record at another time, which does not count
    sentinels: frozenset[date]  # the policy's made-up birth dates
    min_check_seconds: float  # below which no hand checks, by the policy

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
            check_after_s=checked_at - _first_alcohol(ledger["basket"]),
            born=born,
            years=completed_years(born, sold_on),
            estimated=(_floats(ledger["faces"]) == 1) & ~np.isnan(_floats(ledger["age"])),
            low=_floats(ledger["age_low_95"]),
            high=_floats(ledger["age_high_95"]),
            p_under_legal=_floats(ledger["p_under_legal"]),
            latest_legal=_years_before(sold_on, ledger["legal_age"].to_numpy()),
            out_of_time=is_out_of_time(ledger["marks"]),
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


def is_out_of_time(marks: pa.ChunkedArray) -> Flags:
    """Whether each sale, by its marks, has an ID check on record that was made at another time."""
    lists = marks.combine_chunks()
    marked = pc.equal(lists.flatten(), CHECK_OUT_OF_TIME)
    found = np.zeros(len(lists), np.bool_)
    found[pc.list_parent_indices(lists).filter(marked).to_numpy()] = True
    return found


def _years_before(days: NDArray[np.datetime64], years: NDArray[Any]) -> NDArray[np.datetime64]:
    """The same day of the month so many years before; of 29 February the last of the month."""
    months = days.astype("datetime64[M]")
    earlier = months - (years.astype(int) * 12).astype("timedelta64[M]")
    last = (earlier + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
    same = earlier.astype("datetime64[D]") + (days - months.astype("datetime64[D]"))
    return np.asarray(np.minimum(same, last))


def _first_alcohol(baskets: pa.ChunkedArray) -> Floats:
    """When each basket's first alcohol line was scanned, seconds since 1970; NaN if unknown."""
    lists = baskets.combine_chunks()
    lines, basket = lists.flatten(), pc.list_parent_indices(lists).to_numpy()
    is_alcohol = lines.field("alcohol").to_numpy(zero_copy_only=False)
    at = np.where(is_alcohol, _seconds(lines.field("sold_at")), np.nan)
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
