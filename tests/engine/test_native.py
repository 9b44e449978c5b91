"""A layer is ordinary code of its framework: its autodiff, its compilers and its tensors apply."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from precision import in_float64

from convdispatch import layers, regularizers
from convdispatch.models import Sequential
from convdispatch.numerics import gradients
from convdispatch.registry import registry

X = np.arange(2 * 6 * 5 * 4, dtype="float32").reshape(2, 6, 5, 4) % 7 - 3

# One of each family; every one has an input of X's shape.
FAMILIES = {
    "conv": lambda **o: layers.Conv2D(4, 3, strides=2, padding="same", activation="tanh", **o),
    "left_over": lambda **o: layers.Conv2D(4, 2, strides=(3, 2), **o),
    "grouped": lambda **o: layers.Conv2D(4, (2, 3), groups=2, activation="elu", **o),
    "dilated": lambda **o: layers.Conv2D(3, 2, dilation_rate=2, padding="full", **o),
    "channels_first": lambda **o: layers.Conv2D(3, 2, data_format="channels_first", **o),
    "theano": lambda **o: layers.Conv2D(3, (2, 3), padding="same", convention="theano", **o),
    "transpose": lambda **o: layers.Conv2DTranspose(3, 3, strides=2, padding="same", **o),
    "grouped_transpose": lambda **o: layers.Conv2DTranspose(
        4, 3, dilation_rate=2, groups=2, activation="relu", **o
    ),
    "depthwise": lambda **o: layers.DepthwiseConv2D(3, depth_multiplier=2, strides=2, **o),
    "separable": lambda **o: layers.SeparableConv2D(5, 3, activation="softplus", **o),
    "cropping": lambda **o: layers.Cropping2D(((1, 0), (0, 2)), **o),
    "padding": lambda **o: layers.ZeroPadding2D(((1, 0), (0, 2)), **o),
    "nearest": lambda **o: layers.UpSampling2D((2, 3), **o),
    "bilinear": lambda **o: layers.UpSampling2D((2, 3), interpolation="bilinear", **o),
}
EVERY_FAMILY = pytest.mark.parametrize("family", FAMILIES)


def make(family: str, backend: str, **options: Any) -> Any:
    """Return a built layer of the family."""
    layer = FAMILIES[family](backend=backend, dtype="float32", **options)
    layer.build((None, *X.shape[1:]))
    return layer


def reference(layer: Any) -> Any:
    """Return the layer's output for X, by the NumPy backend."""
    return layer.to("numpy")(X)


@pytest.fixture
def torch(all_backends: tuple[str, ...]) -> Any:
    """Give torch, or skip where it is not among the backends under test."""
    return _framework("torch", all_backends)


@pytest.fixture
def tf(all_backends: tuple[str, ...]) -> Any:
    """Give TensorFlow, or skip where it is not among the backends under test."""
    return _framework("tensorflow", all_backends)


@pytest.fixture
def jax(all_backends: tuple[str, ...]) -> Any:
    """Give JAX, or skip where it is not among the backends under test."""
    return _framework("jax", all_backends)


def _framework(name: str, all_backends: tuple[str, ...]) -> Any:
    if name not in all_backends:
        pytest.skip(f"the backend {name!r} is not under test here")
    return pytest.importorskip(name)


