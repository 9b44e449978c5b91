"""The table that `summary` prints."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from convdispatch.ops import PartialShape


def summary_lines(
    model: Any, layers: Sequence[Any], shapes: Sequence[PartialShape]
) -> Iterator[str]:
    """Yield the lines of a model's summary: a row a layer, then the parameter counts."""
    header = ("Layer (type)", "Output shape", "Params")
    rows = [
        (
            f"{layer.name} ({type(layer).__name__})",
            str(shape),
            f"{layer.count_params():,}",
        )
        for layer, shape in zip(layers, shapes, strict=True)
    ]
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(3)]
    yield f"Model: {model.name}"
    yield _row(header, widths)
    yield "-" * (sum(widths) + 4)
    for row in rows:
        yield _row(row, widths)
    yield "-" * (sum(widths) + 4)
    held = model.named_weights()  # each once, however often its layer is called
    declared = model.functional().weights
    counts = {path: math.prod(declared[path].shape) for path in held}
    total = sum(counts.values())
    trainable = sum(counts[path] for path, (_, is_trained) in held.items() if is_trained)
    yield f"Total params: {total:,}"
    yield f"Trainable params: {trainable:,}"
    yield f"Non-trainable params: {total - trainable:,}"


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    name, shape, count = cells
    return f"{name:<{widths[0]}}  {shape:<{widths[1]}}  {count:>{widths[2]}}"
