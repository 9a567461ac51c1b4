"""The line over s3://, against a server that speaks S3 on the loopback."""

import dataclasses
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import fsspec
import pytest
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem

from auditor import pipeline
from auditor.files import Place
from auditor.pipeline import Job


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    fsspec.filesystem("s3", skip_instance_cache=True).mkdir("audits")
    yield "s3://audits"
    server.stop()


def test_a_day_over_object_storage_gives_the_bytes_of_a_day_on_disk(
    small_chain: Path, tmp_path: Path, bucket: str
) -> None:
    S3FileSystem.clear_instance_cache()  # another test's, of another server
    there = Place(f"{bucket}/chain")
    for path in small_chain.rglob("*"):
        if path.is_file():
            there.write(str(path.relative_to(small_chain)), path.read_bytes())
    here = Job(
        day=date(2026, 3, 27),
        sales=f"{small_chain}/sales",
        snapshots=f"{small_chain}/snapshots",
        out=str(tmp_path),
        policy=f"{small_chain}/policy.toml",
    )
    remote = dataclasses.replace(
        here,
        sales=f"{bucket}/chain/sales",
        snapshots=f"{bucket}/chain/snapshots",
        out=f"{bucket}/out",
        policy=f"{bucket}/chain/policy.toml",
    )
    for job in (here, remote, remote):  # the second run finds its own results and replaces them
        pipeline.run_day(job)
    on_disk, in_bucket = Place(str(tmp_path)), Place(f"{bucket}/out")
    assert list(in_bucket.files()) == list(on_disk.files())
    for path in on_disk.files():
        assert in_bucket.read(path) == on_disk.read(path), path
