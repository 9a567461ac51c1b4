"""What is drafted of lines in lists, of returns, signs and prices of one, in JSON and CSV."""

import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from auditor.operations.mapping.draft import Draft
from auditor.operations.mapping.suggesting import suggest_mapping
from auditor.operations.mapping.words import line_word

LAGER = {"sku": "1", "name": "Lager", "cat": "Beer", "qty": 1, "total": 2.0}
MERLOT = {"sku": "2", "name": "Merlot", "cat": "Wine", "qty": 1, "total": 9.0}


def receipts(*lines: Sequence[dict[str, Any]], **more: Sequence[Any]) -> str:
    """JSON receipts with these lines, and more by name: one value a receipt."""
    return "".join(
        json.dumps(
            {
                "receipt": str(number),
                "store": "S001",
                "till": "01",
                "time": f"2026-03-27T18:{number:02}:00Z",
                **{name: values[number] for name, values in more.items()},
                "lines": several,
            }
        )
        + "\n"
        for number, several in enumerate(lines)
    )


def drafted(folder: Path, text: str, name: str = "x-2026-03-27.jsonl") -> tuple[Any, Draft]:
    """The columns of the only entry that is suggested for a file, and its draft."""
    path = folder / name
    path.write_text(text, "utf-8")
    toml, [draft] = suggest_mapping([path])
    return tomllib.loads(toml)["mapping"][0]["sales"][0]["columns"], draft


def test_the_state_of_a_line_voids_the_line_and_not_its_receipt(tmp_path: Path) -> None:
    voided = [LAGER | {"state": "ok"}, MERLOT | {"state": "void"}]
    text = receipts(
        voided,
        [LAGER | {"state": "ok"}],
        [LAGER | {"state": "ok"}],
        status=["paid", "paid", "cancel"],
    )
    columns, _ = drafted(tmp_path, text)
    assert columns["transaction_state"]["column"] == "status"
    assert columns["transaction_state"]["values"]["cancel"] == "cancelled"
    assert columns["line_type"]["column"] == "lines.state"
    assert columns["line_type"]["values"] == {"ok": "item"}  # void is the audit's own word


def test_the_state_of_a_line_is_read_beside_its_type_and_is_to_look_at(tmp_path: Path) -> None:
    sold = LAGER | {"type": "SALE", "status": "ACTIVE"}
    voided = MERLOT | {"type": "SALE", "status": "VOIDED"}
    columns, draft = drafted(
        tmp_path, receipts([sold, voided], [LAGER | sold | {"type": "RETURN"}])
    )
    state, kind = columns["line_type"]["first_of"]
    assert state == {"column": "lines.status", "values": {"ACTIVE": "", "VOIDED": "void"}}
    assert kind == {"column": "lines.type", "values": {"SALE": "", "RETURN": "return"}}
    assert "transaction_state" not in columns
    assert any(said.startswith("line_type: joined are lines.status") for said in draft.to_look_at)


def test_the_voids_of_lines_are_named_where_a_list_of_checks_is_asked_first(tmp_path: Path) -> None:
    text = receipts(
        [LAGER | {"state": "ok"}, MERLOT | {"state": "void"}],
        [LAGER | {"state": "ok"}],
        checks=[[{"m": "scan"}], None],
    )
    columns, draft = drafted(tmp_path, text)
    check, state = columns["line_type"]["first_of"]
    assert check == {"column": "checks.m", "values": {"?*": "id_check"}}
    assert state == {"column": "lines.state", "values": {"ok": "item", "void": "void"}}
    assert any(said.startswith("line_type: do these mean") for said in draft.to_look_at)
    assert "checks" not in draft.unread  # null in one receipt, a list in the other


def test_of_a_line_that_says_training_its_voids_do_not_void_the_receipt(tmp_path: Path) -> None:
    states = ("normal", "training", "voided")
    text = receipts(*([LAGER | {"status": state}] for state in states))
    columns, draft = drafted(tmp_path, text)
    [source] = columns["transaction_state"]["first_of"]
    assert source["values"] == {"normal": "", "training": "training", "voided": ""}
    assert columns["line_type"]["first_of"][0]["values"] == {"normal": "", "voided": "void"}
    assert any("training" in said for said in draft.to_look_at)


def test_two_columns_that_are_joined_for_a_state_are_to_look_at(tmp_path: Path) -> None:
    text = (
        "Receipt,Store,Till,Time,Status,Training,SKU,Name,Category,Qty,Amount\n"
        "1,S001,01,2026-03-27T18:00:00Z,Paid,no,1,Lager,Beer,1,2.00\n"
        "2,S001,01,2026-03-27T18:10:00Z,Cancelled,yes,1,Lager,Beer,1,2.00\n"
    )
    columns, draft = drafted(tmp_path, text, "x-2026-03-27.csv")
    assert len(columns["transaction_state"]["first_of"]) == 2
    assert any(
        said.startswith("transaction_state: joined are Status, Training")
        for said in draft.to_look_at
    )


@pytest.mark.parametrize(
    "word",
    [
        *("Return", "REFUND", "Retour", "Retoure", "Rückgabe", "Umtausch", "Devolución"),
        *("Remboursement", "Reso", "Zwrot", "Retur", "Palautus", "Vratka", "Devolução", "İade"),
    ],
)
def test_a_line_that_gives_back_is_a_return(word: str) -> None:
    found = line_word(word)
    assert found is not None
    assert found.word == "return"


