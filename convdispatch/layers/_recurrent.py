"""The common part of recurrent layers: a state that goes from step to step of a sequence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from convdispatch.engine.arguments import as_bool, as_float, as_int
from convdispatch.engine.declarations import Weight
from convdispatch.engine.masked_layer import MaskedLayer
from convdispatch.engine.plans import in_float32, training_in_float32
from convdispatch.engine.resolved import Effects, Forward, Resolved, Training
from convdispatch.engine.specs import Spec
from convdispatch.engine.weight_options import WithWeightOptions
from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.formulas import activations, regularizers
from convdispatch.formulas.activations import Activation
from convdispatch.kit import looped
from convdispatch.layers._noise import seed_parts
from convdispatch.layers._unbounded import Unbounded
from convdispatch.ops import HALF_DTYPES, PartialShape

# What a step reads beside the state: the recurrent kernel and others, by name.
Parts = Mapping[str, Any]


_FIRST = np.array([0])


class Recurrent(Unbounded, MaskedLayer, WithWeightOptions):
    """A layer that computes each step of a sequence from the step and its state after the last.

    The products of all steps with the kernel are one product before the loop. A step adds the
    product of the state with the recurrent kernel.
    """

    gates: ClassVar[int]  # blocks of columns of the kernels
    states: ClassVar[int] = 1  # tensors of a state; the first is the output
    rank = 1
    size_arguments = ("units",)
    dropout: float
    recurrent_dropout: float
    return_sequences: bool
    go_backwards: bool
    stateful: bool
    unroll: bool
    zero_output_for_mask: bool

    def _keep_recurrence(self, arguments: Mapping[str, Any]) -> None:
        """Check and keep what the constructors of all recurrent layers are given."""
        self.units = as_int(arguments["units"], self.spelled("units"))
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
    def draws(self) -> bool:
        """Whether the layer uses its key in training."""
        return self._drops(self.dropout) or self._drops(self.recurrent_dropout)

    def _drops(self, rate: float) -> bool:
        """Return whether training leaves anything out at that rate."""
        return 0 < rate < 1 or (rate == 1 and self.dialect.drops_everything)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        config = super().get_config() | {
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
        }
        for prefix in ("kernel", "recurrent", "bias"):
            config |= self._weight_options_config(prefix)
        kept = ["dropout", "recurrent_dropout", "seed", "return_sequences", "go_backwards"]
        kept += ["stateful", "unroll", "zero_output_for_mask"]
        return config | {name: getattr(self, name) for name in kept}

    # What the classes define.

    def _step(self, parts: Parts, state: Sequence[Any], x: Any) -> tuple[Any, ...]:
        """Return the state after a step; x is the step's product with the kernel."""
        raise NotImplementedError

    def _bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.units,)

    def _bias_of_inputs(self, bias: Any) -> Any:
        """Return the part of the bias that belongs to the product with the kernel."""
        return bias

    def _recurrent_parts(self, bias: Any) -> dict[str, Any]:
        """Return what of the bias the steps read."""
        return {}

    def _declared(self, features: int) -> tuple[Weight, ...]:
        columns = self.gates * self.units
        kernel = self._weight("kernel", (features, columns))
        recurrent = self._weight("recurrent_kernel", (self.units, columns))
        return (kernel, recurrent, *((self._bias(),) if self.use_bias else ()))

    def _bias(self) -> Weight:
        return self._weight("bias", self._bias_shape())

    def _gathered(self, weights: Sequence[Any]) -> tuple[Any, Any, Any]:
        """Return the kernel, the recurrent kernel and the bias, None for none."""
        return weights[0], weights[1], weights[2] if self.use_bias else None

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
        if len(shape) != 3 or 0 in shape[1:]:
            raise InvalidShape(
                f"{self._title} takes inputs (batch, steps, features) with at least one step and "
                f"one feature; received shape {shape}."
            )

        def declare() -> tuple[Weight, ...]:
            if shape[2] is None:
                raise InvalidShape(
                    f"{self._title} needs a known number of features; received shape {shape}."
                )
            return self._declared(shape[2])

        def lower(dtype: str, activation: Any) -> Forward:
            if dtype in HALF_DTYPES:
                return in_float32(self._forward("float32"), self._backend(), dtype)
            return self._forward(dtype)

        def lower_training(dtype: str, activation: Any) -> Training:
            if dtype in HALF_DTYPES:
                return training_in_float32(self._training("float32"), self._backend(), dtype)
            return self._training(dtype)

        steps = (shape[1],) if self.return_sequences else ()
        return Resolved(
            output_shape=(None, *steps, self.units),
            declare=declare,
            lower=lower,
            lower_training=lower_training if self.draws else None,
        )

    def _require_as_built(self, shape: PartialShape) -> None:
        built = self._built_shape
        if self._variables and built is not None and shape[2] != built[2]:
            raise InvalidShape(
                f"{self._title} was built for {built[2]} features; received shape {shape}."
            )

    # The computation.

    def _forward(self, dtype: str) -> Forward:
        matmul, run = self._backend().functions["matmul"], self._loop(dtype)

        def forward(weights: Sequence[Any], x: Any, *mask: Any) -> Any:
            kernel, recurrent, bias = self._gathered(weights)
            products = self._with_bias(matmul(x, kernel), bias)
            parts = {"recurrent": recurrent, **self._recurrent_parts(bias)}
            return run(parts, x, products, *mask)

        return forward

    def _training(self, dtype: str) -> Training:
        backend = self._backend()
        f, fold, run = backend.functions, backend.random["fold"], self._loop(dtype)
        gates, units = self.gates, self.units

        def masks(rate: float, key: Any, first: int, shape: Any) -> list[Any]:
            """Draw one mask for each gate, which is the same in every step."""
            draw: Any = backend.random["bernoulli"]
            keys = (fold(key, first + gate) for gate in range(gates))
            scale = 1 / (1 - rate) if rate < 1 else 0.0
            return [draw(one, shape, dtype, 1 - rate) * scale for one in keys]

        def training(weights: Sequence[Any], x: Any, key: Any, *mask: Any) -> tuple[Any, Effects]:
            for part in seed_parts(self.seed):
                key = fold(key, part)
            kernel, recurrent, bias = self._gathered(weights)
            sizes: Any = f["shape"](x)
            batch, features = sizes[0], sizes[2]
            products = f["matmul"](x, kernel)
            if self._drops(self.dropout):
                drawn = masks(self.dropout, key, 0, (batch, 1, features))
                columns = self._blocks_of(kernel)
                products = f["concatenate"](
                    [f["matmul"](x * m, part) for m, part in zip(drawn, columns, strict=True)], -1
                )
            parts = {"recurrent": recurrent, **self._recurrent_parts(bias)}
            if self._drops(self.recurrent_dropout):
                parts["masks"] = masks(self.recurrent_dropout, key, gates, (batch, units))
            return run(parts, x, self._with_bias(products, bias), *mask), Effects()

        return training

    def _with_bias(self, products: Any, bias: Any) -> Any:
        return products if bias is None else products + self._bias_of_inputs(bias)

    def _loop(self, dtype: str) -> Callable[..., Any]:
        """Return the function of (parts, inputs, products, mask) that goes through the steps."""
        backend = self._backend()
        f: Any = backend.functions
        compile_scan = None if self.unroll else getattr(backend, "compile_scan", None)

        def step(parts: Parts, state: Any, inputs: Any) -> tuple[Any, Any]:
            after = self._step(parts, state, inputs[0])
            if len(inputs) == 1:
                return after, after[0]
            counts = inputs[1] > 0  # a step that does not count leaves the state as it is
            pairs = zip(after, state, strict=True)
            kept = tuple(f["where"](counts, new, old) for new, old in pairs)
            is_zero = self.zero_output_for_mask
            return kept, f["where"](counts, after[0], 0.0) if is_zero else kept[0]

        scan = looped(step, f) if compile_scan is None else compile_scan(step)

        def run(parts: Parts, x: Any, products: Any, *mask: Any) -> Any:
            one = f["reshape"](f["take"](f["take"](x, _FIRST, 1), _FIRST, 2), (-1, 1))
            none = backend.cast(f["less"](one, one), dtype)  # zeros, whatever the input is
            zeros = f["pad"](none, ((0, 0), (0, self.units - 1)))
            by_step = [f["transpose"](products, (1, 0, 2))]
            for flags in mask:
                if flags is not None:
                    counts = f["transpose"](backend.cast(flags, dtype), (1, 0))
                    by_step.append(f["reshape"](counts, (*counts.shape[:1], -1, 1)))
            if self.go_backwards:
                by_step = [f["flip"](one, (0,)) for one in by_step]
            state, outputs = scan(parts, (zeros,) * self.states, tuple(by_step))
            if self.return_sequences:
                return f["transpose"](outputs, (1, 0, 2))
            if not self.zero_output_for_mask or len(by_step) == 1:
                return state[0]
            last = f["take"](f["flip"](by_step[1], (0,)), _FIRST, 0)
            return f["where"](f["reshape"](last, (-1, 1)) > 0, state[0], 0.0)

        return run

    # For the classes.

    def _blocks_of(self, columns: Any) -> list[Any]:
        return self._cut(columns, range(self.gates))

    def _cut(self, columns: Any, gates: Sequence[int]) -> list[Any]:
        """Return the columns of each of these gates."""
        take, units = self._backend().functions["take"], self.units
        return [take(columns, np.arange(g * units, (g + 1) * units), -1) for g in gates]

    def _fed_back(self, parts: Parts, h: Any, first: int, last: int) -> list[Any]:
        """Return the products of h with these blocks of the recurrent kernel."""
        f: Any = self._backend().functions
        units, recurrent = self.units, parts["recurrent"]
        if "masks" in parts:
            blocks = self._cut(recurrent, range(first, last))
            pairs = zip(parts["masks"][first:last], blocks, strict=True)
            return [f["matmul"](h * mask, block) for mask, block in pairs]
        if last - first < self.gates:
            recurrent = f["take"](recurrent, np.arange(first * units, last * units), -1)
        return self._cut(f["matmul"](h, recurrent), range(last - first))

    def _activated(self, activation: Any, x: Any) -> Any:
        if isinstance(activation, Activation):
            return activation.compute(self._backend().functions, x)
        return activation(x)
