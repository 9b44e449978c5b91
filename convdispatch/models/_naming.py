"""Unique names of layers in a model; automatic names give way to given ones."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from convdispatch.engine import layer_options
from convdispatch.engine.layer import Layer
from convdispatch.errors import InvalidArgument


@contextlib.contextmanager
def made_room(layers: Sequence[Layer], layer: Layer) -> Iterator[None]:
    """Give a new layer a unique name among these; if the block raises, nothing changes.

    If two layers have the same name, the one without a name from the user gets another one. Raises
    `InvalidArgument` if the user named both.
    """
    other = next((one for one in layers if one.name == layer.name), None)
    if other is None:
        yield
        return
    if layer._has_own_name and other._has_own_name:
        raise InvalidArgument(
            f"the model already has a layer named {layer.name!r}; give each its own `name`."
        )
    yielding = other if layer._has_own_name else layer
    name = yielding.name
    around = [one for stack in yielding._stacks for one in stack.layers]
    taken = {one.name for one in [*layers, *around]}
    yielding.rename(layer_options.numbered(yielding._stem(), taken=taken))
    try:
        yield
    except BaseException:
        yielding.rename(name)
        raise
