"""The ops: frozen dataclasses of integers and settled words, with nothing left to interpret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from convdispatch.errors import InvalidArgument
from convdispatch.ops._tensors import PartialShape, Shape

# Parameterless activations that `Conv`, `ConvTranspose` and `Dense` may carry; each is also a name
# in `Backend.functions`. The frontend composes all the others.
FUSED_ACTIVATIONS = ("linear", "relu", "sigmoid", "tanh")
# The other words. An op has no further ones: a backend would take them for one of these.
_KINDS = ("max", "average", "sum")
_INTERPOLATIONS = ("nearest", "bilinear")
_COORDINATES = ("half_pixel", "asymmetric", "corners")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conv:
    """Cross-correlation: call the lowered op as `conv(x, kernel)` or `conv(x, kernel, bias)`.

    `pads` are applied first (zeros; a negative number crops), then tap j of the kernel reads cell
    `stride * i + dilation * j`. A pad is multiplied like any other cell, so an infinite weight over
    a pad gives NaN; a backend that skips pads declares 'nonfinite_weights'. Output channel f reads
    the input channels of group `f // (output channels / groups)`. The bias, one number per output
    channel, is added to the result, and the activation comes last.
    """

    strides: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]  # explicit (low, high) per spatial axis
    dilation: tuple[int, ...]
    groups: int
    channels_last: bool
    bias: bool
    activation: str  # one of FUSED_ACTIVATIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvTranspose:
    """The adjoint of the `Conv` with the same fields, from its output back to `output_size` cells.

    The kernel is that of the `Conv`: (*spatial, channels written here per group, channels read
    here). Cells that no tap reaches are zero before the bias, whatever the kernel holds.

    Along an axis of unknown size `output_size` is None. It means the size of which the `Conv`,
    pads included, reads every cell: (cells read here - 1) * stride + reach - low - high.
    """

    strides: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]  # of the convolution that is transposed
    dilation: tuple[int, ...]
    groups: int
    channels_last: bool
    bias: bool
    activation: str
    output_size: PartialShape  # spatial cells of the result


@dataclass(frozen=True, slots=True, kw_only=True)
class Dense:
    """A product with a matrix: `dense(x, kernel)` or `dense(x, kernel, bias)`.

    The last axis of `x`, which has at least two axes, is multiplied with the first axis of the
    kernel, (inputs, outputs). Bias and activation are those of `Conv`: see `kit.finished`.
    """

    bias: bool
    activation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Reduce windows of cells, separately for each channel: `pool(x)`.

    Window i of an axis covers the `size` cells from `stride * i` on, once `pads` are applied; a
    negative number crops. Pads do not enter a maximum and add nothing to a sum. 'average' divides
    the sum by the number of cells of the window that lie in the image, or by all its cells if
    `counts_pads`. Each window has at least one cell in the image. The maximum of a window with a
    NaN is NaN. The gradient of a maximum goes to the first cell, rows before columns, with this
    value. `kit.axes` has the windows' positions, and `kit.divisors` the divisors of an average.
    """

    kind: str  # 'max', 'average' or 'sum'
    size: tuple[int, ...]
    strides: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]
    counts_pads: bool  # of 'average' alone; false for the others
    channels_last: bool

    def __post_init__(self) -> None:
        _require_word(self, "kind", _KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pad:
    """Zeros around the spatial axes; a negative number crops. Lowered: `pad(x)`."""

    pads: tuple[tuple[int, int], ...]
    channels_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Upsample:
    """Enlarge each spatial axis by an integer factor. Lowered: `upsample(x)`.

    'nearest' repeats each cell; 'bilinear' (two spatial axes) interpolates between cell centres:
    output cell i samples position (i + 0.5) / factor - 0.5, clamped to the image.
    """

    factors: tuple[int, ...]
    interpolation: str  # 'nearest' or 'bilinear'
    channels_last: bool

    def __post_init__(self) -> None:
        _require_word(self, "interpolation", _INTERPOLATIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resize:
    """Resample each spatial axis at another number of cells. Lowered: `resize(x)`.

    Output cell i of n samples an axis of m cells at the position

        'half_pixel'  (i + 1/2) * m / n - 1/2
        'asymmetric'  i * m / n
        'corners'     i * (m - 1) / (n - 1), and 0 where n is 1

    'nearest' takes the cell below the position for 'asymmetric' and the nearest cell otherwise,
    the upper one of two that are as near. 'bilinear' interpolates between the cells below and
    above along each axis. Cells outside of the image are those at its border. `kit.samples` has
    the cells and the shares.
    """

    output_size: tuple[int, ...]
    interpolation: str  # 'nearest' or 'bilinear'
    coordinates: str  # 'half_pixel', 'asymmetric' or 'corners'
    channels_last: bool

    def __post_init__(self) -> None:
        _require_word(self, "interpolation", _INTERPOLATIONS)
        _require_word(self, "coordinates", _COORDINATES)


def _require_word(op: Pool | Resize | Upsample, field: str, allowed: tuple[str, ...]) -> None:
    word = getattr(op, field)
    if word not in allowed:
        raise InvalidArgument(
            f"`{field}` of {type(op).__name__} is {word!r}. "
            f"Use one of {', '.join(map(repr, allowed))}."
        )


SpatialOp: TypeAlias = Conv | ConvTranspose | Pad | Pool | Resize | Upsample
Op: TypeAlias = SpatialOp | Dense


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Everything besides the op that a lowering may depend on."""

    # Without the batch axis; None for an axis, never that of the channels, whose size is unknown
    # while the framework traces. The op itself does not depend on that size.
    input_shape: PartialShape
    weight_shapes: tuple[Shape, ...]  # kernel, then bias where there is one
    dtype: str  # one of FLOAT_DTYPES: that of the input, the weights and the result
