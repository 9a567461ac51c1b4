"""POSLog and the dialect of NCR ACS: a record a line, safe whatever the XML holds."""

import io
import re
from collections.abc import Mapping as Values
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from auditor import inputs
from auditor.inputs.formats import base, poslog
from auditor.inputs.formats.base import UnusableError, Wanted
from auditor.inputs.formats.poslog_elements import COLUMNS
from auditor.inputs.records import read_records
from auditor.mapping import load_mapping
from auditor.storage.place import Place
from tests.support.formats import poslog_bytes
from tests.support.paths import ROOT
from tests.support.samples import DAY, policy, put

SAMPLES = ROOT / "tests" / "unit" / "inputs" / "tills"
HEAD = (
    "<RetailStoreID>S1</RetailStoreID><WorkstationID>3</WorkstationID>"
    "<SequenceNumber>87</SequenceNumber><EndDateTime>2026-03-02T12:00:00</EndDateTime>"
    "<OperatorID>102</OperatorID>"
)


def read(content: bytes) -> list[dict[str, str]]:
    wanted = Wanted((), every=True)
    parts = read_records("x.xml", lambda: io.BytesIO(content), wanted, "poslog")
    return [row for part in parts for row in part.cells.to_pylist()]


def transaction(*lines: str, attributes: str = "", head: str = HEAD, more: str = "") -> bytes:
    body = "".join(f"<LineItem>{line}</LineItem>" for line in lines)
    return poslog_bytes(
        f"<Transaction {attributes}>{head}"
        f"<RetailTransaction>{body}{more}</RetailTransaction></Transaction>"
    )


def item(name: str, quantity: str = "1", amount: str = "1.95", kind: str = "Sale") -> str:
    return (
        f"<{kind}><ItemID>{name}</ItemID><ExtendedAmount>{amount}</ExtendedAmount>"
        f"<Quantity>{quantity}</Quantity></{kind}>"
    )


def test_a_department_is_found_whatever_level_stands_before_it() -> None:
    levels = (
        '<MerchandiseHierarchy Level="Class">LAGERS</MerchandiseHierarchy>'
        '<MerchandiseHierarchy Level="DEPARTMENT">BEER</MerchandiseHierarchy>'
    )
    without = "<MerchandiseHierarchy>WINE</MerchandiseHierarchy>"
    rows = read(
        transaction(*(f"<Sale><ItemID>1</ItemID>{each}</Sale>" for each in (levels, without)))
    )
    assert [(row["category"], row["department"]) for row in rows] == [
        ("LAGERS", "BEER"),
        ("WINE", ""),
    ]
    given = load_mapping("poslog-6")
    assert given is not None
    source = given.on(DAY).sales[0].source("category")
    assert [each.column for each in source.first_of] == ["item_type", "department", "category"]


def audited(content: bytes, mapping: str, tmp_path: Path) -> pa.Table:
    put(tmp_path, f"{DAY}.xml", content)
    given = load_mapping(mapping)
    assert given is not None
    parts = list(inputs.read_sales(Place(str(tmp_path)), DAY, policy(), mapping=given.on(DAY)))
    assert [r for part in parts for r in part.rejects.to_pylist()] == []
    return pa.concat_tables(part.table for part in parts)


