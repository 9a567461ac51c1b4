"""Words that deny, fail or only ask are taken for nothing that a till did, or are to look at."""

from pathlib import Path

import pytest

from auditor.operations.mapping.suggesting import suggest_mapping
from auditor.operations.mapping.unread import told_by
from auditor.operations.mapping.words import check_word, line_word, state_word


@pytest.mark.parametrize(
    "word",
    [
        *("Unverified", "Expired ID", "Fake ID", "ID invalid", "ID required", "Scan error"),
        *("Checked - failed", "ID asked", "Passport pending", "No ID", "ungeprüft"),
        *("Ausweis fehlt", "Ausweis nicht gezeigt", "Ausweis ungültig", "legitimatie fout"),
        *("pièce périmée", "carte manquante", "DNI caducado", "documento scaduto"),
    ],
)
def test_a_check_that_failed_or_was_only_asked_for_is_none(word: str) -> None:
    found = check_word(word)
    assert found is None or found.word == "none"


@pytest.mark.parametrize("word", ["okontrollerad leg", "ID blurred", "Scan by proxy", "DNI ajeno"])
def test_a_word_beside_those_of_a_check_is_to_look_at(word: str) -> None:
    found = check_word(word)
    assert found is not None
    assert not found.sure


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        *(("ID scanned", "id_scanned"), ("Scan OK", "id_scanned"), ("DOC_OK", "id_viewed")),
        *(("Personalausweis", "id_viewed"), ("Ausweis geprüft", "id_viewed")),
        *(("Driver's licence shown", "id_viewed"), ("Date of birth entered", "dob_entered")),
        *(("pièce d'identité vue", "id_viewed"), ("dowód okazany", "id_viewed")),
    ],
)
def test_a_check_that_was_made_needs_no_second_look(word: str, meaning: str) -> None:
    assert check_word(word) == (meaning, True)


def test_a_flag_of_what_failed_is_no_check() -> None:
    assert check_word("Y", "ID scanned") == ("id_scanned", True)
    assert check_word("Y", "Scan error") == ("none", False)


def test_a_refusal_that_is_denied_is_to_look_at() -> None:
    assert check_word("Declined") == ("refused", True)
    assert check_word("ID not refused") == ("refused", False)


@pytest.mark.parametrize("word", ["nicht storniert", "not voided", "non annulé", "not cancelled"])
def test_what_was_not_voided_is_a_sale_and_to_look_at(word: str) -> None:
    assert state_word(word) == ("completed", False)
    assert line_word(word) == ("item", False)


def test_a_denial_of_something_else_leaves_a_void() -> None:
    assert state_word("not paid - cancelled") == ("cancelled", False)


def test_a_flag_that_is_denied_by_its_name_is_asked_about() -> None:
    assert state_word("Y", "Voided") == ("voided", True)
    assert state_word("Y", "Not voided") is None
    assert state_word("N", "Not voided") is None


@pytest.mark.parametrize("category", ["SPIR", "LIQ", "ALC", "Steinlager 330ml"])
def test_a_category_that_may_be_alcohol_is_to_look_at(category: str, tmp_path: Path) -> None:
    path = tmp_path / "x_2026-03-27.csv"
    row = f"2026-03-27T18:00:00Z;1234;{category};9.99"
    path.write_text(f"receipt;sold_at;sku;category;amount\n1;{row}\n2;{row}\n", "utf-8")
    text, [draft] = suggest_mapping([path])
    assert "category: a value whose meaning is a guess" in draft.to_look_at
    assert "CHECK: alcohol? Then beer, cider, wine or spirits" in text
    assert any(said.startswith("description: no column was found") for said in draft.to_look_at)


def test_the_columns_of_saps_pos_data_are_found(tmp_path: Path) -> None:
    path = tmp_path / "POSDM_20260327.txt.csv"
    names = (
        "TRANSNUMBER|BEGINDATETIME|RETAILTYPECODE|ITEMID|ITEMDESC|MATKL|RETAILQUANTITY|SALESAMOUNT"
    )
    rows = [
        "0000004711|20260327181502|2001|000000000000100101|PILS 0.5|BIER|6.000|5.94",
        "0000004712|20260327182002|2801|000000000000100103|KORN 0.7|SPIR|1.000|-7.99",
    ]
    path.write_text("\n".join([names, *rows]), "utf-8")
    text, [draft] = suggest_mapping([path])
    for ours, theirs in {
        "transaction_id": "TRANSNUMBER",
        "description": "ITEMDESC",
        "quantity": "RETAILQUANTITY",
    }.items():
        assert f'{ours} = "{theirs}"' in text
    assert 'SPIR = "spirits"  # CHECK: its articles look like it' in text
    assert any("RETAILTYPECODE" in said for said in draft.to_look_at)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        *(("TRAIN_MODE", "training"), ("Schulungsbon", "training"), ("Parked", "put aside")),
        *(("SuspendedFlag", "put aside"), ("Cancelled At", "voided"), ("Post Void", "voided")),
        *(("RETURN_IND", "given back"), ("Retoure", "given back"), ("BIRTHDATE", "age")),
        *(("ageVerified", "age"), ("ID Check", "age"), ("Required Age", "age")),
    ],
)
def test_a_name_says_what_a_column_tells_of_a_sale(name: str, told: str) -> None:
    assert told in told_by(name)


@pytest.mark.parametrize(
    "name",
    [
        *("Returned Amount", "Additional Information", "Customer ID", "Payment ID", "Line No."),
        *(
            "Tax",
            "Dining Option",
            "Currency",
            "Cashier Training Level",
            "Package",
            "Original Return",
        ),
    ],
)
def test_a_name_says_nothing_of_a_sale(name: str) -> None:
    assert told_by(name) == ""


def test_flags_of_training_and_returns_are_drafted_and_unread_birth_dates_asked_about(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x_2026-03-27.csv"
    row = "2026-03-27T18:00:00Z;1234;beer;1;9.99"
    path.write_text(
        "receipt;sold_at;sku;category;qty;amount;TRAIN;RETURN_FLAG;BIRTHDATE\n"
        f"1;{row};N;0;010290\n2;{row};Y;0;\n3;{row};N;1;\n",
        "utf-8",
    )
    text, [draft] = suggest_mapping([path])
    assert 'column = "TRAIN"' in text
    assert 'Y = "training"' in text
    assert 'column = "RETURN_FLAG"' in text
    assert '1 = "return"' in text
    asked = "BIRTHDATE is not read: does it tell of the buyer's age, or of a check of it?"
    assert f"columns: {asked}" in draft.to_look_at
