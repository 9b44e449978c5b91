"""`TimeDistributed` with masks: what counts within each step reaches the layer."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import keras1, keras2, layers
from convdispatch.errors import InvalidShape
from convdispatch.keras2 import backend as K
from convdispatch.ops import Backend

DOORS: dict[str, Any] = {"keras1": keras1, "keras2": keras2}
# Sentences of words, 0 for none; a word is its own number, by the table of the embedding.
TEXTS = np.array([[[1, 2, 3], [4, 0, 0]], [[2, 2, 0], [0, 0, 0]]])
TABLE = np.arange(5.0)[:, None] - 10.0 * (np.arange(5.0)[:, None] == 0)


def adding(door: Any, **options: Any) -> Any:
    """Return a recurrent layer whose state is the sum of all steps that count."""
    weights = [np.ones((1, 1)), np.ones((1, 1)), np.zeros(1)]
    return door.layers.SimpleRNN(1, activation="linear", weights=weights, **options)


def summed(door: Any, *more: Any) -> Any:
    """Return a model of sentences of words, with layers behind the embedding that masks."""
    options = {"mask_zero": True, "weights": [TABLE]}
    if door is keras2:
        words = door.layers.Embedding(5, 1, **options)
        first = door.layers.TimeDistributed(words, input_shape=(2, 3))
    else:
        first = door.layers.Embedding(5, 1, input_shape=(2, 3), **options)
    return door.models.Sequential([first, *more])


def test_words_that_fill_up_do_not_count(backend_name: str) -> None:
    """Nor do sentences without words; by hand. The layer in a wrapper makes the mask."""
    with convdispatch.use_backend(backend_name):
        inner = keras2.layers.TimeDistributed(adding(keras2))
        model = summed(keras2, inner, adding(keras2))
        between = keras2.models.Model(model.input, model.layers[1].output)
    np.testing.assert_allclose(between.predict(TEXTS)[..., 0], [[6, 4], [4, 0]])
    np.testing.assert_allclose(model.predict(TEXTS)[:, 0], [10, 4])


def test_keras_1_gave_its_layers_no_mask() -> None:
    """Each filled-up word counts there, as -10; the mask goes on as it is."""
    model = summed(keras1, keras1.layers.TimeDistributed(adding(keras1)))
    np.testing.assert_allclose(model.predict(TEXTS)[..., 0], [[6, -16], [-6, -30]])


def test_a_mask_in_training(differentiable: Backend) -> None:
    """The mean of two sums moves each word of the table by half the rate, and not the filling."""
    with convdispatch.use_backend(differentiable.name):
        model = summed(keras2, keras2.layers.TimeDistributed(adding(keras2)))
        for layer in model.layers[1:]:
            layer.trainable = False
        loss = keras2.backend.mean
        model.compile(keras2.optimizers.SGD(lr=0.5), lambda t, p: loss(p, axis=-1))
        model.train_on_batch(TEXTS[:1], np.zeros((1, 2, 1)))
    moved = (TABLE - model.get_weights()[0])[:, 0]
    np.testing.assert_allclose(moved, [0, 0.25, 0.25, 0.25, 0.25], rtol=1e-6)


@pytest.mark.parametrize("name", ["Dense", "SimpleRNN", "Masking"])
def test_the_mask_of_the_output_is_keras_2_s(name: str) -> None:
    """What the layer makes of each step; where it makes none, whether anything in it counts."""
    inner = {
        "Dense": keras2.layers.Dense(1),
        "SimpleRNN": adding(keras2),
        "Masking": keras2.layers.Masking(),
    }[name]
    layer = keras2.layers.TimeDistributed(inner)
    x = np.array([[[[1.0], [0.0]], [[0.0], [0.0]]]])
    mask = np.array([[[True, True], [False, False]]])
    wanted = {
        "Dense": mask,
        "SimpleRNN": np.array([[True, False]]),
        "Masking": np.array([[[True, False], [False, False]]]),
    }[name]
    np.testing.assert_array_equal(layer.compute_mask(x, mask), wanted)
    assert layer.makes_mask([False]) == (name == "Masking")


class Weighed(keras2.layers.Layer):
    """A script's sum of the steps that count, times a weight."""

    def build(self, input_shape: Any) -> None:
        """Make the weight."""
        self.w = self.add_weight(name="w", shape=(1,), initializer="ones")
        super().build(input_shape)

    def call(self, x: Any, mask: Any = None) -> Any:
        """Leave out what the mask leaves out."""
        if mask is not None:
            x = x * K.expand_dims(K.cast(mask, "float32"))
        return K.sum(x, axis=1) * self.w

    def compute_mask(self, x: Any, mask: Any = None) -> Any:
        """Return no mask."""


