"""Keras 2 (2.2.4) by its own names: the layers of `convdispatch.layers` in its words.

A façade: it translates names and never computes.
"""

from typing import TYPE_CHECKING

from convdispatch.facades.modules import open_rooms, opener
from convdispatch.keras2 import (
    activations,
    backend,
    callbacks,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    models,
    objectives,
    optimizers,
    regularizers,
    utils,
)

__all__ = [
    "activations",
    "backend",
    "callbacks",
    "constraints",
    "datasets",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "objectives",
    "optimizers",
    "preprocessing",
    "regularizers",
    "utils",
]

__version__ = "2.2.4"  # whose names and rules these are

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = opener(__name__)
    open_rooms(__name__)
