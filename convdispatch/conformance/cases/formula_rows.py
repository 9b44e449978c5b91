"""A row of the layers with formulas: a layer or a small model, its numbers, and its formula."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from convdispatch.models import Sequential
from convdispatch.numerics.problem import Array
from convdispatch.numerics.reference_layers import Formula
from convdispatch.ops import Backend, Shape, Tensor

# What every layer of a row is told, so that a user's configuration has no say.
Options: TypeAlias = Mapping[str, Any]
Make: TypeAlias = Callable[[Options], Any]


@dataclass(frozen=True, kw_only=True)
class FormulaRow:
    """A model whose weights, inputs and formula are known."""

    make: Make
    formula: Formula
    inputs: tuple[Array, ...]
    weights: tuple[Array, ...] = ()
    claim: str = "Result and gradients are those of the formula."
    needs: tuple[str, ...] = ()  # features beside functions and gradients


def numbers(shape: Shape, salt: int = 0) -> Array:
    """Return numbers between -1 and 1, sixteenths, always the same ones, that nobody may change."""
    drawn = np.random.default_rng([*shape, salt]).integers(-15, 16, shape) / 16
    drawn.flags.writeable = False
    return np.asarray(drawn)


def of_shapes(*shapes: Shape) -> tuple[Array, ...]:
    """Return numbers for each of these shapes."""
    return tuple(numbers(shape, place) for place, shape in enumerate(shapes))


def stack(*layers: Make) -> Make:
    """Return what makes a stack of what these make."""

    def make(options: Options) -> Any:
        return Sequential([one(options) for one in layers], backend=options["backend"])

    return make


def layer(layer_class: Callable[..., Any], *given: Any, **arguments: Any) -> Make:
    """Return what makes a layer of that class."""
    return lambda options: layer_class(*given, **arguments, **options)


def made(row: FormulaRow, backend: Backend, dtype: str) -> Any:
    """Return the row's model on the backend, with its weights."""
    model = row.make({"backend": backend.name, "dtype": dtype, "convention": "tensorflow"})
    shapes: Sequence[Any] = [(None, *array.shape[1:]) for array in row.inputs]
    model.build(shapes if len(shapes) > 1 else shapes[0])
    model.set_weights(list(row.weights))
    return model


def native(backend: Backend, array: Array, dtype: str) -> Tensor:
    """Return the numbers as a tensor of the element type, integers as int32."""
    return backend.asarray(array, "int32" if array.dtype.kind == "i" else dtype)
