"""An optimizer in another Keras's words, with the same hyperparameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convdispatch.doors.written import TITLES
from convdispatch.errors import InvalidArgument
from convdispatch.formulas.dialects import KERAS1, KERAS2, KERAS3, TF_KERAS
from convdispatch.formulas.optimizers import TF_KERAS_LEGACY, Optimizer
from convdispatch.formulas.optimizers.schedules import InverseTimeDecay

_TABLES: Mapping[str, Mapping[str, type[Optimizer]]] = {
    "keras1": KERAS1.optimizers,
    "keras2": KERAS2.optimizers,
    "tf_keras": TF_KERAS.optimizers,
    "keras3": KERAS3.optimizers,
}
_OLD = ("keras1", "keras2")
# What only later optimizers have, with the values that mean that it is not used.
_LATER: Mapping[str, object] = {
    "weight_decay": None,
    "clipnorm": None,
    "momentum": 0.0,  # of RMSprop
    "centered": False,
    "amsgrad": False,
}
_NO_WORDS = ("name", "use_ema", "ema_momentum", "ema_overwrite_frequency", "loss_scale_factor")


def is_of_script(optimizer: Any) -> bool:
    """Whether a class of a script's own says how this optimizer changes variables.

    A file names the class and holds its configuration, but not the variables.
    """
    return bool(getattr(optimizer, "_is_of_script", False))


def is_legacy(optimizer: Any) -> bool:
    """Whether this is an optimizer of TensorFlow's Keras that later ones do not do the same as."""
    return type(optimizer) in TF_KERAS_LEGACY.values()


def optimizer_in(optimizer: Any, dialect: str) -> Any:
    """Return the optimizer, or one of the dialect that does the same; raise if it has none."""
    table = _TABLES[dialect]
    name = type(optimizer).__name__
    if type(optimizer) in table.values() or is_of_script(optimizer):
        return optimizer
    if dialect == "tf_keras" and is_legacy(optimizer):
        return optimizer
    if name not in table or name == "Nadam":
        raise _cannot(optimizer, dialect, "that Keras has none that does the same")
    config = dict(optimizer.get_config())
    is_old = "lr" in config
    if is_old and dialect not in _OLD:
        config = _as_later(config, name)
    elif not is_old and dialect in _OLD:
        config = _as_older(optimizer, config, dialect)
    elif dialect == "keras1":
        _require_unused(optimizer, config, ("amsgrad",), dialect)
        config.pop("amsgrad", None)
    return table[name].from_config(config)


def _as_later(config: dict[str, Any], name: str) -> dict[str, Any]:
    rate, decay = config.pop("lr"), config.pop("decay", 0.0)
    config["learning_rate"] = InverseTimeDecay(rate, 1, decay) if decay else rate
    config["global_clipnorm"] = config.pop("clipnorm", None)
    if name == "Adagrad":
        config["initial_accumulator_value"] = 0.0
    if isinstance(config["learning_rate"], InverseTimeDecay):
        config["learning_rate"] = config["learning_rate"].serialized()
    return config


def _as_older(optimizer: Any, config: dict[str, Any], dialect: str) -> dict[str, Any]:
    name = type(optimizer).__name__
    later = [key for key in _LATER if key in config and (name, key) != ("SGD", "momentum")]
    if dialect == "keras2":
        later = [key for key in later if key != "amsgrad"]
    _require_unused(optimizer, config, later, dialect)
    rate = config.pop("learning_rate")
    if not isinstance(rate, float):
        raise _cannot(optimizer, dialect, "its learning rate is a schedule or a function")
    dropped = (*later, *_NO_WORDS, "gradient_accumulation_steps", "initial_accumulator_value")
    kept = {key: value for key, value in config.items() if key not in dropped}
    norm = kept.pop("global_clipnorm", None)
    kept |= {"lr": rate} | ({} if norm is None else {"clipnorm": norm})
    return {key: value for key, value in kept.items() if value is not None}


def _require_unused(optimizer: Any, config: Mapping[str, Any], keys: Any, dialect: str) -> None:
    for key in keys:
        if key in config and config[key] != _LATER[key]:
            raise _cannot(optimizer, dialect, f"it has no `{key}`, here {config[key]!r}")


def _cannot(optimizer: Any, dialect: str, reason: str) -> InvalidArgument:
    return InvalidArgument(
        f"a file of {TITLES[dialect]} cannot hold the optimizer {type(optimizer).__name__}: "
        f"{reason}. Save without it, `include_optimizer=False`, or with another `dialect`."
    )
