"""The threads of the NumPy backend: each piece of work once, BLAS as it was, and no surprises."""

from __future__ import annotations

import os
import re
import subprocess
import textwrap
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

from convdispatch.errors import ConfigError
from convdispatch.layers import Conv1D
from convdispatch_numpy import _advice, _processors, _products, _scratch, _threads
from convdispatch_numpy._epilogue import nothing

PATIENCE = 20.0  # seconds that a thread waits for the other one


@pytest.fixture(autouse=True)
def two_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for two threads, however many processors there are."""
    monkeypatch.setenv(_threads.VARIABLE, "2")


def blas_threads() -> int:
    """Return how many threads NumPy's BLAS would use now."""
    threads: int = _threads.blas().get_num_threads()
    return threads


def test_two_threads_share_the_work() -> None:
    """Each piece is done once; a second thread does some of it."""
    both_here = threading.Barrier(2, timeout=PATIENCE)
    done: list[tuple[int, str]] = []

    def task(index: int) -> None:
        if index < 2:
            both_here.wait()  # one thread alone would break it
        done.append((index, threading.current_thread().name))

    _threads.run(task, 50)
    assert sorted(index for index, _ in done) == list(range(50))
    names = {name for _, name in done}
    assert len(names) == 2
    assert any(name.startswith("convdispatch-numpy") for name in names)


def test_work_that_is_not_worth_it_is_done_here() -> None:
    """`helped=False` wakes no thread."""
    names: list[str] = []
    _threads.run(lambda _: names.append(threading.current_thread().name), 3, helped=False)
    assert names == [threading.current_thread().name] * 3


@pytest.mark.parametrize("helped", [True, False])
def test_blas_is_held_to_one_thread_and_given_back(helped: bool) -> None:
    """Also where two computations overlap: the second to end gives it back."""
    blas = _threads.blas()
    usual = blas.get_num_threads()
    blas.set_num_threads(2)
    try:
        before = blas_threads()
        seen: list[int] = []

        def inner(_: int) -> None:
            seen.append(blas_threads())

        def outer(_: int) -> None:
            _threads.run(inner, 2, helped=helped)
            seen.append(blas_threads())

        _threads.run(outer, 1, helped=helped)
        assert seen == [1, 1, 1]
        assert blas_threads() == before
    finally:
        blas.set_num_threads(usual)


@pytest.mark.parametrize("culprit", ["the caller", "a helper"])
def test_an_exception_reaches_the_caller_and_blas_is_given_back(culprit: str) -> None:
    """Whichever thread it is raised in."""
    both_here = threading.Barrier(2, timeout=PATIENCE)
    here = threading.current_thread()
    before = blas_threads()

    def task(_: int) -> None:
        both_here.wait()
        if (threading.current_thread() is here) == (culprit == "the caller"):
            raise ZeroDivisionError(culprit)

    with pytest.raises(ZeroDivisionError, match=culprit):
        _threads.run(task, 2)
    assert blas_threads() == before
    assert _threads._limit.holders == 0


