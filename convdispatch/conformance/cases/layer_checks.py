"""Checks of a layer besides its result: gradients, penalties, constraints, views.

All numbers are positive or zero, so that nothing cancels and the exact value is the absolute one
that the rounding bound is relative to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Check, Measured
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.layer_rows import (
    Cells,
    LayerRow,
    Numbers,
    array,
    computes,
    declared_factor,
    require_numbers,
    require_registered,
    used_features,
)
from convdispatch.conformance.cases.layouts import backwards, transposed
from convdispatch.numerics import gradients
from convdispatch.numerics.bounds import FUNCTION_ULPS, conv_bound
from convdispatch.numerics.distance import worst
from convdispatch.numerics.problem import Array
from convdispatch.ops import Backend, Tensor

# No number of these rows is a sum of more products.
_PRODUCTS = 1024


def differentiates(
    backend: Backend, row: LayerRow, inputs: Numbers | Cells, weights: tuple[Numbers, ...]
) -> Measured:
    """Compare the result and the gradients of its sum with the numbers stated."""
    require_registered(backend)
    found = gradients.gradients(row.make(backend.name), backend.asarray(array(row.x), row.dtype))
    listed = [
        ("the result", found.output, row.expected),
        ("the gradient of the input", found.inputs, inputs),
        *(
            (f"the gradient of weight {index}", got, numbers)
            for index, (got, numbers) in enumerate(zip(found.weights, weights, strict=True))
        ),
    ]
    factor = declared_factor(backend, row)
    measured = [
        require_numbers(got, numbers, factor * _bound(numbers, row.dtype), row.dtype, what)
        for what, got, numbers in listed
    ]
    return worst(measured)


def curves(
    backend: Backend, row: LayerRow, inputs: Numbers, weights: tuple[Numbers, ...]
) -> Measured:
    """Compare the result, and the Hessian of the sum of its squares times ones, with numbers.

    `inputs` and `weights` are the products of the Hessian for the input or one weight alone.
    """
    measured = [computes(backend, row)]
    layer, x = row.make(backend.name), backend.asarray(array(row.x), row.dtype)
    layer.build(array(row.x).shape)
    tensors, factor = [x, *layer.variables], declared_factor(backend, row)
    for index, numbers in enumerate((inputs, *weights)):

        def function(moved: Tensor, index: int = index) -> Tensor:
            given = [*tensors[:index], moved, *tensors[index + 1 :]]
            return layer.apply(given[1:], given[0])

        what = f"the second derivative for {f'weight {index - 1}' if index else 'the input'}"
        got = _curvature(backend, function, tensors[index])
        allowed = factor * _bound(numbers, row.dtype)
        measured.append(require_numbers(got, numbers, allowed, row.dtype, what))
    return worst(measured)


def constrains(backend: Backend, row: LayerRow, expected: Numbers) -> Measured:
    """Compare the kernel, once projected onto its constraint, with the numbers stated."""
    require_registered(backend)
    layer = row.make(backend.name)
    layer.build(array(row.x).shape)
    layer.apply_constraints()
    got = np.asarray(layer.get_weights()[0])
    return require_numbers(got, expected, _function_bound(expected, row.dtype), row.dtype)


def penalizes(backend: Backend, row: LayerRow, expected: Numbers) -> Measured:
    """Compare the losses that the layer has after a call with the numbers stated."""
    require_registered(backend)
    layer = row.make(backend.name)
    layer(backend.asarray(array(row.x), row.dtype))
    got = np.array([backend.to_numpy(loss) for loss in layer.losses])
    return require_numbers(got, expected, _function_bound(expected, row.dtype), row.dtype)


def reads_views(backend: Backend, row: LayerRow) -> Measured:
    """Compare the results for an input and weights that are views, with gaps or backwards."""
    require_registered(backend)
    x, weights = array(row.x).astype(row.dtype), [array(w).astype(row.dtype) for w in row.weights]
    layer = row.make(backend.name)
    layer.build(x.shape)
    layer.set_weights([backwards(weight) for weight in weights])
    views = [_with_gaps(x), backwards(x), np.asfortranarray(x), transposed(backend, x, row.dtype)]
    outputs = [layer(view) for view in views]
    turned = [transposed(backend, weight, row.dtype) for weight in weights]
    outputs.append(layer.apply(turned, backend.asarray(x, row.dtype)))
    allowed = declared_factor(backend, row) * _bound(row.expected, row.dtype)
    results = [np.asarray(backend.to_numpy(output)) for output in outputs]
    return worst([require_numbers(got, row.expected, allowed, row.dtype) for got in results])


def checked_case(
    slug: str,
    claim: str,
    check: Check,
    row: LayerRow,
    *arguments: object,
    level: str = "core",
    needs: tuple[str, ...] = (),
) -> Case:
    """Return a case that calls check(backend, row, *arguments).

    `needs` are capabilities beside the features of the ops, such as 'gradients'.
    """
    used = used_features(row)
    stems = dict.fromkeys(name.partition(":")[0] for name in used if name != row.dtype)
    return Case(
        id=f"layers/{level}/{slug}",
        level=level,
        op="layers",
        claim=claim,
        check=check,
        arguments=(row, *arguments),
        features=(*used, *needs, *(f"{stem}:{need}" for stem in stems for need in needs)),
    )


def _bound(numbers: Numbers | Cells, dtype: str) -> Array:
    if isinstance(numbers, Cells):
        largest = max(number for _, number in numbers.known)
        return conv_bound(np.full(numbers.shape, largest), _PRODUCTS, dtype)
    return conv_bound(array(numbers), _PRODUCTS, dtype)


def _function_bound(numbers: Numbers, dtype: str) -> Array:
    return conv_bound(np.maximum(1, np.abs(array(numbers))), FUNCTION_ULPS, dtype)


def _curvature(backend: Backend, function: Any, at: Tensor) -> Array:
    total = backend.functions["sum"]

    def squared(tensors: Sequence[Tensor]) -> tuple[Tensor, None]:
        outputs = function(tensors[0])
        return total(harness.product(outputs, outputs)), None

    def slope(tensors: Sequence[Tensor]) -> tuple[Tensor, None]:
        _, found = backend.value_and_grad(squared)(tensors)
        return total(found[0]), None

    _, found = backend.value_and_grad(slope)([at])
    return np.asarray(backend.to_numpy(found[0]))


def _with_gaps(values: Array) -> Array:
    """Return a read-only view of every other number of an array twice as wide."""
    wide = np.full((*values.shape[:-1], 2 * values.shape[-1]), 99, values.dtype)
    wide[..., ::2] = values
    view = wide[..., ::2]
    view.flags.writeable = False
    return view
