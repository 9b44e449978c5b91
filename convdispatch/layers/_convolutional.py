"""What every layer with a kernel shares: its arguments, its weights' options, its epilogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from convdispatch import activations, constraints, geometry, initializers, regularizers
from convdispatch.activations import Activation
from convdispatch.layers._arguments import IntOrTuple, as_bool, as_choice, as_ints
from convdispatch.layers._spatial import SpatialLayer
from convdispatch.layers._weights import Layout, Weight
from convdispatch.ops import PartialShape, Shape, Tensor


class ConvolutionalLayer(SpatialLayer):
    """A spatial layer with a kernel, a bias and an activation."""

    paddings: ClassVar[tuple[str, ...]] = ("valid", "same", "full")
    # Theano convolves where the others correlate; its depthwise kernels are an exception.
    is_flippable: ClassVar[bool] = True

    def __init__(
        self,
        kernel_size: IntOrTuple,
        *,
        strides: IntOrTuple,
        padding: str,
        data_format: str | None,
        dilation_rate: IntOrTuple,
        activation: Any,
        use_bias: bool,
        bias_initializer: Any,
        bias_regularizer: Any,
        bias_constraint: Any,
        activity_regularizer: Any,
        **options: Any,
    ) -> None:
        super().__init__(data_format, **options)
        self.kernel_size = as_ints(kernel_size, self.rank, self.spelled("kernel_size"))
        self.strides = as_ints(strides, self.rank, self.spelled("strides"))
        self.padding = as_choice(padding, self.paddings, self.spelled("padding"))
        self.dilation_rate = as_ints(dilation_rate, self.rank, self.spelled("dilation_rate"))
        self.activation = activations.get(activation, self.vocabulary.activations)
        self.use_bias = as_bool(use_bias, self.spelled("use_bias"))
        self._keep_weight_options("bias", bias_initializer, bias_regularizer, bias_constraint)
        self.activity_regularizer = self._regularizer(activity_regularizer)

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

    # The options of one weight: attributes <prefix>_initializer, _regularizer, _constraint, where
    # the prefix is the weight's name without "_kernel".

    def _keep_weight_options(
        self, prefix: str, initializer: Any, regularizer: Any, constraint: Any
    ) -> None:
        vocabulary = self.vocabulary
        found = initializers.get(initializer, vocabulary.initializers)
        setattr(self, f"{prefix}_initializer", found)
        setattr(self, f"{prefix}_regularizer", self._regularizer(regularizer))
        setattr(self, f"{prefix}_constraint", constraints.get(constraint, vocabulary.constraints))

    def _weight_options_config(self, prefix: str) -> dict[str, Any]:
        initializer = getattr(self, f"{prefix}_initializer")
        regularizer = getattr(self, f"{prefix}_regularizer")
        constraint = getattr(self, f"{prefix}_constraint")
        return {
            f"{prefix}_initializer": initializers.serialize(initializer),
            f"{prefix}_regularizer": regularizers.serialize(regularizer),
            f"{prefix}_constraint": constraints.serialize(constraint),
        }

    def _regularizer(self, identifier: Any) -> Any:
        return regularizers.get(identifier, self.vocabulary.regularizers)

    def _weight(self, name: str, shape: Shape) -> Weight:
        is_kernel = len(shape) > 1
        prefix = name.removesuffix("_kernel")
        return Weight(
            name=name,
            shape=shape,
            initializer=getattr(self, f"{prefix}_initializer"),
            regularizer=getattr(self, f"{prefix}_regularizer"),
            constraint=getattr(self, f"{prefix}_constraint"),
            layout=self._layout(name) if is_kernel else None,
            is_flipped=is_kernel and self.is_flippable and self.convention == "theano",
        )

    def _layout(self, weight: str) -> Layout | None:
        """Return how this class lays out that kernel, None for Keras 2's way."""
        return None

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
        for size, taps, stride, dilation in self._axes(sizes):
            output = geometry.conv_output_size(
                size, taps, stride=stride, dilation=dilation, padding=self.padding
            )
            reach = geometry.effective_kernel_size(taps, dilation)
            reason = (
                f"`{self.spelled('kernel_size')}` {taps} at dilation {dilation} reaches over "
                f"{reach} cells and `{self.spelled('padding')}` is {self.padding!r}"
            )
            geometry.require_output(output, size=size, reason=reason)
            outputs.append(output)
        return tuple(outputs)

    def _axes(self, sizes: PartialShape) -> list[tuple[int | None, int, int, int]]:
        """Return (size, taps, stride, dilation) of each spatial axis."""
        return list(zip(sizes, self.kernel_size, self.strides, self.dilation_rate, strict=True))

    def _functions(self) -> Mapping[str, Callable[..., Tensor]]:
        return self._backend().functions


def split_activation(
    activation: Any, functions: Mapping[str, Callable[..., Tensor]]
) -> tuple[str, Callable[[Tensor], Tensor] | None]:
    """Return the part that an op carries out, and what is left to do after it, None if nothing."""
    if not isinstance(activation, Activation):
        return "linear", activation
    if activation.fused is not None:
        return activation.fused, None
    return "linear", lambda outputs: activation.compute(functions, outputs)
