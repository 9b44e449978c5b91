"""The functions of a `Lambda` in what is written: their names, under which a reader asks for them.

No file holds code. A function without a name of its own gets the layer's. See
`layers._functions_of_documents`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convdispatch.errors import InvalidArgument
from convdispatch.support.warnings import warn

# By class: the arguments that may be functions, the one that computes first.
ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "Lambda": ("function", "mask", "output_shape"),
    "Merge": ("mode", "output_mask", "output_shape"),  # Keras 1's
}


def has_functions(kind: str, config: Mapping[str, Any]) -> bool:
    """Return whether a configuration of a class has functions."""
    return any(callable(config.get(argument)) for argument in ARGUMENTS.get(kind, ()))


def named(kind: str, config: Mapping[str, Any], *, is_keras3: bool = False) -> dict[str, Any]:
    """Return a configuration with the names of functions; it warns of those that have none."""
    made = dict(config)
    title = str(config.get("name", kind))
    for place, argument in enumerate(ARGUMENTS[kind]):
        value = made.get(argument)
        if callable(value):
            key = _name_of(value) or (f"{title}/{argument}" if place else title)
            if not _name_of(value):
                _warn(title, argument, key)
            made[argument] = _entry(key) if is_keras3 else key
        elif value is None and place and (is_keras3 or argument == "mask"):
            made.pop(argument, None)
            continue
        if not is_keras3:
            made[f"{argument}_type"] = "function" if callable(value) else "raw"
    return made


def with_names(value: Any) -> Any:
    """Return a document with the names of functions in the place of the functions."""
    if isinstance(value, list | tuple):
        return [with_names(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    kind, config = value.get("class_name"), value.get("config")
    if isinstance(kind, str) and isinstance(config, Mapping) and has_functions(kind, config):
        return {**value, "config": named(kind, config)}
    return {key: with_names(one) for key, one in value.items()}


def require_told_apart(layers: Any) -> None:
    """Raise if two layers compute different functions of one name: a reader could not tell."""
    known: dict[str, tuple[Any, str]] = {}
    for layer in layers:
        function = getattr(layer, "_function_of_user", None)
        name = _name_of(function) if function is not None else ""
        if not name:
            continue
        other, owner = known.setdefault(name, (function, layer.name))
        if other is not function:
            raise InvalidArgument(
                f"{owner!r} and {layer.name!r} compute two functions that are both called "
                f"{name!r}, and a file holds their names. Give one of them another name."
            )


def _name_of(function: Any) -> str:
    """Return the name of a function, '' of a lambda and of an object that has none."""
    name = getattr(function, "__name__", "")
    return name if isinstance(name, str) and name.isidentifier() else ""


def _entry(name: str) -> dict[str, Any]:
    return {
        "module": "builtins",
        "class_name": "function",
        "config": name,
        "registered_name": "function",
    }


def _warn(title: str, argument: str, key: str) -> None:
    warn(
        f"the `{argument}` of {title!r} is a function without a name, and no file holds code: give "
        f"it back as `custom_objects={{{key!r}: ...}}` when you load the model."
    )
