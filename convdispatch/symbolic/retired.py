"""Layers that Keras 1 had and later Kerases dropped, in its words, as a script would write them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from convdispatch.engine.arguments import as_bool, as_float, as_int
from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.formulas import activations, constraints, initializers, regularizers
from convdispatch.symbolic.activating import relu, softplus
from convdispatch.symbolic.control import switch
from convdispatch.symbolic.custom import CustomLayer
from convdispatch.symbolic.elementwise import abs as absolute
from convdispatch.symbolic.elementwise import minimum, sigmoid
from convdispatch.symbolic.products import dot
from convdispatch.symbolic.reducing import max as greatest

_GET: Mapping[str, Any] = {
    "init": (initializers.get, "initializers", initializers.serialize),
    "activation": (activations.get, "activations", activations.serialize),
    "regularizer": (regularizers.get, "regularizers", regularizers.serialize),
    "constraint": (constraints.get, "constraints", constraints.serialize),
}
_WISHES = ("W_regularizer", "b_regularizer", "W_constraint", "b_constraint")


class Retired(CustomLayer):
    """A layer whose arguments are kept by their names, for `get_config`."""

    _kept_names: tuple[str, ...] = ()

    def _keep(self, **given: Any) -> None:
        for name, value in given.items():
            get, table, _ = _GET.get(name.rpartition("_")[2], (None, "", None))
            kept = value if get is None else get(value, getattr(self.dialect, table))
            setattr(self, name, kept)
        self._kept_names = (*self._kept_names, *given)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        config = super().get_config()
        for name in self._kept_names:
            _, _, serialize = _GET.get(name.rpartition("_")[2], (None, "", None))
            value = getattr(self, name)
            config[name] = value if serialize is None else serialize(value)
        return config


class _OfRows(Retired):
    """A layer of rows of numbers with a matrix and, maybe, a bias."""

    W: Any
    b: Any
    bias: bool
    input_dim: int | None

    def __init__(
        self,
        init: Any,
        W_regularizer: Any,  # noqa: N803 - Keras 1's words
        b_regularizer: Any,
        activity_regularizer: Any,
        W_constraint: Any,  # noqa: N803
        b_constraint: Any,
        bias: bool,
        input_dim: int | None,
        **options: Any,
    ) -> None:
        if input_dim and options.get("input_shape") is None:
            options["input_shape"] = (input_dim,)
        super().__init__(**options)
        given = (W_regularizer, b_regularizer, W_constraint, b_constraint)
        self._keep(init=init, bias=as_bool(bias, "bias"), input_dim=input_dim)
        self._keep(**dict(zip(_WISHES, given, strict=True)))
        self._keep(activity_regularizer=activity_regularizer)

    def _width_of(self, input_shape: Any) -> int:
        """Return how wide the rows are; raise `InvalidShape` for other inputs."""
        shape = tuple(input_shape)
        if len(shape) != 2 or not isinstance(shape[1], int):
            raise InvalidShape(
                f"{self.name!r} takes rows of a known width, (batch, width); received {shape}."
            )
        return shape[1]

    def _weight(self, shape: Sequence[int], kind: str, init: Any, name: str = "") -> Any:
        return self.add_weight(
            shape=tuple(shape),
            name=f"{self.name}_{name or kind}",
            initializer=init,
            regularizer=None if name else getattr(self, f"{kind}_regularizer"),
            constraint=None if name else getattr(self, f"{kind}_constraint"),
        )


class MaxoutDense(_OfRows):
    """The greatest of several linear functions of a row of numbers (Goodfellow et al., 2013)."""

    def __init__(
        self,
        output_dim: int,
        nb_feature: int = 4,
        init: Any = "glorot_uniform",
        weights: Any = None,
        W_regularizer: Any = None,  # noqa: N803 - Keras 1's words
        b_regularizer: Any = None,
        activity_regularizer: Any = None,
        W_constraint: Any = None,  # noqa: N803
        b_constraint: Any = None,
        bias: bool = True,
        input_dim: int | None = None,
        **options: Any,
    ) -> None:
        """Check and keep the arguments; `nb_feature` linear functions have weights each."""
        wishes = (W_regularizer, b_regularizer, activity_regularizer, W_constraint, b_constraint)
        super().__init__(init, *wishes, bias, input_dim, weights=weights, **options)
        self._keep(
            output_dim=as_int(output_dim, "output_dim"), nb_feature=as_int(nb_feature, "nb_feature")
        )

    def build(self, input_shape: Any) -> None:
        """Make a matrix and a bias for each function."""
        features, width = vars(self)["nb_feature"], vars(self)["output_dim"]
        init = vars(self)["init"]
        self.W = self._weight((features, self._width_of(input_shape), width), "W", init)
        self.b = self._weight((features, width), "b", initializers.Zeros()) if self.bias else None

    def call(self, x: Any, mask: Any = None) -> Any:
        """Return the greatest."""
        found = dot(x, self.W)
        return greatest(found if self.b is None else found + self.b, axis=1)


class Highway(_OfRows):
    """A dense layer beside its input, with a gate between them (Srivastava et al., 2015)."""

    def __init__(
        self,
        init: Any = "glorot_uniform",
        activation: Any = None,
        weights: Any = None,
        W_regularizer: Any = None,  # noqa: N803 - Keras 1's words
        b_regularizer: Any = None,
        activity_regularizer: Any = None,
        W_constraint: Any = None,  # noqa: N803
        b_constraint: Any = None,
        bias: bool = True,
        input_dim: int | None = None,
        **options: Any,
    ) -> None:
        """Check and keep the arguments; the output is as wide as the input."""
        options.pop("transform_bias", None)  # of no effect in Keras 1.2, either
        wishes = (W_regularizer, b_regularizer, activity_regularizer, W_constraint, b_constraint)
        super().__init__(init, *wishes, bias, input_dim, weights=weights, **options)
        self._keep(activation=activation)

    def build(self, input_shape: Any) -> None:
        """Make the matrices and biases of the layer and of its gate."""
        width, init = self._width_of(input_shape), vars(self)["init"]
        self.W = self._weight((width, width), "W", init)
        self.W_carry = self._weight((width, width), "W", init, "W_carry")
        self.b = self._weight((width,), "b", initializers.Zeros()) if self.bias else None
        self.b_carry = (
            self._weight((width,), "b", initializers.Ones(), "b_carry") if self.bias else None
        )

    def call(self, x: Any, mask: Any = None) -> Any:
        """Return the mean of the layer's output and the input, by the gate."""
        open_, own = dot(x, self.W_carry), dot(x, self.W)
        if self.bias:
            open_, own = open_ + self.b_carry, own + self.b
        gate = sigmoid(open_)
        return self.activation(own) * gate + (1 - gate) * x


