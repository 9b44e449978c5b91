"""The same gradient on every backend, as NumPy arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from convdispatch.engine.layer import Layer
from convdispatch.engine.tensors import as_native
from convdispatch.engine.whole import read_whole
from convdispatch.errors import InvalidShape, InvalidType
from convdispatch.models import Sequential
from convdispatch.ops import Backend, NumpyArray
from convdispatch.runtime import selection
from convdispatch.runtime.dispatch import require_feature
from convdispatch.runtime.registry import registry


class Gradients(NamedTuple):
    """An output, and the gradients of sum(output * cotangent)."""

    output: NumpyArray
    inputs: NumpyArray
    weights: list[NumpyArray]  # in the order and layout of `get_weights`


def gradients(model: Layer | Sequential, x: Any, cotangent: Any = None) -> Gradients:
    """Differentiate sum(model(x) * cotangent) by the backend's own autodiff.

    `cotangent` is an array of the output's shape; None means ones. The NumPy backend needs the
    package autograd: the extra `train`.

    >>> from convdispatch.layers import Conv1D
    >>> layer = Conv1D(1, 2, use_bias=False, weights=[np.array([[[1.0]], [[10.0]]])])
    >>> gradients(layer, np.ones((1, 3, 1))).weights[0].ravel().tolist()
    [2.0, 2.0]
    """
    if not isinstance(model, Layer | Sequential):
        raise InvalidType(
            f"`model` must be a convdispatch layer or a Sequential; received "
            f"{type(model).__name__}."
        )
    backend = registry.load(model.backend)
    require_feature(backend, "gradients")
    layers = model.layers if isinstance(model, Sequential) else [model]
    native = as_native(backend, x, layers[0].dtype if layers else "float32")
    # The output and the gradients by the same weights, whatever other threads set meanwhile.
    return read_whole(layers, lambda: _gradients(backend, model, native, cotangent))


def _gradients(
    backend: Backend, model: Layer | Sequential, native: Any, cotangent: Any
) -> Gradients:
    output = model(native)
    _, dtype = backend.describe(output)
    values = backend.to_numpy(output)
    weight = np.ones(values.shape) if cotangent is None else selection.as_array(cotangent)
    if weight.shape != values.shape:
        raise InvalidShape(
            f"`cotangent` must have the shape of the output, {values.shape}; received an array of "
            f"shape {weight.shape}."
        )
    seed: Any = backend.asarray(weight, dtype)

    def weighted_sum(tensors: Sequence[Any]) -> tuple[Any, None]:
        return backend.functions["sum"](model.apply(tensors[1:], tensors[0]) * seed), None

    _, found = backend.value_and_grad(weighted_sum)([native, *model.variables])
    arrays = [backend.to_numpy(gradient) for gradient in found]
    return Gradients(output=values, inputs=arrays[0], weights=arrays[1:])
