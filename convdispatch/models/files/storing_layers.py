"""The entry of a layer in a file of some Keras: its class and its arguments in that Keras's words.

The layer is one of the façade of that Keras: see `_other_words`. A file has the arguments that the
real Keras's class takes, and no other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from convdispatch import layers
from convdispatch.doors.written import OF_MERGE, TITLES, UNKNOWN, WITHOUT_CLASS, WITHOUT_EFFECT
from convdispatch.engine.layer import Layer
from convdispatch.engine.layer_options import is_of_this_package
from convdispatch.errors import InvalidArgument
from convdispatch.layers._wrapping import wrapped_as
from convdispatch.models._function_names import has_functions, named
from convdispatch.support.warnings import warn

# What no Keras has in a configuration.
_OURS = ("convention", "backend", "coordinates")
_MODULES = {
    "initializer": "initializers",
    "regularizer": "regularizers",
    "constraint": "constraints",
}
_MERGE = ("mode", "concat_axis", "dot_axes")
_WRAPPED = ("layer", "backward_layer", "cell", "cells")
Within = Callable[[str], Any]  # by an argument that holds layers: their entries


def layer_entry(
    layer: Layer, dialect: str, entry_of_model: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    """Return the entry of a layer: the class's name and the configuration.

    `entry_of_model` is for a model within a layer. Raises `InvalidArgument` if the dialect cannot
    say what the layer is.
    """
    name = type(layer).__name__
    config = _without_ours(layer.get_config())
    if is_of_this_package(type(layer)):
        if name in WITHOUT_CLASS[dialect]:
            raise cannot(layer, dialect, f"it has no {name}")
        require_its_grid(layer, dialect)
        within = partial(_within, layer, dialect=dialect, entry_of_model=entry_of_model)
        config = _with_later_grid(layer, _IN_WORDS[dialect](layer, config, within), dialect)
        for argument, classes in UNKNOWN[dialect].items():
            if name in classes and argument in config:
                _require_without_effect(layer, argument, config.pop(argument), dialect)
        if has_functions(name, config):
            config = _with_names(layer, config, dialect)
    try:
        json.dumps(config)
    except (TypeError, ValueError) as exc:
        raise no_json(layer, str(exc)) from exc
    return {"class_name": name, "config": config}


def _with_names(layer: Any, config: Mapping[str, Any], dialect: str) -> dict[str, Any]:
    """Return the configuration of a layer with the names of its functions."""
    if getattr(layer, "mask", None) is not None and dialect in ("keras1", "keras2"):
        raise cannot(layer, dialect, "it has no place for the function of a mask")
    return named(type(layer).__name__, config, is_keras3=dialect == "keras3")


def _within(
    wrapper: Any,
    key: str,
    *,
    dialect: str,
    entry_of_model: Callable[[Any], dict[str, Any]],
) -> Any:
    """Return the entry of what a layer was given as an argument: a layer, a model, or cells."""
    inner = vars(wrapper)[key] if key in vars(wrapper) else wrapped_as(wrapper, key)
    if isinstance(inner, list):
        return [_entry_within(wrapper, one, dialect, entry_of_model) for one in inner]
    if isinstance(wrapper, layers.Bidirectional):
        inner = wrapper._planned(inner, zero_output_for_mask=says_zeros(inner, dialect))
    return _entry_within(wrapper, inner, dialect, entry_of_model)


def _entry_within(
    wrapper: Any, inner: Any, dialect: str, entry_of_model: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    modern = {"module": "keras.layers", "registered_name": None}
    if not isinstance(inner, Layer):
        if not hasattr(inner, "layers"):
            raise cannot(wrapper, dialect, f"a {type(inner).__name__} of your own is in it")
        found = entry_of_model(inner)
    else:
        found = layer_entry(inner, dialect, entry_of_model)
    return {**modern, **found} if dialect in ("tf_keras", "keras3") else found


def says_zeros(inner: Layer, dialect: str) -> bool:
    """Return what a file says of the steps that a mask leaves out, for one of two ways.

    Keras 3 says there what it does in any case, and others say nothing.
    """
    return dialect == "keras3" and bool(vars(inner)["return_sequences"])


def require_its_grid(layer: Any, dialect: str) -> None:
    """Raise for a layer that interpolates on another grid than a dialect does."""
    inner = getattr(layer, "layer", layer)
    is_earlier = _grid_of(inner) == "asymmetric"
    if is_earlier and dialect in ("tf_keras", "keras3"):
        raise cannot(layer, dialect, "it interpolates 'bilinear' on another grid of cells")


def _with_later_grid(layer: Any, config: dict[str, Any], dialect: str) -> dict[str, Any]:
    """Return the configuration with the grid that Keras 2 lacks, which refuses it."""
    if dialect != "keras2" or _grid_of(layer) != "half_pixel":
        return config
    warn(
        f"the layer {layer.name!r} interpolates 'bilinear' between the centres of cells, as "
        "TensorFlow 2 does. Keras 2.2.4 itself cannot, and refuses this file, in which the layer "
        "has an argument `coordinates`. Save with dialect='tf_keras' for a file that tf_keras "
        "reads, or make the layer with coordinates='asymmetric'."
    )
    return {**config, "coordinates": layer.coordinates}


def _grid_of(layer: Any) -> str | None:
    if isinstance(layer, layers.UpSampling2D) and layer.interpolation == "bilinear":
        return layer.coordinates
    return None


def no_json(layer: Layer, reason: str) -> InvalidArgument:
    """Return the error for a layer that no file of any Keras can hold."""
    return InvalidArgument(
        f"no file can hold the layer {layer.name!r}, {type(layer).__name__}: its configuration "
        f"has more than JSON holds, such as a function: {reason}. Write a layer class of your own "
        "instead, with `get_config`, and pass it as `custom_objects` when you load it."
    )


def cannot(layer: Any, dialect: str, reason: str) -> InvalidArgument:
    """Return the error for a layer that a dialect cannot express."""
    return InvalidArgument(
        f"a file of {TITLES[dialect]} cannot hold the layer {layer.name!r}, "
        f"{type(layer).__name__}: {reason}. Save with another `dialect`, or as safetensors."
    )


def _require_without_effect(layer: Layer, argument: str, value: Any, dialect: str) -> None:
    neutral = WITHOUT_EFFECT[argument]
    allowed = neutral if isinstance(neutral, tuple) else (neutral,)
    given = value if isinstance(value, tuple | list) else [value]
    if any(one not in allowed for one in given):
        received = value["class_name"] if isinstance(value, Mapping) else repr(value)
        raise cannot(layer, dialect, f"it has no argument `{argument}`, here {received}")


def _without_ours(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key not in _OURS}


def _in_keras1(layer: Any, config: dict[str, Any], within: Within) -> dict[str, Any]:
    config.pop("dtype", None)  # Keras 1 has one element type for all, that of keras.json
    if "batch_input_shape" in config:
        config["input_dtype"] = layer.input_dtype
    if layer.is_input:
        return _of_input(config, "batch_input_shape", "input_dtype", sparse=False)
    name = type(layer).__name__
    if name == "Merge":
        config = {"name": layer.name, **OF_MERGE, **{k: config[k] for k in _MERGE}}
    elif name == "ZeroPadding1D":
        config["padding"] = _shortest(config["padding"])
    elif name == "ZeroPadding2D":
        top, bottom, left, right = config["padding"]
        if (top, left) == (bottom, right):
            config["padding"] = (top, left)
    elif name == "BatchNormalization":
        for key, usual in (("beta_init", "Zeros"), ("gamma_init", "Ones")):
            _drop_usual(config, key, usual)
    if "layer" in config:
        config["layer"] = within("layer")
    return {key: _shortened(value) if _is_init(key) else value for key, value in config.items()}


def _is_init(key: str) -> bool:
    return key == "init" or key.endswith("_init")


def _shortened(value: Any) -> Any:
    """Return Keras 1's name of an initializer, which it saves alone."""
    return value.get("name", value.get("class_name")) if isinstance(value, Mapping) else value


