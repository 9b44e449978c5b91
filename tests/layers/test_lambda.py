"""Lambda, and other layers that do little: functions of the user's, penalties, masked averages."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import Model, Sequential, keras1, keras2, layers
from convdispatch.errors import InvalidArgument, InvalidDocument, InvalidShape, InvalidType
from convdispatch.ops import Backend

RNG = np.random.default_rng(15)
X, Y = (RNG.normal(size=(3, 4, 2)).astype(np.float32) for _ in range(2))
COUNTS = np.array([[1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 1]], bool)


def numbers(tensor: Any) -> Any:
    """Return a tensor's numbers."""
    return convdispatch.to_numpy(tensor)


def doubled(x: Any) -> Any:
    """Return twice x, of any framework."""
    return x * 2


def test_a_function_is_a_layer(backend: Backend) -> None:
    """In a call, in a Sequential, predicted, compiled, and differentiated."""
    f = backend.functions
    layer = layers.Lambda(lambda x: f["tanh"](x) * 2, backend=backend.name)
    np.testing.assert_allclose(numbers(layer(X)), 2 * np.tanh(X), rtol=1e-6)
    model = Sequential(
        [
            layers.Lambda(lambda x: f["sum"](x, (1,)), input_shape=(4, 2)),
            layers.Dense(1, use_bias=False, weights=[np.array([[1.0], [10.0]])]),
        ],
        backend=backend.name,
    )
    assert model.output_shape == (None, 1)
    wanted = (X.sum(1) * [1, 10]).sum(1, keepdims=True)
    for got in (model(X), model.predict(X), model.compile_forward()(X)):
        np.testing.assert_allclose(numbers(got), wanted, rtol=1e-5, atol=1e-5)
    if backend.name == "numpy":
        pytest.importorskip("autograd")
    found = convdispatch.gradients(model, X)
    np.testing.assert_allclose(found.inputs, np.broadcast_to([1, 10], X.shape))
    np.testing.assert_allclose(found.weights[0].ravel(), X.sum((0, 1)), rtol=1e-4, atol=1e-5)


def test_a_function_is_tried_with_the_batch_that_an_input_states(backend_name: str) -> None:
    """It may draw numbers for a whole batch, as variational autoencoders did."""

    def shifted(x: Any) -> Any:
        return x + K.zeros_like(x) + K.random_normal(shape=(5, 3), std=0.0, mean=1.0)

    K: Any = keras1.backend
    with convdispatch.use_backend(backend_name):
        x = keras1.layers.Input(batch_shape=(5, 4))
        layer = keras1.layers.Dense(3, init="zero")
        model = keras1.models.Model(x, keras1.layers.Lambda(shifted)(layer(x)))
        found = model.predict(np.zeros((10, 4), "float32"), batch_size=5)
    np.testing.assert_array_equal(found, np.ones((10, 3)))


def test_a_function_of_a_list_with_arguments(backend_name: str) -> None:
    """Of symbols and of tensors; `arguments` are the function's keywords."""
    with convdispatch.use_backend(backend_name):
        layer = layers.Lambda(lambda two, by: two[0] * two[1] + by, arguments={"by": 3})
        model = Model([(x := layers.Input((4, 2))), (y := layers.Input((4, 2)))], layer([x, y]))
    assert model.output_shape == (None, 4, 2)
    np.testing.assert_allclose(numbers(layer([X, Y])), X * Y + 3, rtol=1e-6)
    np.testing.assert_allclose(model.predict([X, Y]), X * Y + 3, rtol=1e-6)
    np.testing.assert_allclose(numbers(model.to("numpy")([X, Y])), X * Y + 3, rtol=1e-6)


