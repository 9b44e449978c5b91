"""Convolutions whose weights are not shared: each cell of the output has a kernel of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, Unpack

import numpy as np

from convdispatch import geometry
from convdispatch.engine.arguments import IntOrTuple, as_choice, as_int, as_ints
from convdispatch.engine.constructor_signature import LayerOptions
from convdispatch.engine.declarations import Weight
from convdispatch.engine.plans import Function, in_float32
from convdispatch.engine.resolved import Resolved
from convdispatch.engine.specs import Spec
from convdispatch.errors import InvalidArgument, InvalidDocument, InvalidShape
from convdispatch.layers._epilogue import EpilogueLayer, split_activation
from convdispatch.layers._spatial import SpatialLayer
from convdispatch.ops import HALF_DTYPES, PartialShape, Shape
from convdispatch.support.documents import shown
from convdispatch.types import (
    ActivationLike,
    ConstraintLike,
    DataFormat,
    InitializerLike,
    RegularizerLike,
)


class LocallyConnectedLayer(SpatialLayer, EpilogueLayer):
    """A kernel (output cells, numbers of a window, filters), and a bias for each output cell.

    Each window of the input is a row of numbers, each cell's kernel a matrix: the layer is one
    product of as many pairs of matrices as the output has cells.
    """

    family = "convolution"
    window_by_functions = "unshared"
    size_arguments = ("filters", "kernel_size", "strides")

    def __init__(
        self,
        filters: int,
        kernel_size: IntOrTuple,
        strides: IntOrTuple = 1,
        padding: str = "valid",
        data_format: DataFormat | None = None,
        activation: ActivationLike = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike = "glorot_uniform",
        bias_initializer: InitializerLike = "zeros",
        kernel_regularizer: RegularizerLike = None,
        bias_regularizer: RegularizerLike = None,
        activity_regularizer: RegularizerLike = None,
        kernel_constraint: ConstraintLike = None,
        bias_constraint: ConstraintLike = None,
        **options: Unpack[LayerOptions],
    ) -> None:
        """Check and keep the arguments; `build` or the first call makes the weights.

        filters: channels of the output.
        kernel_size: taps along each axis: an integer for all axes, or one an axis.
        strides: cells from one window to the next.
        padding: 'valid': a window lies inside the input.
        data_format: where the channels are; None takes the configured one.
        activation: applied to the result: a word, a configuration or a function of tensors.
        use_bias: whether a number of its own is added to each cell of the output.
        kernel_initializer, kernel_regularizer, kernel_constraint: of the kernel.
        bias_initializer, bias_regularizer, bias_constraint: of the bias.
        activity_regularizer: of the output, summed over the batch.
        options: what every layer takes, such as `name`, `dtype`, `input_shape`, `weights`.
        """
        super().__init__(data_format, **options)
        self.filters = as_int(filters, self.spelled("filters"))
        self.kernel_size = as_ints(kernel_size, self.rank, self.spelled("kernel_size"))
        self.strides = as_ints(strides, self.rank, self.spelled("strides"))
        self.padding = self._as_valid(padding)
        self._keep_epilogue(activation, use_bias, activity_regularizer)
        self._keep_weight_options(
            "kernel", kernel_initializer, kernel_regularizer, kernel_constraint
        )
        self._keep_weight_options("bias", bias_initializer, bias_regularizer, bias_constraint)

    def _as_valid(self, padding: str) -> str:
        name = self.spelled("padding")
        if as_choice(padding, ("valid", "same", "causal", "full"), name) != "valid":
            raise InvalidArgument(
                f"`{name}` of {type(self).__name__} must be 'valid'; received {padding!r}. "
                f"Put a ZeroPadding{self.rank}D before the layer."
            )
        return "valid"

    @property
    def kernel(self) -> Any:
        """The kernel variable, None before `build`."""
        return self._variable("kernel")

    @property
    def reduction_length(self) -> int:
        """How many products are summed into one output, the bias counted as one."""
        self.ensure_built("reduction_length")
        return self._declarations[0].shape[1] + self.use_bias

    def magnitudes(self, weights: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """Return weights for error analyses; the bias, which has several axes, is constant."""
        absolute = [np.abs(weight) for weight in weights]
        return absolute, [absolute[0], *(np.zeros_like(one) for one in absolute[1:])]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON types."""
        return super().get_config() | {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            **self._epilogue_config(),
            **self._weight_options_config("kernel"),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], *, backend: str | None = None) -> Self:
        """Make a layer from what `get_config` returned, ours or any Keras's."""
        kept = config.get("implementation") if isinstance(config, Mapping) else None
        if kept not in (None, 1):
            raise InvalidDocument(
                f"the configuration of {cls.__name__} has `implementation` {shown(kept)}, with "
                "which TensorFlow's Keras keeps the kernel in another shape. It can be read "
                "without that key, or with 1, and then has weights of its own."
            )
        return super().from_config(config, backend=backend)

    def resolve(self, spec: Spec) -> Resolved:
        """Return the layer resolved for inputs of that spec."""
        shape = self._check_input_shape(spec.shape)
        outputs = self._sizes_of_output(self._spatial(shape))

        def declare() -> tuple[Weight, ...]:
            sizes, channels = self._known(outputs, shape), self._channels(shape)
            numbers = math.prod(self.kernel_size) * channels
            kernel = self._weight("kernel", (math.prod(sizes), numbers, self.filters))
            return (kernel, *((self._weight("bias", (*sizes, self.filters)),) * self.use_bias))

        def lower(dtype: str, activation: Any) -> Function:
            kernel, *_ = resolved.declarations
            sizes = self._known(outputs, shape)
            if dtype in HALF_DTYPES:
                made = self._product(sizes, kernel.shape, "float32", activation)
                return in_float32(made, self._backend(), dtype)
            return self._product(sizes, kernel.shape, dtype, activation)

        resolved = Resolved(
            output_shape=self._with_spatial(outputs, self.filters), declare=declare, lower=lower
        )
        return resolved

    def _sizes_of_output(self, sizes: PartialShape) -> PartialShape:
        found = []
        names = self.spelled("kernel_size").split(", ")
        for axis, size in enumerate(sizes):
            taps, stride = self.kernel_size[axis], self.strides[axis]
            given: Any = {"stride": stride, "dilation": 1, "padding": "valid"}
            output = geometry.conv_output_size(size, taps, **given)
            reason = f"`{names[axis % len(names)]}` of {self.name!r} is {taps}"
            self._require_output(output, sizes, axis, reason)
            found.append(output)
        return tuple(found)

    def _known(self, sizes: PartialShape, shape: PartialShape) -> Shape:
        """Return the sizes, or raise `InvalidShape` where one is unknown."""
        for axis, size in enumerate(sizes):
            if size is None:
                raise InvalidShape(
                    f"{self._title} needs a known size of axis {axis + self._first_spatial_axis}, "
                    "because each cell of the output has weights of its own; received shape "
                    f"{shape}. State the size."
                )
        return tuple(size for size in sizes if size is not None)

    def _require_as_built(self, shape: PartialShape) -> None:
        built = self._built_shape
        if not self._variables or built is None:
            return
        for axis, (size, other) in enumerate(zip(shape[1:], built[1:], strict=True), 1):
            if size not in (None, other):
                raise InvalidShape(
                    f"{self._title} was built for {other} cells on axis {axis}, with weights for "
                    f"each of them; received shape {shape}."
                )

    # The computation.

    def _product(self, sizes: Shape, kernel: Shape, dtype: str, activation: Any) -> Function:
        """Return the function of the weights and the input."""
        f: Any = self._backend().functions
        fused, finish = split_activation(activation, self._backend(), dtype)
        last, windows, filters = self.channels_last, self._windows(sizes), self.filters
        added = (1, *sizes, filters) if last else (1, filters, *sizes)  # how a bias is read
        places = range(self.rank)
        axes = (self.rank, *places, self.rank + 1) if last else (self.rank, self.rank + 1, *places)

        def forward(weights: Sequence[Any], x: Any) -> Any:
            # (cells, batch, numbers of a window) by (cells, numbers of a window, filters)
            products = f["matmul"](f["reshape"](windows(x), (kernel[0], -1, kernel[1])), weights[0])
            cells = f["transpose"](f["reshape"](products, (*sizes, -1, filters)), axes)
            if self.use_bias:
                cells = cells + f["reshape"](weights[1], added)
            cells = f[fused](cells)
            return cells if finish is None else finish(cells)

        return forward

    def _windows(self, sizes: Shape) -> Callable[[Any], Any]:
        """Return the function from an input to its windows: (*sizes, batch, numbers of a window).

        The numbers are in the input's order: taps before channels, or channels before taps.
        """
        f: Any = self._backend().functions
        first = self._first_spatial_axis
        read = [  # the cells along each axis, window by window
            (np.arange(size)[:, np.newaxis] * stride + np.arange(taps)).reshape(-1)
            for size, stride, taps in zip(sizes, self.strides, self.kernel_size, strict=True)
        ]
        split = [n for pair in zip(sizes, self.kernel_size, strict=True) for n in pair]
        cells = [first + 2 * axis for axis in range(self.rank)]
        taps = [axis + 1 for axis in cells]
        within = [*taps, first + 2 * self.rank] if self.channels_last else [1, *taps]

        def windows(x: Any) -> Any:
            for axis, places in enumerate(read, first):
                x = f["take"](x, places, axis)
            before, after = f["shape"](x)[1:first], f["shape"](x)[first + self.rank :]
            apart = f["reshape"](x, (-1, *before, *split, *after))
            return f["transpose"](apart, (*cells, 0, *within))

        return windows


