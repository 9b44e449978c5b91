"""The table of functions of a recorder: each function records itself, with settled arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from convdispatch import kit
from convdispatch.ops import PartialShape
from convdispatch.programs import _shapes
from convdispatch.programs._symbolic import Symbolic

Function = Callable[..., Any]

_OF_ONE = ("abs", "erf", "erfc", "exp", "expm1", "log", "log1p", "negative", "relu", "sigmoid",
           "sign", "sqrt", "stop_gradient", "tanh", "logical_not")  # fmt: skip
_OF_TWO = ("add", "divide", "floor_divide", "maximum", "minimum", "multiply", "power", "remainder",
           "subtract", "logical_and", "logical_or")  # fmt: skip
_COMPARING = ("equal", "greater", "greater_equal", "less", "less_equal", "not_equal")
_REDUCING = ("max", "mean", "sum")


class Recording(Protocol):
    """What a table writes into."""

    def record(
        self, name: str, operands: Sequence[Any], shape: PartialShape, dtype: str, /, **options: Any
    ) -> Symbolic:
        """Record an instruction with one result and return that."""

    def asarray(self, value: Any, dtype: str) -> Symbolic:
        """Return a constant."""

    def sliced(self, x: Symbolic, places: Any) -> Symbolic:
        """Return some cells of a tensor."""


class Table:
    """The functions by name, and Python's operators beside them."""

    def __init__(self, recorder: Recording) -> None:
        self._record = recorder.record
        self._asarray = recorder.asarray
        self._sliced = recorder.sliced
        own = ("argmax", "clip", "concatenate", "cumsum", "flip", "matmul", "one_hot", "pad",
               "reshape", "shape", "stack", "take", "transpose", "where")  # fmt: skip
        self.functions: Mapping[str, Function] = {
            "linear": lambda x: x,
            **{name: self._of_one(name) for name in _OF_ONE},
            **{name: self._of_two(name) for name in _OF_TWO},
            **{name: self._of_two(name, "bool") for name in _COMPARING},
            **{name: self._reducing(name) for name in _REDUCING},
            **{name: getattr(self, f"_{name}") for name in own},
        }

    def _of_one(self, name: str) -> Function:
        return lambda x: self._record(name, (x,), x.shape, x.dtype)

    def _of_two(self, name: str, dtype: str | None = None) -> Function:
        def function(x: Any, y: Any) -> Symbolic:
            x, y = self._tensor_or_number(x), self._tensor_or_number(y)
            tensors = [one for one in (x, y) if isinstance(one, Symbolic)]
            shape = _shapes.broadcast([one.shape for one in tensors])
            return self._record(name, (x, y), shape, dtype or _common(tensors))

        return function

    def _tensor_or_number(self, x: Any) -> Any:
        if isinstance(x, np.ndarray) and x.ndim:
            return self._asarray(x, x.dtype.name)
        return x.item() if isinstance(x, np.ndarray | np.generic) else x

    def _reducing(self, name: str) -> Function:
        def function(x: Symbolic, axis: Any = None, keepdims: bool = False) -> Symbolic:
            axes = _axes(axis, x.ndim)
            shape = _shapes.reduced(x.shape, axes, keepdims=keepdims)
            return self._record(name, (x,), shape, x.dtype, axes=axes, keepdims=bool(keepdims))

        return function

    def _argmax(self, x: Symbolic, axis: int) -> Symbolic:
        axis %= x.ndim
        shape = _shapes.reduced(x.shape, (axis,), keepdims=False)
        return self._record("argmax", (x,), shape, "int64", axis=axis)

    def _clip(self, x: Symbolic, low: float, high: float) -> Symbolic:
        return self._record("clip", (x,), x.shape, x.dtype, low=float(low), high=float(high))

    def _cumsum(self, x: Symbolic, axis: int) -> Symbolic:
        return self._record("cumsum", (x,), x.shape, x.dtype, axis=axis % x.ndim)

    def _concatenate(self, tensors: Sequence[Symbolic], axis: int) -> Symbolic:
        first = tensors[0]
        axis %= first.ndim
        shape = _shapes.joined([one.shape for one in tensors], axis)
        return self._record("concatenate", tensors, shape, first.dtype, axis=axis)

    def _stack(self, tensors: Sequence[Symbolic], axis: int) -> Symbolic:
        first = tensors[0]
        axis %= first.ndim + 1
        shape = (*first.shape[:axis], len(tensors), *first.shape[axis:])
        return self._record("stack", tensors, shape, first.dtype, axis=axis)

    def _flip(self, x: Symbolic, axes: Any = None) -> Symbolic:
        return self._record("flip", (x,), x.shape, x.dtype, axes=_axes(axes, x.ndim))

    def _transpose(self, x: Symbolic, axes: Sequence[int] | None = None) -> Symbolic:
        order = tuple(reversed(range(x.ndim))) if axes is None else tuple(axes)
        order = tuple(axis % x.ndim for axis in order)
        shape = tuple(x.shape[axis] for axis in order)
        return self._record("transpose", (x,), shape, x.dtype, order=order)

    def _pad(self, x: Symbolic, pads: Any, value: float = 0.0) -> Symbolic:
        pairs = tuple((int(low), int(high)) for low, high in pads)
        if not any(map(any, pairs)):
            return x
        sizes = zip(x.shape, pairs, strict=True)
        shape = tuple(None if n is None else low + n + high for n, (low, high) in sizes)
        return self._record("pad_with", (x,), shape, x.dtype, pads=pairs, value=float(value))

    def _shape(self, x: Symbolic) -> tuple[Any, ...]:
        return tuple(
            self._record("size", (x,), (), "int64", axis=axis) if size is None else size
            for axis, size in enumerate(x.shape)
        )

    def _reshape(self, x: Symbolic, shape: Any) -> Symbolic:
        given = shape if isinstance(shape, tuple | list) else (shape,)
        wanted = [None if isinstance(size, Symbolic) else int(size) for size in given]
        made, sizes = _shapes.reshaped(x.shape, wanted)
        if made == x.shape:
            return x
        return self._record("reshape", (x,), made, x.dtype, shape=tuple(sizes))

    def _take(self, x: Symbolic, indices: Any, axis: int) -> Symbolic:
        axis %= x.ndim
        if not isinstance(indices, Symbolic):
            cells = kit.as_slice(np.asarray(indices), x.shape[axis])
            if cells is not None:
                return self._sliced(x, (*[slice(None)] * axis, cells))
            indices = self._asarray(indices, "int64")
        shape = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
        return self._record("take", (x, indices), shape, x.dtype, axis=axis)

    def _matmul(self, a: Symbolic, b: Symbolic) -> Symbolic:
        return self._record("matmul", (a, b), _shapes.multiplied(a.shape, b.shape), a.dtype)

    def _one_hot(self, indices: Any, depth: int, dtype: str) -> Symbolic:
        if not isinstance(indices, Symbolic):
            indices = self._asarray(indices, "int64")
        shape = (*indices.shape, depth)
        return self._record("one_hot", (indices,), shape, dtype, depth=depth, dtype=dtype)

    def _where(self, condition: Symbolic, x: Any, y: Any) -> Symbolic:
        x, y = self._tensor_or_number(x), self._tensor_or_number(y)
        tensors = [one for one in (x, y) if isinstance(one, Symbolic)]
        shape = _shapes.broadcast([condition.shape, *(one.shape for one in tensors)])
        return self._record("where", (condition, x, y), shape, _common(tensors))


def _axes(axis: Any, rank: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(rank))
    given = (axis,) if isinstance(axis, int) else tuple(axis)
    return tuple(sorted(one % rank for one in given))


def _common(tensors: Sequence[Symbolic]) -> str:
    """Return the element type of a result of these tensors, which nearly always have one."""
    dtypes = {one.dtype for one in tensors}
    if len(dtypes) == 1:
        return dtypes.pop()
    if not dtypes:
        return "float32"
    return str(np.result_type(*map(kit.numpy_dtype, dtypes)).name)
