"""Sizes may stay unknown while a framework traces, wherever the geometry does not need them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import layers
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidShape
from convdispatch.models import Model, Sequential
from convdispatch.numerics import oracle
from convdispatch.registry import registry

Traced = Callable[[Any], Any]
TRACING = ("jax", "tensorflow", "torch")
SMALLEST = 9  # cells of a traced axis; torch.export wants to know it
# With and without cells that strides of 2 and 3 leave unread.
SIZES = {1: [(9,), (13,)], 2: [(9, 13), (12, 11)], 3: [(9, 10, 11), (12, 9, 10)]}


@pytest.fixture
def tracing(backend_name: str) -> str:
    """Name each backend whose framework traces in turn."""
    if backend_name not in TRACING:
        pytest.skip(f"{backend_name} traces nothing: it always knows the sizes")
    return backend_name


def traced(fn: Callable[[Any], Any], backend: str, shape: Sequence[int | None]) -> Traced:
    """Return `fn`, traced once for inputs of that shape: None is a size of any number of cells."""
    return {"jax": _exported_by_jax, "tensorflow": _by_tf_function, "torch": _exported_by_torch}[
        backend
    ](fn, shape)


def _by_tf_function(fn: Callable[[Any], Any], shape: Sequence[int | None]) -> Traced:
    tf = importlib.import_module("tensorflow")
    made: Any = tf.function(
        lambda x: fn(x), input_signature=[tf.TensorSpec(shape, "float32")], autograph=False
    )
    return made.get_concrete_function()  # type: ignore[no-any-return]


def _exported_by_jax(fn: Callable[[Any], Any], shape: Sequence[int | None]) -> Traced:
    jax = importlib.import_module("jax")
    export = importlib.import_module("jax.export")
    names = [f"d{i}" if size is None else str(size) for i, size in enumerate(shape)]
    bounds = [f"d{i} >= {SMALLEST}" for i, size in enumerate(shape) if size is None and i]
    symbols = export.symbolic_shape(", ".join(names), constraints=bounds)
    made = export.export(jax.jit(lambda x: fn(x)))(jax.ShapeDtypeStruct(symbols, "float32"))
    return made.call  # type: ignore[no-any-return]


def _exported_by_torch(fn: Callable[[Any], Any], shape: Sequence[int | None]) -> Traced:
    torch = importlib.import_module("torch")

    class Module(torch.nn.Module):  # type: ignore[misc, name-defined]  # torch is imported late
        def forward(self, x: Any) -> Any:
            return fn(x)

    dims = {
        i: torch.export.Dim(f"d{i}", min=SMALLEST if i else 1, max=512)
        for i, size in enumerate(shape)
        if size is None
    }
    example = torch.zeros([size or 11 + i for i, size in enumerate(shape)])
    # torch 2.13 does not prove, after a stride, that min(6 + 6 * n, 12 + 12 * n) is the former.
    exported = torch.export.export(
        Module(),
        (example,),
        dynamic_shapes=(dims,),
        prefer_deferred_runtime_asserts_over_guards=True,
    )
    return exported.module()  # type: ignore[no-any-return]


def require_same(layer: Any, backend: str, shape: Sequence[int | None], sizes: Any) -> None:
    """Raise unless the layer, traced for unknown sizes, computes what it computes eagerly."""
    adapted = registry.load(backend)
    function = traced(layer, backend, shape)
    draws = np.random.default_rng(0)
    for batch, spatial in enumerate(sizes, 1):
        known = iter(spatial)
        full = (batch, *(next(known) if size is None else size for size in shape[1:]))
        x = draws.normal(size=full).astype("float32")
        found = convdispatch.to_numpy(function(adapted.asarray(x, "float32")))
        expected = convdispatch.to_numpy(layer(x))
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


LAYERS: dict[str, Callable[[], Any]] = {
    "conv1d_valid": lambda: layers.Conv1D(4, 3, strides=2),
    "conv1d_causal": lambda: layers.Conv1D(4, 3, dilation_rate=2, padding="causal"),
    "conv1d_one_channel": lambda: layers.Conv1D(4, 3, strides=3, groups=1),
    "conv2d_valid": lambda: layers.Conv2D(4, (3, 2), activation="relu"),
    "conv2d_strided": lambda: layers.Conv2D(4, 3, strides=(2, 3)),
    "conv2d_same": lambda: layers.Conv2D(4, (3, 4), padding="same", dilation_rate=2),
    "conv2d_full": lambda: layers.Conv2D(4, 3, strides=2, padding="full"),
    "conv2d_groups": lambda: layers.Conv2D(6, 3, groups=3, padding="same"),
    "conv2d_groups_strided": lambda: layers.Conv2D(6, 3, groups=3, strides=2),
    "conv2d_pointwise": lambda: layers.Conv2D(4, 1, strides=2, padding="same"),
    "conv2d_large": lambda: layers.Conv2D(4, 3, strides=2, dilation_rate=2),
    "conv3d_same": lambda: layers.Conv3D(2, (3, 2, 1), padding="same"),
    "conv3d_strided": lambda: layers.Conv3D(2, 2, strides=2),
    "conv1d_transpose": lambda: layers.Conv1DTranspose(4, 3, strides=2),
    "conv2d_transpose_valid": lambda: layers.Conv2DTranspose(4, 3, strides=2),
    "conv2d_transpose_same": lambda: layers.Conv2DTranspose(4, 3, strides=2, padding="same"),
    "conv2d_transpose_full": lambda: layers.Conv2DTranspose(4, 3, padding="full"),
    "conv2d_transpose_apart": lambda: layers.Conv2DTranspose(4, 2, strides=(3, 2)),
    "conv2d_transpose_padded": lambda: layers.Conv2DTranspose(
        4, 3, strides=2, padding="same", output_padding=1
    ),
    "conv2d_transpose_dilated": lambda: layers.Conv2DTranspose(4, 3, dilation_rate=2),
    "conv2d_transpose_groups": lambda: layers.Conv2DTranspose(6, 3, strides=2, groups=3),
    "conv3d_transpose": lambda: layers.Conv3DTranspose(2, 2, strides=2),
    "depthwise1d": lambda: layers.DepthwiseConv1D(3, depth_multiplier=2),
    "depthwise2d_same": lambda: layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2),
    "depthwise2d_strided": lambda: layers.DepthwiseConv2D(3, strides=(1, 2)),
    "separable2d": lambda: layers.SeparableConv2D(4, 3, strides=2, activation="elu"),
    "separable1d_same": lambda: layers.SeparableConv1D(4, 3, padding="same"),
    "zero_padding1d": lambda: layers.ZeroPadding1D((1, 2)),
    "zero_padding2d": lambda: layers.ZeroPadding2D(((1, 0), (0, 3))),
    "zero_padding3d": lambda: layers.ZeroPadding3D(1),
    "cropping1d": lambda: layers.Cropping1D((0, 2)),
    "cropping2d": lambda: layers.Cropping2D(((1, 0), (2, 3))),
    "cropping3d": lambda: layers.Cropping3D(1),
    "upsampling1d": lambda: layers.UpSampling1D(3),
    "upsampling2d": lambda: layers.UpSampling2D((2, 3)),
    "upsampling2d_bilinear": lambda: layers.UpSampling2D((2, 3), interpolation="bilinear"),
    "upsampling3d": lambda: layers.UpSampling3D(2),
    "max_pooling1d": lambda: layers.MaxPooling1D(3, strides=2),
    "max_pooling2d_same": lambda: layers.MaxPooling2D((3, 2), strides=1, padding="same"),
    "max_pooling3d": lambda: layers.MaxPooling3D(2),
    "average_pooling2d": lambda: layers.AveragePooling2D((3, 2)),
    "average_pooling2d_same": lambda: layers.AveragePooling2D(3, strides=1, padding="same"),
    "global_average_pooling2d": lambda: layers.GlobalAveragePooling2D(),
    "global_max_pooling1d": lambda: layers.GlobalMaxPooling1D(),
    "flatten": lambda: layers.Flatten(),
    "reshape": lambda: layers.Reshape((-1, 3)),
    "permute": lambda: layers.Permute((2, 1, 3)),
    "spatial_dropout2d": lambda: layers.SpatialDropout2D(0.5),
    "prelu": lambda: layers.PReLU(shared_axes=[1, 2]),
    "dense": lambda: layers.Dense(4, activation="relu"),
    "activation": lambda: layers.Activation("softmax"),
    "batch_normalization": lambda: layers.BatchNormalization(),
    "dropout": lambda: layers.Dropout(0.5),
}


def rank_of(layer: Any) -> int:
    """Return the spatial axes of the layer's inputs, 2 where it takes any."""
    return getattr(layer, "rank", 2)


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_computes_for_sizes_that_are_unknown_while_it_is_traced(
    name: str, tracing: str
) -> None:
    """One trace serves every size, channels last."""
    with convdispatch.use_backend(tracing):
        layer = LAYERS[name]()
    sizes = SIZES[rank_of(layer)]
    layer.build((None, *sizes[0], 3))
    require_same(layer, tracing, (*(None,) * (rank_of(layer) + 1), 3), sizes)


