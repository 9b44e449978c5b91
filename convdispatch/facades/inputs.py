"""`Input` of Keras 1 and 2, which number the inputs of models as input_1, input_2."""

from __future__ import annotations

from collections.abc import Sequence

from convdispatch import layers
from convdispatch.engine import layer_options
from convdispatch.engine.symbols import Symbol


def Input(  # noqa: N802  # Keras's name
    shape: Sequence[int | None] | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    dtype: str | None = None,
) -> Symbol:
    """Return a symbolic tensor for a model's input; arguments as of `convdispatch.layers.Input`.

    >>> from convdispatch.keras2.layers import Input
    >>> Input((8, 1)).shape
    (None, 8, 1)
    """
    own = layer_options.numbered("input") if name is None else name
    return layers.Input(shape, batch_shape, own, dtype)
