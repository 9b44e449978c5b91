"""Initial weights are drawn before any backend is involved: one seed, the same bits everywhere."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from layer_classes import CHANNELS, EVERY_CLASS, LayerClass

import convdispatch
from convdispatch import initializers, keras1, keras2, layers
from convdispatch.models import Sequential

WITH_WEIGHTS = [entry for entry in EVERY_CLASS if "bias" in str(entry.arguments)]
EACH_CLASS = pytest.mark.parametrize("entry", WITH_WEIGHTS, ids=str)


def built(entry: LayerClass, backend: str, **options: Any) -> Any:
    """Make a layer of the class on a backend, with weights."""
    needed = {name: entry.value(name) for name in entry.required}
    layer = entry.type(**needed, **options, backend=backend)
    shape = entry.shape(channels_first=False, batch=None)
    needs_sizes = entry.name.startswith("LocallyConnected")
    layer.build(shape if needs_sizes else (*(None for _ in shape[1:]), CHANNELS))
    return layer


def drawn(entry: LayerClass, backend: str, seed: int) -> list[bytes]:
    """Return the bits of a new layer's weights."""
    convdispatch.set_random_seed(seed)
    return [weight.tobytes() for weight in built(entry, backend, dtype="float32").get_weights()]


@EACH_CLASS
def test_one_seed_gives_the_same_bits_on_every_backend(
    all_backends: tuple[str, ...], entry: LayerClass
) -> None:
    """After `set_random_seed` a layer starts from the same weights whatever computes it."""
    found = {tuple(drawn(entry, backend, 7)) for backend in all_backends}
    assert len(found) == 1
    assert found == {tuple(drawn(entry, all_backends[0], 7))}
    assert found != {tuple(drawn(entry, all_backends[0], 8))}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_narrow_weights_have_the_same_bits_on_every_backend(
    all_backends: tuple[str, ...], dtype: str
) -> None:
    """Rounding to a narrow element type is the same everywhere."""
    pytest.importorskip("ml_dtypes", reason="NumPy's bfloat16 needs the package ml_dtypes")

    def bits(backend: str) -> bytes:
        convdispatch.set_random_seed(3)
        layer = layers.Conv2D(8, 3, dtype=dtype, backend=backend)
        layer.build((None, 5, 5, 4))
        kernel = layer.get_weights()[0]
        assert kernel.dtype.name == dtype
        return kernel.tobytes()

    assert len({bits(backend) for backend in all_backends}) == 1


def test_a_whole_model_starts_from_the_same_bits(all_backends: tuple[str, ...]) -> None:
    """The draws of a stack of layers come in the same order on every backend."""

    def bits(backend: str) -> bytes:
        convdispatch.set_random_seed(11)
        model = Sequential(backend=backend)
        model.add(layers.Conv2D(4, 3, input_shape=(9, 9, 2), bias_initializer="normal"))
        model.add(layers.SeparableConv2D(3, 2))
        model.add(layers.Conv2DTranspose(2, 2, kernel_initializer="orthogonal"))
        return b"".join(weight.tobytes() for weight in model.get_weights())

    assert len({bits(backend) for backend in all_backends}) == 1


def test_two_layers_draw_different_weights(backend_name: str) -> None:
    """Two like layers after one seed differ, and so do two kernels of one layer."""
    convdispatch.set_random_seed(1)
    one, other = (layers.SeparableConv2D(4, 1, backend=backend_name) for _ in range(2))
    one.build((None, 5, 5, 4))
    other.build((None, 5, 5, 4))
    weights: Any = [one.get_weights()[1], other.get_weights()[1]]
    assert not np.array_equal(*weights)
    assert not np.array_equal(one.get_weights()[0].ravel(), weights[0].ravel()[:4])


def test_what_a_layer_draws_does_not_depend_on_the_sizes_before_it() -> None:
    """A larger first layer leaves the second layer's weights as they were."""

    def second(filters: int) -> Any:
        convdispatch.set_random_seed(1)
        layers.Conv2D(filters, 3, backend="numpy").build((None, 5, 5, 4))
        layer = layers.Conv2D(4, 3, backend="numpy")
        layer.build((None, 5, 5, 4))
        return layer.get_weights()[0]

    np.testing.assert_array_equal(second(1), second(64))


