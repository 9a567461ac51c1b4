"""Folders that are made once a test run, however many workers it has."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder ``name`` of this test run, filled by the first worker that asks for it.

    Args:
        factory: pytest's, whose base folder lies in the folder of the whole run under xdist.
        name: of the folder.
        make: makes and fills the folder. When it raises, the next worker tries again elsewhere.

    Returns:
        The folder; read only, for other tests use it too.
    """
    base = factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    shared.mkdir(exist_ok=True)
    made = shared / f"{name}.made"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            folder = shared / f"{name}.{os.getpid()}"
            make(folder)
            made.symlink_to(folder.name)
    return made.resolve()
