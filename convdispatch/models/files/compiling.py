"""The training that a file speaks of: `compile` with its settings, and the optimizer's state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from convdispatch.errors import InvalidArgument, InvalidDocument, InvalidType
from convdispatch.formulas import losses, metrics, optimizers
from convdispatch.formulas.dialects import KERAS1, KERAS2, KERAS3, TF_KERAS
from convdispatch.formulas.optimizers import Optimizer
from convdispatch.formulas.optimizers._own_weights import Order
from convdispatch.formulas.optimizers._rules import NesterovMoments
from convdispatch.formulas.optimizers._tf_keras import RepeatedMoments
from convdispatch.models.files.storing_training import Kept, without_slots
from convdispatch.models.files.versions import is_of_tf_keras
from convdispatch.ops import NumpyArray
from convdispatch.saving.checkpoint import Checkpoint
from convdispatch.support.documents import shown

_TABLES = {
    "keras1": KERAS1.optimizers,
    "keras2": KERAS2.optimizers,
    "keras3": KERAS3.optimizers,
    "tf_keras": TF_KERAS.optimizers,
}
_WRAPPERS = ("MeanMetricWrapper", "LossFunctionWrapper")  # of a function, in tf_keras
_REDUCTIONS = {"auto": "sum_over_batch_size", "sum_over_batch_size": "sum_over_batch_size"}


def compile_as_stored(
    model: Any, checkpoint: Checkpoint, custom_objects: Mapping[str, Any], title: str
) -> None:
    """Compile a model as its file says, and let its optimizer go on from its state there."""
    training = checkpoint.training
    if not training or not _entry(training):
        return  # of a model that was not compiled
    try:
        optimizer = _optimizer(checkpoint, training, custom_objects)
        settings = _settings(training, custom_objects)
        keywords = {key: value for key, value in settings.items() if value is not None}
        model.compile(optimizer, **keywords)
    except (InvalidArgument, InvalidType) as exc:
        raise InvalidDocument(
            f"the training that {title} speaks of cannot be set up: {exc} Pass functions and "
            "classes of your own in `custom_objects`, or `compile=False` for the model alone."
        ) from exc
    if checkpoint.optimizer:
        _set_state(model, optimizer, checkpoint, title)


def _optimizer(
    checkpoint: Checkpoint, training: Mapping[str, Any], custom_objects: Mapping[str, Any]
) -> Optimizer:
    entry = _entry(training)
    if not isinstance(entry, Mapping):
        return optimizers.get(entry, _TABLES[checkpoint.dialect])
    name, config = entry.get("class_name"), entry.get("config")
    for known in (entry.get("registered_name"), name):
        own = custom_objects.get(known) if isinstance(known, str) else None
        if isinstance(own, type) and issubclass(own, Optimizer):
            return own.from_config(config if isinstance(config, Mapping) else {})
    words = "tf_keras" if is_of_tf_keras(checkpoint.keras_version) else checkpoint.dialect
    table = _TABLES[words]
    if isinstance(config, Mapping):
        if words in ("tf_keras", "keras3") and "decay" in config:
            table, config = _of_legacy(name, config)
        else:
            config = dict(config) if words in ("tf_keras", "keras3") else _old_config(config)
    return optimizers.get({"class_name": name, "config": config}, table)


def _entry(training: Mapping[str, Any]) -> Any:
    return training.get("optimizer_config", training.get("optimizer"))


def _old_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration in the words of Keras 2.2.4: 2.3 says `learning_rate`."""
    renamed = dict(config)
    if "learning_rate" in renamed:
        renamed["lr"] = renamed.pop("learning_rate")
    return renamed


def _of_legacy(
    name: Any, config: Mapping[str, Any]
) -> tuple[Mapping[str, type[Optimizer]], dict[str, Any]]:
    """Return the classes for an optimizer of before TensorFlow 2.11, and its configuration there.

    It has a `decay`, often of 0: that of the learning rate, or of Nadam the one of its momentum.
    """
    renamed = dict(config)
    decay = renamed.pop("decay")
    known = optimizers.TF_KERAS_LEGACY
    table = known if isinstance(name, str) and name in known else TF_KERAS.optimizers
    if name == "Nadam":
        renamed["schedule_decay"] = decay
    elif decay:
        if "learning_rate" not in config:
            raise InvalidArgument(
                "the optimizer has a `decay` and no `learning_rate` to decay from."
            )
        rate = {"initial_learning_rate": config["learning_rate"], "decay_steps": 1}
        schedule = {"class_name": "InverseTimeDecay", "config": {**rate, "decay_rate": decay}}
        renamed["learning_rate"] = schedule
    return table, renamed


