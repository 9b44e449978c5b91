"""A stack of layers as pure functions of its weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from convdispatch.engine.declarations import Weight
from convdispatch.engine.functional import Functional, in_order
from convdispatch.engine.graph import Graph
from convdispatch.engine.masks import run_with_masks
from convdispatch.engine.resolved import Effects
from convdispatch.formulas.random import Draws
from convdispatch.layers import Layer
from convdispatch.models._flat_weights import by_layer
from convdispatch.models._members import require_paths
from convdispatch.models.files.weight_files import SavedWeights
from convdispatch.runtime.registry import registry
from convdispatch.training import Trainable


class PureStack(SavedWeights, Trainable):
    """The computation of a stack of layers, with given weights."""

    backend: str

    def apply(self, weights: Sequence[Any], inputs: Any) -> Any:
        """Apply the layers with other weights: a pure function, for jit and autodiff.

        `weights` are native tensors in the order and layout of `variables`.
        """
        own = self._by_layer(weights)
        return self._computed(_applying(own), inputs)[0]

    def apply_inference(self, weights: Sequence[Any], inputs: Any) -> tuple[Any, Effects]:
        """Apply the layers, and return new values of their states by their paths.

        It is a pure function of native tensors, as `apply` is.
        """
        return self._inferred(weights, inputs, self._paths())

    def _inferred(
        self, weights: Sequence[Any], inputs: Any, named: Sequence[tuple[str, Layer]]
    ) -> tuple[Any, Effects]:
        """Apply the layers as in inference; the new states have these paths of the layers."""
        updating = _Updating(self._by_layer(weights), named)

        def call(place: int, layer: Layer, x: Any, *mask: Any) -> Any:
            outputs, effects = layer.apply_inference(updating.weights_of(layer), x, *mask)
            updating.keep(layer, effects)
            return outputs

        outputs, masks = self._computed(call, inputs)
        return outputs, Effects(updates=updating.updates, masks=masks)

    def apply_training(self, weights: Sequence[Any], inputs: Any, key: Any) -> tuple[Any, Effects]:
        """Apply the layers as in training: a pure function that returns (outputs, effects).

        `weights` are native tensors in the order and layout of `variables`, `key` an int32 tensor
        of two numbers that decides all random ones; each layer gets one of its own. The effects are
        new values of weights by their paths, and all losses: those of outputs and of weights.
        """
        return self._trained(weights, inputs, key, self._paths())

    def _trained(
        self, weights: Sequence[Any], inputs: Any, key: Any, named: Sequence[tuple[str, Layer]]
    ) -> tuple[Any, Effects]:
        """Apply the layers as in training; the updates have these paths of the layers."""
        draws = Draws(registry.load(self.backend))
        updating = _Updating(self._by_layer(weights), named)
        losses = self.penalties(weights)

        def call(place: int, layer: Layer, x: Any, *mask: Any) -> Any:
            own_key = draws["fold"](key, place) if layer.draws else key
            outputs, effects = layer.apply_training(updating.weights_of(layer), x, own_key, *mask)
            losses.extend(effects.losses)
            updating.keep(layer, effects)
            return outputs

        outputs, masks = self._computed(call, inputs)
        return outputs, Effects(updates=updating.updates, losses=tuple(losses), masks=masks)

    def graph(self) -> Graph:
        """Return the calls of layers that the model is made of."""
        raise NotImplementedError

    def _flat_graph(self) -> Graph:
        """Return the graph without nested models."""
        return self.graph()

    def _paths(self) -> list[tuple[str, Layer]]:
        """Return each layer that has weights of its own with its path: the names it is under."""
        self.ensure_built("the weights")
        return [("/".join(one.name for one in chain), chain[-1]) for chain in self._chains()]

    def _by_layer(self, weights: Sequence[Any]) -> dict[int, Sequence[Any]]:
        """Return the weights by the identity of the layer that they are of."""
        parts = by_layer(self._built_layers(), weights, owner=self.name)
        return {id(layer): own for layer, own in parts}

    def _computed(self, call: Callable[..., Any], inputs: Any) -> tuple[Any, tuple[Any, ...]]:
        """Return the graph's outputs, each call of a layer computed by `call`, and their masks."""
        graph, given = self._flat_graph(), self._inputs_of(inputs)
        if graph.masked:
            outputs, masks = run_with_masks(graph, call, given)
        else:
            outputs, masks = graph.run(call, given), ()
        return outputs if graph.gives_list else outputs[0], masks

    def _inputs_of(self, inputs: Any) -> list[Any]:
        """Return the value for each input of the model from the caller's argument."""
        return [inputs]

    def functional(self) -> Functional:
        """Return the model as pure functions of weights by path, such as 'conv2d_1/kernel'.

        They compute with the layers as they are now, under the paths that they have now. Raises
        `InvalidShape` while the model's input shape is unknown, and `InvalidArgument` if two
        weights have one path.

        >>> from convdispatch import Sequential, layers
        >>> model = Sequential([layers.Conv1D(2, 3, input_shape=(8, 1), name="c")])
        >>> list(model.functional().weights)
        ['c/kernel', 'c/bias']
        """
        weights, named = self._weights_by_path(), self._paths()

        def forward(values: Mapping[str, Any], inputs: Any) -> Any:
            return self.apply(in_order(weights, values), inputs)

        def training(values: Mapping[str, Any], inputs: Any, key: Any) -> tuple[Any, Effects]:
            return self._trained(in_order(weights, values), inputs, key, named)

        def inference(values: Mapping[str, Any], inputs: Any) -> tuple[Any, Effects]:
            return self._inferred(in_order(weights, values), inputs, named)

        def masked(values: Mapping[str, Any], inputs: Any) -> tuple[Any, tuple[Any, ...]]:
            own = self._by_layer(in_order(weights, values))
            outputs, masks = self._computed(_applying(own), inputs)
            return outputs, masks or (None,) * len(graph.outputs)

        graph = self._flat_graph()
        return Functional(
            weights=weights,
            forward=forward,
            training=training,
            inference=inference,
            masked=masked,
            has_masks=not graph.masked.isdisjoint(graph.outputs),
        )

    def _paths_of_weights(self) -> list[str]:
        return [path for path, weight in self._weights_by_path().items() if not weight.is_state]

    def _weights_by_path(self) -> dict[str, Weight]:
        named = self._paths()
        require_paths(self._chains())
        return {
            f"{path}/{weight.name}": weight
            for path, layer in named
            for weight in layer.declared_weights
        }

    def named_weights(self) -> dict[str, tuple[Any, bool]]:
        """Return by path each weight's native tensor and whether a trainer may change it."""
        require_paths(self._chains())
        trained = self._trained_places()
        return {
            f"{path}/{weight.name}": (layer.variables[place], (id(layer), place) in trained)
            for path, layer in self._paths()
            for place, weight in enumerate(layer.declared_weights)
        }


