"""A first call asks each layer once what it makes of its input's shape, and later calls never."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from convdispatch import Sequential, layers

LAYERS: dict[str, Callable[..., Any]] = {
    "convolution": lambda **options: layers.Conv2D(2, 3, **options),
    "transposed": lambda **options: layers.Conv2DTranspose(2, 3, strides=2, **options),
    "depthwise": lambda **options: layers.DepthwiseConv2D(3, **options),
    "separable": lambda **options: layers.SeparableConv2D(2, 3, **options),
    "reshaping": lambda **options: layers.ZeroPadding2D(1, **options),
}
IMAGE = (6, 7, 2)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count by the layer's name how often each class's `resolve` is asked."""
    counts: Counter[str] = Counter()
    found = {base for make in LAYERS.values() for base in type(make()).__mro__}
    for layer_class in [one for one in found if "resolve" in vars(one)]:
        monkeypatch.setattr(layer_class, "resolve", counting(vars(layer_class)["resolve"], counts))
    return counts


def counting(resolve: Callable[..., Any], counts: Counter[str]) -> Callable[..., Any]:
    """Return the method counting its calls."""

    def counted(self: Any, spec: Any) -> Any:
        counts[self.name] += 1
        return resolve(self, spec)

    return counted


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_first_call_resolves_the_shape_once(kind: str, dtype: str, asked: Counter[str]) -> None:
    """For weights, shapes and the function together, whatever the element type of the input."""
    layer = LAYERS[kind](name="one", backend="numpy")
    layer(np.ones((2, *IMAGE), dtype))
    assert asked == {"one": 1}
    layer(np.ones((3, *IMAGE), dtype))
    assert layer.compute_output_shape((None, *IMAGE))[0] is None
    assert asked == {"one": 1}
    layer(np.ones((2, 9, 9, 2), dtype))
    assert asked == {"one": 2}


@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_that_is_told_its_shape_resolves_it_once(kind: str, asked: Counter[str]) -> None:
    """Built in a model, called, and asked for its output's shape."""
    first = LAYERS[kind](name="one", input_shape=IMAGE)
    model = Sequential([first, layers.Conv2D(1, 1, name="two")], backend="numpy")
    model(np.ones((2, *IMAGE), "float32"))
    assert model.output_shape[0] is None
    model.predict(np.ones((5, *IMAGE), "float32"), batch_size=2)
    assert asked == {"one": 1, "two": 1}


@pytest.mark.parametrize("call", ["__call__", "predict"])
def test_a_model_resolves_each_layer_once(call: str, asked: Counter[str]) -> None:
    """Without a stated shape the first call builds the layers."""
    names = list(LAYERS)
    model = Sequential([LAYERS[name](name=name) for name in names], backend="numpy")
    getattr(model, call)(np.ones((2, 12, 12, 2), "float32"))
    assert asked == dict.fromkeys(names, 1)


def test_the_batch_size_of_an_output_is_that_of_its_input() -> None:
    """Whichever was asked first: what is kept knows no batch."""
    layer = layers.Conv1D(3, 2, backend="numpy")
    assert layer.compute_output_shape((4, 5, 1)) == (4, 4, 3)
    assert layer.compute_output_shape((None, 5, 1)) == (None, 4, 3)
    assert layer.compute_output_shape((7, 5, 1)) == (7, 4, 3)
