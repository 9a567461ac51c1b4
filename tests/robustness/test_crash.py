"""Killed, cut off from power, out of room, not let in: the next run makes it good.

What runs here is the whole line with a stand-in for the scorer. `make crash` tries every point; the
tests that are marked so have a small sample of the same in `make test`.
"""

import dataclasses
import errno
import json
import logging
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

from auditor.cli.main import main
from auditor.errors import BusyError, ExitCode, OvertakenError, StorageError
from auditor.pipeline import Job, finalise_day, plan_day, report_day, run_day, score_batch
from auditor.pipeline.batches import Batch
from auditor.pipeline.day import day_lock
from auditor.pipeline.plans import plan_path
from auditor.storage import revisions
from auditor.storage.local_files import PARTIAL_PREFIX
from auditor.storage.place import Place
from tests.support import file_operations, tiny_chain
from tests.support.file_operations import Disk, Operation, Tree, read_tree, seen_by_readers, watched
from tests.support.paths import ROOT

log = logging.getLogger(__name__)

HERE = ROOT / "tests" / "support"
EVERY = pytest.mark.crash

#: Whether this machine lets the tests mount file systems and be other users.
AS_ROOT = os.geteuid() == 0


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_chain.stand_in(monkeypatch.setattr)


@dataclasses.dataclass(frozen=True)
class Recorded:
    """A day run over what a run with another policy left, call by call."""

    job: Job
    before: Tree
    after: Tree
    operations: list[Operation]
    batches: list[Batch]
    steps: list[int]  # after how many operations each step had ended

    def replayed(self) -> Iterator[tuple[int, Disk]]:
        """The disk before each operation, and after the last."""
        disk = Disk.of(self.before)
        for number, operation in enumerate(self.operations):
            yield number, disk
            disk.apply(operation)
        yield len(self.operations), disk

    @property
    def first(self) -> dict[str, bytes]:
        """What the same run leaves where there was nothing before: no earlier version."""
        after = self.without_earlier_policy
        return {path: after[path] for path in after if not path.startswith("revisions/")}

    @property
    def without_earlier_policy(self) -> dict[str, bytes]:
        """What the run leaves where the earlier policy never rendered a report."""
        earlier = {path for path in self.before if path.startswith("policies/")}
        after = seen_by_readers(self.after)
        return {path: after[path] for path in after.keys() - earlier}


#: What has other contents on the way than at either end of a run.
ON_THE_WAY = ("crops", "finalised", "unfinished")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    folder = tmp_path_factory.mktemp("recorded")
    with pytest.MonkeyPatch.context() as patch:
        tiny_chain.stand_in(patch.setattr)
        job = tiny_chain.write(folder, challenge_age=22)
        run_day(job)
        out = Path(job.out)
        before = read_tree(out)
        tiny_chain.write(folder)
        operations: list[Operation] = []
        steps = []
        with watched(out, operations.append):
            batches = plan_day(job)
            steps.append(len(operations))
            for batch in batches:
                score_batch(job, batch)
                steps.append(len(operations))
            finalise_day(job, batches)
            steps.append(len(operations))
            report_day(job)
            steps.append(len(operations))
    after = read_tree(out)
    return Recorded(job, before, after, operations, batches, steps)


@pytest.fixture
def two_policies(tmp_path: Path) -> tuple[Job, Job]:
    """The same day to be run into the same place, with two policies."""
    one = tiny_chain.write(tmp_path / "one", challenge_age=22)
    other = tiny_chain.write(tmp_path / "other")
    return one, dataclasses.replace(other, out=one.out)


def continued(recorded: Recorded, tree: Tree, out: Path, *, steps_done: int) -> dict[str, bytes]:
    """Go on from a state of the disk, as a scheduler does that knows which steps have ended."""
    job = dataclasses.replace(recorded.job, out=str(out))
    file_operations.write_tree(out, tree)
    batches = recorded.batches
    if steps_done == 0:
        run_day(job)
        return seen_by_readers(read_tree(out))
    for batch in batches[max(0, steps_done - 1) :]:
        score_batch(job, batch)
    if steps_done <= 1 + len(batches):
        finalise_day(job, batches)
    if steps_done <= 2 + len(batches):
        report_day(job)
    return seen_by_readers(read_tree(out))


# ---- Power cuts ---------------------------------------------------------------------------------


def test_the_disk_ends_as_the_real_one(recorded: Recorded) -> None:
    *_, (_, disk) = recorded.replayed()
    assert disk.after_a_kill() == recorded.after
    kinds = {operation.kind for operation in recorded.operations}
    assert kinds >= {"write", "flush", "rename", "flush_folder", "make_folder", "unlink"}


