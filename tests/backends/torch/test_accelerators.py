"""Ops on tensors that are not the processor's, by torch's 'meta' device: types without numbers.

On an accelerator products of half precision are its tensor cores' own, and the rest is computed in
float32 as on a processor. `docs/how-to/track-performance.md` says how to run the suite on one.
"""

from __future__ import annotations

import pytest

from convdispatch.ops import Conv, ConvTranspose, Dense, Op, Pad, Pool, Resize, Signature, Upsample
from convdispatch.registry import registry

torch = pytest.importorskip("torch")

LAYOUT = {"channels_last": True, "bias": False, "activation": "relu"}
PADS = {"strides": (2,), "pads": ((0, 1),)}
KERNEL = {**PADS, **LAYOUT, "dilation": (1,), "groups": 1}
POOL = {**PADS, "size": (2,), "channels_last": True}
OPS: dict[str, tuple[Op, tuple[tuple[int, ...], ...]]] = {
    "conv": (Conv(**KERNEL), ((3, 2, 4),)),
    "conv-large-kernel": (Conv(**KERNEL), ((3, 2, 40_000),)),
    "conv-transpose": (ConvTranspose(**KERNEL, output_size=(6,)), ((2, 4, 2),)),
    "dense": (Dense(bias=False, activation="relu"), ((2, 4),)),
    "pad": (Pad(pads=((1, -1),), channels_last=True), ()),
    **{
        f"pool-{kind}{'-of-all' if counts else ''}": (
            Pool(kind=kind, counts_pads=counts, **POOL),
            (),
        )
        for kind, counts in [("max", False), ("sum", False), ("average", False), ("average", True)]
    },
    **{
        f"upsample-{how}": (Upsample(factors=(2,), interpolation=how, channels_last=True), ())
        for how in ("nearest", "bilinear")
    },
    **{
        f"resize-{how}": (
            Resize(
                output_size=(5,),
                interpolation=how,
                coordinates="half_pixel",
                channels_last=True,
            ),
            (),
        )
        for how in ("nearest", "bilinear")
    },
}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("op", OPS)
def test_the_result_has_the_element_type_and_the_device_of_the_input(
    op: str, dtype: str, all_backends: tuple[str, ...]
) -> None:
    """An average once had the element type of its divisors, float32."""
    if "torch" not in all_backends:
        pytest.skip("the backend 'torch' is not under test here")
    made, shapes = OPS[op]
    signature = Signature(input_shape=(5, 2), weight_shapes=shapes, dtype=dtype)
    x, *weights = (
        torch.ones(shape, dtype=getattr(torch, dtype), device="meta")
        for shape in ((3, 5, 2), *shapes)
    )
    result = registry.load("torch").lower(made, signature)(x, *weights)
    assert (result.dtype, result.device) == (x.dtype, x.device)
