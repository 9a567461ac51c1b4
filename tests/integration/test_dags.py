"""The nightly DAG: what it promises on paper, and what it does when Airflow runs it."""

import contextlib
import email.policy
import json
import re
import shutil
import socket
import threading
from collections.abc import Callable
from datetime import date
from email import message_from_bytes
from email.message import EmailMessage
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pandas as pd
import pytest
from aiosmtpd.controller import Controller
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from auditor.demo import catalogue
from auditor.operations.pack import Key, verify
from auditor.pipeline import Job, run_day
from auditor.telemetry import METRICS
from tests.support.airflow_home import in_airflow, tree
from tests.support.paths import ROOT

HEAVY = {"tensorflow", "keras", "pandas", "numpy", "pyarrow", "cv2", "scipy", "PIL"}

TASKS = {
    "resolve_day",
    "plan",
    "score",
    "finalise",
    "complete",
    "report",
    "check_limits",
    "expire",
    "watcher",
}


@pytest.fixture(scope="module")
def dag(dag_folder: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = dag_folder["dags"]["nightly_audit"]
    return described


def test_the_folder_has_its_dags_and_no_import_error(dag_folder: dict[str, Any]) -> None:
    assert dag_folder["import_errors"] == {}
    assert sorted(dag_folder["dags"]) == ["nightly_audit", "weekly_insights", "weekly_pack"]


def test_parsing_loads_nothing_heavy(dag_folder: dict[str, Any]) -> None:
    loaded = {name.partition(".")[0] for name in dag_folder["modules"]}
    assert loaded & HEAVY == set()
    ours = {name for name in dag_folder["modules"] if name.partition(".")[0] == "auditor"}
    assert ours <= {"auditor", "auditor.errors", "auditor.storage", "auditor.storage.addresses"}


def test_parsing_takes_no_time(dag_folder: dict[str, Any]) -> None:
    assert dag_folder["parse_seconds"] < 5  # 0.1 s on a quiet machine; 11 s with TensorFlow


def test_a_run_audits_one_day_and_never_makes_up_for_lost_ones(dag: dict[str, Any]) -> None:
    assert dag["timetable"] == "CronPartitionTimetable"
    assert dag["time_zone"] == "Europe/London"
    assert dag["catchup"] is False
    assert dag["start_date"] is None  # a run dated before one has no task and succeeds
    assert dag["max_active_runs"] == 1


def test_addresses_come_from_the_environment(dag: dict[str, Any]) -> None:
    assert dag["params"] == {
        "business_date": None,
        "sales": "s3://shop/sales",
        "snapshots": "s3://shop/snapshots",
        "out": "s3://audit",
        "policy": None,
        "mapping": None,
        "batch_size": None,
    }


def test_no_key_gets_into_what_airflow_shows(dag_folder: dict[str, Any]) -> None:
    """Neither of the storage's own nor one in an address; a task's rendered fields are in it."""
    shown = json.dumps(dag_folder)
    assert "op_kwargs" in shown
    assert "s3://...@audit holds a key or password: take it out" in shown
    assert "MARKED" not in shown


def test_the_tasks_are_these(dag: dict[str, Any]) -> None:
    assert set(dag["tasks"]) == TASKS


def test_the_dag_can_be_found_and_tells_what_to_do_about_each_task(dag: dict[str, Any]) -> None:
    assert dag["tags"] == ["auditor", "compliance"]
    for task in TASKS:
        assert f"| `{task}` |" in dag["doc_md"]


@pytest.mark.parametrize("task", sorted(TASKS))
def test_every_task_has_an_owner_and_an_end(dag: dict[str, Any], task: str) -> None:
    described = dag["tasks"][task]
    assert described["owner"] == "compliance-engineering"
    assert 0 < described["timeout_s"] <= 3600


@pytest.mark.parametrize("task", sorted(TASKS - {"watcher"}))
def test_every_task_that_works_is_tried_again_later_and_later(
    dag: dict[str, Any], task: str
) -> None:
    described = dag["tasks"][task]
    assert described["retries"] >= 1
    assert described["retry_delay_s"] >= 30
    assert described["backoff"]


def test_what_trying_again_cannot_mend_is_not_tried_again(dag: dict[str, Any]) -> None:
    for described in dag["tasks"].values():
        assert described["never_retried"] == [
            "auditor.errors.ConfigurationError",
            "auditor.errors.ContractError",
            "auditor.errors.ModelError",
            "auditor.errors.OvertakenError",
            "builtins.ImportError",
        ]


def test_a_pool_bounds_the_scoring(dag: dict[str, Any]) -> None:
    assert dag["tasks"]["score"]["mapped"]
    pools = {task: described["pool"] for task, described in dag["tasks"].items()}
    assert pools == dict.fromkeys(TASKS, "default_pool") | dict.fromkeys(
        ("score", "complete"), "auditor_scoring"
    )


def test_only_the_watcher_may_end_a_run_and_it_sees_every_task(dag: dict[str, Any]) -> None:
    watcher = dag["tasks"]["watcher"]
    assert set(watcher["upstream"]) == TASKS - {"watcher"}
    assert watcher["trigger_rule"] == "one_failed"
    assert watcher["retries"] == 0


def test_no_task_runs_after_a_failure_of_what_it_needs(dag: dict[str, Any]) -> None:
    rules = {t: described["trigger_rule"] for t, described in dag["tasks"].items()}
    assert rules == dict.fromkeys(TASKS, "all_success") | {
        "finalise": "none_failed",  # scoring is skipped on a day without sales
        # a finalised day is reported, though a day beside it could not be completed
        "report": "all_done_min_one_success",
        "watcher": "one_failed",
    }


def test_a_report_needs_its_finalised_day_and_nothing_that_could_stand_in_for_it(
    dag: dict[str, Any],
) -> None:
    """With its trigger rule any other task before it that succeeds would let it run."""
    assert dag["tasks"]["report"]["upstream"] == ["complete", "finalise"]
    assert dag["tasks"]["complete"]["upstream"] == ["finalise"]


def test_faces_expire_whatever_becomes_of_the_audit(dag: dict[str, Any]) -> None:
    assert dag["tasks"]["expire"]["upstream"] == ["resolve_day"]


def test_the_report_is_an_asset(dag: dict[str, Any]) -> None:
    assert dag["tasks"]["report"]["outlets"] == ["compliance_report"]


def test_the_pack_of_last_week_is_made_every_week(dag_folder: dict[str, Any]) -> None:
    dag = dag_folder["dags"]["weekly_pack"]
    assert dag["timetable"] == "CronPartitionTimetable"
    assert (dag["catchup"], dag["start_date"], dag["time_zone"]) == (False, None, "Europe/London")
    assert "| `pack` |" in dag["doc_md"]
    assert dag["tasks"]["pack"]["owner"] == "compliance-engineering"
    assert dag["params"] == {"week": None, "out": "s3://audit", "policy": None}


# ---- Run by Airflow, the real pipeline on a real, small chain ------------------------------------

SECRET = "a secret that signs packs, of 32 bytes or more"  # noqa: S105  # made up
OPEN_DAY, CLOSED_DAY = catalogue.DAYS[1:]  # on the latter its export is a header


@pytest.fixture(scope="module")
def chain(one_store_chain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One store on a day with sales and on one without, and three policies for it."""
    folder = shutil.copytree(one_store_chain, tmp_path_factory.mktemp("shop") / "chain")
    strict = (folder / "policy.toml").read_text(encoding="utf-8")
    lenient = strict.replace("max_missing_stores = 0 ", "max_missing_stores = 3 ")
    lenient = lenient.replace("max_inconclusive_share = 0.15", "max_inconclusive_share = 0.5")
    assert lenient.count(" = 3 ") == lenient.count(" = 0.5") == 1
    (folder / "lenient.toml").write_text(lenient, encoding="utf-8")
    misspelt = strict.replace("challenge_age = 25 ", "challange_age = 25 ")
    assert misspelt != strict
    (folder / "misspelt.toml").write_text(misspelt, encoding="utf-8")
    return folder


class _Mailbox:
    """Keeps what a mail server is given."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        parsed = message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append(parsed)
        return "250 kept"


class _Metrics:
    """Keeps what a StatsD server on the loopback is sent."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**22)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.sent: list[str] = []
        self._ended = threading.Event()
        self._reader = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._reader.join()
        self.socket.close()

    def _read(self) -> None:
        while True:
            last = self._ended.wait(0.05)
            with contextlib.suppress(BlockingIOError):
                while True:
                    self.sent += self.socket.recv(65536).decode().split("\n")
            if last:
                return


@pytest.fixture(scope="module")
def home(new_airflow: Callable[[], Path]) -> Path:
    """Of the Airflow that runs."""
    return new_airflow()


@pytest.fixture(scope="module")
def runs(chain: Path, home: Path) -> dict[str, Any]:
    """How Airflow ended each run; its results are in the folder `out` of the chain, by run.

    The mails about the runs, in their order, are under `mails`; what StatsD was sent, `metrics`.
    """
    cases: dict[str, dict[str, Any]] = {
        "sales": {"business_date": str(OPEN_DAY), "policy": "lenient.toml", "batch_size": 40},
        "no_sales": {"business_date": str(CLOSED_DAY), "policy": "lenient.toml"},
        "above_limits": {"business_date": str(OPEN_DAY), "policy": "policy.toml"},
        "misspelt_policy": {"business_date": str(OPEN_DAY), "policy": "misspelt.toml"},
        "unscored": {"business_date": str(OPEN_DAY), "policy": "lenient.toml"},
        "no_day": {"policy": "lenient.toml"},
        "pack": {"dag_id": "weekly_pack", "week": "2026-W13", "policy": "lenient.toml"},
    }
    named = []
    for name, case in cases.items():
        run_conf = case | {
            "policy": str(chain / str(case["policy"])),
            "out": str(chain / "out" / ("sales" if name == "pack" else name)),
        }
        (home / f"{name}.json").write_text(json.dumps(run_conf), encoding="utf-8")
        named.append(f"{name}={home / name}.json")
    # Where a flagged sale's crop would go there is a file: scoring cannot write it, and fails.
    (chain / "out" / "unscored").mkdir(parents=True)
    (chain / "out" / "unscored" / "crops").touch()
    box = _Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    metrics = _Metrics()
    try:
        mail = {"conn_type": "smtp", "host": "127.0.0.1", "port": port}
        extra = {"disable_tls": True, "disable_ssl": True, "from_email": "audit@chain.example"}
        with metrics:
            ended = in_airflow(
                home,
                "run",
                *named,
                AUDITOR_SALES=str(chain / "sales"),
                AUDITOR_SNAPSHOTS=str(chain / "snapshots"),
                AUDITOR_TIME_ZONE=catalogue.ZONE,
                AUDITOR_NOTICE_TO="officer@chain.example, engineer@chain.example",
                AUDITOR_REPORTS_URL="https://audit.chain.example/reports",
                AIRFLOW_CONN_SMTP_DEFAULT=json.dumps(mail | {"extra": extra}),
                AIRFLOW__API__BASE_URL="https://airflow.chain.example",
                AIRFLOW__CORE__MAX_MAP_LENGTH="2",
                AIRFLOW_CONN_AUDITOR_PACK=json.dumps({"conn_type": "generic", "password": SECRET}),
                AIRFLOW__METRICS__STATSD_ON="True",
                AIRFLOW__METRICS__STATSD_HOST="127.0.0.1",
                AIRFLOW__METRICS__STATSD_PORT=str(metrics.socket.getsockname()[1]),
            )
    finally:
        server.stop()
    return ended | {"mails": box.mails, "metrics": metrics.sent}


def test_a_day_is_audited_by_airflow(runs: dict[str, Any], chain: Path) -> None:
    run = runs["sales"]
    assert run["state"] == "success"
    assert run["tasks"] == {task: ["success"] for task in TASKS} | {
        "score": ["success"] * 2,  # of three batches: more tasks than two Airflow would refuse
        "watcher": ["skipped"],
    }
    assert (chain / "out" / "sales" / "reports" / str(OPEN_DAY) / "index.html").stat().st_size


def test_tasks_send_counts_and_seconds_to_airflows_statsd_and_name_nobody(
    runs: dict[str, Any], chain: Path
) -> None:
    ours = [said.removeprefix("airflow.") for said in runs["metrics"] if "auditor." in said]
    assert {said.partition(":")[0] for said in ours} == {metric.name for metric in METRICS.values()}
    docs = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    assert [m.name for m in METRICS.values() if f"| `{m.name}` | {m.kind} |" not in docs] == []
    ledger = pd.read_parquet(next((chain / "out/sales/ledger").rglob("*.parquet")))
    unjudged = ledger[ledger["outcome"] == "inconclusive"]
    for name, count in {
        "auditor.sales": len(ledger),
        "auditor.scored": ledger["age"].notna().sum(),
        "auditor.flagged": (ledger["outcome"] == "flagged").sum(),
        "auditor.inconclusive": len(unjudged),
        **{f"auditor.inconclusive.{r}": n for r, n in unjudged["reason"].value_counts().items()},
    }.items():
        assert f"{name}:{float(count)}|g" in ours
    seconds = [said for said in ours if said.startswith("auditor.seconds.")]
    assert all(re.fullmatch(r"auditor\.seconds\.\w+:[\d.]+\|ms", said) for said in seconds)


def test_the_same_goes_to_airflows_opentelemetry(home: Path) -> None:
    """By what each task starts with, in place of a run that would take a minute."""
    received: list[bytes] = []

    class _Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # as the library calls it
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), _Collector)
    threading.Thread(target=server.serve_forever).start()
    try:
        in_airflow(
            home,
            "emit",
            AIRFLOW__METRICS__OTEL_ON="True",
            OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{server.server_port}",
        )
    finally:
        server.shutdown()
        server.server_close()
    sent = {
        metric.name: metric
        for content in received
        for resource in ExportMetricsServiceRequest.FromString(content).resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    (point,) = sent["airflow.auditor.sales"].gauge.data_points
    assert point.as_double == 342
    assert "airflow.auditor.seconds.finalise" in sent


@pytest.mark.parametrize(("name", "day"), [("sales", OPEN_DAY), ("no_sales", CLOSED_DAY)])
def test_airflow_and_one_process_write_the_same_bytes(
    runs: dict[str, Any], chain: Path, tmp_path: Path, name: str, day: date
) -> None:
    assert runs[name]["state"] == "success"
    run_day(
        Job(
            day=day,
            sales=str(chain / "sales"),
            snapshots=str(chain / "snapshots"),
            out=str(tmp_path),
            policy=str(chain / "lenient.toml"),
        )
    )
    by_airflow, by_process = tree(chain / "out" / name), tree(tmp_path)
    by_airflow = {p: c for p, c in by_airflow.items() if not p.startswith(("packs/", "keys/"))}
    assert by_airflow.keys() == by_process.keys()
    assert [path for path in by_process if by_process[path] != by_airflow[path]] == []


def test_a_day_without_sales_has_nothing_to_score_and_a_report(
    runs: dict[str, Any], chain: Path
) -> None:
    run = runs["no_sales"]
    assert run["state"] == "success"
    assert run["tasks"]["score"] == ["skipped"]
    assert run["tasks"]["finalise"] == ["success"]
    assert (chain / "out" / "no_sales" / "reports" / str(CLOSED_DAY) / "index.html").is_file()


def test_a_day_above_the_limits_is_reported_and_red(runs: dict[str, Any], chain: Path) -> None:
    run = runs["above_limits"]
    assert run["state"] == "failed"
    failed = {task for task, states in run["tasks"].items() if states == ["failed"]}
    assert failed == {"check_limits", "watcher"}
    assert (chain / "out" / "above_limits" / "reports" / str(OPEN_DAY) / "index.html").is_file()


def test_a_wrong_policy_stops_the_audit_before_it_writes(runs: dict[str, Any], chain: Path) -> None:
    run = runs["misspelt_policy"]
    assert run["state"] == "failed"
    assert run["tasks"] == {
        "resolve_day": ["success"],
        "plan": ["failed"],
        "score": ["upstream_failed"],
        "finalise": ["upstream_failed"],
        "complete": ["upstream_failed"],
        "report": ["upstream_failed"],
        "check_limits": ["upstream_failed"],
        "expire": ["failed"],  # which faces are too old, the policy says too
        "watcher": ["failed"],
    }
    assert not (chain / "out" / "misspelt_policy").exists()


def test_a_day_is_not_finalised_when_a_batch_failed(runs: dict[str, Any], chain: Path) -> None:
    run = runs["unscored"]
    assert run["state"] == "failed"
    assert "failed" in run["tasks"]["score"]
    assert run["tasks"]["finalise"] == ["upstream_failed"]
    assert run["tasks"]["watcher"] == ["failed"]
    assert not (chain / "out" / "unscored" / "ledger").exists()
    assert not (chain / "out" / "unscored" / "reports").exists()


def test_a_run_that_names_no_day_audits_none(runs: dict[str, Any], chain: Path) -> None:
    run = runs["no_day"]
    assert run["state"] == "failed"
    assert run["tasks"]["resolve_day"] == ["failed"]
    assert not (chain / "out" / "no_day").exists()


def test_a_mail_says_how_each_run_ended(runs: dict[str, Any]) -> None:
    mails: list[EmailMessage] = runs["mails"]
    long = {OPEN_DAY: "Saturday, 28 March 2026", CLOSED_DAY: "Sunday, 29 March 2026"}
    assert [re.sub(r"\d+ flagged", "N flagged", mail["Subject"]) for mail in mails] == [
        f"Audit of {long[OPEN_DAY]}: report is there, 1 of 4 stores audited, N flagged",
        f"Audit of {long[CLOSED_DAY]}: report is there, 1 of 4 stores audited, N flagged",
        f"Audit of {long[OPEN_DAY]}: the run failed",  # above the limits
        f"Audit of {long[OPEN_DAY]}: no report",  # misspelt policy
        f"Audit of {long[OPEN_DAY]}: no report",  # unscored
        "Audit of an unknown day: no report",
    ]
    for mail in mails:
        assert mail["From"] == "audit@chain.example"
        assert mail["To"] == "officer@chain.example, engineer@chain.example"
        assert mail["Auto-Submitted"] == "auto-generated"
        (part,) = mail.iter_parts()
        assert part.get_content_type() == "text/html"
        assert "https://airflow.chain.example/dags/nightly_audit/runs/" in part.get_content()


def test_a_mail_has_link_and_counts_and_says_when_coverage_was_low(
    runs: dict[str, Any], chain: Path
) -> None:
    summary = json.loads(
        (chain / "out/sales/reports" / str(OPEN_DAY) / "summary.json").read_text(encoding="utf-8")
    )
    well, above = (
        " ".join(unescape(runs["mails"][n].get_body(("html",)).get_content()).split())
        for n in (0, 2)
    )
    assert f"Flagged for a person to look at</th><td>{summary['flagged']}" in well
    assert f"Could not be judged</th><td>{summary['inconclusive']}" in well
    assert f"https://audit.chain.example/reports/{OPEN_DAY}/index.html" in well
    assert "Low coverage" not in well
    assert "Low coverage: nothing is known about 3 of 4 stores; the policy allows 0." in above


def test_airflow_makes_the_pack_and_signs_it(runs: dict[str, Any], chain: Path) -> None:
    assert runs["pack"]["tasks"] == {"pack": ["success"]}
    key = Key.parse(SECRET.encode(), origin="test")
    found = verify(str(chain / "out/sales/packs/2026-W13.zip"), key)
    assert found.problems == ()
    assert "hmac-sha256" in found.signed


def test_no_person_is_in_a_mail_a_log_or_airflows_database(
    runs: dict[str, Any], chain: Path, home: Path
) -> None:
    lines = pd.concat(
        pd.read_csv(path, dtype=str, on_bad_lines="skip")
        for path in (chain / "sales").rglob("*.csv")
    )
    people = {SECRET.encode()} | {
        str(value).encode()
        for name in ("transaction_id", "cashier_id", "id_check_by", "birth_date")
        for value in lines[name].dropna()
        if len(str(value)) > 3
    }
    assert len(people) > 100
    kept = [p for p in home.rglob("*") if p.is_file()]
    assert {"output.log", "airflow.db"} <= {p.name for p in kept}
    told = {str(p.relative_to(home)): p.read_bytes() for p in kept}
    told |= {f"mail {n}": mail.as_bytes() for n, mail in enumerate(runs["mails"])}
    assert b"Traceback" in told["output.log"]  # errors too
    found = {(name, who) for name, text in told.items() for who in people if who in text}
    assert not found
