"""Two ways of computing the networks: OpenVINO, which the audit uses; TensorFlow, the reference.

Both have the same two parts, and nothing else of the product knows which of them it has.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditor.policy import Runtime

#: From squares (n, side, side, 3), uint8 RGB, and the smallest face to be found, pixels, to one row
#: a face, in the squares' pixels: picture, x, y, width, height, confidence, five x, five y.
Cascade = Callable[[NDArray[np.uint8], int], NDArray[np.float64]]

#: From crops (n, side, side, 3), uint8 RGB, to scores over ages, shape (n, 101).
Network = Callable[[NDArray[np.uint8]], NDArray[np.float32]]

Weights = Mapping[str, NDArray[Any]]


def cascade(runtime: Runtime) -> Cascade:
    """The detector's networks; imports the runtime."""
    if runtime == "tensorflow":
        from auditor.engines.on_tensorflow import Cascade as Reference

        return Reference()
    from auditor.engines.mtcnn import Cascade as Fast

    return Fast()


def age_network(runtime: Runtime, weights: Weights, input_size: int) -> Network:
    """The age model's network; imports the runtime.

    Raises:
        ModelError: they are not the weights of this network.
    """
    if runtime == "tensorflow":
        from auditor.engines.on_tensorflow import age_network as reference

        return reference(weights, input_size)
    from auditor.engines.resnet50 import age_network as fast

    return fast(weights, input_size)
