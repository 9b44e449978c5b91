"""Weights of a file in a model that exists: each Keras's order, layouts, rules and faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras_files import write_model, write_weights

import convdispatch
from convdispatch import keras1, keras2, layers
from convdispatch.errors import InvalidArgument, InvalidDocument
from convdispatch.models import Sequential, load_model

pytest.importorskip("h5py", reason="files in HDF5 need the package h5py")


@pytest.fixture(autouse=True)
def on_numpy() -> Any:
    """Compute on NumPy: the values of weights do not depend on a backend."""
    with convdispatch.use_backend("numpy"):
        yield


def numbers(*shape: int, start: int = 1) -> Any:
    """Return different numbers in an array."""
    return np.arange(start, start + np.prod(shape), dtype="float32").reshape(shape)


def values(model: Any, name: str) -> list[Any]:
    """Return the weights of a layer of a model."""
    found: list[Any] = model.get_layer(name).get_weights()
    return found


# The order of weights in nested models.


def nesting(trainable: bool = True) -> Any:
    """Return a stack of a model (convolution, normalization, convolution) and a dense layer."""
    inner = keras2.models.Sequential(
        [
            keras2.layers.Conv1D(2, 1, input_shape=(4, 1), name="c", trainable=trainable),
            keras2.layers.BatchNormalization(name="b"),
        ],
        name="inner",
    )
    return keras2.models.Sequential([inner, keras2.layers.Dense(1, name="d")])


TRAINED_FIRST = [
    ("c/kernel:0", numbers(1, 1, 2)),
    ("c/bias:0", numbers(2, start=11)),
    ("b/gamma:0", numbers(2, start=21)),
    ("b/beta:0", numbers(2, start=31)),
    ("b/moving_mean:0", numbers(2, start=41)),
    ("b/moving_variance:0", numbers(2, start=51)),
]
DENSE = [("d/kernel:0", numbers(2, 1, start=61)), ("d/bias:0", numbers(1, start=71))]


def require_nested(model: Any) -> None:
    """Assert that each weight of the nested model has its own values."""
    inner = model.get_layer("inner")
    expected = [array for _, array in TRAINED_FIRST]
    for got, want in zip([*values(inner, "c"), *values(inner, "b")], expected, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("names", ["told", "untold"])
def test_a_nested_model_lists_what_is_trained_first(tmp_path: Path, names: str) -> None:
    """As Keras 2 does, also where the names of the arrays tell nothing."""
    arrays = TRAINED_FIRST
    if names == "untold":
        arrays = [(f"param_{place}", array) for place, (_, array) in enumerate(arrays)]
    file = write_weights(
        tmp_path / "w.h5", {"inner": arrays, "d": DENSE}, keras_version="2.2.4", backend="x"
    )
    model = nesting()
    model.load_weights(file)
    require_nested(model)


def test_a_layer_that_was_frozen_afterwards_gets_its_own_weights(tmp_path: Path) -> None:
    """Keras goes by the order, which a frozen layer changes; the names tell the weights apart."""
    file = write_weights(
        tmp_path / "w.h5", {"inner": TRAINED_FIRST, "d": DENSE}, keras_version="2.2.4", backend="x"
    )
    model = nesting(trainable=False)
    model.load_weights(file)
    require_nested(model)


def test_a_layer_that_was_frozen_before_has_its_weights_at_the_end(tmp_path: Path) -> None:
    """In a file of a model that is frozen as ours is, without names that tell."""
    order = (2, 3, 0, 1, 4, 5)  # the frozen convolution's after gamma and beta
    arrays = [(f"param_{n}", TRAINED_FIRST[place][1]) for n, place in enumerate(order)]
    file = write_weights(
        tmp_path / "w.h5", {"inner": arrays, "d": DENSE}, keras_version="2.2.4", backend="x"
    )
    model = nesting(trainable=False)
    model.load_weights(file)
    require_nested(model)


@pytest.mark.parametrize("door", ["keras2", "ours"])
def test_get_weights_has_the_order_of_its_keras(door: str) -> None:
    """Keras 2 lists a nested model's trained weights first, later ones go layer by layer."""
    two = Sequential(
        [
            layers.BatchNormalization(name="b", input_shape=(4, 1)),
            layers.Conv1D(2, 1, name="c"),
        ],
        name="inner",
    )
    outer = convdispatch if door == "ours" else keras2.models
    model = outer.Sequential([two, layers.Dense(1)])
    shapes = [array.shape for array in model.get_weights()]
    own = [(1,), (1,), (1,), (1,), (1, 1, 2), (2,)]
    first = [(1,), (1,), (1, 1, 2), (2,), (1,), (1,)]
    assert shapes == [*(own if door == "ours" else first), (2, 1), (1,)]
    given = [numbers(*shape, start=10 * n) for n, shape in enumerate(shapes)]
    model.set_weights(given)
    for got, want in zip(model.get_weights(), given, strict=True):
        np.testing.assert_array_equal(got, want)


