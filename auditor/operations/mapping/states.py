"""Drafts the type of lines and the state of transactions, which may stand in several flags."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from auditor.operations.mapping.draft import Drafted
from auditor.operations.mapping.found import Found
from auditor.operations.mapping.names import is_private, likeness, tells_void_of_line
from auditor.operations.mapping.values import (
    drafted_words,
    flag_values,
    tells_flag,
    varies_within,
    without_meaning,
)
from auditor.operations.mapping.words import is_code, line_word, state_word

_GOOD = 0.6  # likeness that counts
_SHOWN = 10  # words of a column that are asked about


def draft_line_type(found: Found) -> Iterator[Drafted]:
    """The type of lines, of one column or of several flags."""
    match = found.matches.get("line_type")
    column = match.column if match and not _tells_state(found, match.column) else None
    flags = _of_lines(found)
    if not flags and column is not None:
        drafted = drafted_words("line_type", column, found.traits[column])
        if any(value.word is not None for value in drafted.values) or not drafted.values:
            check = found.unsure("line_type") or drafted.check
            yield replace(drafted, check=check)
    elif len(flags) == 1 and column is None and _is_plain(found, flags[0]):
        drafted = drafted_words("line_type", flags[0], found.traits[flags[0]])
        if drafted.source is not None:
            yield drafted
    elif flags:
        yield from _of_several("line_type", found, [*flags, *([column] if column else [])])


def draft_state(found: Found) -> Iterator[Drafted]:
    """The state of transactions, of one column or of several flags."""
    of_lines = _of_lines(found)
    columns = [name for name in _state_columns(found) if name not in of_lines]
    match = found.matches.get("line_type")
    if match is not None and _tells_state(found, match.column):
        columns.append(match.column)
    if len(columns) == 1:
        drafted = drafted_words("transaction_state", columns[0], found.traits[columns[0]])
        is_kind = match is not None and match.column in columns
        check = "of the receipt, or of a line? Then it is a line_type" if is_kind else ""
        yield replace(drafted, check=check or drafted.check)
    elif columns:
        yield from _of_several("transaction_state", found, columns)


def _of_several(role: str, found: Found, columns: Sequence[str]) -> Iterator[Drafted]:
    """A role that several columns tell; those whose values say nothing are asked about."""
    sources: list[dict[str, Any]] = []
    checks = []
    for name in columns:
        own = found.traits[name]
        values = flag_values(role, name, own)
        if values:
            sources.append({"column": name, "values": values})
            if own.flag and "voided" in values.values():
                checks.append(f"{name}: of the receipt, or of a line? Then it is a line_type")
        is_time = own.times is not None and own.times.has_date
        codes = not tells_flag(role, name, own) and any(map(is_code, own.texts))
        unknown = [] if is_time else without_meaning(role, name, own)
        if not own.distinct:
            checks.append(f"{name}: it is empty in the sample")
        elif unknown:
            words = ", ".join(unknown[:_SHOWN])
            checks.append(f"{name}: what do its values mean? Those not named: {words}")
        elif not values or (codes and not is_time):
            checks.append(f"{name}: what do its values mean?")
    if role == "transaction_state" and len(sources) > 1 and not checks:
        checks.append("are all of them of the receipt? What is of a line is a line_type")
    if sources:
        yield Drafted(role, {"first_of": sources}, "; ".join(checks))


def _of_lines(found: Found) -> list[str]:
    """Flags of lines: by their name, or since they differ within a receipt."""
    named = [
        name
        for name in found.traits
        if tells_void_of_line(name)
        and not is_private(name)
        and (_may_be_state(found, name) or _is_plain(found, name))
    ]
    return named + [
        name
        for name in _state_columns(found)
        if name not in named
        and (found.is_of_lines(name) or (found.traits[name].flag and _varies(found, name)))
    ]


def _is_plain(found: Found, name: str) -> bool:
    """Whether each of a column's values has a meaning as the type of a line."""
    own = found.traits[name]
    is_time = own.times is not None and own.times.has_date
    return is_time or all(line_word(text, name) is not None for text in own.texts)


def _tells_state(found: Found, name: str) -> bool:
    """Whether a column that is called a type tells states rather, the same on a whole receipt."""
    texts = found.traits[name].texts
    states, lines = (sum(find(t) is not None for t in texts) for find in (state_word, line_word))
    return "transaction_state" not in found.matches and states > lines and not _varies(found, name)


def _varies(found: Found, name: str) -> bool:
    number = found.matches.get("transaction_id")
    columns = found.sample.columns
    return number is not None and varies_within(columns[name], columns[number.column])


def _may_be_state(found: Found, name: str) -> bool:
    """Whether a column's content may be a flag, or the time at which one was set."""
    own = found.traits[name]
    return own.flag or own.distinct == 0 or (own.times is not None and own.times.has_date)


def _state_columns(found: Found) -> list[str]:
    """Columns that may tell the state of a transaction, the matched one first."""
    match = found.matches.get("transaction_state")
    taken = {match.column for match in found.matches.values()}
    more = [
        name
        for name in found.traits
        if name not in taken
        and likeness(name, "transaction_state") >= _GOOD
        and (_may_be_state(found, name) or found.is_of_lines(name))
    ]
    return ([match.column] if match else []) + more
