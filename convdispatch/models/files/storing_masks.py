"""What each Keras makes of a mask, where no file says it: its reader does what its Keras does.

For the steps that a mask leaves out, a layer of two ways repeats the last output in Keras 1 and 2
and gives zeros in tf_keras and Keras 3; tf_keras's with `unroll` puts them at other places in the
way back. A layer that has no use for a mask refuses it in Keras 1 and 2, and ends it in the others.
Keras 3 merges masks, and masked tensors, in a way of its own, and computes without the mask where a
state is given. Without a mask all are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convdispatch.engine.graph import Graph, Node
from convdispatch.layers import Bidirectional, Maximum, Multiply, TimeDistributed
from convdispatch.layers._merging import MergeLayer
from convdispatch.layers._recurrence import Recurrence
from convdispatch.models.files.order import TAKE_STATES
from convdispatch.models.files.other_words import DOORS
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
        for what, is_other in _differences(graph, node, dialect):
            if is_other:
                raise cannot(layer, dialect, f"its input has a mask, and {what}")
        if isinstance(layer, Bidirectional):
            _require_same_zeros(layer, dialect)
            for way in layer._ways():
                _require_same_places(layer, way, dialect)
        elif isinstance(layer, Recurrence):
            _require_same_places(layer, layer, dialect)
        elif dialect not in _OF_TODAY and not (layer.supports_masking or layer.takes_mask):
            raise cannot(layer, dialect, "its input has a mask, which it refuses there")


def _differences(graph: Graph, node: Node, dialect: str) -> Iterator[tuple[str, bool]]:
    """Yield what may be otherwise in a dialect where a call reads a mask, and whether it is."""
    layer, other = node.layer, DOORS[dialect]
    own = layer.dialect
    if isinstance(layer, MergeLayer) and own.unites_masks != other.unites_masks:
        yield "the masks of several tensors are merged otherwise there", _is_read(graph, node)
    if isinstance(layer, Multiply | Maximum):
        counts = own.merges_what_counts != other.merges_what_counts
        yield "other numbers are merged there than those of the steps that count", counts
    if isinstance(layer, TAKE_STATES) and len(node.reads) > 1:
        keeps = own.keeps_masks_beside_states != other.keeps_masks_beside_states
        yield "beside a state to begin with it is used in one of both Kerases alone", keeps
    if isinstance(layer, TimeDistributed) and own.masks_by_step != other.masks_by_step:
        yield "its layer is given it in one of both Kerases alone", layer.layer.takes_mask
    if isinstance(layer, TimeDistributed) and own.makes_masks_by_step != other.makes_masks_by_step:
        makes = layer.layer.takes_mask or layer.layer.makes_mask([False])
        yield "the mask of the output is another there", makes and _is_read(graph, node)


def _is_read(graph: Graph, node: Node) -> bool:
    """Return whether a layer computes with the mask of what a node writes, or with one made of it.

    A layer that would hand it on may not do so here, as nothing has a mask.
    """
    numbers = set(node.writes)
    for one in graph.nodes:
        if numbers.isdisjoint(one.reads):
            continue
        if one.layer.reads_mask(len(one.reads)):
            return True
        if one.layer.makes_mask([True] * len(one.reads)):
            numbers.update(one.writes)
    return False


def _require_same_zeros(layer: Any, dialect: str) -> None:
    own = layer.gives_zeros(layer.layer)
    its = vars(layer.layer)["return_sequences"] and dialect in _OF_TODAY
    if own != its:
        raise cannot(
            layer,
            dialect,
            f"for the steps that a mask leaves out it gives {_WORDS[own]}, and there {_WORDS[its]}",
        )


def _require_same_places(layer: Any, way: Any, dialect: str) -> None:
    needed = ("unroll", "go_backwards", "return_sequences", "zero_output_for_mask")
    is_touched = all(vars(way).get(name) for name in needed)
    if is_touched and way.gives_zeros_by_place != (dialect == "tf_keras"):
        raise cannot(
            layer,
            dialect,
            "with `unroll`, tf_keras alone gives zeros at the mask's places in the outputs of the "
            "way back, which begin with the last step. Without `unroll` all are the same",
        )
