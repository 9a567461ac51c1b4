"""The wheel holds what the checkout holds: templates, model, demo faces."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.support.paths import ROOT

_CHECKOUT = ROOT

_USE = """
import auditor, pathlib
from auditor import resources
from auditor.demo import write_demo
from auditor.faces.model import AgeModel
from auditor.policy import ChainRules
from auditor.report.environment import environment
home = pathlib.Path(auditor.__file__).parent
assert home.is_relative_to(pathlib.Path.cwd()), home
assert resources.folder("reports/templates").is_relative_to(home)
environment().get_template("page.html.jinja")
for schema in ("report", "pack-manifest"):
    path = resources.folder("reports/schemas") / f"{schema}.schema.json"
    assert path.is_relative_to(home) and path.stat().st_size, path
assert len(list((home / "demo/faces").glob("*.jpg"))) == 150
AgeModel("3")
AgeModel(ChainRules().model)
"""


def test_an_installed_wheel_renders_and_estimates(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=_CHECKOUT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    subprocess.run(
        [sys.executable, "-c", _USE],
        cwd=tmp_path / "site",
        env=os.environ | {"PYTHONPATH": str(tmp_path / "site")},
        check=True,
    )
