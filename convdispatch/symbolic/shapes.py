"""Tensors that have a shape and an element type, and the table of functions over them.

They go through the very functions that compute with native tensors, and say what comes out. A size
that is unknown is None in a shape, and `UNKNOWN` where a function computes with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from convdispatch.errors import InvalidShape
from convdispatch.ops import FLOAT_DTYPES, PartialShape
from convdispatch.symbolic.sizes import UNKNOWN, part_of

_ORDER = ("bool", "uint8", "int8", "int32", "int64", "float16", "bfloat16", "float32", "float64")


class Shaped:
    """A tensor without numbers."""

    __slots__ = ("dtype", "shape")
    __array_ufunc__ = None

    def __init__(self, shape: Sequence[int | None], dtype: str) -> None:
        self.shape: PartialShape = tuple(shape)
        self.dtype = dtype

    def _with(self, other: Any) -> Shaped:
        return combined(self, other)

    def _compared(self, other: Any) -> Shaped:
        return Shaped(combined(self, other).shape, "bool")

    def _alone(self) -> Shaped:
        return Shaped(self.shape, self.dtype)

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _with
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __pow__ = __rpow__ = _with
    __and__ = __or__ = _with
    __lt__ = __le__ = __gt__ = __ge__ = _compared
    __eq__ = __ne__ = _compared  # type: ignore[assignment] # as tensors compare
    __neg__ = __abs__ = __invert__ = _alone
    __hash__ = None  # type: ignore[assignment] # as an array

    def __getitem__(self, index: Any) -> Shaped:
        return Shaped(part_of(self.shape, index), self.dtype)

    def __matmul__(self, other: Shaped) -> Shaped:
        return _matmul(self, other)


def promoted(*dtypes: str) -> str:
    """Return the widest of element types."""
    return max(dtypes, key=_ORDER.index)


def combined(*operands: Any) -> Shaped:
    """Return what an elementwise function makes of tensors and numbers."""
    shaped = [one for one in operands if isinstance(one, Shaped)]
    shape: PartialShape = ()
    for one in shaped:
        shape = _broadcast(shape, one.shape)
    for one in operands:
        if isinstance(one, np.ndarray | list):
            shape = _broadcast(shape, np.shape(one))
    return Shaped(shape, promoted(*(one.dtype for one in shaped)))


def _broadcast(a: PartialShape, b: PartialShape) -> PartialShape:
    rank = max(len(a), len(b))
    sizes: list[int | None] = []
    wide = zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True)
    for one, other in wide:
        if one == 1 or other == 1:
            sizes.append(other if one == 1 else one)
        elif None in (one, other):
            sizes.append(other if one is None else one)
        elif one == other:
            sizes.append(one)
        else:
            raise InvalidShape(
                f"the shapes {a} and {b} do not fit each other: in each axis the sizes must be "
                "equal, or one of them 1."
            )
    return tuple(sizes)


def _axes(axis: Any, rank: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(rank))
    listed = axis if isinstance(axis, tuple | list) else (axis,)
    for one in listed:
        if not -rank <= one < rank:
            raise InvalidShape(f"`axis` must be one of a tensor with {rank} axes; received {one}.")
    return tuple(one % rank for one in listed)


def _reduce(x: Shaped, axis: Any = None, keepdims: bool = False) -> Shaped:
    axes = _axes(axis, len(x.shape))
    if keepdims:
        return Shaped([1 if i in axes else size for i, size in enumerate(x.shape)], x.dtype)
    return Shaped([size for i, size in enumerate(x.shape) if i not in axes], x.dtype)


def _argmax(x: Shaped, axis: int) -> Shaped:
    return Shaped(_reduce(x, axis).shape, "int64")


def known(size: Any) -> int | None:
    """Return a size as shapes have it."""
    return int(size) if isinstance(size, int | np.integer) else None


def _reshape(x: Shaped, shape: Any) -> Shaped:
    sizes = [known(one) for one in (shape if isinstance(shape, tuple | list) else (shape,))]
    open_places = [place for place, size in enumerate(sizes) if size in (None, -1)]
    rest = math.prod(size for size in sizes if size not in (None, -1))
    if None not in x.shape:
        total = math.prod(x.shape)  # type: ignore[arg-type] # all are known
        fits = total % rest == 0 if open_places and rest else total == rest
        if not fits:
            raise InvalidShape(
                f"a tensor of shape {x.shape} has {total} numbers, which do not fit the shape "
                f"{tuple(sizes)}."
            )
        if len(open_places) == 1:
            sizes[open_places[0]] = total // rest if rest else 0
    elif open_places == [0] and x.shape[0] is None and math.prod(_rest(x.shape)) == rest:
        sizes[0] = None
    return Shaped([None if size == -1 else size for size in sizes], x.dtype)


def _rest(shape: PartialShape) -> list[int]:
    return [-1 if size is None else size for size in shape[1:]]


def _concatenate(tensors: Sequence[Shaped], axis: int = 0) -> Shaped:
    first = tensors[0]
    place = _axes(axis, len(first.shape))[0]
    sizes = list(first.shape)
    for other in tensors[1:]:
        if len(other.shape) != len(sizes):
            shapes = [one.shape for one in tensors]
            raise InvalidShape(f"tensors of the shapes {shapes} cannot be joined along one axis.")
        for i, size in enumerate(other.shape):
            if i == place:
                sizes[i] = None if None in (size, sizes[i]) else sizes[i] + size  # type: ignore
            elif sizes[i] is None:
                sizes[i] = size
            elif size not in (None, sizes[i]):
                shapes = [one.shape for one in tensors]
                raise InvalidShape(
                    f"tensors of the shapes {shapes} cannot be joined along axis {axis}."
                )
    return Shaped(sizes, promoted(*(one.dtype for one in tensors)))


def _stack(tensors: Sequence[Shaped], axis: int = 0) -> Shaped:
    sizes = list(combined(*tensors).shape)
    sizes.insert(axis % (len(sizes) + 1), len(tensors))
    return Shaped(sizes, promoted(*(one.dtype for one in tensors)))


def _transpose(x: Shaped, axes: Sequence[int]) -> Shaped:
    if sorted(axes) != list(range(len(x.shape))):
        raise InvalidShape(
            f"`pattern` must have each axis of a tensor of shape {x.shape} once; received "
            f"{tuple(axes)}."
        )
    return Shaped([x.shape[axis] for axis in axes], x.dtype)


def _pad(x: Shaped, pads: Any, value: float = 0.0) -> Shaped:
    pairs = zip(x.shape, pads, strict=True)
    return Shaped(
        [None if n is None else known(n + low + high) for n, (low, high) in pairs], x.dtype
    )


def _take(x: Shaped, indices: Any, axis: int) -> Shaped:
    place = _axes(axis, len(x.shape))[0]
    return Shaped((*x.shape[:place], *np_shape(indices), *x.shape[place + 1 :]), x.dtype)


def np_shape(value: Any) -> PartialShape:
    """Return the shape of a tensor or of an array."""
    return tuple(value.shape) if hasattr(value, "shape") else np.shape(value)


def _matmul(a: Shaped, b: Shaped) -> Shaped:
    if None not in (a.shape[-1], b.shape[-2]) and a.shape[-1] != b.shape[-2]:
        raise InvalidShape(
            f"the shapes {a.shape} and {b.shape} do not fit a product: the last axis of the first "
            "must have the size of the last but one of the second."
        )
    batch = _broadcast(a.shape[:-2], b.shape[:-2])
    return Shaped((*batch, a.shape[-2], b.shape[-1]), promoted(a.dtype, b.dtype))


def _same(x: Shaped, *_: Any, **__: Any) -> Shaped:
    return Shaped(x.shape, x.dtype)


def _compare(x: Any, y: Any) -> Shaped:
    return Shaped(combined(x, y).shape, "bool")


def _where(condition: Any, x: Any, y: Any) -> Shaped:
    shape = combined(condition, x, y).shape
    chosen = [one.dtype for one in (x, y) if isinstance(one, Shaped)]
    return Shaped(shape, promoted(*chosen) if chosen else "float32")


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **dict.fromkeys(("abs", "erf", "erfc", "exp", "expm1", "linear", "log", "log1p"), _same),
    **dict.fromkeys(("relu", "sigmoid", "sign", "sqrt", "stop_gradient", "tanh"), _same),
    **dict.fromkeys(("clip", "cumsum", "flip"), _same),
    **dict.fromkeys(("equal", "greater", "greater_equal"), _compare),
    **dict.fromkeys(("less", "less_equal", "not_equal"), _compare),
    **dict.fromkeys(("maximum", "minimum", "power"), combined),
    **dict.fromkeys(("max", "mean", "sum"), _reduce),
    "where": _where,
    "argmax": _argmax,
    "concatenate": _concatenate,
    "stack": _stack,
    "transpose": _transpose,
    "pad": _pad,
    "reshape": _reshape,
    "shape": lambda x: tuple(UNKNOWN if size is None else size for size in x.shape),
    "take": _take,
    "matmul": _matmul,
    "one_hot": lambda indices, depth, dtype: Shaped((*np_shape(indices), known(depth)), dtype),
}


def _drawn(key: Any, shape: Any, dtype: str, *_: Any) -> Shaped:
    return Shaped([known(size) for size in shape], dtype)


class Shapes:
    """What functions need of a backend, over tensors without numbers."""

    name = "shapes"
    functions = FUNCTIONS
    random: Mapping[str, Callable[..., Any]] = {
        "fold": lambda key, number: key,
        **dict.fromkeys(("uniform", "normal", "bernoulli"), _drawn),
    }

    def owns(self, value: object) -> bool:
        """Say whether it is a tensor without numbers."""
        return isinstance(value, Shaped)

    def describe(self, tensor: Any) -> tuple[PartialShape, str]:
        """Return its shape and its element type."""
        return tensor.shape, tensor.dtype

    def asarray(self, value: Any, dtype: str) -> Shaped:
        """Return the tensor that an array would be."""
        return Shaped(np.shape(value), dtype)

    def cast(self, tensor: Shaped, dtype: str) -> Shaped:
        """Return it with another element type."""
        return Shaped(tensor.shape, dtype)


SHAPES: Any = Shapes()


def is_float(dtype: str) -> bool:
    """Return whether functions compute in that element type."""
    return dtype in FLOAT_DTYPES
