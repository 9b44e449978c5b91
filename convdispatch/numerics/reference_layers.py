"""Layers as each Keras states them, in float64: what layers on a backend are compared with.

Plain NumPy, step by step and tap by tap, without the tricks of a backend. The numbers may be
complex, so that `slopes_of` can differentiate a formula; comparisons are of real parts. NumPy alone
may be imported here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Formula: TypeAlias = Callable[
    [Sequence[Array], Sequence[Array]], Any
]  # (weights, inputs) -> output

_TINY = 2.0**-100


def slopes_of(
    function: Callable[[Sequence[Array]], Any], arrays: Sequence[Array], cotangent: Any = 1.0
) -> list[Array]:
    """Return the gradients of sum(function(arrays) * cotangent); those of integers are zeros.

    Each is the imaginary part of the result for a number with a tiny imaginary part, which is exact
    to rounding: nothing is subtracted (Squire and Trapp, 1998).

    >>> slopes_of(lambda arrays: arrays[0] ** 3, [np.array([2.0])])
    [array([12.])]
    """
    found = []
    for place, array in enumerate(arrays):
        slopes = np.zeros(array.shape)
        for index in np.ndindex(array.shape) if array.dtype.kind == "f" else ():
            moved = array.astype(complex)
            moved[index] += 1j * _TINY
            result = function([*arrays[:place], moved, *arrays[place + 1 :]])
            slopes[index] = np.sum(np.imag(result) * cotangent) / _TINY
        found.append(slopes)
    return found


# Functions of single numbers.


def sigmoid(x: Any) -> Any:
    """Return 1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))


def clipped(x: Any, low: float, high: float) -> Any:
    """Return the numbers, those beyond an end replaced by it."""
    return np.where(x.real < low, low, np.where(x.real > high, high, x))


def hard_sigmoid(x: Any) -> Any:
    """Return the gate of Keras 3: 0 up to -3, 1 from 3 on, a line between."""
    return clipped(x / 6 + 0.5, 0, 1)


def old_hard_sigmoid(x: Any) -> Any:
    """Return the gate of Keras 1 and 2: 0 up to -2.5, 1 from 2.5 on, a line between."""
    return clipped(x / 5 + 0.5, 0, 1)


def softmax(x: Any, axis: int = -1) -> Any:
    """Return exp(x) / sum(exp(x))."""
    powers = np.exp(x)
    return powers / powers.sum(axis, keepdims=True)


def first_extreme(arrays: Sequence[Any], sign: int) -> Any:
    """Return the largest numbers (of sign 1) or the smallest; of equal ones the first array's."""
    best = arrays[0]
    for other in arrays[1:]:
        best = np.where(sign * best.real >= sign * other.real, best, other)
    return best


def unit(x: Any, axis: int) -> Any:
    """Return the vectors along an axis divided by their lengths."""
    return x / np.sqrt((x * x).sum(axis, keepdims=True))


# Recurrent layers.

Cell: TypeAlias = Callable[[Sequence[Any], Any, list[Any]], list[Any]]  # weights, x, state -> state


def simple_cell(activate: Any = np.tanh) -> Cell:
    """Return the step of SimpleRNN."""

    def step(weights: Sequence[Any], x: Any, state: list[Any]) -> list[Any]:
        kernel, back, bias = weights
        return [activate(x @ kernel + state[0] @ back + bias)]

    return step


def lstm_cell(gate: Any = sigmoid, activate: Any = np.tanh) -> Cell:
    """Return the step of LSTM, whose columns are those of i, f, c and o."""

    def step(weights: Sequence[Any], x: Any, state: list[Any]) -> list[Any]:
        kernel, back, bias = weights
        i, f, c, o = np.split(x @ kernel + state[0] @ back + bias, 4, -1)
        cell = gate(f) * state[1] + gate(i) * activate(c)
        return [gate(o) * activate(cell), cell]

    return step


def gru_cell(gate: Any = sigmoid, activate: Any = np.tanh) -> Cell:
    """Return the step of GRU, whose columns are those of z, r and h; r is multiplied first."""

    def step(weights: Sequence[Any], x: Any, state: list[Any]) -> list[Any]:
        kernel, back, bias = weights
        (h,), width = state, kernel.shape[1] // 3
        of_x = np.split(x @ kernel + bias, 3, -1)
        z = gate(of_x[0] + h @ back[:, :width])
        r = gate(of_x[1] + h @ back[:, width : 2 * width])
        new = activate(of_x[2] + (r * h) @ back[:, 2 * width :])
        return [z * h + (1 - z) * new]

    return step


def gru_cell_reset_after(gate: Any = sigmoid, activate: Any = np.tanh) -> Cell:
    """Return the step of GRU that multiplies by r after the product, with a second bias."""

    def step(weights: Sequence[Any], x: Any, state: list[Any]) -> list[Any]:
        kernel, back, bias = weights
        (h,) = state
        of_x, of_h = np.split(x @ kernel + bias[0], 3, -1), np.split(h @ back + bias[1], 3, -1)
        z, r = gate(of_x[0] + of_h[0]), gate(of_x[1] + of_h[1])
        return [z * h + (1 - z) * activate(of_x[2] + r * of_h[2])]

    return step