class _Updating:
    """The weights of layers while their calls give some of them new values."""

    def __init__(
        self, own: Mapping[int, Sequence[Any]], named: Sequence[tuple[str, Layer]]
    ) -> None:
        self._own = dict(own)
        self._paths = {id(layer): path for path, layer in named}
        self.updates: dict[str, Any] = {}  # by path

    def weights_of(self, layer: Layer) -> Sequence[Any]:
        """Return the layer's weights: where it is called again, it goes on from the new ones."""
        return self._own[id(layer)]

    def keep(self, layer: Layer, effects: Effects) -> None:
        """Take over what a call of the layer has updated."""
        if not effects.updates:
            return
        path, names = self._paths[id(layer)], [weight.name for weight in layer.declared_weights]
        self.updates.update({f"{path}/{name}": new for name, new in effects.updates.items()})
        values = zip(names, self._own[id(layer)], strict=True)
        self._own[id(layer)] = [effects.updates.get(name, value) for name, value in values]


def _applying(own: Mapping[int, Sequence[Any]]) -> Callable[..., Any]:
    """Return what computes a call of a layer with its weights, by the layer's identity."""

    def call(place: int, layer: Layer, x: Any, *mask: Any) -> Any:
        return layer.apply(own[id(layer)], x, *mask)

    return call