@pytest.mark.parametrize(
    ("function", "stated", "given", "expected"),
    [
        (doubled, None, (None, 4, 2), (None, 4, 2)),
        (doubled, None, (None, None, 2), (None, None, 2)),
        (lambda x: x[:, :1], None, (None, None, 2), (None, 1, 2)),
        (lambda x: x.reshape(-1, 8), None, (None, 4, 2), (None, 8)),
        (lambda x: x.reshape(-1, 8), (8,), (None, None, 2), (None, 8)),
        (doubled, lambda shape: (shape[0], shape[1], 2), (None, None, 2), (None, None, 2)),
    ],
)
def test_the_output_s_shape_is_found_or_stated(
    function: Any, stated: Any, given: Any, expected: Any
) -> None:
    """A size that varies with an unknown one is unknown."""
    layer = layers.Lambda(function, output_shape=stated, backend="numpy")
    assert layer.compute_output_shape(given) == expected


def test_the_output_s_type_is_found(backend: Backend) -> None:
    """Floats get the input's; integers stay."""
    f, wide = backend.functions, np.float64 if backend.name != "jax" else np.float32
    same = layers.Lambda(lambda x: x * wide(2), backend=backend.name)
    assert backend.describe(same(X))[1] == "float32"
    where = layers.Lambda(lambda x: f["argmax"](x, 2), backend=backend.name)
    np.testing.assert_array_equal(numbers(where(X)), X.argmax(2))
    rows = layers.Lambda(lambda x: f["one_hot"](x, 3, "float32"), backend=backend.name)
    np.testing.assert_array_equal(numbers(rows(np.array([[2, 0]], np.int32))), np.eye(3)[[[2, 0]]])


def test_masks_of_functions(backend: Backend) -> None:
    """A function may take the mask, and another one may make the output's."""
    f = backend.functions

    def of_counted(x: Any, mask: Any) -> Any:
        if mask is None:
            return f["sum"](x, (1, 2))
        share = f["reshape"](backend.cast(mask, "float32"), (*f["shape"](mask), 1))
        return f["sum"](x * share, (1, 2))

    with convdispatch.use_backend(backend.name):
        taking = Sequential([layers.Masking(input_shape=(4, 2)), layers.Lambda(of_counted)])
        making = Sequential([layers.Masking(), layers.Lambda(doubled, mask=lambda x, mask: mask)])
        making.build((None, 4, 2))
    np.testing.assert_allclose(numbers(taking(X)), X.sum((1, 2)), rtol=1e-4, atol=1e-5)
    alone = layers.Lambda(of_counted, backend=backend.name)
    native = backend.asarray(COUNTS, "bool")
    wanted = (X * COUNTS[..., None]).sum((1, 2))
    np.testing.assert_allclose(numbers(alone(X, native)), wanted, rtol=1e-4, atol=1e-5)
    assert making.functional().has_masks
    assert not taking.functional().has_masks


def test_a_configuration_in_memory_holds_the_function() -> None:
    """Of which copies are made, too; a document cannot hold it."""
    layer = layers.Lambda(doubled, output_shape=(4, 2), backend="numpy")
    twin = layers.Lambda.from_config(layer.get_config(), backend="numpy")
    for one in (twin, copy.deepcopy(layer), layer.to("numpy")):
        np.testing.assert_array_equal(one(X), 2 * X)
    layer.function = lambda x: x * 3
    np.testing.assert_array_equal(layer(X), 3 * X)


def test_no_function_comes_from_a_document_or_goes_into_one() -> None:
    """Real Keras writes the bytes of the compiled function, and its loader runs them."""
    model = Sequential([layers.Lambda(doubled, input_shape=(4, 2))], backend="numpy")
    assert '"function": "doubled", ' in model.to_json()
    config = {"name": "l", "function": ["4wEAAAABAAAA", None, None], "function_type": "lambda"}
    for door in (keras1.layers, keras2.layers, layers):
        with pytest.raises(InvalidDocument, match="Lambda"):
            door.Lambda.from_config(config)
        with pytest.raises(InvalidDocument, match="Code in a file is never run"):
            door.Lambda.from_config({"name": "l", "function": "doubled"})


