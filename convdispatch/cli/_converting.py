"""What `convert` is asked for, and the model on its way from one file to the other."""

from __future__ import annotations

import argparse
import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from convdispatch.cli._output import UsageError
from convdispatch.models import load_model
from convdispatch.models._reading import model_of_document
from convdispatch.models.files.loading import classes_of, door_of
from convdispatch.models.files.storing import checkpoint_of, dialect_of
from convdispatch.models.files.weight_loading import fill_weights, origin_of
from convdispatch.saving.checkpoint import Checkpoint
from convdispatch.saving.limits import DEFAULT_FILE_LIMITS, FileLimits
from convdispatch.saving.recognising import is_archive_of_arrays, read_checkpoint
from convdispatch.support.files import write_atomically
from convdispatch.support.weights_paths import WHOLE, kind_of

What = Literal["model", "weights", "architecture"]
_ENDINGS = ("a model: .h5, .hdf5, .keras, .safetensors", "weights: .weights.h5, .npz",
            "an architecture: .json")  # fmt: skip
_KINDS = {"h5": "HDF5", "weights.h5": "HDF5", "keras": ".keras", "safetensors": "safetensors",
          "npz": "NumPy's archive", "json": "JSON"}  # fmt: skip
_TITLES = {"keras1": "Keras 1", "keras2": "Keras 2", "tf_keras": "tf_keras", "keras3": "Keras 3"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is converted, and into what."""

    file: Path
    out: Path
    what: What
    kind: str
    to: str | None  # the dialect, None for that of the model
    architecture: Path | None
    trained_on: str | None
    dim_ordering: str | None
    training: bool  # whether the settings and the state of training are kept
    limits: FileLimits

    def title(self, model: Any) -> str:
        """Return what OUT is of that model, in words."""
        whose = "" if self.kind == "npz" else f" of {_TITLES[self.to or dialect_of(model)]}"
        return f"{self.what}{whose}, {_KINDS[self.kind]}"


def wish_of(arguments: argparse.Namespace) -> Wish:
    """Return the arguments with what the name of OUT says; raise `UsageError` for nonsense."""
    out = Path(arguments.out)
    is_text = out.suffix.lower() == ".json"
    kind = "json" if is_text else kind_of(out)
    if kind == "npz" and out.suffix.lower() != ".npz":
        raise UsageError(f"the ending of {str(out)!r} says no format; {'; '.join(_ENDINGS)}")
    is_whole = kind in WHOLE and not arguments.weights
    what: What = "architecture" if is_text else "model" if is_whole else "weights"
    to = arguments.to
    if kind == "keras" and to not in (None, "tf_keras", "keras3"):
        raise UsageError(f"a .keras file is one of tf_keras or of Keras 3; received --to {to}")
    if kind == "keras" and arguments.weights:
        raise UsageError("a .keras file is a whole model; --weights needs .h5, .weights.h5 or .npz")
    if kind in ("keras", "weights.h5") and to is None:
        to = "keras3"
    return Wish(
        file=Path(arguments.file),
        out=out,
        what=what,
        kind=kind,
        to=to,
        architecture=None if arguments.architecture is None else Path(arguments.architecture),
        trained_on=arguments.trained_on,
        dim_ordering=arguments.dim_ordering,
        training=what == "model" and not arguments.no_training,
        limits=DEFAULT_FILE_LIMITS.of(arguments.untrusted),
    )


def load(wish: Wish) -> Any:
    """Return the model of the file; raise for one that is not enough for what is wished."""
    said: dict[str, Any] = {"trained_on": wish.trained_on, "dim_ordering": wish.dim_ordering}
    said["untrusted"] = wish.limits.untrusted
    is_archive = is_archive_of_arrays(wish.file)
    checkpoint = None if is_archive else read_checkpoint(wish.file, limits=wish.limits)
    if checkpoint is not None and checkpoint.architecture is not None and checkpoint.layers:
        if wish.architecture is not None:
            raise UsageError(f"{str(wish.file)!r} has its architecture: leave out --architecture")
        return load_model(wish.file, compile=wish.training, backend="numpy", **said)
    if checkpoint is not None and checkpoint.architecture is not None:
        if wish.what != "architecture":
            raise UsageError(
                f"{str(wish.file)!r} is a {checkpoint.format} without weights, of which only "
                "another '.json' can be made. Give a model's file, or its weights with "
                "--architecture"
            )
        return _made_of(wish.file, wish)
    if wish.architecture is None:
        kind = "an archive of NumPy's arrays" if checkpoint is None else f"a {checkpoint.format}"
        raise UsageError(
            f"{str(wish.file)!r} is {kind}, without an architecture. Give the model's JSON or file "
            "by --architecture"
        )
    model = _made_of(wish.architecture, wish)
    model.load_weights(wish.file, **said)
    return model


def _made_of(path: Path, wish: Wish) -> Any:
    """Return a model of an architecture, with new weights."""
    checkpoint = read_checkpoint(path, limits=wish.limits)
    if checkpoint.architecture is None:
        raise UsageError(f"{str(path)!r} has no architecture")
    return _model_of(checkpoint, trained_on=wish.trained_on, dim_ordering=wish.dim_ordering)


def _model_of(checkpoint: Checkpoint, **said: Any) -> Any:
    """Return the model of the Keras that a checkpoint is of."""
    model: Any = model_of_document(
        checkpoint.architecture,
        classes_of(checkpoint),
        backend="numpy",
        door=door_of(checkpoint),
        **said,
    )
    model.ensure_built("convert")
    return model


def write(model: Any, draft: Path, wish: Wish) -> None:
    """Write what is wished of the model."""
    if wish.what == "architecture":
        dialect = wish.to or dialect_of(model)
        found = checkpoint_of(model, dialect, "h5", optimizer=False)
        document = {"keras_version": found.keras_version, **(found.architecture or {})}
        if dialect == "keras2" and found.convention is not None:  # as its own `to_json`
            document = {"backend": found.convention, **document}
        write_atomically(draft, json.dumps(document))
    elif wish.what == "model":
        model.save(draft, include_optimizer=wish.training, dialect=wish.to)
    elif wish.kind == "npz":
        model.save_weights(draft)
    else:
        model.save_weights(draft, dialect=wish.to)


def load_again(model: Any, draft: Path, wish: Wish) -> Any:
    """Return the model as the new file has it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they were given when the old file was read
        if wish.kind == "npz":
            return _with_weights_of(model, draft, {})
        checkpoint = read_checkpoint(draft)
        is_silent = checkpoint.convention is None  # as every file of Keras 1
        said: dict[str, Any] = {
            "trained_on": _convention_of(model) if is_silent else None,
            "dim_ordering": wish.dim_ordering if checkpoint.dialect == "keras1" else None,
        }
        if wish.what == "model":
            return load_model(draft, compile=False, backend="numpy", **said)
        if wish.what == "weights":  # which are in the order of axes of the model
            return _with_weights_of(model, draft, {**said, "dim_ordering": None})
        again = _model_of(checkpoint, **said)
        own = checkpoint_of(model, wish.to or dialect_of(model), "h5", optimizer=False)
        origin = origin_of(own, convention=own.convention)
        fill_weights(again, own, origin, f"the new file {str(wish.out)!r}")
        return again


def _with_weights_of(model: Any, draft: Path, said: dict[str, Any]) -> Any:
    """Return a copy of the model whose weights are all from the file."""
    other = model.to("numpy")
    other.set_weights([np.zeros_like(array) for array in other.get_weights()])
    other.load_weights(draft, **said)
    return other


def _convention_of(model: Any) -> str | None:
    """Return the convention of a model's layers, if all have one."""
    found = {layer.convention for layer in model._layers if not layer.is_input}
    return found.pop() if len(found) == 1 else None
