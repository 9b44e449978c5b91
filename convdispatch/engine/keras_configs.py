"""Translate a layer's configuration of any Keras into arguments of our constructors.

Every Keras's `get_config` has the constructor's arguments, and some keys that have no meaning or
another name here. A table lists these keys; a value that cannot be honoured is refused by name.
"""

from __future__ import annotations

import inspect
from collections.abc import Container, Mapping
from typing import Any

from convdispatch.engine import layer_options
from convdispatch.errors import BackendNotFound, InvalidDocument
from convdispatch.ops import FLOAT_DTYPES, INTEGER_DTYPES
from convdispatch.runtime import selection
from convdispatch.support import documents
from convdispatch.support.warnings import warn

# Keys of Keras's configurations that no class here takes, and their values without effect. A class
# that states such a key takes it as its own argument.
_NOTHING_ASKED: Mapping[str, tuple[object, ...]] = {
    "activity_regularizer": (None,),  # of layers without weights
    "autocast": (None, True, False),  # a layer here computes in the type of its input
    "filters": (None,),  # of TensorFlow's depthwise layers
    "groups": (None, 1),
    "gptq_unpacked_column_size": (None,),
    "implementation": (None, 0, 1, 2),
    "lora_alpha": (None,),
    "lora_rank": (None,),
    "fused": (None, True, False),  # which of TensorFlow's kernels computes
    "noise_shape": (None,),  # of spatial dropout, which has one of its own
    "optional": (None, False),
    "quantization_config": (None,),
    "quantization_mode": (None,),
    "ragged": (None, False),
    "mode_type": ("raw",),  # of Keras 1: 'lambda' and 'function' are code
    "output_mask_type": ("raw",),
    "output_shape_type": ("raw",),
    "return_state": (None, False),
    "renorm": (None, False),
    "renorm_clipping": (None,),
    "renorm_momentum": (None, 0.99),
    "sparse": (None, False),
    "time_major": (None, False),
    "synchronized": (None, False),
    "virtual_batch_size": (None,),
}
# What TensorFlow's separable and depthwise layers inherit from `Conv` and never use.
_INHERITED = ("kernel_initializer", "kernel_regularizer", "kernel_constraint")
# Types of weights under Keras's policies whose type for computing differs.
_MIXED = {"mixed_float16": "float32", "mixed_bfloat16": "float32"}
_POLICIES = ("DTypePolicy", "Policy", "PolicyV1", "FloatDTypePolicy")
_INFERRED = ("_infer", "infer")  # TensorFlow 1: that of the first input
_INFERRED_WITH_FLOAT32 = ("infer_with_float32_vars", "infer_float32_vars")


def make(
    layer_class: Any,
    config: Any,
    *,
    backend: str | None = None,
    limits: documents.DocumentLimits = documents.DEFAULT_LIMITS,
) -> Any:
    """Return a new layer of that class for a configuration, or raise `InvalidDocument`."""
    config, phase = _without_phase(layer_class, config)
    arguments = as_arguments(layer_class, config, limits)
    with documents.refusing(f"the configuration of {layer_class.__name__}"):
        wish = arguments.pop("backend", None)
        if backend is None and wish is not None:
            backend = _wished_backend(wish)
        if backend is not None:
            arguments["backend"] = backend
        if not layer_options.is_constructed_here(layer_class):
            _require_fitting(layer_class, arguments)
        made = layer_class(**arguments)
    if phase is not None:
        made.take_phase(phase)
    return made


def _without_phase(layer_class: Any, config: Any) -> tuple[Any, bool | None]:
    """Return the configuration without the phase that a call of the layer stated, and that."""
    if not (isinstance(config, Mapping) and "stated_phase" in config):
        return config, None
    phase = config["stated_phase"]
    if not hasattr(layer_class, "take_phase") or not isinstance(phase, bool):
        raise InvalidDocument(
            f"`stated_phase` of {layer_class.__name__} must be true or false, of a layer whose "
            f"call takes `training`; received {documents.shown(phase)}."
        )
    return {key: value for key, value in config.items() if key != "stated_phase"}, phase


