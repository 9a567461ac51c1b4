"""What the DAGs share: their defaults, the retry policy, the addresses and the mail about a run.

There is no DAG in here. Airflow puts the DAG folder on Python's path, so that DAGs import this
module by its name.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.sdk import BaseNotifier, ExceptionRetryPolicy, Param, RetryAction, RetryRule

from auditor.storage.addresses import without_credentials

if TYPE_CHECKING:
    from auditor.operations.notification import Notification

TIME_ZONE = os.environ.get("AUDITOR_TIME_ZONE", "UTC")

# Who gets a mail when a run has ended, separated by commas; none: no mail.
NOTIFIED = os.environ.get("AUDITOR_NOTICE_TO", "").strip()

#: Errors that another attempt would only repeat.
NON_RETRYABLE = (
    "auditor.errors.ConfigurationError",
    "auditor.errors.ContractError",
    "auditor.errors.ModelError",
    "auditor.errors.OvertakenError",
    "builtins.ImportError",
)


def default_args(
    *, non_retryable: tuple[str, ...] = NON_RETRYABLE, **changes: Any
) -> dict[str, Any]:
    """The arguments of every task: who owns it, and when it is retried.

    Args:
        non_retryable: full names of the exceptions after which a task is not retried.
        **changes: of the arguments.
    """
    rule = RetryRule(
        exception=list(non_retryable),
        action=RetryAction.FAIL,
        reason="another attempt would only repeat this",
    )
    return {
        "owner": "compliance-engineering",
        "retries": 2,
        "retry_delay": timedelta(minutes=5),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=30),
        "retry_policy": ExceptionRetryPolicy(rules=[rule]),
        **changes,
    }


def _address(variable: str, meaning: str) -> Param:
    # A key in an address would stand on Airflow's pages, so the DAG is not there with one. An empty
    # variable is refused when the DAG runs (require), so that it is seen on its page.
    url = without_credentials(os.environ.get(variable))
    return Param(url, type=["null", "string"], description=meaning)


def results() -> dict[str, Param]:
    """The parameters of a DAG that reads results: ``out`` and ``policy``."""
    return {
        "out": _address("AUDITOR_OUT", "URL of the results"),
        "policy": _address("AUDITOR_POLICY", "URL of the policy's TOML (may stay unset)"),
    }


def inputs() -> dict[str, Param]:
    """The parameters of a DAG that reads inputs: ``sales``, ``snapshots`` and ``mapping``."""
    return {
        "sales": _address("AUDITOR_SALES", "URL of the till exports"),
        "snapshots": _address("AUDITOR_SNAPSHOTS", "URL of the snapshot indexes and frames"),
        "mapping": _address("AUDITOR_MAPPING", "URL or name of the mapping (may stay empty)"),
    }


def require(params: Mapping[str, Any], *names: str) -> None:
    """Check that these addresses are set, and that no address is empty.

    Raises:
        ConfigurationError: naming the variables of those that are not.
    """
    from auditor.errors import ConfigurationError

    given = {name: params.get(name) for name in ("sales", "snapshots", "out", "policy", "mapping")}
    if unset := [
        name
        for name, url in given.items()
        if (url is None and name in names) or (url is not None and not url.strip())
    ]:
        variables = " and ".join(f"AUDITOR_{name.upper()}" for name in unset)
        raise ConfigurationError(
            f"no address for {' and '.join(unset)}: set {variables} for Airflow,"
            " or give the parameter when triggering"
        )


def business_day(context: Any) -> date:
    """The day that a nightly run audits.

    Raises:
        ConfigurationError: the run names none.
    """
    from auditor.clock.business_day import resolve_business_day

    return resolve_business_day(
        param=context["params"]["business_date"],
        partition_key=context["dag_run"].partition_key,
        data_interval_start=context.get("data_interval_start"),
        data_interval_end=context.get("data_interval_end"),
        time_zone=TIME_ZONE,
    )


@contextmanager
def connections_in_environment(mapping: str | None, *days: date) -> Iterator[None]:
    """Let this process find the Airflow connections that a mapping names on some days.

    Airflow keeps them in its database, in a secrets backend or in the environment, and hands them
    to a task that asks. The audit reads the environment only: there they stand while the days are
    read, of this process alone, and are neither logged nor written.

    Raises:
        ConfigurationError: Airflow has no such connection, or the mapping is wrong.
    """
    from auditor.inputs.formats.sql import connection_variable
    from auditor.mapping import load_mapping

    loaded = load_mapping(mapping)
    mapped = [loaded.on(day) for day in days if day >= loaded.first_day] if loaded else ()
    names = {name for each in mapped for name in each.connections}
    found = {connection_variable(name): _connection(name) for name in sorted(names)}
    before = {variable: os.environ.get(variable) for variable in found}
    os.environ.update(found)
    try:
        yield
    finally:
        for variable, value in before.items():
            del os.environ[variable]
            if value is not None:
                os.environ[variable] = value


def _connection(name: str) -> str:
    """An Airflow connection, as JSON."""
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    from auditor.errors import ConfigurationError

    try:
        text: str = Connection.get(name).as_json()
    except AirflowNotFoundException:
        raise ConfigurationError(
            f"the mapping names the connection {name}, which Airflow does not have: add it"
            " (airflow connections add), or name another"
        ) from None
    return text


class AuditNotifier(BaseNotifier):
    """Mails how a nightly run ended: a link and counts, and no person.

    Airflow calls it in the DAG processor, which needs the results' address as the workers do. A
    mail that cannot be sent is an error in the DAG processor's log, and changes no run.
    """

    def __init__(self, *, failed: bool) -> None:
        """Take whether it is called for runs that failed."""
        super().__init__()
        self._failed = failed

    def render_template_fields(self, context: Any, jinja_env: Any = None) -> None:
        """Render nothing: there is no template in it."""

    def notify(self, context: Any) -> None:
        """Send the mail about the run of a context."""
        from airflow.providers.smtp.hooks.smtp import SmtpHook

        notification = self._notification(context)
        connection = os.environ.get("AUDITOR_NOTICE_CONNECTION", SmtpHook.default_conn_name)
        with SmtpHook(smtp_conn_id=connection) as smtp:
            smtp.send_email_smtp(
                from_email=os.environ.get("AUDITOR_NOTICE_FROM")
                or smtp.from_email
                or smtp.smtp_user,
                to=NOTIFIED,
                subject=notification.subject,
                html_content=notification.html,
                # RFC 3834: so that no automatic replies come back.
                custom_headers={"Auto-Submitted": "auto-generated"},
            )

    def _notification(self, context: Any) -> "Notification":
        from auditor.errors import ConfigurationError
        from auditor.operations.notification import Run, of_day, of_no_day

        run = Run(self._failed, context["run_id"], _run_url(context))
        params = context.get("params") or {}
        try:
            day = business_day(context)
        except (ConfigurationError, KeyError):
            return of_no_day(run)
        return of_day(
            day,
            run,
            out=params["out"],
            policy=params["policy"] or None,
            reports_url=os.environ.get("AUDITOR_REPORTS_URL"),
        )


def _run_url(context: Any) -> str | None:
    from airflow.configuration import conf

    base = conf.get("api", "base_url", fallback="")
    if not base:
        return None
    path = f"dags/{quote(context['dag'].dag_id)}/runs/{quote(context['run_id'])}"
    return f"{base.rstrip('/')}/{path}"
