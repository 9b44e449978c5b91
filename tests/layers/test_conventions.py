"""A layer keeps the convention under which it was made, and nothing else does.

Which numbers each convention gives is held in `test_traps.py` and `test_known_bugs.py`; the
precedence of settings in `test_selection.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rows import (
    CONV1D,
    CONV1D_TRANSPOSE,
    DEPTHWISE,
    FLIPPABLE,
    TRANSPOSED,
    RowLayer,
    array,
    flat,
    require_gradients,
)

import convdispatch
from convdispatch import keras1, keras2, layers, use_convention
from convdispatch.errors import InvalidArgument
from convdispatch.models import Sequential, model_from_json
from convdispatch.numerics.gradients import gradients

# The row [1, 2, 3, 4] under the kernel [1, 10] and 'same' (trap E19).
CELLS, KERNEL = [1, 2, 3, 4], [1, 10]
BY_TENSORFLOW, BY_THEANO = [21, 32, 43, 4], [1, 12, 23, 34]

each_flippable = pytest.mark.parametrize("layer", FLIPPABLE, ids=lambda kind: kind.id)


@each_flippable
def test_a_layer_made_in_a_block_keeps_its_convention_outside(
    layer: RowLayer, backend_name: str
) -> None:
    """Only making the layer happens in the block; building and calling do not."""
    with use_convention("theano"):
        made = layer.make(KERNEL, padding="same", backend=backend_name)
    assert not made.built
    assert made.convention == "theano"
    assert flat(made(layer.tensor(CELLS))) == BY_THEANO


@each_flippable
def test_a_layer_made_outside_a_block_is_not_changed_by_it(
    layer: RowLayer, backend_name: str
) -> None:
    """Building and calling it inside the block change nothing."""
    made = layer.make(KERNEL, padding="same", backend=backend_name)
    with use_convention("theano"):
        assert flat(made(layer.tensor(CELLS))) == BY_TENSORFLOW


def test_a_layers_own_argument_overrides_the_block(backend_name: str) -> None:
    """The nearest statement wins."""
    with use_convention("theano"):
        own = CONV1D.make(KERNEL, padding="same", convention="tensorflow", backend=backend_name)
        assert flat(own(CONV1D.tensor(CELLS))) == BY_TENSORFLOW


def test_blocks_nest(backend_name: str) -> None:
    """The innermost block counts, and leaving it restores the one around."""
    with use_convention("theano"):
        with use_convention("tensorflow"):
            inner = CONV1D.make(KERNEL, padding="same", backend=backend_name)
        outer = CONV1D.make(KERNEL, padding="same", backend=backend_name)
    after = CONV1D.make(KERNEL, padding="same", backend=backend_name)
    x = CONV1D.tensor(CELLS)
    assert flat(inner(x)) == BY_TENSORFLOW
    assert flat(outer(x)) == BY_THEANO
    assert flat(after(x)) == BY_TENSORFLOW


def test_setting_the_convention_reaches_later_layers_only(backend_name: str) -> None:
    """A layer that exists is not changed by `set_convention`."""
    before = CONV1D.make(KERNEL, padding="same", backend=backend_name)
    convdispatch.set_convention("theano")
    after = CONV1D.make(KERNEL, padding="same", backend=backend_name)
    x = CONV1D.tensor(CELLS)
    assert flat(before(x)) == BY_TENSORFLOW
    assert flat(after(x)) == BY_THEANO


def test_a_keras_json_may_state_the_convention(keras_json: Path, backend_name: str) -> None:
    """A file with "convention": "theano" is enough to keep an old model's numbers."""
    keras_json.write_text('{"convention": "theano"}', encoding="utf-8")
    assert CONV1D(CELLS, KERNEL, padding="same", backend=backend_name) == BY_THEANO


def test_an_unknown_convention_is_refused() -> None:
    """The message names the two that there are."""
    with pytest.raises(
        InvalidArgument, match=r"`convention` must be one of 'tensorflow', 'theano'; .*'cntk'"
    ):
        layers.Conv1D(1, 2, convention="cntk")


@pytest.mark.parametrize("layer", [*FLIPPABLE, *DEPTHWISE, *TRANSPOSED], ids=lambda kind: kind.id)
def test_the_configuration_keeps_the_convention(layer: RowLayer, backend_name: str) -> None:
    """A layer from a configuration has it, whatever is in force where it is made."""
    arguments = {"strides": 2, "padding": "same", "backend": backend_name}
    made = layer.make([1, 10, 100], convention="theano", **arguments)
    plain = layer.make([1, 10, 100], **arguments)
    x = layer.tensor(CELLS)
    expected = flat(made(x))
    assert expected != flat(plain(x))
    with use_convention("tensorflow"):
        again = type(made).from_config(made.get_config(), backend=backend_name)
    again.build(x.shape)
    again.set_weights(made.get_weights())
    assert made.get_config()["convention"] == "theano"
    assert flat(again(x)) == expected


