"""Layers with enormous arguments, in a process of their own: what dies here fails one test alone.

Run as `python enormous.py BACKEND EXAMPLES`. Each example is either refused or computed right, by
sums over the taps that meet the image: the pads are never made, so no number is too large for them.
"""

from __future__ import annotations

import itertools
import math
import resource
import sys
from collections import defaultdict
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from precision import in_float64

import convdispatch
from convdispatch import keras1, layers
from convdispatch.errors import ConvDispatchError

GIB = 2**30
MOST_MEMORY = 4 * GIB  # beyond what the framework takes
MOST_CELLS = 10**6  # of a result that is computed here
SMALL = st.integers(1, 4)
ENORMOUS = st.one_of(
    st.integers(5, 40),
    st.builds(
        lambda power, change: 2**power + change, st.sampled_from([15, 16, 20]), st.integers(-1, 1)
    ),
    st.builds(
        lambda power, change: 2**power + change,
        st.sampled_from([31, 32, 33, 40, 52, 53, 61, 62, 63, 64, 70]),
        st.integers(-1, 1),
    ),
    st.sampled_from([10**6, 10**12, 10**18, 10**400, 10**5000]),
)
NUMBERS = st.one_of(SMALL, SMALL, ENORMOUS)


def pads_of(size: int, reach: int, stride: int, padding: str, convention: str) -> tuple[int, int]:
    """Return the pads of the table in docs/semantics.md."""
    total = max((-(-size // stride) - 1) * stride + reach - size, 0)
    return {
        "valid": (0, 0),
        "causal": (reach - 1, 0),
        "full": (reach - 1, reach - 1),
        "same": (total // 2, total - total // 2)
        if convention == "tensorflow"
        else (reach // 2, (reach - 1) // 2),
    }[padding]


def count_of(size: int, reach: int, stride: int, padding: str) -> int:
    """Return the output cells of that table."""
    positions = {"valid": size - reach + 1, "full": size + reach - 1}.get(padding, size)
    return -(-positions // stride)


def meetings(size: int, count: int, taps: int, stride: int, dilation: int, low: int) -> list[Any]:
    """Return every (placement, tap, cell) in which a tap reads the image."""
    found = []
    for tap in range(taps):
        start = dilation * tap - low
        first = max(-(start // stride), 0)
        last = min((size - 1 - start) // stride, count - 1)
        found += [(i, tap, stride * i + start) for i in range(first, last + 1)]
    return found


def correlated(x: Any, kernel: Any, axes: list[Any]) -> dict[Any, Any]:
    """Return the results that are not all pads, by their places, for (*spatial, in) arrays."""
    found: dict[Any, Any] = defaultdict(lambda: np.zeros(kernel.shape[-1]))
    for chosen in itertools.product(*axes):
        places, taps, cells = zip(*chosen, strict=True)
        found[places] = found[places] + x[cells] @ kernel[taps]
    return found


def transposed(y: Any, kernel: Any, axes: list[Any]) -> dict[Any, Any]:
    """Return the cells that taps reach, by their places."""
    found: dict[Any, Any] = defaultdict(lambda: np.zeros(kernel.shape[-2]))
    for chosen in itertools.product(*axes):
        places, taps, cells = zip(*chosen, strict=True)
        found[cells] = found[cells] + kernel[taps] @ y[places]
    return found


def is_large(shape: Any) -> bool:
    """Whether an array is too large for this test, though not for every machine."""
    return MOST_CELLS < math.prod(shape) <= 2**40 and max(shape) < 2**31


def numbers(*shape: int) -> Any:
    """Return small whole numbers, other than zero: sums of them are exact."""
    return (np.arange(math.prod(shape)) % 5 + 1.0).reshape(shape)


class Child:
    """The property for one backend."""

    def __init__(self, backend: str) -> None:
        self.backend = backend
        self.computed = self.refused = 0

    def outcome(self, make: Any, x: Any) -> Any:
        """Return the result as an array, None where it is refused."""
        try:
            result = convdispatch.to_numpy(make()(x))
        except ConvDispatchError:
            self.refused += 1
            return None
        self.computed += 1
        return result

    def require(self, got: Any, shape: tuple[int, ...], found: dict[Any, Any]) -> None:
        """Compare a result with the cells that are not zero."""
        assert got.shape == shape, (got.shape, shape)
        want = np.zeros(shape)
        for place, values in found.items():
            want[(0, *place)] = values
        np.testing.assert_array_equal(got, want)

    def convolution(self, case: Any) -> None:
        """Check a convolution of any kind, and the gradient of its kernel."""
        kind, rank, size, taps, strides, dilation, padding, convention = case
        channels, filters = (2, 2) if kind == "Depthwise" else (1, 2)
        reach = [(k - 1) * d + 1 for k, d in zip(taps, dilation, strict=True)]
        counts = [
            count_of(length, r, s, padding)
            for length, r, s in zip(size, reach, strides, strict=True)
        ]
        if min(counts) > 0 and is_large([*counts, filters]):
            return
        x = numbers(1, *size, channels)
        whole = numbers(*taps, channels, filters)
        options: dict[str, Any] = {"padding": padding, "use_bias": False, "dtype": "float64"}
        options |= {"strides": strides, "dilation_rate": dilation, "convention": convention}
        options |= {"backend": self.backend, "data_format": "channels_last"}
        made = []

        def make() -> Any:
            if kind == "Depthwise":
                name, weight = f"DepthwiseConv{rank}D", numbers(*taps, channels, 1)
                made.append(getattr(layers, name)(taps, weights=[weight], **options))
            else:
                made.append(
                    getattr(layers, f"Conv{rank}D")(filters, taps, weights=[whole], **options)
                )
            return made[-1]

        got = self.outcome(make, x)
        if got is None:
            return
        if kind == "Depthwise":
            one = numbers(*taps, channels, 1)[..., 0]
            whole = one[..., np.newaxis] * np.eye(channels)
        elif convention == "theano":
            whole = np.flip(whole, range(rank))
        axes = [
            meetings(length, count, k, s, d, pads_of(length, r, s, padding, convention)[0])
            for length, count, k, s, d, r in zip(
                size, counts, taps, strides, dilation, reach, strict=True
            )
        ]
        self.require(got, (1, *counts, filters), correlated(x[0], whole, axes))
        if kind == "Conv" and convention == "tensorflow":
            gradient = np.zeros(whole.shape)
            for chosen in itertools.product(*axes):
                _, places, cells = zip(*chosen, strict=True)
                gradient[places] += x[0][cells][:, np.newaxis]
            found = convdispatch.gradients(made[-1], x)
            np.testing.assert_array_equal(found.weights[0], gradient)

    def transpose(self, case: Any) -> None:
        """Check a transposed convolution whose output's size is stated, or Keras's default."""
        rank, count, taps, strides, dilation, padding, extra = case
        reach = [(k - 1) * d + 1 for k, d in zip(taps, dilation, strict=True)]
        edges = {"valid": [r - 1 for r in reach], "full": [1 - r for r in reach]}
        edge = edges.get(padding, [0] * rank)
        size = tuple(
            max((n - 1) * s + 1 + e, 1) + extra % s
            for n, s, e in zip(count, strides, edge, strict=True)
        )
        if is_large(size):
            return
        y, kernel = numbers(1, *count, 2), numbers(*taps, 1, 2)

        def make() -> Any:
            return getattr(layers, f"Conv{rank}DTranspose")(
                1, taps, strides, padding, output_size=size, dilation_rate=dilation,
                use_bias=False, weights=[kernel], dtype="float64", backend=self.backend,
                data_format="channels_last", convention="tensorflow",
            )  # fmt: skip

        got = self.outcome(make, y)
        if got is None:
            return
        axes = [
            meetings(length, n, k, s, d, pads_of(length, r, s, padding, "tensorflow")[0])
            for length, n, k, s, d, r in zip(
                size, count, taps, strides, dilation, reach, strict=True
            )
        ]
        self.require(got, (1, *size, 1), transposed(y[0], kernel, axes))

    def reshaping(self, case: Any) -> None:
        """Check padding, cropping, or upsampling by that number."""
        kind, rank, number, door = case
        module = layers if door == "layers" else keras1.layers
        x = numbers(1, *(3, 2, 2)[:rank], 1)
        argument: Any = number if kind == "UpSampling" else ((0, number),) * rank
        if door == "keras1" and kind != "Cropping":
            argument = (number,) * rank if kind == "ZeroPadding" or rank > 1 else number
        if rank == 1 and kind == "Cropping":
            argument = (0, number)
        lengths = [3 * number if kind == "UpSampling" else 3 + 2 * number]
        if kind != "Cropping" and is_large(lengths * rank):
            return
        got = self.outcome(
            lambda: getattr(module, f"{kind}{rank}D")(argument, backend=self.backend), x
        )
        if got is None:
            return
        if kind == "Cropping":
            np.testing.assert_array_equal(got, x[(slice(None), *(slice(-number),) * rank)])
        elif kind == "UpSampling":
            want = x
            for axis in range(1, rank + 1):
                want = want.repeat(number, axis)
            np.testing.assert_array_equal(got, want)
        else:
            assert got.sum() == x.sum()

    def weights(self, case: Any) -> None:
        """Check that impossible weights are refused, through every argument that makes one."""
        name, argument, number = case
        if number < 2**31:
            return
        arguments: dict[str, Any] = {"filters": 1, "kernel_size": 1, "padding": "same"}
        if "Depthwise" in name:
            del arguments["filters"]
        refused = self.refused
        self.outcome(
            lambda: getattr(layers, name)(**arguments | {argument: number}, backend=self.backend),
            numbers(1, *(3, 2, 2)[: int(name.replace("Transpose", "")[-2])], 2),
        )
        assert self.refused == refused + 1


@st.composite
def convolutions(draw: Any) -> Any:
    """Draw the arguments of `Child.convolution`."""
    rank = draw(st.integers(1, 3))
    kind = draw(st.sampled_from(["Conv", "Conv", "Depthwise"])) if rank < 3 else "Conv"

    def several(numbers: Any) -> Any:
        return tuple(draw(numbers) for _ in range(rank))

    padding = draw(st.sampled_from(["valid", "same", "same", "full"]))
    convention = draw(st.sampled_from(["tensorflow", "theano"]))
    sizes, taps = several(st.integers(1, 5)), several(st.integers(1, 4))
    return kind, rank, sizes, taps, several(NUMBERS), several(NUMBERS), padding, convention


@st.composite
def transposes(draw: Any) -> Any:
    """Draw the arguments of `Child.transpose`."""
    rank = draw(st.integers(1, 3))

    def several(numbers: Any) -> Any:
        return tuple(draw(numbers) for _ in range(rank))

    padding = draw(st.sampled_from(["valid", "same", "full"]))
    counts = several(st.one_of(st.just(1), st.integers(1, 3)))
    numbers = several(NUMBERS), several(NUMBERS)
    return rank, counts, several(st.integers(1, 3)), *numbers, padding, draw(NUMBERS)


RESHAPINGS = st.tuples(
    st.sampled_from(["ZeroPadding", "Cropping", "UpSampling"]),
    st.integers(1, 3),
    NUMBERS,
    st.sampled_from(["layers", "keras1"]),
)
WEIGHTS = st.one_of(
    st.tuples(
        st.sampled_from(["Conv1D", "Conv3D", "Conv2DTranspose", "SeparableConv2D"]),
        st.sampled_from(["filters", "kernel_size"]),
        ENORMOUS,
    ),
    st.tuples(
        st.sampled_from(["DepthwiseConv2D", "SeparableConv1D"]),
        st.just("depth_multiplier"),
        ENORMOUS,
    ),
)


def announced(check: Any) -> Any:
    """Return the check, which first prints what it is given: the last line before a crash."""

    def run(case: Any) -> None:
        sys.stdout.write(f"{check.__name__} {shown(case)}\n")
        sys.stdout.flush()
        check(case)

    return run


def shown(case: Any) -> Any:
    """Return the case with numbers that have too many digits to be printed as their bits."""
    if isinstance(case, tuple):
        return tuple(map(shown, case))
    is_long = isinstance(case, int) and case.bit_length() > 80
    return f"{case.bit_length()} bits" if is_long else case


def limit_memory() -> None:
    """Let this process have no more memory than it has, and `MOST_MEMORY`."""
    with open("/proc/self/statm", encoding="ascii") as file:
        taken = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MOST_MEMORY,) * 2)


def main(backend: str, examples: int) -> None:
    """Check the properties; the last line of the output says how many examples there were."""
    child = Child(backend)
    child.convolution(("Conv", 2, (4, 4), (3, 3), (1, 1), (1, 1), "same", "tensorflow"))
    limit_memory()
    for check, cases in (
        (child.convolution, convolutions()),
        (child.transpose, transposes()),
        (child.reshaping, RESHAPINGS),
        (child.weights, WEIGHTS),
    ):
        rules = settings(
            max_examples=examples,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        rules(given(cases)(announced(check)))()
    sys.stdout.write(f"{child.computed} computed, {child.refused} refused\n")


if __name__ == "__main__":
    with in_float64(sys.argv[1]):
        main(sys.argv[1], int(sys.argv[2]))
