"""Sales over the end of a day: completed by the run of the next, in whatever order days are run.

What runs here is the whole line with a stand-in for the scorer.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.cli.main import main
from auditor.decisions.log import read_decisions
from auditor.errors import BusyError, ExitCode
from auditor.pipeline import (
    Completion,
    complete_days,
    finalise_day,
    plan_day,
    report_day,
    run_day,
    score_batch,
)
from auditor.pipeline.day import day_lock
from auditor.sales.control_sample import DRAWN_FROM
from auditor.sales.identity import SaleKey
from auditor.storage import revisions
from auditor.storage.layout import crop_path
from auditor.storage.partitions import read_day, write_partition
from auditor.storage.place import Place
from auditor.tables import LEDGER
from tests.support import tiny_chain
from tests.support.night_sales import DAYS, STORES, Chain, Rung

BEFORE, DAY, AFTER = DAYS
#: A check in the last of its lines, after midnight; the sale is of the day before.
OVER_MIDNIGHT = Rung(1, DAY, 24 * 60 - 2, lines=(0, 3), checks=("none", "id_scanned"))
NOON = 12 * 60


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_chain.stand_in(monkeypatch.setattr)


@contextmanager
def chain_of(rung: Sequence[Rung], policy: str = "") -> Iterator[Chain]:
    with tempfile.TemporaryDirectory() as folder:
        yield Chain(Path(folder), tuple(rung), policy)


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    """A sale over midnight among others of both stores."""
    others = [Rung(n, day, NOON + n, store=s) for n in (2, 3, 4) for day in DAYS for s in STORES]
    numbered = [replace(sale, number=10 + n) for n, sale in enumerate(others)]
    return Chain(tmp_path / "chain", (OVER_MIDNIGHT, *numbered))


def ledger(chain: Chain, day: date, out: str = "out") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read_day(Place(str(chain.folder / out)), "ledger", day).to_pylist()
    return rows


def crops(chain: Chain, out: str = "out") -> set[str]:
    return {str(p.relative_to(chain.folder / out)) for p in (chain.folder / out).rglob("*.jpg")}


# Whatever is run first

TRANSACTION = st.builds(
    Rung,
    number=st.integers(1, 6),
    day=st.sampled_from(DAYS[:2]),
    minute=st.one_of(st.integers(24 * 60 - 20, 24 * 60 + 20), st.just(NOON)),
    lines=st.lists(st.integers(0, 25), min_size=1, max_size=3).map(tuple),
    checks=st.lists(st.sampled_from(["none", "id_scanned"]), min_size=1, max_size=3).map(tuple),
    goods=st.lists(st.sampled_from(["wine", "milk"]), min_size=1, max_size=3).map(tuple),
    store=st.sampled_from(STORES),
    frame_after=st.sampled_from([None, 0, 25, 600]),
    frame_names_it=st.booleans(),
    state=st.sampled_from(["", "", "", "suspended", "void"]),
    resumes=st.sampled_from([None, None, 1, 2]),
)
#: What happens night after night: the files of a day come, or a day is audited.
EVENTS = st.lists(st.tuples(st.sampled_from(["arrive", "run"]), st.sampled_from(DAYS)), max_size=7)
DAY_ENDS = st.sampled_from(["", 'day_ends_at = "00:10"\n'])


def with_all(events: Sequence[tuple[str, date]], last: Sequence[date]) -> list[tuple[str, date]]:
    """Events after which every day's files came, and each was audited once its own had come."""
    whole = list(events)
    for day in last:
        if ("arrive", day) not in whole:
            whole.append(("arrive", day))
        came = len(whole) - 1 - whole[::-1].index(("arrive", day))
        if ("run", day) not in whole[came:]:
            whole.append(("run", day))
    return whole


@settings(max_examples=5)  # each runs days some ten times
@given(
    rung=st.lists(TRANSACTION, min_size=1, max_size=8, unique_by=lambda t: (t.store, t.number)),
    events=EVENTS,
    last=st.permutations(DAYS),
    policy=DAY_ENDS,
)
def test_any_order_of_files_and_runs_gives_the_same_ledgers(
    rung: list[Rung], events: list[tuple[str, date]], last: list[date], policy: str
) -> None:
    with chain_of(rung, policy) as chain:
        for happens, day in with_all(events, last):
            if happens == "arrive":
                chain.arrive(day)
            else:
                assert run_day(chain.job(day)).incomplete == []
        for day in DAYS:
            run_day(chain.job(day, out="whole"))
        for day in DAYS:
            assert ledger(chain, day) == ledger(chain, day, "whole"), day
        assert crops(chain) == crops(chain, "whole")
        sales = [SaleKey.of(row) for day in DAYS for row in ledger(chain, day)]
        assert len(sales) == len(set(sales))


