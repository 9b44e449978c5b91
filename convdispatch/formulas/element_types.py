"""Which element types the frontend computes in, and how: half precision in float32.

float16 ends at 65504 and has eleven bits, bfloat16 has eight: squares overflow, sums stop growing
and small differences vanish on the way to results that the element type has. So every formula of
the frontend computes half precision in float32 and rounds its result once. The gradient goes the
same way back, by the two casts.
"""

from __future__ import annotations

from collections.abc import Callable

from convdispatch.errors import InvalidType
from convdispatch.ops import FLOAT_DTYPES, HALF_DTYPES, Backend, Tensor


def rounded_once(backend: Backend, formula: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return `formula(x)` in the element type of x; raise `InvalidType` unless that is a float."""
    _, dtype = backend.describe(x)
    if dtype in HALF_DTYPES:
        return backend.cast(formula(backend.cast(x, "float32")), dtype)
    require_float(dtype, "a tensor", backend)
    result = formula(x)
    # Arithmetic with Python numbers may promote (see `ops.Backend`).
    return result if backend.describe(result)[1] == dtype else backend.cast(result, dtype)


def require_float(dtype: str, what: str, backend: Backend | None = None) -> None:
    """Raise `InvalidType` unless `dtype` is a floating-point element type that ops have.

    `what` has it, in the words of a message: a tensor of the backend, or without one an array of
    NumPy's.
    """
    if dtype not in FLOAT_DTYPES:
        raise InvalidType(
            f"{what} must have one of the element types {', '.join(FLOAT_DTYPES)}; received "
            f"{dtype}. {_advice(dtype, backend)}"
        )


def require_real(dtype: str, what: str, backend: Backend | None = None) -> None:
    """Raise `InvalidType` for complex numbers, of which a cast would keep the real part alone."""
    if dtype.startswith("complex"):
        raise InvalidType(
            f"{what} must have real numbers; received {dtype}. {_advice(dtype, backend)}"
        )


def _advice(dtype: str, backend: Backend | None) -> str:
    say = getattr(backend, "conversion", None) if backend is not None else _conversion
    if say is None:
        return "Convert it first, to float32 for example."
    return f"Convert it first, for example with `{say(dtype)}`."


def _conversion(dtype: str) -> str:
    return "x.real" if dtype.startswith("complex") else "x.astype('float32')"
