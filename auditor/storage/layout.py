"""Where things lie below OUT. Nothing is read here, and no path has a text of the till's in it.

``<table>/day=YYYY-MM-DD/store=ID/part-0.parquet`` for the tables of tables.STORED, and
``crops/day=YYYY-MM-DD/store=ID/*.jpg`` for the faces that somebody has to look at. What many later
days look back on, the tables of tables.DAILY, is in one file a day for all stores:
``<table>/day=YYYY-MM-DD/part-0.parquet``. Beside them, and touched by no run of a day,
``decisions/day=YYYY-MM-DD/*.parquet``: one file a decision.
Which stores a day has is in ``finalised/`` (finalised.py); what a day that was audited again said
before, in ``revisions/`` (revisions.py). The policies that reports were rendered with are in
``policies/``.
"""

from datetime import date

from auditor.tables import DAILY, STORED

PART = "part-0.parquet"

#: Where packs of faces lie, ``until=YYYY-MM-DD`` below it.
FACE_PACKS = "packs/faces"


def day_folder(name: str, day: date) -> str:
    """The folder of a day below that of a table, or of what else is kept by the day."""
    return f"{name}/day={day.isoformat()}"


def partition_path(name: str, day: date, store_id: str) -> str:
    """Where the partition of a day and store of the table ``name`` is."""
    return f"{day_folder(name, day)}/store={store_id}/{PART}"


def crops_folder(day: date, store_id: str) -> str:
    """Where the crops of a day and store are kept."""
    return f"{day_folder('crops', day)}/store={store_id}"


def crop_path(day: date, store_id: str, sale_id: str) -> str:
    """Where the crop of a sale is kept; ``sale_id`` is as sales.identity makes it."""
    return f"{crops_folder(day, store_id)}/{sale_id}.jpg"


def policy_path(sha256: str) -> str:
    """Where a policy that a report was rendered with is kept, as canonical JSON."""
    return f"policies/{sha256}.json"


def folders_of_day(day: date) -> list[str]:
    """Every folder that a day has, whether it is there or not."""
    names = (*STORED, *DAILY, "revisions", "crops", "decisions", "finalised")
    return [day_folder(name, day) for name in names]
