"""Delete what may no longer be kept."""

import re
from collections.abc import Iterable
from datetime import date

from auditor.storage.layout import crops_folder
from auditor.storage.place import Place


def remove_crops(
    out: Place, day: date, store_id: str, keep: Iterable[str], written: Iterable[str] = ()
) -> None:
    """Delete the crops of a day and store that need no review (any more).

    ``keep`` has the paths of those to review, and ``written`` paths known to be written, which a
    listing may not show yet.
    """
    folder = crops_folder(day, store_id)
    out.sweep(folder)
    for path in {*out.files(folder), *written}.difference(keep):
        out.remove(path)


def days_of(out: Place, name: str) -> list[date]:
    """The days that have a folder below ``OUT/NAME/``, in order; NAME is a table or ``crops``."""
    return list(_dated(out, name, "day"))


def expire_days(out: Place, folder: str, oldest: date, key: str = "day") -> list[str]:
    """Delete the folders ``KEY=YYYY-MM-DD`` before ``oldest`` below ``OUT/FOLDER/``.

    Returns:
        The folders that were removed.
    """
    removed = [path for day, path in _dated(out, folder, key).items() if day < oldest]
    for path in removed:
        out.remove(path)
    return removed


def _dated(out: Place, folder: str, key: str) -> dict[date, str]:
    """The folders ``KEY=YYYY-MM-DD`` right below a folder, by day, in order."""
    found = (re.fullmatch(rf"{key}=(\d{{4}}-\d{{2}}-\d{{2}})", f) for f in out.folders(folder))
    return {date.fromisoformat(match[1]): f"{folder}/{match[0]}" for match in found if match}
