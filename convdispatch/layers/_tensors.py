"""What may be put into a layer, and how it becomes a tensor of the layer's backend."""

from __future__ import annotations

import numpy as np

from convdispatch.errors import InvalidType
from convdispatch.ops import FLOAT_DTYPES, Backend, Tensor


def as_native(backend: Backend, inputs: object, dtype: str) -> Tensor:
    """Return `inputs` as a tensor of the backend.

    Its own tensors pass as they are, NumPy arrays keep their element type and nested lists of
    numbers get `dtype`. Raises `InvalidType` for anything else.
    """
    if backend.owns(inputs):
        return inputs
    if isinstance(inputs, list | tuple | int | float):
        try:
            return backend.asarray(np.asarray(inputs, "float64"), dtype)
        except (TypeError, ValueError) as exc:
            raise InvalidType(
                f"`inputs` must be a tensor, a NumPy array or nested lists of numbers; received a "
                f"{type(inputs).__name__} that NumPy cannot read: {exc}."
            ) from exc
    if isinstance(inputs, np.ndarray | np.generic):
        array = np.asarray(inputs)
        require_float(array.dtype.name)
        return backend.asarray(array, array.dtype.name)
    kind = f"{type(inputs).__module__}.{type(inputs).__qualname__}"
    raise InvalidType(
        f"`inputs` must be a NumPy array or a tensor of the layer's own backend, "
        f"{backend.name!r}; received {kind}. Convert it with `convdispatch.to_numpy(x)`, or bind "
        "the layer to the tensor's backend with `layer.to(...)`."
    )


def require_float(dtype: str) -> None:
    """Raise `InvalidType` unless `dtype` is a floating-point element type that ops have."""
    if dtype not in FLOAT_DTYPES:
        raise InvalidType(
            f"`inputs` must have one of the element types {', '.join(FLOAT_DTYPES)}; received "
            f"{dtype}. Convert it first, for example with `x.astype('float32')`."
        )
