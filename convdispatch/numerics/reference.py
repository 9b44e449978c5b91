"""A backend that no plugin can touch: the definitions of the oracle over whole arrays, in float64.

Models are compared with it. It is not registered, uses no plugin, no other backend and no cache,
and imports only NumPy and the ops' definition. The oracle computes one cell at a time, which is too
slow for the images that users compare; here the cells that a tap reads are taken together, and a
test holds both against each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from convdispatch.errors import UnsupportedOp
from convdispatch.kit import Apply, as_function, checked_step, draws
from convdispatch.numerics import oracle
from convdispatch.numerics.oracle_resizing import resize
from convdispatch.numerics.reference_functions import FUNCTIONS
from convdispatch.ops import (
    Conv,
    ConvTranspose,
    Dense,
    Differentiable,
    Differentiated,
    Model,
    Op,
    Pad,
    PartialShape,
    Pool,
    Resize,
    Shape,
    Signature,
    Step,
    Tensor,
    Upsample,
)

Array: TypeAlias = npt.NDArray[Any]
Places: TypeAlias = tuple[slice, ...]


class Reference:
    """The backend that computes the expected numbers for other backends."""

    name = "reference"

    def __init__(self) -> None:
        self.functions: Mapping[str, Callable[..., Any]] = FUNCTIONS
        self.random: Mapping[str, Callable[..., Any]] = draws

    def lower(self, op: Op, signature: Signature) -> Callable[..., Array]:
        """Return the op's definition."""
        if isinstance(op, Pad):
            return lambda x: _moved(x, op.channels_last, lambda cells: _padded(cells, op.pads))
        if isinstance(op, Upsample):
            return lambda x: _moved(x, op.channels_last, lambda cells: _upsampled(cells, op))
        if isinstance(op, Pool):
            return lambda x: _moved(x, op.channels_last, lambda cells: _pooled(cells, op))
        if isinstance(op, Resize):
            return lambda x: _moved(x, op.channels_last, lambda cells: _resized(cells, op))
        return _product(op)

    def owns(self, value: object) -> bool:
        """Say whether it is an array."""
        return isinstance(value, np.ndarray)

    def describe(self, tensor: Any) -> tuple[PartialShape, str]:
        """Return the shape and the element type."""
        return tensor.shape, tensor.dtype.name

    def asarray(self, value: Any, dtype: str) -> Array:
        """Return the numbers in float64, whatever type they are said to have."""
        return np.array(value, np.float64)

    variable = asarray

    def assign(self, variable: Any, value: Any) -> Array:
        """Return the new value."""
        return np.array(value, np.float64)

    def cast(self, tensor: Any, dtype: str) -> Any:
        """Return the tensor: the reference rounds nothing."""
        return tensor

    def to_numpy(self, tensor: Any) -> Array:
        """Return the tensor, which is an array."""
        return np.asarray(tensor)

    def synchronize(self, tensor: Any) -> None:
        """Do nothing, because returned values have been computed."""

    def outside_trace(self, fn: Callable[[], object]) -> object:
        """Call the function."""
        return fn()

    def compile(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function."""
        return fn

    def value_and_grad(self, fn: Differentiable) -> Differentiated:
        """Raise `UnsupportedOp`: gradients are `adjoints`' work."""
        raise UnsupportedOp("the reference computes no gradients; see `numerics.adjoints`")

    def compile_step(self, step: Step) -> Step:
        """Return the step, which returns new variables and leaves the old ones unchanged."""
        return checked_step(step, self.describe)

    def wrap(self, model: Model) -> tuple[Apply, dict[str, Tensor]]:
        """Return the model's function and its weights by path."""
        return as_function(model)


def _product(op: Conv | ConvTranspose | Dense) -> Callable[..., Array]:
    product = _PRODUCTS[type(op)]
    is_last = isinstance(op, Dense) or op.channels_last

    def compute(x: Array, kernel: Array, bias: Array | None = None) -> Array:
        def over_cells(cells: Array) -> Array:
            y = product(cells, kernel, op)
            activate = FUNCTIONS[op.activation]
            return np.asarray(activate(y if bias is None else y + bias))

        return _moved(x, is_last, over_cells)

    return compute


def _convolved(x: Array, kernel: Array, op: Any) -> Array:
    """Return y[i] = sum over taps j of padded[stride * i + dilation * j] @ kernel[j]."""
    size = _output_size(x.shape[1:-1], kernel.shape[:-2], op)
    y = np.zeros((len(x), *size, kernel.shape[-1]))
    for tap, at_output, at_input in _places(x.shape[1:-1], size, kernel.shape[:-2], op):
        y[:, *at_output] += _grouped(x[:, *at_input], kernel[tap], op.groups)
    return y


def _scattered(y: Array, kernel: Array, op: Any) -> Array:
    """Return padded[stride * i + dilation * j] = sum of y[i] @ kernel[j].T, the pads taken away."""
    *taps, written, read = kernel.shape
    size = _output_size(op.output_size, tuple(taps), op)
    if y.shape[1:-1] != size:
        raise ValueError(f"a convolution of {op.output_size} gives {size}, not {y.shape[1:-1]}")
    x = np.zeros((len(y), *op.output_size, written * op.groups))
    # (read per group, groups * written): the transposed kernel of each group, side by side.
    split = kernel.reshape(*taps, written, op.groups, read // op.groups)
    turned = np.moveaxis(split, -1, -3).swapaxes(-1, -2).reshape(*taps, read // op.groups, -1)
    for tap, at_output, at_input in _places(op.output_size, size, tuple(taps), op):
        x[:, *at_input] += _grouped(y[:, *at_output], turned[tap], op.groups)
    return x


def _multiplied(x: Array, kernel: Array, op: Any) -> Array:
    return np.asarray(np.tensordot(x, kernel, 1))


_PRODUCTS: Mapping[type, Callable[[Array, Array, Any], Array]] = {
    Conv: _convolved,
    ConvTranspose: _scattered,
    Dense: _multiplied,
}


def _pooled(x: Array, op: Pool) -> Array:
    """Return each window's maximum, sum or average, tap by tap."""
    n, size = x.shape[1:-1], _output_size(x.shape[1:-1], op.size, op)
    y = np.full((len(x), *size, x.shape[-1]), -np.inf if op.kind == "max" else 0.0)
    cells = np.zeros((*size, 1))
    for _, at_output, at_input in _places(n, size, op.size, op):
        combine = np.maximum if op.kind == "max" else np.add
        y[:, *at_output] = combine(y[:, *at_output], x[:, *at_input])
        cells[at_output] += 1
    if op.kind == "average":
        y /= math.prod(op.size) if op.counts_pads else cells
    return y


def _resized(x: Array, op: Resize) -> Array:
    for axis, cells in enumerate(op.output_size, start=1):
        # By how much each cell of the result is made of each cell of the axis, by the oracle.
        shares = resize(
            np.eye(x.shape[axis])[np.newaxis],
            output_size=(cells,),
            interpolation=op.interpolation,
            coordinates=op.coordinates,
            channels_last=True,
        )[0]
        x = np.moveaxis(np.tensordot(shares, x, (1, axis)), 0, axis)
    return x


def _grouped(cells: Array, matrix: Array, groups: int) -> Array:
    """Multiply each group's channels with its columns of the matrix."""
    if groups == 1:
        return np.asarray(np.tensordot(cells, matrix, 1))
    channels, columns = matrix.shape
    split = cells.reshape(*cells.shape[:-1], groups, channels)
    by_group = matrix.reshape(channels, groups, columns // groups)
    product: Array = np.einsum("...gc,cgf->...gf", split, by_group)
    return product.reshape(*cells.shape[:-1], columns)


def _places(
    input_size: Shape, output_size: Shape, taps: Shape, op: Any
) -> Iterator[tuple[Shape, Places, Places]]:
    """Yield each tap with the outputs that read a cell of the input by it, and those cells."""
    for tap in np.ndindex(*taps):
        axes = [
            _along_axis(n, cells, stride, rate * j - low)
            for n, cells, stride, rate, j, (low, _) in zip(
                input_size, output_size, op.strides, _dilation(op), tap, op.pads, strict=True
            )
        ]
        if all(axis is not None for axis in axes):
            outputs, inputs = zip(*(axis for axis in axes if axis is not None), strict=True)
            yield tap, outputs, inputs


def _along_axis(n: int, cells: int, stride: int, shift: int) -> tuple[slice, slice] | None:
    """Return the outputs i of one axis for which 0 <= stride * i + shift < n, and those cells."""
    first, last = max(-(shift // stride), 0), min((n - 1 - shift) // stride, cells - 1)
    if first > last:
        return None
    begin, end = stride * first + shift, stride * last + shift
    return slice(first, last + 1), slice(begin, end + 1, stride)


def _output_size(n: Shape, taps: Shape, op: Any) -> Shape:
    axes = zip(n, taps, op.strides, _dilation(op), op.pads, strict=True)
    return tuple(
        max((size + low + high - rate * (k - 1) - 1) // stride + 1, 0)
        for size, k, stride, rate, (low, high) in axes
    )


def _dilation(op: Any) -> Shape:
    """Return the dilation of a convolution; the cells of a pooling's window are neighbours."""
    return (1,) * len(op.strides) if isinstance(op, Pool) else tuple(op.dilation)


def _padded(x: Array, pads: tuple[tuple[int, int], ...]) -> Array:
    size = tuple(n + low + high for n, (low, high) in zip(x.shape[1:-1], pads, strict=True))
    y = np.zeros((len(x), *size, x.shape[-1]))
    axes = [
        _along_axis(n, cells, 1, -low)
        for n, cells, (low, _) in zip(x.shape[1:-1], size, pads, strict=True)
    ]
    if all(axis is not None for axis in axes):
        outputs, inputs = zip(*(axis for axis in axes if axis is not None), strict=True)
        y[:, *outputs] = x[:, *inputs]
    return y


def _upsampled(x: Array, op: Upsample) -> Array:
    for axis, factor in enumerate(op.factors, start=1):
        if op.interpolation == "nearest":
            x = np.repeat(x, factor, axis)
        else:
            shares = _linear_shares(x.shape[axis], factor)
            x = np.moveaxis(np.tensordot(shares, x, (1, axis)), 0, axis)
    return x


def _linear_shares(size: int, factor: int) -> Array:
    """Return by how much each cell of an enlarged axis is made of each cell, by the oracle."""
    enlarged = oracle.upsample(
        np.eye(size)[np.newaxis], (factor,), interpolation="bilinear", channels_last=True
    )
    return np.asarray(enlarged[0])


def _moved(x: Array, channels_last: bool, compute: Callable[[Array], Array]) -> Array:
    if channels_last:
        return compute(x)
    return np.moveaxis(compute(np.moveaxis(x, 1, -1)), -1, 1)


REFERENCE = Reference()
