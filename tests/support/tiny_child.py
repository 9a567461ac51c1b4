"""The command line with the stand-in for the scorer, in a process of its own.

With ``AUDITOR_TEST_GO`` in the environment it scores nothing before there is a file of that name;
with ``AUDITOR_TEST_USER`` it is that user, once all is loaded (which that user may not read).
"""

import os
import pwd
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import fsspec.implementations.chained  # noqa: F401  # loaded late, as is what follows
import rich.progress  # noqa: F401

from auditor.cli.main import main
from auditor.faces.score import Frame, Score
from tests.support import tiny_chain


class _Waiting(tiny_chain.StandIn):
    def score(self, frames: Iterable[Frame]) -> Iterator[Score]:
        while (go := os.environ.get("AUDITOR_TEST_GO")) and not Path(go).exists():
            time.sleep(0.02)
        yield from super().score(frames)


if __name__ == "__main__":
    tiny_chain.stand_in(setattr, _Waiting())
    if name := os.environ.get("AUDITOR_TEST_USER"):
        user = pwd.getpwnam(name)
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
    main(sys.argv[1:])
