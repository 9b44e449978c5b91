"""Pooling with wrong windows, cells, divisors or gradients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sabotage import honest, lowering, stateful
from saboteurs_gradients import tampered

from convdispatch import kit
from convdispatch.ops import Pool
from convdispatch_numpy._autograd import differentiable, numpy_or_autograd

POOLS, MAXIMA, SUMS = ("*_pool*",), ("max_pool*",), ("sum_pool*", "average_pool*")
AVERAGES = ("average_pool*",)
GRADIENTS = ("*_pool*/grad/*",)

_roll = numpy_or_autograd(np.roll, "roll")


def pooling(*ground):
    """Enter a function that lowers poolings."""
    return lowering(*ground, ops=(Pool,))


@pooling(*POOLS)
def pool_pads_swapped(lower, op, signature):
    """Read the pads of a pooling as (high, low)."""
    return lower(replace(op, pads=tuple((high, low) for low, high in op.pads)), signature)


@pooling(*POOLS)
def pool_crops_ignored(lower, op, signature):
    """Ignore the crops of a pooling."""
    return lower(replace(op, pads=tuple((max(a, 0), max(b, 0)) for a, b in op.pads)), signature)


@pooling(*POOLS)
def pool_strides_read_backwards(lower, op, signature):
    """Read the strides of a pooling in reverse order of axes."""
    return lower(replace(op, strides=op.strides[::-1]), signature)


@pooling(*POOLS)
def pool_stride_limited_to_the_window(lower, op, signature):
    """Leave no gap between windows where the stride is larger than the window."""
    axes = zip(op.strides, op.size, strict=True)
    return lower(replace(op, strides=tuple(min(pair) for pair in axes)), signature)


@pooling(*POOLS)
def pool_window_is_a_square(lower, op, signature):
    """Use the smallest size of a window on all axes."""
    return lower(replace(op, size=(min(op.size),) * len(op.size)), signature)


@pooling(*POOLS)
def last_window_dropped(lower, op, signature):
    """Return zeros for the last window of the last axis."""
    compute = lower(op, signature)
    last = (..., -1, slice(None)) if op.channels_last else (..., -1)
    keep = np.ones(compute(np.zeros((1, *signature.input_shape), "f4")).shape, bool)
    keep[last] = False
    return lambda x: compute(x) * keep


@pooling(*POOLS)
def pool_reads_the_next_channel(lower, op, signature):
    """Pool each channel's neighbour where channels come first."""
    compute = lower(op, signature)
    return compute if op.channels_last else lambda x: compute(_roll(x, 1, 1))


@pooling(*MAXIMA)
def pads_are_zeros_in_a_maximum(lower, op, signature):
    """Treat the pads of a maximum as zeros."""
    compute, sums = lower(op, signature), lower(replace(op, kind="sum"), signature)
    if op.kind != "max":
        return compute
    ones = np.ones((1, *signature.input_shape), "f4")
    has_pads = sums(ones) < np.prod(op.size)
    return lambda x: compute(x) * (1 - has_pads * (compute(x) < 0)).astype(x.dtype)


@pooling(*MAXIMA)
def nan_swallowed_by_a_maximum(lower, op, signature):
    """Ignore NaN in a maximum."""
    compute = lower(op, signature)
    if op.kind != "max":
        return compute
    return lambda x: compute(np.where(np.isnan(x), -np.inf, x).astype(x.dtype))


@pooling(*MAXIMA)
def maximum_begins_at_the_lowest_number(lower, op, signature):
    """Return the lowest finite number instead of minus infinity."""
    compute = lower(op, signature)
    if op.kind != "max":
        return compute
    return lambda x: np.maximum(compute(x), np.array(np.finfo("f4").min, x.dtype))


@pooling(*AVERAGES)
def pads_always_counted(lower, op, signature):
    """Divide every sum by the size of the whole window."""
    return lower(replace(op, counts_pads=op.kind == "average"), signature)


@pooling(*AVERAGES)
def pads_never_counted(lower, op, signature):
    """Divide every sum by the number of the window's cells in the image."""
    return lower(replace(op, counts_pads=False), signature)


@pooling(*AVERAGES)
def every_window_as_large_as_the_first(lower, op, signature):
    """Divide every sum by the number of cells in the first window."""
    if op.kind != "average" or op.counts_pads:
        return lower(op, signature)
    compute = lower(replace(op, kind="sum"), signature)
    first = float(np.ravel(kit.divisors(op, signature))[0])
    return lambda x: compute(x) / np.array(first, x.dtype)


@pooling("sum_pool*")
def sums_are_averages_for_channels_first(lower, op, signature):
    """Average instead of adding where channels come first."""
    is_wrong = op.kind == "sum" and not op.channels_last
    return lower(replace(op, kind="average") if is_wrong else op, signature)


@pooling(*SUMS)
def nan_spreads_over_the_sample(lower, op, signature):
    """Compute sums as differences of running sums, so NaN and infinity reach later windows."""
    compute = lower(op, signature)
    if op.kind == "max":
        return compute
    axis = 1 if op.channels_last else 2

    def pool(x):
        y = compute(x)
        spoilt = ~np.isfinite(y)
        return np.where(np.logical_or.accumulate(spoilt, axis), np.nan, y).astype(y.dtype)

    return pool