@pytest.mark.parametrize("order", list(permutations(DAYS)))
@pytest.mark.parametrize("files_there", [(), DAYS])
def test_alcohol_that_is_rung_up_after_midnight_is_sold_on_the_day_of_the_first_line(
    order: Sequence[date], files_there: Sequence[date], tmp_path: Path
) -> None:
    """In whatever order days are run, and whether their files are there or come one by one."""
    first, last = (
        replace(OVER_MIDNIGHT, number=n, goods=goods, store=store)
        for n, goods, store in ((10, ("milk", "wine"), "S001"), (20, ("wine", "milk"), "S002"))
    )
    chain = Chain(tmp_path, (first, last, replace(first, number=30, goods=("milk",))))
    for day in files_there:
        chain.arrive(day)
    for day in order:
        chain.arrive(day)
        assert run_day(chain.job(day)).incomplete == []
    rows = {day: ledger(chain, day) for day in DAYS}
    assert (rows[BEFORE], rows[AFTER]) == ([], [])
    assert [row["transaction_id"] for row in rows[DAY]] == ["T10", "T20"]
    assert [[item["alcohol"] for item in row["basket"]] for row in rows[DAY]] == [
        [False, True],
        [True, False],
    ]
    assert [row["id_check"] for row in rows[DAY]] == ["id_scanned"] * 2


# Night after night


def night_after_night(chain: Chain, days: Sequence[date] = DAYS[:2]) -> None:
    """Audit each day when its own files have come, and no later ones."""
    for day in days:
        chain.arrive(day)
        run_day(chain.job(day))


def command(chain: Chain, day: date) -> Result:
    job = chain.job(day)
    addresses = (
        f"--{name}={getattr(job, name)}" for name in ("sales", "snapshots", "out", "policy")
    )
    return CliRunner().invoke(main, ["run", "--day", str(day), *addresses])


def of_first(chain: Chain) -> dict[str, Any]:
    (row,) = [row for row in ledger(chain, DAY) if row["transaction_id"] == "T1"]
    return row


def test_the_next_night_completes_a_sale_and_audits_its_store_alone_again(chain: Chain) -> None:
    night_after_night(chain)
    assert (of_first(chain)["id_check"], len(of_first(chain)["basket"])) == ("none", 1)
    out = Place(str(chain.folder / "out"))
    key = SaleKey.of(of_first(chain))
    decide = ("decide", "--out", str(out), "--day", str(DAY), "--sale", key.sale_id)
    decided = CliRunner().invoke(
        main, [*decide, "--by", "Ann", "--decision", "note", "--note", "x"]
    )
    assert decided.exit_code == 0, decided.output
    of_store_2 = out.read(f"provenance/day={DAY}/store=S002/part-0.parquet")

    chain.arrive(AFTER)
    result = run_day(chain.job(AFTER))

    assert result.completed == [Completion(DAY, ("S001",), 1)]
    assert result.incomplete == []
    assert (of_first(chain)["id_check"], len(of_first(chain)["basket"])) == ("id_scanned", 2)
    assert SaleKey.of(of_first(chain)) == key
    assert [revisions.count(out, DAY, store) for store in STORES] == [1, 0]
    assert out.read(f"provenance/day={DAY}/store=S002/part-0.parquet") == of_store_2
    assert read_decisions(out, DAY).num_rows == 1
    assert revisions.completed_sales(out, DAY, AFTER) == 1
    assert crops(chain) == {r["crop"] for day in DAYS for r in ledger(chain, day) if r["crop"]}

    before = tiny_chain.bytes_below(chain.folder / "out")
    assert run_day(chain.job(AFTER)).completed == []
    assert tiny_chain.bytes_below(chain.folder / "out") == before


def test_what_a_day_lacks_is_told_by_its_own_run_and_not_by_the_one_that_completes_it(
    chain: Chain, caplog: pytest.LogCaptureFixture
) -> None:
    chain.rung = tuple(replace(sale, frame_after=None) for sale in chain.rung)
    night_after_night(chain)
    chain.arrive(AFTER)
    for index in (chain.folder / "snapshots" / "index").rglob("*.csv"):
        index.unlink()
    caplog.clear()
    assert run_day(chain.job(AFTER)).completed
    assert [record.getMessage() for record in caplog.records] == [
        f"there is no snapshot index of {AFTER} below {chain.folder}/snapshots/index"
    ]


def test_a_night_without_a_sale_over_its_end_touches_no_other_day(chain: Chain) -> None:
    chain.rung = chain.rung[1:]
    night_after_night(chain)
    before = tiny_chain.bytes_below(chain.folder / "out")
    chain.arrive(AFTER)
    assert run_day(chain.job(AFTER)).completed == []
    after = tiny_chain.bytes_below(chain.folder / "out")
    others = {path for path in before if str(AFTER) not in path and path.count("/") > 1}
    assert others
    assert {path: after[path] for path in others} == {path: before[path] for path in others}


