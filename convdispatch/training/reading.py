"""Read rows of a user's data: arrays, arrays in files, tensors of a framework.

Only the rows of a batch are read and converted, so data may be larger than the memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from convdispatch.errors import InvalidType
from convdispatch.formulas.element_types import require_real
from convdispatch.ops import Backend
from convdispatch.runtime import selection

Rows: TypeAlias = "slice | np.ndarray[Any, np.dtype[np.intp]]"


def as_source(value: Any, what: str, backend: Backend) -> Any:
    """Return something with a shape whose rows can be read.

    An array, also one in a file (`numpy.memmap`, a dataset of h5py), or a tensor of the model's
    backend is it; lists become an array. Raises `InvalidType` for anything else.
    """
    if isinstance(value, np.ndarray | np.generic):
        if value.dtype.kind in "OUSTMm" or value.dtype.names:
            return _numbers(value, what)
        if value.dtype.kind == "c":
            require_real(value.dtype.name, what)
        return value
    if backend.owns(value):
        require_real(backend.describe(value)[1], what, backend)
        return value
    if hasattr(value, "iloc") and hasattr(value, "to_numpy"):  # a table, whose rows have names
        return as_source(value.to_numpy(), what, backend)
    if hasattr(value, "shape") and hasattr(value, "__getitem__"):
        _require_own(value, what, backend)
        require_real(str(getattr(value, "dtype", "")), what)
        return value
    try:
        array = np.asarray(value)
        problem = "" if array.dtype.kind in "fiub" else f"which NumPy reads as {array.dtype}"
    except (TypeError, ValueError, RuntimeError) as exc:
        problem = f"which NumPy cannot read: {exc}"
    if problem:
        raise InvalidType(
            f"{what} must be an array, nested lists of numbers or a tensor of the model's own "
            f"backend, {backend.name!r}; received a {type(value).__name__}, {problem}."
        )
    return array


def _numbers(value: Any, what: str) -> Any:
    """Return an array of objects as numbers; raise for anything else, such as text."""
    try:
        if value.dtype.kind == "O" and not any(
            one is None or isinstance(one, str | bytes) for one in value.flat
        ):
            return value.astype("float64")
        problem = f"which has the element type {value.dtype}"
    except (TypeError, ValueError) as exc:
        problem = f"which holds no numbers: {exc}"
    raise InvalidType(
        f"{what} must be an array of numbers; received an array, {problem}. Convert it first, for "
        "example text into numbers of classes."
    )


def _require_own(value: Any, what: str, backend: Backend) -> None:
    try:
        owner = selection.backend_of(value).name
    except InvalidType:
        return  # of no framework, such as a dataset in a file
    raise InvalidType(
        f"{what} must be an array or a tensor of the model's own backend, {backend.name!r}; "
        f"received a tensor of {owner!r}. Convert it with `convdispatch.to_numpy(x)`."
    )


def read(source: Any, rows: Rows, backend: Backend) -> Any:
    """Return these rows, as an array of NumPy or as a tensor of the backend."""
    if backend.owns(source) and not isinstance(source, np.ndarray):
        take: Any = backend.functions["take"]
        return source[rows] if isinstance(rows, slice) else take(source, rows, 0)
    if isinstance(source, np.ndarray) or isinstance(rows, slice):
        return source[rows]
    # A dataset in a file takes increasing numbers only, each once.
    unique, places = np.unique(rows, return_inverse=True)
    return np.asarray(source[unique.tolist()])[places]


def as_tensor(value: Any, dtype: str, backend: Backend) -> Any:
    """Return rows as a tensor of the backend with that element type."""
    if backend.owns(value) and not isinstance(value, np.ndarray | np.generic):
        return value if backend.describe(value)[1] == dtype else backend.cast(value, dtype)
    return backend.asarray(np.asarray(value), dtype)


def shapes(sources: Sequence[Any]) -> list[tuple[int, ...]]:
    """Return the shape of each source."""
    return [tuple(source.shape) for source in sources]
