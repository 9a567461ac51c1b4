"""The age model's network in OpenVINO: ``on_tensorflow.build_network``, from the same weights.

Batch normalisation is folded into the convolution before it, as it is a constant factor and a
constant once training has ended.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditor.errors import ModelError
from auditor.faces.ages import AGES
from auditor.faces.engines import MEANS_RGB, Answer, Network, Weights, by_rows, on_openvino

#: Blocks of each of ResNet50's four stages, and the stride of its first (He et al. 2016, table 1).
STAGES = ((2, 3, 1), (3, 4, 2), (4, 6, 2), (5, 3, 2))
#: Crops a call: always so many, so that a face's numbers do not depend on what shares its batch.
ROWS = 8

EPSILON = 1.001e-5  # of batch normalisation, as keras.applications.resnet has it


def age_network(weights: Weights, input_size: int) -> Network:
    """The network in single precision, compiled.

    Raises:
        ModelError: they are not the weights of this network.
    """
    return _compiled(build(weights, input_size))


def quantised(description: bytes, constants: bytes) -> Network:
    """A network that ``models.training.quantise`` wrote, compiled.

    Args:
        description: of the graph, XML.
        constants: what it refers to.

    Raises:
        ModelError: OpenVINO cannot read it.
    """
    try:
        network = on_openvino.core().read_model(
            description, on_openvino.module().Tensor(np.frombuffer(constants, np.uint8))
        )
    except RuntimeError as error:
        raise ModelError(f"OpenVINO cannot read the network: {error}") from error
    return _compiled(network)


def _compiled(network: Any) -> Network:
    """With the features as an output: the mean over the last grid, the only mean in it."""
    means = [op for op in network.get_ops() if op.get_type_name() == "ReduceMean"]
    if len(means) != 1:
        raise ModelError(f"the network has {len(means)} means over a grid, not one")
    network.add_outputs(means[0].output(0))
    compiled = on_openvino.Compiled(network)
    return lambda pixels: Answer(*by_rows(compiled, ROWS, pixels))


def build(weights: Weights, input_size: int) -> Any:
    """Build the network.

    Args:
        weights: arrays by name, see ``auditor.faces.model``.
        input_size: side of the uint8 RGB input, pixels.

    Returns:
        An ``openvino.Model`` from (ROWS, input_size, input_size, 3), uint8, to (ROWS, 101).

    Raises:
        ModelError: an array is missing, left over, or of another shape.
    """
    op = on_openvino.opset()
    pixels = op.parameter([ROWS, input_size, input_size, 3], np.uint8, name="pixels")
    centred = op.subtract(op.convert(pixels, "f32"), op.constant(MEANS_RGB))
    graph = _Graph(op, weights)
    x = op.transpose(centred, op.constant([0, 3, 1, 2]))
    x = graph.convolved(x, "conv1", stride=2, pad=3, reverse_channels=True)
    x = graph.activated(x, "conv1")
    x = op.max_pool(x, [2, 2], [1, 1], [1, 1], [1, 1], [3, 3]).output(0)
    for stage, blocks, stride in STAGES:
        for block in range(1, blocks + 1):
            x = graph.block(x, f"conv{stage}_block{block}", stride if block == 1 else 1)
    features = op.reduce_mean(x, op.constant([2, 3]))
    kernel, bias = graph.taken("age/kernel"), graph.taken("age/bias")
    if kernel.shape[1:] != (AGES.size,):
        raise ModelError(f"age/kernel is {kernel.shape}, the network wants {AGES.size} columns")
    graph.refuse_more()
    scores = op.add(op.matmul(features, op.constant(kernel), False, False), op.constant(bias))
    return on_openvino.module().Model([op.softmax(scores, 1)], [pixels], "age")


class _Graph:
    """Parts of ResNet50 that refer to weights by Keras's names."""

    def __init__(self, op: Any, weights: Weights) -> None:
        self._op, self._left = op, dict(weights)

    def taken(self, name: str) -> NDArray[np.float32]:
        if name not in self._left:
            raise ModelError(f"the weights lack {name}")
        return np.asarray(self._left.pop(name), np.float32)

    def refuse_more(self) -> None:
        if self._left:
            raise ModelError(f"the weights have arrays of no layer: {sorted(self._left)[:3]}")

    def block(self, x: Any, name: str, stride: int) -> Any:
        """A bottleneck; the first of a stage has a convolution on its way past."""
        op = self._op
        past = self.convolved(x, f"{name}_0", stride) if name.endswith("block1") else x
        y = self.activated(self.convolved(x, f"{name}_1", stride), f"{name}_1")
        y = self.activated(self.convolved(y, f"{name}_2", pad=1), f"{name}_2")
        return self.activated(op.add(past, self.convolved(y, f"{name}_3")), f"{name}_out")

    def activated(self, x: Any, name: str) -> Any:
        y = self._op.relu(x)
        y.set_friendly_name(name)
        return y

    def convolved(
        self, x: Any, name: str, stride: int = 1, pad: int = 0, *, reverse_channels: bool = False
    ) -> Any:
        op = self._op
        kernel = self.taken(f"{name}_conv/kernel").astype(np.float64)
        gamma, beta, mean, variance = (
            self.taken(f"{name}_bn/{part}").astype(np.float64)
            for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        factor = gamma / np.sqrt(variance + EPSILON)
        bias = self._left.pop(f"{name}_conv/bias", np.zeros(len(gamma)))
        shift = (np.asarray(bias, np.float64) - mean) * factor + beta
        kernel = kernel * factor
        if reverse_channels:  # the weights are for blue, green, red
            kernel = kernel[:, :, ::-1]
        folded = np.ascontiguousarray(kernel.transpose(3, 2, 0, 1).astype(np.float32))
        y = op.convolution(x, op.constant(folded), [stride] * 2, [pad] * 2, [pad] * 2, [1, 1])
        y.set_friendly_name(f"{name}_conv")
        return op.add(y, op.constant(shift.astype(np.float32).reshape(1, -1, 1, 1)))