# Keras 1's layouts, in the layers of later Kerases and the other way round.

KERNEL_2D = numbers(2, 3, 4, 5)  # rows, cols, in, out
OLD_2D = {"th": KERNEL_2D.transpose(3, 2, 0, 1), "tf": KERNEL_2D}
KERNEL_1D = numbers(3, 4, 5)
OLD_1D = {
    "1.1": KERNEL_1D[:, None],  # (length, 1, in, out)
    "1.0": KERNEL_1D[:, None].transpose(3, 2, 0, 1),  # (out, in, length, 1)
}


def one_layer(layer: Any, *shape: int | None) -> Any:
    """Return a model of one layer, built for that input."""
    model = Sequential([layer])
    model.build((None, *shape))
    return model


@pytest.mark.parametrize("ordering", ["th", "tf"])
def test_a_kernel_of_keras_1_is_laid_out_anew(tmp_path: Path, ordering: str) -> None:
    """(out, in, rows, cols) under 'th'; later Kerases have (rows, cols, in, out) under both."""
    file = write_weights(tmp_path / "w.h5", {"c": [("c_W", OLD_2D[ordering]), ("c_b", numbers(5))]})
    data_format = {"th": "channels_first", "tf": "channels_last"}[ordering]
    shape = (4, 8, 8) if ordering == "th" else (8, 8, 4)
    conv = layers.Conv2D(5, (2, 3), data_format=data_format, name="c")
    model = one_layer(conv, *shape)
    model.load_weights(file, trained_on="tensorflow")
    np.testing.assert_array_equal(values(model, "c")[0], KERNEL_2D)


@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize("door", ["keras1", "ours"])
def test_a_kernel_of_sequences_of_keras_1_is_laid_out_anew(
    tmp_path: Path, version: str, door: str
) -> None:
    """Keras 1.0 had it otherwise than 1.1, which is told by its shape."""
    file = write_weights(tmp_path / "w.h5", {"c": [("W", OLD_1D[version]), ("b", numbers(5))]})
    make = keras1.layers.Convolution1D if door == "keras1" else layers.Conv1D
    model = one_layer(make(5, 3, name="c"), 9, 4)
    model.load_weights(file, trained_on="tensorflow")
    expected = OLD_1D["1.1"] if door == "keras1" else KERNEL_1D
    np.testing.assert_array_equal(values(model, "c")[0], expected)


def test_where_the_shape_does_not_tell_the_version_does(tmp_path: Path) -> None:
    """(1, 1, 1, 1) is both; so is any kernel of one number a size, and only 1.0 says 1.0."""
    kernel = numbers(2, 1, 2, 1)  # of 1.0: 2 filters, 1 channel, length 2
    config = {
        "class_name": "Sequential",
        "config": [
            {
                "class_name": "Convolution1D",
                "config": {
                    "name": "c",
                    "nb_filter": 2,
                    "filter_length": 2,
                    "border_mode": "valid",
                    "batch_input_shape": [None, 5, 1],
                    "subsample_length": 1,
                    "bias": False,
                },
            }
        ],
    }
    file = write_model(tmp_path / "m.h5", config, {"c": [("c_W", kernel)]}, keras_version="1.0.8")
    found = load_model(file, trained_on="tensorflow").get_weights()[0]
    np.testing.assert_array_equal(found, kernel.transpose(2, 3, 1, 0))


