"""An answer does not depend on the calls before it, beside it or after it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from convdispatch.conformance.case import Case, Mismatch
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.computing import (
    CHOSEN,
    allowed,
    alternating,
    layout,
)
from convdispatch.conformance.cases.conv_rows import ConvRow, problems
from convdispatch.conformance.cases.problem_cases import problem_case
from convdispatch.numerics.distance import require_within
from convdispatch.numerics.problem import Array, Problem
from convdispatch.ops import Backend, Pad, Tensor, Upsample

_ROUNDS, _CALLS = 3, 16
_SWITCH_SECONDS = 1e-6
# Many channels: a call takes long enough to meet another one, and the oracle does not.
_LARGE = (
    ConvRow("1d-many-channels", (20,), (3,), (2,), ((1, 1),), channels=(48, 64), bias=True),
    ConvRow("2d-many-filters", (5, 6), (1, 1), channels=(2, 256)),
    ConvRow("2d-many-channels", (6, 5), (3, 2), channels=(32, 48), activation="relu"),
    ConvRow("2d-many-groups", (6, 4), (2, 2), (2, 1), (), (1, 2), 8, (32, 64), bias=True),
    ConvRow("3d-many-channels", (3, 4, 3), (2, 2, 2), channels=(32, 32), bias=True),
)


def cases(seed: int) -> Iterator[Case]:
    """Yield repeated calls and kept results for the chosen geometries, and calls of two threads."""
    for ending, problem in alternating(seed=seed):
        claim = "The same call gives the same bits, whatever was computed in between."
        yield problem_case("edge", f"same-bits-{ending}", repeated, claim, problem)
    for ending, problem in alternating(CHOSEN[::2], seed=seed):
        claim = "An answer does not change when the function is called again."
        yield problem_case("edge", f"kept-{ending}", kept, claim, problem)
    claim = "Two threads calling one function at once each get their own answer."
    for geometry in _LARGE:
        for problem in problems(geometry, seed=seed):
            ending = f"{geometry.id}-{layout(problem)}"
            yield problem_case("edge", f"threads-{ending}", together, claim, problem)
    for is_last in (True, False):
        for op in (
            Pad(pads=((2, 1), (-1, 3)), channels_last=is_last),
            Upsample(factors=(2, 3), interpolation="nearest", channels_last=is_last),
            Upsample(factors=(2, 3), interpolation="bilinear", channels_last=is_last),
        ):
            shape = (2, 6, 5, 96) if is_last else (2, 96, 6, 5)
            problem = Problem(op=op, input_shape=shape, seed=seed)
            slug = op.interpolation if isinstance(op, Upsample) else "zeros"
            ending = f"{slug}-{layout(problem)}"
            yield problem_case("edge", f"threads-{ending}", together, claim, problem)


def repeated(backend: Backend, problem: Problem) -> None:
    """Call with the same tensors again, with others in between, and compare bit by bit."""
    function, tensors = harness.plan(backend, problem), harness.tensors(backend, problem)
    others = harness.tensors(backend, _other(problem))
    first = _values(backend, function(*tensors))
    for _ in range(3):
        function(*others)
        again = _values(backend, function(*tensors))
        if again.tobytes() != first.tobytes():
            cells = int((again != first).sum())
            raise Mismatch(
                f"the same call gave other bits the second time, in {cells} of {first.size} cells"
            )


def kept(backend: Backend, problem: Problem) -> None:
    """Hold an answer while the function is called for other numbers, and read it again."""
    function = harness.plan(backend, problem)
    answer = function(*harness.tensors(backend, problem))
    before = _values(backend, answer)
    backend.synchronize(function(*harness.tensors(backend, _other(problem))))
    if _values(backend, answer).tobytes() != before.tobytes():
        raise Mismatch("an answer changed when the same function was called for other numbers")


def together(backend: Backend, problem: Problem) -> None:
    """Call one function from two threads, which begin each round at the same moment.

    Each has its own numbers; every answer is compared with the exact one, within the bound.
    """
    function = harness.plan(backend, problem)
    threads = (problem, _other(problem))
    barrier = threading.Barrier(len(threads), timeout=60)

    def rounds(own: Problem) -> list[Array]:
        tensors, answers = harness.tensors(backend, own), []
        try:
            for _ in range(_ROUNDS):
                barrier.wait()
                answers += [_values(backend, function(*tensors)) for _ in range(_CALLS)]
        except BaseException:
            barrier.abort()  # the other one need not wait
            raise
        return answers

    with _switching_often(), ThreadPoolExecutor(len(threads)) as pool:
        running = [pool.submit(rounds, own) for own in threads]
    raised = [one.exception() for one in running]
    for exc in sorted(
        filter(None, raised), key=lambda exc: type(exc).__name__ == "BrokenBarrierError"
    ):
        raise exc
    for own, answers in zip(threads, running, strict=True):
        _require_all(backend, own, answers.result())


def _require_all(backend: Backend, problem: Problem, answers: Sequence[Array]) -> None:
    want, limits = problem.expected[0], allowed(backend, problem)
    right: Array | None = None  # another answer of the same bits is right, too
    for number, answer in enumerate(answers, 1):
        if right is None or not _are_same_bits(answer, right):
            what = f"the answer to call {number} of one of two threads"
            require_within(answer, want, limits, problem.dtype, what)
            right = answer


def _are_same_bits(a: Array, b: Array) -> bool:
    return (a.shape, a.dtype) == (b.shape, b.dtype) and a.tobytes() == b.tobytes()


@contextmanager
def _switching_often() -> Iterator[None]:
    """Let Python change threads after every few instructions."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _other(problem: Problem) -> Problem:
    return replace(problem, seed=problem.seed + 1)


def _values(backend: Backend, tensor: Tensor) -> Array:
    """Return a copy: the tensor's memory may be used again."""
    return np.array(backend.to_numpy(tensor))
