"""Random inputs for a model of which only the file is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from convdispatch.layers import Embedding
from convdispatch.models.parts import parts_of
from convdispatch.ops import INTEGER_DTYPES

Array: TypeAlias = NDArray[Any]

_SAMPLES = 2
_UNKNOWN = 16  # cells along an axis of any size


def inputs_for(model: Any) -> list[Array]:
    """Return an array for each input: normal numbers, or numbers of rows where they are wanted."""
    random = np.random.default_rng(0)
    shapes = model.input_shape if isinstance(model.input_shape, list) else [model.input_shape]
    parts = parts_of(model)
    rows = [layer.input_dim for layer in parts.layers if isinstance(layer, Embedding)]
    found: list[Array] = []
    for shape, dtype in zip(shapes, parts.graph.input_dtypes(), strict=True):
        sizes = [shape[0] or _SAMPLES, *(size or _UNKNOWN for size in shape[1:])]
        if dtype in INTEGER_DTYPES:
            found.append(random.integers(0, min(rows, default=2), size=sizes))
        else:
            found.append(random.standard_normal(sizes).astype("float32"))
    return found


def outputs_of(model: Any, inputs: list[Array]) -> list[Array]:
    """Return what the model predicts, as a list."""
    return _in_row(model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0))


def _in_row(found: Any) -> list[Array]:
    """Return the arrays of any structure."""
    if isinstance(found, Mapping):
        found = [found[key] for key in sorted(found)]
    if isinstance(found, list | tuple):
        return [array for one in found for array in _in_row(one)]
    return [found]
