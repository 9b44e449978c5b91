"""Weights seen whole: what several threads read of layers while one of them writes.

The list in which a layer holds its variables is its mark. A write takes the layers' locks, says
that they are not settled, puts other lists in the place of theirs, and then changes the values. A
reader notes the lists, asks whether they are settled, computes, and looks whether they are still
the same lists. Where they are not, it computes again while it holds the locks. So a reader pays
for two looks at an attribute, and waits for nobody as long as nobody writes.

Nothing here knows what is computed, or how values are given to a variable.
"""

from __future__ import annotations

import contextlib
import operator
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from convdispatch.support.locks import Lock

T = TypeVar("T")


class Held(Protocol):
    """What has variables that threads share."""

    _lock: Lock
    _variables: list[Any]
    _is_made: bool
    _is_settled: bool  # has weights, and nobody is writing them
    _write: Write | None

    def _copied_values(self) -> list[Any]:
        """Return the values of the variables as arrays of their own."""

    def _restore(self, values: Sequence[Any]) -> None:
        """Give the variables those values."""


class Write:
    """New values for the weights of some layers: all of them or, where that fails, none.

    A child that was forked meanwhile has not got the thread that writes; it finds here whether it
    has the new values or has to go back to the old ones.
    """

    def __init__(self, layers: Sequence[Held]) -> None:
        self._process = os.getpid()
        self._before = [(layer, layer._copied_values()) for layer in layers]
        self._is_done = False

    def begin(self) -> None:
        """Let every reader know, before the first value is changed."""
        for layer, _ in self._before:
            layer._write = self
            layer._is_settled = False
        for layer, _ in self._before:
            layer._variables = list(layer._variables)

    def commit(self) -> None:
        """Say that all values are there: from now on they count."""
        self._is_done = True

    def end(self) -> None:
        """Let the readers on, with the old values where the new ones are not complete."""
        for layer, values in self._before:
            if not self._is_done:
                layer._restore(values)
        for layer, _ in self._before:
            layer._write = None
            layer._is_settled = layer._is_made

    @property
    def is_left_over(self) -> bool:
        """Whether the thread that was writing belongs to a parent of this process."""
        return self._process != os.getpid()


@contextlib.contextmanager
def held(layers: Sequence[Held]) -> Iterator[None]:
    """Keep all others from making or writing the weights of these layers."""
    with contextlib.ExitStack() as stack:
        # In one order for everybody, so that no two threads wait for each other.
        for layer in sorted(layers, key=id):
            stack.enter_context(layer._lock.held())
        for layer in layers:
            _recover(layer)
        yield


@contextlib.contextmanager
def written(layers: Sequence[Held]) -> Iterator[None]:
    """Change the values of the layers' variables: others see all of it at once.

    Where the block raises, the values are the old ones again.
    """
    with held(layers):
        if any(layer._write is not None for layer in layers):
            yield  # a part of what this thread is already writing
            return
        write = Write(layers)
        try:
            write.begin()
            yield
            write.commit()
        finally:
            write.end()


def is_settled(layer: Held) -> bool:
    """Whether nobody is writing the layer's weights; ask it after the list was noted."""
    return layer._is_settled or not layer._is_made


def read_whole(layers: Sequence[Held], read: Callable[[], T]) -> T:
    """Return what `read` does from the weights of these layers as they are at one time."""
    noted = [layer._variables for layer in layers]
    if all(map(is_settled, layers)):
        found = read()
        if are_same([layer._variables for layer in layers], noted):
            return found
    with held(layers):
        return read()


def are_same(now: Sequence[object], noted: Sequence[object]) -> bool:
    """Whether these are the very objects that were noted."""
    return len(now) == len(noted) and all(map(operator.is_, now, noted))


def _recover(layer: Held) -> None:
    """Finish for one layer, whose lock is held, what another thread was doing at a fork."""
    write = layer._write
    if write is None:
        layer._is_settled = layer._is_made
    elif write.is_left_over:
        write.end()
