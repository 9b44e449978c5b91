"""A group whose processes are threads, so that a fault of an engine can be put into it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from convdispatch.ops import Backend, Part, PartialStep

# The differentiation of NumPy's functions is of one thread at a time.
_ALONE = threading.RLock()


class Meeting:
    """Where the threads of a group exchange what they have."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._barrier = threading.Barrier(size, timeout=60)
        self._told: list[Any] = [None] * size

    def exchange(self, rank: int, own: Any) -> list[Any]:
        """Return what each thread has, by rank."""
        self._told[rank] = own
        self._barrier.wait()
        found = list(self._told)
        self._barrier.wait()
        return found

    def leave(self) -> None:
        """Let nobody wait for this thread."""
        self._barrier.abort()


class Member:
    """The group as one of its threads sees it."""

    is_divided = True

    def __init__(self, backend: Backend, meeting: Meeting, rank: int) -> None:
        self.rank, self.size, self.parts = rank, meeting.size, meeting.size
        self._backend, self._meeting = backend, meeting

    def exchange(self, told: Any) -> list[Any]:
        """Return what each thread told."""
        return self._meeting.exchange(self.rank, told)

    def begin(self, variables: Sequence[Any]) -> list[Any]:
        """Return the variables of rank 0."""
        return [np.array(one) for one in self.exchange(list(variables))[0]]

    def gather(self, tensor: Any, part: Part) -> Any:
        """Return the rows of all."""
        return np.concatenate(self.exchange(tensor))

    def mean(self, gradients: list[Any]) -> Any:
        """Return the mean of what all threads have of one gradient."""
        return sum(gradients[1:], start=gradients[0]) / np.asarray(self.size, gradients[0].dtype)

    def value_and_grad(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        """Return the mean of the gradients of all."""

        def compute(tensors: Sequence[Any]) -> Any:
            with _ALONE:
                found, gradients = self._backend.value_and_grad(fn)(tensors)
            return found, [self.mean(self.exchange(one)) for one in gradients]

        return compute

    def compile_step(self, step: PartialStep) -> PartialStep:
        """Return the step as it is."""
        return step


class OfThread:
    """A backend as a thread of a group sees it."""

    def __init__(self, plain: Backend, member: Any) -> None:
        self._plain, self._member = plain, member

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)

    def group(self, variables: Sequence[Any]) -> Any:
        """Return the group."""
        return self._member

    def value_and_grad(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        """Differentiate, one thread at a time."""

        def compute(tensors: Sequence[Any]) -> Any:
            with _ALONE:
                return self._plain.value_and_grad(fn)(tensors)

        return compute


def in_threads(
    plain: Backend, size: int, run: Callable[[Any], Any], member: type[Member] = Member
) -> list[BaseException | None]:
    """Run a function of a backend in every thread of a group; return what each raises."""
    meeting = Meeting(size)

    def of_rank(rank: int) -> BaseException | None:
        try:
            run(OfThread(plain, member(plain, meeting, rank)))
        except BaseException as exc:  # noqa: BLE001 - returned
            return exc
        return None

    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(of_rank, range(size)))