def _settings(training: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of `compile` beside the optimizer."""
    names = ("loss", "metrics", "loss_weights", "sample_weight_mode", "weighted_metrics")
    found = {name: training.get(name) for name in names}
    for name in ("loss", "metrics", "weighted_metrics"):
        found[name] = _each(found[name], custom_objects)
    return found


def _each(given: Any, custom_objects: Mapping[str, Any]) -> Any:
    """Return losses or metrics with the user's own in the place of their names."""
    if isinstance(given, list):
        return [_each(one, custom_objects) for one in given]
    if isinstance(given, Mapping):
        if "class_name" not in given:
            return {name: _each(one, custom_objects) for name, one in given.items()}
        return _object(given, custom_objects)
    own = custom_objects.get(given) if isinstance(given, str) else None
    return given if own is None else own


def _object(entry: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> Any:
    """Return what a loss or a metric of a configuration is here."""
    name, config = entry["class_name"], entry.get("config")
    if not isinstance(name, str):
        raise InvalidType(f"`class_name` of a loss or a metric must be a name; received {name!r}.")
    for known in (entry.get("registered_name"), name):
        own = custom_objects.get(known) if isinstance(known, str) else None
        if own is not None:
            is_class = isinstance(own, type)
            return own(**config) if is_class and isinstance(config, Mapping) else own
    if not isinstance(config, Mapping):
        return custom_objects.get(config, config) if isinstance(config, str) else name
    if name in _WRAPPERS and isinstance(config.get("fn"), str):
        word, function = config.get("name"), config["fn"]
        return (
            word
            if isinstance(word, str) and word in metrics.SHORT
            else custom_objects.get(function, function)
        )
    kept = {key: value for key, value in config.items() if key not in ("dtype", "fn")}
    if kept.get("axis") in (-1, None):  # which every function here has, stated or not
        kept.pop("axis", None)
    if isinstance(kept.get("reduction"), str) and kept["reduction"] in _REDUCTIONS:
        kept["reduction"] = _REDUCTIONS[kept["reduction"]]
    if name not in losses.KERAS3:
        kept.pop("reduction", None)
    return {"class_name": name, "config": kept}


# The optimizer's state.


def _trained(model: Any, optimizer: Optimizer) -> Kept:
    """Return the weights that are trained, with slots that take no memory."""
    kept = without_slots(model)
    slots: list[dict[str, Any]] = [
        {name: np.broadcast_to(0.0, shape) for name in optimizer.initial()}
        for shape in kept.weight_shapes
    ]
    if optimizer.shared():
        slots.append({name: np.zeros(()) for name in optimizer.shared()})
    kept.slots = slots
    return kept


def _set_state(model: Any, optimizer: Optimizer, checkpoint: Checkpoint, title: str) -> None:
    keeper = _trained(model, optimizer)
    arrays = _as_ours(optimizer, checkpoint, keeper)
    try:
        optimizer._order().read(arrays, keeper)
    except (InvalidArgument, InvalidType) as exc:
        has = ", ".join(f"{shown(one.name)} {one.shape}" for one in checkpoint.optimizer[:8])
        raise InvalidDocument(
            f"the state of the optimizer in {title} does not fit the model: {exc} The file has "
            f"{len(checkpoint.optimizer)} arrays: {has}. `compile=False` loads the model without "
            "it."
        ) from exc
    if isinstance(optimizer, RepeatedMoments) and checkpoint.naming != "order":
        targets = model._objective().targets  # HDF5's reader makes metrics before the first step
        makes_metrics = len(targets) > 1 or any(one.metrics for one in targets)
        optimizer.traces = 2 if makes_metrics else 1
    is_old = checkpoint.dialect != "keras3" and not is_of_tf_keras(checkpoint.keras_version)
    if isinstance(optimizer, NesterovMoments) and is_old:
        optimizer.begins_anew = True  # as in that Keras, whose files do not have the product
    optimizer.set_weights(arrays)


def _as_ours(optimizer: Any, checkpoint: Checkpoint, keeper: Kept) -> list[NumpyArray]:
    """Return the arrays of a file in the order of our optimizer of that class."""
    order: Order = optimizer._order()
    count = len(order.flat(keeper, 0.0))
    arrays = [one.read() for one in checkpoint.optimizer]
    if "iterations" not in order.heads and len(arrays) == count + 1 and not arrays[0].shape:
        # Keras 2.3 and later count updates where 2.2 did not.
        optimizer.order = replace(order, heads=("iterations", *order.heads))
        return arrays
    if is_of_tf_keras(checkpoint.keras_version):
        return _of_engine(optimizer, checkpoint, arrays, keeper)
    if "learning_rate" in order.heads and len(arrays) == count - 1 and _is_count(arrays[0]):
        return [arrays[0], _rate(optimizer, arrays[0]), *arrays[1:]]  # that of a schedule
    return arrays


def _rate(optimizer: Optimizer, iterations: NumpyArray) -> NumpyArray:
    return np.asarray(optimizer.rate_at(int(iterations)))


def _of_engine(
    optimizer: Optimizer, checkpoint: Checkpoint, arrays: list[NumpyArray], keeper: Kept
) -> list[NumpyArray]:
    """Return tf_keras's arrays with those that only Keras 3 has, and without others.

    Up to TensorFlow 2.10, whose optimizers have a `decay`, all first slots come before all second
    ones.
    """
    order, weights = optimizer._order(), len(keeper.weight_shapes)
    names = list(optimizer.initial())
    iterations, slots = arrays[0], arrays[1:]
    if not _is_count(iterations):
        return arrays  # which do not fit
    if "learning_rate" not in order.heads:  # of before, in its own order
        has_product = len(slots) == len(names) * weights + 1 and bool(optimizer.shared())
        return [iterations, *(slots[1:] if has_product else slots)]
    if not names:  # SGD keeps momentums without having any
        slots = []
    is_in_turn = "decay" in _entry(checkpoint.training or {}).get("config", {})
    if is_in_turn and len(slots) == len(names) * weights:
        slots = [
            slots[names.index(name) * weights + place]
            for group in order.groups
            for place in range(weights)
            for name in group
            if name in names
        ]
    shared = optimizer.shared_after(int(iterations))
    tail = [np.asarray(shared[name]) for name in order.tail]
    return [iterations, _rate(optimizer, iterations), *slots, *tail]


def _is_count(iterations: NumpyArray) -> bool:
    """Return whether an array of a file may be a number of updates."""
    is_number = not iterations.shape and iterations.dtype.kind in "iuf"
    return is_number and bool(np.isfinite(iterations)) and float(iterations) >= 0
