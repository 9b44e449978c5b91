"""`Input` of Keras 1 and 2, which number the inputs of models as input_1, input_2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convdispatch import layers
from convdispatch.engine import layer_options
from convdispatch.engine.symbols import Symbol
from convdispatch.errors import InvalidArgument
from convdispatch.symbolic.standing import standing_for


def Input(  # noqa: N802  # Keras's name
    shape: Sequence[int | None] | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    dtype: str | None = None,
    sparse: bool = False,
    tensor: Any = None,
) -> Symbol:
    """Return a symbolic tensor for a model's input; arguments as of `convdispatch.layers.Input`.

    sparse: must be False, for tensors here are dense.
    tensor: a symbolic tensor for which the input stands, in place of a shape.

    >>> from convdispatch.keras2.layers import Input
    >>> Input((8, 1)).shape
    (None, 8, 1)
    """
    own = layer_options.numbered("input") if name is None else name
    if sparse:
        raise InvalidArgument("`sparse` must be False: tensors here are dense. Leave it out.")
    if tensor is not None:
        return standing_for(tensor, own)
    return layers.Input(shape, batch_shape, own, dtype)
