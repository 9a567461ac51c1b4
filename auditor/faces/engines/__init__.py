"""What computes the networks: OpenVINO, and for the age network TensorFlow too, the reference."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from auditor.policy import Runtime


class Answer(NamedTuple):
    """What the age network says of n crops."""

    scores: NDArray[np.float32]  # over ages, shape (n, 101)
    features: NDArray[np.float32]  # of which the scores are made, shape (n, 2048)


#: From crops (n, side, side, 3), uint8 RGB.
Network = Callable[[NDArray[np.uint8]], Answer]

Weights = Mapping[str, NDArray[Any]]

Arrays = list[NDArray[Any]]

#: Of the ImageNet training pictures, as keras.applications.resnet has them: taken from every pixel.
MEANS_RGB = np.array([123.68, 116.779, 103.939], np.float32)


def age_network(runtime: Runtime, weights: Weights, input_size: int) -> Network:
    """The age model's network; imports the runtime.

    Raises:
        ModelError: they are not the weights of this network.
    """
    if runtime == "tensorflow":
        from auditor.faces.engines.on_tensorflow import age_network as reference

        return reference(weights, input_size)
    from auditor.faces.engines.resnet50 import age_network as fast

    return fast(weights, input_size)


def by_rows(call: Callable[[NDArray[Any]], Arrays], rows: int, inputs: NDArray[Any]) -> Arrays:
    """The outputs for any number of rows but none, so many a call, the last filled with zeros.

    Args:
        call: from an array of ``rows`` rows to others.
        rows: a call.
        inputs: shape (n, ...).

    Returns:
        One array an output, shape (n, ...).
    """
    parts = []
    for start in range(0, len(inputs), rows):
        part = np.ascontiguousarray(inputs[start : start + rows])
        count = len(part)
        if count < rows:
            blank = np.zeros((rows - count, *part.shape[1:]), part.dtype)
            part = np.concatenate([part, blank])
        parts.append([output[:count] for output in call(part)])
    return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]
