"""Dense, Pool and Resize as each backend lowers them, in every element type, and compiled.

The definitions in loops are themselves checked by numbers made by hand. Asked are both layouts,
pads that differ or crop, NaN and ties of a maximum, gradients to the second order, any batch, and
half precision, which is rounded once. `tests/kit` asks what the kit derives.
"""

from __future__ import annotations

import importlib
import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import op_definitions as definitions
import pytest
from precision import in_float64

from convdispatch.ops import FLOAT_DTYPES, HALF_DTYPES, Backend, Dense, Op, Pool, Resize, Signature

Array = Any
NAN, INF = float("nan"), float("inf")


def pool(
    kind: str,
    size: tuple[int, ...],
    strides: tuple[int, ...],
    pads: tuple[tuple[int, int], ...],
    *,
    counts_pads: bool = False,
    channels_last: bool = True,
) -> Pool:
    """Return the op."""
    return Pool(
        kind=kind,
        size=size,
        strides=strides,
        pads=pads,
        counts_pads=counts_pads,
        channels_last=channels_last,
    )


def resize(output_size: tuple[int, ...], interpolation: str, coordinates: str) -> Resize:
    """Return the op, channels last."""
    return Resize(
        output_size=output_size,
        interpolation=interpolation,
        coordinates=coordinates,
        channels_last=True,
    )


LINE = np.array([1.0, 5.0, 2.0, 8.0, 3.0]).reshape(1, 5, 1)
BY_HAND: list[tuple[Op, Array, list[float]]] = [
    (pool("max", (2,), (2,), ((0, 0),)), LINE, [5, 8]),
    (pool("max", (3,), (2,), ((1, 1),)), LINE, [5, 8, 8]),
    (pool("max", (2,), (1,), ((-1, -2),)), LINE, [5]),
    (pool("sum", (3,), (2,), ((1, 0),)), LINE, [6, 15]),
    (pool("average", (2,), (2,), ((1, 0),)), LINE, [1, 3.5, 5.5]),
    (pool("average", (2,), (2,), ((1, 0),), counts_pads=True), LINE, [0.5, 3.5, 5.5]),
    (pool("average", (5,), (1,), ((0, 0),)), LINE, [3.8]),
    (resize((3,), "nearest", "half_pixel"), LINE, [1, 2, 3]),  # at 1/3, 2, 11/3
    (resize((10,), "nearest", "asymmetric"), LINE, [1, 1, 5, 5, 2, 2, 8, 8, 3, 3]),
    (resize((3,), "nearest", "corners"), LINE, [1, 2, 3]),
    (resize((2,), "nearest", "half_pixel"), LINE[:, :4], [5, 8]),  # at 1/2 and 5/2: the upper ones
    (resize((3,), "bilinear", "corners"), LINE[:, :2], [1, 3, 5]),
    (resize((4,), "bilinear", "half_pixel"), LINE[:, :2], [1, 2, 4, 5]),
    (resize((4,), "bilinear", "asymmetric"), LINE[:, :2], [1, 3, 5, 5]),
    (resize((1,), "bilinear", "corners"), LINE, [1]),
]


@pytest.mark.parametrize(("op", "x", "want"), BY_HAND, ids=str)
def test_the_definitions_and_the_backends_give_numbers_made_by_hand(
    backend: Backend, op: Op, x: Array, want: list[float]
) -> None:
    """Five cells of one channel."""
    np.testing.assert_allclose(definition(op, x).ravel(), want, rtol=1e-15)
    np.testing.assert_allclose(computed(backend, op, x).ravel(), want, rtol=3e-7)


POOLS = [
    ((7,), (3,), (2,), ((1, 1),)),
    ((9,), (2,), (4,), ((-1, 0),)),
    ((6, 5), (2, 2), (2, 2), ((0, 0), (0, 0))),
    ((6, 5), (3, 2), (1, 2), ((1, 1), (0, 1))),
    ((7, 8), (3, 3), (2, 2), ((0, 1), (1, 1))),
    ((5, 6), (2, 4), (3, 1), ((-1, 1), (2, -2))),
    ((4, 3), (4, 3), (1, 1), ((0, 0), (0, 0))),
    ((4, 3, 5), (2, 2, 3), (2, 1, 2), ((0, 0), (1, 0), (1, 2))),
    ((3, 4, 4), (2, 2, 2), (1, 2, 2), ((0, 0), (0, 0), (0, 0))),
]
KINDS = (("max", False), ("average", False), ("average", True), ("sum", False))
RESIZED = [((5,), (8,)), ((7,), (3,)), ((4, 5), (7, 3)), ((1, 3), (4, 1)), ((2, 3, 4), (3, 3, 2))]
WAYS = [*itertools.product(("nearest", "bilinear"), ("half_pixel", "asymmetric", "corners"))]


