"""What a checkpoint says about a model, as plain values; no array is read and no layer is made."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convdispatch.cli._file_layers import (
    MODELS,
    ArrayFacts,
    Entry,
    LayerFacts,
    entries_of,
    with_arrays,
)
from convdispatch.doors import keras1, keras2
from convdispatch.saving.checkpoint import Checkpoint

_MOST_NAMES = 6
# What the tables of layers leave to classes of their own.
_OTHERS = (
    *("InputLayer", "Merge", "Highway", "MaxoutDense", "TimeDistributedDense"),
    *("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"),
)
_ENGINES = ("keras.", "keras", "tf_keras.", "builtins")  # where Keras 3's own classes are from


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that `inspect` says; the field names are the keys of the JSON output."""

    file: str
    size: int
    format: str
    dialect: str
    keras_version: str | None
    evidence: str  # what shows whose words they are, where the file does not say it
    convention: str | None
    architecture: str | None  # in words
    has_architecture: bool
    layers: list[LayerFacts]
    arrays: int
    numbers: int
    training: str | None  # in words
    optimizer_arrays: int
    metadata: dict[str, str]
    unsaid: list[str]  # 'trained_on', 'dim_ordering': what the file does not say
    suspicious: list[str]


def facts_of(checkpoint: Checkpoint, path: Path) -> Facts:
    """Return what a file says."""
    entries = list(entries_of(checkpoint.architecture))
    layers, strangers = with_arrays(entries, checkpoint)
    arrays = [array for layer in layers for array in layer.arrays]
    unsaid = list(_unsaid(checkpoint, entries, arrays))
    return Facts(
        file=str(path),
        size=path.stat().st_size,
        format=checkpoint.format,
        dialect=checkpoint.dialect,
        keras_version=checkpoint.keras_version,
        evidence=checkpoint.evidence,
        convention=checkpoint.convention,
        architecture=_in_words(checkpoint.architecture, entries),
        has_architecture=checkpoint.architecture is not None,
        layers=layers,
        arrays=len(arrays),
        numbers=sum(math.prod(array.shape) for array in arrays),
        training=_training(checkpoint.training),
        optimizer_arrays=len(checkpoint.optimizer),
        metadata=dict(checkpoint.metadata),
        unsaid=[name for name, _ in unsaid],
        suspicious=[
            *(text for _, text in unsaid),
            *_doubts(checkpoint, entries, arrays, strangers),
        ],
    )


def _in_words(document: Any, entries: list[Entry]) -> str | None:
    if document is None:
        return None
    count = sum(1 for _, _, depth, _ in entries if depth == 0)
    return f"{document.get('class_name')} of {count} layers"


def _training(training: Mapping[str, Any] | None) -> str | None:
    """Return the optimizer and the loss of a training configuration."""
    if not training:
        return None
    found = training.get("optimizer_config") or training.get("optimizer")
    name = found.get("class_name") if isinstance(found, Mapping) else found
    return f"{name}, {_loss(training.get('loss'))}"


def _loss(loss: Any) -> str:
    if isinstance(loss, Mapping) and "class_name" in loss:
        return str(loss["class_name"])
    if isinstance(loss, Mapping):
        return ", ".join(f"{output}: {_loss(one)}" for output, one in loss.items())
    if isinstance(loss, list):
        return ", ".join(map(_loss, loss))
    return str(loss)


def _unsaid(
    checkpoint: Checkpoint, entries: list[Entry], arrays: list[ArrayFacts]
) -> Iterator[tuple[str, str]]:
    """Yield the argument of `load_model` for what the file does not say, and a sentence on it."""
    has_kernels = any(len(array.shape) >= 3 for array in arrays)
    if checkpoint.convention is None and has_kernels and checkpoint.dialect != "keras3":
        yield (
            "trained_on",
            "it does not say which backend trained it: Theano's kernels are the other way round, "
            "so nearly every output depends on `trained_on=`",
        )
    if checkpoint.dialect != "keras1":
        return
    stating = {
        row.name
        for rows in keras1.LAYERS.values()
        for row in rows
        if row.arguments and "dim_ordering" in row.arguments
    }
    lacking = [
        name
        for name, kind, _, entry in entries
        if kind in stating and "dim_ordering" not in (entry.get("config") or {})
    ]
    if lacking:
        yield (
            "dim_ordering",
            f"it does not say the order of the axes of {_names(lacking)}: `dim_ordering=`",
        )


def _doubts(
    checkpoint: Checkpoint, entries: list[Entry], arrays: list[ArrayFacts], strangers: list[str]
) -> Iterator[str]:
    if checkpoint.convention == "theano":
        yield (
            "Theano trained it: its kernels are the other way round. convdispatch turns them; "
            "tf_keras and Keras 3 load it without doing so, and every output is wrong there"
        )
    lambdas = [name for name, kind, _, _ in entries if kind == "Lambda"]
    if lambdas:
        yield (
            f"it has code in {_names(lambdas)}, which is never run from a file: give the "
            f"functions, `load_model(..., custom_objects={{{lambdas[0]!r}: function, ...}})`"
        )
    unknown = sorted({kind for _, kind, _, entry in entries if _is_own(kind, entry)})
    if unknown:
        yield f"it has classes that no Keras has: {_names(unknown)}; say `custom_objects=`"
    if strangers:
        yield f"it has arrays of {_names(strangers)}, which its architecture does not have"
    types = sorted({array.dtype for array in arrays})
    if len(types) > 1:
        yield f"its arrays have several element types: {', '.join(types)}"
    empty = [array.name for array in arrays if 0 in array.shape]
    if empty:
        yield f"it has arrays without a number: {_names(empty)}"
    names = [name for name, _, depth, _ in entries if depth == 0]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        yield f"several of its layers have one name: {_names(twice)}"
    if checkpoint.training and not checkpoint.optimizer and arrays:
        yield "it says how it was trained, but has no state of the optimizer: training begins anew"


def _is_own(kind: str, entry: Mapping[str, Any]) -> bool:
    """Return whether a layer's class is the user's own."""
    module = entry.get("module")
    if "module" in entry:  # Keras 3 says where a class is from
        return not (isinstance(module, str) and module.startswith(_ENGINES))
    return kind not in _known()


def _known() -> set[str]:
    rows = [row for door in (keras1, keras2) for rows in door.LAYERS.values() for row in rows]
    names = {name for row in rows for name in (row.name, row.like, *row.also, *row.aliases)}
    return {*names, *MODELS, *_OTHERS}


def _names(names: list[str]) -> str:
    shown = ", ".join(map(repr, names[:_MOST_NAMES]))
    more = len(names) - _MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
