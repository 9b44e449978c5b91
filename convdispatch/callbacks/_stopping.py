"""Stop training when it no longer helps."""

from __future__ import annotations

from typing import Any, ClassVar

from convdispatch.callbacks._arguments import names_arguments
from convdispatch.callbacks._base import Callback, Logs
from convdispatch.callbacks._saying import Saying, say
from convdispatch.callbacks._watching import Patience, Watched


@names_arguments
class EarlyStopping(Callback, Patience, Saying):
    """Stops when a number has not become better for `patience` epochs.

    The wait goes on until a number is also better than `baseline`. The first `start_from_epoch`
    epochs do not count. With `restore_best_weights` the model ends with the weights of its best
    epoch, else with its last ones.
    """

    restores_at_end: ClassVar[bool] = True  # also where training ends by itself

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__()
        self.monitor, self.patience, self.verbose = monitor, patience, verbose
        self.min_delta, self.mode, self.baseline = min_delta, mode, baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._watched = Watched(monitor, mode, "EarlyStopping", self.words, min_delta)
        self._begin()

    def _begin(self) -> None:
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best = self._watched.worst
        self.best_weights: list[Any] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin anew."""
        self._begin()
        self._begin_with(self.baseline)

    def _begin_with(self, baseline: float | None) -> None:
        """Take the baseline: here the best epoch is kept, whether it is better or not."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Stop if the number has not become better for too long."""
        current = self._watched.of(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        if self._watched.is_better(current, self.best):
            self._keep(epoch, current)
            if self._is_reached(current):
                self.wait = 0
            else:
                self.wait += 1
        elif self.has_waited():
            self.stopped_epoch = epoch
            self.model.stop_training = True
            if not self.restores_at_end:
                self._restore()

    def _keep(self, epoch: int, current: float) -> None:
        self.best, self.best_epoch = current, epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()

    def _is_reached(self, current: float) -> bool:
        return self.baseline is None or self._watched.is_better(current, self.baseline)

    def _restore(self) -> None:
        if self.best_weights is not None:
            if self.verbose > 0:
                best_epoch = self.best_epoch + self.words.first_epoch
                say(self.words.restoring.format(best_epoch=best_epoch))
            self.model.set_weights(self.best_weights)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Say that training was stopped, if that is wanted, and restore the best weights."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            self.tell(self.words.stopping, self.stopped_epoch)
        if self.restores_at_end:
            self._restore()


class OldEarlyStopping(EarlyStopping):
    """Stops as Keras 1 and 2 do.

    What is not better than `baseline` is not better at all, and only a stop restores weights.
    """

    restores_at_end = False

    def _begin_with(self, baseline: float | None) -> None:
        if baseline is not None:
            self.best = baseline
