"""Times of several callables taken in turn, and what they say of each other. The standard library.

A round takes one sample of each, in an order that is reversed from round to round: what slows the
machine down for a while meets all of them. Only times of one round are compared.
"""

import itertools
import math
import statistics
import time
from functools import partial

WARM_UP = 0.03  # seconds before a sample: idle threads woken on one processor are spread by then
SAMPLE = 0.004  # seconds that a sample takes at least, by the fastest of them


def interleaved(calls, rounds, *, pause=0.0):
    """Return, for each name, its seconds a call in each round; every call waits for its result.

    Before each sample come calls that are not counted. `pause` is for callables with thread pools
    of their own: so many seconds before those, in which the threads of the one before stop
    spinning. What is timed in another process has a method `seconds(number of calls)` instead of
    being called.
    """
    timers = {name: _timer(call) for name, call in calls.items()}
    for timer in timers.values():
        timer(2)
    taken = {name: max(timer(1), 1e-7) for name, timer in timers.items()}
    number = math.ceil(SAMPLE / min(taken.values()))
    times = {name: [] for name in calls}
    for turn in range(rounds):
        for name in calls if turn % 2 else reversed(calls):
            if pause:
                time.sleep(pause)
            timers[name](math.ceil(WARM_UP / taken[name]))
            times[name].append(timers[name](number))
    return times


def _timer(call):
    return getattr(call, "seconds", None) or partial(seconds, call)


def seconds(call, number):
    """Return the seconds of a call, in the mean of that number of calls."""
    started = time.perf_counter()
    for _ in itertools.repeat(None, number):
        call()
    return (time.perf_counter() - started) / number


def ratio(above, below):
    """Return the median of the rounds' ratios.

    >>> ratio([2.0, 9.0, 4.0], [1.0, 3.0, 4.0])
    2.0
    """
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def difference(above, below):
    """Return the median of the rounds' differences, in the unit of the times.

    >>> difference([2.0, 9.0, 4.0], [1.0, 3.0, 4.0])
    1.0
    """
    return statistics.median(a - b for a, b in zip(above, below, strict=True))


def geometric_mean(ratios):
    """Return the geometric mean.

    >>> geometric_mean([1.0, 4.0])
    2.0
    """
    return math.exp(statistics.fmean(map(math.log, ratios)))
