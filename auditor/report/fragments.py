"""Lists of a report that may be long: written item by item, read back in their order.

A day of a large chain has hundreds of thousands of items to list in its CSV and JSON. They come
store by store and leave in another order, and are never all in memory.
"""

import io
import json
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, BinaryIO

JSON_OPTIONS: Mapping[str, Any] = {
    "sort_keys": True,
    "indent": 1,
    "ensure_ascii": False,
    "allow_nan": False,
}


def plain(value: Any) -> Any:
    """A value in the types that JSON has; floats are rounded to four decimals."""
    match value:
        case Mapping():
            return {key: plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case float():
            return round(value, 4)
        case Decimal():
            return str(value)
        case date():  # datetime included
            return value.isoformat()
    return value


class Fragments:
    """Texts in a file, each with a key by which they are ordered."""

    def __init__(self, disk: BinaryIO) -> None:
        """Start without any; several may share a file."""
        self._file = disk
        self._places: list[tuple[Any, int, int]] = []

    def add(self, key: Any, text: str) -> None:
        """Keep a text; no two have the same key."""
        content = text.encode()
        self._places.append((key, self._file.seek(0, io.SEEK_END), len(content)))
        self._file.write(content)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the texts in the order of their keys."""
        for _, start, length in sorted(self._places):
            self._file.seek(start)
            yield self._file.read(length)


class JsonList:
    """A JSON array of which one item at a time is in memory."""

    _ENDS = b"[", b"]"

    def __init__(self, disk: BinaryIO) -> None:
        self._items = Fragments(disk)

    def add(self, key: Any, item: Any) -> None:
        """Add an item of what JSON has; ``key`` says where it goes."""
        self._items.add(key, json.dumps(item, **JSON_OPTIONS))

    def written(self) -> Iterator[bytes]:
        """Yield it as :func:`json.dumps` would write it."""
        left, right = self._ENDS
        start = left + b"\n "
        for item in self._items:
            yield start + item.replace(b"\n", b"\n ")
            start = b",\n "
        yield b"\n" + right if start.startswith(b",") else left + right


class JsonObject(JsonList):
    """A JSON object, of which one item at a time is in memory, its keys sorted."""

    _ENDS = b"{", b"}"

    def add(self, key: str, item: Any) -> None:
        """Add an item of what JSON has."""
        named = json.dumps({key: item}, **JSON_OPTIONS)
        self._items.add(key, named[len("{\n ") : -len("\n}")].replace("\n ", "\n"))


def json_document(document: Mapping[str, Any]) -> Iterator[bytes]:
    """Write an object in pieces, as :func:`json.dumps` would with ``JSON_OPTIONS``.

    Its values are what JSON has, and :class:`JsonList` and :class:`JsonObject`.
    """
    start = b"{\n "
    for name, value in sorted(document.items()):
        yield start + json.dumps(name, ensure_ascii=False).encode() + b": "
        start = b",\n "
        if isinstance(value, JsonList):
            for piece in value.written():
                yield piece.replace(b"\n", b"\n ")
        else:
            yield json.dumps(value, **JSON_OPTIONS).replace("\n", "\n ").encode()
    yield b"\n}\n"
