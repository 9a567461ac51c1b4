"""The line over s3://, against a server that speaks S3 on the loopback; much goes wrong there."""

import logging
import time
import traceback
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pytest
from botocore.retries.standard import ExponentialBackoff
from click.testing import CliRunner
from s3fs import S3FileSystem

from auditor.cli.main import main
from auditor.errors import ExitCode, SourceError, StorageError
from auditor.faces.score import Frame
from auditor.inputs import read_sales
from auditor.pipeline import Job, run_day, score
from auditor.pipeline.report import list_days
from auditor.policy import Policy, Rules
from auditor.sales.identity import SaleKey
from auditor.storage import finalised
from auditor.storage.layout import crop_path
from auditor.storage.partitions import read_day, write_partition
from auditor.storage.place import Place
from auditor.storage.retention import expire_days, remove_crops
from auditor.storage.s3 import S3_OPTIONS
from auditor.tables import REJECTS
from tests.support.faulty_storage import KINDS, Faults, storage
from tests.support.finding import holders

DAY = date(2026, 3, 27)
NOON = datetime(2026, 3, 27, 12, tzinfo=UTC)

#: Known again wherever they turn up.
KEY, SECRET, TOKEN = "AKIAMARKEDKEY0000000", "marked/secret+" + "x" * 26, "markedtoken" * 9


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, Faults]]:
    with storage() as found:
        yield found


@pytest.fixture
def faults(server: tuple[str, Faults], monkeypatch: pytest.MonkeyPatch) -> Faults:
    """What goes wrong from now on: nothing, until a test says so."""
    address, faults = server
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.01)  # up to 8 s it is
    _wait_for_answers(monkeypatch, seconds=30)  # a machine may be busy
    vars(faults).update(vars(Faults()) | {"written": faults.written})
    return faults


def _wait_for_answers(monkeypatch: pytest.MonkeyPatch, *, seconds: float) -> None:
    """Be patient for so long, set as a chain sets its own: by fsspec's configuration."""
    of_requests: Any = S3_OPTIONS["config_kwargs"]
    of_requests = of_requests | {"read_timeout": seconds}
    monkeypatch.setitem(fsspec.config.conf, "s3", S3_OPTIONS | {"config_kwargs": of_requests})
    S3FileSystem.clear_instance_cache()


@pytest.fixture
def impatient(faults: Faults, monkeypatch: pytest.MonkeyPatch) -> Faults:
    """What is silent costs a second."""
    _wait_for_answers(monkeypatch, seconds=1)
    return faults


@pytest.fixture
def bucket(faults: Faults, request: pytest.FixtureRequest) -> str:
    # The same each time, for what goes wrong depends on it.
    name = f"b{zlib.crc32(request.node.name.encode()):x}"
    fsspec.filesystem("s3", skip_instance_cache=True).mkdir(name)
    faults.seen.clear()
    return f"s3://{name}"


def _copied(chain: Path, bucket: str) -> Job:
    """The job of auditing the chain's day in the bucket, where it has been put."""
    there = Place(f"{bucket}/chain")
    for path in chain.rglob("*"):
        if path.is_file():
            there.write(str(path.relative_to(chain)), path.read_bytes())
    return _job(f"{bucket}/chain", f"{bucket}/out")


def _job(chain: Path | str, out: Path | str) -> Job:
    return Job(DAY, f"{chain}/sales", f"{chain}/snapshots", str(out), f"{chain}/policy.toml")


def _options(job: Job) -> list[str]:
    urls = {"sales": job.sales, "snapshots": job.snapshots, "out": job.out, "policy": job.policy}
    return ["--day", str(job.day), *(f"--{name}={url}" for name, url in urls.items())]


