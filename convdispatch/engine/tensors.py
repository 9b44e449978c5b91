"""Convert a layer's inputs into tensors of its backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from convdispatch.errors import InvalidType
from convdispatch.formulas.element_types import require_float as require_float
from convdispatch.ops import (
    FLOAT_DTYPES,
    INTEGER_DTYPES,
    Backend,
    NumpyArray,
    PartialShape,
    Tensor,
)
from convdispatch.runtime import selection


def as_native(backend: Backend, inputs: object, dtype: str) -> Tensor:
    """Return `inputs` as a tensor of the backend.

    Its own tensors pass as they are, NumPy arrays keep their element type and nested lists of
    numbers get `dtype`. An integer `dtype` is that of arrays, too. Raises `InvalidType` for
    anything else.
    """
    if backend.owns(inputs):
        return inputs
    if isinstance(inputs, list | tuple | int | float):
        return backend.asarray(read_lists(inputs), dtype)
    if isinstance(inputs, np.ndarray | np.generic):
        array = np.asarray(inputs)
        if dtype in INTEGER_DTYPES and (array.dtype.kind == "b" or _is_real(array)):
            return backend.asarray(array, dtype)
        require_float(array.dtype.name, "`inputs`")
        return backend.asarray(array, array.dtype.name)
    raise InvalidType(
        f"`inputs` must be a NumPy array, nested lists of numbers or a tensor of the layer's own "
        f"backend, {backend.name!r}; received {_described(inputs)}"
    )


def as_array_or_native(backend: Backend, inputs: object, dtype: str) -> Any:
    """Return `inputs` as a NumPy array if `as_native` would convert an array or lists.

    Its own tensors pass as they are. Numbers in lists get `dtype`, unless NumPy alone lacks it.
    """
    if isinstance(inputs, np.ndarray) and inputs.ndim > 0:
        return inputs
    if isinstance(inputs, list | tuple) and dtype != "bfloat16":
        array = read_lists(inputs)
        if dtype in INTEGER_DTYPES and array.ndim > 0:
            return array  # fractions are for the layer to refuse
        return array.astype(dtype) if array.ndim > 0 else backend.asarray(array, dtype)
    return as_native(backend, inputs, dtype)


def as_column(array: Any, shape: PartialShape | None) -> Any:
    """Return an array of one number a sample as the column that the shape says; others as given.

    As every Keras took it: the numbers of users for an embedding of (batch, 1), for example.
    """
    if isinstance(array, np.ndarray) and array.ndim == 1 and shape and len(shape) == 2:
        return array.reshape(-1, 1) if shape[1] in (1, None) else array
    return array


def are_tensors(backend: Backend, inputs: Any) -> bool:
    """Return whether it is a list of tensors, not of numbers."""
    if not isinstance(inputs, list | tuple):
        return False
    return any(backend.owns(one) or hasattr(one, "shape") for one in inputs)


def natives(weights: Sequence[Any]) -> list[Any]:
    """Return the native tensors of weights, which a façade's layers show as variables."""
    return [getattr(one, "native", one) for one in weights]


def require_native(backend: Backend, tensors: Sequence[object], *, owner: str) -> None:
    """Raise `InvalidType` unless all given weights are tensors of the backend."""
    for tensor in tensors:
        if not backend.owns(tensor):
            raise InvalidType(
                f"`weights` of {owner!r} must be tensors of its own backend, {backend.name!r}; "
                f"received {_described(tensor)}"
            )


def read_lists(inputs: object) -> NumpyArray:
    """Return nested lists of numbers as an array; raise `InvalidType` for anything else."""
    try:
        array = np.asarray(inputs)
        problem = "" if _is_real(array) else f"which NumPy reads as {array.dtype}"
    except (TypeError, ValueError, RuntimeError) as exc:
        problem = f"which NumPy cannot read: {str(exc).rstrip('.')}"
    if problem:
        raise InvalidType(
            "`inputs` must be a tensor, a NumPy array or nested lists of numbers; received a "
            f"{type(inputs).__name__}, {problem}."
        )
    return array


def _is_real(array: NumpyArray) -> bool:
    return array.dtype.kind in "fiu" or array.dtype.name in FLOAT_DTYPES


def _described(inputs: object) -> str:
    """Describe an illegal input and, if it is a tensor, how to convert it."""
    kind = f"{type(inputs).__module__}.{type(inputs).__qualname__}".removeprefix("builtins.")
    try:
        owner = selection.backend_of(inputs).name
    except InvalidType:
        return f"a {kind}."
    return (
        f"a {kind}, which is a tensor of {owner!r}. Convert it with `convdispatch.to_numpy(x)`, "
        f"or move the layer to its backend with `layer.to({owner!r})`."
    )