@pytest.mark.parametrize(("minus", "is_return"), [("", True), ("-", False)])
def test_a_receipt_of_returns_makes_its_lines_returns_unless_the_sign_says_so(
    minus: str, *, is_return: bool, tmp_path: Path
) -> None:
    text = (
        "Receipt,Store,Till,Time,Receipt type,SKU,Name,Category,Qty,Amount\n"
        "1,S001,01,2026-03-27T18:00:00Z,Sale,1,Lager,Beer,1,2.00\n"
        "1,S001,01,2026-03-27T18:00:00Z,Sale,2,Merlot,Wine,1,9.00\n"
        "2,S001,01,2026-03-27T18:05:00Z,Void,2,Merlot,Wine,1,9.00\n"
        f"3,S001,01,2026-03-27T18:10:00Z,Refund,1,Lager,Beer,{minus}1,{minus}2.00\n"
    )
    columns, draft = drafted(tmp_path, text, "x-2026-03-27.csv")
    assert columns["transaction_state"]["column"] == "Receipt type"
    assert ("line_type" in columns) == is_return
    if is_return:
        assert columns["line_type"]["first_of"] == [
            {"column": "Receipt type", "values": {"Refund": "return"}, "otherwise": ""}
        ]
        assert any(said.startswith("line_type: Receipt type: is all") for said in draft.to_look_at)


MONEY = (
    *("base_price_money", "total_tax_money", "total_discount_money", "gross_sales_money"),
    "total_money",
)


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        (MONEY, "total_money"),
        (MONEY[::-1], "total_money"),
        (("base_price_money", "total_tax_money", "gross_sales_money"), "gross_sales_money"),
    ],
)
def test_the_total_of_a_line_is_taken_and_not_the_price_of_one(
    names: Sequence[str], taken: str, tmp_path: Path
) -> None:
    line = LAGER | {name: {"amount": 300 + at} for at, name in enumerate(names)}
    del line["total"]
    columns, _ = drafted(tmp_path, receipts([line], [line]))
    assert columns["amount"] == f"lines.{taken}.amount"


@pytest.mark.parametrize("total", [{}, {"total": [2.0, 4.0]}])
@pytest.mark.parametrize("name", ["unitPrice", "base_price", "listPrice"])
def test_where_only_the_price_of_one_is_there_it_is_each_and_to_look_at(
    name: str, total: dict[str, list[float]], tmp_path: Path
) -> None:
    line = {**LAGER, name: 2.05}
    del line["total"]
    columns, draft = drafted(tmp_path, receipts([line], [line, line], **total))
    assert columns["amount"] == {"column": f"lines.{name}", "each": True}
    assert any("price of one" in said for said in draft.to_look_at)


@pytest.mark.parametrize(
    ("quantities", "amounts", "turned"),
    [
        (("-2", "-1", "-1", "1"), ("-4.00", "-2.00", "-2.00", "2.00"), {"quantity", "amount"}),
        (("-2", "-1", "-1", "1"), ("4.00", "2.00", "2.00", "-2.00"), {"quantity"}),
        (("2", "1", "1", "-1"), ("4.00", "2.00", "2.00", "-2.00"), set()),
        (("2-", "1-", "1-", "1"), ("8,-", "8,-", "8,-", "8,-"), {"quantity"}),
    ],
)
def test_sales_that_are_written_with_a_minus_are_turned_and_to_look_at(
    quantities: Sequence[str], amounts: Sequence[str], turned: set[str], tmp_path: Path
) -> None:
    rows = zip(quantities, amounts, strict=True)
    text = "Receipt;Store;Till;Time;SKU;Name;Category;Qty;Amount\n" + "".join(
        f"{at};S001;01;2026-03-27T18:0{at}:00Z;1;Lager;Beer;{quantity};{amount}\n"
        for at, (quantity, amount) in enumerate(rows)
    )
    columns, draft = drafted(tmp_path, text, "x-2026-03-27.csv")
    for role, name in {"quantity": "Qty", "amount": "Amount"}.items():
        expected = {"column": name, "divide": -1} if role in turned else name
        assert columns[role] == expected
        assert (role in turned) == any(
            said.startswith(f"{role}:") and "are negative" in said for said in draft.to_look_at
        )


def test_returns_and_voids_do_not_count_as_sales_with_a_minus(tmp_path: Path) -> None:
    text = (
        "Receipt,Store,Till,Time,Type,SKU,Name,Category,Qty,Amount\n"
        "1,S001,01,2026-03-27T18:00:00Z,Sale,1,Lager,Beer,1,2.00\n"
        "2,S001,01,2026-03-27T18:10:00Z,Return,1,Lager,Beer,-1,-2.00\n"
        "3,S001,01,2026-03-27T18:20:00Z,Void,1,Lager,Beer,-1,-2.00\n"
    )
    columns, _ = drafted(tmp_path, text, "x-2026-03-27.csv")
    assert (columns["quantity"], columns["amount"]) == ("Qty", "Amount")


@pytest.mark.parametrize(
    "name", ["Original Receipt", "Original Transaction ID", "Ursprungsbon", "Linked Transaction"]
)
def test_the_receipt_that_a_return_names_is_not_one_that_it_resumes(
    name: str, tmp_path: Path
) -> None:
    text = f"""\
Receipt No,Store,Till,Date Time,SKU,Description,Category,Qty,Amount,{name}
1001,S001,01,2026-03-27 10:00:00,1,Lager,Beer,6,12.00,
1002,S001,01,2026-03-27 11:00:00,1,Lager,Beer,-6,-12.00,1001
"""
    columns, _ = drafted(tmp_path, text, "x-2026-03-27.csv")
    assert "resumes" not in columns
    assert columns["transaction_id"] == "Receipt No"
