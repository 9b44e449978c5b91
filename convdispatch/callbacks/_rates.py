"""Change the learning rate between epochs. It is a tensor of the step: nothing compiles anew."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

from convdispatch.callbacks._arguments import names_arguments
from convdispatch.callbacks._base import Callback, Logs
from convdispatch.callbacks._saying import Saying
from convdispatch.callbacks._watching import Patience, Watched
from convdispatch.errors import InvalidArgument, InvalidType


@names_arguments
class LearningRateScheduler(Callback, Saying):
    """Sets the learning rate of each epoch to `schedule(epoch)` or `schedule(epoch, rate)`."""

    rate_name: ClassVar[str] = "learning_rate"  # among the epoch's numbers; '': not reported

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise InvalidType(f"`schedule` must be a function of the epoch; received {schedule!r}.")
        self.schedule, self.verbose = schedule, verbose
        self._takes_rate = _takes_two(schedule)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set the rate."""
        optimizer = self.model.optimizer
        arguments = (epoch, optimizer.learning_rate) if self._takes_rate else (epoch,)
        rate = self.schedule(*arguments)
        if isinstance(rate, bool) or not hasattr(rate, "__float__"):
            raise InvalidType(
                f"`schedule` of LearningRateScheduler must return a number; received {rate!r} for "
                f"epoch {epoch}."
            )
        optimizer.learning_rate = float(rate)
        if self.verbose > 0:
            self.tell(self.words.setting, epoch, rate=rate)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Report the rate."""
        if logs is not None and self.rate_name:
            logs[self.rate_name] = float(self.model.optimizer.learning_rate)


@names_arguments
class ReduceLROnPlateau(Callback, Patience, Saying):
    """Multiplies the learning rate by `factor` when a number has not become better for a while.

    After that it waits `cooldown` epochs before it counts again, and the rate never falls below
    `min_lr`. `epsilon` is Keras 1's name of `min_delta`.
    """

    rate_name: ClassVar[str] = "learning_rate"  # among the epoch's numbers

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0,
        epsilon: float | None = None,
    ) -> None:
        super().__init__()
        if factor >= 1.0:
            raise InvalidArgument(f"`factor` must be below 1; received {factor!r}.")
        self.monitor, self.factor, self.patience = monitor, factor, patience
        self.verbose, self.mode, self.cooldown, self.min_lr = verbose, mode, cooldown, min_lr
        self.min_delta = min_delta if epsilon is None else epsilon
        self._watched = Watched(monitor, mode, "ReduceLROnPlateau", self.words, self.min_delta)
        self._begin()

    def _begin(self) -> None:
        self.best, self.wait, self.cooldown_counter = self._watched.worst, 0, 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin anew."""
        self._begin()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Lower the rate if it is time, and report it."""
        optimizer = self.model.optimizer
        if logs is not None:
            logs[self.rate_name] = float(optimizer.learning_rate)
        current = self._watched.of(logs)
        if current is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self._watched.is_better(current, self.best):
            self.best, self.wait = current, 0
        elif self.cooldown_counter <= 0 and self.has_waited():
            self._lower(epoch, optimizer)

    def _lower(self, epoch: int, optimizer: Any) -> None:
        old = float(optimizer.learning_rate)
        if old > self.min_lr:
            optimizer.learning_rate = max(old * self.factor, self.min_lr)
            if self.verbose > 0:
                self.tell(self.words.lowering, epoch, rate=optimizer.learning_rate)
            self.cooldown_counter, self.wait = self.cooldown, int(self.looks_first)


def _takes_two(schedule: Callable[..., Any]) -> bool:
    try:
        inspect.signature(schedule).bind(0, 0.1)
    except (TypeError, ValueError):
        return False
    return True
