"""Inputs of models that stand for tensors which were computed."""

from __future__ import annotations

from typing import Any

from convdispatch import layers
from convdispatch.engine.symbols import Call, Symbol
from convdispatch.errors import InvalidType


def standing_for(tensor: Any, name: str) -> Symbol:
    """Return an input that gets a computed tensor unless a model is given another one."""
    if not isinstance(tensor, Symbol):
        raise InvalidType(
            f"`tensor` must be a symbolic tensor, such as `K.placeholder` or `K.variable` return; "
            f"received {type(tensor).__name__}."
        )
    layer = layers.InputLayer(batch_input_shape=tensor.shape, name=name, dtype=tensor.dtype)
    layer.build(tensor.shape)
    call = Call(layer, (tensor,), [tensor.spec], takes_list=False, gives_list=False)
    return call.outputs[0]
