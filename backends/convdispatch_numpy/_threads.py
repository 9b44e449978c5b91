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
from contextlib import nullcontext
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
    given = os.environ.get(VARIABLE) or "1"
    if not _NUMBER.fullmatch(given):
        raise ConfigError(
            f"the environment variable {VARIABLE} cannot be {given!r}. Give a number of threads "
            f"from 1, which leaves them to BLAS, to {MOST}, or unset it for one a processor."
        )


@cache
def _count(given: str | None) -> int:
    require_understood()
    if blas() is None:
        return 1
    if given is not None:
        return min(int(given), MOST)
    # A limit on BLAS, such as OPENBLAS_NUM_THREADS, applies to all threads that multiply matrices.
    return min(usable(), _limit.threads(), MOST)


def run(task: Callable[[int], None], number: int, *, helped: bool = True) -> None:
    """Call `task(i)` for each i below `number`: with the help of other threads, or alone.

    A thread takes the next i when it is done with its last. The first exception is raised once
    all threads have come to rest.
    """
    work = partial(_work, task, number, itertools.count())  # one step of a count is atomic
    threads = count()
    with gate, nullcontext() if threads == 1 else _limit:  # BLAS has its own threads
        _work_together(work, min(threads, number) - 1 if helped else 0, threads - 1)


def _work(task: Callable[[int], None], number: int, indices: Iterator[int]) -> None:
    while (index := next(indices)) < number:
        task(index)


def _work_together(work: Callable[[], None], helpers: int, most: int) -> None:
    started = _started(work, helpers, most) if helpers > 0 else []
    try:
        work()
    finally:
        # One that has not begun has nothing to do any more.
        running = [helper for helper in started if not helper.cancel()]
        failures = [helper.exception() for helper in running]
    for failure in failures:
        if failure is not None:
            raise failure


def _started(work: Callable[[], None], helpers: int, most: int) -> list[Future[None]]:
    """Set that many threads to work, of a pool of the most that there may be, if it takes any."""
    _helpers.avoid_this_processor()
    with _limit.lock:  # two threads that come at once make one pool
        pool = _pool(most)
    started: list[Future[None]] = []
    try:
        for _ in range(helpers):
            started.append(pool.submit(work))
    except RuntimeError as error:
        # Once the main thread has ended pools take no work, while other threads still compute.
        if "shutdown" not in str(error):
            raise
    return started


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


class _Limit:
    """Limits BLAS to one thread while anything computes: other ones would spin afterwards.

    The last of several computations restores the limit that the first one found.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.holders = 0
        self._before = 1

    def __enter__(self) -> None:
        with self.lock:
            if not self.holders:
                self._before = blas().get_num_threads()
                blas().set_num_threads(1)
            self.holders += 1

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.holders -= 1
            if not self.holders:
                blas().set_num_threads(self._before)

    def threads(self) -> int:
        """Return how many threads BLAS may use when no computation limits it."""
        with self.lock:
            found: int = self._before if self.holders else blas().get_num_threads()
            return found

    def renew(self) -> None:
        """Limit BLAS again after a fork, which restores its threads, if the forking thread did."""
        if self.holders:
            blas().set_num_threads(1)


_limit = _Limit()


def _after_fork_in_parent() -> None:
    _limit.renew()
    gate.open()


def _after_fork_in_child() -> None:
    """Forget threads that a child does not have; their computations go on in its parent."""
    global _helpers
    _limit.lock = threading.Lock()
    _limit.renew()
    _helpers = Helpers()
    _pool.cache_clear()
    gate.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=gate.close,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
