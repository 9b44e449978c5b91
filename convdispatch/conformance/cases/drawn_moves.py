"""What only moves numbers moves any: zeros of either sign, NaN, infinities and subnormal ones.

The tensors are drawn, some of them empty, and NumPy moves the same numbers.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Mismatch
from convdispatch.conformance.cases.drawn_shapes import Random, axes_of, shape_of
from convdispatch.conformance.cases.function_rows import REFERENCE
from convdispatch.conformance.cases.tensors import numpy_type
from convdispatch.numerics.distance import require_within
from convdispatch.numerics.problem import Array, round_to
from convdispatch.ops import FLOAT_DTYPES, Backend, Shape

# A function of a table of functions and tensors; the table is the backend's, or NumPy's.
Move = Callable[..., Any]
# How a draw goes: the shapes of the tensors, and what is done with them.
_Drawn = tuple[list[Shape], Move]

_DRAWS = {"float16": 3, "bfloat16": 3, "float32": 5, "float64": 3}
_KEPT = (0.0, -0.0, np.nan, np.inf, -np.inf, 1.0, -1.5, 0.375)
# The smallest number of the type, which is subnormal, and the largest.
_ENDS = {
    "float16": (2.0**-24, 65504.0),
    "bfloat16": (2.0**-133, (2 - 2.0**-7) * 2.0**127),
    "float32": (2.0**-149, (2 - 2.0**-23) * 2.0**127),
    "float64": (2.0**-1074, (2 - 2.0**-52) * 2.0**1023),
}


def cases(seed: int) -> Iterator[Case]:
    """Yield a case for each function that moves numbers and each element type."""
    for name in _MOVES:
        for dtype in FLOAT_DTYPES:
            yield Case(
                id=f"functions/contract/drawn-{name}-{dtype}",
                level="contract",
                op="functions",
                claim="Numbers of every kind are moved as they are, whatever the shape is.",
                check=moved,
                arguments=(name, dtype, seed),
                features=(dtype,),
            )


def moved(backend: Backend, name: str, dtype: str, seed: int) -> None:
    """Move numbers, and compare with NumPy's, zeros' signs included."""
    random = np.random.default_rng((seed, zlib.crc32(f"{name}-{dtype}".encode())))
    for _ in range(_DRAWS[dtype]):
        shapes, move = _MOVES[name](random)
        arrays = [_numbers(random, shape, dtype) for shape in shapes]
        native = [backend.asarray(array, dtype) for array in arrays]
        want = np.asarray(move(REFERENCE, *arrays))
        got = np.asarray(backend.to_numpy(move(backend.functions, *native)))
        what = f"{name!r} of {', '.join(map(str, shapes))}"
        require_within(got, want.astype(np.float64), 0, dtype, what)
        lost = (np.signbit(got) != np.signbit(want)) & ~np.isnan(want)
        if lost.any():
            place = tuple(int(index[0]) for index in np.nonzero(lost))
            raise Mismatch(f"{what} changed the sign of the zero at {place}")


def _numbers(random: Random, shape: Shape, dtype: str) -> Array:
    chosen = np.array([*_KEPT, *_ENDS[dtype]])[random.integers(len(_KEPT) + 2, size=shape)]
    return np.asarray(round_to(np.asarray(chosen), dtype).astype(numpy_type(dtype)))


def _itself(name: str) -> Callable[[Random], _Drawn]:
    return lambda random: ([shape_of(random)], lambda f, x: f[name](x))


def _flip(random: Random) -> _Drawn:
    shape = shape_of(random, least=1)
    axes = axes_of(random, len(shape))
    return [shape], lambda f, x: f["flip"](x, axes)


def _transpose(random: Random) -> _Drawn:
    shape = shape_of(random, most=5)
    order = tuple(int(axis) for axis in random.permutation(len(shape)))
    return [shape], lambda f, x: f["transpose"](x, order)


def _reshape(random: Random) -> _Drawn:
    shape = shape_of(random)
    size = int(np.prod(shape))
    parts = [part for part in range(1, size + 1) if size % part == 0] or [0, 1, 3]
    first = parts[random.integers(len(parts))]
    rest = size // first if first else 2
    inferred = (first, -1) if first else (rest, 0)
    target = ((first, rest), inferred, (size,), (1, *shape, 1))[random.integers(4)]
    return [shape], lambda f, x: f["reshape"](x, target)


def _concatenate(random: Random) -> _Drawn:
    shape = shape_of(random, least=1)
    axis = int(random.integers(-len(shape), len(shape)))
    place = axis % len(shape)
    several = [
        (*shape[:place], int(random.integers(0, 4)), *shape[place + 1 :])
        for _ in range(random.integers(1, 4))
    ]
    return several, lambda f, *x: f["concatenate"](list(x), axis)


def _stack(random: Random) -> _Drawn:
    shape = shape_of(random, most=3)
    axis = int(random.integers(-len(shape) - 1, len(shape) + 1))
    return [shape] * int(random.integers(1, 4)), lambda f, *x: f["stack"](list(x), axis)


def _take(random: Random) -> _Drawn:
    shape = shape_of(random, least=1, may_be_empty=False)
    axis = int(random.integers(-len(shape), len(shape)))
    indices = random.integers(shape[axis], size=shape_of(random, most=2))
    return [shape], lambda f, x: f["take"](x, np.asarray(indices), axis)


def _pad(random: Random) -> _Drawn:
    shape = shape_of(random, least=1)
    pads = [(int(low), int(high)) for low, high in random.integers(0, 3, (len(shape), 2))]
    value = (0.0, 0.375, -np.inf)[random.integers(3)]
    return [shape], lambda f, x: f["pad"](x, pads, value)


_MOVES: dict[str, Callable[[Random], _Drawn]] = {
    "linear": _itself("linear"),
    "stop_gradient": _itself("stop_gradient"),
    "flip": _flip,
    "transpose": _transpose,
    "reshape": _reshape,
    "concatenate": _concatenate,
    "stack": _stack,
    "take": _take,
    "pad": _pad,
}
