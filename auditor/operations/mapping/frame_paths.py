"""Drafts where the frames of an index lie: its paths may be relative to its own folder."""

import re
from dataclasses import replace
from typing import Any

from auditor.operations.mapping.draft import Drafted
from auditor.operations.mapping.found import Found

_PLACEHOLDER = re.compile(r"(\{[^}]*\})")
_PLACES = {"{store}": "store", "{till}": "till"}
_LOOKED_FOR = 20  # frames of an index


def frame_path(found: Found, drafted: Drafted) -> Drafted:
    """The column of the frames' paths, below the index's folder if they lie there."""
    folder, _, name = found.path.pattern.rpartition("/")
    if drafted.source is None or not folder:
        return drafted
    texts = {text.strip().replace("\\", "/") for text in found.texts("path")} - {""}
    some = sorted(texts)[:_LOOKED_FOR]
    index = found.sample.path
    address = index.parents[min(found.path.pattern.count("/"), len(index.parents) - 1)]
    if any((address / text).exists() for text in some):
        return drafted
    parts = _parts(folder)
    if parts and any((index.parent / text).exists() for text in some):
        source = {"join": [*parts, drafted.source["column"]], "separator": ""}
        return replace(drafted, source=source)
    check = (
        f"is it relative to the address? No frame lies there. If it is to the folder of {name}, "
        "join that folder"
    )
    return replace(drafted, check="; ".join(filter(None, (drafted.check, check))))


def _parts(folder: str) -> list[dict[str, Any]]:
    """What a folder of the index is joined of; nothing where its pattern does not say all of it."""
    parts: list[dict[str, Any]] = []
    for part in filter(None, _PLACEHOLDER.split(f"{folder}/")):
        if part in _PLACES:
            parts.append({"path": _PLACES[part]})
        elif "{" in part or "*" in part or "?" in part:
            return []
        else:
            parts.append({"constant": part})
    return parts
