"""Wrappers of layers that have weights already, or that nothing may train."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import Sequential, keras2, layers
from convdispatch.errors import InvalidShape

GIVEN = [np.ones((4, 2), np.float32), np.zeros(2, np.float32)]
KERNELS = [np.full((3, 2), 0.5, np.float32), np.eye(2, dtype="float32"), np.ones(2, np.float32)]
OTHERS = [2 * one for one in KERNELS]


def built(layer: Any, shape: Any, weights: Any) -> Any:
    """Return the layer with these weights."""
    layer.build(shape)
    layer.set_weights(weights)
    return layer


@pytest.mark.parametrize("is_built", [False, True])
def test_a_layer_at_each_step_begins_with_its_weights(backend_name: str, is_built: bool) -> None:
    """Given to the layer or in it already; a copy, which the layer does not follow."""
    dense = layers.Dense(2) if is_built else layers.Dense(2, weights=GIVEN)
    if is_built:
        built(dense, (None, 4), GIVEN)
    layer = layers.TimeDistributed(dense, backend=backend_name)
    layer.trainable = False  # what is set before the weights are made loses none of them
    layer.trainable = True
    got = convdispatch.to_numpy(layer(np.ones((1, 3, 4), np.float32)))
    np.testing.assert_array_equal(got, np.full((1, 3, 2), 4.0))
    layer.set_weights([2 * one for one in GIVEN])
    if is_built:
        np.testing.assert_array_equal(dense.get_weights()[0], GIVEN[0])


def test_the_wrapper_s_own_weights_come_first() -> None:
    """Before those of the layer."""
    dense = layers.Dense(2, weights=GIVEN)
    layer = layers.TimeDistributed(dense, weights=[3 * one for one in GIVEN])
    got = convdispatch.to_numpy(layer(np.ones((1, 3, 4), np.float32)))
    np.testing.assert_array_equal(got, np.full((1, 3, 2), 12.0))


def test_weights_of_another_shape_are_refused() -> None:
    """With the name of the layer that has them."""
    layer = layers.TimeDistributed(layers.Dense(2, weights=GIVEN, name="inside"))
    with pytest.raises(InvalidShape, match="inside"):
        layer(np.ones((1, 3, 5), np.float32))


@pytest.mark.parametrize("is_built", [False, True])
def test_the_way_forwards_begins_with_the_layer_s_weights(is_built: bool) -> None:
    """As in Keras 1 and 2; the way back begins afresh, or with its own layer's."""
    one = layers.SimpleRNN(2) if is_built else layers.SimpleRNN(2, weights=KERNELS)
    if is_built:
        built(one, (None, 5, 3), KERNELS)
    layer = layers.Bidirectional(one)
    layer.build((None, 5, 3))
    for got, want in zip(layer.get_weights()[:3], KERNELS, strict=True):
        np.testing.assert_array_equal(got, want)
    assert not np.array_equal(layer.get_weights()[3], KERNELS[0])
    back = layers.SimpleRNN(2, go_backwards=True, weights=OTHERS)
    both = layers.Bidirectional(one, backward_layer=back)
    both.build((None, 5, 3))
    for got, want in zip(both.get_weights(), KERNELS + OTHERS, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_frozen_layer_freezes_its_wrapper(backend_name: str, when: str) -> None:
    """Whether it is frozen before the weights are made or later; and it may thaw."""
    dense = layers.Dense(1)
    layer = layers.TimeDistributed(dense, input_shape=(3, 4))
    dense.trainable = when != "before"
    model = Sequential([layer, layers.Flatten(), layers.Dense(1)], backend=backend_name)
    model.build((None, 3, 4))
    dense.trainable = False
    assert (layer.trainable, layer.trainable_weights) == (False, [])
    assert layer.get_config()["trainable"] is True
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.train_on_batch(np.ones((2, 3, 4), np.float32), np.zeros((2, 1), np.float32))
    after = model.get_weights()
    same = [np.array_equal(a, b) for a, b in zip(before, after, strict=True)]
    assert same == [True, True, False, False]
    dense.trainable = True
    assert len(layer.trainable_weights) == 2


@pytest.mark.parametrize("frozen", ["layer", "wrapper"])
def test_frozen_statistics_at_each_step_are_those_of_inference(
    backend_name: str, frozen: str
) -> None:
    """Keras 3 infers: with mean 0 and variance 1, 3 stays 3, and the statistics stay.

    Keras 2 normalizes by the batch, whose numbers are equal: 0; it keeps the statistics.
    """
    x, y = np.full((2, 3, 4), 3.0, np.float32), np.zeros((2, 3, 4), np.float32)
    for door, loss in ((layers, 9.0), (keras2.layers, 0.0)):
        norm = door.BatchNormalization(epsilon=1e-7)
        layer = door.TimeDistributed(norm)
        trained = door.Dense(4, use_bias=False, weights=[np.eye(4)], input_shape=(3, 4))
        model = Sequential([trained, layer], backend=backend_name)
        (norm if frozen == "layer" else layer).trainable = False
        model.compile("sgd", "mse")
        before = layer.get_weights()
        assert float(np.ravel(model.train_on_batch(x, y))[0]) == pytest.approx(loss, abs=1e-4)
        for got, want in zip(layer.get_weights(), before, strict=True):
            np.testing.assert_array_equal(got, want)
