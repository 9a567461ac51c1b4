"""Hostile inputs, told by a seed and a number: what somebody might put where the audit reads.

Some are written by hand, with what varies drawn by the dice; the others are good files damaged:
bits flipped, pieces cut out, doubled, zeroed, put elsewhere, or taken from another file.
"""

import functools
import gzip
import io
import random
import re
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from auditor.tables import SNAPSHOT_INDEX, TILL_LINES, Schema
from tests.support.extra_frames import encoded, tiff, with_size
from tests.support.samples import csv_bytes, header, texts

Dice = random.Random

_GARBAGE = ("\ufeff", "\0", "\x1b[2J", "\u202e", "😀", "'; DROP TABLE sales; --", "=cmd|'/c'!A1")
_TIMES = (
    *("0000-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999999Z"),
    *("2026-02-30T12:00:00", "2026-03-02T24:00:00", "2026-03-02T12:00:60Z", "2026-W10-1", "now"),
    *("-2026-03-02T12:00:00Z", "2026-03-02T12:00:00+99:99", "1772452800", "２０２６-03-02T12:00"),
    *("2026-03-02T12:00:00." + "9" * 40, "10000-01-01T00:00:00Z", "2026-03-02T12:00:00 Europe/X"),
)
_NUMBERS = (
    *("NaN", "inf", "-Infinity", "1e309", "1e-400", "0x10", "9" * 400, "-" + "9" * 38, "1,000.00"),
    *("١٢", "1_000", "--1", ".", "+", "1.", "0." + "0" * 500 + "1", "1e5", "½", "∞"),
)
_PATHS = (
    *("../../../etc/passwd", "/etc/passwd", "frames/../../x.jpg", "..", ".", "", "~/.ssh/id_rsa"),
    *("http://127.0.0.1/x.jpg", "s3://other/x.jpg", "file:///etc/passwd", "C:\\x.jpg", "//host/x"),
    *("frames\\..\\x.jpg", "frames/\0.jpg", "a" * 300 + ".jpg", "/".join("a" * 600), "frames/"),
    *("frames/%2e%2e/x.jpg", "frames/x.jpg?versionId=1", "frames/*", "[a-z].jpg", "simplecache::x"),
    *("link-out.jpg", "link-loop.jpg", "pipe.jpg", "folder.jpg", "link-folder/x.jpg", "nul.jpg"),
)


@dataclass
class Input:
    """One input: a file of a kind, and what it is called.

    Attributes:
        reader: what it is for: ``sales``, ``index``, ``frame``, ``extra_frame`` or ``policy``.
        name: of the recipe.
        content: of the file.
        path: of the file, below the folder that the reader looks in.
        paths: of frames that an index names, for a frame that is not there to be read as a file.
    """

    reader: str
    name: str
    content: bytes
    path: str = ""
    paths: tuple[str, ...] = field(default_factory=tuple)


_Recipe = Callable[[Dice], Input]
_Make = Callable[..., Any]
_RECIPES: dict[str, list[tuple[float, _Recipe]]] = {}

_HEAVY = 0.25  # the weight of what takes seconds


def hostile(seed: int, number: int) -> Input:
    """The input of a number: the same whenever it is asked for."""
    dice, _, recipe = _drawn(seed, number)
    return recipe(dice)


def name(seed: int, number: int) -> str:
    """The name of an input's recipe, without making it."""
    return _drawn(seed, number)[2].__name__


def is_heavy(seed: int, number: int) -> bool:
    """Whether an input takes seconds to make or to read."""
    return _drawn(seed, number)[1] == _HEAVY


def _drawn(seed: int, number: int) -> tuple[Dice, float, _Recipe]:
    dice = Dice(f"{seed}-{number}")
    readers = sorted(_RECIPES)
    recipes = _RECIPES[readers[number % len(readers)]]
    # First each recipe in turn, then by weight.
    turn = number // len(readers)
    if turn < len(recipes):
        return dice, *recipes[turn]
    ((weight, recipe),) = dice.choices(recipes, [weight for weight, _ in recipes])
    return dice, weight, recipe


def _recipe(*readers: str, weight: float = 1) -> Callable[[_Make], _Make]:
    """Register a recipe: from the dice (and the schema, for tables) to the content."""

    def register(make: _Make) -> _Make:
        for reader in readers:

            def made(dice: Dice, reader: str = reader) -> Input:
                given = (dice, _SCHEMAS[reader]) if reader in _SCHEMAS else (dice,)
                found = make(*given)
                content, path = found if isinstance(found, tuple) else (found, "")
                suffix = {"policy": ".toml"}.get(reader, ".jpg" if "frame" in reader else ".csv")
                parquet = content[:4] == b"PAR1" or "parquet" in make.__name__
                path = path or f"2026-03-02/x{'.parquet' if parquet else suffix}"
                return Input(reader, made.__name__, content, path)

            made.__name__ = make.__name__.strip("_")
            _RECIPES.setdefault(reader, []).append((weight, made))
        return make

    return register


