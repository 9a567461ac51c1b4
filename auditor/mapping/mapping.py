"""The mapping: which files a chain's tills and cameras write, from which day, and what is in them.

One TOML file. ``[[mapping]]`` entries apply from their ``effective_from`` on; the newest that has
begun holds, whole. In it are ``[[mapping.sales]]`` and ``[[mapping.snapshots]]``, one for each kind
of file: the first whose pattern fits reads a file. An unknown key is an error.
"""

from collections.abc import Collection, Iterator, Sequence
from collections.abc import Mapping as Document
from datetime import date, timedelta
from typing import Any

from pydantic import Field

from auditor.errors import ConfigurationError
from auditor.mapping.epochs import EXCEL, OF_DAY
from auditor.mapping.formats import time_format
from auditor.mapping.models import NUMBERS, TIMES, WORDS, Entry, Source
from auditor.policy.checking import nearest, table, tables, validated
from auditor.policy.document import SettingsDocument
from auditor.policy.rules import Strict
from auditor.tables import ORIGIN, SNAPSHOT_INDEX, TILL_LINES

#: The newest format of a mapping file that this program knows. Keys were only ever added to it.
MAPPING_FORMAT = 1

_COLUMNS = {
    "sales": tuple(name for name in TILL_LINES.names if name not in ORIGIN),
    "snapshots": tuple(name for name in SNAPSHOT_INDEX.names if name not in ORIGIN),
}
_MOST_NESTED = 4  # sources within sources


class MappingOfDay(Strict):
    """The entries that hold on a day, in the order in which they are tried."""

    effective_from: date
    sales: tuple[Entry, ...] = ()
    snapshots: tuple[Entry, ...] = ()
    #: What holds on the day before or after, where that is something else.
    beside: dict[date, "MappingOfDay"] = Field(default_factory=dict)

    @property
    def connections(self) -> frozenset[str]:
        """The ids of the Airflow connections to databases that it reads."""
        return frozenset(entry.connection for entry in self.sales if entry.connection)


class Mapping(SettingsDocument):
    """A whole mapping file, which gives the entries of a day."""

    def _checked(self, document: Document[str, Any]) -> Document[str, Any]:
        self._days = _days(document)
        return document

    @property
    def first_day(self) -> date:
        """The day on which its first entry begins to hold."""
        return self._days[0].effective_from

    def on(self, day: date) -> MappingOfDay:
        """What holds on a day.

        Raises:
            ConfigurationError: no entry has begun by then.
        """
        if (found := self._begun(day)) is None:
            raise ConfigurationError(
                f"no mapping holds on {day}: the first begins on {self.first_day}"
            )
        near = {
            day + timedelta(days=away): self._begun(day + timedelta(days=away)) for away in (-1, 1)
        }
        others = {other: held for other, held in near.items() if held not in (None, found)}
        return found.model_copy(update={"beside": others}) if others else found

    def _begun(self, day: date) -> MappingOfDay | None:
        begun = [each for each in self._days if each.effective_from <= day]
        return begun[-1] if begun else None


def _days(document: Document[str, Any]) -> list[MappingOfDay]:
    table(document, "", ("format", "mapping"))
    if document.get("format", MAPPING_FORMAT) != MAPPING_FORMAT:
        raise ValueError(f"format: this program knows format {MAPPING_FORMAT} only")
    days = [_of_day(raw) for raw in tables(document.get("mapping"), "mapping")]
    if not days or len({each.effective_from for each in days}) < len(days):
        raise ValueError("mapping: each [[mapping]] needs its own effective_from")
    return sorted(days, key=lambda each: each.effective_from)


def _of_day(raw: Any) -> MappingOfDay:
    raw = table(raw, "mapping", ("effective_from", "sales", "snapshots"))
    kinds = {
        kind: tuple(
            _entry(each, f"mapping.{kind}", kind)
            for each in tables(raw.get(kind, []), f"mapping.{kind}")
        )
        for kind in _COLUMNS
    }
    for kind, entries in kinds.items():
        _check_each_is_used(entries, f"mapping.{kind}")
    values = {key: value for key, value in raw.items() if key == "effective_from"}
    return validated(MappingOfDay, values | kinds, "mapping")


def _check_each_is_used(entries: Sequence[Entry], where: str) -> None:
    """Check that no two entries are for the same files: the first that fits reads a file."""
    seen: set[str] = set()
    for entry in entries:
        if entry.files is None:
            continue
        if (pattern := entry.files.casefold()) in seen:
            raise ValueError(
                f"{where}[{entry.files}]: an entry before it is for the same files, so this one is"
                ' never used; make one entry of both (records = ["items", "checks"] reads several'
                " lists of JSON Lines), or tell their paths apart"
            )
        seen.add(pattern)


