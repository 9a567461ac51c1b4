"""How a version of the age model confuses ages: what it says, on average, of faces of every age.

Measured by :mod:`models.training.confusion` on labelled faces, each with the calibration that was
fitted on the other half of them, and kept with the version as ``confusion.json``. Only means over
several faces are kept, never what was said of one.

For any division into age groups it gives the matrix M, where M[g, h] is the mean probability of
group h given to faces of true group g. If buyers of group g look like the labelled faces of group g
(whatever the shares of the groups: label shift, Lipton, Wang and Smola 2018, arXiv 1802.03916), the
probabilities of many buyers add up to M^T times their true numbers; auditor/insights undoes that.
"""

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from auditor import resources
from auditor.errors import ModelError
from auditor.faces.ages import AGES, AgeDistributions, Floats

#: Version of confusion.json.
SCHEMA_VERSION = 1
FILE = "confusion.json"

#: Nobody younger does the shopping alone; labelled sets are full of infants, who are no buyers.
YOUNGEST = 12

#: Years of age with fewer labelled faces are left out: a mean over one face would be that face's.
FEWEST_FACES = 5


@dataclass(frozen=True, slots=True)
class GroupConfusion:
    """M for one division into age groups, and how many faces each row was measured on."""

    matrix: Floats  # shape (groups, groups), rows sum to 1
    faces: tuple[int, ...]
    sure_as: tuple[float, ...]  # faces that would be as sure if each were said to be of one group


