"""Keras 2 takes Keras 1's words as Keras 2.2.4 did, with its warning."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from convdispatch import keras1, keras2
from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.facades import interfaces

L: Any = keras2.layers
M: Any = keras2.models
# What a user of Keras 1 wrote, and the call that Keras 2.2.4's warning asked for.
CALLS: dict[str, tuple[Callable[[], Any], str, dict[str, Any]]] = {
    "conv2d": (
        lambda: L.Convolution2D(32, 3, 3, border_mode="same", subsample=(2, 2)),
        'Conv2D(32, (3, 3), strides=(2, 2), padding="same")',
        {"kernel_size": (3, 3), "strides": (2, 2), "padding": "same"},
    ),
    "columns": (
        lambda: L.Conv2D(8, 5, nb_col=3, bias=False),
        "Conv2D(8, (5, 3), use_bias=False)",
        {"kernel_size": (5, 3), "use_bias": False},
    ),
    "words": (
        lambda: L.Conv2D(nb_filter=4, nb_row=1, nb_col=2, dim_ordering="th"),
        'Conv2D(kernel_size=(1, 2), filters=4, data_format="channels_first")',
        {"filters": 4, "kernel_size": (1, 2), "data_format": "channels_first"},
    ),
    "conv1d": (
        lambda: L.Convolution1D(nb_filter=4, filter_length=3, subsample_length=2),
        "Conv1D(filters=4, kernel_size=3, strides=2)",
        {"filters": 4, "kernel_size": (3,), "strides": (2,)},
    ),
    "conv3d": (
        lambda: L.Convolution3D(2, 3, 4, 5),
        "Conv3D(2, (3, 4, 5))",
        {"kernel_size": (3, 4, 5)},
    ),
    "dense": (
        lambda: L.Dense(output_dim=5, init="uniform", W_constraint=None),
        'Dense(units=5, kernel_initializer="uniform", kernel_constraint=None)',
        {"units": 5},
    ),
    "pooling": (
        lambda: L.MaxPooling2D((2, 2), border_mode="same", dim_ordering="default"),
        'MaxPooling2D((2, 2), padding="same", data_format=None)',
        {"padding": "same", "data_format": "channels_last"},
    ),
    "pool length": (
        lambda: L.MaxPooling1D(pool_length=3, stride=2),
        "MaxPooling1D(pool_size=3, strides=2)",
        {"pool_size": (3,), "strides": (2,)},
    ),
    "dropout": (lambda: L.Dropout(p=0.25), "Dropout(rate=0.25)", {"rate": 0.25}),
    "lstm": (
        lambda: L.LSTM(4, consume_less="gpu", dropout_W=0.5, forget_bias_init="one"),
        "LSTM(4, unit_forget_bias=True, dropout=0.5, implementation=2)",
        {"implementation": 2, "dropout": 0.5},
    ),
    "mode": (
        lambda: L.BatchNormalization(mode=0, axis=1),
        "BatchNormalization(axis=1)",
        {"axis": 1},
    ),
    "separable": (
        lambda: L.SeparableConv2D(4, 3, 3, init="uniform"),
        'SeparableConv2D(4, (3, 3), depthwise_initializer="uniform", '
        'pointwise_initializer="uniform")',
        {"kernel_size": (3, 3)},
    ),
    "deconv": (
        lambda: L.Deconvolution2D(4, 2, 2, (None, 8, 8, 4), border_mode="same"),
        'Conv2DTranspose(4, (2, 2), padding="same")',
        {"kernel_size": (2, 2), "padding": "same"},
    ),
}


@pytest.mark.parametrize(("made", "call", "expected"), CALLS.values(), ids=CALLS)
def test_a_call_of_keras_1_is_translated_and_said(
    made: Callable[[], Any], call: str, expected: dict[str, Any]
) -> None:
    """The warning is Keras's own sentence."""
    name = call.partition("(")[0]
    with pytest.warns(UserWarning, match="^Update your ") as caught:
        layer = made()
    said = f"Update your `{name}` call to the Keras 2 API: `{call}`"
    assert [str(one.message) for one in caught] == [said]
    assert {word: getattr(layer, word) for word in expected} == expected


def test_a_call_of_keras_2_stays_as_it_is() -> None:
    """Without a warning; two numbers are a kernel's size for both, as in Keras 2.2.4."""
    assert L.Conv2D(8, 3, strides=2).strides == (2, 2)
    assert L.Conv2D(8, (3, 5), 2).strides == (2, 2)


def test_what_is_ambiguous_is_refused() -> None:
    """Two numbers by place beside a word of Keras 2, and both names of one argument."""
    with pytest.raises(InvalidArgument, match="Pass `strides` as a keyword argument instead"):
        L.Conv2D(8, 3, 2, padding="same")
    with pytest.raises(InvalidType, match="both the legacy keyword argument `p`"):
        L.Dropout(p=0.5, rate=0.5)
    with pytest.raises(InvalidType, match="`mode=1` and `mode=2` are no longer supported"):
        L.BatchNormalization(mode=2)


