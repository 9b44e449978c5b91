"""The state of a training in a folder, from which `fit(resume=folder)` goes on.

One file holds what the next epochs depend on: the weights, the optimizer's slots, the key, the
streams of random numbers and what was reported. It is replaced as a whole after every epoch, so a
killed process leaves that of the epoch before. It does not depend on the number of processes.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from convdispatch.callbacks import Callback, History
from convdispatch.errors import InvalidArgument, InvalidDocument, InvalidType
from convdispatch.formulas import random
from convdispatch.support.files import named_in_errors, read_whole, replacing, require_writable
from convdispatch.training.trainer import Trainer

NAME = "training.npz"
_VERSION = 1
_MOST = 2**40  # bytes


class Keeping(Callback):
    """Writes the state of the training after every epoch."""

    writes = True

    def __init__(self, path: Path, trainer: Any, history: History) -> None:
        super().__init__()
        self._path, self._trainer, self._history = path, trainer, history

    def on_train_begin(self, logs: Any = None) -> None:
        """Make the folder, or raise `OSError` rather than after an epoch."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        require_writable(self._path)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Replace the file."""
        data = _written(self.model, self._trainer(), self._history, epoch + 1)
        with replacing(self._path) as file:
            np.savez(file, **data)


def resumed(model: Any, trainer: Trainer, folder: Any, history: History, epochs: range) -> range:
    """Give the model the state of the folder, if there is one; return the epochs still to come."""
    path = path_in(folder)
    data = b""
    if (trainer.together is None or not trainer.together.rank) and path.exists():
        with named_in_errors(path):
            data = read_whole(path, _MOST)
    if trainer.together is not None:  # the others may not see the folder
        data = trainer.together.group.exchange(data)[0]
    if not data:
        return epochs
    done = _restored(data, model, trainer, history, path)
    return range(max(epochs.start, done), max(epochs.stop, done))


def path_in(folder: Any) -> Path:
    """Return the file of the folder."""
    try:
        return Path(os.fsdecode(folder)) / NAME
    except TypeError as exc:
        raise InvalidType(
            f"`resume` must be the path of a folder; received {type(folder).__name__}."
        ) from exc


def _written(model: Any, trainer: Trainer, history: History, done: int) -> dict[str, Any]:
    rate = model.optimizer.learning_rate
    slots = trainer.read()
    said = {
        "version": _VERSION,
        "epochs": done,
        "iterations": trainer.iterations,
        "rate": float(rate) if isinstance(rate, int | float) else None,
        "epoch": history.epoch,
        "history": history.history,
        "slots": [list(own) for own in slots],
        "stream": random.position(),
    }
    arrays = {f"weight{place}": one for place, one in enumerate(model.get_weights())}
    arrays |= {
        f"slot{place}-{name}": one for place, own in enumerate(slots) for name, one in own.items()
    }
    name, keys, *numbers = np.random.get_state(legacy=True)
    said["numpy"] = [name, *numbers]
    text = np.frombuffer(json.dumps(said, default=float).encode(), np.uint8)
    return arrays | {"said": text, "key": trainer.key, "numpy": keys}


def _restored(data: bytes, model: Any, trainer: Trainer, history: History, path: Path) -> int:
    """Set everything that the file has; return how many epochs are done."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as found:
            arrays = dict(found)
        said = json.loads(arrays["said"].tobytes())
        weights = [arrays[f"weight{n}"] for n in range(sum(k.startswith("weight") for k in arrays))]
        slots = [
            {name: arrays[f"slot{place}-{name}"] for name in names}
            for place, names in enumerate(said["slots"])
        ]
        done, version = int(said["epochs"]), said["version"]
    except (ValueError, KeyError, TypeError, OSError, zipfile.BadZipFile) as exc:
        raise InvalidDocument(
            f"the file {str(path)!r} must be one that `fit(resume=...)` has written: {exc}. Give "
            "another folder, or remove the file to begin anew."
        ) from exc
    shapes = [one.shape for one in weights], [one.shape for one in model.get_weights()]
    if version != _VERSION or shapes[0] != shapes[1]:
        raise InvalidArgument(
            f"the file {str(path)!r} is of another model or another version: its weights have the "
            f"shapes {shapes[0]}, those of {model.name!r} {shapes[1]}. Give another folder."
        )
    model.set_weights(weights)
    trainer.restore(slots, int(said["iterations"]), arrays["key"])
    if said["rate"] is not None:
        model.optimizer.learning_rate = said["rate"]
    random.go_on_from(said["stream"])
    name, *numbers = said["numpy"]
    np.random.set_state((name, arrays["numpy"], *numbers))
    history.epoch, history.history = list(said["epoch"]), dict(said["history"])
    return done
