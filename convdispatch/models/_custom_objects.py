"""A user's own functions and classes in the place of their names in a document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convdispatch.engine.layer import Layer
from convdispatch.formulas.custom_objects import spellings

# How the arguments end that name functions: activations, and those of weights. Keras 1 says `init`.
_FUNCTIONS = ("activation", "initializer", "regularizer", "constraint", "init")


def with_objects(document: Any, custom_objects: Mapping[str, Any]) -> Any:
    """Return a document in which names of functions are replaced by the user's functions.

    Classes of layers stay names, which the reader looks up.
    """
    own = {name: one for name, one in custom_objects.items() if not _is_layer(one)}
    return _replaced(document, own) if own else document


def _is_layer(custom: Any) -> bool:
    return isinstance(custom, type) and issubclass(custom, Layer)


def _replaced(value: Any, own: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_replaced(one, own) for one in value]
    if not isinstance(value, Mapping):
        return value
    return {
        key: _object(one, own) if key.endswith(_FUNCTIONS) else _replaced(one, own)
        for key, one in value.items()
    }


def _object(given: Any, own: Mapping[str, Any]) -> Any:
    """Return the user's object for a name, or one of the user's class for a configuration."""
    if isinstance(given, str):
        return next((own[one] for one in spellings(given) if one in own), given)
    if not isinstance(given, Mapping):
        return given
    named: Any = given.get("config")
    said = (given.get("registered_name"), given.get("class_name"), named)
    for name in (one for each in said if isinstance(each, str) for one in spellings(each)):
        if name in own:
            found = own[name]
            if not isinstance(found, type):
                return found
            make = getattr(found, "from_config", None)
            config = dict(named) if isinstance(named, Mapping) else {}
            return make(config) if make is not None else found(**config)
    return given
