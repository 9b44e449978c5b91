"""Half precision, computed in float32 and rounded once.

TensorFlow's own float16 and bfloat16 kernels round intermediate results, and differ in where.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from convdispatch_tensorflow._framework import tf

HALF = ("float16", "bfloat16")
_HALF_TYPES = tuple(tf.as_dtype(name) for name in HALF)


def rounded_once(compute: Callable[..., Any]) -> Callable[..., Any]:
    """Return `compute`, a function of tensors, carried out in float32 for half-precision ones."""

    @wraps(compute)
    def computed(x: Any, *others: Any) -> Any:
        if x.dtype not in _HALF_TYPES:
            return compute(x, *others)
        wide = (tf.cast(tensor, tf.float32) for tensor in (x, *others))
        return tf.cast(compute(*wide), x.dtype)

    return computed
