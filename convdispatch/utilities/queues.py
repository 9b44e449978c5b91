"""Queues of batches that threads fill, for loops of a script's own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Any

from convdispatch.support.locks import Lock


class GeneratorEnqueuer:
    """Reads a generator in threads; `get` yields what they read, in the order of one thread."""

    def __init__(
        self,
        generator: Any,
        use_multiprocessing: bool = False,
        wait_time: float = 0.05,
        seed: int | None = None,
        **_: Any,
    ) -> None:
        self._generator = iter(generator)
        self._lock = Lock()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.wait_time = wait_time
        self.queue: queue.Queue[tuple[bool, Any]] = queue.Queue()

    def start(self, workers: int = 1, max_queue_size: int = 10, **words: Any) -> None:
        """Begin to read; Keras 1 calls the size `max_q_size`."""
        self.queue = queue.Queue(words.get("max_q_size", max_queue_size))
        self._stop.clear()
        for _ in range(workers):
            thread = threading.Thread(target=self._read, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _read(self) -> None:
        while not self._stop.is_set():
            with self._lock.held():  # also while it waits for room: batches stay in their order
                self._read_one()

    def _read_one(self) -> None:
        if self._stop.is_set():
            return
        try:
            found: tuple[bool, Any] = (True, next(self._generator))
        except StopIteration:
            self._stop.set()
            return
        except Exception as exc:  # noqa: BLE001 - `get` raises it where it is waited for
            found = (False, exc)
        while not self._stop.is_set():
            try:
                self.queue.put(found, timeout=self.wait_time)
                break
            except queue.Full:
                continue
        if not found[0]:
            self._stop.set()

    def is_running(self) -> bool:
        """Whether it reads still."""
        return not self._stop.is_set() and bool(self._threads)

    def stop(self, timeout: float | None = None) -> None:
        """End the threads."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout)
        self._threads = []

    def get(self) -> Iterator[Any]:
        """Yield what was read, until the generator ends; raise what it raised."""
        while self.is_running() or not self.queue.empty():
            try:
                is_value, found = self.queue.get(timeout=self.wait_time)
            except queue.Empty:
                continue
            if not is_value:
                raise found
            if found is not None:
                yield found


class OrderedEnqueuer(GeneratorEnqueuer):
    """Reads the batches of a `Sequence` in their order, again and again."""

    def __init__(
        self, sequence: Any, use_multiprocessing: bool = False, shuffle: bool = False
    ) -> None:
        self.sequence, self.shuffle = sequence, shuffle
        super().__init__(self._batches())

    def _batches(self) -> Iterator[Any]:
        import random

        while True:
            order = list(range(len(self.sequence)))
            if self.shuffle:
                random.shuffle(order)
            for place in order:
                yield self.sequence[place]
            if hasattr(self.sequence, "on_epoch_end"):
                self.sequence.on_epoch_end()
