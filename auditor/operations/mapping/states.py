"""Drafts the type of lines and the state of transactions, which may stand in several flags."""

from collections.abc import Iterator

from auditor.operations.mapping.draft import Drafted
from auditor.operations.mapping.found import Found
from auditor.operations.mapping.names import likeness
from auditor.operations.mapping.values import drafted_words, flag_values, varies_within

_GOOD = 0.6  # likeness that counts


def draft_line_type(found: Found) -> Iterator[Drafted]:
    """The type of lines; a flag that differs within a receipt is of its lines."""
    match = found.matches.get("line_type")
    if match is not None:
        drafted = drafted_words("line_type", match.column, found.traits[match.column])
        if any(value.word is not None for value in drafted.values) or not drafted.values:
            check = found.unsure("line_type") or drafted.check
            yield Drafted("line_type", drafted.source, check, drafted.values)
        return
    for column in _of_lines(found):
        drafted = drafted_words("line_type", column, found.traits[column])
        if drafted.source is not None:
            yield drafted
            return


def _of_lines(found: Found) -> list[str]:
    number = found.matches.get("transaction_id")
    if number is None:
        return []
    numbers = found.sample.columns[number.column]
    return [
        name
        for name in _state_columns(found)
        if found.traits[name].flag and varies_within(found.sample.columns[name], numbers)
    ]


def _state_columns(found: Found) -> list[str]:
    """Columns that may tell the state of a transaction, the matched one first."""
    match = found.matches.get("transaction_state")
    taken = {match.column for match in found.matches.values()}
    more = [
        name
        for name, own in found.traits.items()
        if name not in taken
        and likeness(name, "transaction_state") >= _GOOD
        and (own.flag or (own.times is not None and own.times.has_date) or own.distinct == 0)
    ]
    return ([match.column] if match else []) + more


def draft_state(found: Found) -> Iterator[Drafted]:
    """The state of transactions, of one column or of several flags."""
    of_lines = _of_lines(found) if "line_type" not in found.matches else []
    columns = [name for name in _state_columns(found) if name not in of_lines]
    if not columns:
        return
    if len(columns) == 1:
        yield drafted_words("transaction_state", columns[0], found.traits[columns[0]])
        return
    sources, checks = [], []
    for name in columns:
        values = flag_values("transaction_state", name, found.traits[name])
        if values:
            sources.append({"column": name, "values": values})
            if found.traits[name].flag and "voided" in values.values():
                checks.append(f"{name}: of the receipt, or of a line? Then it is a line_type")
        elif found.traits[name].distinct:
            checks.append(f"{name}: what do its values mean?")
    if sources:
        yield Drafted("transaction_state", {"first_of": sources}, "; ".join(checks))
