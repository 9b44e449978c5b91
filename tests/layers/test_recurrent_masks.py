"""Masks of recurrent layers, and rates of 1."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import Model, keras1, keras2, layers
from convdispatch.errors import InvalidShape
from convdispatch.ops import Backend

SUM = [np.ones((1, 1), np.float32), np.ones((1, 1), np.float32), np.zeros(1, np.float32)]
X = np.array([[[1.0], [2.0], [4.0]]] * 3, np.float32)
MASK = np.array([[1, 1, 0], [0, 1, 1], [0, 0, 0]], bool)


def test_a_last_step_that_does_not_count_gives_zeros(backend_name: str) -> None:
    """Of the last output too, in the order in which the steps are computed."""
    for backwards, want in ((False, [0, 6, 0]), (True, [3, 0, 0])):
        layer = layers.SimpleRNN(
            1,
            "linear",
            zero_output_for_mask=True,
            go_backwards=backwards,
            weights=SUM,
            backend=backend_name,
        )
        got = convdispatch.to_numpy(layer(X, mask=MASK))
        np.testing.assert_array_equal(got.ravel(), want)
        assert convdispatch.to_numpy(layer(X)).ravel().tolist() == [7, 7, 7]


def test_both_ways_return_their_last_states(backend_name: str) -> None:
    """Whatever `zero_output_for_mask` says, as Keras 3's `Bidirectional` does."""
    layer = layers.Bidirectional(
        layers.SimpleRNN(1, "linear", zero_output_for_mask=True),
        weights=SUM + SUM,
        backend=backend_name,
    )
    got = convdispatch.to_numpy(layer(X, mask=MASK))
    np.testing.assert_array_equal(got, [[3, 3], [6, 6], [0, 0]])


@pytest.mark.parametrize("shape", [(3, 2), (3, 1), (1, 3), (2, 3), (3,), (3, 3, 1)])
@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.SimpleRNN(1),
        lambda: layers.Bidirectional(layers.LSTM(1)),
        layers.GlobalAveragePooling1D,
    ],
)
def test_a_mask_of_another_shape_is_refused(make: Any, shape: tuple[int, ...]) -> None:
    """With both shapes."""
    with pytest.raises(InvalidShape) as caught:
        make()(X, mask=np.ones(shape, bool))
    assert str(shape) in str(caught.value)
    assert "(3, 3, 1)" in str(caught.value)


def test_the_mask_of_one_step_is_that_of_all(backend_name: str) -> None:
    """Which the step is added to: 1 + 1 in each of three, whose mean is 2, and whose sum is 6."""
    x = [np.ones((2, 3, 1), np.float32), np.ones((2, 1, 1), np.float32)]
    # A sum has a mask in Keras 3 where all its inputs have one, in Keras 2 where one has.
    for door, are_both_masked in ((layers, True), (keras2.layers, True), (keras2.layers, False)):
        i, j = layers.Input((3, 1)), layers.Input((1, 1))
        first = door.Masking()(i) if are_both_masked else i
        both = door.Add()([first, door.Masking()(j)])
        mean = layers.GlobalAveragePooling1D()(both)
        total = layers.SimpleRNN(1, "linear", weights=SUM)(both)
        model = Model([i, j], [mean, total]).to(backend_name)
        got = [convdispatch.to_numpy(one).ravel().tolist() for one in model(x)]
        assert got == [[2, 2], [6, 6]]


def test_a_mask_of_one_step_leaves_out_all(backend_name: str) -> None:
    """Beside a mask of three steps, and alone."""
    add = keras2.layers.Add(backend=backend_name)
    x = [np.ones((2, 3, 1), np.float32), np.ones((2, 1, 1), np.float32)]
    native = add._as_native(add._backend(), x)
    masks = [np.array([[1, 1, 0], [1, 1, 1]], bool), np.array([[1], [0]], bool)]
    flags = [add._backend().asarray(one, "bool") for one in masks]
    want = [[True, True, False], [False, False, False]]
    assert convdispatch.to_numpy(add.compute_mask(native, flags)).tolist() == want
    alone = convdispatch.to_numpy(add.compute_mask(native, [None, flags[1]]))
    assert alone.tolist() == [[True] * 3, [False] * 3]


def test_a_rate_of_1_leaves_everything_out_in_keras_3(backend: Backend) -> None:
    """Of the inputs or of the state; Keras 1 and 2 leave nothing out."""
    key = backend.asarray(np.array([1, 2], np.int32), "int32")
    old = {"dropout": "dropout_W", "recurrent_dropout": "dropout_U"}
    # The sum is 7. Without the inputs it is 0, without the state the last step alone.
    for rate, left in (("dropout", 0), ("recurrent_dropout", 4)):
        for door, word, want in (
            (layers, rate, left),
            (keras2.layers, rate, 7),
            (keras1.layers, old[rate], 7),
        ):
            layer = door.SimpleRNN(1, activation="linear", backend=backend.name, **{word: 1.0})
            layer.build(X.shape)
            layer.set_weights(SUM)
            outputs, _ = layer.apply_training(layer.variables, X, key)
            assert backend.to_numpy(outputs).ravel().tolist() == [want] * 3
