"""The common part of recurrent layers: their arguments, their shapes and their masks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from convdispatch.engine.arguments import as_bool, as_float, as_int
from convdispatch.engine.declarations import Weight
from convdispatch.engine.masked_layer import MaskedLayer
from convdispatch.engine.plans import in_float32, training_in_float32
from convdispatch.engine.resolved import Forward, Resolved, Training
from convdispatch.engine.specs import Spec
from convdispatch.engine.weight_options import WithWeightOptions
from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.formulas import activations, regularizers
from convdispatch.layers._recurrence import Recurrence
from convdispatch.layers._unbounded import Unbounded
from convdispatch.ops import HALF_DTYPES, PartialShape, Shape


class Recurrent(Recurrence, Unbounded, MaskedLayer, WithWeightOptions):
    """A recurrent layer, by default of rows of numbers."""

    rank = 1
    width_argument: ClassVar[str] = "units"
    size_arguments = (width_argument,)
    stateful: bool

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
        flags = ("return_sequences", "go_backwards", "stateful", "unroll", "zero_output_for_mask")
        for name in flags:
            setattr(self, name, as_bool(arguments[name], self.spelled(name)))
        if self.stateful:
            raise InvalidArgument(
                f"`{self.spelled('stateful')}` of {self._title} must be False: each call starts "
                "from a state of zeros. Give the whole sequence in one call."
            )

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
        kept = ["dropout", "recurrent_dropout", "seed", "return_sequences", "go_backwards"]
        kept += ["stateful", "unroll", "zero_output_for_mask"]
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
        return self.return_sequences and any(masked)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the output, None for none."""
        return mask if self.return_sequences else None

    def resolve(self, spec: Spec) -> Resolved:
        """Return the layer resolved for inputs of that spec."""
        shape = spec.shape
        sizes = self._sizes_of_state(shape)

        def declare() -> tuple[Weight, ...]:
            return self._declared(self._channels_of(shape))

        def forward(dtype: str) -> Forward:
            return self._forward(replace(spec, dtype=dtype), resolved.declarations)

        def lower(dtype: str, activation: Any) -> Forward:
            if dtype in HALF_DTYPES:
                return self._rounded_once(forward, dtype)
            return forward(dtype)

        def lower_training(dtype: str, activation: Any) -> Training:
            wide = replace(spec, dtype="float32" if dtype in HALF_DTYPES else dtype)
            made = self._training(wide, resolved.declarations)
            is_wide = wide.dtype == dtype
            return made if is_wide else training_in_float32(made, self._backend(), dtype)

        steps = (shape[1],) if self.return_sequences else ()
        resolved = Resolved(
            output_shape=(None, *steps, *sizes),
            declare=declare,
            lower=lower,
            lower_training=lower_training if self.draws else None,
        )
        return resolved

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

    def _require_as_built(self, shape: PartialShape) -> None:
        built = self._built_shape
        if self._variables and built is not None and shape[2] != built[2]:
            raise InvalidShape(
                f"{self._title} was built for {built[2]} features; received shape {shape}."
            )
