"""A model like another one, with weights of its own."""

from __future__ import annotations

from typing import Any, TypeVar

from convdispatch.engine.declarations import lasting
from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.models._telling import Telling

ModelT = TypeVar("ModelT")


def clone_model(model: ModelT, input_tensors: Any = None) -> ModelT:
    """Return a model of new layers with newly drawn weights; functions are the very same.

    Raises `InvalidArgument` for `input_tensors`, which a model here is called with.

    >>> from convdispatch import Sequential, layers
    >>> twin = clone_model(Sequential([layers.Dense(3, input_shape=(4,))]))
    >>> twin.output_shape
    (None, 3)
    """
    if not isinstance(model, Telling):
        raise InvalidType(
            f"`model` must be a Sequential or a Model; received {type(model).__name__}."
        )
    if input_tensors is not None:
        raise InvalidArgument(
            f"`input_tensors` must be None; received {input_tensors!r}. Call the new model with "
            "these tensors: `clone_model(model)(tensors)`."
        )
    twin: Any = model.to(model.backend)  # type: ignore[attr-defined] # both models have it
    for name in ("optimizer", "loss", "history", "_wishes"):  # a clone is not compiled
        vars(twin).pop(name, None)
    for layer in twin._layers:
        declared = lasting(layer.declared_weights) if layer.built else ()
        if declared:
            layer.fill([layer._draw(weight) for weight in declared])
    return twin  # type: ignore[no-any-return] # of the class of the model
