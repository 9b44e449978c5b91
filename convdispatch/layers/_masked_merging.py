"""Products and extremes of masked tensors as Keras 3 takes them: of the steps that count alone.

A tensor without a mask counts everywhere. Other Kerases take such merges of all numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Functions = Mapping[str, Any]


def product(f: Functions, inputs: Sequence[Any], masks: Sequence[Any]) -> Any:
    """Return the product in which a step that does not count is 1, and 0 where none counts."""
    where, made, either = f["where"], None, None
    for x, mask in zip(inputs, masks, strict=True):
        own = x
        if mask is not None:
            flags = _wide(f, mask, x)
            own = where(flags, x, 1.0)
            either = flags if either is None else where(either, either, flags)
        made = own if made is None else made * own
    is_whole = all(mask is not None for mask in masks)
    return where(either, made, 0.0) if is_whole else made


def extreme(
    f: Functions,
    inputs: Sequence[Any],
    masks: Sequence[Any],
    combined: Callable[[Sequence[Any]], Any],
) -> Any:
    """Return what `combined` makes of two at a time, where a step that does not count yields."""
    where, made, counts = f["where"], None, None
    for x, mask in zip(inputs, masks, strict=True):
        flags = None if mask is None else _wide(f, mask, x)
        if made is None:
            made, counts = x, flags
            continue
        own = x if flags is None else where(flags, x, made)
        if counts is not None:
            made = where(counts, made, own)
            counts = None if flags is None else where(counts, counts, flags)
        made = combined([made, own])
    return made


def _wide(f: Functions, mask: Any, x: Any) -> Any:
    """Return a mask with as many axes as the tensor."""
    sizes, rank = f["shape"](mask), len(f["shape"](x))
    return f["reshape"](mask, (*sizes, *[1] * (rank - len(sizes))))
