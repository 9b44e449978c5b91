"""Layers of several tensors: cell by cell, along an axis, and products of samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from convdispatch import layers
from convdispatch.conformance.cases.formula_rows import FormulaRow, layer, numbers
from convdispatch.layers._cosine import Cosine
from convdispatch.numerics.problem import Array
from convdispatch.numerics.reference_layers import first_extreme, unit

_A, _B, _C = (numbers((2, 3, 4), salt) for salt in (1, 2, 3))
_ROW, _OTHER_ROW = numbers((3, 4), 4), numbers((3, 4), 5)
# Neighbours of which some are equal: a gradient goes to the first.
_TIED = np.where(np.arange(24).reshape(2, 3, 4) % 3 == 0, _A, _B)
_NARROW, _WIDE = numbers((2, 1, 4), 6), numbers((2, 3, 2), 7)


def _merging(
    layer_class: Callable[..., Any],
    formula: Callable[[Sequence[Any]], Any],
    *inputs: Array,
    **arguments: Any,
) -> FormulaRow:
    return FormulaRow(
        make=layer(layer_class, **arguments),
        formula=lambda weights, given: formula(given),
        inputs=inputs,
        claim="Merged tensors and the gradient of each are those of the formula.",
    )


def _dots(a: Any, b: Any) -> Any:
    return (a * b).sum(-1, keepdims=True)


MERGING: Mapping[str, FormulaRow] = {
    "add": _merging(layers.Add, lambda given: given[0] + given[1] + given[2], _A, _B, _C),
    "add-repeats": _merging(layers.Add, lambda given: given[0] + given[1], _A, _NARROW),
    "add-of-fewer-axes": _merging(
        layers.Add, lambda given: given[0] + given[1][:, None], _A, numbers((2, 4), 8)
    ),
    "subtract": _merging(layers.Subtract, lambda given: given[0] - given[1], _A, _B),
    "multiply": _merging(layers.Multiply, lambda given: given[0] * given[1] * given[2], _A, _B, _C),
    "multiply-repeats": _merging(layers.Multiply, lambda given: given[0] * given[1], _A, _NARROW),
    "average": _merging(layers.Average, lambda given: sum(given) / 3, _A, _B, _C),
    "maximum-of-ties": _merging(layers.Maximum, lambda given: first_extreme(given, 1), _A, _TIED),
    "minimum-of-ties": _merging(layers.Minimum, lambda given: first_extreme(given, -1), _A, _TIED),
    "concatenate": _merging(layers.Concatenate, lambda given: np.concatenate(given, 2), _A, _WIDE),
    "concatenate-steps": _merging(
        layers.Concatenate, lambda given: np.concatenate(given, 1), _A, _NARROW, axis=1
    ),
    "concatenate-by-negative-axis": _merging(
        layers.Concatenate, lambda given: np.concatenate(given, 1), _A, _B, axis=-2
    ),
    "dot": _merging(layers.Dot, lambda given: _dots(*given), _ROW, _OTHER_ROW, axes=1),
    "dot-of-sequences": _merging(
        layers.Dot, lambda given: np.einsum("nij,nik->njk", *given), _A, _WIDE, axes=1
    ),
    "dot-of-other-axes": _merging(
        layers.Dot,
        lambda given: np.einsum("nij,nkj->nik", *given),
        _A,
        numbers((2, 2, 4), 9),
        axes=(2, -1),
    ),
    "dot-normalized": _merging(
        layers.Dot,
        lambda given: _dots(unit(given[0], 1), unit(given[1], 1)),
        _ROW,
        _OTHER_ROW,
        axes=1,
        normalize=True,
    ),
    "cosine-of-keras-1": _merging(
        Cosine,
        lambda given: _dots(unit(given[0], 1), unit(given[1], 1)),
        _ROW,
        _OTHER_ROW,
        axes=1,
    ),
}
