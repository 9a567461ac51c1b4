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


def sheets(content: bytes, **dialect: Any) -> tuple[list[str], list[int], tuple[str, ...]]:
    """The ids that are read, the numbers of their rows, and the sheets that are not read."""
    parts = read(content, **dialect)
    ids = [text for part in parts for text in part.cells["id"].to_pylist()]
    numbers = [number for part in parts for number in part.numbers.tolist()]
    return ids, numbers, tuple(name for part in parts for name in part.unread_sheets)


def test_sheets_with_the_same_columns_are_read_and_the_others_are_named() -> None:
    content = xlsx_bytes(
        {
            "Cover": [["Sales of the day"]],
            "Till 1": [HEAD, ["a", 1], ["b", 2]],
            "Empty": [],
            "Till 2": [[], ["more", "price", "id"], ["x", 3, "c"]],
            "Articles": [["id", "name"], ["d", "Lager"]],
        }
    )
    assert sheets(content) == (["a", "b", "c"], [2, 3, 6], ("Cover", "Articles"))


def test_a_row_that_is_malformed_is_counted_on_too() -> None:
    content = xlsx_bytes({"1": [HEAD, ["a", 1]], "2": [HEAD, ["b", 2, "?"], ["c", 3]]})
    parts = read(content)
    assert [each.number for part in parts for each in part.malformed] == [4]
    assert sheets(content)[:2] == (["a", "c"], [2, 5])


def test_a_sheet_that_is_named_is_read_alone() -> None:
    content = xlsx_bytes(
        {"Cover": [["x"]], "1": [HEAD, ["a", 1]], "2": [HEAD, ["b", 2]], "3": [HEAD, ["c", 3]]}
    )
    assert sheets(content, sheet="2") == (["b"], [2], ("1", "3"))


def test_hidden_sheets_are_not_read_unless_they_are_named() -> None:
    content = xlsx_bytes({"Old": [HEAD, ["a", 1]], "New": [HEAD, ["b", 2]]}, hidden=("Old",))
    assert sheets(content) == (["b"], [2], ("Old",))
    assert sheets(content, sheet="Old") == (["a"], [2], ("New",))


def test_without_a_header_sheets_that_are_as_wide_are_read() -> None:
    content = xlsx_bytes({"1": [["a", 1]], "Sum": [[1]], "2": [["b", 2]]})
    assert sheets(content, header=("id", "price")) == (["a", "b"], [1, 2], ("Sum",))


def lost(content: bytes, **dialect: Any) -> list[str]:
    """What is said of sheets that look as if they held more of what is read."""
    return [said for part in read(content, **dialect) for said in part.lost_sheets]


TITLE: list[Cell] = ["Till 1"]
SHOUTED: list[Cell] = ["ID ", " Price"]


@pytest.mark.parametrize(
    ("first", "second", "row", "skip_lines"),
    [
        ([HEAD], [SHOUTED], 2, 0),
        ([HEAD], [[], TITLE, SHOUTED], 4, 0),  # a title that the first lacks
        ([HEAD], [TITLE, ["more", *HEAD]], 3, 0),
        ([TITLE, HEAD], [HEAD], 2, 1),  # one that the first has
    ],
)
def test_a_sheet_that_is_headed_a_little_otherwise_is_read(
    first: list[list[Cell]], second: list[list[Cell]], row: int, skip_lines: int
) -> None:
    before: list[Cell] = [""] * (len(second[-1]) - len(HEAD))
    tills: dict[str, list[list[Cell]]] = {
        "1": [*first, ["a", 1]],
        "2": [*second, [*before, "b", 2]],
    }
    numbers = [len(first) + 1, len(first) + 1 + row]
    content = xlsx_bytes(tills)
    assert sheets(content, skip_lines=skip_lines) == (["a", "b"], numbers, ())
    # It may stand before the one that is headed as the mapping says.
    numbers = [row, row + len(first) + 1]
    content = xlsx_bytes(dict(reversed(tills.items())))
    assert sheets(content, skip_lines=skip_lines) == (["b", "a"], numbers, ())


