"""NumPy's gradient of max pooling, which has its own formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convdispatch import kit
from convdispatch.ops import Pool, Signature
from convdispatch.registry import registry
from convdispatch_numpy import _maxima

pytest.importorskip("autograd", reason="gradients on NumPy need autograd")
INF, NAN = float("inf"), float("nan")


def pool(size: int, stride: int, pads: tuple[int, int] = (0, 0), *, axes: int = 1) -> Pool:
    """Return max pooling, alike along each axis."""
    return Pool(
        kind="max",
        size=(size,) * axes,
        strides=(stride,) * axes,
        pads=(pads,) * axes,
        counts_pads=False,
        channels_last=True,
    )


def gradient(function: Any, x: Any, cotangent: Any) -> Any:
    """Return the gradient of sum(cotangent * function(x))."""
    backend = registry.load("numpy")
    compute = backend.value_and_grad(
        lambda tensors: (backend.functions["sum"](function(tensors[0]) * cotangent), ())
    )
    return compute([x])[1][0]


@pytest.mark.parametrize(
    ("op", "line", "upstream", "expected"),
    [
        (pool(3, 1), [1, 3, 3, 2, 0], [1, 10, 100], [0, 11, 100, 0, 0]),
        (pool(2, 2), [1, 1, 0, -0.0], [1, 10], [1, 0, 10, 0]),
        (pool(2, 2), [NAN, 5, 7, NAN], [1, 10], [1, 0, 0, 10]),
        (pool(2, 2, (1, 1)), [-INF, -INF], [1, 10], [1, 10]),
        (pool(3, 3, (1, 0)), [2, 3, 4, INF, 4], [1, 10], [0, 1, 0, 10, 0]),
        (pool(2, 2), [1, 2, 3, 4], [INF, NAN], [0, INF, 0, NAN]),
    ],
    ids=["ties of overlapping windows", "equal", "NaN", "pads", "infinities", "upstream"],
)
def test_the_first_of_the_largest_gets_the_gradient(
    op: Pool, line: list[float], upstream: list[float], expected: list[float]
) -> None:
    """By hand. A pad never wins, not even over minus infinity."""
    x = np.array(line, "float64")[None, :, None]
    signature = Signature(input_shape=x.shape[1:], weight_shapes=(), dtype="float64")
    function = registry.load("numpy").lower(op, signature)
    found = gradient(function, x, np.array(upstream, "float64")[None, :, None])
    np.testing.assert_array_equal(found.ravel(), expected)


@pytest.mark.parametrize("samples_bytes", [1, 2**18])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize(
    "op", [pool(2, 2, axes=2), pool(3, 2, (1, 1), axes=2), pool(3, 1, (1, 2), axes=3)], ids=str
)
def test_both_orders_are_those_of_the_derivation(
    op: Pool, dtype: str, samples_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole numbers with many ties, in blocks of one sample and of all: the kit's is by taps."""
    monkeypatch.setattr(_maxima, "SAMPLES_BYTES", samples_bytes)
    backend = registry.load("numpy")
    numbers = np.random.default_rng(6)
    x = numbers.integers(-2, 3, (3, *(5 for _ in op.size), 2)).astype(dtype)
    signature = Signature(input_shape=x.shape[1:], weight_shapes=(), dtype=dtype)
    found, derived = backend.lower(op, signature), kit.derived(op, signature, backend)
    np.testing.assert_array_equal(found(x), derived(x))
    upstream = numbers.integers(-4, 5, found(x).shape).astype(dtype)
    along = numbers.integers(-4, 5, x.shape).astype(dtype)

    def first(function: Any) -> Any:
        return gradient(function, x, upstream)

    def second(function: Any) -> Any:
        """Return the gradient, in the upstream one, of the gradient's sum along a direction."""

        def along_x(weights: Any) -> Any:
            sums = backend.value_and_grad(
                lambda tensors: (backend.functions["sum"](function(tensors[0]) * weights), ())
            )
            return backend.functions["sum"](sums([x])[1][0] * along)

        return backend.value_and_grad(lambda tensors: (along_x(tensors[0]), ()))([upstream])[1][0]

    np.testing.assert_array_equal(first(found), first(derived))
    np.testing.assert_array_equal(second(found), second(derived))
    assert np.any(second(found))
