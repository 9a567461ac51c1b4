"""The format of a stored table: a number in its files' metadata, raised when its columns change.

A file of another format is refused: a later one needs a later program, and a day in an earlier
one is audited again. Only the log of decisions cannot be made again: whoever changes DECISION_LOG
must keep its earlier formats readable.
"""

import pyarrow as pa

from auditor.errors import ContractError

#: The key of a Parquet file's metadata that holds its format, a whole number as text.
FORMAT_KEY = b"auditor.format"


def check_format(table: str, written: pa.Schema, *, version: int, origin: str) -> None:
    """Check that a file is in the format in which this program writes the table.

    Args:
        table: name of the table's schema.
        written: the file's own schema with its metadata.
        version: the format of this program.
        origin: names the file in errors.

    Raises:
        ContractError: the file is in another format, or does not state one.
    """
    stated = (written.metadata or {}).get(FORMAT_KEY)
    if stated is None or not stated.isdigit():
        raise ContractError(f"{origin}: its format is {stated!r}, not a number: restore the file")
    found = int(stated)
    if found == version:
        return
    remedy = (
        "upgrade the program to the version that wrote it, or a later one"
        if found > version
        else "audit its day again"
    )
    raise ContractError(
        f"{origin}: written in format {found} of the table {table}, and this program reads"
        f" format {version}: {remedy}"
    )
