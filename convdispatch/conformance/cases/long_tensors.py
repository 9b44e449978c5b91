"""Functions, methods and draws of tensors that are longer than any block; others for each seed."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from convdispatch.conformance.case import Case, Check, Measured, Mismatch
from convdispatch.conformance.cases.drawn import key_of
from convdispatch.conformance.cases.function_rows import REFERENCE
from convdispatch.numerics import bounds
from convdispatch.numerics.distance import require_within, worst
from convdispatch.numerics.problem import Array
from convdispatch.ops import Backend

# A tensor repeats so many numbers, which is a prime: no block's size is a multiple of it.
_PERIOD = 509
_TENSORS = 40
_DRAWN = 2**17 + 2**14
_BLOCKS = 9  # of what is drawn
_SMOOTH = ("erf", "erfc", "exp", "expm1", "sigmoid", "tanh", "log", "log1p", "sqrt")
_OF_ONE = ("abs", "linear", "relu", "sign", "stop_gradient", *_SMOOTH)
_COMPARING = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
_OF_TWO = ("maximum", "minimum", *_COMPARING)
_DIFFERENTIATED = (*_SMOOTH, "abs", "linear", "relu")


def cases(seed: int) -> Iterator[Case]:
    """Yield every function, and each way in and out of a tensor."""
    for name in (*_OF_ONE, *_OF_TWO, *_OTHERS):
        check = over_axes if name in _OTHERS else elementwise
        yield _case("functions", "contract", f"long-{name}", check, _FUNCTION, name, seed)
    for name in _DIFFERENTIATED:
        claim = "The slope at a number does not depend on how many others there are."
        yield _case("functions", "grad", f"long-{name}", slopes, claim, name, seed)
    for method in ("asarray", "variable", "assign", "cast"):
        claim = "A tensor of a million numbers keeps each of them."
        yield _case("tensors", "contract", f"long-{method}", kept, claim, method, seed)
    for kind in ("uniform", "normal", "bernoulli"):
        claim = "However much is drawn with a key, nothing of it repeats or is left out."
        yield _case("random", "contract", f"long-{kind}", drawn, claim, kind)
    claim = "Each of many tensors has its gradient."
    yield _case("tensors", "grad", "gradients-of-many-tensors", of_many, claim)


_FUNCTION = "A function of a long tensor, or of many tensors, gives what NumPy's gives."


def elementwise(backend: Backend, name: str, seed: int) -> Measured:
    """Compute with a repeated row of numbers, and compare with the repeated exact values."""
    rng = _rng(seed, name)
    count = _count(rng)
    arrays = [_numbers(rng, name) for _ in range(1 + (name in _OF_TWO))]
    with np.errstate(all="ignore"):
        exact = np.resize(REFERENCE[name](*arrays), count)
    native = [backend.asarray(np.resize(array, count), "float32") for array in arrays]
    got = np.asarray(backend.to_numpy(backend.functions[name](*native)))
    return _require(got, exact, name)


def over_axes(backend: Backend, name: str, seed: int) -> Measured:
    """Compute with a long matrix along either axis, or with many tensors; every sum is exact."""
    rng = _rng(seed, name)
    wide = int(rng.integers(513, 601)), int(rng.integers(257, 300))
    x = rng.integers(-16, 17, wide) / 8
    native = backend.asarray(x, "float32")
    pairs = _OTHERS[name](rng.integers(2**31, size=64), x.shape)
    measured = []
    for expression in pairs:
        want = np.asarray(expression(REFERENCE, x), np.float64)
        got = np.asarray(backend.to_numpy(expression(backend.functions, native)))
        measured.append(_require(got, want, name))
    return worst(measured)


def slopes(backend: Backend, name: str, seed: int) -> Measured:
    """Compare the slopes at repeated numbers with those at the numbers alone; each may be off."""
    rng = _rng(seed, f"slope {name}")
    count, x = _count(rng), _numbers(rng, name)
    function, total = backend.functions[name], backend.functions["sum"]
    compute = backend.value_and_grad(lambda t: (total(function(t[0])), None))
    found = []
    for numbers in (x, np.resize(x, count)):
        _, (gradient,) = compute([backend.asarray(numbers, "float32")])
        found.append(np.asarray(backend.to_numpy(gradient)))
    want = np.resize(found[0].astype(np.float64), count)
    units = 6 * bounds.FUNCTION_ULPS * bounds.unit_roundoff("float32")
    limits = units * np.maximum(1, np.abs(want))
    return require_within(found[1], want, limits, "float32", f"the slope of {name!r}")


def kept(backend: Backend, method: str, seed: int) -> Measured:
    """Send more than a million numbers there and back."""
    rng = _rng(seed, method)
    x = np.resize(rng.integers(-16, 17, _PERIOD) / 8, (int(rng.integers(1030, 1100)), 1031))
    array = x.astype(np.float32)
    if method == "assign":
        tensor = backend.assign(backend.variable(np.zeros_like(array), "float32"), array)
    elif method == "cast":
        tensor = backend.cast(backend.cast(backend.asarray(array, "float32"), "float64"), "float32")
    else:
        tensor = getattr(backend, method)(array, "float32")
    return require_within(np.asarray(backend.to_numpy(tensor)), x, 0, "float32", "what came back")


def drawn(backend: Backend, kind: str) -> None:
    """Draw many numbers, and compare blocks of them with each other and with their mean."""
    arguments = (0.5,) if kind == "bernoulli" else ()
    tensor = backend.random[kind](key_of(backend, (5, 9)), (_DRAWN,), "float32", *arguments)
    blocks = np.split(np.asarray(backend.to_numpy(tensor)).astype(np.float64), _BLOCKS)
    mean, deviation = {"uniform": (0.5, 12**-0.5), "normal": (0, 1), "bernoulli": (0.5, 0.5)}[kind]
    size = len(blocks[0])
    for place, block in enumerate(blocks):
        if abs(block.mean() - mean) > 6 * deviation / size**0.5 or not (
            0.9 < block.std() / deviation < 1.1
        ):
            raise Mismatch(
                f"block {place} of {size} numbers has the mean {block.mean():.4g} and deviation "
                f"{block.std():.4g}; expected {mean:.4g} and {deviation:.4g}"
            )
        tail = block[-8:]
        if kind != "bernoulli" and len(np.unique(tail)) < len(tail):
            raise Mismatch(f"block {place} of {size} numbers ends in {tail.tolist()}")
    correlations = np.abs(np.corrcoef(blocks) - np.eye(_BLOCKS))
    if correlations.max() > 6 / size**0.5:
        raise Mismatch(f"two blocks of {size} numbers are correlated by {correlations.max():.3g}")


def of_many(backend: Backend) -> Measured:
    """Differentiate the sum of n x**2 over the tensors, the n-th of which has n % 4 + 1 numbers."""
    arrays = [np.arange(1, n % 4 + 2) / 4 for n in range(_TENSORS)]
    total = backend.functions["sum"]

    def fn(tensors: Sequence[Any]) -> tuple[Any, None]:
        parts: list[Any] = [total(x * x * float(n)) for n, x in enumerate(tensors)]
        return sum(parts[1:], start=parts[0]), None

    tensors = [backend.asarray(array, "float32") for array in arrays]
    _, found = backend.value_and_grad(fn)(tensors)
    if len(found) != _TENSORS:
        raise Mismatch(f"{len(found)} gradients came back for {_TENSORS} tensors")
    measured = []
    for n, (tensor, x) in enumerate(zip(found, arrays, strict=True)):
        got = np.asarray(backend.to_numpy(tensor))
        measured.append(require_within(got, 2 * n * x, 0, "float32", f"gradient {n}"))
    return worst(measured)


def _require(got: Array, exact: Array, name: str) -> Measured:
    if exact.dtype == bool or name in _COMPARING:
        got = got.astype(np.float32) if got.dtype == bool else got
    if name == "argmax":
        got = got.astype(np.float32)
    units = bounds.FUNCTION_ULPS * bounds.unit_roundoff("float32")
    limits = units * np.maximum(1, np.abs(exact)) if name in (*_SMOOTH, "mean") else 0.0
    return require_within(got, exact.astype(np.float64), limits, "float32", f"{name!r}")


Expression = Callable[[Any, Any], Any]


def _along(name: str) -> Callable[[Array, Sequence[int]], list[Expression]]:
    def expressions(numbers: Array, shape: Sequence[int]) -> list[Expression]:
        def of_all(f: Any, x: Any) -> Any:
            return f[name](f["reshape"](x, (-1,)), axis=(0,))

        return [of_all, *(_over(name, (axis,)) for axis in (0, 1))]

    return expressions


def _over(name: str, axis: object) -> Expression:
    return lambda f, x: f[name](x, axis=axis)


def _each_axis(name: str) -> Callable[[Array, Sequence[int]], list[Expression]]:
    return lambda numbers, shape: [_over(name, axis) for axis in (0, 1)]


def _joined(name: str) -> Callable[[Array, Sequence[int]], list[Expression]]:
    def along(axis: int) -> Expression:
        return lambda f, x: f[name]([f["take"](x, np.arange(3), 0)] * 70, axis)

    return lambda numbers, shape: [along(axis) for axis in (0, 1)]


def _taken(numbers: Array, shape: Sequence[int]) -> list[Expression]:
    def along(axis: int) -> Expression:
        places = np.resize(numbers, 1031) % shape[axis]
        return lambda f, x: f["take"](x, places, axis)

    return [along(axis) for axis in (0, 1)]


def _hot(numbers: Array, shape: Sequence[int]) -> list[Expression]:
    places, depth = np.resize(numbers, 1031) % shape[1], shape[1]
    return [lambda f, x: f["one_hot"](places, depth, "float32")]


_OTHERS: dict[str, Callable[[Array, Sequence[int]], list[Expression]]] = {
    **{name: _along(name) for name in ("max", "mean", "sum")},
    **{name: _each_axis(name) for name in ("argmax", "cumsum")},
    "clip": lambda *_: [lambda f, x: f["clip"](x, -1.0, 1.5)],
    "flip": lambda *_: [lambda f, x: f["flip"](x, (0, 1))],
    "matmul": lambda *_: [lambda f, x: f["matmul"](x, f["transpose"](x, (1, 0)))],
    "one_hot": _hot,
    "pad": lambda *_: [lambda f, x: f["pad"](x, ((1, 2), (0, 3)))],
    "take": _taken,
    "transpose": lambda *_: [lambda f, x: f["transpose"](x, (1, 0))],
    "where": lambda *_: [lambda f, x: f["where"](f["greater"](x, 0.0), x, 3.0)],
    "power": lambda *_: [lambda f, x: f["power"](x, 2.0)],
    **{name: _joined(name) for name in ("concatenate", "stack")},
}


def _numbers(rng: np.random.Generator, name: str) -> Array:
    """Return multiples of 1/8, above zero where the function needs that."""
    numbers = rng.integers(-16, 17, _PERIOD) / 8
    return np.asarray(np.abs(numbers) + 0.125 if name in ("log", "log1p", "sqrt") else numbers)


def _count(rng: np.random.Generator) -> int:
    """Return how many numbers: past 2**16, and for some functions of each seed past 2**20."""
    many = rng.integers(6) == 0
    return int(rng.integers(2**20 + 1, 2**20 + 2**16) if many else rng.integers(2**16 + 1, 2**17))


def _rng(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng((seed, zlib.crc32(name.encode())))


def _case(op: str, level: str, slug: str, check: Check, claim: str, *arguments: object) -> Case:
    needs = {"grad": ("gradients",)}.get(level, ()) + (("random",) if op == "random" else ())
    used = ("float32", "float64") if "cast" in arguments else ("float32",)
    return Case(
        id=f"{op}/{level}/{slug}",
        level=level,
        op=op,
        claim=claim,
        check=check,
        arguments=arguments,
        features=(*used, *needs),
    )
