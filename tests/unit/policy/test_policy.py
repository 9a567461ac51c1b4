"""The policy: what holds when and where, and what it refuses."""

import json
import re
from datetime import date
from typing import Any

import pytest

from auditor.errors import ConfigurationError
from auditor.policy import Policy, Rules
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
    ("text", "message"),
    [
        ('alcohol_categories = "beer"', 'alcohol_categories: must be a list, such as ["beer", '),
        (
            'alcohol_skus = "1"',
            'alcohol_skus: must be a list, such as ["201001", "201002"], not "1"',
        ),
        ("alcohol_skus = [1]", "each entry must be a text in quotation marks, not 1"),
        ("legal_age = 'x'", 'legal_age: must be a whole number, such as 18, not "x"'),
        ("legal_age = 18.5", "legal_age: must be a whole number, such as 18, not 18.5"),
        ("legal_age = 0", "legal_age: must be at least 1, not 0"),
        ("legal_age = 100", "legal_age: must be at most 99, not 100"),
        ("legal_age = 30", "policy: challenge_age (25) must not be under legal_age (30)"),
        (
            "legal_age_by_category = 18",
            "must be a table, such as { beer = 16, spirits = 18 }, not 18",
        ),
        ("legal_age_by_category = { beer = 0 }", "each entry must be at least 1, not 0"),
        (
            "legal_age_by_category = { beer = 'x' }",
            'each entry must be a whole number, such as 16, not "x"',
        ),
        (
            "legal_age_by_category = { beer = 30 }",
            "challenge_age (25) must not be under legal_age of beer (30)",
        ),
        (
            "legal_age_by_category = { sprits = 18 }",
            "legal_age_by_category names sprits, which must be in alcohol_categories",
        ),
        (
            "legal_age_by_category = { beer = 16, Beer = 18 }",
            "legal_age_by_category must name a category once, in any case",
        ),
        (
            "alcohol_free_categories = ['Beer']",
            "beer must not be in alcohol_categories and in alcohol_free_categories",
        ),
        ("alcohol_free_names = ['*']", 'a pattern of names, such as "*alcohol free*", not "*"'),
        ("check_before_minutes = -1", "check_before_minutes: must be at least 0, not -1"),
        ("check_after_minutes = 1441", "check_after_minutes: must be at most 1440, not 1441"),
        ("min_face_px = 'a'", 'min_face_px: must be a number, such as 40, not "a"'),
        ("false_lead_share = 0.5", "false_lead_share: must be less than 0.5, not 0.5"),
        ("time_zone = 'Mars'", 'must be an IANA time zone, such as "Europe/London", not "Mars"'),
        ("currency = 'gbp'", 'currency: must be three capitals, such as "GBP", not "gbp"'),
        ("counting_checks = ['none']", 'each entry must be one of "id_scanned", "dob_entered", '),
        ("runtime = 'torch'", 'must be one of "openvino" or "tensorflow", not "torch"'),
        ("model = 4.5", "model: must be a text in quotation marks, not 4.5"),
        ("sentinel_birth_dates = ['x']", "each entry must be a date, such as 2026-03-27, not "),
        ("frames_url = 'x'", "must be an address that begins with https:// or file://, not "),
        (f"runtime = '{'x' * 200}'", f'not "{"x" * 59}...'),
        ("currency = '\u202e'", 'not "\\u202e"'),
        ("override = 3", "policy.override: must be written as [[policy.override]], not 3"),
        ("[[policy.override]]\nstores = 'A'", 'must be a list, such as ["S001", "S002"], not "A"'),
        ("[[policy.override]]\nstores = []", "stores: must be a list that is not empty, not []"),
        ("[[policy.override]]\nstores = ['a/b']", 'each entry must be a store id, such as "S001"'),
        ("[stores]\nA = 1", "stores.A: must be a table of keys and values, not 1"),
        ("[insights]\nenabled = 'perhaps'", 'enabled: must be true or false, not "perhaps"'),
        (
            "extra_frame_formats = ['gif']",
            'extra_frame_formats: each entry must be one of "heic", "avif" or "tiff", not "gif"',
        ),
        ("extra_frame_formats = 'heic'", 'must be a list, such as ["heic"], not "heic"'),
        ("[insights]\nlawful_basis = ''", "lawful_basis: must be a text that is not empty, not "),
        ("[insights]\nage_groups = [1,2,3,4,5,6,7,8]", "must be a list of at most 7 entries, not "),
    ],
)
def test_a_message_names_the_key_what_is_expected_and_what_was_seen(
    text: str, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)) as caught:
        _policy(_ENTRY + text)
    assert "nput should" not in str(caught.value)
    assert ";" not in str(caught.value)


def test_each_wrong_key_is_named_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        _policy(_ENTRY + "legal_age = 'x'\n[[policy.override]]\nstores = ['a/b', 'c/d']")
    assert str(caught.value).count("policy.override.stores") == 1
    with pytest.raises(ConfigurationError, match=r"legal_age: .*; policy\.challenge_age: "):
        _policy(_ENTRY + "legal_age = 'x'\nchallenge_age = 'y'")


def test_the_model_may_be_a_whole_number() -> None:
    for written in ("4", "'4'"):
        assert _policy(_ENTRY + f"model = {written}").chain_rules(_DAY).model == "4"


_RICH = (
    _ENTRY
    + """
    legal_age = 18
    model = 4
    min_face_px = 41.5
    counting_checks = ["id_scanned"]
    sentinel_birth_dates = [1970-01-01, 1990-09-09]
    [[policy.override]]
    stores = ["S002"]
    challenge_age = 30
    [[policy]]
    effective_from = 2026-03-01
    frames_url = "https://frames.example/"
    [chain]
    name = "Zoë's"
    [stores.S001]
    [stores.S002]
    name = "Two"
    [insights]
    enabled = true
    lawful_basis = "consent"
    effective_from = 2026-02-01
    age_groups = [18, 30]
    """
)


def test_a_policy_is_the_same_after_a_journey_as_json() -> None:
    policy = _policy("format = 1\n" + _RICH)
    again = Policy(json.loads(policy.canonical))
    assert again.canonical == policy.canonical

    def said(each: Policy) -> list[Any]:
        days = [_DAY, date(2026, 1, 15)]
        by_store = [each.rules(day, store) for day in days for store in ("S001", "S002")]
        return [*by_store, *map(each.chain_rules, days), each.insights, each.stores]

    assert said(again) == said(policy)
    assert Policy(json.loads(Policy().canonical)).canonical == Policy().canonical


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


def test_an_article_that_is_alcohol_by_its_number_may_have_any_category_and_its_age() -> None:
    text = "alcohol_skus = ['1']\nlegal_age_by_category = { baking = 18 }"
    assert _policy(_ENTRY + text).rules(_DAY, "S001").legal_age_by_category == {"baking": 18}


def test_a_category_is_what_is_seen_of_it() -> None:
    rules = Rules(
        alcohol_categories=frozenset({"Rot\u00a0wein\u200b"}),
        legal_age_by_category={"Rot wein": 16},
    )
    assert rules.alcohol_categories == {"Rot wein"}
