"""The optimizers of Keras 1, 2 and 3 by name: update rules over a backend's table of functions.

`KERAS3` is what `convdispatch.optimizers` reads; `KERAS2` (2.2.4) and `KERAS1` (1.2.2) are the
façades', and `TF_KERAS` is that of files of TensorFlow's Keras. An update is pure: see `Optimizer`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import convdispatch.formulas.optimizers._keras1 as keras1
import convdispatch.formulas.optimizers._keras2 as keras2
import convdispatch.formulas.optimizers._keras3 as keras3
import convdispatch.formulas.optimizers._tf_keras as tf_keras
import convdispatch.formulas.optimizers._tf_keras_legacy as tf_keras_legacy
from convdispatch.errors import InvalidType
from convdispatch.formulas import lookup
from convdispatch.formulas.optimizers._keras2 import provide as provide
from convdispatch.formulas.optimizers._optimizer import Optimizer as Optimizer

Entry: TypeAlias = type[Optimizer]

KERAS3: Mapping[str, Entry] = {
    "SGD": keras3.SGD,
    "RMSprop": keras3.RMSprop,
    "Adagrad": keras3.Adagrad,
    "Adadelta": keras3.Adadelta,
    "Adam": keras3.Adam,
    "AdamW": keras3.AdamW,
    "Adamax": keras3.Adamax,
    "Nadam": keras3.Nadam,
}
TF_KERAS: Mapping[str, Entry] = {**KERAS3, "Nadam": tf_keras.Nadam}
# Of before TensorFlow 2.11, where what came later does not do the same.
TF_KERAS_LEGACY: Mapping[str, Entry] = {
    "RMSprop": tf_keras_legacy.RMSprop,
    "Adagrad": tf_keras_legacy.Adagrad,
    "Nadam": tf_keras_legacy.Nadam,
}
KERAS2: Mapping[str, Entry] = {
    "SGD": keras2.SGD,
    "RMSprop": keras2.RMSprop,
    "Adagrad": keras2.Adagrad,
    "Adadelta": keras2.Adadelta,
    "Adam": keras2.Adam,
    "Adamax": keras2.Adamax,
    "Nadam": keras2.Nadam,
}
KERAS1: Mapping[str, Entry] = {
    "SGD": keras1.SGD,
    "RMSprop": keras1.RMSprop,
    "Adagrad": keras1.Adagrad,
    "Adadelta": keras1.Adadelta,
    "Adam": keras1.Adam,
    "Adamax": keras1.Adamax,
    "Nadam": keras1.Nadam,
}


def get(identifier: object, table: Mapping[str, Entry] = KERAS3) -> Optimizer:
    """Return the optimizer that `identifier` stands for in `table`.

    A name in any case, a dictionary with 'class_name' and 'config', an `Optimizer` or its class.

    >>> get("adam").get_config()["beta_2"]
    0.999
    """
    factories = {name: _maker(entry) for name, entry in table.items()}
    spelled = {name.lower(): name for name in table}
    if isinstance(identifier, str):
        identifier = spelled.get(identifier.lower(), identifier)
    elif isinstance(identifier, Mapping) and isinstance(identifier.get("class_name"), str):
        name = identifier["class_name"].removeprefix("Custom>")  # so tf_keras writes its own
        identifier = {**identifier, "class_name": spelled.get(name.lower(), name)}
    is_class = isinstance(identifier, type) and issubclass(identifier, Optimizer)
    if not is_class and not isinstance(identifier, str | Mapping | Optimizer):
        raise InvalidType(
            f"cannot interpret {identifier!r} (of type {type(identifier).__name__}) as an "
            f"optimizer; allowed: a name, a configuration or an Optimizer. The names are "
            f"{lookup.quoted(table)}. A framework's own optimizer trains the functions that "
            f"`model.functional()` returns."
        )
    found = lookup.resolve(identifier, factories, kind="optimizer", base=Optimizer)
    assert isinstance(found, Optimizer)
    return found


def _maker(entry: Entry) -> Callable[..., Optimizer]:
    """Return what makes an optimizer of the arguments in a configuration."""
    return lambda **config: entry.from_config(config)


def serialize(optimizer: Optimizer) -> object:
    """Return the configuration of an optimizer.

    >>> serialize(get("sgd", KERAS1))["config"]["lr"]
    0.01
    """
    return lookup.serialize(optimizer)


def deserialize(config: object, table: Mapping[str, Entry] = KERAS3) -> Optimizer:
    """Return the optimizer that `serialize` described."""
    return get(config, table)
