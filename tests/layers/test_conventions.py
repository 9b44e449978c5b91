"""A layer keeps the convention under which it was made, and nothing else does.

The rows of the conformance suite hold which numbers each convention gives, and `test_selection.py`
the precedence of settings.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from facade_rows import in_keras1, in_keras2

import convdispatch
from convdispatch import keras1, keras2, layers, use_convention
from convdispatch.conformance.cases import one_axis
from convdispatch.conformance.cases.layer_rows import LayerRow, array
from convdispatch.errors import InvalidArgument
from convdispatch.layers import Layer
from convdispatch.models import Sequential, model_from_json
from convdispatch.numerics.gradients import gradients
from convdispatch.ops import Backend

# The row [1, 2, 3, 4] under the kernel [1, 10] and 'same'.
CELLS, KERNEL = (1, 2, 3, 4), (1, 10)
BY_TENSORFLOW, BY_THEANO = [21, 32, 43, 4], [1, 12, 23, 34]
# Keras 1 has convolutions over one and two axes, with channels first or last; Keras 2 has all.
TWO_AXES = one_axis.Along(layer="Conv2D", rank=2)


def in_every_keras(
    *along: one_axis.Along, taps: tuple[int, ...], cells: int = 4, **arguments: Any
) -> list[Any]:
    """Return these layers over CELLS with padding 'same', as each Keras spells them.

    `cells` is the number of cells in the result, which Keras 1 states for a transposed layer.
    """
    unknown = (0,) * cells
    rows = [one.row(CELLS, taps, unknown, padding="same", **arguments) for one in along]
    return [
        pytest.param(found, id=f"{keras}-{one.id}")
        for keras, spelled in (("ours", lambda row: row), ("1", in_keras1), ("2", in_keras2))
        for one, row in zip(along, rows, strict=True)
        if (found := spelled(row)) is not None
    ]


each_flippable = pytest.mark.parametrize(
    "row", in_every_keras(*one_axis.FLIPPABLE, TWO_AXES, taps=KERNEL)
)


def unstated(row: LayerRow, backend: str) -> Layer:
    """Return the row's layer without a statement on the convention."""
    return row.make(backend, convention=None)


def inputs(row: LayerRow) -> Any:
    """Return the row's cells in float32, which every backend takes."""
    return array(row.x).astype("float32")


def conv1d(backend: str, convention: str | None = None, **arguments: Any) -> Layer:
    """Return the layer along one axis that has these taps."""
    stated = {"padding": "same", "weights": [np.reshape(KERNEL, (2, 1, 1))], **arguments}
    taps = len(stated["weights"][0])
    return layers.Conv1D(1, taps, use_bias=False, convention=convention, backend=backend, **stated)


def cells(*numbers: float) -> Any:
    """Return the numbers as an input of a layer along one axis."""
    return np.array(numbers or CELLS, "float32").reshape(1, -1, 1)


def flat(tensor: object) -> list[float]:
    """Return a tensor's numbers as one list."""
    return [float(number) for number in convdispatch.to_numpy(tensor).ravel()]


@each_flippable
def test_a_layer_made_in_a_block_keeps_its_convention_outside(
    row: LayerRow, backend_name: str
) -> None:
    """Only making the layer happens in the block; building and calling do not."""
    with use_convention("theano"):
        made = unstated(row, backend_name)
    assert not made.built
    assert made.convention == "theano"
    assert flat(made(inputs(row))) == BY_THEANO


@each_flippable
def test_a_layer_made_outside_a_block_is_not_changed_by_it(
    row: LayerRow, backend_name: str
) -> None:
    """Building and calling it inside the block change nothing."""
    made = unstated(row, backend_name)
    with use_convention("theano"):
        assert flat(made(inputs(row))) == BY_TENSORFLOW


def test_a_layers_own_argument_overrides_the_block(backend_name: str) -> None:
    """The nearest statement wins."""
    with use_convention("theano"):
        own = conv1d(backend_name, "tensorflow")
        assert flat(own(cells())) == BY_TENSORFLOW