def pick(row: Values[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def test_the_shipped_mapping_of_poslog_6_reads_what_its_tills_write(tmp_path: Path) -> None:
    rows = audited((SAMPLES / "poslog-6.xml").read_bytes(), "poslog-6", tmp_path).to_pylist()
    names = ("transaction_id", "line_type", "sku", "quantity", "id_check", "transaction_state")
    assert [pick(row, *names) for row in rows] == [
        ("4711", "item", "100101", Decimal("1.000"), "dob_entered", None),
        ("4711", "item", "200200", Decimal("0.754"), "not_recorded", None),
        ("4711", "discount", "Discount", Decimal("0.000"), "not_recorded", None),
        ("4711", "tender", "Tender", Decimal("0.000"), "not_recorded", None),
        ("4712", "item", "100101", Decimal("2.000"), "not_recorded", "training"),
        ("4713", "item", "100101", Decimal("1.000"), "not_recorded", "cancelled"),
        ("4714", "item", "100101", Decimal("-1.000"), "not_recorded", None),
        ("4715", "item", "100101", Decimal("1.000"), "not_recorded", "suspended"),
        ("4716", "item", "100101", Decimal("1.000"), "refused", None),
        ("4717", "item", "100101", Decimal("1.000"), "not_recorded", "void"),
        ("4718", "control", "TillSettle", Decimal("6.000"), "not_recorded", None),
    ]
    first, resumed, voiding, totals = (rows[at] for at in (0, 8, 9, 10))
    assert pick(first, "birth_date", "required_age", "category", "cashier_id") == (
        *(date(1990, 1, 2), 18, "BEER", "E1"),
    )
    assert first["sold_at"] == datetime(2026, 3, 2, 18, 14, 40, tzinfo=UTC)
    assert rows[3]["sold_at"] == datetime(2026, 3, 2, 18, 15, 2, tzinfo=UTC)  # the tender's
    assert rows[6]["amount"] == Decimal("-1.95")
    assert pick(resumed, "resumes", "id_check_by") == ("4715", "E9")
    assert voiding["resumes"] == "4711"
    assert totals["amount"] == Decimal("123.45")


def test_the_shipped_mapping_of_ncr_acs_reads_what_its_tills_write(tmp_path: Path) -> None:
    rows = audited((SAMPLES / "ncr-acs.xml").read_bytes(), "ncr-acs", tmp_path).to_pylist()
    names = ("till_id", "transaction_id", "line_type", "sku", "id_check", "resumes")
    assert [pick(row, *names) for row in rows] == [
        ("3", "87", "other", "Tax", "none", None),
        ("3", "87", "item", "00000000000101", "none", None),
        ("3", "87", "id_check", "AgeRestriction", "dob_entered", None),
        ("3", "87", "item", "00000000000202", "none", None),
        ("3", "87", "void", "00000000000303", "none", None),
        ("3", "87", "void", "00000000000303", "none", None),
        ("3", "87", "tender", "Tender", "none", None),
        ("3", "87", "discount", "LoyaltyReward", "none", None),
        ("3", "87", "other", "LoyaltyMembership", "none", None),
        ("31", "114", "item", "00000000000202", "none", "111"),
        ("31", "114", "tender", "Tender", "none", "111"),
        ("5", "61", "other", "OperatorSignOn", "none", None),
    ]
    check = rows[2]
    assert pick(check, "birth_date", "required_age") == (date(1980, 1, 1), 21)
    assert {row["business_date"] for row in rows} == {date(2026, 3, 1)}
    assert rows[1]["quantity"] == Decimal("0.650")


def test_no_card_account_member_name_or_signature_leaves_a_poslog() -> None:
    for name in ("ncr-acs.xml", "poslog-6.xml"):
        text = str(read((SAMPLES / name).read_bytes()))
        assert re.search("SECRET", (SAMPLES / name).read_text(encoding="utf-8"))
        assert "SECRET" not in text


@pytest.mark.parametrize(
    "root", ["POSLog", "x:POSLog", "Transactions", "Envelope><Body"], ids=lambda root: root[:6]
)
def test_names_count_without_namespace_and_case(root: str) -> None:
    end = "</Body></Envelope>" if "Body" in root else f"</{root}>"
    prefix = "x:" if ":" in root else ""
    content = (
        f'<{root} xmlns:x="urn:other"><{prefix}Transaction><{prefix}workstationid>7'
        f"</{prefix}workstationid></{prefix}Transaction>{end}"
    )
    if "Body" in root:
        content = content.replace('<Envelope><Body xmlns:x="urn:other">', "<Envelope><Body>")
    assert [row["workstation"] for row in read(content.encode())] == ["7"]


@pytest.mark.parametrize(
    ("attributes", "text", "word"),
    [
        ('Birthdate="1980-01-01" Verified="true"', "21", "birth_date"),
        ('Birthdate="1980-01-01" Verified="false"', "21", "unverified"),
        ('Verified="true"', "21", "verified"),
        ("", "21", "asked"),
        ("", "<MinimumAge>0</MinimumAge><ApprovalMethod>Refused</ApprovalMethod>", "refused"),
        ("", "<ApprovalMethod>DOB</ApprovalMethod><BirthDate>1990-01-02</BirthDate>", "birth_date"),
        ("", "<ApprovalMethod>IDScanned</ApprovalMethod>", "scanned"),
        ("", "<ApprovalMethod>Visual</ApprovalMethod>", "verified"),
        ("", "<ApprovalMethod>Refused</ApprovalMethod>", "refused"),
    ],
)
def test_what_a_till_did_about_the_age_is_said_in_one_word(
    attributes: str, text: str, word: str
) -> None:
    (row,) = read(transaction(f"<AgeRestriction {attributes}>{text}</AgeRestriction>"))
    assert (row["line_type"], row["check"]) == ("AgeRestriction", word)
    (row,) = read(
        transaction(
            item("1").replace(
                "</Sale>", f"<AgeRestriction {attributes}>{text}</AgeRestriction></Sale>"
            )
        )
    )
    assert (row["line_type"], row["check"]) == ("Sale", word)


def test_an_article_that_was_scanned_says_nothing_of_the_buyers_papers() -> None:
    check = '<AgeRestriction Birthdate="1980-01-01">21</AgeRestriction>'
    content = transaction(item("1") + check).replace(
        b"<LineItem", b'<LineItem EntryMethod="Scanned"'
    )
    assert [row["check"] for row in read(content)] == ["birth_date"]
    content = transaction(check).replace(b"<LineItem", b'<LineItem EntryMethod="Scanned"')
    assert [row["check"] for row in read(content)] == ["scanned"]


def voided(*lines: str) -> list[str]:
    content = transaction(*lines).replace(b"<LineItem>VOID", b'<LineItem VoidFlag="true">')
    return [row["void"] for row in read(content)]


def test_a_reversal_voids_the_line_that_it_takes_back() -> None:
    back = "VOID" + item("beer", "-1", "-1.95")
    assert voided(item("beer"), item("milk"), back) == ["true", "false", "true"]
    assert voided(item("beer"), item("beer"), back) == ["false", "true", "true"]
    assert voided(item("beer", "1.0"), back) == ["true", "true"]
    assert voided("VOID" + item("beer"), item("beer")) == ["true", "false"]
    assert voided(item("milk"), back) == ["false", "unmatched"]
    assert voided(item("beer"), back, back) == ["true", "true", "unmatched"]


@pytest.mark.parametrize("name", ["ItemLink", "LineItemLink", "acs:ItemLink"])
@pytest.mark.parametrize(
    "link",
    [
        "<LINK>1</LINK>",
        "<LINK>001</LINK>",
        "<LINK><SequenceNumber>1</SequenceNumber></LINK>",
        "<LINK> <LineItemSequenceNumber>1</LineItemSequenceNumber> </LINK>",
        "<LINK><LineItem><SequenceNumber>1</SequenceNumber></LineItem></LINK>",
        '<LINK SequenceNumber="1"/>',
        '<LINK LineItemSequenceNumber="1"></LINK>',
    ],
)
def test_a_reversal_may_name_the_line_that_it_takes_back(link: str, name: str) -> None:
    link = link.replace("LINK", name)
    lines = [f"<SequenceNumber>{n}</SequenceNumber>" + item("beer") for n in (1, 2)]
    expected = ["true", "false", "true"]
    number = "<SequenceNumber>3</SequenceNumber>"
    assert voided(*lines, f"VOID{number}{link}{item('beer')}") == expected
    inside = item("beer").replace("</Sale>", f"{link}</Sale>")
    assert voided(*lines, f"VOID{number}{inside}") == expected
    content = transaction(*lines, f"{number}{link}{item('beer')}")
    assert [row["line_type"] for row in read(content)] == ["Sale"] * 3


def test_a_voided_deposit_that_names_its_article_leaves_it_sold() -> None:
    beer = "<SequenceNumber>1</SequenceNumber>" + item("beer")
    deposit = "VOID<SequenceNumber>2</SequenceNumber>" + item("deposit")
    linked = deposit.replace("</Sale>", "<ItemLink>1</ItemLink></Sale>")
    assert voided(beer, linked) == ["false", "true"]


@pytest.mark.parametrize("mapping", ["poslog-6", "ncr-acs"])
@pytest.mark.parametrize("flags", ['CancelFlag="true"', 'VoidFlag="0" CancelFlag="1"'])
def test_a_cancelled_article_was_not_sold(flags: str, mapping: str, tmp_path: Path) -> None:
    content = transaction("CANCELLED" + item("beer"), item("milk"))
    content = content.replace(b"<LineItem>CANCELLED", f"<LineItem {flags}>".encode())
    rows = audited(content, mapping, tmp_path).to_pylist()
    assert [pick(row, "sku", "line_type", "transaction_state") for row in rows] == [
        ("beer", "void", None),
        ("milk", "item", None),
    ]


@pytest.mark.parametrize("amount", ["1.00", "+1.00", "-1.00"])
@pytest.mark.parametrize(
    ("kind", "element"), [("Discount", "Amount"), ("LoyaltyReward", "ExtendedRewardAmount")]
)
def test_a_discount_takes_off_however_it_is_written(kind: str, element: str, amount: str) -> None:
    discount = f"<{kind}><{element}>{amount}</{element}></{kind}>"
    rows = read(transaction(item("1", amount="5.00"), discount))
    assert [row["amount"] for row in rows] == ["5.00", "-1.00"]


def test_a_discount_on_what_is_given_back_stands_as_it_is_written() -> None:
    discount = "<Discount><Amount>1.00</Amount></Discount>"
    back = item("1", amount="5.00", kind="Return")
    assert [row["amount"] for row in read(transaction(back, discount))] == ["-5.00", "1.00"]
    rows = read(transaction(back, item("2"), discount))
    assert [row["amount"] for row in rows] == ["-5.00", "1.95", "-1.00"]


@pytest.mark.parametrize(
    ("prices", "quantity", "amount"),
    [
        ({}, "1", "0"),
        ({"Regular": "4.50"}, "2", "9"),
        ({"Regular": "4.50", "Actual": "3.95"}, "2", "7.9"),
        ({"Regular": "5.99"}, "0.754", "4.51646"),
        ({"Regular": "4.50"}, "-1", "-4.5"),
        ({"Regular": "0.00"}, "1.000000000", "0"),
        # Its row is rejected, with the price that was seen.
        ({"Regular": "4.50 USD"}, "1", "4.50 USD"),
        ({"Regular": "1e999999"}, "1e999999", "1e999999"),
    ],
)
def test_an_article_without_amount_costs_its_price_times_its_quantity(
    prices: dict[str, str], quantity: str, amount: str
) -> None:
    inside = "".join(f"<{k}SalesUnitPrice>{v}</{k}SalesUnitPrice>" for k, v in prices.items())
    line = f"<Sale><ItemID>1</ItemID>{inside}<Quantity>{quantity}</Quantity></Sale>"
    (row,) = read(transaction(line))
    assert row["amount"] == amount


@pytest.mark.parametrize("part_rows", [1, 2, 100])
def test_each_line_says_of_which_transaction_of_the_file_it_is(
    part_rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "PART_ROWS", part_rows)
    once = transaction(item("1"), item("1"))
    text = b"".join([once, once, transaction(item("1"))]).decode()
    content = poslog_bytes(*re.findall("<Transaction .*?</Transaction>", text))
    table = audited(content, "poslog-6", tmp_path)
    assert table["row"].to_pylist() == [2, 3, 4, 5, 6]
    assert table["receipt"].to_pylist() == [1, 1, 2, 2, 3]


def test_an_article_without_amount_and_price_is_sold(tmp_path: Path) -> None:
    lines = (f"<{kind}><ItemID>1</ItemID></{kind}>" for kind in ("Sale", "Return"))
    rows = audited(transaction(*lines), "poslog-6", tmp_path).to_pylist()
    assert [pick(row, "line_type", "quantity", "amount") for row in rows] == [
        ("item", Decimal(1), Decimal(0)),
        ("item", Decimal(-1), Decimal(0)),
    ]


STATUS = "<TransactionStatus>Suspended</TransactionStatus>"


@pytest.mark.parametrize("mapping", ["poslog-6", "ncr-acs"])
@pytest.mark.parametrize(
    "content",
    [
        transaction(item("beer"), attributes='SuspendFlag="true"'),
        transaction(item("beer"), attributes='CancelFlag="false" SuspendFlag="1"'),
        transaction(item("beer"), more=STATUS),
        transaction(item("beer"), head=HEAD + STATUS),
    ],
    ids=["flag", "flags", "element", "outer-element"],
)
def test_a_suspended_transaction_is_known_however_it_is_written(
    content: bytes, mapping: str, tmp_path: Path
) -> None:
    (row,) = audited(content, mapping, tmp_path).to_pylist()
    assert row["transaction_state"] == "suspended"


@pytest.mark.parametrize("mapping", ["poslog-6", "ncr-acs"])
def test_a_status_may_be_a_qualified_name(mapping: str, tmp_path: Path) -> None:
    content = transaction(item("beer"), attributes='TransactionStatus="dtv:Cancelled"')
    (row,) = audited(content, mapping, tmp_path).to_pylist()
    assert row["transaction_state"] == "cancelled"


STATES = {
    "training": ("TrainingMode",),
    "suspended": ("Suspended",),
    "voided": ("Void", "Voided", "PostVoided"),
    "cancelled": ("Aborted", "Canceled", "Cancelled", "Failed", "Incomplete", "SuspendedDeleted"),
    "completed": ("Complete", "Completed"),
    None: ("Totaled", "Tendered", "Finished", "Delivered"),
}


@pytest.mark.parametrize("mapping", ["poslog-6", "ncr-acs"])
@pytest.mark.parametrize(
    ("status", "state"), [(word, state) for state, words in STATES.items() for word in words]
)
def test_each_status_of_the_standard_is_named(
    mapping: str, status: str, state: str | None, tmp_path: Path
) -> None:
    content = transaction(item("beer"), attributes=f'TransactionStatus="{status}"')
    assert _states(content, mapping, tmp_path) == ([state], [])


@pytest.mark.parametrize("mapping", ["poslog-6", "ncr-acs"])
@pytest.mark.parametrize("yes", ["true", "TRUE", "1", "yes", "Y", "t"])
@pytest.mark.parametrize(
    ("flag", "state"),
    [
        ("TrainingModeFlag", "training"),
        ("CancelFlag", "cancelled"),
        ("SuspendFlag", "suspended"),
    ],
)
def test_a_flag_may_be_written_in_any_way(
    mapping: str, flag: str, state: str, yes: str, tmp_path: Path
) -> None:
    content = transaction(item("beer"), attributes=f'{flag}="{yes}"')
    assert _states(content, mapping, tmp_path) == ([state], [])


@pytest.mark.parametrize("mapping", ["poslog-6", "ncr-acs"])
@pytest.mark.parametrize("status", ["SuspendedRetrieved", "InProcess", "xyz"])
def test_a_status_that_says_nothing_certain_is_a_sale_and_is_noted(
    mapping: str, status: str, tmp_path: Path
) -> None:
    content = transaction(item("beer"), attributes=f'TransactionStatus="{status}"')
    assert _states(content, mapping, tmp_path) == ([None], [("transaction_state", status)])


@pytest.mark.parametrize("mapping", ["poslog-6", "ncr-acs"])
def test_nothing_of_an_ordinary_log_is_unknown(mapping: str, tmp_path: Path) -> None:
    _, unnamed = _states((SAMPLES / f"{mapping}.xml").read_bytes(), mapping, tmp_path)
    assert unnamed == []


def _states(
    content: bytes, mapping: str, folder: Path
) -> tuple[list[str | None], list[tuple[str, str]]]:
    """The state of each line, and the values that the mapping does not name, by column."""
    loaded = load_mapping(mapping)
    assert loaded is not None
    put(folder, f"{DAY}.xml", content)
    parts = list(inputs.read_sales(Place(str(folder)), DAY, policy(), mapping=loaded.on(DAY)))
    rows = [row for part in parts for row in part.table.to_pylist()]
    notes = [note for part in parts for note in part.notes.to_pylist()]
    unnamed = [(n["column"], n["value"]) for n in notes if n["kind"] == "unmapped_value"]
    return [row["transaction_state"] for row in rows], unnamed


def test_a_deposit_is_not_of_the_category_of_its_drink(tmp_path: Path) -> None:
    beer = '<MerchandiseHierarchy Level="Department">BEER</MerchandiseHierarchy>'
    lines = (
        f'<Sale ItemType="{kind}"><ItemID>1</ItemID>{beer}</Sale>' for kind in ("Stock", "Deposit")
    )
    rows = audited(transaction(*lines), "poslog-6", tmp_path).to_pylist()
    assert [row["category"] for row in rows] == ["BEER", "deposit"]


def test_a_status_is_not_what_happened() -> None:
    inside = f"<ControlTransaction>{STATUS}<NoSale/></ControlTransaction>"
    (row,) = read(poslog_bytes(f"<Transaction>{HEAD}{inside}</Transaction>"))
    assert pick(row, "line_type", "status") == ("NoSale", "Suspended")


def test_a_return_is_negative_however_it_is_written() -> None:
    rows = read(transaction(item("1", kind="Return"), item("1", "-1", "-1.95", kind="Return")))
    assert [(row["quantity"], row["amount"]) for row in rows] == [("-1", "-1.95")] * 2


def test_only_a_link_to_the_same_sale_resumes_it() -> None:
    def linked(reason: str, number: int) -> str:
        return (
            f'<TransactionLink ReasonCode="{reason}"><WorkstationID>9</WorkstationID>'
            f"<SequenceNumber>{number}</SequenceNumber></TransactionLink>"
        )

    (row,) = read(transaction(item("1"), more=linked("Return", 5)))
    assert (row["resumes"], row["link_reason"], row["sequence"]) == ("", "Return", "87")
    (row,) = read(transaction(item("1"), more=linked("Return", 5) + linked("Resume", 6)))
    assert (row["resumes"], row["link_workstation"], row["link_sequence"]) == ("6", "9", "6")


SALE = "<WorkstationID>3</WorkstationID><SequenceNumber>86</SequenceNumber>"
LINK = f"<TransactionLink>{SALE}</TransactionLink>"


@pytest.mark.parametrize(
    ("kind", "inside"),
    [
        ("PostVoidTransaction", LINK.replace("Link>", 'Link ReasonCode="Voided">', 1)),
        ("PostVoidTransaction", LINK.replace("Link>", "Link><ReasonCode>Error</ReasonCode>", 1)),
        ("PostVoidTransaction", LINK),
        ("PostVoidTransaction", SALE),
        ("VoidTransaction", LINK),
        ("ControlTransaction", f"<PostVoid>{LINK}</PostVoid>"),
        ("RetailTransaction", LINK.replace("Link>", "Link><ReasonCode>Voided</ReasonCode>", 1)),
    ],
)
@pytest.mark.parametrize("mapping", ["poslog-6", "ncr-acs"])
def test_a_post_void_voids_however_it_is_written(
    mapping: str, kind: str, inside: str, tmp_path: Path
) -> None:
    content = f"<Transaction>{HEAD}<{kind}>{inside}</{kind}></Transaction>"
    (row,) = audited(poslog_bytes(content), mapping, tmp_path).to_pylist()
    assert (row["transaction_state"], row["resumes"]) == ("void", "86")
    assert _states(poslog_bytes(content), mapping, tmp_path) == (["void"], [])


@pytest.mark.parametrize("mapping", ["poslog-6", "ncr-acs"])
@pytest.mark.parametrize(
    ("reason", "state", "noted"),
    [
        *((reason, "void", []) for reason in ("Void", "post-void", "Voided", "VoidTransaction")),
        *((reason, "void", []) for reason in ("Transaction Void", "PostVoidedSale")),
        *((reason, None, []) for reason in ("ReplacesVoided", "Void re-ring", "VOID RERING")),
        *((reason, None, [reason]) for reason in ("AvoidableLoss", "NotVoided", "VoidCorrection")),
    ],
)
def test_a_sale_that_only_speaks_of_a_void_is_a_sale(
    mapping: str, reason: str, state: str | None, noted: list[str], tmp_path: Path
) -> None:
    link = f'<TransactionLink ReasonCode="{reason}">{SALE}</TransactionLink>'
    content = transaction(item("beer"), TENDER, more=link)
    expected = [state] * 2, [("transaction_state", reason) for reason in noted]
    assert _states(content, mapping, tmp_path) == expected
    (first, _) = read(content)
    assert first["resumes"] == ("86" if state else "")


@pytest.mark.parametrize("mapping", ["poslog-6", "ncr-acs"])
@pytest.mark.parametrize(
    ("attributes", "more", "state"),
    [
        ("", "<TransactionStatus>Completed</TransactionStatus>", "void"),
        ("", "<TransactionStatus>PostVoided</TransactionStatus>", "void"),
        ("", "<TransactionStatus>Failed</TransactionStatus>", "cancelled"),
        ('CancelFlag="true"', "", "cancelled"),
        ('TrainingModeFlag="true"', "", "training"),
    ],
)
def test_a_post_void_may_itself_be_cancelled(
    mapping: str, attributes: str, more: str, state: str, tmp_path: Path
) -> None:
    content = f"<Transaction {attributes}>{HEAD}<VoidTransaction>{more}<TransactionLink>{SALE}"
    content += "</TransactionLink></VoidTransaction></Transaction>"
    assert _states(poslog_bytes(content), mapping, tmp_path) == ([state], [])


@pytest.mark.parametrize("mapping", ["poslog-6", "ncr-acs"])
def test_a_link_names_till_and_business_day(mapping: str, tmp_path: Path) -> None:
    link = f"{SALE}<BusinessDayDate>2026-03-01</BusinessDayDate></TransactionLink>"
    content = transaction(item("1"), more=f'<TransactionLink ReasonCode="Resume">{link}')
    (row,) = audited(content, mapping, tmp_path).to_pylist()
    assert pick(row, "resumes", "resumes_till", "resumes_date") == ("86", "3", date(2026, 3, 1))


def test_lines_have_their_own_time_where_the_till_writes_it() -> None:
    head = HEAD.replace("<EndDate", "<BeginDateTime>2026-03-02T11:58:00</BeginDateTime><EndDate")
    own = "<EndDateTime>2026-03-02T11:59:00</EndDateTime>" + item("1")
    tender = "<Tender><Amount>1</Amount></Tender>"
    rows = read(transaction(item("1"), own, tender, head=head))
    assert [row["time"][11:16] for row in rows] == ["11:58", "11:59", "12:00"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            b'<!DOCTYPE a [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><POSLog>&b;</POSLog>',
            "document type",
        ),
        (b'<!DOCTYPE POSLog SYSTEM "file:///etc/passwd"><POSLog/>', "document type"),
        (b"<POSLog><Transaction>&x;</Transaction></POSLog>", "no XML from line 1"),
        (b"<POSLog><Transaction>", "no XML from line 1"),
        (b"<html><body/></html>", "no POSLog"),
        (b"not XML", "no XML"),
        (b"<POSLog>" + b"<a>" * 100_000, "nested more than 64"),
        (b"<POSLog><Transaction>" + b"<Sale>" * 100_000, "nested more than 64"),
        (b"<POSLog>\xff\xfe</POSLog>", "no XML"),
        (b"<POSLog/><POSLog/>", "junk after"),
        (b"<?xml version='1.0' encoding='nonsense'?><POSLog/>", "unknown encoding"),
        (b"<?xml version='1.0' encoding='shift_jis'?><POSLog/>", "multi-byte encodings"),
    ],
)
def test_a_file_that_is_no_whole_poslog_is_refused(content: bytes, problem: str) -> None:
    with pytest.raises(UnusableError, match=problem):
        read(content)