_SCHEMAS = {"sales": TILL_LINES, "index": SNAPSHOT_INDEX}
_TABLES = ("sales", "index")


# ---- Good files, to be damaged ------------------------------------------------------------------


def _rows(schema: Schema, dice: Dice, count: int) -> list[dict[str, str]]:
    rows = []
    for number in range(count):
        own = {"transaction_id": f"T{number}", "store_id": dice.choice(("S1", "S2"))}
        if schema is SNAPSHOT_INDEX:
            own |= {"snapshot_id": f"F{number}", "path": f"frames/{number}.jpg"}
        rows.append(texts(schema, **own))
    return rows


def _good_csv(dice: Dice, schema: Schema, count: int = 40) -> bytes:
    return csv_bytes(_rows(schema, dice, count), header(schema))


def _good_parquet(dice: Dice, schema: Schema, count: int = 40) -> bytes:
    table = pa.Table.from_pylist(_rows(schema, dice, count))
    buffer = io.BytesIO()
    pq.write_table(
        table,
        buffer,
        compression=dice.choice(("none", "snappy", "zstd", "gzip", "brotli", "lz4")),
        use_dictionary=dice.random() < 0.5,
        data_page_version=dice.choice(("1.0", "2.0")),
        row_group_size=dice.choice((7, 1000)),
        write_page_checksum=dice.random() < 0.3,
    )
    return buffer.getvalue()


@functools.cache
def _pixels(width: int, height: int) -> Any:
    across, down = np.meshgrid(np.arange(width) % 256, np.arange(height) % 256)
    return np.stack([across, down, (across + down) % 256], axis=2).astype(np.uint8)


def _good_frame(dice: Dice, form: str | None = None) -> bytes:
    picture = Image.fromarray(_pixels(dice.choice((64, 320)), dice.choice((48, 240))))
    form = form or dice.choice(("JPEG", "JPEG", "PNG", "WEBP", "BMP"))
    picture = picture.convert(dice.choice(("RGB", "L", "CMYK") if form == "JPEG" else ("RGB", "P")))
    buffer = io.BytesIO()
    progressive = {"progressive": dice.random() < 0.5, "quality": 80} if form == "JPEG" else {}
    picture.save(buffer, form, **progressive)
    return buffer.getvalue()


_GOOD_POLICY = b"""
[chain]
name = "Corner & Sons"
[stores.S1]
name = "High Street"
[stores.S2]
[insights]
enabled = false
age_groups = [18, 25, 35]
[[policy]]
effective_from = 2026-01-01
legal_age = 18
challenge_age = 25
counting_checks = ["id_scanned"]
match_tolerance_seconds = 30.0
time_zone = "Europe/London"
sentinel_birth_dates = [1970-01-01]
[[policy.override]]
stores = ["S2"]
challenge_age = 30
"""


def _damaged(content: bytes, dice: Dice, other: bytes = b"") -> bytes:
    """Some damages, one after the other."""
    found = bytearray(content)
    for _ in range(dice.choice((1, 1, 2, 4, 16))):
        size = len(found)
        if not size:
            break
        at, length = dice.randrange(size), dice.choice((1, 2, 4, 16, 256, size))
        piece = bytes(found[at : at + length])
        match dice.randrange(8):
            case 0:
                found[at] ^= 1 << dice.randrange(8)
            case 1:
                del found[at:]
            case 2:
                del found[at : at + length]
            case 3:
                found[at : at + length] = bytes(len(piece))
            case 4:
                found[at:at] = piece * dice.choice((1, 3, 50))
            case 5:
                found[at : at + 4] = dice.choice(
                    (b"\xff" * 4, b"\x00\x00\x00\x80", b"\x7f\xff\xff\xff")
                )
            case 6:
                found[at : at + length] = dice.randbytes(len(piece))
            case 7 if other:
                start = dice.randrange(len(other))
                found[at:] = other[start:]
    return bytes(found)


@_recipe(*_TABLES, weight=12)
def _csv_damaged(dice: Dice, schema: Schema) -> bytes:
    return _damaged(_good_csv(dice, schema), dice, _good_csv(dice, schema))