def test_names_that_only_case_tells_apart_stay_as_they_are() -> None:
    content = xlsx_bytes({"1": [[*HEAD, "ID"], ["a", 1, "x"]], "2": [[*HEAD, "ID"], ["b", 2, "y"]]})
    assert sheets(content)[0] == ["a", "b"]
    content = xlsx_bytes({"1": [HEAD, ["a", 1]], "2": [["Id", "ID", "price"], ["b", "y", 2]]})
    assert sheets(content)[0] == ["a"]


def test_a_sheet_may_lack_what_a_file_may_lack() -> None:
    content = xlsx_bytes({"1": [[*HEAD, "more"], ["a", 1, "x"]], "2": [HEAD, ["b", 2]]})
    wanted = Wanted(("id", "price"), ("more",))
    parts = list(read_records("x.xlsx", lambda: io.BytesIO(content), wanted))
    assert [part.cells.to_pylist() for part in parts] == [
        [{"id": "a", "price": "1", "more": "x"}],
        [{"id": "b", "price": "2"}],
    ]
    assert [part.begins_table for part in parts] == [True, True]


RECEIPT: list[Cell] = ["no", "till", "time", "article", "price"]
LINES: list[list[Cell]] = [
    ["1", "01", (46108.7, 2), "Lager", 2],
    ["2", "01", (46108.8, 2), "Ale", 3],
]


def lost_beside(other: list[list[Cell]], **dialect: Any) -> list[str]:
    """What is said of a sheet behind one with lines of receipts."""
    content = xlsx_bytes({"A": [*([] if "header" in dialect else [RECEIPT]), *LINES], "B": other})
    wanted = Wanted(tuple(map(str, RECEIPT)), dialect=Dialect(**dialect))
    parts = read_records("x.xlsx", lambda: io.BytesIO(content), wanted)
    return [said for part in parts for said in part.lost_sheets]


def test_a_sheet_that_looks_like_lines_and_is_not_read_is_lost() -> None:
    (said,) = lost_beside([RECEIPT[:4], *(row[:4] for row in LINES)])
    assert said.startswith("its sheet B was not read, though it looks like the sheet A: it lacks")
    assert "the columns price;" in said
    assert "it has other columns" in lost_beside(LINES)[0]  # no header
    other: list[Cell] = ["Bon", "Kasse", "Zeit", "Artikel", "Preis"]
    assert "it has other columns" in lost_beside([other, *LINES])[0]
    header = tuple(map(str, RECEIPT))
    assert lost_beside([["Till 2"], *(row[:4] for row in LINES)], header=header)


@pytest.mark.parametrize(
    "other",
    [
        [["Sales of the day"]],
        [["till", "price"], ["01", 5]],
        [["article", "group"], ["Lager", "beer"]],
        [["Report", "by", "the", "head", "office"], ["of", "all", "our", "many", "shops"]],
        [["group", "note", "words", "lines", "sum"], ["beer", "a", "b", 2, 5]],
    ],
)
def test_a_cover_or_a_summary_is_not_lost(other: list[list[Cell]]) -> None:
    assert lost_beside(other) == []
    assert lost_beside(other[1:] or other, header=tuple(map(str, RECEIPT))) == []


def test_what_is_hidden_or_left_out_by_name_is_not_lost() -> None:
    content = xlsx_bytes({"1": [HEAD, ["a", 1]], "2": [HEAD, ["b", 2]]}, hidden=("2",))
    assert lost(content) == lost(content, sheet="2") == []


def test_without_a_header_a_sheet_may_end_in_blank_columns() -> None:
    header = ("id", "price", "sku", "till", "check")
    whole: list[Cell] = ["a", 1, "x", "01", "ID"]
    for first, second in ((whole, whole[:4]), (whole[:4], whole)):
        content = xlsx_bytes({"1": [first], "2": [second], "Sum": [["a", 1]]})
        assert sheets(content, header=header) == (["a", "a"], [1, 2], ("Sum",))


def test_a_workbook_of_which_no_sheet_has_the_columns_is_refused() -> None:
    with pytest.raises(UnusableError, match="it lacks the columns id; the columns are no, price"):
        read(xlsx_bytes({"Lines": [["no", "price"], ["a", 1]], "Other": [["x"]]}))


def test_a_sheet_without_a_row_does_not_hide_the_others() -> None:
    assert sheets(xlsx_bytes({"1": [HEAD], "Notes": [["x"]]})) == ([], [], ("Notes",))


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
