"""`fit(resume=folder)`: the folder keeps the state of the training, and the next run goes on.

The file is replaced as a whole after every epoch, so a killed process leaves that of the epoch
before. It does not depend on the number of processes. Rank 0 reads and writes it; what goes wrong
there is an error on every process.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from convdispatch.callbacks import Callback, History
from convdispatch.errors import ConvDispatchError, InvalidDocument, InvalidType
from convdispatch.support.file_locks import passing
from convdispatch.support.files import (
    named_in_errors,
    read_whole,
    remove_drafts,
    replacing,
    require_writable,
)
from convdispatch.training.groups import on_rank_0
from convdispatch.training.states import read_state, state_of
from convdispatch.training.trainer import Trainer

NAME = "training.npz"
_MOST = 2**50  # bytes
_PATIENCE = 5.0  # seconds for another run to end its writing


class Keeping(Callback):
    """Writes the state of the training after every epoch."""

    writes = True

    def __init__(self, path: Path, trainer: Any, history: History) -> None:
        super().__init__()
        self._path, self._trainer, self._history = path, trainer, history

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Replace the file."""
        state = state_of(self.model, self._trainer(), self._history, epoch + 1)
        with _locked(self._path), replacing(self._path) as file:
            state.write(file)


def resumed(model: Any, trainer: Trainer, folder: Any, history: History, epochs: range) -> range:
    """Give the model the state of the folder, if there is one; return the epochs still to come.

    The folder is made if there is none; a file that cannot be written is an error now.
    """
    path = path_in(folder)
    data = on_rank_0(trainer.together, lambda: _read(path))
    if not data:
        return epochs
    with _told_of(path):
        state = read_state(data)
    trainer.begin()
    with _told_of(path):
        state.require_fits(model, trainer)
    state.give(model, trainer, history)
    return range(max(epochs.start, state.epochs), max(epochs.stop, state.epochs))


def path_in(folder: Any) -> Path:
    """Return the file of the folder."""
    try:
        return Path(os.fsdecode(folder)) / NAME
    except TypeError as exc:
        raise InvalidType(
            f"`resume` must be the path of a folder; received {type(folder).__name__}."
        ) from exc


@contextlib.contextmanager
def _told_of(path: Path) -> Iterator[None]:
    try:
        yield
    except ConvDispatchError as exc:
        raise InvalidDocument(
            f"the file {str(path)!r} must be one that `fit(resume=...)` has written for this "
            f"model: {str(exc).rstrip('.')}. Give another folder, or remove the file to begin anew."
        ) from exc


def _read(path: Path) -> bytes:
    """Return the file's bytes, none without a file; remove what a killed process has left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path):
        require_writable(path)
        remove_drafts(path)
        if not path.exists():
            return b""
        with named_in_errors(path):
            data = read_whole(path, _MOST)
    if not data:
        with _told_of(path):
            raise InvalidDocument("it is empty")
    return data


def _locked(path: Path) -> Any:
    """Keep another run of the same folder from writing, or from removing what is being written."""
    return passing(path.with_name(f".{NAME}.lock"), _PATIENCE)
