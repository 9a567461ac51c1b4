"""Looks for bytes in every file below a folder, whatever they are packed or written in."""

import base64
import gzip
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def holders(folder: Path, needle: bytes) -> list[str]:
    """The files that hold ``needle``: plainly, in hexadecimal or base64, or compressed."""
    forms = [needle, needle.hex().encode(), needle.hex().upper().encode()]
    for shift in range(3):  # base64 reads three bytes at a time, from wherever the file begins
        whole = base64.b64encode(needle[shift : shift + (len(needle) - shift) // 3 * 3])
        forms += [whole, whole.translate(bytes.maketrans(b"+/", b"-_"))]
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file()
        and any(form in content for content in _contents(path.read_bytes()) for form in forms)
    )


def _contents(content: bytes) -> Iterator[bytes]:
    """A file's bytes, and those of what is compressed in it."""
    yield content
    if content[:2] == b"\x1f\x8b":
        yield from _contents(gzip.decompress(content))
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield from _contents(archive.read(name))
    if content[:4] == b"PAR1":
        table = pq.read_table(io.BytesIO(content))
        for column in table.columns:
            for chunk in column.chunks:
                yield from _buffers(chunk)


def _buffers(array: pa.Array) -> Iterator[bytes]:
    for buffer in array.buffers():
        if buffer is not None:
            yield buffer.to_pybytes()
    if pa.types.is_dictionary(array.type):
        yield from _buffers(array.dictionary)
