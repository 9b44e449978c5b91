"""One model on several backends in one process: how far apart, and how fast."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from convdispatch.errors import (
    BackendBroken,
    BackendUnavailable,
    InvalidArgument,
    InvalidType,
    UnsupportedOp,
)
from convdispatch.formulas.element_types import require_float
from convdispatch.models.parts import (
    AnyModel,
    as_many,
    build_for,
    computing_dtype,
    input_dtypes,
    require_model,
)
from convdispatch.numerics.problem import round_to
from convdispatch.numerics.rounding import model_with_bounds
from convdispatch.ops import INTEGER_DTYPES, NumpyArray
from convdispatch.runtime import selection
from convdispatch.runtime.registry import registry
from convdispatch.support.foreign import call, said

REPETITIONS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The answer of one backend.

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
    model: AnyModel, x: Any, backends: Iterable[str] | None = None
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
    inputs = built_inputs(model, x)
    model = model.to(model.backend)  # with the weights of one time, for all that follows
    right = model_with_bounds(model, inputs, computing_dtype(model))
    return {name: _measure(model, inputs, name, right) for name in names}


def built_inputs(model: AnyModel, x: Any) -> list[NumpyArray]:
    """Return an array for each input, of numbers that its element type has; build the model."""
    require_model(model)
    many = as_many(model, x)
    inputs = _as_model_type(many, input_dtypes(model, len(many)))
    build_for(model, [one.shape for one in inputs])
    return inputs


def _checked_names(backends: Iterable[str] | None) -> tuple[str, ...]:
    """Return the names; raise unless each requested backend can be used."""
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


def _as_model_type(x: Sequence[Any], dtypes: Sequence[str]) -> list[NumpyArray]:
    return [_rounded(one, dtype) for one, dtype in zip(x, dtypes, strict=True)]


def _rounded(x: Any, dtype: str) -> NumpyArray:
    if not isinstance(x, np.ndarray):
        raise InvalidType(
            f"`x` must be a NumPy array, which every backend takes; received {type(x).__name__}. "
            "Convert it with `convdispatch.to_numpy(x)`."
        )
    if dtype in INTEGER_DTYPES and x.dtype.kind in "biu":
        return x.astype(dtype)
    require_float(x.dtype.name, "`x`")
    inputs = round_to(x.astype(np.float64), dtype)
    if not np.all(np.isfinite(inputs)):
        raise InvalidArgument(
            f"`x` must be finite in the model's element type, {dtype}; received infinities or "
            "not-a-number."
        )
    return inputs


# The exact outputs, each with the largest error that rounding explains.
Right: TypeAlias = Sequence[tuple[Any, Any]]


def _measure(model: AnyModel, x: list[NumpyArray], name: str, right: Right) -> Comparison:
    try:
        return call(_measured, model, x, name, right)
    except UnsupportedOp as exc:
        return Comparison(backend=name, status="unsupported", reason=str(exc))
    except (BackendUnavailable, BackendBroken) as exc:
        return Comparison(backend=name, status="unavailable", reason=str(exc))
    except Exception as exc:  # noqa: BLE001 - the model and `x` are right: the reference had them
        return Comparison(backend=name, status="outside", reason=said(exc))


def _measured(model: AnyModel, x: list[NumpyArray], name: str, right: Right) -> Comparison:
    backend = registry.load(name)
    moved: Any = model.to(name)
    # Copies, so that a backend that overwrites its input affects no other.
    pairs = zip(x, input_dtypes(moved, len(x)), strict=True)
    native = [backend.asarray(one.copy(), dtype) for one, dtype in pairs]
    given = native if len(native) > 1 else native[0]
    outputs = [np.array(backend.to_numpy(one)) for one in _listed(moved(given))]
    return judged(name, outputs, right, lambda: _seconds(moved, given, backend))


def judged(
    name: str, outputs: Sequence[NumpyArray], right: Right, timed: Callable[[], float]
) -> Comparison:
    """Return how far a backend's outputs are from the exact ones.

    timed: computes them once more, and returns how many seconds that took.
    """
    shapes, wanted = [one.shape for one in outputs], [exact.shape for exact, _ in right]
    if shapes != wanted:
        reason = f"the output has shape {_one_of(shapes)} instead of {_one_of(wanted)}"
        return Comparison(backend=name, status="outside", reason=reason)
    errors = [
        np.abs(np.asarray(output, np.float64) - exact)
        for output, (exact, _) in zip(outputs, right, strict=True)
    ]
    ratios = [
        np.divide(error, bound, out=np.where(error == 0, 0.0, np.inf), where=bound > 0)
        for error, (_, bound) in zip(errors, right, strict=True)
    ]
    in_bounds = max(float(np.max(ratio, initial=0.0)) for ratio in ratios)
    return Comparison(
        backend=name,
        status="ok" if in_bounds <= 1 else "outside",
        reason="" if in_bounds <= 1 else "the error is larger than rounding explains",
        max_error=max(float(np.max(error, initial=0.0)) for error in errors),
        error_in_bounds=in_bounds,
        seconds=statistics.median(timed() for _ in range(REPETITIONS)),
    )


def _listed(outputs: Any) -> list[Any]:
    return outputs if isinstance(outputs, list) else [outputs]


def _one_of(shapes: Sequence[Any]) -> Any:
    return shapes[0] if len(shapes) == 1 else list(shapes)


def _seconds(model: Any, native: Any, backend: Any) -> float:
    begun = time.perf_counter()
    for output in _listed(model(native)):
        backend.synchronize(output)
    return time.perf_counter() - begun
