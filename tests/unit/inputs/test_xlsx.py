"""Excel workbooks: cells are what a CSV would hold, and a bomb is refused before it is opened."""

import builtins
import io
import struct
import zipfile
from typing import Any

import pytest

from auditor.inputs.formats import xlsx
from auditor.inputs.formats.base import Dialect, Records, UnusableError, Wanted
from auditor.inputs.records import read_records
from tests.support.formats import Cell, xlsx_bytes, zip_bytes

HEAD: list[Cell] = ["id", "price"]


def read(content: bytes, *, path: str = "x.xlsx", **dialect: Any) -> list[Records]:
    wanted = Wanted(("id", "price"), dialect=Dialect(**dialect))
    return list(read_records(path, lambda: io.BytesIO(content), wanted))


def rows(*lines: list[Cell], **dialect: Any) -> list[tuple[str, str]]:
    parts = read(xlsx_bytes({"Sales": lines}), **dialect)
    return [(row["id"], row["price"]) for part in parts for row in part.cells.to_pylist()]


def test_cells_are_the_text_that_a_csv_would_hold() -> None:
    found = rows(
        HEAD,
        ["0042", 12.5],
        [5000112637922.0, 0.30000000000000004],
        [4711, -12.0],
        [(46108.760416666664, 2), (46108, 1)],
    )
    assert found == [
        ("0042", "12.5"),
        ("5000112637922", "0.30000000000000004"),
        ("4711", "-12"),
        ("2026-03-27T18:15:00", "2026-03-27"),
    ]


def test_numbers_are_told_from_texts_cell_by_cell() -> None:
    (part,) = read(xlsx_bytes({"x": [HEAD, ["0042", 1.125], ["", "5,50"], ["7", ""]]}))
    assert {name: flags.tolist() for name, flags in part.numeric.items()} == {
        "price": [True, False, False]
    }


def test_rows_keep_their_numbers_and_empty_ones_are_none() -> None:
    (part,) = read(
        xlsx_bytes({"x": [["x"], [], HEAD, ["a", 1], [], ["b", 2], ["c"]]}), skip_lines=2
    )
    assert part.cells["id"].to_pylist() == ["a", "b", "c"]
    assert part.cells["price"].to_pylist() == ["1", "2", ""]
    assert part.numbers.tolist() == [4, 6, 7]


def test_a_sheet_that_begins_further_down_and_right_is_read() -> None:
    found: list[list[Cell]] = [[], [], ["", "", *HEAD, "more"], ["", "", "a", 1, "x"]]
    (part,) = read(xlsx_bytes({"x": found}))
    assert (part.numbers.tolist(), part.unread) == ([4], ("more",))
    assert part.cells.to_pylist() == [{"id": "a", "price": "1"}]


def test_the_mapping_names_the_sheet_and_the_header() -> None:
    content = xlsx_bytes({"First": [["nothing"]], "Sales & more": [["a", 1]]})
    (part,) = read(content, sheet="Sales & more", header=("id", "price"))
    assert part.cells.to_pylist() == [{"id": "a", "price": "1"}]
    with pytest.raises(UnusableError, match="no sheet Sale: name one of First, Sales & more"):
        read(content, sheet="Sale")


def test_a_cell_beyond_the_header_costs_its_row() -> None:
    (part,) = read(xlsx_bytes({"x": [HEAD, ["a", 1, "?"], ["b", 2]]}))
    assert part.cells["id"].to_pylist() == ["b"]
    assert [each.number for each in part.malformed] == [2]


def test_a_bomb_is_refused_whatever_its_directory_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MOST_BYTES", 1 << 20)
    content = xlsx_bytes({"x": [HEAD]})
    bomb = io.BytesIO(content)
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", b" " * (2 << 20))
    honest = bomb.getvalue()
    lying = honest.replace(struct.pack("<I", 2 << 20), struct.pack("<I", 10))
    assert lying != honest
    for each in (honest, lying):
        with pytest.raises(UnusableError, match="unpacks to more than 1 MiB: export the sheet"):
            read(each)


def test_a_sheet_that_spans_too_much_is_refused() -> None:
    content = xlsx_bytes({"x": [HEAD]})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    sheet = files["xl/worksheets/sheet1.xml"]
    for cell in (b'r="XFD1048576"', b"r = 'xfd1048576'", b'r="$XFD$1048576"'):
        far = b"<row><c " + cell + b"><v>1</v></c></row></sheetData>"
        files["xl/worksheets/sheet1.xml"] = sheet.replace(b"</sheetData>", far)
        with pytest.raises(UnusableError, match="spans more than 20,000,000 cells"):
            read(zip_bytes(files))


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04" + bytes(60),
        b"nothing",
        zip_bytes({"a": b"b"}),
        xlsx_bytes({"x": [HEAD]})[:-30],
        xlsx_bytes({"x": [HEAD]})[:400],
    ],
)
def test_what_is_no_workbook_is_refused(content: bytes) -> None:
    with pytest.raises(UnusableError, match=r"no \.xlsx that can be read"):
        read(content)


def test_old_workbooks_are_refused_by_name() -> None:
    with pytest.raises(UnusableError, match=r"Excel 97 \(.xls\): save it as .xlsx"):
        read(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), path="x.xlsx")
    with pytest.raises(UnusableError, match="Excel 97"):
        read(b"x", path="x.xls")


def test_without_the_library_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def missing(name: str, *given: Any) -> Any:
        if name == "python_calamine":
            raise ImportError(name)
        return imported(name, *given)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(UnusableError, match=r"install auditor\[xlsx\]"):
        read(xlsx_bytes({"x": [HEAD]}))
