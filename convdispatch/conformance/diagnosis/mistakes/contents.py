"""Mistakes with the contents of arrays: kernels, channels, groups, samples, layouts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from convdispatch.conformance.diagnosis.mistakes.mistake import (
    CONVOLUTIONS,
    PRODUCTS,
    Mistake,
    channels,
    of_arrays,
    of_result,
)
from convdispatch.numerics.problem import Array, Problem
from convdispatch.ops import (
    Conv,
    ConvTranspose,
    Dense,
    Pad,
    Pool,
    Resize,
    Upsample,
)

ALL = (Conv, ConvTranspose, Dense, Pad, Pool, Resize, Upsample)
SPATIAL = (Conv, ConvTranspose, Pad, Pool, Resize, Upsample)


def _kernel(change: Callable[[Array], Array]) -> Any:
    """Return the numbers of another kernel of the same shape."""

    def changed(_: Problem, x: Array, kernel: Array, *bias: Array) -> tuple[Array, ...] | None:
        new = change(kernel)
        is_other = new.shape == kernel.shape and not np.array_equal(new, kernel)
        return (x, new, *bias) if is_other else None

    return of_arrays(changed)


def other_input(change: Callable[[Problem, Array], Array]) -> Any:
    """Return the numbers of another input of the same shape."""

    def changed(problem: Problem, x: Array, *weights: Array) -> tuple[Array, ...] | None:
        new = change(problem, x)
        is_other = new.shape == x.shape and not np.array_equal(new, x)
        return (new, *weights) if is_other else None

    return of_arrays(changed)


def flipped(*axes: int) -> Callable[[Array], Array]:
    """Return what reverses these spatial axes of a kernel; all of them if none is named."""

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


def groups_of(problem: Problem) -> int:
    """Return the number of groups; 1 for an op that has none."""
    groups: int = getattr(problem.op, "groups", 1)
    return groups


def _groups_read_interleaved(problem: Problem, x: Array) -> Array:
    axis = x.ndim - 1 if problem.channels_last else 1
    return np.asarray(x[channels(problem, _interleaved(x.shape[axis], groups_of(problem)))])


def _groups_written(order: Callable[[int, int], Array]) -> Any:
    def change(problem: Problem, y: Array) -> Array | None:
        count = y.shape[-1] if problem.channels_last else y.shape[1]
        groups = groups_of(problem)
        return y[channels(problem, order(count, groups))] if groups > 1 else None

    return of_result(change)


def _filters_of_the_first_group(
    problem: Problem, x: Array, kernel: Array, *bias: Array
) -> tuple[Array, ...] | None:
    groups = groups_of(problem)
    if groups == 1:
        return None
    order = np.arange(kernel.shape[-1]) % (kernel.shape[-1] // groups)
    return (x, kernel[..., order], *bias)


def _channels_of_the_first_group(problem: Problem, x: Array) -> Array:
    axis = x.ndim - 1 if problem.channels_last else 1
    count = x.shape[axis]
    order = np.arange(count) % max(count // groups_of(problem), 1)
    return np.asarray(x[channels(problem, order)])


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
        variants=(other_input(_groups_read_interleaved),),
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
            other_input(_channels_of_the_first_group),
            _groups_written(lambda count, groups: np.arange(count) % (count // groups)),
        ),
    ),
    Mistake(
        what="reversing the channels",
        ops=SPATIAL,
        variants=(
            other_input(lambda problem, x: x[channels(problem, slice(None, None, -1))]),
            of_result(lambda problem, y: y[channels(problem, slice(None, None, -1))]),
        ),
    ),
    Mistake(
        what="taking the input's channels for its last axis",
        ops=SPATIAL,
        variants=(other_input(_layout_guessed),),
    ),
    Mistake(
        what="reversing the samples of the batch", ops=ALL, variants=(_samples(lambda y: y[::-1]),)
    ),
    Mistake(
        what="repeating the first sample's result",
        ops=ALL,
        variants=(_samples(lambda y: y[[0] * len(y)]),),
    ),
    Mistake(
        what="computing the first sample alone",
        ops=ALL,
        variants=(_samples(_only(slice(1))), _samples(lambda y: y[:1])),
    ),
)
