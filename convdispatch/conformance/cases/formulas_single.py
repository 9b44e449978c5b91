"""Layers of one tensor that are no op: masks, tables, activations with parameters, statistics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from convdispatch import layers
from convdispatch.conformance.cases.formula_rows import (
    FormulaRow,
    layer,
    numbers,
    of_shapes,
    stack,
)
from convdispatch.conformance.cases.formulas_recurrent import counts_of, gappy
from convdispatch.numerics import reference_layers as reference
from convdispatch.numerics.problem import Array

_LINE = numbers((2, 4, 3), 1) * 4 + 1 / 32  # no number is a threshold
_REPEATED = np.array([[2, 0, 2, 1], [0, 2, 3, 0]], "int32")
_TABLE = (5, 3)
_NORMALIZING = tuple(
    array + add for array, add in zip(of_shapes(*[(3,)] * 4), (1, 0, 0, 2), strict=True)
)


def _activation(
    formula: Callable[[Any], Any], layer_class: Any, x: Array = _LINE, **arguments: Any
) -> FormulaRow:
    return FormulaRow(
        make=layer(layer_class, **arguments),
        formula=lambda weights, inputs: formula(inputs[0]),
        inputs=(x,),
        claim="An activation with parameters, and its slope, are those of the formula.",
    )


def _prelu(weights: Any, inputs: Any) -> Any:
    (x,), (alpha,) = inputs, weights
    return np.where(x.real > 0, x, alpha * x)


def _embedded(weights: Any, inputs: Any) -> Any:
    return weights[0][np.real(inputs[0]).astype(int)]


def _masked_embedding(weights: Any, inputs: Any) -> Any:
    table, *own = weights
    return reference.recurrent(reference.simple_cell(), own, table[inputs[0]], inputs[0] != 0)


def _left_out(x: Any) -> Any:
    return np.where(counts_of(x)[..., None], x, 0)


def _averaged(weights: Any, inputs: Any) -> Any:
    (x,) = inputs
    counts = counts_of(x)
    return _left_out(x).sum(1) / counts.sum(1)[:, None]


def _on_axis_1(weights: Any, inputs: Any) -> Any:
    gamma, beta, mean, variance = weights
    x = inputs[0].swapaxes(1, 2)
    return reference.normalized(x, mean, variance, gamma, beta, 0.125).swapaxes(1, 2)


def _looked_up(indices: Array, claim: str, **arguments: Any) -> FormulaRow:
    return FormulaRow(
        make=layer(layers.Embedding, *_TABLE, **arguments),
        formula=_embedded,
        inputs=(indices,),
        weights=of_shapes(_TABLE),
        claim=claim,
    )


SINGLE: Mapping[str, FormulaRow] = {
    "leaky-relu": _activation(
        lambda x: np.where(x.real > 0, x, 0.25 * x), layers.LeakyReLU, negative_slope=0.25
    ),
    "elu": _activation(
        lambda x: np.where(x.real > 0, x, 0.5 * (np.exp(x) - 1)), layers.ELU, alpha=0.5
    ),
    "thresholded-relu": _activation(
        lambda x: np.where(x.real > 0.5, x, 0), layers.ThresholdedReLU, theta=0.5
    ),
    "relu-of-three-parts": _activation(
        lambda x: np.where(x.real >= 2, 2, np.where(x.real > 0.5, x, 0.25 * (x - 0.5))),
        layers.ReLU,
        max_value=2.0,
        negative_slope=0.25,
        threshold=0.5,
    ),
    "softmax-of-rows": _activation(reference.softmax, layers.Softmax),
    # As many steps as numbers: an axis that is taken for another one keeps the shape.
    "softmax-of-steps": _activation(
        lambda x: reference.softmax(x, 1), layers.Softmax, numbers((2, 3, 3)), axis=1
    ),
    "permute": FormulaRow(
        make=layer(layers.Permute, (2, 3, 1)),
        formula=lambda weights, inputs: np.transpose(inputs[0], (0, 2, 3, 1)),
        inputs=(numbers((2, 3, 3, 3)),),
        claim="The gradient of moved axes is moved back.",
    ),
    "prelu": FormulaRow(
        make=layer(layers.PReLU), formula=_prelu, inputs=(_LINE,), weights=of_shapes((4, 3))
    ),
    "prelu-shared": FormulaRow(
        make=layer(layers.PReLU, shared_axes=[1]),
        formula=_prelu,
        inputs=(_LINE,),
        weights=of_shapes((1, 3)),
        claim="The gradient of a shared slope is the sum over the places that share it.",
    ),
    "embedding": _looked_up(
        _REPEATED, "The gradient of a row that was looked up several times is the sum."
    ),
    "embedding-by-floats": _looked_up(
        _REPEATED.astype(float), "Integers of a floating-point type look up rows."
    ),
    "embedding-masked": FormulaRow(
        make=stack(layer(layers.Embedding, *_TABLE, mask_zero=True), layer(layers.SimpleRNN, 2)),
        formula=_masked_embedding,
        inputs=(_REPEATED,),
        weights=of_shapes(_TABLE, (3, 2), (2, 2), (2,)),
        claim="Row 0 of a table that fills up has no gradient, and its steps do not count.",
    ),
    "masking": FormulaRow(
        make=layer(layers.Masking),
        formula=lambda weights, inputs: _left_out(inputs[0]),
        inputs=(gappy(),),
        claim="Steps that are left out have no gradient.",
    ),
    "masked-average": FormulaRow(
        make=stack(layer(layers.Masking), layer(layers.GlobalAveragePooling1D)),
        formula=_averaged,
        inputs=(gappy(),),
        claim="Only the steps that count are averaged.",
    ),
    "normalization": FormulaRow(
        make=layer(layers.BatchNormalization, axis=1, epsilon=0.125),
        formula=_on_axis_1,
        inputs=(numbers((2, 3, 4), 2),),
        weights=_NORMALIZING,
        claim="Outside of training the moving statistics normalize.",
    ),
}