def test_a_day_without_transactions_is_no_fault() -> None:
    assert read(b"<POSLog/>") == []


def test_a_transaction_or_a_tag_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poslog, "MOST_LINES", 100)
    assert len(read(transaction(*[item("1")] * 100))) == 100
    with pytest.raises(UnusableError, match="more than 100 lines"):
        read(transaction(*[item("1")] * 101))
    monkeypatch.setattr(base, "BLOCK_BYTES", 1 << 20)
    with pytest.raises(UnusableError, match="a tag of more than"):
        read(b'<POSLog><Transaction a="' + b"x" * (3 << 20) + b'"/></POSLog>')


def test_long_texts_are_cut_to_more_than_any_column_holds() -> None:
    (row,) = read(transaction(item("x" * 2_000_000)))
    assert 2000 < len(row["item_id"]) < 10_000


def test_a_part_is_yielded_before_its_cells_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(base, "BLOCK_BYTES", 10_000)
    content = transaction(*[item("x" * 500)] * 100)
    parts = list(poslog.read(io.BytesIO(content), Wanted(("item_id",))))
    assert max(part.cells.nbytes for part in parts) < 20_000
    assert [n for part in parts for n in part.numbers] == list(range(2, 102))


def test_xml_that_no_mapping_names_says_which_may_help() -> None:
    with pytest.raises(UnusableError, match="no mapping names it: try --mapping poslog-6"):
        list(poslog.read(io.BytesIO(b"<POSLog/>"), Wanted(("transaction_id", "sku"))))
    with pytest.raises(UnusableError, match="no column sku, but"):
        list(poslog.read(io.BytesIO(b"<POSLog/>"), Wanted(("sku", "store"))))