def as_arguments(layer_class: Any, config: Any, limits: documents.DocumentLimits) -> dict[str, Any]:
    """Return the constructor's arguments for a configuration of any Keras."""
    layer_options.require_mapping(layer_class, config)
    documents.require_readable(config, limits)
    stated = layer_options.stated_parameters(layer_class)
    arguments = dict(config)
    if layer_options.is_constructed_here(layer_class):
        arguments = without_nothing_asked(config, layer_class.__name__, known=stated)
        if "rank" in arguments and arguments["rank"] == getattr(layer_class, "rank", None):
            del arguments["rank"]
        if "depthwise_initializer" in stated:
            arguments = {k: v for k, v in arguments.items() if k not in _INHERITED}
    if layer_class.is_input and "batch_shape" in arguments:  # Keras 3's name
        arguments["batch_input_shape"] = arguments.pop("batch_shape")
    if arguments.get("input_dtype") in INTEGER_DTYPES and not layer_class.is_input:
        del arguments["input_dtype"]  # Keras 1's Embedding says so of its input
    if "dtype" in arguments:
        arguments["dtype"] = weights_dtype(arguments["dtype"], layer_class)
    layer_options.require_config(layer_class, arguments)
    if layer_options.is_constructed_here(layer_class):
        with documents.refusing(f"the configuration of {layer_class.__name__}"):
            layer_options.require_own_keywords(layer_class, arguments)
    return arguments


def _require_fitting(layer_class: Any, arguments: Mapping[str, Any]) -> None:
    """Raise `InvalidDocument` where a user's constructor cannot be called with the arguments."""
    try:
        inspect.signature(layer_class).bind(**arguments)
    except TypeError as exc:
        raise InvalidDocument(
            f"the configuration of {layer_class.__name__} does not fit its constructor: {exc}."
        ) from exc


def without_nothing_asked(
    config: Mapping[str, Any], owner: str, known: Container[str] = ()
) -> dict[str, Any]:
    """Return the configuration without Keras's keys that have no effect.

    Raises `InvalidDocument` if such a key has another value. `known` keys are the owner's.
    """
    foreign = [key for key in config if key in _NOTHING_ASKED and key not in known]
    for key in foreign:
        value = config[key]
        # By type as well: 1 is no True, and 1.0 no 1.
        if not any(type(value) is type(none) and value == none for none in _NOTHING_ASKED[key]):
            raise InvalidDocument(
                f"the configuration of {owner} has `{key}` {documents.shown(value)}, which is not "
                "offered here. It can be read without that key, or with None."
            )
    return {key: value for key, value in config.items() if key not in foreign}


def weights_dtype(dtype: object, layer_class: Any) -> object:
    """Return the type of the weights that an element type or a policy of Keras states."""
    name: object = dtype
    if isinstance(dtype, Mapping):
        config = dtype.get("config")
        name = config.get("name") if isinstance(config, Mapping) else None
        if dtype.get("class_name") not in _POLICIES or not isinstance(name, str):
            raise InvalidDocument(
                f"the configuration of {layer_class.__name__} has the `dtype` "
                f"{documents.shown(dtype)}; allowed: the name of an element type, or Keras's "
                "DTypePolicy with one. Quantized layers are not offered."
            )
    if name in _INFERRED:
        return None
    if name in _INFERRED_WITH_FLOAT32:
        return "float32"
    if isinstance(name, str) and name in _MIXED:
        computed = name.removeprefix("mixed_")
        warn(
            f"{layer_class.__name__} was saved under Keras's policy {name!r}. Its weights are "
            f"{_MIXED[name]}, as there; it computes in the type of its input: give it {computed}."
        )
        return _MIXED[name]
    return name if isinstance(name, str) and name in FLOAT_DTYPES else dtype


def _wished_backend(wish: object) -> str:
    """Return the backend that a document names, if it is registered; it is not loaded."""
    if not isinstance(wish, str):
        raise InvalidDocument(f"`backend` must be a name; received {documents.shown(wish)}.")
    try:
        return selection.resolve_backend(wish)
    except BackendNotFound as exc:
        raise InvalidDocument(f"the document's `backend`: {exc}") from exc
