"""Promises to the frontend besides numbers: plans for any batch, and facts about results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from convdispatch.conformance.case import Case, Check, Measured, Mismatch
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.computing import (
    allowed,
    alternating,
    apply,
    layout,
    pick,
)
from convdispatch.conformance.cases.plain_cases import plain_case
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics.distance import require_within, worst
from convdispatch.numerics.problem import Problem, output_shape, with_batch
from convdispatch.ops import FLOAT_DTYPES, Backend, Pad, Tensor, Upsample

# In this order: each needs another shape than the one before, and none is the first one's.
_BATCHES = (2, 5, 1, 0, 2)
_RESHAPING: tuple[Pad | Upsample, ...] = (
    Pad(pads=((1, -1), (0, 2)), channels_last=True),
    Upsample(factors=(3,), interpolation="nearest", channels_last=False),
    Upsample(factors=(2, 2), interpolation="bilinear", channels_last=True),
)


def cases(seed: int) -> Iterator[Case]:
    """Yield the chosen geometries and the other ops, and cases about the backend alone."""
    problems = [*alternating(seed=seed), *_reshaping(seed)]
    for ending, problem in problems:
        if pick((True, False), ending) or not problem.weight_shapes:
            claim = "One function serves every batch size, the empty one included."
            yield problem_case("contract", f"batch-sizes-{ending}", any_batch, claim, problem)
        dtype = pick(FLOAT_DTYPES, ending)
        typed = replace(problem, dtype=dtype)
        claim = "The result is the backend's own tensor, of a known shape and element type."
        yield problem_case("contract", f"described-{ending}-{dtype}", described, claim, typed)
        if pick((True, False), f"device {ending}"):
            claim = "The result is on the device of the input, where tensors have one."
            yield problem_case("contract", f"device-{ending}", on_the_device, claim, problem)
    for slug, check, claim, features in _ALONE:
        yield plain_case("tensors", "contract", slug, check, claim, needs=features)


def any_batch(backend: Backend, problem: Problem) -> Measured:
    """Lower once and compute for several batch sizes, each within the bound."""
    function, measured = harness.plan(backend, problem), []
    for batch in _BATCHES:
        own = with_batch(problem, batch)
        got = apply(backend, function, own.dtype, *own.arrays)
        want, limits = own.expected[0], allowed(backend, own)
        measured.append(require_within(got, want, limits, own.dtype, f"batch size {batch}"))
    return worst(measured)


def described(backend: Backend, problem: Problem) -> None:
    """Call `owns` and `describe` on the result: a tuple of integers, and the type's name."""
    result = harness.plan(backend, problem)(*harness.tensors(backend, problem))
    if not backend.owns(result):
        raise Mismatch(f"`owns` denies the result, a {type(result).__name__}")
    found = backend.describe(result)
    expected = (output_shape(problem), problem.dtype)
    if found != expected:
        raise Mismatch(f"`describe` gives {found!r}; expected {expected!r}")
    if not all(isinstance(size, int) for size in found[0]):
        raise Mismatch(f"`describe` gives the shape {found[0]!r}; its sizes must be integers")


def on_the_device(backend: Backend, problem: Problem) -> None:
    """Compare the attribute `device` of the result and of the input, where there is one."""
    tensors = harness.tensors(backend, problem)
    result = harness.plan(backend, problem)(*tensors)
    before, after = (getattr(tensor, "device", None) for tensor in (tensors[0], result))
    if before != after:
        raise Mismatch(f"the input is on the device {before!r}, the result on {after!r}")


def synchronized(backend: Backend) -> None:
    """Wait for a constant, a variable and a result."""
    numbers = np.ones((2, 2))
    constant = backend.asarray(numbers, "float32")
    for tensor in (constant, backend.variable(numbers, "float32"), harness.product(constant, 2)):
        backend.synchronize(tensor)


def called_outside(backend: Backend) -> None:
    """Look for the function's result, which may be anything, and for its exception."""
    for value in (object(), None, "text", backend.asarray(np.ones(2), "float32")):
        if backend.outside_trace(lambda value=value: value) is not value:  # type: ignore[misc]
            raise Mismatch(f"`outside_trace` did not return {value!r}, what the function returned")

    def fail() -> None:
        raise LookupError("raised within")

    try:
        backend.outside_trace(fail)
    except LookupError:
        return
    raise Mismatch("`outside_trace` hid what the function raised")


def made_while_tracing(backend: Backend) -> None:
    """Make a tensor by `outside_trace` within a compiled function, and read it afterwards."""
    made: list[Tensor] = []

    def function(x: Tensor) -> Tensor:
        numbers = np.array([1.0, 2.0, 4.0])
        made.append(backend.outside_trace(lambda: backend.asarray(numbers, "float32")))
        return harness.product(x, 2)

    result = backend.compile(function)(backend.asarray(np.ones(3), "float32"))
    require_within(np.asarray(backend.to_numpy(result)), np.full(3, 2.0), 0, "float32")
    got = np.asarray(backend.to_numpy(made[0]))
    require_within(got, [1, 2, 4], 0, "float32", "the tensor made while the caller was traced")


def compiled(backend: Backend) -> None:
    """Compile a function of two tensors, one of them of another shape the second time."""
    add = backend.compile(_plus_twice)
    for size in (3, 3, 5):
        numbers = np.arange(size) / 4
        pair = [backend.asarray(array, "float32") for array in (numbers, np.ones(size))]
        got = np.asarray(backend.to_numpy(add(*pair)))
        require_within(got, numbers + 2, 0, "float32", f"the compiled sum of {size} numbers")


def _plus_twice(x: Tensor, y: Tensor) -> Tensor:
    total: Tensor = x + 2 * y  # type: ignore[operator]  # native tensors promise arithmetic
    return total


def _reshaping(seed: int) -> Iterator[tuple[str, Problem]]:
    for op in _RESHAPING:
        rank = len(op.pads if isinstance(op, Pad) else op.factors)
        size = (3, 4)[:rank]
        shape = (2, *size, 2) if op.channels_last else (2, 2, *size)
        problem = Problem(op=op, input_shape=shape, seed=seed)
        yield f"{'zeros' if isinstance(op, Pad) else op.interpolation}-{layout(problem)}", problem


_ALONE: tuple[tuple[str, Check, str, tuple[str, ...]], ...] = (
    ("synchronize", synchronized, "`synchronize` returns once a tensor has its values.", ()),
    (
        "outside-trace",
        called_outside,
        "`outside_trace` calls a function and hands on what it returns or raises.",
        (),
    ),
    (
        "outside-trace-compiled",
        made_while_tracing,
        "A tensor made by `outside_trace` within a compiled function has values afterwards.",
        ("compile",),
    ),
    (
        "compile",
        compiled,
        "`compile` returns a function with the same results, for other shapes as well.",
        ("compile",),
    ),
)
