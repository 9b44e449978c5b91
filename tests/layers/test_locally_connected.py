"""Locally connected layers against loops over the cells of the output."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import convdispatch
from convdispatch import Sequential, keras1, keras2, layers
from convdispatch.errors import InvalidArgument, InvalidDocument, InvalidShape

CHANNELS, FILTERS, BATCH = 2, 3, 4
SIZES = (6, 5)
FORMATS = pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
GEOMETRIES = pytest.mark.parametrize(
    ("kernel_size", "strides"),
    [((3,), (1,)), ((2,), (3,)), ((2, 3), (1, 1)), ((3, 1), (2, 3)), ((6, 5), (1, 1))],
)


def output_sizes(kernel_size: tuple[int, ...], strides: tuple[int, ...]) -> tuple[int, ...]:
    """Return the windows that lie inside the input, along each axis."""
    axes = zip(SIZES, kernel_size, strides, strict=False)
    return tuple((size - taps) // stride + 1 for size, taps, stride in axes)


def drawn(kernel_size: tuple[int, ...], strides: tuple[int, ...]) -> tuple[Any, list[Any]]:
    """Return an input, channels last, and the weights."""
    random = np.random.default_rng(0)
    sizes = output_sizes(kernel_size, strides)
    x = random.normal(size=(BATCH, *SIZES[: len(sizes)], CHANNELS)).astype("float32")
    numbers = math.prod(kernel_size) * CHANNELS
    shapes = [(math.prod(sizes), numbers, FILTERS), (*sizes, FILTERS)]
    return x, [random.normal(size=shape).astype("float32") for shape in shapes]


def windows(x: Any, kernel_size: tuple[int, ...], strides: tuple[int, ...], first: bool) -> Any:
    """Yield the place of each output cell and its window, (batch, numbers), as Keras flattens it.

    x has the channels last; `first` is whether Keras flattens them first, as in its layout.
    """
    for place in itertools.product(*map(range, output_sizes(kernel_size, strides))):
        cells = tuple(
            slice(at * stride, at * stride + taps)
            for at, stride, taps in zip(place, strides, kernel_size, strict=True)
        )
        window = x[(slice(None), *cells)]
        yield place, (np.moveaxis(window, -1, 1) if first else window).reshape(len(x), -1)


def expected(
    x: Any, weights: list[Any], kernel_size: tuple[int, ...], strides: tuple[int, ...], first: bool
) -> Any:
    """Return the output, channels last, computed cell by cell in float64."""
    sizes = output_sizes(kernel_size, strides)
    kernel, bias = (np.asarray(one, float) for one in weights)
    result = np.zeros((len(x), *sizes, FILTERS))
    for cell, (place, window) in enumerate(windows(x.astype(float), kernel_size, strides, first)):
        result[(slice(None), *place)] = window @ kernel[cell]
    # Keras reads the bias of channels_first in another shape; it does not transpose it.
    added = np.moveaxis(bias.reshape(FILTERS, *sizes), 0, -1) if first else bias
    return result + added


def made(
    kernel_size: tuple[int, ...], strides: tuple[int, ...], weights: Any, **options: Any
) -> Any:
    """Return the layer of that rank."""
    found = getattr(layers, f"LocallyConnected{len(kernel_size)}D")
    return found(FILTERS, kernel_size, strides, weights=weights, **options)


def channels_first(x: Any, data_format: str) -> Any:
    """Return an array in that format, which has the channels last."""
    return np.moveaxis(x, -1, 1).copy() if data_format == "channels_first" else x


def close(got: Any, want: Any) -> None:
    """Assert that numbers in float32 are those in float64."""
    np.testing.assert_allclose(convdispatch.to_numpy(got), want, rtol=2e-5, atol=2e-5)


@GEOMETRIES
@FORMATS
def test_each_cell_has_weights_of_its_own(
    backend_name: str, kernel_size: tuple[int, ...], strides: tuple[int, ...], data_format: str
) -> None:
    """The numbers of loops over the cells, in Keras's order of a window's numbers."""
    x, weights = drawn(kernel_size, strides)
    layer = made(kernel_size, strides, weights, data_format=data_format, backend=backend_name)
    want = expected(x, weights, kernel_size, strides, data_format == "channels_first")
    got = layer(channels_first(x, data_format))
    close(got, channels_first(want, data_format))
    assert layer.output_shape == (None, *channels_first(want, data_format).shape[1:])
    assert layer.count_params() == sum(one.size for one in weights)


@pytest.mark.parametrize("ordering", ["tf", "th"])
def test_in_keras_1_s_words(backend_name: str, ordering: str) -> None:
    """No kernel is flipped, not even under Theano's convention."""
    x, weights = drawn((2, 3), (2, 1))
    layer = keras1.layers.LocallyConnected2D(
        FILTERS,
        2,
        3,
        weights=weights,
        subsample=(2, 1),
        dim_ordering=ordering,
        convention="theano",
        backend=backend_name,
    )
    data_format = "channels_first" if ordering == "th" else "channels_last"
    want = expected(x, weights, (2, 3), (2, 1), ordering == "th")
    close(layer(channels_first(x, data_format)), channels_first(want, data_format))


