"""JSON Schemas that are published: made from dataclasses, closed to keys that these do not have.

They lie in ``reports/schemas`` and ship in the wheel. ``pytest tests/golden/test_schema.py
--update-golden`` writes them anew when a class has changed.
"""

from typing import Any

from pydantic import TypeAdapter

SCHEMAS = "reports/schemas"


def closed_schema(kind: type, name: str, title: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a class; ``name`` ends its URN, with its version."""
    schema = TypeAdapter(kind).json_schema(mode="serialization")
    draft, urn = "https://json-schema.org/draft/2020-12/schema", f"urn:auditor:schema:{name}"
    return {"$schema": draft, "$id": urn, **_closed(schema), "title": title}


def _closed(part: Any) -> Any:
    if isinstance(part, list):
        return [_closed(item) for item in part]
    if not isinstance(part, dict):
        return part
    # Titles that only repeat a key's name say nothing.
    kept = {k: _closed(v) for k, v in part.items() if not (k == "title" and isinstance(v, str))}
    if part.get("type") == "object" and "properties" in part:
        kept |= {"additionalProperties": False, "required": sorted(part["properties"])}
    return kept
