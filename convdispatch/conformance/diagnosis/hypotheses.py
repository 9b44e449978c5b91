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


@dataclass(slots=True)
class _Count:
    """In how many cases a mistake gives the wrong numbers, and of which arrays."""

    mistake: AnyMistake
    explains: int = 0
    has_shape: int = 0  # how often the result has its shape too, and is no part of it
    arrays: dict[str, None] = field(default_factory=dict)

    def add(self, observation: Observation) -> None:
        """Compare it with one case more."""
        found, has_shape = observation.explained_by(self.mistake)
        self.explains += bool(found)
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


def believed(
    backend: Backend, cases: Sequence[Case], *, deadline: float
) -> list[tuple[AnyMistake, Hypothesis]]:
    """Return the mistakes that explain most of these failing cases, what explains most first.

    All are tried on some of the cases, those that explain one on the rest, until `deadline`, a
    time of `time.monotonic`.
    """
    spread = _spread(cases)
    observations = _observed(backend, spread[:_SAMPLE], deadline)
    counts: list[_Count] = []
    for mistake in {id(one): one for each in observations for one in each.mistakes}.values():
        count = _Count(mistake)
        for observation in observations:
            if mistake in observation.mistakes:
                count.add(observation)
        counts += [count] if count.explains else []
    counts = sorted(counts, key=lambda one: one.rank, reverse=True)[:_RUNNERS]
    number = len(observations)
    for case in spread[_SAMPLE:] if counts else []:
        for observation in _observed(backend, [case], deadline):
            number += 1
            for count in counts:
                count.add(observation)
    return [
        (count.mistake, Hypothesis(what=count.what, explains=count.explains, of=number))
        for count in _best(counts)
        if count.explains >= _FEWEST * number
    ][:_MOST]


def _best(counts: Sequence[_Count]) -> list[_Count]:
    """Return those that explain as much as any does; loose ones only where no other does."""
    most = max((count.rank for count in counts), default=None)
    return [count for count in counts if count.rank == most]


def _spread(cases: Sequence[Case]) -> list[Case]:
    """Return the cases in another order, whose beginning is a sample of all."""
    step = max(len(cases) // _SAMPLE, 1)
    return [case for first in range(step) for case in cases[first::step]]


def _observed(backend: Backend, cases: Sequence[Case], deadline: float) -> list[Observation]:
    """Return the wrong numbers that come back for some of these cases."""
    found = []
    for case in cases:
        if time.monotonic() < deadline:
            # What raises has no numbers to compare.
            with contextlib.suppress(Exception):
                observation = observe(backend, case)
                found += [observation] if observation else []
    return found
