"""Stop training when it no longer helps."""

from __future__ import annotations

from typing import Any

from convdispatch.callbacks._arguments import names_arguments
from convdispatch.callbacks._base import Callback, Logs
from convdispatch.callbacks._saying import say
from convdispatch.callbacks._watching import Patience, Watched


@names_arguments
class EarlyStopping(Callback, Patience):
    """Stops when a number has not become better for `patience` epochs.

    `baseline` is what the first epochs have to be better than. With `restore_best_weights` the
    model ends with the weights of its best epoch, else with its last ones.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
    ) -> None:
        super().__init__()
        self.monitor, self.patience, self.verbose = monitor, patience, verbose
        self.min_delta, self.mode, self.baseline = min_delta, mode, baseline
        self.restore_best_weights = restore_best_weights
        self._watched = Watched(monitor, mode, "EarlyStopping", min_delta)
        self.wait = 0
        self.stopped_epoch = 0
        self.best = self._watched.worst
        self.best_weights: list[Any] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin anew."""
        self.wait = self.stopped_epoch = 0
        self.best = self._watched.worst if self.baseline is None else self.baseline
        self.best_weights = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Stop if the number has not become better for too long."""
        current = self._watched.of(logs)
        if current is None:
            return
        if self._watched.is_better(current, self.best):
            self.best, self.wait = current, 0
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            return
        if self.has_waited():
            self.stopped_epoch = epoch
            self.model.stop_training = True
            if self.best_weights is not None:
                self.model.set_weights(self.best_weights)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Say that training was stopped, if that is wanted."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            say(f"Epoch {self.stopped_epoch + 1:05d}: early stopping")
