"""The base of all callbacks, and those that only keep or pass on the numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeAlias

from convdispatch.callbacks._saying import say
from convdispatch.doors.callback_words import INVALID_LOSS
from convdispatch.errors import InvalidLoss, InvalidType

# What a callback is told: numbers by name. Those of a batch are read from the device when they are
# looked up.
Logs: TypeAlias = Mapping[str, Any]


class Callback:
    """Something that `fit` calls; a subclass defines the methods that it needs.

    `model` is the model, `params` what `fit` was asked for ('epochs', 'steps', 'samples',
    'batch_size', 'verbose', 'metrics', 'do_validation').

    `writes` is true of a callback that prints or writes files: where several processes train the
    model, `fit` calls it in the one of rank 0 alone. `reads_weights` is false of one of those that
    needs no weights of the model: where they are sharded, the other processes need not wait for it.
    """

    writes: ClassVar[bool] = False
    reads_weights: ClassVar[bool] = True

    def __init__(self) -> None:
        self.validation_data: Any = None
        self.model: Any = None
        self.params: dict[str, Any] = {}

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Take what `fit` was asked for."""
        self.params = dict(params)

    def set_model(self, model: Any) -> None:
        """Take the model."""
        self.model = model

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Do something before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Do something after the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Do something before an epoch; the first has number 0."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Do something after an epoch; `logs` has the epoch's losses and metrics."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Do something before a step of training; the first of an epoch has number 0."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Do something after a step; reading a number of `logs` waits for the step's end."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Do the same by Keras 3's name."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Do the same by Keras 3's name."""
        self.on_batch_end(batch, logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Do something before `evaluate`, and before each validation of `fit`."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Do something after it; `logs` has the losses and metrics."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Do something before a batch of it."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Do something after a batch of it; reading a number of `logs` waits for it."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Do something before `predict`."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Do something after `predict`."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Do something before a batch of it."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Do something after a batch of it; `logs` has its "outputs"."""


class History(Callback):
    """Keeps what every epoch reported: `fit` returns one."""

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[Any]] = {}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Keep the epoch's numbers."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class BaseLogger(Callback):
    """Averages the batches' numbers over an epoch and adds the means to the epoch's logs.

    `fit` does so itself without reading every batch's numbers from the device: this class is for
    loops of one's own.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0
        self.totals: dict[str, float] = {}

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Begin anew."""
        self.seen, self.totals = 0, {}

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Add the batch's numbers, each as often as it has samples."""
        given = logs or {}
        size = given.get("size", 0)
        self.seen += size
        for name, value in given.items():
            if name not in ("batch", "size"):
                self.totals[name] = self.totals.get(name, 0.0) + value * size

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Add the means to the logs."""
        if logs is not None and self.seen:
            for name, total in self.totals.items():
                logs[name] = total / self.seen


class TerminateOnNaN(Callback):
    """Stops training at the step whose loss is NaN or infinite, or raises `InvalidLoss` there.

    It reads the loss of every step, so every step is waited for.
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Stop if the loss is no finite number."""
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            if self.raise_error:
                raise InvalidLoss(
                    f"the loss of batch {batch} is {loss}, which is no finite number, so training "
                    "ends. A smaller learning rate may help."
                )
            say(INVALID_LOSS.format(batch=batch))
            self.model.stop_training = True


_MOMENTS = ("on_epoch_begin", "on_epoch_end", "on_batch_begin", "on_batch_end",
            "on_train_begin", "on_train_end", "on_train_batch_begin", "on_train_batch_end",
            "on_test_begin", "on_test_end", "on_test_batch_begin", "on_test_batch_end",
            "on_predict_begin", "on_predict_end", "on_predict_batch_begin",
            "on_predict_batch_end")  # fmt: skip


class LambdaCallback(Callback):
    """Calls functions: `on_epoch_end=lambda epoch, logs: ...` and the like, by the methods' names.

    Further keyword arguments become attributes.
    """

    def __init__(self, **functions: Any) -> None:
        super().__init__()
        for name, function in functions.items():
            if name in _MOMENTS and not (function is None or callable(function)):
                raise InvalidType(
                    f"`{name}` must be a function; received a {type(function).__name__}."
                )
            if function is not None:
                setattr(self, name, function)


def is_overridden(callback: Any, *names: str) -> bool:
    """Return whether a callback defines one of these methods itself."""
    return any(_own(callback, name) is not getattr(Callback, name) for name in names)


def _own(callback: Any, name: str) -> Callable[..., Any] | None:
    if name in vars(callback):
        return None
    own: Callable[..., Any] = getattr(type(callback), name, getattr(Callback, name))
    return own
