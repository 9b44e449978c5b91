"""The callbacks of a training: all of them in one process; in a group, rank 0 alone has writers.

A writer that fails there, as on a full disk, is an error on every process, at the end of the epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from convdispatch.callbacks import CallbackList
from convdispatch.training.groups import Together


def called(callbacks: Sequence[Any], together: Together | None, model: Any) -> CallbackList:
    """Return the callbacks that this process calls."""
    return CallbackList(callbacks) if together is None else _InGroup(callbacks, together, model)


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


def _writes(callback: Any) -> bool:
    return bool(getattr(callback, "writes", False))
