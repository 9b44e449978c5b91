"""Every mistake gives the numbers that a person gets who makes it: the tables here are by hand.

The input is 1, 2, 3, ..., a kernel of up to three numbers 1, 10, 100, a larger one 1, 2, 3, ...,
and the bias 7, 8, ... 'signed' numbers have every second one negative.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from convdispatch.conformance.diagnosis.given import given_numbers
from convdispatch.conformance.diagnosis.mistakes import EVERY
from convdispatch.conformance.diagnosis.mistakes.derivatives import FIRST, SECOND
from convdispatch.conformance.diagnosis.mistakes.functions import FUNCTIONS, Asked
from convdispatch.conformance.diagnosis.mistakes.limits import LIMITS
from convdispatch.conformance.diagnosis.mistakes.special import SPECIAL
from convdispatch.numerics.adjoints import cotangent, second_gradients
from convdispatch.numerics.problem import Problem
from convdispatch.ops import Conv, ConvTranspose, Dense, Op, Pad, Pool, Resize, Upsample

NAN, INF = math.nan, math.inf


@dataclass(frozen=True)
class Row:
    """A problem, and the numbers that the mistake gives, cell by cell."""

    problem: Problem
    gives: Sequence[float]


def conv(
    size: Sequence[int],
    taps: Sequence[int],
    gives: Sequence[float],
    *,
    channels: tuple[int, int] = (1, 1),
    batch: int = 1,
    values: str = "counting",
    x: Sequence[float] | None = None,
    dtype: str = "float32",
    **fields: Any,
) -> Row:
    """Return a row of a convolution; what is not stated is neutral."""
    return product(Conv, size, taps, gives, channels, batch, values, x, dtype, fields)


def transposed(
    size: Sequence[int], taps: Sequence[int], gives: Sequence[float], **fields: Any
) -> Row:
    """Return a row of a transposed convolution."""
    return product(ConvTranspose, size, taps, gives, (1, 1), 1, "counting", None, "float32", fields)


def product(
    kind: Any,
    size: Sequence[int],
    taps: Sequence[int],
    gives: Sequence[float],
    channels: tuple[int, int],
    batch: int,
    values: str,
    x: Sequence[float] | None,
    dtype: str,
    fields: dict[str, Any],
) -> Row:
    """Return a row of either."""
    ones = (1,) * len(size)
    neutral = {"strides": ones, "pads": ((0, 0),) * len(size), "dilation": ones, "groups": 1}
    neutral |= {"channels_last": True, "bias": False, "activation": "linear"}
    op = kind(**{**neutral, **fields})
    read, written = channels
    shape = (batch, *size, read) if op.channels_last else (batch, read, *size)
    kernel = (*taps, read // op.groups, written)
    weights = (kernel, (written,)) if op.bias else (kernel,)
    problem = Problem(op=op, input_shape=shape, weight_shapes=weights, values=values, dtype=dtype)
    return row(problem, gives, x)


def image(
    op: Op,
    size: Sequence[int],
    gives: Sequence[float],
    *,
    values: str = "counting",
    x: Sequence[float] | None = None,
) -> Row:
    """Return a row of an op without weights, for one sample of one channel."""
    return row(Problem(op=op, input_shape=(1, *size, 1), values=values), gives, x)


def row(problem: Problem, gives: Sequence[float], x: Sequence[float] | None) -> Row:
    """Return the row, with these numbers as its input."""
    if x is not None:
        given = np.reshape(np.array(x, float), problem.input_shape)
        problem = given_numbers(problem, (given, *problem.arrays[1:]))
    return Row(problem, gives)


def pad(*pads: tuple[int, int]) -> Pad:
    """Return a padding."""
    return Pad(pads=pads, channels_last=True)


def pool(kind: str, size: Sequence[int], **fields: Any) -> Pool:
    """Return a pooling of stride 1 without pads."""
    neutral: dict[str, Any] = {"strides": (1,) * len(size), "pads": ((0, 0),) * len(size)}
    neutral |= {"counts_pads": False, "channels_last": True}
    return Pool(kind=kind, size=tuple(size), **{**neutral, **fields})


def resize(*size: int, way: str = "nearest", at: str = "half_pixel") -> Resize:
    """Return a resampling."""
    return Resize(output_size=size, interpolation=way, coordinates=at, channels_last=True)


def upsample(*factors: int, way: str = "nearest") -> Upsample:
    """Return an enlargement."""
    return Upsample(factors=factors, interpolation=way, channels_last=True)


DENSE = Problem(
    op=Dense(bias=False, activation="linear"),
    input_shape=(1, 2, 1),
    weight_shapes=((1, 1),),
    values="counting",
)
AVERAGE = pool("average", (2,), strides=(2,), pads=((1, 1),))
ROWS = {
    # 1*10 + 2*1
    "flipping the kernel": conv([2], [2], [12]),
    # 1*2 + 2*1 + 3*4 + 4*3
    "flipping the kernel along the last axis": conv([2, 2], [2, 2], [28]),
    # 1*3 + 2*4 + 3*1 + 4*2
    "flipping the kernel along the first axis": conv([2, 2], [2, 2], [22]),
    # 1*1 + 2*3 + 3*2 + 4*4
    "reading the kernel's spatial axes in reverse order": conv([2, 2], [2, 2], [29]),
    # 1*1 + 2*2 and 1*3 + 2*4
    "exchanging the channel axes of the kernel": conv([1], [1], [5, 11], channels=(2, 2)),
    # The kernel is ((1, 2), (3, 4)), tap by tap: 1*1 + 2*3 + 3*2 + 4*4
    "reading the kernel as if its channels came before its cells": conv(
        [2], [2], [29], channels=(2, 1)
    ),
    "reading the pads as (high, low)": image(pad((1, 0)), [2], [1, 2, 0]),
    "reading the pads in reverse order of axes": image(pad((1, 0), (0, 1)), [1, 1], [0, 1, 0, 0]),
    "using the first axis's pads for every axis": image(pad((1, 0), (0, 1)), [1, 1], [0, 0, 0, 1]),
    "ignoring negative pads": image(pad((-1, 1)), [2], [1, 2, 0]),
    "ignoring pads": image(pad((1, 0)), [2], [1, 2]),
    "cropping at the end what should be cropped at the beginning": image(pad((-1, 0)), [3], [1, 2]),
    "cropping at the beginning what should be cropped at the end": image(pad((0, -1)), [3], [2, 3]),
    "cropping with x[n:-0], which is empty": image(pad((-1, 0)), [3], [0, 0]),
    "splitting the pads into halves, as 'same' does, the odd cell first": conv(
        [2], [1], [0, 0, 1, 2, 0], pads=((0, 3),)
    ),
    "splitting the pads into halves, as 'same' does, the odd cell last": conv(
        [2], [1], [0, 1, 2, 0, 0], pads=((0, 3),)
    ),
    "putting all pads before the data": image(pad((0, 1)), [2], [0, 1, 2]),
    "putting all pads after the data": image(pad((1, 0)), [2], [1, 2, 0]),
    "putting low pads on both sides": image(pad((1, 0)), [2], [0, 1, 2, 0]),
    "putting high pads on both sides": image(pad((0, 1)), [2], [0, 1, 2, 0]),
    "placing the kernel one cell too far down": conv([2], [1], [2, 0]),
    "placing the kernel one cell too far up": conv([2], [1], [0, 1]),
    "cropping a transposed convolution one cell too far down": transposed(
        [2], [1], [2, 0], output_size=(2,)
    ),
    "cropping a transposed convolution one cell too far up": transposed(
        [2], [1], [0, 1], output_size=(2,)
    ),
    "filling the pads with the image's border": image(pad((1, 0)), [2], [1, 1, 2]),
    "filling the pads with a mirror image": image(pad((1, 0)), [3], [2, 1, 2, 3]),
    "filling the pads from the other side": image(pad((1, 0)), [2], [2, 1, 2]),
    "reading the strides in reverse order of axes": conv([2, 2], [1, 1], [1, 2], strides=(1, 2)),
    "using the first stride for every axis": conv([2, 2], [1, 1], [1, 2, 3, 4], strides=(1, 2)),
    "using the last stride for every axis": conv([2, 2], [1, 1], [1], strides=(1, 2)),
    "ignoring the strides": conv([3], [1], [1, 2, 3], strides=(2,)),
    "limiting the strides to the kernel's size": conv([3], [1], [1, 2, 3], strides=(2,)),
    # 1*1 + 2*10 and 3*1 + 4*10
    "using the kernel's size as the strides": conv([4], [2], [21, 43]),
    "ignoring the dilation": conv([3], [2], [21], dilation=(2,)),
    "ignoring the dilation of the last axis": conv([1, 3], [1, 2], [21], dilation=(1, 2)),
    "using the first axis's dilation for every axis": conv([1, 3], [1, 2], [21], dilation=(1, 2)),
    "reading the dilation in reverse order of axes": conv([1, 3], [1, 2], [21], dilation=(1, 2)),
    "returning zeros for the last placement": conv([5], [1], [1, 0], strides=(3,)),
    "leaving out the first cells instead of the last ones, where strides leave some over": conv(
        [5], [1], [2, 5], strides=(3,)
    ),
    "putting the cells that no tap reaches before the others": transposed(
        [1], [1], [0, 1], strides=(2,), output_size=(2,)
    ),
    "rounding the number of windows up": conv([5], [1], [1, 4, 0], strides=(3,)),
    # Windows (pad, 1) and (2, pad).
    "counting the pads in averages": image(AVERAGE, [2], [0.5, 1]),
    "leaving the pads out of averages that count them": image(
        pool("average", (2,), strides=(2,), pads=((1, 1),), counts_pads=True), [2], [1, 2]
    ),
    # Windows (pad, 1) and (1, 2), both divided by the one cell of the first.
    "dividing every window by the cells of the first one": image(
        pool("average", (2,), pads=((1, 0),)), [2], [1, 3]
    ),
    # Windows (1, -2) and (-2, pad).
    "taking the pads for zeros in maxima": image(
        pool("max", (2,), pads=((0, 1),)), [2], [1, 0], values="signed"
    ),
    "reading the window's size in reverse order of axes": image(
        pool("max", (1, 2)), [2, 2], [3, 4]
    ),
    "leaving NaN out of windows": image(pool("max", (2,)), [2], [1], x=[NAN, 1]),
    "pooling by the smallest cell": image(pool("max", (2,)), [2], [1]),
    "pooling by maxima": image(pool("average", (2,)), [2], [2]),
    "pooling by averages": image(pool("sum", (2,)), [2], [1.5]),
    "pooling by sums": image(pool("average", (2,)), [2], [3]),
    # Positions -1/4, 1/4, 3/4, 5/4.
    "sampling at half-pixel positions": image(
        resize(4, way="bilinear", at="asymmetric"), [2], [1, 1.25, 1.75, 2]
    ),
    # Positions 0, 1/2, 1, 3/2.
    "sampling at positions i * m / n": image(resize(4, way="bilinear"), [2], [1, 1.5, 2, 2]),
    # Positions 0, 1/3, 2/3, 1.
    "sampling with the corners kept in their places": image(
        resize(4, way="bilinear"), [2], [1, 4 / 3, 5 / 3, 2]
    ),
    "taking the cell below each position for the nearest": image(resize(4), [2], [1, 1, 1, 2]),
    # Position 1/2, as near to one cell as to the other.
    "taking the lower of two equally near cells": image(resize(1), [2], [1]),
    "rounding positions to the nearest cell": image(resize(4, at="asymmetric"), [2], [1, 2, 2, 2]),
    "taking the cell above each position for the nearest": image(resize(4), [2], [1, 2, 2, 2]),
    "sampling the nearest cell instead of mixing two": image(
        resize(4, way="bilinear"), [2], [1, 1, 2, 2]
    ),
    "mixing two cells instead of sampling the nearest": image(resize(4), [2], [1, 1.25, 1.75, 2]),
    # Position -1/4 is a quarter of 1 and three of 2; 5/4 is three quarters of 2 and one of 1.
    "mixing the last cell with the first one": image(
        resize(4, way="bilinear"), [2], [1.75, 1.25, 1.75, 1.75]
    ),
    # Along the first axis the cells below -1/4, 1/4, 3/4 and 5/4.
    "mixing cells along the last axis alone": image(
        resize(4, 2, way="bilinear"), [2, 2], [1, 2, 1, 2, 1, 2, 3, 4]
    ),
    # 1/3 and 2/3 in eleven bits: 1365 / 4096 and 1365 / 2048.
    "rounding the shares of cells to float16": image(
        resize(4, way="bilinear", at="corners"), [2], [1, 1 + 1365 / 4096, 1 + 1365 / 2048, 2]
    ),
    "upsampling at positions i * m / n": image(
        upsample(1, 2, way="bilinear"), [1, 2], [1, 1.5, 2, 2]
    ),
    "upsampling with the corners kept in their places": image(
        upsample(1, 2, way="bilinear"), [1, 2], [1, 4 / 3, 5 / 3, 2]
    ),
    "repeating the whole image instead of each cell": image(upsample(2), [2], [1, 2, 1, 2]),
    "reading the factors in reverse order of axes": image(upsample(1, 2), [1, 2], [1, 2, 1, 2]),
    # The filters 1, 3 and 2, 4 read the channels 1, 3 and 2, 4.
    "giving each group every n-th channel instead of adjacent ones": conv(
        [1], [1], [10, 20], channels=(4, 2), groups=2
    ),
    # Right is 1*1, 1*2, 2*3, 2*4.
    "writing the filters of the groups by turns": conv(
        [1], [1], [1, 6, 2, 8], channels=(2, 4), groups=2
    ),
    "using the first group's filters for every group": conv(
        [1], [1], [1, 2, 2, 4], channels=(2, 4), groups=2
    ),
    "giving every group the channels of the first one": conv(
        [1], [1], [1, 2, 3, 4], channels=(2, 4), groups=2
    ),
    "reversing the channels": conv([1], [1], [2, 4, 3, 4], channels=(2, 4), groups=2),
    # The channels (1, 2) and (3, 4) are read as (1, 3) and (2, 4): 1 + 10*2 and 3 + 10*4.
    "taking the input's channels for its last axis": conv(
        [2], [1], [21, 43], channels=(2, 1), channels_last=False
    ),
    "reversing the samples of the batch": conv([1], [1], [2, 1], batch=2),
    "repeating the first sample's result": conv([1], [1], [1, 1], batch=2),
    "computing the first sample alone": conv([1], [1], [1, 0], batch=2),
    "leaving the last samples at zero": conv([1], [1], [1, 2, 0], batch=3),
    "leaving the last channels of the result at zero": conv([1], [1], [1, 0, 0], channels=(1, 3)),
    "leaving the last cells of an axis at zero": conv([3], [1], [1, 2, 0]),
    # The second of three numbers and taps is the last one that is read.
    "reading the first channels alone": conv([1], [1], [21], channels=(3, 1)),
    "reading the first taps of an axis alone": conv([3], [3], [21]),
    "leaving out the bias": conv([1], [1], [1], bias=True),
    "adding the bias twice": conv([1], [1], [15], bias=True),
    "subtracting the bias": conv([1], [1], [-6], bias=True),
    "adding the first group's bias to every group": conv(
        [1], [1], [8, 27], channels=(2, 2), groups=2, bias=True
    ),
    "adding the first channel's bias to every channel": conv(
        [1], [1], [8, 17], channels=(1, 2), bias=True
    ),
    # relu(1) + 7 and relu(-2) + 7
    "applying the activation before the bias": conv(
        [2], [1], [8, 7], bias=True, activation="relu", values="signed"
    ),
    "adding no bias where no tap reaches": transposed(
        [1], [1], [8, 0], strides=(2,), output_size=(2,), bias=True
    ),
    "leaving out the activation": conv([2], [1], [1, -2], activation="relu", values="signed"),
    "applying relu as the activation": conv([2], [1], [1, 0], values="signed"),
    "applying sigmoid as the activation": conv([1], [1], [1 / (1 + math.exp(-1))]),
    "applying tanh as the activation": conv([1], [1], [math.tanh(1)]),
    "multiplying the rows of a sample in reverse order": Row(DENSE, [2, 1]),
    "dropping the axis of a single channel": conv([2], [1], [1, 2]),
    "dropping the batch axis of a single sample": conv([2], [1], [1, 2]),
    # Cell by cell it is 1, 10 and 2, 20.
    "returning the channels on the other side of the cells": conv(
        [2], [1], [1, 2, 10, 20], channels=(1, 2)
    ),
    "returning the input": image(pad((1, 0)), [2], [1, 2]),
    "returning zeros": conv([2], [1], [0, 0]),
    "returning the largest number instead of infinity": conv(
        [1], [2], [65504], x=[60000], dtype="float16", pads=((1, 0),)
    ),
    "treating NaN as zero": conv([2], [1], [0, 2], x=[NAN, 2]),
    "returning 0 for NaN": conv([2], [1], [0, 2], x=[NAN, 2]),
    "replacing infinity with the largest number": conv([1], [1], [2.0**128 - 2.0**104], x=[INF]),
    "letting NaN and infinity reach the whole sample": conv([2], [1], [NAN, NAN], x=[NAN, 2]),
    "letting NaN and infinity reach the next sample": conv(
        [1], [1], [NAN, NAN], x=[NAN, 2], batch=2
    ),
    # The second group computes 0*NaN + 10*2.
    "letting NaN cross from one group to the others": conv(
        [1], [1], [NAN, NAN], x=[NAN, 2], channels=(2, 2), groups=2
    ),
}
# No row: what each allows is tested below, or needs sizes that are not small.
LOOSE = [mistake.what for mistake in EVERY if mistake.is_loose]
FLOAT32 = "computing positions in float32"
BY_NAME: dict[str, Any] = {one.what: one for one in (*EVERY, *LIMITS, *SPECIAL)}


def test_every_mistake_has_a_row() -> None:
    """None is without an example, and no two have one name."""
    assert sorted([*ROWS, *LOOSE, FLOAT32]) == sorted(BY_NAME)
    names = [one.what for one in (*EVERY, *LIMITS, *SPECIAL, *FUNCTIONS)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("what", ROWS)
def test_a_mistake_gives_the_numbers_by_hand(what: str) -> None:
    """One of its variants gives them, and they are not what is right."""
    found = [wrong[0][0] for wrong in BY_NAME[what].answers(ROWS[what].problem)]
    wanted = np.array(ROWS[what].gives, float)
    assert [one for one in found if np.allclose(one.ravel(), wanted, rtol=1e-15, equal_nan=True)], (
        found
    )
    with np.errstate(all="ignore"):
        right = ROWS[what].problem.expected[0]
    shapes = {one.shape for one in found if one.size == wanted.size}
    assert shapes != {right.shape} or not np.array_equal(right.ravel(), wanted, equal_nan=True)


@pytest.mark.parametrize("what", LOOSE)
def test_a_coarse_rounding_allows_more_around_what_is_right(what: str) -> None:
    """It says how far numbers may be off: by more than the bound, and by less than half."""
    dtype = "float16" if "half precision in" in what else "float64"
    problem = conv([1], [1], [1], values="normal", dtype=dtype).problem
    ((found, allowed),) = (wrong[0] for wrong in BY_NAME[what].answers(problem))
    right, bound = problem.expected
    assert np.array_equal(found, right)
    assert (bound < allowed).all()
    assert (allowed < 0.5 * np.abs(right)).all()


def test_positions_in_float32_miss_a_cell() -> None:
    """Cell 11 of 22 lies at 11 * 26 / 22 = 13; in float32 26 / 22 is a little less than it is."""
    problem = image(resize(22, at="asymmetric"), [26], []).problem
    (wrong,) = BY_NAME[FLOAT32].answers(problem)
    found, right = wrong[0][0].ravel(), problem.expected[0].ravel()
    assert (found[11], right[11]) == (13, 14)  # the numbers of cells 12 and 13
    assert np.flatnonzero(found != right).tolist() == [11]


FUNCTION_ROWS: dict[str, tuple[Any, list[Any], Any]] = {
    "in 'sigmoid', computing exp(x) / (1 + exp(x)), which overflows": (
        lambda f, x: f["sigmoid"](x), [[0, 1000]], [0.5, NAN],
    ),
    # tanh(-50) is -1 to all digits of float64.
    "in 'sigmoid', computing (1 + tanh(x / 2)) / 2": (
        lambda f, x: f["sigmoid"](x), [[0, -100]], [0.5, 0],
    ),
    # exp(1000) is infinite.
    "in 'sigmoid', computing 1 / (1 + exp(-x)) in the element type": (
        lambda f, x: f["sigmoid"](x), [[-1000, -100, 0]], [0, 1 / (1 + math.exp(100)), 0.5],
    ),
    "in 'sigmoid', clipping x / 6 + 1/2, the hard sigmoid": (
        lambda f, x: f["sigmoid"](x), [[-4, 0, 3]], [0, 0.5, 1],
    ),
    # exp(-2e-20) is 1.
    "in 'tanh', computing 2 / (1 + exp(-2 x)) - 1": (
        lambda f, x: f["tanh"](x), [[0, 1e-20]], [0, 0],
    ),
    "in 'tanh', returning a small x itself": (
        lambda f, x: f["tanh"](x), [[0.01, 0]], [0.01, 0],
    ),
    "in 'erf', computing 1 - erfc(x)": (lambda f, x: f["erf"](x), [[0, 1e-20]], [0, 0]),
    "in 'erf', computing tanh(2 x / sqrt(pi))": (
        lambda f, x: f["erf"](x), [[0, 1]], [0, math.tanh(2 / math.sqrt(math.pi))],
    ),
    "in 'erfc', computing 1 - erf(x)": (lambda f, x: f["erfc"](x), [[0, 9]], [1, 0]),
    "in 'log1p', computing log(1 + x)": (lambda f, x: f["log1p"](x), [[0, 1e-20]], [0, 0]),
    "in 'expm1', computing exp(x) - 1": (lambda f, x: f["expm1"](x), [[0, 1e-20]], [0, 0]),
    "in 'relu', returning 0 for NaN": (lambda f, x: f["relu"](x), [[NAN, 2]], [0, 2]),
    "in 'maximum', leaving out NaN": (
        lambda f, x, y: f["maximum"](x, y), [[NAN, 2], [1, 1]], [1, 2],
    ),
    "in 'minimum', leaving out NaN": (
        lambda f, x, y: f["minimum"](x, y), [[NAN, 2], [1, 1]], [1, 1],
    ),
    "in 'clip', replacing NaN with a limit": (
        lambda f, x: f["clip"](x, -1, 3), [[NAN, 2, 5]], [-1, 2, 3],
    ),
    "in 'sign', returning 1 for zero": (lambda f, x: f["sign"](x), [[0, -2]], [1, -1]),
    # Infinity times 1; zero times zero.
    "in 'abs', adding and subtracting x": (lambda f, x: f["abs"](x), [[-INF, -2]], [NAN, 2]),
    "in 'sqrt', returning 0 for negative numbers": (
        lambda f, x: f["sqrt"](x), [[-4, 4]], [0, 2],
    ),
    "in 'log', limiting x to 1e-7": (
        lambda f, x: f["log"](x), [[0, 1]], [math.log(1e-7), 0],
    ),
    "in 'power', computing exp(y * log(x))": (
        lambda f, x: f["power"](x, 2.0), [[-3, 1]], [NAN, 1],
    ),
    "in 'where', exchanging the two choices": (
        lambda f, x: f["where"](x > 0, x, 7), [[-1, 2]], [-1, 7],
    ),
    "in 'flip', reversing the first axis alone": (
        lambda f, x: f["flip"](x, (0, 1)), [[[1, 2], [3, 4]]], [[3, 4], [1, 2]],
    ),
    # The axes come back in the places (1, 2, 0) instead of (2, 0, 1).
    "in 'transpose', applying the inverse permutation": (
        lambda f, x: f["transpose"](x, (2, 0, 1)), [[[[1, 2, 3]]]], [[[1], [2], [3]]],
    ),
    "in 'reshape', letting the first axis vary fastest": (
        lambda f, x: f["reshape"](x, (2, 2)), [[1, 2, 3, 4]], [[1, 3], [2, 4]],
    ),
    # 1*1 + 1*2 and 1*3 + 1*4
    "in 'matmul', transposing the second factor": (
        lambda f, x, y: f["matmul"](x, y), [[[1, 1]], [[1, 2], [3, 4]]], [[3, 7]],
    ),
    "in 'matmul', using the first matrix of a stack for all": (
        lambda f, x, y: f["matmul"](x, y), [[[[1]], [[2]]], [[10]]], [[[10]], [[10]]],
    ),
    "in 'concatenate', putting the last tensor first": (
        lambda f, x, y: f["concatenate"]([x, y], 0), [[1], [2]], [2, 1],
    ),
    "in 'stack', putting the last tensor first": (
        lambda f, x, y: f["stack"]([x, y], 0), [[1], [2]], [[2], [1]],
    ),
    "in 'take', taking the cells in ascending order": (
        lambda f, x: f["take"](x, np.array([1, 0]), 0), [[5, 6]], [5, 6],
    ),
    "in 'argmax', returning the last of several maxima": (
        lambda f, x: f["argmax"](x, 0), [[3, 1, 3]], 2,
    ),
    "in 'argmax', leaving out NaN": (lambda f, x: f["argmax"](x, 0), [[NAN, 1, 3]], 2),
    # -1 is counted as 1.
    "in 'one_hot', counting an index out of range from the other end": (
        lambda f, x: f["one_hot"](np.array([-1]), 2, "int32") * x, [[1, 1]], [[0, 1]],
    ),
    "in 'cumsum', summing from the last number": (
        lambda f, x: f["cumsum"](x, 0), [[1, 2]], [3, 2],
    ),
    "in 'pad', padding with zeros": (
        lambda f, x: f["pad"](x, ((1, 0),), 9.0), [[1]], [0, 1],
    ),
    **{
        what: (expression, arrays, gives)
        for name, of_all, of_known in (("max", 4, 3), ("mean", 2.5, 3), ("sum", 10, 3))
        for what, expression, arrays, gives in (
            (
                f"in {name!r}, dropping the axes in spite of keepdims",
                lambda f, x, name=name: f[name](x, axis=(0,), keepdims=True), [[5]], 5,
            ),
            (
                f"in {name!r}, reducing all axes",
                lambda f, x, name=name: f[name](x, axis=(0,)), [[[1, 2], [3, 4]]], of_all,
            ),
            (
                f"in {name!r}, leaving out NaN",
                lambda f, x, name=name: f[name](x, axis=(0,)), [[NAN, 3]], of_known,
            ),
        )
    },
    # (1 + 2 + 3 + 4) / 2
    "in 'mean', dividing by the size of the first axis": (
        lambda f, x: f["mean"](x, axis=(0, 1)), [[[1, 2], [3, 4]]], 5,
    ),
}  # fmt: skip
# 2048 is the first whole number that float16 cannot raise by 1.
IN_FLOAT16: dict[str, tuple[Any, Any]] = {
    "in 'sum', adding up in the element type, one by one": (lambda f, x: f["sum"](x), 2048),
    "in 'mean', adding up in the element type, one by one": (lambda f, x: f["mean"](x), 0.5),
    "in 'cumsum', adding up in the element type": (
        lambda f, x: f["take"](f["cumsum"](x, 0), np.array([4095]), 0),
        [2048],
    ),
}


def test_every_mistake_with_a_function_has_a_row() -> None:
    """None is without an example."""
    assert sorted([*FUNCTION_ROWS, *IN_FLOAT16]) == sorted(one.what for one in FUNCTIONS)


@pytest.mark.parametrize("what", FUNCTION_ROWS)
def test_a_wrong_function_gives_the_numbers_by_hand(what: str) -> None:
    """In the place of the right one, in an expression of the suite's kind."""
    expression, arrays, gives = FUNCTION_ROWS[what]
    assert gives_by_mistake(what, expression, [np.array(one, float) for one in arrays], gives)


