"""What a backend computes for a failing case, beside the right numbers.

The case's own check only says that something is wrong. Here the numbers are computed once more, to
be compared with those that some mistake would give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np

from convdispatch.conformance.case import Case
from convdispatch.conformance.cases import harness
from convdispatch.conformance.cases.computing import apply
from convdispatch.conformance.cases.function_range import everywhere
from convdispatch.conformance.cases.functions import as_numpy
from convdispatch.conformance.cases.gradients import match_gradients
from convdispatch.conformance.cases.pooling import reaches as pools_reach
from convdispatch.conformance.cases.second_order import match_second_gradients
from convdispatch.conformance.cases.special_values import reaches
from convdispatch.conformance.diagnosis.given import asked_by, given_numbers
from convdispatch.conformance.diagnosis.mistakes import EVERY
from convdispatch.conformance.diagnosis.mistakes.derivatives import BY, FIRST, NAMES, SECOND
from convdispatch.conformance.diagnosis.mistakes.functions import FUNCTIONS, Asked
from convdispatch.conformance.diagnosis.mistakes.limits import LIMITS
from convdispatch.conformance.diagnosis.mistakes.mistake import Wrong
from convdispatch.conformance.diagnosis.mistakes.special import SPECIAL
from convdispatch.numerics.adjoints import cotangent, gradients, second_gradients
from convdispatch.numerics.problem import Array, Problem
from convdispatch.ops import Backend

Numbers: TypeAlias = tuple[Array, Array]  # and how far computed ones may be from them


class AnyMistake(Protocol):
    """A mistake with a result, with gradients or with a function."""

    @property
    def what(self) -> str:
        """What is done instead; {} stands for the arrays that are wrong."""

    @property
    def is_loose(self) -> bool:
        """Whether it allows so much that other mistakes may look the same."""

    def answers(self, subject: Any) -> Iterable[Wrong]:
        """Yield the wrong numbers, by the array's number."""


RESULT = ("the result",)
FUNCTION_CHECKS = (as_numpy, everywhere)
_SPECIAL = (reaches, pools_reach)
_MISTAKES: tuple[AnyMistake, ...] = (*EVERY, *LIMITS)
_WITH_SPECIAL: tuple[AnyMistake, ...] = (*SPECIAL, *EVERY)
_MOST_SAMPLES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Arrays that a backend computed, at least one of them wrong."""

    subject: Any  # what the mistakes are about
    got: tuple[Array, ...]
    right: tuple[Numbers, ...]
    factor: float  # by which the backend declares its errors to exceed the bound
    mistakes: tuple[AnyMistake, ...]
    names: tuple[str, ...]

    @property
    def kind(self) -> tuple[object, ...]:
        """In what way it is wrong: which arrays, and whether their shapes are."""
        return self.names, tuple(
            (n, self.got[n].shape == self.right[n][0].shape) for n in self.wrong
        )

    def explained_by(self, mistake: AnyMistake) -> tuple[tuple[int, ...], bool]:
        """Return the arrays that are wrong as the mistake makes them; none if others are too.

        Beside them, whether their shapes are the mistake's as well.
        """
        for wrong in mistake.answers(self.subject):
            found = tuple(n for n in self.wrong if n in wrong and self._agrees(n, wrong[n]))
            if len(found) == len(self.wrong):
                return found, all(self.got[n].shape == wrong[n][0].shape for n in found)
        return (), False

    @property
    def wrong(self) -> tuple[int, ...]:
        """The numbers of the arrays that are wrong."""
        return tuple(
            n
            for n, right in enumerate(self.right)
            if self.got[n].shape != right[0].shape or not self._agrees(n, right)
        )

    def right_cells(self, index: int) -> Array:
        """Return which cells of an array are right; its shape is."""
        value, allowed = self.right[index]
        return near(self.got[index].astype(np.float64), value, self.factor * allowed)

    def _agrees(self, index: int, numbers: Numbers) -> bool:
        return agrees(self.got[index], *numbers, factor=self.factor)


def agrees(got: Array, value: Array, allowed: Array, *, factor: float) -> bool:
    """Say whether numbers are these; of a larger array the first cells are enough."""
    if got.ndim != value.ndim:
        return False
    if got.shape != value.shape:
        if any(mine > other for mine, other in zip(got.shape, value.shape, strict=True)):
            return False
        kept = tuple(slice(count) for count in got.shape)
        value, allowed = value[kept], allowed[kept]
    return bool(near(got.astype(np.float64), value, factor * allowed).all())


def near(found: Array, value: Array, allowed: Array) -> Array:
    """Return where numbers are these, or both are NaN."""
    with np.errstate(invalid="ignore"):
        is_near = np.abs(found - value) <= allowed
    return np.asarray(is_near | (found == value) | (np.isnan(found) & np.isnan(value)))


def observe(backend: Backend, case: Case) -> Observation | None:
    """Return what the backend computes of the case's problem; None where that is right.

    The op itself comes first: if it is wrong, so is what is derived from it. Raises whatever the
    backend raises.
    """
    if case.check in FUNCTION_CHECKS:
        return observe_asked(backend, asked_by(case))
    problem = next((one for one in case.arguments if isinstance(one, Problem)), None)
    if problem is None:
        return None
    found = observe_result(backend, problem)
    if found is None and case.check is match_gradients:
        return observe_gradients(backend, problem)
    if found is None and case.check in _SPECIAL:
        return observe_special(backend, problem)
    if found is None and case.check is match_second_gradients:
        return observe_second(backend, problem)
    return found


def observe_result(backend: Backend, problem: Problem) -> Observation | None:
    """Return the op's result where it is wrong."""
    got = (harness.run(backend, problem),)
    return _observed(backend, problem, got, (problem.expected,), _MISTAKES, RESULT)


