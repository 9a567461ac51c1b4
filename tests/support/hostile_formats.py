"""Hostile JSON lines, workbooks, POSLogs and SQLite files, read by mappings: more recipes.

They are registered beside those of tests/support/hostile_inputs.py when this is imported.
"""

import io
import json
import zipfile

from auditor.tables import TILL_LINES
from tests.support.formats import (
    jsonl_bytes,
    poslog_bytes,
    poslog_transaction,
    sqlite_bytes,
    xlsx_bytes,
    zip_bytes,
)
from tests.support.hostile_inputs import (
    _GARBAGE,
    _HEAVY,
    _NUMBERS,
    _TIMES,
    Dice,
    _damaged,
    _gigabyte,
    _recipe,
    _rows,
)
from tests.support.samples import header

#: The mapping by which these are read.
MAPPING = """
[[mapping]]
effective_from = 2020-01-01
[[mapping.sales]]
files = "**/*.jsonl*"
format = "jsonl"
[[mapping.sales]]
files = "**/*.nested"
format = "jsonl"
records = "items"
columns = { sku = "items.sku", store_id = "till.store" }
[[mapping.sales]]
files = "**/*.xlsx"
format = "xlsx"
[[mapping.sales]]
files = "**/*.db"
format = "sqlite"
table = "lines"
"""
_JSONL, _XLSX, _XML, _DB = (f"2026-03-02/x.{end}" for end in ("jsonl", "xlsx", "xml", "db"))
_ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT"
_NAMES = header(TILL_LINES)


def _good(dice: Dice) -> list[dict[str, str]]:
    return _rows(TILL_LINES, dice, 40)


def _workbook(dice: Dice) -> bytes:
    return xlsx_bytes({"x": [_NAMES, *(list(row.values()) for row in _good(dice))]})


def _poslog(dice: Dice) -> bytes:
    return poslog_bytes(*(poslog_transaction(row) for row in _good(dice)))


def _database(dice: Dice, *also: str) -> bytes:
    return sqlite_bytes(list(_good(dice)), also=also)


# ---- Damaged ------------------------------------------------------------------------------------


@_recipe("mapped", weight=12)
def _jsonl_damaged(dice: Dice) -> tuple[bytes, str]:
    good = jsonl_bytes(_good(dice))
    return _damaged(good, dice, good), _JSONL


@_recipe("mapped", weight=12)
def _xlsx_damaged(dice: Dice) -> tuple[bytes, str]:
    """The archive, or what is in one of its members."""
    good = _workbook(dice)
    if dice.random() < 0.5:
        return _damaged(good, dice, good), _XLSX
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    name = dice.choice(sorted(files))
    files[name] = _damaged(files[name], dice, files[dice.choice(sorted(files))])
    return zip_bytes(files), _XLSX


@_recipe("mapped", weight=12)
def _poslog_damaged(dice: Dice) -> tuple[bytes, str]:
    good = _poslog(dice)
    return _damaged(good, dice, good), _XML


@_recipe("mapped", weight=12)
def _sqlite_damaged(dice: Dice) -> tuple[bytes, str]:
    good = _database(dice)
    return _damaged(good, dice, good), _DB


@_recipe("mapped", weight=4)
def _another_format(dice: Dice) -> tuple[bytes, str]:
    content = dice.choice((_workbook, _poslog, _database))(dice)
    return content, dice.choice((_JSONL, _XLSX, _XML, _DB, "2026-03-02/x.nested"))


# ---- JSON lines ---------------------------------------------------------------------------------


@_recipe("mapped", weight=6)
def _jsonl_values_odd(dice: Dice) -> tuple[bytes, str]:
    rows: list[dict[str, object]] = [dict(row) for row in _good(dice)]
    odd: tuple[object, ...] = (
        *_GARBAGE,
        *_NUMBERS,
        *_TIMES,
        1e300,
        -0.0,
        2**70,
        True,
        None,
        [],
        {},
        [[1]],
        {"a": "b"},
    )
    for row in dice.sample(rows, 10):
        row[dice.choice(_NAMES)] = dice.choice(odd)
    return jsonl_bytes(rows), _JSONL


@_recipe("mapped", weight=6)
def _jsonl_lines_odd(dice: Dice) -> tuple[bytes, str]:
    deep = dice.choice((100, 100_000))
    good = jsonl_bytes(_good(dice)).splitlines()
    odd = (
        *(
            b"[" * deep,
            b'{"sku":' * deep,
            b'{"sku":"\\ud800"}',
            b'{"sku":"\\u0000"}',
            b"null",
            b"1",
        ),
        *(
            b'{"sku":1,"sku":2}',
            b'{"sku":NaN}',
            b'{"amount":' + b"9" * 5000 + b"}",
            b'{"a":1}{"a":2}',
        ),
        *(b"\xff\xfe", b"{}", b'{"":""}', b'{"sku":1e999999999}', b'{"sku":-}', b"\0" * 100),
    )
    for at in dice.sample(range(len(good)), 10):
        good[at] = dice.choice(odd)
    return b"\n".join(good), _JSONL


