"""What single tills write otherwise: encodings, dates, currencies, codes, lists within lists."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import ConfigurationError
from auditor.operations.mapping.draft import Draft
from auditor.operations.mapping.json_lists import one_object_each
from auditor.operations.mapping.names import likeness
from auditor.operations.mapping.suggesting import suggest_mapping
from auditor.operations.mapping.text_encoding import guess_encoding
from auditor.operations.mapping.words import state_word

ORDER: dict[str, Any] = {
    "guid": "G1",
    "restaurant": "S001",
    "openedDate": "2026-03-27T18:00:00.000+0000",
    "checks": [
        {
            "guid": f"c{number}",
            "displayNumber": f"1{number}",
            "selections": [
                {"itemGuid": "1", "displayName": "Lager", "quantity": 1, "price": 5.5},
                {"itemGuid": "2", "displayName": "Merlot", "quantity": 1, "price": 9.25},
            ],
        }
        for number in range(2)
    ],
}


def drafted(folder: Path, text: str) -> tuple[dict[str, Any], Draft]:
    """The only entry that is suggested for a CSV file, and its draft."""
    path = folder / "x_2026-03-27.csv"
    path.write_text(text, "utf-8")
    toml, [draft] = suggest_mapping([path])
    return tomllib.loads(toml)["mapping"][0]["sales"][0], draft


@pytest.mark.parametrize(
    "text", ["Fiş No;Mağaza;Kasa;Ürün\n12;İzmir;1;Şarap", "Yaş Kontrolü;İptal;Ayşe"]
)
def test_turkish_is_told_from_other_encodings(text: str) -> None:
    encoding, remark = guess_encoding(text.encode("cp1254"))
    assert encoding == "cp1254"
    assert "cp1254" in remark


@pytest.mark.parametrize("text", ["Müller; Weißbier; Käse", "Crème brûlée; œuf", "Año; café"])
def test_western_letters_that_turkish_has_as_well_are_western(text: str) -> None:
    assert guess_encoding(text.encode("cp1252"))[0] == "cp1252"


@pytest.mark.parametrize("year", ["2026", "26"])
def test_dates_with_blanks_between_are_found(year: str, tmp_path: Path) -> None:
    text = (
        "Doklad;Prodejna;Pokladna;Datum;Čas;Kód zboží;Název;Množství;Celkem\n"
        f"1;S001;1;27. 3. {year};18:15;100;Pivo;1;29,90\n"
        f"2;S001;1;7. 12. {year};9:05;100;Pivo;1;29,90\n"
    )
    entry, _ = drafted(tmp_path, text)
    form = "%d. %m. %Y %H:%M" if year == "2026" else "%d. %m. %y %H:%M"
    assert entry["columns"]["sold_at"] == {"join": ["Datum", "Čas"], "time": form}


def test_a_no_is_no_denial_of_a_completed_sale() -> None:
    for word in ("Ne", "No", "Nein", "nie"):
        found = state_word(word, "Storno")
        assert found is not None
        assert found.word == "completed"
    assert state_word("not completed") is None


def test_amounts_in_several_currencies_are_amounts_and_to_look_at(tmp_path: Path) -> None:
    amounts = ('"¥1,299"', "650.5", "KWD 1.250", '"1,299.005"', "£2.005", "￥300", "300円", "₺8.50")
    text = "receipt,store,till,time,sku,name,cat,qty,amount\n" + "".join(
        f"{at},S{at},1,2026-03-27 18:00,1,Lager,beer,1,{amount}\n"
        for at, amount in enumerate(amounts)
    )
    entry, draft = drafted(tmp_path, text)
    assert entry["columns"]["amount"] == "amount"
    assert any("several currencies (¥, KWD, £, 円)" in said for said in draft.to_look_at)


def test_a_bare_code_is_the_article_unless_there_is_a_better_or_it_is_of_words(
    tmp_path: Path,
) -> None:
    head, row = (
        "Receipt,Store,Till,Time,{},Name,Category,Qty,Amount\n",
        "1,S001,01,2026-03-27 18:00,{},Lager,Beer,1,2.00\n",
    )
    entry, draft = drafted(tmp_path, head.format("Code") + row.format("5000123"))
    assert entry["columns"]["sku"] == "Code"
    assert "sku: is Code meant?" in draft.to_look_at
    entry, _ = drafted(tmp_path, head.format("Code,EAN") + row.format("17,5000112637922"))
    assert entry["columns"]["sku"] == "EAN"
    entry, _ = drafted(tmp_path, head.format("Code") + row.format("ART"))
    assert entry["columns"]["sku"] == "Name"
    assert likeness("items.code", "sku") > likeness("items.discount.code", "sku")
    assert not likeness("Reason code", "sku")


def test_lines_in_a_list_within_a_list_are_told_and_how_to_write_them(tmp_path: Path) -> None:
    path = tmp_path / "orders-2026-03-27.jsonl"
    path.write_text(json.dumps(ORDER) + "\n")
    with pytest.raises(ConfigurationError, match=r"list within a list \(checks\.selections\)"):
        suggest_mapping([path])
    lines = [json.loads(path.read_text())]
    flat = [{**each, "checks": one} for each in lines for one in each["checks"]]
    path.write_text("".join(f"{json.dumps(each)}\n" for each in flat))
    toml, _ = suggest_mapping([path])
    entry = tomllib.loads(toml)["mapping"][0]["sales"][0]
    assert entry["records"] == "checks.selections"
    assert entry["columns"]["quantity"] == "checks.selections.quantity"


def test_the_filter_for_jq_names_each_part_of_a_lists_name() -> None:
    assert one_object_each("a b.c") == '."a b"."c"[] as $one | ."a b"."c" = $one'
