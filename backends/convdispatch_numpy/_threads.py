"""Our own threads: each multiplies matrices alone, while NumPy's BLAS is limited to one thread.

So the threads also share the copying of columns, and no thread of BLAS spins afterwards. Nothing
happens at import; the pool is made at the first work, and again in a forked child.
"""

from __future__ import annotations

import itertools
import os
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, partial
from typing import Any

from convdispatch.errors import ConfigError
from convdispatch_numpy._gate import gate
from convdispatch_numpy._processors import Helpers, usable

VARIABLE = "CONVDISPATCH_NUMPY_THREADS"
# Each thread has its own tile: more threads would need more scratch memory than is promised.
MOST = 8
_NUMBER = re.compile("0*[1-9][0-9]{0,17}")  # more than MOST is MOST


def count() -> int:
    """Return how many threads to use; 1 leaves the threads to BLAS.

    The number is the value of the environment variable `CONVDISPATCH_NUMPY_THREADS` or, without it,
    the smaller of the processors that the process may use and the threads that BLAS may use at the
    first call; at most `MOST`, and 1 without the package threadpoolctl. Raises `ConfigError` if the
    variable is not a positive number.
    """
    given = os.environ.get(VARIABLE) or None
    return 1 if given == "1" else _count(given)


def require_understood() -> None:
    """Raise `ConfigError` if the variable is not a positive number, whether or not it is used."""
    _wanted(os.environ.get(VARIABLE) or None)


@cache
def _count(given: str | None) -> int:
    wanted = _wanted(given)
    if blas() is None:
        return 1
    if wanted is None:
        # A limit on BLAS, such as OPENBLAS_NUM_THREADS, applies to all threads that multiply
        # matrices.
        wanted = min(usable(), _blas_threads())
    return min(wanted, MOST)


@cache
def _wanted(given: str | None) -> int | None:
    if given is None:
        return None
    if not _NUMBER.fullmatch(given):
        raise ConfigError(
            f"the environment variable {VARIABLE} cannot be {given!r}. Give a number of threads "
            f"from 1, which leaves them to BLAS, to {MOST}, or unset it for one a processor."
        )
    return int(given)


def run(task: Callable[[int], None], number: int, *, helped: bool = True) -> None:
    """Call `task(i)` for each i below `number`: with the help of other threads, or alone.

    A thread takes the next i when it is done with its last. The first exception is raised once
    all threads have come to rest.
    """
    gate.enter()
    try:
        threads = count()
        if threads == 1:  # BLAS has its own
            _work(task, iter(range(number)))
        else:
            _with_blas_held(task, number, threads if helped else 1)
    finally:
        gate.leave()


def _with_blas_held(task: Callable[[int], None], number: int, threads: int) -> None:
    _hold_blas()
    try:
        if threads > 1 and number > 1:
            _work_together(task, number, threads)
        else:
            _work(task, iter(range(number)))
    finally:
        _release_blas()


def _work(task: Callable[[int], None], indices: Iterator[int]) -> None:
    for index in indices:
        task(index)


def _work_together(task: Callable[[int], None], number: int, threads: int) -> None:
    indices = _Shared(number)
    _helpers.avoid_this_processor()
    started = _started(
        partial(_work, task, indices), min(threads, number) - 1, _pool_of(threads - 1)
    )
    try:
        _work(task, indices)
    finally:
        # One that has not begun has nothing to do any more.
        running = [helper for helper in started if not helper.cancel()]
        failures = [helper.exception() for helper in running]
    for failure in failures:
        if failure is not None:
            raise failure


def _started(
    work: Callable[[], None], helpers: int, pool: ThreadPoolExecutor
) -> list[Future[None]]:
    """Set that many threads of the pool to work, if it takes any."""
    started: list[Future[None]] = []
    try:
        for _ in range(helpers):
            started.append(pool.submit(work))
    except RuntimeError as error:
        # Once the main thread has ended pools take no work, while other threads still compute.
        if "shutdown" not in str(error):
            raise
    return started


class _Shared:
    """An iterator over indices that several threads draw from."""

    def __init__(self, number: int) -> None:
        self._next = itertools.count()  # one step of it is atomic
        self._number = number

    def __iter__(self) -> _Shared:
        return self

    def __next__(self) -> int:
        index = next(self._next)
        if index >= self._number:
            raise StopIteration
        return index


def _pool_of(size: int) -> ThreadPoolExecutor:
    with _held.lock:  # two threads that come at once make one pool
        return _pool(size)


@cache
def _pool(size: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(
        size, thread_name_prefix="convdispatch-numpy", initializer=_join_helpers
    )


def _join_helpers() -> None:
    gate.help()
    _helpers.join()


_helpers = Helpers()


@cache
def blas() -> Any:
    """Return threadpoolctl's controller of NumPy's BLAS, or None."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    found = [one for one in ThreadpoolController().lib_controllers if one.user_api == "blas"]
    own = [one for one in found if "numpy" in one.filepath.lower()]
    # Another package may have its own BLAS, whose threads we leave alone.
    chosen = own or found
    return chosen[0] if len(chosen) == 1 else None


class _Held:
    """The number of computations that limit BLAS to one thread now, and its earlier limit."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.holders = 0
        self.before = 1


_held = _Held()


def _blas_threads() -> int:
    """Return how many threads BLAS may use when no computation limits it."""
    with _held.lock:
        threads: int = _held.before if _held.holders else blas().get_num_threads()
        return threads


def _hold_blas() -> None:
    """Limit BLAS to one thread; its other threads would spin for a tenth of a second afterwards."""
    with _held.lock:
        if not _held.holders:
            _held.before = blas().get_num_threads()
            blas().set_num_threads(1)
        _held.holders += 1


def _release_blas() -> None:
    """Undo it; the last of several holding threads restores BLAS's own limit."""
    with _held.lock:
        _held.holders -= 1
        if not _held.holders:
            blas().set_num_threads(_held.before)


def _before_fork() -> None:
    gate.close()


def _after_fork_in_parent() -> None:
    _hold_again()
    gate.open()


def _after_fork_in_child() -> None:
    """Forget threads that a child does not have; their computations go on in its parent."""
    global _helpers
    _held.lock = threading.Lock()
    _hold_again()
    _helpers = Helpers()
    _pool.cache_clear()
    gate.renew()


def _hold_again() -> None:
    """Limit BLAS again after a fork, which restores its threads, if the forking thread holds it."""
    if _held.holders:
        blas().set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
