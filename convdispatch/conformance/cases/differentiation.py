"""`value_and_grad` by itself, and the slope of every function of the table that has one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Check, Measured, Mismatch
from convdispatch.numerics import bounds
from convdispatch.numerics.distance import require_within, spacing, worst
from convdispatch.numerics.problem import Array, round_to
from convdispatch.ops import FLOAT_DTYPES, HALF_DTYPES, Backend, Tensor

_DTYPES = ("float32", "float64")
_LINE = np.array([-9.0, -2.5, -0.75, -0.125, 0.25, 0.5, 1.25, 3.0, 8.0])
_POSITIVE = np.array([1e-3, 0.25, 1.0, 1.75, 9.0])
_AROUND = np.array([-1.5, -0.25, 0.0, 0.25, 2.0])
_FAR = np.array([-1000.0, -50.0, 50.0, 1000.0])

# Put together from at most three numbers, each as good as the value of a function.
_UNITS = 3 * bounds.FUNCTION_ULPS


def _sigmoid_slope(x: Array) -> Array:
    decay = np.exp(-np.abs(x))
    return np.asarray(decay / (1 + decay) ** 2)


def _tanh_slope(x: Array) -> Array:
    decay = np.exp(-2 * np.abs(x))
    return np.asarray(4 * decay / (1 + decay) ** 2)


def _erf_slope(x: Array) -> Array:
    return np.asarray(2 / math.sqrt(math.pi) * np.exp(-x * x))


# The function, where its slope is asked for, and the slope. At its kink relu has that of the left.
SLOPES: dict[str, tuple[str, Array, Callable[[Array], Any]]] = {
    "abs": ("abs", _LINE, np.sign),
    "erf": ("erf", _LINE, _erf_slope),
    "erf-far-out": ("erf", _FAR, _erf_slope),
    "erfc": ("erfc", _LINE, lambda x: -_erf_slope(x)),
    "exp": ("exp", _LINE, np.exp),
    "expm1": ("expm1", _LINE, np.exp),
    "linear": ("linear", _AROUND, np.ones_like),
    "log": ("log", _POSITIVE, lambda x: 1 / x),
    "log1p": ("log1p", _POSITIVE, lambda x: 1 / (1 + x)),
    "relu": ("relu", _AROUND, lambda x: (x > 0) * 1.0),
    "sigmoid": ("sigmoid", _LINE, _sigmoid_slope),
    "sigmoid-far-out": ("sigmoid", _FAR, _sigmoid_slope),
    "sqrt": ("sqrt", _POSITIVE, lambda x: 0.5 / np.sqrt(x)),
    "tanh": ("tanh", _AROUND, _tanh_slope),
    "tanh-far-out": ("tanh", _FAR, _tanh_slope),
}


def cases(seed: int) -> Iterator[Case]:
    """Yield the promises of `value_and_grad`, and the slope of each function."""
    promises: dict[str, tuple[Check, str]] = {
        "value": (value, "The value comes with the gradients."),
        "each-tensor": (each_tensor, "Gradients come in the tensors' order, in their shapes."),
        "unused": (unused, "A tensor that the function does not read has a gradient of zeros."),
        "variables": (variables, "Gradients for variables are the same as for constants."),
    }
    for dtype in _DTYPES:
        for slug, (check, claim) in promises.items():
            yield _case(f"tensors/grad/{slug}-{dtype}", claim, check, dtype)
    for dtype in FLOAT_DTYPES:
        for slug in SLOPES:
            claim = "The slope is the derivative's value; relu's at 0 is 0."
            yield _case(f"functions/grad/{slug}-{dtype}", claim, slope, slug, dtype)


def slope(backend: Backend, slug: str, dtype: str) -> Measured:
    """Compare the gradient of a weighted sum of the function's values with the derivative.

    Half precision's is computed in float32 too, and rounded once.
    """
    name, points, derivative = SLOPES[slug]
    numbers = round_to(points, dtype)
    with np.errstate(all="ignore"):
        want = 0.5 * derivative(numbers)
    function = backend.functions[name]
    _, (got,) = _differentiated(backend, lambda t: _product(0.5, function(t[0])), [numbers], dtype)
    computed_in = "float32" if dtype in HALF_DTYPES else dtype
    limits = _UNITS * bounds.unit_roundoff(computed_in) * np.maximum(1, np.abs(want))
    if dtype in HALF_DTYPES:
        limits = limits + spacing(want, dtype) / 2
    return require_within(got, want, limits, dtype, f"the slope of {name!r}")


def value(backend: Backend, dtype: str) -> Measured:
    """Compare the value of an exact sum of products."""
    found, _ = _differentiated(backend, lambda t: t[0] * t[1], [_AROUND, _AROUND + 1], dtype)
    return require_within(found, np.sum(_AROUND * (_AROUND + 1)), 0, dtype, "the value")


def each_tensor(backend: Backend, dtype: str) -> Measured:
    """Differentiate x * y + 2 x * z with respect to x, y and z; y is one number and z a row."""
    x, y, z = np.arange(6).reshape(2, 3) / 4, np.array(0.5), np.array([1.0, -2.0, 4.0])
    _, found = _differentiated(backend, lambda t: t[0] * t[1] + 2 * t[0] * t[2], [x, y, z], dtype)
    wanted = [np.broadcast_to(y + 2 * z, x.shape), x.sum(), 2 * x.sum(0)]
    return _require_all(found, wanted, dtype)


def unused(backend: Backend, dtype: str) -> Measured:
    """Differentiate a function of the second of three tensors."""
    arrays = [np.ones((2, 2)), _AROUND, np.ones(3)]
    _, found = _differentiated(backend, lambda t: t[1] * t[1], arrays, dtype)
    return _require_all(found, [np.zeros((2, 2)), 2 * _AROUND, np.zeros(3)], dtype)


def variables(backend: Backend, dtype: str) -> Measured:
    """Differentiate with respect to a variable and a constant, twice."""
    total = backend.functions["sum"]
    tensors = [backend.variable(_AROUND, dtype), backend.asarray(_AROUND + 1, dtype)]
    differentiate = backend.value_and_grad(lambda t: (total(_product(t[0], t[1])), None))
    measured = []
    for _ in range(2):
        gradients = [np.asarray(backend.to_numpy(g)) for g in differentiate(tensors)[1]]
        measured.append(_require_all(gradients, [_AROUND + 1, _AROUND], dtype))
    return worst(measured)


def _differentiated(
    backend: Backend, function: Callable[[Any], Tensor], arrays: Sequence[Array], dtype: str
) -> tuple[Array, list[Array]]:
    """Return the sum of the function's results, and its gradients."""
    total = backend.functions["sum"]
    tensors = [backend.asarray(array, dtype) for array in arrays]
    differentiate = backend.value_and_grad(lambda t: (total(function(t)), None))
    (found, _), gradients = differentiate(tensors)
    return np.asarray(backend.to_numpy(found)), [
        np.asarray(backend.to_numpy(gradient)) for gradient in gradients
    ]


def _require_all(found: Sequence[Array], wanted: Sequence[Array], dtype: str) -> Measured:
    if len(found) != len(wanted):
        raise Mismatch(f"{len(found)} gradients came back for {len(wanted)} tensors")
    pairs = enumerate(zip(found, wanted, strict=True), 1)
    return worst([require_within(got, want, 0, dtype, f"gradient {n}") for n, (got, want) in pairs])


def _product(a: Any, b: Any) -> Tensor:
    return a * b


def _case(slug: str, claim: str, check: Check, *arguments: str) -> Case:
    return Case(
        id=slug,
        level="grad",
        op=slug.partition("/")[0],
        claim=claim,
        check=check,
        arguments=arguments,
        features=(arguments[-1], "gradients"),
    )
