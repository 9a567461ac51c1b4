"""The format of a stored table: a number in its files' metadata, raised when its columns change.

A file of another format is refused: one of a later format needs a later program, and a day in an
earlier one is audited again. Only the log of decisions cannot be made again: whoever changes
DECISION_LOG has to keep its earlier formats readable.
"""

import pyarrow as pa

from auditor.errors import ContractError

#: Under this key a Parquet file's metadata holds its format, a whole number as text.
KEY = b"auditor.format"


def check_format(table: str, written: pa.Schema, *, version: int, origin: str) -> None:
    """Check that a file is in the format in which this program writes the table.

    Args:
        table: name of the table's schema.
        written: the file's own schema with its metadata.
        version: the format of this program.
        origin: names the file in errors.

    Raises:
        ContractError: it is in another format, or says nothing of its format.
    """
    found = (written.metadata or {}).get(KEY)
    if found is None or not found.isdigit():
        raise ContractError(f"{origin}: its format is {found!r}, not a number: restore the file")
    if int(found) > version:
        raise ContractError(
            f"{origin}: written in format {int(found)} of the table {table}, and this program reads"
            f" format {version}: upgrade the program to the version that wrote it, or a later one"
        )
    if int(found) < version:
        raise ContractError(
            f"{origin}: written in format {int(found)} of the table {table}, and this program reads"
            f" format {version}: audit its day again"
        )
