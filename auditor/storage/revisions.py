"""Earlier revisions of a store's day: kept when the day is audited again with another result.

``OUT/revisions/day=YYYY-MM-DD/store=ID/revision=0001/`` has ``provenance.parquet`` and, where the
next revision's ledger differs, ``ledger.parquet``: both byte for byte as they were. Revisions are
numbered in the order in which they were replaced, without a clock, so that the same runs in the
same order leave the same bytes. The provenance is written last: a revision without one was not
kept whole, and does not count.

``OUT/revisions/day=YYYY-MM-DD/completions.json`` says which other days' runs completed sales of the
day (pipeline/complete.py).

No face is kept with a revision: its ledger's ``crop`` names where one was. The file exists only
while the present ledger names it too, and no longer than its retention.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from auditor.errors import ContractError
from auditor.storage.layout import day_folder, partition_path
from auditor.storage.parquet import encoded, parsed
from auditor.storage.place import Place
from auditor.tables import LEDGER, PROVENANCE, STORED

_REVISIONS = "revisions"
_LEDGER, _PROVENANCE = _KEPT = ("ledger", "provenance")


@dataclass(frozen=True, slots=True)
class Revision:
    """The result of a store's day: LEDGER, and the row of PROVENANCE that it rests on."""

    ledger: pa.Table
    provenance: Mapping[str, Any]


def replace(out: Place, day: date, store_id: str, tables: Mapping[str, pa.Table]) -> None:
    """Put a store's day (tables of STORED, by name) in place; keep a revision that it differs from.

    Raises:
        ContractError: a table does not conform to its schema.
        OSError: a file cannot be read or written.
    """
    files = {name: encoded(table, STORED[name]) for name, table in tables.items()}
    keep(out, day, store_id, files)
    for name, content in files.items():
        out.write(partition_path(name, day, store_id), content)


def keep(out: Place, day: date, store_id: str, successors: Mapping[str, bytes]) -> None:
    """Keep the present revision of a store's day if its successor differs.

    The provenance in place is removed, so that it never stands beside another revision's ledger: a
    day whose finalising is interrupted has none until it is finalised again. A second call after
    an interruption adds nothing that is already kept.

    ``successors`` are the files that will be written, by table of STORED; none if the store is
    dropped.

    Raises:
        OSError: a file cannot be read or written.
    """
    now = {n: c for n, c in _present(out, day, store_id).items() if c is not None}
    coming = {name: successors[name] for name in now if name in successors}
    if len(now) < len(_KEPT) or coming == now:
        return
    number = max(_numbers(out, day, store_id), default=1)
    kept = _kept(out, day, store_id, number)
    if any(kept[name] not in (None, now[name]) for name in _KEPT):
        number, kept = number + 1, dict.fromkeys(_KEPT)
    for name in _KEPT:
        unchanged = name == _LEDGER and coming.get(name) == now[name]
        if kept[name] is None and not unchanged:
            out.write(_path(day, store_id, number, name), now[name])
    out.remove(partition_path(_PROVENANCE, day, store_id))


def note_completion(out: Place, day: date, by: date, stores: Iterable[str], sales: int) -> None:
    """Note that the run of the day ``by`` completed sales of a day, and audited stores again."""
    noted = _completions(out, day)
    earlier = noted.get(by.isoformat(), {"sales": 0, "stores": []})
    noted[by.isoformat()] = {
        "sales": earlier["sales"] + sales,
        "stores": sorted({*earlier["stores"], *stores}),
    }
    out.write(_completions_path(day), json.dumps(noted, sort_keys=True, indent=1).encode())


def completed_sales(out: Place, day: date, by: date) -> int:
    """How many sales of a day the runs of the day ``by`` completed, as they were counted then."""
    return int(_completions(out, day).get(by.isoformat(), {"sales": 0})["sales"])


def _completions(out: Place, day: date) -> dict[str, Any]:
    content = _content(out, _completions_path(day))
    return dict(json.loads(content)) if content else {}


def _completions_path(day: date) -> str:
    return f"{day_folder(_REVISIONS, day)}/completions.json"


def stores(out: Place, day: date) -> list[str]:
    """The stores that have an earlier revision of a day, sorted."""
    return [name.removeprefix("store=") for name in out.folders(day_folder(_REVISIONS, day))]


def count(out: Place, day: date, store_id: str) -> int:
    """How many earlier revisions of a store's day are kept."""
    numbers = _numbers(out, day, store_id)
    return sum(out.exists(_path(day, store_id, number, _PROVENANCE)) for number in numbers)


def present(out: Place, day: date, store_id: str) -> Revision | None:
    """The present result of a store's day; None if it is not finalised, or the store was dropped.

    Raises:
        ContractError: a file is damaged or in another format.
    """
    return _revision(_present(out, day, store_id), f"{store_id} of {day}")


def before(out: Place, day: date, store_id: str) -> Revision | None:
    """The latest earlier revision of a store's day; None if it was never replaced.

    Raises:
        ContractError: as :func:`present`.
    """
    now = _present(out, day, store_id)
    ledger = now[_LEDGER]
    for number in sorted(_numbers(out, day, store_id), reverse=True):
        kept = _kept(out, day, store_id, number)
        ledger = kept[_LEDGER] or ledger
        whole = {_LEDGER: ledger, _PROVENANCE: kept[_PROVENANCE]}
        # One that equals the present: a run was interrupted after keeping it, and it came back.
        if kept[_PROVENANCE] is None or whole == now:
            continue
        origin = f"revision {number} of {store_id} of {day}"
        if ledger is None:
            raise ContractError(f"the ledger of {origin} is gone: restore it, or delete {origin}")
        return _revision(whole, origin)
    return None


def _revision(contents: Mapping[str, bytes | None], origin: str) -> Revision | None:
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
    folders = out.folders(f"{day_folder(_REVISIONS, day)}/store={store_id}")
    found = (re.fullmatch(r"revision=(\d{4,})", folder) for folder in folders)
    return [int(match[1]) for match in found if match]


def _path(day: date, store_id: str, number: int, name: str) -> str:
    return f"{day_folder(_REVISIONS, day)}/store={store_id}/revision={number:04}/{name}.parquet"
