"""Gradients for plain NumPy code, by the autograd package where a user asks for them.

Outside `value_and_grad` every function runs on ndarrays alone and autograd is never imported.
Inside, arrays arrive boxed; `differentiable` then hands the same forward function, with its
vector-Jacobian products, to autograd.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import cache, wraps
from typing import Any

from convdispatch.errors import BackendUnavailable, install_command
from convdispatch.kit import map_tree
from convdispatch.ops import Differentiable, Differentiated, Tensor, Tree

Function = Callable[..., Any]
_OPERATORS = (
    *("add", "sub", "mul", "truediv", "pow", "mod", "matmul"),
    *("eq", "ne", "lt", "le", "gt", "ge"),
)


def is_traced(value: object) -> bool:
    """Say whether autograd has boxed `value` in order to differentiate through it."""
    # By name, not isinstance: the boxes can only exist once somebody has imported autograd.
    return type(value).__module__.startswith("autograd.")


def autograds(name: str) -> Function:
    """Return autograd's version of NumPy's function of that name."""
    found: Function = getattr(_import_autograd().numpy, name)
    return found


def without_trace(value: Any) -> Any:
    """Return the array inside of every box of autograd's."""
    while is_traced(value):
        value = value._value
    return value


def differentiable(forward: Function, *vjps: Function | None) -> Function:
    """Return `forward`, traceable by autograd.

    `vjps[i](answer, *args)` returns the function from the cotangent of the answer to that of
    argument i, or None instead: it has none. Built from differentiable functions, it can be
    differentiated again.
    """
    traced = cache(lambda: _as_primitive(forward, vjps))

    def function(*args: Any) -> Any:
        return traced()(*args) if any(map(is_traced, args)) else forward(*args)

    return function


def numpy_or_autograd(plain: Function, name: str) -> Function:
    """Return NumPy's function of that name, in autograd's version where an argument is boxed."""

    def function(*args: Any, **kwargs: Any) -> Any:
        if any(map(is_traced, args)):
            return autograds(name)(*args, **kwargs)
        return plain(*args, **kwargs)

    return function


def value_and_grad(fn: Differentiable) -> Differentiated:
    """Return a function giving `fn(tensors)`, a scalar and more, and a gradient for each tensor."""
    autograd = _import_autograd()

    def compute(tensors: Sequence[Tensor]) -> tuple[tuple[Tensor, Tree], list[Tensor]]:
        if "ml_dtypes" in sys.modules:  # or no tensor is of its element type
            _register(sys.modules["ml_dtypes"].bfloat16)
        aux = None

        def scalar(boxes: Any) -> Tensor:
            nonlocal aux
            value, aux = fn([boxes[place] for place in range(len(tensors))])
            aux = map_tree(lambda tensor: _unboxed(tensor, boxes._trace), aux)
            return value

        value, gradients = autograd.value_and_grad(scalar)(list(tensors))
        return (value, aux), list(gradients)

    return compute


def _unboxed(tensor: Any, trace: int) -> Any:
    """Return what one trace has boxed; the boxes of those around it stay."""
    return tensor._value if is_traced(tensor) and tensor._trace == trace else tensor


def _as_primitive(forward: Function, vjps: Sequence[Function | None]) -> Function:
    extend = _import_autograd().extend
    primitive: Function = extend.primitive(forward)
    extend.defvjp(primitive, *vjps)
    return primitive


@cache
def _import_autograd() -> Any:
    try:
        import autograd
        import autograd.extend
        import autograd.numpy
    except ImportError as exc:
        raise BackendUnavailable(
            "gradients on the NumPy backend need the package 'autograd', which is not installed. "
            f"Install it with `{install_command('train')}`."
        ) from exc
    for name in _OPERATORS:
        _leave_to_others(autograd.numpy.numpy_boxes.ArrayBox, f"__{name}__")
    return autograd


def _leave_to_others(box: Any, name: str) -> None:
    """Let a box's operator leave an operand to its own one, as NumPy's arrays do by their protocol.

    autograd 1.9 calls NumPy's function, which refuses an operand whose `__array_ufunc__` is None.
    """
    own = getattr(box, name)

    @wraps(own)
    def operator(self: Any, other: Any) -> Any:
        return NotImplemented if getattr(other, "__array_ufunc__", 0) is None else own(self, other)

    setattr(box, name, operator)


@cache
def _register(scalar: type) -> None:
    """Let autograd take scalars of an element type that is not NumPy's own, such as sums."""
    from autograd.numpy.numpy_boxes import ArrayBox
    from autograd.numpy.numpy_vspaces import ArrayVSpace

    ArrayBox.register(scalar)
    ArrayVSpace.register(scalar)
