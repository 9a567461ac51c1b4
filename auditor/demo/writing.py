"""Write the demo chain into a folder."""

import io
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from auditor import resources
from auditor.demo import catalogue, troubles
from auditor.demo.camera import Snapshot, capture, stray
from auditor.demo.catalogue import Store, stream
from auditor.demo.chain import Basket, trade
from auditor.demo.exports import Damage, snapshot_index, till_export
from auditor.demo.policy import FIRST_LINE, policy_toml
from auditor.demo.tables import CAMERA_FAULTS, CASHIER_HABITS, TRUTH
from auditor.errors import ConfigurationError
from auditor.faces.confusion import FILE as CONFUSION
from auditor.storage.place import Place

#: Given the frames drawn so far and the frames in all.
Progress = Callable[[int, int], None]

_T = TypeVar("_T")

_OURS = (
    *("sales", "snapshots", "policy.toml", "past", CONFUSION),
    *("truth.parquet", "cashiers.parquet", "cameras.parquet"),
)
_TWO_FILES = ("S002", catalogue.DAYS[1])  # the export of the day comes in two files
_CLOSED = ("S003", catalogue.DAYS[2])  # the export of the day is a header
_NO_EXPORT = ("S004", catalogue.DAYS[2])  # the export of the day does not come

_TRADE, _TROUBLE, _FRAMES = range(3)  # streams of random numbers


@dataclass(frozen=True)
class _StoreDay:
    """A store's day as it happened, with what went wrong, by transaction."""

    store: Store
    day: date
    baskets: list[Basket]
    befallen: dict[str, str]
    damages: dict[str, Damage]
    photographed: list[Basket]
    strays: int

    @property
    def exports(self) -> bool:
        return (self.store.store_id, self.day) != _NO_EXPORT


def write_demo(
    folder: Path,
    *,
    seed: int = 1,
    progress: Progress | None = None,
    days: Sequence[date] = catalogue.DAYS,
    stores: Sequence[Store] = catalogue.STORES,
) -> None:
    """Write exports, snapshots, policy and truth of the demo chain; the same seed, the same bytes.

    The truth is that of the sales, that of the cashiers' habits, and that of the cameras. Days and
    stores are of those in :mod:`~auditor.demo.catalogue`. An earlier demo in ``folder`` is
    replaced; whatever else lies beside it is left alone.

    Raises:
        ConfigurationError: ``folder`` is a file, or has something in it and no earlier demo.
    """
    _clear(folder)
    _put(folder / "policy.toml", policy_toml())
    _put(folder / CONFUSION, (resources.folder("auditor/demo") / CONFUSION).read_bytes())
    store_days = [d for day in days for d in _plan(day, stores, seed)]
    total = sum(len(d.photographed) + d.strays for d in store_days)
    drawn = 0
    truth: list[dict[str, Any]] = []
    for store_day in store_days:
        snapshots: dict[str, Snapshot] = {}
        strays = []
        for basket, snapshot in _snapshots(store_day, seed):
            if snapshot is not None and snapshot.content is not None:
                _put(folder / "snapshots" / snapshot.path, snapshot.content)
            if snapshot is not None and basket is not None:
                snapshots[basket.transaction_id] = snapshot
            elif snapshot is not None:
                strays.append(snapshot)
            drawn += 1
            if progress is not None:
                progress(drawn, total)
        _write_tables(folder, store_day, [*snapshots.values(), *strays])
        if store_day.exports:
            truth += [_truth(store_day, b, snapshots) for b in store_day.baskets if b.buyer]
    truth.sort(key=lambda row: (row["day"], row["store_id"], row["transaction_id"]))
    tables = {
        "truth": TRUTH.from_rows(truth),
        "cashiers": habits(stores),
        "cameras": faults(stores),
    }
    for name, table in tables.items():
        stream = io.BytesIO()
        pq.write_table(table, stream)
        _put(folder / f"{name}.parquet", stream.getvalue())