def test_every_column_is_documented() -> None:
    text = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    assert [name for name in COLUMNS if f"`{name}`" not in text] == []


TENDER = "<Tender><Amount>1.95</Amount></Tender>"


def kinds(content: bytes, tmp_path: Path) -> list[tuple[str, str]]:
    """Type and article of each line, as the shipped mapping reads them."""
    return [
        pick(row, "line_type", "sku") for row in audited(content, "poslog-6", tmp_path).to_pylist()
    ]


@pytest.mark.parametrize(
    "kind",
    [
        *("SaleForPickup", "SaleForPickUp", "SaleForDelivery", "CustomerOrderForPickup"),
        *("CustomerOrderForPickUp", "CustomerOrderForDelivery", "PreviousCustomerOrder"),
    ],
)
def test_goods_of_an_order_that_is_paid_are_sold(kind: str, tmp_path: Path) -> None:
    priced = f"<{kind}><POSIdentity><POSItemID>beer</POSItemID></POSIdentity>"
    priced += f"<ActualSalesUnitPrice>1.95</ActualSalesUnitPrice></{kind}>"
    sold, _ = audited(transaction(priced, TENDER), "poslog-6", tmp_path).to_pylist()
    assert pick(sold, "line_type", "sku", "quantity", "amount") == (
        *("item", "beer"),
        *(Decimal(1), Decimal("1.95")),
    )