@dataclass(frozen=True, slots=True)
class Confusion:
    """Mean distributions by true age."""

    model: str  # name and version
    weights_sha256: str
    calibration_sha256: str | None
    ages: tuple[int, ...]  # true ages, completed years, rising
    faces: tuple[int, ...]  # of each of them
    noise: tuple[float, ...]  # spread of what is said over that of saying one group outright
    means: Floats  # shape (ages, 101), rows sum to 1

    def between(self, starts: Sequence[int]) -> GroupConfusion:
        """The matrix of the groups that begin at ``starts`` (and one below the first).

        Within a group, ages weigh as their labelled faces do.

        Raises:
            ModelError: a group has no labelled faces.
        """
        group = np.searchsorted(np.asarray(starts), self.ages, side="right")
        share = AgeDistributions(self.means).over_groups(starts)
        faces, noise = np.array(self.faces), np.array(self.noise)
        rows, counts, sure_as = [], [], []
        for number in range(len(starts) + 1):
            weights = np.where(group == number, faces, 0)
            if not weights.any():
                raise ModelError(
                    f"{self.model} was measured on no face of age group {number + 1} of "
                    f"{len(starts) + 1} (groups begin at {', '.join(map(str, starts))}, faces are "
                    f"{self.ages[0]} to {self.ages[-1]} years old): change insights.age_groups"
                )
            rows.append(weights @ share / weights.sum())
            counts.append(int(weights.sum()))
            sure_as.append(float(weights.sum() ** 2 / (weights @ noise)))
        matrix = np.array(rows)
        matrix /= matrix.sum(axis=1, keepdims=True)
        return GroupConfusion(matrix, tuple(counts), tuple(sure_as))

    def as_json(self) -> str:
        """What is stored with the model version."""
        return json.dumps(
            {
                "schema_version": SCHEMA_VERSION,
                "what": "mean calibrated distribution over ages 0-100 by true age; each face by "
                "the calibration of the other half of the labelled faces",
                "model": self.model,
                "weights_sha256": self.weights_sha256,
                "calibration_sha256": self.calibration_sha256,
                "by_age": [
                    {"age": a, "faces": n, "noise": r, "mean": [round(p, 5) for p in mean]}
                    for a, n, r, mean in zip(
                        self.ages, self.faces, self.noise, self.means.tolist(), strict=True
                    )
                ],
            },
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read back what :meth:`as_json` wrote.

        Raises:
            ModelError: another version, or no means by age.
        """
        try:
            entries = json.loads(text)
            if entries["schema_version"] != SCHEMA_VERSION:
                raise ModelError(f"{FILE} of schema {entries['schema_version']!r}")
            rows = entries["by_age"]
            means = np.array([row["mean"] for row in rows], dtype=np.float64)
            found = cls(
                str(entries["model"]),
                str(entries["weights_sha256"]),
                entries["calibration_sha256"],
                tuple(int(row["age"]) for row in rows),
                tuple(int(row["faces"]) for row in rows),
                tuple(float(row["noise"]) for row in rows),
                AgeDistributions.from_scores(means).probabilities,
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(f"cannot read {FILE}: {error!r}") from error
        if (np.diff(found.ages) <= 0).any() or min(found.faces) < 1:
            raise ModelError(f"{FILE}: the ages do not rise, or one has no faces")
        if not all(0 < noise <= 1 for noise in found.noise):
            raise ModelError(f"{FILE}: a noise is not over 0 and at most 1")
        if np.abs(means.sum(axis=1) - 1).max() > 0.01:
            raise ModelError(f"{FILE}: a mean distribution does not sum to 1")
        return found

    @classmethod
    def of_version(cls, full_name: str) -> Self:
        """The confusion of a shipped version, such as ``age_resnet50/3``.

        Raises:
            ModelError: the version has none, or one of other weights or another calibration.
        """
        try:
            text = (_folder(full_name) / FILE).read_text(encoding="utf-8")
        except OSError as error:
            raise ModelError(
                f"{full_name} does not say how it confuses ages ({error}), so purchases cannot be "
                "told apart by age group: measure it with models.training.confusion"
            ) from error
        return cls.from_json(text).of(full_name)

    def of(self, full_name: str) -> Self:
        """The same, once it is known to belong to a version.

        Raises:
            ModelError: it was measured on other weights or another calibration.
        """
        try:
            card = tomllib.loads((_folder(full_name) / "card.toml").read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise ModelError(f"cannot read the card of {full_name}: {error}") from error
        own = self.weights_sha256, self.calibration_sha256
        if own != (card.get("weights_sha256"), card.get("calibration_sha256")):
            raise ModelError(
                f"{full_name}: the confusion was measured on {self.model}, with other weights or "
                "another calibration; measure it anew with models.training.confusion"
            )
        return self


def _folder(full_name: str) -> Path:
    return resources.folder("models") / full_name


def measured(
    model: str,
    hashes: tuple[str, str | None],
    parts: Sequence[tuple[AgeDistributions, Floats]],
    *,
    starts: Sequence[int],
    fewest: int = FEWEST_FACES,
) -> Confusion:
    """Average what was said of labelled faces, by their age.

    Args:
        model: name and version.
        hashes: of its weights and its calibration.
        parts: distributions and true ages in completed years, of disjoint sets of faces.
        starts: of the age groups that the noise is measured over.
        fewest: faces below which a year of age is left out.

    Raises:
        ModelError: no year of age has enough faces.
    """
    age = np.concatenate([np.floor(ages) for _, ages in parts]).astype(int)
    said = np.concatenate([distributions.probabilities for distributions, _ in parts])
    counts = np.bincount(age, minlength=AGES.size)
    kept = [year for year in AGES[YOUNGEST:].tolist() if counts[year] >= fewest]
    if not kept:
        raise ModelError(f"no year of age from {YOUNGEST} on has {fewest} labelled faces")
    means = np.stack([said[age == year].mean(axis=0) for year in kept])
    group = np.searchsorted(np.asarray(starts), AGES, side="right")
    used = np.isin(age, kept)
    by_group = AgeDistributions(said).over_groups(starts)
    noise = [_noise(by_group[used & (group[age] == group[year])]) for year in kept]
    faces = tuple(counts[kept].tolist())
    return Confusion(model, *hashes, tuple(kept), faces, tuple(noise), means)


def _noise(said: Floats) -> float:
    """How much less probabilities vary than if each face were said to be of one group outright."""
    mean = said.mean(axis=0)
    outright = float((mean * (1 - mean)).sum())
    if len(said) < 2 or outright <= 0:
        return 1.0
    return float(np.clip(said.var(axis=0, ddof=1).sum() / outright, 0.01, 1))
