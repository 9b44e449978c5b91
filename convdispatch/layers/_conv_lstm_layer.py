"""Long short-term memory whose products are convolutions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Unpack

from convdispatch import geometry, ops
from convdispatch.engine.arguments import IntOrTuple
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.declarations import Weight, kernel_reader
from convdispatch.engine.resolved import Forward
from convdispatch.engine.specs import Shapes, Spec
from convdispatch.errors import InvalidShape
from convdispatch.layers._kernel_layer import KernelLayer
from convdispatch.layers._lstm_layer import LSTMLayer
from convdispatch.layers._recurrence import Product
from convdispatch.layers._states import sequence_of
from convdispatch.ops import PartialShape
from convdispatch.types import (
    ActivationLike,
    ConstraintLike,
    DataFormat,
    InitializerLike,
    Padding,
    RegularizerLike,
)


class ConvLSTMLayer(LSTMLayer, KernelLayer):
    """Long short-term memory whose state has spatial axes, as the steps of its input have.

    The kernel is that of a convolution with 4 * filters output channels, and so is the recurrent
    kernel, which pads so that the state keeps its size.
    """

    width_argument = "filters"
    size_arguments = ("filters", *KernelLayer.size_arguments)
    leading: ClassVar[tuple[str, ...]] = ("batch", "steps")
    filters: int

    def __init__(
        self,
        filters: int,
        kernel_size: IntOrTuple,
        strides: IntOrTuple = 1,
        padding: Padding = "valid",
        data_format: DataFormat | None = None,
        dilation_rate: IntOrTuple = 1,
        activation: ActivationLike = "tanh",
        recurrent_activation: ActivationLike = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        recurrent_initializer: InitializerLike = "orthogonal",
        bias_initializer: InitializerLike = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: RegularizerLike = None,
        recurrent_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        recurrent_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        seed: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments; `build` or the first call makes the weights.

        filters: channels of the state and of the output.
        kernel_size: taps along each axis, of the recurrent kernel too.
        strides, padding, dilation_rate: of the convolution of the input, as of a convolution. That
            of the state has strides of 1, 'same' and no dilation.
        data_format: where the channels of a step are; None takes the configured one.
        activation: of the new state.
        recurrent_activation: of the gates.
        use_bias: whether numbers are added to the products.
        kernel_initializer, kernel_regularizer, kernel_constraint: of the kernel.
        recurrent_initializer, recurrent_regularizer, recurrent_constraint: of the recurrent kernel.
        bias_initializer, bias_regularizer, bias_constraint: of the bias.
        unit_forget_bias: whether the bias of the gate f starts from 1.
        activity_regularizer: of the output, summed over the batch.
        return_sequences: whether the output is that of each step, not of the last alone.
        return_state: whether the outputs are a list of the output and of the last state.
        go_backwards: whether the last step comes first, in the output too.
        stateful: whether a call begins with the state that the last one ended with, sample by
            sample; the size of the batches must be known.
        dropout, recurrent_dropout: the probability that a number of the input, of the state is
            left out in training, the same ones in every step.
        unroll: whether the steps are written one after the other instead of as a loop.
        zero_output_for_mask: whether steps that a mask leaves out give zeros, not the last output.
        seed: an integer that is mixed into the key; None mixes in nothing.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        arguments = dict(locals())
        super().__init__(data_format, **options)
        self._keep_geometry(kernel_size, strides, padding, dilation_rate)
        self._keep_recurrence(arguments)
        self._keep_gates(recurrent_activation, unit_forget_bias)

    # The weights.

    def _kernels(self, channels: int, columns: int) -> tuple[Weight, Weight]:
        return (
            self._weight("kernel", (*self.kernel_size, channels, columns)),
            self._weight("recurrent_kernel", (*self.kernel_size, self.filters, columns)),
        )

    def _gathering(self, declared: Sequence[Weight]) -> Callable[[Sequence[Any]], Any]:
        functions = self._backend().functions
        readers = [kernel_reader(weight, weight.shape, functions) for weight in declared]

        def gathered(weights: Sequence[Any]) -> Any:
            pairs = zip(readers, weights, strict=False)  # those of a state may follow
            return self._gathered([one if read is None else read(one) for read, one in pairs])

        return gathered

    def _bias_of_inputs(self, bias: Any) -> Any:
        if self.channels_last:
            return bias
        return self._backend().functions["reshape"](bias, (-1, *(1,) * self.rank))

    # Shapes.

    def _sizes_of_state(self, shape: PartialShape) -> PartialShape:
        sizes = self._conv_output_sizes(self._spatial(self._check_input_shape(shape)))
        return self._with_spatial(sizes, self.filters)[1:]

    def _channels_of(self, shape: PartialShape) -> int:
        return self._channels(shape)

    def _require_as_built(self, shape: Shapes) -> None:
        built, shape = sequence_of(self._built_shape), sequence_of(shape)
        if not self._variables or built is None:
            return
        self._require_channels(shape, built)
        kept, sizes = self._spatial(built), self._spatial(shape)
        pairs = zip(kept, sizes, strict=True)
        if self.stateful and any(a != b for a, b in pairs if None not in (a, b)):
            raise InvalidShape(
                f"{self._title} is stateful and keeps a state for steps of {kept} cells; received "
                f"shape {shape}."
            )

    # The products.

    @property
    def _columns_axis(self) -> int:
        return -1 if self.channels_last else -1 - self.rank

    def _product_of_inputs(self, spec: Spec, columns: int) -> Product:
        sizes, f = self._spatial(spec.shape), self._functions()
        kernel = (*self.kernel_size, self._channels(spec.shape), columns)
        op = self._op(self.strides, self._conv_pads(sizes), self.dilation_rate)
        conv = self._lower_op(op, spec.shape[2:], (kernel,), spec.dtype)

        def product(x: Any, kernel: Any) -> Any:
            _, steps, *step = f["shape"](x)
            images = conv(f["reshape"](x, (-1, *step)), kernel)
            return f["reshape"](images, (-1, steps, *f["shape"](images)[1:]))

        return product

    def _product_of_state(self, spec: Spec, columns: int) -> Product:
        given: Any = {"stride": 1, "dilation": 1, "padding": "same", "convention": self.convention}
        # With strides of 1 no pad depends on the size.
        pads = tuple(geometry.conv_pads(0, taps, **given) for taps in self.kernel_size)
        ones = (1,) * self.rank
        kernel = (*self.kernel_size, self.filters, columns)
        state = self._sizes_of_state(spec.shape)
        product: Product = self._lower_op(self._op(ones, pads, ones), state, (kernel,), spec.dtype)
        return product

    def _op(
        self, strides: tuple[int, ...], pads: tuple[geometry.Pads, ...], dilation: tuple[int, ...]
    ) -> ops.Conv:
        return ops.Conv(
            strides=strides,
            pads=pads,
            dilation=dilation,
            groups=1,
            channels_last=self.channels_last,
            bias=False,
            activation="linear",
        )

    def _rounded_once(self, forward: Callable[[str], Forward], dtype: str) -> Forward:
        return self._in_float32(lambda wide, activation: forward(wide), dtype, None)

    def _functions(self) -> Any:
        return self._backend().functions
