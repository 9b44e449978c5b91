"""A layer's arguments in another Keras's words: each value means the same there, or is refused.

Initializers are the exception: a layer that has its weights draws none, so one that the other Keras
does not have is left to its default.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Any

from convdispatch import layers
from convdispatch.doors.rows import names_in, rows_of
from convdispatch.doors.written import WITHOUT_CLASS
from convdispatch.engine.declarations import Layout
from convdispatch.engine.layer import Layer
from convdispatch.engine.layer_options import is_of_this_package
from convdispatch.formulas import activations, initializers
from convdispatch.formulas.dialects import KERAS1, KERAS2, KERAS3, Dialect
from convdispatch.formulas.regularizers import L1, L1L2, L2, L1L2Regularizer
from convdispatch.layers._wrapping import wrapped_as
from convdispatch.models.files.storing_layers import cannot, no_json, require_its_grid

DOORS: Mapping[str, Dialect] = {
    "keras1": KERAS1,
    "keras2": KERAS2,
    "tf_keras": KERAS2,
    "keras3": KERAS3,
}
# What does not say what a layer computes with the weights that it has.
_ASIDE = ("name", "trainable", "dtype", "batch_input_shape", "convention", "backend", "seed")
_ASIDE_TOO = ("unit_forget_bias", "input_length", "activity_regularizer_type")
_MODES = {"Add": "sum", "Multiply": "mul", "Average": "ave", "Maximum": "max"} | {
    "Concatenate": "concat",
    "Dot": "dot",
}
_CONSTRAINED = {
    "kernel": "kernel",
    "depthwise": "depthwise_kernel",
    "pointwise": "pointwise_kernel",
}


def likeness_of(layer: Any) -> str:
    """Return the class of `convdispatch.layers` that a layer is, in whatever words."""
    row = getattr(layer, "row", None)
    if row is not None:
        return str(row.likeness)
    if type(layer).__name__ == "Merge":
        found = [name for name in _MODES if isinstance(layer, getattr(layers, name))]
        return found[0] if found else "Merge"
    return type(layer).__name__


def arguments_of(layer: Any) -> dict[str, Any]:
    """Return a layer's arguments under the names of `convdispatch.layers`."""
    config: dict[str, Any] = getattr(layers, likeness_of(layer)).get_config(layer)
    return config


def what_it_computes(layer: Any, dialect: str) -> dict[str, Any]:
    """Return the arguments that say what a layer computes, in a dialect's values."""
    return {
        key: _value(layer, key, value, dialect)
        for key, value in arguments_of(layer).items()
        if key not in (*_ASIDE, *_ASIDE_TOO) and not key.endswith("_initializer")
    }


def require_no_own_ways(layer: Any, dialect: str) -> None:
    """Raise for a layer that has no other words, or does what later Kerases cannot be told."""
    if not is_of_this_package(type(layer)):
        raise cannot(layer, dialect, "it is of a class of your own, which has no other words")
    if dialect == "keras3":  # whose layer has no argument for it
        require_its_grid(layer, dialect)
    if likeness_of(layer) == "Merge":
        if isinstance(mode := getattr(layer, "mode", None), str):
            raise cannot(layer, dialect, f"it has no layer for the mode {mode!r}")
        raise no_json(layer, "it computes by a function")
    if not issubclass(type(layer), getattr(layers, likeness_of(layer), ())):
        raise cannot(layer, dialect, "it has no other words")
    if dialect == "keras1" or layer.dialect is not KERAS1:
        return
    for name, usual in (("mode", 0), ("drop_rate", 0.0)):
        value = getattr(layer, name, usual)
        if likeness_of(layer) in ("BatchNormalization", "Embedding") and value != usual:
            word = "dropout" if name == "drop_rate" else name
            raise cannot(layer, dialect, f"it has no argument `{word}`, here {value!r}")


