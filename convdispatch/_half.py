"""Half precision: every formula of the frontend computes in float32, and rounds its result once.

float16 ends at 65504 and has eleven bits, bfloat16 has eight: squares overflow, sums stop growing
and small differences vanish on the way to results that the element type has. The gradient goes
the same way back, by the two casts.
"""

from __future__ import annotations

from collections.abc import Callable

from convdispatch.ops import HALF_DTYPES, Backend, Tensor


def rounded_once(backend: Backend, formula: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return `formula(x)` in the element type of x."""
    _, dtype = backend.describe(x)
    if dtype in HALF_DTYPES:
        return backend.cast(formula(backend.cast(x, "float32")), dtype)
    result = formula(x)
    # Arithmetic with Python numbers may promote (see `ops.Backend`).
    return result if backend.describe(result)[1] == dtype else backend.cast(result, dtype)
