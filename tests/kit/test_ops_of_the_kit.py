"""Dense, Pool and Resize as `kit` derives them of each backend's functions, and as lowered.

Values, gradients and second gradients against definitions in loops; half precision; empty batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import op_definitions as definitions
import pytest
from precision import in_float64

from convdispatch import kit
from convdispatch.ops import HALF_DTYPES, Backend, Dense, Op, Pool, Resize, Signature

NAN, INF = float("nan"), float("inf")
Lower = Callable[[Op, Signature, Backend], Callable[..., Any]]


WAYS: dict[str, Lower] = {
    "own": lambda op, signature, backend: backend.lower(op, signature),
    "derived": kit.derived,
}
EVERY_WAY = pytest.mark.parametrize("way", WAYS)


def pool(kind: str, size: Any, strides: Any, pads: Any, *, last: bool = True, **given: Any) -> Pool:
    """Return the op."""
    fields = {"counts_pads": False, "channels_last": last, **given}
    return Pool(kind=kind, size=size, strides=strides, pads=pads, **fields)


def resize(size: Any, interpolation: str, coordinates: str, *, last: bool = True) -> Resize:
    """Return the op."""
    return Resize(
        output_size=size, interpolation=interpolation, coordinates=coordinates, channels_last=last
    )


# id: the op and the spatial cells of its input
POOLS: dict[str, tuple[Pool, tuple[int, ...]]] = {
    f"{kind}-{name}": (
        pool(kind.removesuffix("-of-all"), *sizes, last=last, counts_pads=kind.endswith("all")),
        cells,
    )
    for name, sizes, cells, last in [
        ("1d", ((2,), (2,), ((0, 0),)), (5,), True),
        ("1d-one-sided", ((3,), (1,), ((2, 0),)), (4,), False),
        ("2d", ((2, 2), (2, 2), ((0, 0), (0, 0))), (4, 6), True),
        ("2d-odd-cell-last", ((3, 2), (2, 2), ((0, 1), (0, 1))), (4, 3), True),
        ("2d-odd-cell-first", ((2, 3), (1, 2), ((1, 0), (2, 1))), (3, 4), False),
        ("2d-cropped", ((2, 2), (1, 1), ((-1, 1), (1, -1))), (4, 4), True),
        ("2d-cells-left-over", ((2, 1), (3, 2), ((1, 0), (0, 0))), (6, 4), False),
        ("2d-whole-image", ((4, 3), (1, 1), ((0, 0), (0, 0))), (4, 3), True),
        ("2d-pads-on-all-sides", ((3, 3), (2, 2), ((1, 1), (1, 1))), (5, 5), False),
        ("3d", ((1, 2, 2), (1, 2, 1), ((0, 0), (1, 0), (0, 1))), (2, 3, 2), True),
    ]
    for kind in ("max", "sum", "average", "average-of-all")
}
RESIZES: dict[str, tuple[Resize, tuple[int, ...]]] = {
    f"{interpolation}-{coordinates}-{len(cells)}d-{'last' if last else 'first'}": (
        resize(size, interpolation, coordinates, last=last),
        cells,
    )
    for interpolation in ("nearest", "bilinear")
    for coordinates in ("half_pixel", "asymmetric", "corners")
    for size, cells, last in [
        ((5, 2), (3, 4), True),
        ((7,), (3,), False),
        ((2, 3, 1), (2, 2, 2), True),
    ]
}
OPS: dict[str, tuple[Any, tuple[int, ...]]] = {**POOLS, **RESIZES}
FEW = ["max-2d-odd-cell-first", "average-2d-odd-cell-last", "sum-3d", "bilinear-half_pixel-2d-last"]


@pytest.fixture
def backend(backend: Backend, request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Give each backend in turn, with its 64-bit types.

    Where each case is compiled for a second or more, a few derivations are enough: what such a
    backend lowers itself is asked in `test_dense_pool_resize`.
    """
    asked = request.node.callspec.params
    is_slow = backend.name in ("jax", "tensorflow")
    if is_slow and (asked["way"] == "own" or asked.get("case", FEW[0]) not in FEW):
        pytest.skip("a few derivations are enough where each takes a second to compile")
    with in_float64(backend.name):
        yield backend


def image(op: Any, cells: tuple[int, ...], *, batch: int = 2) -> Any:
    """Return small whole numbers, of which several are the largest of a window."""
    shape = (batch, *cells, 3)
    x = np.random.default_rng(5).integers(-2, 3, shape).astype(float)
    return x if op.channels_last else np.moveaxis(x, -1, 1)


def signature(op: Any, cells: tuple[int, ...], dtype: str) -> Signature:
    """Return that of `image`, for any batch."""
    return Signature(input_shape=image(op, cells).shape[1:], weight_shapes=(), dtype=dtype)


def last(x: Any, op: Any) -> Any:
    """Return a channels-last view of the op's input or result."""
    return x if op.channels_last else np.moveaxis(x, 1, -1)


