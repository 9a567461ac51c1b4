"""How a version confuses ages: measured, stored, read back, and refused where it does not fit."""

import json
import tomllib

import numpy as np
import pytest

from auditor import resources
from auditor.errors import ModelError
from auditor.faces.ages import AGES, AgeDistributions, in_hundredths
from auditor.faces.confusion import FILE, YOUNGEST, Confusion, measured
from auditor.faces.model import Card
from auditor.policy import ChainRules, InsightRules

STARTS = (18, 25)


def said(*ages: int) -> AgeDistributions:
    """A distribution a face: all at one age."""
    return AgeDistributions.from_scores(np.eye(AGES.size)[list(ages)])


def by_hand() -> Confusion:
    """Of three 17-year-olds two are said to be 17 and one 20; a 30-year-old is said to be 24."""
    parts = [(said(17, 17), np.array([17.0, 17.9])), (said(20, 24), np.array([17.0, 30.0]))]
    return measured("m/1", ("w", "c"), parts, starts=STARTS, fewest=1)


def test_a_matrix_by_hand() -> None:
    found = by_hand()
    assert found.ages == (17, 30)
    assert found.faces == (3, 1)
    with pytest.raises(ModelError, match="age group 2 of 3"):
        found.between(STARTS)
    two = found.between((18,))
    assert two.matrix == pytest.approx(np.array([[2 / 3, 1 / 3], [0, 1]]))
    assert two.faces == (3, 1)


def test_ages_weigh_as_their_faces_do_and_soft_answers_are_surer() -> None:
    parts = [(said(15, 15, 15, 20), np.array([15.0, 15, 15, 16]))]
    found = measured("m/1", ("w", None), parts, starts=STARTS, fewest=1)
    assert found.faces == (3, 1)
    soft = AgeDistributions.from_scores(np.full((20, AGES.size), 1.0))
    alike = measured("m/1", ("w", None), [(soft, np.full(20, 15.0))], starts=STARTS)
    assert alike.noise[0] == pytest.approx(0.01)  # all are told the same: nothing varies


def test_infants_and_ages_of_few_faces_are_left_out() -> None:
    ages = np.array([3.0] * 9 + [YOUNGEST] * 5 + [40] * 4)
    found = measured("m/1", ("w", None), [(said(*ages.astype(int)), ages)], starts=STARTS)
    assert found.ages == (YOUNGEST,)
    with pytest.raises(ModelError, match="no year of age"):
        measured("m/1", ("w", None), [(said(3), np.array([3.0]))], starts=STARTS)


def test_what_is_written_comes_back() -> None:
    found = by_hand()
    back = Confusion.from_json(found.as_json())
    assert (back.model, back.ages, back.faces) == (found.model, found.ages, found.faces)
    assert back.means == pytest.approx(found.means, abs=1e-5)
    assert back.noise == found.noise


@pytest.mark.parametrize(
    ("change", "said_of_it"),
    [
        ({"schema_version": 9}, "schema"),
        ({"by_age": []}, "cannot read"),
        ({"by_age": [{"age": 20, "faces": 1, "noise": 1.0, "mean": [0.5] * 3}]}, "cannot read"),
        ({"by_age": [{"age": 20, "faces": 0, "noise": 1.0, "mean": [1] + [0] * 100}]}, "faces"),
        ({"by_age": [{"age": 20, "faces": 1, "noise": 2.0, "mean": [1] + [0] * 100}]}, "noise"),
        ({"by_age": [{"age": 20, "faces": 1, "noise": 1.0, "mean": [2] + [0] * 100}]}, "sum to 1"),
    ],
)
def test_a_damaged_file_is_refused(change: dict[str, object], said_of_it: str) -> None:
    document = json.loads(by_hand().as_json()) | change
    with pytest.raises(ModelError, match=said_of_it):
        Confusion.from_json(json.dumps(document))


def test_no_file_is_a_clear_error() -> None:
    with pytest.raises(ModelError, match=r"models\.training\.confusion"):
        Confusion.of_version("age_resnet50/1")
    with pytest.raises(ModelError, match="measured on m/1"):
        by_hand().of("age_resnet50/3")


def test_the_default_version_and_the_demo_have_one_that_fits() -> None:
    """Made anew with the version: models.training.confusion, with --demo too."""
    model = Card.read(ChainRules().model).full_name
    shipped = Confusion.of_version(model)
    demo = (resources.folder("auditor/demo") / FILE).read_text(encoding="utf-8")
    for found in (shipped, Confusion.from_json(demo).of(model)):
        groups = found.between(InsightRules().age_groups)
        assert groups.matrix.sum(axis=1) == pytest.approx(1)
        assert (groups.matrix.argmax(axis=1) >= np.arange(6) - 1).all()
        assert np.linalg.cond(groups.matrix) < 100
    card = tomllib.loads((resources.folder("models") / model / "card.toml").read_text())
    assert sum(shipped.faces) <= card["validation"]["faces"]


def test_hundredths_sum_to_one_and_stay_near() -> None:
    rng = np.random.default_rng(0)
    said_of = rng.dirichlet(np.ones(6) * 0.3, 500)
    rounded = in_hundredths(said_of)
    assert rounded.sum(axis=1) == pytest.approx(1)
    assert rounded * 100 == pytest.approx(np.rint(rounded * 100))
    assert np.abs(rounded - said_of).max() <= 0.03
    assert rounded.min() >= 0


def test_groups_of_a_distribution() -> None:
    ages = said(17, 18, 24, 25, 100)
    assert ages.over_groups((18, 25)).tolist() == [
        [1, 0, 0],
        [0, 1, 0],
        [0, 1, 0],
        [0, 0, 1],
        [0, 0, 1],
    ]