def every_op() -> Iterator[tuple[tuple[int, ...], Op]]:
    """Yield the spatial cells of an image, and what is asked of it."""
    for cells, size, strides, pads in POOLS:
        for kind, counts_pads in KINDS:
            yield cells, pool(kind, size, strides, pads, counts_pads=counts_pads)
    for cells, output_size in RESIZED:
        for interpolation, coordinates in WAYS:
            yield cells, resize(output_size, interpolation, coordinates)


EVERY_OP = [*every_op()]


def name(case: tuple[tuple[int, ...], Op]) -> str:
    """Return a short name."""
    cells, op = case
    if isinstance(op, Pool):
        pads = "counted" if op.counts_pads else ""
        return f"{op.kind}{pads}-{cells}-{op.size}-{op.strides}-{op.pads}".replace(" ", "")
    assert isinstance(op, Resize)
    return f"{op.interpolation}-{op.coordinates}-{cells}-{op.output_size}".replace(" ", "")


def definition(op: Op, x: Array) -> Array:
    """Return the op's result for channels-last `x`, by the definitions."""
    if isinstance(op, Pool):
        return definitions.pooled(x, op)
    assert isinstance(op, Resize)
    return definitions.resized(x, op)


def lowered(backend: Backend, op: Op, x: Array, dtype: str = "float32") -> Any:
    """Return the backend's function."""
    signature = Signature(input_shape=x.shape[1:], weight_shapes=(), dtype=dtype)
    return backend.lower(op, signature)


def computed(backend: Backend, op: Op, x: Array, dtype: str = "float32") -> Array:
    """Return the backend's result as an array."""
    result = lowered(backend, op, x, dtype)(backend.asarray(x, dtype))
    assert backend.describe(result)[1] == dtype
    return np.asarray(backend.to_numpy(result))


def image(cells: tuple[int, ...], *, batch: int = 2, channels: int = 3, seed: int = 0) -> Array:
    """Return small multiples of 1/4, which all element types have; some are equal."""
    numbers = np.random.default_rng(seed).integers(-8, 9, (batch, *cells, channels))
    return (numbers / 4).astype(np.float32)


def first(x: Array) -> Array:
    """Return the array with channels first."""
    return np.moveaxis(x, -1, 1)


@pytest.mark.parametrize("case", EVERY_OP, ids=name)
def test_values_in_both_layouts(backend: Backend, case: tuple[tuple[int, ...], Op]) -> None:
    """And of no sample at all."""
    cells, op = case
    x = image(cells)
    want = definition(op, x.astype(np.float64))
    function = lowered(backend, op, x)
    for count in (2, 1, 0):
        got = np.asarray(backend.to_numpy(function(backend.asarray(x[:count], "float32"))))
        assert got.shape == want[:count].shape
        np.testing.assert_allclose(got, want[:count], rtol=1e-6, atol=1e-6)
    turned = type(op)(**{**fields(op), "channels_last": False})
    got = computed(backend, turned, first(x))
    np.testing.assert_allclose(got, first(want), rtol=1e-6, atol=1e-6)


def fields(op: Op) -> dict[str, Any]:
    """Return the op's fields by name."""
    return {field: getattr(op, field) for field in op.__dataclass_fields__}


SOME = [case for case in EVERY_OP if case[0] in ((7, 8), (4, 3, 5), (4, 5), (7,))]
SOME = [case for case in SOME if not isinstance(case[1], Resize) or len(case[0]) == 2]


@pytest.mark.parametrize("dtype", FLOAT_DTYPES)
@pytest.mark.parametrize("case", SOME, ids=name)
def test_values_of_every_element_type(
    backend: Backend, case: tuple[tuple[int, ...], Op], dtype: str
) -> None:
    """Rounded once, as numbers that half precision has are the input."""
    cells, op = case
    x = image(cells)
    with in_float64(backend.name):
        got = computed(backend, op, x, dtype)
        want = definition(op, x.astype(np.float64))
        rounded = np.asarray(backend.to_numpy(backend.asarray(want, dtype)))
    ulps = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-21, "float64": 2.0**-50}
    # Half precision: equal, but where float32's own roundings tip a number that lies in the middle.
    if dtype in HALF_DTYPES:
        assert (got == rounded).mean() > 0.95
    np.testing.assert_allclose(
        got.astype(np.float64), rounded.astype(np.float64), rtol=ulps[dtype], atol=ulps[dtype]
    )


