"""Codes of ID checks, types of lines and states: which are drafted, and which are asked about."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from auditor.operations.mapping.draft import Draft
from auditor.operations.mapping.suggesting import suggest_mapping
from auditor.operations.mapping.words import check_word, is_flag, line_word, state_word

JOURNAL = """\
Magasin;Caisse;Ticket;Date;Heure;Type;Etat;Code article;Libellé;Rayon;Qté;Montant TTC;Contrôle âge
0210;1;1881;11/05/2026;09:16:04;CTRL;N;;;;;;PIECE VUE
0210;1;1881;11/05/2026;09:16:06;ART;N;3300101;Whisky 70cl;SPIRITUEUX;1,000;24,90;
0210;1;1881;11/05/2026;09:16:07;REM;N;3300101;Remise;SPIRITUEUX;;-1,50;
0210;1;1881;11/05/2026;09:16:21;REG;N;;CARTE BANCAIRE;;;10,00;
0210;2;1882;11/05/2026;09:19:06;ART;A;3200101;Merlot 75cl;VINS;1,000;6,40;
0210;2;1882;11/05/2026;09:19:09;ANN;A;3200101;Merlot 75cl;VINS;-1,000;-6,40;
0210;2;1883;11/05/2026;09:29:06;ART;F;3200101;Merlot 75cl;VINS;1,000;6,40;
"""


def suggested(folder: Path, text: str) -> tuple[str, Draft]:
    """The draft for a CSV file, as TOML and as an entry."""
    path = folder / "sales_2026-05-11.csv"
    path.write_text(text, "utf-8")
    toml, [draft] = suggest_mapping([path])
    return toml, draft


def test_codes_of_lines_and_receipts_are_drafted_and_each_is_to_look_at(tmp_path: Path) -> None:
    toml, draft = suggested(tmp_path, JOURNAL)
    for code, word in {
        "ART": "item",
        "CTRL": "id_check",
        "REM": "discount",
        "REG": "tender",
        "ANN": "void",
    }.items():
        assert f'{code} = "{word}"  # CHECK: is this what it means?' in toml
    assert 'N = "completed"  # CHECK: a single letter' in toml
    for code in "AF":
        assert f'# {code} = "..."  # CHECK: one of completed, training' in toml
    assert draft.unread == []


@pytest.mark.parametrize("codes", ["NNF", "NFF", "FFF", "NAF", "012"])
@pytest.mark.parametrize("name", ["Receipt status", "Status", "Etat"])
def test_a_single_letter_is_always_to_look_at(codes: str, name: str, tmp_path: Path) -> None:
    rows = [f"{at},2026-05-11T18:00:0{at}Z,1.95,{code}" for at, code in enumerate(codes)]
    toml, _ = suggested(tmp_path, "\n".join([f"receipt,sold_at,amount,{name}", *rows]))
    assert f'column = "{name}"' in toml
    for code in codes:
        [line] = [
            each for each in toml.splitlines() if each.startswith((f"{code} =", f"# {code} ="))
        ]
        assert "# CHECK:" in line
    assert 'F = "completed"' not in toml


def test_a_flag_whose_name_says_what_yes_means_needs_no_second_look(tmp_path: Path) -> None:
    rows = "1,2026-05-11T18:00:00Z,1.95,N\n2,2026-05-11T18:00:00Z,1.95,Y\n"
    toml, _ = suggested(tmp_path, f"receipt,sold_at,amount,training\n{rows}")
    assert 'N = "completed"\nY = "training"\n' in toml


@pytest.mark.parametrize(
    ("values", "roles"),
    [
        (("DOC_OK", "DENIED", "QQ"), "id_check"),
        (("SALE", "VOID", "QQ"), "line_type or transaction_state"),
        (("training", "annulé", "ok"), "transaction_state"),
        (("storniert", "Übung", "bezahlt"), "transaction_state or line_type"),
        (("ART", "ANN", "REM"), "line_type"),
    ],
)
def test_an_unread_column_of_codes_is_to_look_at(
    values: tuple[str, ...], roles: str, tmp_path: Path
) -> None:
    rows = [f"{at},2026-05-11T18:00:0{at}Z,1.95,{text},x" for at, text in enumerate(values)]
    toml, draft = suggested(tmp_path, "\n".join(["receipt,sold_at,amount,zzz,yyy", *rows]))
    [said] = [said for said in draft.to_look_at if said.startswith("columns: ")]
    assert said == (
        f"columns: zzz is not read, and its values look like codes ({', '.join(values)}): {roles}?"
    )
    assert f"# CHECK: {said.removeprefix('columns: ')}" in toml


def test_an_unread_column_that_is_called_a_type_of_line_is_to_look_at(tmp_path: Path) -> None:
    rows = "1,2026-05-11T18:00:00Z,1.95,17\n1,2026-05-11T18:00:00Z,1.95,18\n"
    _, draft = suggested(tmp_path, f"receipt,sold_at,amount,line type\n{rows}")
    assert any("line type is not read" in said for said in draft.to_look_at)


def test_a_word_that_may_tell_of_a_person_is_not_drafted(tmp_path: Path) -> None:
    words = ("ID seen", "geb. 2.1.1990", "none", "17041")
    rows = [f"{at},2026-05-11T18:00:0{at}Z,1.95,{text}" for at, text in enumerate(words)]
    for name in ("id check", "zzz"):  # read, and asked about
        toml, draft = suggested(tmp_path, "\n".join([f"receipt,sold_at,amount,{name}", *rows]))
        assert "1990" not in toml + str(draft.to_look_at)
        assert "17041" in toml  # a code
    text = "\n".join(["receipt,sold_at,amount,id check", *rows])
    _, draft = suggested(tmp_path, text)
    assert any("are left out: 1" in said for said in draft.to_look_at)


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("REC", "HLAT", "REC has 4 values"),
        ("CODE", "VNVN", "CODE has 2 values"),
        ("TransTypeCode", ("1001", "1001", "1001", "1001"), "TransTypeCode has 1 value"),
    ],
)
def test_an_unread_column_that_is_called_a_code_is_to_look_at(
    name: str, values: Sequence[str], said: str, tmp_path: Path
) -> None:
    rows = [f"{at // 2},2026-05-11T18:00:0{at}Z,1.95,{text}" for at, text in enumerate(values)]
    _, draft = suggested(tmp_path, "\n".join([f"receipt,sold_at,amount,{name}", *rows]))
    asked = "is not read: does it say the type or state of a line?"
    assert f"columns: {said} and {asked}" in draft.to_look_at


@pytest.mark.parametrize(
    "column",
    [
        "card type,CARD VOID,SALE,paid",  # of a payment
        "operator,Sale,Void,ok",  # of who works at the till
        "weighed,Y,N,Y",
        "bags,1,2,3",
        "town,Utrecht,Paris,Berlin",
        "zzz,A,N,F",  # may be anything
        "tax code,A,B,A",
        "unit code,KG,ST,ST",
    ],
)
def test_an_unread_column_of_something_else_is_not_asked_about(column: str, tmp_path: Path) -> None:
    name, *values = column.split(",")
    rows = [f"{at},2026-05-11T18:00:0{at}Z,1.95,{text}" for at, text in enumerate(values)]
    _, draft = suggested(tmp_path, "\n".join([f"receipt,sold_at,amount,{name}", *rows]))
    assert not any(said.startswith("columns: ") for said in draft.to_look_at)


def test_how_a_check_ended_goes_before_the_birth_date(tmp_path: Path) -> None:
    toml, draft = suggested(
        tmp_path,
        "receipt,sold_at,amount,age.dob,age.outcome\n"
        "1,2026-05-11T18:00:00Z,1.95,1985-07-14,DOB_KEYED\n"
        "2,2026-05-11T18:00:00Z,1.95,,DOC_OK\n3,2026-05-11T18:00:00Z,1.95,,DENIED\n",
    )
    assert 'column = "age.outcome"' in toml
    assert 'birth_date = "age.dob"' in toml
    assert draft.unread == []


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        *(("ART", "item"), ("Artikel", "item"), ("artículo", "item"), ("VTE", "item")),
        *(("ANN", "void"), ("annulation", "void"), ("STO", "void"), ("anulación", "void")),
        *(("REM", "discount"), ("remise", "discount"), ("RAB", "discount"), ("DTO", "discount")),
        *(("REG", "tender"), ("règlement", "tender"), ("Zahlung", "tender"), ("cobro", "tender")),
        *(("CTRL", "id_check"), ("Alterskontrolle", "id_check"), ("CORR", "void")),
        *(("Register", None), ("REMARQUE", None), ("ARTE", None)),
    ],
)
def test_words_and_codes_of_lines_have_meanings(word: str, meaning: str | None) -> None:
    found = line_word(word)
    assert (found.word if found else None) == meaning


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        *(("DONE", "completed"), ("ok", "completed"), ("validé", "completed")),
        *(("gültig", "completed"), ("ungültig", None), ("non validé", None)),
        *(("failed", None), ("en espera", "suspended"), ("pendiente", "suspended")),
        *(("práctica", "training"), ("annulé", "voided"), ("yes", None)),
    ],
)
def test_words_of_states_have_meanings(word: str, meaning: str | None) -> None:
    found = state_word(word, "status")
    assert (found.word if found else None) == meaning


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        *(("DOC_OK", "id_viewed"), ("NO_DOC", "none"), ("DATE SAISIE", "dob_entered")),
        *(("non saisie", "none"), ("Ausweis gesehen", "id_viewed"), ("nicht gesehen", "none")),
        *(("DNI visto", "id_viewed"), ("no visto", "none"), ("denegado", "refused")),
    ],
)
def test_words_of_checks_are_told_from_their_opposite(word: str, meaning: str) -> None:
    found = check_word(word)
    assert found is not None
    assert found.word == meaning


def test_two_letters_for_no_are_two_codes() -> None:
    assert is_flag(["N", "Y", ""])
    assert not is_flag(["N", "F"])


def test_a_single_letter_beside_a_flag_is_asked_about(tmp_path: Path) -> None:
    rows = "1,2026-05-11T18:00:00Z,1.95,N,VOID\n2,2026-05-11T18:00:00Z,1.95,Y,F\n"
    _, draft = suggested(tmp_path, f"receipt,sold_at,amount,training,status\n{rows}")
    assert "transaction_state: status: what do its values mean?" in draft.to_look_at
