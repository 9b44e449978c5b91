"""Noise: pure in its key, right in its moments, idle outside of training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convdispatch import keras1, layers
from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.ops import Backend

N = 200 * 50
ONES = np.ones((200, 50), np.float32)
EACH = pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("GaussianNoise", {"stddev": 0.5}),
        ("GaussianDropout", {"rate": 0.5}),
        ("AlphaDropout", {"rate": 0.25}),
    ],
)


def trained(backend: Backend, layer: Any, x: Any, *numbers: int) -> Any:
    """Return what the layer gives in training with that key, as an array."""
    key = backend.asarray(np.array(numbers or (1, 2), np.int32), "int32")
    outputs, effects = layer.apply_training([], x, key)
    assert (effects.updates, effects.losses) == ({}, ())
    return np.asarray(backend.to_numpy(outputs), np.float64)


@EACH
def test_a_call_returns_its_input(backend: Backend, name: str, arguments: Any) -> None:
    """Bit by bit."""
    layer = getattr(layers, name)(backend=backend.name, **arguments)
    x = np.array([[1.5, -0.0, np.inf]], np.float32)
    np.testing.assert_array_equal(backend.to_numpy(layer(x)), x)


@EACH
def test_the_key_and_the_seed_decide(backend: Backend, name: str, arguments: Any) -> None:
    """The same ones, the same numbers; others, others."""
    drawn = [
        trained(
            backend, getattr(layers, name)(seed=seed, backend=backend.name, **arguments), ONES, *key
        )
        for seed, key in ((3, (1, 2)), (3, (1, 2)), (4, (1, 2)), (3, (1, 3)))
    ]
    assert (drawn[0] == drawn[1]).all()
    assert not (drawn[0] == drawn[2]).all()
    assert not (drawn[0] == drawn[3]).all()


@pytest.mark.parametrize(
    ("name", "arguments", "mean", "deviation"),
    [
        ("GaussianNoise", {"stddev": 0.5}, 3.0, 0.5),
        ("GaussianDropout", {"rate": 0.2}, 3.0, 3.0 * 0.5),  # 3 sqrt(0.2 / 0.8)
    ],
)
def test_noise_has_its_moments(
    backend: Backend, name: str, arguments: Any, mean: float, deviation: float
) -> None:
    """Of 10,000 numbers, within five standard deviations."""
    got = trained(backend, getattr(layers, name)(backend=backend.name, **arguments), 3 * ONES)
    assert abs(got.mean() - mean) < 5 * deviation / np.sqrt(N)
    assert abs(got.std() / deviation - 1) < 5 / np.sqrt(2 * N)
    assert abs(((got - mean) ** 3).mean()) < 5 * deviation**3 * np.sqrt(15 / N)  # symmetric


def test_alpha_dropout_keeps_mean_and_variance(backend: Backend) -> None:
    """Of normally distributed numbers; those left out have one value, selu's least one moved."""
    x = np.random.default_rng(0).normal(size=(200, 50)).astype("float32")
    got = trained(backend, layers.AlphaDropout(0.25, backend=backend.name), x)
    least = -1.7580993408473766  # -alpha * scale of selu
    scale = (0.75 * (1 + 0.25 * least**2)) ** -0.5
    values, counts = np.unique(got.round(5), return_counts=True)
    left_out = scale * least - scale * least * 0.25
    assert values[counts.argmax()] == pytest.approx(left_out, abs=2e-5)
    assert abs(counts.max() / N - 0.25) < 5 * np.sqrt(0.25 * 0.75 / N)
    assert abs(got.mean() - 0.0) < 0.05
    assert abs(got.std() - 1.0) < 0.05
    kept = np.abs(got - left_out) > 1e-5
    np.testing.assert_allclose(
        got[kept], scale * x[kept].astype(float) - scale * least * 0.25, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_spatial_dropout_leaves_out_whole_channels(
    backend: Backend, rank: int, data_format: str
) -> None:
    """Each channel of each sample is 0 or 2 everywhere, and a half of them is 0."""
    options: dict[str, Any] = {} if rank == 1 else {"data_format": data_format}
    layer = getattr(layers, f"SpatialDropout{rank}D")(0.5, backend=backend.name, **options)
    cells = (3, 2, 2)[:rank]
    is_last = rank == 1 or data_format == "channels_last"
    x = np.ones((40, *cells, 50) if is_last else (40, 50, *cells), np.float32)
    got = trained(backend, layer, x)
    spatial = tuple(range(1, rank + 1)) if is_last else tuple(range(2, rank + 2))
    low, high = got.min(axis=spatial), got.max(axis=spatial)
    np.testing.assert_array_equal(low, high)
    assert set(np.unique(low)) == {0.0, 2.0}
    assert abs((low == 0).mean() - 0.5) < 5 * np.sqrt(0.25 / low.size)


def test_spatial_dropout_refuses_another_rank() -> None:
    """And says which it takes."""
    layer = keras1.layers.SpatialDropout2D(0.5, dim_ordering="tf")
    with pytest.raises(InvalidShape, match=r"inputs with 4 axes .* received shape \(None, 3\)"):
        layer.build((None, 3))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_rounded_once(backend: Backend, dtype: str) -> None:
    """1 + 0.001 * n, of which a sum in half precision would keep only some steps."""
    layer = layers.GaussianDropout(0.5, backend=backend.name, dtype=dtype)
    wide = layers.GaussianDropout(0.5, backend=backend.name)
    x = backend.asarray(3 * ONES, dtype)
    got = trained(backend, layer, x)
    expected = trained(backend, wide, 3 * ONES)
    rounded = backend.to_numpy(backend.cast(backend.asarray(expected, "float32"), dtype))
    np.testing.assert_array_equal(got, rounded.astype("float64"))


def test_bad_arguments_are_refused() -> None:
    """By the user's own word."""
    with pytest.raises(InvalidArgument, match="`sigma` must be finite and at least 0"):
        keras1.layers.GaussianNoise(-1.0)
    with pytest.raises(InvalidArgument, match="`p` must be from 0 to 1"):
        keras1.layers.GaussianDropout(1.5)


def test_masks_pass_through() -> None:
    """Of the layers that change numbers where they are; Keras's rearranging layers refuse them."""
    named = "LeakyReLU ELU PReLU ReLU Softmax ThresholdedReLU"
    found = [getattr(layers, name)() for name in named.split()]
    found += [layers.SpatialDropout1D(0.5), layers.GaussianNoise(0.5), layers.AlphaDropout(0.5)]
    assert all(layer.makes_mask([True]) for layer in found)
    assert not any(
        layer.makes_mask([True])
        for layer in (layers.Reshape((2,)), layers.Permute((1,)), layers.RepeatVector(2))
    )