@pytest.mark.parametrize(
    "name",
    [
        "conv2d_strided",
        "conv2d_same",
        "conv2d_transpose_same",
        "depthwise2d_same",
        "cropping2d",
        "upsampling2d",
        "upsampling2d_bilinear",
        "zero_padding2d",
    ],
)
def test_channels_may_come_first(name: str, tracing: str) -> None:
    """One trace serves every size, channels first."""
    with convdispatch.use_backend(tracing):
        layer = type(LAYERS[name]()).from_config(
            {**LAYERS[name]().get_config(), "data_format": "channels_first"}
        )
    layer.build((None, 3, 9, 13))
    require_same(layer, tracing, (None, 3, None, None), SIZES[2])


def test_one_axis_may_be_unknown(tracing: str) -> None:
    """Known sizes beside an unknown one count as known: here 'same' with a stride along columns."""
    layer = layers.Conv2D(4, 3, strides=(1, 2), padding="same", backend=tracing)
    layer.build((None, None, 10, 3))
    require_same(layer, tracing, (None, None, 10, 3), [(9,), (12,)])


@pytest.mark.parametrize(
    ("filters", "size", "strides", "shape"),
    [(1, (1, 2), (1, 3), (2, 2, 2, 1)), (2, 3, (1, 2), (2, 4, 3, 1))],
)
def test_one_input_channel_strided_to_one_cell(
    filters: int, size: Any, strides: tuple[int, int], shape: tuple[int, ...], tracing: str
) -> None:
    """A stride to a width of one cell gives the right numbers; oneDNN's kernel is wrong there."""
    layer = layers.Conv2D(filters, size, strides=strides, use_bias=False, backend=tracing)
    layer.build((None, None, None, 1))
    adapted = registry.load(tracing)
    ((op, signature),) = layer._make_plan(Spec((None, None, None, 1), "float32")).ops
    assert signature.input_shape == (None, None, 1)
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    kernel = layer.variables[0]
    function = adapted.lower(op, signature)
    found = convdispatch.to_numpy(function(adapted.asarray(x, "float32"), kernel))
    expected = oracle.conv(
        x,
        convdispatch.to_numpy(kernel),
        strides=strides,
        pads=((0, 0), (0, 0)),
        dilation=(1, 1),
        groups=1,
        channels_last=True,
    )
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_the_theano_convention_pads_by_the_kernel_alone(tracing: str) -> None:
    """'same' with a stride depends on no size under the theano convention."""
    layer = layers.Conv2D(4, 3, strides=2, padding="same", convention="theano", backend=tracing)
    layer.build((None, 9, 13, 3))
    require_same(layer, tracing, (None, None, None, 3), SIZES[2])


