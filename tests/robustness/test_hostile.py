"""A part of the corpus of hostile inputs; `make hostile` puts all of it through, and whole days."""

import hashlib
import os
import subprocess
import sys
from itertools import count, islice
from pathlib import Path

import pytest

from auditor.inputs import read_sales, read_snapshot_index
from auditor.storage.place import Place
from auditor.tables import TILL_LINES
from tests.robustness.hostile import MOST_MEMORY, PATIENCE_S, SEED, put_through, run_all
from tests.support.hostile_inputs import hostile, is_heavy, name
from tests.support.paths import ROOT
from tests.support.samples import DATED, DAY, policy, put, sales_csv, shot, texts

LIGHT = list(islice((n for n in count() if not is_heavy(SEED, n)), 260))


def test_hostile_inputs_are_accepted_or_set_aside_with_a_reason() -> None:
    verdicts = list(run_all(SEED, LIGHT))
    assert [verdict.number for verdict in verdicts] == LIGHT
    assert [verdict for verdict in verdicts if verdict.failure] == []
    assert max(verdict.seconds for verdict in verdicts) < PATIENCE_S
    assert max(verdict.peak for verdict in verdicts) < MOST_MEMORY
    assert sum(bool(verdict.reasons) for verdict in verdicts) > len(LIGHT) / 3


def test_a_cell_that_is_long_in_many_rows_takes_no_memory_for_each() -> None:
    bombs = (n for n in count() if name(SEED, n) == "parquet_long_cell_bomb")
    for verdict in run_all(SEED, islice(bombs, 5)):
        assert (verdict.failure, verdict.reasons) == ("", ("unreadable_file",))
        assert verdict.peak < 1 << 30


def test_the_corpus_is_the_same_whenever_it_is_made() -> None:
    def digest() -> str:
        parts = (hostile(SEED, number).content for number in LIGHT[:100])
        return hashlib.sha256(b"".join(parts)).hexdigest()

    assert digest() == digest()


def test_a_reader_that_fails_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number = next(n for n in LIGHT if hostile(SEED, n).reader == "policy")
    monkeypatch.setattr("auditor.policy.Policy.from_toml", lambda *_, **__: 1 / 0)
    assert "ZeroDivisionError" in put_through(number, hostile(SEED, number), tmp_path).failure


def test_links_and_pipes_among_exports_are_set_aside_each_by_itself(tmp_path: Path) -> None:
    put(tmp_path, DATED, sales_csv(texts(TILL_LINES)))
    folder = (tmp_path / DATED).parent
    (folder / "out.csv").symlink_to("/etc/passwd")
    (folder / "loop.csv").symlink_to("loop.csv")
    (folder / "nowhere.csv").symlink_to("nothing.csv")
    (folder / "folder.csv").symlink_to(folder)
    os.mkfifo(folder / "pipe.csv")
    readings = list(read_sales(Place(str(tmp_path)), DAY, policy()))
    assert sum(reading.table.num_rows for reading in readings) == 1
    aside = [row for reading in readings for row in reading.rejects.to_pylist()]
    assert {row["reason"] for row in aside} == {"unreadable_file"}
    names = {Path(row["source"]).name for row in aside}
    assert names == {"out.csv", "loop.csv", "nowhere.csv", "folder.csv", "pipe.csv"}


def test_a_file_whose_name_is_no_text_is_set_aside(tmp_path: Path) -> None:
    put(tmp_path, f"index/{DATED}", sales_csv(shot()))
    folder = (tmp_path / "index" / DATED).parent
    (folder / "x\udcff.csv").write_bytes(b"x")
    readings = list(read_snapshot_index(Place(str(tmp_path)), DAY, policy()))
    aside = [row for reading in readings for row in reading.rejects.to_pylist()]
    assert any("x\ufffd.csv" in row["source"] for row in aside)


def test_the_fuzzer_runs_and_finds_nothing_in_two_seconds(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="no build for this machine")
    fuzz = [sys.executable, str(ROOT / "tests" / "robustness" / "fuzz.py"), "--seconds", "2"]
    command = [*fuzz, "--readers", "policy", "--found", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "policy: number_of_executed_units" in done.stdout
