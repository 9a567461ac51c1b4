"""The age network for ONNX Runtime, to compare with: float32, and int8 by its own tools."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import quantization

from auditor.faces.engines import MEANS_RGB
from auditor.faces.engines.resnet50 import EPSILON, STAGES


def float32(weights: Mapping[str, NDArray[Any]], side: int) -> bytes:
    """The network as an ONNX file, from uint8 (rows, side, side, 3) to (rows, 101)."""
    return bytes(_Graph(weights).network(side).SerializeToString())


def int8(network: bytes, pictures: NDArray[np.uint8]) -> bytes:
    """The same, statically quantised by ONNX Runtime."""

    class Pictures(quantization.CalibrationDataReader):
        def __init__(self) -> None:
            self._left = iter(np.array_split(pictures, len(pictures) // 32))

        def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
            part = next(self._left, None)
            return None if part is None else {"pixels": part}

    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "float32.onnx", Path(folder) / "int8.onnx"
        source.write_bytes(network)
        quantization.quantize_static(source, target, Pictures(), per_channel=True)
        return target.read_bytes()


def session(network: bytes) -> Any:
    """ONNX Runtime on all cores."""
    return onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])


class _Graph:
    def __init__(self, weights: Mapping[str, NDArray[Any]]) -> None:
        self._weights = {name: np.asarray(v, np.float32) for name, v in weights.items()}
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def network(self, side: int) -> Any:
        x = self._node("Cast", "pixels", to=TensorProto.FLOAT)
        x = self._node("Sub", x, self._constant(MEANS_RGB))
        x = self._node("Transpose", x, perm=[0, 3, 1, 2])
        x = self._node("Relu", self._convolved(x, "conv1", 2, 3, reverse=True))
        x = self._node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
        for stage, blocks, stride in STAGES:
            for block in range(1, blocks + 1):
                name, step = f"conv{stage}_block{block}", stride if block == 1 else 1
                past = self._convolved(x, f"{name}_0", step) if block == 1 else x
                y = self._node("Relu", self._convolved(x, f"{name}_1", step))
                y = self._node("Relu", self._convolved(y, f"{name}_2", 1, 1))
                x = self._node("Relu", self._node("Add", past, self._convolved(y, f"{name}_3")))
        x = self._node("Flatten", self._node("GlobalAveragePool", x))
        head = [self._constant(self._weights[f"age/{part}"]) for part in ("kernel", "bias")]
        self._nodes.append(
            helper.make_node("Softmax", [self._node("Gemm", x, *head)], ["scores"], axis=1)
        )
        graph = helper.make_graph(
            self._nodes,
            "age",
            [helper.make_tensor_value_info("pixels", TensorProto.UINT8, [None, side, side, 3])],
            [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, 101])],
            self._constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 10
        onnx.checker.check_model(model)
        return model

    def _convolved(
        self, x: str, name: str, stride: int = 1, pad: int = 0, *, reverse: bool = False
    ) -> str:
        gamma, beta, mean, variance = (
            self._weights[f"{name}_bn/{part}"]
            for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        factor = gamma / np.sqrt(variance + EPSILON)
        kernel = self._weights[f"{name}_conv/kernel"] * factor
        kernel = kernel[:, :, ::-1] if reverse else kernel
        shift = (self._weights.get(f"{name}_conv/bias", 0) - mean) * factor + beta
        arrays = np.ascontiguousarray(kernel.transpose(3, 2, 0, 1)), shift
        constants = [self._constant(each.astype(np.float32)) for each in arrays]
        return self._node("Conv", x, *constants, strides=[stride] * 2, pads=[pad] * 4)

    def _node(self, kind: str, *inputs: str, **settings: Any) -> str:
        name = f"{kind}{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **settings))
        return name

    def _constant(self, values: NDArray[np.float32]) -> str:
        name = f"constant{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(values, np.float32), name))
        return name