@pytest.mark.parametrize("what", IN_FLOAT16)
def test_sums_in_half_precision_stop_growing(what: str) -> None:
    """Of 4096 ones added one by one, the second half adds nothing."""
    expression, gives = IN_FLOAT16[what]
    assert gives_by_mistake(what, expression, [np.ones(4096)], gives, dtype="float16")


def gives_by_mistake(
    what: str, expression: Any, arrays: list[Any], gives: Any, dtype: str = "float64"
) -> bool:
    """Say whether the mistake gives these numbers of this shape."""
    (mistake,) = (one for one in FUNCTIONS if one.what == what)
    wanted = np.array(gives, float)
    nothing = np.full(wanted.shape, 12345.0)  # which no row gives
    asked = Asked(expression, tuple(arrays), dtype, nothing, np.zeros(wanted.shape))
    found = [wrong[0][0] for wrong in mistake.answers(asked)]
    return any(
        one.shape == wanted.shape and np.allclose(one, wanted, rtol=1e-14, equal_nan=True)
        for one in found
    )


TWO_SAMPLES = conv([1], [1], [], batch=2, bias=True)
GRADIENTS: dict[str, tuple[Row, int, Any]] = {
    # Of the sum of c[n] * (x[n] * k + bias), where x is 1 and 2 and k is 1.
    "averaging {} over the batch": (TWO_SAMPLES, 1, lambda c: [(c[0] + 2 * c[1]) / 2]),
    "summing {} over the first sample alone": (TWO_SAMPLES, 1, lambda c: [c[0]]),
    "computing {} for the first sample alone": (TWO_SAMPLES, 0, lambda c: [c[0], 0]),
    "doubling {}": (TWO_SAMPLES, 2, lambda c: [2 * (c[0] + c[1])]),
    "halving {}": (TWO_SAMPLES, 2, lambda c: [(c[0] + c[1]) / 2]),
    "negating {}": (TWO_SAMPLES, 2, lambda c: [-c[0] - c[1]]),
    "returning zeros for {}": (TWO_SAMPLES, 1, lambda c: [0]),
    # Of c * (x[0] * 1 + x[1] * 10), where x is 1 and 2.
    "computing {} with the kernel flipped": (conv([2], [2], []), 0, lambda c: [10 * c[0], c[0]]),
    "flipping {}": (conv([2], [2], []), 1, lambda c: [2 * c[0], c[0]]),
    "moving {} one cell up": (conv([2], [2], []), 0, lambda c: [10 * c[0], c[0]]),
    "moving {} one cell down": (conv([2], [2], []), 0, lambda c: [10 * c[0], c[0]]),
    # x is 1 and 2, the kernel ((1, 2), (3, 4)).
    "exchanging the channel axes of {}": (
        conv([1], [1], [], channels=(2, 2)), 1, lambda c: [c[0], 2 * c[0], c[1], 2 * c[1]],
    ),
    # Channel 1 is 1, channel 2 is 2; two filters for each.
    "writing the groups of {} by turns": (
        conv([1], [1], [], channels=(2, 4), groups=2),
        1,
        lambda c: [c[0], 2 * c[2], c[1], 2 * c[3]],
    ),
    "giving cells that are cropped 1 in {}": (
        conv([2], [1], [], pads=((-1, 0),)), 0, lambda c: [1, c[0]],
    ),
    "moving {} one cell down where strides are larger than 1": (
        conv([3], [1], [], strides=(2,)), 0, lambda c: [c[1], c[0], 0],
    ),
    "moving {} one cell down where pads come first": (
        image(pad((1, 0)), [2], []), 0, lambda c: [c[2], c[1]],
    ),
    # The cotangent is read from its end.
    "computing {} of a flipped cotangent": (conv([2], [1], []), 0, lambda c: [c[1], c[0]]),
    "returning gradients in reverse order of the tensors": (
        TWO_SAMPLES, 0, lambda c: [c[0] + c[1]],
    ),
    # tanh(1 * 1): the slope is 1 - tanh(1)**2.
    "leaving the activation's slope out of {}": (
        conv([1], [1], [], activation="tanh"), 0, lambda c: [c[0]],
    ),
    "multiplying {} by the activation's slope twice": (
        conv([1], [1], [], activation="tanh"),
        0,
        lambda c: [c[0] * (1 - math.tanh(1) ** 2) ** 2],
    ),
    "dividing {} by the size of the window": (
        image(pool("sum", (2,)), [2], []), 0, lambda c: [c[0] / 2, c[0] / 2],
    ),
    "multiplying {} by the size of the window": (
        image(pool("sum", (2,)), [2], []), 0, lambda c: [2 * c[0], 2 * c[0]],
    ),
    # The op's own mistakes, of which one stands for all: the right one is c[1], c[2].
    "reading the pads as (high, low) in {}": (
        image(pad((1, 0)), [2], []), 0, lambda c: [c[0], c[1]],
    ),
}  # fmt: skip