def test_half_precision_is_summed_in_float32(backend: Backend) -> None:
    """4096 ones beside one that is large: float16 itself would lose the ones."""
    x = np.ones((1, 64, 64, 1), np.float32)
    x[0, 0, 0, 0] = 2048
    op = pool("sum", (64, 64), (1, 1), ((0, 0), (0, 0)))
    assert computed(backend, op, x, "float16").ravel() == [6144]  # 6143, to the nearest even
    op = pool("average", (64, 64), (1, 1), ((0, 0), (0, 0)))
    assert computed(backend, op, x, "float16").ravel() == [np.float16(6143 / 4096)]


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_nan_is_the_maximum_of_its_window(backend: Backend, rank: int, dtype: str) -> None:
    """And of no other; minus infinity alone stays what it is."""
    line = np.array([NAN, 1.0, 2.0, NAN, -INF, -INF, 3.0, INF])
    x = np.broadcast_to(line.reshape(*[1] * rank, 8, 1), (1, *[2] * (rank - 1), 8, 1))
    size, pads = (2,) * rank, ((0, 0),) * (rank - 1)
    op = pool("max", size, (*[1] * (rank - 1), 2), (*pads, (0, 0)))
    assert_equal(computed(backend, op, x, dtype), [NAN, NAN, -INF, INF])
    op = pool("max", size, (*[1] * (rank - 1), 2), (*pads, (1, 1)))
    assert_equal(computed(backend, op, x, dtype), [NAN, 2, NAN, 3, INF])


def assert_equal(got: Array, want: list[float]) -> None:
    """Compare, NaN with NaN."""
    np.testing.assert_array_equal(got.astype(np.float64).ravel(), want)


def gradient(backend: Backend, op: Op, x: Array, dtype: str = "float32") -> Array:
    """Return the gradient of the sum of the result, each number of which counts another time."""
    function = lowered(backend, op, x, dtype)
    functions: Any = backend.functions
    tensor = backend.variable(x, dtype)
    shape = backend.describe(function(tensor))[0]
    counted: Any = backend.asarray(weights(shape), dtype)
    differentiate = backend.value_and_grad(
        lambda tensors: (functions["sum"](function(tensors[0]) * counted), ())
    )
    return np.asarray(backend.to_numpy(differentiate([tensor])[1][0])).astype(np.float64)


def weights(shape: Any) -> Array:
    """Return 1, 2, 3 and so on up to 8, and again."""
    return (np.arange(math.prod(shape)) % 8 + 1.0).reshape(shape)


@pytest.mark.parametrize(
    ("x", "size", "want"),
    [
        ([[1, 5, 5], [5, 5, 0]], (2, 3), [[0, 1, 0], [0, 0, 0]]),
        ([[1, 4, 4], [5, 5, 0]], (2, 3), [[0, 0, 0], [1, 0, 0]]),
        ([[3, NAN, 4], [9, 7, 0]], (2, 3), [[0, 1, 0], [0, 0, 0]]),
        ([[3, 9, 4], [NAN, 7, INF]], (2, 3), [[0, 0, 0], [1, 0, 0]]),
        ([[0, 0, 0], [0, 0, 0]], (2, 2), [[1, 2, 0], [0, 0, 0]]),
        ([[-INF, -INF, -INF], [-INF, -INF, -INF]], (2, 3), [[1, 0, 0], [0, 0, 0]]),
    ],
    ids=["first row", "second row", "nan first", "nan later", "overlapping", "minus infinity"],
)
def test_the_gradient_of_a_maximum_goes_to_the_first(
    differentiable: Backend, x: Array, size: tuple[int, int], want: Array
) -> None:
    """Rows before columns."""
    op = pool("max", size, (1, 1), ((0, 0), (0, 0)))
    got = gradient(differentiable, op, np.array(x, float)[None, ..., None])
    np.testing.assert_array_equal(got[0, ..., 0], want)


def test_no_gradient_of_a_maximum_goes_to_pads(differentiable: Backend) -> None:
    """They are in no maximum, not even in one of minus infinity."""
    x = np.full((1, 3, 1), -INF)
    op = pool("max", (2,), (2,), ((1, 0),))
    np.testing.assert_array_equal(gradient(differentiable, op, x).ravel(), [1, 2, 0])


