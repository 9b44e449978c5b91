"""The loop over epochs and batches. It knows no data, no optimizer and no framework."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from convdispatch.callbacks import CallbackList, Moments
from convdispatch.errors import InvalidArgument
from convdispatch.support.warnings import warn
from convdispatch.training.batches import Batch
from convdispatch.training.reports import BatchLogs
from convdispatch.training.streams import Stream
from convdispatch.training.trainer import Trainer

AsBatch = Callable[[Any], Batch]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """What one call of `fit` does."""

    model: Any
    trainer: Callable[[], Trainer]  # that of the model as it is now
    as_batch: AsBatch  # puts a batch on the device
    callbacks: CallbackList
    stream: Stream
    validate: Callable[[], dict[str, float]] | None
    epochs: range

    def run(self) -> None:
        """Train for all epochs, or until a callback sets `model.stop_training`."""
        model, callbacks = self.model, self.callbacks
        model.stop_training = False
        callbacks.on_train_begin()
        for epoch in self.epochs:
            callbacks.on_epoch_begin(epoch)
            logs = self._epoch(epoch)
            if self.validate is not None:
                logs |= {f"val_{name}": value for name, value in self.validate().items()}
            callbacks.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
        callbacks.on_train_end()
        self.trainer().gather()

    def _epoch(self, epoch: int) -> dict[str, Any]:
        """Train for one epoch; return the means of what its batches reported."""
        trainer, callbacks, model = self.trainer(), self.callbacks, self.model
        totals = trainer.totals()
        batches = map(self.as_batch, self.stream.epoch())
        place, batch, before = 0, next(batches, None), list[Any]()
        require_some(batch)
        while batch is not None and not model.stop_training:
            listens = callbacks.listens
            if listens:
                callbacks.on_batch_begin(place, BatchLogs(place, batch.size, totals=totals))
            trainer = self.trainer()  # a callback may have changed the model
            reported = trainer.train(batch)
            totals.add(reported, batch.size)
            # The next batch is copied while the step computes, once the step before is done: there
            # are never more than two batches on the device.
            for one in before:
                trainer.backend.synchronize(one)
            before = reported[:1]
            size, batch = batch.size, next(batches, None)
            if listens:
                callbacks.on_batch_end(place, BatchLogs(place, size, reported, totals=totals))
            place += 1
        means: dict[str, Any] = dict(totals.means())
        if totals.first_bad is not None:
            warn(
                f"the loss of {model.name!r} is no finite number from batch {totals.first_bad} of "
                f"epoch {epoch + 1} on. A smaller learning rate may help; the callback "
                "TerminateOnNaN stops at such a batch."
            )
        return means


def evaluated(
    trainer: Trainer,
    stream: Stream,
    as_batch: AsBatch,
    moments: Moments | None = None,
    is_stopped: Callable[[], bool] = bool,
) -> dict[str, Any]:
    """Return the means of what the batches of one epoch report, without training.

    moments: tells callbacks of it. is_stopped: whether a callback wants no further batch.
    """
    totals = trainer.totals()
    batch, before = None, list[Any]()
    if moments is not None:
        moments.begin()
    for place, batch in enumerate(map(as_batch, stream.epoch())):
        if moments is not None:
            moments.batch_begin(place)
        reported = trainer.test(batch)
        totals.add(reported, batch.size)
        for one in before:  # as in training: two batches on the device at most
            trainer.backend.synchronize(one)
        before = reported[:1]
        if moments is not None:
            moments.batch_end(place, BatchLogs(place, batch.size, reported, totals=totals))
            if is_stopped():
                break
    require_some(batch)
    means = totals.means()
    if moments is not None:
        moments.end(means)
    return means


def require_some(batch: Batch | None) -> None:
    """Raise `InvalidArgument` if there was no batch at all."""
    if batch is None:
        raise InvalidArgument("the data must have at least one batch; there was none.")
