"""docs/threats.md names the test that covers each threat; a name that is no test covers nothing."""

import ast
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from auditor import resources
from auditor.errors import ModelError
from auditor.faces.model import AgeModel
from tests.support.paths import ROOT

PAGE = (ROOT / "docs/threats.md").read_text(encoding="utf-8")

STRIDE = (
    "Spoofing",
    "Tampering",
    "Repudiation",
    "Information disclosure",
    "Denial of service",
    "Elevation of privilege",
)


def rows() -> list[list[str]]:
    """The cells of every threat's row: kind, threat, what is done, covered by."""
    lines = [line for line in PAGE.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [row for row in cells if row[0] in STRIDE]


def named() -> list[str]:
    """Every test that the page names, FILE::TEST."""
    return re.findall(r"`(test_\w+\.py::test_\w+)`", PAGE)


@pytest.mark.parametrize("name", dict.fromkeys(named()))
def test_a_test_that_the_page_names_is_there(name: str) -> None:
    file, _, test = name.partition("::")
    (path,) = (ROOT / "tests").rglob(file)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert test in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("kind", STRIDE)
def test_every_kind_of_threat_is_thought_of(kind: str) -> None:
    assert [row for row in rows() if row[0] == kind]


def test_every_threat_has_its_test_or_says_that_it_has_none() -> None:
    assert all(len(row) == 4 for row in rows())
    bare = [row[1] for row in rows() if "::" not in row[3] and not row[3].startswith("no test:")]
    assert bare == []


def test_a_pickled_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(resources.folder("models/age_resnet50") / "3", tmp_path / "3")
    monkeypatch.setattr(resources, "folder", lambda _name: tmp_path)
    np.savez(tmp_path / "3/golden.npz", crops=np.array([Payload(tmp_path / "ran")], object))
    with pytest.raises(ModelError, match="cannot read"):
        AgeModel("3")
    assert not (tmp_path / "ran").exists()


class Payload:
    """Leaves a file when it is loaded."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.file,))
