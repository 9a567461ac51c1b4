"""Run by test_training.py under another backend: python tests/support/training_child.py OUT.npz."""

import sys
import tempfile
from pathlib import Path

import numpy as np

from auditor.faces.ages import AgeDistributions
from auditor.faces.engines.on_tensorflow import assign_weights, build_network
from auditor.faces.model import folder
from models.training import loop
from tests.support.training_samples import EXPERIMENT, broken_and_resumed, part


def golden_ages() -> np.ndarray:
    """Ages of half-sized golden crops under version 3's weights, on this process's backend."""
    network = build_network(64)
    with np.load(folder("3") / "weights.npz") as arrays:
        assign_weights(network, dict(arrays))
    with np.load(folder("3") / "golden.npz") as golden:
        crops = np.ascontiguousarray(golden["crops"][:4, ::3, ::3])
    return AgeDistributions.from_scores(network.predict(crops, verbose=0)).mean


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        trained = loop.train(EXPERIMENT, (part(1), part(2)), Path(one), {})
        resumed = broken_and_resumed(Path(two), {})
    np.savez(
        sys.argv[1],
        ages=golden_ages(),
        trained=trained.network.predict(part(2).pixels, verbose=0),
        resumed=resumed.network.predict(part(2).pixels, verbose=0),
        losses=[row["loss"] for row in trained.progress.curve],
        backend=loop.keras.backend.backend(),
    )
