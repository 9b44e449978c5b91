"""JAX's dense layers, pooling and resampling: for any batch, and by which primitives."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import op_definitions as definitions
import pytest

pytest.importorskip("jax", reason="its backend is not installed")

from convdispatch.ops import Dense, Op, Pool, Resize, Signature, Upsample
from convdispatch.registry import registry

jax: Any = importlib.import_module("jax")

POOL = Pool(
    kind="max",
    size=(3, 2),
    strides=(2, 2),
    pads=((1, 1), (0, 1)),
    counts_pads=False,
    channels_last=True,
)
RESIZE = Resize(
    output_size=(3, 7), interpolation="bilinear", coordinates="half_pixel", channels_last=True
)


def lowered(op: Op, *weight_shapes: tuple[int, ...]) -> Any:
    """Return the backend's function for images of 4 x 5 cells and two channels."""
    signature = Signature(input_shape=(4, 5, 2), weight_shapes=weight_shapes, dtype="float32")
    return registry.load("jax").lower(op, signature)


def images(batch: int) -> Any:
    """Return small whole numbers."""
    numbers = np.random.default_rng(1).integers(-3, 4, (batch, 4, 5, 2))
    return numbers.astype(np.float32)


def test_one_exported_function_serves_any_batch() -> None:
    """Whose size is a symbol."""
    export = importlib.import_module("jax.export")
    (batch,) = export.symbolic_shape("batch")
    kernel = np.array([[1, 2, 3], [-1, 0, 4]], np.float32)
    symbolic = jax.ShapeDtypeStruct((batch, 4, 5, 2), "float32")
    dense = lowered(Dense(bias=False, activation="relu"), kernel.shape)
    for function, define in (
        (lowered(POOL), lambda x: definitions.pooled(x, POOL)),
        (lowered(RESIZE), lambda x: definitions.resized(x, RESIZE)),
        (lambda x: dense(x, kernel), lambda x: np.maximum(x @ kernel, 0)),
    ):
        exported = export.export(jax.jit(function))(symbolic)
        for count in (1, 3):
            x = images(count)
            np.testing.assert_allclose(exported.call(x), define(x), rtol=1e-6, atol=1e-6)


def test_pooling_needs_no_window_of_xlas() -> None:
    """Its `reduce_window` takes two to four times as long, and its gradient twenty."""
    function = lowered(POOL)
    gradient = jax.grad(lambda x: function(x).sum())
    assert "reduce_window" not in str(jax.make_jaxpr(function)(images(1)))
    assert "select_and" not in str(jax.make_jaxpr(gradient)(images(1)))


def test_the_gradient_of_repeated_cells_is_a_sum() -> None:
    """And not a scattering, which takes ten times as long and more."""
    op = Upsample(factors=(2, 3), interpolation="nearest", channels_last=True)
    function = lowered(op)
    gradient = jax.grad(lambda x: function(x).sum())
    assert "scatter" not in str(jax.make_jaxpr(gradient)(images(1)))
    np.testing.assert_array_equal(gradient(images(1)), np.full((1, 4, 5, 2), 6.0))
