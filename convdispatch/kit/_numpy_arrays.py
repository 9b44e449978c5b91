"""NumPy's arrays: element types by name, byte order, and functions of tensors over arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from convdispatch.errors import BackendUnavailable, install_command
from convdispatch.kit._primitives import Converts
from convdispatch.kit._steps import map_tree


def numpy_dtype(name: str) -> np.dtype[Any]:
    """Return NumPy's element type of that name.

    Raises `BackendUnavailable` for bfloat16 if its package is not installed.
    """
    if name != "bfloat16":
        return np.dtype(name)
    try:
        import ml_dtypes
    except ImportError as exc:
        raise BackendUnavailable(
            "the element type bfloat16 needs the package 'ml_dtypes', which is not installed. "
            f"Install it with `{install_command('bfloat16')}`."
        ) from exc
    bfloat16: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
    return bfloat16


def native(x: Any) -> Any:
    """Return the array in the machine's byte order, without a copy if it already is."""
    return x if x.dtype.isnative else x.astype(native_type(x.dtype))


def native_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the element type with its bytes in the machine's order."""
    return dtype.newbyteorder("=")


def widened(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the element type to compute in: half precision is rounded once, at the end."""
    return np.dtype("float32") if dtype.itemsize == 2 else dtype


def over_tensors(function: Callable[..., Any], backend: Converts) -> Callable[..., Any]:
    """Return a function of NumPy's arrays as one of the backend's tensors.

    It goes through the machine's memory and records no gradients. Use it for functions without
    gradients, such as `draws`, on a framework whose tensors always have values.
    """

    def as_array(given: Any) -> Any:
        return backend.to_numpy(given) if backend.owns(given) else given

    def as_tensor(found: Any) -> Any:
        is_array = isinstance(found, np.ndarray | np.generic)
        return backend.asarray(found, found.dtype.name) if is_array else found

    def call(*arguments: Any, **options: Any) -> Any:
        given, named = map_tree(as_array, (arguments, options))
        return map_tree(as_tensor, function(*given, **named))

    return call
