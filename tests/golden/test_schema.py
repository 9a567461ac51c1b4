"""The published schemas: made from the models, kept to, and closed to what they do not know.

``pytest tests/golden/test_schema.py --update-golden`` writes them anew after a model has changed.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jsonschema
import pytest

from auditor import resources
from auditor.operations.diff import diff_schema
from auditor.operations.pack.manifest import manifest_schema
from auditor.report import document
from auditor.report.schema import SCHEMAS
from tests.support.report_day import render

MADE: dict[str, Callable[[], dict[str, Any]]] = {
    "diff.schema.json": diff_schema,
    "report.schema.json": document.report_schema,
    "pack-manifest.schema.json": manifest_schema,
}


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return render()


@pytest.mark.parametrize("name", sorted(MADE))
def test_what_is_published_is_what_the_models_say(
    name: str, request: pytest.FixtureRequest
) -> None:
    published = resources.folder(SCHEMAS) / name
    made = json.dumps(MADE[name](), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    if request.config.getoption("--update-golden"):
        published.write_text(made, encoding="utf-8")
    assert published.read_text(encoding="utf-8") == made, "run with --update-golden, look, commit"
    jsonschema.Draft202012Validator.check_schema(json.loads(made))


def test_a_report_keeps_to_the_schema_beside_it(files: dict[str, bytes]) -> None:
    _check(json.loads(files["report.schema.json"]), json.loads(files["report.json"]))


@pytest.mark.parametrize("inside", [[], ["coverage"], ["flagged", 0], ["rejected"]])
def test_a_key_that_the_schema_does_not_know_is_refused(
    files: dict[str, bytes], inside: list[str | int]
) -> None:
    report: Any = json.loads(files["report.json"])
    part = report
    for key in inside:
        part = part[key]
    part["unheard_of"] = 1
    with pytest.raises(jsonschema.ValidationError, match="unheard_of"):
        _check(document.report_schema(), report)
    del part["unheard_of"]
    del part[min(part)]
    with pytest.raises(jsonschema.ValidationError, match="required"):
        _check(document.report_schema(), report)


def test_a_field_added_to_a_model_is_missed_in_what_is_published(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The models are dataclasses: what is added to one is in the report and in the schema made."""

    @dataclass(frozen=True)
    class Document(document.Document):
        unheard_of: int = 0

    published = json.loads((resources.folder(SCHEMAS) / "report.schema.json").read_text())
    assert published == document.report_schema()
    monkeypatch.setattr(document, "Document", Document)
    assert published != document.report_schema()


def _check(against: dict[str, Any], document: Any) -> None:
    jsonschema.Draft202012Validator(
        against, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    ).validate(document)