def in_words(layer: Any, dialect: str, changes: Mapping[str, Any]) -> Iterator[Any]:
    """Yield new layers of a dialect's classes with a layer's arguments, `changes` apart.

    Each class that may say them is tried; whether it does is for the caller to compare.
    """
    options = {
        "name": layer.name,
        "trainable": vars(layer)["trainable"],
        "dtype": layer.dtype,
        "backend": layer.backend,
        "convention": layer.convention,
    }
    given = {**_given(layer, dialect), **options, **changes}
    likeness = likeness_of(layer)
    if DOORS[dialect] is KERAS3:
        yield getattr(layers, likeness)(**given)
        return
    home = importlib.import_module(f"convdispatch.{DOORS[dialect].name}.layers")
    if DOORS[dialect] is KERAS1 and likeness in _MODES:
        yield _merge(home, likeness, given)
        return
    for row in rows_of(DOORS[dialect].layers):
        if row.likeness == likeness:
            own = getattr(home, row.name)
            yield own(**_spelled(own, layer, given))


def _given(layer: Any, dialect: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if dialect in ("keras2", "tf_keras") and hasattr(layer, "coordinates"):
        found["coordinates"] = layer.coordinates
    for key, value in arguments_of(layer).items():
        if key in _ASIDE or key == "input_length":
            continue
        if key.endswith("_initializer"):
            kept = _initializer(getattr(layer, key, value), dialect)
            if kept is not None:
                found[key] = kept
        elif key in ("layer", "backward_layer"):
            found[key] = value and wrapped_as(layer, key)
        else:
            found[key] = _value(layer, key, value, dialect)
    return found


def _merge(home: Any, likeness: str, given: dict[str, Any]) -> Any:
    beside = {"concat_axis": given.pop("axis", -1), "dot_axes": given.pop("axes", -1)}
    given.pop("normalize", None)
    return home.Merge(mode=_MODES[likeness], **beside, **given)


def _spelled(own: Any, layer: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments under a façade's names; those that it does not have are left out."""
    found: dict[str, Any] = {}
    words = {ours: word for word, ours in own.dialect.data_formats.items() if ours}
    for name, value in given.items():
        spelled = own.spelling.get(name, name)
        if spelled is None:
            continue
        if name == "data_format":
            value = words.get(value, value)
        elif name == "output_size" and spelled != name:  # Keras 1 is told the whole shape
            value = layer.compute_output_shape(layer.built_shape)
        if isinstance(spelled, tuple):
            listed = value if isinstance(value, tuple | list) else (value,)
            found.update(zip(names_in(spelled), listed, strict=True))
        else:
            found[spelled] = value
    return found


# Values.


def _value(layer: Any, key: str, value: Any, dialect: str) -> Any:
    """Return the value of an argument that means the same in a dialect, or raise."""
    kind = key.rpartition("_")[2]
    if callable(value):
        return value  # of a Lambda
    if kind == "activation" and value is not None:
        return _activation(layer, getattr(layer, key), dialect)
    if kind == "regularizer" and value is not None:
        return _regularizer(layer, getattr(layer, key, value), dialect)
    if kind == "constraint" and value is not None:
        return _constraint(layer, key, value, dialect)
    if key in ("layer", "backward_layer"):
        found = None if value is None else what_it_computes(wrapped_as(layer, key), dialect)
        if found is not None and likeness_of(layer) == "Bidirectional":
            found.pop("zero_output_for_mask", None)  # see `storing_masks`
        return found
    return list(value) if isinstance(value, tuple) else value


def _activation(layer: Any, activation: Any, dialect: str) -> Any:
    if not isinstance(activation, activations.Activation):
        return activation  # a user's function
    for name, other in DOORS[dialect].activations.items():
        is_softmax = name == activation.name == "softmax"
        if is_softmax or getattr(other, "function", None) is activation.function:
            own = [value for _, value in activation.defaults]
            shared = [value for _, value in getattr(other, "defaults", ())][: len(own)]
            is_plain = activation.parameters == activation.defaults
            if is_plain and (is_softmax or shared == own[: len(shared)]):
                return name
    raise cannot(layer, dialect, f"it has no activation that is this {activation.name!r}")


def _regularizer(layer: Any, regularizer: Any, dialect: str) -> Any:
    if isinstance(regularizer, L1 | L2 | L1L2 | L1L2Regularizer):
        parts = {name: getattr(regularizer, name, 0.0) for name in ("l1", "l2")}
        if dialect == "keras1":
            return {"name": "L1L2Regularizer", **parts}
        return {"class_name": "L1L2", "config": parts}
    name = type(regularizer).__name__
    if name not in DOORS[dialect].regularizers:
        raise cannot(layer, dialect, f"it has no regularizer {name}")
    return regularizer


def _constraint(layer: Any, key: str, value: Any, dialect: str) -> Any:
    flat = dict(value.get("config", value)) if isinstance(value, Mapping) else {}
    name = flat.pop("name", None) or (value["class_name"] if flat or value else None)
    if name not in DOORS[dialect].constraints:
        raise cannot(layer, dialect, f"it has no constraint {name}")
    if "m" in flat:
        flat["max_value"] = flat.pop("m")
    if "axis" in flat:
        flat["axis"] = _axes(layer, key, flat["axis"], dialect)
    if dialect != "keras1":
        return {"class_name": name, "config": flat}
    if "max_value" in flat and name == "MaxNorm":
        flat["m"] = flat.pop("max_value")
    return {"name": name, **flat}


def _axes(layer: Any, key: str, axis: Any, dialect: str) -> Any:
    """Return the axes of a kernel as the other Keras's layout numbers them."""
    weight = _CONSTRAINED.get(key.removesuffix("_constraint"), "")
    own = layer._layout(weight) if weight and hasattr(layer, "_layout") else None
    other = _layout_of(layer, weight, dialect)
    axes = axis if isinstance(axis, list | tuple) else [axis]
    count = len(layer.declared_weights[0].shape) if layer.declared_weights else 0
    plain = [_to_plain(one % count if one < 0 else one, own) for one in axes]
    found = sorted(_to_public(one, other) for one in plain)
    return found if isinstance(axis, list | tuple) else found[0]


def _layout_of(layer: Any, weight: str, dialect: str) -> Layout | None:
    if dialect != "keras1":
        return None
    ordering = "th" if getattr(layer, "data_format", "") == "channels_first" else "tf"
    for row in rows_of(KERAS1.layers):
        if row.likeness == likeness_of(layer):
            stored = row.layouts.get(ordering, {}).get(weight)
            return None if stored is None else Layout(**stored._asdict())
    return None


def _to_plain(axis: int, layout: Layout | None) -> int:
    if layout is None:
        return axis
    place = layout.axes.index(axis)
    dropped = layout.dropped_axis
    before = dropped is not None and place > layout.axes.index(dropped)
    return place - 1 if before else place


def _to_public(axis: int, layout: Layout | None) -> int:
    if layout is None:
        return axis
    dropped = layout.dropped_axis
    behind = dropped is not None and axis >= layout.axes.index(dropped)
    return layout.axes[axis + 1 if behind else axis]


_KERAS1_INITIALIZERS = {
    "Zeros": "zero",
    "Ones": "one",
    "Identity": "identity",
    "Orthogonal": "orthogonal",
    "RandomNormal": "normal",
    "RandomUniform": "uniform",
    "GlorotUniform": "glorot_uniform",
    "GlorotNormal": "glorot_normal",
    "HeUniform": "he_uniform",
    "HeNormal": "he_normal",
    "LecunUniform": "lecun_uniform",
}


def _initializer(initializer: Any, dialect: str) -> Any:
    """Return a like initializer of a dialect, or None."""
    value = initializers.serialize(initializer) if not isinstance(initializer, str) else initializer
    table = DOORS[dialect].initializers
    if dialect == "keras1" and isinstance(value, Mapping):
        value = _KERAS1_INITIALIZERS.get(value.get("class_name", ""), "")
    try:
        return None if value is None else initializers.get(value, table)
    except (ValueError, TypeError):  # of our errors, those about values
        return None


def is_of(layer: Layer, dialect: str) -> bool:
    """Return whether a layer, and what it wraps, is of a dialect's façade already."""
    return all(
        one.dialect.name == DOORS[dialect].name and type(one).__name__ not in WITHOUT_CLASS[dialect]
        for one in (layer, wrapped_as(layer, "layer"), wrapped_as(layer, "backward_layer"))
        if isinstance(one, Layer)
    )