@pytest.mark.parametrize("door", [keras1, keras2], ids=["keras1", "keras2"])
def test_sequences_announce_their_length(backend_name: str, door: Any) -> None:
    """`input_dim` and `input_length` build the layer."""
    x, weights = drawn((2,), (3,))
    words = {"subsample_length": 3} if door is keras1 else {"strides": 3}
    layer = door.layers.LocallyConnected1D(
        FILTERS, 2, **words, input_dim=CHANNELS, input_length=SIZES[0], backend=backend_name
    )
    model = Sequential([layer], backend=backend_name)
    model.set_weights(weights)
    close(model(x), expected(x, weights, (2,), (3,), first=False))


@FORMATS
def test_gradients_are_sums_of_windows(backend_name: str, data_format: str) -> None:
    """Of the sum of all outputs: the layer is affine, so they are known exactly."""
    x, weights = drawn((2, 3), (2, 1))
    first = data_format == "channels_first"
    layer = made((2, 3), (2, 1), weights, data_format=data_format, backend=backend_name)
    found = convdispatch.gradients(layer, channels_first(x, data_format))
    each = [window.sum(axis=0) for _, window in windows(x, (2, 3), (2, 1), first)]
    close(found.weights[0], np.repeat(np.stack(each)[..., np.newaxis], FILTERS, axis=-1))
    close(found.weights[1], np.full(weights[1].shape, BATCH))
    slope = np.zeros(x.shape)
    for cell in np.ndindex(*x.shape[1:]):
        unit = np.zeros((1, *x.shape[1:]))
        unit[(0, *cell)] = 1
        zero = [weights[0], np.zeros_like(weights[1])]
        slope[(slice(None), *cell)] = expected(unit, zero, (2, 3), (2, 1), first).sum()
    close(found.inputs, channels_first(slope, data_format))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    sizes=st.tuples(st.integers(3, 7), st.integers(3, 7)),
    taps=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    strides=st.tuples(st.integers(1, 3), st.integers(1, 3)),
)
def test_with_the_same_kernel_everywhere_it_is_a_convolution(
    sizes: tuple[int, int], taps: tuple[int, int], strides: tuple[int, int]
) -> None:
    """The bits of integers, whose sums are exact."""
    random = np.random.default_rng(1)
    kernel = random.integers(-3, 4, (*taps, CHANNELS, FILTERS)).astype("float32")
    x = random.integers(-3, 4, (2, *sizes, CHANNELS)).astype("float32")
    conv = layers.Conv2D(FILTERS, taps, strides, use_bias=False, weights=[kernel], backend="numpy")(
        x
    )
    cells = math.prod(conv.shape[1:3])
    tiled = np.broadcast_to(kernel.reshape(1, -1, FILTERS), (cells, kernel[..., 0].size, FILTERS))
    local = layers.LocallyConnected2D(
        FILTERS, taps, strides, use_bias=False, weights=[tiled], backend="numpy"
    )
    np.testing.assert_array_equal(local(x), conv)


def test_half_precision_is_rounded_once(backend_name: str) -> None:
    """Ten thousand products and the bias are summed in float32; float16 counts by eights there."""
    x = np.full((1, 100, 100), 1.0, "float16")
    kernel = np.full((1, 10000, 1), 1.0009765625, "float16")
    layer = layers.LocallyConnected1D(
        1, 100, weights=[kernel, np.full((1, 1), 3.0)], dtype="float16", backend=backend_name
    )
    got = convdispatch.to_numpy(layer(x))
    assert got.dtype == "float16"
    assert got.ravel() == 10016  # of 10009.77 + 3; rounded before the bias, it would be 10008


