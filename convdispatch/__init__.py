"""One convolution frontend, any backend, provably the same answer.

Nothing here imports a framework, and NumPy only once a layer is asked for: every name is looked
up on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from convdispatch.comparison import Comparison, compare
    from convdispatch.autodiff import Gradients, gradients
    from convdispatch.initializers import set_random_seed
    from convdispatch.models import Sequential, model_from_json
    from convdispatch.selection import (
        available_backends,
        backend,
        backend_of,
        convention,
        epsilon,
        floatx,
        image_data_format,
        set_backend,
        set_convention,
        set_epsilon,
        set_floatx,
        set_image_data_format,
        to_numpy,
        use_backend,
        use_convention,
    )

_HOMES = {
    "Comparison": "comparison",
    "Gradients": "autodiff",
    "Sequential": "models",
    "available_backends": "selection",
    "backend": "selection",
    "backend_of": "selection",
    "compare": "comparison",
    "convention": "selection",
    "epsilon": "selection",
    "floatx": "selection",
    "gradients": "autodiff",
    "image_data_format": "selection",
    "model_from_json": "models",
    "set_backend": "selection",
    "set_convention": "selection",
    "set_epsilon": "selection",
    "set_floatx": "selection",
    "set_image_data_format": "selection",
    "set_random_seed": "initializers",
    "to_numpy": "selection",
    "use_backend": "selection",
    "use_convention": "selection",
}
_MODULES = (
    "activations",
    "constraints",
    "initializers",
    "keras1",
    "keras2",
    "layers",
    "models",
    "regularizers",
)

__all__ = [*_HOMES, *_MODULES]  # noqa: PLE0604  # names, looked up below


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
