"""The section of a page on cameras that see otherwise than before."""

from dataclasses import dataclass

from auditor.monitoring.cameras import Camera, Drift
from auditor.monitoring.cameras.change_tests import LEAST_DAYS, LEAST_SALES


@dataclass(frozen=True, slots=True)
class Cameras:
    """The cameras of a page against their own past; ``changed`` lists all that changed.

    ``compared`` and ``too_little`` count the cameras of which something, or nothing, could be
    compared; ``sha256`` is None where the day's own counts are missing.
    """

    days: int
    on_record: int
    sha256: str | None
    changed: tuple[Camera, ...]
    compared: int
    too_little: int
    limit: int
    least_days: int = LEAST_DAYS
    least_sales: int = LEAST_SALES

    @classmethod
    def of(cls, drift: Drift, store_id: str | None, limit: int) -> "Cameras":
        """The section of a store's page, or (``store_id`` None) of the chain's."""
        own = drift if store_id is None else drift.of_store(store_id)
        compared = sum(bool(camera.compared) for camera in own.cameras)
        return cls(
            days=own.days,
            on_record=own.on_record,
            sha256=own.sha256,
            changed=own.changed,
            compared=compared,
            too_little=len(own.cameras) - compared,
            limit=limit,
        )
