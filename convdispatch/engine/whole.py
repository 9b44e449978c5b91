"""Consistent weights: threads read the weights of layers while another thread writes them.

The list that holds a layer's variables serves as a mark. A write takes the layers' locks, marks
them as not settled, replaces their lists, and then changes the values. A reader remembers the
lists, checks that they are settled, computes, and checks that the lists are still the same. If they
are not, it computes again while it holds the locks. So a reader pays for reading an attribute
twice, and waits for no thread while no thread writes.

Nothing here knows what is computed, or how a variable gets its values.
"""

from __future__ import annotations

import contextlib
import operator
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from convdispatch.support.locks import Lock

T = TypeVar("T")


class Unfinished(Protocol):
    """Why a layer is not settled."""

    @property
    def is_left_over(self) -> bool:
        """Whether no other thread will end it."""

    def end(self) -> None:
        """Let the readers continue; the layer's lock is held."""


class Held(Protocol):
    """An object with variables that threads share."""

    _lock: Lock
    _variables: list[Any]
    _is_made: bool
    _is_settled: bool  # it has weights, and no thread is writing them
    _write: Unfinished | None

    def _copied_values(self) -> list[Any]:
        """Return the values of the variables as separate arrays."""

    def _restore(self, values: Sequence[Any]) -> None:
        """Give the variables those values."""


class Write:
    """New values for the weights of some layers: all of them or, if that fails, none.

    A child that is forked meanwhile lacks the writing thread; this object tells it whether it has
    the new values or must restore the old ones.
    """

    def __init__(self, layers: Sequence[Held]) -> None:
        self._process = os.getpid()
        self._before = [(layer, layer._copied_values()) for layer in layers]
        self._is_done = False

    def begin(self) -> None:
        """Mark the layers for every reader, before the first value changes."""
        for layer, _ in self._before:
            layer._write = self
            layer._is_settled = False
        for layer, _ in self._before:
            layer._variables = list(layer._variables)

    def commit(self) -> None:
        """Record that all values are written: from now on they are valid."""
        self._is_done = True

    def end(self) -> None:
        """Let the readers continue, with the old values if the new ones are incomplete."""
        for layer, values in self._before:
            if not self._is_done:
                layer._restore(values)
        for layer, _ in self._before:
            layer._write = None
            layer._is_settled = layer._is_made

    @property
    def is_left_over(self) -> bool:
        """Return whether the writing thread belongs to a parent of this process."""
        return self._process != os.getpid()


@contextlib.contextmanager
def held(layers: Sequence[Held]) -> Iterator[None]:
    """Prevent other threads from making or writing the weights of these layers."""
    with contextlib.ExitStack() as stack:
        # In the same order for every thread, so that no two threads wait for each other.
        for layer in sorted(layers, key=id):
            stack.enter_context(layer._lock.held())
        for layer in layers:
            recover(layer)
        yield


@contextlib.contextmanager
def written(layers: Sequence[Held]) -> Iterator[None]:
    """Change the values of the layers' variables; other threads see all changes at once.

    If the block raises, the old values are restored.
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
    """Return whether no thread is writing the layer's weights; call it after reading the list."""
    return layer._is_settled or not layer._is_made


def read_whole(layers: Sequence[Held], read: Callable[[], T]) -> T:
    """Return `read()` for the weights of these layers at one moment."""
    noted = [layer._variables for layer in layers]
    if all(map(is_settled, layers)):
        try:
            found = read()
        except Exception:
            # A write in the midst of it may be the cause: some frameworks notice.
            if are_same([layer._variables for layer in layers], noted):
                raise
        else:
            if are_same([layer._variables for layer in layers], noted):
                return found
    with held(layers):
        return read()


def are_same(now: Sequence[object], noted: Sequence[object]) -> bool:
    """Return whether these are the very objects that were remembered."""
    return len(now) == len(noted) and all(map(operator.is_, now, noted))


def recover(layer: Held) -> None:
    """Finish another thread's write at a fork, for one layer whose lock is held."""
    write = layer._write
    if write is None:
        layer._is_settled = layer._is_made
    elif write.is_left_over:
        write.end()
