"""Extracts of databases: the rows that a query of the mapping gives for a day, fetched once.

They are kept as Parquet in OUT, and every later step and backfill reads them there, so that the
same day gives the same result although the database goes on. Deleting an extract is how its day is
extracted again. The extra ``sql`` installs SQLAlchemy and the driver of PostgreSQL.
"""

import hashlib
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from auditor.errors import ConfigurationError, SourceError
from auditor.inputs.formats.rows import NotPlainError, plain, texts
from auditor.storage.layout import extract_path
from auditor.storage.place import Place

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

_ROWS_AT_ONCE = 10_000
_PIECE = 1 << 20
#: PostgreSQL's code of a write in a transaction that can only read.
_READ_ONLY = "25006"
_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
    "sqlite": "sqlite",
}


@dataclass(frozen=True, slots=True)
class Query:
    """A query and where it is asked.

    Attributes:
        text: one SELECT; ``:day`` in it stands for the business day.
        database: SQLAlchemy's URL of a PostgreSQL or SQLite database, without a password.
        password_env: the environment variable that holds the password.
        connection: instead of ``database``, the id of an Airflow connection, taken from the
            :func:`connection_variable` as Airflow writes it: a URI, or JSON.
    """

    text: str
    database: str | None = None
    password_env: str | None = None
    connection: str | None = None

    @property
    def name(self) -> str:
        """A name of the query and its database; another query has another."""
        parts = (self.text, self.database, self.connection)
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def extract(
    query: Query,
    day: date,
    out: Place,
    *,
    audited: date,
    environment: Mapping[str, str] = os.environ,
) -> str:
    """Fetch what a query gives for ``day``, unless that was done before; nothing is written there.

    Each audited day has extracts of its own, of its neighbours too: when it is audited, the day
    after it may not have ended. Once a neighbour is audited itself, that day's extract is taken.

    Returns:
        The path below ``out`` of a Parquet file whose columns are text.

    Raises:
        ConfigurationError: the address, the password or the query is wrong.
        SourceError: the database does not answer, or not with a table.
        StorageError: the extract cannot be written.
    """
    if out.exists(own := extract_path(day, query.name, day)):
        return own
    path = extract_path(audited, query.name, day)
    with out.lock(f"unfinished/.extract-{query.name}-{audited}.lock", wait=True):
        if not out.exists(path):
            _keep(query, day, out, path, environment, None)
    return path


def sample(
    query: Query,
    day: date,
    out: Place,
    most: int,
    *,
    environment: Mapping[str, str] = os.environ,
) -> tuple[str, bool]:
    """Fetch the first rows that a query gives for ``day``, at most ``most``, to look at them.

    Returns:
        The path below ``out`` of a file as :func:`extract` writes it, and whether the query has
        more rows than are in it.

    Raises:
        ConfigurationError: as of :func:`extract`, as the others.
    """
    path = extract_path(day, query.name, day)
    return path, _keep(query, day, out, path, environment, most)


def _keep(  # noqa: PLR0913, PLR0917  # what a query is asked with, and where its rows go
    query: Query,
    day: date,
    out: Place,
    path: str,
    environment: Mapping[str, str],
    most: int | None,
) -> bool:
    with tempfile.TemporaryFile() as file:
        has_more = _fetch(query, day, file, environment, most)
        file.seek(0)
        out.write(path, iter(lambda: file.read(_PIECE), b""))
    return has_more


def _fetch(
    query: Query, day: date, file: BinaryIO, environment: Mapping[str, str], most: int | None
) -> bool:
    """Write the rows, at most ``most``; whether there are more."""
    try:
        import sqlalchemy  # noqa: PLC0415  # an extra
    except ImportError:
        raise ConfigurationError(
            'format = "sql" needs the extra "sql": install auditor[sql]'
        ) from None
    statement = sqlalchemy.text(query.text)
    given = statement.compile().params
    if unknown := set(given) - {"day"}:
        raise ConfigurationError(f"query: the only parameter is :day, not :{min(unknown)}")
    if given:
        statement = statement.bindparams(sqlalchemy.bindparam("day", day, sqlalchemy.Date))
    try:
        with _engine(_address(query, environment)).connect() as connection:
            rows = _read_only(connection).execute(statement)
            if not rows.returns_rows:
                raise ConfigurationError("query: it gives no rows; write one SELECT")
            parts = _Rows(rows.partitions(_ROWS_AT_ONCE), most)
            _write(list(rows.keys()), parts, file)
            return parts.has_more
    except ImportError as error:
        raise ConfigurationError(f"{error}: install auditor[sql]") from error
    except sqlalchemy.exc.SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip()[:400]
        if _is_of_the_query(getattr(error, "orig", None)):
            raise ConfigurationError(
                f"the database refuses the query ({reason}); it may only read: correct query in "
                "the mapping's entry with format = \"sql\", or the rights of the database's user"
            ) from error
        raise SourceError(f"the query of the mapping failed ({reason}); run again") from error


def _is_of_the_query(error: BaseException | None) -> bool:
    """Whether a driver's error says that a query is wrong, or does more than read.

    PostgreSQL has classes of codes (appendix A of its manual): 42 for syntax and access rules, 0A
    for what cannot be asked so.
    """
    state = getattr(error, "sqlstate", None) or ""
    by_sqlite = getattr(error, "sqlite_errorname", "") in {"SQLITE_ERROR", "SQLITE_READONLY"}
    return by_sqlite or state.startswith(("42", "0A")) or state == _READ_ONLY


