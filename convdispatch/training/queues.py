"""Read a user's batches ahead, in threads and in order."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

_END = object()


def read_ahead(items: Iterator[Any], most: int) -> Iterator[Any]:
    """Yield the items; a thread reads at most so many of them ahead, none for 0.

    An exception of the source is raised here, with its own traceback.
    """
    if most <= 0:
        return items
    return _read_by_a_thread(items, most)


def _read_by_a_thread(items: Iterator[Any], most: int) -> Iterator[Any]:
    found: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue(most)
    is_over = threading.Event()

    def put(item: Any, error: BaseException | None = None) -> None:
        while not is_over.is_set():
            with contextlib.suppress(queue.Full):
                found.put((item, error), timeout=0.1)
                return

    def work() -> None:
        try:
            for item in items:
                put(item)
                if is_over.is_set():
                    return
        except BaseException as exc:  # noqa: BLE001 - it is raised in the thread that asks
            put(_END, exc)
        else:
            put(_END)

    thread = threading.Thread(target=work, name="convdispatch-reader", daemon=True)
    thread.start()
    try:
        while True:
            item, error = found.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item
    finally:
        is_over.set()
        thread.join(1.0)


def in_order(
    read: Callable[[int], Any], numbers: Sequence[int], workers: int, most: int
) -> Iterator[Any]:
    """Yield `read(number)` for each number in order; threads read at most so many ahead."""
    if workers <= 0:
        yield from map(read, numbers)
        return
    waiting: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="convdispatch-reader") as pool:
        try:
            for number in numbers:
                waiting.append(pool.submit(read, number))
                if len(waiting) > max(most, 1):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