def order(action: str = "", kind: str = "CustomerOrderForPickup") -> str:
    return item("beer", kind=kind).replace(f"<{kind}", f"<{kind} {action}", 1)


LINK = (
    '<TransactionLink ReasonCode="CustomerOrder"><SequenceNumber>7</SequenceNumber>'
    "</TransactionLink>"
)


@pytest.mark.parametrize(
    ("content", "line_type"),
    [
        (transaction(order()), "other"),  # ordered, not paid
        (transaction(order(), more=LINK), "item"),  # paid before, picked up now
        (transaction(order('Action="Placed"'), TENDER), "other"),
        (transaction(order('Action="PickedUp"')), "item"),
        (transaction(order('Status="dtv:ReadyForPickup"'), TENDER), "other"),
        (transaction(order(kind="PreviousCustomerOrder")), "item"),
        (transaction(order('Action="Payment"', "PreviousLayaway"), TENDER), "other"),
    ],
)
def test_an_order_that_is_only_placed_hands_nothing_over(
    content: bytes, line_type: str, tmp_path: Path
) -> None:
    assert kinds(content, tmp_path)[0] == (line_type, "beer")


def test_an_order_transaction_places_the_order_whoever_pays_it(tmp_path: Path) -> None:
    lines = (order(), order('Action="PickedUp"'), order(kind="PreviousCustomerOrder"), TENDER)
    ordering = transaction(*lines).replace(b"RetailTransaction", b"CustomerOrderTransaction")
    found = [line_type for line_type, _ in kinds(ordering, tmp_path)]
    assert found == ["other", "item", "item", "tender"]


