"""The callbacks of a training: all of them in one process; in a group, rank 0 alone has writers.

A writer that fails there, as on a full disk, is an error on every process, at the end of the epoch.
Where devices have parts of the weights, only all processes together can gather them for a writer:
while rank 0 calls the writers the others do what it tells them, until it says that it is done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from convdispatch.callbacks import CallbackList
from convdispatch.training.groups import Together


def called(callbacks: Sequence[Any], together: Together | None, model: Any) -> CallbackList:
    """Return the callbacks that this process calls."""
    if together is None:
        return CallbackList(callbacks)
    is_followed = together.sharded is not None and together.size > 1
    return (_Followed if is_followed else _InGroup)(callbacks, together, model)


class _InGroup(CallbackList):
    """Those of one process of a group. Processes need not have the same ones."""

    def __init__(self, callbacks: Sequence[Any], together: Together, model: Any) -> None:
        super().__init__([one for one in callbacks if not (together.rank and _writes(one))])
        self._together, self._model = together, model

    def on_train_begin(self, logs: Any = None) -> None:
        """Tell every callback."""
        self._tell(lambda one: one.on_train_begin({} if logs is None else logs))

    def on_train_end(self, logs: Any = None) -> None:
        """Tell every callback."""
        self._tell(lambda one: one.on_train_end({} if logs is None else logs))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Tell every callback; all processes stop where one of them wants to."""
        self._tell(lambda one: one.on_epoch_end(epoch, {} if logs is None else logs))
        stops = self._together.group.exchange(b"stop" if self._model.stop_training else b"")
        self._model.stop_training = any(stops)

    def _tell(self, tell: Callable[[Any], object]) -> None:
        # What does not write may compute with the other processes, so it is called in any case.
        failed: Exception | None = None
        for one in self.callbacks:
            if not _writes(one):
                tell(one)
            elif failed is None:
                try:
                    tell(one)
                except Exception as exc:  # noqa: BLE001 - it is raised below
                    failed = exc
        self._together.tell_failure(failed)


class _Followed(_InGroup):
    """The same, where rank 0 may need the others for what its writers read."""

    def __init__(self, callbacks: Sequence[Any], together: Together, model: Any) -> None:
        super().__init__(callbacks, together, model)
        self._writers = [one for one in self.callbacks if _writes(one)]
        # Those that are told of batches. All processes know whether rank 0 has some.
        self._readers = readers = CallbackList([one for one in self._writers if _reads(one)])
        self._at_begin = [one for one in self._at_begin if one not in readers.callbacks]
        self._at_end = [one for one in self._at_end if one not in readers.callbacks]
        told = together.group.exchange(b"read" if readers.listens else b"")
        self._has_readers = bool(told[0])

    @property
    def listens(self) -> bool:
        return super().listens or self._has_readers

    def on_batch_begin(self, batch: int, logs: Any) -> None:
        super().on_batch_begin(batch, logs)
        if self._has_readers:
            self._alone(lambda: self._readers.on_batch_begin(batch, logs))

    def on_batch_end(self, batch: int, logs: Any) -> None:
        super().on_batch_end(batch, logs)
        if self._has_readers:
            self._alone(lambda: self._readers.on_batch_end(batch, logs))

    def _tell(self, tell: Callable[[Any], object]) -> None:
        for one in self.callbacks:
            if not _writes(one):
                tell(one)

        def tell_writers() -> None:
            for one in self._writers:
                tell(one)

        self._alone(tell_writers)

    def _alone(self, call: Callable[[], None]) -> None:
        """Call what rank 0 does alone there, and follow it in the other processes."""
        together, failed = self._together, None
        if together.rank:
            self._model._now().follow()
        else:
            try:
                together.lead(call)
            except Exception as exc:  # noqa: BLE001 - it is raised below
                failed = exc
        together.tell_failure(failed)


def _reads(callback: Any) -> bool:
    return bool(getattr(callback, "reads_weights", True))


def _writes(callback: Any) -> bool:
    return bool(getattr(callback, "writes", False))
