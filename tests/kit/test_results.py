"""The shapes of ops' results, against a table by hand."""

import pytest

from convdispatch import kit
from convdispatch.ops import (
    Conv,
    ConvTranspose,
    Dense,
    Pad,
    Pool,
    Resize,
    Signature,
    Upsample,
)

PRODUCT = {"dilation": (1, 2), "bias": False, "activation": "linear"}
CONV = {"strides": (2, 1), "pads": ((1, 0), (0, 3)), **PRODUCT}
POOL = {"kind": "max", "size": (2, 2), "strides": (2, 3), "pads": ((0, 1), (-1, 0))}
RESIZE = {"output_size": (3, 9), "interpolation": "nearest", "coordinates": "asymmetric"}

# An op, the shapes of its input and its kernel, and the shape of its result.
ROWS = {
    # Seven cells, and eight cells for a kernel of three that spans five.
    "conv last": (Conv(groups=2, channels_last=True, **CONV), (6, 5, 4), (2, 3, 2, 8), (3, 4, 8)),
    "conv first": (Conv(groups=2, channels_last=False, **CONV), (4, 6, 5), (2, 3, 2, 8), (8, 3, 4)),
    "conv of one unknown size": (
        Conv(groups=1, channels_last=True, **CONV), (None, 5, 4), (2, 3, 4, 8), (None, 4, 8)
    ),
    "transposed": (
        ConvTranspose(groups=2, channels_last=False, output_size=(6, 5), **CONV),
        (8, 3, 4), (2, 3, 2, 8), (4, 6, 5),
    ),
    "dense": (Dense(bias=False, activation="linear"), (None, 4), (4, 7), (None, 7)),
    "pad and crop": (Pad(pads=((1, 2), (-2, 0)), channels_last=False), (2, 3, 5), (), (2, 6, 3)),
    "pad of an unknown size": (
        Pad(pads=((1, 2), (0, 0)), channels_last=True), (None, 5, 2), (), (None, 5, 2)
    ),
    # Five cells and a pad hold three windows; six without the first hold two.
    "pool": (Pool(channels_last=True, counts_pads=True, **POOL), (5, 6, 3), (), (3, 2, 3)),
    "resize": (Resize(channels_last=False, **RESIZE), (2, 5, 5), (), (2, 3, 9)),
    "upsample": (
        Upsample(factors=(2, 3), interpolation="nearest", channels_last=True),
        (None, 2, 4), (), (None, 6, 4),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("op", "given", "kernel", "expected"), ROWS.values(), ids=ROWS)
def test_result_shape_is_that_worked_out_by_hand(op, given, kernel, expected):
    """In the layout of the op, without the batch axis."""
    weights = (kernel,) if kernel else ()
    signature = Signature(input_shape=given, weight_shapes=weights, dtype="float32")
    assert kit.result_shape(op, signature) == expected