class _OfCells(Retired):
    """An activation with weights for each cell, or shared along axes."""

    supports_masking = True

    def _shape(self, input_shape: Any, shared_axes: Any) -> tuple[int, ...]:
        axes = shared_axes if isinstance(shared_axes, list | tuple) else [shared_axes]
        sizes = list(input_shape[1:])
        for axis in axes:
            if axis is not None:
                place = as_int(axis, "shared_axes", minimum=1)
                if place > len(sizes):
                    raise InvalidArgument(
                        f"`shared_axes` of {self.name!r} must be axes of inputs of shape "
                        f"{tuple(input_shape)}, the batch axis being 0; received {axis}."
                    )
                sizes[place - 1] = 1
        if None in sizes or not sizes:
            raise InvalidShape(
                f"{self.name!r} has weights for each cell and needs a known shape or "
                f"`shared_axes`; received {tuple(input_shape)}."
            )
        return tuple(sizes)


class ParametricSoftplus(_OfCells):
    """alpha * log(1 + exp(beta * x)), with an alpha and a beta for each cell."""

    def __init__(
        self,
        alpha_init: float = 0.2,
        beta_init: float = 5.0,
        weights: Any = None,
        shared_axes: Any = None,
        **options: Any,
    ) -> None:
        """Check and keep the numbers that the weights begin with."""
        super().__init__(weights=weights, **options)
        self.supports_masking = True
        self.shared_axes = shared_axes
        self.alpha_init = as_float(alpha_init, "alpha_init", minimum=-math.inf)
        self.beta_init = as_float(beta_init, "beta_init", minimum=-math.inf)

    def build(self, input_shape: Any) -> None:
        """Make both weights."""
        shape = self._shape(input_shape, self.shared_axes)
        for name in ("alpha", "beta"):
            start = initializers.Constant(getattr(self, f"{name}_init"))
            made = self.add_weight(shape=shape, name=f"{self.name}_{name}s", initializer=start)
            setattr(self, f"{name}s", made)

    def call(self, x: Any, mask: Any = None) -> Any:
        """Return what the class says."""
        return softplus(vars(self)["betas"] * x) * vars(self)["alphas"]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        own = {"alpha_init": self.alpha_init, "beta_init": self.beta_init}
        return super().get_config() | own | {"shared_axes": self.shared_axes}


class SReLU(_OfCells):
    """Three lines: t_left and t_right are where they meet, a_left and a_right the outer slopes."""

    def __init__(
        self,
        t_left_init: Any = "zero",
        a_left_init: Any = "glorot_uniform",
        t_right_init: Any = "glorot_uniform",
        a_right_init: Any = "one",
        shared_axes: Any = None,
        **options: Any,
    ) -> None:
        """Check and keep the initializers."""
        super().__init__(**options)
        self.supports_masking = True
        self._keep(t_left_init=t_left_init, a_left_init=a_left_init)
        self._keep(t_right_init=t_right_init, a_right_init=a_right_init)
        self._keep(shared_axes=shared_axes)

    def build(self, input_shape: Any) -> None:
        """Make the four weights."""
        shape = self._shape(input_shape, vars(self)["shared_axes"])
        for name in ("t_left", "a_left", "t_right", "a_right"):
            start = getattr(self, f"{name}_init")
            made = self.add_weight(shape=shape, name=f"{self.name}_{name}", initializer=start)
            setattr(self, name, made)

    def call(self, x: Any, mask: Any = None) -> Any:
        """Return the line on which the number is."""
        left, slope, right, beyond = (
            vars(self)[name] for name in ("t_left", "a_left", "t_right", "a_right")
        )
        right = left + absolute(right)  # never left of the other
        below = x - left
        inner = switch(below > 0, minimum(below, right - left), slope * below)
        return left + inner + relu(x - right) * beyond
