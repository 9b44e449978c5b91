"""Save a model or its weights while it is trained."""

from __future__ import annotations

import os
import string
from pathlib import Path
from typing import Any

from convdispatch.callbacks._arguments import names_arguments
from convdispatch.callbacks._base import Callback, Logs
from convdispatch.callbacks._saying import Saying
from convdispatch.callbacks._watching import Watched
from convdispatch.engine.arguments import as_int
from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.support.files import require_writable, resolved
from convdispatch.support.weights_paths import WHOLE, kind_of, weights_path


@names_arguments
class ModelCheckpoint(Callback, Saying):
    """Saves the model every `period` epochs, by `model.save`, or its weights.

    The weights alone are saved with `save_weights_only`, and under a name that no whole model can
    have, such as one that ends in '.npz' or '.weights.h5'. With a number as `save_freq` it saves
    after so many batches. The name may hold numbers: 'model.{epoch:02d}-{val_loss:.2f}.keras'. With
    `save_best_only` a file is written only when `monitor` has become better, the first time than
    `initial_value_threshold`. A program that is killed while it writes, or a full disk, leaves the
    file as it was before. `load_model` and `model.load_weights` read it.
    """

    writes = True

    def __init__(
        self,
        filepath: Any,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: int | str = "epoch",
        initial_value_threshold: float | None = None,
        period: int = 1,
    ) -> None:
        super().__init__()
        self.filepath = _pattern(filepath)
        is_whole = kind_of(weights_path(self.filepath)) == "keras"
        if is_whole and save_weights_only:
            raise InvalidArgument(
                f"a '.keras' file is a whole model; received {self.filepath!r} with "
                "`save_weights_only=True`. Give a name that ends in '.weights.h5'."
            )
        self.monitor, self.verbose, self.mode, self.period = monitor, verbose, mode, period
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self._watched = Watched(monitor, mode, "ModelCheckpoint", self.words)
        given = initial_value_threshold
        self.best = self._watched.worst if given is None else float(given)
        self.epochs_since_last_save = 0
        self.save_freq = save_freq if save_freq == "epoch" else as_int(save_freq, "save_freq")
        self._epoch = self._batches = 0
        if self.save_freq != "epoch":  # else no batch is told of
            self.on_batch_end = self._count  # type: ignore[method-assign]  # of this object

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Raise `OSError` if no file can be written to the folder, rather than after an epoch."""
        path = Path(self.filepath)
        is_known = "{" not in str(path.parent)  # else only after the epoch
        if path.exists():
            resolved(path)  # or it says that it is a folder
        elif is_known:
            require_writable(path)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Note the epoch."""
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Save the weights if it is time."""
        if self.save_freq != "epoch":
            return
        self.epochs_since_last_save += 1
        if self.epochs_since_last_save >= self.period:
            self.epochs_since_last_save = 0
            self._save(epoch, logs or {})

    def _count(self, batch: int, logs: Logs | None = None) -> None:
        self._batches += 1
        if self._batches == self.save_freq:
            self._batches = 0
            self._save(self._epoch, {**(logs or {}), "batch": batch + 1})

    def _save(self, epoch: int, logs: Any) -> None:
        """Save the weights, unless only better ones are wanted and these are not."""
        path, says = self._path(epoch, logs), self.verbose > 0
        sentence, told = self.words.saving, dict[str, Any](path=path)
        if self.save_best_only:
            current = self._watched.of(logs)
            if current is None:
                return
            told |= {"name": self.monitor, "best": self.best_said(self.best), "value": current}
            sentence = self.words.improved
            if not self._watched.is_better(current, self.best):
                if says:
                    self.tell(self.words.unimproved, epoch, **told)
                return
            self.best = current
        if says:
            self.tell(sentence, epoch, **told)
        is_whole = not self.save_weights_only and kind_of(Path(path)) in WHOLE
        (self.model.save if is_whole else self.model.save_weights)(path, overwrite=True)
        if says:
            self.tell(self.words.saved, epoch, path=path)

    def _path(self, epoch: int, logs: Any) -> str:
        """Return the name of the file."""
        try:
            named = {**logs, "epoch": epoch + self.words.first_epoch}
            return self.filepath.format(**named)
        except (KeyError, IndexError, ValueError) as exc:
            raise InvalidArgument(
                f"`filepath` {self.filepath!r} of ModelCheckpoint names something that was not "
                f"reported ({exc}); reported were 'epoch', {', '.join(map(repr, logs))}."
            ) from exc


def _pattern(filepath: Any) -> str:
    """Return the pattern of the files' names; raise for one that can never become a name."""
    try:
        pattern = os.fsdecode(filepath)
    except TypeError as exc:
        raise InvalidType(
            "`filepath` of ModelCheckpoint must be a path, such as 'weights.{epoch:02d}.npz'; "
            f"received {filepath!r}."
        ) from exc
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(pattern) if name is not None]
        problem = "a number without a name" if any(not name for name in names) else ""
    except ValueError as exc:
        problem = str(exc)
    if problem:
        raise InvalidArgument(
            "`filepath` of ModelCheckpoint must be a path that may hold names of numbers in "
            f"braces, such as 'weights.{{epoch:02d}}.npz'; received {pattern!r}: {problem}. Double "
            "a brace that belongs to the path."
        )
    return pattern
