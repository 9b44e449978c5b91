"""How a model is trained, in a Keras's words: losses, metrics, the optimizer and its arrays."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from convdispatch.doors.written import TITLES
from convdispatch.engine.declarations import lasting
from convdispatch.errors import InvalidArgument
from convdispatch.formulas import losses, metrics
from convdispatch.formulas.dialects import KERAS1, KERAS2, KERAS3, TF_KERAS
from convdispatch.formulas.optimizers import Optimizer
from convdispatch.formulas.optimizers.schedules import InverseTimeDecay
from convdispatch.models.files.storing_optimizers import is_legacy, optimizer_in
from convdispatch.models.files.storing_weights import stored
from convdispatch.ops import Shape
from convdispatch.saving.checkpoint import StoredArray
from convdispatch.training.subject import are_trainable

_DIALECTS = {"keras1": KERAS1, "keras2": KERAS2, "tf_keras": TF_KERAS, "keras3": KERAS3}
_MODERN = ("tf_keras", "keras3")


def training_of(model: Any, dialect: str, *, in_zip: bool) -> dict[str, Any] | None:
    """Return the settings of `compile` as a file has them, None of a model without any."""
    wishes = model._wishes
    if wishes is None:
        return None
    words = _DIALECTS[dialect]
    loss = _each(model.loss, lambda one: _said("loss", one, losses, words.losses, dialect))
    if dialect == "keras3" and not in_zip:
        loss = _each(loss, _whole_name)  # its reader of HDF5 knows no short ones
    plain, weighted = (
        _each(given, lambda one: _said("metric", one, metrics, words.metrics, dialect))
        for given in (wishes.metrics, wishes.weighted_metrics)
    )
    optimizer = optimizer_in(model.optimizer, dialect)
    entry = {"class_name": type(optimizer).__name__, "config": _config(optimizer, dialect)}
    weights = wishes.loss_weights
    if dialect not in _MODERN:
        if weighted:
            raise _cannot("`weighted_metrics`", dialect)
        return {
            "optimizer_config": entry,
            "loss": loss,
            "metrics": plain if plain or dialect == "keras1" else [],
            "sample_weight_mode": wishes.sample_weight_mode,
            "loss_weights": weights,
        }
    found = {
        "loss": loss,
        "loss_weights": weights,
        "metrics": plain,
        "weighted_metrics": weighted,
    }
    if in_zip:
        is_first = dialect == "tf_keras" and is_legacy(optimizer)
        module = "keras.optimizers.legacy" if is_first else "keras.optimizers"
        found["optimizer"] = {"module": module, **entry, "registered_name": None}
    else:
        is_later = dialect == "tf_keras" and not is_legacy(optimizer)
        own = f"Custom>{entry['class_name']}" if is_later else entry["class_name"]
        found["optimizer_config"] = {**entry, "class_name": own}
    return {**found, "run_eagerly": False, "steps_per_execution": 1, "jit_compile": False}


def _each(given: Any, function: Any) -> Any:
    if given is None:
        return None
    if isinstance(given, list) or (isinstance(given, tuple) and not _is_named(given)):
        return [_each(one, function) for one in given]
    if isinstance(given, Mapping) and "class_name" not in given:
        return {name: _each(one, function) for name, one in given.items()}
    return function(given)


def _is_named(given: tuple[Any, ...]) -> bool:
    """Return whether this is a metric as `wishes` keeps it: the user's word, and what it means."""
    return len(given) == 2 and isinstance(given[0], str) and not isinstance(given[1], str)


def _said(kind: str, given: Any, module: Any, table: Mapping[str, Any], dialect: str) -> Any:
    """Return a word for a loss or a metric in a dialect, or the configuration of an object."""
    word = given[0] if isinstance(given, tuple) else given
    if isinstance(word, str):
        if word not in table and word not in metrics.SHORT:
            raise _cannot(f"the {kind} {word!r}", dialect)
        return word
    if is_of_user(word):
        return _own_name(kind, word, dialect)
    found = module.serialize(word) if not isinstance(word, Mapping) else dict(word)
    name = found.get("class_name") if isinstance(found, Mapping) else found
    if name not in table and isinstance(found, Mapping):
        found = name = _as_word(module.get(found), name)
    if name not in table:
        raise _cannot(f"the {kind} {name!r}", dialect)
    if isinstance(found, Mapping) and dialect in _MODERN:
        module_name = "keras.losses" if kind == "loss" else "keras.metrics"
        return {"module": module_name, **found, "registered_name": None}
    return found


