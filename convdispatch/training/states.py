"""The state of a training as one value, and as one file.

It holds what the next epochs depend on: the weights, the optimizer's slots, the key, the streams of
random numbers and what was reported. A file is read and checked as a whole before anything changes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from convdispatch.callbacks import History
from convdispatch.errors import InvalidArgument, InvalidDocument, InvalidType
from convdispatch.formulas import random
from convdispatch.ops import NumpyArray
from convdispatch.saving.archives import open_archive
from convdispatch.saving.limits import FileLimits
from convdispatch.saving.npz_files import arrays_of, write_npz
from convdispatch.training.trainer import Trainer

VERSION = 2
_LIMITS = FileLimits(max_bytes=2**50)
# What the text of a file says, and as what.
_SAID: dict[str, type | tuple[type, ...]] = {
    "epochs": int,
    "iterations": int,
    "rate": (int, float, type(None)),
    "optimizer": str,
    "slots": list,
    "stream": list,
    "numpy": list,
    "epoch": list,
    "history": dict,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A training between two epochs."""

    said: Mapping[str, Any]  # by the names of `_SAID`
    weights: list[NumpyArray]
    slots: list[dict[str, NumpyArray]]
    key: NumpyArray
    numbers: NumpyArray  # the keys of NumPy's own generator

    @property
    def epochs(self) -> int:
        """How many epochs are done."""
        found: int = self.said["epochs"]
        return found

    def write(self, stream: IO[bytes]) -> None:
        """Write the file."""
        text = json.dumps({"version": VERSION, **self.said}).encode()
        arrays = [
            ("said", np.frombuffer(text, np.uint8)),
            ("key", self.key),
            ("numpy", self.numbers),
            *((f"weight{place}", one) for place, one in enumerate(self.weights)),
            *(
                (f"slot{place}-{name}", one)
                for place, own in enumerate(self.slots)
                for name, one in own.items()
            ),
        ]
        write_npz(stream, arrays)

    def require_fits(self, model: Any, trainer: Trainer) -> None:
        """Raise `InvalidArgument` unless it is the state of this model and optimizer."""
        own = state_of(model, trainer, History(), 0)
        pairs = [
            ("optimizer", self.said["optimizer"], own.said["optimizer"]),
            ("weights", *(list(map(_described, one.weights)) for one in (self, own))),
            ("key", _described(self.key), _described(own.key)),
            ("optimizer's numbers", *(_slots_of(one.slots) for one in (self, own))),
        ]
        for what, found, wanted in pairs:
            if found != wanted:
                raise InvalidArgument(
                    f"it is of another model: its {what} must be {_short(wanted)}, as in "
                    f"{model.name!r}; received {_short(found)}"
                )

    def give(self, model: Any, trainer: Trainer, history: History) -> None:
        """Let the training go on from here."""
        said = self.said
        model.set_weights(self.weights)
        trainer.restore(self.slots, said["iterations"], self.key)
        if said["rate"] is not None:
            model.optimizer.learning_rate = said["rate"]
        random.go_on_from(said["stream"])
        np.random.set_state(_numpys(said["numpy"], self.numbers))
        history.epoch, history.history = list(said["epoch"]), dict(said["history"])


def state_of(model: Any, trainer: Trainer, history: History, done: int) -> State:
    """Return the state of a training after so many epochs."""
    rate = model.optimizer.learning_rate
    name, keys, *numbers = np.random.get_state(legacy=True)
    slots = trainer.read()
    said = {
        "epochs": done,
        "iterations": trainer.iterations,
        "rate": float(rate) if isinstance(rate, int | float) else None,
        "optimizer": type(model.optimizer).__name__,
        "slots": [list(own) for own in slots],
        "stream": random.position(),
        "numpy": [name, *numbers],
        "epoch": history.epoch,
        "history": {name: _plain(value, name) for name, value in history.history.items()},
    }
    weights, keys = list(model.get_weights()), np.asarray(keys)
    return State(said=said, weights=weights, slots=slots, key=trainer.key, numbers=keys)