@pytest.mark.parametrize(
    "case", [case for case in SOME if getattr(case[1], "kind", "") != "max"], ids=name
)
def test_gradients_of_linear_ops_are_adjoints(
    differentiable: Backend, case: tuple[tuple[int, ...], Op]
) -> None:
    """By the definition: the gradient's number is the result of an image with one 1, weighed."""
    cells, op = case
    x = image(cells, batch=1, channels=1)
    with in_float64(differentiable.name):
        got = gradient(differentiable, op, x, "float64")
    for place in np.ndindex(*x.shape):
        one = np.zeros(x.shape)
        one[place] = 1
        moved = definition(op, one)
        assert got[place] == pytest.approx(float((moved * weights(moved.shape)).sum()), abs=1e-12)


@pytest.mark.parametrize("dtype", HALF_DTYPES)
@pytest.mark.parametrize(
    "op",
    [
        pool("sum", (2, 2), (1, 1), ((0, 0), (0, 0))),
        pool("average", (3, 3), (1, 1), ((1, 1), (1, 1))),
        resize((60, 60), "nearest", "asymmetric"),
        resize((60, 60), "bilinear", "half_pixel"),
    ],
    ids=["sum", "average", "nearest", "bilinear"],
)
def test_gradients_of_half_precision_are_rounded_once(
    differentiable: Backend, op: Op, dtype: str
) -> None:
    """They are float32's, rounded."""
    x = image((6, 6), batch=1)
    wide = gradient(differentiable, op, x)
    right = differentiable.to_numpy(differentiable.asarray(wide, dtype))
    got = gradient(differentiable, op, x, dtype)
    np.testing.assert_array_equal(got, np.asarray(right).astype(np.float64))


@pytest.mark.parametrize(
    ("op", "want"),
    [
        # Of half the sum of (largest)^2: 1 where the largest is; of the windows' (a + b)^2 / 2.
        (pool("max", (2,), (2,), ((0, 0),)), [0, 1, 0, 1, 0]),
        (pool("sum", (2,), (2,), ((0, 0),)), [2, 2, 2, 2, 0]),
        (pool("average", (2,), (2,), ((0, 0),)), [0.5, 0.5, 0.5, 0.5, 0]),
        (resize((10,), "nearest", "asymmetric"), [2, 2, 2, 2, 2]),
        (resize((5,), "bilinear", "half_pixel"), [1, 1, 1, 1, 1]),
    ],
    ids=["max", "sum", "average", "nearest", "bilinear"],
)
def test_second_derivatives(differentiable: Backend, op: Op, want: list[float]) -> None:
    """Of half the sum of squares: along a direction of ones, which is a sum of rows."""
    if differentiable.name == "numpy" and not isinstance(op, Pool | Resize):
        pytest.skip("asked of pooling and resizing")
    function = lowered(differentiable, op, LINE)
    functions: Any = differentiable.functions

    def energy(tensors: Any) -> Any:
        y = function(tensors[0])
        return functions["sum"](y * y) / 2, ()

    def slope(tensors: Any) -> Any:
        return functions["sum"](differentiable.value_and_grad(energy)(tensors)[1][0]), ()

    x = differentiable.variable(LINE, "float32")
    second = differentiable.to_numpy(differentiable.value_and_grad(slope)([x])[1][0])
    np.testing.assert_allclose(np.ravel(second), want, rtol=1e-6)


@pytest.mark.parametrize("case", [EVERY_OP[16], EVERY_OP[18], EVERY_OP[-20]], ids=name)
def test_compiled_for_several_batches(backend: Backend, case: tuple[tuple[int, ...], Op]) -> None:
    """By the framework's own compiler, where it has one."""
    cells, op = case
    function = lowered(backend, op, image(cells))
    if backend.name == "torch":  # without its code generator, which takes half a minute
        torch: Any = importlib.import_module("torch")
        compiled = torch.compile(function, backend="aot_eager", fullgraph=True)
    else:
        compiled = backend.compile(function)
    for batch in (3, 1, 0):
        x = image(cells, batch=batch)
        got = backend.to_numpy(compiled(backend.asarray(x, "float32")))
        want = definition(op, x.astype(np.float64))
        np.testing.assert_allclose(np.asarray(got), want, rtol=1e-6, atol=1e-6)


