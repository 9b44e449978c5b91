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
    sizes: Any = backend.functions["shape"](weights)
    return backend.functions["reshape"](weights, (*sizes, *[1] * (len(shape) - len(given))))


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
