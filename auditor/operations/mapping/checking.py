"""Reads a day through a mapping as ``auditor run`` does, and says what it understood of it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from auditor.clock.local_time import Flags
from auditor.errors import SourceError
from auditor.inputs import Reading, distinct_frames, keys_of, read_snapshot_index
from auditor.inputs.sampling import ENOUGH, looked_at
from auditor.mapping import load_mapping
from auditor.operations.mapping.shown_lines import (
    NAMES,
    first_and_last,
    shown_lines,
)
from auditor.operations.mapping.unclear import (
    Unclear,
    alcohol_free,
    missing_frames,
    silent_checks,
    unclear_categories,
    unknown_tills,
)
from auditor.operations.mapping.unread import told_by
from auditor.policy import Policy, Rules, load_policy
from auditor.report.text.completeness import REMEDIES
from auditor.sales import SaleCounts, collect
from auditor.sales.goods import alcohol_lines, freed_lines
from auditor.sales.line_types import of_type
from auditor.sales.matching import times
from auditor.sales.store_rules import windows
from auditor.storage.place import Place
from auditor.tables import INPUT_NOTES, REJECTS, SNAPSHOT_INDEX, TILL_LINES

_MOST_SHOWN = 20  # values of a kind
_UNUSABLE = "a file, or a sheet of one, that cannot be read"
_NOTES = {
    "unread_column": "a column that nothing reads",
    "unread_sheet": "a sheet of a workbook that nothing reads",
    "left_out": "rows that the mapping leaves out",
    "empty_export": "a till export with a header and no rows",
    "missing_column": "a column that the mapping names, and that the file lacks",
    "unmapped_value": "a value that the mapping does not name",
    "unknown_category": "a category that the policy does not name",
    "lost_zeros": "numbers of differing widths: leading zeros may be lost",
    "local_time": "times without an offset in a store without a time zone: name it",
    "missing_file": f"an entry of which the day has no file; {REMEDIES['missing_file']}",
    "unmatched_frames": f"pictures, while the pattern fits none; {REMEDIES['unmatched_frames']}",
    "left_out_frames": "pictures that no pattern fits, more than fit one;"
    f" {REMEDIES['left_out_frames']}",
}
#: What may stay so: most exports have columns that the audit has no use for, some have such sheets,
#: and numbers of differing widths are mostly meant so.
_HARMLESS = ("unread_column", "unread_sheet", "left_out", "lost_zeros", "left_out_frames")
_READ_IT = (
    'map it; if it tells nothing, pass it over within first_of: { column = "...", '
    'values = { "*" = "" } }'
)

#: Each count of transactions by the state that it counts.
_STATES = {
    "transactions": "completed",
    "training_transactions": "training",
    "cancelled_transactions": "cancelled",
    "voided_transactions": "voided",
    "suspended_transactions": "suspended",
}


@dataclass(frozen=True)
class Understood:
    """What the audit makes of a day's files.

    Attributes:
        files: how many exports were read.
        lines: some lines, as text by column; names and birth dates are masked.
        counts: of transactions, alcohol sales and the like.
        by: counts by value: checks of the alcohol sales, stores, tills, states, types of lines,
            categories that are alcohol, and other ones.
        first, last: the first and last time of a line, by its store's clock.
        snapshots: counts of frames, and an example; empty if they were not asked for.
        unclear: what was not understood.
    """

    day: date
    files: int
    lines: list[dict[str, str]]
    counts: dict[str, int]
    by: dict[str, dict[str, int]]
    first: str = ""
    last: str = ""
    snapshots: dict[str, Any] = field(default_factory=dict)
    unclear: list[Unclear] = field(default_factory=list)

    @property
    def is_all(self) -> bool:
        """Whether all was understood that has to be."""
        return all(each.harmless for each in self.unclear)


def check_mapping(
    *, mapping: str | None, sales: str, snapshots: str | None, day: date, policy: str | None
) -> Understood:
    """Read a day's exports, and indexes if they are asked for, without scoring or writing.

    Raises:
        ConfigurationError: mapping, policy or an address is wrong.
        SourceError: there is no export of the day.
    """
    rules, mapped = load_policy(policy), load_mapping(mapping)
    of_day = mapped.on(day) if mapped else None
    rules.chain_rules(day)  # one has to be in force
    with looked_at(Place(sales), day, rules, of_day) as readings:
        exports = _Read(TILL_LINES, readings)
    if not exports.files and not exports.unusable:
        raise SourceError(
            f"no file below {sales} is an export of {day}: compare the paths with `files` in the "
            "mapping, which are relative to that address"
        )
    frames = None
    if snapshots is not None:
        indexes = read_snapshot_index(Place(snapshots), day, rules, mapping=of_day)
        frames = _Read(SNAPSHOT_INDEX, indexes)
    understood = _understood(exports, frames, day, rules)
    if frames is not None and snapshots is not None:
        understood.unclear.extend(missing_frames(Place(snapshots), frames.table))
    return understood


class _Read:
    """All that was read of one kind of source."""

    def __init__(self, schema: Any, readings: Iterable[Reading]) -> None:
        tables, rejects, notes = [schema.empty()], [REJECTS.empty()], [INPUT_NOTES.empty()]
        self.files = 0
        self.keys: dict[str, frozenset[str]] = {}  # what tells a file's transactions apart
        self.unusable: list[str] = []
        self.cut = False  # whether a query has rows that were not read
        for reading in readings:
            tables.append(reading.table)
            rejects.append(reading.rejects)
            notes.append(reading.notes)
            self.files += sum(file.own for file in reading.files)
            self.keys |= keys_of(reading.files)
            self.cut |= reading.cut
            if reading.unusable is not None:
                self.unusable.append(reading.unusable)
        self.table = pa.concat_tables(tables)
        self.rejects, self.notes = pa.concat_tables(rejects), pa.concat_tables(notes)

    def unclear(self) -> list[Unclear]:
        """Files, rows, columns and values that were not understood."""
        found = [Unclear(_UNUSABLE, None, said) for said in self.unusable]
        if self.cut:
            what = f"rows of a query beyond its first {ENOUGH:,}, which were not read"
            found.append(Unclear(what, harmless=True))
        rows = self.rejects.filter(pc.is_valid(self.rejects["row"]))
        reasons = Counter((r["reason"], r["column"]) for r in rows.to_pylist())
        examples: dict[tuple[str, str | None], str] = {}
        for reject in rows.to_pylist():
            examples.setdefault((reject["reason"], reject["column"]), _example(reject))
        for (reason, column), count in reasons.most_common():
            about = f"{reason} in {column}" if column else reason
            found.append(Unclear(f"rejected: {about}", count, examples[reason, column]))
        for note in INPUT_NOTES.add_up([self.notes]).to_pylist():
            what, harmless = _NOTES[note["kind"]], note["kind"] in _HARMLESS
            if note["kind"] == "unread_column" and (told := told_by(note["column"])):
                what, harmless = f"{what}, and may tell {told}; {_READ_IT}", False
            where = ", ".join(
                f"{name} {note[name]}" for name in ("source", "column", "value") if note[name]
            )
            found.append(Unclear(what, note["rows"] or None, where, harmless))
        return found


def _example(reject: dict[str, Any]) -> str:
    value = reject["value"]
    shown = f" (seen: {value})" if value and reject["column"] not in NAMES else ""
    return f"{reject['detail']}{shown}"


def _understood(exports: _Read, frames: _Read | None, day: date, rules: Policy) -> Understood:
    index = distinct_frames(frames.table, day, rules).table if frames else SNAPSHOT_INDEX.empty()
    collected = collect(exports.table, index, day, rules, exports.keys)
    stores = exports.table["store_id"].unique().to_pylist()
    by_store = {store_id: rules.rules(day, store_id) for store_id in stores}
    lines = exports.table.filter(pa.array(_of_day(exports.table, day, by_store)))
    alcohol = alcohol_lines(lines, by_store)
    sales = collected.sales
    counts = {"lines": lines.num_rows}
    for name in ("transactions", "alcohol_sales", "alcohol_returns"):
        counts[name] = sum(getattr(own, name) for own in collected.counts.values())
    is_item = pa.array(of_type(lines, "item", "void"))
    categories = pc.fill_null(lines["category"], "")
    is_alcohol = pa.array(alcohol)
    is_other = pc.and_(is_item, pc.invert(is_alcohol))
    by = {
        "ID checks of the alcohol sales": _counted(sales["id_check"]),
        "stores": _counted(lines["store_id"]),
        "tills": _counted(lines["till_id"]),
        "types of lines": _counted(pc.fill_null(lines["line_type"], "item")),
        "states of transactions": _states(collected.counts.values()),
        "categories of alcohol": _counted(categories.filter(is_alcohol)),
        "other categories": _counted(categories.filter(is_other)),
        "articles of these that the policy takes as free of alcohol": _counted(
            lines["description"].fill_null("").filter(pa.array(freed_lines(lines, by_store)))
        ),
    }
    unclear = exports.unclear() + (frames.unclear() if frames else [])
    unclear += unclear_categories(collected.categories, by_store)
    unclear += alcohol_free(lines, alcohol) + silent_checks(lines)
    for back, number in collected.maybe_sold.items():
        remedy = REMEDIES["typed_returns" if back.typed else "alcohol_returned"]
        what = f"alcohol was given back, more often than it was sold; {remedy}"
        where = back.place if back.till_id else f"store {back.store_id}"
        unclear.append(Unclear(what, number, where))
    unclear += unknown_tills(index, lines)
    if not counts["alcohol_sales"]:
        unclear.append(
            Unclear("no alcohol sale was found: name categories in the mapping or the policy")
        )
    first, last = first_and_last(lines, day, rules)
    return Understood(
        day=day,
        files=exports.files,
        lines=shown_lines(lines, is_alcohol, is_item, day, rules),
        counts=counts,
        by=by,
        first=first,
        last=last,
        snapshots=_snapshots(frames, collected.counts.values()) if frames else {},
        unclear=unclear,
    )


def _of_day(lines: pa.Table, day: date, rules: Mapping[str, Rules]) -> Flags:
    """Which lines are of the business day: as the till wrote it, or else by the store's clock."""
    sold_at = times(lines["sold_at"])
    start, end = windows(lines, day, rules)
    written = pc.fill_null(pc.equal(lines["business_date"], day), False).to_numpy()
    flags: Flags = np.where(
        lines["business_date"].is_valid().to_numpy(), written, (start <= sold_at) & (sold_at < end)
    )
    return flags


def _states(counts: Iterable[SaleCounts]) -> dict[str, int]:
    """The day's transactions by state."""
    found = Counter[str]()
    for own in counts:
        found.update({state: getattr(own, name) for name, state in _STATES.items()})
    return {state: count for state, count in found.most_common() if count}


def _snapshots(frames: _Read, counts: Iterable[Any]) -> dict[str, Any]:
    some = frames.table.slice(0, 1).to_pylist()
    matched = sum(own.snapshots_matched for own in counts)
    example = {}
    for name, value in (some[0] if some else {}).items():
        if name in SNAPSHOT_INDEX.names and name not in ("source", "row") and value is not None:
            example[name] = str(value)
    return {"frames": frames.table.num_rows, "matched": matched, "example": example}


def _counted(values: pa.ChunkedArray) -> dict[str, int]:
    counts = {c["values"] or "(empty)": c["counts"] for c in values.value_counts().to_pylist()}
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:_MOST_SHOWN])
