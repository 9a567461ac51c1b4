"""Options of the test run, and what is made once for all of it."""

import json
import shutil
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis
import pandas as pd
import pytest

from auditor import resources
from auditor.demo import catalogue, write_demo
from auditor.demo.policy import policy_toml
from auditor.demo.simulated_baskets import write_baskets
from auditor.faces.confusion import FILE, Confusion
from auditor.faces.score import Scorer, load_scorer
from auditor.insights.analysis import analyse
from auditor.insights.results import Insights
from auditor.pipeline import Job, run_day
from auditor.policy import ChainRules, load_policy
from auditor.storage.place import Place
from tests.support import quiet_demo
from tests.support.airflow_home import in_airflow
from tests.support.shared import made_once
from tests.support.stored_days import store_day, write_policy

# The machines are shared: a slow example is no bug. The same examples every time: a red run can be
# repeated.
hypothesis.settings.register_profile("here", deadline=None, derandomize=True, max_examples=50)
# `make check` is for every commit, and shall not be waited for: `make test` tries all examples.
hypothesis.settings.register_profile(
    "quick", hypothesis.settings.get_profile("here"), max_examples=15
)
hypothesis.settings.load_profile("here")

DEMO_DAY = date(2026, 3, 27)
ADDRESS_WITH_KEY = "s3://MARKEDKEY:MARKED/SECRET@audit"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write tests/golden anew from what is made now; look at the difference then",
    )


