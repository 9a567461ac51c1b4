"""A draft of a mapping's entry, and the TOML that it is written as."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: What marks a line that a person has to look at.
CHECK = "# CHECK:"

_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_LONGEST = 200  # characters of a comment


@dataclass(frozen=True)
class Value:
    """A till's word, what it becomes (None if not known), what is not certain, and what helps."""

    text: str
    word: str | None
    check: str = ""
    note: str = ""


@dataclass(frozen=True)
class Drafted:
    """Where one of our columns comes from."""

    column: str  # ours
    source: Mapping[str, Any] | None  # what the mapping says of it; None: no column was found
    check: str = ""  # what is not certain
    values: tuple[Value, ...] = ()  # its words, written one a line below ``source``
    choices: tuple[str, ...] = ()  # what could stand there instead, written as comments

    @property
    def assumed(self) -> str | None:
        """What stands there for every line, as no column was found; None if nothing is assumed."""
        return (self.source or {}).get("constant")

    @property
    def to_look_at(self) -> Iterator[str]:
        """What a person has to look at."""
        if self.check:
            yield f"{self.column}: {self.check}"
        unknown = [value.text for value in self.values if value.word is None]
        if unknown:
            yield f"{self.column}: {_values(len(unknown))} without a meaning"
        if unsure := [value for value in self.values if value.word and value.check]:
            yield f"{self.column}: {_values(len(unsure))} whose meaning is a guess"


@dataclass
class Draft:
    """One entry of a mapping."""

    kind: str  # "sales" or "snapshots"
    keys: dict[str, Any]  # of the entry, without ``columns``, in their order
    checks: dict[str, list[str]] = field(default_factory=dict)  # by key, what is not certain of it
    columns: list[Drafted] = field(default_factory=list)  # in the order in which they are written
    unread: list[str] = field(default_factory=list)  # the file's columns that nothing is taken from
    read_from: list[str] = field(default_factory=list)  # names of the files that it was made from
    notes: list[str] = field(default_factory=list)  # what stands above it as a comment
    hints: list[str] = field(default_factory=list)  # what stands below its keys as a comment
    copied: str = ""  # TOML in place of ``keys``, and of the columns that are not drafted
    stores: frozenset[str] = frozenset()  # that stand in its files
    tills: frozenset[str] = frozenset()

    @property
    def to_look_at(self) -> list[str]:
        """What a person has to look at, in the order of the file."""
        found = [f"{key}: {check}" for key, checks in self.checks.items() for check in checks]
        return found + [said for column in self.columns for said in column.to_look_at]

    def as_toml(self) -> str:
        """The entry with its comments."""
        lines = [f"# Made from {toml_comment(', '.join(self.read_from))}."]
        lines += [f"# {toml_comment(note)}" for note in self.notes]
        lines.append(f"[[mapping.{self.kind}]]")
        lines += [self.copied.rstrip("\n")] if self.copied else self._keys()
        for column in self.columns:
            if not column.values and not self.copied:
                lines += _simple(column)
        if self.unread:
            lines.append(f"# Not read: {toml_comment(', '.join(map(toml_key, self.unread)))}")
        for column in self.columns:
            if column.values or self.copied:
                lines += ["", *self._with_values(column)]
        return "\n".join(lines) + "\n"

    def _keys(self) -> list[str]:
        lines = [
            _with_checks(f"{key} = {toml_value(value)}", self.checks.get(key, ()))
            for key, value in self.keys.items()
        ]
        rest = [
            said for key, found in self.checks.items() if key not in self.keys for said in found
        ]
        lines += [f"{CHECK} {toml_comment(said)}" for said in rest]
        lines += [f"# {hint}" for hint in self.hints]
        return [*lines, "", f"[mapping.{self.kind}.columns]"]

    def _with_values(self, column: Drafted) -> list[str]:
        where = f"mapping.{self.kind}.columns.{column.column}"
        lines = [_with_checks(f"[{where}]", [column.check] if column.check else [])]
        lines += [f"{key} = {toml_value(value)}" for key, value in (column.source or {}).items()]
        lines += [f"# {choice}" for choice in column.choices]
        lines.append(f"[{where}.values]")
        for value in column.values:
            line = f"{toml_key(value.text)} = {toml_value(value.word or '...')}"
            if value.word is None:
                line = f"# {toml_comment(line)}"
            line = _with_checks(line, [value.check] if value.check else [])
            lines.append(f"{line}  # {toml_comment(value.note)}" if value.note else line)
        return lines


def _simple(column: Drafted) -> list[str]:
    if column.source is None:
        line = f"# {column.column}: no column was found"
    else:
        source: Any = column.source
        # A column by its name alone is written as that name.
        source = source["column"] if set(source) == {"column"} else source
        line = f"{column.column} = {toml_value(source)}"
    lines = [_with_checks(line, [column.check] if column.check else [])]
    return lines + [f"# {column.column} = {toml_comment(choice)}" for choice in column.choices]


def _with_checks(line: str, checks: Any) -> str:
    return "  ".join([line, *(f"{CHECK} {toml_comment(check)}" for check in checks)])


def _values(count: int) -> str:
    return "a value" if count == 1 else f"{count} values"


def toml_value(value: Any) -> str:
    """A value on one line: text, number, list or table."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{toml_key(k)} = {toml_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(toml_value, value))}]"
    return _quoted(str(value))


def toml_key(name: str) -> str:
    """A key, in quotation marks where it needs them."""
    return name if name and _BARE.issuperset(name) else _quoted(name)


def toml_comment(text: str) -> str:
    """Text that may stand in a comment: printable, on one line."""
    shown = "".join(c if c.isprintable() else "?" for c in text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."


def _quoted(text: str) -> str:
    valid = text.encode("utf-8", "replace").decode()
    escaped = json.dumps(valid, ensure_ascii=False)
    return escaped.replace("\x7f", "\\u007f")
