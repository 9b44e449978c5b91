"""Convolutions and their adjoints from one set of fields, so that one table serves both.

The sizes are counted here, from the definition, and not by the frontend's geometry.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from convdispatch.numerics.problem import Problem
from convdispatch.ops import Conv, ConvTranspose, Shape

Pads: TypeAlias = tuple[tuple[int, int], ...]

BATCH = 2


@dataclass(frozen=True)
class ConvRow:
    """The fields of a `Conv` and its adjoint; an empty field has the neutral value."""

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

    @property
    def output_size(self) -> tuple[int, ...]:
        """Placements on each axis at which all taps of the kernel fit; 0 or less if none."""
        ones = (1,) * len(self.size)
        return placements(
            self.size,
            self.kernel,
            strides=self.strides or ones,
            pads=self.pads or ((0, 0),) * len(ones),
            dilation=self.dilation or ones,
        )

    @property
    def is_legal(self) -> bool:
        """Whether something is left of the input, and a placement of the kernel on it."""
        pads = self.pads or ((0, 0),) * len(self.size)
        left = [
            size + min(low, 0) + min(high, 0)
            for size, (low, high) in zip(self.size, pads, strict=True)
        ]
        return min(left) > 0 and min(self.output_size) > 0


def placements(size: Shape, kernel: Shape, *, strides: Shape, pads: Pads, dilation: Shape) -> Shape:
    """Return how many placements of the kernel there are on each axis; 0 or less if none."""
    axes = zip(size, pads, kernel, strides, dilation, strict=True)
    return tuple(
        (cells + low + high - rate * (taps - 1) - 1) // stride + 1
        for cells, (low, high), taps, stride, rate in axes
    )


def problems(geometry: ConvRow, **numbers: Any) -> Iterator[Problem]:
    """Yield the convolution and its adjoint, channels last and first.

    `numbers` are the fields `dtype`, `values` and `seed` of the problems.
    """
    for channels_last in (True, False):
        yield conv_problem(geometry, channels_last=channels_last, **numbers)
        yield transpose_problem(geometry, channels_last=channels_last, **numbers)


def conv_problem(geometry: ConvRow, *, channels_last: bool = True, **numbers: Any) -> Problem:
    """Return the convolution of this geometry."""
    channels, filters = geometry.channels
    return Problem(
        op=Conv(**_fields(geometry, channels_last=channels_last)),
        input_shape=_shape(geometry.size, channels, channels_last=channels_last),
        weight_shapes=_weights(geometry, filters),
        **numbers,
    )


def transpose_problem(geometry: ConvRow, *, channels_last: bool = True, **numbers: Any) -> Problem:
    """Return the adjoint of the convolution, from its output back to its input."""
    channels, filters = geometry.channels
    fields = _fields(geometry, channels_last=channels_last)
    return Problem(
        op=ConvTranspose(**fields, output_size=geometry.size),
        input_shape=_shape(geometry.output_size, filters, channels_last=channels_last),
        weight_shapes=_weights(geometry, channels),
        **numbers,
    )


def times(numbers: Shape) -> str:
    """Return '2x1' for (2, 1), as ids spell sizes."""
    return "x".join(map(str, numbers))


def pairs(pads: Pads) -> str:
    """Return '0.1x2.-1' for ((0, 1), (2, -1)), as ids spell pads."""
    return "x".join(f"{low}.{high}" for low, high in pads)


def _fields(geometry: ConvRow, *, channels_last: bool) -> dict[str, Any]:
    ones = (1,) * len(geometry.size)
    return {
        "strides": geometry.strides or ones,
        "pads": geometry.pads or ((0, 0),) * len(ones),
        "dilation": geometry.dilation or ones,
        "groups": geometry.groups,
        "channels_last": channels_last,
        "bias": geometry.bias,
        "activation": geometry.activation,
    }


def _shape(size: tuple[int, ...], channels: int, *, channels_last: bool) -> tuple[int, ...]:
    return (BATCH, *size, channels) if channels_last else (BATCH, channels, *size)


def _weights(geometry: ConvRow, written: int) -> tuple[tuple[int, ...], ...]:
    channels, filters = geometry.channels
    kernel = (*geometry.kernel, channels // geometry.groups, filters)
    return (kernel, (written,)) if geometry.bias else (kernel,)