def model_of(backend: str, *, functional: bool) -> Any:
    """Return a model that is built for unknown rows and columns."""
    convdispatch.set_random_seed(0)
    stack = [
        layers.Conv2D(4, 3, padding="same", activation="relu"),
        layers.BatchNormalization(),
        layers.ZeroPadding2D(1),
        layers.SeparableConv2D(6, 3, strides=2),
        layers.Dropout(0.5),
        layers.Conv2DTranspose(3, 3, strides=2, padding="same"),
        layers.UpSampling2D(2),
        layers.Cropping2D(1),
    ]
    with convdispatch.use_backend(backend):
        x = layers.Input((None, None, 3))
        if functional:
            y = x
            for layer in stack:
                layer.bind(backend)
                y = layer(y)
            return Model(x, y)
    model = Sequential(stack, backend=backend)
    model.build((None, None, None, 3))
    return model


@pytest.mark.parametrize("functional", [False, True], ids=["sequential", "model"])
def test_a_model_that_is_built_for_unknown_sizes(functional: bool, tracing: str) -> None:
    """A model of an `Input((None, None, 3))` traces once for all sizes."""
    model = model_of(tracing, functional=functional)
    assert model.output_shape == (None, None, None, 3)
    require_same(model, tracing, (None, None, None, 3), SIZES[2])


