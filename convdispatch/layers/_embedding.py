"""Embedding: rows of a table, looked up by integers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Unpack, overload

import numpy as np

from convdispatch.engine.arguments import as_bool, as_int, as_partial_shape
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.declarations import Weight
from convdispatch.engine.resolved import Effects, Forward, Resolved, Training
from convdispatch.engine.specs import Spec
from convdispatch.engine.symbols import symbols_in
from convdispatch.engine.tensors import read_lists
from convdispatch.engine.weight_options import WithWeightOptions
from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.formulas import regularizers
from convdispatch.formulas.random import Draws
from convdispatch.ops import INTEGER_DTYPES, NumpyArray, PartialShape
from convdispatch.types import (
    ArrayInput,
    ConstraintLike,
    InitializerLike,
    NativeTensor,
    RegularizerLike,
    SomeTensor,
)


class Embedding(WithWeightOptions):
    """Replace each integer with a row of a table.

        input       (batch, ...), integers from 0 to input_dim - 1
        output      (batch, ..., output_dim)
        embeddings  (input_dim, output_dim)

    Numbers of a floating-point type are taken as integers, as in Keras 1 and 2. With
    `mask_zero=True` the output has a mask, which leaves out the places of 0.

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A
    call raises `InvalidShape` for an input without the steps of `input_length`, `InvalidArgument`
    for an array with an integer that has no row, and `InvalidType` for a tensor of another
    framework. What a framework's own tensor with such an integer gives is the framework's affair.

    Source: Keras 2.2.4 `Embedding`.

    >>> import numpy as np
    >>> from convdispatch.layers import Embedding
    >>> table = np.array([[0.0, 0.0], [1.0, 10.0], [2.0, 20.0]])
    >>> Embedding(3, 2, weights=[table], dtype="float64")(np.array([[2, 1]]))
    array([[[ 2., 20.],
            [ 1., 10.]]])
    """

    family = "embedding"
    checks_arrays: ClassVar[bool] = True
    size_arguments = ("input_dim", "output_dim")
    drop_rate = 0.0  # the share of rows that are left out in training, which Keras 1 alone has

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: InitializerLike = "uniform",
        embeddings_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        embeddings_constraint: ConstraintLike = None,
        mask_zero: bool = False,
        input_length: int | Sequence[int | None] | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments; `build` or the first call makes the weights.

        input_dim: how many rows the table has.
        output_dim: how long a row is.
        embeddings_initializer, embeddings_regularizer, embeddings_constraint: of the table.
        activity_regularizer: of the output, summed over the batch.
        mask_zero: whether 0 only fills up, so that steps of 0 do not count.
        input_length: how many steps an input has, or the sizes of its axes; None for any.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        self.input_length = _length(input_length)
        if options.get("input_shape") is None and options.get("batch_input_shape") is None:
            options["input_shape"] = self._stated_sizes()
        super().__init__(**options)
        self.input_dim = as_int(input_dim, self.spelled("input_dim"))
        self.output_dim = as_int(output_dim, self.spelled("output_dim"))
        self._keep_weight_options(
            "embeddings", embeddings_initializer, embeddings_regularizer, embeddings_constraint
        )
        self.activity_regularizer = self._named("activity_regularizer", activity_regularizer)
        self.mask_zero = as_bool(mask_zero, self.spelled("mask_zero"))

    def _stated_sizes(self) -> PartialShape:
        length = self.input_length
        return length if isinstance(length, tuple) else (length,)

    @property
    def embeddings(self) -> Any:
        """The table, None before `build`."""
        return self._variable("embeddings")

    @property
    def input_dtype(self) -> str:
        """The element type of inputs that come as lists of numbers, or as arrays."""
        return "int32"

    @property
    def draws(self) -> bool:
        """Whether the layer uses its key in training."""
        return 0 < self.drop_rate < 1

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "mask_zero": self.mask_zero,
            "input_length": self.input_length,
            **self._weight_options_config("embeddings"),
        }

    def makes_mask(self, masked: Sequence[bool]) -> bool:
        """Return whether the output has a mask: if 0 only fills up."""
        return self.mask_zero

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return where the input is not 0, None unless 0 only fills up."""
        return self._backend().functions["not_equal"](inputs, 0) if self.mask_zero else None

    def resolve(self, spec: Spec) -> Resolved:
        """Return what the layer makes of inputs of that spec: another axis."""
        self._require_sizes(spec.shape)

        def declare() -> tuple[Weight, ...]:
            return (self._weight("embeddings", (self.input_dim, self.output_dim)),)

        def lower_training(dtype: str, activation: Any) -> Training:
            return self._dropping()

        return Resolved(
            output_shape=(None, *spec.shape[1:], self.output_dim),
            output_dtype=self.dtype,
            declare=declare,
            lower=lambda dtype, activation: self._looking_up(),
            lower_training=lower_training if self.draws else None,
        )

    def _looking_up(self) -> Forward:
        backend = self._backend()
        take: Any = backend.functions["take"]
        stopped = backend.functions["stop_gradient"]

        def forward(weights: Sequence[Any], inputs: Any) -> Any:
            places = inputs
            if backend.describe(inputs)[1] not in ("int32", "int64"):
                places = backend.cast(stopped(inputs), "int32")
            return take(weights[0], places, 0)

        return forward

    def _dropping(self) -> Training:
        backend, look_up = self._backend(), self._looking_up()
        draw, kept, rows = Draws(backend)["bernoulli"], 1.0 - self.drop_rate, self.input_dim

        def training(weights: Sequence[Any], inputs: Any, key: Any) -> tuple[Any, Effects]:
            (table,) = weights
            mask: Any = draw(key, (rows, 1), self.dtype, kept)
            return look_up([backend.cast(table * (mask / kept), self.dtype)], inputs), Effects()

        return training

    def _require_sizes(self, shape: PartialShape) -> None:
        wanted = self._stated_sizes()
        if self.input_length is None and shape:
            return
        fits = len(shape) == len(wanted) + 1 and all(
            size is None or given is None or size == given
            for size, given in zip(wanted, shape[1:], strict=True)
        )
        if not fits:
            raise InvalidShape(
                f"`input_length` of {self._title} says that inputs have the sizes {wanted} after "
                f"the batch axis; received shape {shape}."
            )

    def _require_dtype(self, dtype: str) -> None:
        if dtype not in INTEGER_DTYPES:
            super()._require_dtype(dtype)

    @overload
    def __call__(self, inputs: ArrayInput) -> NativeTensor: ...
    @overload
    def __call__(self, inputs: SomeTensor) -> SomeTensor: ...
    def __call__(self, inputs: Any) -> Any:
        """Look up the rows of a tensor of the layer's backend, of a NumPy array or of lists."""
        if isinstance(inputs, np.ndarray):
            self.check_array(inputs)
            if inputs.dtype.kind in "iu" and inputs.dtype.name not in INTEGER_DTYPES:
                inputs = inputs.astype(np.int64)  # the numbers of rows fit
        elif isinstance(inputs, list | tuple) and symbols_in(inputs) is None:
            self.check_array(read_lists(inputs))
        return super().__call__(inputs)

    def check_array(self, inputs: NumpyArray) -> None:
        """Raise `InvalidArgument` for a number without a row; frameworks differ on these."""
        if not inputs.size or inputs.dtype.kind not in "iuf":
            return
        low, high = inputs.min(), inputs.max()
        received = ""
        if not (low >= 0 and high < self.input_dim):  # NaN fits neither
            received = f"numbers from {low} to {high}"
        elif inputs.dtype.kind == "f" and (fractions := inputs[inputs != np.floor(inputs)]).size:
            received = f"the number {fractions[0]}"
        if received:
            raise InvalidArgument(
                f"`inputs` of {self._title} must be integers from 0 to {self.input_dim - 1}, the "
                f"rows of its table; received {received}. "
                f"`{self.spelled('input_dim')}` is the number of rows."
            )

    def preactivation(self, weights: Sequence[Any], inputs: Any, *mask: Any) -> Any:
        """Return the rows; for error analyses, whose inputs are float64."""
        return np.asarray(weights[0])[np.asarray(inputs).astype(np.int64)]

    def spread(self, weights: Any, x: Any, error: Any, *mask: Any) -> tuple[Any, Any]:
        """Return the magnitudes that are rounded, and by how much errors of the inputs spread."""
        nothing = np.zeros((*x.shape, self.output_dim))
        return nothing, nothing


def _length(given: Any) -> int | PartialShape | None:
    if given is None:
        return None
    if isinstance(given, Sequence) and not isinstance(given, str):
        return as_partial_shape(given, "input_length")
    return as_int(given, "input_length")
