"""Keras 1 (1.2.2) by its own names, argument orders and weight layouts.

A façade: it translates names and never computes.
"""

from typing import TYPE_CHECKING

from convdispatch.facades.modules import open_rooms, opener
from convdispatch.keras1 import (
    activations,
    backend,
    callbacks,
    constraints,
    initializations,
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
    "initializations",
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

__version__ = "1.2.2"  # whose names and rules these are

if not TYPE_CHECKING:  # for type checkers there is nothing to find
    __getattr__ = opener(__name__)
    open_rooms(__name__)
