"""The demo chain: the same bytes for the same seed, and exactly the troubles it states."""

import csv
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.demo import catalogue, portrait, troubles, write_demo, writing
from auditor.demo.catalogue import DAYS, STORES
from auditor.demo.exports import Damage
from auditor.demo.tables import TRUTH
from auditor.errors import ConfigurationError
from auditor.faces.frames import UnreadableFrameError, decode
from auditor.policy import Policy
from auditor.tables import (
    ID_CHECKS,
    INCONCLUSIVE_REASONS,
    OUTCOMES,
    SNAPSHOT_INDEX,
    TILL_LINES,
    Schema,
)
from tests.support import quiet_demo
from tests.support.samples import header

DAMAGED = {"truncated_file", "empty_file"}


@pytest.fixture(scope="module")
def chain(quiet_demo_chain: Path) -> Path:
    return quiet_demo_chain


@pytest.fixture(scope="module")
def truth(chain: Path) -> list[dict[str, Any]]:
    table = pq.read_table(chain / "truth.parquet", partitioning=None)
    assert TRUTH.conform(table).equals(table)
    return table.to_pylist()


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def read(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        return pq.ParquetFile(path).read().to_pylist()
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def exports(chain: Path, day: date) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for path in sorted((chain / "sales" / str(day)).iterdir()):
        yield path.name, read(path)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    few = (replace(STORES[2], alcohol_sales=12), replace(STORES[3], alcohol_sales=12))
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_demo(tmp_path / name, seed=seed, days=DAYS[:1], stores=few)
    first, second, other = (hashes(tmp_path / name) for name in "abc")
    assert first == second
    assert first["policy.toml"] == other["policy.toml"]
    assert first["truth.parquet"] != other["truth.parquet"]
    assert first["sales/2026-03-27/S004.parquet"] != other["sales/2026-03-27/S004.parquet"]


def test_a_day_does_not_depend_on_which_other_days_are_written() -> None:
    both = [writing._plan(day, STORES, 1)[0].baskets for day in DAYS[:2]]
    assert writing._plan(DAYS[1], STORES, 1)[0].baskets == both[1]
    assert both[0] != both[1]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_some_350_alcohol_sales_a_day(seed: int) -> None:
    for day in DAYS:
        plans = writing._plan(day, STORES, seed)
        sales = sum(basket.buyer is not None for plan in plans for basket in plan.baskets)
        others = sum(basket.buyer is None for plan in plans for basket in plan.baskets)
        assert 335 <= sales <= 365
        assert sales < others < 1.5 * sales


@pytest.mark.parametrize("seed", range(1, 6))
def test_no_seed_is_short_of_sales_for_the_troubles(seed: int) -> None:
    found = Counter(
        t for plan in writing._plan(DAYS[2], STORES, seed) for t in plan.befallen.values()
    )
    assert found == {t.name: t.a_day for t in troubles.TROUBLES if t.name != "camera_clock_off"}


def test_baskets_of_one_till_are_too_far_apart_to_be_mistaken_for_each_other() -> None:
    for plan in writing._plan(DAYS[0], STORES, 1):
        for till in plan.store.tills:
            times = [b.sold_at for b in plan.baskets if b.till == till]
            gaps = [b - a for a, b in pairwise(times)]
            assert min(gaps) >= timedelta(seconds=90)


def test_one_cashier_hardly_ever_asks_young_buyers() -> None:
    asked: dict[bool, list[bool]] = {True: [], False: []}
    for seed in (1, 2, 3):
        for plan in writing._plan(DAYS[0], STORES, seed):
            for basket in plan.baskets:
                if basket.buyer and basket.buyer.age < 25 and basket.till.records_checks:
                    careless = basket.cashier_id == catalogue.CARELESS_CASHIER
                    asked[careless].append(basket.checked)
    assert sum(asked[True]) / len(asked[True]) < 0.25
    assert sum(asked[False]) / len(asked[False]) > 0.85


def test_each_trouble_happens_as_often_a_day_as_it_says(truth: list[dict[str, Any]]) -> None:
    for day in DAYS:
        found = Counter(row["trouble"] for row in truth if row["day"] == day and row["trouble"])
        stated = {trouble.name: trouble.a_day for trouble in troubles.TROUBLES}
        if day == DAYS[2]:
            del stated["camera_clock_off"]  # its store is closed
        assert found == stated


def test_the_truth_has_one_row_a_sale_and_known_words_only(truth: list[dict[str, Any]]) -> None:
    assert len({row["transaction_id"] for row in truth}) == len(truth)
    frames = [row["snapshot_id"] for row in truth if row["snapshot_id"]]
    assert len(set(frames)) == len(frames)
    faces = {face.file: face for face in portrait.faces()}
    for row in truth:
        assert row["id_check"] in ID_CHECKS
        assert row["expected_outcome"] in (*OUTCOMES, None)
        assert row["expected_reason"] in (*INCONCLUSIVE_REASONS, None)
        assert (row["expected_outcome"] == "inconclusive") == (row["expected_reason"] is not None)
        assert row["face"] is None or faces[row["face"]].age == row["true_age"]
        assert row["true_age"] >= 14


def test_a_trouble_that_hides_the_age_leaves_the_sale_inconclusive(
    truth: list[dict[str, Any]],
) -> None:
    for row in truth:
        trouble = troubles.BY_NAME.get(row["trouble"])
        if trouble is not None:
            assert (row["snapshot_id"] is not None) == trouble.has_frame
        if trouble is not None and trouble.reason is not None:
            assert row["expected_outcome"] == "inconclusive"
            assert row["expected_reason"] == trouble.reason


def test_every_sale_of_the_truth_is_in_an_export_with_alcohol(
    chain: Path, truth: list[dict[str, Any]]
) -> None:
    alcohol = {product.sku for product in catalogue.ALCOHOL}
    for day in DAYS:
        sold = {
            row["transaction_id"]
            for _, rows in exports(chain, day)
            for row in rows
            if row["sku"] in alcohol and row["id_check"] in ID_CHECKS
        }
        assert {row["transaction_id"] for row in truth if row["day"] == day} <= sold


@pytest.mark.parametrize(
    ("folder", "schema"), [("sales", TILL_LINES), ("snapshots/index", SNAPSHOT_INDEX)]
)
def test_exports_and_indexes_have_the_columns_of_the_contract(
    chain: Path, folder: str, schema: Schema
) -> None:
    columns = header(schema)
    paths = [path for path in (chain / folder).rglob("*") if path.is_file()]
    assert len(paths) == 12
    for path in paths:
        if path.suffix == ".parquet":
            found = pq.read_schema(path)
            assert found.names == columns
            assert all(found.field(n).type == schema.arrow.field(n).type for n in columns)
        else:
            with path.open(encoding="utf-8", newline="") as stream:
                assert next(csv.reader(stream)) == columns


def test_stores_write_times_each_in_its_own_way(chain: Path) -> None:
    rows = dict(exports(chain, DAYS[0]))
    assert rows["S001.csv"][-1]["sold_at"].startswith("2026-03-27T")
    assert rows["S002.csv"][-1]["sold_at"].endswith("+00:00")
    assert len(rows["S003.csv"][-1]["sold_at"]) == len("2026-03-27 18:00:00")
    assert pa.types.is_timestamp(
        pq.read_schema(chain / "sales/2026-03-27/S004.parquet").field("sold_at").type
    )
    assert dict(exports(chain, DAYS[2]))["S001.csv"][-1]["sold_at"].endswith("+01:00")


def test_the_second_day_has_two_files_and_the_third_a_closed_and_a_missing_store(
    chain: Path,
) -> None:
    second, third = (dict(exports(chain, day)) for day in DAYS[1:])
    assert set(second) == {"S001.csv", "S002-a.csv", "S002-b.csv", "S003.csv", "S004.parquet"}
    ids = [{row["transaction_id"] for row in second[f"S002-{part}.csv"]} for part in "ab"]
    assert len(ids[0] & ids[1]) == troubles.RESENT
    assert set(third) == {"S001.csv", "S002.csv", "S003.csv"}
    assert third["S003.csv"] == []
    assert any((chain / "snapshots/frames/2026-03-29/S004").iterdir())


def test_three_rows_a_day_are_malformed(chain: Path) -> None:
    for day in DAYS:
        rows = [row for _, rows in exports(chain, day) for row in rows]
        assert (
            sum(row["birth_date"] is None and isinstance(row["sold_at"], str) for row in rows) == 1
        )
        # A transaction that is in both files of a store is malformed in both.
        late = {row["transaction_id"] for row in rows if "T25:61" in str(row["sold_at"])}
        assert len(late) == 1
        assert sum(row["id_check"] not in (*ID_CHECKS, None) for row in rows) >= 1


def test_malformed_rows_leave_an_alcohol_line_of_their_sale() -> None:
    for day in DAYS:
        for plan in writing._plan(day, quiet_demo.STORES, 1):
            baskets = {b.transaction_id: b for b in plan.baskets}
            for name, damage in plan.damages.items():
                alcohol = baskets[name].alcohol
                assert damage.kind in ("cells", "time", "id_check")
                assert (damage.kind == "id_check") == (len(alcohol) > 1)
                if damage.kind == "id_check":
                    assert damage == Damage("id_check", baskets[name].lines.index(alcohol[0]))


def test_frames_can_be_read_but_for_the_damaged_ones(
    chain: Path, truth: list[dict[str, Any]]
) -> None:
    trouble = {row["snapshot_id"]: row["trouble"] for row in truth}
    shapes: Counter[tuple[int, ...]] = Counter()
    for path in (chain / "snapshots/frames").rglob("*.*"):
        if trouble.get(path.stem) in DAMAGED:
            with pytest.raises(UnreadableFrameError):
                decode(path.read_bytes())
        else:
            shapes[decode(path.read_bytes()).shape] += 1
    assert set(shapes) == {(480, 640, 3)}
    assert sum(shapes.values()) > 250


def test_the_index_names_every_frame_and_one_a_day_leads_outside(chain: Path) -> None:
    for day in DAYS:
        paths = [
            row["path"]
            for path in (chain / "snapshots/index" / str(day)).iterdir()
            for row in read(path)
        ]
        outside = [path for path in paths if path.startswith("..")]
        assert outside == ["../../etc/passwd"]
        frames = (chain / "snapshots/frames" / str(day)).rglob("*.*")
        found = {str(path.relative_to(chain / "snapshots")) for path in frames}
        assert set(paths) - set(outside) == found
        assert len(paths) == len(set(paths))


def test_the_policy_is_a_valid_one_that_changes_on_the_second_day(chain: Path) -> None:
    policy = Policy.from_toml((chain / "policy.toml").read_bytes(), origin="policy.toml")
    assert set(policy.stores) == {store.store_id for store in STORES}
    ages = [policy.rules(day, "S004").challenge_age for day in DAYS]
    assert ages == [25, 30, 30]
    assert {policy.rules(day, "S001").challenge_age for day in DAYS} == {25}


def test_progress_counts_up_to_the_end(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    few = (replace(STORES[0], alcohol_sales=8),)
    write_demo(
        tmp_path, days=DAYS[:1], stores=few, progress=lambda done, total: seen.append((done, total))
    )
    assert [done for done, _ in seen] == list(range(1, len(seen) + 1))
    assert {total for _, total in seen} == {len(seen)}


def test_a_folder_with_something_else_in_it_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text("[chain]\nname = 'mine'\n")
    with pytest.raises(ConfigurationError, match="not empty"):
        write_demo(tmp_path)
    assert (tmp_path / "policy.toml").read_text() == "[chain]\nname = 'mine'\n"
    with pytest.raises(ConfigurationError, match="is a file"):
        write_demo(tmp_path / "policy.toml")


def test_an_earlier_demo_is_replaced_and_what_lies_beside_it_kept(tmp_path: Path) -> None:
    few = (replace(STORES[3], alcohol_sales=8),)
    write_demo(tmp_path, days=DAYS[:1], stores=few)
    first = hashes(tmp_path)
    (tmp_path / "sales" / "stale.csv").write_text("left over")
    (tmp_path / "notes.txt").write_text("mine")
    write_demo(tmp_path, days=DAYS[:1], stores=few)
    assert hashes(tmp_path) == {**first, "notes.txt": hashlib.sha256(b"mine").hexdigest()}


def test_every_composite_that_is_listed_is_there() -> None:
    folder = Path(portrait.__file__).parent / "faces"
    with (folder / "faces.csv").open(encoding="utf-8", newline="") as stream:
        files = [row["file"] for row in csv.DictReader(stream)]
    assert sorted(files) == sorted(path.name for path in folder.glob("*.jpg"))
    assert len(files) == 150
