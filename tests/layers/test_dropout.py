"""Dropout: pure in its key, right in its mean, idle outside of training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convdispatch import Sequential, keras2, layers
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.ops import Backend

ONES = np.ones((200, 50), np.float32)


def key(backend: Backend, *numbers: int) -> Any:
    """Return a key of random numbers."""
    return backend.asarray(np.array(numbers or (1, 2), np.int32), "int32")


def dropped(backend: Backend, layer: Any, x: Any, *numbers: int) -> Any:
    """Return what the layer gives in training with that key, as an array."""
    outputs, effects = layer.apply_training([], x, key(backend, *numbers))
    assert (effects.updates, effects.losses) == ({}, ())
    return np.asarray(backend.to_numpy(outputs), np.float64)


def test_a_call_returns_its_input(backend: Backend) -> None:
    """Bit by bit."""
    layer = layers.Dropout(0.9, backend=backend.name)
    x = np.array([[1.5, -0.0, np.inf]], np.float32)
    np.testing.assert_array_equal(backend.to_numpy(layer(x)), x)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.75])
def test_numbers_are_left_out_or_enlarged(backend: Backend, rate: float) -> None:
    """By 1 / (1 - rate); of 10,000 the share left out is within five standard deviations."""
    got = dropped(backend, layers.Dropout(rate, backend=backend.name), ONES)
    kept = got[got != 0]
    np.testing.assert_allclose(kept, 1 / (1 - rate), rtol=1e-6)
    share = 1 - kept.size / got.size
    assert abs(share - rate) < 5 * np.sqrt(rate * (1 - rate) / got.size)


def test_the_key_decides(backend: Backend) -> None:
    """The same one, the same numbers; another one, others."""
    layer = layers.Dropout(0.5, backend=backend.name)
    first = dropped(backend, layer, ONES, 5, 6)
    assert (dropped(backend, layer, ONES, 5, 6) == first).all()
    other = dropped(backend, layer, ONES, 5, 7)
    assert abs((other == first).mean() - 0.5) < 0.025  # five standard deviations of 10,000 draws


def test_a_seed_is_mixed_into_the_key(backend: Backend) -> None:
    """Equal seeds draw equal numbers, others do not, and the key still counts."""
    drawn = [
        dropped(backend, layers.Dropout(0.5, seed=seed, backend=backend.name), ONES, *numbers)
        for seed, numbers in ((3, (1, 2)), (3, (1, 2)), (4, (1, 2)), (3, (1, 3)))
    ]
    assert (drawn[0] == drawn[1]).all()
    assert not (drawn[0] == drawn[2]).all()
    assert not (drawn[0] == drawn[3]).all()


def test_two_layers_of_a_model_draw_apart(backend: Backend) -> None:
    """Each folds its place into the key: both leave a quarter of the numbers."""
    model = Sequential([layers.Dropout(0.5), layers.Dropout(0.5)], backend=backend.name)
    model.build((None, 50))
    outputs, _ = model.apply_training([], ONES, key(backend))
    got = np.asarray(backend.to_numpy(outputs), np.float64)
    assert set(np.unique(got)) == {0.0, 4.0}
    assert abs((got > 0).mean() - 0.25) < 5 * np.sqrt(0.25 * 0.75 / got.size)


@pytest.mark.parametrize("noise_shape", [(None, 1, 2), (4, 1, None)])
def test_noise_shape_shares_a_draw_along_an_axis(
    backend: Backend, noise_shape: tuple[int | None, ...]
) -> None:
    """All steps of a sequence lose the same channels."""
    layer = layers.Dropout(0.5, noise_shape=noise_shape, backend=backend.name)
    got = dropped(backend, layer, np.ones((4, 30, 2), np.float32))
    assert (got == got[:, :1]).all()
    assert {*np.unique(got)} <= {0.0, 2.0}


@pytest.mark.parametrize(("door", "rate"), [(layers, 0), (keras2.layers, 0), (keras2.layers, 1)])
def test_a_rate_of_0_or_1_leaves_nothing_out(backend: Backend, door: Any, rate: int) -> None:
    """As in Keras 2.2.4, `0. < self.rate < 1.`; no key is needed for it."""
    layer = door.Dropout(rate, backend=backend.name)
    assert not layer.draws
    assert (dropped(backend, layer, ONES) == 1).all()


def test_a_rate_of_1_leaves_everything_out_in_keras_3(backend: Backend) -> None:
    """Zeros, also where the input is infinite."""
    x = np.array([[[1.0, np.inf], [np.nan, -2.0]]], np.float32)
    for layer in (layers.Dropout, layers.SpatialDropout1D):
        assert (dropped(backend, layer(1.0, backend=backend.name), x) == 0).all()


def test_gradients_go_through_what_is_kept(differentiable: Backend) -> None:
    """They are the mask divided by 1 - rate."""
    backend = differentiable
    layer = layers.Dropout(0.5, backend=backend.name)

    def total(tensors: Any) -> Any:
        outputs, _ = layer.apply_training([], tensors[0], key(backend))
        return backend.functions["sum"](outputs), outputs

    (_, outputs), (gradient,) = backend.value_and_grad(total)([backend.asarray(ONES, "float32")])
    np.testing.assert_array_equal(backend.to_numpy(gradient), backend.to_numpy(outputs))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"rate": 1.5}, InvalidArgument, "`rate` must be from 0 to 1; received 1.5"),
        ({"rate": "half"}, InvalidType, "`rate` must be a number; received 'half'"),
        ({"rate": True}, InvalidType, "`rate` must be a number; received True"),
        ({"rate": 0.5, "seed": 1.5}, InvalidType, "`seed` must be an integer; received 1.5"),
        ({"rate": 0.5, "noise_shape": 3}, InvalidType, "`noise_shape` must be a tuple"),
    ],
)
def test_bad_arguments_are_refused(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    """In one sentence."""
    with pytest.raises(error, match=message):
        layers.Dropout(**arguments)


def test_a_noise_shape_of_another_batch_is_refused_in_training(backend: Backend) -> None:
    """Whichever batch came before; a call outside of training draws nothing."""
    layer = layers.Dropout(0.5, noise_shape=(4, 1, 3), name="d", backend=backend.name)
    for batch in (4, 2):
        x = np.ones((batch, 5, 3), np.float32)
        np.testing.assert_array_equal(backend.to_numpy(layer(x)), x)
    assert dropped(backend, layer, np.ones((4, 5, 3), np.float32)).shape == (4, 5, 3)
    with pytest.raises(InvalidShape, match=r"`noise_shape` of 'd' .*\(4, 1, 3\).*\(2, 5, 3\)"):
        dropped(backend, layer, np.ones((2, 5, 3), np.float32))


def test_a_noise_shape_of_another_input_is_refused() -> None:
    """Its sizes are the input's, 1 or None."""
    layer = layers.Dropout(0.5, noise_shape=(None, 3), backend="numpy")
    with pytest.raises(InvalidShape, match="its size, 1 or None; received"):
        layer(np.ones((2, 4)))