DENSE_X = np.array([[1.0, 2.0], [3.0, -4.0]])
KERNEL = np.array([[1.0, 0.0, -1.0], [2.0, 1.0, 0.5]])
BIAS = np.array([0.5, -1.0, 0.0])
# Without bias: [[5, 2, 0], [-5, -4, -5]].
DENSES = {
    "linear": (False, "linear", [[5, 2, 0], [-5, -4, -5]]),
    "bias": (True, "linear", [[5.5, 1, 0], [-4.5, -5, -5]]),
    "relu": (True, "relu", [[5.5, 1, 0], [0, 0, 0]]),
    "tanh": (False, "tanh", np.tanh([[5, 2, 0], [-5, -4, -5]])),
    "sigmoid": (True, "sigmoid", 1 / (1 + np.exp(-np.array([[5.5, 1, 0], [-4.5, -5, -5]])))),
}


def dense(backend: Backend, row: str, shape: tuple[int, ...], dtype: str) -> Any:
    """Return the lowered op, its weights' tensors and the result by hand."""
    has_bias, activation, want = DENSES[row]
    shapes = (KERNEL.shape, BIAS.shape)[: 1 + has_bias]
    signature = Signature(input_shape=shape, weight_shapes=shapes, dtype=dtype)
    function = backend.lower(Dense(bias=has_bias, activation=activation), signature)
    arrays = (KERNEL, BIAS)[: 1 + has_bias]
    return function, [backend.variable(array, dtype) for array in arrays], want


@pytest.mark.parametrize("dtype", FLOAT_DTYPES)
@pytest.mark.parametrize("row", DENSES)
def test_dense(backend: Backend, row: str, dtype: str) -> None:
    """Of two, three and four axes, and of any batch."""
    ulps = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-21, "float64": 2.0**-50}
    with in_float64(backend.name):
        for inner in ((), (1,), (2, 2)):
            function, tensors, want = dense(backend, row, (*inner, 2), dtype)
            for batch in (2, 0):
                shape = (batch, *inner)
                x = np.broadcast_to(DENSE_X.reshape(2, *[1] * len(inner), 2)[:batch], (*shape, 2))
                result = function(backend.asarray(x, dtype), *tensors)
                assert backend.describe(result) == ((*shape, 3), dtype)
                got = np.asarray(backend.to_numpy(result)).astype(np.float64)
                expected = np.array(want, float).reshape(2, *[1] * len(inner), 3)[:batch]
                expected = np.broadcast_to(expected, (*shape, 3))
                np.testing.assert_allclose(got, expected, rtol=ulps[dtype], atol=1e-12)


@pytest.mark.parametrize("inner", [(), (3, 1)], ids=["matrix", "four axes"])
def test_the_gradients_of_dense(differentiable: Backend, inner: tuple[int, ...]) -> None:
    """G K', X' G and the sum of G, which is all ones; three times of it in four axes."""
    function, tensors, _ = dense(differentiable, "bias", (*inner, 2), "float32")
    functions: Any = differentiable.functions
    x = np.broadcast_to(DENSE_X.reshape(2, *[1] * len(inner), 2), (2, *inner, 2))
    every = [differentiable.variable(x, "float32"), *tensors]
    _, got = differentiable.value_and_grad(lambda t: (functions["sum"](function(*t)), ()))(every)
    of_x, of_kernel, of_bias = (np.asarray(differentiable.to_numpy(g)) for g in got)
    times = math.prod(inner)
    np.testing.assert_array_equal(of_x, np.broadcast_to([0.0, 3.5], x.shape))
    np.testing.assert_array_equal(of_kernel, times * np.array([[4.0] * 3, [-2.0] * 3]))
    np.testing.assert_array_equal(of_bias, times * np.array([2.0, 2.0, 2.0]))


def test_dense_in_half_precision_is_summed_in_float32(backend: Backend) -> None:
    """300 * 300 overflows in float16; less as much again, plus 0.5, it is rounded at its end."""
    x, kernel = np.array([[300.0, 300.0, 0.5]]), np.array([[300.0], [-300.0], [1.0]])
    signature = Signature(input_shape=(3,), weight_shapes=((3, 1),), dtype="float16")
    function: Any = backend.lower(Dense(bias=False, activation="linear"), signature)
    result = function(backend.asarray(x, "float16"), backend.asarray(kernel, "float16"))
    assert np.asarray(backend.to_numpy(result)).tolist() == [[0.5]]