def is_of_user(function: Any) -> bool:
    """Whether this is a function, or an object's class, that the user has defined."""
    kind = function if inspect.isroutine(function) else type(function)
    is_ours = str(getattr(kind, "__module__", "")).partition(".")[0] == __name__.partition(".")[0]
    return callable(function) and not is_ours


def _own_name(kind: str, function: Any, dialect: str) -> str:
    """Return the name of a user's function, by which whoever loads the file gives it again."""
    name = getattr(function, "__name__", None)
    if name is None:
        raise _cannot(f"the {kind} {type(function).__name__}", dialect)
    return str(name)


def _whole_name(loss: Any) -> Any:
    """Return the name of the function that a short word such as 'mse' stands for."""
    return getattr(losses.get(loss), "name", loss) if isinstance(loss, str) else loss


def _as_word(given: Any, name: Any) -> Any:
    """Return the function's name for an object of a class that does what the function does."""
    config = given.get_config() if hasattr(given, "get_config") else {}
    is_plain = config == type(given)().get_config() if config.get("name") else False
    return config["name"] if is_plain else name


def _cannot(what: str, dialect: str) -> InvalidArgument:
    return InvalidArgument(
        f"a file of {TITLES[dialect]} cannot hold {what}, which that Keras does not have. Save "
        "without the settings of training, `include_optimizer=False`, or with another `dialect`."
    )


def _config(optimizer: Optimizer, dialect: str) -> dict[str, Any]:
    config = optimizer.get_config()
    rate = config.get("learning_rate")
    if isinstance(rate, Mapping):
        module = "keras.optimizers.schedules"
        config["learning_rate"] = {"module": module, **rate, "registered_name": None}
    if dialect == "tf_keras":
        for key in ("loss_scale_factor", "gradient_accumulation_steps"):
            config.pop(key)
        if is_legacy(optimizer):
            return _legacy_config(optimizer, config)
        config |= {"jit_compile": False, "is_legacy_optimizer": False}
    return config