def _address(query: Query, environment: Mapping[str, str]) -> "URL":
    from sqlalchemy import make_url  # noqa: PLC0415  # an extra
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415  # an extra

    if query.connection is not None:
        return _airflow_connection(query.connection, environment)
    try:
        url = make_url(query.database or "")
    except ArgumentError:
        raise ConfigurationError(
            "database: no address such as postgresql+psycopg://reader@host/name"
        ) from None
    if url.password is not None or any("pass" in key.lower() for key in url.query):
        raise ConfigurationError(
            "database: its password stands in the mapping; take it out, and name the environment "
            "variable that holds it with password_env"
        )
    url = url.set(drivername=_driver(url.drivername))
    if query.password_env is None:
        return url
    if not (password := environment.get(query.password_env)):
        raise ConfigurationError(f"password_env: the variable {query.password_env} is not set")
    return url.set(password=password)


def connection_variable(name: str) -> str:
    """The environment variable in which an Airflow connection stands."""
    return f"AIRFLOW_CONN_{name.upper()}"


def _airflow_connection(name: str, environment: Mapping[str, str]) -> "URL":
    """The address in a connection that Airflow finds in the environment."""
    from sqlalchemy import URL  # noqa: PLC0415  # an extra

    variable = connection_variable(name)
    if not (text := environment.get(variable)):
        raise ConfigurationError(f"connection: the variable {variable} is not set")
    try:
        if text.lstrip().startswith("{"):
            given = json.loads(text)
        else:
            parts = urlsplit(text)
            given = {
                "conn_type": parts.scheme,
                "login": unquote(parts.username or "") or None,
                "password": unquote(parts.password or "") or None,
                "host": unquote(parts.hostname or "") or None,
                "port": parts.port,
                "schema": unquote(parts.path.removeprefix("/")),
                "extra": dict(parse_qsl(parts.query)),
            }
        driver = _driver(str(given["conn_type"]))
        if driver == "sqlite":  # Airflow's has its file as the host
            return URL.create(driver, database=given.get("schema") or given.get("host"))
        return URL.create(
            driver,
            given.get("login"),
            given.get("password"),
            given.get("host"),
            given.get("port") and int(given["port"]),
            given.get("schema"),
            _of_libpq(given.get("extra") or {}),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        # The value holds a password: neither it nor what was made of it is shown.
        raise ConfigurationError(
            f"connection: {variable} holds neither a URI nor JSON as Airflow writes it"
        ) from None


def _of_libpq(extra: Any) -> dict[str, str]:
    """Those of a connection's extras that say how to reach a PostgreSQL server."""
    values = extra if isinstance(extra, dict) else json.loads(extra)
    values = json.loads(values.get("__extra__", "{}")) | values  # as a URI may have them
    return {
        name: str(value)
        for name, value in values.items()
        if name == "connect_timeout" or name.startswith("ssl")
    }


def _driver(name: str) -> str:
    if name not in _DRIVERS:
        raise ConfigurationError(f"database: {name} is none of {', '.join(_DRIVERS)}")
    return _DRIVERS[name]


def _engine(url: "URL") -> "Engine":
    """An engine that keeps no connection open."""
    from sqlalchemy import create_engine  # noqa: PLC0415  # an extra
    from sqlalchemy.pool import NullPool  # noqa: PLC0415  # an extra

    if url.drivername != "sqlite":
        return create_engine(url, poolclass=NullPool)
    file = Path(url.database or "")
    if not file.is_file():
        raise SourceError(f"there is no database {file}")
    address = f"file:{quote(str(file.absolute()))}?mode=ro"
    return create_engine(
        url, poolclass=NullPool, creator=lambda: sqlite3.connect(address, uri=True)
    )


def _read_only(connection: "Connection") -> "Connection":
    """The same connection, in a transaction that can only read; rows come as they are asked for."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only = 1")
        return connection.execution_options(stream_results=True)
    return connection.execution_options(
        isolation_level="REPEATABLE READ",
        postgresql_readonly=True,
        stream_results=True,
        max_row_buffer=_ROWS_AT_ONCE,
    )


class _Rows:
    """The rows of a query in parts, at most so many; whether it ``has_more``, once all were taken.

    No more is asked of the database than is needed to know that.
    """

    def __init__(self, parts: Iterator[Sequence[Any]], most: int | None) -> None:
        self._parts, self._most = parts, most
        self.has_more = False

    def __iter__(self) -> Iterator[Sequence[Any]]:
        left = self._most
        for rows in self._parts:
            if left is None or len(rows) <= left:
                yield rows
                left = None if left is None else left - len(rows)
                continue
            self.has_more = True
            if left:
                yield rows[:left]
            return


def _write(names: list[str], parts: Iterable[Sequence[Any]], file: BinaryIO) -> None:
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ConfigurationError(f"query: two of its columns are called {twice[0]}; name them AS")
    schema = pa.schema([(name, pa.string()) for name in names])
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for rows in parts:
            columns = zip(*rows, strict=True)
            writer.write_table(
                pa.table([_column(*given) for given in zip(names, columns, strict=True)], schema)
            )


def _column(name: str, values: tuple[Any, ...]) -> pa.Array:
    try:
        return texts([plain(value) for value in values])
    except NotPlainError as error:
        raise ConfigurationError(
            f"query: column {name} holds no plain values; cast it to text"
        ) from error
