"""Fused batch normalisation: Keras's figures, in one operation."""

from typing import Any

import numpy as np
import pytest

from auditor.faces import backend
from models.training import networks
from tests.support.training_samples import EXPERIMENT

keras = backend.keras()
tf = backend.tensorflow()


def _built(kind: Any) -> Any:
    layer = kind(momentum=0.7, epsilon=1.001e-5)
    layer.build((None, None, None, 5))
    rng = np.random.default_rng(1)
    values = [rng.uniform(0.5, 1.5, 5), rng.normal(size=5), np.zeros(5), np.ones(5)]
    layer.set_weights([value.astype(np.float32) for value in values])
    return layer


@pytest.mark.parametrize("training", [True, False], ids=["training", "inference"])
def test_outputs_statistics_and_gradients_are_those_of_keras(training: bool) -> None:  # noqa: FBT001
    pixels = np.random.default_rng(2).normal(3, 2, (2, 3, 4, 5)).astype(np.float32)
    found = []
    for kind in (networks.BatchNormalization, networks.FusedBatchNormalization):
        layer, inputs = _built(kind), tf.constant(pixels)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs, training=training)
            loss = tf.reduce_sum(outputs**3)
        gradients = tape.gradient(loss, [inputs, layer.gamma.value, layer.beta.value])
        found.append([outputs, *layer.get_weights(), *gradients])
    for got, want in zip(*found, strict=True):
        assert np.asarray(got) == pytest.approx(np.asarray(want), rel=2e-4, abs=2e-4)


def test_a_layer_that_is_not_trained_keeps_its_statistics() -> None:
    layer = _built(networks.FusedBatchNormalization)
    layer.trainable = False
    layer(np.full((2, 2, 2, 5), 9, np.float32), training=True)
    assert (layer.moving_mean.numpy() == 0).all()


def test_networks_to_train_have_it_and_the_weights_that_they_began_with() -> None:
    plain = networks.build(EXPERIMENT).get_layer("backbone")
    kinds = {type(layer) for layer in plain.layers if layer.name.endswith("_bn")}
    assert kinds == {networks.FusedBatchNormalization}
    again = networks.with_fused_normalisation(plain)
    assert again.name == "backbone"
    for got, want in zip(again.get_weights(), plain.get_weights(), strict=True):
        assert (got == want).all()
