"""The demo's simulated past: the cashiers with a habit are found again, and nobody else."""

import hashlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from auditor.demo import catalogue, simulated_days
from auditor.demo.catalogue import DAYS, HABITS
from auditor.demo.policy import policy_toml
from auditor.demo.writing import faults, habits
from auditor.faces.model import Card
from auditor.monitoring import cameras
from auditor.monitoring.baselines.daily_baselines import AGGREGATES
from auditor.monitoring.baselines.window import Window, read_window
from auditor.monitoring.completeness import Completeness
from auditor.monitoring.id_check_quality.leads import find_leads
from auditor.monitoring.staff.peers import Peers, cashiers
from auditor.policy import Policy
from auditor.report import Report, render_day
from auditor.storage.daily import read_daily, write_daily
from auditor.storage.place import Place
from auditor.tables import (
    COUNTED,
    DAY_FIGURES,
    DECISION_LOG,
    INPUT_NOTES,
    LEDGER,
    REJECTS,
    STORE_DAYS,
    ByStore,
)
from tests.support.report_day import PROVENANCE, store_day

POLICY = Policy.from_toml(policy_toml(), origin="policy.toml")
MODEL = Card.read(POLICY.chain_rules(DAYS[0]).model).full_name
HOW: dict[str, Any] = {"min_exposure": 10, "false_lead_share": 0.05}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The past, and the first day itself as a ledger of the same kind."""
    place = Place(str(tmp_path_factory.mktemp("out")))
    for day in [*simulated_days.counted_days(POLICY), DAYS[0]]:
        simulated_days.write_day(place, POLICY, day, names=tuple(AGGREGATES))
    return place


@pytest.fixture(scope="module")
def window(out: Place) -> Window:
    return read_window(out, DAYS[0], 28)


@pytest.fixture(scope="module")
def peers(window: Window) -> Peers:
    return cashiers(window.counts["checks"], **HOW)


def test_who_asks_fewer_and_who_asks_everybody_stand_out_and_nobody_else(peers: Peers) -> None:
    named = {
        side: {unit.cashier_id for unit in peers.outliers(side)} for side in ("below", "above")
    }
    assert named["below"] == {catalogue.CARELESS_CASHIER, catalogue.JUDGES_BY_EYE}
    assert named["above"] == {catalogue.ASKS_EVERYONE}


def test_honest_cashiers_of_the_store_with_the_most_young_customers_are_not_named(
    peers: Peers,
) -> None:
    youngest = max(catalogue.STORES, key=lambda shop: shop.youth).store_id
    own = [unit for unit in peers.units if unit.store_id == youngest]
    honest = [unit for unit in own if unit.cashier_id not in HABITS]
    assert len(honest) >= 4
    assert all(unit.due >= 10 and unit.outlier is None for unit in honest)


def test_the_till_that_keeps_no_record_is_held_against_nobody(peers: Peers) -> None:
    (unit,) = (u for u in peers.units if u.cashier_id == "E2026")
    assert (unit.due, unit.sales, unit.outlier) == (0, 0, None)
    assert unit.unrecorded > 100


def test_hollow_habits_are_found_by_their_rules_and_nobody_else_is(window: Window) -> None:
    findings = find_leads(window.counts["id_check_quality"], **HOW)
    found = {rule: {lead.cashier_id for lead in f.leads} for rule, f in findings.items()}
    keys_one, scans_own = catalogue.KEYS_ONE_BIRTH_DATE, catalogue.SCANS_OWN_CARD
    assert found == {
        "sentinel_birth_date": {keys_one},
        "round_birth_date": {keys_one},
        "round_birth_year": set(),
        "one_birth_date": {keys_one, scans_own},
        "birth_date_against_face": {keys_one, scans_own},
        "fast_check": {catalogue.CONFIRMS_AT_ONCE},
        "judged_by_eye": {catalogue.CARELESS_CASHIER, catalogue.JUDGES_BY_EYE},
        "check_out_of_time": set(),
    }


def test_no_camera_of_the_simulated_days_stands_out_and_one_that_goes_dark_does(
    out: Place,
) -> None:
    days = [DAYS[0], *cameras.days_before(DAYS[0])]
    usual = list(read_daily(out, "cameras", days))
    found = cameras.compare(DAYS[0], usual)
    assert (found.changed, found.on_record) == ((), 27)
    shop = next(s for s in catalogue.STORES if s.store_id == "S002")
    own = simulated_days.ledger(DAYS[0], POLICY)["S002"].to_pandas()
    own.loc[own["till_id"] == "01", "light"] *= shop.tills[0].exposure
    dark = cameras.count_cameras(pa.Table.from_pandas(own), POLICY.rules(DAYS[0], "S002"), MODEL)
    (camera,) = cameras.compare(DAYS[0], [(DAYS[0], "", dark), *usual[1:]]).changed
    assert (camera.till_id, [c.quantity for c in camera.changes]) == ("01", ["light"])


def test_the_truth_of_cameras_names_every_camera_once_and_the_one_that_went_dark() -> None:
    rows = faults().to_pylist()
    assert len({(row["store_id"], row["till_id"]) for row in rows}) == len(rows) == 16
    assert [row["store_id"] + row["till_id"] for row in rows if row["exposure"] < 1] == ["S00201"]


def test_the_truth_of_habits_names_every_cashier_once() -> None:
    rows = habits().to_pylist()
    assert len({row["cashier_id"] for row in rows}) == len(rows)
    assert {row["cashier_id"] for row in rows if row["habit"] != "ordinary"} == set(HABITS)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    day = simulated_days.counted_days(POLICY)[0]
    hashes = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        simulated_days.write_day(
            Place(str(tmp_path / name)), POLICY, day, names=tuple(AGGREGATES), seed=seed
        )
        files = sorted(path for path in (tmp_path / name).rglob("*.parquet"))
        assert len(files) == len({"figures", *AGGREGATES})
        hashes.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in files])
    assert hashes[0] == hashes[1]
    assert hashes[0] != hashes[2]


def test_a_simulated_day_has_every_outcome() -> None:
    ledger = pa.concat_tables(simulated_days.ledger(DAYS[0], POLICY).values())
    assert LEDGER.conform(ledger).equals(ledger)
    counted = {
        row["values"]: row["counts"] for row in pc.value_counts(ledger["outcome"]).to_pylist()
    }
    assert min(counted.values()) > 5
    assert set(counted) == {"flagged", "id_checked", "over_threshold", "refused", "inconclusive"}


def test_the_window_tells_of_the_days_it_has_and_of_nothing_else(
    out: Place, window: Window
) -> None:
    assert (window.days, len(window.on_record), window.on_record[-1]) == (28, 28, DAYS[0])
    assert set(window.counts) == set(COUNTED)
    shorter = read_window(out, DAYS[0], 7)
    assert len(shorter.on_record) == 7
    assert shorter.sha256 != window.sha256
    assert read_window(out, DAYS[0], 28).sha256 == window.sha256
    later = read_window(out, DAYS[2], 28)
    assert len(later.on_record) == 26  # the two days since are not on record
    assert sum(window.counts["checks"]["sales"].to_pylist()) > 7000


def test_counts_of_one_store_replace_its_own_only(tmp_path: Path) -> None:
    place, day = Place(str(tmp_path)), DAYS[0]
    simulated_days.write_day(place, POLICY, day, names=["checks"])
    ((_, before, whole),) = read_daily(place, "checks", [day])
    own = whole.filter(pc.equal(whole["store_id"], "S002"))
    write_daily(place, "checks", day, own.slice(0, 1), of_stores=["S002"])
    ((_, after, changed),) = read_daily(place, "checks", [day])
    assert before != after
    assert changed.num_rows == whole.num_rows - own.num_rows + 1
    write_daily(place, "checks", day, own, of_stores=["S002"])
    ((_, again, _),) = read_daily(place, "checks", [day])
    assert again == before


def test_without_a_past_the_page_says_so(out: Place) -> None:
    ledgers = simulated_days.ledger(DAYS[0], POLICY)
    alone = read_window(out, DAYS[0], 1)
    rows = [
        store_day(name, alcohol_sales=own.num_rows, transactions=own.num_rows)
        for name, own in ledgers.items()
    ]
    day = Report(
        DAYS[0],
        ledger=ByStore(pa.concat_tables(ledgers.values())),
        store_days=STORE_DAYS.from_rows(rows),
        rejects=ByStore(REJECTS.empty()),
        decisions=DECISION_LOG.empty(),
        history=DAY_FIGURES.empty(),
        provenance=PROVENANCE,
        policy=POLICY,
        window=alone,
        drift=cameras.NOTHING,
        completeness=Completeness(),
        notes=INPUT_NOTES.empty(),
    )
    files = dict(render_day(day))
    assert "No earlier day is on record" in b"".join(files["index.html"]).decode()