def test_keras_1_and_2_have_it() -> None:
    """With their own order of arguments."""
    one = keras1.layers.Lambda(lambda x, by: x * by, (4, 2), {"by": 2}, backend="numpy")
    two = keras2.layers.Lambda(lambda x, by: x * by, (4, 2), None, {"by": 2}, backend="numpy")
    np.testing.assert_array_equal(one(X), 2 * X)
    np.testing.assert_array_equal(two(X), 2 * X)


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: layers.Lambda("tanh"), InvalidType, "`function` of Lambda must be a function"),
        (lambda: layers.Lambda(doubled, mask=COUNTS), InvalidType, "`mask` of Lambda must be"),
        (lambda: layers.Lambda(doubled, arguments=[1]), InvalidType, "must be a dictionary"),
        (lambda: layers.Lambda(lambda x: x[0])(X), InvalidShape, "must keep the batch axis"),
        (lambda: layers.Lambda(lambda x: None)(X), InvalidType, "return a tensor of its backend"),
        (lambda: layers.Lambda(doubled, (3, 2))(X), InvalidShape, r"says \(None, 3, 2\); its func"),
        (lambda: layers.Lambda(lambda x: x.nothing)(X), AttributeError, "nothing"),
        (
            lambda: layers.Lambda(doubled)(layers.Input((2,)), mask=COUNTS),
            InvalidArgument,
            "received one beside symbols",
        ),
        (
            lambda: convdispatch.compare(layers.Lambda(doubled), X, ["numpy"]),
            InvalidType,
            "no rounding bound is known",
        ),
        (lambda: layers.ActivityRegularization(-1), InvalidArgument, "`l1` must be"),
    ],
)
def test_bad_input(act: Callable[[], Any], error: type[Exception], words: str) -> None:
    """One message says what was wrong; what a function itself raises comes through."""
    with convdispatch.use_backend("numpy"), pytest.raises(error, match=words):
        act()


def test_a_penalty_of_what_passes_through(backend: Backend) -> None:
    """By hand, in a call and among the effects of training; in every Keras."""
    wanted = 0.5 * np.abs(X).sum() + 0.25 * (X**2).sum()
    key = backend.asarray(np.array([1, 2], np.int32), "int32")
    for door in (layers, keras1.layers, keras2.layers):
        layer = door.ActivityRegularization(l1=0.5, l2=0.25, backend=backend.name)
        np.testing.assert_array_equal(numbers(layer(X)), X)
        _, effects = layer.apply_training([], X, key)
        for loss in (*layer.losses, *effects.losses):
            np.testing.assert_allclose(numbers(loss), wanted, rtol=1e-5)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("keepdims", [False, True])
def test_an_average_of_the_steps_that_count(
    backend: Backend, data_format: Any, keepdims: bool
) -> None:
    """By hand; without a mask all steps count."""
    layer = layers.GlobalAveragePooling1D(data_format, keepdims, backend=backend.name)
    is_last = data_format == "channels_last"
    x = X if is_last else X.transpose(0, 2, 1)
    wanted = np.stack([sample[counts].mean(0) for sample, counts in zip(X, COUNTS, strict=True)])
    if keepdims:
        wanted = np.expand_dims(wanted, 1 if is_last else 2)
    np.testing.assert_allclose(numbers(layer(x, COUNTS)), wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        numbers(layer(x)), x.mean(1 if is_last else 2, keepdims=keepdims), rtol=1e-5, atol=1e-6
    )


def test_a_masked_average_in_a_model(backend_name: str) -> None:
    """Compared, too: its reference knows the mask."""
    x = np.where(COUNTS[..., None], X, 0).astype(np.float32)
    model = Sequential(
        [layers.Masking(input_shape=(4, 2)), layers.GlobalAveragePooling1D()], backend="numpy"
    )
    compared = convdispatch.compare(model, x, [backend_name])[backend_name]
    assert compared.status == "ok", compared.reason
    wanted = np.stack([sample[counts].mean(0) for sample, counts in zip(X, COUNTS, strict=True)])
    np.testing.assert_allclose(model(x), wanted, rtol=1e-5)
