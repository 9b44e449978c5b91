"""The common part of a convolution and its transpose: filters in groups, one kernel, one op."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from convdispatch import ops
from convdispatch.engine.arguments import as_int
from convdispatch.engine.declarations import Weight, kernel_reader
from convdispatch.engine.plans import Function
from convdispatch.engine.resolved import Resolved
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidArgument, InvalidShape
from convdispatch.layers._epilogue import split_activation
from convdispatch.layers._kernel_layer import KernelLayer
from convdispatch.ops import PartialShape, Shape, Tensor


class OneKernelLayer(KernelLayer):
    """A convolutional layer with `filters` output channels in `groups`, and one kernel."""

    size_arguments = ("filters", *KernelLayer.size_arguments)

    def _keep_filters(self, filters: int, groups: int) -> None:
        self.filters = as_int(filters, self.spelled("filters"))
        self.groups = as_int(groups, "groups")
        if self.filters % self.groups:
            raise InvalidArgument(
                f"`filters` must be a multiple of `groups`; received {self.filters} filters in "
                f"{self.groups} groups."
            )

    @property
    def kernel(self) -> Any:
        """The kernel variable, None before `build`."""
        return self._variable("kernel")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {
            "filters": self.filters,
            "groups": self.groups,
            **self._weight_options_config("kernel"),
        }

    @abstractmethod
    def _kernel_shape(self, channels: int) -> Shape:
        """Return the kernel's shape in Keras 2's layout for that many input channels."""

    @abstractmethod
    def _sizes_of_output(self, sizes: PartialShape) -> PartialShape:
        """Return the spatial sizes of the output for those of the input."""

    @abstractmethod
    def _op(self, sizes: PartialShape, output_sizes: PartialShape, activation: str) -> ops.Op:
        """Return the op from the spatial sizes of the input to those of the output."""

    def resolve(self, spec: Spec) -> Resolved:
        shape = self._check_input_shape(spec.shape)
        sizes = self._spatial(shape)
        output_sizes = self._sizes_of_output(sizes)

        def declare() -> tuple[Weight, ...]:
            kernel = self._weight("kernel", self._kernel_shape(self._channels(shape)))
            bias = (self._weight("bias", (self.filters,)),) if self.use_bias else ()
            return (kernel, *bias)

        def lower(dtype: str, activation: Any) -> Function:
            weights, backend = resolved.declarations, self._backend()
            fused, finish = split_activation(activation, backend, dtype)
            op = self._op(sizes, output_sizes, fused)
            shapes = tuple(weight.shape for weight in weights)
            lowered = self._lower_op(op, shape[1:], shapes, dtype)
            kernel = weights[0]
            return one_kernel_plan(
                lowered, kernel_reader(kernel, kernel.shape, backend.functions), finish
            )

        resolved = Resolved(
            output_shape=self._with_spatial(output_sizes, self.filters),
            declare=declare,
            lower=self._lowered_once(lower),
        )
        return resolved

    def _check_input_shape(self, input_shape: Any) -> PartialShape:
        shape = super()._check_input_shape(input_shape)
        channels = shape[self._channel_axis]
        if channels is not None and channels % self.groups:
            raise InvalidShape(
                f"the input's channels must be a multiple of `groups`, which is {self.groups} in "
                f"{self.name!r}; received {channels} channels in shape {shape}."
            )
        return shape


def one_kernel_plan(
    op: Callable[..., Tensor],
    read_kernel: Callable[[Tensor], Tensor] | None,
    finish: Callable[[Tensor], Tensor] | None,
) -> Function:
    """Return the plan of a layer that has one kernel and perhaps a bias."""
    if read_kernel is None and finish is None:
        return lambda weights, inputs: op(inputs, *weights)

    def plan(weights: Any, inputs: Tensor) -> Tensor:
        kernel, *bias = weights
        outputs = op(inputs, kernel if read_kernel is None else read_kernel(kernel), *bias)
        return outputs if finish is None else finish(outputs)

    return plan