@_recipe(*_TABLES, weight=24)
def _parquet_damaged(dice: Dice, schema: Schema) -> bytes:
    return _damaged(_good_parquet(dice, schema), dice, _good_parquet(dice, schema))


@_recipe(*_TABLES, weight=12)
def _parquet_footer_damaged(dice: Dice, schema: Schema) -> bytes:
    """Its marks and the length of its footer are right, so that the footer is read."""
    good = _good_parquet(dice, schema)
    length = struct.unpack("<I", good[-8:-4])[0]
    footer = _damaged(good[-8 - length : -8], dice)
    return good[: -8 - length] + footer + struct.pack("<I", len(footer)) + b"PAR1"


@_recipe(*_TABLES, weight=6)
def _gzip_damaged(dice: Dice, schema: Schema) -> tuple[bytes, str]:
    return _damaged(gzip.compress(_good_csv(dice, schema), mtime=0), dice), "2026-03-02/x.csv.gz"


@_recipe("frame", weight=60)
def _frame_damaged(dice: Dice) -> bytes:
    return _damaged(_good_frame(dice), dice, _good_frame(dice))


@_recipe("frame", weight=15)
def _frame_head_damaged(dice: Dice) -> bytes:
    good = _good_frame(dice)
    return _damaged(good[:200], dice) + good[200:]


@_recipe("policy", weight=40)
def _policy_damaged(dice: Dice) -> bytes:
    return _damaged(_GOOD_POLICY, dice, _GOOD_POLICY)


# ---- Tables: what stands in cells ---------------------------------------------------------------


def _with_cells(
    schema: Schema, dice: Dice, cells: Sequence[str], name: str, count: int = 10
) -> bytes:
    rows = _rows(schema, dice, 40)
    for row in dice.sample(rows, count):
        row[name] = dice.choice(cells)
    return csv_bytes(rows, header(schema))


@_recipe(*_TABLES, weight=3)
def _times(dice: Dice, schema: Schema) -> bytes:
    name = "sold_at" if schema is TILL_LINES else "captured_at"
    return _with_cells(schema, dice, _TIMES, name)


@_recipe("sales", weight=3)
def _numbers(dice: Dice, schema: Schema) -> bytes:
    return _with_cells(schema, dice, _NUMBERS, dice.choice(("quantity", "amount", "birth_date")))


@_recipe("index", weight=6)
def _paths(dice: Dice, schema: Schema) -> bytes:
    return _with_cells(schema, dice, _PATHS, "path")


@_recipe(*_TABLES, weight=3)
def _odd_text(dice: Dice, schema: Schema) -> bytes:
    names = [n for n in header(schema) if not n.endswith("_at")]
    odd = [*_GARBAGE, "x" * 100_000, "\n" * 300, '"' * 7, "\udcff\udcfe", "A\u0300" * 200]
    return _with_cells(schema, dice, odd, dice.choice(names))


@_recipe(*_TABLES, weight=_HEAVY)
def _cell_of_10_mb(dice: Dice, schema: Schema) -> bytes:
    return _with_cells(schema, dice, ["x" * 10_000_000], dice.choice(header(schema)), count=1)


@_recipe(*_TABLES, weight=_HEAVY)
def _every_cell_bad(dice: Dice, schema: Schema) -> bytes:
    row = ",".join(dice.choice(("\x01", "\x02" * 3, "\x03x")) for _ in header(schema))
    return f"{','.join(header(schema))}\n".encode() + f"{row}\n".encode() * 60_000


@_recipe(*_TABLES, weight=_HEAVY)
def _quotation_never_closed(dice: Dice, schema: Schema) -> bytes:
    good = _good_csv(dice, schema)
    at = dice.randrange(len(good))
    return good[:at] + b'"' + good[at:] * dice.choice((1, 3000))


@_recipe(*_TABLES)
def _ragged(dice: Dice, schema: Schema) -> bytes:
    lines = _good_csv(dice, schema).split(b"\n")
    return b"\n".join(line + b"," * dice.choice((0, 0, 1, 5000)) for line in lines)


@_recipe(*_TABLES, weight=_HEAVY)
def _columns_odd(dice: Dice, schema: Schema) -> bytes:
    names = header(schema)
    head = dice.choice(
        (
            [*names, *names],
            [*names, *(f"c{n}" for n in range(20_000))],
            [n.upper() for n in names],
            names[:1],
            [f" {n}\0" for n in names],
            ["", *names],
        )
    )
    return ",".join(head).encode() + b"\n" + b"\n".join([b"x," * (len(head) - 1) + b"x"] * 20)


