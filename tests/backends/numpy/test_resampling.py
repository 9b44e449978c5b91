"""NumPy's resampling: the gradient is the adjoint of what the oracle computes, and as fast."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convdispatch.numerics.oracle_resizing import resize
from convdispatch.ops import Resize, Signature, Upsample
from convdispatch.registry import registry

pytest.importorskip("autograd", reason="NumPy's gradients need the package autograd")


def gradient(op: Resize | Upsample, x: np.ndarray, g: np.ndarray) -> np.ndarray:
    """Return the gradient of the sum of g times the samples of x."""
    numpy = registry.load("numpy")
    signature = Signature(input_shape=x.shape[1:], weight_shapes=(), dtype=str(x.dtype))
    lowered = numpy.lower(op, signature)
    _, (found,) = numpy.value_and_grad(lambda t: ((lowered(t[0]) * g).sum(), None))([x])
    return np.asarray(found)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    sizes=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    written=st.tuples(st.integers(1, 13), st.integers(1, 13)),
    interpolation=st.sampled_from(["nearest", "bilinear"]),
    coordinates=st.sampled_from(["half_pixel", "asymmetric", "corners"]),
    channels_last=st.booleans(),
)
def test_the_gradient_is_the_adjoint_of_the_oracle(
    sizes: tuple[int, int],
    written: tuple[int, int],
    interpolation: str,
    coordinates: str,
    channels_last: bool,
) -> None:
    """Larger or smaller, of one cell or many: <g, resize(x)> = <gradient(g), x> for each cell x."""
    fields = {
        "interpolation": interpolation,
        "coordinates": coordinates,
        "channels_last": channels_last,
        "output_size": written,
    }
    shape = (*sizes, 1) if channels_last else (1, *sizes)
    cells = np.eye(sizes[0] * sizes[1]).reshape(-1, *shape)  # an image for each cell
    samples = resize(cells, **fields)
    g = np.random.default_rng(0).normal(size=samples.shape[1:])
    expected = (samples * g).reshape(len(cells), -1).sum(1).reshape(shape)
    found = gradient(Resize(**fields), np.zeros((1, *shape)), g)
    np.testing.assert_allclose(found[0], expected, rtol=1e-12, atol=1e-12)


def test_an_infinite_gradient_stays_where_it_is() -> None:
    """Cells that a sample does not read get nothing of it: no infinity times zero."""
    op = Upsample(factors=(2, 2), interpolation="bilinear", channels_last=True)
    g = np.zeros((1, 8, 8, 1))
    g[0, 0, 0] = np.inf
    found = gradient(op, np.ones((1, 4, 4, 1)), g)[0, :, :, 0]
    assert found[0, 0] == np.inf
    assert (found[2:] == 0).all()
    assert (found[:, 2:] == 0).all()


def test_a_gradient_takes_less_than_three_times_the_forward_pass() -> None:
    """The two products with g are on both sides: it took ten times as long."""
    op = Upsample(factors=(2, 2), interpolation="bilinear", channels_last=True)
    x = np.random.default_rng(0).normal(size=(2, 56, 56, 64)).astype("float32")
    signature = Signature(input_shape=x.shape[1:], weight_shapes=(), dtype="float32")
    lowered = registry.load("numpy").lower(op, signature)
    g = np.ones_like(lowered(x))
    forward, both = _shortest(
        lambda: (lowered(x), (g * g).sum(), g * g), lambda: gradient(op, x, g)
    )
    assert both / forward < 3


def _shortest(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """Return the shortest processor times, taken by turns: other work only makes one longer."""

    def seconds(function: Callable[[], object]) -> float:
        started = time.process_time()
        function()
        return time.process_time() - started

    pairs = [(seconds(one), seconds(other)) for _ in range(20)]
    first, second = zip(*pairs, strict=True)
    return min(first), min(second)
