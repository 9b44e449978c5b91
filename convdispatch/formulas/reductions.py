"""From one value for each sample to one number, in the ways of Keras 3's classes of losses."""

from __future__ import annotations

from typing import Any

from convdispatch.errors import InvalidShape
from convdispatch.formulas.measures import as_native
from convdispatch.formulas.whole_batch import averaged_parts, exact
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
    backend: Backend,
    found: Any,
    reduction: str | None,
    weights: Any = None,
    mask: Any = None,
) -> Any:
    """Return the values, multiplied by their weights already, reduced in Keras 3's way.

    mask: which values count in a mean, None for all. The others are 0 already.
    """
    functions: Any = backend.functions
    if reduction in (None, "none"):
        return found
    if reduction == "sum":
        return functions["sum"](found)
    counted = None if mask is None else backend.cast(mask, backend.describe(found)[1])
    if reduction == "mean_with_sample_weight" and weights is not None:
        divisor = weights if counted is None else weights * counted  # as they were given
        return _quotient(functions, functions["sum"](found), functions["sum"](divisor))
    if counted is not None:
        return _quotient(functions, functions["sum"](found), functions["sum"](counted))
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
        return _summed(backend, values, weights, counted, reduction)
    if counted is not None:
        part = exact(backend)["mean"](counted)
        # Where nothing counts, the mean is 0 in Keras 3. Keras 1 and 2 divide 0 by 0.
        values = _quotient(functions, values, part) if counts_zeros else values / part
    return _averaged(backend, values, weights, counts_zeros=counts_zeros)


def weighted_mean(
    backend: Backend, values: Any, weights: Any = None, mask: Any = None
) -> tuple[Any, Any]:
    """Return the mean of a metric of Keras 3, and the sum of the weights that it is over.

    weights, mask: as in `of_batch`. Without both, each sample weighs 1.
    """
    functions: Any = backend.functions
    dtype = backend.describe(values)[1]
    counted: Any = None
    if mask is not None and len(values.shape) >= len(mask.shape):
        counted = backend.cast(mask, dtype)
    if weights is not None:
        counted = weights if counted is None else both(backend, counted, weights, dtype)
    rank = min(1, len(values.shape)) if counted is None else len(counted.shape)
    rest = tuple(range(rank, len(values.shape)))
    found = functions["mean"](values, rest) if rest else values
    if counted is None:
        is_number: Any = backend.cast(functions["equal"](found, found), dtype)
        counted = is_number * 0 + 1
    count = exact(backend)["sum"](counted)
    total = functions["sum"](_with_axes(functions, found, counted) * counted)
    return _quotient(functions, total, count), count


def both(backend: Backend, one: Any, other: Any, dtype: str) -> Any:
    """Return the product of two masks or weights of samples, None for what leaves nothing out."""
    if one is None or other is None:
        return other if one is None else one
    one, other = backend.cast(one, dtype), backend.cast(other, dtype)
    functions: Any = backend.functions
    return _with_axes(functions, one, other) * _with_axes(functions, other, one)


def _quotient(functions: Any, total: Any, divisor: Any) -> Any:
    """Return the quotient, 0 for a divisor of 0, as Keras 3 does."""
    is_zero, zero = functions["equal"](divisor, 0), divisor * 0
    # The inner choice keeps the gradients of what is not chosen finite.
    return functions["where"](is_zero, zero, total / functions["where"](is_zero, zero + 1, divisor))


def _summed(backend: Backend, values: Any, weights: Any, counted: Any, reduction: str) -> Any:
    functions: Any = backend.functions
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
    return _quotient(functions, functions["sum"](values), exact(backend)["sum"](divisor))


def _averaged(backend: Backend, values: Any, weights: Any, *, counts_zeros: bool) -> Any:
    functions: Any = backend.functions
    if weights is None:
        return functions["mean"](values) if len(values.shape) else averaged_parts(backend, values)
    rest = tuple(range(len(weights.shape), len(values.shape)))
    weighted = (functions["mean"](values, rest) if rest else values) * weights
    if counts_zeros:
        return functions["mean"](weighted)
    # Keras 1 and 2 divide by the part of the weights that are not 0.
    is_counted = backend.cast(functions["not_equal"](weights, 0), backend.describe(weights)[1])
    return functions["mean"](weighted) / exact(backend)["mean"](is_counted)


def _with_axes(functions: Any, tensor: Any, like: Any) -> Any:
    """Return the tensor with axes of size 1 at the end, as many as it lacks."""
    missing = len(like.shape) - len(tensor.shape)
    if missing <= 0:
        return tensor
    return functions["reshape"](tensor, (*functions["shape"](tensor), *[1] * missing))
