"""InceptionV3 (Szegedy and others, 2015), as Keras 2 has it, and as Keras 1 had it.

Keras 1 computed the activation before the normalization, with a bias, and pooled by other rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convdispatch.utilities.networks.blocks import Blocks

# A branch: convolutions one after the other, each (filters, rows, columns).
Branch = Sequence[tuple[int, int, int]]


def third(blocks: Blocks, x: Any, include_top: bool, classes: int) -> Any:
    """Return InceptionV3's output."""
    x = _stem(blocks, x)
    for place, pooled in enumerate((32, 32, 32) if blocks.is_old else (32, 64, 64)):
        wide: Branch = ((48, 1, 1), (64, 5, 5))
        double: Branch = ((64, 1, 1), (96, 3, 3), (96, 3, 3))
        x = _mixed(blocks, x, (((64, 1, 1),), wide, double), pooled, f"mixed{place}")
    narrow: Branch = ((64, 1, 1), (96, 3, 3))
    x = _reduced(blocks, x, ((), narrow), (384, 96), "mixed3", blocks.largest)
    for place, filters in enumerate((128, 160, 160, 192), 4):
        once: Branch = ((filters, 1, 1), (filters, 1, 7), (192, 7, 1))
        twice: Branch = (
            *((filters, 1, 1), (filters, 7, 1), (filters, 1, 7), (filters, 7, 1)),
            (192, 1, 7),
        )
        x = _mixed(blocks, x, (((192, 1, 1),), once, twice), 192, f"mixed{place}")
    tall: Branch = ((192, 1, 1), (192, 1, 7), (192, 7, 1))
    last = blocks.average if blocks.is_old else blocks.largest
    x = _reduced(blocks, x, (((192, 1, 1),), tall), (320, 192), "mixed8", last)
    for place in range(2):
        x = _last(blocks, x, place)
    if not include_top:
        return x
    return blocks.dense(_top(blocks, x), classes, "softmax", "predictions")


def _top(blocks: Blocks, x: Any) -> Any:
    if not blocks.is_old:
        return blocks.mean(x, "avg_pool")
    return blocks.flat(blocks.average(x, 8, 8, name="avg_pool"), "flatten")


def _step(blocks: Blocks, x: Any, filters: int, rows: int, columns: int, **options: Any) -> Any:
    options.setdefault("padding", "same")
    if blocks.is_old:
        return blocks.norm(blocks.conv(x, filters, (rows, columns), activation="relu", **options))
    x = blocks.conv(x, filters, (rows, columns), bias=False, **options)
    return blocks.relu(blocks.norm(x, scale=False))


def _steps(blocks: Blocks, x: Any, branch: Branch) -> Any:
    for filters, rows, columns in branch:
        x = _step(blocks, x, filters, rows, columns)
    return x


def _stem(blocks: Blocks, x: Any) -> Any:
    x = _step(blocks, x, 32, 3, 3, strides=(2, 2), padding="valid")
    x = _step(blocks, x, 32, 3, 3, padding="valid")
    x = blocks.largest(_step(blocks, x, 64, 3, 3), 3, 2)
    x = _step(blocks, x, 80, 1, 1, padding="valid")
    return blocks.largest(_step(blocks, x, 192, 3, 3, padding="valid"), 3, 2)


def _mixed(blocks: Blocks, x: Any, branches: Sequence[Branch], pooled: int, name: str) -> Any:
    """Return branches beside each other, and a pooled one."""
    made = [_steps(blocks, x, branch) for branch in branches]
    average = blocks.average(x, 3, 1, "same")
    return blocks.joined([*made, _step(blocks, average, pooled, 1, 1)], name)


def _reduced(
    blocks: Blocks, x: Any, branches: Sequence[Branch], last: Sequence[int], name: str, pool: Any
) -> Any:
    """Return branches of half the rows and columns beside each other, and a pooled one."""
    made = [
        _step(blocks, _steps(blocks, x, branch), filters, 3, 3, strides=(2, 2), padding="valid")
        for branch, filters in zip(branches, last, strict=True)
    ]
    return blocks.joined([*made, pool(x, 3, 2)], name)


def _last(blocks: Blocks, x: Any, place: int) -> Any:
    one = _step(blocks, x, 320, 1, 1)
    three = _step(blocks, x, 384, 1, 1)
    parts = [_step(blocks, three, 384, 1, 3), _step(blocks, three, 384, 3, 1)]
    three = blocks.joined(parts, f"mixed9_{place}")
    double = _steps(blocks, x, ((448, 1, 1), (384, 3, 3)))
    double = blocks.joined([_step(blocks, double, 384, 1, 3), _step(blocks, double, 384, 3, 1)])
    pooled = _step(blocks, blocks.average(x, 3, 1, "same"), 192, 1, 1)
    return blocks.joined([one, three, double, pooled], f"mixed{9 + place}")
