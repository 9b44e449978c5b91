"""Merging layers: their numbers, gradients and shapes by NumPy, on every backend; bad input."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import convdispatch
from convdispatch import Model, Sequential, keras2, layers
from convdispatch.errors import InvalidArgument, InvalidDocument, InvalidShape, InvalidType
from convdispatch.models.wrapping import wrap
from convdispatch.ops import Backend

RNG = np.random.default_rng(14)
X, Y, Z = (RNG.normal(size=(3, 4, 2)).astype(np.float32) for _ in range(3))
ROW = RNG.normal(size=(3, 1, 2)).astype(np.float32)
FLAT = RNG.normal(size=(3, 2)).astype(np.float32)


def unit(x: Any, axis: int) -> Any:
    """Return x divided by its length along an axis."""
    return x / np.sqrt((x**2).sum(axis, keepdims=True))


CASES: dict[str, tuple[Callable[[], Any], list[Any], Any]] = {
    "add": (layers.Add, [X, Y, Z], X + Y + Z),
    "subtract": (layers.Subtract, [X, Y], X - Y),
    "multiply": (layers.Multiply, [X, Y, Z], X * Y * Z),
    "average": (layers.Average, [X, Y, Z], (X + Y + Z) / 3),
    "maximum": (layers.Maximum, [X, Y, Z], np.maximum(np.maximum(X, Y), Z)),
    "minimum": (layers.Minimum, [X, Y, Z], np.minimum(np.minimum(X, Y), Z)),
    "add of a row": (layers.Add, [X, ROW], X + ROW),
    "maximum of fewer axes": (layers.Maximum, [FLAT, X], np.maximum(FLAT[:, None], X)),
    "concatenate": (layers.Concatenate, [X, Y], np.concatenate([X, Y], 2)),
    "concatenate rows": (lambda: layers.Concatenate(axis=1), [ROW, X], np.concatenate([ROW, X], 1)),
    "dot of vectors": (lambda: layers.Dot(axes=1), [FLAT, 2 * FLAT], 2 * (FLAT**2).sum(1)[:, None]),
    "dot": (lambda: layers.Dot(axes=(1, 1)), [X, Y], np.einsum("bti,btj->bij", X, Y)),
    "dot of the last": (lambda: layers.Dot(axes=-1), [X, ROW], np.einsum("btc,bsc->bts", X, ROW)),
    "dot of ranks": (lambda: layers.Dot(axes=(2, 1)), [X, FLAT], np.einsum("btc,bc->bt", X, FLAT)),
    "cosine": (
        lambda: layers.Dot(axes=2, normalize=True),
        [X, Y],
        np.einsum("btc,bsc->bts", unit(X, 2), unit(Y, 2)),
    ),
}
EVERY_CASE = pytest.mark.parametrize("name", CASES)


def numbers(tensor: Any) -> Any:
    """Return a tensor's numbers."""
    return convdispatch.to_numpy(tensor)


def on(backend: str, name: str) -> tuple[Any, list[Any], Any]:
    """Return the layer of a case on that backend, its inputs and its outputs."""
    make, inputs, expected = CASES[name]
    with convdispatch.use_backend(backend):
        return make(), inputs, expected


@EVERY_CASE
def test_numbers(name: str, backend_name: str) -> None:
    """By NumPy's formulas; the output's shape is known before."""
    layer, inputs, expected = on(backend_name, name)
    shapes = [(None, *x.shape[1:]) for x in inputs]
    assert layer.compute_output_shape(shapes) == (None, *expected.shape[1:])
    np.testing.assert_allclose(numbers(layer(inputs)), expected, rtol=2e-6, atol=2e-6)


@EVERY_CASE
def test_errors_are_within_the_bound(name: str, backend_name: str) -> None:
    """`compare` knows the exact answer and how far each backend may be from it."""
    layer, inputs, _ = on("numpy", name)
    assert convdispatch.compare(layer, inputs, [backend_name])[backend_name].status == "ok"


