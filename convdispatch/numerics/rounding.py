"""How far a model's output may be from the exact one, layer by layer.

Each layer is an affine map followed by an activation. With input x known up to e, elementwise,
the affine part is off by at most c A(|x| + e) + A(e), where A uses the absolute weights (its first
occurrence the absolute bias too) and c is the bound of `bounds` for one product sum.
The activation, monotone in nearly every case, then maps an interval to an interval.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from convdispatch.engine.layer import Layer
from convdispatch.engine.masks import run_with_masks
from convdispatch.errors import InvalidType
from convdispatch.formulas.activations import Activation
from convdispatch.models.parts import AnyModel, parts_of
from convdispatch.numerics.bounds import FUNCTION_ULPS, conv_bound, unit_roundoff
from convdispatch.numerics.reference import REFERENCE
from convdispatch.ops import Op, Shape, Signature, Tensor

Array = npt.NDArray[Any]


def reference_with_bound(layers: Sequence[Layer], x: Array, dtype: str) -> tuple[Array, Array]:
    """Return the float64 output, and the largest error that computing in `dtype` may make.

    `layers` may be on any backend; the reference is `reference`, which neither a
    backend nor a plugin takes part in. `x` and the weights are taken as exact, so they should be
    representable in `dtype`.
    """
    value = np.array(x, np.float64)
    error = np.zeros_like(value)
    for layer in layers:
        value, error = _through(layer, value, error, dtype)
    return value, error


def _through(layer: Layer, value: Any, error: Any, dtype: str, *mask: Any) -> tuple[Array, Array]:
    """Return a layer's output and its error for an input and its error."""
    exact = _on_reference(layer, value)
    affine, affine_error = affine_with_bound(exact, value, error, dtype, *mask)
    return _activated(exact.activation, affine, affine_error, dtype)


def model_with_bounds(
    model: AnyModel, inputs: Sequence[Array], dtype: str
) -> list[tuple[Array, Array]]:
    """Return each output of a model in float64 with its largest error, as `reference_with_bound`.

    The model is built.
    """
    started = [(np.array(x, np.float64), np.zeros(x.shape)) for x in inputs]

    def call(place: int, layer: Layer, known: Any, *mask: Any) -> tuple[Array, Array]:
        return _through(layer, _parts(known, 0), _parts(known, 1), dtype, *mask)

    def mask_of(layer: Layer, known: Any, mask: Any) -> Any:
        value = _parts(known, 0)
        return _on_reference(layer, value).compute_mask(value, mask)

    return run_with_masks(parts_of(model).graph, call, started, mask_of)[0]


def _parts(known: Any, place: int) -> Any:
    """Return the values or the errors of one input, or of a list of them."""
    return [pair[place] for pair in known] if isinstance(known, list) else known[place]


def affine_with_bound(
    layer: Layer, x: Any, error: Any, dtype: str, *mask: Any
) -> tuple[Array, Array]:
    """Return the layer's output before its activation, and the largest error in `dtype`.

    `layer` is computed by the reference; `error` is how far x may be off.
    """
    weights: list[Any] = [np.asarray(weight) for weight in layer.variables]
    value = np.asarray(layer.preactivation(weights, x, *mask))
    magnitudes, carried = map(np.asarray, layer.spread(weights, x, error, *mask))
    if layer.reduction_length == 0:
        return value, carried
    return value, conv_bound(magnitudes, layer.reduction_length, dtype) + carried


def _on_reference(layer: Layer, value: Any) -> Layer:
    """Return a float64 copy of the layer with the same weights, which the reference computes."""

    def lower_op(
        _: Layer, op: Op, input_shape: Shape, weight_shapes: tuple[Shape, ...], dtype: str
    ) -> Callable[..., Tensor]:
        signature = Signature(input_shape=input_shape, weight_shapes=weight_shapes, dtype=dtype)
        return REFERENCE.lower(op, signature)

    kind = type(layer)
    methods = {"_lower_op": lower_op, "_backend": lambda _: REFERENCE}
    exact: Layer = object.__new__(type(kind.__name__, (kind,), methods))
    weights = layer.get_weights() if layer.built else layer._initial_weights
    vars(exact).update(vars(layer), dtype="float64")
    exact._forget()
    exact._initial_weights = weights
    several = isinstance(value, list)
    batch = value.shape[:1] if exact.carries_state else (None,)
    exact.build([one.shape for one in value] if several else (*batch, *value.shape[1:]))
    return exact


def _activated(activation: Any, z: Array, error: Array, dtype: str) -> tuple[Array, Array]:
    if not isinstance(activation, Activation):
        raise InvalidType(
            f"no rounding bound is known for the activation {activation!r}: it is a callable of "
            "the user's. Use one of `convdispatch.activations`."
        )
    value = np.asarray(activation.apply(REFERENCE, z))
    if activation.fused in ("linear", "relu"):  # with parameters they multiply, and round
        computing: Array | float = 0.0
    else:
        computing = FUNCTION_ULPS * unit_roundoff(dtype) * np.maximum(1, np.abs(value))
    if activation.is_monotone:
        above = np.asarray(activation.apply(REFERENCE, z + error)) - value
        below = value - np.asarray(activation.apply(REFERENCE, z - error))
        return value, np.maximum(above, below) + computing
    # Not monotone, or a function of a whole axis such as softmax; both get the same bound.
    widest = np.max(error, axis=tuple(range(1, error.ndim)), keepdims=True)
    return value, activation.lipschitz * np.broadcast_to(widest, value.shape) + computing
