"""An inference engine: the six names that every backend has, and what it does not have declined.

Its tensors are NumPy's arrays. It computes a convolution of one group by itself and leaves the
other ops to the kit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from convdispatch import kit
from convdispatch.hookspecs import hookimpl
from convdispatch.ops import BackendInfo, Capabilities, Conv, Op, Signature
from convdispatch_numpy._backend import backend as numpy_backend

WHY = "the engine computes results alone; train on another backend"
INFO = BackendInfo(
    name="engine",
    framework="numpy",
    load="inference_engine:backend",
    install="it is here",
    capabilities=Capabilities(
        unsupported={
            **dict.fromkeys(("gradients", "second_order", "random", "compile_step", "wrap"), WHY),
            "compile": "the engine has no compiler",
            "unknown_sizes": "the engine traces nothing",
            "functions": "the engine has ops alone",
            "float16": "the engine has no half precision; use float32",
            "bfloat16": "the engine has no half precision; use float32",
            "erf:float64": "the engine's is of float32",
            "nonfinite_weights": "the engine leaves pads out",
        }
    ),
    protocol=2,
)


class Engine:
    """Six names, no more."""

    name = "engine"

    def lower(self, op: Op, signature: Signature) -> Callable[..., Any]:
        """Return the engine's own function, or one made of it."""
        if isinstance(op, Conv) and op.groups == 1:
            return numpy_backend.lower(op, signature)
        return kit.derived(op, signature, self)

    def owns(self, value: object) -> bool:
        """Say whether it is an array."""
        return isinstance(value, np.ndarray | np.generic)

    def describe(self, tensor: Any) -> tuple[tuple[int, ...], str]:
        """Return the shape and the element type."""
        return tensor.shape, tensor.dtype.name

    def asarray(self, value: Any, dtype: str) -> Any:
        """Return the array in that element type."""
        return np.asarray(value, kit.numpy_dtype(dtype))

    def to_numpy(self, tensor: Any) -> Any:
        """Return the array."""
        return np.asarray(tensor)


backend = Engine()


@hookimpl
def convdispatch_backends() -> tuple[BackendInfo, ...]:
    """Describe the engine: this module is its plugin."""
    return (INFO,)
