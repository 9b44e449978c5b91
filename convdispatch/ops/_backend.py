"""What a backend has: methods over tensors of its own, and a table of functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from convdispatch.ops._ops import Op, Signature
from convdispatch.ops._tensors import NumpyArray, PartialShape, Tensor


class Backend(Protocol):
    """What a plugin implements. Check an implementation with the conformance suite.

    `functions` is a table of functions named and behaving as NumPy's, over native tensors:
    see `REQUIRED_FUNCTIONS`. Arithmetic operators and comparisons between native tensors and
    Python numbers must work, in the tensor's element type or a wider one. A tensor has a `shape`.

    Half precision is computed in float32 or wider and rounded once, by each op, by each function
    and by its gradient; so a backend that has half precision has float32. A number below the
    smallest normal one of the type that is computed in may count as zero.
    """

    name: str
    functions: Mapping[str, Callable[..., Tensor]]

    def lower(self, op: Op, signature: Signature) -> Callable[..., Tensor]:
        """Return a pure, differentiable function that computes `op` for any batch size."""

    def owns(self, value: object) -> bool:
        """Say whether `value` is a tensor of this framework, a traced one included."""

    def describe(self, tensor: Tensor) -> tuple[PartialShape, str]:
        """Return the shape (None where unknown while tracing) and the element type's name."""

    def asarray(self, value: NumpyArray, dtype: str) -> Tensor:
        """Return a native constant tensor of that element type."""

    def variable(self, value: NumpyArray, dtype: str) -> Tensor:
        """Return a native tensor that the framework's autodiff and optimizers can train."""

    def assign(self, variable: Tensor, value: NumpyArray) -> Tensor:
        """Give `variable` a new value, in place where the framework can, and return it."""

    def cast(self, tensor: Tensor, dtype: str) -> Tensor:
        """Return the tensor with another element type, differentiably."""

    def to_numpy(self, tensor: Tensor) -> NumpyArray:
        """Return the values as a NumPy array of the same element type (bfloat16: ml_dtypes)."""

    def synchronize(self, tensor: Tensor) -> None:
        """Return once the tensor's values have been computed: what a timer must wait for."""

    def outside_trace(self, fn: Callable[[], object]) -> object:
        """Call `fn` eagerly even while the framework is tracing the caller."""

    def compile(self, fn: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """Return `fn` compiled by the framework's own compiler, or `fn` if there is none."""

    def value_and_grad(
        self, fn: Callable[[Sequence[Tensor]], Tensor]
    ) -> Callable[[Sequence[Tensor]], tuple[Tensor, list[Tensor]]]:
        """Return a function giving `fn(tensors)`, a scalar, and its gradient for each tensor."""


class OptionalMethods(Protocol):
    """What a backend may have besides: nothing is computed otherwise without them, only slower."""

    def candidates(self, op: Op, signature: Signature) -> Mapping[str, Callable[..., Tensor]]:
        """Return every way to compute `op` by a short name, the one of `lower` first.

        Each is right for every batch size and within the accuracy that the backend declares.
        """

    def compile_inference(self, fn: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """Return `fn(variables, inputs)` for its values alone, prepared as `compile` would not.

        It need not record gradients. `variables` is a list of what `variable` returned, nearly
        always the same ones; their values at the time of the call count. A function that has a true
        attribute `takes_arrays` also takes a NumPy array for `inputs`, of numbers in `FLOAT_DTYPES`
        and in native byte order, and copies it.
        """

    def conversion(self, dtype: str) -> str:
        """Return what a user of the framework writes to make float32 of `x`, which has `dtype`.

        Messages quote it where an element type is none of `FLOAT_DTYPES`: 'x.astype("float32")'.
        """

    def advice(self) -> Sequence[str]:
        """Return what a user could set up better on this machine, in sentences; mostly nothing.

        `convdispatch doctor` asks, after a convolution was computed right.
        """