@pytest.mark.parametrize(("ordering", "axes"), [("tf", (0, 1, 3, 2)), ("th", (3, 2, 0, 1))])
def test_a_transposed_kernel_of_keras_1_is_laid_out_anew(
    tmp_path: Path, ordering: str, axes: Any
) -> None:
    """Keras 1 had (rows, cols, in, out) or (out, in, rows, cols), which is (.., out, in) now."""
    kernel = numbers(2, 2, 3, 4)  # rows, cols, out, in
    old = kernel.transpose(0, 1, 3, 2) if ordering == "tf" else kernel.transpose(2, 3, 0, 1)
    assert old.shape == ((2, 2, 4, 3) if ordering == "tf" else (3, 4, 2, 2))
    file = write_weights(tmp_path / "w.h5", {"c": [("c_W", old), ("c_b", numbers(3))]})
    data_format = {"th": "channels_first", "tf": "channels_last"}[ordering]
    shape = (4, 5, 5) if ordering == "th" else (5, 5, 4)
    model = one_layer(layers.Conv2DTranspose(3, 2, data_format=data_format, name="c"), *shape)
    model.load_weights(file, trained_on="tensorflow")
    np.testing.assert_array_equal(values(model, "c")[0], kernel)


def test_the_ordering_of_a_file_may_be_said(tmp_path: Path) -> None:
    """Its kernels are laid out as the model's layers, of another dim_ordering, have them."""
    file = write_weights(tmp_path / "w.h5", {"c": [("c_W", OLD_2D["th"]), ("c_b", numbers(5))]})
    conv = keras1.layers.Convolution2D(5, 2, 3, dim_ordering="tf", name="c")
    model = one_layer(conv, 8, 8, 4)
    with pytest.raises(InvalidDocument, match=r"transposed by \(2, 3, 1, 0\) it would fit"):
        model.load_weights(file, trained_on="tensorflow")
    model.load_weights(file, trained_on="tensorflow", dim_ordering="th")
    np.testing.assert_array_equal(values(model, "c")[0], KERNEL_2D)


def gates(letters: str, *shape: int) -> dict[str, Any]:
    """Return an array of each gate's own number, by its letter."""
    return {letter: np.full(shape, ord(letter), "float32") for letter in letters}


def by_gate(letters: str, channels: int, units: int) -> list[tuple[str, Any]]:
    """Return Keras 1's arrays of a recurrent layer, gate by gate: W, U and b."""
    found = []
    for letter in letters:
        for name, shape in (("W", (channels, units)), ("U", (units, units)), ("b", (units,))):
            found.append((f"r_{name}_{letter}", np.full(shape, ord(letter), "float32")))
    return found


@pytest.mark.parametrize(
    ("family", "old", "new"), [("LSTM", "icfo", "ifco"), ("GRU", "zrh", "zrh")]
)
@pytest.mark.parametrize("wrapper", ["plain", "both ways"])
def test_the_gates_of_keras_1_are_joined_in_keras_2_s_order(
    tmp_path: Path, family: str, old: str, new: str, wrapper: str
) -> None:
    """Keras 1 kept i, c, f, o apart; Keras 2 has i, f, c, o side by side."""
    arrays = by_gate(old, 3, 2)
    layer: Any = getattr(keras2.layers, family)(2, name="r")
    if wrapper == "both ways":
        layer = keras2.layers.Bidirectional(layer, name="r")
        arrays = [(f"{way}_{name}", one) for way in ("f", "b") for name, one in arrays]
    file = write_weights(tmp_path / "w.h5", {"r": arrays})
    model = one_layer(layer, 4, 3)
    model.load_weights(file)
    row = np.repeat([float(ord(letter)) for letter in new], 2)
    for weight in values(model, "r"):
        np.testing.assert_array_equal(weight, np.broadcast_to(row, weight.shape))


def test_the_gates_of_keras_2_are_parted_for_keras_1(tmp_path: Path) -> None:
    """The other way round."""
    arrays = {name: gates("ifco", *shape) for name, shape in (("kernel", (3, 2)), ("bias", (2,)))}
    whole = {name: np.concatenate(list(own.values()), axis=-1) for name, own in arrays.items()}
    recurrent = np.concatenate(list(gates("ifco", 2, 2).values()), axis=-1)
    named = [("k", whole["kernel"]), ("r", recurrent), ("b", whole["bias"])]
    file = write_weights(tmp_path / "w.h5", {"r": named}, keras_version="2.2.4", backend="theano")
    model = one_layer(keras1.layers.LSTM(2, name="r"), 4, 3)
    model.load_weights(file)
    found = [float(weight.flat[0]) for weight in values(model, "r")[::3]]
    assert found == [ord(letter) for letter in "icfo"]