def read_state(data: bytes) -> State:
    """Return the state in a file's bytes; raise `InvalidDocument` for every fault of them."""
    archive = open_archive(data, _LIMITS)
    for name in archive.names:
        archive.read(name, len(data))  # or its checksum is wrong
    arrays = {name: one.read() for name, one in arrays_of(archive).items()}
    said = _said(arrays)
    weights = [arrays[f"weight{n}"] for n in range(sum(k.startswith("weight") for k in arrays))]
    slots = [
        {name: arrays[f"slot{place}-{name}"] for name in names}
        for place, names in enumerate(said["slots"])
    ]
    return State(
        said=said, weights=weights, slots=slots, key=arrays["key"], numbers=arrays["numpy"]
    )


def _said(arrays: Mapping[str, NumpyArray]) -> Mapping[str, Any]:
    """Return what the text says, checked, also against the names of the arrays."""
    if "said" not in arrays:
        raise InvalidDocument("it is another kind of archive: it has no member 'said'")
    try:
        said: Any = json.loads(arrays["said"].tobytes())
    except (ValueError, RecursionError) as exc:
        raise InvalidDocument(f"its text is no JSON: {exc}") from exc
    version = said.get("version") if isinstance(said, dict) else None
    if version != VERSION:
        raise InvalidDocument(
            f"it is of version {version!r}, and this release reads version {VERSION}"
        )
    for name, kind in _SAID.items():
        if not isinstance(said.get(name), kind):
            raise InvalidDocument(f"its {name!r} is missing or wrong: {_short(said.get(name))}")
    _require_meaning(said, arrays)
    checked: Mapping[str, Any] = said
    return checked


def _require_meaning(said: Mapping[str, Any], arrays: Mapping[str, NumpyArray]) -> None:
    """Raise `InvalidDocument` for what has the right type and makes no sense."""
    weights = sum(name.startswith("weight") for name in arrays)
    try:
        named = {f"slot{n}-{name}" for n, names in enumerate(said["slots"]) for name in names}
        named |= {"said", "key", "numpy", *(f"weight{n}" for n in range(weights))}
        if named != set(arrays):
            odd = sorted(named ^ set(arrays))[0]
            raise InvalidDocument(f"its array {odd!r} is missing or too many")
        random.require_place(said["stream"])
        np.random.RandomState().set_state(_numpys(said["numpy"], arrays["numpy"]))
        at = said["numpy"][1]  # which NumPy does not check
        rate = said["rate"]
        are_numbers = all(isinstance(one, list) for one in said["history"].values())
        are_counts = min(said["epochs"], said["iterations"], *said["epoch"], at, 624 - at) >= 0
        if not (are_numbers and are_counts and (rate is None or math.isfinite(rate))):
            raise InvalidDocument("its counts, its rate or its history make no sense")
    except (TypeError, ValueError, KeyError, IndexError) as exc:
        if isinstance(exc, InvalidDocument):
            raise
        raise InvalidDocument(f"its text makes no sense: {exc}") from exc


def _numpys(said: list[Any], keys: NumpyArray) -> Any:
    """Return the state of NumPy's own generator."""
    name, *numbers = said
    return (name, keys, *numbers)


def _slots_of(slots: list[dict[str, NumpyArray]]) -> list[dict[str, str]]:
    return [{name: _described(one) for name, one in own.items()} for own in slots]


def _described(array: NumpyArray) -> str:
    # A file has the numbers of bfloat16 as float32.
    name = "float32" if array.dtype.name == "bfloat16" else array.dtype.name
    return f"{name}{list(array.shape)}"


def _plain(value: Any, name: str) -> Any:
    """Return what a callback has put into the reports by that name, as JSON has it."""
    if hasattr(value, "tolist"):  # an array, or a number of NumPy's
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(one, name) for one in value]
    if isinstance(value, str | int | float | None):
        return value
    try:
        return float(value)
    except TypeError as exc:
        raise InvalidType(
            f"the reports that `fit(resume=...)` keeps must be numbers, words or lists of them; "
            f"received for {name!r} a {type(value).__name__}. Report something else."
        ) from exc


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 300 else f"{text[:300]}..."
