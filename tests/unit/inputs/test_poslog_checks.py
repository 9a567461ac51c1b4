"""Age checks in a POSLog: only what is known to be a check counts as one."""

import io
from pathlib import Path

import pytest

from auditor import inputs
from auditor.inputs.formats.base import Wanted
from auditor.inputs.records import read_records
from auditor.mapping import load_mapping
from auditor.storage.place import Place
from tests.support.formats import poslog_bytes
from tests.support.samples import DAY, policy, put


def receipt(*restrictions: str) -> bytes:
    inside = "".join(f"<AgeRestriction>{each}</AgeRestriction>" for each in restrictions)
    return poslog_bytes(
        "<Transaction><RetailStoreID>S1</RetailStoreID><WorkstationID>3</WorkstationID>"
        "<SequenceNumber>87</SequenceNumber><EndDateTime>2026-03-02T12:00:00</EndDateTime>"
        "<RetailTransaction><LineItem><Sale><ItemID>1</ItemID></Sale>"
        f"{inside}</LineItem></RetailTransaction></Transaction>"
    )


def read(*restrictions: str) -> dict[str, str]:
    content = receipt(*restrictions)
    wanted = Wanted((), every=True)
    parts = read_records("x.xml", lambda: io.BytesIO(content), wanted, "poslog")
    (row,) = (row for part in parts for row in part.cells.to_pylist())
    return row


def method(text: str) -> str:
    return f"<ApprovalMethod>{text}</ApprovalMethod>"


METHODS = {
    "scanned": ("ID_SCAN", "IDScanned", "scan", "Scanned ID card", "Driver's licence swiped"),
    "verified": ("Visual", "ID", "ID checked", "PassportSeen", "DOB", "dateOfBirth", "Verified"),
    "looks_over": ("LooksOver25", "Looks over 25", "ObviouslyOver30", "Looks older"),
    "refused": ("Refused", "Denied", "Declined", "ID refused"),
    "unverified": (
        *("None", "Skipped", "Cancelled", "Failed", "Timeout", "Timed out", "No ID", "Underage"),
        *("NotScanned", "Scan failed", "Failed scan", "Not checked", "Bypassed", "NotRequired"),
        *("Unverified", "Scan skipped", "ID expired", "Invalid ID", "Unable to scan"),
    ),
}
UNKNOWN = (
    *(
        "Override",
        "Manual",
        "0",
        "NotRefused",
        "Approved",
        "Scan attempted",
        "Supervisor",
        "Disapproved",
    ),
    *("Scan?none", "Customer", "x" * 100, "id" * 2000 + "x"),
)


@pytest.mark.parametrize(
    ("text", "word"), [(text, word) for word, texts in METHODS.items() for text in texts]
)
def test_a_method_is_what_it_says(text: str, word: str) -> None:
    assert read(method(text))["check"] == word


@pytest.mark.parametrize("text", UNKNOWN)
@pytest.mark.parametrize("birth_date", ["", "<Birthdate>1990-01-02</Birthdate>"])
def test_a_method_that_nobody_knows_stays_as_it_is(text: str, birth_date: str) -> None:
    found = read(method(text) + birth_date)["check"]
    assert found == ("birth_date" if birth_date and text == "Approved" else text[:4096])


@pytest.mark.parametrize("mapping", ["poslog-6", "ncr-acs"])
@pytest.mark.parametrize(
    ("text", "id_check", "noted"),
    [
        ("ID_SCAN", "id_scanned", []),
        ("Skipped", "none", []),
        ("LooksOver25", "looks_over", []),
        ("Override", "none", ["Override"]),
        ("scanned by nobody", "none", ["scanned by nobody"]),
    ],
)
def test_a_method_that_nobody_knows_is_no_check_and_is_noted(
    mapping: str, text: str, id_check: str, noted: list[str], tmp_path: Path
) -> None:
    put(tmp_path, f"{DAY}.xml", receipt(method(text)))
    given = load_mapping(mapping)
    assert given is not None
    parts = list(inputs.read_sales(Place(str(tmp_path)), DAY, policy(), mapping=given.on(DAY)))
    rows = [row for part in parts for row in part.table.to_pylist()]
    assert [row["id_check"] for row in rows] == [id_check]
    notes = [note for part in parts for note in part.notes.to_pylist()]
    assert [n["value"] for n in notes if n["kind"] == "unmapped_value"] == noted


@pytest.mark.parametrize(
    ("restriction", "word"),
    [
        (method("ID_SCAN") + "<Disposition>Approved</Disposition>", "scanned"),
        (method("ID_SCAN") + "<Disposition>Declined</Disposition>", "refused"),
        (method("ID_SCAN") + "<Disposition>Failed</Disposition>", "ID_SCAN, Failed"),
        (method("Skipped") + "<Disposition>Approved</Disposition>", "unverified"),
        ("<Verified>true</Verified><Disposition>OK</Disposition>", "verified"),
        ("<Verified>false</Verified>" + method("ID_SCAN"), "unverified"),
        ("<Verified>Pending</Verified>" + method("ID_SCAN"), "Pending"),
        ("<Verified>Pending</Verified>", "Pending"),
    ],
)
def test_all_that_a_till_says_of_a_check_counts(restriction: str, word: str) -> None:
    assert read(restriction)["check"] == word


def age(years: str, born: str = "") -> str:
    return f"<MinimumAge>{years}</MinimumAge>" + (f"<Birthdate>{born}</Birthdate>" if born else "")


@pytest.mark.parametrize(
    ("restrictions", "required", "born"),
    [
        ((age("16"), age("18", "2009-06-01")), "18", "2009-06-01"),
        ((age("18", "2009-06-01"), age("16")), "18", "2009-06-01"),
        ((age("9"), age("18"), age("16")), "18", ""),
        ((age("16"), age("0")), "16", ""),
        ((age("18"), age("ALC21")), "ALC21", ""),  # its row is rejected
        ((age("18", "1990-01-02"), age("18", "2012-01-02")), "18", "2012-01-02"),
        ((age("18", "1990-01-02"), age("18", "1990-01-02")), "18", "1990-01-02"),
        ((age("18", "02.01.2012"), age("18", "31.01.1990")), "18", "02.01.2012, 31.01.1990"),
        # A code beside the age is none.
        (("<MinimumAge>18</MinimumAge><AgeRestrictionCode>99</AgeRestrictionCode>",), "18", ""),
    ],
)
def test_of_several_restrictions_the_strictest_counts(
    restrictions: tuple[str, ...], required: str, born: str
) -> None:
    row = read(*restrictions)
    assert (row["required_age"], row["birth_date"], row["item_id"]) == (required, born, "1")


@pytest.mark.parametrize(
    ("methods", "word"),
    [
        (("ID_SCAN", "ID_SCAN"), "scanned"),
        (("DOB", "ID_SCAN"), "scanned"),
        (("ID_SCAN", "Refused"), "refused"),
        (("ID_SCAN", "Failed"), "ID_SCAN, Failed"),
        (("ID_SCAN", "Override"), "ID_SCAN, Override"),
    ],
)
def test_of_several_restrictions_every_method_counts(methods: tuple[str, ...], word: str) -> None:
    assert read(*map(method, methods))["check"] == word
