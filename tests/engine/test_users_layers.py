"""Layers that a user wrote: their attributes and functions, set after they were made."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from small_models import Doubled, conv

from convdispatch import activations, layers
from convdispatch.engine.resolved import Resolved
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidArgument, InvalidType
from convdispatch.layers import Layer

STEPS = np.array([[[1.0], [-2.0], [3.0], [-4.0]]], "float32")


def test_a_layer_can_carry_notes() -> None:
    """A public attribute that resembles nothing is the user's."""
    layer = conv()
    layer.remark = "of 2016"  # type: ignore[attr-defined] # nobody declares it
    assert copy.deepcopy(layer).remark == "of 2016"  # type: ignore[attr-defined] # nor here


class Scaled(layers.Conv1D):
    """A user's layer, whose attributes have names of other classes' arguments."""

    def __init__(self, filters: int, size: int = 3, **options: Any) -> None:
        super().__init__(filters, 1, **options)
        self.size = size
        self.border_mode = "mine"
        self.activation = "relu"

    def resolve(self, spec: Spec) -> Resolved:
        """Return what the convolution makes of it, scaled."""
        resolved = super().resolve(spec)

        def lower(dtype: str, activation: Any) -> Any:
            computed = resolved.lower(dtype, activation)
            return lambda weights, inputs: computed(weights, inputs) * self.size

        return replace(resolved, lower=lower)


def test_a_user_s_class_has_attributes_of_its_own() -> None:
    """Also names of other classes' arguments; arguments of its own class keep their meaning."""
    layer: Any = Scaled(1, kernel_initializer="ones", backend="numpy")
    assert layer(STEPS).ravel().tolist() == [3, 0, 9, 0]
    layer.size = 2
    assert layer(STEPS).ravel().tolist() == [2, 0, 6, 0]
    layer.activation = "linear"
    assert (layer.size, layer.border_mode) == (2, "mine")
    assert layer(STEPS).ravel().tolist() == [2, -4, 6, -8]
    with pytest.raises(InvalidArgument, match="`padding` must be one of"):
        layer.padding = "smae"
    double: Any = Doubled(1, 1, use_bias=False, backend="numpy")
    double.strides = 2
    double(np.ones((1, 4, 4, 1), "float32"))
    assert (double.half, double.filters, double.output_shape) == (1, 2, (None, 2, 2, 2))


class Plain(Layer):
    """A user's layer that extends no family."""

    rank = 1

    def __init__(self, factor: float, **options: Any) -> None:
        super().__init__(**options)
        self.factor = factor
        self.activation = activations.get("relu")

    def resolve(self, spec: Spec) -> Resolved:
        """Return the input's shape, and the function."""

        def lower(dtype: str, activation: Any) -> Any:
            return lambda weights, inputs: activation(inputs * self.factor)

        return Resolved(output_shape=(None, *spec.shape[1:]), lower=lower)


def test_what_a_user_s_constructor_settles_stays_with_another_argument_set() -> None:
    """Only what belongs to the argument is changed."""
    layer: Any = Plain(2.0, backend="numpy")
    layer(STEPS)
    layer.trainable = False
    layer.convention = "theano"
    layer.factor = 3.0
    assert layer(STEPS).ravel().tolist() == [3, 0, 9, 0]
    with pytest.raises(InvalidType, match="`trainable` must be True or False"):
        layer.trainable = "no"


def test_functions_of_the_user_s_survive_a_change() -> None:
    """They have no name that a configuration could give back."""

    def cubed(x: Any) -> Any:
        return x**3

    layer = conv(activation=cubed, kernel_regularizer=lambda w: 7.0)
    layer.strides = 2
    assert layer(STEPS).ravel().tolist() == [1, 27]
    assert [float(loss) for loss in layer.losses] == [7]