def test_a_seeded_initializer_repeats_itself(backend_name: str) -> None:
    """A seed of its own makes an initializer deaf to the global one, layer after layer."""
    initializer = initializers.HeNormal(seed=5)

    def kernel() -> Any:
        layer = layers.Conv2D(4, 3, kernel_initializer=initializer, backend=backend_name)
        layer.build((None, 5, 5, 2))
        return layer.get_weights()[0]

    first = kernel()
    assert np.std(first) > 0.1
    np.testing.assert_array_equal(kernel(), first)


@EACH_CLASS
def test_given_weights_are_the_weights(backend_name: str, entry: LayerClass) -> None:
    """`weights=` is what a layer starts from, and nothing is drawn for it."""
    shapes = [weight.shape for weight in built(entry, backend_name).get_weights()]
    given = [np.arange(math.prod(shape), dtype="float32").reshape(shape) for shape in shapes]
    layer = built(entry, backend_name, weights=given)
    found = layer.get_weights()
    assert len(found) == len(given) >= 2
    assert [array.tolist() for array in found] == [array.tolist() for array in given]


def test_given_weights_survive_a_move_before_they_are_made() -> None:
    """A layer moved to a backend before its first call still starts from `weights=`."""
    kernel = np.arange(6.0).reshape(2, 1, 3)
    layer = layers.Conv1D(3, 2, use_bias=False, weights=[kernel], backend="numpy").to("numpy")
    layer.build((None, 4, 1))
    np.testing.assert_array_equal(layer.get_weights()[0], kernel)


# id, layer, input shape, the largest weight that may be drawn: sqrt(6 / (fan-in + fan-out)).
LIMITS = {
    "keras1-Convolution1D": (keras1.layers.Convolution1D, (64, 3), (None, 9, 32), 0.027063),
    "keras2-Conv1D": (keras2.layers.Conv1D, (64, 3), (None, 9, 32), 0.144338),
    "layers-Conv1D": (layers.Conv1D, (64, 3), (None, 9, 32), 0.144338),
    "keras1-Convolution2D": (keras1.layers.Convolution2D, (32, 3, 3), (None, 9, 9, 16), 0.117851),
    "keras2-Conv2D": (keras2.layers.Conv2D, (32, 3), (None, 9, 9, 16), 0.117851),
    "keras1-Convolution3D": (
        keras1.layers.Convolution3D,
        (32, 3, 3, 3),
        (None, 4, 4, 4, 16),
        0.117851,
    ),
    "keras2-Conv3D": (keras2.layers.Conv3D, (32, 3), (None, 4, 4, 4, 16), 0.068041),
    "keras2-DepthwiseConv2D": (keras2.layers.DepthwiseConv2D, (3,), (None, 9, 9, 16), 0.198030),
}


@pytest.mark.parametrize(("cls", "arguments", "shape", "limit"), LIMITS.values(), ids=LIMITS)
def test_the_uniform_limits_are_each_keras_s(
    cls: Any, arguments: tuple[int, ...], shape: tuple[int | None, ...], limit: float
) -> None:
    """Glorot's limit with the fans as each Keras counts them: nearly reached, never passed."""
    convdispatch.set_random_seed(0)
    layer = cls(*arguments, dtype="float64", backend="numpy")
    layer.build(shape)
    largest = float(np.max(np.abs(layer.get_weights()[0])))
    assert limit * 0.9 < largest <= limit * (1 + 1e-5)


def test_an_initializer_of_the_users_is_given_the_shape(backend_name: str) -> None:
    """A callable draws what it likes, in the layout that the user sees."""
    asked = []

    def counting(shape: tuple[int, ...]) -> Any:
        asked.append(shape)
        return np.arange(math.prod(shape)).reshape(shape)

    layer = layers.Conv2DTranspose(2, 3, kernel_initializer=counting, backend=backend_name)
    layer.build((None, 5, 5, 4))
    assert asked == [(3, 3, 2, 4)]
    assert layer.get_weights()[0].ravel().tolist() == list(range(72))
