"""Two versions of the model on one day: what would have changed, and that nothing is kept."""

import csv
import dataclasses
import hashlib
import io
import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.dataset as ds
import pytest
from click.testing import CliRunner, Result

from auditor import resources
from auditor.cli.main import main
from auditor.errors import ConfigurationError, ExitCode, ModelError, SourceError
from auditor.faces.model import AgeNetwork, View, folder
from auditor.operations.compare_models import OF_A_VERSION, Comparison, compare_models
from auditor.pipeline import Job, run_day

OLDER = "older"  # a version that takes everybody for much older than version 3 does


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Version 3, and one whose head was bent."""
    models = tmp_path_factory.mktemp("models")
    shutil.copytree(folder("3"), models / "3")
    shutil.copytree(folder("3"), models / OLDER)
    with np.load(models / "3/weights.npz") as stored:
        arrays = dict(stored)
    arrays["age/bias"] = arrays["age/bias"] + np.linspace(0, 8, 101, dtype=np.float32)
    np.savez(models / OLDER / "weights.npz", **arrays)
    weights = (models / OLDER / "weights.npz").read_bytes()
    with np.load(models / "3/golden.npz") as golden:
        crops = golden["crops"]
    ages = AgeNetwork.of_weights(weights, View(64, mirrored=True)).predict(crops)
    np.savez(models / OLDER / "golden.npz", crops=crops, age=ages.mean, age_sd=ages.sd)
    card = models / OLDER / "card.toml"
    lines = [
        f'version = "{OLDER}"' if line.startswith("version =")
        else f'weights_sha256 = "{hashlib.sha256(weights).hexdigest()}"'
        if line.startswith("weights_sha256 =")
        else line
        for line in card.read_text().splitlines()
    ]  # fmt: skip
    card.write_text("\n".join(lines))
    real = resources.folder
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            resources, "folder", lambda name: models if name.startswith("models/") else real(name)
        )
        yield


def job(chain: Path) -> Job:
    policy = str(chain / "policy.toml")
    day = date(2026, 3, 27)
    return Job(day, str(chain / "sales"), str(chain / "snapshots"), "", policy, batch_size=8)


@pytest.fixture(scope="module")
def found(versions: None, small_chain: Path) -> Comparison:  # noqa: ARG001
    return compare_models(job(small_chain), ("3", OLDER))


def test_every_sale_is_compared_once(found: Comparison) -> None:
    assert found.models == ("age_resnet50/3", "age_resnet50/older")
    assert len(found.sales) == 19
    assert found.sales["transaction_id"].is_unique
    summary = found.summary()
    assert summary["sales"] == 19
    assert sum(row["sales"] for row in summary["outcomes"]) == 19
    changed = sum(row["sales"] for row in summary["outcomes"] if row["old"] != row["new"])
    assert summary["changed"] == changed == len(found.changed)


def test_only_outcomes_that_rest_on_an_estimate_change(found: Comparison) -> None:
    assert len(found.changed)
    assert (found.changed["outcome_old"] == "flagged").all()
    assert (found.changed["outcome_new"] == "over_threshold").all()
    assert (found.changed["age_old"] < found.changed["challenge_age"]).all()
    assert (found.changed["age_new"] >= found.changed["challenge_age"]).all()
    kept = found.sales.drop(found.changed.index)
    assert (kept["outcome_old"] == kept["outcome_new"]).all()
    assert {"id_checked", "inconclusive"} <= set(kept["outcome_old"])
    assert found.summary()["mean_change_years"] > 1


def test_an_estimate_never_comes_without_its_interval(found: Comparison) -> None:
    for version in ("old", "new"):
        aged = found.sales.dropna(subset=f"age_{version}")
        assert len(aged)
        assert (aged[f"age_low_{version}"] <= aged[f"age_{version}"]).all()
        assert (aged[f"age_{version}"] <= aged[f"age_high_{version}"]).all()
        assert (
            found.sales[f"age_{version}"].isna() == found.sales[f"age_low_{version}"].isna()
        ).all()


def test_the_figures_are_those_of_the_sales_that_both_estimate(found: Comparison) -> None:
    sales = found.sales.copy()
    sales["age_new"] = sales["age_old"]
    aged = sales.index[sales["age_old"].notna()]
    sales.loc[aged[:3], "age_new"] += np.array([4.0, -6.0, 1.0], np.float32)
    sales.loc[aged[3], "age_new"] = np.nan
    summary = Comparison(found.models, sales).summary()
    assert summary["estimated_by_both"] == len(aged) - 1
    assert summary["mean_change_years"] == pytest.approx(-1 / (len(aged) - 1), abs=1e-3)
    assert summary["mean_absolute_change_years"] == pytest.approx(11 / (len(aged) - 1), abs=1e-3)
    assert summary["largest_change_years"] == pytest.approx(6, abs=1e-3)


@pytest.mark.usefixtures("versions")
def test_the_old_side_is_what_the_audit_says_under_the_policy(
    small_chain: Path, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    changed = (
        "model = '3'\nchallenge_age = 35\ncounting_checks = ['looks_over']\nmin_sharpness = 60\n"
    )
    policy.write_text((small_chain / "policy.toml").read_text() + changed)
    own = dataclasses.replace(job(small_chain), policy=str(policy), out=str(tmp_path / "out"))
    run_day(own)
    stored = ds.dataset(tmp_path / "out/ledger", format="parquet", partitioning=None)
    ledger = stored.to_table().to_pandas().set_index("transaction_id")
    sales = compare_models(own, ("3", OLDER)).sales.set_index("transaction_id")
    assert "id_checked" in set(ledger["outcome"])
    for name in OF_A_VERSION:
        want = ledger.loc[sales.index, name]
        pd.testing.assert_series_equal(sales[f"{name}_old"], want, check_names=False)


def test_a_reason_that_differs_is_a_change(found: Comparison) -> None:
    sales = found.sales.copy()
    unjudged = sales.index[sales["outcome_old"] == "inconclusive"][0]
    sales.loc[unjudged, "reason_new"] = "face_blurred"
    assert unjudged not in found.changed.index
    assert unjudged in Comparison(found.models, sales).changed.index


def _auditor(chain: Path, *more: str, models: str = f"3,{OLDER}") -> Result:
    urls = ["--sales", chain / "sales", "--snapshots", chain / "snapshots"]
    day = ["--day", "2026-03-27", "--policy", chain / "policy.toml", "--models", models]
    return CliRunner().invoke(main, ["compare-models", *map(str, (*urls, *day, *more))])


def _files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


@pytest.mark.usefixtures("versions")
def test_the_command_prints_and_writes_nothing(
    found: Comparison, small_chain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = _files(small_chain)
    table, as_csv, as_json, everything = (
        _auditor(small_chain, *more)
        for more in ([], ["--format", "csv"], ["--format", "json"], ["--format", "csv", "--all"])
    )
    first = found.changed.iloc[0]
    assert table.exit_code == ExitCode.DONE, table.output
    assert f"19 alcohol sales, {len(found.changed)} would have come out otherwise" in table.stdout
    assert first["transaction_id"] in table.stdout
    for version in ("old", "new"):
        age, low, high = (first[f"{name}_{version}"] for name in ("age", "age_low", "age_high"))
        assert f"{age:.1f} ({low:.0f} to {high:.0f})" in table.stdout

    rows = list(csv.DictReader(io.StringIO(as_csv.stdout)))
    assert [row["transaction_id"] for row in rows] == found.changed["transaction_id"].tolist()
    assert float(rows[0]["age_new"]) == pytest.approx(first["age_new"], abs=1e-3)
    assert "alcohol sales" in as_csv.stderr
    assert len(list(csv.DictReader(io.StringIO(everything.stdout)))) == 19

    said = json.loads(as_json.stdout)
    assert said["summary"] == found.summary()
    assert said["sales"][0]["outcome_old"] == "flagged"
    assert said["sales"][0]["sold_at"].startswith("2026-03-27T")
    assert _files(small_chain) == before
    assert _files(tmp_path) == []


@pytest.mark.usefixtures("versions")
def test_a_day_without_sales_changes_nothing(small_chain: Path, tmp_path: Path) -> None:
    empty = tmp_path / "sales/2026-03-27"
    empty.mkdir(parents=True)
    (empty / "S001.csv").write_text(
        (small_chain / "sales/2026-03-27/S001.csv").read_text().partition("\n")[0] + "\n"
    )
    chain = job(small_chain)
    nothing = Job(chain.day, str(tmp_path / "sales"), chain.snapshots, "", chain.policy)
    found = compare_models(nothing, ("3", OLDER))
    assert found.summary()["sales"] == 0
    assert found.summary()["mean_change_years"] is None


@pytest.mark.usefixtures("versions")
def test_a_day_without_an_export_is_an_error(small_chain: Path) -> None:
    """Although the policy lists a store that the audit would report as missing."""
    with pytest.raises(SourceError, match="no till export of 2026-06-01"):
        compare_models(dataclasses.replace(job(small_chain), day=date(2026, 6, 1)), ("3", OLDER))


@pytest.mark.usefixtures("versions")
def test_versions_that_cannot_be_compared_are_refused(small_chain: Path) -> None:
    with pytest.raises(ConfigurationError, match="with itself"):
        compare_models(job(small_chain), ("3", "3"))
    with pytest.raises(ModelError, match="none"):
        compare_models(job(small_chain), ("3", "none"))
    for wrong in ("3", "3,", "3,4,5"):
        refused = _auditor(small_chain, models=wrong)
        assert refused.exit_code == ExitCode.WRONG_USE
        assert "two versions such as 3,4" in refused.stderr
