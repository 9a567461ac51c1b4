"""The age network in Keras and TensorFlow: what it was trained in, and the reference.

Importing TensorFlow takes 11 s, so it is not imported before it is used.
"""

import functools
from typing import Any

import numpy as np

from auditor.errors import ModelError
from auditor.faces import backend
from auditor.faces.ages import AGES
from auditor.faces.engines import MEANS_RGB, Answer, Arrays, Network, Weights, by_rows

#: Rows a call of a network: always so many, padded with blanks, so that the numbers of a face do
#: not depend on what shares its batch. (TensorFlow picks its kernels by shape.)
ROWS = 32


def age_network(weights: Weights, input_size: int) -> Network:
    """The age model's network, compiled.

    Raises:
        ModelError: they are not the weights of this network.
    """
    network = build_network(input_size)
    assign_weights(network, weights)
    tf = backend.tensorflow()
    head = network.get_layer("age")
    both = backend.keras().Model(network.inputs, [head.output, head.input])
    graph = tf.function(functools.partial(both, training=False))

    def answers(part: Any) -> Arrays:
        return [output.numpy() for output in graph(tf.constant(part))]

    return lambda pixels: Answer(*by_rows(answers, ROWS, pixels))


def build_network(input_size: int, head: str = "distribution", backbone: Any = None) -> Any:
    """Build the network with random weights; pre-processing is inside.

    Args:
        input_size: side of the uint8 RGB input, pixels.
        head: "distribution", or "regression": one number, the age.
        backbone: from centred BGR pictures to features, named "backbone"; without it, ResNet50.

    Returns:
        A ``keras.Model`` from (n, input_size, input_size, 3) to (n, 101), rows summing to 1, or to
        (n, 1), years.
    """
    keras = backend.keras()
    pixels = keras.Input((input_size, input_size, 3), dtype="uint8", name="pixels")
    centred = keras.ops.flip(keras.ops.cast(pixels, "float32") - MEANS_RGB, axis=-1)
    backbone = backbone or keras.applications.ResNet50(
        include_top=False,
        weights=None,
        pooling="avg",
        input_shape=(input_size, input_size, 3),
        name="backbone",
    )
    units, activation = (1, None) if head == "regression" else (AGES.size, "softmax")
    dense = keras.layers.Dense(units, activation=activation, name="age", dtype="float32")
    return keras.Model(pixels, dense(backbone(centred)), name="age_resnet50")


def assign_weights(network: Any, arrays: Any) -> None:
    """Put named arrays into a network of :func:`build_network`; absent biases are zero.

    Args:
        network: the ``keras.Model``.
        arrays: mapping from ``<layer>/<variable>`` to an array of any float type.

    Raises:
        ModelError: an array is missing, left over, or of another shape.
    """
    left = set(arrays)
    for layer in (*network.get_layer("backbone").layers, network.get_layer("age")):
        for variable in layer.weights:
            name = f"{layer.name}/{variable.name}"
            if name in left:
                values = np.asarray(arrays[name], np.float32)
                left.remove(name)
            elif variable.name == "bias":
                values = np.zeros(variable.shape, np.float32)
            else:
                raise ModelError(f"the weights lack {name}")
            if values.shape != tuple(variable.shape):
                raise ModelError(f"{name} is {values.shape}, the network wants {variable.shape}")
            variable.assign(values)
    if left:
        raise ModelError(f"the weights have arrays of no layer: {sorted(left)[:3]}")
