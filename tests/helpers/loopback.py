"""A backend of its own on NumPy's arithmetic, whose tensors are not NumPy's and never become so.

Whatever the frontend or the conformance suite takes for granted of a tensor beyond what the
`Backend` protocol promises raises here: conversion to NumPy behind the backend's back, indexing,
attributes other than `shape`, and arithmetic with an array or another framework's tensor.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import numpy as np

from convdispatch.hookspecs import hookimpl
from convdispatch.kit import Apply, as_function, map_tree
from convdispatch.ops import (
    BackendInfo,
    Capabilities,
    Differentiable,
    Differentiated,
    Model,
    NumpyArray,
    Op,
    PartialShape,
    Signature,
    Step,
)
from convdispatch_numpy._backend import backend as numpy_backend

NAME = "loopback"
INFO = BackendInfo(
    name=NAME,
    framework="numpy",
    load="loopback:backend",
    install="it is here",
    capabilities=Capabilities(unsupported={"unknown_sizes": "no tensor of it is ever traced"}),
    protocol=2,
)


class Loopback:
    """A tensor: an array, or autograd's box around one, that only its backend looks into."""

    __slots__ = ("_held",)
    __hash__ = object.__hash__
    __array_ufunc__ = None  # array + tensor is for the tensor to refuse

    def __init__(self, held: Any) -> None:
        self._held = held

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the axes, which the frontend's formulas ask for."""
        shape: tuple[int, ...] = self._held.shape
        return shape

    def __array__(self, *arguments: object, **options: object) -> NoReturn:
        raise TypeError("a loopback tensor does not become an array: call `backend.to_numpy`")

    def __bool__(self) -> NoReturn:
        raise TypeError("a loopback tensor has no truth value")

    def __neg__(self) -> Loopback:
        return Loopback(-self._held)


def held(value: object) -> Any:
    """Return what a tensor holds, and a number, a shape or an axis as it is.

    Raises TypeError for tensors of others, arrays among them.
    """
    if isinstance(value, Loopback):
        return value._held
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | list):
        return tuple(held(item) for item in value)
    raise TypeError(f"expected a loopback tensor or a Python number, received {type(value)}")


def _operator(compute: Callable[[Any, Any], Any], *, reflected: bool) -> Callable[..., Loopback]:
    def method(self: Loopback, other: object) -> Loopback:
        pair = (held(other), held(self)) if reflected else (held(self), held(other))
        return Loopback(compute(*pair))

    return method


for _name in ("add", "sub", "mul", "truediv", "pow", "floordiv", "and", "xor"):
    _compute = getattr(operator, f"{_name}_" if _name == "and" else _name)
    setattr(Loopback, f"__{_name}__", _operator(_compute, reflected=False))
    setattr(Loopback, f"__r{_name}__", _operator(_compute, reflected=True))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Loopback, f"__{_name}__", _operator(getattr(operator, _name), reflected=False))


def _wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return NumPy's function from tensors to a tensor, or to the sizes of one."""

    def call(*arguments: object, **options: object) -> Any:
        named = {name: held(value) for name, value in options.items()}
        result = function(*map(held, arguments), **named)
        return result if isinstance(result, tuple) else Loopback(result)

    return call


def _by_indices(take: Callable[..., Any], one_hot: Callable[..., Any]) -> dict[str, Any]:
    """Return the two functions that take NumPy's integers, too."""

    def integers(value: Any) -> Any:
        return value if isinstance(value, np.ndarray) else held(value)

    return {
        "take": lambda x, indices, axis: Loopback(take(held(x), integers(indices), axis)),
        "one_hot": lambda indices, *given: Loopback(one_hot(integers(indices), *given)),
    }


class _LoopbackBackend:
    """Delegates to NumPy's backend, one tensor at a time out of and into its wrapper."""

    name = NAME
    functions: Mapping[str, Callable[..., Loopback]] = {
        name: _wrapped(function) for name, function in numpy_backend.functions.items()
    } | _by_indices(numpy_backend.functions["take"], numpy_backend.functions["one_hot"])
    random: Mapping[str, Callable[..., Loopback]] = {
        name: _wrapped(function) for name, function in numpy_backend.random.items()
    }

    def lower(self, op: Op, signature: Signature) -> Callable[..., Loopback]:
        return _wrapped(numpy_backend.lower(op, signature))

    def owns(self, value: object) -> bool:
        return isinstance(value, Loopback)

    def describe(self, tensor: Loopback) -> tuple[PartialShape, str]:
        return numpy_backend.describe(held(tensor))

    def asarray(self, value: NumpyArray, dtype: str) -> Loopback:
        constant = numpy_backend.variable(_array(value), dtype)
        constant.setflags(write=False)
        return Loopback(constant)

    def variable(self, value: NumpyArray, dtype: str) -> Loopback:
        return Loopback(numpy_backend.variable(_array(value), dtype))

    def assign(self, variable: Loopback, value: NumpyArray | Loopback) -> Loopback:
        given = held(value) if self.owns(value) else _array(value)
        numpy_backend.assign(held(variable), given)
        return variable

    def cast(self, tensor: Loopback, dtype: str) -> Loopback:
        return Loopback(numpy_backend.cast(held(tensor), dtype))

    def to_numpy(self, tensor: Loopback) -> NumpyArray:
        return np.array(_tensor(tensor))

    def synchronize(self, tensor: Loopback) -> None:
        _tensor(tensor)

    def outside_trace(self, fn: Callable[[], object]) -> object:
        return fn()

    def compile(self, fn: Callable[..., Loopback]) -> Callable[..., Loopback]:
        return lambda *arguments: fn(*arguments)

    def wrap(self, model: Model) -> tuple[Apply, dict[str, Any]]:
        return as_function(model)

    def value_and_grad(self, fn: Differentiable) -> Differentiated:
        def unwrapped(arrays: Any) -> Any:
            return map_tree(_tensor, fn(map_tree(Loopback, arrays)))

        differentiate = numpy_backend.value_and_grad(unwrapped)
        return lambda tensors: map_tree(Loopback, differentiate(map_tree(_tensor, tensors)))

    def compile_step(self, step: Step) -> Step:
        def unwrapped(variables: Any, inputs: Any) -> Any:
            return map_tree(_tensor, step(*map_tree(Loopback, (variables, inputs))))

        run = numpy_backend.compile_step(unwrapped)

        def running(variables: Any, inputs: Any) -> Any:
            _, result = run(*map_tree(_tensor, (variables, inputs)))
            return variables, map_tree(Loopback, result)

        return running


def _tensor(value: object) -> Any:
    if not isinstance(value, Loopback):
        raise TypeError(f"expected a loopback tensor, received {type(value)}")
    return held(value)


def _array(value: object) -> Any:
    if not isinstance(value, np.ndarray | np.generic):
        raise TypeError(f"expected a NumPy array, received {type(value)}")
    return value


backend = _LoopbackBackend()


@hookimpl
def convdispatch_backends() -> tuple[BackendInfo, ...]:
    """Describe the loopback backend: this module is its plugin."""
    return (INFO,)
