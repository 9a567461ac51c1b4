"""Collects the alcohol sales of a day from till lines, each with the frame that belongs to it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import SECOND, Flags
from auditor.policy import Policy, Rules
from auditor.sales.alcohol import Alcohol, find_alcohol, how_ended
from auditor.sales.articles import as_bought
from auditor.sales.baskets import baskets, lines_of
from auditor.sales.categories import count_categories
from auditor.sales.checks import CHECK_OUT_OF_TIME, find_checks
from auditor.sales.claims import NONE
from auditor.sales.codes import LARGEST_AMOUNT, Codes, money
from auditor.sales.exported import transactions_of
from auditor.sales.frames import MATCHED_BY_TIME, several_frames
from auditor.sales.identity import SALE_KEY, SALE_ORDER
from auditor.sales.matching import Matches, match, times
from auditor.sales.minus import GivenBack, maybe_sold, returns_negative
from auditor.sales.outcomes import SNAPSHOT_AMBIGUOUS, SNAPSHOT_CONTRADICTS
from auditor.sales.rejected import frame_rejects, line_rejects
from auditor.sales.store_rules import windows
from auditor.sales.transactions import KeyParts, Transactions, divide
from auditor.tables import (
    CAMERA_DAYS,
    CATEGORY_COUNTS,
    PURCHASES,
    REJECTS,
    SALES,
    SNAPSHOT_INDEX,
    TILL_LINES,
    TRANSACTIONS,
)

#: Notes on a sale's record, in the order in which a sale carries them.
MARKS = (
    "amount_capped",  # the basket's price is beyond what the column holds
    CHECK_OUT_OF_TIME,  # an ID check is recorded at another time; it does not count
    MATCHED_BY_TIME,  # the frame names no transaction: by its time it can be no other sale's
    "maybe_returned",  # a line gives the alcohol back, or makes it cheaper: it does not say which
    "maybe_two_sales",  # the till may have been reset between its lines
    "mixed_id_check",  # the lines record different ID checks; the strongest is taken
    "several_snapshots",  # more than one frame is the sale's; the best of them is judged
    SNAPSHOT_AMBIGUOUS,  # a frame may be of this sale or of another: it is of none
    SNAPSHOT_CONTRADICTS,  # a frame names the sale, and was taken at another time or till
)

#: Transactions that are no sales, by the name under which a store's day counts them.
_NO_SALES = {
    "training": ("training",),
    "cancelled": ("cancelled",),
    "voided": ("voided", "void"),
    "suspended": ("suspended",),
}
_AT_A_TIME = 1_000_000  # rows, unless one store has more


@dataclass(frozen=True, slots=True)
class SaleCounts:
    """One store's transactions and frames of the day, by how they were used."""

    transactions: int = 0
    duplicate_transactions: int = 0
    training_transactions: int = 0
    cancelled_transactions: int = 0
    voided_transactions: int = 0
    suspended_transactions: int = 0
    alcohol_sales: int = 0
    alcohol_returns: int = 0
    snapshots_matched: int = 0
    snapshots_of_other_sales: int = 0
    snapshots_unclaimed: int = 0
    transactions_from_before: int = 0


@dataclass(frozen=True)
class Collected:
    """The sales of a day, made from its lines and frames.

    Transactions are sales, returns and those without alcohol; the frames of an index are matched,
    of other sales, or unclaimed. ``used`` has the files whose lines or frames are in it.
    """

    sales: pa.Table  # SALES, sorted by store, time, till and transaction
    rejects: pa.Table  # REJECTS, some stores at a time; lines before frames, as given
    counts: dict[str, SaleCounts]  # by store
    purchases: pa.Table  # PURCHASES, the baskets that the policy lets be analysed by age group
    used: frozenset[tuple[str, str]]  # the name of the table, till_lines or snapshot_index; path
    transactions: pa.Table  # TRANSACTIONS, all of them, whatever became of them
    categories: pa.Table  # CATEGORY_COUNTS of all lines
    clocks: pa.Table  # CAMERA_DAYS, of which no frame has been looked at yet
    #: Alcohol returns of a day on which these may be sales written with a minus.
    maybe_sold: dict[GivenBack, int]