# Conventions.


@pytest.mark.parametrize(
    ("layer", "shape", "is_flipped"),
    [
        (layers.Conv2D(5, (2, 3), use_bias=False, name="c"), (8, 8, 4), True),
        (
            layers.DepthwiseConv2D((2, 3), depth_multiplier=5, use_bias=False, name="c"),
            (8, 8, 4),
            0,
        ),
    ],
    ids=["convolution", "depthwise"],
)
def test_kernels_of_theano_are_turned_round(
    tmp_path: Path, layer: Any, shape: Any, is_flipped: bool
) -> None:
    """Keras 2's `backend` says whose they are; depthwise ones are the same everywhere."""
    file = write_weights(
        tmp_path / "w.h5", {"c": [("c/kernel", KERNEL_2D)]}, keras_version="2.2.4", backend="theano"
    )
    model = one_layer(type(layer).from_config(layer.get_config()), *shape)
    model.load_weights(file)
    expected = KERNEL_2D[::-1, ::-1] if is_flipped else KERNEL_2D
    np.testing.assert_array_equal(model.get_weights()[0], expected)


def test_a_layer_of_theano_s_convention_keeps_theano_s_kernel(tmp_path: Path) -> None:
    """It turns the kernel round where it computes."""
    file = write_weights(
        tmp_path / "w.h5", {"c": [("c/kernel", KERNEL_2D)]}, keras_version="2.2.4", backend="theano"
    )
    with convdispatch.use_convention("theano"):
        model = one_layer(layers.Conv2D(5, (2, 3), use_bias=False, name="c"), 8, 8, 4)
    model.load_weights(file)
    np.testing.assert_array_equal(model.get_weights()[0], KERNEL_2D)


def test_both_kernels_of_a_convolution_with_a_state_are_turned_round(tmp_path: Path) -> None:
    """ConvLSTM2D's, as Keras 2 turns them."""
    kernel, recurrent = numbers(2, 2, 1, 4), numbers(2, 2, 1, 4, start=50)
    arrays = [("k", kernel), ("r", recurrent), ("b", numbers(4))]
    file = write_weights(tmp_path / "w.h5", {"c": arrays}, keras_version="2.2.4", backend="theano")
    model = one_layer(keras2.layers.ConvLSTM2D(1, 2, name="c"), 2, 5, 5, 1)
    model.load_weights(file)
    np.testing.assert_array_equal(model.get_weights()[0], kernel[::-1, ::-1])
    np.testing.assert_array_equal(model.get_weights()[1], recurrent[::-1, ::-1])


def test_other_pads_are_warned_of(tmp_path: Path) -> None:
    """A kernel that is turned round is not enough where 'same' pads other cells."""
    file = write_weights(
        tmp_path / "w.h5", {"c": [("c/kernel", KERNEL_2D)]}, keras_version="2.2.4", backend="theano"
    )
    layer = layers.Conv2D(5, (2, 3), strides=2, padding="same", use_bias=False, name="c")
    model = one_layer(layer, 8, 8, 4)
    with pytest.warns(UserWarning, match=r"but 'c' pad other cells.*use_convention\('theano'\)"):
        model.load_weights(file)


def test_what_keras_1_does_not_say_is_warned_of(tmp_path: Path) -> None:
    """Who trained it; not where no layer has a kernel that could be turned round."""
    file = write_weights(tmp_path / "w.h5", {"c": [("c_W", OLD_2D["tf"]), ("c_b", numbers(5))]})
    model = one_layer(keras1.layers.Convolution2D(5, 2, 3, dim_ordering="tf", name="c"), 8, 8, 4)
    with pytest.warns(UserWarning, match=r"`trained_on='tensorflow'` is assumed.*'c'.*Say"):
        model.load_weights(file)
    np.testing.assert_array_equal(values(model, "c")[0], KERNEL_2D)
    model.load_weights(file, trained_on="theano")
    np.testing.assert_array_equal(values(model, "c")[0], KERNEL_2D[::-1, ::-1])
    dense = write_weights(tmp_path / "d.h5", {"d": [("d_W", numbers(2, 1)), ("d_b", numbers(1))]})
    one_layer(keras1.layers.Dense(1, name="d"), 2).load_weights(dense)