@pytest.mark.parametrize(
    "given", ["0", "-1", "two", "1.5", "1e9", " ", " 2", "٣", "²", "+2", "1_0", "9" * 5000]
)
def test_a_wrong_number_of_threads_is_told(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says the variable, what it was and what is allowed."""
    monkeypatch.setenv(_threads.VARIABLE, given)
    expected = f"{_threads.VARIABLE} cannot be {given!r}. Give a number of threads from 1"
    with pytest.raises(ConfigError, match=re.escape(expected)):
        _threads.count()
    # As soon as anything computes, also where so little is computed that no thread helps.
    with pytest.raises(ConfigError, match=re.escape(expected)):
        Conv1D(1, 1, backend="numpy")(np.ones((1, 1, 1), "float32"))


@pytest.mark.parametrize(
    ("given", "threads"), [("1", 1), ("3", 3), ("003", 3), ("1000000000", _threads.MOST)]
)
def test_the_variable_decides(given: str, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """1 leaves the threads to BLAS; scratch memory bounds their number."""
    monkeypatch.setenv(_threads.VARIABLE, given)
    assert _threads.count() == threads


def test_an_empty_variable_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for every variable of the configuration."""
    monkeypatch.delenv(_threads.VARIABLE)
    usual = _threads.count()
    monkeypatch.setenv(_threads.VARIABLE, "")
    assert _threads.count() == usual


def test_a_limit_of_blas_is_a_limit(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """OPENBLAS_NUM_THREADS=1 means one thread, not one of BLAS and ours besides."""
    program = """
        import os
        os.environ.pop("CONVDISPATCH_NUMPY_THREADS")
        os.environ["OPENBLAS_NUM_THREADS"] = "1"
        from convdispatch_numpy import _threads
        print(_threads.count())
    """
    finished = run_python("-c", textwrap.dedent(program))
    assert finished.stdout == "1\n", finished.stderr


def test_one_thread_leaves_blas_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is held, nothing made."""
    monkeypatch.setenv(_threads.VARIABLE, "1")
    holders: list[int] = []
    _threads.run(lambda _: holders.append(_threads._limit.holders), 2)
    assert holders == [0, 0]


@pytest.mark.parametrize(("rows", "filters"), [(700, 40), (40, 700), (3, 2), (0, 4)])
def test_a_product_is_shared_out_by_its_longer_side(
    rows: int, filters: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In whole numbers, so that no order of addition rounds."""
    monkeypatch.setattr(_products, "WORTH_A_THREAD", 1)
    monkeypatch.setattr(_products, "WORTH_HOLDING_BLAS", 1)
    numbers = np.random.default_rng(3)
    a = numbers.integers(-9, 9, (rows, 5))
    b = numbers.integers(-9, 9, (5, filters))
    out = np.full((rows, filters), np.nan)
    _products.multiply(a.astype(float)[None], b.astype(float)[None], out, nothing)
    np.testing.assert_array_equal(out, np.einsum("ij,jk->ik", a, b))


@pytest.mark.parametrize("are_helped", [True, False])
@pytest.mark.parametrize("product_bytes", [1, 100, 10_000])
def test_a_product_is_added_in_parts_with_room_for_them(
    product_bytes: int, are_helped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row, some rows or all at once, by one thread or several; in whole numbers."""
    monkeypatch.setattr(_products, "WORTH_A_THREAD", 1)
    monkeypatch.setattr(_products, "WORTH_HOLDING_BLAS", 1)
    monkeypatch.setattr(_scratch, "PRODUCTS", product_bytes)
    numbers = np.random.default_rng(4)
    a, b = (numbers.integers(-9, 9, (70, width)).astype(float) for width in (5, 4))
    total = np.ones((5, 4))
    _products.add_product(total[None], a[None], b[None], are_helped=are_helped)
    np.testing.assert_array_equal(total, 1 + np.einsum("ni,nj->ij", a, b))


AFTER_A_FORK = """
    import os
    import numpy as np
    from convdispatch import layers
    from convdispatch_numpy import _threads

    layer = layers.Conv2D(64, 3, backend="numpy")
    x = np.ones((2, 60, 60, 32), "float32")
    expected = layer(x)
    assert _threads._pool.cache_info().currsize == 1, "no thread was worth it"
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(layer(x), expected) else 3)
    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
def test_a_forked_child_has_threads_of_its_own(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """A child inherits a pool without its threads: waiting for them would never end."""
    finished = run_python("-c", textwrap.dedent(AFTER_A_FORK))
    assert finished.returncode == 0, finished.stderr


OUTLIVING = """
    import atexit
    import threading
    import time
    import numpy as np
    from convdispatch import layers
    from convdispatch_numpy import _threads

    layer = layers.Conv2D(64, 3, backend="numpy")
    x = np.ones((2, 60, 60, 32), "float32")
    expected = layer(x)
    assert _threads._pool.cache_info().currsize == 1, "no thread was worth it"

    def work(who):
        print(who, np.array_equal(layer(x), expected))

    def wait_and_work():
        threading.main_thread().join()
        work("thread")

    threading.Thread(target=wait_and_work).start()
    atexit.register(work, "at exit")
"""


def test_what_outlives_the_main_thread_computes(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """A pool takes no work once the main thread has ended, and its caller works alone."""
    finished = run_python("-c", textwrap.dedent(OUTLIVING))
    assert finished.stdout.splitlines() == ["thread True", "at exit True"], finished.stderr


def test_a_held_blas_does_not_hide_how_many_threads_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """First calls of several threads at once: one holds BLAS while another counts."""
    monkeypatch.delenv(_threads.VARIABLE)
    usual = _threads.count()
    _threads._count.cache_clear()
    with _threads._limit:
        assert _threads.count() == usual


def test_the_pool_has_no_more_threads_than_may_help() -> None:
    """However many threads call at once."""
    with ThreadPoolExecutor(6) as callers:
        list(callers.map(lambda _: _threads.run(lambda _: time.sleep(0.01), 5), range(6)))
    assert len(_threads._pool(1)._threads) == 1


@pytest.mark.parametrize(
    ("variable", "what_to_do"),
    [("", "Set the environment variable OPENBLAS_CORETYPE=SkylakeX"), ("Zen", "Unset OPENBLAS_")],
    ids=["unknown", "chosen"],
)
@pytest.mark.parametrize(
    ("kernels", "instructions", "says"),
    [
        ("Haswell", ["X86_V3", "X86_V4"], True),
        ("Zen", ["AVX2", "AVX512F", "AVX512_SKX"], True),
        ("Haswell", ["X86_V3"], False),
        ("SkylakeX", ["X86_V3", "X86_V4"], False),
        (None, ["X86_V4"], False),
    ],
)
def test_kernels_for_an_older_processor_are_told_of(
    kernels: str | None,
    instructions: list[str],
    says: bool,
    variable: str,
    what_to_do: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only where the processor is known to have more; a BLAS of another kind says nothing."""
    controller = SimpleNamespace(architecture=kernels) if kernels else None
    monkeypatch.setattr(_threads, "blas", lambda: controller)
    monkeypatch.setattr(_advice, "_instructions", lambda: instructions)
    monkeypatch.setenv("OPENBLAS_CORETYPE", variable)
    found = _advice.advice()
    assert bool(found) is says
    assert all(f"as on '{kernels}'" in text and what_to_do in text for text in found)


def test_numpy_says_what_instructions_it_found() -> None:
    """Where the advice looks."""
    assert _advice._instructions()


@pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="a thread cannot be kept off a processor, or there is one only",
)
def test_helpers_keep_off_the_processor_of_who_is_helped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a caller has moved to another processor they follow at its next call."""
    usable = os.sched_getaffinity(0)
    helpers = _processors.Helpers()
    with ThreadPoolExecutor(1, initializer=helpers.join) as pool:
        found = []
        for here in (*sorted(usable)[:2], min(usable)):
            monkeypatch.setattr(_processors, "_current", lambda here=here: here)
            pool.submit(int).result()  # there is a thread
            helpers.avoid_this_processor()
            found.append(pool.submit(os.sched_getaffinity, 0).result() == usable - {here})
    assert found == [True, True, True]
    assert os.sched_getaffinity(0) == usable
    helpers.avoid_this_processor()  # of threads that have ended


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no thread can be kept off")
def test_helpers_stay_where_they_may_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that may use one processor has no other one for them."""
    usable = os.sched_getaffinity(0)
    here = min(usable)
    monkeypatch.setattr(_processors, "_current", lambda: here)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {here})
    monkeypatch.setattr(os, "sched_setaffinity", lambda *_: pytest.fail("nothing to set"))
    helpers = _processors.Helpers()
    helpers.join()
    helpers.avoid_this_processor()
