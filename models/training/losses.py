"""What the heads are trained to: label distributions (Gao et al. 2017, arXiv 1611.01731), or MSE.

A target has a row a picture: its age, the age of the picture blended into it, and the share that is
its own. Without MixUp the share is 1. With a teacher its distribution, blended alike, follows.
"""

from collections.abc import Callable
from typing import Any

from auditor.faces import backend
from auditor.faces.ages import AGES
from models.training.config import Experiment

keras = backend.keras()
ops = keras.ops

Function = Callable[[Any, Any], Any]

_LABEL = 3  # columns of a target before the teacher's distribution
_LEAST = 1e-7  # below it a probability has no finite logarithm


def loss_of(experiment: Experiment, *, taught: bool = False) -> Function:
    """The loss of the experiment's head, one value a picture.

    ``taught``: the targets have a teacher's distributions.
    """
    if experiment.head == "regression":
        return squared_error
    settings = experiment.labels
    sigma, l1_weight = settings.sigma, settings.l1_weight
    teacher = settings.teacher_weight if taught else 0.0

    def label_distribution(target: Any, predicted: Any) -> Any:
        wanted = distribution(target, sigma)
        if teacher:  # Hinton et al. 2015, arXiv 1503.02531, at a temperature of 1
            wanted = (1 - teacher) * wanted + teacher * target[:, _LABEL:]
        entropy = -ops.sum(wanted * ops.log(ops.maximum(predicted, _LEAST)), axis=-1)
        return entropy + l1_weight * absolute_error(target, predicted)

    return label_distribution


def squared_error(target: Any, predicted: Any) -> Any:
    """Squared error, years squared."""
    return (years(predicted) - age(target)) ** 2


def absolute_error(target: Any, predicted: Any) -> Any:
    """Absolute error, years: the metric MAE of either head."""
    return ops.abs(years(predicted) - age(target))


def years(predicted: Any) -> Any:
    """Ages from either head's output: (n, 101) or (n, 1) to (n,)."""
    if predicted.shape[-1] == 1:
        return predicted[:, 0]
    return ops.sum(predicted * ops.convert_to_tensor(AGES, "float32"), axis=-1)


def age(target: Any) -> Any:
    """The ages that targets stand for, years, shape (n,)."""
    return target[:, 2] * target[:, 0] + (1 - target[:, 2]) * target[:, 1]


def distribution(target: Any, sigma: float) -> Any:
    """Gaussians around the ages of targets, blended by their shares, shape (n, 101)."""
    ages = ops.convert_to_tensor(AGES, "float32")
    both = -0.5 * ((ops.expand_dims(target[:, :2], -1) - ages) / sigma) ** 2
    both = ops.softmax(both, axis=-1)
    share = target[:, 2:_LABEL]
    return share * both[:, 0] + (1 - share) * both[:, 1]
