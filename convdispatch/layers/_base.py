"""The layer: weights, shapes and one pure function, bound to a convention and to a backend.

What all layers have in common. Turning a layer's arguments into ops is the families' business,
computing them the backend's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from convdispatch import activations, initializers, selection
from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.geometry import require_convention
from convdispatch.layers import _options
from convdispatch.layers._arguments import as_bool, as_partial_shape
from convdispatch.layers._tensors import as_native, require_float
from convdispatch.layers._weights import Weight, checked_values
from convdispatch.ops import Backend, NumpyArray, PartialShape, Shape, Tensor
from convdispatch.registry import registry
from convdispatch.vocabulary import KERAS3, Vocabulary

Plan = Callable[[Sequence[Tensor], Tensor], Tensor]


class Layer:
    """A function of tensors with weights of its own.

    Every layer takes the keyword arguments `name`, `trainable`, `dtype` (of the weights),
    `input_shape` (without the batch axis), `batch_size`, `batch_input_shape`, `weights` (arrays
    to start from), `backend` and `convention`; what is not given is the current setting's.

    Calling a layer builds it for the input's shape if need be. The result has the input's element
    type; weights of another one are cast for the call.
    """

    vocabulary: ClassVar[Vocabulary] = KERAS3
    door: ClassVar[str] = "convdispatch.layers"  # the module that users import the class from
    rank: ClassVar[int]  # spatial axes
    # How a façade spells this package's arguments: one name, one an axis, or None: not offered.
    spelling: ClassVar[Mapping[str, str | tuple[str, ...] | None]] = {}

    def __init__(self, **options: Any) -> None:
        _options.require_known(type(self), options)
        self.name = _options.layer_name(type(self), options.get("name"))
        self.trainable = as_bool(options.get("trainable", True), "trainable")
        self.dtype = _options.layer_dtype(options)
        self.convention = require_convention(options.get("convention") or selection.convention())
        self.backend = selection.resolve_backend(options.get("backend"))
        self.has_own_backend = options.get("backend") is not None
        self.batch_input_shape = _options.batch_input_shape(options)
        self.activation: Any = activations.get(None)
        self.activity_regularizer: Any = None
        self._initial_weights: Sequence[Any] | None = options.get("weights")
        self._built_shape: PartialShape | None = None
        self._weights: tuple[Weight, ...] = ()
        self._variables: list[Tensor] = []
        self._plans: dict[tuple[PartialShape, str], Plan] = {}
        self._activity_losses: list[Tensor] = []

    # What the families define.

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> PartialShape:
        """Return the output's shape, batch axis included; an unknown size is None.

        Raises `InvalidShape` where the layer cannot take such an input.
        """
        raise NotImplementedError

    def _declare(self, input_shape: PartialShape) -> tuple[Weight, ...]:
        """Return the layer's weights for inputs of that shape, batch axis included."""
        return ()

    def _lower(self, input_shape: Shape, dtype: str, *, activation: Any) -> Plan:
        """Return the layer's function for inputs of that shape (without batch) and type."""
        raise NotImplementedError

    @property
    def reduction_length(self) -> int:
        """How many products are summed into one output, for rounding-error bounds."""
        return 0

    def spelled(self, argument: str) -> str:
        """Return the name under which users of this class know an argument, for messages."""
        name = self.spelling.get(argument) or argument
        return name if isinstance(name, str) else ", ".join(name)

    # Building and calling.

    @property
    def built(self) -> bool:
        """Whether the weights exist."""
        return self._built_shape is not None

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make the weights for inputs of that shape, batch axis included."""
        shape = as_partial_shape(input_shape, "input_shape")
        self.compute_output_shape(shape)
        weights = self._declare(shape)
        values = self._start_values(weights)
        backend = self._backend()
        made = backend.outside_trace(lambda: [backend.variable(v, self.dtype) for v in values])
        self._variables = list(made)  # type: ignore[call-overload]  # outside_trace is untyped
        self._weights = weights
        self._initial_weights = None
        self._built_shape = shape
        self._plans.clear()
        if None not in shape[1:]:
            self._make_plan(shape, self.dtype)

    def __call__(self, inputs: Any) -> Any:
        """Apply the layer to a tensor of its backend, or to a NumPy array.

        Returns a tensor of its backend. Raises `InvalidType` for another framework's tensor or an
        element type that is not floating point, and `InvalidShape` for a shape that does not fit.
        """
        backend = self._backend()
        tensor = as_native(backend, inputs, self.dtype)
        if not self.built:
            shape, dtype = backend.describe(tensor)
            require_float(dtype)
            self.build((None, *shape[1:]))
        outputs = self.apply(self._variables, tensor)
        if self.activity_regularizer is not None:
            self._activity_losses = [self.activity_regularizer(outputs)]
        return outputs

    def apply(self, weights: Sequence[Any], inputs: Any) -> Any:
        """Apply the layer with other weights: a pure function, for jit and autodiff.

        `weights` are native tensors in the order and layout of `variables`.
        """
        shape, dtype = self._backend().describe(inputs)
        plan = self._plans.get((shape[1:], dtype))
        if plan is None:
            plan = self._make_plan(shape, dtype)
        return plan(weights, inputs)

    def preactivation(self, weights: Sequence[Any], inputs: Any) -> Any:
        """Apply the layer up to its activation: affine in the inputs, for error analyses."""
        shape, dtype = self._backend().describe(inputs)
        self.compute_output_shape(shape)
        sizes = tuple(size or 0 for size in shape[1:])
        return self._lower(sizes, dtype, activation=activations.get(None))(weights, inputs)

    def _make_plan(self, shape: PartialShape, dtype: str) -> Plan:
        require_float(dtype)
        self.compute_output_shape(shape)
        sizes = tuple(size for size in shape[1:] if size is not None)
        if len(sizes) < len(shape) - 1:
            raise InvalidShape(
                f"{type(self).__name__} computes for known sizes only; received shape {shape}. "
                "Only the batch size may stay unknown while a framework traces the call."
            )
        backend = self._backend()
        lowered = backend.outside_trace(
            lambda: self._lower(sizes, dtype, activation=self.activation)
        )
        plan: Plan = lowered  # type: ignore[assignment]  # outside_trace is untyped
        if dtype != self.dtype:
            plan = _casting_weights(plan, backend, dtype)
        self._plans[shape[1:], dtype] = plan
        return plan

    def _backend(self) -> Backend:
        return registry.load(self.backend)

    def _check_input_shape(self, input_shape: Sequence[int | None]) -> PartialShape:
        """Return the shape once its rank, and its channels where weights depend on them, fit."""
        shape = as_partial_shape(input_shape, "input_shape")
        if len(shape) != self.rank + 2:
            raise InvalidShape(
                f"{type(self).__name__} takes inputs with {self.rank + 2} axes (batch, channels "
                f"and {self.rank} spatial); received shape {shape}."
            )
        if self._variables and self._built_shape is not None:
            axis = self._channel_axis
            if shape[axis] != self._built_shape[axis]:
                raise InvalidShape(
                    f"{type(self).__name__} was built for {self._built_shape[axis]} channels on "
                    f"axis {axis % len(shape)}; received shape {shape}."
                )
        return shape

    @property
    def _channel_axis(self) -> int:
        raise NotImplementedError

    # Weights.

    @property
    def variables(self) -> list[Any]:
        """The native tensors that hold the weights, in the order of `get_weights`."""
        return list(self._variables)

    weights = variables

    @property
    def declared_weights(self) -> tuple[Weight, ...]:
        """What the layer says of each of its weights: name, shape and the user's wishes."""
        return self._weights

    @property
    def trainable_weights(self) -> list[Any]:
        """The variables that a trainer may change."""
        return self.variables if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The variables that a trainer must leave alone."""
        return [] if self.trainable else self.variables

    def get_weights(self) -> list[NumpyArray]:
        """Return the weights as NumPy arrays in Keras's layout."""
        backend = self._backend()
        return [np.array(backend.to_numpy(variable)) for variable in self._variables]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Give the weights new values: all of them or, where one does not fit, none."""
        if not self.built:
            raise InvalidArgument(
                f"{self.name!r} has no weights yet: build it or call it once before `set_weights`."
            )
        values = checked_values(weights, self._weights, owner=self.name)
        self._assign(range(len(values)), values)

    def count_params(self) -> int:
        """Return how many numbers the weights hold."""
        return sum(math.prod(weight.shape) for weight in self._weights)

    def apply_constraints(self) -> None:
        """Project the weights onto their constraints, as a trainer does after each update."""
        backend = self._backend()
        for index, weight in enumerate(self._weights):
            if weight.constraint is not None:
                projected = weight.constraint(self._variables[index])
                self._assign([index], [backend.to_numpy(projected)])

    @property
    def losses(self) -> list[Any]:
        """The regularization losses: those of the weights, then that of the last output.

        Each is a native scalar through which gradients flow. As in Keras 1 and 2 the activity
        loss is summed over the batch, not averaged.
        """
        penalties = [
            weight.regularizer(variable)
            for weight, variable in zip(self._weights, self._variables, strict=True)
            if weight.regularizer is not None
        ]
        return penalties + self._activity_losses

    def _variable(self, name: str) -> Any:
        for weight, variable in zip(self._weights, self._variables, strict=True):
            if weight.name == name:
                return variable
        return None

    def _assign(self, indices: Iterable[int], values: Iterable[NumpyArray]) -> None:
        backend = self._backend()
        for index, value in zip(indices, values, strict=True):
            self._variables[index] = backend.assign(self._variables[index], value)

    def _start_values(self, weights: Sequence[Weight]) -> list[NumpyArray]:
        if self._initial_weights is not None:
            return checked_values(self._initial_weights, weights, owner=self.name)
        return [self._draw(weight) for weight in weights]

    def _draw(self, weight: Weight) -> NumpyArray:
        return initializers.draw(weight.initializer, weight.public_shape)

    # Configuration.

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types, the backend left out.

        `from_config` on it makes an equal layer with weights of its own.
        """
        config: dict[str, Any] = {"name": self.name, "trainable": self.trainable}
        if self.batch_input_shape is not None:
            config["batch_input_shape"] = list(self.batch_input_shape)
        return config | {"dtype": self.dtype, "convention": self.convention}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], *, backend: str | None = None) -> Self:
        """Make a layer from what `get_config` returned, on the given or the current backend."""
        return cls(**config) if backend is None else cls(**config, backend=backend)

    def to(self, backend: str, *, dtype: str | None = None) -> Self:
        """Return the same layer with the same weights on another backend.

        `dtype` asks for weights of another element type as well.
        """
        config = self.get_config() | ({} if dtype is None else {"dtype": dtype})
        moved = self.from_config(config, backend=backend)
        if self._built_shape is not None:
            moved._initial_weights = self.get_weights()
            moved.build(self._built_shape)
        return moved

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.to(self.backend)

    def __repr__(self) -> str:
        shape = "" if self._built_shape is None else f", input_shape={self._built_shape}"
        return f"<{type(self).__name__} {self.name!r} on {self.backend!r}{shape}>"

    @property
    def input_shape(self) -> PartialShape:
        """The shape that the layer was built for, batch axis included."""
        if self._built_shape is None:
            raise InvalidShape(f"{self.name!r} has no shape yet: build it or call it once.")
        return self._built_shape

    @property
    def output_shape(self) -> PartialShape:
        """The shape of the output for `input_shape`."""
        return self.compute_output_shape(self.input_shape)


def _casting_weights(plan: Plan, backend: Backend, dtype: str) -> Plan:
    """Return the plan taking weights of any element type."""

    def cast_and_apply(weights: Sequence[Tensor], inputs: Tensor) -> Tensor:
        return plan([backend.cast(weight, dtype) for weight in weights], inputs)

    return cast_and_apply
