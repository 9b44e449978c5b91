"""What a backend did instead: the mistakes that give its wrong numbers, within their own bounds."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from convdispatch.conformance.case import Case
from convdispatch.conformance.diagnosis.findings import Hypothesis
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

    def add(self, case: Case, observation: Observation) -> None:
        """Compare it with one case more."""
        found, has_shape = observation.explained_by(self.mistake)
        self.cases += [case] if found else []
        self.has_shape += has_shape
        self.arrays |= dict.fromkeys(observation.names[index] for index in found)

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
    observations = _observed(backend, spread[:_SAMPLE], deadline)
    counts: list[_Count] = []
    for mistake in {id(one): one for _, each in observations for one in each.mistakes}.values():
        count = _Count(mistake)
        for case, observation in observations:
            if mistake in observation.mistakes:
                count.add(case, observation)
        counts += [count] if count.explains else []
    counts = sorted(counts, key=lambda one: one.rank, reverse=True)[:_RUNNERS]
    number = len(observations)
    for case in spread[_SAMPLE:] if counts else []:
        for _, observation in _observed(backend, [case], deadline):
            number += 1
            for count in counts:
                count.add(case, observation)
    return [
        Believed(
            count.mistake,
            Hypothesis(what=count.what, explains=count.explains, of=number),
            tuple(count.cases),
        )
        for count in _best(counts)
        if count.explains >= _FEWEST * number
    ][:_MOST]


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


def _observed(
    backend: Backend, cases: Sequence[Case], deadline: float
) -> list[tuple[Case, Observation]]:
    """Return the wrong numbers that come back for some of these cases."""
    found = []
    for case in cases:
        if time.monotonic() < deadline:
            # What raises has no numbers to compare.
            with contextlib.suppress(Exception):
                observation = observe(backend, case)
                found += [(case, observation)] if observation else []
    return found
