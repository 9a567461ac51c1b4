"""Deletes what is past its retention: faces, decisions, and baskets by age group."""

from datetime import date, timedelta

from auditor.pipeline.day import day_lock
from auditor.policy import Policy, load_policy
from auditor.storage.layout import FACE_PACKS
from auditor.storage.place import Place, results_at
from auditor.storage.retention import days_of, expire_days
from auditor.telemetry import emit


def expire(out: str, policy: str | None, as_of: date) -> list[str]:
    """Do :func:`expire_results` below a URL, where on the first night nothing is yet.

    ``policy`` is the URL of a TOML file.

    Raises:
        ConfigurationError: the policy or an address is wrong.
    """
    return expire_results(results_at(out), load_policy(policy), as_of)


def expire_results(out: Place, policy: Policy, as_of: date) -> list[str]:
    """Delete what is past the retention in force on ``as_of``.

    Crops, packs of faces, decisions, and baskets by age group each have a retention of their own. A
    day that a run is at work on is waited for.

    Returns:
        The folders that were removed, relative to ``out``.
    """
    rules = policy.chain_rules(as_of)
    removed = [
        *_expire_days(out, "crops", as_of - timedelta(rules.retention_days)),
        *expire_days(out, FACE_PACKS, as_of, key="until"),
        *_expire_days(out, "decisions", as_of - timedelta(rules.decision_retention_days)),
        *_expire_days(out, "insights", as_of - timedelta(policy.insights.keep_days)),
    ]
    emit("expired", as_of - timedelta(days=1), folders=len(removed))
    return removed


def _expire_days(out: Place, folder: str, oldest: date) -> list[str]:
    removed = []
    for day in days_of(out, folder):
        if day < oldest:
            with day_lock(out, day, wait=True):
                removed += expire_days(out, folder, day + timedelta(days=1))
    return removed
