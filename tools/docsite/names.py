"""Which names are public: those of the modules in `MODULES`, as a user imports them.

The site's reference shows them, and a test counts what each lacks.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from convdispatch import activations, constraints, initializers, losses, metrics, regularizers

_LAYERS = [
    "advanced_activations",
    "convolutional",
    "convolutional_recurrent",
    "core",
    "embeddings",
    "local",
    "merge",
    "noise",
    "normalization",
    "pooling",
    "recurrent",
    "wrappers",
]
_FORMULAS: Mapping[str, ModuleType] = {
    "activations": activations,
    "constraints": constraints,
    "initializers": initializers,
    "initializations": initializers,
    "losses": losses,
    "objectives": losses,
    "metrics": metrics,
    "regularizers": regularizers,
}

# Where names are looked up, and the module that a user imports them from.
MODULES: Mapping[str, str] = {
    "convdispatch": "convdispatch",
    "convdispatch.layers": "convdispatch.layers",
    **{f"convdispatch.layers.{each}": "convdispatch.layers" for each in _LAYERS},
    **{
        f"convdispatch.{each}": f"convdispatch.{each}"
        for each in (
            *("models", "activations", "initializers", "regularizers", "constraints", "losses"),
            *("metrics", "optimizers", "optimizers.schedules", "callbacks"),
            *("errors", "ops", "kit", "hookspecs"),
        )
    },
}


def _of_facade(facade: str, initializers_name: str) -> dict[str, str]:
    layers = f"{facade}.layers"
    others = f"models activations {initializers_name} regularizers constraints losses metrics"
    return {
        layers: layers,
        **{
            f"{layers}.{each}": layers
            for each in _LAYERS
            if not (each == "merge" and facade.endswith("1"))
        },
        **{
            f"{facade}.{each}": f"{facade}.{each}"
            for each in [*others.split(), "optimizers", "callbacks", "backend", "utils.np_utils"]
        },
    }


FACADES: Mapping[str, str] = {
    **_of_facade("convdispatch.keras1", "initializations"),
    **_of_facade("convdispatch.keras2", "initializers"),
}
# Names that a module has for its own use.
_OWN_USE = {
    "convdispatch.callbacks": {"Moments", "as_list", "moments_of", "say_done", "told"},
    "convdispatch.hookspecs": {"hookspec"},
}


@dataclass(frozen=True)
class Name:
    """A public name: how it is imported, and what it stands for."""

    module: str
    name: str
    value: Any

    @property
    def full(self) -> str:
        """The name with its module."""
        return f"{self.module}.{self.name}"

    @property
    def is_class(self) -> bool:
        """Whether it is a class; else it is called as a function."""
        return isinstance(self.value, type)


def all_modules() -> dict[str, str]:
    """Return the modules of the reference, each with where its names are imported from."""
    return {**MODULES, **FACADES}


def names_of(module: str) -> list[Name]:
    """Return the public classes and functions of a module, but those that a module of it has."""
    imported_from = all_modules()[module]
    parts = [other for other, above in all_modules().items() if above == module != other]
    elsewhere = {name.name for part in parts for name in names_of(part)}
    found = []
    for name in _candidates(module):
        value = getattr(importlib.import_module(module), name)
        if name not in elsewhere and callable(value) and not _is_alias_of_types(value):
            found.append(Name(imported_from, name, value))
    return found


def _is_alias_of_types(value: object) -> bool:
    return not isinstance(value, type) and hasattr(value, "__origin__")


def _candidates(module: str) -> list[str]:
    """Return the names that a module shows, sorted but for case."""
    loaded = importlib.import_module(module)
    listed = getattr(loaded, "__all__", None)
    if listed is None:
        listed = [name for name, value in vars(loaded).items() if _is_ours(value)]
        listed += _vocabulary(module)
    hidden = _OWN_USE.get(module, set()) | {"attributes_of", "opener", "OwnOptimizer"}
    return sorted({n for n in listed if n[0] != "_" and n not in hidden}, key=str.lower)


def _is_ours(value: object) -> bool:
    if isinstance(value, ModuleType):
        return False
    home = getattr(getattr(value, "func", value), "__module__", None)
    return str(home).startswith("convdispatch") or type(value).__name__.startswith("Hook")


def _vocabulary(module: str) -> Iterator[str]:
    """Return the names that a façade's module of formulas looks up in its Keras's table."""
    _, facade, last = (module + "..").split(".")[:3]
    if facade.startswith("keras") and last in _FORMULAS:
        yield from getattr(_FORMULAS[last], facade.upper())
