"""What a backend promises about its tensors besides computing: conversions and variables.

Nothing is promised of the memory behind `asarray`, so whoever changes the array afterwards may
change the tensor; a variable is the owner of its values.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Check, Mismatch
from convdispatch.conformance.cases.inputs import KINDS
from convdispatch.errors import BackendUnavailable, install_command
from convdispatch.numerics.distance import require_kind, require_within
from convdispatch.numerics.problem import round_to
from convdispatch.ops import FLOAT_DTYPES, Backend, Shape, Tensor

_SHAPES: tuple[Shape, ...] = ((), (1,), (0,), (3, 0, 2), (2, 3, 4))
_METHODS = ("asarray", "variable")

# Zeros, subnormal numbers, the extremes, infinities and NaN of either sign, NaN with a payload.
_BITS = {
    "float16": (0, 0x8000, 1, 0x83FF, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7E00, 0xFE00, 0x7E55),
    "bfloat16": (0, 0x8000, 1, 0x807F, 0x7F7F, 0xFF7F, 0x7F80, 0xFF80, 0x7FC0, 0xFFC0, 0x7FD5),
    "float32": (0, 1 << 31, 1, 0x807FFFFF, 0x7F7FFFFF, 0xFF7FFFFF, 0x7F800000, 0xFF800000,
                0x7FC00000, 0xFFC00000, 0x7FC01234),
    "float64": (0, 1 << 63, 1, (1 << 63) + 5, 0x7FEF << 48, 0xFFEF << 48, 0x7FF0 << 48,
                0xFFF0 << 48, 0x7FF8 << 48, 0xFFF8 << 48, (0x7FF8 << 48) + 9),
}  # fmt: skip
_WORDS = {"float16": np.uint16, "bfloat16": np.uint16, "float32": np.uint32, "float64": np.uint64}

# Between two numbers of some element type, in the middle of two or just beside it, beyond the
# largest one, below the smallest one of float16, and what stays as it is.
TO_ROUND = (
    1 / 3, -1 / 3, 1e5, 1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-11, 1 + 3 * 2**-11, 1 + 2**-24,
    1 + 3 * 2**-24, 1 + 2**-24 + 2**-40, 1 + 2**-24 - 2**-40, 65504.0, 65519.0, 65520.0, -7e4,
    1e39, -1e39, 2.0**-24, 2.0**-25, 3 * 2.0**-25, 2.0**-14 - 2.0**-24, 0.0, -0.0, np.inf, -np.inf,
    np.nan, 16777217.0, 2049.0, 2051.0, 257.0, 259.0,
)  # fmt: skip


def cases(seed: int) -> Iterator[Case]:
    """Yield the conversions for each element type; `seed` changes nothing here."""
    for dtype in FLOAT_DTYPES:
        bits = "Values come back bit by bit: zeros' signs, subnormal numbers, infinities and NaN."
        yield _case(f"round-trip-{dtype}", bit_by_bit, bits, dtype)
        yield _case(
            f"shapes-{dtype}", of_any_shape, "Scalars and empty arrays keep their shapes.", dtype
        )
        for kind in KINDS:
            claim = "An array is read by value, however it lies in memory."
            yield _case(f"{kind}-array-{dtype}", converted, claim, dtype, kind)
        yield _case(
            f"integers-{dtype}", integers, "Integers become numbers of the element type.", dtype
        )
        claim = "Numbers are rounded to the nearest of the element type, ties to even."
        yield _case(f"rounded-{dtype}", rounded, claim, dtype)
        claim = "Later changes of the array do not reach the variable, and the reverse."
        yield _case(f"variable-is-a-copy-{dtype}", a_copy, claim, dtype)
        claim = "A variable that was assigned has the new values, its shape and its type."
        yield _case(f"assign-{dtype}", assigned, claim, dtype)
        claim = "A thread can compute with the tensors of another, and read them."
        yield _case(f"other-thread-{dtype}", handed_over, claim, dtype)
        claim = "A backend owns what it made, and no list, string or number."
        yield _case(f"owns-{dtype}", owned, claim, dtype)
        for other in FLOAT_DTYPES:
            claim = "A cast rounds to nearest, ties to even, and keeps NaN and infinity."
            yield _case(f"cast-{dtype}-{other}", cast, claim, dtype, other)


def bit_by_bit(backend: Backend, dtype: str) -> None:
    """Send every kind of number there and back, and compare the bits."""
    array = np.array(_BITS[dtype], _WORDS[dtype]).view(numpy_type(dtype))
    for method in _METHODS:
        got = np.asarray(backend.to_numpy(getattr(backend, method)(array, dtype)))
        require_kind(got, array.shape, dtype, f"what `{method}` made")
        for index, (before, after) in enumerate(zip(array, got, strict=True)):
            if before.tobytes() != after.tobytes():
                raise Mismatch(
                    f"{before!r}, number {index}, came back from `{method}` as {after!r}"
                )


def of_any_shape(backend: Backend, dtype: str) -> None:
    """Send arrays with no axis, with one and with empty ones there and back."""
    for shape in _SHAPES:
        array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(numpy_type(dtype))
        for method in _METHODS:
            tensor = getattr(backend, method)(array, dtype)
            _require_described(backend, tensor, shape, dtype)
            got = np.asarray(backend.to_numpy(tensor))
            require_within(got, array.astype(np.float64), 0, dtype, f"an array of shape {shape}")


def converted(backend: Backend, dtype: str, kind: str) -> None:
    """Make a constant and a variable of an array that lies in memory in this way."""
    numbers = np.arange(-6, 6).reshape(3, 4) / 8
    for method in _METHODS:
        array = KINDS[kind](numbers)
        tensor = getattr(backend, method)(array, dtype)
        _require_described(backend, tensor, numbers.shape, dtype)
        got = np.asarray(backend.to_numpy(tensor))
        require_within(got, numbers, 0, dtype, f"what `{method}` made")
        if array.tolist() != numbers.tolist():
            raise Mismatch(f"`{method}` wrote to the array")


def integers(backend: Backend, dtype: str) -> None:
    """Make a constant and a variable of integers."""
    numbers = np.arange(-6, 6).reshape(3, 4)
    for method in _METHODS:
        got = np.asarray(backend.to_numpy(getattr(backend, method)(numbers, dtype)))
        require_within(got, numbers, 0, dtype, f"what `{method}` made")


def rounded(backend: Backend, dtype: str) -> None:
    """Make a constant and a variable of float64 numbers that the element type lacks."""
    numbers = np.array(TO_ROUND)
    for method in _METHODS:
        with np.errstate(all="ignore"):
            want = round_to(numbers, dtype)
            got = np.asarray(backend.to_numpy(getattr(backend, method)(numbers, dtype)))
        require_within(got, want, 0, dtype, f"what `{method}` made")


def cast(backend: Backend, dtype: str, other: str) -> None:
    """Cast every kind of number, and compare with the nearest number, exactly."""
    with np.errstate(all="ignore"):
        numbers = round_to(np.array(TO_ROUND), dtype)
        result = backend.cast(backend.asarray(numbers, dtype), other)
        want = round_to(numbers, other)
    _require_described(backend, result, numbers.shape, other)
    _require_owned(backend, result, f"the cast to {other}")
    got = np.asarray(backend.to_numpy(result))
    require_within(got, want, 0, other, f"the cast from {dtype}")
    signs = np.signbit(want) & ~np.isnan(want)
    if (np.signbit(got.astype(np.float64)) & ~np.isnan(want)).tolist() != signs.tolist():
        raise Mismatch("a cast changed the sign of a zero")


def a_copy(backend: Backend, dtype: str) -> None:
    """Change the array under a variable, and then the variable over the array."""
    array = np.ones(3, numpy_type(dtype))
    variable = backend.variable(array, dtype)
    array[:] = 7
    got = np.asarray(backend.to_numpy(variable))
    require_within(got, np.ones(3), 0, dtype, "the variable whose array was changed")
    backend.assign(variable, np.zeros(3))
    if array.astype(np.float64).tolist() != [7, 7, 7]:
        raise Mismatch("assigning to a variable changed the array that it was made from")


def assigned(backend: Backend, dtype: str) -> None:
    """Assign twice, and look at what is returned."""
    variable = backend.variable(np.zeros((2, 2)), dtype)
    for numbers in (np.arange(4).reshape(2, 2) / 4, -np.ones((2, 2))):
        variable = backend.assign(variable, numbers)
        _require_owned(backend, variable, "what `assign` returned")
        _require_described(backend, variable, (2, 2), dtype)
        backend.synchronize(variable)
        got = np.asarray(backend.to_numpy(variable))
        require_within(got, numbers, 0, dtype, "the variable")


def handed_over(backend: Backend, dtype: str) -> None:
    """Make tensors here, and add and read them in another thread."""
    numbers = np.arange(1, 7).reshape(2, 3)
    made: list[Any] = [
        backend.asarray(numbers, dtype),
        backend.assign(backend.variable(np.zeros((2, 3)), dtype), numbers),
    ]
    with ThreadPoolExecutor(1) as pool:
        for tensor in made:
            got = pool.submit(_doubled, backend, tensor).result()
            require_within(np.asarray(got), 2.0 * numbers, 0, dtype, "the sum of another thread")


def _doubled(backend: Backend, tensor: Any) -> Any:
    return backend.to_numpy(tensor + tensor)


def owned(backend: Backend, dtype: str) -> None:
    """Call `owns` with all kinds of tensors, and with objects that never are tensors."""
    array = np.ones((1, 2))
    constant = backend.asarray(array, dtype)
    _require_owned(backend, constant, "what `asarray` made")
    _require_owned(backend, backend.variable(array, dtype), "what `variable` made")
    _require_owned(backend, backend.cast(constant, dtype), "what `cast` made")
    for name in ("linear", "exp", "sum"):
        _require_owned(backend, backend.functions[name](constant), f"the result of {name!r}")
    for value in (array.tolist(), (1.0,), "1.0", b"1", 1, 1.0, True, None, object(), Backend):
        if backend.owns(value):
            raise Mismatch(f"`owns` claims {value!r}")


def numpy_type(dtype: str) -> np.dtype[Any]:
    """Return NumPy's element type of that name; bfloat16 needs an optional package.

    Raises `BackendUnavailable` without it.
    """
    if dtype != "bfloat16":
        return np.dtype(dtype)
    try:
        bfloat16: np.dtype[Any] = np.dtype(importlib.import_module("ml_dtypes").bfloat16)
    except ImportError as exc:
        raise BackendUnavailable(
            "NumPy has bfloat16 by the package 'ml_dtypes', which is not installed. "
            f"Install it with `{install_command('bfloat16')}`."
        ) from exc
    return bfloat16


def _require_owned(backend: Backend, value: Tensor, what: str) -> None:
    if not backend.owns(value):
        raise Mismatch(f"`owns` denies {what}")


def _require_described(backend: Backend, tensor: Tensor, shape: Shape, dtype: str) -> None:
    described = backend.describe(tensor)
    if described != (shape, dtype):
        raise Mismatch(f"`describe` gives {described!r}; expected {(shape, dtype)!r}")


def _case(slug: str, check: Check, claim: str, *dtypes: str) -> Case:
    used = tuple(dict.fromkeys(dtype for dtype in dtypes if dtype in FLOAT_DTYPES))
    return Case(
        id=f"tensors/contract/{slug}",
        level="contract",
        op="tensors",
        claim=claim,
        check=check,
        arguments=dtypes,
        features=used,
    )
