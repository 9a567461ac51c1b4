"""Where the challenge age is applied: to assign an outcome, and to say that a check was due.

The policy sets the challenge age of each store (``policy/rules.py``), and every sale carries the
one in force (``SALES.challenge_age``). The rules below are used as follows:

=============================================  =====================================================
the estimated age is under the challenge age   ``sales/outcomes.py``: an unchecked sale is flagged,
                                               or else over the threshold
                                               ``monitoring/staff/outcome_counts.py``: the buyer
                                               looks young, and a check counts as handled
an ID check was due                            ``monitoring/staff/exposure.py``: the class of
                                               probability from which sales count as due; by it,
                                               ``monitoring/staff/peers.py`` and
                                               ``report/people.py`` count checks
=============================================  =====================================================

Elsewhere the challenge age decides nothing: ``faces/score.py`` computes P(under the challenge age)
(``faces/ages.py``), ``report/`` shows it and calls a flag a close call below a probability
(``text/guidance.py``), and ``policy/rules.py`` checks that it is below no legal
age; where a till required a higher age, a sale carries that one as both (``sales/collecting.py``).
"""

from typing import overload

import pandas as pd

#: P(under the challenge age) from which an ID check was due: the buyer is at least as likely under
#: the challenge age as not.
CHECK_DUE_FROM = 0.5


@overload
def is_under_challenge_age(age: float, challenge_age: int) -> bool: ...
@overload
def is_under_challenge_age(
    age: "pd.Series[float]", challenge_age: "pd.Series[int]"
) -> "pd.Series[bool]": ...
def is_under_challenge_age(
    age: "float | pd.Series[float]", challenge_age: "int | pd.Series[int]"
) -> "bool | pd.Series[bool]":
    """Whether an estimated age is under the challenge age; both in years.

    A buyer exactly at the challenge age is not. A missing age (NaN) is neither under nor over it.
    """
    return age < challenge_age
