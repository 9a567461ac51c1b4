"""The section of a page on what may be missing, and on what was noticed of the inputs."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self
from zoneinfo import ZoneInfo

import pyarrow as pa

from auditor.monitoring.completeness import Completeness, MissingNumbers
from auditor.report.text import completeness as texts

#: Rows that a table of the section shows.
LIMIT = 50


@dataclass(frozen=True, slots=True)
class InputNote:
    """Something noticed of the inputs that costs no row: how often, and in how many stores.

    ``values`` are the first few of those concerned.
    """

    kind: str
    column: str | None
    values: tuple[str, ...]
    rows: int
    stores: int


@dataclass(frozen=True, slots=True)
class Noticed:
    """What may be missing, and what was noticed of the inputs, of a store or of the chain.

    Times of gaps are in the zones of their stores.
    """

    completeness: Completeness
    inputs: tuple[InputNote, ...]
    limit: int = LIMIT

    @classmethod
    def of(
        cls,
        completeness: Completeness,
        notes: pa.Table,
        zones: Mapping[str, ZoneInfo],
        store_id: str | None,
    ) -> Self:
        """What concerns a store, or (None) all of them.

        ``notes`` are INPUT_NOTES, ``zones`` the time zones of the stores.
        """
        own = completeness if store_id is None else completeness.of({store_id})
        numbers = tuple(_local(n, zones[n.store_id]) for n in own.numbers)
        return cls(replace(own, numbers=numbers), together(notes, store_id))

    @property
    def unaudited(self) -> tuple[str, ...]:
        """What speaks for alcohol that is not audited, a clause each."""
        return tuple(texts.unaudited(self.completeness))

    @property
    def unaudited_articles(self) -> tuple[str, ...]:
        """The same of articles in categories that need not be alcohol as a whole."""
        return tuple(texts.unaudited_articles(self.completeness))

    @property
    def unread_columns(self) -> str | None:
        """The sentence on columns that nothing reads."""
        names = [note.column or "" for note in self.inputs if note.kind == "unread_column"]
        return texts.unread_columns(names) if names else None

    @property
    def sentences(self) -> tuple[str, ...]:
        """A sentence for everything that was noticed of the inputs."""
        others = (note for note in self.inputs if note.kind != "unread_column")
        said = [texts.input_note(n.kind, n.column, n.values, n.rows) for n in others]
        return tuple(s for s in (self.unread_columns, *said) if s)

    @property
    def count(self) -> int:
        """How much there is to look at."""
        found = self.completeness
        signs = (found.categories, found.numbers, found.silent, found.totals)
        return sum(map(len, signs)) + len(self.inputs)


def _local(found: MissingNumbers, zone: ZoneInfo) -> MissingNumbers:
    gaps = tuple(
        replace(
            gap,
            after_at=gap.after_at.astimezone(zone),
            before_at=gap.before_at.astimezone(zone),
        )
        for gap in found.gaps
    )
    return replace(found, gaps=gaps)


def together(notes: pa.Table, store_id: str | None) -> tuple[InputNote, ...]:
    """INPUT_NOTES that concern a store, or (None) any, by kind and column."""
    rows: dict[tuple[str, str | None], list[dict[str, object]]] = defaultdict(list)
    for row in notes.to_pylist():
        # What belongs to no known store may be any store's.
        if store_id is None or row["store_id"] in (None, store_id):
            rows[row["kind"], row["column"]].append(row)
    return tuple(
        InputNote(
            kind=kind,
            column=column,
            values=tuple(dict.fromkeys(str(r["value"]) for r in own if r["value"] is not None))[
                :LIMIT
            ],
            rows=sum(int(str(r["rows"])) for r in own),
            stores=len({r["store_id"] for r in own} - {None}),
        )
        for (kind, column), own in sorted(rows.items(), key=lambda i: (i[0][0], i[0][1] or ""))
    )
