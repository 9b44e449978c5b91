"""What an output of a model was before the softmax or the sigmoid that it ends with.

Some losses want that, beside the output: see `crossentropies`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from convdispatch.engine.graph import Graph
from convdispatch.engine.layer import Layer
from convdispatch.engine.plans import casting_weights
from convdispatch.engine.resolved import Effects
from convdispatch.engine.specs import listed
from convdispatch.formulas import activations
from convdispatch.formulas.activations import Activation
from convdispatch.formulas.whole_batch import whole
from convdispatch.layers._epilogue import EpilogueLayer
from convdispatch.ops import HALF_DTYPES, Backend
from convdispatch.runtime.tuning import outside_trace

_ENDS = ("softmax", "sigmoid")


def endings_of(graph: Graph, wanted: Collection[int]) -> Mapping[int, list[int]]:
    """Return by the place of a node which of the wanted outputs are what it ends with."""
    found: dict[int, list[int]] = {}
    for place, node in enumerate(graph.nodes):
        outputs = [one for one in wanted if graph.outputs[one] in node.writes]
        if outputs and isinstance(node.layer, EpilogueLayer) and _ends(node.layer.activation):
            found[place] = outputs
    return found


def _ends(activation: Any) -> bool:
    return isinstance(activation, Activation) and activation.name in _ENDS


def ending(layer: Layer, inputs: Any, backend: Backend) -> Callable[..., Any] | None:
    """Return a function of weights and inputs that gives ((before, output), effects).

    None where the layer computes in half precision, whose outputs are rounded on their own.
    """
    specs = layer._specs_of(inputs)
    first, resolved = listed(specs)[0], layer.resolved(specs)
    if first.dtype in HALF_DTYPES or layer.dtype in HALF_DTYPES:
        return None
    linear = activations.get(None)
    affine = outside_trace(backend, first.shape[0], lambda: resolved.lower(first.dtype, linear))
    if first.dtype != layer.dtype:
        affine = casting_weights(affine, backend, first.dtype)

    def function(weights: Any, x: Any, key: Any, *mask: Any) -> Any:
        before = affine(weights, x, *mask)
        output = backend.cast(layer.activation.compute(backend.functions, before), first.dtype)
        losses: Sequence[Any] = ()
        if layer.activity_regularizer is not None:
            losses = layer.activity_penalties(output, whole(backend))
        return (before, output), Effects(losses=tuple(losses))

    return function