@pytest.mark.parametrize("given", ["Theano", "th", 1, True])
def test_who_trained_it_is_one_of_two(tmp_path: Path, given: Any) -> None:
    """The allowed words are named."""
    with pytest.raises(InvalidArgument, match="`trained_on` must be 'theano' or 'tensorflow'"):
        one_layer(layers.Dense(1), 2).load_weights(tmp_path / "w.h5", trained_on=given)
    with pytest.raises(InvalidArgument, match=r"`dim_ordering` must be 'th' .* or 'tf'"):
        one_layer(layers.Dense(1), 2).load_weights(tmp_path / "w.h5", dim_ordering="theano")


# Normalization.


@pytest.mark.parametrize(("version", "is_deviation"), [("1.0.5", True), ("1.0.6", False)])
def test_the_first_kerases_kept_a_deviation(
    tmp_path: Path, version: str, is_deviation: bool
) -> None:
    """Up to 1.0.5 `running_std` divides by itself plus epsilon; later it is a variance."""
    config = {
        "class_name": "Sequential",
        "config": [
            {
                "class_name": "BatchNormalization",
                "config": {
                    "name": "b",
                    "epsilon": 0.25,
                    "mode": 0,
                    "axis": -1,
                    "momentum": 0.9,
                    "batch_input_shape": [None, 1],
                },
            }
        ],
    }
    arrays = [(f"b_{n}", [v]) for n, v in zip("gbms", (3.0, 1.0, 2.0, 1.75), strict=True)]
    file = write_model(tmp_path / "m.h5", config, {"b": arrays}, keras_version=version)
    found = load_model(file).predict(np.array([[6.0]], "float32"))
    divisor = 1.75 + 0.25 if is_deviation else np.sqrt(1.75 + 0.25)
    np.testing.assert_allclose(found, [[3 * (6 - 2) / divisor + 1]], rtol=1e-6)


# Rules and faults.


def three() -> Any:
    """Return a stack of three dense layers."""
    stack = [
        layers.Dense(2, name="one"),
        layers.Dense(3, name="two"),
        layers.Dense(1, name="three"),
    ]
    model = Sequential(stack)
    model.build((None, 2))
    return model


def dense(name: str, rows: int, columns: int, start: int = 1) -> tuple[str, Any]:
    """Return a dense layer's entry in a file."""
    kernel, bias = numbers(rows, columns, start=start), numbers(columns, start=start)
    return name, [(f"{name}/kernel:0", kernel), (f"{name}/bias:0", bias)]


def later(path: Path, *entries: tuple[str, Any]) -> Path:
    """Write a file of weights of tf_keras."""
    return write_weights(path, dict(entries), keras_version="2.21.0", backend="tensorflow")


def test_layers_are_paired_in_their_order(tmp_path: Path) -> None:
    """Whatever they are called, as in every Keras."""
    entries = dense("a", 2, 2), dense("b", 2, 3), dense("c", 3, 1)
    model = three()
    model.load_weights(later(tmp_path / "w.h5", *entries))
    np.testing.assert_array_equal(values(model, "two")[0], numbers(2, 3))


def test_layers_are_paired_by_name(tmp_path: Path) -> None:
    """In any order; those that the file or the model lacks are left alone."""
    model = three()
    before = model.get_weights()
    file = later(tmp_path / "w.h5", dense("three", 3, 1), dense("x", 9, 9), dense("one", 2, 2))
    model.load_weights(file, by_name=True)
    np.testing.assert_array_equal(values(model, "one")[0], numbers(2, 2))
    np.testing.assert_array_equal(values(model, "three")[0], numbers(3, 1))
    np.testing.assert_array_equal(values(model, "two")[0], before[2])