def collect(
    lines: pa.Table,
    index: pa.Table,
    day: date,
    policy: Policy,
    keys: Mapping[str, KeyParts] | None = None,
) -> Collected:
    """Collect a day's alcohol sales from TILL_LINES and SNAPSHOT_INDEX.

    Lines come file by file in record order; a snapshot's number occurs once in a store and day.
    Besides the day's, there may be lines and frames of the hours around it: sales that run over the
    day's ends are of the day on which they begin. The policy says what is alcohol, how far a frame
    and an ID check may be from their sale, and the ages. ``keys`` is that of
    :func:`transactions.divide`.

    A transaction is an alcohol sale if more of some alcoholic article was sold than given back, or
    if alcohol was refused and none sold, also where all of it was cancelled or voided afterwards.
    One that gives back more than was bought is a return. One that takes off again whatever it had
    sold counts as voided.
    """
    parts = [_collect_stores(*part, day, policy, keys or {}) for part in _by_stores(lines, index)]
    return Collected(
        sales=pa.concat_tables([SALES.empty(), *(part.sales for part in parts)]),
        rejects=pa.concat_tables([REJECTS.empty(), *(part.rejects for part in parts)]),
        counts={store: counts for part in parts for store, counts in part.counts.items()},
        purchases=pa.concat_tables([PURCHASES.empty(), *(part.purchases for part in parts)]),
        used=frozenset(file for part in parts for file in part.used),
        transactions=pa.concat_tables([TRANSACTIONS.empty(), *(p.transactions for p in parts)]),
        categories=pa.concat_tables([CATEGORY_COUNTS.empty(), *(p.categories for p in parts)]),
        clocks=pa.concat_tables([CAMERA_DAYS.empty(), *(part.clocks for part in parts)]),
        maybe_sold={place: number for part in parts for place, number in part.maybe_sold.items()},
    )


