"""The signatures of layers: what type checkers, editors, `help` and `inspect.signature` show."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, TypedDict

from convdispatch.engine import layer_options
from convdispatch.types import Convention, DType


class OptionsBesideWeights(TypedDict, total=False):
    """The keyword arguments of a layer whose constructor places `weights` itself."""

    name: str | None
    trainable: bool
    dtype: DType | None
    input_dtype: DType | None
    input_shape: Sequence[int | None] | None
    batch_size: int | None
    batch_input_shape: Sequence[int | None] | None
    backend: str | None
    convention: Convention | None


class LayerOptions(OptionsBesideWeights, total=False):
    """The keyword arguments that every layer takes beside its own."""

    weights: Sequence[Any] | None


_DEFAULTS = {"trainable": True}  # of the others: None


class ConstructorSignature:
    """The class attribute `__signature__` of layers, with the options of every layer written out.

    It is made on first use, so that importing the layers does not take the time for it.
    """

    def __get__(self, layer: object | None, layer_class: type) -> inspect.Signature:
        """Return the signature of the class's constructor."""
        if layer is not None:  # of a layer itself it is that of its `__call__`
            raise AttributeError("__signature__")
        if not layer_options.is_constructed_here(layer_class):
            constructor: Any = layer_class.__init__  # type: ignore[misc]  # of this very class
            own = inspect.signature(constructor)
            return own.replace(parameters=list(own.parameters.values())[1:])
        stated = layer_options.stated_parameters(layer_class)
        options = [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=_DEFAULTS.get(name),
                annotation=annotation,
            )
            for name, annotation in option_types().items()
            if name not in stated
        ]
        parameters = sorted([*stated.values(), *options], key=lambda one: one.kind)
        return inspect.Signature(parameters)


def option_types() -> dict[str, Any]:
    """Return the types of the options, written as in the source."""
    types = inspect.get_annotations(OptionsBesideWeights) | inspect.get_annotations(LayerOptions)
    return {name: getattr(found, "__forward_arg__", found) for name, found in types.items()}
