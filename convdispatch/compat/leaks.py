"""Modules that a star import of Keras's brought along, because Keras's modules list no names.

`from keras.layers.core import *` gave a script `np` and `K`, too. Ours list their own names; while
`keras` is a façade, they list these as well.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

_OF_LAYERS = "np K activations initializers initializations regularizers constraints"
LEAKED: Mapping[str, str] = {
    "callbacks": "np K warnings os time csv json deque",
    "layers": f"{_OF_LAYERS} copy warnings",
    "layers.convolutional": _OF_LAYERS,
    "layers.core": f"{_OF_LAYERS} copy warnings",
    "layers.normalization": "K regularizers constraints",
    "layers.recurrent": f"np {_OF_LAYERS}",
    "models": "np K os json warnings optimizers",
    "objectives": "np K",
    "losses": "K",
    "optimizers": "np K",
    "regularizers": "K",
    "utils.np_utils": "np",
}
_MEANT = {"np": "numpy", "deque": "collections"}
_OURS = {
    "K": "backend",
    **dict.fromkeys(("activations", "regularizers", "constraints", "optimizers"), ""),
    **dict.fromkeys(("initializers", "initializations"), ""),
}
_OTHERS = {"keras1": "initializers", "keras2": "initializations"}  # which that Keras had not

_leaking: list[tuple[Any, Any, list[str]]] = []


def take_back() -> None:
    """Let the modules list and have their own names alone."""
    for module, listed, names in _leaking:
        for name in names:
            vars(module).pop(name, None)
        if listed is not None:
            module.__all__ = listed
        else:
            vars(module).pop("__all__", None)
    _leaking.clear()


def leak(module: Any, api: str) -> None:
    """Give a façade's module the names that a star import of Keras's brought along."""
    path = module.__name__.removeprefix(f"convdispatch.{api}").strip(".")
    names = [name for name in LEAKED.get(path, "").split() if name != _OTHERS[api]]
    if not names or any(one is module for one, _, _ in _leaking):
        return
    listed = list(getattr(module, "__all__", [n for n in dir(module) if not n.startswith("_")]))
    new = [name for name in names if name not in vars(module)]
    _leaking.append((module, vars(module).get("__all__"), new))
    for name in new:
        setattr(module, name, _meant(name, api))
    module.__all__ = [*listed, *(name for name in names if name not in listed)]


def _meant(name: str, api: str) -> Any:
    if name in _OURS:
        return importlib.import_module(f"convdispatch.{api}.{_OURS[name] or name}")
    found: Any = importlib.import_module(_MEANT.get(name, name))
    return found.deque if name == "deque" else found
