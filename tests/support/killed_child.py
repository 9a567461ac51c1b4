"""Kills a run of the tiny chain at its n-th change of a file, for many n, and makes each good.

Every run that is killed is a process of its own and dies of SIGKILL, between two calls of the
system or in the middle of a file's bytes. It is started over what an earlier policy's run left.
Prints, as JSON, how many changes a run makes, how many runs were killed, and what went wrong.
"""

import json
import os
import shutil
import signal
import sys
from pathlib import Path

from auditor.pipeline import Job, run_day
from tests.support import tiny_chain
from tests.support.file_operations import Operation, watched


def killed_at(number: int, job: Job) -> bool:
    """Run a day in a child that dies when it is about to make this change of a file."""
    child = os.fork()
    if child == 0:
        left = number

        def die(_operation: Operation) -> None:
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

        with watched(Path(job.out), die):
            run_day(job)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def main(folder: Path, part: int, parts: int) -> None:
    """Kill every ``parts``-th run, beginning with the ``part``-th."""
    tiny_chain.stand_in(setattr)
    before = tiny_chain.write(folder, challenge_age=22)
    run_day(before)
    shutil.copytree(before.out, folder / "before")
    job = tiny_chain.write(folder)
    operations: list[Operation] = []
    with watched(Path(job.out), operations.append):
        run_day(job)
    whole = tiny_chain.bytes_below(Path(job.out))
    kinds = sorted({operation.kind for operation in operations})
    kills, wrong = 0, []
    for number in range(part, len(operations), parts):
        shutil.rmtree(job.out)
        shutil.copytree(folder / "before", job.out)
        kills += killed_at(number, job)
        run_day(job)
        if tiny_chain.bytes_below(Path(job.out)) != whole:
            wrong.append(str(operations[number]))
    summary = {"changes": len(operations), "kinds": kinds, "kills": kills, "wrong": wrong}
    print(json.dumps(summary))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
