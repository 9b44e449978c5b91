"""NumPy's scratch memory: at most 32 MiB above input, weights and result, whatever their sizes."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from convdispatch.dispatch import lower
from convdispatch.ops import Conv, ConvTranspose, Signature
from convdispatch.registry import registry
from convdispatch_numpy import _im2col, _threads
from convdispatch_numpy._lowering import _correlation
from convdispatch_numpy._scratch import Kept

MOST = 32 * 2**20


@dataclass(frozen=True, kw_only=True)
class Case:
    """A convolution with 'same' pads of an input large enough to fill the memory."""

    input_shape: tuple[int, ...]  # (batch, *cells, channels)
    taps: tuple[int, ...]
    filters: int
    groups: int = 1
    strides: int = 1
    dilation: int = 1
    activation: str = "linear"
    dtype: str = "float32"

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        """The kernel of the convolution."""
        return (*self.taps, self.input_shape[-1] // self.groups, self.filters)

    @property
    def op(self) -> Conv:
        """The convolution, with a bias."""
        reach = [(taps - 1) * self.dilation for taps in self.taps]
        return Conv(
            strides=(self.strides,) * len(self.taps),
            pads=tuple((cells // 2, cells - cells // 2) for cells in reach),
            dilation=(self.dilation,) * len(self.taps),
            groups=self.groups,
            channels_last=True,
            bias=True,
            activation=self.activation,
        )

    @property
    def signature(self) -> Signature:
        """The signature for which the convolution is lowered."""
        return Signature(
            input_shape=self.input_shape[1:],
            weight_shapes=(self.kernel_shape, (self.filters,)),
            dtype=self.dtype,
        )

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The result of the convolution: a stride of s keeps every s-th cell."""
        batch, *cells, _ = self.input_shape
        return (batch, *(-(-size // self.strides) for size in cells), self.filters)

    def ones(self, shape: tuple[int, ...]) -> Any:
        """Return an array of ones."""
        return np.ones(shape, self.dtype)


@pytest.fixture(params=[2, 8], ids=["two threads", "eight threads"])
def peak(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Return what counts the bytes that a call takes for a time, with so many threads."""
    monkeypatch.setenv(_threads.VARIABLE, str(request.param))

    def count(call: Callable[[], Any]) -> int:
        # What earlier calls have kept would not be seen.
        monkeypatch.setattr(_im2col, "kept", Kept())
        tracemalloc.start()
        try:
            result = call()
            return tracemalloc.get_traced_memory()[1] - int(result.nbytes)
        finally:
            tracemalloc.stop()

    return count


LARGE_IMAGE = Case(input_shape=(1, 1080, 1920, 3), taps=(7, 7), filters=64)
FORWARD = {
    "large-image": LARGE_IMAGE,
    "groups": Case(input_shape=(1, 512, 512, 8), taps=(3, 3), filters=128, groups=2),
    "groups-1x1": Case(input_shape=(1, 256, 256, 4), taps=(1, 1), filters=256, groups=2),
    "depthwise": Case(input_shape=(1, 512, 512, 32), taps=(3, 3), filters=64, groups=32),
    "sigmoid": Case(input_shape=(1, 512, 512, 4), taps=(3, 3), filters=64, activation="sigmoid"),
    "tanh": Case(input_shape=(1, 512, 512, 64), taps=(1, 1), filters=64, activation="tanh"),
    "half": Case(input_shape=(1, 512, 512, 64), taps=(3, 3), filters=64, dtype="float16"),
    "half-large-kernel": Case(
        input_shape=(1, 16, 16, 1024), taps=(3, 3), filters=1024, dtype="float16"
    ),
    "double": Case(input_shape=(16, 56, 56, 256), taps=(3, 3), filters=64, dtype="float64"),
    "wide-taps": Case(input_shape=(1, 600, 600, 32), taps=(2, 2), filters=64, dilation=300),
    "wide-strides": Case(input_shape=(16, 600, 600, 16), taps=(1, 1), filters=4096, strides=50),
    "long-columns": Case(input_shape=(1, 9, 9, 9000), taps=(7, 7), filters=8),
    "volume": Case(input_shape=(1, 40, 80, 80, 16), taps=(3, 3, 3), filters=32),
}
KERNEL_GRADIENT = {
    "large-image": Case(input_shape=(1, 512, 512, 3), taps=(7, 7), filters=64),
    "large-kernel": Case(input_shape=(2, 16, 16, 1024), taps=(3, 3), filters=1024),
    "batch": Case(input_shape=(16, 28, 28, 256), taps=(3, 3), filters=256),
    "groups": Case(input_shape=(4, 28, 28, 512), taps=(3, 3), filters=1024, groups=2),
    "depthwise": Case(input_shape=(1, 512, 512, 32), taps=(3, 3), filters=32, groups=32),
    "depthwise-many": Case(input_shape=(4, 8, 8, 4096), taps=(5, 5), filters=16384, groups=4096),
    "depthwise-multiplied": Case(
        input_shape=(1, 8, 8, 512), taps=(3, 3), filters=131072, groups=512
    ),
    "wide-taps": Case(input_shape=(1, 400, 400, 32), taps=(2, 2), filters=64, dilation=200),
}
TRANSPOSED = {
    "upscaled": Case(input_shape=(1, 512, 512, 64), taps=(2, 2), filters=1, strides=2),
    "same-size": Case(input_shape=(8, 112, 112, 32), taps=(3, 3), filters=32),
    "large-kernel": Case(input_shape=(1, 16, 16, 1024), taps=(3, 3), filters=1024),
    "batch": Case(input_shape=(16, 28, 28, 256), taps=(3, 3), filters=256),
    "groups": Case(input_shape=(1, 256, 256, 32), taps=(3, 3), filters=32, groups=2, strides=2),
    "unreached-cells": Case(input_shape=(1, 512, 512, 64), taps=(1, 1), filters=8, strides=3),
    "half": Case(input_shape=(1, 512, 512, 32), taps=(2, 2), filters=8, strides=2, dtype="float16"),
}


@pytest.mark.parametrize("case", FORWARD.values(), ids=FORWARD)
def test_a_convolution_takes_little_memory(case: Case, peak: Callable[..., int]) -> None:
    """Of ones: the cell in the middle counts its taps and the bias."""
    conv = lower(registry.load("numpy"), case.op, case.signature)
    x, kernel = case.ones(case.input_shape), case.ones(case.kernel_shape)
    kernel /= math.prod(case.kernel_shape[:-1])
    bias, results = case.ones((case.filters,)), []
    assert peak(lambda: results.append(conv(x, kernel, bias)) or results[0]) <= MOST
    middle = results[0][(0, *(size // 2 for size in results[0].shape[1:]))]
    known = {"sigmoid": lambda total: 1 / (1 + np.exp(-total)), "tanh": np.tanh}
    expected = known.get(case.activation, float)(_reached(case) + 1)
    assert middle == pytest.approx(expected, rel=1e-5 if case.dtype != "float16" else 1e-3)


def _reached(case: Case) -> float:
    """Return the share of the taps that the middle cell of an image of ones reads."""
    share = 1.0
    for size, taps in zip(case.input_shape[1:-1], case.taps, strict=True):
        middle = -(-size // case.strides) // 2 * case.strides
        low = (taps - 1) * case.dilation // 2
        places = [middle - low + tap * case.dilation for tap in range(taps)]
        share *= sum(0 <= place < size for place in places) / taps
    return share


@pytest.mark.parametrize("case", KERNEL_GRADIENT.values(), ids=KERNEL_GRADIENT)
def test_a_kernels_gradient_takes_little_memory(case: Case, peak: Callable[..., int]) -> None:
    """Of ones: a tap counts the output cells for which it reads a cell of the image."""
    correlation = _correlation(case.op, case.signature)
    x, y = case.ones(case.input_shape), case.ones(case.output_shape)
    results: list[Any] = []
    assert peak(lambda: results.append(correlation.kernel_adjoint(x, y)) or results[0]) <= MOST
    first = results[0][(0,) * results[0].ndim]
    cells = [
        sum(0 <= cell - (taps - 1) * case.dilation // 2 < size for cell in range(size))
        for size, taps in zip(case.input_shape[1:-1], case.taps, strict=True)
    ]
    assert first == len(x) * math.prod(cells)


@pytest.mark.parametrize("case", TRANSPOSED.values(), ids=TRANSPOSED)
def test_a_transposed_convolution_takes_little_memory(case: Case, peak: Callable[..., int]) -> None:
    """And so does an input gradient, which is one."""
    op = ConvTranspose(
        strides=case.op.strides,
        pads=case.op.pads,
        dilation=case.op.dilation,
        groups=case.groups,
        output_size=case.input_shape[1:-1],
        channels_last=True,
        bias=True,
        activation="relu",
    )
    channels = case.input_shape[-1]
    signature = Signature(
        input_shape=case.output_shape[1:],
        weight_shapes=(case.kernel_shape, (channels,)),
        dtype=case.dtype,
    )
    transposed = lower(registry.load("numpy"), op, signature)
    y, kernel = case.ones(case.output_shape), case.ones(case.kernel_shape)
    bias, results = case.ones((channels,)), []
    assert peak(lambda: results.append(transposed(y, kernel, bias)) or results[0]) <= MOST
    assert results[0].shape == case.input_shape
    assert results[0][(0,) * results[0].ndim] >= 2