def test_the_merge_of_keras_1_is_there_too() -> None:
    """As Keras 2.0 and 2.1 had it: the module of that name is called."""
    a, b = np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])
    with pytest.warns(UserWarning, match="The `merge` function is deprecated"):
        assert L.merge([a, b], mode="concat").tolist() == [[1.0, 2.0, 10.0, 20.0]]
    with pytest.warns(UserWarning, match="The `Merge` layer is deprecated"):
        layer = L.Merge(mode="max")
    assert layer([a, b]).tolist() == [[10.0, 20.0]]
    with pytest.warns(UserWarning, match="has been deprecated. Use instead the `Conv2D` layer"):
        assert L.AtrousConvolution2D(2, (3, 3), atrous_rate=(2, 2)).dilation_rate == (2, 2)


def test_epochs_of_keras_1_are_taken_by_fit() -> None:
    """With Keras's sentence."""
    pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")
    model = M.Sequential([L.Dense(1, input_shape=(2,))], backend="numpy")
    model.compile("sgd", "mse")
    x, y = np.ones((4, 2)), np.ones((4, 1))
    with pytest.warns(UserWarning, match="The `nb_epoch` argument in `fit` has been renamed"):
        assert len(model.fit(x, y, nb_epoch=2, verbose=0).epoch) == 2

    def batches() -> Any:
        while True:
            yield x, y

    with (
        pytest.warns(UserWarning, match="steps_per_epoch=3"),
        pytest.warns(UserWarning, match="The semantics of the Keras 2 argument"),
    ):
        history = model.fit_generator(batches(), samples_per_epoch=3, nb_epoch=1, verbose=0)
    assert len(history.epoch) == 1


def test_keras_1_leaves_out_what_keras_0_had() -> None:
    """`show_accuracy` and `class_mode`, with a warning."""
    layer: Any = keras1.layers.Dense(1, input_shape=(2,))
    model: Any = keras1.models.Sequential([layer], backend="numpy")
    with pytest.warns(UserWarning, match="`class_mode` argument of `compile` has no effect"):
        model.compile("sgd", "mse", class_mode="binary")
    with pytest.warns(UserWarning, match='The "show_accuracy" argument is deprecated'):
        model.evaluate(np.ones((2, 2)), np.ones((2, 1)), show_accuracy=True, verbose=0)


def test_the_decorators_are_there_for_layers_of_ones_own() -> None:
    """Under Keras's module path; they check how many arguments stand by place."""

    class Own:
        @interfaces.legacy_dense_support  # type: ignore[attr-defined]  # made of the table
        def __init__(self, units: int, kernel_initializer: str = "ones") -> None:
            self.made = units, kernel_initializer

    with pytest.warns(UserWarning, match="Update your `Own` call"):
        assert Own(output_dim=3, init="zeros").made == (3, "zeros")  # type: ignore[call-arg]
    with pytest.raises(InvalidType, match=r"can accept only 1 positional arguments \('units',\)"):
        Own(3, "zeros")
    module = importlib.import_module("convdispatch.keras2.legacy.interfaces")
    assert module.legacy_dense_support is interfaces.legacy_dense_support  # type: ignore[attr-defined]


@pytest.mark.parametrize("door", [keras1, keras2], ids=["keras1", "keras2"])
def test_layers_pop_has_keras_s_effect(door: Any) -> None:
    """The list is shorter, the model computes as before, and the next model ends earlier."""
    x = door.layers.Input((3,))
    hidden = door.layers.Dense(5, name="hidden")(x)
    model = door.models.Model(x, door.layers.Dense(2, name="last")(hidden))
    assert model.layers.pop().name == "last"
    assert [layer.name for layer in model.layers][1:] == ["hidden"]
    assert model.predict(np.ones((1, 3))).shape == (1, 2)
    shorter = door.models.Model(model.input, model.layers[-1].output)
    assert shorter.predict(np.ones((1, 3))).shape == (1, 5)


@pytest.mark.parametrize("door", [keras1, keras2], ids=["keras1", "keras2"])
def test_a_stack_ends_where_a_script_says(door: Any) -> None:
    """At the output of one of its layers, and grows on from there; at nothing else."""
    dense = door.layers.Dense
    model = door.models.Sequential([dense(4, input_dim=3), dense(5, name="middle"), dense(2)])
    model.layers.pop()
    model.outputs = [model.layers[-1].output]
    model.layers[-1].outbound_nodes = []
    assert [layer.name for layer in model.layers][1:] == ["middle"]
    assert model.predict(np.ones((1, 3))).shape == (1, 5)
    model.add(dense(7))
    assert model.predict(np.ones((1, 3))).shape == (1, 7)
    with pytest.raises(InvalidArgument, match=r"`outputs` of .* cannot be set"):
        model.outputs = [door.layers.Input((3,))]
    with pytest.raises(InvalidArgument, match=r"`inputs` of .* cannot be set"):
        model.inputs = [model.layers[-1].output]


def test_a_copy_has_its_own_list_of_layers() -> None:
    """Reading it leaves that of the model as it is, in which a layer may be missing."""
    x = keras1.layers.Input((3,))
    model = keras1.models.Model(x, keras1.layers.Dense(2, name="last")(x))
    before = list(model.layers)
    twin = model.to(model.backend)
    assert all(one is not other for one, other in zip(twin.layers, before, strict=True))
    assert model.layers == before


@pytest.mark.parametrize("door", [keras1, keras2], ids=["keras1", "keras2"])
def test_nodes_are_listed_and_may_be_emptied(door: Any) -> None:
    """As scripts do after they took a layer off."""
    layer = door.layers.Dense(2)
    layer(door.layers.Input((3,)))
    assert len(layer.inbound_nodes) == 1
    layer.outbound_nodes = []
    assert layer.outbound_nodes == []
