"""The cost of the way from `layer(x)` to the framework."""

import statistics
import time

from convdispatch.hookspecs import hookimpl
from convdispatch.registry import registry

from . import _base
from ._by_hand import BY_HAND
from ._parts import layer

# So small that the way there takes most of the measured time.
TINY = layer((1, 8, 8, 4), "Conv2D", filters=8, kernel_size=3)
PAIRS, CALLS = 200, 10


class Overhead(_base.OfWorkload):
    """A tiny convolution as a layer, by the same convolution written for the framework by hand."""

    unit = "times"

    def workload(self):
        """Return the tiny layer."""
        return TINY

    def prepare(self, backend):
        """Return the two functions of no argument that are compared."""
        loaded, model, x = super().prepare(backend)
        by_hand = BY_HAND[backend](*model.variables, x)
        return lambda: loaded.synchronize(model(x)), lambda: loaded.synchronize(by_hand())

    def track_ratio(self, backend):
        """Return the median ratio of interleaved pairs, alternately begun by either side."""
        layered, by_hand = self.prepared
        seconds(layered), seconds(by_hand)
        ratios = []
        for _ in range(PAIRS // 2):
            first = seconds(layered)
            ratios.append(first / seconds(by_hand))
            second = seconds(by_hand)
            ratios.append(seconds(layered) / second)
        return statistics.median(ratios)


class TinyLayer(_base.OfWorkload):
    """The tiny layer's own time."""

    def workload(self):
        """Return the tiny layer."""
        return TINY

    def time_hundred_calls(self, backend):
        """Call it often: `setup`, run again before every sample, would spoil that of one call."""
        loaded, model, x = self.prepared
        for _ in range(100):
            loaded.synchronize(model(x))


class Lowerings(_base.OfWorkload):
    """How often a layer is lowered again: never, for a shape that it has seen."""

    unit = "lowerings"

    def workload(self):
        """Return a layer that consists of two ops."""
        return layer((2, 8, 8, 4), "SeparableConv2D", filters=8, kernel_size=3)

    def track_lowerings_a_call(self, backend):
        """Count over ten calls that follow the first."""
        _, model, x = self.prepared
        counted = counted_lowerings(lambda: [model(x) for _ in range(CALLS)])
        return counted / CALLS


class _Counter:
    """A plugin that is called at every lowering and offers nothing."""

    def __init__(self):
        self.count = 0

    @hookimpl
    def convdispatch_lower(self, backend, op, signature):
        self.count += 1


def counted_lowerings(action):
    """Return how many ops are lowered while `action` runs."""
    counter = _Counter()
    registry.register(counter)
    try:
        action()
    finally:
        registry.unregister(counter)
    return counter.count


def seconds(call):
    """Return the time of some calls in a row."""
    started = time.perf_counter()
    for _ in range(CALLS):
        call()
    return time.perf_counter() - started
