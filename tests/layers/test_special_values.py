"""NaN, infinities and long sums of half precision: where backends part most easily."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import convdispatch
from convdispatch import layers
from convdispatch.ops import Backend


@pytest.mark.parametrize("special", [np.nan, np.inf])
@pytest.mark.parametrize("factor", [2, 3])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_bilinear_spreads_a_special_value_to_its_neighbours_only(
    special: float, factor: int, data_format: str, backend_name: str
) -> None:
    """One bad cell in a corner leaves all but the samples next to it as they were."""
    image = np.ones((1, 6, 6, 1), "float32")
    image[0, 0, 0, 0] = special
    is_last = data_format == "channels_last"
    layer = layers.UpSampling2D(factor, data_format, interpolation="bilinear", backend=backend_name)
    enlarged = convdispatch.to_numpy(layer(image if is_last else image.transpose(0, 3, 1, 2)))
    cells = enlarged.reshape(6 * factor, 6 * factor)
    reach = factor + factor // 2  # the cell's own samples, and half of those of its neighbour
    is_beyond = np.ones_like(cells, bool)
    is_beyond[:reach, :reach] = False
    assert np.all(cells[is_beyond] == 1)
    assert not np.isfinite(cells[0, 0])


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("axis", [(0,), (0, 1), None], ids=str)
@pytest.mark.parametrize("name", ["sum", "mean"])
def test_half_precision_is_summed_in_float32(
    name: str, axis: Any, dtype: str, backend: Backend
) -> None:
    """4096 ones are 4096 in every element type and along any axis."""
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes", reason="gives NumPy bfloat16")
    ones = backend.asarray(np.ones((4096, 1), "float32"), dtype)
    result = backend.to_numpy(backend.functions[name](ones, axis=axis))
    assert result.dtype.name == dtype
    assert result.astype("float32").item() == (4096 if name == "sum" else 1)


def test_a_float64_tensor_is_refused_where_jax_would_round_it() -> None:
    """An array made while JAX's x64 mode was on is not computed with in float32 after it."""
    jax = pytest.importorskip("jax")
    layer = layers.Conv1D(1, 1, dtype="float64", backend="jax")
    with jax.enable_x64(True):
        tensor = jax.numpy.ones((1, 4, 1), "float64")
        assert layer(tensor).dtype == "float64"
    with jax.enable_x64(False), pytest.raises(convdispatch.errors.UnsupportedOp, match="x64"):
        layer(tensor)


def test_a_torch_module_freezes_the_weights_of_frozen_layers() -> None:
    """An optimizer given the module's parameters leaves those of `trainable=False` alone."""
    pytest.importorskip("torch")
    from convdispatch_torch import as_module

    layer = layers.Conv1D(1, 1, backend="torch", trainable=False, input_shape=(4, 1))
    layer.build((None, 4, 1))
    assert [p.requires_grad for p in as_module(layer).parameters()] == [False, False]
    layer.trainable = True
    assert [p.requires_grad for p in as_module(layer).parameters()] == [True, True]
