"""Learning rates that follow the number of updates, as Keras 3's `optimizers.schedules`.

A schedule is called with the number of updates so far and returns a Python number. The training
loop hands that to the compiled step as a tensor, so no schedule has to be compiled.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from convdispatch.errors import InvalidArgument
from convdispatch.formulas import lookup


class LearningRateSchedule(lookup.Configured):
    """Base of all schedules; a user's subclass defines `__call__(step)`."""

    def __call__(self, step: Any) -> float:
        """Return the learning rate after `step` updates."""
        raise NotImplementedError(
            f"{type(self).__name__} does not define `__call__(self, step)`; define it: it returns "
            f"the learning rate after `step` updates."
        )


@dataclass(frozen=True)
class ExponentialDecay(LearningRateSchedule):
    """initial_learning_rate * decay_rate ** (step / decay_steps), in whole steps for a staircase.

    >>> ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)(20)
    0.025
    """

    initial_learning_rate: float
    decay_steps: int
    decay_rate: float
    staircase: bool = False
    name: str = "ExponentialDecay"

    def __post_init__(self) -> None:
        """Check every argument."""
        self._settle(**_checked(self, "initial_learning_rate", "decay_rate"))

    def __call__(self, step: Any) -> float:
        """Return the learning rate after `step` updates."""
        return float(self.initial_learning_rate * self.decay_rate ** _parts(self, step))


@dataclass(frozen=True)
class InverseTimeDecay(LearningRateSchedule):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps)."""

    initial_learning_rate: float
    decay_steps: int
    decay_rate: float
    staircase: bool = False
    name: str = "InverseTimeDecay"

    def __post_init__(self) -> None:
        """Check every argument."""
        self._settle(**_checked(self, "initial_learning_rate", "decay_rate"))

    def __call__(self, step: Any) -> float:
        """Return the learning rate after `step` updates."""
        return self.initial_learning_rate / (1 + self.decay_rate * _parts(self, step))


@dataclass(frozen=True)
class PiecewiseConstantDecay(LearningRateSchedule):
    """The first value up to the first boundary, inclusive, then the second, and so on."""

    boundaries: Sequence[float]
    values: Sequence[float]
    name: str = "PiecewiseConstant"

    def __post_init__(self) -> None:
        """Check every argument."""
        boundaries = tuple(lookup.number(b, "boundaries") for b in self.boundaries)
        values = tuple(lookup.number(v, "values", at_least=0.0) for v in self.values)
        if len(boundaries) != len(values) - 1:
            raise InvalidArgument(
                f"`values` must have one number more than `boundaries`, received {len(values)} "
                f"and {len(boundaries)}. Give a value for each piece."
            )
        self._settle(boundaries=boundaries, values=values)

    def __call__(self, step: Any) -> float:
        """Return the learning rate after `step` updates."""
        return self.values[sum(float(step) > boundary for boundary in self.boundaries)]


@dataclass(frozen=True)
class PolynomialDecay(LearningRateSchedule):
    """From the first rate to the last one as (1 - step / decay_steps) ** power falls to 0.

    cycle: start again at a multiple of decay_steps instead of staying at the last rate.
    """

    initial_learning_rate: float
    decay_steps: int
    end_learning_rate: float = 0.0001
    power: float = 1.0
    cycle: bool = False
    name: str = "PolynomialDecay"

    def __post_init__(self) -> None:
        """Check every argument."""
        self._settle(**_checked(self, "initial_learning_rate", "end_learning_rate", "power"))

    def __call__(self, step: Any) -> float:
        """Return the learning rate after `step` updates."""
        step, length = float(step), float(self.decay_steps)
        if self.cycle:
            length *= max(math.ceil(step / length), 1)
        left = 1 - min(step, length) / length
        fall = self.initial_learning_rate - self.end_learning_rate
        return float(fall * left**self.power + self.end_learning_rate)


@dataclass(frozen=True)
class CosineDecay(LearningRateSchedule):
    """Half a wave of a cosine from the first rate to alpha times it, after a linear warm-up."""

    initial_learning_rate: float
    decay_steps: int
    alpha: float = 0.0
    name: str = "CosineDecay"
    warmup_target: float | None = None
    warmup_steps: int = 0

    def __post_init__(self) -> None:
        """Check every argument."""
        target = self.warmup_target
        self._settle(
            **_checked(self, "initial_learning_rate", "alpha"),
            warmup_steps=lookup.integer(self.warmup_steps, "warmup_steps", at_least=0),
            warmup_target=None if target is None else lookup.number(target, "warmup_target"),
        )

    def __call__(self, step: Any) -> float:
        """Return the learning rate after `step` updates."""
        at, first, top = float(step), self.initial_learning_rate, self.warmup_target
        if top is None:
            return first * _wave(min(at / self.decay_steps, 1.0), self.alpha)
        if at < self.warmup_steps:
            return (top - first) * at / self.warmup_steps + first
        return top * _wave(min((at - self.warmup_steps) / self.decay_steps, 1.0), self.alpha)


@dataclass(frozen=True)
class CosineDecayRestarts(LearningRateSchedule):
    """Waves as `CosineDecay`'s, each t_mul times as long and m_mul times as high as the last."""

    initial_learning_rate: float
    first_decay_steps: int
    t_mul: float = 2.0
    m_mul: float = 1.0
    alpha: float = 0.0
    name: str = "SGDRDecay"

    def __post_init__(self) -> None:
        """Check every argument."""
        names = ("initial_learning_rate", "m_mul", "alpha")
        self._settle(**_checked(self, *names, steps="first_decay_steps"))
        self._settle(t_mul=lookup.number(self.t_mul, "t_mul", at_least=1.0))

    def __call__(self, step: Any) -> float:
        """Return the learning rate after `step` updates."""
        left, length, height = float(step), float(self.first_decay_steps), 1.0
        while left >= length:
            if self.t_mul == 1.0:
                height *= self.m_mul ** (left // length)
                left %= length
            else:
                left, length, height = left - length, length * self.t_mul, height * self.m_mul
        return self.initial_learning_rate * _wave(left / length, self.alpha, height)


SCHEDULES: Mapping[str, type[LearningRateSchedule]] = {
    schedule.__name__: schedule
    for schedule in (
        *(ExponentialDecay, InverseTimeDecay, PiecewiseConstantDecay, PolynomialDecay),
        *(CosineDecay, CosineDecayRestarts),
    )
}


def get(identifier: object) -> LearningRateSchedule:
    """Return the schedule that a configuration or an object stands for."""
    found = lookup.resolve(
        identifier, SCHEDULES, kind="learning rate schedule", base=LearningRateSchedule
    )
    return cast("LearningRateSchedule", found)


def _wave(part: float, alpha: float, height: float = 1.0) -> float:
    return (1 - alpha) * height * 0.5 * (1 + math.cos(math.pi * part)) + alpha


def _parts(schedule: ExponentialDecay | InverseTimeDecay, step: Any) -> float:
    part = float(step) / schedule.decay_steps
    return math.floor(part) if schedule.staircase else part


def _checked(schedule: Any, *names: str, steps: str = "decay_steps") -> dict[str, object]:
    """Return numbers that are not negative, and a number of steps, which must be positive."""
    length = lookup.number(getattr(schedule, steps), steps)
    if length <= 0:
        raise InvalidArgument(f"`{steps}` must be greater than 0, received {length:g}. Pass one.")
    given = {name: lookup.number(getattr(schedule, name), name, at_least=0.0) for name in names}
    return {**given, steps: getattr(schedule, steps)}
