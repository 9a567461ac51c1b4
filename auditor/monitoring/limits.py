"""The policy's limits on what a day may leave unseen."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from auditor.inputs import LOST_SHEET, incomplete_rows
from auditor.policy import ChainRules
from auditor.tables import STORE_DAYS

_NAMED = 10  # files of which more are only counted

#: The columns of rejects that are needed.
OF_REJECTS = ("store_id", "source", "row", "column", "reason")


class InputRows(NamedTuple):
    """The rows of a day's till exports and snapshot indexes: all that were read, and rejected.

    Rows that are kept, but without what their age check needs, count as rejected.
    """

    read: int
    rejected: int


def exceeded(
    limits: ChainRules,
    *,
    store_days: pa.Table,
    outcomes: Mapping[str, int],
    rejects: Iterable[pa.Table],
    empty: Sequence[str] = (),
) -> list[str]:
    """The limits that a day exceeds: a sentence each, naming the policy's key.

    A file that could not be used at all exceeds any: nobody knows how many sales it holds. So does
    one of whose sheets was not read, though it may hold rows.

    Args:
        limits: the chain's rules on that day.
        store_days: tables.STORE_DAYS.
        outcomes: how many alcohol sales had each outcome.
        rejects: ``OF_REJECTS`` of tables.REJECTS in parts, those of no known store, which are in no
            store's counts, in one of them.
        empty: the till exports without rows.
    """
    days = STORE_DAYS.conform(store_days)
    missing = days.filter(pc.not_equal(days["export_status"], "read"))["store_id"].to_pylist()
    sentences = []
    if len(missing) > limits.max_missing_stores:
        sentences.append(
            f"no usable till export from {len(missing)} of {days.num_rows} stores "
            f"({', '.join(missing[:10])}); max_missing_stores is {limits.max_missing_stores}"
            + (f"; {without_rows(empty)}" if empty else "")
        )
    parts = list(rejects)
    if files := _unusable(parts, sheets=False):
        sentences.append(
            f"{len(files)} input files could not be used ({', '.join(files[:_NAMED])}): what they "
            "hold is not audited"
        )
    if files := _unusable(parts, sheets=True):
        sentences.append(
            f"sheets that look like the others were not read, in workbooks: {len(files)} "
            f"({', '.join(files[:_NAMED])}): what they hold is not audited"
        )
    rows = input_rows(days, parts)
    unjudged, sales = outcomes.get("inconclusive", 0), sum(outcomes.values())
    for what, part, whole, key in (
        (
            "input rows were set aside or lack what their age check needs",
            rows.rejected,
            rows.read,
            "max_rejected_share",
        ),
        ("alcohol sales could not be judged", unjudged, sales, "max_inconclusive_share"),
    ):
        most = getattr(limits, key)
        if too_many(part, whole, most):
            sentences.append(f"{part} of {whole} {what}; {key} is {most:g}")
    return sentences


def without_rows(exports: Sequence[str]) -> str:
    """Which till exports have no rows."""
    first = ", ".join(exports[:_NAMED])
    more = f" and {len(exports) - _NAMED} more" if len(exports) > _NAMED else ""
    return f"{first}{more} {'has' if len(exports) == 1 else 'have'} a header and no rows"


def _unusable(rejects: Iterable[pa.Table], *, sheets: bool) -> list[str]:
    """The files that could not be used, or those of which sheets could not."""
    found: set[str] = set()
    for part in rejects:
        is_sheet = pc.equal(part["reason"], LOST_SHEET)
        whole = pc.and_(pc.is_null(part["row"]), is_sheet if sheets else pc.invert(is_sheet))
        found.update(part.filter(whole)["source"].unique().to_pylist())
    return sorted(filter(None, found))


def input_rows(store_days: pa.Table, rejects: Iterable[pa.Table]) -> InputRows:
    """Count the input rows of a day; arguments as for :func:`exceeded`."""
    parts = list(rejects)
    rows = (part.filter(pc.not_equal(part["reason"], LOST_SHEET)) for part in parts)
    lost = (part.filter(pc.is_null(part["store_id"])) for part in rows)
    unplaced = sum(len(part.group_by(["source", "row"]).aggregate([])) for part in lost)
    incomplete = sum(map(incomplete_rows, parts))

    def total(*columns: str) -> int:
        return unplaced + sum(pc.sum(store_days[name]).as_py() or 0 for name in columns)

    return InputRows(
        read=total("lines_read", "snapshots_indexed"),
        rejected=total("lines_rejected", "snapshots_rejected") + incomplete,
    )


def too_many(part: int, whole: int, most: float) -> bool:
    """Whether ``part`` is more of ``whole`` than the share ``most``."""
    return part > most * whole
