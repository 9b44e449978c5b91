"""Smaller problems than a given one: every way to take something away from it.

A problem is taken apart into its axes, its channels and its words, so that one table of moves
serves every op. What is left is always a legal problem that computes at least one number.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from convdispatch.conformance.cases.conv_rows import placements
from convdispatch.numerics.problem import Problem
from convdispatch.ops import (
    Conv,
    ConvTranspose,
    Dense,
    Op,
    Pad,
    Pool,
    Resize,
    Shape,
    Upsample,
    known_sizes,
)

Pair: TypeAlias = tuple[int, int]
# The fields of one axis: 'cells', and those of the op that have a value for each axis.
Axis: TypeAlias = Mapping[str, Any]

_FIELDS: dict[type, tuple[str, ...]] = {
    Conv: ("strides", "pads", "dilation"),
    ConvTranspose: ("strides", "pads", "dilation"),
    Dense: (),
    Pad: ("pads",),
    Pool: ("size", "strides", "pads"),
    Resize: ("output_size",),
    Upsample: ("factors",),
}
# From the easiest numbers to follow by hand to those that no fault can hide from.
_VALUES = ("counting", "signed", "small", "eighths", "positive", "normal")
_MOST_WINDOWS = 3  # along an axis, of the sizes that are tried first


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A problem taken apart; `whole` has what the parts lack."""

    whole: Problem
    batch: int
    axes: tuple[Axis, ...]
    channels: Pair  # read and written by one group of a convolution
    groups: int = 1
    words: Mapping[str, Any]  # fields of the op that concern no axis

    @classmethod
    def of(cls, problem: Problem) -> Parts:
        """Take a problem apart."""
        op = problem.op
        shape = problem.input_shape[1:]
        read, *cells = shape[::-1] if problem.channels_last else shape
        cells = cells[::-1] if problem.channels_last else cells
        fields = {name: getattr(op, name) for name in _FIELDS[type(op)]}
        words = {
            name: getattr(op, name)
            for name in ("bias", "activation", "interpolation", "coordinates", "kind")
            if hasattr(op, name)
        }
        groups, channels = 1, (read, read)
        if isinstance(op, ConvTranspose):
            cells = list(known_sizes(op.output_size))
        if isinstance(op, Conv | ConvTranspose):
            groups = op.groups
            *taps, per_group, filters = problem.weight_shapes[0]
            channels = (per_group, filters // groups)
            fields["taps"] = tuple(taps)
        if isinstance(op, Dense):
            channels = problem.weight_shapes[0][0], problem.weight_shapes[0][1]
        axes = tuple(
            {"cells": n, **{name: field[axis] for name, field in fields.items()}}
            for axis, n in enumerate(cells)
        )
        return cls(
            whole=problem,
            batch=problem.input_shape[0],
            axes=axes,
            channels=channels,
            groups=groups,
            words=words,
        )

    def together(self) -> Problem | None:
        """Return the problem of these parts, or None where it is not legal."""
        op: Any = self.whole.op
        fields: dict[str, Any] = {
            name: tuple(axis[name] for axis in self.axes) for name in _FIELDS[type(op)]
        }
        cells = tuple(axis["cells"] for axis in self.axes)
        read, written = self.channels
        weights: tuple[Shape, ...] = ()
        if isinstance(op, Conv | ConvTranspose):
            fields["groups"] = self.groups
            taps = tuple(axis["taps"] for axis in self.axes)
            weights = ((*taps, read, written * self.groups),)
            outer = written if isinstance(op, ConvTranspose) else read
            bias = (read if isinstance(op, ConvTranspose) else written) * self.groups
            read = outer * self.groups
            if isinstance(op, ConvTranspose):
                fields["output_size"] = cells
                cells = _placed(cells, taps, fields)
        elif isinstance(op, Dense):
            weights, bias = ((read, written),), written
        if min(cells, default=1) < 1 or self.batch < 1:
            return None
        if self.words.get("bias"):
            weights = (*weights, (bias,))
        shape = (*cells, read) if self.whole.channels_last else (read, *cells)
        problem = replace(
            self.whole,
            op=replace(op, **fields, **self.words),
            input_shape=(self.batch, *shape),
            weight_shapes=weights,
        )
        return problem if _is_legal(problem, self.axes) else None


def weight(problem: Problem) -> tuple[Any, ...]:
    """Return what should be small, what matters most first: cells, fields, words, numbers."""
    sizes = [array.size for array in problem.arrays] + [problem.expected[0].size]
    parts = Parts.of(problem)
    fields = sum(_size_of(value) for axis in parts.axes for value in axis.values())
    words = (
        bool(parts.words.get("bias")),
        parts.words.get("activation", "linear") != "linear",
        not problem.channels_last,
        problem.dtype != "float32",
    )
    numbers = (_plainness(problem), problem.seed != 0)
    return max(sizes), sum(sizes), len(parts.axes), fields, parts.groups, sum(words), numbers


def smaller(problem: Problem) -> Iterator[Problem]:
    """Yield problems from which something was taken away, the boldest first; none is checked."""
    parts = Parts.of(problem)
    for one in itertools.chain(_with_less(parts), _with_shorter_axes(parts)):
        yield from _resized(one)
    yield from _with_plainer_words(problem)


def largest(problem: Problem) -> int:
    """Return the number of cells of the largest array: the input, the kernel or the result."""
    return max(*(array.size for array in problem.arrays), problem.expected[0].size)


def _placed(cells: Shape, taps: Shape, fields: Mapping[str, Any]) -> Shape:
    used = {name: fields[name] for name in ("strides", "pads", "dilation")}
    return placements(cells, taps, **used)


def _is_legal(problem: Problem, axes: tuple[Axis, ...]) -> bool:
    """Say whether each axis keeps a cell, and the oracle computes a number."""
    for axis in axes:
        low, high = axis.get("pads", (0, 0))
        if axis["cells"] + min(low, 0) + min(high, 0) < 1:
            return False
        if "size" in axis and max(low, high) >= axis["size"]:
            return False  # of a pooling: a window without a cell of the image
    try:
        return problem.expected[0].size > 0
    except (ValueError, IndexError):
        return False


def _with_less(parts: Parts) -> Iterator[Parts]:
    """Yield the parts without an axis, samples, groups or channels."""
    for axis in range(len(parts.axes)) if len(parts.axes) > _fewest_axes(parts.whole.op) else ():
        yield replace(parts, axes=parts.axes[:axis] + parts.axes[axis + 1 :])
    for batch in _below(parts.batch):
        yield replace(parts, batch=batch)
    for groups in _below(parts.groups):
        yield replace(parts, groups=groups)
    read, written = parts.channels
    yield from (replace(parts, channels=(one, one)) for one in _below(min(read, written) + 1))
    yield from (replace(parts, channels=(one, written)) for one in _below(read))
    yield from (replace(parts, channels=(read, one)) for one in _below(written))
    if parts.words.get("bias"):
        yield replace(parts, words={**parts.words, "bias": False})
    if parts.words.get("activation", "linear") != "linear":
        yield replace(parts, words={**parts.words, "activation": "linear"})


def _fewest_axes(op: Op) -> int:
    if isinstance(op, Dense):
        return 0
    return 2 if isinstance(op, Upsample) and op.interpolation == "bilinear" else 1


def _with_shorter_axes(parts: Parts) -> Iterator[Parts]:
    """Yield the parts with one number, of all axes or of one, nearer to what does nothing."""
    for name in parts.axes[0] if len(parts.axes) > 1 else ():
        if isinstance(parts.axes[0][name], int):
            for new in _below(max(axis[name] for axis in parts.axes)):
                axes = tuple({**axis, name: min(axis[name], new)} for axis in parts.axes)
                yield replace(parts, axes=axes)
    for place, axis in enumerate(parts.axes):
        for name, value in axis.items():
            for new in _nearer(value):
                changed = {**axis, name: new}
                yield replace(parts, axes=(*parts.axes[:place], changed, *parts.axes[place + 1 :]))


def _resized(parts: Parts) -> Iterator[Problem]:
    """Yield the problem with axes as short as they can be for a few windows, then as it is."""
    if "taps" in (parts.axes[0] if parts.axes else ()):
        for windows in range(1, _MOST_WINDOWS + 1):
            axes = tuple(_just_enough(axis, windows) for axis in parts.axes)
            found = replace(parts, axes=axes).together()
            if found is not None:
                yield found
    found = parts.together()
    if found is not None:
        yield found


def _just_enough(axis: Axis, windows: int) -> Axis:
    """Return the axis with as many cells as so many placements of the kernel need."""
    low, high = axis["pads"]
    reach = axis["dilation"] * (axis["taps"] - 1) + 1
    needed = axis["strides"] * (windows - 1) + reach - low - high
    return {**axis, "cells": min(axis["cells"], max(needed, 1 - min(low, 0) - min(high, 0)))}


def _with_plainer_words(problem: Problem) -> Iterator[Problem]:
    op: Any = problem.op
    if not problem.channels_last:
        shape = problem.input_shape
        yield replace(
            problem,
            op=replace(op, channels_last=True),
            input_shape=(shape[0], *shape[2:], shape[1]),
        )
    if problem.dtype != "float32":
        yield replace(problem, dtype="float32")
    for values in _VALUES[: _plainness(problem)]:
        yield replace(problem, values=values, seed=0)


def _plainness(problem: Problem) -> int:
    """Return how hard the numbers are to follow; those drawn for one purpose are the hardest."""
    return _VALUES.index(problem.values) if problem.values in _VALUES else len(_VALUES)


def _below(value: int) -> list[int]:
    """Return smaller sizes, the smallest first."""
    return sorted({1, 2, value // 2, value - 1} & set(range(1, value)))


def _nearer(value: Any) -> list[Any]:
    if isinstance(value, int):
        return _below(value)
    low, high = value
    lows, highs = (_towards_zero(side) for side in value)
    both = [(0, 0)] if low and high else []
    return [*both, *((n, high) for n in lows), *((low, n) for n in highs)]


def _towards_zero(value: int) -> list[int]:
    sign = 1 if value > 0 else -1
    return [sign * n for n in sorted({0, 1, abs(value) - 1} & set(range(abs(value))))]


def _size_of(value: Any) -> int:
    return abs(value) if isinstance(value, int) else sum(map(abs, value))
