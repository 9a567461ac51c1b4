"""The gate: what of a basket gets through to the analysis by age group, and what never does."""

import subprocess
import sys
import tomllib
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from auditor.errors import ConfigurationError
from auditor.policy import Policy
from auditor.sales import collect, purchases
from auditor.tables import INSIGHTS, POSTERIORS, PURCHASES, SNAPSHOT_INDEX, TILL_LINES
from tests.support.paths import ROOT
from tests.support.samples import frame, line, policy, row

DAY = date(2026, 7, 2)
EVENING = datetime(2026, 7, 2, 21, 59, 30, tzinfo=UTC)  # 22:59 in London
INSIDE = {"enabled": True, "lawful_basis": "consent", "effective_from": DAY}


def chain(**insights: Any) -> Policy:
    stores: dict[str, Any] = {"S1": {}, "S2": {}}
    entry = {"effective_from": date(2020, 1, 1), "time_zone": "Europe/London"}
    return Policy({"stores": stores, "policy": [entry], "insights": INSIDE | insights})


def collected(rules: Policy, **changes: Any) -> pa.Table:
    """Wine with a frame, bread with a frame, bread without; all in the store S1."""
    lines = [
        line(transaction_id="wine", sku="W", sold_at=EVENING) | changes,
        line(transaction_id="bread", sku="B", category="bakery", sold_at=EVENING) | changes,
        line(transaction_id="unseen", sku="B", category="bakery", sold_at=EVENING) | changes,
    ]
    frames = [
        frame(snapshot_id=name, transaction_id=name, captured_at=EVENING) | changes
        for name in ("wine", "bread")
    ]
    table = TILL_LINES.from_rows(lines), SNAPSHOT_INDEX.from_rows(frames)
    return collect(*table, DAY, rules).purchases


def test_only_alcohol_sales_with_a_frame_unless_the_policy_asks_for_all() -> None:
    assert collected(chain())["transaction_id"].to_pylist() == ["wine"]
    both = collected(chain(baskets="all"))
    assert both["transaction_id"].to_pylist() == ["wine", "bread"]
    assert purchases.unscored(both)["transaction_id"].to_pylist() == ["bread"]
    assert both["hour"].to_pylist() == [22, 22]
    assert [lines[0]["category"] for lines in both["lines"].to_pylist()] == ["wine", "bakery"]
    assert [lines[0]["alcohol"] for lines in both["lines"].to_pylist()] == [True, False]


@pytest.mark.parametrize(
    "rules",
    [
        policy(),
        chain(enabled=False),
        chain(effective_from=date(2026, 7, 3)),
        chain(stores=["S2"]),
    ],
    ids=["no word of it", "off", "not yet", "not there"],
)
def test_nothing_is_kept_where_the_policy_has_no_basis(rules: Policy) -> None:
    assert collected(rules).num_rows == 0


def test_what_gets_through_has_no_key_and_no_order() -> None:
    bought = PURCHASES.from_rows(
        [
            row(PURCHASES, transaction_id=f"T{n}", hour=h, alcohol_sale=True, currency="GBP")
            | {"lines": [product(sku)]}
            for n, h, sku in ((1, 20, "B"), (2, 9, "A"), (3, 20, "A"), (4, 9, "C"))
        ]
    )
    told = POSTERIORS.from_rows(
        row(POSTERIORS, transaction_id=f"T{n}", groups=[0.123, 0.877]) for n in (3, 1, 2)
    )
    through = purchases.let_through(bought, told, model="m/1", group_starts=(25,))
    assert set(through.column_names) == set(INSIGHTS.names)
    assert not {"transaction_id", "till_id", "cashier_id", "sold_at", "snapshot_id"} & set(
        through.column_names
    )
    assert [lines[0]["sku"] for lines in through["lines"].to_pylist()] == ["A", "B", "A"]
    assert through["groups"].to_pylist()[0] == pytest.approx([0.12, 0.88])
    again = purchases.let_through(bought.take([3, 2, 1, 0]), told, model="m/1", group_starts=(25,))
    assert sorted(map(repr, again.to_pylist())) == sorted(map(repr, through.to_pylist()))
    assert again.equals(through)  # whatever the order in which the sales came


def product(sku: str) -> dict[str, Any]:
    one = Decimal(1)
    return {"sku": sku, "quantity": one, "amount": one, "alcohol": True}


def test_scores_without_groups_are_left_out() -> None:
    keys = POSTERIORS.from_rows(row(POSTERIORS, transaction_id=n, groups=[]) for n in "ab")
    rows = [{"frame": 0, "reason": "no_face"}, {"frame": 1, "groups": [0.5, 0.5]}]
    assert purchases.posteriors(keys, rows)["transaction_id"].to_pylist() == ["b"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"enabled": True}, "lawful_basis"),
        (INSIDE | {"age_groups": [25, 18]}, "rise"),
        (INSIDE | {"min_cell": 1}, "min_cell"),
        (INSIDE | {"baskets": "some"}, "baskets"),
        (INSIDE | {"confusion": "../x.json"}, "confusion"),
        (INSIDE | {"age_grups": [18]}, r"insights\.age_grups"),
        (INSIDE | {"stores": ["S9"]}, "S9"),
    ],
)
def test_a_wrong_policy_is_refused_by_name(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Policy({"stores": {"S1": {}}, "insights": wrong})


def test_the_analysis_loads_nothing_that_sees_faces_or_cases() -> None:
    """The import contract, seen at run time; `lint-imports` holds it for what is written."""
    seen = "score collect decide detector model report cashiers sources frames engines purchases"
    code = f"""
import sys, auditor.insights.analysis
from tests.support.paths import ROOT
seen = set("{seen}".split())
bad = [m for m in sys.modules if m.startswith("auditor.") and seen & set(m.split("."))]
assert not bad, bad
assert "cv2" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_firewall_names_every_part_of_the_audit() -> None:
    """A new module is behind it until somebody says otherwise here."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (wall,) = (c for c in contracts["contracts"] if c["id"] == "purpose-firewall")
    rooms = {path.parent.name for path in (ROOT / "auditor").glob("*/__init__.py")}
    seen = {"clock", "insights", "policy", "storage", "tables"}
    faces = {path.stem for path in (ROOT / "auditor/faces").iterdir()} - {"__init__", "__pycache__"}
    behind = {name.removeprefix("auditor.") for name in wall["forbidden_modules"]}
    seen_of_faces = {"ages", "confusion"}
    assert behind == (rooms - seen - {"faces"}) | {
        f"faces.{name}" for name in faces - seen_of_faces
    }
