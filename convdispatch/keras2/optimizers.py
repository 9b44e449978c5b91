"""Keras 2's optimizers: `get` by name, and the classes."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from convdispatch.formulas import custom_objects, optimizers
from convdispatch.formulas.optimizers._keras2 import SGD as SGD
from convdispatch.formulas.optimizers._keras2 import Adadelta as Adadelta
from convdispatch.formulas.optimizers._keras2 import Adagrad as Adagrad
from convdispatch.formulas.optimizers._keras2 import Adam as Adam
from convdispatch.formulas.optimizers._keras2 import Adamax as Adamax
from convdispatch.formulas.optimizers._keras2 import Nadam as Nadam
from convdispatch.formulas.optimizers._keras2 import RMSprop as RMSprop
from convdispatch.symbolic.own_optimizers import OwnOptimizer
from convdispatch.symbolic.own_optimizers import clip_norm as clip_norm

Optimizer = OwnOptimizer  # the base of a script's own

get = partial(optimizers.get, table=optimizers.KERAS2)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the optimizer of a configuration, whose name gets small letters, as in Keras 2.2.4."""
    found = _deserialize(config, custom_objects)
    name = config.get("class_name") if isinstance(config, dict) else None
    if isinstance(name, str) and name in optimizers.KERAS2:
        config["class_name"] = name.lower()
    return found


_deserialize = custom_objects.deserializer(get)
serialize = optimizers.serialize
# The names that Keras 2 has for the same classes.
sgd, rmsprop, adagrad, adadelta = SGD, RMSprop, Adagrad, Adadelta
adam, adamax, nadam = Adam, Adamax, Nadam
