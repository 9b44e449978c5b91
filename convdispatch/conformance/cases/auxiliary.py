"""`value_and_grad` with auxiliary results, which are returned and not differentiated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Check, Mismatch
from convdispatch.conformance.cases.stepping import require_values
from convdispatch.ops import Backend, Differentiable

_X = np.array([1.0, 2.0, -3.0])
_METHODS = ("asarray", "variable")
_DTYPES = ("float32", "float64")


def cases(seed: int) -> Iterator[Case]:
    """Yield trees of results, derivatives of derivatives, and results as inputs of others."""
    for slug, check, claim, features in _CHECKS:
        for method in _METHODS:
            for dtype in _DTYPES:
                yield Case(
                    id=f"tensors/grad/aux-{slug}-{method}-{dtype}",
                    level="grad",
                    op="tensors",
                    claim=claim,
                    check=check,
                    arguments=(method, dtype),
                    features=(dtype, "gradients", *features),
                )


def _cubes(backend: Backend) -> Differentiable:
    """Return the function whose value is the sum of x**3 and whose aux are squares in a tree."""
    total = backend.functions["sum"]

    def fn(tensors: Sequence[Any]) -> tuple[Any, Any]:
        (x,) = tensors
        return total(x * x * x), {"squares": [x * x, None], "rest": (x + 1,)}

    return fn


def tree(backend: Backend, method: str, dtype: str) -> None:
    """Compute twice: the value, the slope 3 x**2 and a tree that can be computed with."""
    tensor = getattr(backend, method)(_X, dtype)
    compute = backend.value_and_grad(_cubes(backend))
    for _ in range(2):
        (value, aux), gradients = compute([tensor])
        require_values(backend, [value, *gradients], [np.array(-18.0), 3 * _X**2], dtype, "it")
        if set(aux) != {"squares", "rest"} or not isinstance(aux["rest"], tuple):
            raise Mismatch(f"the auxiliary results came back as {aux!r}")
        squares, nothing = aux["squares"]
        if nothing is not None:
            raise Mismatch(f"None among the auxiliary results came back as {nothing!r}")
        (more,) = aux["rest"]
        doubled = [squares * 2, more * 2]
        require_values(backend, [squares, more], [_X**2, _X + 1], dtype, "an auxiliary result")
        require_values(backend, doubled, [2 * _X**2, 2 * _X + 2], dtype, "twice such a result")


def nested(backend: Backend, method: str, dtype: str) -> None:
    """Differentiate the squared norm of the slope 3 x**2, which is 9 x**4; hand squares out."""
    inner = backend.value_and_grad(_cubes(backend))

    def outer(tensors: Sequence[Any]) -> tuple[Any, Any]:
        (_, aux), (gradient,) = inner(tensors)
        product: Any = gradient
        return backend.functions["sum"](product * product), (aux["squares"][0], gradient)

    tensor = getattr(backend, method)(_X, dtype)
    (value, aux), gradients = backend.value_and_grad(outer)([tensor])
    require_values(backend, [value], [np.array(882.0)], dtype, "the squared norm")
    require_values(backend, gradients, [36 * _X**3], dtype, "the second gradient")
    require_values(backend, aux, [_X**2, 3 * _X**2], dtype, "an auxiliary result")


def others_zero(backend: Backend, method: str, dtype: str) -> None:
    """Differentiate with respect to two tensors; only the auxiliary results read the second."""
    x, y = (getattr(backend, method)(each, dtype) for each in (_X, 2 * _X))
    total = backend.functions["sum"]

    def fn(tensors: Sequence[Any]) -> tuple[Any, Any]:
        return total(tensors[0] * tensors[0]), tensors[1] * 3

    (_, aux), gradients = backend.value_and_grad(fn)([x, y])
    require_values(backend, [aux], [6 * _X], dtype, "the auxiliary result")
    require_values(backend, gradients, [2 * _X, np.zeros(3)], dtype, "a gradient")


def of_changed_values(backend: Backend, method: str, dtype: str) -> None:
    """Call one function with other values of the same shape, and with another shape."""
    compute = backend.value_and_grad(_cubes(backend))
    for numbers in (_X, _X + 1, np.array([0.5]), _X):
        (value, aux), gradients = compute([getattr(backend, method)(numbers, dtype)])
        want = [np.array(np.sum(numbers**3)), 3 * numbers**2]
        require_values(backend, [value, *gradients], want, dtype, "it")
        require_values(backend, [aux["squares"][0]], [numbers**2], dtype, "an auxiliary result")


def integers(backend: Backend, method: str, dtype: str) -> None:
    """Return where the largest number is, and which numbers are positive."""
    functions = backend.functions

    def fn(tensors: Sequence[Any]) -> tuple[Any, Any]:
        (x,) = tensors
        return functions["sum"](x * x), [functions["argmax"](x, 0), functions["greater"](x, 0.0)]

    (_, (place, positive)), gradients = backend.value_and_grad(fn)(
        [getattr(backend, method)(_X, dtype)]
    )
    require_values(backend, gradients, [2 * _X], dtype, "the gradient")
    found = int(np.asarray(backend.to_numpy(place))), np.asarray(backend.to_numpy(positive))
    if found[0] != 1 or found[1].tolist() != [True, True, False]:
        raise Mismatch(f"the largest of 1, 2 and -3 is said to be number {found[0]}: {found[1]}")


_CHECKS: tuple[tuple[str, Check, str, tuple[str, ...]], ...] = (
    ("tree", tree, "Auxiliary results come back in their tree and can be computed with.", ()),
    (
        "nested",
        nested,
        "Auxiliary results come back from second derivatives, too.",
        ("second_order",),
    ),
    (
        "unused",
        others_zero,
        "A tensor that the value does not depend on has zeros as its gradient.",
        (),
    ),
    ("again", of_changed_values, "Each call gives the results of its own tensors.", ()),
    ("integers", integers, "Auxiliary results may be integers and booleans.", ()),
)