def observe_gradients(backend: Backend, problem: Problem) -> Observation | None:
    """Return the first gradients where one is wrong."""
    got = harness.gradients(backend, problem, cotangent(problem))
    right = [(one.value, one.error) for one in gradients(problem)]
    return _observed(backend, problem, got, right, FIRST, NAMES)


def observe_special(backend: Backend, problem: Problem) -> Observation | None:
    """Return the op's result where a cell of every second sample is special, if it is wrong.

    The cells are spread over the sample; infinity, minus infinity and NaN take turns.
    """
    x, *weights = problem.arrays
    cells = x[:1].size
    chosen = np.unique(np.linspace(0, cells - 1, _MOST_SAMPLES).astype(int))
    spoilt = np.repeat(x[:1], 2 * len(chosen), axis=0)
    numbers = np.resize([np.inf, -np.inf, np.nan], len(chosen))
    spoilt.reshape(2 * len(chosen), -1)[range(0, 2 * len(chosen), 2), chosen] = numbers
    given = given_numbers(problem, (spoilt, *weights))
    with np.errstate(all="ignore"):
        got = apply(backend, harness.plan(backend, given), given.dtype, *given.arrays)
        return _observed(backend, given, (got,), (given.expected,), _WITH_SPECIAL, RESULT)


def observe_asked(backend: Backend, asked: Asked) -> Observation | None:
    """Return what an expression of functions gives where it is wrong."""
    native = [backend.asarray(array, asked.dtype) for array in asked.arrays]
    with np.errstate(all="ignore"):
        got = np.asarray(backend.to_numpy(asked.expression(backend.functions, *native)))
    found = Observation(
        subject=asked,
        got=(got,),
        right=((asked.right, asked.limits),),
        factor=1.0,
        mistakes=FUNCTIONS,
        names=RESULT,
    )
    return found if found.wrong else None


def observe_second(backend: Backend, problem: Problem) -> Observation | None:
    """Return the gradients of the gradients' norm where one is wrong."""
    got = harness.second_gradients(backend, problem, cotangent(problem))
    right = [(one.value, one.error) for one in second_gradients(problem)]
    return _observed(backend, problem, got, right, SECOND, BY)


def _observed(
    backend: Backend,
    problem: Problem,
    got: Sequence[Array],
    right: Sequence[Numbers],
    mistakes: tuple[AnyMistake, ...],
    names: tuple[str, ...],
) -> Observation | None:
    factor = harness.accuracy(backend, problem)
    found = Observation(
        subject=problem,
        got=tuple(got),
        right=tuple(right),
        factor=factor,
        mistakes=mistakes,
        names=names,
    )
    return found if found.wrong else None


Observer: TypeAlias = Callable[[Backend, Problem], Observation | None]
