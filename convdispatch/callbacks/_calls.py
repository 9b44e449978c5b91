"""Several callbacks as one, and when each is called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from convdispatch.callbacks._base import Callback, Logs, is_overridden
from convdispatch.errors import InvalidType
from convdispatch.ops import NumpyArray


class CallbackList:
    """Calls each callback in turn; for a batch only those that listen to batches."""

    def __init__(self, callbacks: Iterable[Any] = ()) -> None:
        self.callbacks = list(callbacks)
        for callback in self.callbacks:
            if not _is_callback(callback):
                raise _no_callbacks(callback)
        self._find_listeners()

    def append(self, callback: Any) -> None:
        """Add a callback."""
        self.callbacks.append(callback)
        self._find_listeners()

    def _find_listeners(self) -> None:
        begin, end = "on_batch_begin", "on_batch_end"
        self._at_begin = [
            one for one in self.callbacks if is_overridden(one, begin, "on_train_batch_begin")
        ]
        self._at_end = [
            one for one in self.callbacks if is_overridden(one, end, "on_train_batch_end")
        ]

    @property
    def listens(self) -> bool:
        """Whether a callback is told of batches."""
        return bool(self._at_begin or self._at_end)

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Tell every callback what `fit` was asked for."""
        for callback in self.callbacks:
            callback.set_params(dict(params))

    def set_model(self, model: Any) -> None:
        """Tell every callback the model."""
        for callback in self.callbacks:
            callback.set_model(model)

    def set_validation_data(self, data: Any) -> None:
        """Tell every callback the data of validation: x, y and sample weights in one list."""
        for callback in self.callbacks:
            callback.validation_data = data

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Tell every callback."""
        for callback in self.callbacks:
            callback.on_train_begin({} if logs is None else logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Tell every callback."""
        for callback in self.callbacks:
            callback.on_train_end({} if logs is None else logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Tell every callback."""
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch, {} if logs is None else logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Tell every callback."""
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, {} if logs is None else logs)

    def on_batch_begin(self, batch: int, logs: Logs) -> None:
        """Tell those that listen to batches."""
        for callback in self._at_begin:
            if isinstance(callback, Callback):
                callback.on_train_batch_begin(batch, logs)
            else:
                callback.on_batch_begin(batch, logs)

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        """Tell those that listen to batches."""
        for callback in self._at_end:
            if isinstance(callback, Callback):
                callback.on_train_batch_end(batch, logs)
            else:
                callback.on_batch_end(batch, logs)


class Moments:
    """The moments of one call of `evaluate` ('test') or of `predict`, for those that listen."""

    def __init__(self, callbacks: CallbackList, kind: str) -> None:
        self._listening = {
            moment: [
                getattr(one, name)
                for one in callbacks.callbacks
                for name in [f"on_{kind}_{moment}"]
                if is_overridden(one, name) and hasattr(one, name)
            ]
            for moment in ("begin", "batch_begin", "batch_end", "end")
        }

    def begin(self) -> None:
        """Tell that it begins."""
        self._tell("begin", {})

    def batch_begin(self, batch: int) -> None:
        """Tell that a batch begins."""
        self._tell("batch_begin", batch, {})

    def batch_end(self, batch: int, logs: Logs) -> None:
        """Tell that a batch ends."""
        self._tell("batch_end", batch, logs)

    def end(self, logs: Logs | None = None) -> None:
        """Tell that it ends."""
        self._tell("end", {} if logs is None else logs)

    def _tell(self, moment: str, *arguments: Any) -> None:
        for told in self._listening[moment]:
            told(*arguments)


def moments_of(given: Any, kind: str, model: Any, params: Mapping[str, Any]) -> Moments | None:
    """Return the moments of a call with these callbacks, None where there are none."""
    if given is None:
        return None
    listed = CallbackList(as_list(given))
    listed.set_model(model)
    listed.set_params(params)
    return Moments(listed, kind)


def told(
    moments: Moments | None, batch: int, outputs: Callable[[], list[NumpyArray]]
) -> list[NumpyArray]:
    """Return the outputs of a batch of `predict`; tell callbacks before and after."""
    if moments is None:
        return outputs()
    moments.batch_begin(batch)
    found = outputs()
    moments.batch_end(batch, {"outputs": found if len(found) > 1 else found[0]})
    return found


def as_list(given: Any) -> list[Any]:
    """Return the argument `callbacks` as a list: None and a single callback are allowed."""
    if given is None:
        return []
    if _is_callback(given):
        return [given]
    if not isinstance(given, Iterable):
        raise _no_callbacks(given)
    return list(given)


def _is_callback(given: Any) -> bool:
    return hasattr(given, "on_epoch_end") and not isinstance(given, type)


def _no_callbacks(given: Any) -> InvalidType:
    what = repr(given) if isinstance(given, type) else type(given).__name__
    return InvalidType(
        f"`callbacks` must be a list of `Callback` objects; received {what}. Derive a class from "
        "`convdispatch.callbacks.Callback`."
    )
