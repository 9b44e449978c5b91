"""The process that measures one backend in one checkout: run by path, `python -P _measurer.py`.

Arguments: the checkout, its modules that must come from it, the backend, the file of benchmarks,
the processor to stay on. `convdispatch` is the checkout's here, so this file may import only names
that old checkouts have too. `pair` is the other side.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, TypeVar

_Answer = TypeVar("_Answer")

_WARM_UP = 0.02  # seconds of calls before anything is measured
_WARM_UP_CALLS = 3  # at least: the first ones lower, trace and compile


def main(checkout: str, modules: str, backend_name: str, file: str, processor: str) -> None:
    """Report whether the backend can be measured, then measure on request."""
    if processor and hasattr(os, "sched_setaffinity"):
        # Before a framework is imported: it makes as many threads as there are processors.
        os.sched_setaffinity(0, {int(processor)})
    questions, answers = _private_streams()
    wanted: queue.SimpleQueue[list[Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(questions, wanted), daemon=True).start()
    own = _Own(["convdispatch", *filter(None, modules.split(","))], Path(checkout))
    measured = _answer(answers, _Subject, backend_name, file, own)
    while measured is not None:
        kind, *arguments = wanted.get()
        _answer(answers, getattr(measured, kind), *arguments)


def _answer(answers: IO[str], work: Callable[..., _Answer], *arguments: Any) -> _Answer | None:
    """Send the work's result, or the reason why there is none; return it."""
    result = None
    message: dict[str, object]
    try:
        result = work(*arguments)
        message = {"seconds": result} if isinstance(result, float) else {}
    except NotImplementedError as exc:
        message = {"absent": str(exc)}
    except Exception as exc:  # noqa: BLE001 - whatever a checkout raises, the parent reports
        message = {"failed": f"{type(exc).__name__}: {exc}"}
    answers.write(json.dumps(message) + "\n")
    answers.flush()
    return result


class _Own:
    """The packages that must come from the checkout, backends included.

    With the packages of an installed convdispatch, one side would be measured twice, and no
    slow-down would ever be seen.
    """

    def __init__(self, packages: Sequence[str], checkout: Path) -> None:
        self._packages = packages
        self._checkout = checkout

    def require(self) -> None:
        """Raise if one of their modules has been imported from anywhere else."""
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if name.partition(".")[0] not in self._packages or file is None:
                continue
            if not Path(file).resolve().is_relative_to(self._checkout):
                raise ImportError(f"{name} is imported from {file}, outside of {self._checkout}")


class _Subject:
    """The backend, and the benchmarks made so far."""

    def __init__(self, backend_name: str, file: str, own: _Own) -> None:
        from convdispatch.errors import BackendNotFound
        from convdispatch.registry import registry

        try:
            self._synchronize = registry.load(backend_name).synchronize
        except BackendNotFound:
            raise NotImplementedError(f"this checkout has no backend {backend_name!r}") from None
        own.require()
        self._own = own
        self._backend_name = backend_name
        self._benchmarks = _module_of(file).BENCHMARKS
        self._calls: dict[str, Callable[[], Any]] = {}

    def prepare(self, name: str) -> float:
        """Make a benchmark, warm it up, and return about how many seconds a call takes."""
        call = self._calls[name] = self._benchmarks[name](self._backend_name)
        started, fastest, count = time.perf_counter(), float("inf"), 0
        while count < _WARM_UP_CALLS or time.perf_counter() - started < _WARM_UP:
            fastest = min(fastest, self._time(call, 1))
            count += 1
        self._own.require()
        gc.collect()
        return fastest

    def sample(self, name: str, number: int) -> float:
        """Return the seconds that one of this number of calls took."""
        call = self._calls[name]
        # Not timed: the other side has had the processor and its caches since the last sample.
        self._time(call, max(1, number // 8))
        gc.disable()
        try:
            return self._time(call, number) / number
        finally:
            gc.enable()

    def _time(self, call: Callable[[], Any], number: int) -> float:
        synchronize = self._synchronize
        started = time.perf_counter()
        for _ in range(number):
            synchronize(call())
        return time.perf_counter() - started


def _module_of(file: str) -> Any:
    """Run a file as a module, wherever it lies."""
    spec = importlib.util.spec_from_file_location("_convdispatch_benchmarks", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _listen(questions: IO[str], wanted: queue.SimpleQueue[list[Any]]) -> None:
    """Pass the questions on; end at once when the parent is gone, even during a measurement."""
    for line in questions:
        wanted.put(json.loads(line))
    os._exit(0)


def _private_streams() -> tuple[IO[str], IO[str]]:
    """Move both ends of the conversation to where no framework reads or prints."""
    questions, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return open(questions, encoding="utf-8"), open(answers, "w", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
