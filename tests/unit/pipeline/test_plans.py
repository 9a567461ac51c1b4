"""Plans and batches: they survive JSON, know their files, and a foreign plan is refused."""

import json
from datetime import date
from pathlib import Path

import pytest

from auditor.errors import ContractError, OvertakenError, SourceError
from auditor.pipeline.batches import Batch
from auditor.pipeline.plans import Plan, find_plan, plan_path, read_plan
from auditor.storage.place import Place
from auditor.tables import PURCHASES, SALES

DAY = date(2026, 3, 27)
BATCHES = (Batch(DAY, "abc", "sales", 0), Batch(DAY, "abc", "sales", 1))
BASKETS = Batch(DAY, "abc", "baskets", 0)
PLAN = Plan(
    day=DAY,
    id="abc",
    batches=(*BATCHES, BASKETS),
    files=(("S1.csv", "12" * 32),),
    policy_sha256="34" * 32,
    mapping_sha256=None,
    sales=300,
    rejects=(7,),
    purchases=(),
)


def test_a_batch_crosses_processes_as_json() -> None:
    for batch in PLAN.batches:
        assert Batch.from_dict(json.loads(json.dumps(batch.to_dict()))) == batch


def test_a_batch_holds_the_table_of_its_kind_and_has_its_own_files() -> None:
    assert (BATCHES[0].schema, BASKETS.schema) == (SALES, PURCHASES)
    files = [path for batch in PLAN.batches for path in batch.files]
    assert len(set(files)) == len(files) == 3 + 3 + 2
    assert all(path.startswith("unfinished/day=2026-03-27/abc/") for path in files)


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    out = Place(str(tmp_path))
    assert find_plan(out, DAY) is None
    out.write(plan_path(DAY), PLAN.to_json())
    assert read_plan(out, DAY, PLAN.batches) == PLAN
    assert PLAN.of_kind("sales") == [*BATCHES]
    assert {PLAN.bucket_path("rejects", 7), PLAN.coverage_path, BASKETS.path} <= PLAN.all_files


def test_a_plan_that_is_not_there_or_another_s_is_refused(tmp_path: Path) -> None:
    out = Place(str(tmp_path))
    with pytest.raises(SourceError, match="not planned"):
        read_plan(out, DAY)
    with pytest.raises(OvertakenError, match="is gone"):
        read_plan(out, DAY, BATCHES)
    out.write(plan_path(DAY), PLAN.to_json())
    with pytest.raises(OvertakenError, match="planned anew"):
        read_plan(out, DAY, [Batch(DAY, "def", "sales", 0)])


@pytest.mark.parametrize("content", [b"{}", b"[]", b"no JSON", b'{"id": "abc", "batches": ["a"]}'])
def test_another_versions_plan_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    out = Place(str(tmp_path))
    out.write(plan_path(DAY), content)
    with pytest.raises(ContractError, match="run it from its beginning"):
        read_plan(out, DAY)
