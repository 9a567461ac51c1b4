"""The revisions that a store's day had before it was audited again, with another result.

``OUT/revisions/day=YYYY-MM-DD/store=ID/revision=0001/`` has ``provenance.parquet``, what it rested
on, and, where the next version has another, ``ledger.parquet``: both byte for byte as they
were. Versions are numbered in the order in which they were replaced, and no clock is asked: the
same runs in the same order leave the same bytes. The provenance is written last; a version without
one was not kept whole, and is none.

No face is kept for an earlier version: ``crop`` of its ledger says where one was then. There is one
only where the present ledger names it too, and not longer than its retention.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from auditor.errors import ContractError
from auditor.storage.layout import day_folder, partition_path
from auditor.storage.parquet import encoded, parsed
from auditor.storage.place import Place
from auditor.tables import LEDGER, PROVENANCE, STORED

_EARLIER = "revisions"
_LEDGER, _PROVENANCE = _KEPT = ("ledger", "provenance")


@dataclass(frozen=True, slots=True)
class Revision:
    """What was said of a store's day: LEDGER, and the row of PROVENANCE that it rests on."""

    ledger: pa.Table
    provenance: Mapping[str, Any]


def replace(out: Place, day: date, store_id: str, tables: Mapping[str, pa.Table]) -> None:
    """Put a store's day in place, and keep what it said before.

    Args:
        out: where.
        day: the business day.
        store_id: the store.
        tables: of STORED, by name.

    Raises:
        ContractError: a table is not of its schema.
        OSError: it cannot be read or written.
    """
    files = {name: encoded(table, STORED[name]) for name, table in tables.items()}
    keep(out, day, store_id, files)
    for name, content in files.items():
        out.write(partition_path(name, day, store_id), content)


def keep(out: Place, day: date, store_id: str, instead: Mapping[str, bytes]) -> None:
    """Keep what a store's day says now, if something else is about to be put in its place.

    The provenance in place is taken away with it, so that it never stands beside another version's
    ledger: a day whose finalising breaks off has none until it is finalised again. Called once more
    after a break, it adds nothing that is there already.

    Args:
        out: where.
        day: the business day.
        store_id: the store.
        instead: by table of STORED, the file that will be written; empty where the store is
            dropped.

    Raises:
        OSError: it cannot be read or written.
    """
    now = {n: c for n, c in _present(out, day, store_id).items() if c is not None}
    coming = {name: instead[name] for name in now if name in instead}
    if len(now) < len(_KEPT) or coming == now:
        return
    number = max(_numbers(out, day, store_id), default=1)
    kept = _kept(out, day, store_id, number)
    if any(kept[name] not in (None, now[name]) for name in _KEPT):
        number, kept = number + 1, dict.fromkeys(_KEPT)
    for name in _KEPT:
        stays = name == _LEDGER and coming.get(name) == now[name]
        if kept[name] is None and not stays:
            out.write(_path(day, store_id, number, name), now[name])
    out.remove(partition_path(_PROVENANCE, day, store_id))


def stores(out: Place, day: date) -> list[str]:
    """The stores that had an earlier version of a day, in their order."""
    return [name.removeprefix("store=") for name in out.folders(day_folder(_EARLIER, day))]


def count(out: Place, day: date, store_id: str) -> int:
    """How many earlier versions of a store's day are kept."""
    return sum(
        out.exists(_path(day, store_id, number, _PROVENANCE))
        for number in _numbers(out, day, store_id)
    )


def present(out: Place, day: date, store_id: str) -> Revision | None:
    """What is said of a store's day now; None where it is not finalised, or the store dropped.

    Raises:
        ContractError: a file is damaged or of a format that is not known.
    """
    return _version(_present(out, day, store_id), f"{store_id} of {day}")


def before(out: Place, day: date, store_id: str) -> Revision | None:
    """What was said of a store's day before; None if it was never replaced.

    Raises:
        ContractError: as :func:`present`.
    """
    now = _present(out, day, store_id)
    ledger = now[_LEDGER]
    for number in sorted(_numbers(out, day, store_id), reverse=True):
        kept = _kept(out, day, store_id, number)
        ledger = kept[_LEDGER] or ledger
        whole = {_LEDGER: ledger, _PROVENANCE: kept[_PROVENANCE]}
        # One that is as the present: a run broke off after keeping it, and it came back.
        if kept[_PROVENANCE] is None or whole == now:
            continue
        origin = f"version {number} of {store_id} of {day}"
        if ledger is None:
            raise ContractError(f"the ledger of {origin} is gone: restore it, or delete {origin}")
        return _version(whole, origin)
    return None


def _version(contents: Mapping[str, bytes | None], origin: str) -> Revision | None:
    ledger, provenance = contents[_LEDGER], contents[_PROVENANCE]
    if ledger is None or provenance is None:
        return None
    rows = parsed(provenance, PROVENANCE, origin=f"the provenance of {origin}").to_pylist()
    if len(rows) != 1:
        raise ContractError(f"the provenance of {origin} has {len(rows)} rows, not one: restore it")
    return Revision(parsed(ledger, LEDGER, origin=f"the ledger of {origin}"), rows[0])


def _present(out: Place, day: date, store_id: str) -> dict[str, bytes | None]:
    return {name: _content(out, partition_path(name, day, store_id)) for name in _KEPT}


def _kept(out: Place, day: date, store_id: str, number: int) -> dict[str, bytes | None]:
    return {name: _content(out, _path(day, store_id, number, name)) for name in _KEPT}


def _content(out: Place, path: str) -> bytes | None:
    try:
        return out.read(path)
    except FileNotFoundError:
        return None


def _numbers(out: Place, day: date, store_id: str) -> list[int]:
    folders = out.folders(f"{day_folder(_EARLIER, day)}/store={store_id}")
    found = (re.fullmatch(r"revision=(\d{4,})", folder) for folder in folders)
    return [int(match[1]) for match in found if match]


def _path(day: date, store_id: str, number: int, name: str) -> str:
    return f"{day_folder(_EARLIER, day)}/store={store_id}/revision={number:04}/{name}.parquet"
