"""Networks to train: built, given their first weights, and written as ``weights.npz``."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditor.errors import ConfigurationError, ModelError
from auditor.faces import backend
from auditor.faces.engines.on_tensorflow import assign_weights, build_network
from models.training import augment
from models.training.config import Experiment

keras = backend.keras()
ops = keras.ops
BatchNormalization: Any = keras.layers.BatchNormalization


def build(experiment: Experiment) -> Any:
    """The network of an experiment, from uint8 pictures to its head, with its first weights.

    Raises:
        ConfigurationError: the weights cannot be read, or are not those of this network.
    """
    shape = (experiment.input_size, experiment.input_size, 3)
    if experiment.architecture == "tiny":
        backbone = _tiny(shape)
    else:
        backbone = keras.applications.ResNet50(
            include_top=False,
            weights="imagenet" if experiment.weights == "imagenet" else None,
            pooling="avg",
            input_shape=shape,
            name="backbone",
        )
    backbone = with_fused_normalisation(backbone)
    network = build_network(experiment.input_size, experiment.head, backbone)
    if experiment.weights not in ("none", "imagenet"):
        _load(network, Path(experiment.weights))
    # Batch normalisation follows every convolution and takes its bias away again.
    for layer in network.get_layer("backbone").layers:
        if isinstance(layer, keras.layers.Conv2D) and layer.use_bias:
            layer.bias.trainable = False
    return network


def centre(network: Any, mean_age: float) -> None:
    """Start a new regression head at the mean age, years, which takes it hundreds of steps else."""
    bias = network.get_layer("age").bias
    if bias.shape == (1,) and not ops.convert_to_numpy(bias.value).any():
        bias.assign([mean_age])


def for_training(network: Any, experiment: Experiment) -> Any:
    """The network behind its augmentation, sharing its weights.

    Returns:
        A ``keras.Model`` from ``pixels``, and with MixUp ``partner`` and ``share``, to the head.
    """
    shape = (experiment.input_size, experiment.input_size, 3)
    inputs = {"pixels": keras.Input(shape, dtype="uint8", name="pixels")}
    pictures = ops.cast(inputs["pixels"], "float32")
    for layer in augment.layers(experiment.augmentation, experiment.seed):
        pictures = layer(pictures)
    if experiment.augmentation.mixup:
        inputs["partner"] = keras.Input((), dtype="int32", name="partner")
        inputs["share"] = keras.Input((), dtype="float32", name="share")
        mixing = augment.MixUp(dtype="float32", name="mix_up")
        pictures = mixing((pictures, inputs["partner"], inputs["share"]))
    whole = ops.cast(ops.round(pictures), "uint8")  # as pictures come from a file
    return keras.Model(inputs, network(whole), name="training")


def save(network: Any, path: Path) -> None:
    """Write the weights under the names that ``on_tensorflow.assign_weights`` reads.

    Kernels are float16, the rest float32; biases that are zero are left out.
    """
    arrays: dict[str, NDArray[np.floating]] = {}
    for layer in (*network.get_layer("backbone").layers, network.get_layer("age")):
        for variable in layer.weights:
            values = ops.convert_to_numpy(variable.value).astype(np.float32)
            if variable.name == "bias" and not values.any():
                continue
            small = variable.name == "kernel"
            arrays[f"{layer.name}/{variable.name}"] = values.astype(np.float16) if small else values
    temporary = path.with_name(f"{path.name}.part")
    with temporary.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # its other keyword is no array
    temporary.replace(path)


def _load(network: Any, path: Path) -> None:
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = dict(stored)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"cannot read the weights {path}: {error}") from error
    head = network.get_layer("age")
    if arrays.get("age/kernel", np.empty(0)).shape != tuple(head.kernel.shape):
        for variable in head.weights:  # weights of another head: this one starts anew
            arrays[f"age/{variable.name}"] = ops.convert_to_numpy(variable.value)
    try:
        assign_weights(network, arrays)
    except ModelError as error:
        raise ConfigurationError(f"{path.name} does not fit this network: {error}") from error


class FusedBatchNormalization(BatchNormalization):
    """Keras's layer, of the same variables and figures; the training step alone is fused.

    Keras composes its own of some ten element-wise operations, in float32 whatever the precision of
    the network. On two CPU cores ResNet50 at 64 px learns from 134 pictures a second with the fused
    operation and from 85 without, in bfloat16; in float32 from 80 and 60.
    """

    def call(self, inputs: Any, *, training: bool | None = None, mask: Any = None) -> Any:
        """Normalise, and in training follow the mean and variance of the batches."""
        if not training or not self.trainable:
            return super().call(inputs, training=training, mask=mask)
        fused = backend.tensorflow().compat.v1.nn.fused_batch_norm
        normalised, mean, variance = fused(
            inputs, self.gamma.value, self.beta.value, epsilon=self.epsilon, is_training=True
        )[:3]
        # The operation gives the unbiased variance, Keras follows the other.
        count = ops.cast(ops.size(inputs) // inputs.shape[-1], "float32")
        variance *= (count - 1) / count
        for moving, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving.value * self.momentum + now * (1 - self.momentum))
        return normalised


def with_fused_normalisation(network: Any) -> Any:
    """The same network with the fused layer, where the backend has it; otherwise as it is."""
    if keras.backend.backend() != "tensorflow":
        return network

    def fused(layer: Any) -> Any:
        kind = type(layer)
        return (FusedBatchNormalization if kind is BatchNormalization else kind).from_config(
            layer.get_config()
        )

    other = keras.models.clone_model(network, clone_function=fused)
    other.set_weights(network.get_weights())
    return other


def _tiny(shape: tuple[int, int, int]) -> Any:
    picture = features = keras.Input(shape)
    for number, filters in enumerate((8, 16), start=1):
        features = keras.layers.Conv2D(filters, 3, 2, "same", name=f"conv{number}_conv")(features)
        features = keras.layers.BatchNormalization(momentum=0.8, name=f"conv{number}_bn")(features)
        features = keras.layers.ReLU(name=f"conv{number}_relu")(features)
    return keras.Model(
        picture, keras.layers.GlobalAveragePooling2D(name="avg_pool")(features), name="backbone"
    )
