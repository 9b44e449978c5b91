"""JAX's table of functions: types that are a mode, symbolic sizes, transformations."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

pytest.importorskip("jax", reason="its backend is not installed")

from convdispatch.errors import UnsupportedOp
from convdispatch.ops import Backend
from convdispatch.registry import registry

jax: Any = importlib.import_module("jax")


@pytest.fixture
def jax_backend() -> Backend:
    """Give the backend."""
    return registry.load("jax")


@pytest.mark.parametrize("dtype", ["int64", "float64"])
def test_types_of_64_bits_need_the_mode(jax_backend: Backend, dtype: str) -> None:
    """Without it JAX would give 32 bits, in silence or with a warning."""
    x = jax_backend.asarray(np.array([0, 1]), "int32")
    one_hot = jax_backend.functions["one_hot"]
    with jax.enable_x64(False):
        for convert in (
            lambda: jax_backend.asarray(np.array([1]), dtype),
            lambda: jax_backend.cast(x, dtype),
            lambda: one_hot(x, 2, dtype),
        ):
            with pytest.raises(UnsupportedOp, match=f"does not support {dtype} now.*X64"):
                convert()
    with jax.enable_x64(True):
        assert jax_backend.asarray(np.array([2**40]), dtype).tolist() == [2**40]


def test_symbolic_sizes_pass_through(jax_backend: Backend) -> None:
    """`reshape` and `pad` take what `shape` gives."""
    f: Any = jax_backend.functions
    export = importlib.import_module("jax.export")
    (rows,) = export.symbolic_shape("rows")

    def function(x: Any) -> Any:
        rows, columns = f["shape"](x)
        padded = f["pad"](x, [(0, rows), (0, 1)], 7.0)
        taken = f["take"](f["reshape"](padded, (2, rows, columns + 1)), np.array([1, 0]), 0)
        return f["take"](taken, np.array([0, 2]), 2)

    exported = export.export(jax.jit(function))(jax.ShapeDtypeStruct((rows, 3), "float32"))
    x = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    want = np.pad(x, [(0, 2), (0, 1)], constant_values=7).reshape(2, 2, 4)[::-1, :, [0, 2]]
    np.testing.assert_array_equal(np.asarray(exported.call(x)), want)


def test_derivatives_of_powers_at_zero(jax_backend: Backend) -> None:
    """Of x**0, x**1, x**2 and x**3, times x, to the second order, forwards over backwards."""
    power = jax_backend.functions["power"]
    for exponent, first, second in ((0.0, 1, 0), (1, 0, 2), (2.0, 0, 0), (3, 0, 0)):
        slope = jax.grad(lambda x, exponent=exponent: power(x, exponent) * x)
        value, curvature = jax.jvp(slope, (np.float32(0),), (np.float32(1),))
        assert (float(value), float(curvature)) == (first, second)


def test_even_cells_are_taken_by_a_slice(jax_backend: Backend) -> None:
    """Whose gradient adds nothing up."""
    take = jax_backend.functions["take"]
    x = np.ones((2, 6), np.float32)
    for indices, primitive in ((np.array([1, 3, 5]), "slice"), (np.array([1, 1]), "gather")):
        jaxpr = str(jax.make_jaxpr(lambda x, at=indices: take(x, at, 1))(x))
        assert (primitive in jaxpr, "gather" in jaxpr) == (True, primitive == "gather")
