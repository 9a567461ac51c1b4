"""What changed of a day's cameras against their own past."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pyarrow as pa

#: Days before the day that it is compared with.
WINDOW = 28

#: A clock so many seconds off is to be set, though its frames find their sales.
WRONG_CLOCK = 30.0


@dataclass(frozen=True, slots=True)
class Change:
    """A quantity that is otherwise than in the days before.

    Attributes:
        quantity: one of tables.CAMERA_QUANTITIES.
        now: mean of the day in the quantity's unit; of ``unseen``, the share.
        before: the same of the days before: the median of their means; of ``unseen``, their share.
        sales: that ``now`` rests on.
        days: that ``before`` rests on.
        unseen: of ``unseen``, how many; None otherwise.
        cause: of ``unseen``, the one of CAUSES that there is most of; None otherwise.
        q: probability by chance after Benjamini and Hochberg.
    """

    quantity: str
    now: float
    before: float
    sales: int
    days: int
    q: float
    unseen: int | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera, or (``till_id`` None) all of a store.

    Attributes:
        store_id: the store.
        till_id: the till that the camera looks at.
        sales: alcohol sales of the day.
        compared: the quantities of which enough is on record.
        changes: of these, those that changed.
    """

    store_id: str
    till_id: str | None
    sales: int
    compared: tuple[str, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class CameraDay:
    """What a camera's frames say of its clock and of itself on the day, whatever its past.

    Attributes:
        store_id: the store.
        till_id: the till that the camera looks at.
        basis: what its clock was found by, as in tables.CAMERA_DAYS.
        offset_s: its time minus the till's, seconds; None where unknown.
        drift_s: what it gains an hour, seconds; None where unknown.
        spread_s: standard deviation of its frames around that, seconds; None where unknown.
        frames: in the index.
        ambiguous: of these, that may be of several transactions.
        contradicting: of these, that name a transaction of another time.
        frozen: alcohol sales of which it gave the same picture as before.
    """

    store_id: str
    till_id: str
    basis: str
    offset_s: float | None
    drift_s: float | None
    spread_s: float | None
    frames: int
    ambiguous: int
    contradicting: int
    frozen: int

    @property
    def lost(self) -> int:
        """Frames that show no sale's buyer."""
        return self.ambiguous + self.contradicting + self.frozen

    @property
    def is_wrong(self) -> bool:
        """Whether somebody has to look at the camera, or at its clock."""
        return self.lost > 0 or abs(self.offset_s or 0) >= WRONG_CLOCK


def on_day(camera_days: Iterable[pa.Table]) -> tuple[CameraDay, ...]:
    """The cameras of a day, from its CAMERA_DAYS, by store and till."""
    rows = (row for table in camera_days for row in table.to_pylist())
    found = (CameraDay(**row) for row in rows)
    return tuple(sorted(found, key=lambda camera: (camera.store_id, camera.till_id)))


@dataclass(frozen=True, slots=True)
class Drift:
    """What the cameras of a day look like against their past.

    Attributes:
        days: days before the day that are looked back on.
        on_record: those of them that have counts.
        sha256: hash over the files of counts it rests on; None without counts of the day itself.
        cameras: all that sold alcohol on the day, by store and till.
        stores: those that changed as a whole, beyond what their cameras explain.
        on_day: what the frames of each camera say of it on the day alone, by store and till.
    """

    days: int
    on_record: int
    sha256: str | None
    cameras: tuple[Camera, ...]
    stores: tuple[Camera, ...]
    on_day: tuple[CameraDay, ...] = ()

    @property
    def changed(self) -> tuple[Camera, ...]:
        """The cameras that changed, and then the stores."""
        return (*(camera for camera in self.cameras if camera.changes), *self.stores)

    def of_store(self, store_id: str) -> "Drift":
        """The same of one store."""
        cameras, stores = (
            tuple(unit for unit in units if unit.store_id == store_id)
            for units in (self.cameras, self.stores)
        )
        on_day = tuple(camera for camera in self.on_day if camera.store_id == store_id)
        return replace(self, cameras=cameras, stores=stores, on_day=on_day)


#: For a day without counts.
NOTHING = Drift(WINDOW, 0, None, (), ())