def test_an_activation_that_no_op_fuses_comes_last(backend_name: str) -> None:
    """After the bias."""
    x, weights = drawn((3,), (1,))
    layer = made((3,), (1,), weights, activation="elu", backend=backend_name)
    want = expected(x, weights, (3,), (1,), first=False)
    close(layer(x), np.where(want > 0, want, np.expm1(want)))


def test_backends_are_compared_by_a_bound() -> None:
    """The layer is affine: the bias of each cell is a constant of it."""
    x, weights = drawn((2, 3), (2, 1))
    model = Sequential([made((2, 3), (2, 1), weights, backend="numpy")], backend="numpy")
    (found,) = convdispatch.compare(model, x, backends=["numpy"]).values()
    assert found.status == "ok"
    assert found.error_in_bounds < 1


def test_it_trains(backend_name: str) -> None:
    """By the same compiled step as any layer."""
    x, weights = drawn((3,), (1,))
    y = expected(x, weights, (3,), (1,), first=False)
    convdispatch.set_random_seed(0)
    model = Sequential(
        [layers.LocallyConnected1D(FILTERS, 3, input_shape=x.shape[1:])], backend=backend_name
    )
    model.compile("sgd", "mse")
    losses = [float(np.ravel(model.train_on_batch(x, y))[0]) for _ in range(3)]
    assert losses[2] < losses[1] < losses[0]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        pytest.param(
            lambda: layers.LocallyConnected2D(2, 3, padding="same"),
            InvalidArgument,
            r"`padding` of LocallyConnected2D must be 'valid'; .* Put a ZeroPadding2D before",
            id="same",
        ),
        pytest.param(
            lambda: keras1.layers.LocallyConnected1D(2, 3, border_mode="same"),
            InvalidArgument,
            r"`border_mode` of LocallyConnected1D must be 'valid'; .* ZeroPadding1D",
            id="same-in-keras-1",
        ),
        pytest.param(
            lambda: layers.LocallyConnected2D(2, 3).build((None, 5, None, 1)),
            InvalidShape,
            r"a known size of axis 2, because each cell .* \(None, 5, None, 1\)",
            id="unknown-size",
        ),
        pytest.param(
            lambda: layers.LocallyConnected2D(2, 3, data_format="channels_first").build(
                (None, 1, None, 5)
            ),
            InvalidShape,
            "a known size of axis 2",
            id="unknown-size-channels-first",
        ),
        pytest.param(
            lambda: layers.LocallyConnected1D(2, 3).build((None, 5, None)),
            InvalidShape,
            "a known number of channels",
            id="unknown-channels",
        ),
        pytest.param(
            lambda: layers.LocallyConnected1D(2, 3).build((None, 2, 1)),
            InvalidShape,
            "`kernel_size` of .* is 3",
            id="too-few-steps",
        ),
        pytest.param(
            lambda: keras1.layers.LocallyConnected2D(2, 1, 3, dim_ordering="tf").build(
                (None, 2, 2, 1)
            ),
            InvalidShape,
            "`nb_col` of .* is 3",
            id="too-few-columns-in-keras-1",
        ),
        pytest.param(
            lambda: layers.LocallyConnected1D.from_config(
                {"filters": 2, "kernel_size": 3, "implementation": 2}
            ),
            InvalidDocument,
            "`implementation` 2, with which",
            id="a-kernel-of-another-shape",
        ),
    ],
)
def test_bad_input_is_refused(make: Any, error: type[Exception], message: str) -> None:
    """With the axis and what to do."""
    with pytest.raises(error, match=message):
        make()


def test_other_sizes_are_refused_once_built(backend_name: str) -> None:
    """There are no weights for their cells."""
    layer = layers.LocallyConnected1D(2, 3, backend=backend_name)
    layer.build((None, 5, 1))
    with pytest.raises(InvalidShape, match="was built for 5 cells on axis 1"):
        layer(np.ones((1, 6, 1), "float32"))


def test_the_first_way_of_tensorflow_s_keras_is_read() -> None:
    """Its `implementation=1` is the layout of Keras 2.2.4."""
    config = {"filters": 2, "kernel_size": [3], "implementation": 1}
    assert layers.LocallyConnected1D.from_config(config).filters == 2