@EVERY_FAMILY
def test_native_tensors_in_give_native_tensors_out(backend_name: str, family: str) -> None:
    """A layer called with its backend's tensor answers with one, equal to NumPy's answer."""
    backend = registry.load(backend_name)
    layer = make(family, backend_name)
    output = layer(backend.asarray(X, "float32"))
    assert backend.owns(output)
    assert backend.describe(output)[1] == "float32"
    np.testing.assert_allclose(backend.to_numpy(output), reference(layer), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@EVERY_FAMILY
def test_the_element_type_comes_back_as_it_went_in(
    backend_name: str, family: str, dtype: str
) -> None:
    """Whatever floating-point type the input has, the output has it too."""
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes", reason="NumPy has no bfloat16 of its own")
    backend = registry.load(backend_name)
    layer = make(family, backend_name)
    with in_float64(backend_name):
        x = registry.load("numpy").asarray(X, dtype)
        output = layer(x)
        assert backend.describe(output)[1] == dtype
        found = backend.to_numpy(output).astype("float64")
    coarseness = {"float16": 2e-2, "bfloat16": 2e-1, "float32": 1e-5, "float64": 1e-5}[dtype]
    np.testing.assert_allclose(found, reference(layer), rtol=coarseness, atol=coarseness)


@EVERY_FAMILY
def test_an_empty_batch_gives_an_empty_batch(backend_name: str, family: str) -> None:
    """Zero images in, zero images of the right shape out."""
    layer = make(family, backend_name)
    output = layer(X[:0])
    shape, _ = registry.load(backend_name).describe(output)
    assert shape == (0, *layer.output_shape[1:])


@EVERY_FAMILY
def test_torch_backward_reaches_input_and_weights(torch: Any, family: str) -> None:
    """loss.backward() fills .grad of the input and of every variable, as NumPy's adjoints do."""
    layer = make(family, "torch")
    x = torch.tensor(X, requires_grad=True)
    (layer(x) ** 2).sum().backward()
    expected = squared_gradients(layer)
    found = [x.grad, *(variable.grad for variable in layer.trainable_weights)]
    assert_close([gradient.numpy() for gradient in found], expected)


@EVERY_FAMILY
def test_a_gradient_tape_reaches_input_and_weights(tf: Any, family: str) -> None:
    """tf.GradientTape watches the variables by itself."""
    layer = make(family, "tensorflow")
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(layer(x) ** 2)
    found = tape.gradient(loss, [x, *layer.trainable_weights])
    assert_close([gradient.numpy() for gradient in found], squared_gradients(layer))


@EVERY_FAMILY
def test_a_forward_accumulator_goes_through_a_layer(tf: Any, family: str) -> None:
    """The derivative of sum y^2 along the input's own gradient is that gradient's square."""
    layer = make(family, "tensorflow")
    gradient = squared_gradients(layer)[0]
    x = tf.constant(X)
    with tf.autodiff.ForwardAccumulator(x, tf.constant(gradient, "float32")) as accumulator:
        loss = tf.reduce_sum(layer(x) ** 2)
    assert float(accumulator.jvp(loss)) == pytest.approx((gradient**2).sum(), rel=1e-5)


def test_cells_that_a_stride_leaves_over_are_not_cropped_from_the_image(tf: Any) -> None:
    """Only gradients get a copy without these cells, because TensorFlow's kernels write outside."""
    layer = make("left_over", "tensorflow")
    traced = tf.function(layer).get_concrete_function(tf.TensorSpec(X.shape, "float32"))
    kinds = {operation.type for operation in traced.graph.get_operations()}
    assert "Conv2D" in kinds
    assert not kinds & {"StridedSlice", "Slice"}


@EVERY_FAMILY
def test_jax_grad_reaches_input_and_weights(jax: Any, family: str) -> None:
    """jax.grad differentiates `apply`, the pure function under the layer, jitted or not."""
    layer = make(family, "jax")

    def loss(x: Any, weights: Any) -> Any:
        return (layer.apply(weights, x) ** 2).sum()

    x_gradient, weight_gradients = jax.jit(jax.grad(loss, argnums=(0, 1)))(X, layer.variables)
    found = [x_gradient, *weight_gradients]
    assert_close([np.asarray(gradient) for gradient in found], squared_gradients(layer))


@EVERY_FAMILY
def test_jax_jit_accepts_a_layer(jax: Any, family: str) -> None:
    """jax.jit(layer) gives the layer's answer."""
    layer = make(family, "jax")
    assert_close([np.asarray(jax.jit(layer)(X))], [reference(layer)])


def test_jax_jit_accepts_a_layer_that_has_no_weights_yet(jax: Any) -> None:
    """Weights made while JAX traces are real arrays, not tracers."""
    layer = layers.Conv2D(4, 3, backend="jax")
    output = jax.jit(layer)(X)
    assert_close([np.asarray(output)], [reference(layer)])
    assert_close([np.asarray(layer(X))], [reference(layer)])


@EVERY_FAMILY
@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
def test_tf_function_accepts_a_layer(tf: Any, family: str, jit_compile: bool) -> None:
    """tf.function(layer) gives the layer's answer, compiled by XLA or not."""
    layer = make(family, "tensorflow")
    output = tf.function(layer, jit_compile=jit_compile)(tf.constant(X))
    assert_close([output.numpy()], [reference(layer)])


@EVERY_FAMILY
def test_tf_function_accepts_an_unknown_batch_size(tf: Any, family: str) -> None:
    """One trace with batch size None serves every batch, the empty one included."""
    layer = make(family, "tensorflow")
    signature = [tf.TensorSpec((None, *X.shape[1:]), "float32")]
    traced = tf.function(layer, input_signature=signature)
    assert_close([traced(tf.constant(X)).numpy()], [reference(layer)])
    assert traced(tf.constant(X[:0])).shape == (0, *layer.output_shape[1:])
    assert traced.experimental_get_tracing_count() == 1


def test_tf_function_accepts_a_layer_that_has_no_weights_yet(tf: Any) -> None:
    """Variables made while TensorFlow traces outlive the trace."""
    layer = layers.Conv2D(4, 3, backend="tensorflow")
    output = tf.function(layer)(tf.constant(X))
    assert_close([output.numpy()], [reference(layer)])


@EVERY_FAMILY
def test_torch_compile_accepts_a_layer_without_a_graph_break(torch: Any, family: str) -> None:
    """torch.compile(fullgraph=True) traces the layer whole."""
    layer = make(family, "torch")
    torch.compiler.reset()
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    assert_close([compiled(torch.tensor(X)).detach().numpy()], [reference(layer)])


def test_torch_compile_accepts_an_activity_regularizer(torch: Any) -> None:
    """The loss of the output is part of the graph: 0.5 * sum y^2."""
    regularizer = regularizers.L2(0.5)
    layer = make("conv", "torch", activity_regularizer=regularizer)
    torch.compiler.reset()
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    output = compiled(torch.tensor(X))
    expected = 0.5 * float((output.detach() ** 2).sum())
    assert float(layer.losses[0].detach()) == pytest.approx(expected, rel=1e-6)


@EVERY_FAMILY
def test_torch_export_accepts_a_layer_with_a_dynamic_batch(torch: Any, family: str) -> None:
    """The exported program of a layer serves another batch size."""
    from convdispatch_torch import as_module

    layer = make(family, "torch")
    batch = torch.export.Dim("batch", min=1, max=64)
    program = torch.export.export(
        as_module(layer), (torch.tensor(X),), dynamic_shapes=({0: batch},), strict=False
    )
    repeated = np.concatenate([X, X, X])
    found = program.module()(torch.tensor(repeated)).detach().numpy()
    assert_close([found], [np.concatenate([reference(layer)] * 3)])


@EVERY_FAMILY
def test_torch_jit_trace_accepts_a_layer(torch: Any, family: str) -> None:
    """The graph of a layer serves another batch size, and tracing it warns of nothing of ours."""
    from convdispatch_torch import as_module

    layer = make(family, "torch")
    with pytest.warns(DeprecationWarning, match="jit.trace") as warned:
        traced = torch.jit.trace(as_module(layer), torch.tensor(X))
    assert {warning.category for warning in warned} == {DeprecationWarning}
    repeated = np.concatenate([X, X + 1, X])
    found = traced(torch.tensor(repeated)).detach().numpy()
    assert_close([found], [layer.to("numpy")(repeated)])


def test_a_layer_may_be_built_while_torch_traces(torch: Any) -> None:
    """The plan that the first call makes is not a part of the graph."""
    layer = layers.UpSampling2D(2, interpolation="bilinear", backend="torch")
    with pytest.warns(DeprecationWarning, match="jit.trace"):
        traced = torch.jit.trace(lambda x: layer(x), torch.tensor(X))
    assert_close([traced(torch.tensor(X)).numpy()], [reference(layer)])


@EVERY_FAMILY
def test_torch_vmap_goes_through_a_layer(torch: Any, family: str) -> None:
    """Over the images of a batch, with and without gradients."""
    layer = make(family, "torch")
    each = torch.vmap(lambda one: layer(one[None])[0])
    found = [each(torch.tensor(X)).detach().numpy()]
    with torch.inference_mode():
        found.append(each(torch.tensor(X)).numpy())
    assert_close(found, [reference(layer)] * 2)


def test_a_torch_optimizer_trains_a_model(torch: Any) -> None:
    """A module made of a model has its parameters, and a step of SGD lowers the loss."""
    from convdispatch_torch import as_module

    model = Sequential([make("conv", "torch"), layers.Conv2D(2, 1, backend="torch")])
    model.build()
    module = as_module(model)
    assert len(list(module.parameters())) == len(model.variables)
    optimizer = torch.optim.SGD(module.parameters(), lr=1e-3)
    x = torch.tensor(X)
    losses = []
    for _ in range(3):
        optimizer.zero_grad()
        loss = (module(x) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[2] < losses[1] < losses[0]


@EVERY_FAMILY
def test_a_copy_is_independent(backend_name: str, family: str) -> None:
    """copy.deepcopy gives a layer with equal weights of its own."""
    layer = make(family, backend_name)
    twin = copy.deepcopy(layer)
    twin.set_weights([weight + 1 for weight in twin.get_weights()])
    original = [weight - 1 for weight in twin.get_weights()]
    assert_close(layer.get_weights(), original)


def squared_gradients(layer: Any) -> list[Any]:
    """Return the gradients of sum(layer(X) ** 2) by the NumPy backend."""
    twin = layer.to("numpy", dtype="float64")
    output = twin(X.astype("float64"))
    found = gradients.gradients(twin, X.astype("float64"), 2 * output)
    return [found.inputs, *found.weights]


def assert_close(found: list[Any], expected: list[Any]) -> None:
    """Assert that float32 arrays agree as closely as their size allows."""
    assert len(found) == len(expected)
    for array, wanted in zip(found, expected, strict=True):
        scale = float(np.max(np.abs(wanted), initial=1))
        np.testing.assert_allclose(array, wanted, rtol=2e-5, atol=2e-6 * scale)
