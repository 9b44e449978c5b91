"""A backend on NumPy's with candidates of stated speed, on a clock that only they move.

No test of tuning has to trust a real clock: a candidate that "takes" 3 milliseconds moves the
clock by 3 milliseconds and returns at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import numpy as np

from convdispatch import layers
from convdispatch.hookspecs import hookimpl
from convdispatch.ops import BackendInfo, Capabilities, Op, Signature
from convdispatch_numpy._backend import NumpyBackend

NAME = "tunable"
X = np.random.default_rng(0).normal(size=(2, 5, 5, 3)).astype("float32")

Function = Callable[..., Any]
Register = Callable[..., Any]  # of a plugin and its name, until the test ends


class Clock:
    """A clock that stands still but for `spend`."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now

    def spend(self, seconds: float) -> None:
        """Move on."""
        self.now += seconds


clock = Clock()


@dataclass
class Way:
    """One candidate: the times that its calls take in turn, and what it makes of the answer."""

    milliseconds: tuple[float, ...]
    spoil: Callable[[Any], Any] = lambda answer: answer
    calls: int = 0
    _times: Iterator[float] = field(init=False)

    def __post_init__(self) -> None:
        self._times = cycle(self.milliseconds)

    def around(self, compute: Function) -> Function:
        """Return `compute` as this candidate."""

        def call(*tensors: Any) -> Any:
            self.calls += 1
            clock.spend(next(self._times) / 1e3)
            return self.spoil(compute(*tensors))

        return call


def takes(*milliseconds: float, spoil: Callable[[Any], Any] | None = None) -> Way:
    """Return a candidate whose calls take these times in turn."""
    return Way(milliseconds) if spoil is None else Way(milliseconds, spoil)


class TunableBackend(NumpyBackend):
    """NumPy's, whose ways a test states: the first is its own choice."""

    name = NAME

    def __init__(self) -> None:
        self.ways: Mapping[str, Way] = {}
        self.asked = 0  # how often for candidates

    def lower(self, op: Op, signature: Signature) -> Function:
        """Lower to the first way."""
        return next(iter(self.ways.values())).around(super().lower(op, signature))

    def candidates(self, op: Op, signature: Signature) -> Mapping[str, Function]:
        """Return all ways."""
        self.asked += 1
        compute = super().lower(op, signature)
        return {name: way.around(compute) for name, way in self.ways.items()}


backend = TunableBackend()


class Plugin:
    """Describes the backend."""

    unsupported: Mapping[str, str] = {}

    @hookimpl
    def convdispatch_backends(self) -> tuple[BackendInfo, ...]:
        """Describe it."""
        return (
            BackendInfo(
                protocol=2,
                name=NAME,
                framework="numpy",
                load="tunable:backend",
                install="it is here",
                capabilities=Capabilities(unsupported=self.unsupported),
            ),
        )


class Offering:
    """A plugin that offers one more way for every op of the backend."""

    def __init__(self, way: Way) -> None:
        self.way = way

    @hookimpl
    def convdispatch_lower(self, backend: Any, op: Op, signature: Signature) -> Function | None:
        """Offer it."""
        if backend.name != NAME:
            return None
        return self.way.around(NumpyBackend.lower(backend, op, signature))


def layer(**options: Any) -> Any:
    """Return a convolution on the tunable backend."""
    return layers.Conv2D(2, 3, backend=NAME, **options)


def who_computes(model: Any, all_ways: dict[str, Way], x: Any = X) -> set[str]:
    """Return the names of the ways that one call of the model uses."""
    before = {name: way.calls for name, way in all_ways.items()}
    model(x)
    return {name for name, way in all_ways.items() if way.calls > before[name]}


def only(tuned: Any) -> Any:
    """Return the winner of the one op."""
    (op,) = tuned.ops
    return op.winner
