"""Xception (Chollet, 2016)."""

from __future__ import annotations

from typing import Any

from convdispatch.utilities.networks.blocks import Blocks


def network(blocks: Blocks, x: Any, include_top: bool, classes: int) -> Any:
    """Return Xception's output."""
    for place, filters in enumerate((32, 64), 1):
        strides = (2, 2) if place == 1 else (1, 1)
        name = f"block1_conv{place}"
        x = blocks.conv(x, filters, (3, 3), strides=strides, bias=False, name=name)
        x = blocks.relu(blocks.norm(x, f"{name}_bn"), f"{name}_act")
    for block, filters in enumerate((128, 256, 728), 2):
        x = _reduced(blocks, x, block, (filters, filters), begins=block > 2)
    for block in range(5, 13):
        shortcut = x
        for place in (1, 2, 3):
            x = _step(blocks, x, 728, f"block{block}_sepconv{place}")
        x = blocks.sum([x, shortcut])
    x = _reduced(blocks, x, 13, (728, 1024), begins=True)
    for place, filters in enumerate((1536, 2048), 1):
        name = f"block14_sepconv{place}"
        x = blocks.norm(blocks.separable(x, filters, name), f"{name}_bn")
        x = blocks.relu(x, f"{name}_act")
    if not include_top:
        return x
    return blocks.dense(blocks.mean(x, "avg_pool"), classes, "softmax", "predictions")


def _step(blocks: Blocks, x: Any, filters: int, name: str) -> Any:
    """Return a separable convolution of what is positive."""
    x = blocks.separable(blocks.relu(x, f"{name}_act"), filters, name)
    return blocks.norm(x, f"{name}_bn")


def _reduced(blocks: Blocks, x: Any, block: int, filters: tuple[int, int], *, begins: bool) -> Any:
    """Return a block of half the rows and columns; `begins`: it begins with what is positive."""
    shortcut = blocks.conv(x, filters[1], (1, 1), strides=(2, 2), padding="same", bias=False)
    shortcut = blocks.norm(shortcut)
    first, second = (f"block{block}_sepconv{place}" for place in (1, 2))
    if begins:
        x = _step(blocks, x, filters[0], first)
    else:
        x = blocks.norm(blocks.separable(x, filters[0], first), f"{first}_bn")
    x = _step(blocks, x, filters[1], second)
    x = blocks.largest(x, 3, 2, "same", f"block{block}_pool")
    return blocks.sum([x, shortcut])