def recurrent(
    cell: Cell,
    weights: Sequence[Any],
    x: Any,
    counts: Any = None,
    *,
    states: int = 1,
    begin: list[Any] | None = None,
    backwards: bool = False,
    sequences: bool = False,
    zeros: bool = False,
) -> Any:
    """Return the outputs of a recurrent layer; steps that do not count leave the state alone.

    begin: the state before the first step; None for that many zeros.
    zeros: whether those steps give zeros, not the output of the last one that counts.
    """
    state = begin or [np.zeros((len(x), weights[1].shape[0]))] * states
    outputs = []
    order = range(x.shape[1])
    for place in reversed(order) if backwards else order:
        new = cell(weights, x[:, place], state)
        step = np.ones((len(x), 1), bool) if counts is None else counts[:, place, None]
        state = [np.where(step, one, old) for one, old in zip(new, state, strict=True)]
        outputs.append(np.where(step, state[0], 0.0) if zeros else state[0])
    return np.stack(outputs, 1) if sequences else outputs[-1]


# Products with kernels, channels last and without pads.


def convolved(x: Any, kernel: Any, strides: int = 1) -> Any:
    """Return y[i] = sum over taps j of x[strides * i + j] @ kernel[j]."""
    taps = kernel.shape[:-2]
    size = [(n - k) // strides + 1 for n, k in zip(x.shape[1:-1], taps, strict=True)]
    total: Any = 0.0
    for tap in np.ndindex(*taps):
        total = total + x[_cells(tap, size, strides)] @ kernel[tap]
    return total


def unshared(x: Any, kernel: Any, taps: Sequence[int]) -> Any:
    """Return y[i] = (the window from cell i on, tap by tap, in a row) @ the i-th matrix."""
    size = [n - k + 1 for n, k in zip(x.shape[1:-1], taps, strict=True)]
    found = []
    for matrix, place in zip(kernel, np.ndindex(*size), strict=True):
        cells = (slice(i, i + k) for i, k in zip(place, taps, strict=True))
        found.append(x[(slice(None), *cells)].reshape(len(x), -1) @ matrix)
    return np.stack(found, 1).reshape(len(x), *size, -1)


def conv_lstm(weights: Sequence[Any], x: Any, *, sequences: bool = False) -> Any:
    """Return the outputs of an LSTM of images; zeros around a state let it keep its size."""
    kernel, back, bias = weights
    around = [(0, 0), *(((k - 1) // 2, k // 2) for k in back.shape[:-2]), (0, 0)]
    products = [convolved(x[:, place], kernel) + bias for place in range(x.shape[1])]
    h = cell = np.zeros((*products[0].shape[:-1], back.shape[-2]))
    outputs = []
    for product in products:
        i, f, c, o = np.split(product + convolved(np.pad(h, around), back), 4, -1)
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(c)
        h = sigmoid(o) * np.tanh(cell)
        outputs.append(h)
    return np.stack(outputs, 1) if sequences else h


def transposed(y: Any, kernel: Any, strides: int = 1) -> Any:
    """Return x[strides * i + j] = sum of y[i] @ kernel[j].T; the kernel is (..., out, in)."""
    taps, cells = kernel.shape[:-2], y.shape[1:-1]
    size = [strides * (n - 1) + k for n, k in zip(cells, taps, strict=True)]
    x = np.zeros((len(y), *size, kernel.shape[-2]), complex)
    for tap in np.ndindex(*taps):
        x[_cells(tap, cells, strides)] += y @ kernel[tap].T
    return x if np.iscomplexobj(y) or np.iscomplexobj(kernel) else x.real


def depthwise(x: Any, kernel: Any) -> Any:
    """Return each channel's convolutions with its own columns, side by side."""
    channels = range(x.shape[-1])
    found = [convolved(x[..., [c]], kernel[..., [c], :]) for c in channels]
    return np.concatenate(found, -1)


def pooled(x: Any, size: int, kind: str) -> Any:
    """Return the maximum, the first of equal ones, or the average of windows side by side."""
    axes = x.ndim - 2
    cells = [n // size for n in x.shape[1:-1]]
    taps = [x[_cells(tap, cells, size)] for tap in np.ndindex(*(size,) * axes)]
    return first_extreme(taps, 1) if kind == "max" else sum(taps) / len(taps)


def normalized(x: Any, mean: Any, variance: Any, gamma: Any, beta: Any, epsilon: float) -> Any:
    """Return gamma * (x - mean) / sqrt(variance + epsilon) + beta."""
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


def moments(x: Any) -> tuple[Any, Any]:
    """Return the mean and the variance of each channel, the last axis."""
    rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
    mean = rows.mean(0)
    return mean, ((rows - mean) ** 2).mean(0)


def _cells(tap: Sequence[int], size: Sequence[int], strides: int) -> tuple[Any, ...]:
    """Return the place of the cells that a tap reads."""
    pairs = zip(tap, size, strict=True)
    return (
        slice(None),
        *(slice(j, j + strides * (n - 1) + 1, strides) for j, n in pairs),
        slice(None),
    )
