"""Hand-made geometries with values, and what the oracle says of them.

Every geometry is a convolution; the transposed convolution with the same fields and the gradients
of both follow from it, so one table serves them all. All values are multiples of 1/8: every
element type holds them exactly and the only errors are those of the computation.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import prod
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from convdispatch.conformance import oracle
from convdispatch.ops import Conv, ConvTranspose

Array: TypeAlias = npt.NDArray[Any]
ConvOp: TypeAlias = Conv | ConvTranspose


@dataclass(frozen=True)
class Geometry:
    """What a `Conv` and its adjoint are made of; an empty field is the neutral value."""

    id: str
    size: tuple[int, ...]
    kernel: tuple[int, ...]
    strides: tuple[int, ...] = ()
    pads: tuple[tuple[int, int], ...] = ()
    dilation: tuple[int, ...] = ()
    groups: int = 1
    channels: tuple[int, int] = (2, 3)  # read and written
    bias: bool = False
    activation: str = "linear"


# One row a geometry, wrapped as late as possible, reads as the table that it is.
# fmt: off
GEOMETRIES = (
    Geometry("1d-plain", (6,), (3,)),
    Geometry("1d-even-kernel", (6,), (2,), pads=((0, 1),), bias=True),
    Geometry("1d-pads-1-1", (5,), (3,), pads=((1, 1),), activation="relu"),
    Geometry("1d-stride-2-pads-low", (4,), (3,), strides=(2,), pads=((1, 0),)),
    Geometry("1d-stride-2-pads-high", (4,), (3,), strides=(2,), pads=((0, 1),)),
    Geometry("1d-stride-3-leaves-cells-unread", (9,), (2,), strides=(3,), bias=True),
    Geometry("1d-stride-over-kernel", (6,), (1,), strides=(3,)),
    Geometry("1d-stride-over-input", (2,), (2,), strides=(3,), activation="sigmoid"),
    Geometry("1d-kernel-is-input", (4,), (4,), activation="tanh"),
    Geometry("1d-causal-dilated", (6,), (3,), pads=((4, 0),), dilation=(2,)),
    Geometry("1d-strided-dilated", (8,), (3,), (2,), ((1, 2),), (2,), bias=True),
    Geometry("1d-strided-dilated-even", (8,), (2,), (2,), ((1, 0),), (3,)),
    Geometry("1d-crop-low", (7,), (3,), (2,), ((-2, 0),)),
    Geometry("1d-crop-high", (7,), (2,), (1,), ((0, -3),), bias=True),
    Geometry("1d-pad-and-crop", (6,), (2,), (1,), ((3, -2),), (2,)),
    Geometry("1d-crop-and-pad-strided", (6,), (3,), (3,), ((-1, 2),)),
    Geometry("1d-full", (3,), (4,), pads=((3, 3),)),
    Geometry("1d-groups", (5,), (2,), groups=2, channels=(4, 6), bias=True),
    Geometry("1d-groups-dilated", (7,), (2,), (1,), ((1, 0),), (3,), 2, (2, 4)),
    Geometry("1d-depthwise", (6,), (3,), (2,), groups=3, channels=(3, 6)),
    Geometry("1d-one-cell", (1,), (1,), channels=(1, 1), bias=True, activation="sigmoid"),
    Geometry("2d-plain", (5, 4), (3, 2), bias=True, activation="relu"),
    Geometry("2d-pointwise", (3, 2), (1, 1), channels=(5, 4)),
    Geometry("2d-pointwise-strided", (5, 4), (1, 1), (2, 3), bias=True),
    Geometry("2d-mixed-strides", (6, 5), (3, 2), (2, 1), ((0, 1), (1, 0))),
    Geometry("2d-strides-over-kernel", (5, 7), (1, 2), (2, 3), bias=True, activation="sigmoid"),
    Geometry("2d-mixed-dilation", (6, 5), (2, 3), dilation=(1, 2)),
    Geometry("2d-strided-dilated", (8, 7), (3, 2), (2, 3), ((1, 2), (0, 1)), (2, 1), bias=True),
    Geometry("2d-kernel-is-input", (3, 4), (3, 4), activation="tanh"),
    Geometry("2d-crop-and-pad", (5, 6), (2, 2), (1, 1), ((-1, 0), (1, -2))),
    Geometry("2d-groups", (4, 5), (2, 3), (1, 1), ((1, 0), (1, 1)), (1, 1), 2, (4, 6), True),
    Geometry("2d-depthwise-strided", (6, 6), (3, 3), (2, 2), ((0, 1), (1, 1)), (1, 1), 3, (3, 6)),
    Geometry("2d-depthwise-mixed-strides", (6, 5), (3, 2), (1, 2), groups=3, channels=(3, 3)),
    Geometry("2d-depthwise-dilated", (6, 7), (2, 2), dilation=(2, 3), groups=4, channels=(4, 4)),
    Geometry("2d-groups-strided-dilated", (7, 6), (2, 3), (3, 2), ((2, 1), (1, 1)), (2, 1), 2,
             (2, 4), True, "relu"),
    Geometry("3d-plain", (3, 4, 3), (2, 3, 1), bias=True),
    Geometry("3d-kernel-is-input", (2, 3, 2), (2, 3, 2), channels=(1, 2), activation="relu"),
    Geometry("3d-strides-over-kernel", (6, 4, 3), (1, 1, 2), (3, 2, 1)),
    Geometry("3d-mixed-pads", (3, 4, 2), (2, 2, 3), (1, 2, 1), ((0, 1), (-1, 0), (1, 1)),
             bias=True),
    Geometry("3d-dilated", (3, 4, 5), (2, 2, 2), dilation=(1, 2, 2), channels=(2, 2)),
    Geometry("3d-strided-dilated", (5, 3, 4), (2, 2, 1), (2, 1, 3), (), (3, 1, 1), bias=True),
    Geometry("3d-groups", (3, 3, 4), (2, 1, 2), (1, 1, 2), (), (), 2, (4, 2), True),
    Geometry("3d-depthwise", (4, 3, 5), (2, 2, 2), (2, 1, 2), ((1, 0), (0, 1), (1, 1)), (1, 2, 1),
             2, (2, 4)),
)
# fmt: on


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """An op with values for what it reads and a cotangent of what it writes."""

    id: str
    op: ConvOp
    x: Array
    kernel: Array
    bias: Array  # one number for each channel written, also where the op has no bias
    cotangent: Array

    @property
    def weights(self) -> tuple[Array, ...]:
        """The kernel, and the bias where the op has one."""
        return (self.kernel, self.bias) if self.op.bias else (self.kernel,)

    @property
    def reduction_length(self) -> int:
        """Products summed into one number of the result, the bias counted as one more."""
        *taps, channels, filters = self.kernel.shape
        read = filters // self.op.groups if isinstance(self.op, ConvTranspose) else channels
        return int(prod(taps) * read + self.op.bias)


def product(op: ConvOp, x: Array, kernel: Array) -> Array:
    """Return the op's result before bias and activation."""
    if isinstance(op, ConvTranspose):
        return oracle.conv_transpose(x, kernel, **_fields(op), output_size=op.output_size)
    return oracle.conv(x, kernel, **_fields(op))


