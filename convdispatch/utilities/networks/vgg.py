"""VGG16 and VGG19 (Simonyan and Zisserman, 2014)."""

from __future__ import annotations

from typing import Any

from convdispatch.utilities.networks.blocks import Blocks

_FILTERS = (64, 128, 256, 512, 512)


def sixteen(blocks: Blocks, x: Any, include_top: bool, classes: int) -> Any:
    """Return VGG16's output."""
    return _network(blocks, x, (2, 2, 3, 3, 3), include_top, classes)


def nineteen(blocks: Blocks, x: Any, include_top: bool, classes: int) -> Any:
    """Return VGG19's output."""
    return _network(blocks, x, (2, 2, 4, 4, 4), include_top, classes)


def _network(
    blocks: Blocks, x: Any, counts: tuple[int, ...], include_top: bool, classes: int
) -> Any:
    for block, (filters, count) in enumerate(zip(_FILTERS, counts, strict=True), 1):
        for place in range(1, count + 1):
            name = f"block{block}_conv{place}"
            x = blocks.conv(x, filters, (3, 3), padding="same", activation="relu", name=name)
        x = blocks.largest(x, 2, 2, name=f"block{block}_pool")
    if not include_top:
        return x
    x = blocks.flat(x, "flatten")
    x = blocks.dense(x, 4096, "relu", "fc1")
    x = blocks.dense(x, 4096, "relu", "fc2")
    return blocks.dense(x, classes, "softmax", "predictions")
