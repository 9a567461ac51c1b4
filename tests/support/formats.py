"""The same rows in each format that tills write."""

import io
import json
import sqlite3
import tempfile
import zipfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DATE, _TIME = 1, 2  # styles

#: A cell's text, or a number; a pair of a number and a style of a date.
Cell = str | float | tuple[float, int]


def jsonl_bytes(rows: Sequence[Mapping[str, object]]) -> bytes:
    """JSON Lines."""
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def xlsx_bytes(
    sheets: Mapping[str, Sequence[Sequence[Cell]]], *, hidden: Collection[str] = ()
) -> bytes:
    """A workbook with these sheets; texts stand in their cells."""
    files = {
        "[Content_Types].xml": f'<Types xmlns="{_TYPES}"><Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET}.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="r1" '
        f'Type="{_DOCUMENT}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs><xf numFmtId="0"/>'
        '<xf numFmtId="14"/><xf numFmtId="22"/></cellXfs></styleSheet>',
    }
    listed = related = ""
    for number, (name, rows) in enumerate(sheets.items(), 1):
        state = ' state="hidden"' if name in hidden else ""
        listed += f'<sheet name={quoteattr(name)} sheetId="{number}"{state} r:id="r{number}"/>'
        related += f'<Relationship Id="r{number}" Type="{_DOCUMENT}/worksheet" '
        related += f'Target="worksheets/sheet{number}.xml"/>'
        files[f"xl/worksheets/sheet{number}.xml"] = _sheet(rows)
    related += f'<Relationship Id="s" Type="{_DOCUMENT}/styles" Target="styles.xml"/>'
    files["xl/workbook.xml"] = (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}"><sheets>{listed}</sheets></workbook>'
    )
    files["xl/_rels/workbook.xml.rels"] = (
        f'<Relationships xmlns="{_RELATIONS}">{related}</Relationships>'
    )
    return zip_bytes(
        {name: f'<?xml version="1.0"?>{text}'.encode() for name, text in files.items()}
    )


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """A zip archive; the same files give the same bytes, whatever the clock says."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def sqlite_bytes(
    rows: Sequence[Mapping[str, object]], *, table: str = "lines", also: Sequence[str] = ()
) -> bytes:
    """A SQLite file with one table, and what the statements ``also`` do."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.db"
        database = sqlite3.connect(path)
        names = list(rows[0]) if rows else ["nothing"]
        columns = ", ".join(f'"{name}"' for name in names)
        database.execute(f'CREATE TABLE "{table}" ({columns})')
        places = ", ".join("?" * len(names))
        database.executemany(
            f'INSERT INTO "{table}" VALUES ({places})',  # noqa: S608  # of the tests
            [list(row.values()) for row in rows],
        )
        for statement in also:
            database.execute(statement)
        database.commit()
        database.close()
        return path.read_bytes()


def poslog_bytes(*transactions: str, root: str = "POSLog", prolog: str = "") -> bytes:
    """A POSLog around transactions."""
    names = 'xmlns="http://www.nrf-arts.org/IXRetail/namespace/" '
    names += 'xmlns:acs="http://www.ncr.com/rsd/acs/tlog/markup/poslog/2.1"'
    return f"{prolog}<{root} {names}>{''.join(transactions)}</{root}>".encode()


def poslog_transaction(row: Mapping[str, str]) -> str:
    """A transaction of POSLog 6 with one line, of a row with the columns of the audit."""
    row = {name: escape(text) for name, text in row.items()}
    kind = "Return" if row["quantity"].startswith("-") else "Sale"
    quantity, amount = (row[name].removeprefix("-") for name in ("quantity", "amount"))
    check = {
        "dob_entered": f"<BirthDate>{row['birth_date']}</BirthDate>",
        "id_viewed": "<Verified>true</Verified>",
        "refused": "<ApprovalMethod>Refused</ApprovalMethod>",
    }.get(row["id_check"], "")
    if check:
        check = f"<AgeRestriction>{check}</AgeRestriction>"
    return (
        f"<Transaction><BusinessUnit><UnitID>{row['store_id']}</UnitID></BusinessUnit>"
        f"<WorkstationID>{row['till_id']}</WorkstationID>"
        f"<SequenceNumber>{row['transaction_id']}</SequenceNumber>"
        f"<EndDateTime>{row['sold_at']}</EndDateTime><OperatorID>{row['cashier_id']}</OperatorID>"
        f"<RetailTransaction><LineItem><SequenceNumber>1</SequenceNumber><{kind}>"
        f"<ItemID>{row['sku']}</ItemID><MerchandiseHierarchy>{row['category']}"
        f"</MerchandiseHierarchy><Description>{row['description']}</Description>"
        f"<ExtendedAmount>{amount}</ExtendedAmount><Quantity>{quantity}</Quantity></{kind}>{check}"
        "</LineItem></RetailTransaction></Transaction>"
    )


def _sheet(rows: Sequence[Sequence[Cell]]) -> str:
    body = ""
    for number, row in enumerate(rows, 1):
        cells = "".join(_cell(f"{_letters(at)}{number}", cell) for at, cell in enumerate(row))
        body += f'<row r="{number}">{cells}</row>'
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{body}</sheetData></worksheet>'


def _cell(at: str, cell: Cell) -> str:
    if cell == "":
        return ""
    if isinstance(cell, str):
        return f'<c r="{at}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
    if isinstance(cell, tuple):
        return f'<c r="{at}" s="{cell[1]}"><v>{cell[0]}</v></c>'
    return f'<c r="{at}"><v>{cell}</v></c>'


def _letters(at: int) -> str:
    letters = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
