"""What each Keras makes of a mask, where no file says it: its reader does what its Keras does.

For the steps that a mask leaves out, a layer of two ways repeats the last output in Keras 1 and 2
and gives zeros in tf_keras and Keras 3. A layer that has no use for a mask refuses it in Keras 1
and 2, and ends it in the others. Without a mask all are the same.
"""

from __future__ import annotations

from typing import Any

from convdispatch.layers import Bidirectional
from convdispatch.models.files.storing_layers import cannot

_OF_TODAY = ("tf_keras", "keras3")
_WORDS = {True: "zeros", False: "the last output before them"}


def require_same_masks(model: Any, dialect: str) -> None:
    """Raise for a layer whose input has a mask, and which the dialect's own computes otherwise."""
    graph = model._flat_graph()
    for node in graph.nodes:
        layer = node.layer
        if graph.masked.isdisjoint(node.reads):
            continue
        if isinstance(layer, Bidirectional):
            _require_same_zeros(layer, dialect)
        elif dialect not in _OF_TODAY and not (layer.supports_masking or layer.takes_mask):
            raise cannot(layer, dialect, "its input has a mask, which it refuses there")


def _require_same_zeros(layer: Any, dialect: str) -> None:
    own = layer.gives_zeros(layer.layer)
    its = vars(layer.layer)["return_sequences"] and dialect in _OF_TODAY
    if own != its:
        raise cannot(
            layer,
            dialect,
            f"for the steps that a mask leaves out it gives {_WORDS[own]}, and there {_WORDS[its]}",
        )
