"""OpenVINO, imported when first used: it computes the networks several times as fast as TensorFlow.

What it computes follows from the network and its inputs alone: single precision unless the network
itself says otherwise (left to itself, OpenVINO takes bfloat16 where the processor has it), always
the same number of rows a call, and one thread a call. More cores compute more calls at once.
"""

import functools
import os
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = list[NDArray[Any]]


def cores() -> int:
    """Processor cores that this process may use, hence calls that go on at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.cache
def core() -> Any:
    """OpenVINO's own entry."""
    import openvino

    return openvino.Core()


def opset() -> Any:
    """The operations that networks are built of."""
    from openvino import opset13

    return opset13


class Compiled:
    """A network of fixed shape, to be called from any thread."""

    def __init__(self, network: Any) -> None:
        """Compile an ``openvino.Model`` of one input, whose first dimension is rows."""
        self._compiled = core().compile_model(
            network,
            "CPU",
            {
                "NUM_STREAMS": cores(),
                "INFERENCE_NUM_THREADS": cores(),
                "INFERENCE_PRECISION_HINT": "f32",
            },
        )
        self._rows = int(self._compiled.input(0).shape[0])
        self._own = threading.local()

    def __call__(self, inputs: NDArray[Any]) -> Arrays:
        """The outputs for any number of rows, computed so many at a time, padded with zeros.

        Args:
            inputs: shape (n, ...), of the network's own type.

        Returns:
            One array an output, shape (n, ...).
        """
        parts = []
        for start in range(0, len(inputs), self._rows):
            part = np.ascontiguousarray(inputs[start : start + self._rows])
            count = len(part)
            if count < self._rows:
                blank = np.zeros((self._rows - count, *part.shape[1:]), part.dtype)
                part = np.concatenate([part, blank])
            found = self._request().infer([part], share_inputs=True)
            parts.append([np.array(found[number][:count]) for number in range(len(found))])
        return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]

    def _request(self) -> Any:
        """This thread's own: a request is used by one thread at a time."""
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        return self._own.request
