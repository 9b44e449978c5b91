"""What a recurrent layer is given to begin with: its element types, its samples, its mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from convdispatch.engine.specs import Spec, Specs, listed
from convdispatch.engine.symbols import Symbol
from convdispatch.engine.tensors import as_native, require_float
from convdispatch.errors import InvalidShape, InvalidType
from convdispatch.ops import FLOAT_DTYPES, Backend, PartialShape


def as_state(backend: Backend, state: Any, dtype: str) -> Any:
    """Return a state as a native tensor; an array or nested lists get the element type `dtype`.

    Raises `InvalidType` for an array that is not of floating point.
    """
    if isinstance(state, np.ndarray | np.generic) and not backend.owns(state):
        require_float(state.dtype.name, "`initial_state`")
        return backend.asarray(np.asarray(state), dtype)
    return as_native(backend, state, dtype)


def require_floating(states: Sequence[Spec], title: str) -> None:
    """Raise `InvalidType` for a state that is not of floating point."""
    for one in states:
        if one.dtype not in FLOAT_DTYPES:
            raise InvalidType(
                f"`initial_state` of {title} must be of floating point; received {one.dtype}. "
                "Cast it to the element type of the input."
            )


def is_one_a_sample(specs: Specs) -> bool:
    """Return whether an input and its states have equally many samples, as far as is known."""
    sizes = {one.shape[0] for one in listed(specs) if one.shape} - {None}
    return len(sizes) < 2


def wrong_samples(specs: Specs, title: str) -> InvalidShape:
    """Return the error for states of another number of samples than the input has."""
    x, *states = listed(specs)
    wanted = [(x.shape[0], *one.shape[1:]) for one in states]
    return InvalidShape(
        f"`initial_state` of {title} must have a state for each sample: the shapes (batch, ...), "
        f"here {wanted}; received {[one.shape for one in states]} for {x.shape[0]} samples."
    )


def fits(shape: PartialShape, wanted: PartialShape) -> bool:
    """Return whether a shape is the wanted one, as far as both are known."""
    pairs = zip(shape, wanted, strict=False)
    return len(shape) == len(wanted) and all(a == b for a, b in pairs if None not in (a, b))


def real_arrays(backend: Backend, states: Sequence[Any], title: str) -> list[Any]:
    """Return states that replace those kept, as arrays or tensors of the backend.

    Raises `InvalidType`, as for weights, unless all are of real numbers.
    """
    return [_real(backend, one, title) for one in states]


def _real(backend: Backend, state: Any, title: str) -> Any:
    problem = None
    try:
        value = state if backend.owns(state) else np.asarray(state)
    except (TypeError, ValueError, RuntimeError) as exc:
        raise InvalidType(
            f"`states` of {title} must be arrays of real numbers; received what NumPy cannot read: "
            f"{str(exc).rstrip('.')}."
        ) from exc
    if isinstance(value, np.ndarray):
        is_real = value.dtype.kind in "fiub" or value.dtype.name == "bfloat16"
        problem = None if is_real else str(value.dtype)
    elif "complex" in str(value.dtype):
        problem = str(value.dtype)
    if problem:
        raise InvalidType(
            f"`states` of {title} must be arrays of real numbers; received element type {problem}."
        )
    return value


def mask_of_first(mask: Any) -> Any:
    """Return the mask of the input: a graph gives one for each tensor of a list, None for none."""
    is_of_each = isinstance(mask, list) and any(one is None or is_tensor(one) for one in mask)
    return mask[0] if is_of_each else mask


def is_tensor(one: object) -> bool:
    """Return whether it is one tensor, be it a symbol, and no list of them."""
    return isinstance(one, Symbol) or hasattr(one, "shape")


def shapes_without_batch(specs: Specs) -> Any:
    """Return what a resolved layer is kept under."""
    return tuple([one.shape[1:] for one in listed(specs)])
