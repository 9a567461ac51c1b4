"""The policy: what holds when and where, and what it refuses."""

import re
from datetime import date
from typing import Any

import pytest

from auditor.errors import ConfigurationError
from auditor.policy import Policy
from tests.support.paths import ROOT

_DAY = date(2026, 3, 27)


def _policy(text: str) -> Policy:
    return Policy.from_toml(text.encode(), origin="policy.toml")


def test_without_a_file_the_defaults_hold() -> None:
    rules = Policy().rules(_DAY, "S001")
    assert (rules.legal_age, rules.challenge_age) == (18, 25)
    assert rules.counting_checks == {"id_scanned", "dob_entered", "id_viewed"}


def test_the_readme_has_the_keys_and_their_defaults() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    _, _, after = text.partition("| key of `[[policy]]` | default |")
    told: dict[str, Any] = {}
    for row in after.partition("\n\n")[0].splitlines()[2:]:
        names, defaults = row.split(" | ")[:2]
        keys = re.findall(r"`(\w+)`", names)
        values = defaults.split("; " if ";" in defaults else ", ")
        every = values + values[-1:] * (len(keys) - len(values))  # one may stand for all
        told |= {key: value.strip("`") for key, value in zip(keys, every, strict=False)}
    rules = Policy().rules(_DAY, "S001").model_dump() | Policy().chain_rules(_DAY).model_dump()
    assert set(told) == {*rules, "effective_from"}
    plain = {name: value for name, value in rules.items() if isinstance(value, int | float | str)}
    assert len(plain) > 15
    assert {name: type(value)(told[name]) for name, value in plain.items()} == plain


def test_an_entry_changes_only_what_it_names_from_its_day_on() -> None:
    policy = _policy("""
        [[policy]]
        effective_from = 2026-03-28
        challenge_age = 30
        [[policy]]
        effective_from = 2026-01-01
        legal_age = 16
        """)
    assert policy.rules(date(2026, 3, 27), "S001").challenge_age == 25
    assert policy.rules(date(2026, 3, 28), "S001").challenge_age == 30
    assert policy.rules(date(2026, 3, 28), "S001").legal_age == 16


def test_an_override_holds_for_its_stores_and_outlasts_later_entries() -> None:
    policy = _policy("""
        [[policy]]
        effective_from = 2026-01-01
        [[policy.override]]
        stores = ["S004"]
        challenge_age = 40
        [[policy]]
        effective_from = 2026-02-01
        challenge_age = 30
        """)
    assert policy.rules(_DAY, "S004").challenge_age == 40
    assert policy.rules(_DAY, "S001").challenge_age == 30


def test_before_the_first_entry_there_is_no_policy() -> None:
    policy = _policy("[[policy]]\neffective_from = 2026-01-01")
    with pytest.raises(ConfigurationError, match="2025-12-31"):
        policy.rules(date(2025, 12, 31), "S001")


_ENTRY = "[[policy]]\neffective_from = 2026-01-01\n"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("legal_age = 18", "legal_age"),
        (_ENTRY + "leagl_age = 18", "leagl_age"),
        (_ENTRY + "[[policy.override]]\nstores = ['A']\nmodel = '1'", "model"),
        (_ENTRY + "[[policy.override]]\nchallenge_age = 30", "stores"),
        ("[stores.'../x']", "store_id"),
        ("[stores.A]\nfax = 1", "fax"),
        (_ENTRY + "legal_age = 'x'", "legal_age"),
        (_ENTRY + "legal_age = 30", "challenge_age"),
        (_ENTRY + "time_zone = 'Europe/Londn'", "Londn"),
        (_ENTRY + "counting_checks = ['none']", "counting_checks"),
        (_ENTRY + _ENTRY, "effective_from"),
        ("policy = []", "effective_from"),
        ("[[policy]]", "effective_from"),
        ("[stores.A]\n" + _ENTRY + "[[policy.override]]\nstores = ['B']", "B"),
        ("not toml", "TOML"),
        ("x = " + "[" * 5_000 + "]" * 5_000, "TOML"),
        ("x = " + "1" * 5_000, "TOML"),
        (".".join("a" * 50_000) + " = 1", "more than 100 parts"),
        ("[" + ".".join("a" * 50_000) + "]", "more than 100 parts"),
        (_ENTRY + "[[policy.override]]\nstores = ['A']\nchallenge_age = 3", "challenge_age"),
    ],
)
def test_what_is_wrong_is_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named) as caught:
        _policy(text)
    assert "policy.toml" in str(caught.value)


def test_the_hash_is_of_what_is_said_and_not_of_how() -> None:
    plain = _policy(_ENTRY + "legal_age = 16")
    assert _policy("# why\n" + _ENTRY + "legal_age   =  16").sha256 == plain.sha256
    assert _policy(_ENTRY + "legal_age = 17").sha256 != plain.sha256