@pooling(*SUMS)
def windows_added_in_half_precision(lower, op, signature):
    """Sum half precision in half precision, cell by cell."""
    if signature.dtype not in ("float16", "bfloat16") or op.kind == "max":
        return lower(op, signature)
    axes = kit.axes(op, signature)
    divide = np.array(1.0) if op.kind == "sum" else np.asarray(kit.divisors(op, signature))
    ones = [[(max(a, 0), max(b, 0)) for a, b in op.pads], [(max(-a, 0), -b) for a, b in op.pads]]

    def pool(x):
        cells = x if op.channels_last else np.moveaxis(x, 1, -1)
        cells = np.pad(cells, [(0, 0), *ones[0], (0, 0)])
        shape = (len(x), *(axis.count for axis in axes), cells.shape[-1])
        total = np.zeros(shape, x.dtype)
        for tap in np.ndindex(*op.size):
            read = [
                slice(c + t, c + t + (a.count - 1) * a.stride + 1, a.stride)
                for (c, _), t, a in zip(ones[1], tap, axes, strict=True)
            ]
            total = total + cells[:, *read]
        total = total if op.channels_last else np.moveaxis(total, -1, 1)
        return (total / divide).astype(x.dtype)

    return pool


def _of_maxima(change):
    """Return what lowers a maximum whose gradient `change(x, answer, g, op)` gives."""

    def lowered(lower, op, signature):
        compute = lower(op, signature)
        if op.kind != "max":
            return compute
        return differentiable(compute, lambda answer, x: lambda g: change(x, answer, g, op))

    return lowered


def _windows(x, op):
    """Return a view of the windows, channels last, and the image with minus infinity around it."""
    cells = x if op.channels_last else np.moveaxis(x, 1, -1)
    grow = [(0, 0), *((max(a, 0), max(b, 0)) for a, b in op.pads), (0, 0)]
    return np.pad(cells, grow, constant_values=-np.inf)


def _scattered(x, answer, g, op, choose):
    """Give each window's gradient to the cells that `choose` picks, as shares of one."""
    padded = _windows(x, op)
    gradient = np.zeros(padded.shape, g.dtype)
    g = g if op.channels_last else np.moveaxis(g, 1, -1)
    starts = [max(-low, 0) for low, _ in op.pads]
    rank = len(op.size)
    for place in np.ndindex(*g.shape[1:-1]):
        box = [
            slice(s + i * stride, s + i * stride + n)
            for s, i, stride, n in zip(starts, place, op.strides, op.size, strict=True)
        ]
        window = padded[:, *box].reshape(len(x), -1, padded.shape[-1])
        share = choose(window) * g[:, *place][:, None]
        gradient[:, *box] += share.reshape(len(x), *op.size, padded.shape[-1])
    inside = [slice(max(low, 0), n - max(high, 0)) for n, (low, high) in
              zip(padded.shape[1:], op.pads, strict=False)]  # fmt: skip
    gradient = gradient[:, *inside[:rank]]
    return gradient if op.channels_last else np.moveaxis(gradient, -1, 1)


@pooling("max_pool*/grad/*")
def gradient_of_a_maximum_shared(lower, op, signature):
    """Share a maximum's gradient among all equal maxima."""

    def shares(window):
        largest = window == window.max(1, keepdims=True)
        return largest / np.maximum(largest.sum(1, keepdims=True), 1)

    change = _of_maxima(lambda x, answer, g, op: _scattered(x, answer, g, op, shares))
    return change(lower, op, signature)


@pooling("max_pool*/grad/*")
def gradient_of_a_maximum_to_the_last(lower, op, signature):
    """Give a maximum's gradient to the last of several equal maxima."""

    def last(window):
        place = window.shape[1] - 1 - np.argmax(window[:, ::-1], 1)
        return np.arange(window.shape[1])[None, :, None] == place[:, None]

    change = _of_maxima(lambda x, answer, g, op: _scattered(x, answer, g, op, last))
    return change(lower, op, signature)


@pooling("max_pool*/grad/*")
def gradient_of_a_maximum_by_columns(lower, op, signature):
    """Search a window for its first maximum column by column."""
    if len(op.size) != 2:
        return lower(op, signature)

    def first(window):
        order = np.arange(window.shape[1]).reshape(op.size).T.ravel()
        place = order[np.argmax(window[:, order], 1)]
        return np.arange(window.shape[1])[None, :, None] == place[:, None]

    change = _of_maxima(lambda x, answer, g, op: _scattered(x, answer, g, op, first))
    return change(lower, op, signature)


@pooling(*GRADIENTS)
def gradient_of_an_average_not_divided(lower, op, signature):
    """Give each cell of an average the whole gradient."""
    compute = lower(op, signature)
    if op.kind != "average":
        return compute
    size = int(np.prod(op.size))
    return lambda x: compute(tampered(x, lambda g: g * size))


@pooling(*GRADIENTS)
def gradient_of_a_sum_shared(lower, op, signature):
    """Divide the gradient of a sum among the cells of its window."""
    compute, size = lower(op, signature), int(np.prod(op.size))
    return compute if op.kind != "sum" else lambda x: compute(tampered(x, lambda g: g / size))


@pooling(*GRADIENTS)
def second_derivative_of_pooling_lost(lower, op, signature):
    """Treat the gradient of a pooling as a constant."""
    compute = lower(op, signature)
    return lambda x: compute(tampered(x, lambda g: tampered(g, lambda h: 0 * h)))


@stateful(*POOLS)
def pool_plan_reused_for_another_kind():
    """Reuse a plan for another kind of pooling with the same window, strides and pads."""
    kept = {}

    def lower(op, signature):
        if not isinstance(op, Pool):
            return honest.lower(op, signature)
        key = (op.size, op.strides, op.pads, op.channels_last, signature)
        return kept.setdefault(key, honest.lower(op, signature))

    return {"lower": lower}