def test_blocks_nest(backend_name: str) -> None:
    """The innermost block counts, and leaving it restores the one around."""
    with use_convention("theano"):
        with use_convention("tensorflow"):
            inner = conv1d(backend_name)
        outer = conv1d(backend_name)
    after = conv1d(backend_name)
    assert flat(inner(cells())) == BY_TENSORFLOW
    assert flat(outer(cells())) == BY_THEANO
    assert flat(after(cells())) == BY_TENSORFLOW


def test_setting_the_convention_reaches_later_layers_only(backend_name: str) -> None:
    """A layer that exists is not changed by `set_convention`."""
    before = conv1d(backend_name)
    convdispatch.set_convention("theano")
    after = conv1d(backend_name)
    assert flat(before(cells())) == BY_TENSORFLOW
    assert flat(after(cells())) == BY_THEANO


def test_a_keras_json_may_state_the_convention(keras_json: Path, backend_name: str) -> None:
    """A file with "convention": "theano" is enough to keep an old model's numbers."""
    keras_json.write_text('{"convention": "theano"}', encoding="utf-8")
    assert flat(conv1d(backend_name)(cells())) == BY_THEANO


def test_an_unknown_convention_is_refused() -> None:
    """The message names the two that there are."""
    with pytest.raises(
        InvalidArgument, match=r"`convention` must be one of 'tensorflow', 'theano'; .*'cntk'"
    ):
        layers.Conv1D(1, 2, convention="cntk")


@pytest.mark.parametrize(
    "row",
    [
        *in_every_keras(*one_axis.CONVOLUTIONS, TWO_AXES, taps=(1, 10, 100), strides=2),
        *in_every_keras(*one_axis.TRANSPOSED, taps=(1, 10, 100), strides=2, cells=8),
    ],
)
def test_the_configuration_keeps_the_convention(row: LayerRow, backend_name: str) -> None:
    """A layer from a configuration has it, whatever is in force where it is made."""
    made, plain = row.make(backend_name, convention="theano"), row.make(backend_name)
    x = inputs(row)
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
    both = [conv1d(backend_name, "theano"), conv1d(backend_name, "tensorflow")]
    model = Sequential(both, backend=backend_name)
    expected = [1 + 120, 12 + 230, 23 + 340, 34]
    assert flat(model(cells())) == expected
    again = model_from_json(model.to_json(), backend=backend_name)
    again.build(cells().shape)
    again.set_weights(model.get_weights())
    assert flat(again(cells())) == expected


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
    made = conv1d("numpy", "theano")
    assert flat(made(cells())) == BY_THEANO
    moved = made.to(backend_name)
    assert moved.backend == backend_name
    assert flat(moved(cells())) == BY_THEANO


def test_weights_are_stored_as_theano_stored_them(backend_name: str) -> None:
    """The flip is part of the computation: what was set is what is returned."""
    made = conv1d(backend_name, "theano")
    made(cells())
    assert flat(made.get_weights()[0]) == [1, 10]


def test_gradients_are_those_of_the_stored_weights(differentiable: Backend) -> None:
    """Tap 0 meets the later cell of each pair: 2 + 30 + 400, and tap 1 the earlier."""
    made = conv1d(differentiable.name, "theano", padding="valid")
    found = gradients(made, cells(), np.reshape([1, 10, 100], (1, 3, 1)))
    assert found.weights[0].ravel().tolist() == [432, 321]
    assert found.inputs.ravel().tolist() == [10, 101, 1010, 100]


def test_a_transposed_layer_flips_and_crops_by_its_convention(backend_name: str) -> None:
    """Theano's 'same' has a cell in front to crop where TensorFlow's has none."""
    arguments: dict[str, Any] = {"strides": 2, "padding": "same", "use_bias": False}
    with use_convention("theano"):
        theano = layers.Conv1DTranspose(
            1,
            3,
            weights=[np.reshape([100, 10, 1], (3, 1, 1))],
            backend=backend_name,
            **arguments,
        )
    tensorflow = layers.Conv1DTranspose(
        1, 3, weights=[np.reshape([1, 10, 100], (3, 1, 1))], backend=backend_name, **arguments
    )
    assert flat(theano(cells(1, 2))) == [10, 102, 20, 200]
    assert flat(tensorflow(cells(1, 2))) == [1, 10, 102, 20]


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
    assert flat(layer(cells())) == [20, 42, 64, 86]