def defined(x: Any, op: Any) -> Any:
    """Return the result by definition, in the op's layout."""
    compute: Any = definitions.pooled if isinstance(op, Pool) else definitions.resized
    return last_back(compute(last(x, op), op), op)


def defined_gradient(x: Any, cotangent: Any, op: Any) -> Any:
    """Return the gradient of sum(cotangent * op(x)) by definition, in the op's layout."""
    g = last(cotangent, op)
    if isinstance(op, Pool):
        return last_back(definitions.pooled_gradient(last(x, op), g, op), op)
    return last_back(definitions.resized_gradient(last(x, op).shape, g, op), op)


def last_back(y: Any, op: Any) -> Any:
    """Return a channels-last array in the op's layout."""
    return y if op.channels_last else np.moveaxis(y, -1, 1)


@EVERY_WAY
@pytest.mark.parametrize("case", OPS)
def test_the_result_is_the_definition(backend: Backend, way: str, case: str) -> None:
    """In float32 and float64, to their rounding."""
    op, cells = OPS[case]
    x = image(op, cells)
    for dtype, error in (("float32", 1e-6), ("float64", 1e-14)):
        lowered = WAYS[way](op, signature(op, cells, dtype), backend)
        y = lowered(backend.asarray(x, dtype))
        assert backend.describe(y)[1] == dtype
        np.testing.assert_allclose(backend.to_numpy(y), defined(x, op), rtol=error, atol=error)


@EVERY_WAY
@pytest.mark.parametrize("case", OPS)
def test_the_gradients_are_the_definition(differentiable: Backend, way: str, case: str) -> None:
    """Of sum(w * y * y) / 2, and of that gradient's product with a direction."""
    backend = differentiable
    op, cells = OPS[case]
    x, y = image(op, cells), defined(image(op, cells), op)
    w = np.arange(y.size).reshape(y.shape) % 5 - 1.0
    direction = np.arange(x.size).reshape(x.shape) % 3 - 1.0
    with in_float64(backend.name):
        lowered = WAYS[way](op, signature(op, cells, "float64"), backend)
        weights, along = (backend.asarray(a, "float64") for a in (w, direction))
        total: Any = backend.functions["sum"]

        def loss(tensors: Any) -> Any:
            result: Any = lowered(tensors[0])
            return total(weights * result * result) / 2, ()

        def slope(tensors: Any) -> Any:
            return total(backend.value_and_grad(loss)(tensors)[1][0] * along), ()

        variable = backend.variable(x, "float64")
        _, (first,) = backend.value_and_grad(loss)([variable])
        _, (second,) = backend.value_and_grad(slope)([variable])
        got = [backend.to_numpy(tensor) for tensor in (first, second)]
    np.testing.assert_allclose(got[0], defined_gradient(x, w * y, op), atol=1e-12)
    # Where the op is linear, and a maximum is so nearby.
    along_y = linear(x, direction, op)
    np.testing.assert_allclose(got[1], defined_gradient(x, w * along_y, op), atol=1e-12)


def linear(x: Any, direction: Any, op: Any) -> Any:
    """Return by how much op(x) changes along a direction: for a maximum, that of its first cell."""
    if not isinstance(op, Pool) or op.kind != "max":
        return defined(direction, op)
    y = defined(x, op)
    changes = np.zeros_like(y)
    for place in np.ndindex(*y.shape):
        one = np.zeros_like(y)
        one[place] = 1
        changes[place] = (defined_gradient(x, one, op) * direction).sum()
    return changes


@EVERY_WAY
@pytest.mark.parametrize("case", FEW)
@pytest.mark.parametrize("dtype", HALF_DTYPES)
def test_half_precision_is_rounded_once(
    differentiable: Backend, way: str, case: str, dtype: str
) -> None:
    """Result and gradient are those of float32, rounded."""
    backend = differentiable
    op, cells = OPS[case]
    x = image(op, cells) / 3
    total: Any = backend.functions["sum"]

    def both(dtype: str, x: Any) -> list[Any]:
        lowered = WAYS[way](op, signature(op, cells, dtype), backend)
        variable = backend.variable(x, dtype)

        def loss(tensors: Any) -> Any:
            y = backend.cast(lowered(tensors[0]), "float32")
            return total(y * y), ()  # type: ignore[operator]  # tensors multiply

        return [lowered(variable), backend.value_and_grad(loss)([variable])[1][0]]

    narrow = np.asarray(backend.to_numpy(backend.asarray(x, dtype)))
    half, single = both(dtype, narrow), both("float32", narrow)
    got, want = (
        np.asarray(backend.to_numpy(backend.cast(a, dtype))).astype(np.float32)
        for a in (half[0], single[0])
    )
    np.testing.assert_array_equal(got, want)
    # The loss reads a rounded result, so that its gradient is off by that; no sum is in half.
    step = 2.0**-10 if dtype == "float16" else 2.0**-7
    got, want = (np.asarray(backend.to_numpy(a)).astype(np.float32) for a in (half[1], single[1]))
    np.testing.assert_allclose(got, want, rtol=2 * step, atol=2 * step)


