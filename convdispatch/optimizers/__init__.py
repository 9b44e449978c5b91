"""The optimizers of Keras 3, and `get` by name."""

from convdispatch.formulas.optimizers import Optimizer, deserialize, get, serialize
from convdispatch.formulas.optimizers._keras3 import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Nadam,
    RMSprop,
)
from convdispatch.optimizers import schedules

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]
