"""The paths below OUT. None contains text from a till.

- ``TABLE/day=YYYY-MM-DD/store=ID/part-0.parquet``: the tables of tables.STORED.
- ``TABLE/day=YYYY-MM-DD/part-0.parquet``: the tables of tables.DAILY, one file for all stores.
- ``crops/day=YYYY-MM-DD/store=ID/*.jpg``: faces of the sales to review.
- ``decisions/day=YYYY-MM-DD/*.parquet``: one file a decision; no run of a day touches them.
- ``finalised/``: the stores of each day (finalised.py).
- ``revisions/``: earlier results of days that were audited again (revisions.py).
- ``reports/YYYY-MM-DD/``: the pages, lists and summary of a day's report.
- ``extracts/day=YYYY-MM-DD/*.parquet``: what databases gave for the day and its neighbours.
- ``policies/HASH.json``: the policies that reports were rendered with.
"""

from datetime import date

from auditor.tables import DAILY, STORED

PART = "part-0.parquet"

#: The folders that results have below OUT, one of days or other parts each.
_BY_DAY = (*STORED, *DAILY, "revisions", "crops", "decisions", "extracts", "finalised")
FOLDERS = (
    *_BY_DAY,
    "reports",
    "policies",
    "mappings",
    "packs",
    "keys",
    "unfinished",
    "insight-reports",
)

#: The folder of face packs, each in a folder ``until=YYYY-MM-DD``.
FACE_PACKS = "packs/faces"


def day_folder(name: str, day: date) -> str:
    """The folder of a day, below that of a table or of anything else kept by day."""
    return f"{name}/day={day.isoformat()}"


def partition_path(name: str, day: date, store_id: str) -> str:
    """The partition of a day and store of the table ``name``."""
    return f"{day_folder(name, day)}/store={store_id}/{PART}"


def crops_folder(day: date, store_id: str) -> str:
    """The folder of the crops of a day and store."""
    return f"{day_folder('crops', day)}/store={store_id}"


def crop_path(day: date, store_id: str, sale_id: str) -> str:
    """The crop of a sale; ``sale_id`` is as sales.identity makes it."""
    return f"{crops_folder(day, store_id)}/{sale_id}.jpg"


def report_folder(day: date) -> str:
    """Where the report of a day lies."""
    return f"reports/{day.isoformat()}"


def report_page(day: date) -> str:
    """The chain's page of a day's report."""
    return f"{report_folder(day)}/index.html"


def policy_path(sha256: str) -> str:
    """Where a policy that a report was rendered with is kept, as canonical JSON."""
    return f"policies/{sha256}.json"


def mapping_path(sha256: str) -> str:
    """Where a mapping that a day was audited with is kept, as canonical JSON."""
    return f"mappings/{sha256}.json"


def extract_path(day: date, query: str, of: date) -> str:
    """Where what a query gave for the day ``of`` is kept for the audit of ``day``."""
    return f"{day_folder('extracts', day)}/{query}-{of.isoformat()}.parquet"


def folders_of_day(day: date) -> list[str]:
    """Every folder that a day may have."""
    return [day_folder(name, day) for name in _BY_DAY]
