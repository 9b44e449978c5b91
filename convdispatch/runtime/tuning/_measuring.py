"""Find the fastest function by interleaved rounds; no arrays, no backends, only calls.

A disturbance of the machine affects neighbours in a round alike, so a function is compared with the
usual one round by round, and never by times of different moments.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# A function replaces the usual one if it takes less by this share, in three rounds of four.
MARGIN = 0.05
_ROUNDS = (9, 31)  # at least and at most
_SECONDS = 0.5  # for all rounds, where the least number of them allows it
_LEAST_SAMPLE = 1e-3  # seconds; shorter calls are timed several at a time
_MOST_REPEATS = 1000
# Slower than the fastest by this factor after the first calls: cannot win, so is not waited for.
_HOPELESS = 4.0

clock = time.perf_counter


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Seconds a call of each function, and the name of the one to use."""

    medians: Mapping[str, float]
    fastest: str


def measure(calls: Mapping[str, Callable[[], object]], usual: str) -> Timings:
    """Time each of `calls`, which return when their work is done; `usual` names one of them.

    The usual one stays unless another is faster beyond the noise. Raises what a call raises.
    """
    first = {name: _first_time(call) for name, call in calls.items()}
    fastest = min(first.values())
    timed = [name for name in calls if name == usual or first[name] <= _HOPELESS * fastest]
    repeats = min(max(round(_LEAST_SAMPLE / max(fastest, 1e-9)), 1), _MOST_REPEATS)
    a_round = repeats * sum(first[name] for name in timed)
    least, most = _ROUNDS
    rounds = min(max(round(_SECONDS / max(a_round, 1e-9)), least), most)
    samples: dict[str, list[float]] = {name: [] for name in timed}
    for number in range(rounds):
        start = number % len(timed)  # nobody always follows the same neighbour, or the pause
        for name in timed[start:] + timed[:start]:
            samples[name].append(_seconds(calls[name], repeats))
    medians = {name: sorted(taken)[len(taken) // 2] for name, taken in samples.items()}
    return Timings(
        medians={name: medians.get(name, first[name]) for name in calls},
        fastest=_fastest(samples, medians, usual),
    )


def _fastest(samples: Mapping[str, list[float]], medians: Mapping[str, float], usual: str) -> str:
    better = [
        name
        for name, taken in samples.items()
        if name != usual and _gain_beyond_noise(samples[usual], taken) > MARGIN
    ]
    return min(better, key=medians.__getitem__, default=usual)


def _gain_beyond_noise(usual: list[float], other: list[float]) -> float:
    """Return the share of time that is saved in at least three rounds of four."""
    gains = sorted(1 - b / a if a else 0.0 for a, b in zip(usual, other, strict=True))
    return gains[len(gains) // 4]


def _first_time(call: Callable[[], object]) -> float:
    call()  # compiles, allocates, warms caches
    return min(_seconds(call, 1), _seconds(call, 1))


def _seconds(call: Callable[[], object], repeats: int) -> float:
    started = clock()
    for _ in range(repeats):
        call()
    return (clock() - started) / repeats
