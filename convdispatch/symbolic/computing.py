"""A backend as functions of tensors see it: its table, and values of any kind as its tensors."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from convdispatch.engine import scopes
from convdispatch.errors import InvalidArgument, InvalidType, UnsupportedOp
from convdispatch.formulas import random
from convdispatch.ops import FLOAT_DTYPES, Backend
from convdispatch.runtime import selection
from convdispatch.runtime.registry import registry
from convdispatch.symbolic.shapes import SHAPES, promoted
from convdispatch.symbolic.sizes import UNKNOWN, Unknown


class Sizes(tuple[Any, ...]):
    """The sizes of a tensor as `shape` returns them: integers, or a framework's own scalars."""

    __slots__ = ()


class Computing:
    """Functions over the tensors of one backend."""

    __slots__ = ("backend", "f")

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.f: Any = backend.functions

    # Values as tensors.

    @property
    def is_abstract(self) -> bool:
        """Whether the tensors have no numbers."""
        return self.backend is SHAPES

    def owns(self, value: object) -> bool:
        """Say whether it is a tensor of the backend."""
        return self.backend.owns(value)

    def tensor(self, value: Any, dtype: str | None = None) -> Any:
        """Return a value as a tensor: of that element type, or of its own, or of floats."""
        if self.backend.owns(value):
            return value if dtype is None else self.cast(value, dtype)
        if isinstance(value, Unknown):
            return self.backend.asarray(np.zeros((), "int32"), dtype or "int32")
        if isinstance(value, list | tuple) and any(self.backend.owns(one) for one in value):
            return self.f["stack"](self.of_one_type(value, dtype), 0)
        if isinstance(value, list | tuple) and any(isinstance(one, Unknown) for one in value):
            return self.backend.asarray(np.zeros(len(value), "int32"), dtype or "int32")
        array = selection.as_array(value)
        own = array.dtype.name if array.dtype.kind in "b" else selection.floatx()
        if array.dtype.kind in "iu":
            own = "int32"  # as every Keras counts
        elif array.dtype.name in FLOAT_DTYPES and isinstance(value, np.ndarray | np.generic):
            own = array.dtype.name
        return self.backend.asarray(array, dtype or own)

    def floats(self, value: Any) -> Any:
        """Return a value as a tensor of floats."""
        x = self.tensor(value)
        return x if self.dtype(x) in FLOAT_DTYPES else self.cast(x, selection.floatx())

    def dtype(self, x: Any) -> str:
        """Return the name of a tensor's element type."""
        return self.backend.describe(x)[1]

    def static(self, x: Any) -> tuple[int | None, ...]:
        """Return a tensor's shape, None where a size is unknown."""
        return tuple(self.backend.describe(x)[0])

    def rank(self, x: Any) -> int:
        """Return how many axes a tensor has."""
        return len(self.backend.describe(x)[0])

    def sizes(self, x: Any) -> tuple[Any, ...]:
        """Return a tensor's sizes: integers, or scalars while the framework traces."""
        return tuple(self.f["shape"](x))

    def cast(self, x: Any, dtype: str) -> Any:
        """Return a tensor with that element type."""
        if self.dtype(x) == dtype:
            return x
        return self.backend.cast(x, available(self.backend, dtype))

    def of_one_type(self, values: Iterable[Any], dtype: str | None = None) -> list[Any]:
        """Return values as tensors, numbers too: of that element type, or of the widest one."""
        tensors = [self.tensor(one) for one in values]
        wide = dtype or promoted(*(self.dtype(one) for one in tensors))
        return [self.cast(one, wide) for one in tensors]

    def matched(self, *values: Any) -> list[Any]:
        """Return tensors of one element type, the widest, and Python's numbers as they are."""
        plain = [v.item() if isinstance(v, np.generic) and not v.ndim else v for v in values]
        tensors = [one if self._is_number(one) else self.tensor(one) for one in plain]
        types = [self.dtype(one) for one in tensors if not self._is_number(one)]
        if not types:
            tensors[0] = self.tensor(tensors[0])
            types = [self.dtype(tensors[0])]
        wide = promoted(*types)
        if wide not in FLOAT_DTYPES and any(isinstance(one, float) for one in tensors):
            wide = selection.floatx()
        return [one if self._is_number(one) else self.cast(one, wide) for one in tensors]

    def _is_number(self, value: Any) -> bool:
        return isinstance(value, int | float) and not self.backend.owns(value)

    def axis(self, axis: int, x: Any) -> int:
        """Return an axis counted from the start; raise `InvalidArgument` where there is none."""
        rank = self.rank(x)
        if not -rank <= axis < rank:
            raise InvalidArgument(
                f"`axis` must be one of the {rank} axes of a tensor of shape {self.static(x)}; "
                f"received {axis}."
            )
        return axis % rank

    def axes(self, axis: Any, x: Any) -> tuple[int, ...] | None:
        """Return axes as reductions take them."""
        if axis is None:
            return None
        listed = axis if isinstance(axis, list | tuple | range | np.ndarray) else (axis,)
        return tuple(self.axis(int(one), x) for one in listed)

    # The phase and random numbers.

    @property
    def is_training(self) -> bool:
        """Whether the function computes as in training."""
        scope = scopes.current()
        if scope is None:
            return False
        scope.uses.add("phase")
        return scope.is_training

    def draw(self, name: str, shape: Sequence[Any], dtype: str, *arguments: Any) -> Any:
        """Return random numbers, others at each call."""
        scope = scopes.current()
        sizes = tuple(self._whole(size) for size in shape)
        if scope is not None:
            scope.uses.add("random")
            scope.count += 1
        if isinstance(self.backend.random, dict) and not self.backend.random:
            raise InvalidArgument(f"the backend {self.backend.name!r} draws no random numbers.")
        draws: Any = random.Draws(self.backend)
        if self.is_abstract:
            return draws._backend.random[name](None, sizes, dtype, *arguments)
        if scope is None or scope.key is None:
            key = self.backend.asarray(random.training_key(), "int32")
        else:
            key = draws["fold"](scope.key, scope.count)
        return draws[name](key, sizes, dtype, *arguments)

    @staticmethod
    def _whole(size: Any) -> Any:
        return UNKNOWN if size is None else size


def available(backend: Any, dtype: str) -> str:
    """Return an element type that the backend has: int32 for int64 where it lacks that now."""
    if dtype != "int64":
        return dtype
    try:
        backend.asarray(np.zeros((), dtype), dtype)
    except UnsupportedOp:
        return "int32"
    return dtype


@functools.lru_cache(maxsize=16)
def _made(backend: Any) -> Computing:
    return Computing(backend)


def computing_with(backend: Any) -> Computing:
    """Return the functions over a backend's tensors."""
    return _made(backend)


def backend_among(values: Iterator[Any]) -> Any:
    """Return the backend of the first native tensor, the current one where there is none."""
    arrays = False
    for value in values:
        if isinstance(value, np.ndarray | np.generic):
            arrays = True
        elif not isinstance(value, int | float | str | None):
            try:
                return selection.backend_of(value)
            except InvalidType:
                continue
    return registry.load("numpy" if arrays else selection.backend())


def type_name(dtype: Any) -> str:
    """Return the name of an element type: of NumPy's, of Python's or of a framework's.

    >>> type_name(np.dtype("float32")), type_name("float"), type_name(bool)
    ('float32', 'float32', 'bool')
    """
    known = getattr(dtype, "name", None) or getattr(dtype, "__name__", None)
    name = dtype if isinstance(dtype, str) else known or str(dtype).rpartition(".")[2]
    return {"float": "float32", "int": "int32"}.get(name, name)
