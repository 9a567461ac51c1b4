"""PostgreSQL and Redis of a test's own: on the loopback, on free ports, with passwords.

The programs are Debian's (packages postgresql and redis-server); what they write is gone with
their folder. Neither runs as root: PostgreSQL refuses to, and Redis has no need to.
"""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import redis

from tests.support.airflow_services import free_port, stop

_PATIENCE_S = 60


def program(name: str, package: str) -> Path:
    """Where a server's program lies; without it the test is skipped, saying what to install."""
    found = shutil.which(name) or max(
        (str(p) for p in Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), default=None
    )
    if found is None:
        pytest.skip(f"{name} is not there: apt-get install {package}")
    return Path(found)


@contextmanager
def servers(*, with_redis: bool = True) -> Iterator[dict[str, str]]:
    """Both servers, running, or PostgreSQL; yields the address of each, password included."""
    postgres = program("postgres", "postgresql")
    redis_server = program("redis-server", "redis-server") if with_redis else None
    # Not pytest's folder: no other user may enter that.
    folder = Path(tempfile.mkdtemp(prefix="auditor-servers-", dir="/tmp"))  # private
    nobody = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    as_nobody: dict[str, Any] = {"cwd": folder, "env": {"PATH": os.environ["PATH"], "LC_ALL": "C"}}
    if os.geteuid() == 0:
        as_nobody |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    started: list[subprocess.Popen[bytes]] = []

    def start(name: str, command: Sequence[str]) -> None:
        with (folder / f"{name}.log").open("wb") as log:
            started.append(
                subprocess.Popen(
                    command, stdout=log, stderr=log, start_new_session=True, **as_nobody
                )
            )

    def put(name: str, content: str) -> None:
        """A file for the servers' eyes only: a password on a command line is seen by everybody."""
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(content, encoding="utf-8")
        os.chown(path, nobody.pw_uid, nobody.pw_gid)

    password = secrets.token_hex(16)
    ports = free_port(), free_port()
    addresses = {
        "postgresql": f"postgresql+psycopg2://airflow:{password}@127.0.0.1:{ports[0]}/postgres",
        "redis": f"redis://:{password}@127.0.0.1:{ports[1]}",
    }
    try:
        put("password", password)
        _make_database(postgres.resolve().with_name("initdb"), as_nobody)
        start("postgres", [str(postgres), "-D", "db", *_postgres_settings(ports[0])])
        if redis_server is None:
            del addresses["redis"]
        else:
            put(
                "redis.conf",
                f"bind 127.0.0.1\nport {ports[1]}\nrequirepass {password}\nsave ''\n"
                "appendonly no\n",
            )
            start("redis", [str(redis_server), "redis.conf"])
        _wait_for(addresses, folder)
        yield addresses
    finally:
        stop(started)
        shutil.rmtree(folder)


def _make_database(initdb: Path, as_nobody: dict[str, Any]) -> None:
    options = ["--username=airflow", "--pwfile=password", "--auth=scram-sha-256", "--no-sync"]
    done = subprocess.run(
        [str(initdb), "-D", "db", "--encoding=UTF8", *options],
        capture_output=True,
        text=True,
        check=False,
        **as_nobody,
    )
    assert done.returncode == 0, done.stderr


def _postgres_settings(port: int) -> list[str]:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "fsync": "off",  # nothing here outlives the test
        "max_connections": 200,
    }
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _wait_for(addresses: dict[str, str], folder: Path) -> None:
    end = time.monotonic() + _PATIENCE_S
    while not _answer(addresses):
        said = "\n".join(log.read_text()[-2000:] for log in folder.glob("*.log"))
        assert time.monotonic() < end, f"the servers do not answer:\n{said}"
        time.sleep(0.5)


def _answer(addresses: dict[str, str]) -> bool:
    try:
        psycopg2.connect(addresses["postgresql"].replace("+psycopg2", "")).close()
        if "redis" in addresses:
            redis.Redis.from_url(addresses["redis"]).ping()
    except (psycopg2.OperationalError, redis.ConnectionError):
        return False
    return True
