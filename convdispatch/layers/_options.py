"""The keyword arguments that every layer takes, and the complaint about all others."""

from __future__ import annotations

import difflib
import inspect
import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from convdispatch import selection
from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.layers._arguments import as_choice, as_int, as_partial_shape
from convdispatch.ops import FLOAT_DTYPES, PartialShape

LAYER_OPTIONS = (
    "name",
    "trainable",
    "dtype",
    "input_dtype",
    "input_shape",
    "batch_size",
    "batch_input_shape",
    "weights",
    "backend",
    "convention",
)

_counters: defaultdict[str, Iterator[int]] = defaultdict(lambda: itertools.count(1))


def require_known(layer_class: type, options: Mapping[str, Any]) -> None:
    """Raise `InvalidType` for a keyword that the class does not take, with the nearest that is."""
    for keyword in options:
        if keyword not in LAYER_OPTIONS:
            allowed = _keywords(layer_class)
            close = difflib.get_close_matches(keyword, allowed, n=1)
            hint = f" Did you mean `{close[0]}`?" if close else ""
            raise InvalidType(
                f"{layer_class.__name__} takes no keyword argument `{keyword}`.{hint} "
                f"Allowed: {', '.join(allowed)}."
            )


def layer_name(layer_class: type, name: object) -> str:
    """Return the given name, or a new one made from the class's."""
    if name is None:
        # Conv2DTranspose becomes conv2d_transpose, as Keras names its layers.
        words = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", layer_class.__name__)
        stem = re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()
        return f"{stem}_{next(_counters[stem])}"
    if not isinstance(name, str) or not name:
        raise InvalidType(f"`name` must be a non-empty string; received {name!r}.")
    return name


def layer_dtype(options: Mapping[str, Any]) -> str:
    """Return the element type of the weights."""
    chosen = options.get("dtype") or options.get("input_dtype") or selection.floatx()
    name = chosen if isinstance(chosen, str) else getattr(chosen, "name", chosen)
    return as_choice(name, FLOAT_DTYPES, "dtype")


def batch_input_shape(options: Mapping[str, Any]) -> PartialShape | None:
    """Return the input shape announced by the constructor, batch axis included."""
    if options.get("batch_input_shape") is not None:
        return as_partial_shape(options["batch_input_shape"], "batch_input_shape")
    batch = options.get("batch_size")
    size = None if batch is None else as_int(batch, "batch_size")
    if options.get("input_shape") is not None:
        return (size, *as_partial_shape(options["input_shape"], "input_shape"))
    if size is not None:
        raise InvalidArgument("`batch_size` needs `input_shape` beside it; received none.")
    return None


def _keywords(layer_class: type) -> list[str]:
    """Return every keyword that the class takes: its constructors' of one door, and the common.

    A façade's constructor spells the arguments of those below it in its own way.
    """
    named: dict[str, None] = {}
    doors: set[object] = set()
    for base in layer_class.__mro__:
        constructor = vars(base).get("__init__")
        if constructor is None or base is object or doors - {getattr(base, "door", None)}:
            continue
        doors.add(getattr(base, "door", None))
        for name, parameter in inspect.signature(constructor).parameters.items():
            if name != "self" and parameter.kind is not parameter.VAR_KEYWORD:
                named[name] = None
    return list(dict.fromkeys([*named, *LAYER_OPTIONS]))