def test_an_order_that_is_only_placed_is_noted(tmp_path: Path) -> None:
    put(tmp_path, f"{DAY}.xml", transaction(order(), item("1")))
    given = load_mapping("poslog-6")
    assert given is not None
    parts = list(inputs.read_sales(Place(str(tmp_path)), DAY, policy(), mapping=given.on(DAY)))
    notes = [note for part in parts for note in part.notes.to_pylist()]
    assert [pick(n, "kind", "column", "value", "rows") for n in notes if n["value"]] == [
        ("unmapped_value", "line_type", "PlacedOrder", 1)
    ]


@pytest.mark.parametrize("kind", ["ReturnForPickup", "ReturnForDelivery"])
def test_goods_that_are_fetched_back_are_given_back(kind: str, tmp_path: Path) -> None:
    (row,) = audited(transaction(item("1", kind=kind)), "poslog-6", tmp_path).to_pylist()
    assert pick(row, "line_type", "quantity", "amount") == (
        *("item", Decimal(-1)),
        Decimal("-1.95"),
    )


def test_an_article_that_asks_for_no_age_was_not_checked() -> None:
    asks = "<AgeRestriction><MinimumAge>0</MinimumAge></AgeRestriction></Sale>"
    (row,) = read(transaction(item("1").replace("</Sale>", asks)))
    assert (row["required_age"], row["check"]) == ("", "")