def _entry(raw: Any, where: str, kind: str) -> Entry:
    raw = table(raw, where, Entry.model_fields)
    pattern = raw.get("files", raw.get("frames"))
    where = f"{where}[{pattern}]" if isinstance(pattern, str) else where
    if kind == "sales" and "frames" in raw:
        raise ValueError(f"{where}: frames is for [[mapping.snapshots]]; name exports with files")
    given = table(raw.get("columns", {}), f"{where}.columns", _COLUMNS[kind])
    columns = {name: _source(each, f"{where}.columns.{name}") for name, each in given.items()}
    for name, source in columns.items():
        if source.epoch == OF_DAY:
            raise ValueError(
                f'{where}.columns.{name}: epoch = "{OF_DAY}" is a time of day only: join it with a'
                f' date, such as {{ join = ["Date", {{ column = "Time", epoch = "{OF_DAY}" }}] }}'
            )
        for problem in _problems(name, source):
            raise ValueError(f"{where}.columns.{name}: {problem}")
    entry = validated(Entry, {**raw, "columns": columns}, where)
    _check_filled(entry, where, kind)
    if entry.frames is not None and not entry.ignore:
        _check_frames(entry, where)
    return entry


def _check_filled(entry: Entry, where: str, kind: str) -> None:
    """Check that what is filled down is read."""
    read = {name for ours in _COLUMNS[kind] for name in entry.source(ours).all_columns}
    for column in entry.fill_down:
        if column not in read:
            raise ValueError(
                f"{where}: fill_down: nothing is taken from the column {column}"
                f"{nearest(column, tuple(read))}"
            )


def _check_frames(entry: Entry, where: str) -> None:
    """Check that the paths of frames without an index say all that an index would."""
    needed = {"store_id": "store", "till_id": "till", "captured_at": "time"}
    for column, placeholder in needed.items():
        if placeholder not in entry.pattern.placeholders and column not in entry.columns:
            raise ValueError(
                f"{where}: nothing says {column}: put {{{placeholder}}} where it stands in the"
                f" path, or give {column} under columns"
            )
    time = entry.columns.get("captured_at")
    if entry.pattern.counts_time and not (time and time.path == "time" and time.epoch):
        raise ValueError(
            f"{where}: {{time}} without a format is a number since 1970: give captured_at = "
            '{ path = "time", epoch = "milliseconds" } under columns, or a format, such as '
            "{time:%Y%m%d_%H%M%S}"
        )


def _source(raw: Any, where: str, depth: int = 1) -> Source:
    if isinstance(raw, str):
        raw = {"column": raw}
    values = dict(table(raw, where, Source.model_fields))
    for name in ("join", "first_of"):
        if isinstance(inside := values.get(name), list):
            if depth == _MOST_NESTED:
                raise ValueError(f"{where}: more than {_MOST_NESTED} levels of join and first_of")
            values[name] = tuple(_source(each, f"{where}.{name}", depth + 1) for each in inside)
    return validated(Source, values, where)


def _problems(column: str, source: Source) -> Iterator[str]:
    """What of a source does not suit the column that it is for."""
    is_date = TIMES.get(column)
    for name, suits in (
        ("time", is_date is False),
        ("epoch", is_date is False or (is_date is True and source.epoch == EXCEL)),
        ("date", is_date is True),
        ("divide", column in NUMBERS),
        ("each", column == "amount"),
    ):
        if name in source.model_fields_set and not suits:
            yield f"{name} is not for this column"
    if (text := source.time) and time_format(text).lacks_half_of_day:
        yield "time has %I, an hour of twelve, which needs %p (AM or PM); use %H for 0 to 23"
    elif text and not (time_format(text).has_date and time_format(text).has_clock):
        yield 'time must have a date and an hour, such as "%d.%m.%Y %H:%M"; join two columns for it'
    if (text := source.date) and not time_format(text).has_date:
        yield 'date must have year, month and day, such as "%d.%m.%Y"'
    if column in WORDS:
        yield from _unknown_words(source, WORDS[column])
    for inside in (*source.join, *source.first_of):
        yield from _problems(column, inside)


def _unknown_words(source: Source, known: Collection[str]) -> Iterator[str]:
    for word in (*source.values.values(), source.otherwise, source.constant):
        if word and word not in known:
            yield f"{word} is none of ours{nearest(word, known)}; known are {', '.join(known)}"
