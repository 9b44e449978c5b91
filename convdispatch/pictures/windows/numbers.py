"""Small numbers for the cells of a picture, which a reader can check by hand.

The input has digits. A kernel of a few taps on one axis has powers of ten, so that the digits of a
result are the cells that were read. Any other kernel has small numbers without a symmetry. Where
cells are repeated or moved, there is no kernel, and they keep their digits.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from math import prod

from convdispatch.pictures.windows.scene import Cell, Numbers, Scene

_DIGITS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 0)
_PER_AXIS = (2, 3, 1)  # how many digits on, the last axis last
_TAPS = (1, 0, 2, -1, 3, 1, 0, -2, 2)
_MOST_POWERS = 4
_MOST_PRODUCTS = 40_000
_OUTSIDE = "\N{EN DASH}"  # a cell that is no number


def numbered(scene: Scene, *, pooling: str = "", is_flipped: bool = False) -> Scene:
    """Return the scene with numbers, or with a note where there would be too many.

    pooling: 'max', 'average' or 'sum' for a pooling, which has no kernel.
    is_flipped: whether the kernel is stored in the reverse order; the drawn one is as it is read.
    """
    taps = tuple(axis.taps for axis in scene.axes)
    if prod(taps) * prod(scene.stepped) + prod(scene.padded) > _MOST_PRODUCTS:
        note = "There are no numbers in the cells: there would be too many to check by hand."
        return replace(scene, notes=(*scene.notes, note))
    given = {cell: _digit(cell) for cell in _cells(scene.input)}
    has_kernel = scene.window == "kernel"
    kernel = _kernel(taps, is_flipped=is_flipped) if has_kernel else dict.fromkeys(_cells(taps), 1)
    result = {}
    for cell in _cells(scene.output):
        read = [(given[place], tap) for place, tap in scene.all_reads(cell) if place in given]
        result[cell] = (
            _pooled(pooling, [one for one, _ in read])
            if pooling
            else str(sum(one * kernel[tap] for one, tap in read))
        )
    return replace(
        scene,
        numbers=Numbers(
            input={cell: str(one) for cell, one in given.items()},
            kernel={tap: str(one) for tap, one in kernel.items() if has_kernel},
            output=result,
            pad=_OUTSIDE if pooling else "0",
        ),
    )


def _cells(sizes: Cell) -> list[Cell]:
    return list(itertools.product(*map(range, sizes)))


def _digit(cell: Cell) -> int:
    steps = _PER_AXIS[-len(cell) :]
    return _DIGITS[sum(place * step for place, step in zip(cell, steps, strict=True)) % 10]


def _kernel(taps: Cell, *, is_flipped: bool) -> dict[Cell, int]:
    cells = _cells(taps)
    if len(taps) == 1 and len(cells) <= _MOST_POWERS:
        stored = [10**place for place in range(len(cells))]
    else:
        stored = [_TAPS[place % len(_TAPS)] for place in range(len(cells))]
    return dict(zip(cells, reversed(stored) if is_flipped else stored, strict=True))


def _pooled(kind: str, read: list[int]) -> str:
    if not read:
        return _OUTSIDE
    if kind == "max":
        return str(max(read))
    return f"{sum(read) / (len(read) if kind == 'average' else 1):.3g}"
