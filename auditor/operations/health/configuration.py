"""Checks of environment, policy, model and templates: whether the next run can start."""

import functools
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

from jinja2 import TemplateError

from auditor import resources
from auditor.errors import ConfigurationError, ModelError
from auditor.faces.extra_formats import check_installed
from auditor.faces.model import AgeModel, check_files
from auditor.mapping import MappingOfDay, load_mapping
from auditor.operations.health.result import HealthResult, failed, ok, warning
from auditor.policy import ChainRules, Policy, load_policy
from auditor.report.environment import TEMPLATES, environment

#: The variables that the DAGs read; the command line reads some of them too.
VARIABLES = frozenset(
    f"AUDITOR_{name}"
    for name in (
        *("SALES", "SNAPSHOTS", "OUT", "POLICY", "MAPPING", "TIME_ZONE", "SCHEDULE", "REPORTS_URL"),
        *("NOTICE_TO", "NOTICE_FROM", "NOTICE_CONNECTION", "PACK_SCHEDULE", "PACK_CONNECTION"),
    )
)

#: Those that only the command line reads.
CLI_VARIABLES = frozenset({"AUDITOR_LOG_JSON"})

#: Days for which the policy is checked ahead, so that a change that cannot work is known early.
DAYS_AHEAD = 14


def variables(environment: Mapping[str, str]) -> HealthResult:
    """Warn of a variable that nothing reads: its name is probably misspelt."""
    known = VARIABLES | CLI_VARIABLES
    unread = sorted(k for k in environment if k.startswith("AUDITOR_") and k not in known)
    if unread:
        return warning(
            "environment",
            f"nothing reads {', '.join(unread)}",
            f"correct the name, or remove it; those that are read: {', '.join(sorted(known))}",
        )
    return ok("environment", "no variable that nothing reads")


def policy(url: str | None, day: date, today: date) -> tuple[Policy | None, HealthResult]:
    """Whether the policy can be read, and is in force on the day, today and in the coming days."""
    try:
        loaded = load_policy(url)
        for each in _days(day, today):
            loaded.chain_rules(each)  # each entry was checked as a whole on loading
    # The policy is wrong; or its storage does not answer, and raises whatever its library does.
    except Exception as error:  # noqa: BLE001
        return None, failed("policy", str(error), "correct it: without a policy nothing is audited")
    if url is None:
        return loaded, warning(
            "policy",
            "none is given: the built-in defaults hold",
            "write one (auditor demo makes a commented example) and set AUDITOR_POLICY",
        )
    if not loaded.stores:
        return loaded, warning(
            "policy",
            "it lists no stores, so a store without an export is not noticed",
            "list the chain's stores under [stores]",
        )
    changes = [d for d in _days(today + timedelta(days=1), today) if loaded.begins(d)]
    said = f"in force, {len(loaded.stores)} stores, sha256 {loaded.sha256[:12]}"
    if changes:
        said += "; a new entry begins on " + ", ".join(map(str, changes))
    return loaded, ok("policy", said)


def models(policy: Policy, day: date, today: date, *, deep: bool) -> Iterator[HealthResult]:
    """Whether the files of each model that the policy names match the hashes of its card."""
    needed: dict[tuple[str, str], tuple[date, ChainRules]] = {}
    for each in _days(day, today):
        rules = policy.chain_rules(each)
        needed.setdefault((rules.model, rules.runtime), (each, rules))
    for (version, runtime), (first, rules) in needed.items():
        todo = f"install the released package again, or correct the policy's model ({first} on)"
        try:
            card = check_files(version)
            if deep:
                AgeModel(version, rules.runtime)
        except (ModelError, ImportError) as error:
            yield failed("model", str(error), todo)
            continue
        done = "golden predictions met" if deep else "its files are those of its card"
        said = f"{card.full_name} on {runtime}: {done}"
        if card.calibrated:
            yield ok("model", said)
        else:
            yield warning(
                "model",
                f"{said}, but it is not calibrated",
                "use a calibrated version: its probabilities and intervals are the network's own",
            )


def frame_formats(policy: Policy, day: date, today: date) -> Iterator[HealthResult]:
    """Whether the extra formats of frames that the policy names can be read, if it names any."""
    named = {word for d in _days(day, today) for word in policy.chain_rules(d).extra_frame_formats}
    if not named:
        return
    try:
        check_installed(sorted(named))
    except ConfigurationError as error:
        yield failed("formats", str(error), "install it, or leave the format out of the policy")
    else:
        yield ok("formats", f"{', '.join(sorted(named))} frames can be read")


@functools.cache  # all of them take half a second
def _parse(template: str) -> None:
    environment().parse(template)


def templates() -> HealthResult:
    """Whether every page's template can be parsed."""
    jinja = environment()
    names = jinja.list_templates(filter_func=lambda name: name.endswith(".jinja"))
    todo = "install the released package again"
    for name in names:
        try:
            _parse(Path(resources.folder(TEMPLATES), name).read_text(encoding="utf-8"))
        except (TemplateError, OSError, UnicodeDecodeError) as error:
            return failed("templates", f"{name}: {error}", todo)
    if not names:
        return failed("templates", "there are none", todo)
    return ok("templates", f"all {len(names)} can be read")


def mapping(url: str | None, day: date) -> tuple[MappingOfDay | None, HealthResult | None]:
    """What the mapping says of the day, if there is one, and whether it can be read."""
    try:
        loaded = load_mapping(url)
        if loaded is None:
            return None, None
        return loaded.on(day), ok("mapping", f"{url} is valid")
    # As above: it is wrong, or its storage does not answer.
    except Exception as error:  # noqa: BLE001
        return None, failed("mapping", str(error), "correct it: docs/mapping.md has every key")


def _days(day: date, today: date) -> list[date]:
    last = today + timedelta(days=DAYS_AHEAD)
    return [day + timedelta(days=n) for n in range((last - day).days + 1)]
