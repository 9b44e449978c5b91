"""A forked child computes, whatever the other threads of its parent were doing."""

from __future__ import annotations

import os
import subprocess
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from places import ROOT

from convdispatch.support.locks import Lock

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here"),
    pytest.mark.same_everywhere,  # They compute on NumPy's backend.
]
FRONTEND = ROOT / "convdispatch"

# A thread of the parent stands still with a lock; the child ends by SIGALRM where it waits for it.
FORKED = """
    import os, signal, threading
    import numpy as np
    from convdispatch import layers
    from convdispatch.registry import registry
    from convdispatch.runtime.tuning import _choosing

    stands, may_go_on = threading.Event(), threading.Event()
    measure = _choosing.measure
    x = np.ones((1, 8, 8, 3), "float32")

    def stand_still():
        if threading.current_thread() is not threading.main_thread():
            stands.set()
            may_go_on.wait()

    {stand}

    standing = threading.Thread(target=stand, daemon=True)
    standing.start()
    assert stands.wait(20), "no thread stands still"
    _choosing.measure = measure
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        layer = layers.Conv2D(4, 3, kernel_initializer="ones", backend="numpy")
        os._exit(0 if np.all(layer(x) == 27) else 3)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    may_go_on.set()
    standing.join()
    raise SystemExit(code)
"""
WHILE = {
    "a layer is built": """
    def initializer(shape, dtype=None):
        stand_still()
        return np.ones(shape, dtype)

    def stand():
        layers.Conv2D(4, 3, kernel_initializer=initializer, backend="numpy")(x)
    """,
    "candidates are measured": """
    def slowly(functions, usual):
        stand_still()
        return measure(functions, usual)

    def stand():
        _choosing.measure = slowly
        layers.Conv2D(2, 3, backend="numpy")(x)
    """,
    "a plugin describes its backends": """
    from convdispatch import hookspecs

    class Plugin:
        @hookspecs.hookimpl
        def convdispatch_backends(self):
            stand_still()
            return []

    def stand():
        registry.register(Plugin())
        registry.entries()
    """,
}