def test_a_layer_of_a_script_gets_its_part_of_the_mask(differentiable: Backend) -> None:
    """And a trained one: the slope of the mean of 6 and 4 for its weight is 5."""
    with convdispatch.use_backend(differentiable.name):
        model = summed(keras2, keras2.layers.TimeDistributed(Weighed()), adding(keras2))
        np.testing.assert_allclose(model.predict(TEXTS)[:, 0], [10, 4])
        own = summed(keras2, keras2.layers.TimeDistributed(Weighed()))
        own.layers[0].trainable = False
        own.compile(keras2.optimizers.SGD(lr=0.1), lambda t, p: K.mean(p, axis=-1))
        own.train_on_batch(TEXTS[:1], np.zeros((1, 2, 1)))
    np.testing.assert_allclose(own.layers[1].get_weights()[0], [0.5], rtol=1e-6)


def test_each_input_of_a_script_s_layer_has_its_own_mask() -> None:
    """None for one that has none, also where another input has one."""
    seen = []

    class Second(keras2.layers.Layer):
        def call(self, x: Any, mask: Any = None) -> Any:
            seen.append(mask)
            counts = None if mask is None else K.expand_dims(K.cast(mask[1], "float32"))
            return x[0] + x[1] if counts is None else x[0] + 10 * counts

    one, other = keras2.layers.Input((2, 1)), keras2.layers.Input((2, 1))
    both = [one, keras2.layers.Masking()(other)]
    model = keras2.models.Model([one, other], Second()(both))
    found = model.predict([np.ones((1, 2, 1)), np.array([[[1.0], [0.0]]])])
    np.testing.assert_array_equal(found[..., 0], [[11, 1]])
    assert seen[-1][0] is None


def test_keras_3_hands_the_mask_on() -> None:
    """As it came; its layer still gets a part of it at each step, as a plain call shows."""
    layer = layers.TimeDistributed(adding(convdispatch))
    x = np.array([[[[1.0], [2.0]], [[3.0], [4.0]]]])
    mask = np.array([[[True, False], [True, True]]])
    assert layer.compute_mask(x, mask) is mask
    np.testing.assert_array_equal(layer(x, mask=mask)[..., 0], [[1, 7]])
    np.testing.assert_array_equal(layer(x)[..., 0], [[3, 7]])


def test_a_mask_of_steps_alone_is_refused_by_layers_of_steps() -> None:
    """They would not know what counts within a step; a mask of other sizes fits nothing."""
    layer = layers.TimeDistributed(adding(convdispatch))
    x = np.ones((1, 2, 3, 1))
    with pytest.raises(InvalidShape, match="one flag for each of its steps, and its layer"):
        layer(x, mask=np.ones((1, 2), bool))
    with pytest.raises(InvalidShape, match=r"the first sizes of its input, two or more; received"):
        layer(x, mask=np.ones((1, 3), bool))
    dense = layers.TimeDistributed(layers.Dense(1))
    assert dense(x, mask=np.ones((1, 2), bool)).shape == (1, 2, 3, 1)


def test_the_numbers_are_tf_keras_s() -> None:
    """Of two levels of LSTM and a mean over their steps."""
    tf_keras = pytest.importorskip("tf_keras")
    given = np.random.default_rng(4).integers(0, 5, (6, 4, 3))
    given[0, 1:] = 0

    def made(door: Any) -> Any:
        rnn = partial(door.layers.LSTM, recurrent_activation="sigmoid")
        over = door.layers.TimeDistributed
        words = door.layers.Embedding(5, 3, mask_zero=True)
        stack = [over(words, input_shape=(4, 3)), over(rnn(4, return_sequences=True))]
        return door.models.Sequential([*stack, over(door.layers.Bidirectional(rnn(2))), rnn(2)])

    own, peer = made(keras2), made(tf_keras)
    own.set_weights(peer.get_weights())
    wanted = peer.predict(given, verbose=0)
    np.testing.assert_allclose(own.predict(given), wanted, rtol=1e-4, atol=1e-6)
