"""`assign`: a variable takes a copy of any numbers, in its own element type."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Check, Mismatch
from convdispatch.conformance.cases.stepping import require_values
from convdispatch.conformance.cases.tensors import TO_ROUND
from convdispatch.numerics.distance import require_within
from convdispatch.numerics.problem import round_to
from convdispatch.ops import FLOAT_DTYPES, Backend

_A = np.array([[1.5, -2.25, 0.0], [4.0, 0.125, -1.0]])
_SOURCES = ("array", "asarray", "variable")


def cases(seed: int) -> Iterator[Case]:
    """Yield every pair of element types, and what happens to either side afterwards."""
    for dtype, other in itertools.product(FLOAT_DTYPES, FLOAT_DTYPES):
        claim = "A native tensor's numbers are rounded to the variable's element type."
        yield _case(f"from-{other}-to-{dtype}", converted, claim, dtype, other)
    for source, dtype in itertools.product(_SOURCES, ("float32", "float64")):
        claim = "A variable shares no memory with what was assigned to it."
        yield _case(f"apart-from-{source}-{dtype}", apart, claim, dtype, source)
    for slug, check, claim in _ALONE:
        yield _case(slug, check, claim, "float32")
    for slug, check, claim in _TRAINED:
        yield _case(slug, check, claim, "float32", needs=("gradients",))


def converted(backend: Backend, dtype: str, other: str) -> None:
    """Assign a constant of another element type, and a variable of it."""
    with np.errstate(all="ignore"):
        numbers = round_to(np.array(TO_ROUND), other)
        want = round_to(numbers, dtype)
        for method in ("asarray", "variable"):
            variable = backend.variable(np.zeros_like(numbers), dtype)
            assigned = backend.assign(variable, getattr(backend, method)(numbers, other))
            if backend.describe(assigned) != (want.shape, dtype):
                raise Mismatch(f"the variable is {backend.describe(assigned)!r} now")
            got = np.asarray(backend.to_numpy(assigned))
            require_within(got, want, 0, dtype, f"what {method!r} of {other} was assigned to")


def apart(backend: Backend, dtype: str, source: str) -> None:
    """Assign, change what was given or the variable, and read both."""
    numbers: Any = _A.copy()
    given = numbers if source == "array" else getattr(backend, source)(_A, dtype)
    assigned = backend.assign(backend.variable(np.zeros_like(_A), dtype), given)
    if source == "array":
        numbers[...] = 7
    elif source == "variable":
        given = backend.assign(given, np.ones_like(_A))
    require_values(backend, [assigned], [_A], dtype, "the variable whose source was changed")
    assigned = backend.assign(assigned, 3 * _A)
    require_values(backend, [assigned], [3 * _A], dtype, "the variable")
    if source != "array":
        want = np.ones_like(_A) if source == "variable" else _A
        require_values(backend, [given], [want], dtype, "what was assigned")


def itself(backend: Backend, dtype: str) -> None:
    """Assign a variable to itself, and a result that was computed from it."""
    variable = backend.variable(_A, dtype)
    variable = backend.assign(variable, variable)
    require_values(backend, [variable], [_A], dtype, "the variable")
    turned = backend.functions["flip"](variable, (0, 1))
    variable = backend.assign(variable, turned)
    require_values(backend, [variable], [_A[::-1, ::-1]], dtype, "the variable, turned around")


def of_any_shape(backend: Backend, dtype: str) -> None:
    """Assign scalars and empty tensors."""
    for shape in ((), (0,), (2, 0), (1, 1)):
        variable = backend.variable(np.zeros(shape), dtype)
        for value in (np.ones(shape), backend.asarray(np.full(shape, 2.0), dtype)):
            variable = backend.assign(variable, value)
        require_values(backend, [variable], [np.full(shape, 2.0)], dtype, f"of shape {shape}")


def of_arrays(backend: Backend, dtype: str) -> None:
    """Assign integers, booleans, half precision and a NumPy scalar."""
    variable = backend.variable(np.zeros(3), dtype)
    for value in (np.array([1, -2, 3]), np.array([True, False, True]), np.ones(3, np.float16)):
        variable = backend.assign(variable, value)
        require_values(backend, [variable], [value.astype(np.float64)], dtype, "the variable")
    scalar = backend.assign(backend.variable(np.zeros(()), dtype), np.float64(2.5))
    require_values(backend, [scalar], [np.array(2.5)], dtype, "the scalar")


def stays_trainable(backend: Backend, dtype: str) -> None:
    """Differentiate with respect to a variable after an assignment."""
    variable = backend.assign(backend.variable(np.zeros_like(_A), dtype), 2 * _A)
    total = backend.functions["sum"]

    def fn(tensors: Any) -> Any:
        return total(tensors[0] * tensors[0]), None

    _, gradients = backend.value_and_grad(fn)([variable])
    require_values(backend, gradients, [4 * _A], dtype, "the gradient")


def is_not_recorded(backend: Backend, dtype: str) -> None:
    """Assign a gradient, which was computed from the variable, and differentiate again."""
    variable = backend.variable(_A, dtype)
    total = backend.functions["sum"]

    def fn(tensors: Any) -> Any:
        return total(tensors[0] * tensors[0] * tensors[0]), tensors[0] * tensors[0]

    for numbers in (_A, 3 * _A**2):
        (_, squares), (gradient,) = backend.value_and_grad(fn)([variable])
        require_values(backend, [gradient], [3 * numbers**2], dtype, "the gradient")
        require_values(backend, [squares], [numbers**2], dtype, "the squares")
        variable = backend.assign(variable, gradient)


_ALONE: tuple[tuple[str, Check, str], ...] = (
    ("itself", itself, "A variable may be assigned a result that was computed from it."),
    ("shapes", of_any_shape, "Scalars and empty tensors are assigned like all others."),
    ("arrays", of_arrays, "An array of any real type is assigned by value."),
)
_TRAINED: tuple[tuple[str, Check, str], ...] = (
    ("trainable", stays_trainable, "A variable is still differentiated after an assignment."),
    (
        "not-recorded",
        is_not_recorded,
        "An assignment copies numbers, not the graph that computed them.",
    ),
)


def _case(
    slug: str, check: Check, claim: str, *arguments: str, needs: tuple[str, ...] = ()
) -> Case:
    used = tuple(dict.fromkeys(each for each in arguments if each in FLOAT_DTYPES))
    return Case(
        id=f"tensors/contract/assign-{slug}",
        level="contract",
        op="tensors",
        claim=claim,
        check=check,
        arguments=arguments,
        features=(*used, *needs),
    )
