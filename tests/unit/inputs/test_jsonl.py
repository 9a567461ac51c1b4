"""JSON Lines: what is read, and that a bad line costs nothing but itself."""

import gzip
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.inputs.formats import base, json_blocks, jsonl
from auditor.inputs.formats.base import Dialect, Records, UnusableError, Wanted
from auditor.inputs.records import read_records


def read(content: bytes, *required: str, **dialect: Any) -> list[Records]:
    wanted = Wanted(required, ("note",), dialect=Dialect(**dialect))
    return list(read_records("x.jsonl", lambda: io.BytesIO(content), wanted))


def rows(parts: list[Records]) -> list[dict[str, str]]:
    return [row for part in parts for row in part.cells.to_pylist()]


def problems(parts: list[Records]) -> dict[int, str]:
    return {each.number: each.problem for part in parts for each in part.malformed}


def test_numbers_keep_their_text_and_nothing_is_empty() -> None:
    content = b'{"id": 5000112637922, "price": 0.30000000000000004, "note": null}\n'
    content += b'{"id": "0042", "price": 12.90, "note": true}\n'
    content += b'{"id": 4711.0, "price": 1e3}\n'
    assert rows(read(content, "id", "price")) == [
        {"id": "5000112637922", "price": "0.30000000000000004", "note": ""},
        {"id": "0042", "price": "12.90", "note": "true"},
        {"id": "4711", "price": "1e3", "note": ""},
    ]


def test_numbers_are_told_from_texts_cell_by_cell() -> None:
    content = b'{"id": "a", "price": 1.125}\n{"id": "b", "price": "5,50"}\n{"id": "c"}\n'
    (part,) = read(content, "id", "price")
    assert {name: flags.tolist() for name, flags in part.numeric.items()} == {
        "price": [True, False, False]
    }


def test_many_plain_lines_are_read_as_one_by_one() -> None:
    content = b"".join(b'{"id": "T%d", "price": %d.5}\n' % (n, n) for n in range(200))
    parts = read(content, "id", "price")
    assert rows(parts) == [{"id": f"T{n}", "price": f"{n}.5"} for n in range(200)]
    assert [n for part in parts for n in part.numbers] == list(range(1, 201))


@pytest.mark.parametrize("number", ["12345678901234567890123.5", "1e3", "-0.00000000001", "true"])
def test_values_that_are_not_plain_are_not_changed(number: str) -> None:
    content = b"".join(b'{"id": "%d", "price": 1.5}\n' % n for n in range(30))
    content += b'{"id": "x", "price": ' + number.encode() + b"}\n"
    assert rows(read(content, "id", "price"))[-1]["price"] == number


def test_values_inside_objects_have_dotted_names() -> None:
    content = b'{"customer": {"id": 7, "more": {"x": "y"}}, "a.b": "c"}\n'
    assert rows(read(content, "customer.id", "customer.more.x", "a.b")) == [
        {"customer.id": "7", "customer.more.x": "y", "a.b": "c"}
    ]
    assert read(content, "customer.id")[0].receipts is None


def test_a_list_inside_each_object_holds_the_records() -> None:
    content = b'{"id": 1, "items": [{"sku": "a"}, {"sku": "b", "tax": {"rate": 7}}]}\n'
    content += b'{"id": 2, "items": []}\n{"id": 3}\n{"id": 4, "items": "x"}\n'
    parts = read(content, "id", "items.sku", records=("items",))
    assert rows(parts) == [{"id": "1", "items.sku": "a"}, {"id": "1", "items.sku": "b"}]
    assert parts[0].numbers.tolist() == [1, 1]
    assert parts[0].receipts is not None
    assert parts[0].receipts.tolist() == [1, 1]
    assert parts[0].unread == ("items.tax.rate",)
    assert problems(parts) == {3: "has no list items", 4: "holds no list in items"}


def test_several_lists_hold_the_records_one_after_the_other() -> None:
    content = b'{"id": 1, "checks": [{"type": "scan"}], "items": [{"sku": "a"}, {"sku": "b"}]}\n'
    content += b'{"id": 2, "items": [{"sku": "c"}]}\n{"id": 3, "checks": []}\n{"id": 4}\n'
    content += b'{"id": 5, "items": [], "checks": 1}\n'
    parts = read(content, "id", "items.sku", "checks.type", records=("items", "checks"))
    assert rows(parts) == [
        {"id": "1", "items.sku": "a", "checks.type": ""},
        {"id": "1", "items.sku": "b", "checks.type": ""},
        {"id": "1", "items.sku": "", "checks.type": "scan"},
        {"id": "2", "items.sku": "c", "checks.type": ""},
    ]
    assert parts[0].numbers.tolist() == [1, 1, 1, 2]
    assert problems(parts) == {4: "has no list items or checks", 5: "holds no list in checks"}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"id": ', "is no JSON (Expecting value"),
        (b'{"id": "a", "id": "b"}', "has the name id twice"),
        (b'{"id": NaN}', "holds NaN"),
        (b'{"id": [1]}', "holds a list"),
        (b'["a"]', "is no JSON object"),
        (b'{"id": "a"}, ', "is no JSON (Extra data"),
        (b'{"id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "is nested too deeply"),
        (b'{"id":' * 30 + b"1" + b"}" * 30, "is nested more than 16 deep"),
        (b'{"a": {"b": 1}, "a.b": 2, "id": 1}', "has the name a.b twice"),
    ],
)
def test_a_bad_line_costs_itself_only(line: bytes, problem: str) -> None:
    parts = read(b'{"id": "first"}\n' + line + b'\n\n{"id": "last"}\n', "id")
    assert [row["id"] for row in rows(parts)] == ["first", "last"]
    ((number, found),) = problems(parts).items()
    assert number == 2
    assert found.startswith(problem)
    assert [n for part in parts for n in part.numbers] == [1, 4]