def test_no_reader_ever_sees_part_of_a_file(recorded: Recorded) -> None:
    """Whenever the power goes: each file is as it was, or as it was to be."""
    rng = random.Random(8)
    whole: dict[str, set[bytes]] = {}
    for path, content in seen_by_readers(recorded.before).items():
        whole[path] = {content}
    for number, disk in recorded.replayed():
        if number < len(recorded.operations):
            next_one = recorded.operations[number]
            if next_one.kind == "rename":
                written = disk.after_a_kill()[next_one.path]
                whole.setdefault(next_one.target, set()).add(written or b"")
    states = 0
    for number, disk in recorded.replayed():
        for tree in (disk.after_a_kill(), *disk.after_a_power_cut(rng)):
            states += 1
            for path, content in seen_by_readers(tree).items():
                # What waits in a spool is for one process, which the power has ended.
                assert "/spool-" in path or content in whole[path], (number, path)
    log.info("%d changes of files, %d states of the disk", len(recorded.operations), states)
    assert states > 1000
    results = {path for path in whole if path.split("/")[0] not in ON_THE_WAY}
    ends = seen_by_readers(recorded.before), seen_by_readers(recorded.after)
    assert all(whole[path] <= {end.get(path) for end in ends} for path in results)


def test_what_a_step_has_done_is_still_there_after_a_power_cut(
    recorded: Recorded, tmp_path: Path
) -> None:
    """A scheduler does not do a step again that has ended, so all of it has to be safe."""
    whole = seen_by_readers(recorded.after)
    ends = {after: step for step, after in enumerate(recorded.steps, start=1)}
    for number, disk in recorded.replayed():
        if step := ends.get(number):
            out = tmp_path / str(step)
            assert continued(recorded, disk.at_worst(), out, steps_done=step) == whole, step


def distinct_states(recorded: Recorded) -> list[tuple[int, Tree]]:
    """What a power cut may leave, each once, with the operation that it first comes before."""
    rng = random.Random(8)
    found: dict[frozenset[tuple[str, bytes | None]], tuple[int, Tree]] = {}
    for number, disk in recorded.replayed():
        for tree in disk.after_a_power_cut(rng):
            found.setdefault(frozenset(tree.items()), (number, tree))
    return list(found.values())


def made_good(recorded: Recorded, states: list[tuple[int, Tree]], folder: Path) -> None:
    """Run the day from each state; it has to end with the bytes of a run without a break."""
    for run, (number, tree) in enumerate(states):
        out = folder / str(run)
        assert continued(recorded, tree, out, steps_done=0) == seen_by_readers(recorded.after), (
            recorded.operations[min(number, len(recorded.operations) - 1)]
        )
        shutil.rmtree(out)


def test_the_next_run_makes_a_power_cut_good(recorded: Recorded, tmp_path: Path) -> None:
    states = distinct_states(recorded)
    made_good(recorded, random.Random(8).sample(states, 8), tmp_path)


@EVERY
@pytest.mark.parametrize("part", range(4))
def test_the_next_run_makes_every_power_cut_good(
    recorded: Recorded, tmp_path: Path, part: int
) -> None:
    states = distinct_states(recorded)[part::4]
    made_good(recorded, states, tmp_path)
    log.info("%d power cuts survived", len(states))


def test_a_disk_that_is_never_told_to_flush_a_folder_forgets(recorded: Recorded) -> None:
    """The tests above could fail: without its folders flushed, what a step has done is lost."""
    disk = Disk.of(recorded.before)
    finalised = recorded.steps[-2]
    for operation in recorded.operations[:finalised]:
        if operation.kind != "flush_folder":
            disk.apply(operation)
    assert seen_by_readers(disk.at_worst()) == seen_by_readers(recorded.before)


# ---- Kills --------------------------------------------------------------------------------------


