"""Print docs/tables.md: every table that is read or stored, with columns, types and meanings.

``python -m auditor.tables > docs/tables.md``
"""

import sys

import pyarrow as pa

from auditor.tables import (
    DAILY,
    DECISION_LOG,
    SNAPSHOT_INDEX,
    STORED,
    TILL_LINES,
    Schema,
    vocabulary,
)

_INTRODUCTION = """\
# Tables

Written by `python -m auditor.tables > docs/tables.md`; a test compares the two. The schemas are in
`auditor/tables/`, the words in `GLOSSARY.md`.

Every stored file is Parquet and has its format number under the metadata key `auditor.format`. A
column is null only where "null" says so. Times are in UTC.
"""

_NAMES = (
    *(
        "ID_CHECKS",
        "LINE_TYPES",
        "TRANSACTION_STATES",
        "OUTCOMES",
        "INCONCLUSIVE_REASONS",
        "DECISIONS",
        "QUALITY_RULES",
    ),
    "CAMERA_QUANTITIES",
)


def markdown() -> str:
    """The whole page."""
    parts = [
        _INTRODUCTION,
        "## What is read: till exports and snapshot indexes\n",
        "A file need not have the columns that may be null; `source` and `row` are added.\n",
        *(_section(schema.name, schema) for schema in (TILL_LINES, SNAPSHOT_INDEX)),
        "## One partition a day and store: `TABLE/day=YYYY-MM-DD/store=ID/part-0.parquet`\n",
        *(_section(folder, schema) for folder, schema in STORED.items()),
        "## One file a day for all stores: `TABLE/day=YYYY-MM-DD/part-0.parquet`\n",
        *(_section(folder, schema) for folder, schema in DAILY.items()),
        "## One file a decision: `decisions/day=YYYY-MM-DD/*.parquet`\n",
        _section("decisions", DECISION_LOG),
        "## Values\n",
        "| name | values |\n|---|---|",
        *(f"| {name} | {', '.join(f'`{value}`' for value in _values(name))} |" for name in _NAMES),
    ]
    return "\n".join(parts) + "\n"


def _values(name: str) -> tuple[str, ...]:
    values: tuple[str, ...] = getattr(vocabulary, name)
    return values


def _section(folder: str, schema: Schema) -> str:
    rows = [
        f"| `{c.name}` | {_type_name(c.type)} | {'null' if c.nullable else ''} | {c.meaning} |"
        for c in schema.columns
    ]
    head = [f"### {folder}\n", f"Format {schema.version}.\n", "| column | type | null | meaning |"]
    return "\n".join([*head, "|---|---|---|---|", *rows, ""])


def _type_name(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"list of {_type_name(kind.value_type)}"
    if pa.types.is_struct(kind):
        return "rows of " + ", ".join(
            f"`{field.name}` {_type_name(field.type)}{' or null' if field.nullable else ''}"
            for field in kind
        )
    return str(kind)


if __name__ == "__main__":
    sys.stdout.write(markdown())