def test_a_line_that_is_too_long_is_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(json_blocks, "_CHUNK", 100)
    parts = read(b'{"id": "' + b"x" * 5000 + b'"}\n{"id": "last"}\n', "id")
    assert [row["id"] for row in rows(parts)] == ["last"]
    assert problems(parts) == {1: "is longer than 16 MiB"}


def test_members_that_repeat_a_large_object_are_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "BLOCK_BYTES", 5000)
    large = {"id": "x" * 100, "items": [{"sku": "a"}] * 100}
    parts = read(
        json.dumps(large).encode() + b'\n{"id": 1, "items": [1]}', "id", records=("items",)
    )
    assert problems(parts) == {1: "is too large with its 100 members"}


def test_encodings_are_told_by_the_mapping_or_the_first_bytes() -> None:
    line = '{"id": "Käse"}\n'
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"):
        assert rows(read(line.encode(encoding), "id")) == [{"id": "Käse"}]
    # A mark goes before the mapping.
    assert rows(read(line.encode("utf-8-sig"), "id", encoding="cp1252")) == [{"id": "Käse"}]
    assert rows(read(line.encode("cp1252"), "id", encoding="cp1252")) == [{"id": "Käse"}]
    (part,) = read(line.encode("cp1252"), "id")
    assert part.damaged
    assert rows([part]) == [{"id": "K\ufffdse"}]


def test_a_lone_surrogate_is_no_character() -> None:
    assert rows(read(b'{"id": "a\\ud800b"}\n', "id")) == [{"id": "a\ufffdb"}]


def test_compressed_lines_are_read() -> None:
    assert rows(read(gzip.compress(b'{"id": "1"}\n'), "id")) == [{"id": "1"}]


def test_a_column_that_no_line_has_is_missing() -> None:
    with pytest.raises(UnusableError) as caught:
        read(b'{"id": "1"}\n', "id", "amount")
    assert (caught.value.reason, caught.value.column) == ("missing_column", "amount")


@pytest.mark.parametrize("content", [b"\n \n", b"x\ny\n", b'[{"id": 1}]'])
def test_a_file_without_any_object_is_refused(content: bytes) -> None:
    with pytest.raises(UnusableError, match="no line of it is one JSON object"):
        read(content, "id")


def test_a_list_within_a_list_is_no_fault_of_the_json() -> None:
    content = b'{"id": "1", "checks": [{"lines": [{"sku": "2"}]}]}\n'
    wanted = Wanted(("id", "checks.lines.sku"), dialect=Dialect(records=("checks.lines",)))
    with pytest.raises(UnusableError, match="no line of it can be read: the first has") as caught:
        list(jsonl.read(io.BytesIO(content), wanted))
    said = "checks.lines within the list checks; write an object for each member of the outer list"
    assert said in caught.value.problem
    outer = Wanted(("id", "checks.lines"), dialect=Dialect(records=("checks",)))
    parts = list(jsonl.read(io.BytesIO(content), outer))
    assert problems(parts)[1].endswith("write an object for each member of the outer list")


def test_names_without_end_are_refused() -> None:
    content = b"".join(b'{"n%d": 1}\n' % n for n in range(10_100))
    with pytest.raises(UnusableError, match="more than 10,000 names"):
        list(jsonl.read(io.BytesIO(content), Wanted(("n1",), every=True)))


@pytest.mark.parametrize(
    ("line", "problem"),
    [(b"x\n", "are no records: the first is no JSON"), (b"\n", "empty lines")],
)
def test_lines_without_any_record_end_somewhere(
    line: bytes, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonl, "_MOST_BAD", 100)
    monkeypatch.setattr(jsonl, "_MOST_BLANK", 100)
    good = b'{"id": "1"}\n'
    assert len(rows(read(good + line * 99 + good, "id"))) == 2
    with pytest.raises(UnusableError, match=problem):
        read(good + line * 101, "id")


def test_a_column_that_thousands_of_lines_lack_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(base, "PART_ROWS", 1000)
    monkeypatch.setattr(json_blocks, "_CHUNK", 10_000)
    content = iter([b'{"id": 1}\n' * 1000] * 10)

    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:  # noqa: ARG002  # of a stream
            return next(content)

    with pytest.raises(UnusableError, match="lacks the columns amount"):
        list(jsonl.read(Endless(), Wanted(("id", "amount"))))  # type: ignore[arg-type]
    assert next(content)


_VALUES = st.one_of(st.text(max_size=5), st.integers(), st.none(), st.booleans())


@given(st.lists(st.fixed_dictionaries({"id": _VALUES, "price": _VALUES}), min_size=1))
def test_what_is_written_is_read(items: list[dict[str, Any]]) -> None:
    content = b"".join(json.dumps(item).encode() + b"\n" for item in items)

    def text(value: Any) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        return "" if value is None else str(value)

    found = rows(read(content, "id", "price"))
    expected = [{name: text(value) for name, value in item.items()} for item in items]
    assert [{n: row[n] for n in ("id", "price")} for row in found] == expected
