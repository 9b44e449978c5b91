"""Mistakes with the contents of arrays: kernels, channels, groups, samples, layouts, biases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from convdispatch.conformance.diagnosis.mistakes.mistake import (
    CONVOLUTIONS,
    PRODUCTS,
    Answer,
    Mistake,
    channels,
    computed,
    of_arrays,
    OfOp,
    of_result,
    taps,
)
from convdispatch.numerics import bounds
from convdispatch.numerics.problem import Array, Problem, add_bias
from convdispatch.ops import FUSED_ACTIVATIONS, Conv, ConvTranspose, Dense, Pad, Pool, Resize
from convdispatch.ops import Upsample

_ALL = (Conv, ConvTranspose, Dense, Pad, Pool, Resize, Upsample)
_SPATIAL = (Conv, ConvTranspose, Pad, Pool, Resize, Upsample)


def _kernel(change: Callable[[Array], Array]) -> Any:
    """Return the numbers of another kernel of the same shape."""

    def changed(_: Problem, x: Array, kernel: Array, *bias: Array) -> tuple[Array, ...] | None:
        new = change(kernel)
        is_other = new.shape == kernel.shape and not np.array_equal(new, kernel)
        return (x, new, *bias) if is_other else None

    return of_arrays(changed)


def _input(change: Callable[[Problem, Array], Array]) -> Any:
    def changed(problem: Problem, x: Array, *weights: Array) -> tuple[Array, ...] | None:
        new = change(problem, x)
        is_other = new.shape == x.shape and not np.array_equal(new, x)
        return (new, *weights) if is_other else None

    return of_arrays(changed)


def flipped(*axes: int) -> Callable[[Array], Array]:
    """Reverse these spatial axes of a kernel; all of them if none is named."""

    def flip(kernel: Array) -> Array:
        rank = kernel.ndim - 2
        chosen = tuple(axis % rank for axis in axes) if axes else tuple(range(rank))
        return np.flip(kernel, chosen)

    return flip


def _as_if(*order: int) -> Callable[[Array], Array]:
    """Read the memory of a kernel as if its axes were stored in another order."""

    def read(kernel: Array) -> Array:
        rank = kernel.ndim - 2
        axes = [[rank], list(range(rank)), [rank + 1]]
        return kernel.transpose([axis for n in order for axis in axes[n]]).reshape(kernel.shape)

    return read


def _spatial_axes_reversed(kernel: Array) -> Array:
    rank = kernel.ndim - 2
    return kernel.transpose(*range(rank)[::-1], rank, rank + 1)


KERNELS = (
    Mistake(
        what="flipping the kernel", ops=CONVOLUTIONS, variants=(_kernel(flipped()),)
    ),
    Mistake(
        what="flipping the kernel along the last axis",
        ops=CONVOLUTIONS,
        variants=(_kernel(flipped(-1)),),
    ),
    Mistake(
        what="flipping the kernel along the first axis",
        ops=CONVOLUTIONS,
        variants=(_kernel(flipped(0)),),
    ),
    Mistake(
        what="reading the kernel's spatial axes in reverse order",
        ops=CONVOLUTIONS,
        variants=(_kernel(_spatial_axes_reversed),),
    ),
    Mistake(
        what="exchanging the channel axes of the kernel",
        ops=PRODUCTS,
        variants=(_kernel(lambda kernel: kernel.swapaxes(-1, -2)), _kernel(_as_if(1, 2, 0))),
    ),
    Mistake(
        what="reading the kernel as if its channels came before its cells",
        ops=CONVOLUTIONS,
        variants=(
            _kernel(_as_if(0, 1, 2)), _kernel(_as_if(2, 0, 1)), _kernel(_as_if(2, 1, 0)),
        ),
    ),
)  # fmt: skip


def _interleaved(count: int, groups: int) -> Array:
    return np.arange(count).reshape(-1, groups).T.ravel()


def _groups(problem: Problem) -> int:
    return getattr(problem.op, "groups", 1)


def _groups_read_interleaved(problem: Problem, x: Array) -> Array:
    axis = x.ndim - 1 if problem.channels_last else 1
    return x[channels(problem, _interleaved(x.shape[axis], _groups(problem)))]


def _groups_written(order: Callable[[int, int], Array]) -> Any:
    def change(problem: Problem, y: Array) -> Array | None:
        count = y.shape[-1] if problem.channels_last else y.shape[1]
        groups = _groups(problem)
        return y[channels(problem, order(count, groups))] if groups > 1 else None

    return of_result(change)


def _filters_of_the_first_group(
    problem: Problem, x: Array, kernel: Array, *bias: Array
) -> tuple[Array, ...] | None:
    groups = _groups(problem)
    if groups == 1:
        return None
    order = np.arange(kernel.shape[-1]) % (kernel.shape[-1] // groups)
    return (x, kernel[..., order], *bias)


def _channels_of_the_first_group(problem: Problem, x: Array) -> Array:
    axis = x.ndim - 1 if problem.channels_last else 1
    count = x.shape[axis]
    return x[channels(problem, np.arange(count) % max(count // _groups(problem), 1))]


def _layout_guessed(problem: Problem, x: Array) -> Array:
    return x.swapaxes(1, x.ndim - 1) if not problem.channels_last else x


def _samples(change: Callable[[Array], Array], *, fewest: int = 2) -> Any:
    return of_result(lambda _, y: change(y) if len(y) >= fewest else None)


def _only(keep: slice) -> Callable[[Array], Array]:
    def kept(y: Array) -> Array:
        new = np.zeros_like(y)
        new[keep] = y[keep]
        return new

    return kept


CHANNELS = (
    Mistake(
        what="giving each group every n-th channel instead of adjacent ones",
        ops=CONVOLUTIONS,
        variants=(_input(_groups_read_interleaved),),
    ),
    Mistake(
        what="writing the filters of the groups by turns",
        ops=CONVOLUTIONS,
        variants=(
            _groups_written(_interleaved),
            _groups_written(lambda count, groups: _interleaved(count, max(count // groups, 1))),
        ),
    ),
    Mistake(
        what="using the first group's filters for every group",
        ops=CONVOLUTIONS,
        variants=(of_arrays(_filters_of_the_first_group),),
    ),
    Mistake(
        what="giving every group the channels of the first one",
        ops=CONVOLUTIONS,
        variants=(
            _input(_channels_of_the_first_group),
            _groups_written(lambda count, groups: np.arange(count) % (count // groups)),
        ),
    ),
    Mistake(
        what="reversing the channels",
        ops=_SPATIAL,
        variants=(
            _input(lambda problem, x: x[channels(problem, slice(None, None, -1))]),
            of_result(lambda problem, y: y[channels(problem, slice(None, None, -1))]),
        ),
    ),
    Mistake(
        what="taking the input's channels for its last axis",
        ops=_SPATIAL,
        variants=(_input(_layout_guessed),),
    ),
    Mistake(
        what="reversing the samples of the batch", ops=_ALL, variants=(_samples(lambda y: y[::-1]),)
    ),
    Mistake(
        what="repeating the first sample's result",
        ops=_ALL,
        variants=(_samples(lambda y: y[[0] * len(y)]),),
    ),
    Mistake(
        what="computing the first sample alone",
        ops=_ALL,
        variants=(_samples(_only(slice(1))), _samples(lambda y: y[:1])),
    ),
    Mistake(
        what="leaving out the last sample",
        ops=_ALL,
        variants=(_samples(_only(slice(-1))), _samples(lambda y: y[:-1])),
    ),
)


def _bias(change: Callable[[Problem, Array], Array]) -> Any:
    def changed(
        problem: Problem, x: Array, kernel: Array, *bias: Array
    ) -> tuple[Array, ...] | None:
        return (x, kernel, change(problem, bias[0])) if bias else None

    return of_arrays(changed)


def _bias_of_the_first_group(problem: Problem, bias: Array) -> Array:
    return bias[np.arange(len(bias)) % max(len(bias) // _groups(problem), 1)]


def _bias_after(problem: Problem) -> Answer:
    """Apply the activation, and then add the bias."""
    op, (x, kernel, *bias) = problem.op, problem.arrays
    if not bias or op.activation == "linear":  # type: ignore[union-attr] # it has a bias
        return None
    bare = replace(op, bias=False)
    exact, allowed = computed(bare, (x, kernel), problem.dtype)
    rounding = 2 * bounds.unit_roundoff(problem.dtype) * (np.abs(exact) + np.abs(bias[0]).max())
    return add_bias(bare, exact, bias[0]), allowed + rounding  # type: ignore[arg-type] # a product


def _bias_where_reached(problem: Problem) -> Answer:
    """Add no bias to the cells of a transposed convolution that no tap reaches."""
    op, (x, kernel, *bias) = problem.op, problem.arrays
    if not bias:
        return None
    bare = replace(op, bias=False)
    counted = replace(bare, activation="linear")  # type: ignore[call-arg] # a transposed one
    ones = np.ones_like(x), np.ones_like(kernel)
    is_reached = computed(counted, ones, "float64")[0] > 0
    right, plain = problem.expected, computed(bare, (x, kernel), problem.dtype)
    exact, allowed = (np.where(is_reached, a, b) for a, b in zip(right, plain, strict=True))
    return exact, allowed


def _activated(name: str) -> Any:
    return OfOp(lambda op, _: replace(op, activation=name))


EPILOGUE = (
    Mistake(
        what="leaving out the bias",
        ops=PRODUCTS,
        variants=(_bias(lambda _, bias: 0 * bias),),
    ),
    Mistake(
        what="adding the bias twice", ops=PRODUCTS, variants=(_bias(lambda _, bias: 2 * bias),)
    ),
    Mistake(
        what="subtracting the bias", ops=PRODUCTS, variants=(_bias(lambda _, bias: -bias),)
    ),
    Mistake(
        what="adding the first group's bias to every group",
        ops=CONVOLUTIONS,
        variants=(_bias(_bias_of_the_first_group),),
    ),
    Mistake(
        what="adding the first channel's bias to every channel",
        ops=PRODUCTS,
        variants=(_bias(lambda _, bias: np.repeat(bias[:1], len(bias))),),
    ),
    Mistake(what="applying the activation before the bias", ops=PRODUCTS, variants=(_bias_after,)),
    Mistake(
        what="adding no bias where no tap reaches",
        ops=(ConvTranspose,),
        variants=(_bias_where_reached,),
    ),
    Mistake(what="leaving out the activation", ops=PRODUCTS, variants=(_activated("linear"),)),
    *(
        Mistake(what=f"applying {name} as the activation", ops=PRODUCTS, variants=(_activated(name),))
        for name in FUSED_ACTIVATIONS
        if name != "linear"
    ),
    Mistake(
        what="multiplying the rows of a sample in reverse order",
        ops=(Dense,),
        variants=(_input(lambda _, x: x[:, ::-1] if x.ndim > 2 else x),),
    ),
)  # fmt: skip

SHAPES = (
    Mistake(
        what="dropping the axis of a single channel",
        ops=_SPATIAL,
        variants=(of_result(lambda p, y: _squeezed(y, y.ndim - 1 if p.channels_last else 1)),),
    ),
    Mistake(
        what="dropping the batch axis of a single sample",
        ops=_ALL,
        variants=(of_result(lambda _, y: _squeezed(y, 0)),),
    ),
    Mistake(
        what="returning the channels on the other side of the cells",
        ops=_SPATIAL,
        variants=(
            of_result(
                lambda p, y: np.moveaxis(y, -1, 1) if p.channels_last else np.moveaxis(y, 1, -1)
            ),
        ),
    ),
    Mistake(
        what="returning the input",
        ops=_ALL,
        variants=(of_arrays(lambda *_: None), lambda p: (p.arrays[0], 0 * p.arrays[0])),
    ),
    Mistake(what="returning zeros", ops=_ALL, variants=(of_result(lambda _, y: 0 * y),)),
)


def _squeezed(y: Array, axis: int) -> Array | None:
    return y.squeeze(axis) if y.shape[axis] == 1 else None