#: Files in the order in which the workers take them: the longest first, so that none ends up alone
#: with one; what waits (for Airflow, for storage) beside what computes.
LONGEST_FIRST = (
    *("test_backfill", "test_crash", "test_object_storage", "test_dags", "test_wheel"),
    *("test_training", "test_complete", "test_browser", "test_pipeline", "test_cases"),
    *("test_airflow_connections", "test_weekly_insights", "test_days", "test_hostile"),
    *("test_export", "test_demo", "test_augment", "test_teacher", "test_compare_models"),
    *("test_quantise", "test_transactions", "test_health", "test_score", "test_engines"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


@pytest.fixture(scope="session")
def demo_chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first day of the demo chain as `auditor demo` writes it. Read only."""
    write = partial(write_demo, days=catalogue.DAYS[:1])
    return made_once(tmp_path_factory, "demo-chain", write)


@pytest.fixture(scope="session")
def quiet_demo_chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All days of the demo chain, with fewer customers. Read only."""
    write = partial(write_demo, stores=quiet_demo.STORES)
    return made_once(tmp_path_factory, "quiet-demo-chain", write)


@pytest.fixture(scope="session")
def audited_demo(demo_chain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of the demo chain's first day. Read only."""

    def audit(out: Path) -> None:
        sales, snapshots, policy = (
            str(demo_chain / name) for name in ("sales", "snapshots", "policy.toml")
        )
        job = Job(DEMO_DAY, sales, snapshots, str(out), policy)
        assert run_day(job).above_limits == []

    return made_once(tmp_path_factory, "audited-demo", audit)


@pytest.fixture(scope="session")
def scorer() -> Scorer:
    """Detector and model, loaded once."""
    return load_scorer(ChainRules())


@pytest.fixture(scope="session")
def reported_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The day of report_day.py stored and reported below out/, and policy.toml. Read only."""

    def store(folder: Path) -> None:
        folder.mkdir()
        store_day(folder / "out", write_policy(folder))

    return made_once(tmp_path_factory, "reported-day", store)


@pytest.fixture
def out(tmp_path: Path, reported_day: Path) -> Path:
    """The results of :func:`reported_day`, a test's own."""
    return shutil.copytree(reported_day / "out", tmp_path / "out")


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """The policy that the days of stored_days.py are stored by, a test's own."""
    return write_policy(tmp_path)


@pytest.fixture(scope="session")
def small_chain(demo_chain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some twenty alcohol sales of one store and day, cut out of the demo chain. Read only."""
    return made_once(tmp_path_factory, "small-chain", partial(_write_small_chain, demo_chain))


@pytest.fixture(scope="session")
def audited_small(small_chain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of the small chain, audited without a break. Read only."""

    def audit(out: Path) -> None:
        sales, snapshots, policy = (
            str(small_chain / name) for name in ("sales", "snapshots", "policy.toml")
        )
        run_day(Job(DEMO_DAY, sales, snapshots, str(out), policy))

    return made_once(tmp_path_factory, "audited-small", audit)


def _write_small_chain(demo_chain: Path, folder: Path) -> None:
    lines = pd.read_csv(demo_chain / f"sales/{DEMO_DAY}/S001.csv", dtype=str, on_bad_lines="skip")
    index = pd.read_csv(demo_chain / f"snapshots/index/{DEMO_DAY}/S001.csv", dtype=str)
    truth = pd.read_parquet(demo_chain / "truth.parquet").query("store_id == 'S001'")
    young = truth.query("expected_outcome.isna() and true_age < 21")["transaction_id"].head(6)
    unjudged = truth.query("expected_outcome == 'inconclusive'")["transaction_id"].head(3)
    others = truth["transaction_id"].drop([*young.index, *unjudged.index]).head(11)
    wanted = {*young, *unjudged, *others}
    for name, table in (("sales", lines), ("snapshots/index", index)):
        path = folder / f"{name}/{DEMO_DAY}/S001.csv"
        path.parent.mkdir(parents=True)
        table[table["transaction_id"].isin(wanted)].to_csv(path, index=False)
    for path in index.loc[index["transaction_id"].isin(wanted), "path"]:
        if (source := demo_chain / "snapshots" / path).is_file():
            target = folder / "snapshots" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    (folder / "policy.toml").write_text(
        "[stores.S001]\n[[policy]]\neffective_from = 2026-01-01\n"
        "time_zone = 'Europe/London'\nmax_inconclusive_share = 0.9\n"
        "other_categories = ['baking']\n"  # which the cooking brandy is in
    )


@pytest.fixture(scope="session")
def one_store_chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the demo on a day with sales and on the next, without. Read only."""
    days = catalogue.DAYS[1:]
    write = partial(write_demo, days=days, stores=(catalogue.STORES[2],))
    return made_once(tmp_path_factory, "one-store-chain", write)


@pytest.fixture(scope="session")
def new_airflow(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Makes homes of Airflow, each with a database of its own. Migrating one takes long: once."""

    def prepare(home: Path) -> None:
        home.mkdir()
        in_airflow(home, "prepare")

    def copied() -> Path:
        home = tmp_path_factory.mktemp("airflow")
        for part in made_once(tmp_path_factory, "airflow", prepare).glob("airflow.db*"):
            shutil.copy(part, home)
        return home

    return copied


@pytest.fixture(scope="session")
def dag_folder(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The DAG folder as Airflow parses it, where the storage has keys, which are marked.

    ``elsewhere`` is the same where the address of the results has a key in it, and ``log`` is what
    Airflow says meanwhile.
    """

    def describe(home: Path) -> None:
        home.mkdir()
        addresses = {
            f"AUDITOR_{name.upper()}": f"s3://shop/{name}" for name in ("sales", "snapshots")
        }
        zone = {"AUDITOR_OUT": "s3://audit", "AUDITOR_TIME_ZONE": "Europe/London"}
        keys = {"AWS_ACCESS_KEY_ID": "MARKEDKEY", "AWS_SECRET_ACCESS_KEY": "MARKEDSECRET"}
        in_airflow(home, "describe", ADDRESS_WITH_KEY, **addresses, **zone, **keys)

    home = made_once(tmp_path_factory, "dag-folder", describe)
    described: dict[str, Any] = json.loads((home / "answer.json").read_text(encoding="utf-8"))
    return described | {"log": (home / "output.log").read_text(encoding="utf-8")}


@pytest.fixture(scope="session")
def past_baskets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two weeks of the demo's simulated baskets below ``out``, with its policy. Only add to it."""

    def write(folder: Path) -> None:
        write_baskets(folder / "out", 2)
        (folder / "policy.toml").write_bytes(policy_toml())
        source = resources.folder("auditor/demo") / FILE
        (folder / FILE).write_bytes(source.read_bytes())

    made = made_once(tmp_path_factory, "past-baskets", write)
    return shutil.copytree(made, tmp_path_factory.mktemp("past") / "baskets")


@pytest.fixture(scope="session")
def purchases(past_baskets: Path) -> Insights:
    """What is found in the second of the two weeks of :func:`past_baskets`."""
    policy = load_policy(str(past_baskets / "policy.toml"))
    confusion = Confusion.from_json((past_baskets / FILE).read_text())
    out = Place(str(past_baskets / "out"))
    week = date(2026, 3, 23), date(2026, 3, 29)
    return analyse(out, *week, policy, confusion_of=confusion.of)