def test_a_saved_model_keeps_each_layers_convention(backend_name: str) -> None:
    """One document may hold layers of both."""
    model = Sequential(
        [
            CONV1D.make(KERNEL, padding="same", convention="theano", backend=backend_name),
            CONV1D.make(KERNEL, padding="same", convention="tensorflow", backend=backend_name),
        ],
        backend=backend_name,
    )
    x = CONV1D.tensor(CELLS)
    expected = [1 + 120, 12 + 230, 23 + 340, 34]
    assert flat(model(x)) == expected
    again = model_from_json(model.to_json(), backend=backend_name)
    again.build(x.shape)
    again.set_weights(model.get_weights())
    assert flat(again(x)) == expected


@pytest.mark.parametrize(
    ("layer_class", "arguments"),
    [
        pytest.param(keras1.layers.Convolution1D, (1, 2), id="keras1.Convolution1D"),
        pytest.param(keras1.layers.Convolution2D, (1, 2, 2), id="keras1.Convolution2D"),
        pytest.param(keras1.layers.Convolution3D, (1, 2, 2, 2), id="keras1.Convolution3D"),
        pytest.param(
            keras1.layers.Deconvolution2D, (1, 2, 2, (None, 4, 4, 1)), id="keras1.Deconvolution2D"
        ),
        pytest.param(
            keras1.layers.SeparableConvolution2D, (1, 2, 2), id="keras1.SeparableConvolution2D"
        ),
        pytest.param(keras2.layers.Conv3D, (1, 2), id="keras2.Conv3D"),
        pytest.param(keras2.layers.Conv2DTranspose, (1, 2), id="keras2.Conv2DTranspose"),
    ],
)
def test_both_facades_capture_and_write_the_convention(layer_class: Any, arguments: Any) -> None:
    """The old names go through the same door."""
    with use_convention("theano"):
        made = layer_class(*arguments)
    config = made.get_config()
    assert config["convention"] == "theano"
    assert layer_class.from_config(config).convention == "theano"


def test_a_layer_keeps_its_convention_on_another_backend(backend_name: str) -> None:
    """Moving a layer that NumPy has built moves the convention with the weights."""
    made = CONV1D.make(KERNEL, padding="same", convention="theano", backend="numpy")
    x = CONV1D.tensor(CELLS)
    assert flat(made(x)) == BY_THEANO
    moved = made.to(backend_name)
    assert moved.backend == backend_name
    assert flat(moved(x)) == BY_THEANO


def test_weights_are_stored_as_theano_stored_them(backend_name: str) -> None:
    """The flip is part of the computation: what was set is what is returned."""
    made = CONV1D.make([1, 10, 100], convention="theano", backend=backend_name)
    made(CONV1D.tensor(CELLS))
    assert made.get_weights()[0].ravel().tolist() == [1, 10, 100]


def test_gradients_are_those_of_the_stored_weights(backend_name: str) -> None:
    """Tap 0 meets the later cell of each pair: 2 + 30 + 400, and tap 1 the earlier."""
    require_gradients(backend_name)
    made = CONV1D.make(KERNEL, convention="theano", backend=backend_name)
    found = gradients(made, CONV1D.tensor(CELLS), np.reshape([1, 10, 100], (1, 3, 1)))
    assert found.weights[0].ravel().tolist() == [432, 321]
    assert found.inputs.ravel().tolist() == [10, 101, 1010, 100]


def test_a_transposed_layer_flips_and_crops_by_its_convention(backend_name: str) -> None:
    """Theano's 'same' has a cell in front to crop where TensorFlow's has none."""
    arguments: dict[str, Any] = {"strides": 2, "padding": "same", "backend": backend_name}
    with use_convention("theano"):
        theano = CONV1D_TRANSPOSE.make([100, 10, 1], **arguments)
    tensorflow = CONV1D_TRANSPOSE.make([1, 10, 100], **arguments)
    x = CONV1D_TRANSPOSE.tensor([1, 2])
    assert flat(theano(x)) == [10, 102, 20, 200]
    assert flat(tensorflow(x)) == [1, 10, 102, 20]


def test_a_separable_layer_pads_by_its_convention_and_does_not_flip(backend_name: str) -> None:
    """Its depthwise kernel is Theano's exception, and its pointwise one has nothing to flip."""
    with use_convention("theano"):
        layer = layers.SeparableConv1D(
            1,
            2,
            padding="same",
            use_bias=False,
            weights=[np.reshape([1, 10], (2, 1, 1)), np.reshape([2], (1, 1, 1))],
            backend=backend_name,
            dtype="float32",
        )
    y = array(layer(CONV1D.tensor(CELLS)))
    assert y.ravel().tolist() == [20, 42, 64, 86]
