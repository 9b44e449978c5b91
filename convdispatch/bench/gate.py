"""Decide when to continue measuring, and the verdict on each benchmark. Starts no processes.

The probability of an error is fixed before a comparison starts: `FALSE_ALARM` is divided among the
benchmarks and the looks at each (Bonferroni), so neither many benchmarks nor repeated looks make a
false alarm more likely than that.
"""

from __future__ import annotations

import math
import statistics as averages
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from convdispatch.bench import statistics
from convdispatch.bench.pair import BASE, HEAD, RoundResult
from convdispatch.errors import InvalidArgument

FALSE_ALARM = 0.01  # of a whole comparison, where no benchmark is slower than the threshold
LOOKS = 3  # after so many rounds, twice and three times as many
DEFAULT_ROUNDS = 16
DEFAULT_THRESHOLD = 1.05

SLOWER, FASTER = "slower", "faster"
NO_SLOWDOWN = "no slow-down"  # by the threshold or more
NOT_DECIDED = "not decided"
FAILED = "failed"
ONLY_BASE, ONLY_HEAD, IN_NEITHER = f"only in {BASE}", f"only in {HEAD}", "in neither"

# Measures one round of these benchmarks; a benchmark that the result lacks was not reached.
Round: TypeAlias = Callable[[Sequence[str]], Mapping[str, RoundResult]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The threshold of a slow-down, and the number of rounds before the first look."""

    threshold: float = DEFAULT_THRESHOLD
    rounds: int = DEFAULT_ROUNDS


@dataclass(slots=True, kw_only=True)
class Result:
    """The state of one benchmark."""

    id: str
    verdict: str = NOT_DECIDED
    reason: str = ""  # why it failed or does not exist
    base: list[float] = field(default_factory=list)  # seconds a call, one a round
    head: list[float] = field(default_factory=list)
    log_ratios: list[float] = field(default_factory=list)
    interval: statistics.Interval | None = None  # of the logarithm of head / base

    @property
    def is_compared(self) -> bool:
        """Return whether there is a ratio."""
        return self.interval is not None and self.verdict != FAILED

    def seconds(self) -> tuple[float, float]:
        """Return the median times of a call."""
        return averages.median(self.base), averages.median(self.head)


def tail_error(count: int) -> float:
    """Return the allowed error probability of one end of one interval, for this many benchmarks."""
    return FALSE_ALARM / (count * LOOKS)


def compare(
    ids: Sequence[str],
    measure: Round,
    *,
    rules: Rules,
    watch: Callable[[int, int], None] = lambda done, total: None,
) -> list[Result]:
    """Measure until every benchmark is decided, or the last look is taken.

    `watch` receives the number of rounds done and the number until the next look. Raises
    `InvalidArgument` if `rules` ask for too few rounds to decide anything.
    """
    error = tail_error(len(ids))
    needed = statistics.rounds_needed(error)
    if rules.rounds < needed:
        raise InvalidArgument(
            f"{rules.rounds} rounds cannot decide about {len(ids)} benchmarks with "
            f"{FALSE_ALARM:.0%} of false alarms. Take {needed} or more."
        )
    results = {id_: Result(id=id_) for id_ in ids}
    for look in range(1, LOOKS + 1):
        total = look * rules.rounds
        for done in range(total - rules.rounds, total):
            watch(done, total)
            open_ids = [one.id for one in results.values() if one.verdict == NOT_DECIDED]
            for id_, measured in measure(open_ids).items() if open_ids else ():
                _add(results[id_], measured)
        for one in results.values():
            if one.verdict == NOT_DECIDED and one.log_ratios:
                one.interval = statistics.interval(one.log_ratios, error)
                one.verdict = _verdict(one.interval, math.log(rules.threshold))
    return list(results.values())


def _add(result: Result, measured: RoundResult) -> None:
    if measured.failure is not None:
        result.verdict, result.reason = FAILED, measured.failure
    elif measured.absent:
        lacking = set(measured.absent)
        one_sided = ONLY_BASE if lacking == {HEAD} else ONLY_HEAD
        result.verdict = IN_NEITHER if lacking == {BASE, HEAD} else one_sided
        result.reason = next(iter(measured.absent.values()))
    else:
        result.base.append(measured.base)
        result.head.append(measured.head)
        result.log_ratios.append(measured.log_ratio)


def _verdict(interval: statistics.Interval, limit: float) -> str:
    if interval.low > limit:
        return SLOWER
    if interval.high < -limit:
        return FASTER
    return NO_SLOWDOWN if interval.high < limit else NOT_DECIDED