def product_gradients(
    op: ConvOp, x: Array, kernel: Array, cotangent: Array
) -> tuple[Array, Array, Array]:
    """Return the gradients of sum(cotangent * (product + bias)) for x, kernel and bias."""
    if not isinstance(op, ConvTranspose):
        return oracle.conv_gradients(x, kernel, cotangent, **_fields(op))
    # The transpose reads what the convolution writes, so the two change places.
    _, for_kernel, _ = oracle.conv_gradients(cotangent, kernel, x, **_fields(op))
    channels = np.moveaxis(cotangent, -1 if op.channels_last else 1, 0)
    for_bias = channels.reshape(len(channels), -1).sum(axis=1)
    return oracle.conv(cotangent, kernel, **_fields(op)), for_kernel, for_bias


def add_bias(op: ConvOp, product: Array, bias: Array) -> Array:
    """Return the product plus one number a channel, where the op has a bias."""
    if not op.bias:
        return product
    return product + (bias if op.channels_last else bias.reshape(-1, *[1] * len(op.pads)))


def make_cases(geometry: Geometry) -> tuple[Case, ...]:
    """Return the convolution and its adjoint, channels last and first."""
    rng = np.random.default_rng(list(geometry.id.encode()))
    channels, filters = geometry.channels
    read = _eighths(rng, (2, *geometry.size, channels))
    kernel = _eighths(rng, (*geometry.kernel, channels // geometry.groups, filters))
    written = _eighths(rng, product(_conv(geometry, channels_last=True), read, kernel).shape)
    biases = _eighths(rng, (filters,)), _eighths(rng, (channels,))
    cases = []
    for layout, last in (("channels_last", True), ("channels_first", False)):
        x, y = (array if last else np.moveaxis(array, -1, 1) for array in (read, written))
        conv = _conv(geometry, channels_last=last)
        transpose = ConvTranspose(**asdict(conv), output_size=geometry.size)
        name = f"{layout}-{geometry.id}"
        cases += [
            Case(id=f"conv-{name}", op=conv, x=x, kernel=kernel, bias=biases[0], cotangent=y),
            Case(
                id=f"conv_transpose-{name}",
                op=transpose,
                x=y,
                kernel=kernel,
                bias=biases[1],
                cotangent=x,
            ),
        ]
    return tuple(cases)


def _conv(geometry: Geometry, *, channels_last: bool) -> Conv:
    ones = (1,) * len(geometry.size)
    return Conv(
        strides=geometry.strides or ones,
        pads=geometry.pads or ((0, 0),) * len(ones),
        dilation=geometry.dilation or ones,
        groups=geometry.groups,
        channels_last=channels_last,
        bias=geometry.bias,
        activation=geometry.activation,
    )


def _fields(op: ConvOp) -> dict[str, Any]:
    """Return the fields that the ops and the oracle share."""
    shared = ("strides", "pads", "dilation", "groups", "channels_last")
    return {name: getattr(op, name) for name in shared}


def _eighths(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return random multiples of 1/8 from -2 to 2."""
    return rng.integers(-16, 17, shape) / 8
