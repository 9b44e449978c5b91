"""Symbolic tensors as the tensors of a backend: its table of functions makes nodes of the graph.

So losses, metrics and activations, which are written over a backend's table, take symbols too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from convdispatch.engine.symbols import Symbol
from convdispatch.ops import REQUIRED_FUNCTIONS, NumpyArray, PartialShape
from convdispatch.runtime import selection
from convdispatch.symbolic import arrays, elementwise, state
from convdispatch.symbolic.operations import Operated, operation


def _of_table(name: str) -> Operated:
    def function(o: Any, *arguments: Any, **keywords: Any) -> Any:
        return o.f[name](*arguments, **keywords)

    function.__name__ = name
    return operation(function)


def _sizes(x: Any) -> tuple[Any, ...]:
    """Return the sizes of a symbol, symbolic where they are unknown."""
    return tuple(
        arrays.shape(x)[axis] if size is None else size for axis, size in enumerate(x.shape)
    )


class Symbols:
    """What formulas need of a backend, over symbolic tensors."""

    name = "symbols"
    functions: Mapping[str, Any] = {
        **{name: _of_table(name) for name in REQUIRED_FUNCTIONS},
        "shape": _sizes,
    }

    def owns(self, value: object) -> bool:
        """Say whether it is a symbolic tensor."""
        return isinstance(value, Symbol)

    def describe(self, tensor: Any) -> tuple[PartialShape, str]:
        """Return its shape and its element type."""
        return tensor.shape, tensor.dtype

    def asarray(self, value: Any, dtype: str) -> Any:
        """Return a symbol of numbers that stay as they are."""
        return state.constant(np.asarray(value), dtype)

    def cast(self, tensor: Any, dtype: str) -> Any:
        """Return it with another element type."""
        return tensor if tensor.dtype == dtype else elementwise.cast(tensor, dtype)

    def to_numpy(self, tensor: Any) -> NumpyArray:
        """Return the value, where it depends on no input."""
        return state.eval(tensor)


SYMBOLS: Any = Symbols()
selection.compute_by(Symbol, SYMBOLS)
