"""Inference by a model that keeps a state from batch to batch, as one compiled step.

The variables of the step are the states. The weights and the batch are its inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convdispatch.engine.graph import Graph
from convdispatch.engine.layer import Layer
from convdispatch.engine.masks import compute
from convdispatch.engine.whole import held
from convdispatch.ops import Backend
from convdispatch.runtime.dispatch import require_feature


class Carrying:
    """The function of inputs that computes the outputs and stores the new states.

    Other threads that compute with these layers wait for its end.
    """

    def __init__(self, backend: Backend, layers: Sequence[Layer], graph: Graph) -> None:
        require_feature(backend, "compile_step")
        self._layers, self._graph = list(layers), graph
        self._is_single = len(graph.inputs) == 1
        self._places = [
            (layer, place)
            for layer in layers
            for place, weight in enumerate(layer.declared_weights)
            if weight.is_state
        ]
        self._step = backend.compile_step(self._computed)

    def __call__(self, variables: object, inputs: Any) -> Any:
        """Return the outputs; the layers' own variables are used, whichever are given."""
        with held(self._layers):
            states = [layer._variables[place] for layer, place in self._places]
            known = set(map(id, states))
            weights = [
                [None if id(one) in known else one for one in layer._variables]
                for layer in self._layers
            ]
            given = {"weights": weights, "inputs": inputs}
            new, outputs = self._step(states, given)
            for (layer, place), state in zip(self._places, new, strict=True):
                layer._variables[place] = state  # in place: see `Recurrent.carry`
        return outputs

    def _computed(self, states: Sequence[Any], given: Any) -> tuple[list[Any], Any]:
        """Return the new states and the outputs: a pure function."""
        values = dict(zip(map(id, self._layers), map(list, given["weights"]), strict=True))
        for (layer, place), state in zip(self._places, states, strict=True):
            values[id(layer)][place] = state

        def call(place: int, layer: Layer, x: Any, *mask: Any) -> Any:
            own = values[id(layer)]
            if not layer.carries_state:
                return layer.plan_for(x).function(own, x, *mask)
            outputs, effects = layer.inference_for(x)(own, x, None, *mask)
            for position, weight in enumerate(layer.declared_weights):
                # A layer that is called again goes on from there.
                own[position] = effects.updates.get(weight.name, own[position])
            return outputs

        inputs = given["inputs"]
        outputs = compute(self._graph, call, [inputs] if self._is_single else list(inputs))
        new = [values[id(layer)][place] for layer, place in self._places]
        return new, outputs if self._graph.gives_list else outputs[0]