@EVERY_WAY
@pytest.mark.parametrize("case", FEW)
def test_a_batch_may_be_empty(backend: Backend, way: str, case: str) -> None:
    """The function of one signature serves every batch."""
    op, cells = OPS[case]
    lowered = WAYS[way](op, signature(op, cells, "float32"), backend)
    y = lowered(backend.asarray(image(op, cells, batch=0), "float32"))
    assert np.shape(backend.to_numpy(y)) == (0, *defined(image(op, cells), op).shape[1:])


@EVERY_WAY
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_nan_and_infinity_in_a_maximum(backend: Backend, way: str, dtype: str) -> None:
    """NaN is a window's maximum wherever it lies in it; pads are in none, though all be -inf."""
    x = np.array([[1, NAN, 2], [-INF, 3, INF], [NAN, NAN, -INF], [-INF, -INF, -INF]]).T
    op = pool("max", (2,), (1,), ((1, 0),))
    signature = Signature(input_shape=(3, 4), weight_shapes=(), dtype=dtype)
    y = WAYS[way](op, signature, backend)(backend.asarray(x[None], dtype))
    want = np.array([[1, NAN, NAN], [-INF, 3, INF], [NAN, NAN, NAN], [-INF, -INF, -INF]]).T
    np.testing.assert_array_equal(backend.to_numpy(y)[0], want)


@EVERY_WAY
@pytest.mark.parametrize("pads", [((1, 1), (1, 1)), ((1, 0), (0, 2)), ((0, 0), (2, 0))])
def test_the_gradient_of_a_maximum_never_goes_to_a_pad(
    differentiable: Backend, way: str, pads: Any
) -> None:
    """Not even where all of a window is -inf: it goes to the window's first cell."""
    backend = differentiable
    op = pool("max", (2, 3), (1, 2), pads)
    x = np.full((1, 3, 5, 1), -INF)
    y = defined(x, op)
    with in_float64(backend.name):
        lowered = WAYS[way](
            op, Signature(input_shape=(3, 5, 1), weight_shapes=(), dtype="float64"), backend
        )
        total: Any = backend.functions["sum"]
        _, (gradient,) = backend.value_and_grad(lambda t: (total(lowered(t[0])), ()))(
            [backend.variable(x, "float64")]
        )
        got = backend.to_numpy(gradient)
    np.testing.assert_array_equal(got, definitions.pooled_gradient(x, np.ones_like(y), op))


@EVERY_WAY
@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4)])
@pytest.mark.parametrize("activation", ["linear", "relu"])
def test_dense_multiplies_the_last_axis(
    differentiable: Backend, way: str, shape: tuple[int, ...], activation: str
) -> None:
    """With bias and activation, and all its gradients, for any batch."""
    backend = differentiable
    rng = np.random.default_rng(4)
    x, kernel, bias = (rng.integers(-3, 4, s).astype(float) for s in ((2, *shape), (4, 5), (5,)))
    op = Dense(bias=True, activation=activation)
    signature = Signature(input_shape=shape, weight_shapes=((4, 5), (5,)), dtype="float32")
    y = x @ kernel + bias
    slope = np.ones_like(y) if activation == "linear" else (y > 0).astype(float)
    y = y * slope
    lowered = WAYS[way](op, signature, backend)
    tensors = [backend.variable(a, "float32") for a in (x, kernel, bias)]
    np.testing.assert_array_equal(backend.to_numpy(lowered(*tensors)), y)
    total: Any = backend.functions["sum"]

    def loss(tensors: Any) -> Any:
        result: Any = lowered(*tensors)
        return total(result * result), ()

    _, gradients = backend.value_and_grad(loss)(tensors)
    rows, upstream = x.reshape(-1, 4), (2 * y * slope).reshape(-1, 5)
    want = [(2 * y * slope) @ kernel.T, rows.T @ upstream, upstream.sum(0)]
    for got, right in zip(gradients, want, strict=True):
        np.testing.assert_array_equal(backend.to_numpy(got), right)
    empty = lowered(backend.asarray(x[:0], "float32"), *tensors[1:])
    assert np.shape(backend.to_numpy(empty)) == (0, *shape[:-1], 5)


@EVERY_WAY
def test_dense_in_half_precision_is_rounded_once(backend: Backend, way: str) -> None:
    """A sum may pass 65504 on its way, and the bias is added to it before it is rounded."""
    for x, kernel, bias, want in [
        ([300.0, 300.0, 0.5], [300.0, -300.0, 1.0], 0.0, 0.5),
        ([2048.0, 1.0, 0.0], [1.0, 1.0, 1.0], 1.0, 2050.0),
    ]:
        op = Dense(bias=True, activation="linear")
        signature = Signature(input_shape=(3,), weight_shapes=((3, 1), (1,)), dtype="float16")
        arrays = ([x], [[weight] for weight in kernel], [bias])
        tensors = [backend.asarray(np.array(array), "float16") for array in arrays]
        assert backend.to_numpy(WAYS[way](op, signature, backend)(*tensors)).tolist() == [[want]]
