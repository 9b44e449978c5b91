"""The small functions beside layers and models that scripts of Keras 1 and 2 use."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convdispatch import keras1, keras2
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType

DOORS: dict[str, Any] = {"keras1": keras1, "keras2": keras2}
EACH = pytest.mark.parametrize("door", DOORS)


def stack(door: str, units: int, **options: Any) -> Any:
    """Return a model whose output is its input times 1, or the sum of it."""
    of_door = DOORS[door]
    model = of_door.models.Sequential(
        [of_door.layers.Dense(units, input_shape=(2,), **options)], backend="numpy"
    )
    model.set_weights([np.eye(2, units), np.zeros(units)])
    return model


@EACH
def test_classes_are_those_of_the_highest_output(door: str) -> None:
    """And for one output whether it is above a half; two axes, as Keras has it."""
    x = np.array([[0.25, 0.75], [0.5, 0.25]])
    found = stack(door, 2).predict_classes(x, verbose=0)
    assert found.tolist() == [1, 0]
    found = stack(door, 1).predict_classes(np.array([[0.75, 0.0], [0.5, 0.0]]), verbose=0)
    assert (found.tolist(), found.dtype.name) == ([[1], [0]], "int32")


@EACH
def test_probabilities_are_the_output(door: str) -> None:
    """With a warning where they cannot be any."""
    model = stack(door, 2)
    x = np.array([[0.25, 0.75]])
    assert model.predict_proba(x, batch_size=1, verbose=0).tolist() == x.tolist()
    with pytest.warns(UserWarning, match=r"numbers from -1 to 2, which are no probabilities"):
        assert model.predict_proba(np.array([[-1.0, 2.0]]), verbose=0).tolist() == [[-1.0, 2.0]]


def test_keras_1_tells_classes_from_probabilities() -> None:
    """Its `np_utils` has them as functions."""
    utils = keras1.utils.np_utils
    several = np.array([[0.25, 0.75], [0.5, 0.25]])
    assert utils.categorical_probas_to_classes(several).tolist() == [1, 0]
    assert utils.probas_to_classes(several).tolist() == [1, 0]
    assert utils.probas_to_classes(np.array([0.25, 0.75])).tolist() == [0, 1]


@EACH
def test_arrays_are_normalized_along_an_axis(door: str) -> None:
    """By the norm of that order; zeros stay."""
    normalize = DOORS[door].utils.np_utils.normalize
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_allclose(normalize(x), [[0.6, 0.8], [0, 0]])
    np.testing.assert_allclose(normalize(x, axis=0, order=1), [[1, 1], [0, 0]])


PADDED: dict[str, tuple[dict[str, Any], list[list[float]]]] = {
    "as long as the longest": ({}, [[1, 2, 3], [0, 0, 4], [0, 0, 0]]),
    "shorter": ({"maxlen": 2}, [[2, 3], [0, 4], [0, 0]]),
    "longer": ({"maxlen": 4}, [[0, 1, 2, 3], [0, 0, 0, 4], [0, 0, 0, 0]]),
    "at the end": (
        {"maxlen": 2, "padding": "post", "truncating": "post"}, [[1, 2], [4, 0], [0, 0]]),
    "another value": (
        {"value": 0.5, "dtype": "float32"}, [[1, 2, 3], [0.5, 0.5, 4], [0.5, 0.5, 0.5]]),
}  # fmt: skip


@EACH
@pytest.mark.parametrize("case", PADDED)
def test_sequences_are_padded(door: str, case: str) -> None:
    """As each Keras pads them, at their beginning unless another side is asked for."""
    options, expected = PADDED[case]
    found = DOORS[door].preprocessing.sequence.pad_sequences([[1, 2, 3], [4], []], **options)
    assert found.tolist() == expected
    assert found.dtype == options.get("dtype", "int32")


def test_steps_may_be_arrays_themselves() -> None:
    """Each of the same shape."""
    pad = keras2.preprocessing.sequence.pad_sequences
    assert pad([[[1, 2]], [[3, 4], [5, 6]]]).tolist() == [[[0, 0], [1, 2]], [[3, 4], [5, 6]]]


def test_what_is_no_sequence_is_refused() -> None:
    """Each mistake by its own sentence."""
    pad = keras2.preprocessing.sequence.pad_sequences
    with pytest.raises(InvalidType, match="received a int at place 1"):
        pad([[1], 2])
    with pytest.raises(InvalidShape, match=r"the shape \(2,\), as the first one has; .*place 1"):
        pad([[[1, 2]], [[1, 2, 3]]])
    with pytest.raises(InvalidArgument, match="`padding` must be"):
        pad([[1]], padding="before")


@pytest.mark.parametrize(
    ("short", "name"),
    [
        ("Conv1D", "Convolution1D"),
        ("Conv2D", "Convolution2D"),
        ("Conv3D", "Convolution3D"),
        ("Deconv2D", "Deconvolution2D"),
        ("AtrousConv1D", "AtrousConvolution1D"),
        ("AtrousConv2D", "AtrousConvolution2D"),
        ("SeparableConv2D", "SeparableConvolution2D"),
    ],
)
def test_keras_1_has_short_names_of_layers(short: str, name: str) -> None:
    """For the same classes, in both modules."""
    layers = keras1.layers
    assert getattr(layers, short) is getattr(layers, name)
    assert getattr(layers.convolutional, short) is getattr(layers, name)