def habits(stores: Sequence[Store] = catalogue.STORES) -> pa.Table:
    """What each cashier of the stores does otherwise than the rest: CASHIER_HABITS."""
    who = {
        (store.store_id, cashier)
        for store in stores
        for till in store.tills
        for cashier in (till.early, till.late)
        if cashier
    }
    known = [(*key, catalogue.HABITS.get(key[1], catalogue.ORDINARY)) for key in sorted(who)]
    return CASHIER_HABITS.from_rows(
        {"store_id": store_id, "cashier_id": cashier, "habit": habit.name, "asks": habit.asks}
        for store_id, cashier, habit in known
    )


def faults(stores: Sequence[Store] = catalogue.STORES) -> pa.Table:
    """What has become of each camera of the stores since the days before: CAMERA_FAULTS."""
    return CAMERA_FAULTS.from_rows(
        {"store_id": store.store_id, "till_id": till.till_id, "exposure": till.exposure}
        for store in stores
        for till in store.tills
    )


def _clear(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(f"{folder} is a file; name a folder for the demo")
    if folder.is_dir() and any(folder.iterdir()):
        policy = folder / "policy.toml"
        if not (policy.is_file() and policy.read_bytes().startswith(FIRST_LINE.encode())):
            raise ConfigurationError(
                f"{folder} is not empty and holds no earlier demo; name a new or empty folder"
            )
    for name in _OURS:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _put(path: Path, content: bytes) -> None:
    Place(str(path.parent)).write(path.name, content)


def _plan(day: date, stores: Sequence[Store], seed: int) -> list[_StoreDay]:
    """What happens on ``day``: trade in every store, then the day's troubles among those open."""
    closed = [s for s in stores if (s.store_id, day) == _CLOSED]
    exporting = [s for s in stores if s not in closed and (s.store_id, day) != _NO_EXPORT]
    dealt = troubles.share_out(exporting)
    # The customers of a shop that is closed go to the others.
    moved = sum(s.alcohol_sales for s in closed) // max(len(stores) - len(closed), 1)
    malformed = _dealt(troubles.MALFORMED_OTHER_ROWS, [s for s in exporting if s.writes_text])
    other_frames = _dealt(range(troubles.OTHER_FRAMES), exporting)
    strays = _dealt(range(troubles.UNCLAIMED_FRAMES), exporting)
    planned = []
    for store in stores:
        name = store.store_id
        rng = stream(seed, day, store, _TRADE)
        sales = store.alcohol_sales + moved + int(rng.integers(-3, 4))
        baskets = [] if store in closed else trade(store, day, sales, rng)
        rng = stream(seed, day, store, _TROUBLE)
        befallen = _befall(baskets, dealt.get(name, []), rng)
        damages = _damage(baskets, befallen, malformed.get(name, []), rng)
        others = [b for b in baskets if b.buyer is None]
        seen = rng.permutation(len(others))[: len(other_frames.get(name, []))]
        photographed = [b for b in baskets if b.buyer] + [others[i] for i in sorted(seen)]
        alone = len(strays.get(name, []))
        planned.append(_StoreDay(store, day, baskets, befallen, damages, photographed, alone))
    return planned


def _dealt(things: Iterable[_T], stores: Sequence[Store]) -> dict[str, list[_T]]:
    dealt: dict[str, list[_T]] = {}
    for i, thing in enumerate(things if stores else ()):
        dealt.setdefault(stores[i % len(stores)].store_id, []).append(thing)
    return dealt


def _befall(baskets: list[Basket], names: list[str], rng: np.random.Generator) -> dict[str, str]:
    """Choose the sale that each trouble befalls; no sale has two.

    A store with too few sales that it could befall goes without; none of the catalogue has.
    """
    befallen: dict[str, str] = {}
    for name in names:
        able = [
            b for b in baskets
            if b.buyer and b.transaction_id not in befallen and _can_befall(name, b)
        ]  # fmt: skip
        if able:
            befallen[able[int(rng.integers(len(able)))].transaction_id] = name
    return befallen


def _can_befall(name: str, basket: Basket) -> bool:
    if name == "malformed_row":
        positive = {line.product.sku for line in basket.alcohol}
        return len(positive) > 1 and all(line.quantity > 0 for line in basket.alcohol)
    needs_estimate = troubles.BY_NAME[name].reason is not None or name in ("two_faces", "companion")
    return not (needs_estimate and basket.checked)


def _damage(
    baskets: list[Basket], befallen: Mapping[str, str], kinds: list[str], rng: np.random.Generator
) -> dict[str, Damage]:
    damages = {}
    for basket in baskets:
        if befallen.get(basket.transaction_id) == "malformed_row":
            first = basket.lines.index(basket.alcohol[0])
            damages[basket.transaction_id] = Damage("id_check", first)
    others = [b for b in baskets if b.buyer is None and len(b.lines) > 1 and not b.alcohol]
    for i, kind in zip(rng.permutation(len(others)), kinds, strict=False):
        damages[others[i].transaction_id] = Damage(kind, 0)
    return damages


def _snapshots(store_day: _StoreDay, seed: int) -> Iterator[tuple[Basket | None, Snapshot | None]]:
    store, day = store_day.store, store_day.day
    for i, basket in enumerate(store_day.photographed):
        rng = stream(seed, day, store, _FRAMES, i)
        trouble = store_day.befallen.get(basket.transaction_id)
        yield basket, capture(store, basket, trouble, rng)
    for i in range(store_day.strays):
        rng = stream(seed, day, store, _FRAMES, len(store_day.photographed) + i)
        # Before the doors open there is nobody to sell to, but a camera may still see a person.
        early = datetime.combine(day, time(store.opens), ZoneInfo(catalogue.ZONE))
        yield None, stray(store, store.tills[0], early - timedelta(minutes=20 + i), rng)


def _write_tables(folder: Path, store_day: _StoreDay, snapshots: list[Snapshot]) -> None:
    store, day = store_day.store, store_day.day
    index, suffix = snapshot_index(store, snapshots)
    _put(folder / f"snapshots/index/{day}/{store.store_id}.{suffix}", index)
    if not store_day.exports:
        return
    parts = {"": store_day.baskets}
    if (store.store_id, day) == _TWO_FILES:
        middle = len(store_day.baskets) // 2
        end = middle + troubles.RESENT
        parts = {"-a": store_day.baskets[:end], "-b": store_day.baskets[middle:]}
    repeated = {
        name for name, trouble in store_day.befallen.items() if trouble == "duplicate_transaction"
    }
    for part, baskets in parts.items():
        twice = [b for b in baskets if b.transaction_id in repeated]
        export, suffix = till_export(store, [*baskets, *twice], store_day.damages)
        _put(folder / f"sales/{day}/{store.store_id}{part}.{suffix}", export)


def _truth(
    store_day: _StoreDay, basket: Basket, snapshots: Mapping[str, Snapshot]
) -> dict[str, Any]:
    if basket.buyer is None:
        raise AssertionError(f"{basket.transaction_id} is no alcohol sale")
    name = store_day.befallen.get(basket.transaction_id)
    trouble = troubles.BY_NAME[name] if name else None
    outcome, reason = None, None
    if basket.check.state == "refused":
        outcome = "refused"
    elif basket.checked:
        outcome = "id_checked"
    elif trouble is not None and trouble.reason is not None:
        outcome, reason = "inconclusive", trouble.reason
    snapshot = snapshots.get(basket.transaction_id)
    is_matched = snapshot is not None and (trouble is None or trouble.has_frame)
    is_seen = is_matched and name not in ("empty_frame", "empty_file")
    return {
        "transaction_id": basket.transaction_id,
        "store_id": store_day.store.store_id,
        "day": store_day.day,
        "true_age": basket.buyer.age,
        "sex": basket.buyer.sex,
        "cashier_id": basket.cashier_id,
        "face": basket.buyer.file if is_seen else None,
        "trouble": name,
        "id_check": basket.check.state,
        "expected_outcome": outcome,
        "expected_reason": reason,
        "snapshot_id": snapshot.snapshot_id if snapshot and is_matched else None,
    }
