"""OpenVINO, imported when first used: it computes the networks several times as fast as TensorFlow.

What it computes follows from the network and its inputs alone: single precision unless the network
itself says otherwise (left to itself, OpenVINO takes bfloat16 where the processor has it), always
the same number of rows a call, and one thread a call. More cores compute more calls at once.
"""

import functools
import importlib
import os
import sys
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditor.faces.engines import Arrays


def cores() -> int:
    """Processor cores that this process may use, hence calls that go on at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.cache
def module() -> Any:
    """The module ``openvino``, with its telemetry disabled.

    Its package ``openvino_telemetry`` writes to the home directory and calls Google Analytics as
    soon as it is imported with OpenVINO or NNCF; both do without it where it cannot be imported.
    """
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # Python's own way
    return importlib.import_module("openvino")


@functools.cache
def core() -> Any:
    """OpenVINO's own entry."""
    return module().Core()


def opset() -> Any:
    """The operations that networks are built of."""
    module()
    return importlib.import_module("openvino.opset13")


class Compiled:
    """A network of fixed shapes, to be called from any thread."""

    def __init__(self, network: Any) -> None:
        """Compile an ``openvino.Model``."""
        self._compiled = core().compile_model(
            network,
            "CPU",
            {
                "NUM_STREAMS": cores(),
                "INFERENCE_NUM_THREADS": cores(),
                "INFERENCE_PRECISION_HINT": "f32",
            },
        )
        self._own = threading.local()

    def __call__(self, *inputs: NDArray[Any]) -> Arrays:
        """The outputs for inputs of just its shapes and types."""
        if not hasattr(self._own, "request"):  # one thread uses a request at a time
            self._own.request = self._compiled.create_infer_request()
        outputs = self._own.request.infer(list(inputs), share_inputs=True, share_outputs=True)
        return [np.array(outputs[number]) for number in range(len(outputs))]
