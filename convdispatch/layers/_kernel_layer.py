"""The common part of layers with a kernel: arguments, options of the weights, epilogue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, TypeAlias

from convdispatch import geometry
from convdispatch.engine.arguments import IntOrTuple, as_bool, as_choice, as_ints
from convdispatch.engine.declarations import Layout, Weight
from convdispatch.engine.plans import Function, in_float32, record, recorded
from convdispatch.engine.weight_options import WithWeightOptions
from convdispatch.errors import InvalidArgument
from convdispatch.formulas import activations, regularizers
from convdispatch.formulas.activations import Activation
from convdispatch.layers._spatial import SpatialLayer
from convdispatch.ops import HALF_DTYPES, Backend, PartialShape, Shape, Tensor
from convdispatch.runtime.dispatch import BACKEND, require_supported
from convdispatch.types import ActivationLike, RegularizerLike

# Of the element type and the activation.
Lower: TypeAlias = Callable[[str, Any], Function]


class KernelLayer(SpatialLayer, WithWeightOptions):
    """A spatial layer with a kernel, a bias and an activation."""

    paddings: ClassVar[tuple[str, ...]] = ("valid", "same", "full")
    # Theano convolves where the others correlate; its depthwise kernels are an exception.
    is_flippable: ClassVar[bool] = True
    size_arguments: ClassVar[tuple[str, ...]] = ("kernel_size", "strides", "dilation_rate")

    # The attributes of the constructors, each argument checked under its own name.

    def _keep_geometry(
        self, kernel_size: IntOrTuple, strides: IntOrTuple, padding: str, dilation_rate: IntOrTuple
    ) -> None:
        self.kernel_size = as_ints(kernel_size, self.rank, self.spelled("kernel_size"))
        self.strides = as_ints(strides, self.rank, self.spelled("strides"))
        self.padding = as_choice(padding, self.paddings, self.spelled("padding"))
        self.dilation_rate = as_ints(dilation_rate, self.rank, self.spelled("dilation_rate"))

    def _keep_epilogue(
        self, activation: ActivationLike, use_bias: bool, activity_regularizer: RegularizerLike
    ) -> None:
        self.activation = _checked_activation(self._named("activation", activation))
        self.use_bias = as_bool(use_bias, self.spelled("use_bias"))
        self.activity_regularizer = self._named("activity_regularizer", activity_regularizer)

    @property
    def bias(self) -> Any:
        """The bias variable, None before `build` and without bias."""
        return self._variable("bias")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "dilation_rate": self.dilation_rate,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            **self._weight_options_config("bias"),
        }

    def _weight(self, name: str, shape: Shape, *, trainable: bool = True) -> Weight:
        weight = super()._weight(name, shape, trainable=trainable)
        if len(shape) == 1:
            return weight
        is_flipped = self.is_flippable and self.convention == "theano"
        return replace(weight, layout=self._layout(name), is_flipped=is_flipped)

    def _layout(self, weight: str) -> Layout | None:
        """Return how this class lays out that kernel, None for Keras 2's way."""
        return None

    # Half precision is rounded once, at the end of the layer.

    def _lowered_once(
        self, lower: Callable[[str, Any], Function]
    ) -> Callable[[str, Any], Function]:
        """Return `lower`, which rounds after every step, rounding half precision at the end."""

        def lower_once(dtype: str, activation: Any) -> Function:
            if dtype not in HALF_DTYPES or not self._rounds_between(activation):
                return lower(dtype, activation)
            return self._in_float32(lower, dtype, activation)

        return lower_once

    def _in_float32(self, lower: Lower, dtype: str, activation: Any) -> Function:
        backend = self._backend()
        with recorded() as lowered:
            function = lower("float32", activation)
        for op, signature, by in lowered:
            if by == BACKEND:
                require_supported(backend, op, replace(signature, dtype=dtype))
            record(op, signature, by)
        return in_float32(function, backend, dtype)

    def _rounds_between(self, activation: Any) -> bool:
        """Return whether ops and formulas follow one another; a user's function is left alone."""
        return isinstance(activation, Activation) and activation.fused is None

    # The geometry of a forward convolution.

    def _conv_pads(self, sizes: PartialShape) -> tuple[tuple[int, int], ...]:
        return tuple(
            geometry.conv_pads(
                size or 0,
                taps,
                stride=stride,
                dilation=dilation,
                padding=self.padding,
                convention=self.convention,
            )
            for size, taps, stride, dilation in self._axes(sizes)
        )

    def _conv_output_sizes(self, sizes: PartialShape) -> PartialShape:
        outputs = []
        for axis, (size, taps, stride, dilation) in enumerate(self._axes(sizes)):
            output = geometry.conv_output_size(
                size, taps, stride=stride, dilation=dilation, padding=self.padding
            )
            geometry.require_output(output, size=size, reason=self._reach(axis))
            outputs.append(output)
        return tuple(outputs)

    def _reach(self, axis: int) -> str:
        """Say how far the kernel reaches on an axis, for the complaint that it is too far."""
        taps, dilation = self.kernel_size[axis], self.dilation_rate[axis]
        reach = geometry.effective_kernel_size(taps, dilation)
        names = self.spelled("kernel_size").split(", ")
        return (
            f"`{names[axis % len(names)]}` {taps} at dilation {dilation} of {self.name!r} reaches "
            f"over {reach} cells and `{self.spelled('padding')}` is {self.padding!r}"
        )

    def _axes(self, sizes: PartialShape) -> list[tuple[int | None, int, int, int]]:
        """Return (size, taps, stride, dilation) of each spatial axis."""
        return list(zip(sizes, self.kernel_size, self.strides, self.dilation_rate, strict=True))


def _checked_activation(activation: Any) -> Any:
    if isinstance(activation, Activation) and not activation.keeps_shape:
        raise InvalidArgument(
            f"`activation` must keep the shape of its input; received {activation.name!r}, which "
            "does not. Apply it to the layer's output instead."
        )
    return activation


def split_activation(
    activation: Any, backend: Backend, dtype: str
) -> tuple[str, Callable[[Tensor], Tensor] | None]:
    """Return the part that an op computes, and the rest that follows it, None if there is none."""
    if isinstance(activation, Activation) and activation.fused is not None:
        return activation.fused, None
    functions = backend.functions

    def finish(outputs: Tensor) -> Tensor:
        if isinstance(activation, Activation):
            activated = activation.compute(functions, outputs)
        else:
            activated = activation(outputs)
        # A user's function may promote, and so may arithmetic with Python numbers.
        return backend.cast(activated, dtype)

    return "linear", finish
