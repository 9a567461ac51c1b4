"""Writes values and comments as TOML."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_LONGEST = 200  # characters of a comment


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
