"""The layer: weights, shapes and one pure function, bound to a convention and to a backend.

What all layers have in common. Turning a layer's arguments into ops is the families' business,
computing them the backend's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self, cast, overload

from convdispatch.engine import keras_configs, large_sizes, layer_options
from convdispatch.engine.arguments import as_bool, as_partial_shape
from convdispatch.engine.changing import Changing
from convdispatch.engine.constructor_signature import ConstructorSignature
from convdispatch.engine.declarations import Weight, require_as_many
from convdispatch.engine.plans import Function, Plan, PlanTable, casting_weights, recorded
from convdispatch.engine.tensors import as_native, require_float, require_native
from convdispatch.engine.whole import held
from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.formulas import activations
from convdispatch.formulas.regularizers import penalty
from convdispatch.formulas.vocabulary import KERAS3, Vocabulary
from convdispatch.ops import PartialShape, Shape
from convdispatch.runtime import selection
from convdispatch.runtime.registry import registry
from convdispatch.runtime.tuning import outside_trace
from convdispatch.types import ArrayInput, NativeTensor, SomeTensor


class Layer(Changing):
    """A function of tensors with weights of its own.

    Every layer takes the keyword arguments `name`, `trainable`, `dtype` (of the weights),
    `input_shape` (without the batch axis), `batch_size`, `batch_input_shape`, `weights` (arrays
    to start from), `backend` and `convention`; what is not given is the current setting's.

    Calling a layer builds it for the input's shape if need be. The result has the input's element
    type; weights of another one are cast for the call.
    """

    # Autograph, which rewrites what `tf.function` is given, calls what has this name as it is.
    autograph_info__: ClassVar[Mapping[str, object]] = {}
    vocabulary: ClassVar[Vocabulary] = KERAS3
    door: ClassVar[str] = "convdispatch.layers"  # the module that users import the class from
    rank: ClassVar[int]  # spatial axes
    __signature__ = ConstructorSignature()
    # How a façade spells the arguments: one name, one an axis, or None: not offered.
    spelling: ClassVar[Mapping[str, str | tuple[str, ...] | None]] = {}

    def __init__(self, **options: Any) -> None:
        layer_options.require_known(type(self), options)
        super().__init__(
            name=layer_options.layer_name(self._stem(), options.get("name")),
            dtype=layer_options.layer_dtype(options),
            trainable=as_bool(options.get("trainable", True), "trainable"),
            backend=selection.resolve_backend(options.get("backend")),
            initial_weights=options.get("weights"),
        )
        self._has_own_name = options.get("name") is not None
        self.convention = layer_options.layer_convention(options)
        self.has_own_backend = options.get("backend") is not None
        self.batch_input_shape = layer_options.batch_input_shape(options)
        self.activation: Any = activations.get(None)
        self.activity_regularizer: Any = None
        self._built_shape: PartialShape | None = None
        self._plans = PlanTable()

    @classmethod
    def _stem(cls) -> str:
        """Return what names of such layers begin with, before a number."""
        return layer_options.stem(cls)

    # What the families define.

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> PartialShape:
        """Return the output's shape, batch axis included; an unknown size is None.

        Raises `InvalidShape` where the layer cannot take such an input.
        """
        raise NotImplementedError

    def _declare(self, input_shape: PartialShape) -> tuple[Weight, ...]:
        """Return the layer's weights for inputs of that shape, batch axis included."""
        return ()

    def _lower(self, input_shape: Shape, dtype: str, *, activation: Any) -> Function:
        """Return the layer's function for inputs of that shape (without batch) and type."""
        raise NotImplementedError

    @property
    def reduction_length(self) -> int:
        """How many products are summed into one output, for rounding-error bounds."""
        return 0

    # Building and calling.
    @property
    def built(self) -> bool:
        """Whether the weights exist and the input's shape is settled."""
        return self._is_made

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make the weights for inputs of that shape, batch axis included.

        A layer that has weights keeps them, and states that shape from now on. Raises
        `InvalidShape` where they do not fit it.
        """
        shape = as_partial_shape(input_shape, "input_shape")
        with held([self]):
            large_sizes.require_possible(self, shape)
            if None not in shape[1:] and (shape[1:], self.dtype) not in self._plans:
                self._make_plan(shape, self.dtype)  # first: where it raises, nothing is built
            if not self._is_made:
                self._make_variables(self._declare(shape))
            self._built_shape = shape
            self._outdate()
            self._is_made = self._is_settled = True  # last, for other threads and forked children

    def ensure_built(self, purpose: str) -> None:
        """Build the layer if it is not, for the input shape that its constructor was given.

        Raises `InvalidArgument` where there is none; `purpose` is what needs the weights.
        """
        if self._is_made:
            return
        if self.batch_input_shape is None:
            raise InvalidArgument(
                f"{self.name!r} has no weights yet: build it or call it once before `{purpose}`."
            )
        self.build(self.batch_input_shape)

    @overload
    def __call__(self, inputs: ArrayInput) -> NativeTensor: ...
    @overload
    def __call__(self, inputs: SomeTensor) -> SomeTensor: ...
    def __call__(self, inputs: Any) -> Any:
        """Apply the layer to a tensor of its backend, or to a NumPy array.

        Returns a tensor of its backend. Raises `InvalidType` for another framework's tensor or an
        element type that is not floating point, and `InvalidShape` for a shape that does not fit.
        """
        # Not one look-up more than needed: a tiny convolution takes no longer than this method.
        backend = registry.load(self.backend)
        if not backend.owns(inputs):
            inputs = as_native(backend, inputs, self.dtype)
        shape, dtype = backend.describe(inputs)
        plan = self._plans.get((shape[1:], dtype)) or self._make_plan(shape, dtype)
        variables = self._variables  # noted before it is asked whether they are settled
        if not self._is_settled:
            variables = self._settled_variables(shape)
        outputs = plan.function(variables, inputs)
        if self._variables is not variables:  # they were set meanwhile: half of them, perhaps
            with held([self]):
                outputs = plan.function(self._variables, inputs)
        if self.activity_regularizer is not None:
            self._activity_losses = [penalty(self.activity_regularizer, backend, outputs)]
        return outputs

    def _settled_variables(self, shape: PartialShape) -> list[Any]:
        """Return the variables once nobody makes or sets them; the first to ask makes them."""
        with held([self]):
            if not self._is_made:
                self.build((None, *shape[1:]))
            return self._variables

    def apply(self, weights: Sequence[Any], inputs: Any) -> Any:
        """Apply the layer with other weights: a pure function, for jit and autodiff.

        `weights` are native tensors in the order and layout of `variables`.
        """
        backend = self._backend()
        native = as_native(backend, inputs, self.dtype)
        plan = self.plan_for(native)
        declared = self._declarations if self._is_made else self._declare((None, *plan.input_shape))
        require_as_many(weights, declared, owner=self.name)
        require_native(backend, weights, owner=self.name)
        return plan.function(weights, native)

    def plan_for(self, inputs: Any) -> Plan:
        """Return the plan for a native tensor, made if there is none yet.

        Raises `InvalidType` and `InvalidShape` as a call does.
        """
        shape, dtype = self._backend().describe(inputs)
        return self._plans.get((shape[1:], dtype)) or self._make_plan(shape, dtype)

    def plans(self) -> tuple[Plan, ...]:
        """Return what the layer has prepared, one plan a shape and element type it has met.

        The last 128 are kept; a change of an argument of the layer drops them.
        """
        return tuple(self._plans.values())

    def replan(self, shape: PartialShape, dtype: str) -> None:
        """Lower anew for inputs of that shape, batch axis included, and of that element type."""
        self._plans = PlanTable(self._plans)  # what was compiled with the old one is compiled anew
        self._make_plan(shape, dtype)

    def preactivation(self, weights: Sequence[Any], inputs: Any) -> Any:
        """Apply the layer up to its activation: affine in the inputs, for error analyses."""
        shape, dtype = self._backend().describe(inputs)
        self.compute_output_shape(shape)
        sizes = tuple(size or 0 for size in shape[1:])
        return self._lower(sizes, dtype, activation=activations.get(None))(weights, inputs)

    def _make_plan(self, shape: PartialShape, dtype: str) -> Plan:
        require_float(dtype, "`inputs`", self._backend())
        large_sizes.require_possible(self, shape)
        sizes = tuple(size for size in shape[1:] if size is not None)
        if len(sizes) < len(shape) - 1:
            raise InvalidShape(
                f"{self._title} computes for known sizes only; received shape {shape}. "
                "Only the batch size may stay unknown while a framework traces the call."
            )
        plans = self._plans  # the arguments may change meanwhile, and with them the table
        backend = self._backend()
        with recorded() as lowered:
            made = outside_trace(
                backend, shape[0], lambda: self._lower(sizes, dtype, activation=self.activation)
            )
        plan = Plan(
            layer=self.name,
            backend=self.backend,
            input_shape=shape[1:],
            dtype=dtype,
            ops=tuple((op, signature) for op, signature, _ in lowered),
            computed_by=tuple(by for *_, by in lowered),
            function=made if dtype == self.dtype else casting_weights(made, backend, dtype),
        )
        return plans.keep(plan)

    @property
    def _title(self) -> str:
        """What messages call the layer."""
        return f"{type(self).__name__} {self.name!r}"

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
        """Make a layer from what `get_config` returned, ours or any Keras's."""
        return cast("Self", keras_configs.make(cls, config, backend=backend))

    def _forget(self) -> None:
        """Drop everything that belongs to the input shape and the backend."""
        super()._forget()
        self._built_shape = None
        self._plans = PlanTable()

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