@_recipe(*_TABLES, weight=_HEAVY)
def _blank_lines(dice: Dice, schema: Schema) -> bytes:
    return _good_csv(dice, schema, 2) + dice.choice((b"\n", b"\r", b"\r\n", b" \n")) * 2_000_000


# ---- Tables: encodings and packing --------------------------------------------------------------


@_recipe(*_TABLES, weight=4)
def _encoding(dice: Dice, schema: Schema) -> bytes:
    text = _good_csv(dice, schema).decode().replace("wine", "Rosé")
    name = dice.choice(
        ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252", "utf-7", "cp037")
    )
    return dice.choice((b"", b"\xef\xbb\xbf", b"\xff\xfe")) + text.encode(name)


@_recipe(*_TABLES, weight=2)
def _no_text(dice: Dice, schema: Schema) -> bytes:
    head = ",".join(header(schema)).encode() + b"\n"
    noise = dice.choice((b"\0" * 100_000, dice.randbytes(100_000), b"\xff" * 100_000, b""))
    return dice.choice((head, b"")) + noise


@_recipe(*_TABLES, "frame", "policy")
def _nothing(*_: Any) -> bytes:
    return b""


@_recipe(*_TABLES, "frame", "policy", weight=2)
def _something_else(dice: Dice, *_: Any) -> bytes:
    return dice.choice(
        (b"%PDF-1.7\n%", b"PK\x03\x04" + bytes(60), b"\x7fELF" + bytes(60), b"GIF89a" + bytes(20),
         b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"{}", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff",
         b"PAR1", b"PAR1PAR1", b"PAR1" + b"\xff" * 4 + b"PAR1", b"\x1f\x8b", b"\x00", b"\n")
    )  # fmt: skip