GRADIENTS: dict[str, Callable[[Any], list[Any]]] = {  # of the sum of outputs times c
    "add": lambda c: [c, c, c],
    "subtract": lambda c: [c, -c],
    "multiply": lambda c: [c * Y * Z, c * X * Z, c * X * Y],
    "average": lambda c: [c / 3] * 3,
    "maximum": lambda c: [c * (one == CASES["maximum"][2]) for one in (X, Y, Z)],
    "minimum": lambda c: [c * (one == CASES["minimum"][2]) for one in (X, Y, Z)],
    "add of a row": lambda c: [c, c.sum(1, keepdims=True)],
    "concatenate": lambda c: [c[:, :, :2], c[:, :, 2:]],
    "dot": lambda c: [np.einsum("bij,btj->bti", c, Y), np.einsum("bij,bti->btj", c, X)],
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(name: str, backend_name: str) -> None:
    """By hand, for a cotangent of different numbers."""
    if backend_name == "numpy":
        pytest.importorskip("autograd")
    layer, inputs, expected = on(backend_name, name)
    cotangent = np.arange(expected.size, dtype=np.float32).reshape(expected.shape) / 8
    found = convdispatch.gradients(layer, inputs, cotangent)
    for got, want in zip(found.inputs, GRADIENTS[name](cotangent), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("layer_class", [layers.Maximum, layers.Minimum])
def test_a_tie_gives_its_gradient_to_the_first(layer_class: Any, backend_name: str) -> None:
    """On every backend alike; frameworks' own functions differ."""
    if backend_name == "numpy":
        pytest.importorskip("autograd")
    found = convdispatch.gradients(layer_class(backend=backend_name), [X, X, X])
    assert [np.unique(one).tolist() for one in found.inputs] == [[1], [0], [0]]


def test_a_vector_of_zeros_has_no_direction(backend_name: str) -> None:
    """Its cosines are 0, and its gradients are numbers."""
    if backend_name == "numpy":
        pytest.importorskip("autograd")
    layer = layers.Dot(axes=1, normalize=True, backend=backend_name)
    inputs = [np.zeros_like(FLAT), FLAT]
    np.testing.assert_array_equal(numbers(layer(inputs)), np.zeros((3, 1)))
    for one in convdispatch.gradients(layer, inputs).inputs:
        assert np.isfinite(one).all()


def test_not_a_number_wins(backend_name: str) -> None:
    """In whichever input it is."""
    nan, one = np.array([[np.nan, 1]], np.float32), np.array([[2, np.nan]], np.float32)
    for layer_class in (layers.Maximum, layers.Minimum):
        got = numbers(layer_class(backend=backend_name)([nan, one]))
        assert np.isnan(got).all()


def test_half_precision_is_rounded_once(backend: Backend) -> None:
    """2048 + 1 - 2048 is 1, though float16 has no 2049; a concatenation keeps every bit."""
    tensors = [
        backend.asarray(np.array([[x]], np.float64), "float16") for x in (2048.0, 1.0, -2048.0)
    ]
    outputs = layers.Add(backend=backend.name)(tensors)
    assert backend.describe(outputs)[1] == "float16"
    assert numbers(outputs).tolist() == [[1]]


@given(data=st.data())
def test_any_shapes_that_fit_are_repeated_as_numpy_does(data: Any) -> None:
    """Against NumPy's own rule, for inputs of as many axes."""
    sizes = data.draw(st.lists(st.integers(1, 3), min_size=0, max_size=3))
    inputs = []
    for _ in range(data.draw(st.integers(2, 3))):
        own = [data.draw(st.sampled_from([1, size])) for size in sizes]
        inputs.append(RNG.normal(size=(2, *own)))
    layer = layers.Add(backend="numpy", dtype="float64")
    expected = sum(inputs)
    assert layer.compute_output_shape([x.shape for x in inputs]) == expected.shape
    np.testing.assert_allclose(layer(inputs), expected, rtol=1e-12)


@given(data=st.data())
def test_any_axes_are_summed_as_einsum_does(data: Any) -> None:
    """Of two tensors of any ranks."""
    ranks = [data.draw(st.integers(1, 3)) for _ in range(2)]
    axes = [data.draw(st.integers(1, rank)) for rank in ranks]
    names = ["abc"[: ranks[0]], "xyz"[: ranks[1]]]
    shapes = []
    for place, (rank, axis) in enumerate(zip(ranks, axes, strict=True)):
        sizes = [data.draw(st.integers(1, 3)) for _ in range(rank)]
        sizes[axis - 1] = 2
        shapes.append((3, *sizes))
        names[place] = names[place][: axis - 1] + "s" + names[place][axis:]
    x, y = (RNG.normal(size=shape) for shape in shapes)
    rest = "".join(names).replace("s", "")
    expected = np.einsum(f"n{names[0]},n{names[1]}->n{rest}", x, y)
    layer = layers.Dot(axes=axes, backend="numpy", dtype="float64")
    want = expected if rest else expected[:, None]
    np.testing.assert_allclose(layer([x, y]), want, rtol=1e-12, atol=1e-12)


# In models.


def merged(backend: str) -> Any:
    """Return a model in which an input and a convolution of it and of another one meet."""
    with convdispatch.use_backend(backend):
        x, y = layers.Input((4, 2), name="x"), layers.Input((4, 2), name="y")
        shared = layers.Conv1D(2, 1, name="shared")
        added = layers.add([x, shared(y)], name="added")
        joined = layers.concatenate([added, shared(x)], name="joined")
        return Model([x, y], [joined, layers.dot([added, y], axes=1, name="dot")])


def expected_of(model: Any) -> list[Any]:
    """Return what the model gives for X and Y, by its weights."""
    kernel, bias = model.get_weights()
    convolved = [np.einsum("btc,cf->btf", x, kernel[0]) + bias for x in (X, Y)]
    added = X + convolved[1]
    joined = np.concatenate([added, convolved[0]], 2)
    return [joined, np.einsum("bti,btj->bij", added, Y)]


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
def test_branches_meet_in_a_model(backend: Backend) -> None:
    """In a call, in `predict`, compiled, from a document, and in `compare`."""
    model = merged(backend.name)
    wanted = expected_of(model)
    assert model.output_shape == [(None, 4, 4), (None, 2, 2)]
    again = convdispatch.model_from_json(model.to_json(), backend=backend.name)
    again.set_weights(model.get_weights())
    native = [backend.asarray(one, "float32") for one in (X, Y)]
    results = {
        "call": model([X, Y]),
        "predict": model.predict([X, Y], batch_size=2),
        "compiled": model.compile_forward()(native),
        "pure": model.apply(model.variables, native),
        "read": again([X, Y]),
    }
    for got in results.values():
        for one, want in zip(got, wanted, strict=True):
            np.testing.assert_allclose(numbers(one), want, rtol=1e-4, atol=1e-5)
    assert convdispatch.compare(model, [X, Y], [backend.name])[backend.name].status == "ok"


def test_a_residual_block_has_the_gradients_of_both_ways(backend_name: str) -> None:
    """Of x + k x by hand: 1 + k for x, the sum of x for k."""
    if backend_name == "numpy":
        pytest.importorskip("autograd")
    with convdispatch.use_backend(backend_name):
        x = layers.Input((4, 1))
        kernel = np.full((1, 1, 1), 3.0)
        conv = layers.Conv1D(1, 1, use_bias=False, weights=[kernel])
        model = Model(x, layers.add([x, conv(x)]))
    found = convdispatch.gradients(model, X[:, :, :1])
    np.testing.assert_allclose(found.inputs, np.full((3, 4, 1), 4.0))
    np.testing.assert_allclose(found.weights[0].ravel(), [X[:, :, 0].sum()], rtol=1e-5)


def test_a_framework_s_own_object_takes_several_inputs(backend: Backend) -> None:
    """What `wrap` gives of a model whose inputs meet."""
    model = merged(backend.name)
    wrapped: Any = wrap(model)
    native = [backend.asarray(one, "float32") for one in (X, Y)]
    got = wrapped[0](wrapped[1], native) if isinstance(wrapped, tuple) else wrapped(native)
    for one, want in zip(got, expected_of(model), strict=True):
        np.testing.assert_allclose(numbers(one), want, rtol=1e-4, atol=1e-5)


def test_a_layer_of_several_inputs_has_a_pure_function(backend: Backend) -> None:
    """`functional` and `apply_training`, as every layer has them."""
    layer = layers.Add(backend=backend.name)
    layer.build([(None, 4, 2), (None, 1, 2)])
    native = [backend.asarray(one, "float32") for one in (X, ROW)]
    outputs = layer.functional().forward({}, native)
    np.testing.assert_array_equal(numbers(outputs), X + ROW)
    key = backend.asarray(np.array([1, 2], np.int32), "int32")
    outputs, effects = layer.apply_training([], native, key)
    np.testing.assert_array_equal(numbers(outputs), X + ROW)
    assert (effects.updates, effects.losses) == ({}, ())


def test_keras2_has_the_same_layers_and_functions() -> None:
    """With Keras 2.2.4's configuration: nothing but the axis."""
    got = keras2.layers.Concatenate(axis=1, name="c").get_config()
    assert (got["name"], got["axis"]) == ("c", 1)
    for name in ("add", "subtract", "multiply", "average", "maximum", "minimum", "concatenate"):
        one = getattr(keras2.layers, name)([X, Y])
        np.testing.assert_array_equal(one, getattr(layers, name)([X, Y]))
    np.testing.assert_array_equal(keras2.layers.dot([X, Y], 2), layers.dot([X, Y], 2))


def test_a_configuration_makes_the_same_layer() -> None:
    """With its arguments as they were given."""
    for layer in (layers.Concatenate(1), layers.Dot((2, 1), normalize=True), layers.Dot(-1)):
        twin = type(layer).from_config(layer.get_config())
        assert twin.get_config() == layer.get_config()


def test_unknown_sizes_stay_unknown() -> None:
    """Or are those of the inputs that know them."""
    shape = [(None, None, 2), (None, 4, 2)]
    assert layers.Add().compute_output_shape(shape) == (None, 4, 2)
    assert layers.Concatenate().compute_output_shape(shape) == (None, 4, 4)
    assert layers.Concatenate(axis=1).compute_output_shape(shape) == (None, None, 2)
    assert layers.Dot(axes=1).compute_output_shape(shape) == (None, 2, 2)


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: layers.Add()(X), InvalidType, "takes a list of tensors; received one ndarray"),
        (
            lambda: layers.Add()(layers.Input((2,))),
            InvalidType,
            "takes a list of tensors; received one Symbol",
        ),
        (lambda: layers.Add()([X]), InvalidArgument, "a list of at least two tensors; received 1"),
        (lambda: layers.Subtract()([X, X, X]), InvalidArgument, "exactly 2 tensors; received 3"),
        (lambda: layers.Add()([X, Y[:2]]), InvalidShape, "the same number of samples"),
        (lambda: layers.Add()([X, Y[:, :3]]), InvalidShape, "same size on each axis, or 1"),
        (lambda: layers.Add()([X, Y.astype(float)]), InvalidType, "one element type"),
        (lambda: layers.Add()([X, Y.astype(int)]), InvalidType, "must have one of the element"),
        (lambda: layers.Add()([X, layers.Input((2,))]), InvalidType, "all symbolic tensors or"),
        (lambda: layers.Add().build((None, 2)), InvalidType, "must be a list of shapes"),
        (lambda: layers.Concatenate()([X, FLAT]), InvalidShape, "each axis but `axis` -1"),
        (lambda: layers.Concatenate(0), InvalidArgument, "`axis` must not be 0, the batch axis"),
        (lambda: layers.Concatenate(3)([X, Y]), InvalidShape, "`axis` 3 .* other than the batch"),
        (lambda: layers.Dot(1)([X, ROW]), InvalidShape, "the same size on `axes` 1"),
        (lambda: layers.Dot((1, 2, 3)), InvalidArgument, "`axes` must be an integer or a tuple"),
        (lambda: Sequential([layers.Add()]), InvalidArgument, "gives each layer one tensor"),
    ],
)
def test_bad_input(act: Callable[[], Any], error: type[Exception], words: str) -> None:
    """One message says what was wrong and what is allowed."""
    with convdispatch.use_backend("numpy"), pytest.raises(error, match=words):
        act()


def test_a_document_that_gives_one_tensor_is_refused() -> None:
    """To a layer that takes a list; the error names the layer."""
    document = json.loads(merged("numpy").to_json())
    (added,) = (one for one in document["config"]["layers"] if one["name"] == "added")
    added["inbound_nodes"][0] = added["inbound_nodes"][0][:1]
    with pytest.raises(InvalidDocument, match="added"):
        convdispatch.model_from_json(json.dumps(document), backend="numpy")
