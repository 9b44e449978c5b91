"""The keyword arguments that every layer takes, and the error for all others."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

from convdispatch.doors.elsewhere import about_keyword, about_old_keyword
from convdispatch.doors.rows import chosen, names_in
from convdispatch.engine.arguments import as_choice, as_int, as_partial_shape
from convdispatch.errors import InvalidArgument, InvalidDocument, InvalidType
from convdispatch.geometry import require_convention
from convdispatch.ops import FLOAT_DTYPES, PartialShape
from convdispatch.runtime import selection
from convdispatch.support.documents import shown
from convdispatch.support.similar import similar

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

_counters: dict[str, Iterator[int]] = {}


def require_known(layer_class: type, options: Mapping[str, Any]) -> None:
    """Raise `InvalidType` for an option that no layer takes."""
    for keyword in options:
        if keyword not in LAYER_OPTIONS:
            raise unknown_keyword(layer_class, keyword)


def require_own_keywords(layer_class: type, keywords: Iterable[str]) -> None:
    """Raise `InvalidType` for a keyword that the class does not state, nor any layer takes."""
    stated = stated_parameters(layer_class)
    for keyword in keywords:
        if keyword not in stated and keyword not in LAYER_OPTIONS:
            raise unknown_keyword(layer_class, keyword)


def unknown_keyword(layer_class: type, keyword: str) -> InvalidType:
    """Return the error for a keyword that the class does not take, with what to write instead.

    It suggests the façade's own spelling of another dialect's name, else the sentence of
    `elsewhere`, else a name that differs by a typing error.
    """
    name, door = layer_class.__name__, getattr(layer_class, "door", "")
    allowed = list(dict.fromkeys([*stated_parameters(layer_class), *LAYER_OPTIONS]))
    spelling = dict(getattr(layer_class, "spelling", {}))
    dialect = getattr(layer_class, "dialect", None)
    if keyword not in spelling and dialect is not None:  # of another layer of that Keras, perhaps
        renamed = chosen(dialect.renames.get(keyword, ()), allowed)
        spelling |= {} if renamed is None else {keyword: renamed}
    meant = list(names_in(spelling.get(keyword)))
    about = "" if meant else about_keyword(keyword, allowed, name, door)
    if not about and not meant:
        meant = similar(keyword, allowed)
    hint = f"Did you mean {', '.join(f'`{one}`' for one in meant)}?" if meant else about
    after = about_old_keyword(keyword, spelling, name)
    return InvalidType(
        f"{name} takes no keyword argument `{keyword}`.{f' {hint}' if hint else ''} "
        f"Allowed: {', '.join(allowed)}.{after}"
    )


def stated_parameters(layer_class: type) -> dict[str, inspect.Parameter]:
    """Return the parameters that the class's constructor states by name.

    For a user's class this includes the class of this package that it extends, and for a
    constructor with `**kwargs` the next constructor.
    """
    stated: dict[str, inspect.Parameter] = {}
    for base in layer_class.__mro__:
        constructor = vars(base).get("__init__")
        if constructor is None or base is object:
            continue
        parameters = inspect.signature(constructor).parameters
        kinds = [parameter.kind for parameter in parameters.values()]
        for name, parameter in list(parameters.items())[1:]:  # the first is self
            if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                stated.setdefault(name, parameter)
        if is_of_this_package(constructor) and inspect.Parameter.VAR_POSITIONAL not in kinds:
            break
    return stated


def require_mapping(layer_class: type, config: Any) -> None:
    """Raise `InvalidDocument` unless the configuration is a mapping."""
    if not isinstance(config, Mapping):
        raise InvalidDocument(
            f"the configuration of {layer_class.__name__} must be a mapping, as `get_config` "
            f"returns it; received {shown(config)}."
        )


def require_config(layer_class: type, config: Mapping[str, Any]) -> None:
    """Raise `InvalidDocument` unless `config` has all that the class's constructor needs."""
    stated = stated_parameters(layer_class) if is_constructed_here(layer_class) else {}
    needed = [name for name, one in stated.items() if one.default is one.empty]
    missing = [name for name in needed if name not in config]
    if missing:
        raise InvalidDocument(
            f"the configuration of {layer_class.__name__} must have "
            f"{', '.join(f'`{name}`' for name in needed)}; received none for "
            f"{', '.join(f'`{name}`' for name in missing)}."
        )


def is_constructed_here(layer_class: type) -> bool:
    """Whether the class's constructor was written in this package, not by a user."""
    owner = next(base for base in layer_class.__mro__ if "__init__" in vars(base))
    return is_of_this_package(vars(owner)["__init__"])


def is_of_this_package(one: Any) -> bool:
    """Whether a class or a function was written here, not by a user."""
    return str(one.__module__).partition(".")[0] == __name__.partition(".")[0]


def stem(layer_class: type) -> str:
    """Return the beginning of the names of such layers: conv2d_transpose, as in Keras 2."""
    words = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", layer_class.__name__)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()


def layer_name(begun: str, name: object) -> str:
    """Return the given name, or a new one that begins so."""
    if name is None:
        return numbered(begun)
    if not isinstance(name, str) or not name:
        raise InvalidType(f"`name` must be a non-empty string; received {name!r}.")
    return name


def numbered(begun: str, *, taken: Container[str] = ()) -> str:
    """Return `begun_1` the first time, then `begun_2` and so on, skipping names in use."""
    numbers = _counters.setdefault(begun, itertools.count(1))  # one, whichever thread comes first
    return next(name for number in numbers if (name := f"{begun}_{number}") not in taken)


def restart_numbers() -> None:
    """Let the names of layers that are made from now on be numbered from 1 again."""
    _counters.clear()


def layer_dtype(
    options: Mapping[str, Any],
    allowed: Sequence[str] = FLOAT_DTYPES,
    of_inputs: Container[object] = (),
) -> str:
    """Return the element type of the weights; a `dtype` among `of_inputs` says nothing of them."""
    own = options.get("dtype")
    own = None if isinstance(own, str) and own in of_inputs else own
    given = [own, options.get("input_dtype"), selection.floatx()]
    chosen = next(dtype for dtype in given if dtype is not None)
    if isinstance(chosen, type):  # such as numpy.float32
        chosen = chosen.__name__
    name = chosen if isinstance(chosen, str) else getattr(chosen, "name", chosen)
    return as_choice(name, allowed, "dtype")


def layer_convention(options: Mapping[str, Any]) -> str:
    """Return the given convention, or the current one."""
    given = options.get("convention")
    return selection.convention() if given is None else require_convention(given)


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
