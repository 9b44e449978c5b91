"""An argument set after a layer was made: as in the constructor, or refused in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from layer_classes import EVERY_CLASS, LayerClass, numbers
from small_models import conv

import convdispatch
from convdispatch import Sequential, keras1, keras2, layers, regularizers
from convdispatch.errors import ConvDispatchError, InvalidArgument, InvalidShape, InvalidType
from convdispatch.layers import Layer

OPTIONS: dict[str, Any] = {
    "name": "another",
    "trainable": False,
    "dtype": "float64",
    "input_dtype": "float64",
    "input_shape": (9, 8, 7),
    "batch_input_shape": (3, 9, 8, 7),
    "convention": "theano",
}
ARGUMENTS = [
    pytest.param(one, argument, id=f"{one}-{argument}")
    for one in EVERY_CLASS
    if one.rank < 3  # nothing here asks for the rank
    for argument in [*one.arguments, *OPTIONS]
]
# Given late they announce nothing: the layer knows its input.
ANNOUNCING = ("input_shape", "batch_input_shape", "input_dim", "input_length")


def value_of(one: LayerClass, argument: str) -> Any:
    """Return a legal value other than that of `made`."""
    if argument in OPTIONS:
        return OPTIONS[argument]
    value = one.value(argument)
    if argument == "layer":
        return type(value)(16, name="another", backend="numpy")
    if argument not in one.required or argument == "output_shape":
        return value
    return tuple(2 * number for number in value) if isinstance(value, tuple) else 2 * value


def made(one: LayerClass, **arguments: Any) -> Any:
    """Make a layer of the class, with the least of arguments and these."""
    needed: dict[str, Any] = {name: one.value(name) for name in one.required}
    if "output_shape" in needed:  # of 9 x 8 cells by 2 x 3 taps
        needed["output_shape"] = (None, 10, 10, 8)
    steps = {"strides", "stride"}.intersection(one.arguments)
    if "Pooling" in one.name:  # by default the window's size, and then it stays
        needed |= dict.fromkeys(steps, 2 if one.rank == 1 else (2,) * one.rank)
    return one.type(**{"name": "layer", "backend": "numpy"} | needed | arguments)


def state(layer: Layer) -> dict[str, Any]:
    """Return what a change that was refused must leave."""
    weights = [array.tolist() for array in layer.get_weights()]
    return layer.get_config() | {"weights": weights, "shape": layer._built_shape}


def image(layer: Layer) -> Any:
    """Return an input that the layer was built for."""
    shape = tuple(size or 3 for size in layer.input_shape)
    return numbers(layer, shape)


def results(layer: Layer) -> list[Any]:
    """Return everything that the layer computes for such an input."""
    outputs = layer(image(layer))
    return [np.asarray(outputs).tolist(), [float(loss) for loss in layer.losses]]


def error_of(work: Callable[[], None]) -> ConvDispatchError | None:
    """Return the error of ours that it raises, or None."""
    try:
        work()
    except ConvDispatchError as error:
        return error
    return None


@pytest.mark.parametrize(("one", "argument"), ARGUMENTS)
def test_an_argument_set_before_the_build_is_the_constructor_s(
    one: LayerClass, argument: str
) -> None:
    """The layer is the one that the constructor would have made."""
    value = value_of(one, argument)
    if argument in ("input_length", "batch_input_shape", "input_shape"):
        pytest.skip("its configuration is another test's")
    layer = made(one)
    before = layer.get_config()
    refusal = error_of(lambda: made(one, **{argument: value}))
    assert repr(error_of(lambda: setattr(layer, argument, value))) == repr(refusal)
    wanted = before if refusal else made(one, **{argument: value}).get_config()
    assert layer.get_config() == wanted
    assert refusal or wanted != before or argument == "input_dtype"


@pytest.mark.parametrize(("one", "argument"), ARGUMENTS)
def test_an_argument_set_after_the_build_holds_or_is_refused(
    one: LayerClass, argument: str
) -> None:
    """What holds does in the configuration, the output, the losses; what is refused did nothing."""
    value = value_of(one, argument)
    layer = made(one)
    layer.build(one.shape(channels_first=False))
    results(layer)
    before = state(layer)
    refusal = error_of(lambda: setattr(layer, argument, value))
    if refusal is not None:
        assert any(word in str(refusal) for word in ("'layer'", f"`{argument}`", "`output_shape`"))
        assert "\n" not in str(refusal)
        assert state(layer) == before
        assert results(layer)
        return
    assert argument not in ANNOUNCING
    wanted = made(one, **{argument: value})
    wanted.build(layer.input_shape)
    wanted.set_weights(layer.get_weights())
    assert layer.get_config() == wanted.get_config()
    assert layer.get_config() != before or argument == "input_dtype"
    assert results(layer) == results(wanted)
    assert layer.output_shape == wanted.output_shape
    found = zip(layer.declared_weights, layer.variables, strict=True)
    trained = [variable for weight, variable in found if weight.trainable]
    shown = [getattr(one, "native", one) for one in layer.trainable_weights]
    assert shown == trained[: 0 if argument == "trainable" else None]


@pytest.mark.parametrize(("one", "argument"), ARGUMENTS)
def test_a_wrong_value_is_refused_as_by_the_constructor(one: LayerClass, argument: str) -> None:
    """The same class and message, and the layer is as it was."""
    layer = made(one)
    layer.build(one.shape(channels_first=False))
    before = state(layer)
    with pytest.raises(ConvDispatchError) as wanted:
        made(one, **{argument: Unfit()})
    with pytest.raises(type(wanted.value)) as caught:
        setattr(layer, argument, Unfit())
    assert str(caught.value) == str(wanted.value)
    assert state(layer) == before


class Unfit:
    """What no argument can be."""

    def __repr__(self) -> str:
        return "<unfit>"


STEPS = np.array([[[1.0], [-2.0], [3.0], [-4.0]]], "float32")


@pytest.mark.parametrize(
    ("attribute", "value", "expected"),
    [
        ("activation", "relu", [1.0, 0.0, 3.0, 0.0]),
        ("strides", 2, [1.0, 3.0]),
        ("padding", "SAME", [1.0, -2.0, 3.0, -4.0]),
    ],
)
def test_words_and_numbers_are_read_as_in_the_constructor(
    attribute: str, value: Any, expected: list[float], backend_name: str
) -> None:
    """In calls, in predictions and in what was compiled before."""
    layer = conv(backend=backend_name)
    model = Sequential([layer], backend=backend_name)
    forward = model.compile_forward()
    forward(STEPS)
    setattr(layer, attribute, value)
    for compute in (layer, model, model.predict, forward):
        assert convdispatch.to_numpy(compute(STEPS)).ravel().tolist() == expected
    assert model.output_shape == (None, len(expected), 1)


def test_a_regularizer_set_later_counts(backend_name: str) -> None:
    """l2 of the kernel, which is 1: 0.01; None takes it away."""
    layer = conv(backend=backend_name)
    model = Sequential([layer], backend=backend_name)
    layer.kernel_regularizer = "l2"
    for losses in (layer.losses, model.penalties(model.variables)):
        assert [round(float(convdispatch.to_numpy(loss)), 6) for loss in losses] == [0.01]
    layer.kernel_regularizer = None
    assert layer.losses == []


def test_a_constraint_set_later_counts() -> None:
    """-1 is held at 0."""
    layer = conv()
    layer.set_weights([-np.ones((1, 1, 1)), np.zeros(1)])
    layer.kernel_constraint = "nonneg"
    layer.apply_constraints()
    assert layer.get_weights()[0].item() == 0


def test_an_initializer_set_before_the_build_counts() -> None:
    """It is what the weights are drawn by."""
    layer = layers.Conv1D(1, 1, backend="numpy")
    layer.kernel_initializer = "ones"
    layer.build((None, 4, 1))
    assert layer.get_weights()[0].item() == 1


def test_weights_may_be_set_like_an_argument() -> None:
    """Before the build they are what it starts from, afterwards they are set."""
    layer = layers.Conv1D(1, 1, use_bias=False, backend="numpy")
    layer.weights = [np.full((1, 1, 1), 2.0)]  # type: ignore[misc] # read-only to type checkers
    assert layer(np.ones((1, 1, 1))).item() == 2
    layer.weights = [np.full((1, 1, 1), 3.0)]  # type: ignore[misc] # read-only to type checkers
    assert layer(np.ones((1, 1, 1))).item() == 3


K1: Any = keras1.layers
OLD: list[tuple[str, Any, str, Any]] = [
    ("border_mode", "same", "padding", "same"),
    ("subsample", (2, 2), "strides", (2, 2)),
    ("nb_filter", 4, "filters", 4),
    ("nb_row", 2, "kernel_size", (2, 3)),
    ("nb_col", 2, "kernel_size", (3, 2)),
    ("dim_ordering", "th", "data_format", "channels_first"),
    ("W_regularizer", "l2", "kernel_regularizer", keras1.regularizers.get("l2")),
    ("b_constraint", "nonneg", "bias_constraint", keras1.constraints.get("nonneg")),
    ("init", "one", "kernel_initializer", keras1.initializations.get("one")),
    ("bias", False, "use_bias", False),
]


@pytest.mark.parametrize(("old", "value", "new", "taken"), OLD, ids=[row[0] for row in OLD])
def test_keras_1_s_names_are_attributes(old: str, value: Any, new: str, taken: Any) -> None:
    """They can be read and set; our own name of the argument sets the same."""
    layer = K1.Convolution2D(8, 3, 3, backend="numpy")
    setattr(layer, old, value)
    assert getattr(layer, new) == taken
    if old != "bias":  # whose name is the variable's
        other = K1.Convolution2D(8, 3, 3, backend="numpy")
        setattr(other, new, taken)
        assert getattr(other, old) == getattr(layer, old)
        assert getattr(layer, old) in (value, taken)


@pytest.mark.parametrize(
    ("make", "attribute", "message"),
    [
        (lambda: conv(), "paddin", r"no keyword argument `paddin`. Did you mean `padding`"),
        (lambda: conv(), "border_mode", r"Keras 1's name for `padding`: write `padding=`"),
        (lambda: conv(), "nb_filter", r"Keras 1's name for `filters`"),
        (lambda: conv(), "depth_multiplier", r"no keyword argument `depth_multiplier`"),
        (lambda: keras2.layers.Conv1D(1, 1), "W_regularizer", "Keras 1's name for `kernel_reg"),
        (lambda: layers.UpSampling1D(2), "interpolation", "no keyword argument `interpolation`"),
        (lambda: K1.Convolution2D(1, 1, 1), "groups", "no keyword argument `groups`"),
    ],
)
def test_what_would_do_nothing_is_refused(
    make: Callable[[], Any], attribute: str, message: str
) -> None:
    """A slip of the pen, another door's name, another class's argument."""
    with pytest.raises(InvalidType, match=message):
        setattr(make(), attribute, 2)


@pytest.mark.parametrize(
    ("attribute", "value", "message"),
    [
        ("filters", 2, r"`filters` of 'c' cannot change like this once it is built"),
        ("kernel_size", 3, r"`kernel_size` of 'c' cannot change like this once it is built"),
        ("use_bias", False, r"`use_bias` of 'c' cannot change like this once it is built"),
        ("dtype", "float64", r"`dtype` of 'c' cannot .* `to\('numpy', dtype='float64'\)`"),
        ("input_shape", (9, 1), r"`input_shape` of 'c' cannot .* shape \(None, 4, 1\); `build`"),
        ("backend", "torch", r"`backend` of 'c' cannot change once it is built; `to\('torch'\)`"),
        ("dilation_rate", 0, r"every `dilation_rate` must be at least 1"),
    ],
)
def test_what_cannot_change_any_more_is_said(attribute: str, value: Any, message: str) -> None:
    """With what to do instead."""
    layer = conv()
    with pytest.raises(InvalidArgument, match=message):
        setattr(layer, attribute, value)
    assert layer(STEPS).ravel().tolist() == STEPS.ravel().tolist()


def test_a_change_that_the_input_does_not_fit_is_refused() -> None:
    """A kernel that reaches further than the image that the layer was built for."""
    layer = layers.Conv1D(1, 3, backend="numpy")
    layer.build((None, 4, 1))
    with pytest.raises(InvalidShape, match="`kernel_size` 3 at dilation 2"):
        layer.dilation_rate = 2
    assert layer.dilation_rate == (1,)


TOO_LARGE: dict[str, tuple[Callable[[], Layer], str]] = {
    "size": (lambda: layers.UpSampling1D(2, backend="numpy"), "size"),
    "padding": (lambda: layers.ZeroPadding1D(1, backend="numpy"), "padding"),
    "strides": (lambda: layers.Conv1DTranspose(1, 2, backend="numpy"), "strides"),
    "keras1": (lambda: keras1.layers.UpSampling1D(2, backend="numpy"), "length"),
}


@pytest.mark.parametrize("number", [2**40, np.int64(2**40)], ids=["int", "numpy"])
@pytest.mark.parametrize(("make", "argument"), TOO_LARGE.values(), ids=TOO_LARGE)
def test_a_size_that_no_result_can_have_is_refused(
    make: Callable[[], Layer], argument: str, number: Any
) -> None:
    """By a layer that is built, at once; it computes on as before."""
    layer = make()
    x = np.ones((1, 4, 1), "float32")
    before, config = layer(x), layer.get_config()
    with pytest.raises(InvalidShape, match=f"too large: received .*`{argument}` [(]*1099511627776"):
        setattr(layer, argument, number)
    assert layer.get_config() == config
    np.testing.assert_array_equal(layer(x), before)


@pytest.mark.parametrize("value", [np.array([1, 2]), [], {}, 3], ids=["array", "list", "dict", "3"])
def test_a_convention_is_a_word(value: Any) -> None:
    """Given to the constructor or set."""
    with pytest.raises(InvalidArgument, match="`convention` must be one of"):
        layers.Conv1D(1, 1, convention=value)
    layer = layers.Conv1D(1, 1)
    with pytest.raises(InvalidArgument, match="`convention` must be one of"):
        layer.convention = value


def test_images_in_another_order_of_axes_are_taken_by_a_built_layer() -> None:
    """The kernel is for as many channels as before."""
    layer = layers.Conv2D(2, 1, kernel_initializer="ones", backend="numpy")
    layer.build((None, 5, 4, 3))
    layer.data_format = "channels_first"
    assert (layer.input_shape, layer.output_shape) == ((None, 3, 5, 4), (None, 2, 5, 4))
    assert layer(np.ones((1, 3, 5, 4), "float32")).tolist() == np.full((1, 2, 5, 4), 3.0).tolist()


def test_the_regularizers_of_two_doors_are_their_own() -> None:
    """A name means what the layer's dialect says."""
    layer = keras2.layers.Conv1D(1, 1, backend="numpy")
    layer.kernel_regularizer = "l1_l2"
    assert layer.kernel_regularizer == regularizers.get("l1_l2", keras2_table())


def keras2_table() -> Any:
    """Return Keras 2's regularizers by name."""
    return keras2.layers.Conv1D.dialect.regularizers