@pytest.mark.usefixtures("impatient")
def test_a_day_over_faulty_storage_gives_the_bytes_of_a_day_on_disk(
    small_chain: Path,
    tmp_path: Path,
    bucket: str,
    faults: Faults,
    caplog: pytest.LogCaptureFixture,
) -> None:
    remote = _copied(small_chain, bucket)
    faults.written = dict.fromkeys(faults.written, 0.0)  # the exports came hours before
    run_day(_job(small_chain, tmp_path))
    on_disk, in_bucket = Place(str(tmp_path)), Place(remote.out)

    def compare() -> None:
        faults.share = faults.lag_s = 0
        assert list(in_bucket.files()) == list(on_disk.files())
        assert any(path.startswith("crops/") for path in on_disk.files())
        for path in on_disk.files():
            assert in_bucket.read(path) == on_disk.read(path), path

    faults.written.clear()  # exports and frames have been there for long
    faults.share, faults.lag_s = 0.15, 2
    run_day(remote)
    assert set(faults.happened) == {*KINDS, "hidden"}, faults.happened
    compare()

    # Once more, in detail: it finds its own results and replaces them, and tells nobody the keys.
    with caplog.at_level(logging.DEBUG):
        done = CliRunner().invoke(main, ["--debug", "run", *_options(remote)])
    assert done.exit_code in (ExitCode.DONE, ExitCode.ABOVE_LIMITS), done.output
    compare()
    assert "alcohol sales" in done.output + caplog.text
    for secret in (KEY, SECRET, TOKEN):
        assert secret not in done.output + caplog.text
        assert holders(tmp_path, secret.encode()) == []  # these are the bucket's bytes too