def _by_stores(lines: pa.Table, index: pa.Table) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Yield lines and frames of some stores at a time, the stores in their order.

    A store is never split, and nothing is shared between stores. So memory stays small, and no
    text column outgrows the 2 GiB that Arrow takes in one piece.
    """
    sizes: Counter[str] = Counter()
    for table in (lines, index):
        for counted in table["store_id"].value_counts().to_pylist():
            sizes[counted["values"]] += counted["counts"]
    groups: list[list[str]] = []
    room = 0
    for store, size in sorted(sizes.items()):
        if size > room:
            groups.append([])
            room = _AT_A_TIME
        groups[-1].append(store)
        room -= size
    for stores in groups:
        mine, frames = (t.filter(pc.is_in(t["store_id"], pa.array(stores))) for t in (lines, index))
        yield mine.combine_chunks(), frames.combine_chunks()


def _collect_stores(
    lines: pa.Table, index: pa.Table, day: date, policy: Policy, keys: Mapping[str, KeyParts]
) -> Collected:
    stores = {s for table in (lines, index) for s in table["store_id"].unique().to_pylist()}
    rules = {store: policy.rules(day, store) for store in sorted(stores)}
    divided = divide(returns_negative(lines), day, rules, keys)
    alcohol = find_alcohol(divided, rules)
    divided = replace(divided, lines=as_bought(divided.lines, alcohol.articles))
    refused, ended = how_ended(divided, alcohol)
    sold, heads = ended.sold, divided.heads
    alcohol = replace(alcohol, sale=alcohol.sale & sold, returned=alcohol.returned & sold)
    prices = alcohol.articles.prices(len(divided.starts))
    matches = match(index, heads, rules)
    # A frame may show the other customer.
    matches = replace(matches, frame_of=np.where(divided.in_parts, NONE, matches.frame_of))
    sale_of_frame = _at(alcohol.sale, matches.transaction_of)
    taken = _at(matches.frame_of != NONE, matches.transaction_of)
    of_day = frames_of_day(index, rules, day)
    lost = matches.transaction_of == NONE
    counted = {
        "transactions": _stores(heads, sold),
        "duplicate_transactions": Counter(divided.rejected_runs),
        **{
            f"{state}_transactions": _stores(heads, ended.of_day & ended.are(*states))
            for state, states in _NO_SALES.items()
        },
        "transactions_from_before": _stores(heads, _from_before(heads, rules, day)),
        "alcohol_sales": _stores(heads, alcohol.sale),
        "alcohol_returns": _stores(heads, alcohol.returned),
        "snapshots_matched": _stores(index, sale_of_frame & taken),
        "snapshots_of_other_sales": _stores(index, of_day & ~sale_of_frame & ~lost),
        "snapshots_unclaimed": _stores(index, (of_day & lost) | (sale_of_frame & ~taken)),
    }
    return Collected(
        sales=_sales(
            divided,
            heads,
            alcohol,
            prices=np.where(refused, 0, prices),
            index=index,
            matches=matches,
            rules=rules,
        ),
        rejects=pa.concat_tables(
            [line_rejects(lines, divided), frame_rejects(index, of_day & lost, matches, heads)]
        ),
        counts={
            store: SaleCounts(**{name: counted[name][store] for name in counted})
            for store in sorted({store for counter in counted.values() for store in counter})
        },
        purchases=baskets(
            divided,
            heads,
            alcohol,
            index=index,
            matches=matches,
            rules=rules,
            policy=policy,
            day=day,
        ),
        used=_used(divided, index.filter(pa.array(sale_of_frame & taken))),
        transactions=transactions_of(divided, prices),
        categories=count_categories(divided, alcohol.lines, rules),
        clocks=matches.clocks,
        maybe_sold=maybe_sold(divided, alcohol, rules),
    )


def _from_before(heads: pa.Table, rules: Mapping[str, Rules], day: date) -> Flags:
    """Which transactions run over the start of the business day."""
    start, _ = windows(heads, day, rules)
    flags: Flags = (times(heads["started_at"]) < start) & (start <= times(heads["sold_at"]))
    return flags


def frames_of_day(index: pa.Table, rules: Mapping[str, Rules], day: date) -> Flags:
    """Which frames of SNAPSHOT_INDEX were taken on the business day."""
    taken = times(index["captured_at"])
    start, end = windows(index, day, rules)
    flags: Flags = (start <= taken) & (taken < end)
    return flags


def _sales(  # noqa: PLR0913  # the one place where all of a sale comes together
    divided: Transactions,
    heads: pa.Table,
    alcohol: Alcohol,
    *,
    prices: Codes,
    index: pa.Table,
    matches: Matches,
    rules: dict[str, Rules],
) -> pa.Table:
    at = np.flatnonzero(alcohol.sale)
    order = [(name, "ascending") for name in SALE_ORDER]
    at = at[pc.sort_indices(heads.take(pa.array(at)), sort_keys=order).to_numpy()]
    sale = heads.take(pa.array(at))
    checks = find_checks(divided, alcohol, rules)
    frame_at = matches.frame_of[at]
    has_frame = frame_at != NONE
    frame = index.take(pa.array(frame_at, mask=~has_frame))
    by_time = has_frame & ~_at(matches.named, frame_at)
    offsets = _at(times(index["captured_at"]), frame_at) - times(sale["sold_at"])
    several = several_frames(matches, index, sale["sold_at"], at)
    amount, capped = _amounts(prices[at])
    challenge = [rules[s].challenge_age for s in sale["store_id"].to_pylist()]
    legal = alcohol.legal_age[at]
    marks = (
        *(capped, checks.out_of_time[at], by_time),
        *(alcohol.maybe_returned[at], divided.in_parts[at], checks.mixed[at]),
        several.is_valid().to_numpy(zero_copy_only=False),
        *(doubt[at] for doubt in matches.transactions),
    )
    columns = {name: sale[name] for name in (*SALE_KEY, "cashier_id")}
    columns |= checks.columns(divided.lines, at)
    columns |= {
        "sold_at": sale["sold_at"],
        "legal_age": pa.array(legal, pa.int16()),
        # A till may require a higher age than the policy: who looks younger is to be asked.
        "challenge_age": pa.array(np.maximum(challenge, legal), pa.int16()),
        "snapshot_id": frame["snapshot_id"],
        "snapshot_path": frame["path"],
        "matched_by": pc.if_else(
            pa.array(has_frame), pc.if_else(pa.array(by_time), "till_and_time", "transaction"), None
        ),
        "snapshot_offset_s": pa.array(offsets / SECOND, mask=~has_frame),
        "amount": amount,
        "basket": lines_of(divided, alcohol, at, SALES.arrow.field("basket").type),
        "marks": _marks(marks),
        "frames": several,
    }
    return SALES.conform(pa.table(columns).select(SALES.names))


def _amounts(prices: npt.NDArray[np.int64]) -> tuple[pa.Array, Flags]:
    return money(prices), np.abs(prices) > LARGEST_AMOUNT


def _marks(flags: Sequence[Flags]) -> pa.Array:
    """The marks of each sale; ``flags`` says for each of MARKS which sales carry it."""
    matrix = np.stack(flags, axis=1)
    offsets = np.append(0, np.cumsum(matrix.sum(axis=1))).astype(np.int32)
    names = pa.array(MARKS).take(pa.array(np.nonzero(matrix)[1]))
    return pa.ListArray.from_arrays(pa.array(offsets), names)


def _used(divided: Transactions, frames: pa.Table) -> frozenset[tuple[str, str]]:
    of_day = divided.of_day[divided.owner]
    lines = divided.lines.filter(pa.array(of_day))
    return frozenset(
        (schema.name, path)
        for schema, table in ((TILL_LINES, lines), (SNAPSHOT_INDEX, frames))
        for path in table["source"].unique().to_pylist()
    )


def _stores(table: pa.Table, keep: Flags) -> Counter[str]:
    return Counter(table["store_id"].filter(pa.array(keep)).to_pylist())


def _at(values: npt.NDArray[Any], positions: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """The values at the positions, and zero or False where a position is NONE."""
    found = np.zeros(len(positions), values.dtype)
    found[positions != NONE] = values[positions[positions != NONE]]
    return found
