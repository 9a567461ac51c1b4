"""Age in completed years, as the law counts them."""

import numpy as np
from numpy.typing import NDArray


def completed_years(
    born: NDArray[np.datetime64], on: NDArray[np.datetime64]
) -> NDArray[np.float64]:
    """Age in completed years on a day: NaN without a birth date, negative before it.

    A person born on 29 February completes a year on 1 March of a common year. Both arrays have one
    dimension and the same shape; ``born`` is NaT where no birth date is on record.
    """
    years = on.astype("datetime64[Y]").astype(float) - born.astype("datetime64[Y]").astype(float)
    ahead = _month_and_day(on) < _month_and_day(born)
    return np.where(np.isnat(born), np.nan, years - ahead)


def _month_and_day(days: NDArray[np.datetime64]) -> NDArray[np.float64]:
    months = days.astype("datetime64[M]")
    of_year = (months - months.astype("datetime64[Y]").astype("datetime64[M]")).astype(float)
    return np.asarray(of_year * 32 + (days - months.astype("datetime64[D]")).astype(float))
