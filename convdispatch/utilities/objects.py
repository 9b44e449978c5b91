"""Functions and classes by their names, and code as data."""

from __future__ import annotations

import base64
import inspect
import marshal
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from convdispatch.errors import InvalidArgument, InvalidDocument
from convdispatch.formulas.custom_objects import CustomObjectScope, get_custom_objects
from convdispatch.formulas.lookup import serialize


def serialize_keras_object(instance: Any) -> Any:
    """Return the entry of a configuration for a function, or for an object with `get_config`."""
    return serialize(instance)


def deserialize_keras_object(
    identifier: Any,
    module_objects: Mapping[str, Any] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    printable_module_name: str = "object",
) -> Any:
    """Return what a name, or an entry with 'class_name' and 'config', stands for."""
    known = {**(module_objects or {}), **get_custom_objects(), **(custom_objects or {})}
    if isinstance(identifier, Mapping):
        name, config = identifier.get("class_name"), identifier.get("config", {})
        found = _known(known, name, printable_module_name)
        return found.from_config(config) if hasattr(found, "from_config") else found(**config)
    if isinstance(identifier, str):
        return _known(known, identifier, printable_module_name)
    return identifier


def _known(known: Mapping[str, Any], name: Any, kind: str) -> Any:
    if name not in known:
        raise InvalidDocument(
            f"unknown {kind} {name!r}; allowed: {', '.join(sorted(known)) or 'none'}. Give it in "
            "`custom_objects`."
        )
    return known[name]


def get_from_module(
    identifier: Any,
    module_params: Mapping[str, Any],
    module_name: str,
    instantiate: bool = False,
    kwargs: Mapping[str, Any] | None = None,
) -> Any:
    """Return what a name stands for in a module's names, as Keras 1 did for its own."""
    if isinstance(identifier, Mapping):
        config = dict(identifier)
        found = _known({**module_params, **get_custom_objects()}, config.pop("name"), module_name)
        return found(**config) if hasattr(found, "from_config") else found
    if not isinstance(identifier, str):
        return identifier
    found = _known({**module_params, **get_custom_objects()}, identifier, module_name)
    return found(**(kwargs or {})) if instantiate else found


def has_arg(fn: Callable[..., Any], name: str, accept_all: bool = False) -> bool:
    """Whether a function takes an argument by that name.

    >>> has_arg(lambda x, y: 0, "y")
    True
    """
    parameters = inspect.signature(fn).parameters
    if any(one.kind is one.VAR_KEYWORD for one in parameters.values()) and accept_all:
        return True
    found = parameters.get(name)
    return found is not None and found.kind not in (found.VAR_KEYWORD, found.VAR_POSITIONAL)


def func_dump(func: Any) -> tuple[str, Any, Any]:
    """Return a function's code, the defaults of its arguments, and the values it closes over."""
    code = base64.b64encode(marshal.dumps(func.__code__)).decode("ascii")
    closure = tuple(cell.cell_contents for cell in func.__closure__ or ())
    return code, func.__defaults__, closure or None


def func_load(code: Any, defaults: Any = None, closure: Any = None, globs: Any = None) -> Any:
    """Return the function of what `func_dump` returned: call it only with code that you trust."""
    if isinstance(code, tuple | list):
        code, defaults, closure = code
    own = marshal.loads(base64.b64decode(code))
    cells = tuple(types.CellType(value) for value in closure or ())
    named = globals() if globs is None else globs
    return types.FunctionType(own, named, own.co_name, argdefs=defaults, closure=cells or None)


def for_door(door: str) -> Mapping[str, Any]:
    """Return what needs the classes of one Keras."""
    import importlib

    def layer_from_config(config: Mapping[str, Any], custom_objects: Any = None) -> Any:
        """Return the layer or the model of an entry with 'class_name' and 'config'."""
        classes: dict[str, Any] = {}
        for module in ("layers", "models"):
            found = importlib.import_module(f"convdispatch.{door}.{module}")
            classes.update({one: getattr(found, one) for one in found.__all__})
        with CustomObjectScope(custom_objects or {}):  # also for layers within layers
            return deserialize_keras_object(config, classes, custom_objects, "layer")

    def layer_entry(layer: Any) -> dict[str, Any]:
        """Return the entry of a layer: the name of its class and its configuration."""
        return {"class_name": type(layer).__name__, "config": layer.get_config()}

    return {
        "deserialize": layer_from_config,
        "layer_from_config": layer_from_config,
        "serialize": layer_entry,
    }


def object_list_uid(object_list: Any) -> str:
    """Return a text that tells a list of objects from others while they live."""
    return ", ".join(str(abs(id(one))) for one in to_list(object_list))


def to_list(x: Any, allow_tuple: bool = False) -> list[Any]:
    """Return a list as it is, and another value as a list of it.

    >>> to_list(1)
    [1]
    """
    if isinstance(x, list) or (allow_tuple and isinstance(x, tuple)):
        return list(x) if isinstance(x, tuple) else x
    return [x]


def unpack_singleton(x: Any) -> Any:
    """Return the only element of a list of one, else the list."""
    return x[0] if len(x) == 1 else x


def is_all_none(iterable_or_element: Any) -> bool:
    """Return whether each element of a list is None, or the value itself."""
    return all(one is None for one in to_list(iterable_or_element, allow_tuple=True))


def transpose_shape(
    shape: Sequence[Any], target_format: str, spatial_axes: Sequence[int]
) -> tuple[Any, ...]:
    """Return a shape of `channels_last` in another format.

    >>> transpose_shape((16, 128, 128, 32), "channels_first", spatial_axes=(1, 2))
    (16, 32, 128, 128)
    """
    if target_format not in ("channels_first", "channels_last"):
        raise InvalidArgument(
            "`data_format` must be 'channels_first' or 'channels_last'; received "
            f"{target_format!r}."
        )
    if target_format == "channels_last":
        return tuple(shape)
    return (*shape[: spatial_axes[0]], shape[-1], *(shape[axis] for axis in spatial_axes))
