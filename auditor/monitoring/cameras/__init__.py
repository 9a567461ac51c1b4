"""Whether a till's camera sees otherwise than in its own past days: lamp, lens, angle, clock.

Nothing here is about a person: the counts are of frames, by store and till.
"""

from auditor.monitoring.cameras.comparing import compare, days_before
from auditor.monitoring.cameras.counting import count_cameras
from auditor.monitoring.cameras.drift import NOTHING, Camera, CameraDay, Change, Drift, on_day

__all__ = [
    "NOTHING",
    "Camera",
    "CameraDay",
    "Change",
    "Drift",
    "compare",
    "count_cameras",
    "days_before",
    "on_day",
]
