"""Keras's `layer_test` over layers of both façades, and that it can fail."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convdispatch import keras1, keras2

DOORS: dict[str, Any] = {"keras1": keras1, "keras2": keras2}
# By class: arguments as Keras 1 and 2 call them, and a shape of inputs.
LAYERS: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[int, ...]]] = {
    "Activation": ({"activation": "relu"}, {"activation": "relu"}, (3, 2)),
    "BatchNormalization": ({}, {}, (3, 4)),
    "Convolution1D": (
        {"nb_filter": 2, "filter_length": 3},
        {"filters": 2, "kernel_size": 3},
        (2, 5, 3),
    ),
    "Convolution2D": (
        {"nb_filter": 2, "nb_row": 2, "nb_col": 3, "border_mode": "same"},
        {"filters": 2, "kernel_size": (2, 3), "padding": "same"},
        (2, 5, 5, 3),
    ),
    "Dense": ({"output_dim": 3}, {"units": 3}, (3, 2)),
    "Dropout": ({"p": 0.5}, {"rate": 0.5}, (3, 2)),
    "ELU": ({}, {}, (2, 3)),
    "Flatten": ({}, {}, (3, 2, 2)),
    "GRU": ({"output_dim": 3}, {"units": 3}, (2, 4, 3)),
    "GlobalAveragePooling2D": ({}, {}, (2, 4, 4, 3)),
    "LeakyReLU": ({}, {}, (2, 3, 4)),
    "MaxPooling2D": ({"pool_size": (2, 2)}, {"pool_size": (2, 2)}, (2, 4, 4, 3)),
    "PReLU": ({}, {}, (2, 3, 4)),
    "Permute": ({"dims": (2, 1)}, {"dims": (2, 1)}, (3, 2, 4)),
    "RepeatVector": ({"n": 3}, {"n": 3}, (3, 2)),
    "Reshape": ({"target_shape": (8, 1)}, {"target_shape": (8, 1)}, (3, 2, 4)),
    "UpSampling2D": ({"size": (2, 2)}, {"size": (2, 2)}, (2, 4, 4, 3)),
    "ZeroPadding2D": ({"padding": (2, 2)}, {"padding": (2, 2)}, (2, 4, 4, 3)),
}
CASES = [(door, name) for door in DOORS for name in LAYERS]


@pytest.mark.parametrize(("door", "name"), CASES, ids=["-".join(case) for case in CASES])
def test_a_layer_passes_keras_s_own_test(door: str, name: str) -> None:
    """Its shapes, its configuration, its weights, and a step of training."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    old, new, shape = LAYERS[name]
    made = getattr(DOORS[door].layers, name)
    layer_test = DOORS[door].utils.test_utils.layer_test
    output = layer_test(made, kwargs=old if door == "keras1" else new, input_shape=shape)
    assert len(output) == shape[0]


@pytest.mark.parametrize("door", DOORS)
def test_a_wrong_layer_fails(door: str) -> None:
    """By its output, by its shape and by its element type."""
    of_door = DOORS[door]
    layer_test = of_door.utils.test_utils.layer_test
    x = np.ones((3, 2), "float32")
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        layer_test(of_door.layers.Activation, {"activation": "relu"}, None, None, x, x * 2)
    with pytest.raises(AssertionError, match="element type must be float64; it is float32"):
        layer_test(of_door.layers.Flatten, input_data=x[..., None], expected_output_dtype="float64")
    with pytest.raises(AssertionError, match="needs `input_shape` or `input_data`"):
        layer_test(of_door.layers.Flatten)


def test_data_to_test_with_are_drawn_around_their_class() -> None:
    """By either Keras's words."""
    make = DOORS["keras1"].utils.test_utils.get_test_data
    (x, y), (x_test, _) = make(nb_train=400, nb_test=5, nb_class=2, input_shape=(3,))
    assert (x.shape, x_test.shape) == ((400, 3), (5, 3))
    assert abs(x[y == 1].mean() - 1) < 0.2
    assert abs(x[y == 0].mean()) < 0.2