@_recipe("mapped", weight=_HEAVY)
def _jsonl_of_many_names(dice: Dice) -> tuple[bytes, str]:
    return b"".join(b'{"n%d": %d}\n' % (n, n) for n in range(dice.choice((9_000, 200_000)))), _JSONL


@_recipe("mapped", weight=_HEAVY)
def _jsonl_line_of_100_mb(dice: Dice) -> tuple[bytes, str]:
    filling = dice.choice((b"x", b"\\u0041", b"["))
    line = b'{"sku": "' + filling * (100_000_000 // len(filling)) + b'"}\n'
    return line + jsonl_bytes(_good(dice)), _JSONL


@_recipe("mapped", weight=_HEAVY)
def _jsonl_bomb(dice: Dice) -> tuple[bytes, str]:
    return _gigabyte(b"", dice.choice((b"{}\n", b"[", b'"', b'{"sku":1}\n', b"\n"))), f"{_JSONL}.gz"


@_recipe("mapped", weight=3)
def _nested_odd(dice: Dice) -> tuple[bytes, str]:
    row = _good(dice)[0]
    items: object = dice.choice(
        ([{"sku": "a"}] * 50_000, [[]], [1, "x", None], {"sku": 1}, "x", None, [])
    )
    large = "x" * dice.choice((1, 100_000))
    line = json.dumps({**row, "till": {"store": "S1", "large": large}, "items": items})
    return f"{line}\n".encode() * 3, "2026-03-02/x.nested"


# ---- Workbooks ----------------------------------------------------------------------------------


@_recipe("mapped", weight=3)
def _xlsx_values_odd(dice: Dice) -> tuple[bytes, str]:
    rows: list[list[str | float | tuple[float, int]]] = [list(r.values()) for r in _good(dice)]
    odd = (*_NUMBERS, *_TIMES, 1e300, -1.0, (1e10, 2), (-1.0, 1), (2958466.0, 2), (0.5, 2), (60, 1))
    for row in dice.sample(rows, 10):
        row[dice.randrange(len(row))] = dice.choice(odd)
    return xlsx_bytes({"x": [_NAMES, *rows]}), _XLSX


@_recipe("mapped", weight=3)
def _xlsx_members_odd(dice: Dice) -> tuple[bytes, str]:
    with zipfile.ZipFile(io.BytesIO(_workbook(dice))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    bomb = b'<!DOCTYPE a [<!ENTITY a "xxxxxxxxxx">' + b"".join(
        b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
    )
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    match dice.randrange(6):
        case 0:
            files[sheet] = bomb + b"]>" + files[sheet].replace(b"S1", b"&j;")
        case 1:
            files[sheet] = files[sheet].replace(b"</sheetData>", far)
        case 2:
            files[sheet] = b"<worksheet>" + b"<a>" * 200_000
        case 3:
            del files[dice.choice(sorted(files))]
        case 4:
            files["../../x"] = files["/etc/x"] = b"x"
        case 5:
            files[sheet] = files[sheet].decode().encode("utf-16")
    return zip_bytes(files), _XLSX


@_recipe("mapped", weight=_HEAVY)
def _xlsx_bomb(dice: Dice) -> tuple[bytes, str]:
    with zipfile.ZipFile(io.BytesIO(_workbook(dice))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    name = dice.choice(("xl/sharedStrings.xml", "xl/worksheets/sheet1.xml", "other.bin"))
    filling = dice.choice((b"\0", b"<c/>", b"<si><t>x</t></si>"))
    files[name] = files.get(name, b"") + filling * (600_000_000 // len(filling))
    content = zip_bytes(files)
    if dice.random() < 0.5:  # it claims to be small
        size = len(files[name]).to_bytes(4, "little")
        content = content.replace(size, (100).to_bytes(4, "little"))
    return content, _XLSX


# ---- POSLogs ------------------------------------------------------------------------------------


@_recipe("mapped", weight=4)
def _poslog_with_entities(dice: Dice) -> tuple[bytes, str]:
    doubled = b"".join(b'<!ENTITY e%d "&e%d;&e%d;">' % (n + 1, n, n) for n in range(40))
    kinds = (
        b'<!DOCTYPE POSLog [<!ENTITY e0 "x">' + doubled + b"]>",
        b'<!DOCTYPE POSLog [<!ENTITY e0 "' + b"x" * 100_000 + b'">]>',
        b'<!DOCTYPE POSLog [<!ENTITY e0 SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE POSLog [<!ENTITY % e0 SYSTEM "http://127.0.0.1/x"> %e0;]>',
        b'<!DOCTYPE POSLog SYSTEM "http://127.0.0.1/x.dtd">',
        b"",
    )
    body = _poslog(dice).replace(b"S1", b"&e0;&e40;" * dice.choice((1, 1000)))
    return dice.choice(kinds) + body, _XML


@_recipe("mapped", weight=4)
def _poslog_odd(dice: Dice) -> tuple[bytes, str]:
    transaction = poslog_transaction(_good(dice)[0])
    odd = (
        "<POSLog>" + "<Transaction>" * 100_000,
        "<POSLog>" + "<a b='1'>" * 100_000,
        poslog_bytes(*["<Transaction/>"] * 50_000).decode(),
        poslog_bytes(
            transaction.replace("<LineItem>", "<LineItem/>" * 50_000 + "<LineItem>")
        ).decode(),
        poslog_bytes(
            transaction.replace("<Sale>", "<Sale " + "a='1' ".join("bcdefgh") + ">")
        ).decode(),
        poslog_bytes(transaction.replace("S1", "<![CDATA[S1]]><!-- x --><?php x?>")).decode(),
        poslog_bytes(transaction.replace("S1", "x" * 1_000_000)).decode(),
        poslog_bytes(*(f"<a{n}/>" for n in range(50_000))).decode(),
        poslog_bytes(transaction.replace("<LineItem>", "<LineItem VoidFlag='true'>") * 50).decode(),
        "<?xml version='1.0' encoding='nonsense'?>" + poslog_bytes(transaction).decode(),
        "<?xml version='1.1'?>" + poslog_bytes(transaction).decode(),
        poslog_bytes(transaction).decode() * 2,
    )
    encoding = dice.choice(("utf-8", "utf-8", "utf-16", "utf-32", "cp037"))
    return dice.choice(odd).encode(encoding), _XML


@_recipe("mapped", weight=_HEAVY)
def _poslog_large(dice: Dice) -> tuple[bytes, str]:
    transaction = poslog_transaction(_good(dice)[0])
    return dice.choice(
        (
            b"<POSLog><Transaction a='" + b"x" * 100_000_000,
            b"<POSLog><Transaction><StoreID>" + b"x" * 100_000_000,
            poslog_bytes(transaction.replace("<LineItem>", "<LineItem/>" * 3_000_000)),
            poslog_bytes(
                transaction.replace("S1", "x" * 4000).replace(
                    "<LineItem>", "<LineItem/>" * 90_000 + "<LineItem>"
                )
            ),
        )
    ), _XML


# ---- SQLite files -------------------------------------------------------------------------------


@_recipe("mapped", weight=6)
def _sqlite_odd(dice: Dice) -> tuple[bytes, str]:
    view = "DROP TABLE lines", "CREATE VIEW lines AS SELECT "
    names = ", ".join(f"'x' AS {name}" for name in _NAMES)
    odd = (
        (*view[:1], f"{view[1]} {names}, load_extension('x') AS y"),
        (*view[:1], f"{view[1]} {names}, readfile('/etc/passwd') AS y"),
        (*view[:1], f"{view[1]} {names.replace(chr(39) + 'x' + chr(39), 'zeroblob(900000000)')}"),
        (*view[:1], f"{view[1]} {names} FROM lines"),
        ("UPDATE lines SET sku = x'fffe00', amount = 1e300, quantity = -9223372036854775808",),
        ("UPDATE lines SET sku = ''';DROP TABLE lines;--', category = zeroblob(100000)",),
        ('CREATE TABLE "odd "" name" (x)', "DROP TABLE lines"),
        ("ALTER TABLE lines ADD COLUMN total GENERATED ALWAYS AS (amount * 2)",),
        ("CREATE TABLE more (a, b, c)", "PRAGMA user_version = -1", "PRAGMA application_id = 7"),
    )
    return _database(dice, *dice.choice(odd)), _DB


@_recipe("mapped", weight=_HEAVY)
def _sqlite_without_end(dice: Dice) -> tuple[bytes, str]:
    names = ", ".join(f"hex(zeroblob(500)) AS {name}" for name in _NAMES)
    where = dice.choice(("", " WHERE i < 0"))
    return _database(
        dice, "DROP TABLE lines", f"CREATE VIEW lines AS {_ENDLESS} {names} FROM n{where}"
    ), _DB