@pytest.mark.parametrize("stand", WHILE.values(), ids=WHILE)
def test_a_child_that_is_forked_meanwhile_computes(
    stand: str,
    run_python: Callable[..., subprocess.CompletedProcess[str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """No thread of the child releases a lock that another thread of the parent holds."""
    monkeypatch.setenv("CONVDISPATCH_AUTOTUNE", "1")
    monkeypatch.setenv("CONVDISPATCH_CACHE_HOME", str(tmp_path))
    script = textwrap.dedent(FORKED).format(stand=textwrap.dedent(stand))
    finished = run_python("-c", script)
    assert finished.returncode == 0, finished.stderr


# A thread of the parent stands still when it has written half of a value; the child answers by its
# exit code.
HALF_WRITTEN = """
    import os, threading
    import numpy as np
    from convdispatch import Sequential, layers
    from convdispatch.registry import registry

    backend = registry.load("numpy")
    assign = type(backend).assign
    stands, may_go_on = threading.Event(), threading.Event()
    calls = []

    def standing(self, variable, value):
        calls.append(value)
        if len(calls) == {at}:
            variable[...] = 100
            stands.set()
            may_go_on.wait()
        return assign(self, variable, value)

    type(backend).assign = standing
    ones = dict(kernel_initializer="ones", bias_initializer="ones")
    model = Sequential(
        [layers.Conv1D(1, 1, input_shape=(1, 1), **ones), layers.Conv1D(1, 1, **ones)],
        backend="numpy",
    )
    threes = [3 * array for array in model.get_weights()]
    x = np.ones((1, 1, 1), "float32")
    writer = threading.Thread(target=model.set_weights, args=(threes,))
    writer.start()
    assert stands.wait(20)
    child = os.fork()
    if child == 0:
        os._exit(int(model(x).item()))
    answer = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    may_go_on.set()
    writer.join()
    print(answer, model(x).item())
"""


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_child_that_is_forked_during_a_write_has_the_old_weights(
    at: int, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """(1 + 1) * 1 + 1 is 3, with all weights 1; with all of them 3 it is 21."""
    script = textwrap.dedent(HALF_WRITTEN).format(at=at)
    finished = run_python("-c", script)
    assert finished.stdout == "3 21.0\n", finished.stderr


def test_a_lock_is_for_one_thread_which_may_take_it_again() -> None:
    """Another thread waits until it is free."""
    lock, order = Lock(), []

    def wait() -> None:
        with lock.held():
            order.append("second")

    with lock.held(), lock.held():
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join(timeout=0.05)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_lock_that_is_held_is_renewed() -> None:
    """The earlier holder releases its own lock."""
    lock, order = Lock(), []

    def take() -> None:
        with lock.held():
            order.append("taken")

    with lock.held():
        lock.renew()
        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        thread.join(timeout=20)
    assert order == ["taken"]


def test_the_frontend_has_no_other_locks() -> None:
    """One of the standard library's would be held for ever in a child."""
    sources = [path for path in FRONTEND.rglob("*.py") if path.name != "locks.py"]
    found = [path.name for path in sources if "Lock()" in path.read_text().replace(" Lock()", "")]
    assert found == []


# Threads compute all the time while children are forked, which compute too: none may stand still.
BESIDE_THREADS = """
    import itertools, multiprocessing, os, sys, threading
    import numpy as np
    import convdispatch
    from convdispatch import layers
    from convdispatch.models import Sequential

    how, forks = sys.argv[1], int(sys.argv[2])
    convdispatch.set_random_seed(0)
    model = Sequential(
        [layers.Conv2D(32, 3, padding="same", input_shape=(24, 24, 32)), layers.Conv2D(64, 1)],
        backend="numpy",
    )
    x = np.random.default_rng(0).normal(size=(2, 24, 24, 32)).astype("float32")
    matrix = x.reshape(-1, 32)

    def predict():
        return model.predict(x, verbose=0)

    def multiply():
        return convdispatch.registry.registry.load("numpy").functions["matmul"](matrix.T, matrix)

    folder, turns = os.environ["CONVDISPATCH_CACHE_HOME"], itertools.count()

    def tune():  # with a cache of its own, so that it measures each time
        os.environ["CONVDISPATCH_CACHE_HOME"] = f"{folder}/{os.getpid()}-{next(turns)}"
        convdispatch.autotune(model, x[:1])
        return predict()

    compute = {"tune": tune, "multiply": multiply}.get(how, predict)
    expected = compute()

    def is_right():
        return np.allclose(compute(), expected, rtol=1e-3, atol=1e-3)

    may_end, outcomes = threading.Event(), []
    rounds = [0, 0]

    def go_on(who):
        while not may_end.is_set():
            outcomes.append(is_right())
            rounds[who] += 1

    def child():
        os._exit(0 if is_right() else 3)

    threads = [threading.Thread(target=go_on, args=(who,)) for who in (0, 1)]
    for thread in threads:
        thread.start()
    for _ in range(forks):
        process = multiprocessing.get_context("fork").Process(target=child)
        process.start()
        process.join(60)
        assert process.exitcode == 0, f"a child ended with {process.exitcode}"
    before = list(rounds)
    while not all(now > then for now, then in zip(rounds, before)):  # or the test's patience ends
        may_end.wait(0.01)
    may_end.set()
    for thread in threads:
        thread.join()
    assert all(outcomes) and is_right()
"""


@pytest.mark.parametrize(
    ("how", "number"),
    [("predict", "2"), ("predict", "1"), ("multiply", "2"), ("tune", "2")],
    ids=["our threads", "threads of BLAS", "matmul", "autotune"],
)
def test_forks_beside_threads_that_compute(
    how: str,
    number: str,
    run_python: Callable[..., subprocess.CompletedProcess[str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """No thread, no child and no fork waits for a thread that OpenBLAS ended.

    `CONVDISPATCH_TEST_FORKS=200` forks as often; 12 are enough for the fault to have been seen.
    """
    forks = int(os.environ.get("CONVDISPATCH_TEST_FORKS", "12"))
    if how == "tune":
        forks = max(forks // 6, 1)  # each of them waits for a measurement of both processes
    monkeypatch.setenv("CONVDISPATCH_NUMPY_THREADS", number)
    monkeypatch.setenv("CONVDISPATCH_CACHE_HOME", str(tmp_path))
    script = textwrap.dedent(BESIDE_THREADS)
    arguments = ("-W", "ignore::DeprecationWarning", "-c", script, how, str(forks))
    finished = run_python(*arguments)
    assert finished.returncode == 0, finished.stderr


IN_A_HANDLER = """
    import os, signal, threading
    import numpy as np
    from convdispatch import layers
    from convdispatch_numpy import _threads

    layer = layers.Conv2D(64, 3, backend="numpy")
    x = np.ones((2, 60, 60, 32), "float32")
    expected = layer(x)
    codes = []

    def fork(*_):
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            os._exit(0 if np.allclose(layer(x), expected) else 3)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

    signal.signal(signal.SIGUSR1, fork)

    def task(index):
        if index == 2:
            os.kill(os.getpid(), signal.SIGUSR1)
        return _threads.blas().get_num_threads()

    held = []
    _threads.run(lambda index: held.append(task(index)), 5, helped=False)
    assert held == [1] * 5, held
    assert codes == [0], codes
    assert np.allclose(layer(x), expected)
"""


def test_a_signal_handler_may_fork_in_the_middle_of_a_computation(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """It does not wait for its own thread, and BLAS is held again when that goes on."""
    finished = run_python("-W", "ignore", "-c", textwrap.dedent(IN_A_HANDLER))
    assert finished.returncode == 0, finished.stderr
