"""TensorFlow's own kernels pool: any batch, under XLA, with what they leave out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convdispatch.ops import FLOAT_DTYPES, Pool, Signature
from convdispatch.registry import registry

NAN, INF = float("nan"), float("inf")


@pytest.fixture
def tf(all_backends: tuple[str, ...]) -> Any:
    """Give TensorFlow, or skip where it is not among the backends under test."""
    if "tensorflow" not in all_backends:
        pytest.skip("its backend is not installed")
    return pytest.importorskip("tensorflow")


def lowered(
    kind: str, pads: tuple[int, int], *, counts_pads: bool = False, dtype: str = "float32"
) -> Any:
    """Return the pooling of windows of two cells, one after the other, of eight in a row."""
    op = Pool(
        kind=kind,
        size=(1, 2),
        strides=(1, 2),
        pads=((0, 0), pads),
        counts_pads=counts_pads,
        channels_last=True,
    )
    signature = Signature(input_shape=(1, 8, 1), weight_shapes=(), dtype=dtype)
    return registry.load("tensorflow").lower(op, signature)


@pytest.mark.parametrize(
    ("kind", "pads", "counts_pads", "kernel"),
    [
        ("max", (1, 1), False, "MaxPool"),
        ("average", (1, 1), True, "AvgPool"),
        ("average", (0, 0), False, "AvgPool"),
        ("average", (1, 1), False, "Conv2D"),
        ("sum", (1, 1), False, "Conv2D"),
    ],
)
def test_the_framework_pools(
    tf: Any, kind: str, pads: tuple[int, int], counts_pads: bool, kernel: str
) -> None:
    """By one of its kernels for any batch, and not by slices."""
    traced = tf.function(lowered(kind, pads, counts_pads=counts_pads), autograph=False)
    concrete = traced.get_concrete_function(tf.TensorSpec((None, 1, 8, 1), "float32"))
    graph = concrete.graph.as_graph_def()
    nodes = [*graph.node, *(node for one in graph.library.function for node in one.node_def)]
    kinds = {node.op for node in nodes}
    assert kernel in kinds
    assert "GatherV2" not in kinds
    count = 4 + (pads[0] > 0)
    assert concrete(tf.zeros((3, 1, 8, 1))).shape == (3, 1, count, 1)
    assert concrete(tf.zeros((0, 1, 8, 1))).shape == (0, 1, count, 1)


@pytest.mark.parametrize("dtype", FLOAT_DTYPES)
@pytest.mark.parametrize("is_compiled_by_xla", [False, True], ids=["graph", "xla"])
def test_maxima_of_what_is_no_number(tf: Any, is_compiled_by_xla: bool, dtype: str) -> None:
    """NaN wins over infinity, -inf stays; gradients go to the first of the largest, to no pad."""
    pool = lowered("max", (1, 1), dtype=dtype)
    weights = tf.constant([1.0, 2, 3, 4, 5], dtype)

    @tf.function(autograph=False, jit_compile=is_compiled_by_xla)
    def both(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = pool(x)
        return y, tape.gradient(y, x, tf.reshape(weights, y.shape))

    x = tf.reshape(tf.constant([-INF, NAN, INF, -INF, -INF, 7.0, 7.0, INF], dtype), (1, 1, 8, 1))
    y, gradient = both(x)
    np.testing.assert_array_equal(np.ravel(tf.cast(y, "float32")), [-INF, NAN, -INF, 7, INF])
    np.testing.assert_array_equal(np.ravel(tf.cast(gradient, "float32")), [1, 2, 0, 3, 0, 4, 0, 5])


def test_the_lowest_number_is_no_infinity(tf: Any) -> None:
    """Nor the largest one."""
    limits = np.finfo(np.float32)
    x = np.array([limits.min, -INF, limits.max, 0, 0, 0, INF, limits.max], np.float32)
    y = lowered("max", (0, 0))(tf.reshape(tf.constant(x), (1, 1, 8, 1)))
    np.testing.assert_array_equal(np.ravel(y), [limits.min, limits.max, 0, INF])


@pytest.mark.parametrize("odd", [float("nan"), float("-inf"), float("inf"), 1e30, -3.4028235e38])
def test_maxima_are_the_same_beside_other_images(tf: Any, odd: float) -> None:
    """Images of usual numbers, which TensorFlow's kernels alone compute, and beside an odd one."""
    pool = lowered("max", (1, 1))
    usual = np.random.default_rng(0).normal(size=(3, 1, 8, 1)).astype("float32")
    weights = tf.constant([1.0, 2, 3, 4, 5])[:, None]

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def both(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = pool(x)
        return y, tape.gradient(y, x, output_gradients=tf.ones_like(y) * weights)

    beside = np.concatenate([usual, np.full((1, 1, 8, 1), odd, "float32")])
    alone, joined = both(tf.constant(usual)), both(tf.constant(beside))
    padded = np.pad(usual.reshape(3, 8), [(0, 0), (1, 1)], constant_values=-np.inf)
    expected = padded.reshape(3, 5, 2).max(axis=2)
    np.testing.assert_array_equal(alone[0].numpy().reshape(3, 5), expected)
    for one, other in zip(alone, joined, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy()[:3])