def _legacy_config(optimizer: Optimizer, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration of before TensorFlow 2.11."""
    unused = {"weight_decay": None, "use_ema": False}
    for key, nothing in unused.items():
        if config[key] not in (nothing, 0.0):
            raise _cannot(f"`{key}` of {type(optimizer).__name__}", "tf_keras")
    later = ("weight_decay", "use_ema", "ema_momentum", "ema_overwrite_frequency")
    kept = {k: v for k, v in config.items() if k not in later and (v is not None or k == "name")}
    kept["decay"] = kept.pop("schedule_decay", 0.0)
    rate = optimizer.learning_rate  # type: ignore[attr-defined]  # all legacy ones have it
    if isinstance(rate, InverseTimeDecay) and rate.decay_steps == 1 and not rate.staircase:
        kept |= {"learning_rate": rate.initial_learning_rate, "decay": rate.decay_rate}
    return kept


# The optimizer's arrays.


@dataclass
class Kept:
    """What an optimizer keeps of a model that is not trained now: see `Keeper`."""

    layer_names: list[tuple[str, str]]
    weight_shapes: list[Shape]
    slots: list[dict[str, Any]] = field(default_factory=list)
    iterations: int = 0

    def names(self) -> Sequence[tuple[str, str]]:
        """Return the names of the weights that are trained."""
        return self.layer_names

    def shapes(self) -> Sequence[Shape]:
        """Return the shapes of these weights."""
        return self.weight_shapes

    def read(self) -> list[dict[str, Any]]:
        """Return the slots."""
        return [dict(own) for own in self.slots]

    def write(self, slots: Sequence[dict[str, Any]], iterations: int) -> None:
        """Take other slots."""
        self.slots, self.iterations = list(slots), iterations


def trained_weights(model: Any) -> list[tuple[Any, int]]:
    """Return the weights that the optimizer changes, as layers and places among their weights."""
    layers = list(model._layers)
    return [
        (layer, place)
        for layer, is_trained in zip(layers, are_trainable(model, layers), strict=True)
        for place, weight in enumerate(lasting(layer.declared_weights))
        if is_trained and weight.trainable
    ]


def without_slots(model: Any) -> Kept:
    """Return the weights that an optimizer changes, by their names and shapes alone."""
    weights = trained_weights(model)
    declared = [lasting(layer.declared_weights)[place] for layer, place in weights]
    return Kept(
        [layer.inner_name(one.name) for (layer, _), one in zip(weights, declared, strict=True)],
        [one.public_shape for one in declared],
    )


def kept_by(model: Any, optimizer: Any) -> Kept | None:
    """Return an optimizer's slots and the number of its updates, None before the first one."""
    kept = without_slots(model)
    if optimizer._keeper is not None:
        kept.write(optimizer._keeper.read(), optimizer._keeper.iterations)
        return kept
    if not optimizer._awaiting:
        return None
    slots: list[dict[str, Any]] = [
        {name: np.zeros(shape) for name in optimizer.initial()} for shape in kept.weight_shapes
    ]
    shared = {name: np.asarray(value) for name, value in optimizer.shared().items()}
    kept.write([*slots, shared] if shared else slots, 0)
    read, heads = optimizer._order().read(optimizer._awaiting, kept)
    iterations = int(heads.get("iterations", 0))
    if shared and not optimizer._order().tail:
        read[-1] = {n: np.asarray(v) for n, v in optimizer.shared_after(iterations).items()}
    kept.write(read, iterations)
    return kept


def optimizer_arrays(optimizer: Any, kept: Kept, dialect: str) -> list[StoredArray]:
    """Return the arrays of an optimizer of that dialect, in its order and under its names."""
    order = optimizer._order()
    rate = optimizer.rate_at(kept.iterations)
    heads = list(order.heads)
    is_first = dialect == "tf_keras" and is_legacy(optimizer)
    if dialect == "tf_keras" and not is_first:
        heads.remove("learning_rate")
        order = replace(order, heads=tuple(heads), tail=())
        if type(optimizer).__name__ == "SGD":  # which keeps momentums without having any
            order = replace(order, stand_ins={"momentum": "alike"})
    elif dialect == "keras3" and not isinstance(optimizer.learning_rate, float):
        heads.remove("learning_rate")
        order = replace(order, heads=tuple(heads))
    values = [np.asarray(value) for value in order.flat(kept, rate)]
    if is_first and optimizer.shared():
        values.insert(1, np.asarray(kept.slots[-1]["u_product"]))
    dtype = next((one.dtype for own in kept.slots for one in own.values()), np.dtype("float32"))
    name = type(optimizer).__name__
    found = []
    for place, value in enumerate(values):
        head = heads[place] if place < len(heads) else None
        own_type = dtype if head is None else _HEAD_TYPES[dialect, head]
        own_name = _name(dialect, name, place, head)
        found.append(stored(own_name, np.asarray(value, own_type)))
    return found


_HEAD_TYPES = {
    ("keras1", "iterations"): "float32",
    ("keras2", "iterations"): "int64",
    ("tf_keras", "iterations"): "int64",
    ("keras3", "iterations"): "int32",
    ("keras3", "learning_rate"): "float32",
}


def _name(dialect: str, optimizer: str, place: int, head: str | None) -> str:
    """Return the name of an array: like Keras's, and another one for each."""
    if dialect == "keras1":
        return f"param_{place}"
    if dialect == "keras2":
        return f"{optimizer}/{head}" if head else f"training/{optimizer}/variable_{place}"
    if dialect == "tf_keras":
        return "iteration:0" if head else f"{optimizer}/variable_{place}:0"
    said = {"iterations": "iteration", None: f"variable_{place}"}.get(head, head)
    return f"{optimizer.lower()}/{said}"
