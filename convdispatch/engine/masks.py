"""Masks: which steps of each sample count, beside the tensors of a graph.

A mask is a bool tensor of a tensor's first axes, mostly (batch, steps). Some layers make one,
others pass it on or compute with it. Which tensors have a mask is decided when the graph is made,
so a graph without masks computes as if there were none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from convdispatch.engine.accepting import Accepting
from convdispatch.engine.graph import Graph, Node
from convdispatch.errors import InvalidArgument
from convdispatch.support.warnings import warn


class PassingMasks(Accepting):
    """What a layer does with the masks of its inputs: by default it has no use for them."""

    supports_masking: bool = False  # whether its output has the mask of its input
    takes_mask: bool = False  # whether its functions take a mask as a last argument
    masked_outputs: int = 1  # how many of its outputs, from the first, have its mask

    def makes_mask(self, masked: Sequence[bool]) -> bool:
        """Return whether the output has a mask where these of the inputs have one."""
        return self.supports_masking and any(masked)

    def reads_mask(self, count: int) -> bool:
        """Return whether a call that reads so many tensors of a graph is given their mask."""
        return self.takes_mask

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the output, None for none: a pure function of native tensors.

        `mask` is that of the input; for a list of inputs a list, in which some may be None.
        """
        return mask if self.supports_masking else None

    @property
    def _title(self) -> str:
        raise NotImplementedError


def with_masks(graph: Graph) -> Graph:
    """Return a graph without nested models with the numbers of its tensors that have a mask."""
    masked: set[int] = set()
    for node in graph.nodes:
        if node.layer.makes_mask([number in masked for number in node.reads]):
            masked.update(node.writes[: node.layer.masked_outputs])
    return graph if masked == graph.masked else replace(graph, masked=frozenset(masked))


def require_supported(graph: Graph, *, refuses: bool) -> None:
    """Raise `InvalidArgument`, or warn as Keras 3 does, where a layer has no use for a mask.

    `refuses` is what the Keras of the model does; its layers have to be of one that does, too.
    """
    for node in graph.nodes:
        layer = node.layer
        if layer.supports_masking or layer.takes_mask or graph.masked.isdisjoint(node.reads):
            continue
        what = f"{layer._title} does not support masking, and its input has a mask"
        if refuses and layer.dialect.refuses_masks:
            raise InvalidArgument(
                f"{what}. Put a layer that uses the mask before it, or leave out what makes it, "
                "`Masking` or `mask_zero=True`."
            )
        warn(f"{what}, which ends there: later layers and losses do not see it.")


def own_mask(layer: PassingMasks, inputs: Any, mask: Any) -> Any:
    """Return the mask of a layer's output."""
    return layer.compute_mask(inputs, mask)


def run_with_masks(
    graph: Graph,
    call: Callable[..., Any],
    inputs: Sequence[Any],
    mask_of: Callable[[Any, Any, Any], Any] = own_mask,
) -> tuple[list[Any], tuple[Any, ...]]:
    """Return the outputs and their masks, None for none.

    `call` gets, beside what `Graph.run` hands it, the mask for a layer that takes one. `mask_of`
    returns the mask of a layer's output for its inputs and their masks.
    """
    tensors, masks = list(inputs), [None] * len(inputs)
    for place, node in enumerate(graph.nodes):
        read, mask = _read(node, tensors), _read(node, masks)
        is_masked = not graph.masked.isdisjoint(node.reads)
        hands_on = (mask,) if is_masked and node.layer.reads_mask(len(node.reads)) else ()
        written = call(place, node.layer, read, *hands_on)
        tensors += written if node.gives_list else [written]
        made = None
        if node.writes[0] in graph.masked:
            made = mask_of(node.layer, read, mask if is_masked else None)
        masks += [made if number in graph.masked else None for number in node.writes]
    return [tensors[i] for i in graph.outputs], tuple(masks[i] for i in graph.outputs)


def apply_layer(place: int, layer: Any, inputs: Any, *mask: Any) -> Any:
    """Return a layer's output for the inputs of a node."""
    return layer(inputs, mask=mask[0]) if mask else layer(inputs)


def compute(graph: Graph, call: Callable[..., Any], inputs: Sequence[Any]) -> list[Any]:
    """Return the outputs for native inputs; masks are passed on where the graph has some."""
    if graph.masked:
        return run_with_masks(graph, call, inputs)[0]
    return graph.run(call, inputs)


def _read(node: Node, values: Sequence[Any]) -> Any:
    read = [values[number] for number in node.reads]
    return read if node.takes_list else read[0]