def kill_runs(folder: Path, part: int, parts: int) -> None:
    """Kill a run at every ``parts``-th change of a file; each time the next one makes it good."""
    command = [sys.executable, str(HERE / "killed_child.py"), str(folder), str(part), str(parts)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["wrong"] == []
    assert told["kills"] == len(range(part, told["changes"], parts))
    log.info("%d kills survived, of %d changes of files", told["kills"], told["changes"])


def test_a_run_that_is_killed_is_made_good_by_the_next(tmp_path: Path) -> None:
    kill_runs(tmp_path, 31, 97)


def test_what_is_left_half_written_goes_with_the_next_run(
    recorded: Recorded, tmp_path: Path
) -> None:
    """Also where that run writes no such file: its face is nobody's to look at."""
    job = dataclasses.replace(recorded.job, out=str(tmp_path / "out"))
    for folder in ("crops/day=2026-03-27/store=S001", "reports/2026-03-27"):
        left = tmp_path / "out" / folder / f"{PARTIAL_PREFIX}aa.jpg"
        left.parent.mkdir(parents=True)
        left.write_bytes(b"half a fa")
    run_day(job)
    assert tiny_chain.bytes_below(tmp_path / "out") == recorded.first


@EVERY
@pytest.mark.parametrize("part", range(8))
def test_a_run_killed_at_any_change_of_a_file_is_made_good_by_the_next(
    tmp_path: Path, part: int
) -> None:
    kill_runs(tmp_path, part, 8)


# ---- No room, no right --------------------------------------------------------------------------

CAN_BE_REFUSED = {"create", "write", "flush", "rename", "make_folder", "unlink"}


def refused_at(recorded: Recorded, number: int, code: int, out: Path) -> None:
    """Let the system refuse one change of a file; the run ends, and the next one is whole."""
    file_operations.write_tree(out, recorded.before)
    job = dataclasses.replace(recorded.job, out=str(out))
    left, refused = number, ""

    def refuse(operation: Operation) -> None:
        nonlocal left, refused
        if operation.kind in CAN_BE_REFUSED:
            left -= 1
            if left == -1:
                refused = operation.path
                raise OSError(code, os.strerror(code))

    with watched(out, refuse), pytest.raises(StorageError) as told:
        run_day(job)
    assert os.strerror(code) in str(told.value)
    (said,) = re.findall(r"^cannot \w+ (/.+?): ", str(told.value))
    at = out / refused  # while a folder is made for what is named, or deleted with all in it
    assert Path(said).is_relative_to(at.parent) or at.is_relative_to(said)
    assert Path(said).is_relative_to(out / refused.partition("/")[0])
    ends = [seen_by_readers(tree) for tree in (recorded.before, recorded.after)]
    for path, content in seen_by_readers(read_tree(out)).items():
        if path.split("/")[0] not in ON_THE_WAY:
            assert content in [end.get(path) for end in ends], path
    run_day(job)
    assert seen_by_readers(read_tree(out)) == ends[1]
    shutil.rmtree(out)


def refusable(recorded: Recorded, out: Path) -> range:
    """The changes of files that a run makes and may be refused, by number."""
    file_operations.write_tree(out, recorded.before)
    made: list[Operation] = []
    with watched(out, made.append):
        run_day(dataclasses.replace(recorded.job, out=str(out)))
    return range(sum(operation.kind in CAN_BE_REFUSED for operation in made))


def test_a_run_that_finds_no_room_is_made_good_by_the_next(
    recorded: Recorded, tmp_path: Path
) -> None:
    for number in random.Random(8).sample(refusable(recorded, tmp_path / "whole"), 4):
        refused_at(recorded, number, errno.ENOSPC, tmp_path / str(number))


@EVERY
@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES])
def test_a_run_refused_any_change_of_a_file_is_made_good_by_the_next(
    recorded: Recorded, tmp_path: Path, code: int, part: int
) -> None:
    numbers = refusable(recorded, tmp_path / "whole")[part::4]
    for number in numbers:
        refused_at(recorded, number, code, tmp_path / str(number))
    log.info("%d times refused and survived: %s", len(numbers), os.strerror(code))


def run_command(job: Job, *more: str) -> list[str]:
    urls = {"sales": job.sales, "snapshots": job.snapshots, "out": job.out, "policy": job.policy}
    addresses = [part for name, url in urls.items() for part in (f"--{name}", str(url))]
    options = ["--day", str(job.day), "--batch-size", str(job.batch_size)]
    return ["run", *options, *addresses, *more]


