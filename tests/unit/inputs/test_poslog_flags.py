"""Flags of a POSLog that say that something was voided, cancelled, suspended or in training."""

from pathlib import Path

import pytest

from auditor import inputs
from auditor.mapping import load_mapping
from auditor.storage.place import Place
from tests.support.formats import poslog_bytes
from tests.support.samples import DAY, policy, put

HEAD = (
    "<RetailStoreID>S1</RetailStoreID><WorkstationID>3</WorkstationID>"
    "<SequenceNumber>87</SequenceNumber><EndDateTime>2026-03-02T12:00:00</EndDateTime>"
)
BEER = "<ItemID>beer</ItemID><ExtendedAmount>1.95</ExtendedAmount><Quantity>1</Quantity>"
SALE = f"<LineItem><Sale>{BEER}</Sale></LineItem>"
MAPPINGS = pytest.mark.parametrize("mapping", ["poslog-6", "ncr-acs"])


def transaction(lines: str = SALE, *, outer: str = "", inner: str = "", more: str = "") -> bytes:
    return poslog_bytes(
        f"<Transaction {outer}>{HEAD}{more}<RetailTransaction {inner}>{lines}</RetailTransaction>"
        "</Transaction>"
    )


def read(
    content: bytes, mapping: str, folder: Path
) -> tuple[list[tuple[str | None, str | None]], list[str]]:
    """Type and state of each line, and what the mapping does not name."""
    put(folder, f"{DAY}.xml", content)
    given = load_mapping(mapping)
    assert given is not None
    parts = list(inputs.read_sales(Place(str(folder)), DAY, policy(), mapping=given.on(DAY)))
    assert [r for part in parts for r in part.rejects.to_pylist()] == []
    rows = [row for part in parts for row in part.table.to_pylist()]
    notes = [note for part in parts for note in part.notes.to_pylist()]
    unnamed = [note["value"] for note in notes if note["kind"] == "unmapped_value"]
    return [(row["line_type"], row["transaction_state"]) for row in rows], unnamed


@MAPPINGS
@pytest.mark.parametrize(
    ("flag", "state"),
    [
        ("TrainingModeFlag", "training"),
        ("CancelFlag", "cancelled"),
        ("SuspendFlag", "suspended"),
    ],
)
def test_a_flag_of_a_transaction_counts_wherever_it_stands(
    flag: str, state: str, mapping: str, tmp_path: Path
) -> None:
    element = f"<x:{flag} xmlns:x='urn:x'>true</x:{flag}>"
    for content in (
        transaction(more=element),
        transaction(inner=f'{flag}="1"'),
        transaction(element + SALE),
        transaction(outer=f'{flag}="false"', inner=f'{flag}="true"'),
        transaction(outer=f'{flag}="true"', more=element.replace("true", "false")),
    ):
        assert read(content, mapping, tmp_path) == ([("item", state)], [])
    assert read(transaction(more=element.replace("true", "0")), mapping, tmp_path) == (
        [("item", None)],
        [],
    )


@MAPPINGS
@pytest.mark.parametrize("flag", ["VoidFlag", "CancelFlag"])
@pytest.mark.parametrize(
    "line",
    [
        "<LineItem><Sale FLAG='true'>BEER</Sale></LineItem>",
        "<LineItem><FLAG>true</FLAG><Sale>BEER</Sale></LineItem>",
        "<LineItem FLAG='false'><Sale>BEER<FLAG>yes</FLAG></Sale></LineItem>",
    ],
)
def test_a_flag_of_a_line_counts_wherever_it_stands(
    line: str, flag: str, mapping: str, tmp_path: Path
) -> None:
    voided = line.replace("FLAG", flag).replace("BEER", BEER)
    rows, unnamed = read(transaction(voided + SALE), mapping, tmp_path)
    assert (rows, unnamed) == ([("void", None), ("item", None)], [])
    kept = voided.replace("true", "false").replace("yes</", "no</")
    rows, unnamed = read(transaction(kept + SALE), mapping, tmp_path)
    assert (rows, unnamed) == ([("item", None), ("item", None)], [])


@MAPPINGS
@pytest.mark.parametrize(
    ("content", "noted"),
    [
        (transaction(outer='VoidFlag="true"'), "VoidFlag=true"),
        (transaction(inner='PostVoidFlag="1"'), "PostVoidFlag=1"),
        (transaction(outer='Training="X"'), "Training=X"),
        (transaction(outer='TypeCode="Void"'), "TypeCode=Void"),
        (transaction(inner='Type="dtv:Cancelled"'), "Type=dtv:Cancelled"),
        (transaction(more="<IsVoided>true</IsVoided>"), "IsVoided=true"),
        (transaction("<SuspendedIndicator>Y</SuspendedIndicator>" + SALE), "SuspendedIndicator=Y"),
        (
            transaction(outer='VoidFlag="1"', inner='TransactionStatus="Totaled"'),
            "Totaled, VoidFlag=1",
        ),
        (transaction(SALE.replace("<Sale", "<Sale Status='Voided'")), "Action=Voided"),
        (transaction(SALE.replace("<LineItem", "<LineItem Status='Voided'")), "Status=Voided"),
        (transaction(SALE.replace("<Sale", "<Sale Cancelled='true'")), "Cancelled=true"),
        (transaction(SALE.replace("<LineItem", "<LineItem VoidFlag='maybe'")), "maybe"),
        (transaction(SALE + "<LineItem><Void/></LineItem>"), "Void of no line"),
    ],
)
def test_a_flag_that_is_not_read_is_noted_and_its_article_is_sold(
    content: bytes, noted: str, mapping: str, tmp_path: Path
) -> None:
    rows, unnamed = read(content, mapping, tmp_path)
    assert (rows[0], unnamed) == (("item", None), [noted])


@MAPPINGS
@pytest.mark.parametrize(
    "content",
    [
        transaction(outer='VoidFlag="false" TypeCode="Sale"', inner='IsVoided="0"'),
        transaction(more="<PostVoidFlag>false</PostVoidFlag><VoidedLines>1</VoidedLines>"),
        transaction(SALE.replace("<Sale", "<Sale VoidReason='none' Status='Sold'")),
    ],
)
def test_what_says_that_nothing_was_voided_is_not_noted(
    content: bytes, mapping: str, tmp_path: Path
) -> None:
    assert read(content, mapping, tmp_path) == ([("item", None)], [])


@MAPPINGS
def test_a_status_that_says_so_needs_no_flag(mapping: str, tmp_path: Path) -> None:
    content = transaction(outer='VoidFlag="1"', inner='TransactionStatus="Voided"')
    assert read(content, mapping, tmp_path) == ([("item", "voided")], [])


@MAPPINGS
@pytest.mark.parametrize("kind", ["Void", "ItemVoid", "VoidedLine"])
def test_a_line_may_void_another_by_its_kind(kind: str, mapping: str, tmp_path: Path) -> None:
    first = SALE.replace("<Sale>", "<SequenceNumber>1</SequenceNumber><Sale>")
    void = f"<LineItem><{kind}><ItemLink>1</ItemLink></{kind}></LineItem>"
    rows, unnamed = read(transaction(first + SALE + void), mapping, tmp_path)
    assert [line_type for line_type, _ in rows] == ["void", "item", "void"]
    assert unnamed == []
