"""The conversions into tensors of a backend, counted at `Backend.asarray`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from convdispatch import Model, Sequential, layers
from convdispatch.ops import Backend

X = np.arange(40, dtype=np.float32).reshape(10, 4, 1)


@pytest.fixture
def moved(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """List how many numbers each array has that becomes a tensor while data are moved."""
    sizes: list[int] = []
    asarray = backend.asarray

    def counting(value: Any, dtype: str) -> Any:
        sizes.append(np.size(value))
        return asarray(value, dtype)

    monkeypatch.setattr(backend, "asarray", counting)
    return sizes


def chain(backend: str) -> Any:
    """Return a model that does not know its input's shape; its weights have three numbers."""
    return Sequential(
        [layers.Conv1D(1, 2, use_bias=True), layers.ZeroPadding1D(1)], backend=backend
    )


def graph(backend: str) -> Any:
    """Return a functional model that does the same."""
    x = layers.Input((4, 1))
    conv = layers.Conv1D(1, 2, kernel_initializer="ones", backend=backend)
    return Model(x, layers.ZeroPadding1D(1)(conv(x)))


@pytest.mark.parametrize("make", [chain, graph])
def test_a_call_converts_its_input_once(
    backend: Backend, make: Callable[[str], Any], moved: list[int]
) -> None:
    """The first call, which builds the model, and every other; never where arrays are tensors."""
    model = make(backend.name)
    for _ in range(2):
        moved.clear()
        model(X)
        assert [size for size in moved if size >= X.size] == [X.size] * (not backend.owns(X))


@pytest.mark.parametrize("make", [chain, graph])
@pytest.mark.parametrize("given", [X, X.tolist()], ids=["array", "lists"])
def test_predict_moves_no_more_than_a_batch(
    backend: Backend, make: Callable[[str], Any], given: Any, moved: list[int]
) -> None:
    """Also where it builds the model, and for nested lists."""
    model = make(backend.name)
    outputs = model.predict(given, batch_size=3)
    assert outputs.shape == (10, 5, 1)
    assert max(moved, default=0) <= 3 * 4
    assert moved or backend.owns(X)
    np.testing.assert_allclose(outputs, np.asarray(backend.to_numpy(model(X))), rtol=1e-6)
