"""One convolution frontend, any backend, provably the same answer.

This module imports no framework, and NumPy only when a layer is first used: it looks up every name
on first use.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from convdispatch import activations as activations
    from convdispatch import callbacks as callbacks
    from convdispatch import constraints as constraints
    from convdispatch import initializers as initializers
    from convdispatch import keras1 as keras1
    from convdispatch import keras2 as keras2
    from convdispatch import layers as layers
    from convdispatch import losses as losses
    from convdispatch import metrics as metrics
    from convdispatch import models as models
    from convdispatch import optimizers as optimizers
    from convdispatch import regularizers as regularizers
    from convdispatch.formulas.initializers import set_random_seed as set_random_seed
    from convdispatch.models import Model as Model
    from convdispatch.models import Sequential as Sequential
    from convdispatch.models import load_model as load_model
    from convdispatch.models import model_from_json as model_from_json
    from convdispatch.models.autotuning import autotune as autotune
    from convdispatch.models.plotting import plot_model as plot_model
    from convdispatch.numerics.comparison import Comparison as Comparison
    from convdispatch.numerics.comparison import compare as compare
    from convdispatch.numerics.gradients import Gradients as Gradients
    from convdispatch.numerics.gradients import gradients as gradients
    from convdispatch.runtime.selection import available_backends as available_backends
    from convdispatch.runtime.selection import backend as backend
    from convdispatch.runtime.selection import backend_of as backend_of
    from convdispatch.runtime.selection import convention as convention
    from convdispatch.runtime.selection import epsilon as epsilon
    from convdispatch.runtime.selection import floatx as floatx
    from convdispatch.runtime.selection import image_data_format as image_data_format
    from convdispatch.runtime.selection import set_backend as set_backend
    from convdispatch.runtime.selection import set_convention as set_convention
    from convdispatch.runtime.selection import set_epsilon as set_epsilon
    from convdispatch.runtime.selection import set_floatx as set_floatx
    from convdispatch.runtime.selection import set_image_data_format as set_image_data_format
    from convdispatch.runtime.selection import to_numpy as to_numpy
    from convdispatch.runtime.selection import use_backend as use_backend
    from convdispatch.runtime.selection import use_convention as use_convention
    from convdispatch.runtime.selection import use_device as use_device

_HOMES = {
    "Comparison": "numerics.comparison",
    "Gradients": "numerics.gradients",
    "Model": "models",
    "Sequential": "models",
    "autotune": "models.autotuning",
    "available_backends": "runtime.selection",
    "backend": "runtime.selection",
    "backend_of": "runtime.selection",
    "compare": "numerics.comparison",
    "convention": "runtime.selection",
    "epsilon": "runtime.selection",
    "floatx": "runtime.selection",
    "gradients": "numerics.gradients",
    "image_data_format": "runtime.selection",
    "load_model": "models",
    "model_from_json": "models",
    "plot_model": "models.plotting",
    "set_backend": "runtime.selection",
    "set_convention": "runtime.selection",
    "set_epsilon": "runtime.selection",
    "set_floatx": "runtime.selection",
    "set_image_data_format": "runtime.selection",
    "set_random_seed": "formulas.random",
    "to_numpy": "runtime.selection",
    "use_backend": "runtime.selection",
    "use_device": "runtime.selection",
    "use_convention": "runtime.selection",
}
_MODULES = (
    "activations",
    "callbacks",
    "constraints",
    "initializers",
    "keras1",
    "keras2",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "regularizers",
)

# Reachable by their full names, but not useful in an `import *`.
_OTHER_DOORS = ("dispatch", "registry", "selection")

__all__ = [*_HOMES, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES or name in _OTHER_DOORS:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    # Imported where it is needed, so that `import convdispatch` alone costs almost nothing.
    elsewhere = importlib.import_module(f"{__name__}.doors.elsewhere")
    raise elsewhere.missing(__name__, name, sys._getframe(1))


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