def start(job: Job, *more: str, **environment: str) -> subprocess.Popen[str]:
    """A run in a process of its own; tiny_child.py tells what the environment may ask of it."""
    command = [sys.executable, str(HERE / "tiny_child.py"), *run_command(job, *more)]
    return subprocess.Popen(
        command,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def mounted(*options: str) -> bool:
    return not subprocess.run(["/bin/mount", *options], check=False, capture_output=True).returncode


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of its own with next to no room; it needs root."""
    if not AS_ROOT:
        pytest.skip("only root may mount a file system")
    folder = Path(tempfile.mkdtemp(prefix="auditor-disk-"))
    if not mounted("-t", "tmpfs", "-o", "size=200k,mode=700", "none", str(folder)):
        folder.rmdir()
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["/bin/umount", str(folder)], check=True)
    folder.rmdir()


def test_a_full_disk_is_said_and_once_there_is_room_the_day_is_done(
    recorded: Recorded, small_disk: Path
) -> None:
    job = dataclasses.replace(recorded.job, out=str(small_disk / "out"))
    done = CliRunner().invoke(main, run_command(job))
    assert done.exit_code == ExitCode.FAILED
    assert f"cannot write {small_disk}/out/" in done.stderr
    assert "No space left on device; make room there, then run again" in done.stderr
    assert (small_disk / "out/unfinished").is_dir()
    assert mounted("-o", "remount,size=64m", str(small_disk))
    assert CliRunner().invoke(main, run_command(job)).exit_code == ExitCode.DONE
    assert tiny_chain.bytes_below(small_disk / "out") == recorded.first


def test_a_file_larger_than_is_allowed_is_said(recorded: Recorded, tmp_path: Path) -> None:
    """The system's own refusal, which needs no root: a limit on the size of files."""
    job = dataclasses.replace(recorded.job, out=str(tmp_path / "out"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        done = CliRunner().invoke(main, run_command(job))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert done.exit_code == ExitCode.FAILED
    assert "File too large; make room there, then run again" in done.stderr
    assert list(tmp_path.rglob(".partial-*")) == []
    assert CliRunner().invoke(main, run_command(job)).exit_code == ExitCode.DONE
    assert tiny_chain.bytes_below(tmp_path / "out") == recorded.first


def test_results_that_may_not_be_written_are_said(recorded: Recorded) -> None:
    """As somebody else, where the tests are root: nothing is forbidden to root."""
    folder = Path(tempfile.mkdtemp(prefix="auditor-closed-", dir="/tmp"))
    try:
        job = tiny_chain.write(folder)
        out = Path(job.out)
        file_operations.write_tree(out, recorded.before)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        run = start(job, AUDITOR_TEST_USER="nobody" if AS_ROOT else "")
        _, said = run.communicate()
        assert run.returncode == ExitCode.FAILED, said
        assert f"{out}/unfinished/.day=2026-03-27.lock: Permission denied" in said
        assert "let the user that runs the audit write there, then run again" in said
        assert "Traceback" not in said
        assert read_tree(out) == recorded.before
    finally:
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o700)
        shutil.rmtree(folder)


# ---- Two at once --------------------------------------------------------------------------------


def wait_for(path: Path) -> None:
    end = time.monotonic() + 300
    while not path.exists():
        assert time.monotonic() < end, path
        time.sleep(0.02)


def test_a_second_run_of_a_day_refuses_or_waits(recorded: Recorded, tmp_path: Path) -> None:
    job = dataclasses.replace(recorded.job, out=str(tmp_path / "out"))
    go = tmp_path / "go"
    first = start(job, AUDITOR_TEST_GO=str(go))
    wait_for(Path(job.out) / plan_path(job.day))
    second = CliRunner().invoke(main, run_command(job))
    assert second.exit_code == ExitCode.FAILED
    assert f"another run is at work on 2026-03-27 below {job.out}" in second.stderr
    with pytest.raises(BusyError):
        plan_day(job)
    third = start(job, "--wait")
    go.touch()
    for run in (first, third):
        _, said = run.communicate()
        assert run.returncode == ExitCode.DONE, said
    assert bytes_at(job) == recorded.first


def test_another_day_is_not_held_up(recorded: Recorded, tmp_path: Path) -> None:
    job = dataclasses.replace(recorded.job, out=str(tmp_path / "out"))
    with day_lock(Place(job.out), job.day - timedelta(days=1)):
        run_day(job)
    assert tiny_chain.bytes_below(tmp_path / "out") == recorded.first


def test_runs_started_together_end_as_one(recorded: Recorded, tmp_path: Path) -> None:
    job = dataclasses.replace(recorded.job, out=str(tmp_path))
    runs = [start(job) for _ in range(2)]
    ends = [(run.communicate()[1], run.returncode) for run in runs]
    assert ExitCode.DONE in [code for _, code in ends]
    for said, code in ends:
        assert code == ExitCode.DONE or "another run is at work" in said, said
    assert tiny_chain.bytes_below(tmp_path) == recorded.first


def test_a_run_that_is_killed_keeps_nobody_out(recorded: Recorded, tmp_path: Path) -> None:
    job = dataclasses.replace(recorded.job, out=str(tmp_path / "out"))
    first = start(job, AUDITOR_TEST_GO=str(tmp_path / "never"))
    wait_for(Path(job.out) / plan_path(job.day))
    first.kill()
    first.communicate()
    run_day(job)
    assert tiny_chain.bytes_below(tmp_path / "out") == recorded.first


# ---- Two at once, step by step ------------------------------------------------------------------

#: A file system with locks, and one without: between steps and machines they must do as well.
PLACES = pytest.mark.parametrize("scheme", ["", "memory://"])


def finish(job: Job, batches: list[Batch]) -> None:
    for batch in batches:
        score_batch(job, batch)
    finalise_day(job, batches)
    report_day(job)


@PLACES
def test_a_run_whose_day_is_planned_anew_ends_and_mixes_nothing(
    two_policies: tuple[Job, Job], recorded: Recorded, scheme: str
) -> None:
    one, other = (dataclasses.replace(job, out=scheme + job.out) for job in two_policies)
    batches = plan_day(one)
    score_batch(one, batches[0])
    anew = plan_day(other)
    with pytest.raises(OvertakenError, match="planned anew by another run"):
        score_batch(one, batches[1])
    with pytest.raises(OvertakenError, match="planned anew by another run"):
        finalise_day(one, batches)
    finish(other, anew)
    with pytest.raises(OvertakenError, match="another run has finished the day"):
        score_batch(one, batches[1])
    with pytest.raises(OvertakenError, match="another run has finished the day"):
        finalise_day(one, batches)
    assert bytes_at(other) == recorded.first


def test_a_run_that_is_overtaken_while_it_settles_leaves_the_other_stores_alone(
    two_policies: tuple[Job, Job], recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On object storage, where no lock keeps the two apart."""
    one, other = (dataclasses.replace(job, out="memory://" + job.out) for job in two_policies)
    batches = plan_day(one)
    for batch in batches:
        score_batch(one, batch)
    replaced: list[str] = []
    anew: list[Batch] = []
    really = revisions.replace

    def replace(out: Place, day: date, store_id: str, tables: dict[str, pa.Table]) -> None:
        if not replaced:
            anew.extend(plan_day(other))
        replaced.append(store_id)
        really(out, day, store_id, tables)

    with monkeypatch.context() as patch:
        patch.setattr(revisions, "replace", replace)
        with pytest.raises(OvertakenError, match="planned anew by another run"):
            finalise_day(one, batches)
    assert len(replaced) == 1
    finish(other, anew)
    now = bytes_at(other)
    said_before = {path for path in now if path.startswith("revisions/")}
    assert {path: now[path] for path in now.keys() - said_before} == recorded.first
    assert all(f"/store={replaced[0]}/" in path for path in said_before)


@PLACES
def test_a_day_planned_anew_before_its_report_is_reported_by_the_later_run(
    two_policies: tuple[Job, Job], recorded: Recorded, scheme: str
) -> None:
    one, other = (dataclasses.replace(job, out=scheme + job.out) for job in two_policies)
    batches = plan_day(one)
    for batch in batches:
        score_batch(one, batch)
    finalise_day(one, batches)
    anew = plan_day(other)
    with pytest.raises(OvertakenError, match="planned it last will report on it"):
        report_day(one)
    finish(other, anew)
    assert bytes_at(other) == recorded.without_earlier_policy


@PLACES
def test_two_runs_of_the_same_inputs_do_the_same_work(
    recorded: Recorded, tmp_path: Path, scheme: str
) -> None:
    job = dataclasses.replace(recorded.job, out=f"{scheme}{tmp_path}/out")
    batches = plan_day(job)
    score_batch(job, batches[0])
    assert plan_day(job) == batches
    for batch in batches[1:]:  # the first is done, by the other run
        score_batch(job, batch)
    finalise_day(job, batches)
    assert report_day(job) == report_day(job)
    assert bytes_at(job) == recorded.first


def test_batches_wait_for_nobody_but_who_changes_the_day(
    recorded: Recorded, tmp_path: Path
) -> None:
    job = dataclasses.replace(recorded.job, out=str(tmp_path / "out"))
    batches = plan_day(job)
    with day_lock(Place(job.out), job.day, shared=True):  # another machine scores a batch
        score_batch(job, batches[0])
        for step in (finalise_day, report_day, plan_day):
            with pytest.raises(BusyError):
                step(job)
    with day_lock(Place(job.out), job.day), pytest.raises(BusyError):
        score_batch(job, batches[0])


def test_a_batch_s_path_is_short(recorded: Recorded) -> None:
    """Airflow's page shows it, and every task is handed it."""
    assert max(len(batch.path) for batch in recorded.batches) <= 60


def bytes_at(job: Job) -> dict[str, bytes]:
    """What readers see of a job's results."""
    out = Place(job.out)
    return {path: out.read(path) for path in out.files()}
