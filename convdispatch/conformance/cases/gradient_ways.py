"""The ways of a gradient: through casts and compiled functions, twice, and in what it comes back.

The numbers are small and whole, so that most gradients are exact in every element type.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Check, Measured, Mismatch
from convdispatch.numerics import bounds
from convdispatch.numerics.distance import require_within, spacing, worst
from convdispatch.numerics.problem import Array, round_to
from convdispatch.ops import FLOAT_DTYPES, HALF_DTYPES, Backend, Tensor

_X = np.array([[-3.0, -1.0, 0.0], [1.0, 2.0, 3.0]])
_W = np.array([[2.0, -1.0, 3.0], [1.0, -2.0, 4.0]])
_SHAPES = ((), (1,), (0,), (2, 3), (2, 0, 1), (1, 2, 1, 3))
_LINE = np.array([-2.0, -0.5, 0.25, 0.75, 1.5])
_POSITIVE = np.array([0.25, 0.5, 1.0, 1.75, 4.0])


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def _bell(x: Array) -> Array:
    return np.asarray(2 / np.sqrt(np.pi) * np.exp(-x * x))


# Of what has no curve: the function, and what its slope's square is where it is asked for.
_PIECES: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Array], Any]]] = {
    "abs": (lambda f, x: f["abs"](x), np.ones_like),
    "linear": (lambda f, x: f["linear"](x), np.ones_like),
    "relu": (lambda f, x: f["relu"](x), lambda x: 1.0 * (x > 0)),
    "clip": (lambda f, x: f["clip"](x, -1.0, 1.0), lambda x: 1.0 * (abs(x) < 1)),
    "maximum": (lambda f, x: f["maximum"](x, 0.5), lambda x: 1.0 * (x > 0.5)),
    "where": (lambda f, x: f["where"](x > 0.5, x, 2 * x), lambda x: 4 - 3.0 * (x > 0.5)),
    "flip": (lambda f, x: f["flip"](x, (0,)), np.ones_like),
    "reshape": (lambda f, x: f["reshape"](x, (5, 1)), np.ones_like),
    "take": (
        lambda f, x: f["take"](x, np.array([0, 4, 4]), 0),
        lambda x: np.array([1.0, 0.0, 0.0, 0.0, 2.0]),  # how often each number is taken
    ),
    "stop_gradient": (lambda f, x: f["stop_gradient"](x) + x, np.ones_like),
}


def _halved_square(call: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda f, x: call(f, x) * call(f, x) * 0.5


# Of each function that is curved, or has a kink: where, the value's first and second derivative.
_CURVES: dict[str, tuple[Callable[[Any, Any], Any], Array, Callable[[Array], Any]]] = {
    "exp": (lambda f, x: f["exp"](x), _LINE, np.exp),
    "expm1": (lambda f, x: f["expm1"](x), _LINE, np.exp),
    "log": (lambda f, x: f["log"](x), _POSITIVE, lambda x: -1 / x**2),
    "log1p": (lambda f, x: f["log1p"](x), _POSITIVE, lambda x: -1 / (1 + x) ** 2),
    "sqrt": (lambda f, x: f["sqrt"](x), _POSITIVE, lambda x: -1 / (4 * x**1.5)),
    "tanh": (
        lambda f, x: f["tanh"](x),
        _LINE,
        lambda x: -2 * np.tanh(x) * (1 - np.tanh(x) ** 2),
    ),
    "sigmoid": (
        lambda f, x: f["sigmoid"](x),
        _LINE,
        lambda x: _sigmoid(x) * (1 - _sigmoid(x)) * (1 - 2 * _sigmoid(x)),
    ),
    "erf": (lambda f, x: f["erf"](x), _LINE, lambda x: -2 * x * _bell(x)),
    "erfc": (lambda f, x: f["erfc"](x), _LINE, lambda x: 2 * x * _bell(x)),
    "power": (lambda f, x: f["power"](x, 3), _LINE, lambda x: 6 * x),
    "power-of-number": (
        lambda f, x: f["power"](2.0, x),
        _LINE,
        lambda x: np.log(2) ** 2 * 2.0**x,
    ),
    # The second derivative of f(x)**2 / 2 is f'(x)**2.
    **{
        f"square-of-{name}": (_halved_square(call), _LINE, slope)
        for name, (call, slope) in _PIECES.items()
    },
}


def cases(seed: int) -> Iterator[Case]:
    """Yield the ways, in each element type; `seed` changes nothing here."""
    for dtype in FLOAT_DTYPES:
        claim = "A pair comes back, of the scalar with the auxiliary results and of a list."
        yield _case(f"tensors/grad/containers-{dtype}", containers, claim, dtype)
    claim = "Gradients pass through what `compile` returns."
    yield _case("tensors/grad/through-compile", compiled, claim, "float32", needs=("compile",))
    for dtype, other in itertools.product(FLOAT_DTYPES, FLOAT_DTYPES):
        claim = "A gradient passes through a cast, and has its tensor's own element type."
        slug = f"tensors/grad/through-cast-{dtype}-{other}"
        yield _case(slug, through_cast, claim, dtype, other)
        claim = "Second derivatives pass through a cast."
        slug = f"tensors/grad/second-through-cast-{dtype}-{other}"
        yield _case(slug, twice_through_cast, claim, dtype, other, needs=("second_order",))
    for name, dtype in itertools.product(_CURVES, FLOAT_DTYPES):
        claim = "The second derivative of a function is right in each element type."
        slug = f"functions/grad/second-{name}-{dtype}"
        yield _case(slug, curvature, claim, name, dtype, needs=("second_order",))


def containers(backend: Backend, dtype: str) -> Measured:
    """Differentiate tensors of many shapes, and look at the types of what comes back."""
    total = backend.functions["sum"]
    tensors = [backend.asarray(np.ones(shape), dtype) for shape in _SHAPES]

    def fn(given: Sequence[Any]) -> tuple[Any, Any]:
        parts: list[Any] = [total(tensor * tensor) for tensor in given]
        return sum(parts[1:], start=parts[0]), {"first": (parts[0], None), "all": [*parts]}

    answer = backend.value_and_grad(fn)(tensors)
    _require_type(answer, tuple, "what `compute` returns")
    _require_type(answer[0], tuple, "the scalar with the auxiliary results")
    (value, aux), found = answer
    _require_type(found, list, "what holds the gradients")
    _require_type(aux, dict, "the auxiliary dictionary")
    _require_type(aux["first"], tuple, "the auxiliary tuple")
    _require_type(aux["all"], list, "the auxiliary list")
    if aux["first"][1] is not None:
        raise Mismatch("None among the auxiliary results came back as something else")
    for tensor in (value, aux["first"][0], *aux["all"], *found):
        if not backend.owns(tensor):
            raise Mismatch(f"`owns` denies what `value_and_grad` returned: {type(tensor)}")
    wanted = [np.full(shape, 2.0) for shape in _SHAPES]
    return _require_all(backend, found, wanted, dtype)


def through_cast(backend: Backend, dtype: str, other: str) -> Measured:
    """Differentiate the weighted sum of squares in another element type."""
    total, weight = backend.functions["sum"], backend.asarray(_W, other)

    def fn(tensors: Sequence[Any]) -> tuple[Any, None]:
        cast: Any = backend.cast(tensors[0], other)
        return total(cast * cast * weight), None

    _, found = backend.value_and_grad(fn)([backend.asarray(_X, dtype)])
    return _require_all(backend, found, [2 * _X * _W], dtype)


def twice_through_cast(backend: Backend, dtype: str, other: str) -> Measured:
    """Differentiate the sum of the gradients of cubes in another element type."""

    def cubes(tensors: Sequence[Any]) -> Tensor:
        cast: Any = backend.cast(tensors[0], other)
        return cast * cast * cast

    found = _second(backend, cubes, _X, dtype)
    return _require_all(backend, found, [6 * _X], dtype)


def compiled(backend: Backend, dtype: str) -> Measured:
    """Differentiate a function that `compile` returned, with respect to each argument."""
    total = backend.functions["sum"]
    function: Any = backend.compile(lambda x, w: x * x * w)

    def fn(tensors: Sequence[Any]) -> tuple[Any, None]:
        return total(function(*tensors)), None

    tensors = [backend.asarray(_X, dtype), backend.asarray(_W, dtype)]
    _, found = backend.value_and_grad(fn)(tensors)
    return _require_all(backend, found, [2 * _X * _W, _X * _X], dtype)


def curvature(backend: Backend, name: str, dtype: str) -> Measured:
    """Compare the gradient of the sum of the slopes with the second derivative.

    In half precision the slope itself is rounded, and each product on the way back may be.
    """
    call, points, derivative = _CURVES[name]
    numbers = round_to(points, dtype)
    found = _second(backend, lambda t: call(backend.functions, t[0]), numbers, dtype)
    (got,) = (np.asarray(backend.to_numpy(gradient)) for gradient in found)
    want = np.asarray(derivative(numbers), np.float64)
    limits = 8 * bounds.FUNCTION_ULPS * bounds.unit_roundoff("float32") * np.maximum(1, abs(want))
    if dtype == "float64":
        limits = limits * bounds.unit_roundoff("float64") / bounds.unit_roundoff("float32")
    if dtype in HALF_DTYPES:
        limits = limits + 6 * spacing(np.maximum(1, abs(want)), dtype)
    return require_within(got, want, limits, dtype, f"the second derivative of {name!r}")


def _second(
    backend: Backend, function: Callable[[Sequence[Any]], Any], numbers: Array, dtype: str
) -> list[Any]:
    """Return the gradients of the sum of the gradients."""
    total = backend.functions["sum"]
    differentiate = backend.value_and_grad(lambda t: (total(function(t)), None))

    def slopes(tensors: Sequence[Any]) -> tuple[Any, None]:
        _, gradients = differentiate(tensors)
        return total(gradients[0]), None

    _, found = backend.value_and_grad(slopes)([backend.asarray(numbers, dtype)])
    return list(found)


def _require_all(
    backend: Backend, found: Sequence[Any], wanted: Sequence[Array], dtype: str
) -> Measured:
    if len(found) != len(wanted):
        raise Mismatch(f"{len(found)} gradients came back for {len(wanted)} tensors")
    measured = []
    for number, (gradient, want) in enumerate(zip(found, wanted, strict=True), 1):
        got = np.asarray(backend.to_numpy(gradient))
        measured.append(require_within(got, want, 0, dtype, f"gradient {number}"))
    return worst(measured)


def _require_type(value: object, kind: type, what: str) -> None:
    if type(value) is not kind:
        raise Mismatch(f"{what} is a {type(value).__name__}; expected a {kind.__name__}")


def _case(slug: str, check: Check, claim: str, *arguments: str, needs: Sequence[str] = ()) -> Case:
    used = [each for each in arguments if each in FLOAT_DTYPES]
    return Case(
        id=slug,
        level="grad",
        op=slug.partition("/")[0],
        claim=claim,
        check=check,
        arguments=arguments,
        features=tuple(dict.fromkeys([*used, "gradients", *needs])),
    )
