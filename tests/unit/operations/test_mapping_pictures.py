"""What is drafted of pictures: by their paths, or by the index that lies beside them."""

import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import ConfigurationError
from auditor.mapping.patterns import compiled
from auditor.operations.mapping.suggesting import suggest_mapping
from tests.support.formats import xlsx_bytes

HEAD = ("Snapshot", "Store", "Till", "Captured", "File")


def put(folder: Path, *names: str) -> list[Path]:
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return paths


def suggested(files: Sequence[Path], root: Path | None = None) -> tuple[list[dict[str, Any]], str]:
    """The entries of snapshots that are suggested for files, and the text."""
    text, _ = suggest_mapping(files, root=root)
    return tomllib.loads(text)["mapping"][0]["snapshots"], text


@pytest.mark.parametrize(
    ("names", "pattern"),
    [
        (
            ["S001/lane01/20260327/180002.jpg", "S001/lane02/20260328/010004.jpg"],
            "**/{store}/lane{till}/{day}/{time:%H%M%S}.jpg",
        ),
        (
            ["S001/lane01/20260327/180002.jpg", "S001/lane01/20260327/180007.jpg"],
            "**/{store}/lane{till}/{day}/{time:%H%M%S}.jpg",
        ),
        (
            ["london/lane01/20260327_180002.jpg", "leeds/lane01/20260327_180007.jpg"],
            "**/{store}/lane{till}/{time:%Y%m%d_%H%M%S}.jpg",
        ),
        (
            ["0210/03/20260327_180002.jpg", "0211/01/20260327_180007.jpg"],
            "**/{store}/{till}/{time:%Y%m%d_%H%M%S}.jpg",
        ),
        (
            ["gate/lane01/20260327_180002.jpg", "gate/lane02/20260327_180007.jpg"],
            "**/lane{till}/{time:%Y%m%d_%H%M%S}.jpg",
        ),
    ],
)
def test_the_folders_of_a_store_are_in_the_pattern_of_its_pictures(
    names: Sequence[str], pattern: str, tmp_path: Path
) -> None:
    files = put(tmp_path / "snapshots", *names)
    [entry], text = suggested(files)
    assert entry["frames"] == pattern
    assert all(compiled(pattern).match(name) for name in names)
    assert ("{store}" in pattern) == ("store_id" not in entry.get("columns", {}))
    assert ("is taken for the store" in text) == ("{store}" in pattern)


@pytest.mark.parametrize("sign", ["/", "\\"])
@pytest.mark.parametrize("ending", ["jsonl", "xlsx"])
def test_an_index_beside_its_pictures_is_drafted_without_them(
    ending: str, sign: str, tmp_path: Path
) -> None:
    pictures = put(tmp_path, "img/a.jpg", "img/b.jpg", "img/c.jpg")
    rows = [
        (name, "S001", "01", f"2026-03-27T18:0{at}:00Z", f"img{sign}{name}.jpg")
        for at, name in enumerate("ab")
    ]
    index = tmp_path / f"frames_2026-03-27.{ending}"
    if ending == "xlsx":
        index.write_bytes(xlsx_bytes({"Frames": [HEAD, *rows]}))
    else:
        lines = [json.dumps(dict(zip(HEAD, row, strict=True))) for row in rows]
        index.write_text("\n".join(lines), "utf-8")
    [entry], text = suggested([index, *pictures])
    assert entry["files"] == f"frames_{{day}}.{ending}"
    assert entry["columns"]["path"] == "File"
    assert "the index names none of 1 picture" in text
    assert "c.jpg" in text


def test_pictures_without_times_are_passed_over_beside_an_export(tmp_path: Path) -> None:
    pictures = put(tmp_path, "a.jpg", "b.jpg")
    export = tmp_path / "2026-03-27.csv"
    export.write_text(
        "Receipt,Store,Till,Time,SKU,Name,Category,Qty,Amount\n"
        "1,S001,01,2026-03-27T18:00:00Z,1,Lager,Beer,1,2.00\n"
    )
    text, [draft] = suggest_mapping([export, *pictures])
    assert draft.kind == "sales"
    assert "no time was found in the names of 2 pictures" in text
    with pytest.raises(ConfigurationError, match="no time was found in the names"):
        suggest_mapping(pictures)


def test_a_file_that_is_no_export_is_passed_over_with_a_note(tmp_path: Path) -> None:
    (tmp_path / "index.xml").write_text("<DataSet/>")
    export = tmp_path / "lines_2026-03-27.csv"
    export.write_text(
        "Receipt,Store,Till,Time,SKU,Qty,Amount\n1,S001,01,2026-03-27T18:00:00Z,1,1,2.00\n"
    )
    text, [draft] = suggest_mapping([tmp_path / "index.xml", export])
    assert draft.read_from == ["lines_2026-03-27.csv"]
    [note] = draft.notes
    assert note.startswith("passed over:")
    assert "index.xml" in note
    assert "# passed over:" in text
    with pytest.raises(ConfigurationError, match="no POSLog"):
        suggest_mapping([tmp_path / "index.xml"])


@pytest.mark.parametrize("where", ["beside", "nowhere"])
def test_paths_that_are_relative_to_their_index_are_joined_with_its_folder(
    where: str, tmp_path: Path
) -> None:
    if beside := where == "beside":
        put(tmp_path, "S001/cam03/a.jpg", "S002/cam04/a.jpg")
    indexes = [tmp_path / folder / "index.csv" for folder in ("S001/cam03", "S002/cam04")]
    for at, index in enumerate(indexes):
        index.parent.mkdir(parents=True, exist_ok=True)
        index.write_text(f"Image,Timestamp,Receipt\na.jpg,2026-03-27 1{at}:00:01,{at}\n", "utf-8")
    [entry], text = suggested(indexes)
    assert entry["files"] == "{store}/cam{till}/index.csv"
    parts = [{"path": "store"}, {"constant": "/cam"}, {"path": "till"}, {"constant": "/"}, "Image"]
    joined = {"join": parts, "separator": ""}
    assert entry["columns"]["path"] == (joined if beside else "Image")
    assert ("No frame lies there" in text) != beside