@pytest.mark.parametrize(
    "expected", [("error", 5), ("busy", 10), ("reset", 10), ("torn", 8), ("hang", 20)]
)
def test_storage_that_always_fails_ends_the_run_soon_and_says_where(
    bucket: str,
    faults: Faults,
    expected: tuple[str, int],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kind, tries = expected
    _wait_for_answers(monkeypatch, seconds=0.2 if kind == "hang" else 30)
    job = Job(DAY, f"{bucket}/sales", f"{bucket}/snapshots", f"{bucket}/out", f"{bucket}/p.toml")
    Place(bucket).write("p.toml", b"[chain]\n" + b"#" * 1000)
    faults.share, faults.kinds, faults.only = 1, (kind,), "p.toml"
    with caplog.at_level(logging.DEBUG):
        done = CliRunner().invoke(main, ["run", *_options(job)])
    assert done.exit_code == ExitCode.FAILED, done.output
    assert f"{bucket.removeprefix('s3://')}/p.toml: the storage failed" in done.output
    asked_for = [path for method, path in faults.seen if method == "GET" and "p.toml" in path]
    assert len(asked_for) == tries  # docs/operations.md says how long that takes
    raised = "".join(traceback.format_exception(done.exception)) + done.output + caplog.text
    assert [secret for secret in (KEY, SECRET, TOKEN) if secret in raised] == []


def test_an_upload_that_is_torn_leaves_the_old_file_or_none(bucket: str, faults: Faults) -> None:
    place = Place(bucket)
    place.write("old", b"old" * 1000)
    faults.share, faults.kinds = 1, ("torn",)
    for name in ("old", "new"):
        with pytest.raises(StorageError, match=name):
            place.write(name, b"new" * 1000)
    assert faults.happened["torn"] == 20
    faults.share = 0
    assert place.read("old") == b"old" * 1000
    assert not place.exists("new")


def _frames(bucket: str, names: list[str]) -> Iterator[Frame]:
    till = {name: ["S1"] * len(names) for name in ("store_id", "till_id")}
    sales = pa.table(till | {"snapshot_path": names})
    return score.frames_of(Place(bucket), sales, {"S1": Rules()})


def test_a_frame_that_the_storage_does_not_give_is_not_taken_for_an_unreadable_one(
    bucket: str, faults: Faults
) -> None:
    for name in ("a.jpg", "b.jpg", "d.jpg"):
        Place(bucket).write(name, name.encode())
    Place(bucket).write("empty.jpg", b"")
    faults.share, faults.kinds, faults.only = 1, ("error",), "b.jpg"
    frames = _frames(bucket, ["a.jpg", "c.jpg", "empty.jpg", "b.jpg", "d.jpg"])
    assert next(frames).content == b"a.jpg"
    assert next(frames).reason == "snapshot_missing"
    assert next(frames).content == b""
    with pytest.raises(StorageError, match=r"b\.jpg"):
        next(frames)


def test_frames_of_a_bucket_that_is_gone_are_not_taken_for_missing_ones(bucket: str) -> None:
    with pytest.raises(StorageError, match="nothing"):
        list(_frames(f"{bucket}x", ["a.jpg"]))


def test_frames_are_fetched_a_few_at_a_time_by_one_request_each(
    bucket: str, faults: Faults
) -> None:
    names = [f"{number:03d}.jpg" for number in range(40)]
    for name in names:
        Place(bucket).write(name, name.encode())
    faults.seen.clear()
    frames = _frames(bucket, names)
    next(frames)
    time.sleep(0.3)
    asked_for = [path for _, path in faults.seen if path.endswith(".jpg")]
    assert 1 < len(asked_for) <= score.READ_AHEAD + 1
    assert [frame.content for frame in frames] == [name.encode() for name in names[1:]]
    methods = [method for method, path in faults.seen if path.endswith(".jpg")]
    assert methods == ["GET"] * len(names)


def test_what_a_listing_does_not_show_yet_is_not_lost(bucket: str, faults: Faults) -> None:
    out = Place(bucket)
    faults.lag_s = 60
    row = {"stage": "inputs", "reason": "r", "source": "s", "detail": "d"}
    finalised.begin(out, DAY, ["S001"])
    for store_id in ("S001", "_unknown"):
        rejects = REJECTS.from_rows([row | {"store_id": store_id}])
        write_partition(out, "rejects", DAY, store_id, rejects)
    finalised.end(out, DAY, ["S001"], whole=True)
    crop = crop_path(DAY, "S001", SaleKey("S001", "1", "T1", NOON).sale_id)
    out.write(crop, b"a face")
    out.write(f"reports/{DAY}/summary.json", _summary())

    assert out.folders("rejects") == []
    assert read_day(out, "rejects", DAY)["store_id"].to_pylist() == ["S001", "_unknown"]
    remove_crops(out, DAY, "S001", keep=[], written=[crop])
    assert not out.exists(crop)
    list_days(out, DAY)
    assert f"{DAY}/index.html".encode() in out.read("reports/index.html")


def _summary() -> bytes:
    counts = (
        *("flagged", "id_checked", "over_threshold", "refused", "inconclusive"),
        *("rows_read", "rows_rejected"),
    )
    told = {"day": str(DAY), "chain": "C", "stores": 1, "stores_read": 1, "alcohol_sales": 0}
    return str(told | dict.fromkeys(counts, 0)).replace("'", '"').encode()


def test_a_face_that_the_storage_will_not_delete_is_no_success(bucket: str, faults: Faults) -> None:
    out = Place(bucket)
    for number in (1, 2):
        out.write(
            crop_path(DAY, "S001", SaleKey("S001", "1", f"T{number}", NOON).sale_id), b"a face"
        )
    faults.undeletable = "crops/"
    with pytest.raises(StorageError, match="2 files are still there"):
        expire_days(out, "crops", date(2026, 5, 1))
    faults.undeletable = "(?!)"
    assert expire_days(out, "crops", date(2026, 5, 1)) == [f"crops/day={DAY}"]
    assert list(out.files("crops")) == []


def test_rights_that_end_during_the_night_are_no_fault_of_an_export(
    bucket: str, faults: Faults
) -> None:
    Place(bucket).write(f"sales/{DAY}.csv", b"transaction_id")
    faults.share, faults.kinds, faults.only = 1, ("expired",), r"sales/.*\.csv"
    with pytest.raises(SourceError, match="PermissionError"):
        list(read_sales(Place(f"{bucket}/sales"), DAY, Policy()))
