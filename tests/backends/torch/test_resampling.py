"""Bilinear sampling by torch's own functions, where a shorter formula would overflow."""

from __future__ import annotations

import pytest

from convdispatch.ops import Signature, Upsample
from convdispatch.registry import registry

torch = pytest.importorskip("torch")

LARGE, INFINITY = 3e38, float("inf")
IMAGES = {
    "large numbers of both signs": ([LARGE, -LARGE], [LARGE, LARGE / 2, -LARGE / 2, -LARGE]),
    "infinity": ([INFINITY, INFINITY], [INFINITY] * 4),
    "infinity beside a number": ([1.0, INFINITY], [1.0, INFINITY, INFINITY, INFINITY]),
}


@pytest.mark.parametrize("image", IMAGES)
def test_neighbours_are_mixed_without_their_difference(
    image: str, all_backends: tuple[str, ...]
) -> None:
    """`torch.lerp` computes a + share * (b - a): NaN of equal infinities, -inf of large numbers."""
    if "torch" not in all_backends:
        pytest.skip("the backend 'torch' is not under test here")
    cells, expected = IMAGES[image]
    op = Upsample(factors=(2,), interpolation="bilinear", channels_last=True)
    signature = Signature(input_shape=(2, 1), weight_shapes=(), dtype="float32")
    x = torch.tensor(cells).reshape(1, 2, 1)
    found = registry.load("torch").lower(op, signature)(x).flatten().tolist()
    assert found == pytest.approx(expected, rel=1e-6)