def test_every_mistake_with_a_gradient_has_a_row() -> None:
    """None is without an example but those that the op itself can be computed by."""
    own = {f"{mistake.what} in {{}}" for mistake in EVERY}
    assert {one.what for one in FIRST} - own == set(GRADIENTS) - own


@pytest.mark.parametrize("what", GRADIENTS)
def test_a_wrong_gradient_is_that_by_hand(what: str) -> None:
    """In the cotangent's own numbers."""
    example, number, by_hand = GRADIENTS[what]
    found = [
        wrong[number][0].ravel()
        for mistake in FIRST
        if mistake.what == what
        for wrong in mistake.answers(example.problem)
        if number in wrong
    ]
    wanted = np.array(by_hand(cotangent(example.problem).ravel()), float)
    assert [one for one in found if np.allclose(one, wanted, rtol=1e-6)], (found, wanted)


@pytest.mark.parametrize("mistake", SECOND, ids=lambda mistake: mistake.what)
def test_a_wrong_second_derivative_is_a_multiple(mistake: Any) -> None:
    """Twice, half, minus once or not at all."""
    problem = TWO_SAMPLES.problem
    factors = {"doubling": 2.0, "halving": 0.5, "negating": -1.0, "returning": 0.0}
    (wrong,) = mistake.answers(problem)
    for number, right in enumerate(second_gradients(problem)):
        assert np.array_equal(wrong[number][0], factors[mistake.what.split()[0]] * right.value)