def _gigabyte(head: bytes, filling: bytes) -> bytes:
    """A gigabyte of what is filled in, in a megabyte: gzip's members add up."""
    block = filling * (2**24 // len(filling))
    return gzip.compress(head, mtime=0) + gzip.compress(block, mtime=0) * 64


@_recipe(*_TABLES, weight=_HEAVY)
def _gzip_bomb(dice: Dice, schema: Schema) -> tuple[bytes, str]:
    head = ",".join(header(schema)).encode() + b"\n"
    return _gigabyte(head, dice.choice((b"\n", b"x", b"x,", b'"', b"\0"))), "2026-03-02/x.csv.gz"


@_recipe(*_TABLES)
def _gzip_in_gzip_in_gzip(dice: Dice, schema: Schema) -> tuple[bytes, str]:
    content = _good_csv(dice, schema)
    for _ in range(3):
        content = gzip.compress(content, mtime=0)
    return content, "2026-03-02/x.csv.gz"


@_recipe(*_TABLES, weight=_HEAVY)
def _gzip_around_a_parquet_bomb(dice: Dice, schema: Schema) -> tuple[bytes, str]:
    """Its first bytes are Parquet's, so that it is unpacked as a whole to be looked at."""
    return _gigabyte(_good_parquet(dice, schema)[:4], b"\0"), "2026-03-02/x.parquet.csv.gz"


@_recipe(*_TABLES, weight=2)
def _name_odd(dice: Dice, schema: Schema) -> tuple[bytes, str]:
    names = ("2026-03-02/x\udcff.csv", "2026-03-02/x\n.csv", "2026-03-02/<script>.csv", "x y.csv",
             "2026-03-02/x.CSV.GZ", "store=S1/20260302.csv", "store=../2026-03-02.csv",
             "a" * 240 + ".csv",
             "0000-00-00/x.csv", "2026-03-02/\u202evsc.csv", "2026-03-02/'.csv",
             "2026-03-02/$(x).csv",
             "store=S1/store=S2/x.csv", "/".join("d" * 60) + "/x.csv")  # fmt: skip
    return _good_csv(dice, schema), dice.choice(names)


# ---- Parquet that is none, or claims much -------------------------------------------------------


def _parquet_of(columns: dict[str, Any], **options: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, **options)
    return buffer.getvalue()


_ODD_COLUMNS: tuple[Callable[[int], Any], ...] = (
    lambda n: pa.array([[{"a": 1}]] * n),
    lambda n: pa.array([{"a": "b"}] * n),
    lambda n: pa.array([None] * n, pa.null()),
    lambda n: pa.array(["x"] * n).dictionary_encode(),
    lambda n: pa.array([float("nan"), float("inf")] * (n // 2)),
    lambda n: pa.array([2**63 - 1, -(2**63)] * (n // 2)),
    lambda n: pa.array([2**64 - 1] * n, pa.uint64()),
    lambda n: pa.array([b"\xff\xfe\0"] * n),
    lambda n: pa.array([-(2**63) + 1, 2**63 - 1] * (n // 2), pa.timestamp("ns")),
    lambda n: pa.array([-(2**52), 2**52] * (n // 2), pa.timestamp("s")),
    lambda n: pa.array([-(2**62), 2**62] * (n // 2), pa.timestamp("ms", "Europe/London")),
    lambda n: pa.array([2**31 - 1, -(2**31)] * (n // 2), pa.date32()),
    lambda n: pa.array([date.max, date.min] * (n // 2)),
    lambda n: pa.array([1, 2] * (n // 2), pa.time64("ns")),
    lambda n: pa.array([1, 2] * (n // 2), pa.duration("ns")),
    lambda n: pa.array([Decimal("9" * 70)] * n, pa.decimal256(76, 4)),
    lambda n: pa.array([True, None] * (n // 2)),
    lambda n: pa.array([[("k", "v")]] * n, pa.map_(pa.string(), pa.string())),
    lambda n: pa.array(["x" * 1000] * n, pa.large_string()),
    lambda n: pa.array(["x"] * n, pa.string_view()),
    lambda n: pa.array([1.5] * n, pa.float16()),
    lambda n: pa.array([b"0123456789abcdef"] * n, pa.binary(16)),
    lambda n: pa.array([[1, 2]] * n, pa.list_(pa.int8(), 2)),
)


@_recipe(*_TABLES, weight=8)
def _parquet_types_odd(dice: Dice, schema: Schema) -> bytes:
    rows = _rows(schema, dice, 40)
    columns: dict[str, Any] = {n: [row[n] for row in rows] for n in header(schema)}
    for name in dice.sample(header(schema), dice.choice((1, 2, 5))):
        columns[name] = dice.choice(_ODD_COLUMNS)(40)
    return _parquet_of(columns)


@_recipe(*_TABLES)
def _parquet_nested_deep(dice: Dice, schema: Schema) -> bytes:
    kind = pa.int8()
    for _ in range(dice.choice((30, 200))):
        kind = pa.list_(kind)
    rows = _rows(schema, dice, 4)
    columns: dict[str, Any] = {n: [row[n] for row in rows] for n in header(schema)}
    columns[dice.choice(header(schema))] = pa.nulls(4, kind)
    return _parquet_of(columns)


def _varint(number: int) -> bytes:
    number <<= 1  # zigzag
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


@_recipe(*_TABLES, weight=2)
def _parquet_claims_billions_of_rows(dice: Dice, schema: Schema) -> bytes:
    """Its footer says so, of the file, its row groups or its columns."""
    rows = _rows(schema, dice, 1234)
    good = _parquet_of({n: [row[n] for row in rows] for n in header(schema)})
    length = struct.unpack("<I", good[-8:-4])[0]
    claimed = _varint(dice.choice((2**31 - 1, 2**33, 2**62)))
    parts = good[-8 - length : -8].split(_varint(1234))
    footer = parts[0]
    for part in parts[1:]:
        footer += dice.choice((claimed, claimed, _varint(1234))) + part
    return good[: -8 - length] + footer + struct.pack("<I", len(footer)) + b"PAR1"


@_recipe(*_TABLES, weight=_HEAVY)
def _parquet_run_length_bomb(dice: Dice, schema: Schema) -> bytes:
    """Ten million equal rows in some kilobytes."""
    row = texts(schema)
    if dice.random() < 0.5:
        row = dict.fromkeys(row, "\x01")
    size, sink = 500_000, io.BytesIO()
    group = pa.table(
        {
            name: pa.DictionaryArray.from_arrays(
                pa.array(np.zeros(size, np.int8)), pa.array([cell])
            )
            for name, cell in row.items()
        }
    )
    with pq.ParquetWriter(sink, group.schema, compression="zstd") as writer:
        for _ in range(20):
            writer.write_table(group)
    return sink.getvalue()


@_recipe(*_TABLES, weight=_HEAVY)
def _parquet_long_cell_bomb(dice: Dice, schema: Schema) -> bytes:
    """One cell of a megabyte, named by each of many rows, or many that are nearly the same."""
    row, sink = texts(schema), io.BytesIO()
    long = dice.choice(("cashier_id", "description", "sku") if schema is TILL_LINES else ("path",))
    repeats, knows_types = dice.random() < 0.7, dice.random() < 0.5

    def group(number: int) -> pa.Table:
        size = 2000 if repeats else 40
        same = pa.array(np.zeros(size, np.int8))
        cells = {name: pa.array([cell]) for name, cell in row.items()}
        cells[long] = pa.array(["x" * 1_000_000])
        columns = {n: pa.DictionaryArray.from_arrays(same, cell) for n, cell in cells.items()}
        if not repeats:
            columns[long] = pa.array([f"{'x' * 1_000_000}{number}-{at}" for at in range(size)])
        return pa.table(columns)

    first = group(0)
    options: dict[str, Any] = {"compression": "zstd", "store_schema": knows_types}
    with pq.ParquetWriter(sink, first.schema, **options) as writer:
        writer.write_table(first)
        for number in range(1, 10 if repeats else 60):
            writer.write_table(group(number))
    return sink.getvalue()


@_recipe(*_TABLES, weight=_HEAVY)
def _parquet_of_many_columns_or_groups(dice: Dice, schema: Schema) -> bytes:
    rows = _rows(schema, dice, 300)
    columns: dict[str, Any] = {n: [row[n] for row in rows] for n in header(schema)}
    if dice.random() < 0.5:
        return _parquet_of(columns, row_group_size=1)
    return _parquet_of({**columns, **{f"c{n}": [None] * 300 for n in range(2000)}})


# ---- Frames -------------------------------------------------------------------------------------


def _png(width: int, height: int, body: bytes, depth: int = 8, colour: int = 2) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@_recipe("frame", weight=6)
def _png_of_a_claimed_size(dice: Dice) -> bytes:
    sides = (0, 1, 7, 9_999, 10_000, 12_000, 65_535, 10**6, 2**31 - 1, 2**32 - 1)
    depth, colour = dice.choice(((8, 2), (16, 6), (1, 0), (8, 3), (16, 0), (3, 5)))
    return _png(dice.choice(sides), dice.choice(sides), zlib.compress(bytes(1000)), depth, colour)


@_recipe("frame", weight=_HEAVY)
def _png_of_100_megapixels(dice: Dice) -> bytes:
    """A picture of as many pixels as are allowed, in some kilobytes."""
    width, height = dice.choice(((10_000, 10_000), (100_000, 1_000), (1, 99_999_999)))
    packer = zlib.compressobj(9)
    line = bytes(1 + 3 * width)
    at_once = max(1, 2**20 // len(line))
    packed = [packer.compress(line * at_once) for _ in range(height // at_once)]
    return _png(width, height, b"".join([*packed, packer.flush()]))


@_recipe("frame", weight=_HEAVY)
def _png_with_a_text_bomb(dice: Dice) -> bytes:
    good = _good_frame(dice, "PNG")
    data = b"k\0\0" + zlib.compress(bytes(dice.choice((10**6, 2 * 10**8))))
    kind = dice.choice((b"zTXt", b"iCCP"))
    bomb = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return good[:33] + bomb + good[33:]


@_recipe("frame", weight=4)
def _jpeg_of_a_claimed_size(dice: Dice) -> bytes:
    good = bytearray(_good_frame(dice, "JPEG"))
    for marker in (b"\xff\xc0", b"\xff\xc2"):
        if (at := good.find(marker)) >= 0:
            sides = (0, 1, 9_999, 10_000, 65_535)
            good[at + 5 : at + 9] = struct.pack(">HH", dice.choice(sides), dice.choice(sides))
    return bytes(good)


@_recipe("frame", weight=_HEAVY)
def _jpeg_of_many_scans(dice: Dice) -> bytes:
    """A progressive picture whose scans come again and again: each is decoded over all pixels."""
    buffer = io.BytesIO()
    side = dice.choice((640, 4000))
    Image.fromarray(_pixels(side, side)).save(buffer, "JPEG", progressive=True, quality=10)
    good = buffer.getvalue()
    at = good.rfind(b"\xff\xda")
    return good[:at] + good[at:-2] * dice.choice((50, 400)) + b"\xff\xd9"


@_recipe("frame", weight=_HEAVY)
def _jpeg_with_padding(dice: Dice) -> bytes:
    padding = dice.choice((b"\xff", b"\0", b"\xff\xfe\0\x02", b"\xff\xd0")) * 3_000_000
    good = _good_frame(dice, "JPEG")
    return dice.choice((good[:2] + padding + good[2:], good + padding, good[:-2] + padding))


@_recipe("frame", weight=3)
def _jpeg_with_hostile_exif(dice: Dice) -> bytes:
    entries = struct.pack("<H", dice.choice((1, 65_535)))
    entries += b"".join(
        struct.pack("<HHII", 0x0112, dice.choice((3, 13, 255)), dice.choice((1, 2**32 - 1)), number)
        for number in range(dice.choice((1, 200)))
    )
    tiff = b"II*\0" + struct.pack("<I", dice.choice((8, 0, 4, 2**32 - 1))) + entries
    data = b"Exif\0\0" + tiff + struct.pack("<I", 8)
    good = _good_frame(dice, "JPEG")
    return good[:2] + b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data + good[2:]


@_recipe("frame", weight=_HEAVY)
def _png_of_many_chunks(dice: Dice) -> bytes:
    good = _good_frame(dice, "PNG")
    chunk = struct.pack(">I", 0) + b"tEXt" + struct.pack(">I", zlib.crc32(b"tEXt"))
    at = dice.choice((33, len(good) - 12))
    return good[:at] + chunk * 2_000_000 + good[at:]


@_recipe("frame")
def _other_pictures(dice: Dice) -> bytes:
    buffer = io.BytesIO()
    form = dice.choice(("GIF", "BMP", "TIFF", "WEBP", "ICO", "PPM", "EPS", "PDF"))
    Image.fromarray(_pixels(64, 48)).save(buffer, form)
    return buffer.getvalue()


@_recipe("frame")
def _animated_png(dice: Dice) -> bytes:
    buffer = io.BytesIO()
    pictures = [Image.fromarray(_pixels(64, 48) + k) for k in range(dice.choice((2, 30)))]
    pictures[0].save(buffer, "PNG", save_all=True, append_images=pictures[1:])
    return buffer.getvalue()


@_recipe("frame", weight=_HEAVY)
def _frame_of_extreme_shape(dice: Dice) -> bytes:
    buffer = io.BytesIO()
    shape = dice.choice(((1, 1), (1, 60_000), (60_000, 1), (2, 2), (3, 1000), (12_000, 8_000)))
    Image.new("RGB", shape).save(buffer, dice.choice(("JPEG", "PNG", "BMP")))
    return buffer.getvalue()


@_recipe("frame", weight=_HEAVY)
def _frame_of_too_many_bytes(dice: Dice) -> bytes:
    return _good_frame(dice) + bytes(70 << 20)


# ---- Frames of the formats that a policy may add -------------------------------------------------


@functools.cache
def _good_extra_frame(form: str, mode: str, large: bool) -> bytes:  # noqa: FBT001
    picture = Image.fromarray(_pixels(*((320, 240) if large else (64, 48)))).convert(mode)
    return encoded(picture, form)


def _any_extra_frame(dice: Dice) -> bytes:
    form = dice.choice(("HEIF", "HEIF", "AVIF", "TIFF"))
    return _good_extra_frame(form, dice.choice(("RGB", "L", "RGBA")), dice.random() < 0.5)


@_recipe("extra_frame", weight=40)
def _extra_frame_damaged(dice: Dice) -> bytes:
    return _damaged(_any_extra_frame(dice), dice, _any_extra_frame(dice))


@_recipe("extra_frame", weight=40)
def _extra_frame_head_damaged(dice: Dice) -> bytes:
    good = _any_extra_frame(dice)
    return _damaged(good[:600], dice) + good[600:]


@_recipe("extra_frame", weight=6)
def _extra_frame_of_a_claimed_size(dice: Dice) -> bytes:
    sides = (0, 1, 63, 320, 7_000, 10_000, 2**31 - 1, 2**32 - 1)
    width, height = dice.choice(sides), dice.choice(sides)
    if dice.random() < 0.3:
        return tiff(width, height)
    return with_size(
        _good_extra_frame(dice.choice(("HEIF", "AVIF")), "RGB", large=True), width, height
    )


@_recipe("extra_frame", weight=6)
def _tiff_of_hostile_tags(dice: Dice) -> bytes:
    tags = [
        (n, dice.randrange(20), dice.choice((0, 1, 2**32 - 1)), dice.randrange(2**32))
        for n in sorted(dice.sample(range(254, 340), dice.choice((3, 20))))
    ]
    sides = [(256, 3, 1, 64), (257, 3, 1, 48)]
    body = b"".join(struct.pack("<HHII", *tag) for tag in [*sides, *tags])
    count = len(tags) + 2 + dice.choice((0, 5, 60_000))
    offset = dice.choice((8, 8, 8, 0, 2**32 - 1))
    return b"II*\0" + struct.pack("<IH", offset, min(count, 65_535)) + body + bytes(200)


@_recipe("extra_frame")
def _tiff_whose_directory_is_its_own_next(dice: Dice) -> bytes:
    good = bytearray(tiff(dice.choice((1, 64)), 48))
    good[8 + 2 + 12 * 9 : 8 + 2 + 12 * 9 + 4] = struct.pack("<I", 8)
    return bytes(good)


@_recipe("extra_frame", weight=_HEAVY)
def _tiff_of_many_strips(dice: Dice) -> bytes:
    many = dice.choice((100_000, 1_000_000, 8_000_000))
    return tiff(1, many, strips=many)


@_recipe("extra_frame", weight=_HEAVY)
def _tiff_of_50_megapixels(dice: Dice) -> bytes:
    picture = Image.new(dice.choice(("RGB", "CMYK", "I;16", "F")), (7_000, 7_100))
    return encoded(picture, "TIFF", turned=dice.choice((1, 6)), compression="tiff_deflate")


@_recipe("extra_frame")
def _avif_of_many_pictures(dice: Dice) -> bytes:
    pictures = [Image.fromarray(_pixels(64, 48) + k) for k in range(dice.choice((2, 30)))]
    sequence = encoded(pictures[0], "AVIF", save_all=True, append_images=pictures[1:])
    # The encoder writes when it was: after version and flags, two times of 64 bits.
    return re.sub(rb"([mt][vkd]hd\x01.{3}).{16}", rb"\1" + bytes(16), sequence, flags=re.DOTALL)


# ---- Policies -----------------------------------------------------------------------------------


@_recipe("policy", weight=10)
def _policy_deep(dice: Dice) -> bytes:
    depth = dice.choice((10, 500, 5_000, 200_000))
    return dice.choice(
        (
            b"x = " + b"[" * depth + b"]" * depth,
            b"x = " + b"{a=" * depth + b"1" + b"}" * depth,
            b".".join([b"a"] * depth) + b" = 1",
            b"[" + b".".join([b"a"] * depth) + b"]",
            b"[stores.S1]\nname = " + b"[" * depth + b"]" * depth,
            b"[[policy]]\neffective_from = 2026-01-01\nalcohol_skus = "
            + b"[" * depth
            + b"]" * depth,
        )
    )


@_recipe("policy", weight=20)
def _policy_value_odd(dice: Dice) -> bytes:
    keys = ("legal_age", "challenge_age", "counting_checks", "alcohol_skus", "time_zone",
            "legal_age_by_category", "alcohol_free_names", "check_before_minutes",
            "currency",
            "match_tolerance_seconds", "min_face_px", "model", "runtime", "retention_days",
            "sentinel_birth_dates", "max_rejected_share", "frames_url", "override",
            "effective_from",
            "people_window_days", "control_sample", "smallest_count")  # fmt: skip
    values = ("1" * 5000, "-1", "nan", "inf", "-inf", "1e400", "0", "''", '"\\u0000"', "[]", "{}",
              "true", "0001-01-01", "9999-12-31", "[[[]]]", "'../../etc/passwd'", "'x' ", "1" * 400,
              "0x" + "f" * 300, "[1979-05-27]", "'" + "x" * 1_000_000 + "'", "07:32:00",
              "{a={b={}}}",
              "'Europe/../../etc/passwd'", "'http://x/ y'", "9223372036854775808")  # fmt: skip
    text = f"[[policy]]\neffective_from = 2026-01-01\n{dice.choice(keys)} = {dice.choice(values)}\n"
    return text.encode()


@_recipe("policy", weight=5)
def _policy_names_odd(dice: Dice) -> bytes:
    name = dice.choice(
        ("'../x'", "''", "'S1/..'", "'" + "x" * 100 + "'", "'a\u202e'", '"\\u0000"', "S1")
    )
    value = dice.choice(("{}", "{name=1}", "{name='x', other=2}", "1", "[]", "'x'"))
    return f"[stores]\n{name} = {value}\n[chain]\nname = {value}\n".encode()


@_recipe("policy", weight=4)
def _policy_encoded(dice: Dice) -> bytes:
    name = dice.choice(("utf-16", "utf-16-le", "utf-32", "cp037", "utf-8-sig"))
    return _GOOD_POLICY.decode().encode(name)


@_recipe("policy", weight=_HEAVY)
def _policy_of_many_parts(dice: Dice) -> bytes:
    many = dice.choice((1_000, 5_000))
    return dice.choice(
        (
            "\n".join(f"[stores.S{n}]" for n in range(many)),
            "\n".join(
                f"[[policy]]\neffective_from = {1000 + n % 9000:04}-{1 + n % 12:02}-{1 + n % 28:02}"
                for n in range(many)
            ),
            "[[policy]]\neffective_from = 2026-01-01\n"
            + "\n".join(f"[[policy.override]]\nstores = ['S{n}']" for n in range(many)),
        )
    ).encode()  # fmt: skip
