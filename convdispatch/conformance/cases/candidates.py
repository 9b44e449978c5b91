"""Every way in which a backend says that it can compute an op is as right as that of `lower`."""

from __future__ import annotations

from collections.abc import Iterator

from convdispatch.conformance.case import Case, Measured, Mismatch
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.computing import CHOSEN, allowed, alternating, apply
from convdispatch.conformance.cases.conv_rows import ConvRow
from convdispatch.conformance.cases.every_op import one_of_each
from convdispatch.conformance.cases.gradients import require_gradients
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics.adjoints import cotangent, gradients
from convdispatch.numerics.distance import require_within, worst
from convdispatch.numerics.problem import Problem, with_batch
from convdispatch.ops import Backend, Conv, ConvTranspose

_CLAIM = "Each candidate computes the exact result within the bound, for any batch size."
_SLOPES = "Each candidate has the exact gradients within the bound."
# What is computed in another way: many channels and filters, one tap, many groups.
_LARGE = (
    ConvRow("1d-many-channels", (9,), (3,), pads=((1, 1),), channels=(33, 35), bias=True),
    ConvRow("2d-many-channels", (5, 6), (3, 3), pads=((1, 1), (1, 1)), channels=(17, 16)),
    ConvRow("2d-one-tap", (3, 4), (1, 1), channels=(24, 33), activation="sigmoid"),
    ConvRow("2d-many-groups", (6, 7), (3, 3), (2, 2), groups=16, channels=(16, 32), bias=True),
    ConvRow("2d-seven-taps", (6, 7), (7, 7), (2, 2), ((3, 3), (3, 3)), channels=(3, 16)),
)


def cases(seed: int) -> Iterator[Case]:
    """Yield the chosen geometries, larger ones, and one problem of every other op."""
    for ending, problem in alternating((*CHOSEN, *_LARGE), seed=seed):
        slug, needs = f"candidates-gradients-{ending}", ("gradients",)
        yield problem_case("contract", f"candidates-{ending}", each_computes, _CLAIM, problem)
        yield problem_case("contract", slug, each_is_differentiated, _SLOPES, problem, needs=needs)
    for ending, problem in one_of_each(seed):
        if not isinstance(problem.op, Conv | ConvTranspose):
            yield problem_case("contract", f"candidates-{ending}", each_computes, _CLAIM, problem)


def each_computes(backend: Backend, problem: Problem) -> Measured | None:
    """Call every candidate for 2 samples and for none; a backend that has none passes."""
    measured = []
    for name, function in _candidates(backend, problem).items():
        for batch in (2, 0):
            own = with_batch(problem, batch)
            got = apply(backend, function, own.dtype, *own.arrays)
            what = f"the result of the candidate {name!r} for {batch} samples"
            limits = allowed(backend, own)
            measured.append(require_within(got, own.expected[0], limits, own.dtype, what))
    return worst(measured) if measured else None


def each_is_differentiated(backend: Backend, problem: Problem) -> Measured | None:
    """Differentiate through every candidate; a backend that has none passes."""
    measured = []
    for name, function in _candidates(backend, problem).items():
        found = harness.gradients(backend, problem, cotangent(problem), function)
        try:
            factor = harness.accuracy(backend, problem)
            measured.append(require_gradients(found, gradients(problem), problem, factor))
        except Mismatch as exc:
            raise Mismatch(f"of the candidate {name!r}: {exc}") from exc
    return worst(measured) if measured else None


def _candidates(backend: Backend, problem: Problem) -> dict[str, harness.Computes]:
    ask = getattr(backend, "candidates", None)
    found = {} if ask is None else dict(ask(problem.op, problem.signature))
    if ask is not None and not found:
        raise Mismatch("there is no candidate, not even that of `lower`")
    if not all(isinstance(name, str) and callable(found[name]) for name in found):
        raise Mismatch(f"the candidates are {found!r}; each needs a name and a function")
    return found