@pytest.mark.parametrize("mapping", ["poslog-6", "ncr-acs"])
@pytest.mark.parametrize("kind", ["SaleExchange", "SaleOfItem", "Exchange", "RentalItem"])
def test_an_article_in_a_line_of_an_unknown_kind_is_sold_and_noted(
    kind: str, mapping: str, tmp_path: Path
) -> None:
    priced = f"<{kind}><POSIdentity><POSItemID>beer</POSItemID></POSIdentity>"
    priced += f"<RegularSalesUnitPrice>1.95</RegularSalesUnitPrice></{kind}>"
    content = transaction(item("beer", "2", "3.90", kind), priced, TENDER)
    rows = audited(content, mapping, tmp_path).to_pylist()
    assert [pick(row, "line_type", "sku", "quantity", "amount") for row in rows[:2]] == [
        ("item", "beer", Decimal(2), Decimal("3.90")),
        ("item", "beer", Decimal(1), Decimal("1.95")),
    ]
    assert _states(content, mapping, tmp_path)[1] == [("line_type", kind)]


@pytest.mark.parametrize(
    "line",
    [
        "<Coupon><ItemID>1</ItemID></Coupon>",
        "<Coupon><Amount>1.00</Amount></Coupon>",
        item("1", kind="Layaway"),
    ],
)
def test_a_line_of_an_unknown_kind_without_article_or_price_sells_nothing(
    line: str, tmp_path: Path
) -> None:
    assert [line_type for line_type, _ in kinds(transaction(line), tmp_path)] == ["other"]
    _, unnamed = _states(transaction(line), "poslog-6", tmp_path)
    assert len(unnamed) == 1


def test_a_line_that_holds_nothing_is_rejected(tmp_path: Path) -> None:
    put(tmp_path, f"{DAY}.xml", transaction("", item("1")))
    given = load_mapping("poslog-6")
    assert given is not None
    parts = list(inputs.read_sales(Place(str(tmp_path)), DAY, policy(), mapping=given.on(DAY)))
    assert [r["column"] for part in parts for r in part.rejects.to_pylist()] == ["sku"]
