"""Deletes what may not be kept any longer."""

import re
from collections.abc import Iterable
from datetime import date

from auditor.storage.layout import FACE_PACKS, crops_folder
from auditor.storage.place import Place


def remove_crops(
    out: Place, day: date, store_id: str, keep: Iterable[str], written: Iterable[str] = ()
) -> None:
    """Drop the crops of a day and store that nobody has to look at (any more).

    Args:
        out: where.
        day: the business day.
        store_id: the store.
        keep: those that somebody has to look at.
        written: those known to have been written, which a listing may not show yet.
    """
    folder = crops_folder(day, store_id)
    out.sweep(folder)
    for path in {*out.files(folder), *written}.difference(keep):
        out.remove(path)


def days_of(out: Place, name: str) -> list[date]:
    """The days of which there is a folder below ``OUT/<name>/``, a table or ``crops``, in order."""
    return list(_dated(out, name, "day"))


def expire_days(out: Place, folder: str, oldest: date) -> list[str]:
    """Delete the days before ``oldest`` below ``OUT/<folder>/``.

    Returns:
        The folders that were removed.
    """
    return _expire(out, folder, "day", oldest)


def expire_face_packs(out: Place, as_of: date) -> list[str]:
    """Delete the packs of faces that were to be kept until a day before ``as_of``.

    Returns:
        The folders that were removed.
    """
    return _expire(out, FACE_PACKS, "until", as_of)


def _expire(out: Place, folder: str, key: str, oldest: date) -> list[str]:
    removed = [path for day, path in _dated(out, folder, key).items() if day < oldest]
    for path in removed:
        out.remove(path)
    return removed


def _dated(out: Place, folder: str, key: str) -> dict[date, str]:
    """The folders ``KEY=YYYY-MM-DD`` right below a folder, by their day and in its order."""
    found = (re.fullmatch(rf"{key}=(\d{{4}}-\d{{2}}-\d{{2}})", f) for f in out.folders(folder))
    return {date.fromisoformat(match[1]): f"{folder}/{match[0]}" for match in found if match}
