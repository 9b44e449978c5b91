"""The common part of recurrent layers: their arguments, their shapes and their masks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from convdispatch.engine.arguments import as_bool, as_float, as_int
from convdispatch.engine.declarations import Weight
from convdispatch.engine.plans import in_float32, training_in_float32
from convdispatch.engine.resolved import Effects, Forward, Resolved, Training
from convdispatch.engine.specs import Shapes, Spec, Specs, listed
from convdispatch.engine.weight_options import WithWeightOptions
from convdispatch.errors import InvalidShape
from convdispatch.formulas import activations, regularizers
from convdispatch.layers._recurrence import Recurrence
from convdispatch.layers._states import NAMES, WithState, sequence_of
from convdispatch.layers._unbounded import Unbounded
from convdispatch.ops import HALF_DTYPES, PartialShape, Shape

FLAGS = (
    *("return_sequences", "return_state", "go_backwards", "stateful", "unroll"),
    "zero_output_for_mask",
)


class Recurrent(WithState, Recurrence, Unbounded, WithWeightOptions):
    """A recurrent layer, by default of rows of numbers."""

    family = "recurrent"
    rank = 1
    width_argument: ClassVar[str] = "units"
    size_arguments: ClassVar[tuple[str, ...]] = (width_argument,)
    stateful: bool
    return_state: bool

    def _keep_recurrence(self, arguments: Mapping[str, Any]) -> None:
        """Check and keep what the constructors of all recurrent layers are given."""
        width = self.width_argument
        setattr(self, width, as_int(arguments[width], self.spelled(width)))
        self.activation = self._named("activation", arguments["activation"])
        self.use_bias = as_bool(arguments["use_bias"], self.spelled("use_bias"))
        for prefix in ("kernel", "recurrent", "bias"):
            kinds = ("initializer", "regularizer", "constraint")
            self._keep_weight_options(prefix, *(arguments[f"{prefix}_{kind}"] for kind in kinds))
        self.activity_regularizer = self._named(
            "activity_regularizer", arguments["activity_regularizer"]
        )
        for name in ("dropout", "recurrent_dropout"):
            setattr(self, name, as_float(arguments[name], self.spelled(name), maximum=1.0))
        seed = arguments["seed"]
        self.seed = None if seed is None else as_int(seed, "seed", minimum=0)
        for name in FLAGS:
            setattr(self, name, as_bool(arguments[name], self.spelled(name)))

    @property
    def width(self) -> int:
        """How many channels the state has."""
        width: int = getattr(self, self.width_argument)
        return width

    @property
    def draws(self) -> bool:
        """Whether the layer uses its key in training."""
        return self._drops(self.dropout) or self._drops(self.recurrent_dropout)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        config = super().get_config() | {
            self.width_argument: self.width,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
        }
        for prefix in ("kernel", "recurrent", "bias"):
            config |= self._weight_options_config(prefix)
        kept = ("dropout", "recurrent_dropout", "seed", *FLAGS)
        return config | {name: getattr(self, name) for name in kept}

    # The weights.

    def _declared(self, channels: int) -> tuple[Weight, ...]:
        kernels = self._kernels(channels, self.gates * self.width)
        return (*kernels, *((self._bias(),) if self.use_bias else ()))

    def _kernels(self, channels: int, columns: int) -> tuple[Weight, Weight]:
        """Return the kernel for so many channels and the recurrent one, of so many columns."""
        return (
            self._weight("kernel", (channels, columns)),
            self._weight("recurrent_kernel", (self.width, columns)),
        )

    def _bias(self) -> Weight:
        return self._weight("bias", self._bias_shape())

    def _bias_shape(self) -> Shape:
        return (self.gates * self.width,)

    # Shapes and masks.

    def makes_mask(self, masked: Sequence[bool]) -> bool:
        """Return whether the output has a mask: where it has the input's steps."""
        return self.return_sequences and masked[0]

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the output, None for none."""
        own = mask[0] if isinstance(mask, list) else mask  # beside a state, which has none
        return own if self.return_sequences else None

    @property
    def carries_state(self) -> bool:
        """Whether a call changes what the next one begins with, also in inference."""
        return self.stateful

    @property
    def _returns_state(self) -> bool:
        return self.return_state

    def resolve(self, specs: Specs) -> Resolved:
        """Return the layer resolved for inputs of that spec, or of those of an input and a state.

        The functions that `lower` and its companions return take the input alone, or a list.
        """
        spec, *given = listed(specs)
        shape = spec.shape
        sizes = self._sizes_of_state(shape)
        of_states = [sizes] * self._state_count
        self._require_states(given, of_states)

        def own() -> tuple[Weight, ...]:
            return self._declared(self._channels_of(shape))

        def declare() -> tuple[Weight, ...]:
            return (*own(), *self._declared_state(shape, of_states))

        def forward(dtype: str) -> Forward:
            carrying = self._carrying(replace(spec, dtype=dtype), own())
            return lambda weights, inputs, *mask: carrying(weights, inputs, None, *mask)[0]

        def lower(dtype: str, activation: Any) -> Forward:
            if dtype in HALF_DTYPES:
                return self._rounded_once(forward, dtype)
            return forward(dtype)

        def lower_carrying(dtype: str, activation: Any) -> Training:
            wide = replace(spec, dtype="float32" if dtype in HALF_DTYPES else dtype)
            return self._at_width(self._carrying(wide, own()), wide.dtype, dtype)

        def lower_training(dtype: str, activation: Any) -> Training:
            wide = replace(spec, dtype="float32" if dtype in HALF_DTYPES else dtype)
            return self._at_width(self._training(wide, own()), wide.dtype, dtype)

        steps = (shape[1],) if self.return_sequences else ()
        output_shape: Any = (None, *steps, *sizes)
        if self.return_state:
            output_shape = [output_shape, *((None, *one) for one in of_states)]
        return Resolved(
            output_shape=output_shape,
            declare=declare,
            lower=lower,
            lower_carrying=lower_carrying if self.stateful else None,
            lower_training=lower_training if self.draws else None,
        )

    def _at_width(self, made: Training, wide: str, dtype: str) -> Training:
        return made if wide == dtype else training_in_float32(made, self._backend(), dtype)

    def _carrying(self, spec: Spec, declared: Sequence[Weight]) -> Training:
        """Return the function of (weights, inputs, a key that is not used, mask)."""
        compute, begin, end = (
            self._computing(spec, declared),
            self._beginning(spec.dtype),
            self._ending(),
        )

        def carrying(
            weights: Sequence[Any], inputs: Any, key: Any, *mask: Any
        ) -> tuple[Any, Effects]:
            x, begun, masks = begin(weights, inputs, mask)
            return end(*compute(weights, x, begun, *masks))

        return carrying

    def _training(self, spec: Spec, declared: Sequence[Weight]) -> Training:
        compute = self._computing_in_training(spec, declared)
        begin, end = self._beginning(spec.dtype), self._ending()

        def training(
            weights: Sequence[Any], inputs: Any, key: Any, *mask: Any
        ) -> tuple[Any, Effects]:
            x, begun, masks = begin(weights, inputs, mask)
            return end(*compute(weights, x, key, begun, *masks))

        return training

    def _beginning(self, dtype: str) -> Callable[..., tuple[Any, Any, Sequence[Any]]]:
        """Return the function from what a call gets to the input, the state and the mask.

        A state that a call is given gets the element type `dtype`.
        """
        count, stateful, backend = self._state_count, self.stateful, self._backend()
        stop: Any = backend.functions["stop_gradient"]

        def cast(one: Any) -> Any:
            return one if backend.describe(one)[1] == dtype else backend.cast(one, dtype)

        def begin(weights: Sequence[Any], inputs: Any, mask: Any) -> Any:
            if isinstance(inputs, list):
                x, *begun = inputs
                return (
                    x,
                    [*map(cast, begun)],
                    [one[0] if isinstance(one, list) else one for one in mask],
                )
            if not stateful:
                return inputs, None, mask
            kept = weights[-count:]
            self._require_batch(inputs, kept[0])
            # New tensors: a framework may write the kept ones before it asks for gradients.
            return inputs, [stop(one) * 1.0 for one in kept], mask

        return begin

    def _ending(self) -> Callable[[Any, Any], tuple[Any, Effects]]:
        """Return the function from the output and the last state to outputs and effects."""
        stop: Any = self._backend().functions["stop_gradient"]
        is_returned, is_kept = self.return_state, self.stateful

        def end(output: Any, state: Sequence[Any]) -> tuple[Any, Effects]:
            updates = {}
            if is_kept:
                pairs = zip(NAMES, state, strict=False)
                updates = {name: stop(one) for name, one in pairs}
            return [output, *state] if is_returned else output, Effects(updates=updates)

        return end

    def _sizes_of_state(self, shape: PartialShape) -> PartialShape:
        """Return a state's shape without the batch; raise `InvalidShape` for a wrong input."""
        if len(shape) != 3 or 0 in shape[1:]:
            raise InvalidShape(
                f"{self._title} takes inputs (batch, steps, features) with at least one step and "
                f"one feature; received shape {shape}."
            )
        return (self.width,)

    def _channels_of(self, shape: PartialShape) -> int:
        """Return the channels of a step, which the kernel's shape depends on."""
        if shape[2] is None:
            raise InvalidShape(
                f"{self._title} needs a known number of features; received shape {shape}."
            )
        return shape[2]

    def _rounded_once(self, forward: Callable[[str], Forward], dtype: str) -> Forward:
        """Return the function of half precision that computes in float32."""
        return in_float32(forward("float32"), self._backend(), dtype)

    def _require_as_built(self, shape: Shapes) -> None:
        built, shape = sequence_of(self._built_shape), sequence_of(shape)
        if self._variables and built is not None and shape[2] != built[2]:
            raise InvalidShape(
                f"{self._title} was built for {built[2]} features; received shape {shape}."
            )
