"""A model's computation in a step: outputs, new values of its state, and losses.

It is what `apply_training` computes, over flat lists of tensors and without its checks: a step runs
thousands of times with the same layers. Nothing here depends on the batch size.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

from convdispatch.engine import scopes
from convdispatch.engine.layer import Layer
from convdispatch.engine.masks import run_with_masks
from convdispatch.engine.plans import Latest
from convdispatch.engine.resolved import Effects
from convdispatch.engine.scopes import Scope
from convdispatch.formulas.random import Draws
from convdispatch.formulas.regularizers import penalty
from convdispatch.runtime.registry import registry
from convdispatch.symbolic.scoring import added
from convdispatch.training.endings import ending, endings_of
from convdispatch.training.sharded import Units
from convdispatch.training.subject import Subject

# The mask of each output, None for none; empty where the graph has no masks.
Masks = tuple[Any, ...]
# By the place of a node: what computes it, where its layer's weights are, and their names; None
# where it returns the outputs alone, ENDING where it returns what they were before, too.
Found = dict[int, tuple[Callable[..., Any], slice, Any]]
ENDING: Final = "ending"


class Computed(NamedTuple):
    """What a model computes in a step.

    masks: of each output, None for none; empty where the graph has no masks.
    updates: new values by the places of weights.
    before: by the places of outputs what they were before their last activation, where it is asked
        for.
    """

    outputs: list[Any]
    masks: Masks
    updates: dict[int, Any]
    losses: list[Any]
    before: dict[int, Any]


class Forward:
    """The functions of a model for training and for evaluation."""

    def __init__(self, model: Subject, trained: Sequence[bool]) -> None:
        self._backend = registry.load(model.backend)
        self.graph = model._flat_graph()
        self.layers = list(model._layers)
        self._spans = _spans(self.layers)
        self._when_frozen = {
            id(layer): layer.when_frozen
            for layer, is_trained in zip(self.layers, trained, strict=True)
            if not is_trained
        }
        self._penalized = [
            (start + place, weight.regularizer)
            for layer, is_trained in zip(self.layers, trained, strict=True)
            for start in [self._spans[id(layer)].start]
            for place, weight in enumerate(layer.declared_weights)
            if weight.regularizer is not None
            and (model.dialect.penalizes_frozen or (is_trained and weight.trainable))
        ]
        declared = [weight for layer in self.layers for weight in layer.declared_weights]
        self.states = tuple(place for place, weight in enumerate(declared) if weight.is_state)
        self.draws = any(node.layer.draws for node in self.graph.nodes)
        self._fold: Any = Draws(self._backend)["fold"] if self.draws else None
        # The losses of the model itself, and by number the symbols that a script may name.
        self.added: Sequence[Any] = getattr(model, "_added_losses", ())
        self._symbols: dict[int, list[Any]] | None = None
        if self.added:
            self.know_symbols(model)
        self.units: Units | None = None  # of weights of which each device has a part
        self._endings: Mapping[int, list[int]] = {}
        self._training: Latest[Any, Found] = Latest()
        self._evaluation: Latest[Any, Found] = Latest()

    def look_before(self, outputs: Collection[int]) -> None:
        """Tell of these outputs, too, what they were before a softmax or a sigmoid."""
        self._endings = endings_of(self.graph, outputs)

    def know_symbols(self, model: Any) -> None:
        """Let a scope know the model's symbols: functions of the user's may name them."""
        found: dict[int, list[Any]] = {}
        for symbol, number in model._symbol_numbers().items():
            found.setdefault(number, []).append(symbol)
        self._symbols = found

    def scope(self, weights: Sequence[Any], key: Any, *, is_training: bool) -> Scope | None:
        """Return the scope of a step, None where nothing asks for symbols."""
        if self._symbols is None:
            return None
        by_layer = {layer: list(weights[self._spans[id(layer)]]) for layer in self.layers}
        owner = self.layers[0]
        return Scope(self._backend, is_training=is_training, key=key, owner=owner, weights=by_layer)

    def training(
        self,
        weights: Sequence[Any],
        inputs: Sequence[Any],
        key: Any,
        scope: Scope | None = None,
    ) -> Computed:
        """Return the outputs, their masks, new values by the places of weights, and losses."""
        found = self._found(self._training, inputs)
        current, updates, before = list(weights), dict[int, Any](), dict[int, Any]()
        losses = self._penalties(weights)

        def call(place: int, layer: Layer, x: Any, *mask: Any) -> Any:
            known = found.get(place)
            if known is None:
                known = found[place] = self._find_training(place, layer, x)
            function, span, names = known
            own = self._fold(key, place) if layer.draws else key
            outputs, effects = function(current[span], x, own, *mask)
            if names is ENDING:
                outputs = self._noted(place, outputs, before)
            if effects.losses:
                losses.extend(effects.losses)
            if effects.updates and (layer.carries_state or self._may_move(layer)):
                _take_over(effects, current, updates, span.start, names)
            return outputs

        outputs, masks = self._run(call, inputs, scope)
        if self.added and scope is not None:
            with scopes.entered(scope):
                losses.extend(added(self.added, scope))
        return Computed(outputs, masks, updates, losses, before)

    def evaluation(
        self, weights: Sequence[Any], inputs: Sequence[Any], scope: Scope | None = None
    ) -> Computed:
        """Return the same of inference: the new values are those of states."""
        found = self._found(self._evaluation, inputs)
        current, updates, before = list(weights), dict[int, Any](), dict[int, Any]()
        losses = self._penalties(weights)

        def call(place: int, layer: Layer, x: Any, *mask: Any) -> Any:
            known = found.get(place)
            if known is None:
                known = found[place] = self._find(place, layer, x)
            function, span, names = known
            if names is None:  # a layer without effects
                return function(current[span], x, *mask)
            outputs, effects = function(current[span], x, None, *mask)
            losses.extend(effects.losses)
            if names is ENDING:
                return self._noted(place, outputs, before)
            _take_over(effects, current, updates, span.start, names)
            return outputs

        outputs, masks = self._run(call, inputs, scope)
        if self.added and scope is not None:
            with scopes.entered(scope):
                losses.extend(added(self.added, scope))
        return Computed(outputs, masks, updates, losses, before)

    def _noted(self, place: int, pair: tuple[Any, Any], before: dict[int, Any]) -> Any:
        """Return the output of a pair of an ending, and note what it was before."""
        before.update(dict.fromkeys(self._endings[place], pair[0]))
        return pair[1]

    def _may_move(self, layer: Layer) -> bool:
        """Return whether training changes the statistics of the layer."""
        return self._when_frozen.get(id(layer)) != "keeps"

    def _run(
        self, call: Callable[..., Any], inputs: Sequence[Any], scope: Scope | None
    ) -> tuple[list[Any], Masks]:
        if scope is not None:
            call = self._noting(call, inputs, scope)
        if self.graph.masked:
            return run_with_masks(self.graph, call, inputs)
        return self.graph.run(call, inputs), ()

    def _noting(
        self, call: Callable[..., Any], inputs: Sequence[Any], scope: Scope
    ) -> Callable[..., Any]:
        """Return the call of a node, which lets the scope know what its symbols stand for."""
        symbols, nodes = self._symbols or {}, self.graph.nodes
        for number, value in enumerate(inputs):
            scope.values.update(dict.fromkeys(symbols.get(number, ()), value))

        def noted(place: int, layer: Layer, x: Any, *mask: Any) -> Any:
            outputs = call(place, layer, x, *mask)
            values = outputs if nodes[place].gives_list else [outputs]
            for number, value in zip(nodes[place].writes, values, strict=True):
                scope.values.update(dict.fromkeys(symbols.get(number, ()), value))
            return outputs

        return noted

    def _penalties(self, weights: Sequence[Any]) -> list[Any]:
        backend, units = self._backend, self.units
        if units is not None:
            return units.penalties(self._penalized, backend, weights)
        return [penalty(one, backend, weights[place]) for place, one in self._penalized]

    def _found(self, table: Latest[Any, Found], inputs: Sequence[Any]) -> Found:
        """Return what is known for inputs like these, whatever the size of the batch."""
        described = [self._backend.describe(x) for x in inputs]
        key = tuple([(shape[1:], dtype) for shape, dtype in described])
        found = table.get(key)
        return table.keep(key, {}) if found is None else found

    def _find_ending(self, place: int, layer: Layer, x: Any) -> Any:
        """Return what computes an ending, None for another node."""
        function = ending(layer, x, self._backend) if place in self._endings else None
        return function and (self._by_units(function), self._spans[id(layer)], ENDING)

    def _find(self, place: int, layer: Layer, x: Any) -> Any:
        if place in self._endings and (found := self._find_ending(place, layer, x)):
            return found
        if not layer.carries_state and layer.activity_regularizer is None:
            plan = layer.plan_for(x).function
            if self.units is not None:
                plan = self.units.without_effects(plan)
            return plan, self._spans[id(layer)], None
        names = tuple(weight.name for weight in layer.declared_weights)
        return self._by_units(layer.inference_for(x)), self._spans[id(layer)], names

    def _find_training(self, place: int, layer: Layer, x: Any) -> Any:
        if found := self._find_ending(place, layer, x):
            return found
        span = self._spans[id(layer)]
        names = tuple(weight.name for weight in layer.declared_weights)
        infers = self._when_frozen.get(id(layer)) == "infers"
        function = (layer.inference_for if infers else layer.training_for)(x)
        return self._by_units(function), span, names

    def _by_units(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return function if self.units is None else self.units.with_effects(function)


def _take_over(
    effects: Effects, current: list[Any], updates: dict[int, Any], first: int, names: Any
) -> None:
    """Write new values at their places: a layer that is called again goes on from there."""
    for name, value in effects.updates.items():
        current[first + names.index(name)] = updates[first + names.index(name)] = value


def _spans(layers: Sequence[Layer]) -> dict[int, slice]:
    """Return by layer the places of its weights among those of all layers."""
    spans, start = {}, 0
    for layer in layers:
        stop = start + len(layer.declared_weights)
        spans[id(layer)] = slice(start, stop)
        start = stop
    return spans
