"""A backend reads numbers wherever they lie in memory, and does not change them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from convdispatch.conformance.case import Case, Measured, Mismatch
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.computing import allowed, alternating, pick
from convdispatch.conformance.cases.layouts import backwards, read_only, transposed
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics.distance import require_within, worst
from convdispatch.numerics.problem import Array, Problem
from convdispatch.ops import Backend, Tensor


def cases(seed: int) -> Iterator[Case]:
    """Yield each way to lie in memory for the chosen geometries."""
    for ending, problem in alternating(seed=seed):
        view = pick(tuple(_VIEWS), f"view {ending}")
        claim = f"Native tensors that are {view} views are read by value."
        yield problem_case("edge", f"{view}-views-{ending}", native_views, claim, problem, view)
        claim = "NumPy arrays are read by value, however they lie in memory."
        kind = pick(tuple(KINDS), ending)
        yield problem_case("edge", f"{kind}-arrays-{ending}", numpy_views, claim, problem, kind)
        claim = "Neither the given arrays nor the given tensors are written to."
        yield problem_case("edge", f"inputs-untouched-{ending}", untouched, claim, problem)


def native_views(backend: Backend, problem: Problem, view: str) -> Measured:
    """Compute with tensors that `transpose` or `flip` made of others, within the bound.

    The input and the kernel are such views in turn, and then all at once.
    """
    plain = harness.tensors(backend, problem)
    turned = [_VIEWS[view](backend, array, problem.dtype) for array in problem.arrays]
    mixtures = [turned[:1] + plain[1:], plain[:1] + turned[1:], turned]
    function = harness.plan(backend, problem)
    return worst([_compared(backend, problem, function(*tensors)) for tensors in mixtures])


def numpy_views(backend: Backend, problem: Problem, kind: str) -> Measured:
    """Compute with tensors made from arrays of one kind, within the bound."""
    arrays = [KINDS[kind](array) for array in problem.arrays]
    tensors = [backend.asarray(array, problem.dtype) for array in arrays]
    return _compared(backend, problem, harness.plan(backend, problem)(*tensors))


def untouched(backend: Backend, problem: Problem) -> None:
    """Compare the arrays and the tensors with what they were before the op was computed."""
    arrays = [array.copy() for array in problem.arrays]
    tensors = [backend.asarray(array, problem.dtype) for array in arrays]
    before = [np.array(backend.to_numpy(tensor)) for tensor in tensors]
    function = harness.plan(backend, problem)
    backend.synchronize(function(*tensors))
    for name, array, drawn, tensor, values in zip(
        ("input", "kernel", "bias"), arrays, problem.arrays, tensors, before, strict=False
    ):
        if array.tobytes() != drawn.tobytes():
            raise Mismatch(f"the NumPy array of the {name} was changed")
        if np.asarray(backend.to_numpy(tensor)).tobytes() != values.tobytes():
            raise Mismatch(f"the tensor of the {name} was changed")


def _compared(backend: Backend, problem: Problem, result: Tensor) -> Measured:
    got = np.asarray(backend.to_numpy(result))
    return require_within(got, problem.expected[0], allowed(backend, problem), problem.dtype)


def _flipped(backend: Backend, array: Array, dtype: str) -> Tensor:
    axes = tuple(range(array.ndim))
    flip = backend.functions["flip"]
    return flip(backend.asarray(np.ascontiguousarray(np.flip(array)), dtype), axes)


_VIEWS: dict[str, Callable[[Backend, Array, str], Tensor]] = {
    "transposed": transposed,
    "flipped": _flipped,
}


def _with_gaps(array: Array) -> Array:
    wide = np.full(tuple(2 * n for n in array.shape), np.nan)
    every_other = (slice(None, None, 2),) * array.ndim
    wide[every_other] = array
    view: Array = wide[every_other]
    return view


# The same numbers, lying in memory in another way each.
KINDS: dict[str, Callable[[Array], Array]] = {
    "backwards": backwards,
    "with-gaps": _with_gaps,
    "read-only": read_only,
    "fortran-ordered": np.asfortranarray,
    "big-endian": lambda array: array.astype(">f8"),
}
