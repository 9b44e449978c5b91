"""ResNet50 (He and others, 2015)."""

from __future__ import annotations

from typing import Any

from convdispatch.utilities.networks.blocks import Blocks

_STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))


def fifty(blocks: Blocks, x: Any, include_top: bool, classes: int) -> Any:
    """Return ResNet50's output."""
    x = blocks.padded(x, (3, 3), None if blocks.is_old else "conv1_pad")
    x = _conv(blocks, x, 64, (7, 7), strides=(2, 2), name="conv1")
    x = blocks.relu(blocks.norm(x, "bn_conv1"))
    if not blocks.is_old:
        x = blocks.padded(x, (1, 1), "pool1_pad")
    x = blocks.largest(x, 3, 2)
    for stage, (filters, count) in enumerate(_STAGES, 2):
        for place in range(count):
            strides = (2, 2) if place == 0 and stage > 2 else (1, 1)
            part = f"{stage}{'abcdef'[place]}_branch"
            x = _block(blocks, x, filters, part, strides, is_first=place == 0)
    if blocks.is_old:
        x = blocks.layers.AveragePooling2D((7, 7), name="avg_pool")(x)
        return blocks.dense(blocks.flat(x), classes, "softmax", "fc1000") if include_top else x
    if not include_top:
        return x
    return blocks.dense(blocks.mean(x, "avg_pool"), classes, "softmax", "fc1000")


def _conv(blocks: Blocks, x: Any, filters: int, size: tuple[int, int], **options: Any) -> Any:
    init = "glorot_uniform" if blocks.is_old else "he_normal"
    return blocks.conv(x, filters, size, init=init, **options)


def _block(
    blocks: Blocks, x: Any, filters: int, part: str, strides: tuple[int, int], *, is_first: bool
) -> Any:
    def step(y: Any, count: int, size: int, name: str, **options: Any) -> Any:
        y = _conv(blocks, y, count, (size, size), name=f"res{part}{name}", **options)
        return blocks.norm(y, f"bn{part}{name}")

    y = blocks.relu(step(x, filters, 1, "2a", strides=strides))
    y = blocks.relu(step(y, filters, 3, "2b", padding="same"))
    y = step(y, 4 * filters, 1, "2c")
    shortcut = step(x, 4 * filters, 1, "1", strides=strides) if is_first else x
    return blocks.relu(blocks.sum([y, shortcut]))
