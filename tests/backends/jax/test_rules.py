"""Which form of a convolution JAX is asked for on a processor, by its sizes."""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any

import pytest

pytest.importorskip("jax", reason="its backend is not installed")

from jax_problems import problem

from convdispatch.ops import Conv, Signature
from convdispatch.registry import registry


def test_the_rules_choose_every_form() -> None:
    """By sizes at which each has been measured to be the fastest."""
    convolutions = importlib.import_module("convdispatch_jax._convolutions")
    rules = importlib.import_module("convdispatch_jax._rules")

    def sizes(
        images: int,
        size: int,
        channels: int,
        taps: int,
        stride: int,
        pads: int,
        rank: int = 2,
        filters: int = 8,
    ) -> Any:
        op = Conv(
            strides=(stride,) * rank,
            pads=((pads, pads),) * rank,
            dilation=(1,) * rank,
            groups=1,
            channels_last=True,
            bias=False,
            activation="linear",
        )
        signature = Signature(
            input_shape=(*(size,) * rank, channels),
            weight_shapes=((*(taps,) * rank, channels, filters),),
            dtype="float32",
        )
        convolution = convolutions.Convolution(op, signature)
        jax = importlib.import_module("jax")
        shape = (images, *(size,) * rank, channels)
        return convolution.sizes(jax.ShapeDtypeStruct(shape, "float32"))

    forward = partial(rules.forward_form, is_alone=True)
    assert forward(sizes(8, 56, 64, 3, 1, 0)) == "row"
    assert forward(sizes(8, 56, 64, 3, 1, 1)) == "row"
    assert forward(sizes(8, 28, 128, 3, 1, 1)) == "framework"
    assert forward(sizes(1, 7, 512, 3, 1, 1)) == "columns"
    assert forward(sizes(1, 224, 3, 7, 2, 3)) == "framework"
    assert forward(sizes(128, 32, 64, 3, 1, 1, filters=64)) == "row"
    assert forward(sizes(64, 56, 128, 3, 2, 1)) == "columns_by_image"
    assert forward(sizes(8, 56, 128, 3, 2, 1)) == "framework"
    assert forward(sizes(1, 8, 4, 3, 1, 0)) == "columns"
    assert forward(sizes(1, 224, 3, 3, 1, 1)) == "framework"
    assert forward(sizes(8, 224, 3, 3, 2, 1, filters=32)) == "columns"
    assert forward(sizes(32, 224, 3, 3, 2, 1, filters=32)) == "framework"
    assert forward(sizes(8, 32, 3, 3, 1, 1, filters=64)) == "framework"
    assert forward(sizes(8, 32, 4, 3, 1, 1, filters=32)) == "framework"
    assert forward(sizes(0, 7, 512, 3, 1, 1)) == "framework"
    in_a_whole = partial(rules.forward_form, is_alone=False)
    assert in_a_whole(sizes(8, 56, 64, 3, 1, 0)) == "framework"
    assert in_a_whole(sizes(8, 56, 64, 3, 1, 1)) == "row"
    assert in_a_whole(sizes(32, 28, 1, 3, 1, 1)) == "columns"
    assert in_a_whole(sizes(8, 32, 3, 3, 1, 1, filters=32)) == "framework"
    of_input = rules.input_gradient_form
    assert of_input(sizes(128, 28, 1, 3, 1, 0)) == "columns"
    assert of_input(sizes(8, 56, 128, 3, 2, 0)) == "columns"
    assert of_input(sizes(128, 56, 64, 3, 2, 1)) == "columns_by_image"
    assert of_input(sizes(8, 56, 64, 3, 1, 1)) == "framework"
    assert of_input(sizes(32, 56, 64, 3, 1, 1, filters=256)) == "columns_by_image"
    assert of_input(sizes(16, 112, 64, 3, 1, 1, filters=256)) == "framework"
    of_kernel = rules.kernel_gradient_form
    assert of_kernel(sizes(128, 28, 1, 3, 1, 0)) == "columns"
    assert of_kernel(sizes(128, 26, 32, 3, 1, 0)) == "columns_by_image"
    assert of_kernel(sizes(8, 56, 64, 3, 1, 1)) == "framework"
    assert of_kernel(sizes(64, 56, 64, 3, 1, 1, filters=64)) == "columns_by_image"
    assert of_kernel(sizes(16, 56, 64, 3, 1, 1, filters=64)) == "framework"
    assert of_kernel(sizes(1, 64, 8, 3, 2, 1)) == "columns"
    assert of_kernel(sizes(1, 64, 8, 3, 2, 1, filters=64)) == "framework"
    assert of_kernel(sizes(1, 8, 4, 3, 1, 0)) == "framework"
    # Lines and volumes.
    assert forward(sizes(8, 2000, 64, 3, 1, 0, rank=1)) == "framework"
    assert forward(sizes(1, 24, 1, 3, 1, 1, rank=3)) == "columns"
    assert forward(sizes(4, 48, 1, 3, 1, 1, rank=3)) == "columns_by_image"
    assert forward(sizes(2, 24, 32, 3, 1, 1, rank=3)) == "framework"
    assert of_input(sizes(32, 1000, 1, 9, 1, 0, rank=1)) == "columns"
    assert of_input(sizes(1, 24, 16, 3, 2, 1, rank=3)) == "columns"
    assert of_input(sizes(2, 24, 64, 3, 1, 1, rank=3)) == "framework"
    assert of_kernel(sizes(1, 24, 16, 3, 2, 1, rank=3)) == "columns"
    # One image has columns of 800 MiB.
    assert of_kernel(sizes(2, 600, 64, 3, 1, 0)) == "framework"
    assert of_input(sizes(2, 1200, 64, 3, 2, 0)) == "framework"


