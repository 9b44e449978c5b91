"""One model on several backends in one process: how far apart, and how fast."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from convdispatch.engine.layer import Layer
from convdispatch.errors import (
    BackendBroken,
    BackendUnavailable,
    InvalidArgument,
    InvalidShape,
    InvalidType,
    UnsupportedOp,
)
from convdispatch.formulas.element_types import require_float
from convdispatch.models import Sequential
from convdispatch.numerics.problem import round_to
from convdispatch.numerics.rounding import reference_with_bound
from convdispatch.ops import NumpyArray
from convdispatch.runtime import selection
from convdispatch.runtime.registry import registry
from convdispatch.support.foreign import call, said

REPETITIONS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What one backend answered.

    `status` is 'ok', 'outside' (of the rounding bound, also where the backend raises instead of
    answering), 'unavailable' (also where it breaks while it is loaded) or 'unsupported'. All but
    the first have a reason, and where there is no output no figures.
    """

    backend: str
    status: str
    reason: str = ""
    max_error: float = float("nan")  # largest absolute difference from the float64 reference
    error_in_bounds: float = float("nan")  # largest error divided by the bound at its place
    seconds: float = float("nan")  # median time of one call, after a first one


def compare(
    model: Layer | Sequential, x: Any, backends: Iterable[str] | None = None
) -> dict[str, Comparison]:
    """Run one model on several backends and measure each against a float64 reference.

    `x` is a NumPy array, cast to the model's element type first. `backends` defaults to all that
    are available. An error of up to 1 bound is within what rounding explains; a larger one is a
    fault. Neither a backend nor a plugin takes part in the reference. Raises `BackendNotFound`,
    `BackendUnavailable` or `BackendBroken` for a name that is asked for and cannot be used.

    >>> from convdispatch.layers import Conv1D
    >>> result = compare(Conv1D(2, 3), np.ones((1, 8, 1)), backends=["numpy"])
    >>> result["numpy"].status
    'ok'
    """
    names = _checked_names(backends)
    layers = _layers(model)
    inputs = _as_model_type(x, layers)
    if not model.built:
        model.build((None, *inputs.shape[1:]))
    model = model.to(model.backend)  # with the weights of one time, for all that follows
    layers = _layers(model)
    expected, bound = reference_with_bound(layers, inputs, layers[0].dtype)
    return {name: _measure(model, inputs, name, expected, bound) for name in names}


def _checked_names(backends: Iterable[str] | None) -> tuple[str, ...]:
    """Return the names; raise unless each one that is asked for can be used."""
    if backends is None:
        names = selection.available_backends()
        if not names:
            raise BackendUnavailable("no backend is available. See `convdispatch backends`.")
        return names
    names = (backends,) if isinstance(backends, str) else tuple(backends)
    if not names:
        raise InvalidArgument("`backends` names none. Name one, or leave it out for all of them.")
    for name in names:
        registry.load(selection.resolve_backend(name))
    return tuple(dict.fromkeys(names))


def _layers(model: Layer | Sequential) -> list[Layer]:
    if not isinstance(model, Layer | Sequential):
        raise InvalidType(
            f"`model` must be a layer or a Sequential; received {type(model).__name__}."
        )
    layers = model.layers if isinstance(model, Sequential) else [model]
    if not layers:
        raise InvalidShape(f"{model.name!r} has no layers to compare.")
    return layers


def _as_model_type(x: Any, layers: list[Layer]) -> NumpyArray:
    if not isinstance(x, np.ndarray):
        raise InvalidType(
            f"`x` must be a NumPy array, which every backend takes; received {type(x).__name__}. "
            "Convert it with `convdispatch.to_numpy(x)`."
        )
    require_float(x.dtype.name, "`x`")
    inputs = round_to(x.astype(np.float64), layers[0].dtype)
    if not np.all(np.isfinite(inputs)):
        raise InvalidArgument(
            f"`x` must be finite in the model's element type, {layers[0].dtype}; received "
            "infinities or not-a-number."
        )
    return inputs


def _measure(
    model: Layer | Sequential, x: NumpyArray, name: str, expected: Any, bound: Any
) -> Comparison:
    try:
        return call(_measured, model, x, name, expected, bound)
    except UnsupportedOp as exc:
        return Comparison(backend=name, status="unsupported", reason=str(exc))
    except (BackendUnavailable, BackendBroken) as exc:
        return Comparison(backend=name, status="unavailable", reason=str(exc))
    except Exception as exc:  # noqa: BLE001 - the model and `x` are right: the reference had them
        return Comparison(backend=name, status="outside", reason=said(exc))


def _measured(
    model: Layer | Sequential, x: NumpyArray, name: str, expected: Any, bound: Any
) -> Comparison:
    backend = registry.load(name)
    moved = model.to(name)
    dtype = moved.layers[0].dtype if isinstance(moved, Sequential) else moved.dtype
    native = backend.asarray(x.copy(), dtype)  # what one backend writes on is no other's
    output = np.array(backend.to_numpy(moved(native)))
    if output.shape != expected.shape:
        reason = f"the output has shape {output.shape} instead of {expected.shape}"
        return Comparison(backend=name, status="outside", reason=reason)
    error = np.abs(np.asarray(output, np.float64) - expected)
    ratio = np.divide(error, bound, out=np.where(error == 0, 0.0, np.inf), where=bound > 0)
    in_bounds = float(np.max(ratio, initial=0.0))
    return Comparison(
        backend=name,
        status="ok" if in_bounds <= 1 else "outside",
        reason="" if in_bounds <= 1 else "the error is larger than rounding explains",
        max_error=float(np.max(error, initial=0.0)),
        error_in_bounds=in_bounds,
        seconds=statistics.median(_seconds(moved, native, backend) for _ in range(REPETITIONS)),
    )


def _seconds(model: Any, native: Any, backend: Any) -> float:
    begun = time.perf_counter()
    backend.synchronize(model(native))
    return time.perf_counter() - begun
