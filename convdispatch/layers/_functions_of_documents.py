"""The functions of a `Lambda` in a document: the caller's, never the document's.

Keras 1, 2 and tf_keras store the compiled code of a function, or its name; Keras 3 the code, or a
module and a name. Code in a file is never run and no module is imported for it: whoever wrote the
file would run what he likes on this machine. The caller gives the functions by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from convdispatch.errors import InvalidDocument, InvalidType
from convdispatch.formulas.custom_objects import spellings
from convdispatch.support.documents import shown

# By class: the argument that a document must have a function for, and others that may be one.
_ARGUMENTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "Lambda": ("function", ("mask", "output_shape")),
    "Merge": ("mode", ("output_mask", "output_shape")),  # Keras 1's
}
_KINDS = ("function", "lambda")  # what `function_type` says of one; 'raw' is any other value
_MOST_NAMED = 6
_LONGEST = 200  # characters of a function's name


def with_functions(document: Any, own: Mapping[str, Any]) -> Any:
    """Return a document whose `Lambda` layers have the functions that the caller gives.

    They are looked up by the name of the layer and by that of the function; a mask's by
    'layer/mask' too. Raises `InvalidDocument` with all that are missing.
    """
    found = _Functions(own)
    made = found.filled(document)
    if found.missing:
        raise InvalidDocument(_about(found.missing))
    return made


def with_own_functions(kind: str, config: Any, own: Mapping[str, Any]) -> Any:
    """Return the configuration of one layer with the functions that `own` has for it."""
    if not isinstance(config, Mapping):
        return config
    found = _Functions(own)
    made = found.layer(kind, config)
    if found.missing:
        raise InvalidDocument(_about(found.missing))
    return made


class _Functions:
    """Replaces functions in a document, and collects those that nobody gave."""

    def __init__(self, own: Mapping[str, Any]) -> None:
        self._own = own
        self.missing: list[tuple[str, str, str]] = []  # the layer, what the document has, the key

    def filled(self, value: Any) -> Any:
        """Return a part of the document with the functions in it."""
        if isinstance(value, list):
            return [self.filled(one) for one in value]
        if not isinstance(value, Mapping):
            return value
        name, config = value.get("class_name"), value.get("config")
        is_such = isinstance(name, str) and name in _ARGUMENTS and name not in self._own
        if is_such and isinstance(config, Mapping):
            return {**value, "config": self.layer(str(name), config)}
        return {key: self.filled(one) for key, one in value.items()}

    def layer(self, kind: str, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the configuration of a layer with its functions."""
        needed, others = _ARGUMENTS[kind]
        made = {key: self.filled(one) for key, one in config.items() if not _is_about(key)}
        title = str(config.get("name", kind))
        for argument in (needed, *others):
            if not _is_function(config, argument):
                continue
            part = "" if argument == needed else argument
            name = _name_of(config, argument)
            keys = [f"{title}/{part}" if part else title, *([name] if name else [])]
            spelled = (one for key in keys for one in spellings(key))
            given = next((one for one in spelled if one in self._own), None)
            if given is not None:
                made[argument] = self._callable(given)
            elif argument == "output_shape":
                made[argument] = None  # what the function returns tells it
            else:
                self.missing.append((f"{kind} {title!r}", _what(name, part), keys[-1]))
        if isinstance(made.get("arguments"), Mapping):
            made["arguments"] = {key: _value(one) for key, one in made["arguments"].items()}
        return made

    def _callable(self, key: str) -> Any:
        found = self._own[key]
        if not callable(found):
            raise InvalidType(
                f"`custom_objects` must have a function for {key!r}, of a Lambda; received "
                f"{type(found).__name__}."
            )
        return found


def _is_about(key: str) -> bool:
    """Return whether a key says of which kind a function is, or from where."""
    return key == "module" or key.endswith(("_type", "_module"))


def _is_function(config: Mapping[str, Any], argument: str) -> bool:
    """Return whether a document has a function in an argument."""
    stored = config.get(argument)
    kind = config.get(f"{argument}_type")
    if kind is not None:
        return isinstance(kind, str) and kind in _KINDS
    if isinstance(stored, Mapping):  # as Keras 3 has it
        return True
    return argument in ("function", "mask") and isinstance(stored, str | list)


def _name_of(config: Mapping[str, Any], argument: str) -> str:
    """Return the name of a function that a document has instead of its code, '' for code."""
    stored = config[argument]
    if isinstance(stored, Mapping):
        stored = stored.get("config")
    is_code = config.get(f"{argument}_type") == "lambda"
    is_name = isinstance(stored, str) and len(stored) < _LONGEST and stored.isprintable()
    return str(stored) if is_name and not is_code else ""


def _what(name: str, part: str) -> str:
    """Return what a document has in the place of a function, in words."""
    what = f"a function that is called {shown(name)}" if name else "the code of a function"
    return f"{what}, its `{part}`" if part else what


def _value(stored: Any) -> Any:
    """Return an argument of a function; Keras writes arrays as lists."""
    if isinstance(stored, Mapping) and stored.get("class_name") == "__tuple__":
        return tuple(stored.get("items", ()))
    is_array = isinstance(stored, Mapping) and stored.get("class_name") == "__numpy__"
    if is_array or (isinstance(stored, Mapping) and stored.get("type") == "ndarray"):
        own = stored.get("config", stored)
        try:
            return np.array(own["value"], own.get("dtype"))
        except (TypeError, ValueError, KeyError, AttributeError) as exc:
            raise InvalidDocument(f"an argument of a Lambda is no array: {shown(stored)}.") from exc
    return stored


def _about(missing: list[tuple[str, str, str]]) -> str:
    told = [f"{layer} ({what})" for layer, what, _ in missing[:_MOST_NAMED]]
    more = len(missing) - _MOST_NAMED
    listed = ", ".join(told) + (f" and {more} more" if more > 0 else "")
    keys = ", ".join(f"{key!r}: ..." for _, _, key in missing[:_MOST_NAMED])
    return (
        f"the document has no functions that can be used for {listed}. Code in a file is never "
        "run and no module that it names is imported, because they could do anything on this "
        f"machine. Give the functions: `custom_objects={{{keys}}}`."
    )
