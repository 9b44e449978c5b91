"""The derivatives of a symbolic scalar, as a node that holds the graph between its two ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convdispatch.engine import scopes
from convdispatch.engine.graph import traced
from convdispatch.engine.scopes import NeedsSymbols, Scope
from convdispatch.engine.specs import Spec
from convdispatch.engine.symbols import Call, Symbol
from convdispatch.errors import InvalidType
from convdispatch.runtime import selection
from convdispatch.symbolic.operations import Operation
from convdispatch.symbolic.running import run
from convdispatch.symbolic.variables import Variable

__all__ = ["gradients"]


def layers_of(graph: Any) -> list[Any]:
    """Return the layers of a graph, and those that its gradients differentiate, each once."""
    found: dict[int, Any] = {}
    for node in graph.nodes:
        found[id(node.layer)] = node.layer
        variable = getattr(node.layer, "variable", None)
        if variable is not None:  # which may have become a layer's weight
            found[id(variable.holder)] = variable.holder
        for one in getattr(node.layer, "inner_layers", ()):
            found[id(one)] = one
    return list(found.values())


class Gradient(Operation):
    """The derivatives of a scalar: a node that holds the graph between its two ends."""

    def __init__(self, loss: Symbol, ends: Sequence[Symbol], weights: Sequence[Any]) -> None:
        super().__init__(gradients, [(), {}])
        roots = _roots(loss, ends)
        self.sources = [*ends, *roots]
        self._ends = len(ends)
        self._graph = traced(self.sources, [loss], gives_list=True).flattened()
        self.inner_layers = layers_of(self._graph)
        self._weights = [place_of(one, self.inner_layers) for one in weights]
        for layer in self.inner_layers:
            if layer.draws:
                self._uses.add("random")

    def recorded_for(self, of: Sequence[Any]) -> list[Symbol]:
        """Return the symbols of the derivatives for these tensors and weights."""
        specs = [_spec_of(one) for one in of]
        call = Call(self, self.sources, specs, takes_list=True, gives_list=len(specs) != 1)
        return list(call.outputs)

    def output_specs(self, specs: Any) -> Any:
        """Return the specs of the derivatives."""
        made = [symbol.spec for symbol in self._calls[0].outputs]
        return made if len(made) != 1 else made[0]

    def _called(self, o: Any, values: Sequence[Any]) -> Any:
        outer: Any = scopes.current()
        ends, roots = list(values[: self._ends]), list(values[self._ends :])
        own = [_weights_in(outer, layer)[index] for layer, index in self._weights]

        def scalar(tensors: Sequence[Any]) -> tuple[Any, Any]:
            chosen = list(tensors[: self._ends])
            weights = dict(outer.weights)
            for (layer, index), value in zip(self._weights, tensors[self._ends :], strict=True):
                changed = list(
                    _weights_in(outer, layer) if layer not in weights else weights[layer]
                )
                changed[index] = value
                weights[layer] = changed
            scope = Scope(
                outer.backend,
                is_training=outer.is_training,
                key=outer.key,
                owner=self,
                values=dict(zip(self.sources, [*chosen, *roots], strict=True)),
                weights=weights,
            )
            with scopes.entered(scope):
                found = run(self._graph, [*chosen, *roots], scope)[0]
            return o.f["sum"](found) if o.rank(found) else found, []

        _, slopes = o.backend.value_and_grad(scalar)([*ends, *own])
        return list(slopes)


def _spec_of(one: Any) -> Spec:
    if isinstance(one, Symbol):
        return one.spec
    return Spec(*selection.backend_of(one).describe(one))


def _weights_in(scope: Scope, layer: Any) -> Any:
    found = scope.weights.get(layer)
    return layer._variables if found is None else found


def _roots(loss: Symbol, ends: Sequence[Symbol]) -> list[Symbol]:
    """Return the inputs that the loss needs beside the ends."""
    stops = {id(one) for one in ends}
    pending, seen, found = [loss], set[int](), list[Symbol]()
    while pending:
        symbol = pending.pop()
        if id(symbol) in stops or id(symbol) in seen:
            continue
        seen.add(id(symbol))
        if not symbol.call.inputs and symbol.call.layer.is_input:
            found.append(symbol)
        pending += symbol.call.inputs
    return found


def place_of(weight: Any, layers: Sequence[Any]) -> tuple[Any, int]:
    """Return the layer that has a weight, and its place there."""
    if isinstance(weight, Variable):
        return weight.holder, weight.index
    for layer in layers:
        for index, own in enumerate(layer._variables):
            if own is weight:
                return layer, index
    raise InvalidType(
        "`variables` must be symbolic tensors, variables, or weights of layers that the loss is "
        f"computed with; received {type(weight).__name__}."
    )


def gradients(loss: Any, variables: Any) -> list[Any]:
    """Return the derivatives of a scalar for tensors or weights: a symbolic tensor for each.

    Of a loss that is no scalar, its sum is differentiated.
    """
    if not isinstance(loss, Symbol):
        raise NeedsSymbols(
            "`loss` must be a symbolic tensor: one that is computed from a model's tensors outside "
            f"of a function; received {type(loss).__name__}."
        )
    listed = list(variables) if isinstance(variables, list | tuple) else [variables]
    # A tensor that is computed ends the graph for itself alone: the others are behind it.
    computed = [one for one in listed if isinstance(one, Symbol) and one.call.inputs]
    others = [one for one in listed if not any(one is other for other in computed)]
    ends = [one for one in others if isinstance(one, Symbol) and not _is_weight(one)]
    weights = [one for one in others if not any(one is end for end in ends)]
    found = [_recorded(loss, [one], []) for one in computed]
    found += [_recorded(loss, ends, weights)] if others else []
    made = dict(
        zip(map(id, [*computed, *ends, *weights]), [s for own in found for s in own], strict=True)
    )
    return [made[id(one)] for one in listed]


def _recorded(loss: Symbol, ends: Sequence[Symbol], weights: Sequence[Any]) -> list[Symbol]:
    return Gradient(loss, ends, weights).recorded_for([*ends, *weights])


def _is_weight(one: Symbol) -> bool:
    return isinstance(one, Variable) and one.holder is not one.call.layer


gradients.computes = gradients  # type: ignore[attr-defined] # an operation's function
