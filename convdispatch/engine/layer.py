"""The layer: weights, shapes and one pure function, bound to a convention and to a backend.

The common part of all layers. The families turn a layer's arguments into ops, and the backend
computes the ops.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Self, cast, overload

from convdispatch.engine import keras_configs, large_sizes, layer_options
from convdispatch.engine.arguments import as_bool
from convdispatch.engine.connected import ConnectedLayer
from convdispatch.engine.constructor_signature import ConstructorSignature
from convdispatch.engine.mixed_devices import require_one_device
from convdispatch.engine.pictured import Pictured
from convdispatch.engine.plans import Plan, PlanTable, casting_weights, recorded
from convdispatch.engine.resolved import Resolved
from convdispatch.engine.specs import Shapes, Spec, Specs, listed, of_samples, shapes_of
from convdispatch.engine.symbols import Call, Symbol, symbols_in
from convdispatch.engine.whole import held
from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.formulas import activations
from convdispatch.formulas.dialects import KERAS3, Dialect
from convdispatch.formulas.regularizers import penalty
from convdispatch.ops import FLOAT_DTYPES
from convdispatch.runtime import selection
from convdispatch.runtime.dispatch import require_feature
from convdispatch.runtime.registry import registry
from convdispatch.runtime.tuning import outside_trace
from convdispatch.types import ArrayInput, NativeTensor, SomeTensor


class Layer(ConnectedLayer, Pictured):
    """A function of tensors with its own weights.

    Every layer takes the keyword arguments `name`, `trainable`, `dtype` (of the weights),
    `input_shape` (without the batch axis), `batch_size`, `batch_input_shape`, `weights` (arrays
    to start from), `backend` and `convention`; what is not given is the current setting's.

    Calling a layer builds it for the input's shape if need be. The result has the input's element
    type; weights of another one are cast for the call.
    """

    # Autograph, which rewrites functions for `tf.function`, calls an object with this name as is.
    autograph_info__: ClassVar[Mapping[str, object]] = {}
    dialect: ClassVar[Dialect] = KERAS3
    door: ClassVar[str] = "convdispatch.layers"  # the module that users import the class from
    rank: ClassVar[int]  # spatial axes
    dtypes: ClassVar[Sequence[str]] = FLOAT_DTYPES  # that `dtype` may be
    is_input: ClassVar[bool] = False  # whether it only stands for what a model is given
    adds_losses: bool = False  # beside penalties: `call` of a script's own may add some
    __signature__ = ConstructorSignature()
    # How a façade spells the arguments: one name, one an axis, or None: not offered.
    spelling: ClassVar[Mapping[str, str | tuple[str, ...] | None]] = {}

    def __init__(self, **options: Any) -> None:
        layer_options.require_known(type(self), options)
        super().__init__(
            name=layer_options.layer_name(self._stem(), options.get("name")),
            dtype=layer_options.layer_dtype(options, self.dtypes, self.dialect.input_dtypes),
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
        self._built_shape: Shapes = None
        self._plans = PlanTable()

    @classmethod
    def _stem(cls) -> str:
        """Return the beginning of the names of such layers, before a number."""
        return layer_options.stem(cls)

    # What the families define.

    def resolve(self, spec: Any) -> Resolved:
        """Return the output's shape, the weights and the functions for inputs of that spec.

        Each class of layers defines this method; it is the only place that interprets shapes. A
        layer that takes a list gets a list of specs. Raises `InvalidShape` if the layer cannot take
        such an input. Callers use `resolved`, which keeps the result.
        """
        raise NotImplementedError

    def _require_as_built(self, shape: Any) -> None:
        """Raise `InvalidShape` unless the weights that exist fit such inputs."""

    # Shapes, weights and functions.

    def resolved(self, specs: Specs) -> Resolved:
        """Return the result of `resolve` for inputs of such specs, computed once and kept.

        Raises `InvalidShape` if the layer cannot take such an input or its weights do not fit it.
        """
        kept = self._plans.resolved  # the arguments may change meanwhile, and with them the table
        # One shape determines the result for one input, whatever its element type.
        key = of_samples(specs) if self.takes_list else shapes_of(specs)[1:]
        resolved = kept.get(key) if shapes_of(specs) else None
        if resolved is None:
            resolved = self.resolve(specs)
            kept.keep(key, resolved)
        self._require_as_built(shapes_of(specs))
        return resolved

    def compute_output_shape(self, input_shape: Shapes) -> Any:
        """Return the output's shape, batch axis included; an unknown size is None.

        Raises `InvalidShape` where the layer cannot take such an input.
        """
        return shapes_of(self.output_specs(self._specs_for(input_shape)))

    # Building and calling.
    @property
    def built(self) -> bool:
        """Whether the weights exist and the input's shape is settled."""
        return self._is_made

    def build(self, input_shape: Shapes) -> None:
        """Make the weights for inputs of that shape, batch axis included.

        A layer that has weights keeps them, and states that shape from now on. Raises
        `InvalidShape` where they do not fit it.
        """
        specs = self._specs_for(input_shape)
        with held([self]):
            resolved = self.resolved(specs)
            large_sizes.require_possible(self, specs, resolved.output_shape)
            is_known = not any(None in one.shape[1:] for one in listed(specs))
            if is_known and of_samples(specs) not in self._plans:
                self._make_plan(specs)  # first: where it raises, nothing is built
            if not self._is_made:
                self._make_variables(resolved.declarations)
            self._built_shape = shapes_of(specs)
            self._outdate()
            self._is_made = self._is_settled = True  # last, for other threads and forked children

    def ensure_built(self, purpose: str) -> None:
        """Build the layer, if necessary, for the input shape of its constructor.

        Raises `InvalidArgument` if there is none; `purpose` names the caller that needs the
        weights.
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
        # No unnecessary look-up: a tiny convolution takes no longer than this method.
        backend = registry.load(self.backend)
        if not backend.owns(inputs):
            symbols = symbols_in(inputs)
            if symbols is not None:
                return self._called_with(symbols)
            inputs = self._as_native(backend, inputs)
        shape, dtype = backend.describe(inputs)
        plan = self._plans.get((shape[1:], dtype)) or self._make_plan(Spec(shape, dtype))
        variables = self._variables  # recorded before the check that they are settled
        if not self._is_settled:
            variables = self._settled_variables((None, *shape[1:]))
        try:
            outputs = plan.function(variables, inputs)
        except Exception as exc:
            require_one_device(self._title, variables, [inputs], exc)
            raise
        if self._variables is not variables:  # set by another thread meanwhile, perhaps only some
            with held([self]):
                outputs = plan.function(self._variables, inputs)
        if self.activity_regularizer is not None:
            self._activity_losses = [penalty(self.activity_regularizer, backend, outputs)]
        return outputs

    def _called_with(self, symbols: Sequence[Symbol]) -> Any:
        """Return the symbolic output for a symbolic input; builds the layer if need be."""
        if len(symbols) != 1:
            raise InvalidArgument(
                f"{self._title} takes one input; received a list of {len(symbols)}."
            )
        return self._recorded(symbols, symbols[0].spec)

    def _recorded(self, symbols: Sequence[Symbol], specs: Specs) -> Any:
        """Return the symbolic output of a call with these symbols, which have these specs."""
        if not self._is_made:
            self.build(shapes_of(specs))
        given = self.output_specs(specs)
        takes_list, gives_list = not isinstance(specs, Spec), isinstance(given, list)
        call = Call(self, symbols, listed(given), takes_list=takes_list, gives_list=gives_list)
        return call.result

    def _settled_variables(self, shapes: Shapes) -> list[Any]:
        """Return the variables when no thread makes or sets them; the first caller makes them."""
        with held([self]):
            if not self._is_made:
                self.build(shapes)
            return self._variables

    def plan_for(self, inputs: Any) -> Plan:
        """Return the plan for native inputs, made if there is none yet.

        Raises `InvalidType` and `InvalidShape` as a call does.
        """
        specs = self._specs_of(inputs)
        return self._plans.get(of_samples(specs)) or self._make_plan(specs)

    def plans(self) -> tuple[Plan, ...]:
        """Return the layer's plans, one for each shape and element type so far.

        The last 128 are kept; a change of an argument of the layer drops them.
        """
        return tuple(self._plans.values())

    def replan(self, inputs: Any) -> None:
        """Lower anew for native inputs like these."""
        self._plans = PlanTable(self._plans)  # a new revision, so everything is compiled anew
        self._make_plan(self._specs_of(inputs))

    def _make_plan(self, specs: Specs) -> Plan:
        backend, inputs = self._backend(), listed(specs)
        for one in inputs:
            self._require_dtype(one.dtype)
        if not all(one.shape for one in inputs):
            with suppress(IndexError):  # of a user's function of shapes
                self.resolve(specs)  # says which axes the layer takes, if it takes certain ones
            said = f"{self._title} takes a batch of samples; received one number, of no axes."
            raise InvalidShape(said)
        plans = self._plans  # the arguments may change meanwhile, and with them the table
        resolved = self.resolved(specs)
        large_sizes.require_possible(self, specs, resolved.output_shape)
        if any(None in one.shape[1:] for one in inputs):
            require_feature(backend, "unknown_sizes")
        dtype, lower = inputs[0].dtype, resolved.lower
        with recorded() as lowered:
            batch = inputs[0].shape[0]
            made = outside_trace(backend, batch, lambda: lower(dtype, self.activation))
        if not lowered:  # or else the op's features were compared with what the backend declines
            require_feature(backend, dtype)
        computed = resolved.output_dtype or dtype
        shapes = [one.shape[1:] for one in inputs]
        plan = Plan(
            layer=self.name,
            backend=self.backend,
            input_shape=shapes[0] if isinstance(specs, Spec) else shapes,
            dtype=dtype,
            ops=tuple((op, signature) for op, signature, _ in lowered),
            computed_by=tuple(by for *_, by in lowered),
            function=made if computed == self.dtype else casting_weights(made, backend, computed),
        )
        return plans.keep(of_samples(specs), plan)

    @property
    def _title(self) -> str:
        """The layer's name in messages."""
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
        """Drop everything that depends on the input shape and the backend."""
        super()._forget()
        self._built_shape = None
        self._plans = PlanTable()

    def __repr__(self) -> str:
        shape = "" if self._built_shape is None else f", input_shape={self._built_shape}"
        return f"<{type(self).__name__} {self.name!r} on {self.backend!r}{shape}>"