def test_a_layer_that_does_not_fit_may_be_left_as_it_is(tmp_path: Path) -> None:
    """With a warning that names it; the others are loaded."""
    model = three()
    before = model.get_weights()
    file = later(tmp_path / "w.h5", dense("one", 2, 2), dense("two", 5, 3))
    with pytest.warns(UserWarning, match=r"'kernel' of the layer 'two'.*\(5, 3\).*keeps its"):
        model.load_weights(file, by_name=True, skip_mismatch=True)
    np.testing.assert_array_equal(values(model, "one")[0], numbers(2, 2))
    np.testing.assert_array_equal(values(model, "two")[0], before[2])


def test_every_weight_of_a_wrong_shape_is_named(tmp_path: Path) -> None:
    """With file, layer, weight, both shapes and whether a transposition fits; nothing changes."""
    model = three()
    before = model.get_weights()
    file = later(tmp_path / "w.h5", dense("a", 2, 2), dense("b", 3, 2), dense("c", 4, 1))
    with pytest.raises(InvalidDocument) as caught:
        model.load_weights(file)
    message = str(caught.value)
    assert f"the weights in the file {str(file)!r} do not fit the model" in message
    assert (
        "the weight 'kernel' of the layer 'two' has the shape (2, 3) in such a file, and "
        "'b/kernel:0' of 'b' there has (3, 2): transposed by (1, 0) it would fit" in message
    )
    assert "the weight 'bias' of the layer 'two' has the shape (3,)" in message
    assert "'c/kernel:0' of 'c' there has (4, 1): no transposition fits" in message
    for got, want in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(got, want)


def test_every_missing_and_every_surplus_layer_is_named(tmp_path: Path) -> None:
    """By its name where the names tell, else by its place."""
    file = later(tmp_path / "w.h5", dense("one", 2, 2), dense("x", 1, 1))
    with pytest.raises(
        InvalidDocument,
        match=r"no weights for the layers 'two', 'three' of the model; the model has no layers for "
        r"'x' of the file",
    ):
        three().load_weights(file)
    file = later(tmp_path / "v.h5", *(dense(name, 2, 2) for name in "abcde"))
    with pytest.raises(InvalidDocument, match="the model has no layers for 'd', 'e' of the file"):
        three().load_weights(file)


def test_another_number_of_weights_is_named(tmp_path: Path) -> None:
    """With the weights that the layer has, and the arrays of the file."""
    file = later(tmp_path / "w.h5", ("a", [("a/k", numbers(2, 2))]), *map_dense())
    with pytest.raises(
        InvalidDocument,
        match=r"the layer 'one' has 2 weights \(kernel \(2, 2\), bias \(2,\)\), and the file has "
        r"1 arrays for it under 'a' \('a/k' \(2, 2\)\)",
    ):
        three().load_weights(file)


def map_dense() -> list[tuple[str, Any]]:
    """Return the entries of the second and the third layer."""
    return [dense("b", 2, 3), dense("c", 3, 1)]


def test_keras_2_reshapes_where_it_is_asked(tmp_path: Path) -> None:
    """A kernel with as many numbers."""
    file = write_weights(
        tmp_path / "w.h5",
        {"c": [("k", numbers(6, 5))]},
        keras_version="2.2.4",
        backend="tensorflow",
    )
    conv = keras2.layers.Conv1D(5, 3, use_bias=False, name="c", input_shape=(8, 2))
    model = keras2.models.Sequential([conv])
    with pytest.raises(InvalidDocument, match="has the shape"):
        model.load_weights(file)
    model.load_weights(file, reshape=True)
    np.testing.assert_array_equal(model.get_weights()[0], numbers(6, 5).reshape(3, 2, 5))


def test_a_file_without_weights_is_named(tmp_path: Path) -> None:
    """A document of a model is none of weights."""
    path = tmp_path / "model.json"
    path.write_text(three().to_json(), encoding="utf-8")
    with pytest.raises(InvalidDocument, match=r"architecture .JSON., which has no weights"):
        three().load_weights(path)
    with pytest.raises(InvalidDocument, match="`model_from_json` makes the model"):
        load_model(path)
    file = later(tmp_path / "w.h5", *map_dense())
    with pytest.raises(InvalidDocument, match=r"weights and no architecture.*`model.load_weights`"):
        load_model(file)