def test_training_of_unknown_sizes(tracing: str) -> None:
    """The training function of a model traces with unknown sizes, its statistics included."""
    backend = registry.load(tracing)
    model = model_of(tracing, functional=False)
    functional = model.functional()
    weights = {path: tensor for path, (tensor, _) in model.named_weights().items()}
    key = backend.asarray(np.array([1, 2]), "int32")

    def moved(x: Any) -> Any:
        updates = functional.training(weights, x, key)[1].updates
        return updates["batch_normalization/moving_variance"]

    name = next(layer.name for layer in model.layers if "normalization" in layer.name)
    model.get_layer(name).name = "batch_normalization"
    functional = model.functional()
    weights = {path: tensor for path, (tensor, _) in model.named_weights().items()}
    function = traced(moved, tracing, (None, None, None, 3))
    for rows, columns in SIZES[2][1:]:
        x = np.random.default_rng(0).normal(size=(2, rows, columns, 3)).astype("float32")
        native = backend.asarray(x, "float32")
        np.testing.assert_allclose(
            convdispatch.to_numpy(function(native)), convdispatch.to_numpy(moved(native)), rtol=1e-4
        )


def test_keras2_estimates_the_populations_variance_of_unknown_sizes(tracing: str) -> None:
    """Keras 2's moving variance counts the cells, however many they will be."""
    from convdispatch.keras2.layers import BatchNormalization

    backend = registry.load(tracing)
    layer = BatchNormalization(backend=tracing)
    layer.build((None, None, None, 3))
    key = backend.asarray(np.array([1, 2]), "int32")

    def moved(x: Any) -> Any:
        return layer.apply_training(layer.variables, x, key)[1].updates["moving_variance"]

    function = traced(moved, tracing, (None, None, None, 3))
    x = np.random.default_rng(0).normal(size=(2, 9, 10, 3)).astype("float32")
    count = 2 * 9 * 10
    expected = 0.99 + 0.01 * x.var((0, 1, 2)) * count / (count - 1.001)
    found = convdispatch.to_numpy(function(backend.asarray(x, "float32")))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: layers.Conv2D(4, 3, strides=(1, 2), padding="same", name="c"),
            "Conv2D 'c' .*axis 2.*`strides` 2.*'valid'.*stride of 1.*theano",
        ),
        (
            lambda: layers.SeparableConv1D(4, 3, strides=2, padding="same", name="c"),
            "SeparableConv1D 'c' .*axis 1.*",
        ),
        (
            lambda: layers.MaxPooling2D((2, 1), padding="same", name="c"),
            "MaxPooling2D 'c' .*axis 1.*`strides` 2.*'valid' or a stride of 1",
        ),
        (
            lambda: layers.Conv2DTranspose(4, 3, output_size=(20, 20), name="c"),
            "Conv2DTranspose 'c' .*axis 1.*`output_size`",
        ),
    ],
    ids=["conv2d", "separable1d", "pooling", "output_size"],
)
def test_an_error_says_which_axis_needs_a_size(
    make: Callable[[], Any], words: str, tracing: str
) -> None:
    """Where pads depend on an unknown size, the error names the layer, the axis, the ways out."""
    with convdispatch.use_backend(tracing):
        layer = make()
    shape = (*(None,) * (layer.rank + 1), 3)
    layer.build(shape)
    with pytest.raises(InvalidShape, match=words):
        traced(layer, tracing, shape)


def test_unknown_channels_are_an_error(tracing: str) -> None:
    """Channels have to be known, of a layer without weights too."""
    layer = layers.UpSampling2D(2, name="u", backend=tracing)
    with pytest.raises(InvalidShape, match="'u' needs a known number of channels on axis 3"):
        traced(layer, tracing, (None, None, None, None))


def test_numpy_declines_unknown_sizes() -> None:
    """A backend that declares it never gets an op of unknown sizes."""
    from convdispatch.errors import UnsupportedOp

    layer = layers.Conv1D(2, 3, backend="numpy")
    with pytest.raises(UnsupportedOp, match=r"numpy.*unknown_sizes.*sizes"):
        layer._make_plan(Spec((None, None, 3), "float32"))


def test_a_layer_first_called_in_an_export_has_real_weights() -> None:
    """torch.export computes with tensors without numbers; none of them stays in a layer."""
    torch = pytest.importorskip("torch")
    layer = layers.Conv2D(2, 3, activation="relu", backend="torch")
    enlarge = layers.UpSampling2D(2, interpolation="bilinear", backend="torch")
    _exported_by_torch(lambda x: enlarge(layer(x)), (2, 7, 7, 3))
    assert {type(v) for v in layer.variables} == {torch.nn.Parameter}
    assert type(enlarge(layer(torch.ones(2, 7, 7, 3)))) is torch.Tensor
