"""Looks into a SQLite file for the table, or the two tables, that hold the lines of receipts."""

from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any, BinaryIO

from auditor.inputs.formats.base import Dialect, UnusableError, Wanted
from auditor.operations.mapping.first_records import Columns, first_records
from auditor.operations.mapping.names import likeness, words_of

_TABLES = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name"
_MOST_TABLES = 100
_LINE = ("quantity", "amount", "sku", "description", "category", "id_check")
_HEAD = ("sold_at", "store_id", "till_id", "cashier_id", "transaction_id")
_GOOD = 0.6  # likeness that counts

_Table = tuple[str, tuple[str, ...]]


def sample_of_database(
    path: str, content: Callable[[], BinaryIO], most: int
) -> tuple[dict[str, Any], Columns, dict[str, frozenset[str]], list[str]]:
    """The keys of an entry that name a table or query, what stands there, and what is not certain.

    What stands there are the texts of its columns, and which of them were numbers.

    Raises:
        UnusableError: there is no table with records.
    """

    def ask(query: str) -> tuple[Columns, dict[str, frozenset[str]]]:
        wanted = Wanted((), every=True, dialect=Dialect(query=query))
        return first_records(path, content, "sqlite", wanted, most)

    names = ask(_TABLES)[0].get("name", [])[:_MOST_TABLES]
    tables = []
    for name in names:
        found, _ = ask(f"SELECT * FROM {_quoted(name)} LIMIT 1")  # noqa: S608  # quoted
        if found:
            tables.append((name, tuple(found)))
    if not tables:
        raise UnusableError("unreadable_file", "none of its tables has records")
    best = max(tables, key=lambda table: _score(table, (*_LINE, *_HEAD)))
    keys: dict[str, Any] = {"table": best[0]}
    remarks = []
    if others := [name for name, _ in tables if name != best[0]]:
        remarks.append(f"table: the others are {', '.join(others)[:200]}")
    if not _has(best, "sold_at") and (query := _joined(tables)):
        keys = {"query": query}
        remarks.append("query: lines and receipts stand in two tables; look at how they are joined")
    query = keys.get("query") or f"SELECT * FROM {_quoted(best[0])}"  # noqa: S608  # quoted
    columns, numbers = ask(f"SELECT * FROM ({query}) LIMIT {most}")  # noqa: S608  # our own
    return keys, columns, numbers, remarks


def _score(table: _Table, roles: Sequence[str]) -> float:
    return sum(max((likeness(name, role) for name in table[1]), default=0) for role in roles)


def _has(table: _Table, role: str) -> bool:
    return any(likeness(name, role) >= _GOOD for name in table[1])


def _joined(tables: Sequence[_Table]) -> str | None:
    """A query that adds to each line what the table of receipts says of it; None if none fits."""
    best: tuple[float, str] | None = None
    for lines, heads in permutations(tables, 2):
        link = _link(lines, heads)
        if link is None or not _has(heads, "sold_at") or not _has(lines, "quantity"):
            continue
        score = _score(lines, _LINE) + _score(heads, _HEAD)
        if best is None or score > best[0]:
            taken = [f"l.{_quoted(name)}" for name in lines[1]]
            taken += [f"h.{_quoted(name)}" for name in heads[1] if name not in lines[1]]
            here, there = link
            best = (
                score,
                (
                    f"SELECT {', '.join(taken)} FROM {_quoted(lines[0])} l "  # noqa: S608  # quoted
                    f"JOIN {_quoted(heads[0])} h ON h.{_quoted(there)} = l.{_quoted(here)}"
                ),
            )
    return best[1] if best else None


def _link(lines: _Table, heads: _Table) -> tuple[str, str] | None:
    """By which columns lines name their receipt."""
    singular = words_of(heads[0].rstrip("s"))
    for name in lines[1]:
        words = words_of(name)
        if name in heads[1] and likeness(name, "transaction_id") >= _GOOD:
            return name, name
        if words[-1:] == ("id",) and words[:-1] == singular and "id" in heads[1]:
            return name, "id"
    for name in lines[1]:
        if likeness(name, "transaction_id") >= _GOOD and "id" in heads[1]:
            return name, "id"
    return None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
