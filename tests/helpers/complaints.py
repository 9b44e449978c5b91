"""The error of a call, which is the same on every backend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from convdispatch import keras1, layers
from convdispatch.errors import ConvDispatchError

# Untyped, to be called with what their signatures forbid.
L: Any = layers
K1: Any = keras1.layers
IMAGE = np.zeros((1, 5, 5, 3), "float32")


@dataclass(frozen=True)
class Bad:
    """A call that must be refused, given a backend's name, with the error and its message."""

    call: Callable[[str], Any]
    error: type[Exception]
    message: str  # a regular expression


def complaint(bad: Bad, backend: str) -> tuple[str, str]:
    """Return the error's class and message: one of ours, of the stated kind."""
    with pytest.raises(bad.error, match=bad.message) as caught:
        bad.call(backend)
    assert isinstance(caught.value, ConvDispatchError)
    return type(caught.value).__name__, str(caught.value)


def conv(**options: Any) -> Callable[[str], Any]:
    """Return a function that makes a Conv2D with those arguments on a backend."""
    given = {"filters": 4, "kernel_size": 3, "name": "conv"} | options
    return lambda backend: L.Conv2D(**given, backend=backend)


def old(**options: Any) -> Callable[[str], Any]:
    """Return a function that makes a Keras 1 Convolution2D with those arguments on a backend."""
    given = {"nb_filter": 4, "nb_row": 3, "nb_col": 3, "name": "conv"} | options
    return lambda backend: K1.Convolution2D(**given, backend=backend)


def calling(cls: Any, *arguments: Any, x: Any = IMAGE, **options: Any) -> Callable[[str], Any]:
    """Return a function that makes a layer on a backend and calls it."""
    return lambda backend: cls(*arguments, **options, name="layer", backend=backend)(x)


def built(cls: Any, *arguments: Any, shape: Any, x: Any, **options: Any) -> Callable[[str], Any]:
    """Return a function that builds a layer for inputs of a shape and calls it with another."""

    def call(backend: str) -> Any:
        layer = cls(*arguments, **options, name="layer", backend=backend)
        layer.build(shape)
        return layer(x)

    return call


def image(*shape: int, dtype: str = "float32") -> Any:
    """Return zeros of a shape."""
    return np.zeros(shape, dtype)


def forbid_lowering(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every attempt to lower an op fail the test."""

    def forbidden(*arguments: Any) -> Any:
        raise AssertionError("an op was lowered")

    monkeypatch.setattr("convdispatch.layers._lowering.lower_by", forbidden)
