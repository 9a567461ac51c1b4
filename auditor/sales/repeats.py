"""Which lines of a transaction came twice, and which contradict what came before.

An export may be cut into files at any line, sent again, or overlap with the one before. So of each
transaction:

- a stretch of a file with the same lines as an earlier stretch of that file is a repetition;
- what another piece has of it, a file or a receipt of a file that holds each in one piece, is
  compared with what came before. Lines that are there already are a repetition. The rest continues
  the transaction, unless it has a line with the time and article of one that the other piece has
  with other content: then the pieces hold two versions, and the first is kept.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from auditor.clock.local_time import Flags
from auditor.sales.codes import Codes, coded, combined, combined_columns
from auditor.sales.matching import times
from auditor.tables import ORIGIN


class Repeats(NamedTuple):
    """Which lines are rejected: repetitions, and other versions."""

    again: Flags
    conflicting: Flags
    before: Codes  # of each of these, the line that it repeats, or that its transaction begins with


def pieces(lines: pa.Table, transaction: Codes) -> Codes:
    """The number of the file that each of TILL_LINES is from, or of its receipt in the file.

    Receipts in different states are parts of one transaction, which was put aside in between.
    """
    source, receipt = coded(lines["source"]).codes, lines["receipt"]
    if receipt.null_count == len(receipt):
        return source
    state = coded(lines["transaction_state"]).codes
    first, last = (np.full(transaction.max() + 1, start) for start in (len(state), -1))
    np.minimum.at(first, transaction, state)
    np.maximum.at(last, transaction, state)
    alike = (first == last)[transaction]
    number = receipt.fill_null(0).to_numpy()
    return combined(source, np.where(alike, number, 0))


def find_repeats(lines: pa.Table, transaction: Codes, piece: Codes, run: Codes) -> Repeats:
    """Find repeated and contradicting lines.

    Args:
        lines: TILL_LINES, file by file in record order.
        transaction: of each line.
        piece: of each line, the number of its file or receipt.
        run: of each line, the number of the stretch of consecutive lines of piece and transaction.
    """
    again, conflicting = np.zeros((2, lines.num_rows), np.bool_)
    before = np.arange(lines.num_rows)
    run_owner = transaction[np.flatnonzero(np.diff(run, prepend=-1))]
    several = np.flatnonzero((np.bincount(run_owner) > 1)[transaction])
    if not len(several):
        return Repeats(again, conflicting, before)
    at_till = combined(
        transaction[several],
        times(lines["sold_at"])[several],
        coded(lines["sku"]).codes[several],
    )
    # Only where a time and article come twice can a line be a repetition or another version.
    doubtful = np.unique(transaction[several][(np.bincount(at_till) > 1)[at_till]])
    at = several[np.isin(transaction[several], doubtful)]
    part = lines.take(pa.array(at))
    content = combined_columns(part, [name for name in part.column_names if name not in ORIGIN])
    article = combined(transaction[at], times(part["sold_at"]), coded(part["sku"]).codes)
    article_of = np.zeros(content.max(initial=-1) + 1, np.int64)
    article_of[content] = article
    articles = article_of.tolist()
    for own in _groups(transaction[at]):
        compared = _Comparison(content[own], articles)
        for of_piece in _groups(piece[at[own]]):
            compared.add_piece([of_piece[r] for r in _groups(run[at[own[of_piece]]])])
        again[at[own[compared.again]]] = True
        conflicting[at[own[compared.conflicting]]] = True
        before[at[own]] = at[own[:1]]
        before[at[own[compared.again]]] = at[own[compared.first]]
    return Repeats(again, conflicting, before)


class _Comparison:
    """Compares what the pieces hold of one transaction; positions are among its lines."""

    def __init__(self, content: Codes, article_of: list[int]) -> None:
        self._content: list[int] = content.tolist()
        self._article_of = article_of
        self._kept: Counter[int] = Counter()
        self._first: dict[int, int] = {}
        self.again: list[int] = []
        self.conflicting: list[int] = []

    @property
    def first(self) -> list[int]:
        """Of each of those that are there ``again``, the first with the same content."""
        return [self._first[self._content[position]] for position in self.again]

    def add_piece(self, runs: list[Codes]) -> None:
        own: list[int] = []
        seen: set[tuple[int, ...]] = set()
        for run in runs:
            positions: list[int] = run.tolist()
            lines = tuple(sorted(self._content[p] for p in positions))
            for position in positions:
                self._first.setdefault(self._content[position], position)
            if lines in seen:
                self.again += positions
            else:
                seen.add(lines)
                own += positions
        mine = Counter(self._content[p] for p in own)
        more, less = mine - self._kept, self._kept - mine
        if self._articles(more) & self._articles(less):
            self.conflicting += own
            return
        for position in own:
            line = self._content[position]
            if more[line] > 0:
                more[line] -= 1
                self._kept[line] += 1
            else:
                self.again.append(position)

    def _articles(self, lines: Counter[int]) -> set[int]:
        return {self._article_of[line] for line in lines}


def _groups(numbers: Codes) -> Iterator[Codes]:
    """The positions of each number, in the order in which the numbers first occur."""
    codes = combined(numbers)
    order = np.argsort(codes, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
