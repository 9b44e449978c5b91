"""From one value for each sample to one number, in the ways of Keras 3's classes of losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from convdispatch.errors import InvalidShape
from convdispatch.formulas.measures import as_native
from convdispatch.ops import Backend

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none")


def weights_of(backend: Backend, sample_weight: Any, found: Any) -> Any:
    """Return weights as a tensor with an axis for each axis of the values; raise if none fits."""
    shape, dtype = backend.describe(found)
    weights: Any = as_native(backend, sample_weight, dtype)
    given, _ = backend.describe(weights)
    fits = zip(given, shape, strict=False)
    if len(given) > len(shape) or any(g != s and g != 1 and None not in (g, s) for g, s in fits):
        raise InvalidShape(
            f"`sample_weight` must have a number for each of the loss's values, of shape {shape}, "
            f"or for each sample, received shape {given}. Pass an array of such a shape."
        )
    return _with_axes(backend.functions, weights, found)


def reduced(
    functions: Mapping[str, Callable[..., Any]],
    found: Any,
    reduction: str | None,
    weights: Any = None,
) -> Any:
    """Return the values, multiplied by their weights already, reduced in Keras 3's way."""
    if reduction in (None, "none"):
        return found
    if reduction == "sum":
        return functions["sum"](found)
    if reduction == "mean_with_sample_weight" and weights is not None:
        return functions["sum"](found) / functions["sum"](weights)  # as they were given
    return functions["mean"](found)


def of_batch(
    backend: Backend,
    values: Any,
    weights: Any = None,
    mask: Any = None,
    *,
    counts_zeros: bool,
    reduction: str | None = "mean",
) -> Any:
    """Return one number for the values of a batch, as a Keras's training makes it.

    weights: of samples, or of their steps, None for none.
    mask: which steps count, None for all. A metric that is one number has nothing to leave out.
    counts_zeros: whether samples of weight 0 count in the mean, as in Keras 3.
    reduction: that of Keras 3's classes of losses; the mean for None and 'none', too.
    """
    functions: Any = backend.functions
    counted: Any = None
    if mask is not None and len(values.shape) >= len(mask.shape):
        counted = backend.cast(mask, backend.describe(values)[1])
        values = values * _with_axes(functions, counted, values)
    if reduction in ("sum", "mean_with_sample_weight"):
        return _summed(functions, values, weights, counted, reduction)
    if counted is not None:
        values = values / functions["mean"](counted)
    return _averaged(backend, values, weights, counts_zeros=counts_zeros)


def _summed(functions: Any, values: Any, weights: Any, counted: Any, reduction: str) -> Any:
    if weights is not None:
        values = values * _with_axes(functions, weights, values)
    if reduction == "sum":
        return functions["sum"](values)
    if weights is None and counted is None:
        return functions["mean"](values)
    if weights is None:
        divisor = counted
    else:
        divisor = weights
        if counted is not None:
            divisor = counted * _with_axes(functions, weights, counted)
    return functions["sum"](values) / functions["sum"](divisor)


def _averaged(backend: Backend, values: Any, weights: Any, *, counts_zeros: bool) -> Any:
    functions: Any = backend.functions
    if weights is None:
        return functions["mean"](values) if len(values.shape) else values
    rest = tuple(range(len(weights.shape), len(values.shape)))
    weighted = (functions["mean"](values, rest) if rest else values) * weights
    if counts_zeros:
        return functions["mean"](weighted)
    # Keras 1 and 2 divide by the part of the weights that are not 0.
    is_counted = backend.cast(functions["not_equal"](weights, 0), backend.describe(weights)[1])
    return functions["mean"](weighted) / functions["mean"](is_counted)


def _with_axes(functions: Any, tensor: Any, like: Any) -> Any:
    """Return the tensor with axes of size 1 at the end, as many as it lacks."""
    missing = len(like.shape) - len(tensor.shape)
    if missing <= 0:
        return tensor
    return functions["reshape"](tensor, (*functions["shape"](tensor), *[1] * missing))
