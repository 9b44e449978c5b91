"""What a mask leaves out of a layer of two ways, and what each Keras makes of such steps.

Keras 1 and 2 repeat the last output, tf_keras and Keras 3 give zeros, and no file says which: its
reader does what its Keras does. Without a mask both are the same.
"""

from __future__ import annotations

from typing import Any

from convdispatch.layers import Bidirectional
from convdispatch.models.files.storing_layers import cannot

_GIVING_ZEROS = ("tf_keras", "keras3")
_WORDS = {True: "zeros", False: "the last output before them"}


def require_same_zeros(model: Any, dialect: str) -> None:
    """Raise for a layer whose input has a mask, and which the dialect's own computes otherwise."""
    graph = model._flat_graph()
    for node in graph.nodes:
        layer = node.layer
        if not isinstance(layer, Bidirectional) or graph.masked.isdisjoint(node.reads):
            continue
        own = layer.gives_zeros(layer.layer)
        its = vars(layer.layer)["return_sequences"] and dialect in _GIVING_ZEROS
        if own != its:
            raise cannot(
                layer,
                dialect,
                f"for the steps that a mask leaves out it gives {_WORDS[own]}, and there "
                f"{_WORDS[its]}",
            )