def _drop_usual(config: dict[str, Any], key: str, usual: str) -> None:
    value = config.get(key)
    name = value.get("class_name") if isinstance(value, Mapping) else value
    if str(name).lower() in (usual.lower(), usual.lower().rstrip("s")):
        config.pop(key, None)


def _shortest(padding: Any) -> Any:
    return padding[0] if len(set(padding)) == 1 else padding


def _in_keras2(layer: Any, config: dict[str, Any], within: Within) -> dict[str, Any]:
    if layer.is_input:
        return _of_input(config, "batch_input_shape", "dtype", sparse=False)
    dtype = config.pop("dtype", None)
    if "batch_input_shape" in config:
        config["dtype"] = layer.input_dtype if layer.input_dtype != layer.dtype else dtype
    return config | {key: within(key) for key in _WRAPPED if config.get(key) is not None}


def _in_tf_keras(layer: Any, config: dict[str, Any], within: Within) -> dict[str, Any]:
    if layer.is_input:
        more = {"sparse": False, "ragged": False, "optional": False}
        return _of_input(config, "batch_input_shape", "dtype", **more)
    if config.get("zero_output_for_mask") is False:  # which it writes only where it is true
        config.pop("zero_output_for_mask")
    return _with_modules(config, "tf_keras", within)


def _in_keras3(layer: Any, config: dict[str, Any], within: Within) -> dict[str, Any]:
    if layer.is_input:
        more = {"sparse": False, "ragged": False, "optional": False}
        config["batch_shape"] = config.pop("batch_input_shape", None)
        return _of_input(config, "batch_shape", "dtype", **more)
    for key in ("batch_input_shape", "input_length"):
        config.pop(key, None)  # the entry of the input says it
    config = _with_modules(config, "keras3", within)
    policy = {"module": "keras", "class_name": "DTypePolicy", "registered_name": None}
    config["dtype"] = {**policy, "config": {"name": layer.dtype}}
    return config


def _with_modules(config: dict[str, Any], dialect: str, within: Within) -> dict[str, Any]:
    """Return a configuration whose objects say where Keras has their classes."""
    config |= {key: within(key) for key in _WRAPPED if config.get(key) is not None}
    return {key: _with_module(key, value, dialect) for key, value in config.items()}


def _with_module(key: str, value: Any, dialect: str) -> Any:
    kind = _MODULES.get(key.rpartition("_")[2])
    if kind is None or not isinstance(value, Mapping) or "class_name" not in value:
        return value
    own = dict(value["config"])
    if dialect == "tf_keras":
        own = {name: one for name, one in own.items() if name not in ("input_axes", "output_axes")}
    entry = {"module": f"keras.{kind}", "class_name": value["class_name"], "config": own}
    return {**entry, "registered_name": None}


def _of_input(config: Mapping[str, Any], shape: str, dtype: str, **more: Any) -> dict[str, Any]:
    own = config.get("input_dtype") or config.get("dtype")
    return {shape: config[shape], dtype: own, **more, "name": config["name"]}


_IN_WORDS = {
    "keras1": _in_keras1,
    "keras2": _in_keras2,
    "tf_keras": _in_tf_keras,
    "keras3": _in_keras3,
}