def test_a_day_that_was_never_audited_is_not_audited_unasked(chain: Chain) -> None:
    for day in DAYS:
        chain.arrive(day)
    assert run_day(chain.job(AFTER)).completed == []
    assert ledger(chain, DAY) == []


def test_an_export_that_comes_late_takes_its_sale_out_of_the_next_day(chain: Chain) -> None:
    chain.arrive(AFTER)
    run_day(chain.job(AFTER))
    assert "T1" in {row["transaction_id"] for row in ledger(chain, AFTER)}
    chain.arrive(DAY)
    assert run_day(chain.job(DAY)).completed == [Completion(AFTER, ("S001",), 1)]
    assert "T1" not in {row["transaction_id"] for row in ledger(chain, AFTER)}
    assert len(of_first(chain)["basket"]) == 2


def test_a_day_is_completed_by_the_policy_that_it_was_audited_with(chain: Chain) -> None:
    night_after_night(chain)
    policy = chain.folder / "policy.toml"
    policy.write_text(policy.read_text() + "challenge_age = 40\n")
    chain.arrive(AFTER)
    assert len(run_day(chain.job(AFTER)).completed) == 1
    assert {row["challenge_age"] for row in ledger(chain, DAY)} == {25}
    assert {row["challenge_age"] for row in ledger(chain, AFTER)} == {40}


def test_results_whose_frames_are_gone_are_left_as_they_are(chain: Chain) -> None:
    night_after_night(chain)
    before = ledger(chain, DAY)
    path = next(row["snapshot_path"] for row in before if row["snapshot_sha256"])
    (chain.folder / "snapshots" / path).unlink()
    chain.arrive(AFTER)
    done = command(chain, AFTER)
    assert done.exit_code == ExitCode.ABOVE_LIMITS
    assert f"Not completed: sales of {DAY} are not complete, and frames" in done.stderr
    assert ledger(chain, DAY) == before
    assert (chain.folder / "out" / f"reports/{AFTER}/index.html").exists()


def test_a_day_that_another_run_holds_is_named_and_completed_by_the_next_run(chain: Chain) -> None:
    night_after_night(chain)
    chain.arrive(AFTER)
    with day_lock(Place(str(chain.folder / "out")), DAY):
        done = command(chain, AFTER)
    assert done.exit_code == ExitCode.ABOVE_LIMITS
    assert f"Not completed: another run is at work on {DAY}" in done.stderr
    assert len(of_first(chain)["basket"]) == 1
    assert command(chain, AFTER).exit_code == ExitCode.DONE
    assert len(of_first(chain)["basket"]) == 2


def test_a_run_at_work_is_left_alone_if_it_knows_the_whole_sale(chain: Chain) -> None:
    night_after_night(chain)
    plan_day(chain.job(DAY))  # by a run that goes on
    chain.arrive(AFTER)
    assert "another run is at work" in run_day(chain.job(AFTER)).incomplete[0]
    plan_day(chain.job(DAY))
    result = run_day(chain.job(AFTER))
    assert (result.completed, result.incomplete) == ([], [])
    assert len(of_first(chain)["basket"]) == 1  # until that run has ended


def test_the_steps_of_a_scheduler_complete_a_day_too(chain: Chain) -> None:
    night_after_night(chain)
    chain.arrive(AFTER)
    job = chain.job(AFTER)
    for batch in plan_day(job):
        score_batch(job, batch)
    finalise_day(job)
    with day_lock(Place(job.out), DAY), pytest.raises(BusyError):
        complete_days(job)
    assert complete_days(job) == [Completion(DAY, ("S001",), 1)]
    assert complete_days(job) == []
    report_day(job)
    assert len(of_first(chain)["basket"]) == 2


def test_a_store_that_is_audited_again_alone_leaves_the_day_s_control_sample(chain: Chain) -> None:
    night_after_night(chain)
    before = {day: ledger(chain, day) for day in DAYS[:2]}
    for store in STORES:
        run_day(chain.job(DAY, stores=[store]))
    assert {day: ledger(chain, day) for day in DAYS[:2]} == before
    drawn = [r for r in before[DAY] if r["crop"] and r["outcome"] != "flagged"]
    assert len(drawn) == 2


def test_a_store_whose_sample_is_another_by_then_is_audited_again_too(chain: Chain) -> None:
    night_after_night(chain)
    out = Place(str(chain.folder / "out"))
    drawn = read_day(out, "ledger", DAY, ["S002"])
    rows = drawn.to_pylist()
    one = next(row for row in rows if row["outcome"] in DRAWN_FROM and row["age"])
    key = SaleKey.of(one)
    one["crop"] = None if one["crop"] else crop_path(DAY, key.store_id, key.sale_id)
    write_partition(out, "ledger", DAY, "S002", LEDGER.from_rows(rows))

    chain.arrive(AFTER)
    run_day(chain.job(AFTER))

    assert read_day(out, "ledger", DAY, ["S002"]).equals(drawn)
