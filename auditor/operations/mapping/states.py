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
from auditor.operations.mapping.words import (
    gives_back,
    is_code,
    line_word,
    state_word,
    word_of_line,
)

_MINUS = ("-", "\u2212", "(")
_OF_RECEIPT = ("training", "suspended")  # states that no line has by itself
_GOOD = 0.6  # likeness that counts
_MOST_STATES = 30  # words of a column of states
_SHOWN = 10  # words of a column that are asked about


def draft_line_type(found: Found) -> Iterator[Drafted]:
    """The type of lines, of one column or of several flags."""
    match = found.matches.get("line_type")
    column = match.column if match and not _tells_state(found, match.column) else None
    flags, back = _of_lines(found), _receipts_given_back(found)
    if not flags and not back and column is not None:
        drafted = drafted_words("line_type", column, found.traits[column])
        if any(value.word is not None for value in drafted.values) or not drafted.values:
            check = found.unsure("line_type") or drafted.check
            yield replace(drafted, check=check)
    elif len(flags) == 1 and not back and column is None and _is_plain(found, flags[0]):
        drafted = drafted_words("line_type", flags[0], found.traits[flags[0]])
        if drafted.source is not None:
            yield drafted
    elif flags or back:
        columns = [*flags, *([column] if column else [])]
        yield from _of_several("line_type", found, columns, back)


def draft_state(found: Found) -> Iterator[Drafted]:
    """The state of transactions, of one column or of several flags."""
    columns = _of_receipts(found)
    match = found.matches.get("line_type")
    if len(columns) == 1 and not found.stands_in_records(columns[0]):
        drafted = drafted_words("transaction_state", columns[0], found.traits[columns[0]])
        is_kind = match is not None and match.column in columns
        check = "of the receipt, or of a line? Then it is a line_type" if is_kind else ""
        yield replace(drafted, check=check or drafted.check)
    elif columns:
        yield from _of_several("transaction_state", found, columns)


def _of_several(
    role: str, found: Found, columns: Sequence[str], last: Sequence[dict[str, Any]] = ()
) -> Iterator[Drafted]:
    """A role that several columns tell; those whose values say nothing are asked about.

    The ``last`` are sources that are asked after them.
    """
    sources: list[dict[str, Any]] = []
    checks = []
    for name in columns:
        own = found.traits[name]
        values = _values(role, found, name)
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
    if len(sources) > 1 and not checks:
        joined = ", ".join(source["column"] for source in sources)
        checks.append(f"joined are {joined}: the first that says something counts. Is that right?")
    for source in last:
        sources.append(source)
        checks.append(
            f"{source['column']}: is all of such a receipt given back, whatever its sign?"
        )
    if sources:
        yield Drafted(role, {"first_of": sources}, "; ".join(checks))


def _values(role: str, found: Found, name: str) -> dict[str, str]:
    """What the words of a column become; what a line says of itself voids no receipt."""
    values = flag_values(role, name, found.traits[name])
    if role == "line_type" or not found.stands_in_records(name):
        return values
    return {text: word if word in _OF_RECEIPT else "" for text, word in values.items()}


def _of_receipts(found: Found) -> list[str]:
    """Columns that tell the state of a transaction, of lines in lists only what no line has."""
    of_lines = _of_lines(found)
    columns = [
        name
        for name in _state_columns(found)
        if name not in of_lines or (found.stands_in_records(name) and _has_state(found, name))
    ]
    match = found.matches.get("line_type")
    if match is not None and _tells_state(found, match.column):
        columns.append(match.column)
    return columns


def _has_state(found: Found, name: str) -> bool:
    texts = found.traits[name].texts
    return any(
        m is not None and m.word in _OF_RECEIPT for m in (state_word(t, name) for t in texts)
    )


def _receipts_given_back(found: Found) -> list[dict[str, Any]]:
    """Types of receipts that give articles back although the sign of the quantity does not say so.

    With the sign, a receipt may give some articles back and sell others.
    """
    sources = []
    quantities = found.texts("quantity")
    for name in _of_receipts(found):
        lines = zip(found.sample.columns[name], quantities, strict=True)
        words = {
            text.strip(): "return"
            for text, quantity in lines
            if gives_back(text) and not quantity.strip().startswith(_MINUS)
        }
        if words and not found.stands_in_records(name):
            sources.append({"column": name, "values": words, "otherwise": ""})
    return sources


def _of_lines(found: Found) -> list[str]:
    """Columns of lines: by their name, in their list, or since they differ within a receipt."""
    named = [
        name
        for name in found.traits
        if (tells_void_of_line(name) or (gives_back(name) and found.traits[name].flag))
        and not is_private(name)
        and (_may_be_state(found, name) or _is_plain(found, name))
    ]
    return named + [
        name
        for name in _state_columns(found)
        if name not in named
        and (found.stands_in_records(name) or (found.traits[name].flag and _varies(found, name)))
    ]


def _is_plain(found: Found, name: str) -> bool:
    """Whether each of a column's values has a meaning as the type of a line."""
    own = found.traits[name]
    is_time = own.times is not None and own.times.has_date
    return is_time or all(word_of_line(text, name) is not None for text in own.texts)


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
    """Whether a column's content may be a flag, or the time at which one was set.

    Of lines in a list, also words that are mostly known: their receipt may have a state beside.
    """
    own = found.traits[name]
    if found.stands_in_records(name) and 0 < own.distinct <= _MOST_STATES:
        known = sum(word_of_line(text, name) is not None for text in own.texts)
        if known * 2 >= own.distinct:
            return True
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
        and _may_be_state(found, name)
    ]
    return ([match.column] if match else []) + more
