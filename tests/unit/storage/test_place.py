"""Places: whole files, and no way out."""

import os
import stat
from pathlib import Path

import pytest

from auditor.errors import ConfigurationError
from auditor.policy import load_policy
from auditor.storage.addresses import without_credentials
from auditor.storage.local_files import PARTIAL_PREFIX
from auditor.storage.place import OutsideError, Place, TooLargeError, results_at


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(str(tmp_path / "out"))


def test_what_is_written_is_read_back_and_replaced(place: Place) -> None:
    place.write("a/b.txt", b"one")
    place.write("a/b.txt", b"two")
    assert place.read("a/b.txt") == b"two"
    assert list(place.files()) == ["a/b.txt"]


def test_files_and_folders_are_for_their_owner_only(place: Place, tmp_path: Path) -> None:
    place.write("a/b/c.txt", b"")
    assert stat.S_IMODE((tmp_path / "out/a/b/c.txt").stat().st_mode) == 0o600
    for folder in ("out", "out/a", "out/a/b"):
        assert stat.S_IMODE((tmp_path / folder).stat().st_mode) == 0o700, folder


def test_a_folder_that_is_there_keeps_its_mode(place: Place, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir(mode=0o750)
    place.write("a", b"")
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o750


@pytest.mark.parametrize(
    "path",
    ["../x", "a/../../x", "/etc/passwd", "~/x", "s3://bucket/x", "a\\b", "a\nb", "a\0b", ""],
)
def test_no_path_leads_out(place: Place, path: str) -> None:
    place.write("x", b"")
    with pytest.raises(OutsideError):
        place.read(path)
    with pytest.raises(OutsideError):
        place.write(path, b"")


def test_no_path_leads_out_of_a_bucket() -> None:
    with pytest.raises(OutsideError):
        Place("memory://bucket/chain").read("frames/../../other/x")


def test_no_link_leads_out(place: Place, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    place.write("inside", b"")
    (tmp_path / "out/link").symlink_to(tmp_path / "secret")
    with pytest.raises(OutsideError, match="link"):
        place.read("link")
    (tmp_path / "out/folder").symlink_to(tmp_path)
    for path in ("folder/secret", "folder/none/yet"):
        with pytest.raises(OutsideError, match="link"):
            place.write(path, b"")


def test_a_link_may_lead_elsewhere_in_the_place(place: Place, tmp_path: Path) -> None:
    place.write("frames/1", b"one")
    (tmp_path / "out/latest").symlink_to("frames")
    (tmp_path / "also").symlink_to(tmp_path / "out")
    assert Place(str(tmp_path / "also")).read("latest/1") == b"one"


def test_unfinished_files_are_not_listed(place: Place, tmp_path: Path) -> None:
    place.write("a/done", b"")
    (tmp_path / f"out/a/{PARTIAL_PREFIX}half").write_bytes(b"ha")
    assert list(place.files()) == ["a/done"]


def test_a_write_that_breaks_off_leaves_the_old_file(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write("a", b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        place.write("a", b"new")
    assert place.read("a") == b"old"


def test_listing_skips_the_folders_it_is_told_to(place: Place) -> None:
    for path in ("2026-03-01/a", "2026-03-02/a", "z"):
        place.write(path, b"")
    assert list(place.files(enter=lambda name: name != "2026-03-01")) == ["2026-03-02/a", "z"]
    assert place.folders("2026-03-01") == []


def test_a_place_around_one_file_has_only_that_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a")
    (tmp_path / "b.csv").write_text("b")
    place = Place(str(tmp_path / "b.csv"))
    assert list(place.files()) == ["b.csv"]
    assert place.read("b.csv") == b"b"


def test_results_are_refused_where_a_file_is_and_the_file_stays(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("notes")
    for url in (file, f"file://{file}"):
        with pytest.raises(ConfigurationError, match=r"notes\.txt is a file") as refused:
            results_at(str(url))
        assert refused.value.exit_code == 2
    assert file.read_text() == "notes"
    assert list(tmp_path.iterdir()) == [file]


def test_results_may_go_to_a_folder_that_is_there_or_not_yet(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "new/out"):
        results_at(str(folder)).write("a", b"1")
        assert (folder / "a").read_bytes() == b"1"


def test_removing_what_is_not_there_is_no_error(place: Place) -> None:
    place.remove("nothing")
    place.write("a/b", b"")
    place.remove("a")
    assert not place.exists("a")


def test_an_unknown_scheme_says_what_is_wrong() -> None:
    with pytest.raises(ConfigurationError, match="nosuch"):
        Place("nosuch://bucket/x")


@pytest.mark.parametrize(
    "url",
    [
        "nosuch://name:hunter2@bucket/x",
        "s3://AKIAHUNTER2:hunter2@bucket/x",
        "s3://AKIAHUNTER2:has/slashes/hunter2@bucket/x",  # as one in two secret keys has
        "s3://AKIAHUNTER2:hunter2@bucket",
    ],
)
def test_a_key_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    for use in (Place, load_policy):
        with pytest.raises(ConfigurationError, match=r"://\.\.\.@bucket.* take it out") as raised:
            use(url)
        assert "hunter2" not in str(raised.value).lower()


def test_an_access_point_an_account_and_a_port_are_no_keys() -> None:
    for url in (
        "s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/audit/a@b",
        "abfs://container@account.dfs.core.windows.net/chain",
        "https://storage:9000/chain/a@b",
    ):
        assert without_credentials(url) == url


def test_a_pipe_is_no_file_and_nobody_waits_for_it(place: Place, tmp_path: Path) -> None:
    place.write("a", b"")
    os.mkfifo(tmp_path / "out/pipe")
    for look in (place.read, place.open):
        with pytest.raises(PermissionError, match="pipe"):
            look("pipe")


def test_no_more_is_read_than_is_asked_for_at_most(place: Place) -> None:
    place.write("a", b"12345")
    assert place.read("a", most=5) == b"12345"
    with pytest.raises(TooLargeError, match="more than 4 bytes"):
        place.read("a", most=4)
    elsewhere = Place("memory://bucket/of-files")
    elsewhere.write("a", b"12345")
    with pytest.raises(TooLargeError, match="more than 4 bytes"):
        elsewhere.read("a", most=4)