@pytest.mark.parametrize("size", [112, 600])
@pytest.mark.parametrize("stride", [1, 2])
def test_no_form_takes_much_memory(size: int, stride: int) -> None:
    """As XLA plans it: all columns of these would take over 300 MiB, of large images one's as well.

    A winner of one image computes all batches. Another form may keep a result, cut and uncut.
    """
    jax = importlib.import_module("jax")
    images, geometry = (
        (32 if size == 112 else 2),
        ((stride,) * 2, ((0, 0),) * 2, (3, 3), (size,) * 2),
    )
    op, signature, _, _ = problem(geometry, (64, 8), 0)
    x = jax.ShapeDtypeStruct((images, size, size, 64), "float32")
    kernel = jax.ShapeDtypeStruct((3, 3, 64, 8), "float32")

    def memory(conv: Any) -> list[int]:
        squares = jax.grad(lambda *arrays: (conv(*arrays) ** 2).sum(), (0, 1))
        return [
            jax.jit(function).lower(x, kernel).compile().memory_analysis().temp_size_in_bytes
            for function in (conv, squares)
        ]

    candidates = registry.load("jax").candidates(op, signature)
    taken = {name: memory(conv) for name, conv in candidates.items()}
    result = 4 * images * size**2 * 8
    room = [usual + 64 * 2**20 + result for usual in taken["framework"]]
    assert len(taken) == 5
    assert [name for name, both in taken.items() if both[0] > room[0] or both[1] > room[1]] == []


@pytest.mark.parametrize(("channels", "is_together"), [(8, True), (512, False)])
def test_large_groups_are_convolved_one_by_one(channels: int, is_together: bool) -> None:
    """The cost of a call for each group matters in small ones, but not in their gradients."""
    jax = importlib.import_module("jax")
    geometry = ((1, 1), ((1, 1), (1, 1)), (3, 3), (5, 5))
    op, signature, x, kernel = problem(geometry, (channels, channels), 1, {"groups": 4})
    conv = registry.load("jax").lower(op, signature)
    computed = str(jax.make_jaxpr(conv)(x, kernel))
    assert computed.count("feature_group_count=4") == (1 if is_together else 0)
    assert computed.count("split[") == (0 if is_together else 2)
    gradient = jax.make_jaxpr(jax.grad(lambda kernel: conv(x, kernel).sum()))(kernel)
    assert str(gradient).count("feature_group_count=4") == (1 if is_together else 0)
