"""A folder of photographs and a CSV of ages: found, decoded, and their faces aligned.

The CSV has ``file_name,real_age`` (or ``file,age``) and, where known, ``source``, ``sex``,
``group`` and ``person``. A picture is found by its path below the CSV's folder, or by its bare name
if only one picture below has it.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from auditor.errors import ConfigurationError
from auditor.faces.alignment import align
from auditor.faces.detector import Detector, Face
from auditor.faces.frames import UnreadableFrameError, decode
from auditor.policy import Rules
from models.training import labels

#: A face is taken when the detector is so sure of it: as the audit takes it.
CONFIDENCE = Rules().min_face_confidence

_NAMES = (("file_name", "real_age"), ("file", "age"))
_KNOWN = ("source", "sex", "group", "person")
_SUFFIXES = {".jpg", ".jpeg", ".png"}
_BATCH = 32
_BATCH_PIXELS = 64_000_000  # decoded pictures held at once: 192 MB


def find_table(path: Path) -> Path | None:
    """The CSV of ages that is ``path`` or lies in the folder ``path``, if there is one.

    Raises:
        ConfigurationError: there are several.
    """
    candidates = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    tables = [file for file in candidates if file.suffix == ".csv" and _columns(file)]
    if len(tables) > 1:
        raise ConfigurationError(
            f"several tables of ages: {', '.join(t.name for t in tables)}; name one of them"
        )
    return tables[0] if tables else None


def read(table: Path, side: int) -> tuple[pd.DataFrame, pd.DataFrame, pa.Array]:
    """Read the labels, then decode, detect and align the pictures in batches.

    Args:
        table: the CSV, as :func:`find_table` finds it.
        side: of the crops, pixels.

    Returns:
        Accepted rows, rejected rows, and the accepted rows' crops as PNG.
    """
    rows = _rows(table)
    good, faults = labels.check(rows)
    located, unlocated = _locate(good, set(rows["id"].dropna()), table.parent)
    crops: dict[int, bytes] = {}
    faces_of: dict[int, int] = {}
    problems: dict[int, tuple[str, str]] = {}
    detector: Detector | None = None
    for numbers, pictures in _decoded(located["path"], problems):
        detector = detector or Detector()
        found = detector.detect(pictures, least=CONFIDENCE)
        for number, picture, faces in zip(numbers, pictures, found, strict=True):
            if crop := _crop(picture, faces, side):
                crops[number], faces_of[number] = crop, len(faces)
            else:
                problems[number] = ("no_face", f"{picture.shape[1]} x {picture.shape[0]} px")
    failed = located.loc[sorted(problems)]
    reasons = [problems[number] for number in failed.index]
    bad = labels.faults(failed, "picture", [r for r, _ in reasons], [d for _, d in reasons])
    used = located.loc[sorted(crops)]
    return (
        used.assign(faces=pd.Series(faces_of, dtype="Int64")),
        pd.concat([faults, unlocated, bad], ignore_index=True),
        pa.array([crops[number] for number in used.index], pa.large_binary()),
    )


def _columns(table: Path) -> tuple[str, str] | None:
    try:
        with table.open(encoding="utf-8-sig", newline="") as stream:
            header = next(csv.reader(stream), [])
    except (OSError, UnicodeDecodeError, csv.Error):
        return None
    return next((names for names in _NAMES if set(names) <= set(header)), None)


def _rows(table: Path) -> pd.DataFrame:
    names = _columns(table)
    if names is None:
        raise ConfigurationError(f"{table.name} lacks the columns file_name,real_age (or file,age)")
    try:
        rows = pd.read_csv(table, dtype="string", encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"cannot read {table}: {error}") from error
    rows = rows.rename(columns={names[0]: "id", names[1]: "age"})
    rows = rows[[c for c in rows if c in {"id", "age", *_KNOWN}]]
    return rows.assign(file=table.name, row=np.arange(2, len(rows) + 2))


def _locate(rows: pd.DataFrame, named: set[str], folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Add the ``path`` of each row's picture; rows without one, and pictures that none names."""
    by_path = {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in _SUFFIXES and path.is_file()
    }
    by_name: dict[str, list[Path]] = defaultdict(list)
    for path in by_path.values():
        by_name[path.name].append(path)
    choices = [[by_path[name]] if name in by_path else by_name.get(name, []) for name in rows["id"]]
    count = np.array([len(paths) for paths in choices], int)
    wrong = count[count != 1].tolist()
    lost = labels.faults(
        rows[count != 1],
        "picture",
        ["name_ambiguous" if several else "picture_missing" for several in wrong],
        [f"{several} pictures" if several else "" for several in wrong],
    )
    located = rows[count == 1].assign(path=[str(paths[0]) for paths in choices if len(paths) == 1])
    unnamed = [n for n, path in by_path.items() if n not in named and path.name not in named]
    unlabelled = labels.faults(pd.DataFrame({"file": unnamed}), "picture", "picture_unlabelled")
    return located, pd.concat([lost, unlabelled], ignore_index=True)


def _decoded(
    paths: pd.Series, problems: dict[int, tuple[str, str]]
) -> Iterator[tuple[list[int], list[NDArray[np.uint8]]]]:
    """Decode pictures in batches of bounded memory; what cannot be read goes to ``problems``."""
    numbers: list[int] = []
    pictures: list[NDArray[np.uint8]] = []
    for number, path in paths.items():
        try:
            picture = decode(Path(path).read_bytes())
        except (UnreadableFrameError, OSError) as error:
            problems[int(str(number))] = ("picture_unreadable", str(error)[:80])
            continue
        numbers.append(int(str(number)))
        pictures.append(picture)
        held = sum(p.shape[0] * p.shape[1] for p in pictures)
        if len(pictures) == _BATCH or held > _BATCH_PIXELS:
            yield numbers, pictures
            numbers, pictures = [], []
    if pictures:
        yield numbers, pictures


def _crop(picture: NDArray[np.uint8], faces: list[Face], side: int) -> bytes | None:
    """The largest face, aligned, as PNG; None without one."""
    for face in faces:
        try:
            crop = align(picture, face.landmarks, side)
        except ValueError:  # landmarks in one place: no face after all
            continue
        written, content = cv2.imencode(".png", cv2.cvtColor(crop, cv2.COLOR_RGB2BGR))
        if written:
            return bytes(content.tobytes())
    return None