class LocallyConnected1D(LocallyConnectedLayer):
    """Slide over the steps with a kernel that is another one at each of them.

        input   (batch, steps, channels)
        output  (batch, new steps, filters), with ceil((steps - kernel_size + 1) / stride) steps
        kernel  (new steps, kernel_size * channels, filters)
        bias    (new steps, filters)

    A cell's kernel has the taps in order, each with its channels. With
    `data_format='channels_first'` the channels of input and output are axis 1, and the kernel has
    the channels in order, each with its taps; the bias is read as (filters, new steps).

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A call
    raises `InvalidShape` for another rank, for channels or steps that the layer was not built for,
    and for fewer steps than the kernel has taps; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `LocallyConnected1D`.

    >>> import numpy as np
    >>> from convdispatch.layers import LocallyConnected1D
    >>> kernel = np.array([[1.0, 0], [0, 1], [10, 10]]).reshape(3, 2, 1)
    >>> layer = LocallyConnected1D(1, 2, use_bias=False, weights=[kernel])
    >>> layer(np.array([1.0, 2, 3, 4]).reshape(1, 4, 1)).ravel()
    array([ 1.,  3., 70.])
    """

    rank = 1
    default_data_format = "channels_last"


class LocallyConnected2D(LocallyConnectedLayer):
    """Slide over rows and columns with a kernel that is another one at each place.

        input   (batch, rows, cols, channels)
        output  (batch, new rows, new cols, filters), of an axis with n cells
                ceil((n - kernel_size + 1) / stride)
        kernel  (new rows * new cols, numbers of a window, filters)
        bias    (new rows, new cols, filters)

    A window has the product of `kernel_size` times the channels as numbers. A cell's kernel has the
    taps in order, row by row, each with its channels. With `data_format='channels_first'` the
    channels of input and output are axis 1, and the kernel has the channels in order, each with its
    taps; the bias is read as (filters, new rows, new cols).

    Raises `InvalidArgument` or `InvalidType` for an argument that has a wrong value or type. A call
    raises `InvalidShape` for another rank, for channels or cells that the layer was not built for,
    and for fewer cells than the kernel has taps; `InvalidType` for integers and for a tensor of
    another framework.

    Source: Keras 2.2.4 `LocallyConnected2D`.

    >>> import numpy as np
    >>> from convdispatch.layers import LocallyConnected2D
    >>> kernel = np.array([[1.0, 0], [0, 1], [10, 10], [2, 0]]).reshape(4, 2, 1)
    >>> layer = LocallyConnected2D(1, (1, 2), use_bias=False, weights=[kernel])
    >>> layer(np.array([1.0, 2, 3, 4, 5, 6]).reshape(1, 2, 3, 1)).ravel()
    array([ 1.,  3., 90., 10.])
    """

    rank = 2
