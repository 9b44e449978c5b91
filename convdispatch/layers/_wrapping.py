"""The common part of layers around a layer: its weights are the wrapper's own."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.declarations import Weight, checked_values
from convdispatch.engine.layer import Layer
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidArgument, InvalidShape, InvalidType
from convdispatch.formulas.custom_objects import known
from convdispatch.layers._unbounded import Unbounded
from convdispatch.ops import NumpyArray, PartialShape
from convdispatch.support.documents import shown


def wrapped_as(wrapper: Any, key: str) -> Any:
    """Return the layer that a wrapper was given as that argument, None if it was given none.

    A façade's `Bidirectional` shows other layers as attributes: views with their own weights.
    """
    return vars(wrapper).get(key)


class Wrapper(Unbounded):
    """A layer that computes by another one, whose weights are copied where it has some."""

    family = "wrapper"
    layer: Layer

    def __init__(self, layer: Any, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.layer = self._as_layer(layer, "layer")
        self.activity_regularizer = self.layer.activity_regularizer

    @property
    def trainable(self) -> bool:
        """Whether a trainer may change the weights; never while the wrapped layer is frozen."""
        own: bool = vars(self)["trainable"]
        return own and any(one.trainable for one in self._wrapped())

    @trainable.setter
    def trainable(self, value: bool) -> None:
        vars(self)["trainable"] = value

    @property
    def when_frozen(self) -> str:
        """What the layer does in training while nothing may train it: see `Dialect`."""
        return self.layer.when_frozen

    @property
    def draws(self) -> bool:
        """Whether the layer uses its key in training."""
        return self.layer.draws

    @property
    def kind_shown(self) -> str:
        """The class and that of the wrapped layer, as a picture shows them."""
        return f"{type(self).__name__}({self.layer.kind_shown})"

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        own = {"trainable": vars(self)["trainable"], "layer": configured(self.layer)}
        return super().get_config() | own

    def inner_name(self, weight: str) -> tuple[str, str]:
        """Return the names of the wrapped layer and of its weight.

        Keras names the layers of two ways by them: 'forward_lstm_1'.
        """
        if "backward_layer" not in vars(self):
            return self.layer.inner_name(weight)
        way, _, inner = weight.partition("_")
        name, own = self.layer.inner_name(inner)
        return f"{way}_{name}", own

    def _wrapped(self) -> Sequence[Layer]:
        """Return the layers that the user handed over."""
        return (self.layer,)

    def _as_layer(self, layer: Any, argument: str) -> Layer:
        """Return the layer, or that of a configuration with 'class_name' and 'config'."""
        if isinstance(layer, Layer):
            return layer
        if not isinstance(layer, Mapping):
            raise InvalidType(
                f"`{argument}` of {type(self).__name__} must be a layer; received "
                f"{type(layer).__name__}. A model cannot be wrapped: wrap each of its layers."
            )
        name = layer.get("class_name")
        found = known(name)
        if found is name:
            found = getattr(importlib.import_module(self.door), str(name), None)
        if not (isinstance(found, type) and issubclass(found, Layer)):
            raise InvalidArgument(
                f"`{argument}` of {type(self).__name__} must have the 'class_name' of a layer in "
                f"{self.door}; received {shown(name)}."
            )
        config: Any = layer.get("config")
        return found.from_config(config, backend=self.backend)

    def _planned(self, layer: Layer, **changes: Any) -> Layer:
        """Return a copy of the layer on the wrapper's backend, with these attributes."""
        planned: Layer = object.__new__(type(layer))
        vars(planned).update(vars(layer), backend=self.backend, **changes)
        for name in ("_weight_symbols", "_way_layers"):
            vars(planned).pop(name, None)
        planned._forget()
        return planned

    def _start_values(self, declarations: Sequence[Weight]) -> list[NumpyArray]:
        if self._initial_weights is not None:
            return super()._start_values(declarations)
        return self._values_of(self.layer, declarations)

    def _values_of(self, layer: Layer, declarations: Sequence[Weight]) -> list[NumpyArray]:
        """Return copies of a layer's weights, or of those that it was given; new ones if none."""
        values = layer.get_weights() if layer.built else layer._initial_weights
        if values is None:
            return [self._draw(weight) for weight in declarations]
        return checked_values(values, declarations, owner=layer.name)

    def _require_as_built(self, shape: PartialShape) -> None:
        if not self._variables or None in shape[1:]:
            return
        built = [weight.shape for weight in self._declarations]
        if [weight.shape for weight in self.resolve(Spec(shape, self.dtype)).declarations] != built:
            raise InvalidShape(
                f"{self._title} was built for inputs of shape {self._built_shape}; received shape "
                f"{shape}."
            )


def configured(layer: Layer) -> dict[str, Any]:
    """Return what `_as_layer` makes a layer of again."""
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


def sizes_of(shape: Sequence[int | None]) -> tuple[int, ...]:
    """Return the sizes without the batch, which are known where a layer is lowered."""
    return tuple(size or 0 for size in shape[1:])
