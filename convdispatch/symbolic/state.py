"""Variables, placeholders and constants with Keras's names: making, reading and setting them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from convdispatch.engine import layer_options, scopes
from convdispatch.engine.symbols import Symbol
from convdispatch.errors import InvalidType, UnsupportedOp
from convdispatch.formulas import initializers, random
from convdispatch.layers import Input, InputLayer
from convdispatch.ops import NumpyArray
from convdispatch.runtime import selection
from convdispatch.support.warnings import warn
from convdispatch.symbolic import arrays, control, filling
from convdispatch.symbolic.computing import type_name
from convdispatch.symbolic.functions import Function, Update
from convdispatch.symbolic.operations import operation, source
from convdispatch.symbolic.variables import Variable, variable_of

__all__ = [
    "batch_get_value",
    "batch_set_value",
    "clear_session",
    "constant",
    "count_params",
    "eval",
    "eye",
    "get_session",
    "get_uid",
    "get_value",
    "is_keras_tensor",
    "is_placeholder",
    "is_sparse",
    "manual_variable_initialization",
    "moving_average_update",
    "name_scope",
    "ones",
    "placeholder",
    "print_tensor",
    "random_normal_variable",
    "random_uniform_variable",
    "reset_uids",
    "set_session",
    "set_value",
    "to_dense",
    "update",
    "update_add",
    "update_sub",
    "variable",
    "zeros",
]

_uids: dict[str, int] = {}
_said: set[str] = set()


def placeholder(
    shape: Sequence[int | None] | None = None,
    ndim: int | None = None,
    dtype: Any = None,
    sparse: bool = False,
    name: str | None = None,
) -> Symbol:
    """Return a symbolic tensor that a function is given; `shape` has the batch axis."""
    if shape is None:
        shape = (None,) * (ndim or 0)
    if shape:
        return Input(batch_shape=tuple(shape), name=name, dtype=dtype)
    made = Input(batch_shape=(1,), name=name, dtype=dtype)
    made.spec = type(made.spec)((), made.dtype)
    return made


def variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Any:
    """Return a variable with that value."""
    made = variable_of(value, dtype, name)
    made.constraint = constraint
    return made


@operation
def _constant(o: Any, value: Any, dtype: str) -> Any:
    return o.tensor(value, dtype)


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Any:
    """Return a tensor of numbers that stay as they are."""
    array = selection.as_array(value)
    if shape is not None:
        array = np.broadcast_to(array, tuple(shape)).copy()
    return source(_constant, array, type_name(dtype or selection.floatx()))


def _filled(shape: Any, value: float, dtype: Any, name: str | None) -> Any:
    sizes = list(shape) if isinstance(shape, list | tuple) else shape
    if scopes.current() is not None:
        return filling.filled(sizes, value, dtype)
    if isinstance(sizes, Symbol) or any(not isinstance(one, int | np.integer) for one in sizes):
        return filling.filled(sizes, value, dtype)
    return variable(np.full([int(one) for one in sizes], value), dtype, name)


def zeros(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Return a variable of zeros, or a tensor where a size is symbolic."""
    return _filled(shape, 0.0, dtype, name)


