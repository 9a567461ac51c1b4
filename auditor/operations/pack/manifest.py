"""The manifest of a pack: its files with their hashes. Its signature is a file beside it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from auditor.operations.pack.signing import Signature
from auditor.report.schema import closed_schema

#: Raised when a key is renamed, removed or changes its meaning.
FORMAT_VERSION = 1

MANIFEST, SIGNATURE, SCHEMA = "manifest.json", "signature.json", "pack-manifest.schema.json"


@dataclass(frozen=True, slots=True)
class File:
    """A file of the pack; ``path`` is relative to its folder."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a pack covers, and every file in it except the manifest and its signature."""

    format_version: Literal[1]
    kind: Annotated[Literal["week", "faces"], Field(description="faces: pictures, kept apart")]
    week: Annotated[str, Field(description="ISO 8601, such as 2026-W13")]
    chain: str
    days_reported: Annotated[tuple[str, ...], Field(description="days that have a report")]
    days_missing: Annotated[tuple[str, ...], Field(description="days of which nothing is known")]
    with_names: Annotated[bool, Field(description="whether people stand in it by their own names")]
    smallest_count: Annotated[int, Field(description="counts below it are withheld")]
    delete_after: Annotated[str | None, Field(description="of faces, the last day to keep them")]
    policy_sha256: tuple[str, ...]
    models: Annotated[tuple[str, ...], Field(description="name, version and hash of each")]
    auditor_version: str
    files: tuple[File, ...]


def list_files(files: Mapping[str, bytes]) -> tuple[File, ...]:
    """The entries of a pack's files, ordered by path."""
    return tuple(
        File(path, len(content), hashlib.sha256(content).hexdigest())
        for path, content in sorted(files.items())
    )


def as_json(part: Manifest | Signature) -> bytes:
    """The bytes of a manifest or a signature."""
    return (json.dumps(asdict(part), indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def manifest_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a manifest."""
    title = "Due-diligence pack of an audit of alcohol sales: manifest.json"
    return closed_schema(Manifest, f"pack-manifest:{FORMAT_VERSION}", title)
