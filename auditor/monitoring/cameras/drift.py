"""What changed of a day's cameras against their own past."""

from dataclasses import dataclass, replace

#: Days before the day that it is compared with.
WINDOW = 28


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
class Drift:
    """What the cameras of a day look like against their past.

    Attributes:
        days: days before the day that are looked back on.
        on_record: those of them that have counts.
        sha256: hash over the files of counts it rests on; None without counts of the day itself.
        cameras: all that sold alcohol on the day, by store and till.
        stores: those that changed as a whole, beyond what their cameras explain.
    """

    days: int
    on_record: int
    sha256: str | None
    cameras: tuple[Camera, ...]
    stores: tuple[Camera, ...]

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
        return replace(self, cameras=cameras, stores=stores)


#: For a day without counts.
NOTHING = Drift(WINDOW, 0, None, (), ())
