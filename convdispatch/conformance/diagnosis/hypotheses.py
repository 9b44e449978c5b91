"""What a backend did instead: the mistakes that give its wrong numbers, within their own bounds."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from convdispatch.conformance.case import Case
from convdispatch.conformance.diagnosis.findings import Hypothesis
from convdispatch.conformance.diagnosis.lightest import lightest_first
from convdispatch.conformance.diagnosis.observing import AnyMistake, Observation, observe
from convdispatch.ops import Backend

_SAMPLE = 12  # failing cases on which every mistake is tried
_MOST = 3  # hypotheses that are kept: each of them gives the same numbers in as many cases
_RUNNERS = 6  # of which those are chosen, on all cases
_FEWEST = 0.5  # of the cases that were compared: what explains less says little


@dataclass(frozen=True, slots=True)
class Believed:
    """A mistake that explains failing cases, and which ones."""

    mistake: AnyMistake
    hypothesis: Hypothesis
    cases: tuple[Case, ...]


@dataclass(slots=True)
class _Count:
    """The cases in which a mistake gives the wrong numbers, and of which arrays."""

    mistake: AnyMistake
    cases: list[Case] = field(default_factory=list)
    has_shape: int = 0  # how often the result has its shape too, and is no part of it
    arrays: dict[str, None] = field(default_factory=dict)

    @property
    def explains(self) -> int:
        """In how many cases it gives all that is wrong."""
        return len(self.cases)

    def add(self, case: Case, wrong: Sequence[str], has_shape: bool) -> None:
        """Enter one case more: the arrays that it makes wrong, as they came back."""
        self.cases += [case] if wrong else []
        self.has_shape += has_shape
        self.arrays |= dict.fromkeys(wrong)

    @property
    def promise(self) -> tuple[int, bool, int]:
        """The larger, the more it is worth to be tried on further cases."""
        return self.explains, not self.mistake.is_loose, self.has_shape

    @property
    def rank(self) -> tuple[bool, int, int]:
        """The larger, the better."""
        return not self.mistake.is_loose, self.explains, self.has_shape

    @property
    def what(self) -> str:
        """The mistake, with the arrays that it made wrong."""
        *others, last = self.arrays
        named = f"{', '.join(others)} and {last}" if others else last
        return self.mistake.what.replace("{}", named)


def believed(backend: Backend, cases: Sequence[Case], *, deadline: float) -> list[Believed]:
    """Return the mistakes that explain most of these failing cases, what explains most first.

    All are tried on some of the cases, those that explain one on the rest, until `deadline`, a
    time of `time.monotonic`.
    """
    spread = _spread(cases)
    counts: dict[int, _Count] = {}
    number = _compared(backend, lightest_first(spread[:_SAMPLE]), counts, deadline)
    runners = sorted(counts.values(), key=lambda one: one.promise, reverse=True)[:_RUNNERS]
    counts = {id(one.mistake): one for one in runners if one.explains}
    if counts:
        number += _compared(backend, spread[_SAMPLE:], counts, deadline, is_closed=True)
    enough = [one for one in counts.values() if one.explains >= _FEWEST * number]
    return [
        Believed(
            count.mistake,
            Hypothesis(what=count.what, explains=count.explains, of=number),
            tuple(count.cases),
        )
        for count in _best(enough)[:_MOST]
    ]


def _compared(
    backend: Backend,
    cases: Sequence[Case],
    counts: dict[int, _Count],
    deadline: float,
    *,
    is_closed: bool = False,
) -> int:
    """Try mistakes on each case; return how many cases there was time for.

    All mistakes are tried, and entered, unless `is_closed`: then those that are counted already.
    """
    number = 0
    for case in cases:
        observation = _observed(backend, case)
        if observation is None:
            continue
        tried = observation.mistakes
        if is_closed:
            tried = tuple(one for one in tried if id(one) in counts)
        found = []
        for mistake in tried:
            if time.monotonic() > deadline:
                return number  # a case that is half compared does not count
            found.append((mistake, *observation.explained_by(mistake)))
        number += 1
        for mistake, arrays, has_shape in found:
            count = counts.setdefault(id(mistake), _Count(mistake))
            count.add(case, [observation.names[index] for index in arrays], has_shape)
    return number


def _best(counts: Sequence[_Count]) -> list[_Count]:
    """Return those that explain as much as any does; loose ones only where no other does."""
    most = max((count.rank for count in counts), default=None)
    best = [count for count in counts if count.rank == most]
    # Of roundings, the finest comes first: whatever is within it is within the coarser ones too.
    return best[:1] if best and best[0].mistake.is_loose else best


def _spread(cases: Sequence[Case]) -> list[Case]:
    """Return the cases in another order, whose beginning is a sample of all."""
    step = max(len(cases) // _SAMPLE, 1)
    return [case for first in range(step) for case in cases[first::step]]


def _observed(backend: Backend, case: Case) -> Observation | None:
    """Return the wrong numbers that come back; what raises has no numbers to compare."""
    with contextlib.suppress(Exception):
        return observe(backend, case)
    return None