def ones(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Return a variable of ones, or a tensor where a size is symbolic."""
    return _filled(shape, 1.0, dtype, name)


def eye(size: int, dtype: Any = None, name: str | None = None) -> Any:
    """Return the identity matrix as a variable."""
    if scopes.current() is not None:
        return constant(np.eye(int(size)), dtype)
    return variable(np.eye(int(size)), dtype, name)


def random_uniform_variable(
    shape: Any, low: float, high: float, dtype: Any = None, name: Any = None, seed: Any = None
) -> Any:
    """Return a variable that starts with numbers from low to high."""
    drawn = random.generator(seed).uniform(low, high, tuple(shape))
    return variable(drawn, dtype, name)


def random_normal_variable(
    shape: Any, mean: float, scale: float, dtype: Any = None, name: Any = None, seed: Any = None
) -> Any:
    """Return a variable that starts with numbers around a mean."""
    drawn = random.generator(seed).normal(mean, scale, tuple(shape))
    return variable(drawn, dtype, name)


# Values.


def get_value(x: Any) -> Any:
    """Return the value of a variable, of a layer's weight or of a number."""
    if isinstance(x, Variable):
        return x.get_value()
    if isinstance(x, int | float) or callable(getattr(x, "get_value", None)):
        return x.get_value() if hasattr(x, "get_value") else x
    if isinstance(x, Symbol):
        raise InvalidType(f"`x` must be a variable; received {x!r}, which `eval` computes.")
    return np.array(selection.as_array(x))


def set_value(x: Any, value: Any) -> None:
    """Give a variable, or the learning rate of an optimizer, a value."""
    setter = getattr(x, "set_value", None)
    if setter is not None:
        setter(value)
        return
    raise InvalidType(
        "`x` must be a variable, or the learning rate of an optimizer; received "
        f"{type(x).__name__}. The weights of a layer are set by `layer.set_weights`."
    )


def batch_get_value(xs: Sequence[Any]) -> list[Any]:
    """Return the value of each variable."""
    return [get_value(one) for one in xs]


def batch_set_value(tuples: Sequence[tuple[Any, Any]]) -> None:
    """Give each variable its value."""
    for one, value in tuples:
        set_value(one, value)


def eval(x: Any) -> NumpyArray:  # noqa: A001 - Keras's name
    """Return the value of a symbolic tensor that needs no input."""
    if isinstance(x, Variable):
        return x.get_value()
    found: NumpyArray = Function([], x)([]) if isinstance(x, Symbol) else selection.as_array(x)
    return found


def count_params(x: Any) -> int:
    """Return how many numbers a variable has."""
    return int(np.prod(arrays.int_shape(x) or ()))


def is_keras_tensor(x: Any) -> bool:
    """Return whether it is the output of a layer or of `Input`; raise for what is no tensor."""
    if isinstance(x, Symbol):
        layer = x.call.layer
        return isinstance(layer, InputLayer) or not hasattr(layer, "computed_in")
    selection.backend_of(x)
    return False


def is_placeholder(x: Any) -> bool:
    """Return whether it is a tensor that a function is given."""
    return isinstance(x, Symbol) and isinstance(x.call.layer, InputLayer)


def is_sparse(tensor: Any) -> bool:
    """Return False: tensors here are dense."""
    return False


def to_dense(tensor: Any) -> Any:
    """Return the tensor, which is dense."""
    return tensor


def print_tensor(x: Any, message: str = "") -> Any:
    """Return the tensor; nothing is printed, because it has its numbers later."""
    return x


# Updates.


def update(x: Any, new_x: Any) -> Update:
    """Return the update of a variable by a new value."""
    return Update(x, new_x)


def update_add(x: Any, increment: Any) -> Update:
    """Return the update of a variable by what is added to it."""
    return Update(x, x + increment)


def update_sub(x: Any, decrement: Any) -> Update:
    """Return the update of a variable by what is taken from it."""
    return Update(x, x - decrement)


def moving_average_update(x: Any, value: Any, momentum: float) -> Update:
    """Return the update of a moving average by a value."""
    return Update(x, x * momentum + value * (1.0 - momentum))


# What stays between models, in other Kerases.


def clear_session() -> None:
    """Forget the learning phase and the numbers of names; models stay as they are."""
    control.set_learning_phase(None)
    _uids.clear()
    layer_options.restart_numbers()


def reset_uids() -> None:
    """Let `get_uid` count from 1 again."""
    _uids.clear()


def get_uid(prefix: str = "") -> int:
    """Return how many times it was asked with this prefix."""
    _uids[prefix] = _uids.get(prefix, 0) + 1
    return _uids[prefix]


@contextlib.contextmanager
def name_scope(name: str) -> Iterator[str]:
    """Enter a scope of names, which changes nothing here."""
    yield name


def manual_variable_initialization(value: bool) -> None:
    """Do nothing: variables have their values at once."""


def set_session(session: Any) -> None:
    """Do nothing, and say so once: the backend's own settings decide."""
    if "session" not in _said:
        _said.add("session")
        warn(
            "`set_session` does nothing here: there are no sessions. Memory and threads are set by "
            "the framework's own settings."
        )


def get_session() -> Any:
    """Raise `UnsupportedOp`: there are no sessions."""
    raise UnsupportedOp(
        "`get_session` is TensorFlow's own, and there are no sessions here. Compute values with "
        "`function(inputs, outputs)` or `eval(x)`, and read variables with `get_value`."
    )


initializers.take_symbols(lambda value: isinstance(value, Symbol), eval)
